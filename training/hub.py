"""Read data sets with the `datasets` library: from the Hugging Face hub, or a folder laid out like one."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.errors import DataError
from training.tables import Row, Table, class_names

log = logging.getLogger(__name__)


def read_hub(name: str, config: str | None, split: str | None) -> Table:
    """A data set of the hub, or of its local cache when there is no network (or with `HF_HUB_OFFLINE=1`).

    Args:
        name: its id, such as "ag_news" or "abisee/cnn_dailymail".
        config: its configuration ("3.0.0"), where it has several.
        split: which part, in the slicing syntax of `datasets` ("test", "train[:10%]"); None takes "train", or
            the only split.

    Raises:
        DataError: it does not exist, cannot be reached, or lacks the configuration or the split.
    """
    shown = name + (f":{config}" if config else "")
    with _quiet():
        return _table(shown, _load(shown, name, config), split)


def read_folder(folder: Path, split: str | None) -> Table:
    """A folder that says in its README.md or a `dataset_infos.json` what its splits and columns are.

    Nothing is cached, so an edited file is read anew.

    Raises:
        DataError: the files cannot be read or lack the split.
    """
    with _quiet(), tempfile.TemporaryDirectory(prefix="copydesk-") as cache:
        sets = _load(str(folder), str(folder.resolve()), None, cache_dir=cache, keep_in_memory=True)
        return _table(str(folder), sets, split)


def usual_split(name: str, splits: Collection[str]) -> str:
    """The split that is taken where none is named: "train", or the only one.

    Raises:
        DataError: there are several and none of them is "train".
    """
    if "train" in splits or len(splits) == 1:
        return "train" if "train" in splits else next(iter(splits))
    example = f"{name}#{next(iter(splits))}"
    raise DataError(f"{name}: has the splits {', '.join(splits)}; say which, for example {example}.")


def slice_ranges(name: str, split: str, lengths: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """What a split in the slicing syntax of `datasets` selects: `(split, first, end)`, counted from 0.

    Raises:
        DataError: the syntax is wrong or there is no such split.
    """
    from datasets import ReadInstruction

    try:
        parts = ReadInstruction.from_spec(split).to_absolute(dict(lengths))
    except (ValueError, AssertionError) as error:
        there = ", ".join(f"{part} ({length:,} rows)" for part, length in lengths.items())
        example = f"{name}#{next(iter(lengths))}[:100]"
        raise DataError(f"{name}: cannot take {split!r}; there is {there}, cut like {example}.") from error
    ends = [lengths[part.splitname] if part.to is None else part.to for part in parts]
    return [(part.splitname, part.from_ or 0, end) for part, end in zip(parts, ends, strict=True)]


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars, and no log of what becomes a DataError here."""
    import datasets

    bars = datasets.is_progress_bar_enabled()
    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    datasets.disable_progress_bars()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        if bars:
            datasets.enable_progress_bars()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _load(shown: str, path: str, config: str | None, **options: Any) -> Mapping[str, Any]:
    import datasets
    from datasets.exceptions import DatasetNotFoundError, DatasetsError

    log.info("%s: loading with the datasets library.", shown)
    try:
        sets: Mapping[str, Any] = datasets.load_dataset(path, config, **options)
    except DatasetNotFoundError as error:
        raise DataError(
            f"{shown}: no such file or folder, and no data set of this name on the hub, or none you may "
            "read; check the spelling, or log in with 'hf auth login'."
        ) from error
    except ConnectionError as error:
        raise DataError(
            f"{shown}: no such file or folder, and the hub cannot be reached to look for a data set of "
            "this name; check the path, or pass files that are on this machine."
        ) from error
    except (ValueError, OSError, DatasetsError) as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise DataError(f"{shown}: cannot be read ({reason[:300]}).") from error
    if not any(len(rows) for rows in sets.values()):
        raise DataError(f"{shown}: holds no rows.")
    return sets


def _table(shown: str, sets: Mapping[str, Any], split: str | None) -> Table:
    lengths = {name: len(rows) for name, rows in sets.items()}
    if split is None:
        split = usual_split(shown, lengths)
    parts = slice_ranges(shown, split, lengths)
    columns = list(dict.fromkeys(name for part, _, _ in parts for name in sets[part].column_names))

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        for part, first, end in parts:
            here = sets[part].select_columns([name for name in wanted if name in sets[part].column_names])
            for start in range(first, end, 1000):
                batch: Mapping[str, Sequence[Any]] = here[start : min(end, start + 1000)]
                for offset, values in enumerate(zip(*batch.values(), strict=True)):
                    yield start + offset + 1, dict(zip(batch, values, strict=True))

    return Table(f"{shown}#{split}", columns, rows, class_names(sets[parts[0][0]].features))
