"""Parquet in and out, row group by row group, so that a file of any length takes the same memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from inference.rows import Columns, Row, file_identity, header_columns, make_row, unnamed
from models.errors import DataError

BATCH = 256
GROUP = 4096
"""Rows of a row group that is written."""


class ParquetRows:
    """The rows of a Parquet file; those of a damaged row group are errors in their places."""

    def __init__(self, path: Path, columns: Columns) -> None:
        """Read the schema.

        Raises:
            DataError: the file is no Parquet, has no column of text, or two of the name of one that is read.
        """
        self.path = path
        with self._open() as file:
            self.total = int(file.metadata.num_rows)
            header = list(file.schema_arrow.names)
        self.names = header_columns(str(path), header, columns)

    def _open(self) -> Any:
        """The file; a column chunk is read a megabyte at a time, however large its row group is."""
        try:
            return pyarrow.parquet.ParquetFile(self.path, buffer_size=1 << 20)
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{self.path}: not a readable Parquet file ({error}).") from error

    def identity(self) -> dict[str, Any]:
        """The file's name, size and time of change."""
        return file_identity(self.path)

    def __iter__(self) -> Iterator[Row]:
        """Every row, in order."""
        number = 0
        wanted = list(dict.fromkeys(name for name in self.names.values() if name))
        with self._open() as file:
            for group in range(file.num_row_groups):
                end = number + file.metadata.row_group(group).num_rows
                try:
                    for batch in file.iter_batches(BATCH, row_groups=[group], columns=wanted):
                        for cells in _cells(batch):
                            number += 1
                            yield make_row(number, cells, self.names, number)
                except (OSError, pyarrow.ArrowException) as error:
                    reason = " ".join(str(error).split())[:200]
                    while number < end:
                        number += 1
                        message = f"row {number}: row group {group} is damaged ({reason})"
                        yield Row(unnamed(number, bool(self.names["id"])), error=message, position=number)


def _cells(batch: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a record batch; a string that is not UTF-8 comes as its bytes."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        plain = batch.schema.names
        for row in range(batch.num_rows):
            yield {name: _cell(batch.column(place)[row]) for place, name in enumerate(plain)}


def _cell(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]], schema: Sequence[tuple[str, str]]) -> None:
    """Write rows, a group at a time; the types of `schema` are "string", "number" (whole), "strings" and "numbers"."""
    kinds = {
        "string": pyarrow.string(),
        "number": pyarrow.int64(),
        "strings": pyarrow.list_(pyarrow.string()),
        "numbers": pyarrow.list_(pyarrow.float64()),
    }
    fields = pyarrow.schema([(name, kinds[kind]) for name, kind in schema])
    iterator = iter(rows)
    with pyarrow.parquet.ParquetWriter(path, fields, compression="zstd") as writer:
        while group := list(islice(iterator, GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=fields))
