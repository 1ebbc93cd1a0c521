"""Parquet files as results are written to them, row group by row group; `models.parquet` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

GROUP = 4096
"""Rows of a row group that is written."""


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
