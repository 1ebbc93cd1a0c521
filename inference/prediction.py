"""What a prediction holds; the same fields whatever was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.story import Removal, Story
from models.topics import Topic


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """A sentence of the story.

    Attributes:
        text: the sentence, white space and broken characters repaired.
        start: first character in `Prediction.text`.
        end: one past the last character.
        score: probability of belonging in the brief, 0 to 1.
        chosen: whether the brief has it.
    """

    text: str
    start: int
    end: int
    score: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """Topics and brief of one story.

    Attributes:
        topics: the labels given, the dominant one first; empty where none passed its threshold.
        summary: whole sentences of the story, in its order, unless `written` has it; empty for a story without any.
        sentences: every sentence with its place and score.
        title: the headline, given or found.
        headline: a proposal: at most 12 words out of the best sentence's own, unless `written` has it; None where none
            can be made.
        written: "summary", "headline" or both, where a language model wrote it, or a part of the summary, and the
            story supports it; see `inference.writing`. The chosen sentences are then those of the extract.
        scores: probability of every label, likeliest first.
        text: what the offsets count in: the input, or for HTML the article found in it.
        removed: what cleaning took out.
        warnings: what a careful reader should know, in plain words.
    """

    topics: tuple[Topic, ...] = ()
    summary: str = ""
    sentences: tuple[SentenceScore, ...] = ()
    title: str | None = None
    headline: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    text: str = ""
    removed: tuple[Removal, ...] = ()
    warnings: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The prediction as JSON-ready values; always the same keys."""
        plain = _fields(self)
        for name in ("topics", "sentences", "removed"):
            plain[name] = [_fields(part) for part in plain[name]]
        plain["scores"] = dict(self.scores)
        plain["warnings"] = list(self.warnings)
        plain["written"] = list(self.written)
        return plain


@dataclass(frozen=True, slots=True)
class Scored:
    """A story as the models have read it: a brief of any length can be chosen without reading it again.

    Attributes:
        story: the story.
        probabilities: of every label, `(n_labels,)`; None without a topic model.
        logits: of every sentence, `(n_sentences,)`.
        cut: how many sentences were too long for the encoder's window.
        strange: whether it is too unlike the topic model's training stories for a label.
        leading: how much speaks for each label being the dominant one, `(n_labels,)`; None without a topic model.
    """

    story: Story
    probabilities: NDArray[np.float64] | None
    logits: NDArray[np.float32]
    cut: int = 0
    strange: bool = False
    leading: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """A part of a story and what it adds to a label's logit; `start` is None for what has no place in the text."""

    text: str
    value: float
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a story has a label, or has it not: the contributions sum to the logit exactly.

    Attributes:
        label: the label in question.
        logit: the model's raw score.
        probability: the score after calibration.
        threshold: the probability the label needs.
        contributions: sentences in the order of the story; with the fast engine n-grams, those that count most first.
    """

    label: str
    logit: float
    probability: float
    threshold: float
    contributions: tuple[Contribution, ...]

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON-ready values; always the same keys."""
        return _fields(self) | {"contributions": [_fields(part) for part in self.contributions]}

    def strongest(self, n: int = 3) -> list[Contribution]:
        """The `n` parts of the story that speak most for the label; what stands for all others is not among them."""
        from models.fast_topics import INTERCEPT, OTHERS

        named = [part for part in self.contributions if part.text not in (INTERCEPT, OTHERS)]
        return sorted(named, key=lambda part: -part.value)[:n]


def _fields(record: Any) -> dict[str, Any]:
    """The fields of a dataclass as they are; `asdict` copies every value, which takes several times as long."""
    return {item.name: getattr(record, item.name) for item in fields(record)}
