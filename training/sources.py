"""Open what the user calls DATA: a file, a folder or a data set of the hub, with an optional split."""

from __future__ import annotations

import logging
import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.errors import DataError
from models.tables import format_of
from training.hub import read_folder, read_hub, slice_ranges, usual_split
from training.tables import FORMATS, Row, Table, read_file, text_files

log = logging.getLogger(__name__)

_HUB_ID = re.compile(r"(?P<name>[\w-][\w.-]*(?:/[\w.-]+)?)(?::(?P<config>[\w.+-]+))?")
_FILE_SUFFIX = re.compile(r"\.(?!v\d)[A-Za-z]\w{0,7}$")
_DATA_FILES = tuple(suffix for suffix in FORMATS if suffix != ".txt")
_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""What a file or a folder is named for each split, between marks or digits; the names that `datasets` knows."""
_SHARD = re.compile(r"data/(?P<split>\w+(?:\.\w+)*)-\d{5}-of-\d{5}\D")
_DESCRIBED = ("dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json")
_DESCRIPTION = re.compile(r"---\r?\n(?:(?!---).*\n)*?(?:configs|dataset_info):")
_REMARKS = ("README", "LICENSE")


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
    """The rows of the data files of a split, or else of the .txt files, wherever they lie in the folder."""
    inside = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    shown = sorted(name for name in inside if not any(part.startswith((".", "__")) for part in name.parts))
    data = [name for name in shown if format_of(name)[0] in _DATA_FILES]
    if data and _is_described(folder):
        return read_folder(folder, split)
    files = data or [name for name in shown if format_of(name)[0] == ".txt"]
    if not files:
        raise DataError(f"{folder}: holds no .txt files and no data files ({', '.join(_DATA_FILES)}).")
    others = [name for name in shown if name not in set(files) and not name.name.upper().startswith(_REMARKS)]
    if others:
        expected = f"data files ({', '.join(_DATA_FILES)}), as the others are" if data else "text (.txt)"
        log.warning("%s: not read: %s; expected %s.", folder, _listed(others), expected)
    if not data:
        return _sliced(text_files([inside[name] for name in files], folder), folder, split)
    return _split_files(folder, _by_split(folder, data), split)


def _is_described(folder: Path) -> bool:
    """Whether the folder says what its splits are, as one downloaded from the hub does."""
    if any((folder / name).is_file() for name in _DESCRIBED):
        return True
    readme = folder / "README.md"
    return readme.is_file() and bool(_DESCRIPTION.match(readme.read_text(encoding="utf-8", errors="replace")))


def _by_split(folder: Path, files: Sequence[Path]) -> dict[str, list[Path]]:
    """The files of every split; those named for none are the training data, unless others are named for it."""
    found: dict[str, list[Path]] = {name: [] for name in _SPLITS}
    unnamed: list[Path] = []
    for file in files:
        name = _split_of(file)
        (unnamed if name is None else found.setdefault(name, [])).append(file)
    if unnamed and found["train"]:
        named = found["train"][0]
        log.warning("%s: not read: %s; named for no split, as %s is.", folder, _listed(unnamed), named)
    elif unnamed:
        found["train"] = unnamed
        others = {name: paths for name, paths in found.items() if paths and name != "train"}
        for name, paths in others.items():
            log.warning(
                "%s: %s: the split %r by the name, read with %s#%s; the other files are the split 'train'.",
                folder,
                _listed(paths),
                name,
                folder,
                name,
            )
    return {name: paths for name, paths in found.items() if paths}


def _split_of(file: Path) -> str | None:
    """The split that a file is named for, or a folder that it lies in."""
    if shard := _SHARD.match(file.as_posix()):
        return shard["split"]
    for part in file.parts:
        words = re.split(r"[-._ 0-9]+", part.lower())
        for name, spellings in _SPLITS.items():
            if not set(words).isdisjoint(spellings):
                return name
    return None


def _split_files(folder: Path, splits: Mapping[str, Sequence[Path]], split: str | None) -> Table:
    """The rows of several files as one table: numbered through, each under its file's own columns."""
    split = usual_split(str(folder), splits) if split is None else split
    asked = {part.partition("[")[0].strip() for part in split.split("+")}
    used = [name for name in splits if name in asked or not asked <= splits.keys()]
    names = [(name, file) for name in used for file in splits[name]]
    left = [name for name in splits if name not in used]
    log.info(
        "%s: reads %s%s.",
        folder,
        _listed([file for _, file in names]),
        f", not the split{'s' * (len(left) > 1)} {', '.join(left)}" if left else "",
    )
    tables = [read_file(folder / file) for _, file in names]
    columns: Counter[str] = Counter()
    for table in tables:
        columns |= Counter(table.columns)
    starts: list[int] = []

    def contents(wanted: Sequence[str]) -> Iterator[Mapping[str, Any] | str]:
        number = 0
        starts.clear()
        for table in tables:
            starts.append(number)
            _refuse_missing(table, wanted, tables)
            for _, content in table.read(wanted):
                number += 1
                yield content

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        if split in splits:
            yield from enumerate(contents(wanted), 1)
            return
        everything = list(contents(wanted))
        ends = [*starts[1:], len(everything)]
        places = {part: [at for at, (name, _) in enumerate(names) if name == part] for part in used}
        lengths = {part: ends[at[-1]] - starts[at[0]] for part, at in places.items()}
        for part, first, end in slice_ranges(str(folder), split, lengths):
            before = starts[places[part][0]]
            for at in range(before + first, before + end):
                yield at + 1, everything[at]

    def place(row: int) -> str:
        at = bisect_left(starts, row) - 1
        return f"{names[at][1]}, row {row - starts[at]}"

    return Table(f"{folder}#{split}", list(columns.elements()), rows, _class_names(tables), place)


def _refuse_missing(table: Table, wanted: Sequence[str], others: Sequence[Table]) -> None:
    lacking = [column for column in wanted if column not in table.columns]
    if lacking:
        other = next(other for other in others if lacking[0] in other.columns)
        raise DataError(
            f"{table.name}: no column {lacking[0]!r}, expected as in {other.name}; found "
            f"{', '.join(map(repr, table.columns))[:300]}. Give the files of a folder the same columns, or move this "
            "one out."
        )


def _class_names(tables: Sequence[Table]) -> dict[str, Sequence[str]]:
    """The class names of all the files; a number must stand for the same class in each of them."""
    found: dict[str, tuple[Table, Sequence[str]]] = {}
    for table in tables:
        for column, names in table.class_names.items():
            first, expected = found.setdefault(column, (table, names))
            if list(names) != list(expected):
                raise DataError(
                    f"{table.name}: column {column!r} has other class names ({', '.join(names)[:200]}), expected "
                    f"those of {first.name} ({', '.join(expected)[:200]}). Read the files one by one."
                )
    return {column: names for column, (_, names) in found.items()}


def _listed(names: Sequence[Path]) -> str:
    """The first of some files, and how many there are."""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"{len(names):,} file{'s' * (len(names) > 1)} ({', '.join(map(str, names[:5]))}{more})"


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
