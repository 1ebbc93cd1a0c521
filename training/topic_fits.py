"""Fit a topic scorer of either engine: n-grams, or a head over sentence vectors with n-grams beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.artefact import ADAPTER, load_artefact
from models.dominance import FEWEST_RANKED, dominant, ranked
from models.fast_topics import FastTopicClassifier, stratified_folds
from models.label_names import RARE, rare_names
from models.novelty import quantile_limit
from models.standard import EncoderSpec, FloatArray, restore_head
from models.story import Story, read_story
from models.topics import full_text
from training.decisions import fit_head_and_weight, fit_ngram_weight
from training.stories import encode_stories, open_encoder, progress
from training.teaching import Taught

if TYPE_CHECKING:
    from models.fitting import HeadSettings
    from models.heads import TopicHead
    from models.standard_topics import StandardTopics

log = logging.getLogger(__name__)
FOLDS = 5
UNITS, PASSES_WITH_UNITS, FEWEST_FOR_UNITS = 256, 20, 1000
"""Hidden units of the other heads that are tried, passes over the stories to fit one, and how many they need."""
NAMING, NAMED = "News about {}.", 2
"""A sentence with a label's name, and how many stories it counts for while fewer than `RARE` have the label."""
NO_MEANING = {"meaning": 0.0}
"""N-grams beside an encoder have no word vectors: it knows what words mean."""
READ = 2
"""Layers of the encoder that are read: what tells news from no news does by both, whether the head does or not."""
FEW_HELD = 1000
"""With fewer held-out stories, those that an encoder has learnt from have a say in what n-grams count for too."""
NEW_NAMES = 2.0
"""How many times the held-out stories' share of unknown words is still familiar: next year's news has other names."""
MOST_UNKNOWN = 0.9
"""A text with a larger share of unknown words is never familiar, however few words the stories taught."""


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
    """Stories with their labels; `vectors` of their sentences, of so many `layers`, for the standard engine.

    `names` has the vectors of a sentence about each label that is rare and has a name, by its column.
    """

    stories: Sequence[Story]
    labels: Sequence[Sequence[str]]
    targets: NDArray[np.float32]
    vectors: Sequence[NDArray[Any]] = ()
    layers: int = 1
    names: Mapping[int, NDArray[Any]] = field(default_factory=dict)

    @cached_property
    def texts(self) -> list[str]:
        """As the n-grams are read from."""
        return [full_text(story) for story in self.stories]

    def has_order(self, exclusive: bool) -> bool:
        """Whether the labels' order says which is dominant, of enough stories to learn it from."""
        return not exclusive and len(self.labels) >= FEWEST_RANKED and ranked(self.labels)

    def with_more(self, other: Rows) -> Rows:
        """These, and of others those that have one of their labels."""
        known = {label for row in self.labels for label in row}
        rows = [row for row, labels in enumerate(other.labels) if known.intersection(labels)]
        return Rows(
            [*self.stories, *(other.stories[row] for row in rows)],
            [*self.labels, *([label for label in other.labels[row] if label in known] for row in rows)],
            np.concatenate([self.targets, other.targets[rows]]),
            [*self.vectors, *(other.vectors[row] for row in rows if len(other.vectors))],
            self.layers,
            self.names,
        )


@dataclass(slots=True)
class Fitted:
    """A scorer, how to learn one from all rows, and what it says of rows that it did not learn from.

    Attributes:
        scorer: fitted.
        refit: learns one from all rows; None where an encoder had learnt from the others.
        calibration_logits: of the rows that calibration is learnt from.
        calibration_targets: of these rows.
        validation_logits: of the held-out rows.
        strange_limit: as in `models.topics.TopicModel`.
        calibration_leading: what n-grams say of which label is dominant there; None where they learnt nothing of it.
    """

    scorer: Any
    refit: Callable[[Rows], Any] | None
    calibration_logits: NDArray[np.float32]
    calibration_targets: NDArray[np.float32]
    validation_logits: NDArray[np.float32]
    strange_limit: float
    calibration_leading: NDArray[np.float32] | None = None

    def calibrated_on(self, held: Rows) -> Fitted:
        """The same, with the held-out rows to learn calibration from."""
        leading = self.scorer.leading_logits(held.texts)
        return replace(
            self,
            calibration_logits=self.validation_logits,
            calibration_targets=held.targets,
            calibration_leading=leading,
        )


