"""Uploaded tables: CSV or JSON Lines out of bytes, a row for a row, whatever is in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference.server.limits import MAX_ROWS
from models.columns import find_column
from models.errors import DataError
from models.lines import decode_text
from models.records import lines_of, misfit, read_object, read_records

_COLUMNS = 500
_LARGEST = 1 << 25  # bytes of a row


@dataclass(frozen=True, slots=True)
class Row:
    """A row by column, or why it could not be read."""

    cells: dict[str, Any]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """An uploaded file.

    Attributes:
        kind: "csv" or "jsonl".
        columns: in the order of the file.
        rows: one for each of the file, in its order.
        delimiter: between the cells of a CSV file.
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    delimiter: str = ","

    def guess(self) -> tuple[str | None, str | None]:
        """The columns of text and title by their usual names; a lone column is the text."""
        text, title = (find_column("the file", self.columns, kind) for kind in ("text", "title"))
        if text is None and len(self.columns) == 1:
            text = self.columns[0]
        return text, title


def read_table(data: bytes, kind: str) -> Table:
    """Read an uploaded file.

    Raises:
        DataError: it is no text, has no rows, too many, or no header.
    """
    text = decode_text(data, "the file")
    table = _read_csv(text) if kind == "csv" else _read_jsonl(text)
    if not table.rows:
        raise DataError("the file has no rows." + (" A CSV file begins with a header." if kind == "csv" else ""))
    if not table.columns:
        raise DataError('no row could be read: expected one JSON object in each line, such as {"text": "..."}.')
    return table


def _bounded(number: int) -> None:
    if number > MAX_ROWS:
        raise DataError(f"the file has more than {MAX_ROWS:,} rows; `copydesk predict` takes files of any length.")


def _read_csv(text: str) -> Table:
    records = read_records(lines_of(text), None, _LARGEST)
    _, header, _, delimiter = next(records, (0, [], 0, ","))
    if isinstance(header, str):
        raise DataError(f"the header cannot be read ({header}).")
    columns = tuple(_distinct(header))
    if len(columns) > _COLUMNS:
        raise DataError(f"the file has {len(columns)} columns; at most {_COLUMNS} are read.")
    rows: list[Row] = []
    for line, cells, _, _ in records:
        known = {} if isinstance(cells, str) else dict(zip(columns, cells, strict=False))
        rows.append(Row(known, misfit(cells, line, len(columns))))
        _bounded(len(rows))
    return Table("csv", columns, tuple(rows), delimiter)


def _distinct(header: Sequence[str]) -> list[str]:
    """Column names, numbered where one is missing or there twice."""
    names: list[str] = []
    for number, name in enumerate(header, start=1):
        name = name.strip() or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _read_jsonl(text: str) -> Table:
    rows: list[Row] = []
    columns: dict[str, None] = {}
    for line in text.split("\n"):
        if not line.strip():
            continue
        row = _json_row(line)
        rows.append(row)
        if len(columns) < _COLUMNS:
            columns.update(dict.fromkeys(row.cells))
        _bounded(len(rows))
    return Table("jsonl", tuple(columns), tuple(rows))


def _json_row(line: str) -> Row:
    found = read_object(line, bare=True)
    if isinstance(found, str):
        return Row({}, found)
    try:
        json.dumps(found)
    except (ValueError, RecursionError):
        return Row({}, "nested too deeply to be written again")
    return Row(found)
