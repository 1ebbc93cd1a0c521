"""Read files of any format as rows of cells; a bad row is reported in its place and aborts nothing."""

from __future__ import annotations

import bz2
import codecs
import gzip
import logging
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.columns import SHEET, SHEETS
from models.errors import DataError
from models.records import CP1252, as_object, lines_of, misfit, read_json, read_object, read_records

log = logging.getLogger(__name__)

FORMATS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt")
LARGEST_RECORD = 2**31 - 1  # bytes: a file that fits in memory may hold any
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")

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


def format_of(path: Path) -> tuple[str, str]:
    """The suffix of a file's format and that of its compression, in small letters; "" for what it lacks."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else ""
    return (suffixes[-1] if suffixes else ""), packed


def read_file(path: Path) -> Table:
    """Open a csv, tsv, json, jsonl, parquet or txt file; text formats may be compressed (gz, bz2, xz, zst).

    Raises:
        DataError: the format is unknown, the file cannot be read, or it holds no row.
    """
    suffix, packed = format_of(path)
    if suffix not in FORMATS or (packed and suffix == ".parquet"):
        raise DataError(
            f"{path}: unknown format {suffix + packed or '(no suffix)'!r}; expected {', '.join(FORMATS)}, "
            f"all but .parquet also with {', '.join(COMPRESSIONS)}." + SHEET * (suffix in SHEETS)
        )
    if suffix == ".parquet":
        return _parquet(path)
    if suffix == ".txt":
        return text_files([path])
    text = _read_text(path)
    if not text.strip():
        raise DataError(f"{path}: the file is empty; expected {suffix[1:]} with one article per row.")
    if suffix in (".csv", ".tsv"):
        return _delimited(text, path, "\t" if suffix == ".tsv" else None)
    return _json(text, path, by_line=suffix != ".json")


def text_files(paths: Sequence[Path], folder: Path | None = None) -> Table:
    """Text files as rows of the columns `id` (the name without .txt, in the folder) and `text` (the whole file)."""

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        for number, path in enumerate(paths, 1):
            try:
                name = path.name.split(".txt")[0]
                inside = path.relative_to(folder).parent / name if folder else name
                cells = {"id": str(inside), "text": _read_text(path)}
            except DataError as error:
                yield number, str(error)
            else:
                yield number, cells

    return Table(str(folder or paths[0]), ("id", "text"), rows)


def _read_text(path: Path) -> str:
    """The decompressed text: UTF-8, or UTF-16 by its mark; stray bytes are Windows-1252, with a warning."""
    try:
        data = _unpack(path.read_bytes(), path.suffix.lower())
    except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"{path}: cannot be read ({reason}).") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        log.warning("%s: line %d is not UTF-8; such bytes are read as Windows-1252.", path, line)
        return data.decode("utf-8-sig", CP1252)


def _unpack(data: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.decompress(data)
    if suffix == ".bz2":
        return bz2.decompress(data)
    if suffix == ".xz":
        return lzma.decompress(data)
    if suffix == ".zst":
        import pyarrow

        with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as stream:
            return bytes(stream.read())
    return data


def _delimited(text: str, path: Path, delimiter: str | None) -> Table:
    records = read_records(lines_of(text), delimiter, LARGEST_RECORD)
    _, header, _, _ = next(records)
    if isinstance(header, str):
        raise DataError(f"{path}: the header cannot be read: {header}.")
    columns = [name.strip() for name in header]
    rest = [(line, cells) for line, cells, _, _ in records]
    if not rest:
        raise DataError(f"{path}: holds a header ({', '.join(columns)[:200]}) and no rows.")
    _refuse_ruins(path, text, columns, rest)

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        places = [(name, columns.index(name)) for name in wanted]
        for number, (line, cells) in enumerate(rest, 1):
            wrong = misfit(cells, line, len(columns))
            yield number, {name: cells[place] for name, place in places} if wrong is None else wrong

    return Table(str(path), columns, rows)


def _refuse_ruins(path: Path, text: str, columns: Sequence[str], rest: Sequence[tuple[int, list[str] | str]]) -> None:
    """Where most rows are unreadable, those that can be read are pieces of others that happen to fit the header.

    Raises:
        DataError: it is so.
    """
    wrong = [(number, misfit(cells, line, len(columns))) for number, (line, cells) in enumerate(rest, 1)]
    bad = [(number, reason) for number, reason in wrong if reason is not None]
    if 2 * len(bad) <= len(rest):
        return
    way = (
        'Put a cell that holds the delimiter, a line break or a quotation mark between "…"; double each mark in it ("")'
    )
    if '\\"' in text:
        way += ', where this file has \\"; pandas.read_csv(…, escapechar="\\\\").to_csv(…) mends that'
    raise DataError(
        f"{path}: {len(bad)} of {len(rest)} rows cannot be read, the first is row {bad[0][0]}: {bad[0][1]} "
        f"({', '.join(columns)[:200]}). {way}."
    )


def _json(text: str, path: Path, *, by_line: bool) -> Table:
    """JSON Lines, or one JSON value where the file is said to be one, or begins like a list."""
    whole = not by_line or text.lstrip().startswith("[")
    rows = list(_whole_json(text, path) if whole else _json_lines(text))
    columns = list(dict.fromkeys(name for _, item in rows if not isinstance(item, str) for name in item))
    if not columns:
        first = f" (row {rows[0][0]}: {rows[0][1]})" if rows else ""
        raise DataError(f"{path}: holds no JSON object{first}; expected one object per article.")

    def read(wanted: Sequence[str]) -> Iterator[Row]:
        for number, item in rows:
            if isinstance(item, str):
                yield number, item
            else:
                yield number, {name: item[name] for name in wanted if name in item}

    return Table(str(path), columns, read)


def _json_lines(text: str) -> Iterator[Row]:
    lines = ((line, content) for line, content in enumerate(text.split("\n"), 1) if content.strip())
    for number, (line, content) in enumerate(lines, 1):
        found = read_object(content)
        yield number, f"line {line}: {found}" if isinstance(found, str) else found


def _whole_json(text: str, path: Path) -> Iterator[Row]:
    """The rows of one JSON value, see `read_json`; what is none may be JSON Lines after all."""
    try:
        items = read_json(text)
    except ValueError as error:
        if text.lstrip().startswith("["):
            raise DataError(f"{path}: malformed JSON ({error}).") from error
        yield from _json_lines(text)
        return
    for number, item in enumerate(items, 1):
        yield number, as_object(item)


def _parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        schema = file.schema_arrow
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path}: not a readable Parquet file ({error}).") from error
    if not file.metadata.num_rows:
        raise DataError(f"{path}: holds the columns {', '.join(schema.names)} and no rows.")

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=1024, columns=list(wanted)):
                for cells in _cells(batch):
                    number += 1
                    yield number, cells
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{path}: damaged after row {number} ({error}).") from error

    names: Mapping[str, Sequence[str]] = {}
    if b"huggingface" in (schema.metadata or {}):
        from datasets import Features

        names = class_names(Features.from_arrow_schema(schema))
    return Table(str(path), schema.names, rows, names)


def _cells(batch: Any) -> Iterator[Mapping[str, Any] | str]:
    """The rows of a record batch; what is wrong with one that holds a string that is not UTF-8."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for row in range(batch.num_rows):
            cells = {}
            try:
                for column, name in enumerate(batch.schema.names):
                    cells[name] = batch.column(column)[row].as_py()
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                yield f"column {name!r}: byte 0x{byte:02x} is not UTF-8; write the column as UTF-8"
            else:
                yield cells


def class_names(features: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """The class names of every column of class numbers, or of lists of them, among a data set's features."""
    inner = {name: getattr(feature, "feature", feature) for name, feature in features.items()}
    return {name: list(kind.names) for name, kind in inner.items() if getattr(kind, "names", None)}
