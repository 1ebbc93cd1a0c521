"""Train a topic model from labelled articles: read, split, fit, calibrate, judge."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.predict import shipped
from models.artefact import ADAPTER, load_artefact
from models.dominance import dominant, ranked
from models.errors import DataError
from models.fast_topics import FastTopicClassifier, stratified_folds
from models.novelty import ROOM, Background, quantile_limit
from models.story import Story, passages
from models.topics import TopicModel, full_text, target_matrix
from training.background import encoded, fit_background, written
from training.baselines import majority_baseline, svm_baseline
from training.data import Articles, describe_labels, fingerprint
from training.decisions import calibrate, cross_fitted, fit_decisions, fit_dominance, fit_ngram_weight
from training.evaluation import Report, first_labels, with_labels
from training.leaks import share_seen
from training.metrics import topic_intervals, topic_metrics
from training.provenance import describe_data, provenance
from training.splits import SMALLEST_DIVIDED
from training.stories import encode_stories, open_encoder, progress, read_stories, split_articles
from training.teaching import Taught, teach

log = logging.getLogger(__name__)
FOLDS = 5
UNEVEN = 10
"""How many times as many stories as the rarest label the commonest has where they are called uneven."""
MOST_BROAD = 20
"""Up to so many labels are taken for broad ones, as the 17 that the encoder which ships was adapted to tell apart are.

