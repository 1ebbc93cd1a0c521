"""Duplicates as findings: within the data, against other data, and with labels that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.data import Articles
from training.duplicates import find_duplicates
from training.findings import Finding, Hit, Place, hit

MOST_OTHERS = 5
"""Rows that a hit points to at most."""


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A row and another one whose text is the same (similarity 1) or nearly; positions in `_Pool`."""

    one: int
    other: int
    similarity: float


class _Pool:
    """The rows of the audited data and, behind them, of the data it is held against."""

    def __init__(self, parts: Sequence[Articles]) -> None:
        self._parts = parts
        self._owners = [(part, place) for part in parts for place in range(len(part))]
        self.n_own = len(parts[0])

    def texts(self) -> list[str]:
        return [full_text(part, place) for part, place in self._owners]

    def place(self, position: int, similarity: float) -> Place:
        part, place = self._owners[position]
        return Place(part.name, part.rows[place], similarity)

    def labels(self, position: int) -> frozenset[str]:
        part, place = self._owners[position]
        return frozenset(part.labels[place] if part.labels is not None else ())

    def hit(self, position: int, note: str, likenesses: Sequence[_Likeness]) -> Hit:
        part, place = self._owners[position]
        ranked = sorted(likenesses, key=lambda likeness: (-likeness.similarity, likeness.other))
        others = tuple(self.place(likeness.other, likeness.similarity) for likeness in ranked[:MOST_OTHERS])
        return hit(part, place, note, others)


def full_text(articles: Articles, place: int) -> str:
    """Title and text of an article, as they are compared."""
    title = articles.titles[place]
    return f"{title}\n{articles.texts[place]}" if title else articles.texts[place]


def check_repeats(
    articles: Articles, against: Sequence[Articles] = (), *, on_progress: Callable[[int], Any] | None = None
) -> list[Finding]:
    """Duplicates in the data, rows of it that stand in other data too, and duplicates that contradict each other.

    Of duplicates within the data, the rows reported are those that repeat an earlier one, so that dropping them leaves
    one copy of each. Progress is counted in rows of all data.
    """
    pool = _Pool([articles, *against])
    found = find_duplicates(pool.texts(), on_progress=on_progress)
    group_of = {position: group for group in found.groups for position in group}
    copies: dict[int, list[_Likeness]] = {}
    near: dict[int, list[_Likeness]] = defaultdict(list)
    leaks: dict[int, list[_Likeness]] = defaultdict(list)
    contradictions: dict[int, list[_Likeness]] = defaultdict(list)
    for group in found.groups:
        own = [position for position in group if position < pool.n_own]
        for position in own[1:]:
            copies[position] = [_Likeness(position, own[0], 1.0)]
        for position in own:
            leaks[position] += [_Likeness(position, other, 1.0) for other in group[len(own) : len(own) + MOST_OTHERS]]
        _contradict(pool, group, group, 1.0, contradictions)
    for (one, other), similarity in zip(found.pairs.tolist(), found.similarities.tolist(), strict=True):
        groups = [group_of.get(position, [position]) for position in (one, other)]
        firsts = [[position for position in group if position < pool.n_own][:1] for group in groups]
        if all(firsts):
            (early,), (late,) = sorted(firsts)
            near[late].append(_Likeness(late, early, similarity))
        for group, others in (groups, groups[::-1]):
            foreign = [position for position in others if position >= pool.n_own][:1]
            for position in group if foreign else ():
                if position < pool.n_own:
                    leaks[position].append(_Likeness(position, foreign[0], similarity))
        _contradict(pool, groups[0], groups[1], similarity, contradictions)
    findings = [
        Finding(
            "exact-duplicates",
            "Repeated texts",
            "Keep one copy of each: repeats count twice in training, and straddle splits.",
            [pool.hit(position, "same text as", copies[position]) for position in sorted(copies)],
        ),
        Finding(
            "near-duplicates",
            "Nearly repeated texts",
            "Keep one of each set, or keep the sets on one side of every split.",
            [pool.hit(position, "nearly the same as", near[position]) for position in sorted(near)],
        ),
        Finding(
            "contradicting-duplicates",
            "Duplicates with different labels",
            "Decide which label is right: the model cannot learn both.",
            [
                pool.hit(position, f"{_shown(pool.labels(position))}, but {_rival(pool, likenesses)}", likenesses)
                for position, likenesses in sorted(contradictions.items())
            ],
        ),
    ]
    if against:
        hits = [pool.hit(position, "also in", leaks[position]) for position in sorted(leaks) if leaks[position]]
        advice = "Drop them on one side: figures on a held-out row that was trained on flatter the model."
        findings.append(Finding("leaks", "Rows that other data has too", advice, hits))
    return findings


def _contradict(
    pool: _Pool,
    group: Sequence[int],
    others: Sequence[int],
    similarity: float,
    contradictions: dict[int, list[_Likeness]],
) -> None:
    """Note for each own row of two groups (or of one) a row of the other with other labels."""
    sides = [(group, others)] if group is others else [(group, others), (others, group)]
    for here, there in sides:
        example: dict[frozenset[str], int] = {}
        for position in there:
            if labels := pool.labels(position):
                example.setdefault(labels, position)
        for position in here:
            labels = pool.labels(position)
            if labels and position < pool.n_own:
                rivals = [other for rival, other in example.items() if rival != labels]
                if rivals:
                    contradictions[position] += [_Likeness(position, other, similarity) for other in rivals]


def _rival(pool: _Pool, likenesses: Sequence[_Likeness]) -> str:
    nearest = min(likenesses, key=lambda likeness: (-likeness.similarity, likeness.other))
    return f"{_shown(pool.labels(nearest.other))} in"


def _shown(labels: frozenset[str]) -> str:
    return ", ".join(repr(label) for label in sorted(labels))
