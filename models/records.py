"""Records of CSV, TSV and JSON Lines of any length: what is wrong with one does not reach into the next.

The one reader of such lines; `models.tables` and `inference.server.tables` differ in where the lines come from, and in
what they make of a record.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from models.columns import USUAL, kind_of

MOST_LINES = 10_000
"""Lines of one record; an opening quotation mark that is not closed within so many was never meant to be."""

Record = tuple[int, list[str] | str, int, str]
"""The first line's number, the cells or what is wrong with them, the place in the file, and the delimiter."""


CP1252 = "copydesk.cp1252"
"""A way for `bytes.decode` to treat bytes that are not UTF-8: as the Windows-1252 that they most likely are."""


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(CP1252, _as_cp1252)


class _TooLong(Exception):
    """A record goes on for too long."""


class _Line(NamedTuple):
    """A line; `position` is the place in the file, `cut` says that it was too long to be read whole."""

    text: str
    position: int
    cut: bool


class _Feed:
    """Lines for the csv module, which can be taken back."""

    def __init__(self, lines: Iterator[tuple[bytes, int]], largest: int) -> None:
        self.source = lines
        self.largest = largest
        self.waiting: deque[_Line] = deque()
        self.taken: list[_Line] = []
        self.size = 0
        self.number = 0  # of the first line taken

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES or self.size > self.largest:
            raise _TooLong
        if self.waiting:
            line = self.waiting.popleft()
        else:
            data, position = next(self.source)
            line = _Line(data.decode("utf-8", "surrogateescape"), position, len(data) > self.largest)
        self.taken.append(line)
        self.size += len(line.text)
        if line.cut:
            raise _TooLong
        return line.text

    def advance(self, lines: int | None = None) -> None:
        """Be done with the lines taken, or with the first ones of them: the others come again."""
        count = len(self.taken) if lines is None else lines
        self.waiting.extendleft(reversed(self.taken[count:]))
        self.number += count
        self.taken, self.size = [], 0


def read_records(lines: Iterator[tuple[bytes, int]], delimiter: str | None, largest: int) -> Iterator[Record]:
    """Every record that is not blank, the header first.

    Args:
        lines: each with its end, and the place in the file.
        delimiter: None tells it from the header: a comma, a semicolon, a tab or a bar.
        largest: bytes of a record.
    """
    csv.field_size_limit(2**31 - 1)
    feed = _Feed(lines, largest)
    if delimiter is None:
        delimiter = _delimiter(feed)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        begin = feed.number + 1
        try:
            cells: list[str] | str = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLong) as error:
            cells = _problem(error, feed, delimiter, begin)
            position = feed.taken[0].position
            feed.advance(1)
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        else:
            position = feed.taken[-1].position
            feed.advance()
        if cells not in ([], [""]):
            yield begin, _checked(cells, begin), position, delimiter


def lines_of(text: str) -> Iterator[tuple[bytes, int]]:
    """The lines of a whole text as `read_records` takes them; their places are their numbers."""
    return ((line.encode("utf-8", "replace"), number) for number, line in enumerate(io.StringIO(text, newline=""), 1))


def misfit(cells: list[str] | str, begin: int, width: int) -> str | None:
    """What is wrong with a record under a header of `width` names; None where it fits."""
    if isinstance(cells, str):
        return cells
    if len(cells) < width or any(cells[width:]):
        return f"line {begin} has {len(cells)} cells, expected {width} as in the header"
    return None


def read_object(line: str, *, bare: bool = False) -> dict[str, Any] | str:
    """The object in a line of JSON Lines, or what is wrong with it; `bare` as in `as_object`."""
    try:
        return as_object(json.loads(line), bare=bare)
    except json.JSONDecodeError as error:
        return f"malformed JSON ({error.msg}, character {error.pos + 1})"
    except (ValueError, RecursionError) as error:
        return f"malformed JSON ({error})"


def as_object(item: Any, *, bare: bool = False) -> dict[str, Any] | str:
    """A JSON value as an object, or what is wrong with it; with `bare` a string is an object's text."""
    if bare and isinstance(item, str):
        return {"text": item}
    return item if isinstance(item, dict) else f"expected a JSON object, found {kind_of(item)}"


def read_json(text: str) -> list[Any]:
    """The rows of one JSON value: a list, the one list of objects that an object holds, or pandas' object of columns.

    An object that has a text is a row itself, whatever lists it holds.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        items = json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if isinstance(items, dict) and not any(
        isinstance(value, str) and name.strip().lower() in USUAL["text"] for name, value in items.items()
    ):
        values = list(items.values())
        lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
        if len(lists) == 1:
            items = lists[0]
        elif values and all(isinstance(value, dict) for value in values):
            keys = dict.fromkeys(key for value in values for key in value)
            items = [{name: cells.get(key) for name, cells in items.items()} for key in keys]
    return items if isinstance(items, list) else [items]


def _delimiter(feed: _Feed) -> str:
    """The commonest of the usual delimiters outside quotation marks, in the first line that is not blank."""
    for line in feed:
        if line.strip():
            unquoted = "".join(line.split('"')[::2])
            feed.advance(len(feed.taken) - 1)
            return max(",;\t|", key=unquoted.count)
        feed.advance()
    return ","


def _problem(error: Exception, feed: _Feed, delimiter: str, begin: int) -> list[str] | str:
    first = feed.taken[0].text
    if feed.taken[0].cut:
        return f"line {begin} is longer than {feed.largest:,} bytes"
    if delimiter == "\t":  # TSV is often written without quoting: the marks are text then
        return first.rstrip("\r\n").split("\t")
    if isinstance(error, _TooLong) or "end of data" in str(error):
        return f"line {begin}: a quotation mark is opened and never closed"
    return f"line {begin}: malformed CSV ({error})"


def _checked(cells: list[str] | str, begin: int) -> list[str] | str:
    """The cells, or where they are not UTF-8."""
    if isinstance(cells, str):
        return cells
    for number, cell in enumerate(cells, start=1):
        if not cell.isascii() and (bad := next((c for c in cell if "\udc80" <= c <= "\udcff"), None)):
            byte = ord(bad) - 0xDC00
            return f"line {begin}, cell {number}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"
    return cells