def fit_fast(rows: Rows, held: Rows, exclusive: bool, settings: TopicSettings, taught: Taught) -> Fitted:
    """The fast engine: n-grams, and what `taught` says of more stories."""
    from training.search import fit_meaning, search_fast

    data: dict[str, Any] = {"texts": rows.texts, "labels": rows.labels, "exclusive": exclusive, "seed": settings.seed}
    found = search_fast(**data, candidates=settings.search)[0] if settings.search else {"meaning": fit_meaning(**data)}
    order = rows.has_order(exclusive)
    scorer, logits = fit_ngrams(rows, exclusive, settings, found, order, cross=True, taught=taught)
    leading = cross_leading(scorer, rows, taught) if order else None

    def refit(everything: Rows) -> FastTopicClassifier:
        return fit_ngrams(everything, exclusive, settings, found, order, cross=False, taught=taught)[0]

    limit = min(NEW_NAMES * quantile_limit(scorer.strangeness(held.texts)), MOST_UNKNOWN)
    return Fitted(scorer, refit, logits, rows.targets, scorer.decision_function(held.texts), limit, leading)


def fit_standard(rows: Rows, held: Rows, exclusive: bool, settings: TopicSettings, seen: bool) -> Fitted:
    """The standard engine: sentence vectors, the head that suits them, n-grams beside it.

    Args:
        rows: what to learn from.
        held: held out.
        exclusive: whether a story has exactly one label.
        settings: see `TopicSettings`.
        seen: whether the encoder was adapted on `rows`, which flatters a head there; the held-out ones then decide.
    """
    from models.fitting import HeadSettings, settings_for
    from models.standard_topics import StandardTopics

    spec = _read(rows, held, settings=settings)
    heads = _heads(rows, settings)
    folds = _Folds(spec, rows, exclusive, settings.seed)

    def fit_whole(how: HeadSettings) -> StandardTopics:
        with progress("Fitting the head", settings_for(how, len(rows.labels)).epochs) as advance:
            return _fit_head(spec, rows, range(len(rows.labels)), exclusive, how, advance)

    crosswise = not seen or len(held.labels) < FEW_HELD
    order = rows.has_order(exclusive)
    ngrams, crossed = fit_ngrams(rows, exclusive, settings, NO_MEANING, order, cross=crosswise)
    own, weight, first = np.zeros_like(rows.targets), 0.0, None
    if seen:
        scorers = [fit_whole(how) for how in heads]
        if (tuned := None if order else _tuned_with(settings.encoder, rows, exclusive)) is not None:
            plain = HeadSettings(seed=settings.seed)
            scorers.append(StandardTopics(spec, plain, layers=rows.layers).adopt(tuned, rows.vectors))
            heads.append(plain)
        tried = [scorer.attended_logits(held.vectors) for scorer in scorers]
        best, weight = fit_head_and_weight(tried, ngrams.decision_function(held.texts), held.targets, exclusive)
        scorer, head = scorers[best], heads[best]
    else:
        head, first = folds.likeliest(heads, crossed)
        scorer = fit_whole(head)
    if head.units:
        log.info("%s, which does better on stories not learnt from.", described(head))
    if crosswise:
        own = folds.logits(head, first)
        weight = max(weight, fit_ngram_weight(own, crossed, rows.targets, exclusive))
    log.info("n-grams join the sentence vectors with weight %g.", weight)
    scorer.add_ngrams(ngrams, weight)

    def refit(everything: Rows) -> StandardTopics:
        again = _fit_head(spec, everything, range(len(everything.labels)), exclusive, head)
        again.add_ngrams(fit_ngrams(everything, exclusive, settings, NO_MEANING, order, cross=False)[0], weight)
        return again

    logits = scorer.logits(held.vectors, held.texts)
    limit = scorer.strange_limit(held.vectors)
    if seen:
        return Fitted(scorer, None, logits, held.targets, logits, limit, scorer.leading_logits(held.texts))
    leading = cross_leading(ngrams, rows) if order and weight else None
    return Fitted(scorer, refit, own + np.float32(weight) * crossed, rows.targets, logits, limit, leading)


