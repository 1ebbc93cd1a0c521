"""Stories out of files and standard input, each with a name to find it again by."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.rows import TEXT_FILES, Row, open_rows
from models.columns import SHEET, SHEETS
from models.errors import DataError
from models.lines import decode_text
from models.story import Story
from models.tables import FORMATS, format_of, is_table

log = logging.getLogger(__name__)
TEXT_SUFFIXES = (*TEXT_FILES, "")
STANDARD_INPUT = "standard input"


@dataclass(frozen=True, slots=True)
class Source:
    """A story to predict, and where it came from: a file, or a row of one.

    Attributes:
        name: the file's, with that of the row.
        story: what `Copydesk.stream` takes.
        failed: whether it stands for a file that cannot be read, or not to its end.
    """

    name: str
    story: Any
    failed: bool = False


def read_sources(paths: Sequence[str]) -> Iterator[Source]:
    """The stories of files, folders of text files, and "-" for standard input, in order.

    One of several that cannot be read is told, and a story that says why stands in its place.

    Raises:
        DataError: there is one only, and it is missing, of an unknown kind, or has no column of text.
    """
    for path in paths:
        name = STANDARD_INPUT if path == "-" else str(Path(path))
        try:
            yield from _read(path)
        except DataError as error:
            if len(paths) == 1:
                raise
            log.warning("%s", error)
            yield Source(name, _no_story(str(error)), failed=True)


def check_paths(paths: Sequence[str]) -> None:
    """Find out, without reading anything, that there is such a file and that it is of a known kind.

    Raises:
        DataError: one is missing, or of an unknown kind.
    """
    for name in paths:
        path = Path(name)
        if name == "-" or path.is_dir():
            continue
        if not path.exists():
            raise DataError(f"{path}: no such file.")
        suffix = _suffix(path)
        if suffix not in (*TEXT_SUFFIXES, *FORMATS):
            known = ", ".join(item for item in (*TEXT_SUFFIXES, *FORMATS) if item)
            raise DataError(
                f"{path}: unknown kind of file; expected one of {known}, or '-' for standard input."
                + SHEET * (suffix in SHEETS)
            )


def _read(name: str) -> Iterator[Source]:
    check_paths([name])
    path = Path(name)
    if name == "-":
        yield Source(STANDARD_INPUT, decode_text(sys.stdin.buffer.read(), STANDARD_INPUT))
        return
    if path.is_dir():
        for row in open_rows(path):
            yield _source(str(path / row.id), row)
        return
    if _suffix(path) in TEXT_SUFFIXES:
        yield Source(str(path), _text(path))
        return
    for row in open_rows(path):
        yield _source(f"{path}:{row.id}", row)


def _suffix(path: Path) -> str:
    """What a file's name ends with, but for the compression of a table."""
    return format_of(path)[0] if is_table(path) else path.suffix.lower()


def _text(path: Path) -> str:
    try:
        return decode_text(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error


def _source(name: str, row: Row) -> Source:
    """A row as a story; one that is none keeps its place, and its story says why."""
    if row.error is not None:
        return Source(name, _no_story(row.error))
    return Source(name, {"text": row.text, "title": row.title})


def _no_story(reason: str) -> Story:
    return Story("", None, (), (), (f"not a story: {reason}",))
