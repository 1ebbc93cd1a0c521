"""Find the columns that hold text, title, labels and summary, and make sense of their cells."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from models.errors import DataError
from training.tables import kind_of

USUAL = {
    "text": ("text", "article", "content", "body", "document", "story"),
    "title": ("title", "headline"),
    "labels": ("labels", "label", "topics", "topic", "category", "categories", "class"),
    "summary": ("summary", "highlights", "abstract", "reference"),
    "id": ("id", "uid", "guid", "url"),
}
"""The column names looked for, in order, whatever their case."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE_NUMBER = re.compile(r"-?\d+(?:\.0+)?")
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ITEM = re.compile(_QUOTED)
_PRINTED_LIST = re.compile(rf"\[\s*(?:(?:{_QUOTED})[\s,]*)*\]")  # by Python, ['a', 'b'], or NumPy, ['a' 'b']


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
        raise DataError(
            f"{name}: no {kind} column; looked for {', '.join(USUAL[kind])}, found {_shown(columns)}. "
            f"Name it with --{kind}-column."
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
    if isinstance(cell, list) and all(isinstance(part, str) for part in cell):
        cell = "\n".join(cell)
    if _missing(cell):
        return None
    if not isinstance(cell, str):
        raise ValueError(f"expected a string, found {kind_of(cell)}")
    return _LONE_SURROGATE.sub("\ufffd", cell) if cell.strip() else None


def short_cell(cell: Any) -> str | None:
    """A title or an id: the stripped string, a number as written, None for anything else or when empty."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float) or _missing(cell):
        return None
    return _LONE_SURROGATE.sub("\ufffd", str(cell)).strip() or None


def label_cell(cell: Any, class_names: Sequence[str] | None = None) -> tuple[list[str], bool]:
    """The labels of a cell, stripped, without repetitions and in order, and whether the cell is a list.

    A number stands for its class name where there are class names (-1 for no label), else for itself. A
    string that prints a list, such as `["a", "b"]` in a CSV file, is that list.

    Raises:
        ValueError: it is no label; the message says what it is.
    """
    if isinstance(cell, str) and cell.strip().startswith("[") and cell.strip().endswith("]"):
        cell = _parse_list(cell.strip())
    listed = isinstance(cell, list | tuple)
    labels = [_label(item, class_names) for item in (cell if listed else [cell])]
    return list(dict.fromkeys(label for label in labels if label)), listed


def is_whole_number(label: str) -> bool:
    """Whether a label is a whole number, be it written `3.0`."""
    return _WHOLE_NUMBER.fullmatch(label) is not None


def without_decimals(label: str) -> str:
    """A whole number without its `.0`: what a missing cell makes of a column of ints that goes through pandas."""
    return label.partition(".")[0]


def _missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _parse_list(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        if _PRINTED_LIST.fullmatch(cell):
            return [re.sub(r"\\(.)", r"\1", item[1:-1]) for item in _ITEM.findall(cell)]
        return cell


def _label(item: Any, class_names: Sequence[str] | None) -> str:
    if _missing(item):
        return ""
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    if isinstance(item, int) and class_names:
        if not -1 <= item < len(class_names):
            raise ValueError(f"class number {item}, expected 0 to {len(class_names) - 1}")
        return class_names[item].strip() if item >= 0 else ""
    if isinstance(item, str | int | float):
        return _LONE_SURROGATE.sub("\ufffd", str(item)).strip()
    raise ValueError(f"expected a label or a list of labels, found {kind_of(item)}")
