"""Uploaded tables: CSV or JSON Lines out of bytes, a row for a row, whatever is in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference.inputs import TEXT_COLUMNS, TITLE_COLUMNS
from inference.server.limits import MAX_ROWS
from models.errors import DataError

_COLUMNS = 500
_FIELD = 1 << 25  # characters of a cell


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
        lower = {name.strip().lower(): name for name in self.columns}
        text, title = (next((lower[n] for n in names if n in lower), None) for names in (TEXT_COLUMNS, TITLE_COLUMNS))
        if text is None and len(self.columns) == 1:
            text = self.columns[0]
        return text, title


def read_table(data: bytes, kind: str) -> Table:
    """Read an uploaded file.

    Raises:
        DataError: it is no text, has no rows, too many, or no header.
    """
    text = _decode(data)
    table = _read_csv(text) if kind == "csv" else _read_jsonl(text)
    if not table.rows:
        raise DataError("the file has no rows." + (" A CSV file begins with a header." if kind == "csv" else ""))
    if not table.columns:
        raise DataError('no row could be read: expected one JSON object in each line, such as {"text": "..."}.')
    return table


def _decode(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else Windows-1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:4096]:
        raise DataError("this is no text file (it holds NUL bytes); save the table as CSV or JSON Lines.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _bounded(number: int) -> None:
    if number > MAX_ROWS:
        raise DataError(f"the file has more than {MAX_ROWS:,} rows; `copydesk predict` takes files of any length.")


def _read_csv(text: str) -> Table:
    csv.field_size_limit(max(csv.field_size_limit(), _FIELD))
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise DataError(f"the header cannot be read ({error}).") from error
    columns = tuple(_distinct(header))
    if len(columns) > _COLUMNS:
        raise DataError(f"the file has {len(columns)} columns; at most {_COLUMNS} are read.")
    rows: list[Row] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            rows.append(Row({}, f"not readable as CSV ({error})"))
            continue
        if not cells:
            continue  # an empty line is no row
        rows.append(_csv_row(columns, cells))
        _bounded(len(rows))
    return Table("csv", columns, tuple(rows), delimiter)


def _csv_row(columns: Sequence[str], cells: Sequence[str]) -> Row:
    found = dict(zip(columns, cells, strict=False))
    if len(cells) > len(columns):
        return Row(found, f"{len(cells)} cells, but {len(columns)} columns; is a quotation mark missing?")
    return Row(found)


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
    try:
        value = json.loads(line)
        json.dumps(value)  # what cannot be written again, being nested too deeply, is not taken
    except (ValueError, RecursionError):
        return Row({}, "not valid JSON")
    if isinstance(value, str):
        return Row({"text": value})
    if not isinstance(value, dict):
        return Row({}, f"expected a JSON object, found {type(value).__name__}")
    return Row(value)
