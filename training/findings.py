"""What an audit reports: findings, the rows they are about, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.data import Articles


@dataclass(frozen=True, slots=True)
class Place:
    """Another row that a finding points to; `similarity` is 1 for an equal text."""

    data: str
    row: int
    similarity: float = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of the audited data that a finding is about: its number from 1, its id, and why in a few words."""

    row: int
    id: str
    note: str = ""
    others: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of trouble.

    Attributes:
        check: its stable name, such as "near-duplicates".
        title: the same for people.
        advice: what to do about it, one line.
        hits: the rows concerned, in order of the data, or the surest first where the note holds a probability.
        labels: the labels concerned and how many rows have each, where it is about labels.
    """

    check: str
    title: str
    advice: str
    hits: Sequence[Hit] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows it is about."""
        return len(self.hits)

    def to_dict(self, n_rows: int) -> dict[str, Any]:
        """Plain values, as `--json` writes them; `share` is of the data's `n_rows`."""
        return {
            "check": self.check,
            "title": self.title,
            "advice": self.advice,
            "count": self.count,
            "share": round(self.count / max(1, n_rows), 5),
            "rows": [
                {
                    "row": hit.row,
                    "id": hit.id,
                    "note": hit.note,
                    "others": [
                        {"data": other.data, "row": other.row, "similarity": round(other.similarity, 4)}
                        for other in hit.others
                    ],
                }
                for hit in self.hits
            ],
            "labels": dict(self.labels),
        }


def hit(articles: Articles, position: int, note: str = "", others: tuple[Place, ...] = ()) -> Hit:
    """The hit at a position (from 0) of the articles."""
    return Hit(articles.rows[position], articles.ids[position], note, others)
