"""Stories out of files and standard input, each with a name to find it again by."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.lines import json_row
from inference.rows import COMPRESSIONS, FORMATS, TEXT_FILES, UTF16_MARKS, Columns, Row, open_rows
from models.errors import DataError
from models.story import Story

TEXT_SUFFIXES = (*TEXT_FILES, "")
TABLE_SUFFIXES = (*FORMATS, ".json")


@dataclass(frozen=True, slots=True)
class Source:
    """A story to predict, and where it came from: a file, or a row of one."""

    name: str
    story: Any


def read_sources(paths: Sequence[str]) -> Iterator[Source]:
    """The stories of files, folders of text files, and "-" for standard input, in order.

    Raises:
        DataError: a file is missing, of an unknown kind, or has no column of text.
    """
    for path in paths:
        if path == "-":
            yield Source("standard input", decode_text(sys.stdin.buffer.read(), "standard input"))
        else:
            yield from _file(Path(path))


def _file(path: Path) -> Iterator[Source]:
    if path.is_dir():
        files = sorted(item for item in path.iterdir() if item.suffix.lower() in TEXT_SUFFIXES[:-1])
        if not files:
            raise DataError(f"{path}: the folder has no .txt or .html files.")
        for item in files:
            yield from _file(item)
        return
    suffix = _suffix(path)
    if suffix not in TEXT_SUFFIXES + TABLE_SUFFIXES:
        known = ", ".join(item for item in (*TEXT_SUFFIXES, *TABLE_SUFFIXES) if item)
        raise DataError(f"{path}: unknown kind of file; expected one of {known}, or '-' for standard input.")
    if suffix in TEXT_SUFFIXES:
        yield Source(str(path), _text(path))
        return
    for row in _rows(path, suffix):
        yield _source(path, row)


def _suffix(path: Path) -> str:
    """What a file's name ends with, but for the compression of a table."""
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if suffix in COMPRESSIONS and inner in FORMATS else suffix


def _text(path: Path) -> str:
    try:
        return decode_text(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error


def decode_text(data: bytes, name: str) -> str:
    """A whole text: UTF-16 by its mark, UTF-8, else Windows-1252.

    Raises:
        DataError: it holds NUL bytes and is no text.
    """
    if data[:2] in UTF16_MARKS:
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:4096]:
        raise DataError(f"{name}: is no text file (it holds NUL bytes); pass plain text, HTML, CSV or JSON Lines.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _rows(path: Path, suffix: str) -> Iterable[Row]:
    """The rows of a table.

    Raises:
        DataError: it cannot be read, or has no column of text.
    """
    if suffix != ".json":
        return open_rows(path, legacy=True)
    try:
        whole = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is not valid JSON ({error}).") from error
    items = whole if isinstance(whole, list) else [whole]
    return [json_row(number, item, Columns(), str(path)) for number, item in enumerate(items, start=1)]


def _source(path: Path, row: Row) -> Source:
    """A row as a story; one that is none keeps its place, and its story says why."""
    name = f"{path}:{row.id}"
    if row.error is not None:
        return Source(name, Story("", None, (), (), (f"not a story: {row.error}",)))
    return Source(name, {"text": row.text, "title": row.title})
