"""CSV, TSV and JSON Lines as rows, line by line, perhaps compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import zlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from inference.rows import (
    LARGEST_ROW,
    UTF16_MARKS,
    Columns,
    Row,
    decode_text,
    file_identity,
    header_columns,
    make_row,
    unnamed,
)
from models.columns import find_column
from models.errors import DataError
from models.records import CP1252, as_object, misfit, read_json, read_object, read_records

log = logging.getLogger(__name__)
MOST_COLUMNS = 1000
"""Names of columns that are remembered for a message."""
LOOKED_FOR_IDS = 1000
"""Rows of a JSON Lines file among which one with an id is looked for, so that no row without is named as one with."""
_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class _Lines:
    """What formats of one line a row have in common: a byte stream, perhaps compressed, and its lines."""

    def __init__(self, path: Path, columns: Columns, packed: str) -> None:
        self.path = path
        self.columns = columns
        self.packed = packed
        self.total = path.stat().st_size
        self.told = False

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
                    yield self._utf8(line, number), raw.tell()
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            raise DataError(f"{self.path}: cannot be read after line {number} ({reason}).") from error

    def _utf8(self, line: bytes, number: int) -> bytes:
        """A line, bytes that are not UTF-8 read as Windows-1252; the first such line is told."""
        try:
            line.decode()
        except UnicodeDecodeError:
            if len(line) > LARGEST_ROW:
                return line  # it may be cut within a character, and is not read anyway
            if not self.told:
                log.warning("%s: line %d is not UTF-8; such bytes are read as Windows-1252.", self.path, number)
            self.told = True
            return line.decode("utf-8", CP1252).encode()
        return line


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

    def __init__(self, path: Path, columns: Columns, packed: str = "") -> None:
        """Look for a text.

        Raises:
            DataError: no row has one.
        """
        super().__init__(path, columns, packed)
        self.ids = self._look_for_text()

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        number = 0
        for line, position in self.lines():
            if line.strip():
                number += 1
                yield self._row(number, line, position)

    def _row(self, number: int, line: bytes, position: int) -> Row:
        return _object_row(number, _object(line), self.columns, str(self.path), position, self.ids)

    def _look_for_text(self) -> bool:
        """Read until a row has a text, and then until one has an id, `LOOKED_FOR_IDS` rows at most: whether one has."""
        columns: dict[str, None] = {}
        number, problem, told = 0, "", False
        for line, _ in self.lines():
            if not line.strip():
                continue
            number += 1
            item = _object(line)
            if isinstance(item, str):
                problem = problem or f"row {number}: {item}"
            elif told or _column(item, "text", self.columns.text, str(self.path)) in item:
                told = True
                if _column(item, "id", self.columns.id, str(self.path)) in item:
                    return True
                if number >= LOOKED_FOR_IDS:
                    return False
            elif len(columns) < MOST_COLUMNS:
                columns.update(dict.fromkeys(item))
        if told:
            return False
        if not number:
            raise DataError(f"{self.path}: the file is empty; expected one JSON object per line.")
        if not columns:
            raise DataError(f"{self.path}: holds no story ({problem or 'its rows are empty'}); expected JSON Lines.")
        find_column(str(self.path), list(columns), "text", named=self.columns.text, required=True)
        return False


class Json:
    """A JSON file, read whole: a list of objects or bare strings, or what else `models.records.read_json` takes."""

    def __init__(self, path: Path, columns: Columns) -> None:
        """Read it.

        Raises:
            DataError: it is no JSON, or no row has a text.
        """
        self.path = path
        self.columns = columns
        try:
            text = decode_text(path.read_bytes(), str(path))
            found = read_json(text)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
        except ValueError as error:
            raise DataError(f"{path}: is not valid JSON ({error}).") from error
        self.items = [as_object(item, bare=True) for item in found]
        objects = [item for item in self.items if not isinstance(item, str)]
        if not objects:
            problem = self.items[0] if self.items else "it is empty"
            raise DataError(f"{path}: holds no story ({problem}); expected a list of objects.")
        names = list(dict.fromkeys(name for item in objects for name in item))
        find_column(str(path), names, "text", named=columns.text, required=True)
        self.ids = find_column(str(path), names, "id", named=columns.id) is not None
        self.total = len(self.items)

    def identity(self) -> dict[str, Any]:
        """The file's name, size and time of change."""
        return file_identity(self.path)

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        for number, item in enumerate(self.items, start=1):
            yield _object_row(number, item, self.columns, str(self.path), number, self.ids)


def _object_row(number: int, item: dict[str, Any] | str, columns: Columns, name: str, position: int, ids: bool) -> Row:
    if isinstance(item, str):
        return Row(unnamed(number, ids), error=f"row {number}: {item}", position=position)
    names = {kind: _column(item, kind, getattr(columns, kind), name) for kind in ("text", "title", "id")}
    return make_row(number, item, names, position, ids=ids)


def _column(item: Mapping[str, Any], kind: str, named: str | None, name: str) -> str | None:
    """The column of a row; one that the user named and that is missing is so for this row alone."""
    try:
        return find_column(name, list(item), kind, named=named)
    except DataError:
        return named


def _object(line: bytes) -> dict[str, Any] | str:
    if len(line) > LARGEST_ROW:
        return f"longer than {LARGEST_ROW:,} bytes"
    try:
        return read_object(line.decode("utf-8-sig"), bare=True)
    except ValueError as error:
        return str(error)


class Delimited(_Lines):
    """CSV and TSV with a header."""

    def __init__(self, path: Path, columns: Columns, packed: str, delimiter: str | None) -> None:
        """Read the header; `delimiter` None is told from it.

        Raises:
            DataError: there is no header, no column of text in it, or one that is read stands there twice.
        """
        super().__init__(path, columns, packed)
        self.delimiter = delimiter
        _, cells, _, self.delimiter = next(self._records(), (0, None, 0, delimiter))
        if cells is None:
            raise DataError(f"{path}: the file is empty; expected a header and one story per row.")
        if isinstance(cells, str):
            raise DataError(f"{path}: the header cannot be read: {cells}.")
        self.header = [name.strip() for name in cells]
        self.names = header_columns(str(path), self.header, columns)

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
        wrong = misfit(cells, line, len(self.header))
        if wrong is not None:
            return Row(unnamed(number, bool(self.names["id"])), error=f"row {number}: {wrong}", position=position)
        return make_row(number, dict(zip(self.header, cells, strict=False)), self.names, position)