The encoder it was made from keeps apart what matters to finer ones: Reuters' 90 are told better by that.
"""
MOST_SEEN = 0.2
"""The share of rows that an encoder may have learnt from before it counts as sure of them beyond its merits."""
FEW_HELD = 1000
"""With fewer held-out stories, those that an encoder has learnt from have a say in what n-grams count for too."""
NEW_NAMES = 2.0
"""How many times the held-out stories' share of unknown words is still familiar: next year's news has other names."""


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """How a topic model is trained.

    Attributes:
        engine: "standard" or "fast".
        encoder: hub id or folder of an encoder, or a Copydesk model whose adapted encoder is shared; None shares that
            of the topic model that ships, or takes the default encoder where there are more than `MOST_BROAD` labels.
        held_out: share of the training data that validates when there is no validation data.
        seed: of the split, the head and the folds.
        cache: folder for sentence vectors, so that the next run need not encode again.
        search: with the fast engine, how many settings to try by successive halving; 0 takes the defaults.
        teacher: with the fast engine, folder of a topic model with the same labels, which labels the stories that have
            none (see `training.teaching`).
        refit: learn once more from all rows, the held-out ones too, when the figures are known; only where they were
            split off the training data, and where no encoder had learnt from the others.
        background: learn which texts are no news, see `training.background`.
    """

    engine: str = "standard"
    encoder: str | None = None
    held_out: float = 0.1
    seed: int = 13
    cache: Path | None = None
    search: int = 0
    teacher: str | None = None
    refit: bool = True
    background: bool = True


@dataclass
class Rows:
    """Stories with their labels; `vectors` of their sentences for the standard engine."""

    stories: Sequence[Story]
    labels: Sequence[Sequence[str]]
    targets: NDArray[np.float32]
    vectors: Sequence[NDArray[Any]] = ()

    @cached_property
    def texts(self) -> list[str]:
        """As the n-grams are read from."""
        return [full_text(story) for story in self.stories]

    def with_more(self, other: Rows) -> Rows:
        """These, and of others those that have one of their labels."""
        known = {label for row in self.labels for label in row}
        rows = [row for row, labels in enumerate(other.labels) if known.intersection(labels)]
        return Rows(
            [*self.stories, *(other.stories[row] for row in rows)],
            [*self.labels, *([label for label in other.labels[row] if label in known] for row in rows)],
            np.concatenate([self.targets, other.targets[rows]]),
            [*self.vectors, *(other.vectors[row] for row in rows if len(other.vectors))],
        )


@dataclass(slots=True)
class Fitted:
    """A scorer, how to learn one from all rows, and its logits on held-out rows."""

    scorer: Any
    refit: Callable[[Rows], Any] | None
    calibration_logits: NDArray[np.float32]
    calibration_targets: NDArray[np.float32]
    validation_logits: NDArray[np.float32]
    strange_limit: float


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
    articles, notes = with_labels(articles)
    split = validation is None
    if validation is None:
        articles, validation = split_articles(articles, fraction=settings.held_out, seed=settings.seed)
    else:
        validation, more = with_labels(validation)
        notes += more
    assert articles.labels is not None and validation.labels is not None
    classes = sorted({label for row in articles.labels for label in row})
    column = f"{articles.name}: column {articles.columns.get('labels', 'labels')!r}"
    if len(classes) < 2 and len(articles):
        raise DataError(
            f"{column}: all {len(articles) + len(validation)} rows have the same label {classes[0]!r}; a classifier "
            "needs at least two labels. Is --labels-column the right column?"
        )
    if not len(validation):
        raise DataError(
            f"{column}: no label has {SMALLEST_DIVIDED} examples among the {len(articles)} rows, so that none can be "
            "held out; pass --validation, or name another --labels-column."
        )
    if len(articles) < FOLDS:
        raise DataError(f"{articles.name}: {len(articles)} labelled rows, expected at least {FOLDS}.")
    log.info(
        "%s: %s; training on %d, validating on %d.", whole.name, describe_labels(whole), len(articles), len(validation)
    )
    counts = Counter(label for row in articles.labels or [] for label in row)
    if not articles.exclusive and min(counts.values()) * UNEVEN <= max(counts.values()):
        log.info(
            "Labels are uneven, 1 to %.0f: each has a calibration and a threshold of its own, which serve better than "
            "class weights.",
            max(counts.values()) / min(counts.values()),
        )
    if settings.engine == "standard" and settings.encoder is None and len(classes) <= MOST_BROAD:
        settings = replace(settings, encoder=str(shipped("topics", "standard")))
        log.info("The encoder is that of the topic model that ships; --encoder names another.")
    exclusive = articles.exclusive
    rows, held_rows = _rows(articles, classes), _rows(validation, classes)
    taught = Taught()
    if settings.engine == "fast":
        if unlabelled is not None:
            taught = teach(settings.teacher, unlabelled, classes, (articles, validation))
        fitted = _fit_fast(rows, held_rows, exclusive, settings, taught)
    else:
        fitted = _fit_standard(rows, held_rows, exclusive, settings, _encoder_knows(settings.encoder, articles))
    calibration = calibrate(fitted.calibration_logits, fitted.calibration_targets, exclusive)
    probabilities = calibration.apply(fitted.calibration_logits)
    thresholds, lead = fit_decisions(probabilities, fitted.calibration_targets > 0, exclusive)
    model = TopicModel(fitted.scorer, classes, exclusive, calibration, thresholds, lead, fitted.strange_limit)
    own = fitted.calibration_logits is fitted.validation_logits
    first = _first(held_rows if own else rows, classes, exclusive, rows)
    model.dominance = fit_dominance(probabilities, first)
    model.background, limit = _background(fitted.scorer, rows, settings, held_rows)
    model.strange_limit *= _room(model)
    if own:
        judged = cross_fitted(fitted.validation_logits, held_rows.targets, exclusive, settings.seed, first)
    else:
        held = calibration.apply(fitted.validation_logits)
        judged = held, model.decide(held), model.leading(held).argmax(axis=1)
    report = _report(articles, validation, classes, exclusive, judged)
    if own:
        report.notes.append(
            "calibration, thresholds and which label is dominant are learnt on the validation rows; the figures above "
            "are cross-fitted: each half is judged with what was learnt on the other."
        )
    report.notes[:0] = notes
    report.notes += taught.notes
    refused = int(model.strange(held_rows.stories, held_rows.vectors or None).sum())
    report.notes.append(
        f"{refused} of the {len(validation)} held-out articles are so unlike the training articles, or so like texts "
        "that are no news, that 'predict' gives them no topics; the figures above count what it would have given."
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
        training["taught"] = {"articles": describe_data(unlabelled), **taught.record}
    return model, report, training


def _encoder_knows(encoder: str | None, articles: Articles) -> bool:
    """Whether the encoder was adapted on these rows, so that what is fitted on it is too sure of them."""
    if encoder is None or not (Path(encoder) / ADAPTER).is_file():
        return False
    return share_seen(load_artefact(encoder).training, articles) > MOST_SEEN


def _first(of: Rows, classes: Sequence[str], exclusive: bool, rows: Rows) -> NDArray[np.int64] | None:
    """The columns of stories' dominant labels; None where the order of the labels of `rows` says nothing."""
    return None if exclusive or not ranked(rows.labels) else first_labels(of.labels, classes)


def _rows(articles: Articles, classes: Sequence[str]) -> Rows:
    assert articles.labels is not None
    return Rows(read_stories(articles), articles.labels, target_matrix(articles.labels, classes))


def _fit_fast(rows: Rows, held: Rows, exclusive: bool, settings: TopicSettings, taught: Taught) -> Fitted:
    from training.search import fit_meaning, search_fast

    data: dict[str, Any] = {"texts": rows.texts, "labels": rows.labels, "exclusive": exclusive, "seed": settings.seed}
    found = search_fast(**data, candidates=settings.search)[0] if settings.search else {"meaning": fit_meaning(**data)}
    scorer, logits = _fit_ngrams(rows, exclusive, settings, found, cross=True, taught=taught)

    def refit(everything: Rows) -> FastTopicClassifier:
        return _fit_ngrams(everything, exclusive, settings, found, cross=False, taught=taught)[0]

    limit = NEW_NAMES * quantile_limit(scorer.strangeness(held.texts))
    return Fitted(scorer, refit, logits, rows.targets, scorer.decision_function(held.texts), limit)