def cross_standard(rows: Rows, exclusive: bool, settings: TopicSettings) -> NDArray[np.float32]:
    """What the standard engine says of every row, having learnt from the folds without it: logits, `(n, n_labels)`."""
    spec = _read(rows, settings=settings)
    _, crossed = fit_ngrams(rows, exclusive, settings, NO_MEANING, order=False, cross=True)
    folds = _Folds(spec, rows, exclusive, settings.seed)
    own = folds.logits(*folds.likeliest(_heads(rows, settings), crossed))
    return own + np.float32(fit_ngram_weight(own, crossed, rows.targets, exclusive)) * crossed


def _read(rows: Rows, *others: Rows, settings: TopicSettings) -> EncoderSpec:
    """Let the rows and others have their vectors, and the rows those of their labels' names; with which encoder."""
    spec = open_encoder(settings.encoder)
    for part in (rows, *others):
        part.layers = READ
        part.vectors = encode_stories(spec, part.stories, settings.cache, layers=part.layers)
    rows.names = _names(spec, rows)
    return spec


def _heads(rows: Rows, settings: TopicSettings) -> list[HeadSettings]:
    """Those that are tried on so many rows."""
    from models.fitting import HeadSettings

    plain = HeadSettings(seed=settings.seed)
    deep = replace(plain, units=UNITS, epochs=PASSES_WITH_UNITS)
    return [plain, deep, replace(deep, layers=2)] if len(rows.labels) >= FEWEST_FOR_UNITS else [plain]


class _Folds:
    """Heads that learn from all folds of the rows but the one that they are asked about."""

    def __init__(self, spec: EncoderSpec, rows: Rows, exclusive: bool, seed: int) -> None:
        """Deal out the rows, whose vectors are read, by their first label."""
        self._spec, self._rows, self._exclusive = spec, rows, exclusive
        self._folds = stratified_folds([row[0] for row in rows.labels], FOLDS, seed)

    def _outside(self, fold: int, how: HeadSettings) -> FloatArray:
        """Logits of a fold's stories from a head that learnt from the others."""
        vectors, inside = self._rows.vectors, np.flatnonzero(self._folds != fold).tolist()
        head = _fit_head(self._spec, self._rows, inside, self._exclusive, how)
        return head.attended_logits([vectors[row] for row in np.flatnonzero(self._folds == fold).tolist()])

    def likeliest(self, heads: Sequence[HeadSettings], beside: FloatArray) -> tuple[HeadSettings, FloatArray]:
        """The head that does best on the first fold with n-grams' logits of all rows beside it; its logits there."""
        first = self._folds == 0
        tried = [self._outside(0, how) for how in heads]
        best, _ = fit_head_and_weight(tried, beside[first], self._rows.targets[first], self._exclusive)
        return heads[best], tried[best]

    def logits(self, head: HeadSettings, first: FloatArray | None = None) -> FloatArray:
        """Of all rows, `(n, n_labels)`; `first`, if known, are those of the first fold."""
        found = np.zeros_like(self._rows.targets)
        known = 0 if first is None else 1
        if first is not None:
            found[self._folds == 0] = first
        with progress("Cross-validating the head", FOLDS - known) as advance:
            for fold in range(known, FOLDS):
                found[self._folds == fold] = self._outside(fold, head)
                advance()
        return found


