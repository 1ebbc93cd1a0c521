"""Tables of any length as rows of cells: what is wrong with a row is told in its place and reaches no other.

The one reader of files of rows: `inference.rows` makes stories of them, `training.tables` articles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from models.columns import SHEET
from models.errors import DataError
from models.lines import PACKED, TextLines
from models.records import as_object, misfit, read_json, read_object, read_records

PARQUET = ".parquet"
FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", PARQUET)
COMPRESSIONS = tuple(PACKED)
"""All but Parquet may be packed so."""


class Row(NamedTuple):
    """A row's number from 1, its cells by column or what is wrong with it, and how far into the file it ends."""

    number: int
    cells: Mapping[str, Any] | str
    position: int


class TableFile(Protocol):
    """A file of rows, which can be read from the beginning any number of times."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def columns(self) -> Sequence[str] | None:
        """The columns of every row, in order; None where each row names its own."""
        ...

    @property
    def total(self) -> int:
        """Bytes or rows of the whole file: what `Row.position` counts."""
        ...

    def rows(self, wanted: Sequence[str] | None = None) -> Iterator[Row]:
        """Every row, in order, with the cells of the wanted columns, or of all.

        Raises:
            DataError: the file cannot be read to its end.
        """
        ...


def format_of(path: Path) -> tuple[str, str]:
    """The suffix of a file's format and that of its compression, in small letters; "" for what it lacks."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else ""
    return (suffixes[-1] if suffixes else ""), packed


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a file of rows."""
    suffix, packed = format_of(path)
    return suffix in FORMATS and not (packed and suffix == PARQUET)


def open_table(path: Path, largest: int) -> TableFile:
    """Open a file of which `is_table` is true; what it is said to be counts less than what it is.

    Args:
        path: the file.
        largest: bytes that a row of a text format may have.

    Raises:
        DataError: it is empty, has no header where it needs one, or is of another kind than those.
    """
    try:
        with path.open("rb") as stream:
            begins = stream.read(4)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    suffix, _ = format_of(path)
    if suffix == PARQUET or begins == b"PAR1":
        from models.parquet import ParquetTable

        return ParquetTable(path)
    if begins == b"PK\x03\x04":
        raise DataError(f"{path}: is a ZIP archive or a spreadsheet, expected {suffix[1:]}.{SHEET}")
    lines = TextLines(path, largest)
    if suffix in (".csv", ".tsv"):
        return Delimited(lines, "\t" if suffix == ".tsv" else None)
    if suffix == ".json" or lines.beginning().startswith(b"["):
        return _json(lines)
    return JsonLines(lines)


class JsonLines:
    """JSON Lines: an object, or a bare string, a line. Blank lines are no rows."""

    columns = None

    def __init__(self, lines: TextLines) -> None:
        """Of these lines."""
        self.path, self.total = lines.path, lines.total
        self._lines = lines

    def rows(self, wanted: Sequence[str] | None = None) -> Iterator[Row]:
        """See `TableFile`."""
        rows = ((at, line, position) for at, (line, position) in enumerate(self._lines, 1) if line.strip())
        for number, (at, line, position) in enumerate(rows, 1):
            found = self._object(line)
            yield Row(number, f"line {at}: {found}" if isinstance(found, str) else _some(found, wanted), position)

    def _object(self, line: bytes) -> dict[str, Any] | str:
        if len(line) > self._lines.largest:
            return f"longer than {self._lines.largest:,} bytes"
        try:
            return read_object(line.decode(), bare=True)
        except ValueError as error:
            return str(error)


class Json:
    """One JSON value: a list of objects or bare strings, or what else `models.records.read_json` takes."""

    columns = None

    def __init__(self, path: Path, items: Sequence[Any]) -> None:
        """Of these items of the file."""
        self.path, self.total = path, len(items)
        self._items = items

    def rows(self, wanted: Sequence[str] | None = None) -> Iterator[Row]:
        """See `TableFile`."""
        for number, item in enumerate(self._items, 1):
            found = as_object(item, bare=True)
            yield Row(number, found if isinstance(found, str) else _some(found, wanted), number)


def _json(lines: TextLines) -> Json | JsonLines:
    """A file that is one JSON value, or JSON Lines after all.

    Raises:
        DataError: it is neither.
    """
    text = lines.text()
    if not text.strip():
        raise DataError(f"{lines.path}: the file is empty; expected a list of JSON objects.")
    try:
        return Json(lines.path, read_json(text))
    except ValueError as error:
        by_line = JsonLines(lines)
        if all(isinstance(row.cells, str) for row in by_line.rows()):
            raise DataError(f"{lines.path}: malformed JSON ({error}).") from error
        return by_line


def _some(cells: Mapping[str, Any], wanted: Sequence[str] | None) -> Mapping[str, Any]:
    return cells if wanted is None else {name: cells[name] for name in wanted if name in cells}


class Delimited:
    """CSV and TSV with a header."""

    def __init__(self, lines: TextLines, delimiter: str | None) -> None:
        """Read the header; `delimiter` None is told from it.

        Raises:
            DataError: there is no header.
        """
        self.path, self.total = lines.path, lines.total
        self._lines, self._delimiter = lines, delimiter
        _, cells, _, self._delimiter = next(self._records(), (0, "", 0, delimiter))
        if cells and isinstance(cells, str):
            raise DataError(f"{self.path}: the header cannot be read: {cells}.")
        self.columns: Sequence[str] = [name.strip() for name in cells]
        if not any(self.columns):
            raise DataError(f"{self.path}: the file is empty; expected a header and one article per row.")

    def escapes_quotes(self) -> bool:
        r"""Whether a quotation mark is written \" anywhere, which this format does not know."""
        return any(b'\\"' in line for line, _ in self._lines)

    def _records(self) -> Iterator[tuple[int, list[str] | str, int, str]]:
        return read_records(iter(self._lines), self._delimiter, self._lines.largest)

    def rows(self, wanted: Sequence[str] | None = None) -> Iterator[Row]:
        """See `TableFile`; of columns of one name the first is read."""
        names = list(dict.fromkeys(self.columns if wanted is None else wanted))
        places = [(name, self.columns.index(name)) for name in names]
        for number, (line, cells, position, _) in enumerate(self._records()):
            if number:
                wrong = misfit(cells, line, len(self.columns))
                yield Row(number, wrong or {name: cells[place] for name, place in places}, position)
