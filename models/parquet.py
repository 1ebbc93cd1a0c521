"""Parquet files as rows of cells, row group by row group, so that a file of any length takes the same memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from models.errors import DataError
from models.tables import Row

BATCH = 256


class ParquetTable:
    """The rows of a Parquet file; those of a damaged row group are errors in their places.

    Attributes:
        schema: the file's, see `pyarrow.Schema`.
    """

    def __init__(self, path: Path) -> None:
        """Read the schema.

        Raises:
            DataError: the file is no Parquet.
        """
        self.path = path
        with self._open() as file:
            self.total = int(file.metadata.num_rows)
            self.schema = file.schema_arrow
        self.columns: Sequence[str] = list(self.schema.names)

    def _open(self) -> Any:
        """The file; a column chunk is read a megabyte at a time, however large its row group is."""
        try:
            return pyarrow.parquet.ParquetFile(self.path, buffer_size=1 << 20)
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{self.path}: not a readable Parquet file ({error}).") from error

    def rows(self, wanted: Sequence[str] | None = None) -> Iterator[Row]:
        """See `models.tables.TableFile`; a string that is not UTF-8 comes as its bytes."""
        columns = None if wanted is None else list(dict.fromkeys(wanted))
        number = 0
        with self._open() as file:
            for group in range(file.num_row_groups):
                end = number + file.metadata.row_group(group).num_rows
                try:
                    for batch in file.iter_batches(BATCH, row_groups=[group], columns=columns):
                        for cells in _cells(batch):
                            number += 1
                            yield Row(number, cells, number)
                except (OSError, pyarrow.ArrowException) as error:
                    reason = " ".join(str(error).split())[:200]
                    while number < end:
                        number += 1
                        yield Row(number, f"row group {group} is damaged ({reason})", number)


def _cells(batch: Any) -> Iterator[Mapping[str, Any]]:
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        names = batch.schema.names
        for row in range(batch.num_rows):
            yield {name: _cell(batch.column(place)[row]) for place, name in enumerate(names)}


def _cell(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()
