"""Write what a model said of every row beside the truth, in the order of the data and with its ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import DataError
from training.brief_rows import BriefRows
from training.data import Articles
from training.outputs import replacing
from training.topic_rows import TopicRows

JUDGED, NO_TRUTH, UNREADABLE = "judged", "no truth", "unreadable"
"""A row's status: it counts in the figures; it has no label or summary; it could not be read."""

FORMATS = (".jsonl", ".parquet")

Record = dict[str, Any]


def check_format(path: Path) -> None:
    """Refuse a file that cannot be written in the end, before the work begins.

    Raises:
        DataError: its name ends in none of `FORMATS`, or it is a folder.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError(f"{path}: --predictions expects a file name ending in {' or '.join(FORMATS)}.")
    if path.is_dir():
        raise DataError(f"{path}: --predictions expects a file, this is a folder.")


def topic_records(rows: TopicRows) -> list[Record]:
    """A record per row of the data: its labels, those given (the dominant one first), every label's probability."""
    known, leading = rows.model.classes_, rows.leading
    records = []
    for position, labels in enumerate(rows.articles.labels or []):
        scores = rows.probabilities[position]
        order = np.argsort(-leading[position], kind="stable")
        given = [int(column) for column in order if rows.given[position, column]]
        records.append(
            _record(
                rows.articles,
                position,
                labels or None,
                [rows.classes[column] for column in given],
                {label: round(float(scores[column]), 6) for column, label in enumerate(known)},
            )
        )
    return _with_unreadable(rows.articles, records)


def brief_records(rows: BriefRows) -> list[Record]:
    """A record per row of the data: the reference, the brief (a sentence a line), and its ROUGE."""
    summaries = rows.articles.summaries or []
    own = rows.chosen is None
    scored = {position: place for place, position in enumerate(rows.judged)}
    records = []
    for position, brief in enumerate(rows.briefs):
        place = scored.get(position)
        scores = {name: None if place is None else round(float(v[place]), 4) for name, v in rows.rouge.items()}
        truth = None if place is None else rows.references[place] if own else summaries[position]
        records.append(_record(rows.articles, position, truth, "\n".join(brief), scores))
    return _with_unreadable(rows.articles, records)


def _record(articles: Articles, position: int, truth: Any, prediction: Any, scores: dict[str, Any]) -> Record:
    return {
        "row": articles.rows[position],
        "id": articles.ids[position],
        "status": NO_TRUTH if truth is None else JUDGED,
        "reason": None,
        "truth": truth,
        "prediction": prediction,
        "scores": scores,
    }


def _with_unreadable(articles: Articles, records: list[Record]) -> list[Record]:
    """The records, and one for each row that could not be read, with its id where that could be."""
    empty = {"truth": None, "prediction": None, "scores": None}
    lost = [
        {"row": row, "id": called, "status": UNREADABLE, "reason": reason, **empty}
        for (row, reason), called in zip(articles.skipped, articles.skipped_ids, strict=True)
    ]
    rows = [(position, 1, record) for position, record in enumerate(records)]
    rows += [(before, 0, record) for before, record in zip(articles.skipped_before, lost, strict=True)]
    return [record for _, _, record in sorted(rows, key=itemgetter(0, 1))]


def write_predictions(records: Sequence[Record], path: Path) -> None:
    """Write records as JSON Lines or Parquet, by the file's ending; the file appears only once it is whole.

    Raises:
        DataError: the file cannot be written; see `check_format` too.
    """
    check_format(path)
    with replacing(path) as beside:
        if path.suffix.lower() == ".jsonl":
            lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            with beside.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(lines)
        else:
            import pyarrow
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records)), beside, compression="zstd")


def count_statuses(records: Sequence[Record]) -> str:
    """In words: "1,438 rows: 1,430 judged, 6 no truth, 2 unreadable"."""
    parts = [
        (status, sum(record["status"] == status for record in records)) for status in (JUDGED, NO_TRUTH, UNREADABLE)
    ]
    rows = f"{len(records):,} row{'' if len(records) == 1 else 's'}: "
    return rows + ", ".join(f"{count:,} {status}" for status, count in parts if count)
