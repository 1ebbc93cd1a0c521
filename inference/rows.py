"""Rows of a file or folder of any length, one at a time: a row that cannot be read keeps its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from models.columns import SHEET, SHEETS, find_column, short_cell, text_cell
from models.errors import DataError
from models.tables import COMPRESSIONS, FORMATS, PARQUET, TableFile, format_of, is_table, open_table

LARGEST_ROW = 64 * 1024 * 1024
"""Bytes; a longer row is an error in its place, so that no row decides how much memory a run needs."""
LOOKED_FOR_IDS = 1000
"""Rows that name their own columns among which one with an id is looked for, so that none without is named as one."""
MOST_COLUMNS = 1000
"""Names of columns that are remembered for a message."""
TEXT_FILES = (".txt", ".text", ".md", ".html", ".htm")


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

    All but Parquet and texts may be compressed (gz, bz2, xz, zst). A folder is read with its subfolders, by name. Bytes
    that are not UTF-8 are read as Windows-1252; in strings of a Parquet file they are errors of their rows.

    Raises:
        DataError: there is no such file, its kind is unknown, it is empty, or it has no column of text.
    """
    from inference.folders import Folder

    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder (looked up from {Path.cwd()}); check --input.")
    if is_table(path):
        return TableRows(open_table(path, LARGEST_ROW), columns or Columns())
    suffix, packed = format_of(path)
    if suffix in TEXT_FILES and not packed:
        return Folder(path)
    raise DataError(
        f"{path}: unknown kind of file; --input takes {', '.join(FORMATS)} (all but {PARQUET} also with "
        f"{', '.join(COMPRESSIONS)}), {', '.join(TEXT_FILES)}, or a folder of those last." + SHEET * (suffix in SHEETS)
    )


class TableRows:
    """The rows of a file as stories."""

    def __init__(self, table: TableFile, columns: Columns) -> None:
        """Look for the columns.

        Raises:
            DataError: there is no text, or two columns have the name of one that is read.
        """
        self.table, self.columns = table, columns
        self.total = table.total
        self.names = None if table.columns is None else header_columns(str(table.path), table.columns, columns)
        self.ids = self._look_for_text() if self.names is None else self.names["id"] is not None

    def identity(self) -> dict[str, Any]:
        """The file's name, size and time of change."""
        return file_identity(self.table.path)

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        wanted = None if self.names is None else [name for name in self.names.values() if name]
        for number, cells, position in self.table.rows(wanted):
            if isinstance(cells, str):
                yield Row(unnamed(number, self.ids), error=f"row {number}: {cells}", position=position)
            else:
                names = self.names or {kind: self._column(cells, kind) for kind in ("text", "title", "id")}
                yield make_row(number, cells, names, position, ids=self.ids)

    def _column(self, cells: Mapping[str, Any], kind: str) -> str | None:
        """The column of one row; one that the user named and that is missing is so for this row alone."""
        named: str | None = getattr(self.columns, kind)
        try:
            return find_column(str(self.table.path), list(cells), kind, named=named)
        except DataError:
            return named

    def _look_for_text(self) -> bool:
        """Read until a row has a text, and then until one has an id, `LOOKED_FOR_IDS` rows at most: whether one has.

        Raises:
            DataError: no row has a text.
        """
        columns: dict[str, None] = {}
        number, problem, told = 0, "", False
        for number, cells, _ in self.table.rows():
            if isinstance(cells, str):
                problem = problem or f"row {number}: {cells}"
            elif told or self._column(cells, "text") in cells:
                told = True
                if self._column(cells, "id") in cells:
                    return True
            elif len(columns) < MOST_COLUMNS:
                columns.update(dict.fromkeys(cells))
            if told and number >= LOOKED_FOR_IDS:
                return False
        if told:
            return False
        name = str(self.table.path)
        if not number:
            raise DataError(f"{name}: the file is empty; expected one JSON object per story.")
        if not columns:
            why = problem or "its rows are empty"
            raise DataError(f"{name}: holds no story ({why}); expected one JSON object per story.")
        find_column(name, list(columns), "text", named=self.columns.text, required=True)
        return False


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
        text = text_cell(cells[text_column])
    except ValueError as error:
        return Row(name, error=f"row {number}, column {text_column!r}: {error}", position=position)
    if text is None:
        return Row(name, error=f"row {number}, column {text_column!r}: empty text", position=position)
    return Row(name, text, title, position=position)


def unnamed(number: int, ids: bool) -> str:
    """What a row without an id is called; where the others have `ids`, its number might be another one's."""
    return f"row {number}" if ids else str(number)
