"""Train a topic model from labelled articles: read, split, fit, calibrate, judge."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.predict import shipped
from models.artefact import ADAPTER, load_artefact
from models.dominance import ranked
from models.errors import DataError
from models.label_names import RARE, rare_names
from models.novelty import ROOM, Background
from models.story import passages
from models.topics import TopicModel, target_matrix
from training.background import encoded, fit_background, written
from training.baselines import majority_baseline, svm_baseline
from training.data import Articles, describe_labels, fingerprint
from training.decisions import calibrate, cross_fitted, fit_decisions, fit_dominance
from training.evaluation import Report, absent_notes, first_labels, with_labels
from training.leaks import share_seen
from training.metrics import topic_intervals, topic_metrics
from training.provenance import encoder_history, held_out_leaks, provenance
from training.splits import SMALLEST_DIVIDED
from training.stories import progress, read_stories, split_articles
from training.teaching import Taught, teach
from training.topic_fits import FOLDS, Rows, TopicSettings, fit_fast, fit_standard

__all__ = ["TopicSettings", "train_topics"]

log = logging.getLogger(__name__)
UNEVEN = 10
"""How many times as many stories as the rarest label the commonest has where they are called uneven."""
MOST_BROAD = 20
"""Up to so many labels are taken for broad ones, as the 17 that the encoder which ships was adapted to tell apart are.

