"""Windows predicted by the workers of a Ray cluster, the same bytes as in one process (extra `ray`).

The windows are laid down as Parquet, some to a file, in a folder beside the output; each worker holds one Copydesk,
reads such a file and writes its results as Parquet beside it. On a cluster of several machines that folder has to be
on storage they share.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet

from inference.batch import Runner, Window, predict_window
from inference.parquet import write_parquet
from inference.predict import Copydesk
from inference.rows import Row
from inference.spool import SCHEMA, Result
from models.errors import CopydeskError, DataError

WINDOWS_TO_A_FILE = 4
ROW_SCHEMA = (
    ("window", "number"),
    ("id", "string"),
    ("text", "string"),
    ("title", "string"),
    ("error", "string"),
    ("position", "number"),
)


class Worker:
    """What runs on a worker: one Copydesk, which turns files of windows into files of results."""

    def __init__(self, folders: Mapping[str, Path], arguments: Mapping[str, Any]) -> None:
        """Load the models."""
        self.desk = Copydesk.from_pretrained(folders["topics"], folders["summariser"], **arguments)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Predict the files named in a batch, and say which are done."""
        for name in batch["file"]:
            source = Path(str(name))
            results = [result for window in read_windows(source) for result in predict_window(self.desk, window)]
            beside = source.with_suffix(".writing")
            write_parquet(beside, results, SCHEMA)
            beside.replace(results_of(source))
        return {"file": [str(name) for name in batch["file"]]}


def ray_runner(
    folders: Mapping[str, Path], arguments: Mapping[str, Any], *, beside: Path, workers: int | None = None
) -> Runner:
    """A runner on the cluster that `RAY_ADDRESS` names, or on this machine.

    Args:
        folders: of the models "topics" and "summariser".
        arguments: further ones of `Copydesk.from_pretrained`.
        beside: the output; the files of windows are laid down next to it.
        workers: how many; one for each processor when missing.

    Raises:
        DataError: Ray is not installed.
        ModelError: a model cannot be used.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    try:
        importlib.import_module("ray.data")
    except ImportError as error:
        raise DataError("--engine-runner ray: Ray is not installed; pip install 'copydesk[ray]'.") from error
    Copydesk.from_pretrained(folders["topics"], folders["summariser"], **arguments)
    places = {name: folder.resolve() for name, folder in folders.items()}
    staging = beside.resolve().with_name(f".{beside.name}.ray")

    def run(cut: Iterable[Window]) -> Iterator[list[Result]]:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        try:
            files = lay_down(cut, staging)
            for file in _in_order(files, _predicted(files, places, arguments, workers)):
                yield pyarrow.parquet.read_table(results_of(file)).to_pylist()
                results_of(file).unlink()
                file.unlink()
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    return run


def results_of(file: Path) -> Path:
    """Where the results of a file of windows are."""
    return file.with_name(f"{file.stem}-results.parquet")


def lay_down(cut: Iterable[Window], folder: Path) -> list[Path]:
    """Write windows as Parquet files, `WINDOWS_TO_A_FILE` to each."""
    iterator = enumerate(cut)
    files: list[Path] = []
    while some := list(islice(iterator, WINDOWS_TO_A_FILE)):
        files.append(folder / f"{len(files):08d}.parquet")
        rows = ({"window": number, **asdict(row)} for number, window in some for row in window)
        write_parquet(files[-1], rows, ROW_SCHEMA)
    return files


def read_windows(file: Path) -> Iterator[Window]:
    """The windows of a file."""
    window: Window = []
    number = None
    for cells in pyarrow.parquet.read_table(file).to_pylist():
        here = cells.pop("window")
        if window and here != number:
            yield window
            window = []
        number = here
        window.append(Row(**cells))
    if window:
        yield window


def _predicted(
    files: list[Path], folders: Mapping[str, Path], arguments: Mapping[str, Any], workers: int | None
) -> Iterator[Path]:
    """The files whose results are there, as they come."""
    ray: Any = importlib.import_module("ray")  # much of it is untyped
    importlib.import_module("ray.data")
    if not files:
        return
    _start(ray, workers)
    try:
        count = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        ray.data.DataContext.get_current().enable_progress_bars = False
        data = ray.data.from_items([{"file": str(file)} for file in files], override_num_blocks=len(files))
        done = data.map_batches(
            Worker,
            fn_constructor_args=[folders, arguments],
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(count, len(files))),
            num_cpus=1,
        )
        for row in done.iter_rows():
            yield Path(row["file"])
    except ray.exceptions.RayError as error:
        raise CopydeskError(f"ray: a worker failed ({str(error).strip().splitlines()[-1]}).") from error
    finally:
        ray.shutdown()


def _start(ray: Any, workers: int | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**quiet)
    else:
        ray.init(num_cpus=workers, include_dashboard=False, **quiet)


def _in_order(files: list[Path], done: Iterable[Path]) -> Iterator[Path]:
    """The files in their order, each as soon as it and all before it are done."""
    finished: set[Path] = set()
    waiting = iter(files)
    following = next(waiting, None)
    for file in done:
        finished.add(file)
        while following in finished:
            yield following
            following = next(waiting, None)
