"""The shell side of evaluation: `copydesk evaluate ...`, a thin shell over `training.judge`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from inference.engines import Engine, SummaryEngine
from training.figures import tell
from training.options import (
    Compare,
    Data,
    JsonFile,
    LabelsColumn,
    LabelsSeparator,
    Limit,
    Model,
    Predictions,
    ReportFolder,
    ShippedEngine,
    ShippedSummariser,
    SummaryColumn,
    TextColumn,
    TitleColumn,
    read,
    typed_command,
)
from training.outputs import check_files, data_path

evaluate_app = typer.Typer(help="Judge a model on held-out articles, beside its baselines.", no_args_is_help=True)


@evaluate_app.command("topics")
def evaluate_topics_command(
    data: Data,
    model: Model = None,
    json_file: JsonFile = None,
    report_folder: ReportFolder = None,
    predictions: Predictions = None,
    compare: Compare = None,
    engine: ShippedEngine = Engine.standard,
    training_data: Annotated[
        str | None, typer.Option(help="The training articles, for the TF-IDF + SVM baseline at its full strength.")
    ] = None,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    labels_column: LabelsColumn = None,
    labels_separator: LabelsSeparator = None,
) -> None:
    """Figures of a topic model on labelled articles, with 95% bootstrap intervals."""
    from inference.predict import shipped
    from training.judge import Wanted, judge_topics

    columns = {"text_column": text_column, "title_column": title_column, "labels_column": labels_column}
    columns["labels_separator"] = labels_separator
    _check(json_file, predictions, report_folder, data, training_data)
    articles = read(data, columns, "labels", limit)
    training = read(training_data, columns, "labels", None) if training_data else None
    wanted = Wanted(predictions, compare, report_folder, typed_command(), partial(tell, json_file=json_file))
    judge_topics(model or shipped("topics", engine.value), articles, wanted, training=training)


@evaluate_app.command("summariser")
def evaluate_summariser_command(
    data: Data,
    model: Model = None,
    json_file: JsonFile = None,
    report_folder: ReportFolder = None,
    predictions: Predictions = None,
    compare: Compare = None,
    engine: ShippedSummariser = SummaryEngine.standard,
    sentences: Annotated[int | None, typer.Option(min=1, help="A fixed number of sentences instead of auto.")] = None,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    summary_column: SummaryColumn = None,
) -> None:
    """ROUGE of a summariser on articles with summaries, with 95% bootstrap intervals.

    A language model that writes headlines is judged by the articles' own.
    """
    from inference.predict import shipped
    from models.selection import Budget
    from training.judge import Wanted, judge_summariser, needed_column

    columns = {"text_column": text_column, "title_column": title_column, "summary_column": summary_column}
    _check(json_file, predictions, report_folder, data)
    folder = model or shipped("summariser", engine.value)
    articles = read(data, columns, needed_column(folder), limit)
    wanted = Wanted(predictions, compare, report_folder, typed_command(), partial(tell, json_file=json_file))
    judge_summariser(folder, articles, wanted, budget=Budget(sentences=sentences))


def _check(json_file: Path | None, predictions: Path | None, report: Path | None, *data: str | None) -> None:
    """An error, before anything is read, for files that cannot be written or would be written over the data."""
    files = {"--json": json_file, "--predictions": predictions}
    check_files(files, [data_path(one) for one in data if one], report=report)