The encoder it was made from keeps apart what matters to finer ones: Reuters' 90 are told better by that.
"""
MOST_SEEN = 0.2
"""The share of rows that an encoder may have learnt from before it counts as sure of them beyond its merits."""


def train_topics(
    articles: Articles,
    validation: Articles | None = None,
    settings: TopicSettings | None = None,
    *,
    unlabelled: Articles | None = None,
) -> tuple[TopicModel, Report, dict[str, Any]]:
    """Train a topic model.

    Args:
        articles: labelled articles; rows without a label are left out and counted.
        validation: held-out articles; a share of the training data when None.
        settings: see `TopicSettings`.
        unlabelled: further articles, for `settings.teacher` to label; labels that they have are not looked at.

    Returns:
        The model; its figures on the validation articles, thresholds and calibration cross-fitted where they were
        learnt on them; and what `training.json` records.

    Raises:
        DataError: there are fewer than two labels, or nothing is left to validate on.
    """
    settings = settings or TopicSettings()
    whole = articles
    split = validation is None
    articles, validation, notes = divide_topics(articles, validation, fraction=settings.held_out, seed=settings.seed)
    assert articles.labels is not None and validation.labels is not None
    classes = sorted({label for row in articles.labels for label in row})
    log.info(
        "%s: %s; training on %d, validating on %d.", whole.name, describe_labels(whole), len(articles), len(validation)
    )
    counts = Counter(label for row in articles.labels or [] for label in row)
    if min(counts.values()) * UNEVEN <= max(counts.values()):
        why = (
            "no class weights, which cost accuracy and calibration more than they bring"
            if articles.exclusive
            else "each has a calibration and a threshold of its own, which serve better than class weights"
        )
        log.info("Labels are uneven, 1 to %.0f: %s.", max(counts.values()) / min(counts.values()), why)
    if rare := rare_names(classes, [counts[label] for label in classes]):
        few = f"fewer than {RARE} stories; what the words of their names mean is learnt as well."
        log.info("%d of %d labels have %s", len(rare), len(classes), few)
    if settings.engine == "fast":
        settings = replace(settings, encoder=None)
    elif settings.encoder is None and (encoder := default_encoder(classes)) is not None:
        settings = replace(settings, encoder=encoder)
        log.info("The encoder is that of the topic model that ships; --encoder names another.")
    exclusive = articles.exclusive
    rows, held_rows = topic_rows(articles, classes), topic_rows(validation, classes)
    taught = Taught()
    if settings.engine == "fast":
        if unlabelled is not None:
            taught = teach(settings.teacher, unlabelled, classes, (articles, validation), settings.cache)
        fitted = fit_fast(rows, held_rows, exclusive, settings, taught)
    else:
        fitted = fit_standard(rows, held_rows, exclusive, settings, encoder_knows(settings.encoder, articles))
    if not split and len(validation) > len(articles):  # more to learn calibration from than folds of so few have
        fitted = fitted.calibrated_on(held_rows)
    calibration = calibrate(fitted.calibration_logits, fitted.calibration_targets, exclusive)
    probabilities = calibration.apply(fitted.calibration_logits)
    thresholds, lead = fit_decisions(probabilities, fitted.calibration_targets > 0, exclusive)
    model = TopicModel(fitted.scorer, classes, exclusive, calibration, thresholds, lead, fitted.strange_limit)
    own = fitted.calibration_logits is fitted.validation_logits
    first = _first(held_rows if own else rows, classes, exclusive, rows)
    model.dominance = fit_dominance(probabilities, first, fitted.calibration_leading)
    model.background, limit = _background(fitted.scorer, rows, settings, held_rows)
    model.strange_limit *= _room(model)
    if own:
        judged = cross_fitted(
            fitted.validation_logits, held_rows.targets, exclusive, settings.seed, first, fitted.calibration_leading
        )
    else:
        held = calibration.apply(fitted.validation_logits)
        judged = held, model.decide(held), model.leading(held_rows.stories, held).argmax(axis=1)
    report = _report(articles, validation, classes, exclusive, judged)
    if own:
        report.notes.append(
            "calibration, thresholds and which label is dominant are learnt on the validation rows; the figures above "
            "are cross-fitted: each half is judged with what was learnt on the other."
        )
    report.notes[:0] = [*held_out_leaks(settings.encoder, articles, validation), *notes]
    report.notes += taught.notes
    refused = int(model.refused(held_rows.stories, held_rows.vectors or None).sum())
    report.notes.append(
        f"{refused} of the {len(validation)} held-out articles get no topics from 'predict': they are too unlike the "
        "training articles, like texts that are no news, not English or under four words; the figures above count what "
        "it would have given."
    )
    refit = fitted.refit if split and settings.refit else None
    if refit is not None:
        everything = rows.with_more(held_rows)
        model.scorer = refit(everything)
        if model.background is not None and settings.engine == "fast":  # whose n-grams are others; mean vectors are not
            model.background, _ = _background(model.scorer, everything, settings, limit=limit)
        report.notes.append(
            f"the model that is saved has learnt once more, from the {len(validation)} held-out rows as well; the "
            "figures are those of the one before."
        )
    training = provenance(settings, articles, validation, report)
    common = Counter(row[0] for row in articles.labels).most_common(1)[0][0]
    training["majority"] = [common]
    training["refitted"] = refit is not None
    training["data"]["fingerprint"] = fingerprint(whole)
    if unlabelled is not None:
        training["taught"] = taught.record
    return model, report, training


def divide_topics(
    articles: Articles, validation: Articles | None, *, fraction: float, seed: int
) -> tuple[Articles, Articles, list[str]]:
    """What to learn from, what is held out, and notes on the rows without a label, which are in neither.

    Raises:
        DataError: there are fewer than two labels or too few rows, or none can be held out.
    """
    articles, notes = with_labels(articles)
    if validation is None:
        articles, validation = split_articles(articles, fraction=fraction, seed=seed)
    else:
        validation, more = with_labels(validation)
        notes += more
        if articles.exclusive and (several := sum(len(row) > 1 for row in validation.labels or ())):
            notes.append(
                f"{several} of the {len(validation)} validation rows have several labels, where the training rows have "
                "one each: the model cannot find them all, and figures per row do not mean what they do elsewhere."
            )
    labels = sorted({label for row in articles.labels or [] for label in row})
    column = f"{articles.name}: column {articles.columns.get('labels', 'labels')!r}"
    if len(labels) < 2 and len(articles):
        raise DataError(
            f"{column}: all {len(articles) + len(validation)} rows have the same label {labels[0]!r}; a classifier "
            "needs at least two labels. Is --labels-column the right column?"
        )
    if not len(validation):
        raise DataError(
            f"{column}: no label has {SMALLEST_DIVIDED} different texts among the {len(articles)} rows, so that none "
            "can be held out; pass --validation, or name another --labels-column."
        )
    if len(articles) < FOLDS:
        raise DataError(f"{articles.name}: {len(articles)} labelled rows, expected at least {FOLDS}.")
    return articles, validation, notes


def default_encoder(classes: Sequence[str]) -> str | None:
    """The encoder where none is named: that of the topic model that ships, or with many labels the public one, None."""
    return str(shipped("topics", "standard")) if len(classes) <= MOST_BROAD else None


def encoder_knows(encoder: str | None, articles: Articles) -> bool:
    """Whether the encoder was adapted on these rows, so that what is fitted on it is too sure of them."""
    if encoder is None or not (Path(encoder) / ADAPTER).is_file():
        return False
    return share_seen({"encoder": encoder_history(load_artefact(encoder).training)}, articles) > MOST_SEEN


def _first(of: Rows, classes: Sequence[str], exclusive: bool, rows: Rows) -> NDArray[np.int64] | None:
    """The columns of stories' dominant labels; None where the order of the labels of `rows` says nothing."""
    return None if exclusive or not ranked(rows.labels) else first_labels(of.labels, classes)


