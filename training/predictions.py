"""Write what a model said of every row beside the truth, in the order of the data and with its ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
        {"row": row, "id": articles.id_of_skipped(row), "status": UNREADABLE, "reason": reason, **empty}
        for row, reason in articles.skipped
    ]
    return _in_order(records, lost)


def _in_order(records: list[Record], lost: list[Record]) -> list[Record]:
    """Both as one, in the order of the data, where row numbers may begin anew with each split.

    A row that could not be read stands before the next one of its split. Where the numbers leave open which of two
    splits lost a row at its end, it is taken to be the earlier one.
    """
    merged: list[Record] = []
    next_record = next_lost = last = 0
    while next_record < len(records) and next_lost < len(lost):
        row, lost_row = records[next_record]["row"], lost[next_lost]["row"]
        if row <= last and (lost_row <= last or lost_row != last + 1 or _lacks(records[next_record:], lost_row)):
            last = 0  # another split begins
        if lost_row > last and (lost_row < row or row <= last):
            merged.append(lost[next_lost])
            next_lost += 1
        else:
            merged.append(records[next_record])
            next_record += 1
        last = merged[-1]["row"]
    return [*merged, *records[next_record:], *lost[next_lost:]]


def _lacks(records: list[Record], row: int) -> bool:
    """Whether the split that begins with these records has rows before and after a row, and not the row itself."""
    last = 0
    for record in records:
        if not last < record["row"] < row:
            return bool(0 < last < row < record["row"])
        last = record["row"]
    return False


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
