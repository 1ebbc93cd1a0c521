"""How good a model is on held-out articles, beside its baselines and with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import DataError
from models.selection import Budget, dangling
from models.story import Story, split_sentences
from models.summary import SummaryModel
from models.topics import TopicModel, target_matrix
from training.data import Articles
from training.metrics import mean_intervals, paired_difference, topic_intervals, topic_metrics
from training.oracle import greedy_oracles
from training.rouge import rouge_scores
from training.stories import encode_stories, progress, read_stories

LEAD = 3


@dataclass(slots=True)
class Report:
    """Figures of one evaluation, as `--json` writes them.

    `intervals` are 95% bootstrap intervals; `notes` say in words what a reader must know to judge a figure.
    """

    task: str
    n: int
    metrics: dict[str, float]
    intervals: dict[str, list[float]]
    baselines: dict[str, dict[str, float]]
    differences: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded so that the same figures have the same bytes."""
        return {
            "task": self.task,
            "n": self.n,
            "metrics": _rounded(self.metrics),
            "intervals": _rounded(self.intervals),
            "baselines": _rounded(self.baselines),
            "differences": _rounded(self.differences),
            "notes": self.notes,
        }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(float(value), 5)


def first_labels(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> NDArray[np.int64]:
    """The column of each row's first label, -1 where the model does not know it."""
    column = {label: index for index, label in enumerate(classes)}
    return np.array([column.get(row[0], -1) if row else -1 for row in labels], dtype=np.int64)


def with_labels(articles: Articles) -> tuple[Articles, list[str]]:
    """The articles that have labels, and a note on how many have not."""
    assert articles.labels is not None
    kept = [row for row, labels in enumerate(articles.labels) if labels]
    if not kept:
        raise DataError(f"{articles.name}: no row has a label; name the column with --labels-column.")
    missing = len(articles) - len(kept)
    return articles.take(kept), [f"{missing} rows have no label and are left out."] if missing else []


def evaluate_topics(
    model: TopicModel, articles: Articles, *, training: Articles | None = None, majority: Sequence[str] = ()
) -> Report:
    """Figures of a topic model beside the majority class and a TF-IDF + linear SVM.

    Args:
        model: the model.
        articles: held-out articles with labels.
        training: what the model was trained on; the SVM is fitted on it. Without it the SVM is cross-validated on
            the evaluated rows themselves, and a note says so.
        majority: the commonest label (or labels) of the training data; the evaluated rows' own when empty.
    """
    articles, notes = with_labels(articles)
    assert articles.labels is not None
    stories = read_stories(articles)
    vectors = encode_stories(model.scorer.spec, stories) if model.engine == "standard" else None
    probabilities = model.predict_proba(stories, vectors)
    predicted = model.decide(probabilities)
    unknown = {label for row in articles.labels for label in row} - set(model.classes_)
    if unknown:
        notes.append(
            f"{len(unknown)} labels are unknown to the model and count as misses: {', '.join(sorted(unknown)[:5])}."
        )
    classes = [*model.classes_, *sorted(unknown)]
    targets = target_matrix(articles.labels, classes) > 0
    first = first_labels(articles.labels, classes)
    extra = ((0, 0), (0, len(unknown)))
    predicted, probabilities = np.pad(predicted, extra), np.pad(probabilities, extra)
    arguments = (targets, predicted, probabilities, first, model.exclusive_)
    from training.baselines import majority_baseline, svm_baseline

    guess, guess_notes = majority_baseline(articles, classes, majority)
    svm_scores, svm_given, svm_notes = svm_baseline(articles, classes, model.exclusive_, training)
    baselines = {
        "majority": topic_metrics(targets, guess > 0, guess, first, model.exclusive_),
        "tfidf-svm": topic_metrics(targets, svm_given, svm_scores, first, model.exclusive_),
    }
    for figures in baselines.values():
        figures.pop("ece", None)  # neither gives probabilities
    return Report(
        "topics",
        len(articles),
        topic_metrics(*arguments),
        topic_intervals(*arguments),
        baselines,
        notes=[*notes, *guess_notes, *svm_notes, f"{len(articles.skipped)} unreadable rows were left out."],
    )


def topic_figures(model: TopicModel, articles: Articles) -> dict[str, float]:
    """The metrics alone, without intervals and baselines."""
    articles, _ = with_labels(articles)
    assert articles.labels is not None
    probabilities = model.predict_proba(read_stories(articles))
    targets = target_matrix(articles.labels, model.classes_) > 0
    first = first_labels(articles.labels, model.classes_)
    return topic_metrics(targets, model.decide(probabilities), probabilities, first, model.exclusive_)


def summarise_and_score(model: SummaryModel, articles: Articles, budget: Budget | None = None) -> dict[str, float]:
    """ROUGE alone, without intervals and baselines."""
    stories = read_stories(articles)
    chosen, _ = summarise(model, stories, budget)
    candidates = [[story.sentences[index].text for index in rows] for story, rows in zip(stories, chosen, strict=True)]
    references = [reference_sentences(summary or "") for summary in articles.summaries or []]
    return {name: float(values.mean()) for name, values in rouge_scores(candidates, references).items()}


def summarise(
    model: SummaryModel, stories: Sequence[Story], budget: Budget | None = None
) -> tuple[list[list[int]], list[NDArray[np.float32]]]:
    """The sentences a model chooses of each story, and every sentence's logit."""
    vectors = encode_stories(model.scorer.spec, stories) if model.engine == "standard" else None
    scores = model.scores(stories, vectors)
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    chosen = [
        model.choose(logits, sentences, budget or Budget()) if sentences else []
        for logits, sentences in zip(scores, texts, strict=True)
    ]
    return chosen, scores


def reference_sentences(summary: str) -> str:
    """A reference with one sentence a line, as ROUGE-Lsum wants it."""
    if "\n" in summary.strip():
        return summary
    return "\n".join(summary[start:end] for start, end in split_sentences(summary))


def evaluate_summariser(model: SummaryModel, articles: Articles, *, budget: Budget | None = None) -> Report:
    """ROUGE of a summariser beside lead-3 and the greedy oracle, with paired differences."""
    assert articles.summaries is not None
    kept = [row for row, summary in enumerate(articles.summaries) if summary and summary.strip()]
    if not kept:
        raise DataError(f"{articles.name}: no row has a summary; name the column with --summary-column.")
    notes = [f"{len(articles) - len(kept)} rows have no summary and are left out."] if len(kept) < len(articles) else []
    articles = articles.take(kept)
    assert articles.summaries is not None
    references = [reference_sentences(summary or "") for summary in articles.summaries]
    stories = read_stories(articles)
    oracle: list[list[int]] = []
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    chosen, _ = summarise(model, stories, budget)
    with progress("Finding the oracle", len(texts)) as advance:
        for indices in greedy_oracles(texts, references):
            oracle.append(sorted(indices))
            advance()
    extracts = {"model": chosen, "lead-3": [list(range(min(LEAD, len(story)))) for story in texts], "oracle": oracle}
    scores = {}
    for name, extract in extracts.items():
        candidates = [[story[index] for index in rows] for story, rows in zip(texts, extract, strict=True)]
        with progress(f"ROUGE of {name}", len(candidates)) as advance:
            scores[name] = rouge_scores(candidates, references, progress=advance)
    metrics = {name: float(values.mean()) for name, values in scores["model"].items()}
    metrics["sentences"] = float(np.mean([len(rows) for rows in chosen]))
    metrics["words"] = float(
        np.mean([sum(len(story[i].split()) for i in rows) for story, rows in zip(texts, chosen, strict=True)])
    )
    total = max(1, sum(map(len, chosen)))
    metrics["dangling_openings"] = sum(len(dangling(s, c)) for s, c in zip(texts, chosen, strict=True)) / total
    return Report(
        "summariser",
        len(articles),
        metrics,
        mean_intervals(scores["model"]),
        {name: {k: float(v.mean()) for k, v in scores[name].items()} for name in ("lead-3", "oracle")},
        {
            "lead-3": {
                name: list(paired_difference(scores["model"][name], scores["lead-3"][name])) for name in scores["model"]
            }
        },
        [
            *notes,
            f"{len(articles.skipped)} unreadable rows were left out.",
            "ROUGE F-measure by rouge_score, stemming on; Lsum over sentences joined by newlines.",
            "differences: mean of model minus lead-3, with a 95% paired bootstrap interval.",
        ],
    )
