"""How good a model is on held-out articles, beside its baselines and with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import DataError
from models.selection import Budget
from models.summary import SummaryModel
from models.topics import TopicModel
from training.bootstrap import mean_intervals, paired_differences, ratio_intervals
from training.brief_rows import BriefRows, reference_sentences, run_summariser, sentences_of, summarise
from training.briefs import brief_ratios, lengths, positions, ratio_means
from training.data import Articles
from training.metrics import Bools, per_label, reliability, topic_intervals, topic_metrics
from training.mistakes import confusion, mistaken_pairs
from training.rouge import rouge_scores
from training.selective import risk_area, risk_area_interval, risk_curve
from training.stories import read_stories
from training.topic_rows import TopicRows, first_labels, run_topics

__all__ = [
    "Report",
    "evaluate_summariser",
    "evaluate_topics",
    "first_labels",
    "reference_sentences",
    "summarise",
    "summarise_and_score",
    "summary_report",
    "topic_figures",
    "topic_report",
    "with_labels",
]

BESIDE = ("lead-3", "extract", "first-sentence", "rules")
"""Baselines that a summariser's figures are compared with, story by story."""

LEGEND = "lead-3: the first three sentences; random: three at random, seed 13; oracle: the best extract."

PAIRS = 100
"""Pairs of confused labels that are reported, the commonest."""


