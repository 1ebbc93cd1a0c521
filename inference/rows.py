"""Rows of a file or folder of any length, one at a time: a row that cannot be read keeps its place."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from inference.delimited import read_records
from models.columns import find_column, kind_of, short_cell, text_cell
from models.errors import DataError

LARGEST_ROW = 64 * 1024 * 1024
"""Bytes; a longer row is an error in its place, so that no row decides how much memory a run needs."""
FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
TEXT_FILES = (".txt", ".text", ".md", ".html", ".htm")
_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
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
    """The rows of a csv, tsv, jsonl or parquet file, a text or HTML file, or a folder of those.

    csv, tsv and jsonl may be compressed (gz, bz2, xz). A folder is read with its subfolders, by name.

    Raises:
        DataError: there is no such file, its kind is unknown, or it has no column of text.
    """
    columns = columns or Columns()
    from inference.folders import Folder

    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder (looked up from {Path.cwd()}); check --input.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in _OPENERS else ""
    suffix = suffixes[-1] if suffixes else ""
    if suffix in (".csv", ".tsv"):
        return Delimited(path, columns, packed, "\t" if suffix == ".tsv" else None)
    if suffix in (".jsonl", ".ndjson"):
        return JsonLines(path, columns, packed)
    if suffix == ".parquet" and not packed:
        from inference.parquet import ParquetRows

        return ParquetRows(path, columns)
    if suffix in TEXT_FILES and not packed:
        return Folder(path)
    raise DataError(
        f"{path}: unknown kind of file; --input takes {', '.join(FORMATS)} (all but .parquet also with "
        f"{', '.join(_OPENERS)}), {', '.join(TEXT_FILES)}, or a folder of those last."
    )


def file_identity(path: Path) -> dict[str, Any]:
    """Name, size and time of change of a file."""
    status = path.stat()
    return {"name": path.name, "bytes": status.st_size, "changed": status.st_mtime_ns}


def make_row(number: int, cells: Mapping[str, Any], names: Mapping[str, str | None], position: int) -> Row:
    """A row of cells as a story; `names` has the column of "text", "title" and "id", where there is one."""
    id_column, title_column, text_column = names["id"], names["title"], names["text"]
    name = (short_cell(cells.get(id_column)) if id_column else None) or str(number)
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


class _Lines:
    """What formats of one line a row have in common: a byte stream, perhaps compressed, and its lines."""

    def __init__(self, path: Path, columns: Columns, packed: str) -> None:
        self.path = path
        self.columns = columns
        self.packed = packed
        self.total = path.stat().st_size

    def identity(self) -> dict[str, Any]:
        return file_identity(self.path)

    def lines(self) -> Iterator[tuple[bytes, int]]:
        """Every line with its end, UTF-8 by now, and the place in the file; a line too long comes cut short.

        Raises:
            DataError: the file cannot be read to its end.
        """
        number = 0
        try:
            with self.path.open("rb", 1 << 18) as raw, _OPENERS.get(self.packed, nullcontext)(raw) as stream:
                for line in _utf8_lines(stream):
                    number += 1
                    yield line, raw.tell()
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            raise DataError(f"{self.path}: cannot be read after line {number} ({reason}).") from error


def _utf8_lines(stream: Any) -> Iterator[bytes]:
    """Lines of at most LARGEST_ROW + 1 bytes; what is beyond is passed over."""
    mark = stream.peek(3)[:3]
    if mark[:2] in UTF16_MARKS:
        with io.TextIOWrapper(stream, "utf-16", "replace", newline="\n") as texts:
            for text in _bounded(texts):
                yield text.encode("utf-8", "replace")
        return
    if mark == b"\xef\xbb\xbf":
        stream.read(3)
    yield from _bounded(stream)


def _bounded(reader: Any) -> Iterator[Any]:
    while line := reader.readline(LARGEST_ROW + 1):
        end = "\n" if isinstance(line, str) else b"\n"
        yield line
        while len(line) > LARGEST_ROW and not line.endswith(end):
            line = reader.readline(LARGEST_ROW + 1)


class JsonLines(_Lines):
    """JSON Lines: an object, or a bare string, a line. Blank lines are no rows."""

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        number = 0
        for line, position in self.lines():
            if line.strip():
                number += 1
                yield self._row(number, line, position)

    def _row(self, number: int, line: bytes, position: int) -> Row:
        if len(line) > LARGEST_ROW:
            return Row(str(number), error=f"row {number}: longer than {LARGEST_ROW:,} bytes", position=position)
        try:
            item = json.loads(decode(line))
        except (ValueError, RecursionError) as error:
            reason = f"malformed JSON ({error})" if isinstance(error, json.JSONDecodeError | RecursionError) else error
            return Row(str(number), error=f"row {number}: {reason}", position=position)
        if isinstance(item, str):
            item = {"text": item}
            return make_row(number, item, {"text": "text", "title": None, "id": None}, position)
        if not isinstance(item, dict):
            return Row(
                str(number), error=f"row {number}: expected a JSON object, found {kind_of(item)}", position=position
            )
        names = {kind: self._column(item, kind) for kind in ("text", "title", "id")}
        return make_row(number, item, names, position)

    def _column(self, item: Mapping[str, Any], kind: str) -> str | None:
        named: str | None = getattr(self.columns, kind)
        if named is not None:
            return named
        return find_column(str(self.path), list(item), kind)


class Delimited(_Lines):
    """CSV and TSV with a header."""

    def __init__(self, path: Path, columns: Columns, packed: str, delimiter: str | None) -> None:
        """Read the header; `delimiter` None is told from it.

        Raises:
            DataError: there is no header, or no column of text in it.
        """
        super().__init__(path, columns, packed)
        self.delimiter = delimiter
        _, cells, _, self.delimiter = next(self._records(), (0, None, 0, delimiter))
        if cells is None:
            raise DataError(f"{path}: the file is empty; expected a header and one story per row.")
        if isinstance(cells, str):
            raise DataError(f"{path}: the header cannot be read: {cells}.")
        self.header = [name.strip() for name in cells]
        self.names = {
            kind: find_column(str(path), self.header, kind, named=getattr(columns, kind), required=kind == "text")
            for kind in ("text", "title", "id")
        }

    def _records(self) -> Iterator[tuple[int, list[str] | str, int, str]]:
        return read_records(self.lines(), self.delimiter, LARGEST_ROW)

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        number = -1
        for line, cells, position, _ in self._records():
            number += 1
            if number:
                yield self._row(number, line, cells, position)

    def _row(self, number: int, line: int, cells: list[str] | str, position: int) -> Row:
        width = len(self.header)
        if isinstance(cells, str):
            return Row(str(number), error=f"row {number}: {cells}", position=position)
        if len(cells) < width or any(cells[width:]):
            reason = f"row {number}: line {line} has {len(cells)} cells, expected {width} as in the header"
            return Row(str(number), error=reason, position=position)
        return make_row(number, dict(zip(self.header, cells[:width], strict=True)), self.names, position)