def _fit_standard(rows: Rows, held: Rows, exclusive: bool, settings: TopicSettings, seen: bool) -> Fitted:
    from models.fitting import HeadSettings
    from models.standard_topics import StandardTopics

    spec = open_encoder(settings.encoder)
    for part in (rows, held):
        part.vectors = encode_stories(spec, part.stories, settings.cache)
    head_settings = HeadSettings(seed=settings.seed)
    without = {"meaning": 0.0}  # the encoder knows what words mean

    def fit_head(learnt: Rows, chosen: Sequence[int], advance: Callable[..., None] = lambda *_: None) -> StandardTopics:
        first = dominant(learnt.labels, sorted({label for row in learnt.labels for label in row}))
        vectors = [learnt.vectors[row] for row in chosen]
        head = StandardTopics(spec, head_settings)
        return head.fit(
            vectors, learnt.targets[chosen], exclusive=exclusive, first=first[chosen], on_progress=lambda *_: advance()
        )

    with progress("Fitting the head", head_settings.epochs) as advance:
        scorer = fit_head(rows, range(len(rows.labels)), advance)
    crosswise = not seen or len(held.labels) < FEW_HELD
    ngrams, crossed = _fit_ngrams(rows, exclusive, settings, without, cross=crosswise)
    own = np.zeros_like(rows.targets)
    if crosswise:
        folds = stratified_folds([row[0] for row in rows.labels], FOLDS, settings.seed)
        with progress("Cross-validating the head", FOLDS) as advance:
            for fold in range(FOLDS):
                inside, outside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
                if inside and outside:
                    own[outside] = fit_head(rows, inside).attended_logits([rows.vectors[row] for row in outside])
                advance()
    weight = fit_ngram_weight(own, crossed, rows.targets, exclusive) if crosswise else 0.0
    if seen:  # the encoder has learnt from the training rows, which flatters the head there: n-grams deserve no less
        held_own, beside = scorer.attended_logits(held.vectors), ngrams.decision_function(held.texts)
        weight = max(weight, fit_ngram_weight(held_own, beside, held.targets, exclusive))
    log.info("n-grams join the sentence vectors with weight %g.", weight)
    scorer.add_ngrams(ngrams, weight)

    def refit(everything: Rows) -> StandardTopics:
        again = fit_head(everything, range(len(everything.labels)))
        again.add_ngrams(_fit_ngrams(everything, exclusive, settings, without, cross=False)[0], weight)
        return again

    logits = scorer.logits(held.vectors, held.texts)
    limit = scorer.familiarity.limit(held.vectors) if scorer.familiarity is not None else float("inf")
    if seen:
        return Fitted(scorer, None, logits, held.targets, logits, limit)
    return Fitted(scorer, refit, own + np.float32(weight) * crossed, rows.targets, logits, limit)


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
            return encoded(scorer.spec, name, settings.cache)
        return [passages(story) for story in written(name)]

    def features(stories: Sequence[Any]) -> Any:
        return scorer.features(stories if settings.engine == "standard" else ["\n".join(story) for story in stories])

    aside = parts(held) if held is not None else ()
    words = scorer.words if settings.engine == "fast" else ()
    return fit_background(
        features, parts(rows), rows.labels, own, seed=settings.seed, held=aside, limit=limit, words=words
    )


def _fit_ngrams(
    rows: Rows,
    exclusive: bool,
    settings: TopicSettings,
    parameters: dict[str, Any],
    *,
    cross: bool,
    taught: Taught | None = None,
) -> tuple[FastTopicClassifier, NDArray[np.float32]]:
    """The n-gram classifier, and with `cross` its logits of each story from folds without it."""
    more = (taught.texts, taught.labels) if taught is not None else ([], [])
    ngrams = FastTopicClassifier(seed=settings.seed, **parameters)
    with progress("Fitting n-grams", 1 + FOLDS * cross) as advance:
        ngrams.fit([*rows.texts, *more[0]], [*rows.labels, *more[1]], exclusive=exclusive)
        advance()
        crossed = np.zeros((0, len(ngrams.classes_)), np.float32)
        if cross:
            crossed = ngrams.cross_logits(rows.texts, rows.labels, folds=FOLDS, more=more)
            advance(FOLDS)
    return ngrams, crossed


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