def _tuned_with(encoder: str | None, rows: Rows, exclusive: bool) -> TopicHead | None:
    """The head that was trained together with an encoder, where it tells the same labels; None elsewhere."""
    from models.heads import TopicHead

    if encoder is None or not (Path(encoder) / ADAPTER).is_file():
        return None
    artefact = load_artefact(encoder)
    labels = sorted({label for row in rows.labels for label in row})
    if artefact.config.get("topics") != {"labels": labels, "exclusive": exclusive}:
        return None
    head = TopicHead(rows.vectors[0].shape[1] // rows.layers, len(labels))
    restore_head(head, "topics", artefact.tensors)
    return head


def described(head: HeadSettings) -> str:
    """A head in words."""
    layers = "the encoder's last layer" if head.layers == 1 else "two of the encoder's layers"
    return f"The head has {head.units} hidden units and reads {layers}"


def _names(spec: EncoderSpec, rows: Rows) -> dict[int, NDArray[Any]]:
    """Vectors of a sentence about each label with fewer than `RARE` stories and a name, by its column."""
    classes = sorted({label for row in rows.labels for label in row})
    names = rare_names(classes, rows.targets.sum(axis=0))
    named = {column: read_story(NAMING.format(name)) for column, name in names.items()}
    if not named:
        return {}
    vectors = encode_stories(spec, list(named.values()), layers=rows.layers, on_progress=lambda *_: None)
    return dict(zip(named, vectors, strict=True))


def _fit_head(
    spec: EncoderSpec,
    rows: Rows,
    chosen: Sequence[int],
    exclusive: bool,
    how: HeadSettings,
    advance: Callable[..., None] = lambda *_: None,
) -> StandardTopics:
    """A head that learnt from the chosen rows, and from the names of the labels that few of them have."""
    from models.standard_topics import StandardTopics

    first = dominant(rows.labels, sorted({label for row in rows.labels for label in row}))
    targets = rows.targets[chosen]
    named = [column for column in rows.names if targets[:, column].sum() < RARE for _ in range(NAMED)]
    names = [rows.names[column] for column in named], np.eye(targets.shape[1], dtype=np.float32)[named]
    return StandardTopics(spec, how, layers=rows.layers).fit(
        [rows.vectors[row] for row in chosen],
        targets,
        exclusive=exclusive,
        first=first[chosen],
        names=names if named else None,
        on_progress=lambda *_: advance(),
    )


def fit_ngrams(
    rows: Rows,
    exclusive: bool,
    settings: TopicSettings,
    parameters: dict[str, Any],
    order: bool,
    *,
    cross: bool,
    taught: Taught | None = None,
) -> tuple[FastTopicClassifier, NDArray[np.float32]]:
    """The n-gram classifier, and with `cross` its logits of each story from folds without it.

    With `order` it learns the dominant labels besides.
    """
    every, more = _with_taught(rows, taught)
    ngrams = FastTopicClassifier(seed=settings.seed, **parameters)
    with progress("Fitting n-grams", 1 + order + FOLDS * cross) as advance:
        ngrams.fit(*every, exclusive=exclusive)
        advance()
        if order:
            ngrams.fit_leading(*every)
            advance()
        crossed = np.zeros((0, len(ngrams.classes_)), np.float32)
        if cross:
            crossed = ngrams.cross_logits(rows.texts, rows.labels, folds=FOLDS, more=more)
            advance(FOLDS)
    return ngrams, crossed


def cross_leading(ngrams: FastTopicClassifier, rows: Rows, taught: Taught | None = None) -> NDArray[np.float32]:
    """What n-grams say of which label is dominant, of each story from folds without it."""
    with progress("Cross-validating the dominant label", 1) as advance:
        found = ngrams.cross_leading(rows.texts, rows.labels, folds=FOLDS, more=_with_taught(rows, taught)[1])
        advance()
    return found


Labelled = tuple[Sequence[str], Sequence[Sequence[str]]]


def _with_taught(rows: Rows, taught: Taught | None) -> tuple[Labelled, Labelled]:
    """Texts and labels of the rows and what a teacher labelled, and of the latter alone."""
    more: Labelled = (taught.texts, taught.labels) if taught is not None else ([], [])
    return ([*rows.texts, *more[0]], [*rows.labels, *more[1]]), more
