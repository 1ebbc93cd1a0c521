"""Open what the user calls DATA: a file, a folder or a data set of the hub, with an optional split."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.errors import DataError
from training.hub import read_folder, read_hub, slice_ranges
from training.tables import FORMATS, Row, Table, read_file, text_files

_HUB_ID = re.compile(r"(?P<name>[\w-][\w.-]*(?:/[\w.-]+)?)(?::(?P<config>[\w.+-]+))?")
_FILE_SUFFIX = re.compile(r"\.(?!v\d)[A-Za-z]\w{0,7}$")
_DATA_FILES = tuple(suffix for suffix in FORMATS if suffix != ".txt")


def open_source(data: str) -> Table:
    """The rows of a file, a folder or a data set of the hub, cut to the split where one is given.

    Raises:
        DataError: there is no such thing, or it cannot be read.
    """
    given, split = data, None
    if not os.path.exists(os.path.expanduser(data)) and "#" in data:
        given, _, split = data.rpartition("#")
        split = f"train{split}" if split.startswith("[") else split
    if not given or split == "":
        raise DataError(f"{data!r}: expected a path or a hub id, with a split such as articles.csv#train[:100].")
    path = Path(os.path.expanduser(given))
    if os.path.isfile(path):
        return _sliced(read_file(path), path, split)
    if os.path.isdir(path):
        return _folder(path, split)
    hub = _HUB_ID.fullmatch(given)
    if hub is None or _FILE_SUFFIX.search(given):
        raise DataError(f"{given[:300]}: no such file or folder (looked up from {Path.cwd()}); check the path.")
    return read_hub(hub["name"], hub["config"], split)


def _folder(folder: Path, split: str | None) -> Table:
    if any(path.suffix.lower() in _DATA_FILES for path in folder.rglob("*") if path.is_file()):
        return read_folder(folder, split)
    paths = sorted(path for path in folder.iterdir() if path.is_file() and ".txt" in path.suffixes[-2:])
    if not paths:
        raise DataError(f"{folder}: holds no .txt files and no data files ({', '.join(_DATA_FILES)}).")
    return _sliced(text_files(paths), folder, split)


def _sliced(table: Table, path: Path, split: str | None) -> Table:
    """A file is one split, called train or by the file's name."""
    if split is None:
        return table

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        everything = list(table.read(wanted))
        names = dict.fromkeys(("train", path.name.split(".")[0]), len(everything))
        for _, first, end in slice_ranges(table.name, split, names):
            yield from everything[first:end]

    return replace(table, name=f"{table.name}#{split}", read=rows)
