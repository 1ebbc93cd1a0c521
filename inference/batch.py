"""Files of any length to files: a result for every row, in order, in bounded memory, going on where it was stopped.

Rows are predicted in windows, whose sentences the engine sorts by length. Where a window ends depends on the rows
alone, so that an interrupted run and a run on many machines read the same windows and write the same bytes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from inference.predict import Copydesk
from inference.prediction import Prediction
from inference.progress import Progress
from inference.rows import Columns, Row, open_rows
from inference.spool import Result, Spool, check_output
from models.errors import CopydeskError, DataError

log = logging.getLogger(__name__)

WINDOW_ROWS = 256
WINDOW_CHARACTERS = 4_000_000

Window = list[Row]
Runner = Callable[[Iterable[Window]], Iterator[list[Result]]]
"""Turns windows into their results, in order."""


def predict_file(
    source: Path,
    output: Path,
    runner: Runner,
    *,
    columns: Columns | None = None,
    options: Mapping[str, Any] | None = None,
    resume: bool = False,
) -> Spool:
    """Write a result for every row of a file or folder.

    Args:
        source: see `inference.rows.open_rows`.
        output: a .jsonl, .csv or .parquet file; it appears when all is done.
        runner: see `local_runner`.
        columns: the columns of text, title and id, where they have none of the usual names.
        options: whatever else must be the same for `resume`; see `model_identity`.
        resume: go on after an interrupted run.

    Returns:
        The closed spool, with the numbers of rows and errors.

    Raises:
        DataError: input or output cannot be used, or an interrupted run does not fit.
        KeyboardInterrupt: the run was interrupted; what is done is kept.
    """
    columns = columns or Columns()
    check_output(output, source)
    rows = open_rows(source, columns)
    named = {"text": columns.text, "title": columns.title, "id": columns.id}
    job = {"input": rows.identity(), "columns": named, **(options or {})}
    spool = Spool(output, job, resume=resume)
    try:
        with Progress(rows.total, spool.rows) as progress:
            _run(rows, runner, spool, progress)
        spool.finish()
    except BaseException:
        _kept(spool)
        raise
    log.info("%s", progress.summary(spool.errors, output))
    return spool


def _run(rows: Iterable[Row], runner: Runner, spool: Spool, progress: Progress) -> None:
    iterator = iter(rows)
    last = None
    for _ in range(spool.rows):
        last = next(iterator, None)
        if last is None:
            raise DataError(f"--resume: the input has fewer than the {spool.rows:,} rows that are done.")
    if last is not None:
        progress.skipped(last.position)
    ends: list[int] = []  # of windows that are not done; a runner may look ahead
    for results in runner(_noted(windows(iterator), ends)):
        spool.add(results)
        progress.update(spool.rows, ends.pop(0))


def _noted(cut: Iterable[Window], ends: list[int]) -> Iterator[Window]:
    for window in cut:
        ends.append(window[-1].position)
        yield window


def _kept(spool: Spool) -> None:
    """Keep what is done, and say how to go on; a full disk must not hide the first error."""
    try:
        spool.close()
    except OSError as error:
        log.warning("%s: %s", error.filename, error.strerror)
    if spool.rows:
        log.warning(
            "Stopped after %s rows; they are kept in %s: go on with the same command and --resume.",
            f"{spool.rows:,}",
            spool.part,
        )


def windows(rows: Iterable[Row]) -> Iterator[Window]:
    """Cut rows into runs of `WINDOW_ROWS`, or fewer where they are very long."""
    window: Window = []
    size = 0
    for row in rows:
        window.append(row)
        size += len(row.text)
        if len(window) == WINDOW_ROWS or size >= WINDOW_CHARACTERS:
            yield window
            window, size = [], 0
    if window:
        yield window


def local_runner(desk: Copydesk) -> Runner:
    """Predicts window after window in this process."""

    def run(cut: Iterable[Window]) -> Iterator[list[Result]]:
        for window in cut:
            yield predict_window(desk, window)

    return run


def predict_window(desk: Copydesk, window: Sequence[Row]) -> list[Result]:
    """A result for each row; should a story break the engine after all, the others of its window do without it.

    Raises:
        ModelError: a model cannot be used.
    """
    stories = [row for row in window if row.error is None]
    try:
        found: Iterator[Prediction | str] = iter(_predict(desk, stories))
    except CopydeskError:
        raise
    except Exception:
        found = iter([_alone(desk, row) for row in stories])
    return [result(row, next(found) if row.error is None else row.error) for row in window]


def _predict(desk: Copydesk, rows: Sequence[Row]) -> list[Prediction]:
    stories = ({"text": row.text, "title": row.title} for row in rows)
    return list(desk.stream(stories, window=max(1, len(rows))))


def _alone(desk: Copydesk, row: Row) -> Prediction | str:
    try:
        return _predict(desk, [row])[0]
    except CopydeskError:
        raise
    except Exception as error:
        log.warning("row %s: %s: %s", row.id, type(error).__name__, error)
        return f"the story could not be predicted ({type(error).__name__}: {error})"


def result(row: Row, found: Prediction | str) -> Result:
    """A row of output; always the same keys, those of `inference.spool.SCHEMA`."""
    if isinstance(found, str):
        return {
            "id": row.id,
            "topics": [],
            "scores": [],
            "summary": "",
            "warnings": [],
            "status": "error",
            "error": found,
        }
    return {
        "id": row.id,
        "topics": [topic.label for topic in found.topics],
        "scores": [round(topic.score, 6) for topic in found.topics],
        "summary": found.summary,
        "warnings": list(found.warnings),
        "status": "ok",
        "error": None,
    }


def model_identity(folders: Mapping[str, Path]) -> dict[str, str]:
    """The hashes of models' configs, which hold those of their other files; missing ones are left to the loader."""
    found: dict[str, str] = {}
    for name, folder in folders.items():
        config = folder / "config.json"
        if config.is_file():
            found[name] = hashlib.sha256(config.read_bytes()).hexdigest()
    return found
