"""Stories out of files and standard input, each with a name to find it again by."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.columns import USUAL
from models.errors import DataError

TEXT_SUFFIXES = (".txt", ".text", ".md", ".html", ".htm", "")
TABLE_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv")
TEXT_COLUMNS, TITLE_COLUMNS, ID_COLUMNS = USUAL["text"], USUAL["title"], USUAL["id"]


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
            yield Source("standard input", _decode(sys.stdin.buffer.read(), "standard input"))
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
    suffix = path.suffix.lower()
    if suffix not in TEXT_SUFFIXES + TABLE_SUFFIXES:
        known = ", ".join(item for item in (*TEXT_SUFFIXES, *TABLE_SUFFIXES) if item)
        raise DataError(f"{path}: unknown kind of file; expected one of {known}, or '-' for standard input.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    text = _decode(data, str(path))
    if suffix in TEXT_SUFFIXES:
        yield Source(str(path), text)
        return
    for number, row in enumerate(_rows(path, suffix, text), start=1):
        yield _row(path, number, row)


def _decode(data: bytes, name: str) -> str:
    """UTF-8, with or without a byte order mark, else Windows-1252; NUL bytes tell a file that is no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:4096]:
        raise DataError(f"{name}: is no text file (it holds NUL bytes); pass plain text, HTML, CSV or JSON Lines.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _rows(path: Path, suffix: str, text: str) -> Iterator[Any]:
    if suffix in (".csv", ".tsv"):
        csv.field_size_limit(1 << 30)
        reader = csv.DictReader(text.splitlines(keepends=True), delimiter="\t" if suffix == ".tsv" else ",")
        if reader.fieldnames is not None and not _column(reader.fieldnames, TEXT_COLUMNS):
            raise DataError(
                f"{path}: no column of text; found {', '.join(reader.fieldnames)}, expected one of "
                f"{', '.join(TEXT_COLUMNS)}."
            )
        yield from reader
        return
    lines: Sequence[str]
    if suffix == ".json":
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: is not valid JSON ({error}).") from error
        yield from whole if isinstance(whole, list) else [whole]
        return
    lines = [line for line in text.split("\n") if line.strip()]
    for line in lines:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            yield ValueError(f"not valid JSON ({error})")


def _column(names: Sequence[str] | Mapping[str, Any], wanted: Sequence[str]) -> str | None:
    lower = {str(name).strip().lower(): str(name) for name in names}
    return next((lower[name] for name in wanted if name in lower), None)


def _row(path: Path, number: int, row: Any) -> Source:
    """A row as a story; one that is none keeps its place and is warned of."""
    name = f"{path}:{number}"
    if isinstance(row, str):
        return Source(name, row)
    if not isinstance(row, Mapping):
        return Source(name, row)
    text, title, key = (_column(row, wanted) for wanted in (TEXT_COLUMNS, TITLE_COLUMNS, ID_COLUMNS))
    if key and row[key]:
        name = f"{path}:{row[key]}"
    return Source(name, {"text": row[text] if text else None, "title": row[title] if title else None})
