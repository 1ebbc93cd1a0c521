"""Make sense of label cells; columns and other cells are known to `models.columns`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from models.columns import LONE_SURROGATE, USUAL, decoded, find_column, kind_of, missing, short_cell, text_cell

__all__ = [
    "USUAL",
    "find_column",
    "is_truth",
    "is_whole_number",
    "label_cell",
    "short_cell",
    "text_cell",
    "without_decimals",
]

_TRUTHS = ("true", "false", "True", "False", "TRUE", "FALSE")
_WHOLE_NUMBER = re.compile(r"-?\d+(?:\.0+)?")
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ITEM = re.compile(_QUOTED)
_PRINTED_LIST = re.compile(rf"\[\s*(?:(?:{_QUOTED})[\s,]*)*\]")  # by Python, ['a', 'b'], or NumPy, ['a' 'b']


def label_cell(
    cell: Any, class_names: Sequence[str] | None = None, separator: str | None = None
) -> tuple[list[str], bool]:
    """The labels of a cell, stripped, without repetitions and in order, and whether the cell is a list.

    A number stands for its class name where there are class names (-1 for no label), else for itself. Letters with
    accents are one character each (NFC), so that labels that look the same are. A string that prints a list, such as
    `["a", "b"]` in a CSV file, is that list; with a `separator` any other string is the list of what stands between
    separators.

    Raises:
        ValueError: it is no label; the message says what it is.
    """
    cell = decoded(cell)
    if isinstance(cell, str) and cell.strip().startswith("[") and cell.strip().endswith("]"):
        cell = _parse_list(cell.strip())
    if isinstance(cell, str) and separator:
        cell = cell.split(separator)
    listed = isinstance(cell, list | tuple)
    labels = [_label(item, class_names) for item in (cell if listed else [cell])]
    return list(dict.fromkeys(label for label in labels if label)), listed


def is_truth(label: str) -> bool:
    """Whether a label is a boolean as JSON, Python and pandas, or a spreadsheet writes it: `true`, `True`, `TRUE`."""
    return label in _TRUTHS


def is_whole_number(label: str) -> bool:
    """Whether a label is a whole number, be it written `3.0`."""
    return _WHOLE_NUMBER.fullmatch(label) is not None


def without_decimals(label: str) -> str:
    """A whole number without its `.0`: what a missing cell makes of a column of ints that goes through pandas."""
    return label.partition(".")[0]


def _parse_list(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        if _PRINTED_LIST.fullmatch(cell):
            return [re.sub(r"\\(.)", r"\1", item[1:-1]) for item in _ITEM.findall(cell)]
        return cell


def _label(item: Any, class_names: Sequence[str] | None) -> str:
    if missing(item):
        return ""
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    if isinstance(item, int) and class_names:
        if not -1 <= item < len(class_names):
            raise ValueError(f"class number {item}, expected 0 to {len(class_names) - 1}")
        return _composed(class_names[item]) if item >= 0 else ""
    if isinstance(item, str | int | float):
        return _composed(str(item))
    raise ValueError(f"expected a label or a list of labels, found {kind_of(item)}")


def _composed(label: str) -> str:
    """A label with each letter and its accents in one character, without spaces around it."""
    return unicodedata.normalize("NFC", LONE_SURROGATE.sub("\ufffd", label)).strip()
