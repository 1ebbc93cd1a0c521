"""Read files of any format as rows of cells; a bad row is reported in its place and aborts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import tables
from models.columns import SHEET, SHEETS
from models.errors import DataError
from models.lines import TextLines
from models.tables import COMPRESSIONS, PARQUET, Delimited, format_of, is_table, open_table

FORMATS = (*tables.FORMATS, ".txt")
LARGEST_RECORD = 2**31 - 1  # bytes: a file that fits in memory may hold any

Row = tuple[int, Mapping[str, Any] | str]
"""A 1-based row number and the row's cells by column, or what is wrong with the row."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns.

    `read` takes the wanted columns and yields every row in order; a cell that a row lacks is missing from its
    mapping. `class_names` holds, for columns of class numbers, the names that the numbers stand for. `place` says
    which file, and which row of it, a row is that was read from one of several; None where there is one file.
    """

    name: str
    columns: Sequence[str]
    read: Callable[[Sequence[str]], Iterator[Row]]
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    place: Callable[[int], str] | None = None


def read_file(path: Path) -> Table:
    """Open a csv, tsv, json, jsonl, parquet or txt file; text formats may be compressed (gz, bz2, xz, zst).

    Raises:
        DataError: the format is unknown, the file cannot be read, or it holds no row.
    """
    suffix, packed = format_of(path)
    if suffix == ".txt":
        return text_files([path])
    if not is_table(path):
        raise DataError(
            f"{path}: unknown format {suffix + packed or '(no suffix)'!r}; expected {', '.join(FORMATS)}, "
            f"all but {PARQUET} also with {', '.join(COMPRESSIONS)}." + SHEET * (suffix in SHEETS)
        )
    file = open_table(path, LARGEST_RECORD)
    if file.columns is None:
        return _objects(file)
    if isinstance(file, Delimited):
        return _delimited(file)
    if not file.total:
        raise DataError(f"{path}: holds the columns {', '.join(file.columns)} and no rows.")
    return Table(str(path), file.columns, lambda wanted: _numbered(file.rows(wanted)), _names_of_classes(file))


def text_files(paths: Sequence[Path], folder: Path | None = None) -> Table:
    """Text files as rows of the columns `id` (the name without .txt, in the folder) and `text` (the whole file)."""

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        for number, path in enumerate(paths, 1):
            try:
                name = path.name.split(".txt")[0]
                inside = path.relative_to(folder).parent / name if folder else name
                cells = {"id": str(inside), "text": TextLines(path, LARGEST_RECORD).text()}
            except DataError as error:
                yield number, str(error)
            else:
                yield number, cells

    return Table(str(folder or paths[0]), ("id", "text"), rows)


def _numbered(rows: Iterable[tables.Row]) -> Iterator[Row]:
    return ((number, cells) for number, cells, _ in rows)


def _objects(file: tables.TableFile) -> Table:
    """The rows of a file of JSON, each of which names its own columns."""
    rows = list(_numbered(file.rows()))
    columns = list(dict.fromkeys(name for _, cells in rows if not isinstance(cells, str) for name in cells))
    if not columns:
        first = f" (row {rows[0][0]}: {rows[0][1] or 'is empty'})" if rows else ""
        raise DataError(f"{file.path}: holds no JSON object{first}; expected one object per article.")

    def read(wanted: Sequence[str]) -> Iterator[Row]:
        for number, cells in rows:
            yield number, cells if isinstance(cells, str) else {name: cells[name] for name in wanted if name in cells}

    return Table(str(file.path), columns, read)


def _delimited(file: Delimited) -> Table:
    """The rows of a file with a header.

    Where most of them are unreadable, those that can be read are pieces of others that happen to fit the header.

    Raises:
        DataError: it is so, or there are none.
    """
    number, bad = 0, list[tuple[int, str]]()
    for number, cells, _ in file.rows([]):
        if isinstance(cells, str):
            bad.append((number, cells))
    header = ", ".join(file.columns)[:200]
    if not number:
        raise DataError(f"{file.path}: holds a header ({header}) and no rows.")
    if 2 * len(bad) > number:
        way = (
            'Put a cell that holds the delimiter, a line break or a quotation mark between "…"; double each mark in it '
            '("")'
        )
        if file.escapes_quotes():
            way += ', where this file has \\"; pandas.read_csv(…, escapechar="\\\\").to_csv(…) mends that'
        raise DataError(
            f"{file.path}: {len(bad)} of {number} rows cannot be read, the first is row {bad[0][0]}: {bad[0][1]} "
            f"({header}). {way}."
        )
    return Table(str(file.path), file.columns, lambda wanted: _numbered(file.rows(wanted)))


def _names_of_classes(file: Any) -> Mapping[str, Sequence[str]]:
    """The class names that `datasets` writes into a Parquet file."""
    if b"huggingface" not in (file.schema.metadata or {}):
        return {}
    from datasets import Features

    return class_names(Features.from_arrow_schema(file.schema))


def class_names(features: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """The class names of every column of class numbers, or of lists of them, among a data set's features."""
    inner = {name: getattr(feature, "feature", feature) for name, feature in features.items()}
    return {name: list(kind.names) for name, kind in inner.items() if getattr(kind, "names", None)}