def topic_rows(articles: Articles, classes: Sequence[str]) -> Rows:
    """Labelled articles as a model learns from them: read, their labels in columns."""
    assert articles.labels is not None
    return Rows(read_stories(articles), articles.labels, target_matrix(articles.labels, classes))


def _room(model: TopicModel) -> float:
    """How much further than its limit a story may lie: with a line drawn, what lies just beyond is odd news mostly."""
    return ROOM if model.background is not None and model.engine == "standard" else 1.0


def _background(
    scorer: Any, rows: Rows, settings: TopicSettings, held: Rows | None = None, limit: float = 0.0
) -> tuple[Background | None, float]:
    """What tells the stories from texts that are no news, see `training.background.fit_background`."""
    if not settings.background:
        return None, limit

    def parts(of: Rows) -> Sequence[Any]:
        return of.vectors if settings.engine == "standard" else [passages(story) for story in of.stories]

    def own(name: str) -> Sequence[Any]:
        if settings.engine == "standard":
            return encoded(scorer.spec, name, settings.cache, layers=scorer.layers)
        return [passages(story) for story in written(name)]

    def features(stories: Sequence[Any]) -> Any:
        return scorer.features(stories if settings.engine == "standard" else ["\n".join(story) for story in stories])

    aside = parts(held) if held is not None else ()
    words = scorer.words if settings.engine == "fast" else ()
    return fit_background(
        features, parts(rows), rows.labels, own, seed=settings.seed, held=aside, limit=limit, words=words
    )


def _report(
    articles: Articles,
    validation: Articles,
    classes: Sequence[str],
    exclusive: bool,
    judged: tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]],
) -> Report:
    assert validation.labels is not None and articles.labels is not None
    probabilities, given, leading = judged
    unseen = sorted({label for row in validation.labels for label in row} - set(classes))
    classes = [*classes, *unseen]
    extra = ((0, 0), (0, len(unseen)))
    probabilities, given = np.pad(probabilities, extra), np.pad(given, extra)
    targets = target_matrix(validation.labels, classes) > 0
    first = first_labels(validation.labels, classes)
    common = Counter(row[0] for row in articles.labels).most_common(1)[0][0]
    guess, _ = majority_baseline(validation, classes, [common])
    with progress("Fitting the TF-IDF + SVM baseline", 1) as advance:
        scores, svm, notes = svm_baseline(validation, classes, exclusive, articles)
        advance()
    baselines = {
        "majority": topic_metrics(targets, guess > 0, guess, first, exclusive),
        "tfidf-svm": topic_metrics(targets, svm, scores, first, exclusive),
    }
    for figures in baselines.values():
        figures.pop("ece", None)
    notes += absent_notes(targets, classes)
    if unseen:
        shown = ", ".join(unseen[:5])
        notes.append(f"{len(unseen)} labels do not occur in the training rows and count as misses: {shown}.")
    return Report(
        "topics",
        len(validation),
        topic_metrics(targets, given, probabilities, first, exclusive, leading),
        topic_intervals(targets, given, probabilities, first, exclusive, leading),
        baselines,
        notes=notes,
    )
