"""One evaluation from model folder to figures: run, leak check, comparison, and the files that were asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from inference.predict import shipped
from inference.writing import is_writer
from models.artefact import load_artefact
from models.errors import DataError
from models.selection import Budget
from models.summary import SummaryModel
from models.topics import TopicModel
from training.brief_rows import BriefRows, run_summariser
from training.comparison import compare_briefs, compare_topics
from training.data import Articles
from training.evaluation import Report, summary_report, topic_report, unknown_note
from training.leaks import find_leaks, leak_notes
from training.predictions import Record, brief_records, check_format, count_statuses, topic_records, write_predictions
from training.provenance import short_name
from training.report import Heading, write_report
from training.topic_rows import TopicRows, run_topics

log = logging.getLogger(__name__)

Rows = TypeVar("Rows", TopicRows, BriefRows)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an evaluation shall leave behind, beside its figures.

    Attributes:
        predictions: a .jsonl or .parquet file of what the model said of every row.
        compare: the folder of a model to put beside this one.
        report: a folder for report.html and summary.md.
        command: how the evaluation was asked for, named in the report.
        told: called with the figures once they are known, before any file is written.
    """

    predictions: Path | None = None
    compare: Path | None = None
    report: Path | None = None
    command: str = ""
    told: Callable[[Report], None] | None = None


def judge_topics(
    folder: Path, articles: Articles, wanted: Wanted | None = None, *, training: Articles | None = None
) -> Report:
    """Evaluate a topic model's folder; `training` is for the TF-IDF + SVM baseline, see `topic_report`.

    Raises:
        DataError: the data or a file that is asked for cannot be used.
        ModelError: a folder holds no sound topic model.
    """
    wanted = _checked(wanted)
    other = TopicModel.load(wanted.compare) if wanted.compare else None
    record = load_artefact(folder, task="topics").training
    rows = run_topics(TopicModel.load(folder), articles)
    report = topic_report(rows, training=training, majority=record.get("majority", []))
    _look_for_leaks(report, record, rows.held)
    if rows.model.exclusive_ and (several := sum(len(row) > 1 for row in rows.held.labels or ())):
        report.notes.insert(
            0,
            f"the model gives a story one label, but {several:,} of {len(rows.judged):,} rows "
            f"{'has' if several == 1 else 'have'} several: it cannot find them all, and figures per row do not mean "
            "what they do elsewhere.",
        )
    if other is not None and wanted.compare is not None:
        _look_for_leaks(report, load_artefact(wanted.compare).training, rows.held, folder_name(wanted.compare))
        there = run_topics(other, articles)
        if there.unknown:
            report.notes.append(f"{folder_name(wanted.compare)}, compared with: {unknown_note(there.unknown)}")
        report.comparison = compare_topics(rows, there, folder_name(wanted.compare))
    _leave_behind(wanted, report, rows, topic_records, _heading(folder, articles, wanted))
    return report


def judge_summariser(
    folder: Path, articles: Articles, wanted: Wanted | None = None, *, budget: Budget | None = None
) -> Report:
    """Evaluate a summariser's folder.

    Raises:
        DataError: the data or a file that is asked for cannot be used.
        ModelError: a folder holds no sound summariser.
    """
    wanted = _checked(wanted)
    if wanted.compare and needed_column(wanted.compare) != needed_column(folder):
        raise DataError(
            f"{folder_name(wanted.compare)}: one of the two writes headlines, the other briefs; nothing compares them."
        )
    run = _summariser(folder)
    other = _summariser(wanted.compare) if wanted.compare else None
    record = load_artefact(folder, task="summariser").training
    rows = run(articles, budget)
    report = summary_report(rows)
    _look_for_leaks(report, record, rows.held)
    if other is not None and wanted.compare is not None:
        _look_for_leaks(report, load_artefact(wanted.compare).training, rows.held, folder_name(wanted.compare))
        there = other(articles, budget, baselines=False)
        report.comparison = compare_briefs(rows, there, folder_name(wanted.compare))
    _leave_behind(wanted, report, rows, brief_records, _heading(folder, articles, wanted))
    return report


def needed_column(folder: Path) -> str:
    """What a data set must have for a summariser to be judged: "summaries", or "titles" for a writer of headlines.

    Raises:
        ModelError: the folder holds no sound summariser.
    """
    writing = load_artefact(folder, task="summariser").config.get("writing")
    return "titles" if isinstance(writing, dict) and writing.get("target") == "headline" else "summaries"


def _summariser(folder: Path) -> Callable[..., BriefRows]:
    """What runs the summariser of a folder, of any engine, over articles."""
    if not is_writer(folder):
        return partial(run_summariser, SummaryModel.load(folder))
    from models.abstractive import Writer
    from training.written import run_writer

    return partial(run_writer, Writer.load(folder), SummaryModel.load(shipped("summariser", "standard")))


def _heading(folder: Path, articles: Articles, wanted: Wanted) -> Heading:
    return Heading(folder_name(folder), short_name(articles.name), wanted.command)


def _leave_behind(
    wanted: Wanted, report: Report, rows: Rows, records: Callable[[Rows], list[Record]], heading: Heading
) -> None:
    """The figures, told at once, so that they are not lost with a file, and the files that were asked for."""
    said = None if wanted.predictions is None else records(rows)
    if said is not None:
        report.notes.append(f"predictions: {count_statuses(said)}.")
    if wanted.told is not None:
        wanted.told(report)
    if said is not None and wanted.predictions is not None:
        write_predictions(said, wanted.predictions)
    if wanted.report is not None:
        write_report(wanted.report, report, rows, heading)


def folder_name(folder: Path) -> str:
    """The last two parts of a model's folder: enough to know it by, and nothing of the machine."""
    return "/".join(folder.resolve().parts[-2:])


def _checked(wanted: Wanted | None) -> Wanted:
    wanted = wanted or Wanted()
    if wanted.predictions is not None:
        check_format(wanted.predictions)
    return wanted


def _look_for_leaks(report: Report, record: dict[str, object], articles: Articles, other: str | None = None) -> None:
    """Notes on rows that the judged model, or another one that it is compared with, has seen."""
    leaks = find_leaks(record, articles)
    notes = leak_notes(leaks, len(articles))
    if other is None:
        report.leaks = leaks
    else:
        notes = [f"{other}, compared with: {note}" for note in notes]
    if not leaks["found"]:
        report.notes.extend(notes)
    else:
        report.notes[:0] = notes
        for note in notes:
            log.warning("%s: %s", articles.name, note)
