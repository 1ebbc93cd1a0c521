"""The usual names of the columns of a table of articles, and what their cells may hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from models.errors import DataError

USUAL = {
    "text": ("text", "article", "content", "body", "document", "story"),
    "title": ("title", "headline"),
    "labels": ("labels", "label", "topics", "topic", "category", "categories", "class"),
    "summary": ("summary", "highlights", "abstract", "reference"),
    "id": ("id", "uid", "guid", "url"),
}
"""The column names looked for, in order, whatever their case."""

SHEETS, SHEET = (".xlsx", ".xls", ".ods"), " Save the sheet as CSV."
"""Files of spreadsheets, which nothing here reads, and the way out."""
LONGEST_NAME = 60
"""Characters; what is longer where a column's name should be is an article."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def find_column(
    name: str, columns: Sequence[str], kind: str, *, named: str | None = None, required: bool = False
) -> str | None:
    """The column that was named, or the first of the usual names that stands there.

    Args:
        name: the data's name, for messages.
        columns: the columns there are.
        kind: what it shall hold: "text", "title", "labels", "summary" or "id".
        named: the column asked for by the user, if any.
        required: whether the absence of every usual name is an error.

    Raises:
        DataError: the named column, or every usual one where one is required, is missing.
    """
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(column.strip().lower(), column)
    if named is not None:
        found = named if named in columns else folded.get(named.strip().lower())
        if found is None:
            raise DataError(f"{name}: no column {named!r} for --{kind}-column; there are {_shown(columns)}.")
        return found
    for usual in USUAL[kind]:
        if usual in folded:
            return folded[usual]
    if required:
        way = f"Name it with --{kind}-column."
        if any(len(column) > LONGEST_NAME for column in columns):
            way = "That looks like a row: give the file a first line that names the columns, such as text,label."
        raise DataError(
            f"{name}: no {kind} column; looked for {', '.join(USUAL[kind])}, found {_shown(columns)}. {way}"
        )
    return None


def _shown(columns: Sequence[str]) -> str:
    names = [repr(column if len(column) <= 40 else column[:39] + "…") for column in columns[:20]]
    return ", ".join(names) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


def text_cell(cell: Any) -> str | None:
    """The text of a cell, unchanged; a list of strings is joined by newlines; None when it is empty.

    Raises:
        ValueError: it is no text; the message says what it is.
    """
    cell = decoded(cell)
    if isinstance(cell, list) and all(isinstance(part, str) for part in cell):
        cell = "\n".join(cell)
    if missing(cell):
        return None
    if not isinstance(cell, str):
        raise ValueError(f"expected a string, found {kind_of(cell)}")
    return LONE_SURROGATE.sub("\ufffd", cell) if cell.strip() else None


def short_cell(cell: Any) -> str | None:
    """A title or an id: the stripped string, a number, None for anything else or when empty.

    A whole number has no `.0`, which a column of ints gets where a cell is missing.
    """
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8-sig", "replace")
    if isinstance(cell, bool) or not isinstance(cell, str | int | float) or missing(cell):
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    return LONE_SURROGATE.sub("\ufffd", str(cell)).strip() or None


def decoded(cell: Any) -> Any:
    """A cell of bytes as the UTF-8 that they are; any other unchanged.

    Raises:
        ValueError: the bytes are not UTF-8; the message names the first that is not.
    """
    if not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"byte {error.start} (0x{cell[error.start]:02x}) is not UTF-8; write the column as UTF-8"
        ) from None


def missing(cell: Any) -> bool:
    """Whether a cell is empty: None or NaN."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def kind_of(value: Any) -> str:
    """What a cell holds, in words, for messages."""
    kinds = {str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    if value is None:
        return "nothing"
    return "an object" if isinstance(value, dict) else kinds.get(type(value), type(value).__name__)