@dataclass(slots=True)
class Report:
    """Figures of one evaluation, as `--json` writes them.

    `intervals` are 95% bootstrap intervals; `notes` say in words what a reader must know to judge a figure. `details`
    holds tables: per label, reliability, coverage against risk, confusions; positions and lengths of briefs. `leaks`
    is what of the data the model was trained on, `comparison` another model on the same rows; None where not asked.
    """

    task: str
    n: int
    metrics: dict[str, float]
    intervals: dict[str, list[float]]
    baselines: dict[str, dict[str, float]]
    differences: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    leaks: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded so that the same figures have the same bytes."""
        return {
            "task": self.task,
            "n": self.n,
            "metrics": _rounded(self.metrics),
            "intervals": _rounded(self.intervals),
            "baselines": _rounded(self.baselines),
            "differences": _rounded(self.differences),
            "details": _rounded(self.details),
            "leaks": _rounded(self.leaks),
            "comparison": _rounded(self.comparison),
            "notes": self.notes,
        }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), 5)
    return value


def with_labels(articles: Articles) -> tuple[Articles, list[str]]:
    """The articles that have labels, and a note on how many have not."""
    assert articles.labels is not None
    kept = [row for row, labels in enumerate(articles.labels) if labels]
    if not kept:
        raise DataError(f"{articles.name}: no row has a label; name the column with --labels-column.")
    missing = len(articles) - len(kept)
    return articles.take(kept), [unlabelled_note(missing)] if missing else []


def unlabelled_note(missing: int) -> str:
    """How many rows have no label, in words."""
    return "1 row has no label and is left out." if missing == 1 else f"{missing} rows have no label and are left out."


def unsummarised_note(missing: int) -> str:
    """How many rows have no summary, in words."""
    return (
        "1 row has no summary and is left out." if missing == 1 else f"{missing} rows have no summary and are left out."
    )


def unknown_note(unknown: Sequence[str]) -> str:
    """Labels of the data that a model does not know, in words."""
    known = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
    if len(unknown) == 1:
        return f"1 label is unknown to the model and counts as a miss: {known}."
    return f"{len(unknown)} labels are unknown to the model and count as misses: {known}."


def absent_notes(targets: Bools, classes: Sequence[str]) -> list[str]:
    """Which labels no row has, `targets` being `(n_rows, n_labels)`: their F1 is 0, and macro-F1 the mean of all."""
    absent = [classes[place] for place in np.flatnonzero(targets.sum(axis=0) == 0).tolist()]
    if not absent:
        return []
    some = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
    have, counts = ("1 label has", "counts") if len(absent) == 1 else (f"{len(absent)} labels have", "count")
    return [f"{have} no held-out row and {counts} as 0 in macro-F1, the mean over all {len(classes)}: {some}."]


def evaluate_topics(
    model: TopicModel, articles: Articles, *, training: Articles | None = None, majority: Sequence[str] = ()
) -> Report:
    """Figures of a topic model beside the majority class and a TF-IDF + linear SVM; see `topic_report`."""
    return topic_report(run_topics(model, articles), training=training, majority=majority)


def topic_report(rows: TopicRows, *, training: Articles | None = None, majority: Sequence[str] = ()) -> Report:
    """Figures of a run over labelled articles.

    Args:
        rows: see `training.topic_rows.run_topics`.
        training: what the model was trained on; the SVM is fitted on it. Without it the SVM is cross-validated on
            the evaluated rows themselves, and a note says so.
        majority: the commonest label (or labels) of the training data; the evaluated rows' own when empty.
    """
    from training.baselines import majority_baseline, svm_baseline

    notes = []
    if rows.unlabelled:
        notes.append(unlabelled_note(rows.unlabelled))
    if rows.unknown:
        notes.append(unknown_note(rows.unknown))
    articles, exclusive = rows.held, rows.model.exclusive_
    arguments = rows.arguments()
    targets, given, probabilities, first, *_ = arguments
    notes += absent_notes(targets, rows.classes)
    guess, guess_notes = majority_baseline(articles, rows.classes, majority)
    svm_scores, svm_given, svm_notes = svm_baseline(articles, rows.classes, exclusive, training)
    metrics, intervals = topic_metrics(*arguments), topic_intervals(*arguments)
    surest = confidence_and_error(targets, probabilities)
    metrics["risk_area"], intervals["risk_area"] = risk_area(*surest), risk_area_interval(*surest)
    baselines = {}
    for name, scores, labels in (("majority", guess, guess > 0), ("tfidf-svm", svm_scores, svm_given)):
        figures = topic_metrics(targets, labels, scores, first, exclusive)
        figures.pop("ece", None)  # neither gives probabilities
        baselines[name] = {**figures, "risk_area": risk_area(*confidence_and_error(targets, scores))}
    details = {
        "exclusive": exclusive,
        "labels": per_label(targets, given, rows.classes),
        "reliability": reliability(targets, probabilities, exclusive),
        "coverage": risk_curve(*surest),
    }
    if exclusive:
        details["confusion"] = confusion(targets, given, rows.classes)
    else:
        details["mistakes"] = mistaken_pairs(targets, given, rows.classes)[:PAIRS]
    return Report(
        "topics",
        len(articles),
        metrics,
        intervals,
        baselines,
        notes=[*notes, *guess_notes, *svm_notes, unreadable_note(articles)],
        details=details,
    )


def unreadable_note(articles: Articles) -> str:
    """How many rows could not be read, in words: of all the data, whatever share of it these articles are."""
    lost = len(articles.skipped)
    were = "row of {} was" if lost == 1 else "rows of {} were"
    return f"{lost} unreadable {were.format(articles.name)} left out."


def confidence_and_error(targets: Bools, probabilities: NDArray[Any]) -> tuple[NDArray[Any], Bools]:
    """How sure a model is of each row, by its likeliest label, and whether the row does not have that label."""
    best = probabilities.argmax(axis=1)[:, None]
    return np.take_along_axis(probabilities, best, 1)[:, 0], ~np.take_along_axis(targets, best, 1)[:, 0]


def topic_figures(model: TopicModel, articles: Articles) -> dict[str, float]:
    """The metrics alone, without intervals and baselines."""
    return topic_metrics(*run_topics(model, with_labels(articles)[0]).arguments())


def summarise_and_score(model: SummaryModel, articles: Articles, budget: Budget | None = None) -> dict[str, float]:
    """ROUGE alone, without intervals and baselines."""
    stories = read_stories(articles)
    chosen, _ = summarise(model, stories, budget)
    references = [reference_sentences(summary or "") for summary in articles.summaries or []]
    return _means(rouge_scores(sentences_of(stories, chosen), references))


def evaluate_summariser(model: SummaryModel, articles: Articles, *, budget: Budget | None = None) -> Report:
    """ROUGE of a summariser beside lead-3, random sentences and the greedy oracle; see `summary_report`."""
    return summary_report(run_summariser(model, articles, budget))


def summary_report(rows: BriefRows) -> Report:
    """Figures of a run over articles with summaries, with paired differences to lead-3."""
    stories, briefs, chosen = rows.judged_stories, rows.judged_briefs, rows.judged_chosen
    ratios = brief_ratios(briefs, stories, chosen)
    baselines = {name: _means(scores) for name, scores in rows.baselines.items()}
    for name, extract in rows.extracts.items():
        baselines[name] |= ratio_means(brief_ratios(sentences_of(stories, extract), stories, extract))
    references = [reference.splitlines() for reference in rows.references]
    details: dict[str, Any] = {
        "lengths": {"model": lengths(briefs), "reference": lengths(references)},
        "positions": {"model": positions(chosen or [])},
        "reference": {
            "sentences": float(np.mean([sum(bool(line.strip()) for line in lines) for lines in references])),
            "words": float(np.mean([sum(len(line.split()) for line in lines) for lines in references])),
        },
    }
    if "oracle" in rows.extracts:
        details["positions"]["oracle"] = positions(rows.extracts["oracle"])
    if rows.writing:
        details["writing"] = rows.writing
    missing = rows.without_summary
    return Report(
        "summariser",
        len(rows.judged),
        {**_means(rows.rouge), **ratio_means(ratios)},
        {**mean_intervals(rows.rouge), **ratio_intervals(ratios)},
        baselines,
        {name: paired_differences(rows.rouge, scores) for name, scores in rows.baselines.items() if name in BESIDE},
        [
            *([unsummarised_note(missing)] if missing else []),
            unreadable_note(rows.articles),
            "ROUGE F-measure by rouge_score, stemming on; Lsum over sentences joined by newlines.",
            "differences: mean of model minus the baseline, with a 95% paired bootstrap interval.",
            *([LEGEND] if rows.extracts else []),
            *writing_notes(rows.writing),
        ],
        details,
    )


def writing_notes(writing: dict[str, Any]) -> list[str]:
    """What a reader must know of texts that a language model wrote; nothing of extracts."""
    if not writing:
        return []
    return [
        f"{writing['written']} of {writing['asked']} texts have the language model's own words; in the others' place, "
        "where the guard let no draft through, stands what the standard engine makes.",
        f"names, numbers, dates and quotations without support in the story, per 100 texts: "
        f"{writing['unsupported_before']:.1f} in the first drafts, {writing['unsupported_after']:.1f} after the guard.",
        f"new word pairs: {100 * writing['new_bigrams']:.0f}% of a text; {writing['seconds_per_story']:.2f} s a story.",
    ]


def _means(scores: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in scores.items()}
