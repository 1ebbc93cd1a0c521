"""The shell side of `copydesk predict --input`: options to a run, and a stopped run to its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from inference.batch import local_runner, model_identity, predict_file
from inference.predict import Copydesk, shipped
from inference.rows import Columns, open_rows
from inference.spool import check_output
from inference.writing import is_writer
from models.selection import Budget


def predict_input(
    source: Path,
    output: Path,
    *,
    columns: Columns,
    topics: Path | None,
    summariser: Path | None,
    engine: str,
    budget: Budget,
    thresholds: float | Mapping[str, float] | None,
    clean: bool,
    resume: bool,
    ray: bool,
    workers: int | None,
) -> None:
    """Predict a file or folder, on this machine or with Ray; `workers` None is one for each processor.

    The standard engine uses all processors from one process, the fast one needs a process for each.

    Raises:
        DataError: input or output cannot be used.
        ModelError: a model cannot be used.
    """
    open_rows(source, columns)  # a wrong path or column is told before a model is loaded
    check_output(output, source)
    folders = {"topics": topics or shipped("topics", engine), "summariser": summariser or shipped("summariser", engine)}
    arguments: dict[str, Any] = {"engine": engine, "budget": budget, "thresholds": thresholds, "clean": clean}
    identity = model_identity({**folders, **folders_beside(folders["summariser"], engine)})
    options = {**arguments, "budget": asdict(budget), "models": identity}
    if ray:
        from inference.ray_runner import ray_runner

        runner = ray_runner(folders, arguments, workers=workers, beside=output)
    else:
        desk = Copydesk.from_pretrained(folders["topics"], folders["summariser"], **arguments)
        runner = local_runner(desk)
        if all(model is not None and model.engine == "fast" for model in (desk.topics, desk.summariser)):
            from inference.process_runner import process_runner, processors

            if (count := workers or processors()) > 1:
                runner = process_runner(desk, folders, arguments, workers=count)
    try:
        predict_file(source, output, runner, columns=columns, options=options, resume=resume)
    except KeyboardInterrupt:
        raise typer.Exit(1) from None


def folders_beside(summariser: Path, engine: str) -> dict[str, Path]:
    """The models that work beside a language model; none beside other summarisers."""
    if not is_writer(summariser):
        return {}
    extractive = {"extractive": shipped("summariser", "standard")}
    return {**extractive, "headline": shipped("headline", engine)} if engine == "abstractive" else extractive
