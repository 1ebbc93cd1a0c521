"""Train a writer from articles: what is held out, the fine-tuning, and its figures on articles left out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inference.predict import shipped
from models.abstractive import Writer, Writing
from models.summary import SummaryModel
from training.abstractive import WriterSettings, finetune_writer
from training.casing import Capitals
from training.data import Articles
from training.evaluation import Report, summary_report
from training.provenance import provenance
from training.stories import split_articles
from training.targets import with_targets
from training.written import run_writer

FIGURES_ON = 100
"""Held-out articles that are written for the figures at the end: each takes seconds on a processor."""


def train_writer(
    articles: Articles,
    validation: Articles | None = None,
    settings: WriterSettings | None = None,
    *,
    cased: Articles | None = None,
    checkpoints: Path,
    resume: bool = False,
) -> tuple[Writer, Report, dict[str, Any]]:
    """Train a writer of briefs or headlines.

    Args:
        articles: with summaries or titles, as `settings.target` wants; rows without one are left out.
        validation: held-out articles; a share of the training data when None.
        settings: see `WriterSettings`.
        cased: articles that lower-cased ones get their capitals back from.
        checkpoints: folder for checkpoints; emptied first unless `resume`.
        resume: go on from the newest whole checkpoint there.

    Returns:
        The writer, its figures on held-out articles that had no part in the training, and what `training.json`
        records.

    Raises:
        DataError: no article can be learnt from, or the checkpoints to go on from are another run's.
        ModelError: the base cannot be loaded.
    """
    settings = settings or WriterSettings()
    articles, _ = with_targets(articles, settings.target)
    if validation is None:
        articles, validation = split_articles(articles, fraction=settings.held_out, seed=settings.seed)
    held, _ = with_targets(validation, settings.target)
    guide = SummaryModel.load(shipped("summariser", "fast"))
    capitals = Capitals(cased.texts) if cased is not None else None
    learnt = finetune_writer(articles, held, guide, settings, capitals=capitals, checkpoints=checkpoints, resume=resume)
    writer = Writer(settings.base, Writing.of(settings.target), learnt.adapter, learnt.scale, sha256=learnt.sha256)
    judged = learnt.untouched if len(learnt.untouched) else held
    report = writer_report(writer, judged.take(range(min(FIGURES_ON, len(judged)))), capitals)
    if judged is held:
        report.notes.insert(0, "ROUGE on these same articles chose the weights: hold out more for an honest figure.")
    record = provenance(settings, learnt.seen, held, report)
    return writer, report, {**record, "history": learnt.history, "examples": learnt.examples}


def writer_report(writer: Writer, articles: Articles, capitals: Capitals | None = None) -> Report:
    """Figures of a writer beside what the standard engine makes of the same articles."""
    if capitals is not None:
        articles = articles.take(range(len(articles)))
        articles.texts[:] = [capitals.restore(text) for text in articles.texts]
    return summary_report(run_writer(writer, SummaryModel.load(shipped("summariser", "standard")), articles))
