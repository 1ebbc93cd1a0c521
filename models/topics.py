"""A topic model: a scorer of either engine, calibrated probabilities, and a threshold per label."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact, array, load_artefact
from models.calibration import PlattScaling, TemperatureScaling
from models.dominance import Dominance
from models.errors import DataError, ModelError
from models.language import foreign_language
from models.novelty import Background
from models.schema import check_config
from models.story import Story, passages, read_story, several

FEWEST_WORDS = 4
"""A text of fewer words says too little to be labelled."""
FloatArray = NDArray[np.float32]
Calibration = PlattScaling | TemperatureScaling


@dataclass(frozen=True, slots=True)
class Topic:
    """A label given to a story, its probability, and the threshold it passed."""

    label: str
    score: float
    threshold: float


def counted_f1(both: int, sizes: int) -> float:
    """Micro-F1 of so many labels both given and wanted, and the numbers given and wanted together."""
    return 2 * both / max(1, sizes)


def as_story(story: str | Story) -> Story:
    """A story that is read already, or a text read now."""
    return story if isinstance(story, Story) else read_story(story)


def labelable(story: Story) -> bool:
    """Whether there is anything to label: four words, a letter among them, and no other language than English."""
    has_letters = any(map(str.isalpha, story.text))
    return story.words >= FEWEST_WORDS and has_letters and foreign_language(story.text) is None


def as_stories(stories: Sequence[str | Story]) -> list[Story]:
    """Stories, those that are texts read now.

    Raises:
        TypeError: it is a single text or a table, see `models.story.several`.
    """
    return [as_story(story) for story in several(stories, "stories")]


def full_text(story: Story) -> str:
    """What the n-gram engine reads of a story: title, line break, sentences."""
    return "\n".join(part for part in (story.title, story.text) if part)


def unknown_label(label: str, known: Sequence[str]) -> str:
    """What to say of a label that a model does not have."""
    near = difflib.get_close_matches(str(label).casefold(), [name.casefold() for name in known], 1)
    meant = next((f" Did you mean {name!r}?" for name in known if near and name.casefold() == near[0]), "")
    return f"unknown label {label!r}; the model knows {', '.join(map(repr, known))}.{meant}"


def target_matrix(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> FloatArray:
    """0/1 of shape `(n_stories, n_labels)`; labels that are not among the classes are left out."""
    column = {label: index for index, label in enumerate(classes)}
    targets = np.zeros((len(labels), len(classes)), dtype=np.float32)
    for row, names in enumerate(labels):
        for name in names:
            if name in column:
                targets[row, column[name]] = 1.0
    return targets


@dataclass(slots=True)
class TopicModel:
    """Labels stories; lists of str in, arrays of shape `(n_stories, n_labels)` out, as in scikit-learn.

    Attributes:
        scorer: `models.standard_topics.StandardTopics` or `models.fast_topics.FastTopicClassifier`.
        classes_: the labels, sorted.
        exclusive_: whether a story has exactly one label.
        calibration: turns logits into probabilities.
        thresholds_: the probability each label needs, `(n_labels,)`.
        lead_threshold: the probability the likeliest label needs when none passes its own threshold.
        strange_limit: how strange a story may be before it gets no label; see `strangeness`.
        background: tells stories from texts that are no news, which get no label either; None where it was not learnt.
        dominance: tells which of a story's labels is the dominant one; None where that is the likeliest.
    """

    scorer: Any
    classes_: list[str]
    exclusive_: bool
    calibration: Calibration
    thresholds_: NDArray[np.float64]
    lead_threshold: float = 1.0
    strange_limit: float = float("inf")
    background: Background | None = None
    dominance: Dominance | None = None

    @property
    def engine(self) -> str:
        """Which engine scores: "standard" or "fast"."""
        return str(getattr(self.scorer, "engine", "fast"))

    def decision_function(
        self, stories: Sequence[str | Story], vectors: Sequence[NDArray[Any]] | None = None
    ) -> FloatArray:
        """Raw logits, `(n_stories, n_labels)`.

        `vectors` are the sentence vectors of the stories' passages where the caller has encoded them already.
        """
        read = as_stories(stories)
        if self.engine == "fast":
            logits: FloatArray = self.scorer.decision_function([full_text(story) for story in read])
            return logits
        if vectors is None:
            vectors = self.vectors(read)
        logits = self.scorer.logits(vectors, [full_text(story) for story in read])
        return logits

    def predict_proba(
        self, stories: Sequence[str | Story], vectors: Sequence[NDArray[Any]] | None = None
    ) -> NDArray[np.float64]:
        """Calibrated probabilities, `(n_stories, n_labels)`; rows sum to 1 where labels exclude each other."""
        return self.calibration.apply(self.decision_function(stories, vectors))

    def decide(
        self, probabilities: NDArray[np.float64], thresholds: NDArray[np.float64] | None = None
    ) -> NDArray[np.bool_]:
        """Which labels are given, `(n_stories, n_labels)`; `thresholds` override the model's own.

        A label whose threshold is another is not given for want of a better one.
        """
        limits = self.thresholds_ if thresholds is None else thresholds
        lead = np.where(limits == self.thresholds_, self.lead_threshold, 1.0)
        return decide(probabilities, limits, lead, self.exclusive_)

    def predict(
        self,
        stories: Sequence[str | Story],
        vectors: Sequence[NDArray[Any]] | None = None,
        thresholds: float | Mapping[str, float] | None = None,
    ) -> list[list[str]]:
        """The labels of each story, the dominant one first; an empty list where nothing passes its threshold.

        A story that is too unlike the training stories gets none either, nor does a text that is none (`labelable`).

        Args:
            stories: texts, or stories that are read already.
            vectors: as in `decision_function`.
            thresholds: for all labels or some, in place of the model's own, see `override`.
        """
        read = as_stories(stories)
        if vectors is None:
            vectors = self.vectors(read)
        probabilities = self.predict_proba(read, vectors)
        limits = None if thresholds is None else self.override(thresholds)
        given = self.topics(probabilities, self.leading(read, probabilities), limits)
        refused = self.refused(read, vectors)
        return [[] if skip else [topic.label for topic in row] for row, skip in zip(given, refused, strict=True)]

    def refused(
        self, stories: Sequence[str | Story], vectors: Sequence[NDArray[Any]] | None = None
    ) -> NDArray[np.bool_]:
        """Which stories get no label whatever their probabilities, `(n_stories,)`: no text to label, or `strange`."""
        read = as_stories(stories)
        return self.strange(read, vectors) | ~np.array([labelable(story) for story in read], np.bool_)

    def vectors(self, stories: Sequence[Story]) -> list[NDArray[Any]] | None:
        """Sentence vectors of the stories' passages; None where the engine needs none."""
        if self.engine == "fast":
            return None
        return [story.vectors for story in self.scorer.encode([passages(story) for story in stories])]

    def strangeness(self, stories: Sequence[str | Story], vectors: Sequence[NDArray[Any]] | None = None) -> FloatArray:
        """How unlike the training stories each story is, `(n_stories,)`.

        The Mahalanobis distance of its mean sentence vector, or with the fast engine the share of unknown words.
        """
        read = as_stories(stories)
        texts = [full_text(story) for story in read]
        strange: FloatArray = (
            self.scorer.strangeness(texts)
            if self.engine == "fast"
            else self.scorer.strangeness(self.vectors(read) if vectors is None else vectors, texts)
        )
        return strange

    def strange(
        self, stories: Sequence[str | Story], vectors: Sequence[NDArray[Any]] | None = None
    ) -> NDArray[np.bool_]:
        """Which stories are too unlike the training stories for a label, `(n_stories,)`.

        Those that lie too far from them (`strangeness`), and those that are no news (`background`).
        """
        read = as_stories(stories)
        if vectors is None:
            vectors = self.vectors(read)
        strange: NDArray[np.bool_] = self.strangeness(read, vectors) > self.strange_limit
        if self.background is not None:
            texts = vectors if vectors is not None else [full_text(story) for story in read]
            strange |= self.background.scores(self.scorer.features(texts)) > 0
        return strange

    def leading(self, stories: Sequence[str | Story], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much speaks for each label being a story's dominant one, `(n_stories, n_labels)`.

        The probabilities themselves where `dominance` was not learnt.
        """
        if self.dominance is None:
            return probabilities
        beside = self.scorer.leading_logits([full_text(story) for story in as_stories(stories)])
        return self.dominance.scores(probabilities, beside)

    def topics(
        self,
        probabilities: NDArray[np.float64],
        leading: NDArray[np.float64],
        thresholds: NDArray[np.float64] | None = None,
    ) -> list[list[Topic]]:
        """The labels given to each story, the dominant one first, from what `predict_proba` and `leading` say."""
        limits = self.thresholds_ if thresholds is None else thresholds
        given = self.decide(probabilities, thresholds)
        return [
            [
                Topic(self.classes_[index], float(row[index]), float(limits[index]))
                for index in np.argsort(-lead, kind="stable")
                if chosen[index]
            ]
            for row, lead, chosen in zip(probabilities, leading, given, strict=True)
        ]

    def score(self, stories: Sequence[str | Story], labels: Sequence[Sequence[str]]) -> float:
        """Accuracy where labels exclude each other, else micro-F1; a label that the model does not know is missed.

        Raises:
            ValueError: there are not as many rows of labels as stories.
        """
        pairs = [
            (set(found), {wanted} if isinstance(wanted, str) else set(wanted))
            for found, wanted in zip(self.predict(stories), labels, strict=True)
        ]
        if self.exclusive_:
            return sum(bool(found & wanted) for found, wanted in pairs) / max(1, len(pairs))
        both = sum(len(found & wanted) for found, wanted in pairs)
        return counted_f1(both, sum(len(found) + len(wanted) for found, wanted in pairs))

    def override(self, thresholds: float | Mapping[str, float]) -> NDArray[np.float64]:
        """The thresholds with one value for all labels, or with some labels' replaced.

        Raises:
            DataError: a label is unknown, or a value is not between 0 and 1.
        """
        limits = self.thresholds_.copy()
        if not isinstance(thresholds, Mapping):
            thresholds = dict.fromkeys(self.classes_, thresholds)
        for label, value in thresholds.items():
            if label not in self.classes_:
                raise DataError(f"threshold for {unknown_label(label, self.classes_)}")
            if not isinstance(value, int | float | np.number):
                raise DataError(f"threshold of {label!r} must be a number, not {value!r}.")
            if not 0 <= value <= 1:
                raise DataError(f"threshold of {label!r} must be between 0 and 1, not {value}.")
            limits[self.classes_.index(label)] = value
        return limits

    def artefact(self, training: dict[str, Any], card: str) -> Artefact:
        """The model as a folder's contents."""
        config = {
            "task": "topics",
            "engine": self.engine,
            "labels": self.classes_,
            "exclusive": self.exclusive_,
            "calibration": self.calibration.config(),
            "thresholds": [round(float(value), 6) for value in self.thresholds_],
            "lead_threshold": round(float(self.lead_threshold), 6),
            "strange_limit": round(float(self.strange_limit), 6) if np.isfinite(self.strange_limit) else None,
            **self.scorer.config(),
        }
        tensors = self.scorer.tensors()
        for part in (self.background, self.dominance):
            tensors |= part.tensors() if part is not None else {}
        if self.engine == "fast":
            return Artefact(config, tensors, training, card)
        adapter, fast = self.scorer.adapter_arrays(), self.scorer.fast_arrays()
        return Artefact(config, tensors, training, card, adapter, fast)

    @classmethod
    def load(cls, folder: Path | str, **options: Any) -> TopicModel:
        """Read a topic model's folder; `options` (encoder, dtype) reach the standard engine.

        Raises:
            ModelError: see `models.artefact.load_artefact`.
        """
        artefact = load_artefact(folder, task="topics")
        check_config(artefact)
        config = artefact.config
        labels, limits = config["labels"], config["thresholds"]
        thresholds = array({"thresholds": np.array(limits, dtype=np.float64)}, "thresholds", (len(labels),))
        scorer = _load_scorer(artefact, len(labels), options)
        calibration = _load_calibration(config, len(labels))
        lead, limit = config.get("lead_threshold"), config.get("strange_limit")
        dominance = Dominance.from_tensors(artefact.tensors, len(labels))
        if dominance is not None and dominance.weight_ and scorer.leading_logits([]) is None:
            raise ModelError(f"{artefact.folder}: tensor 'leading' is missing, which 'dominance.weight' is for.")
        return cls(
            scorer,
            labels,
            bool(config.get("exclusive")),
            calibration,
            thresholds,
            1.0 if lead is None else float(lead),
            float("inf") if limit is None else float(limit),
            Background.from_tensors(artefact.tensors, scorer.n_features, getattr(scorer, "hidden", None)),
            dominance,
        )


def decide(
    probabilities: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    lead_threshold: float | NDArray[np.float64],
    exclusive: bool,
) -> NDArray[np.bool_]:
    """Which labels are given, `(n_stories, n_labels)`.

    Where labels exclude each other only the likeliest can be given. Otherwise every label over its threshold is, and
    where there is none the likeliest if it reaches `lead_threshold`, one for all labels or `(n_labels,)`.
    """
    passed = probabilities >= thresholds
    if not len(probabilities):
        return passed
    leading = np.zeros_like(passed)
    leading[np.arange(len(probabilities)), probabilities.argmax(axis=1)] = True
    if exclusive:
        return passed & leading
    alone = ~passed.any(axis=1, keepdims=True) & leading & (probabilities >= lead_threshold)
    return passed | alone


def _load_calibration(config: Mapping[str, Any], n_labels: int) -> Calibration:
    entry = config.get("calibration")
    if not isinstance(entry, dict):
        raise ModelError("config.json has no valid 'calibration'.")
    if config.get("exclusive"):
        return TemperatureScaling.from_config(entry)
    platt = PlattScaling.from_config(entry)
    if len(platt.a_) != n_labels:
        raise ModelError(f"config.json: 'calibration' is for {len(platt.a_)} labels, the model has {n_labels}.")
    return platt


def _load_scorer(artefact: Artefact, n_labels: int, options: dict[str, Any]) -> Any:
    engine = artefact.config["engine"]
    if engine == "standard":
        from models.standard_topics import StandardTopics

        return StandardTopics.from_artefact(artefact, n_labels, **options)
    if engine == "fast":
        from models.fast_topics import FastTopicClassifier

        return FastTopicClassifier.from_parts(artefact.config, artefact.tensors)
    raise ModelError(f"{artefact.folder}: engine {engine!r} is unknown to this version; update copydesk.")
