"""Stories out of files and standard input, each with a name to find it again by."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.rows import COMPRESSIONS, FORMATS, TEXT_FILES, Row, decode_text, open_rows
from models.columns import SHEET, SHEETS
from models.errors import DataError
from models.story import Story

TEXT_SUFFIXES = (*TEXT_FILES, "")


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
        for row in open_rows(path):
            yield _source(str(path / row.id), row)
        return
    suffix = _suffix(path)
    if suffix not in (*TEXT_SUFFIXES, *FORMATS):
        known = ", ".join(item for item in (*TEXT_SUFFIXES, *FORMATS) if item)
        raise DataError(
            f"{path}: unknown kind of file; expected one of {known}, or '-' for standard input."
            + SHEET * (suffix in SHEETS)
        )
    if suffix in TEXT_SUFFIXES:
        yield Source(str(path), _text(path))
        return
    for row in open_rows(path):
        yield _source(f"{path}:{row.id}", row)


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


def _source(name: str, row: Row) -> Source:
    """A row as a story; one that is none keeps its place, and its story says why."""
    if row.error is not None:
        return Source(name, Story("", None, (), (), (f"not a story: {row.error}",)))
    return Source(name, {"text": row.text, "title": row.title})
