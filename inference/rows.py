"""Rows of a file or folder of any length, one at a time: a row that cannot be read keeps its place."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from models.columns import SHEET, SHEETS, find_column, short_cell, text_cell
from models.errors import DataError
from models.records import CP1252

log = logging.getLogger(__name__)
LARGEST_ROW = 64 * 1024 * 1024
"""Bytes; a longer row is an error in its place, so that no row decides how much memory a run needs."""
LINES = (".csv", ".tsv", ".jsonl", ".ndjson")
FORMATS = (*LINES, ".json", ".parquet")
TEXT_FILES = (".txt", ".text", ".md", ".html", ".htm")
COMPRESSIONS = (".gz", ".bz2", ".xz")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a user named; None where the usual names are looked for."""

    text: str | None = None
    title: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row to predict, or what is wrong with it; `position` is how far into the input it ends, see `Rows.total`."""

    id: str
    text: str = ""
    title: str | None = None
    error: str | None = None
    position: int = 0


class Rows(Protocol):
    """An input that can be read from its beginning, any number of times."""

    total: int
    """Bytes, rows or files of the whole input: what `Row.position` counts."""

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        ...

    def identity(self) -> dict[str, Any]:
        """What an interrupted run is recognised by: equal only for the same, unchanged input."""
        ...


def open_rows(path: Path, columns: Columns | None = None) -> Rows:
    """The rows of a csv, tsv, jsonl, json or parquet file, a text or HTML file, or a folder of those.

    csv, tsv and jsonl may be compressed (gz, bz2, xz). A folder is read with its subfolders, by name. Bytes that are
    not UTF-8 are read as Windows-1252; in strings of a Parquet file they are errors of their rows.

    Raises:
        DataError: there is no such file, its kind is unknown, it is empty, or it has no column of text.
    """
    columns = columns or Columns()
    from inference.folders import Folder
    from inference.lines import Delimited, Json, JsonLines

    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder (looked up from {Path.cwd()}); check --input.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else ""
    suffix = suffixes[-1] if suffixes else ""
    if suffix in (".csv", ".tsv"):
        return Delimited(path, columns, packed, "\t" if suffix == ".tsv" else None)
    if suffix in (".jsonl", ".ndjson"):
        return JsonLines(path, columns, packed)
    if suffix == ".json" and not packed:
        return Json(path, columns)
    if suffix == ".parquet" and not packed:
        from inference.parquet import ParquetRows

        return ParquetRows(path, columns)
    if suffix in TEXT_FILES and not packed:
        return Folder(path)
    raise DataError(
        f"{path}: unknown kind of file; --input takes {', '.join(FORMATS)} ({', '.join(LINES)} also with "
        f"{', '.join(COMPRESSIONS)}), {', '.join(TEXT_FILES)}, or a folder of those last." + SHEET * (suffix in SHEETS)
    )


def file_identity(path: Path) -> dict[str, Any]:
    """Name, size and time of change of a file."""
    status = path.stat()
    return {"name": path.name, "bytes": status.st_size, "changed": status.st_mtime_ns}


def header_columns(name: str, header: Sequence[str], columns: Columns) -> dict[str, str | None]:
    """The columns of "text", "title" and "id" in a header, where there is one.

    Raises:
        DataError: there is no column of text, or two columns have the name of one that is read.
    """
    names = {
        kind: find_column(name, header, kind, named=getattr(columns, kind), required=kind == "text")
        for kind in ("text", "title", "id")
    }
    for kind, column in names.items():
        places = [str(place) for place, other in enumerate(header, start=1) if other == column]
        if len(places) > 1:
            raise DataError(
                f"{name}: columns {' and '.join(places)} are named {column!r} alike; rename all but the one that holds "
                f"the {kind}."
            )
    return names


def make_row(
    number: int, cells: Mapping[str, Any], names: Mapping[str, str | None], position: int, *, ids: bool = False
) -> Row:
    """A row of cells as a story; `names` has the column of "text", "title" and "id", where there is one.

    `ids` says that other rows have one, where this one has no column of it.
    """
    id_column, title_column, text_column = names["id"], names["title"], names["text"]
    name = (short_cell(cells.get(id_column)) if id_column else None) or unnamed(number, ids or id_column is not None)
    title = short_cell(cells.get(title_column)) if title_column else None
    if text_column is None or text_column not in cells:
        wanted = "no column of text" if text_column is None else f"no column {text_column!r}"
        return Row(name, error=f"row {number}: {wanted}", position=position)
    try:
        text = text_cell(_decoded(cells[text_column]))
    except ValueError as error:
        return Row(name, error=f"row {number}, column {text_column!r}: {error}", position=position)
    if text is None:
        return Row(name, error=f"row {number}, column {text_column!r}: empty text", position=position)
    return Row(name, text, title, position=position)


def unnamed(number: int, ids: bool) -> str:
    """What a row without an id is called; where the others have `ids`, its number might be another one's."""
    return f"row {number}" if ids else str(number)


def _decoded(cell: Any) -> Any:
    return decode(cell) if isinstance(cell, bytes) else cell


def decode(data: bytes) -> str:
    """UTF-8, with or without a byte order mark.

    Raises:
        ValueError: it is not; the message names the first bad byte.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8; save it as UTF-8") from None


def decode_text(data: bytes, name: str) -> str:
    """A whole text: UTF-16 by its mark, else UTF-8, in which stray bytes are Windows-1252, with a warning.

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
        log.warning("%s: is not UTF-8; such bytes are read as Windows-1252.", name)
        return data.decode("utf-8-sig", CP1252)
