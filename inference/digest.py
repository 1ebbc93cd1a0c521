"""One brief of several stories about the same event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.prediction import Prediction
from models.digest import choose_digest
from models.selection import Budget
from models.story import Story
from models.topics import Topic

if TYPE_CHECKING:
    from inference.predict import Copydesk


@dataclass(frozen=True, slots=True)
class DigestSentence:
    """A sentence of a digest, and where it is from: the story's number in the list, and its place in that story."""

    text: str
    story: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Digest:
    """One brief of several stories.

    Attributes:
        summary: whole sentences of the stories.
        sentences: the same, each with its source.
        topics: what the stories are filed under together: labels given to at least half of those about the event.
        stories: each story's own prediction.
        warnings: what a careful reader should know, in plain words.
    """

    summary: str
    sentences: tuple[DigestSentence, ...]
    topics: tuple[Topic, ...]
    stories: tuple[Prediction, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The digest as JSON-ready values; always the same keys."""
        return {
            "summary": self.summary,
            "sentences": [asdict(sentence) for sentence in self.sentences],
            "topics": [asdict(topic) for topic in self.topics],
            "stories": [story.to_dict() for story in self.stories],
            "warnings": list(self.warnings),
        }


def make_digest(desk: Copydesk, stories: Sequence[Any], budget: Budget) -> Digest:
    """See `Copydesk.digest`."""
    read = [desk.read(story) for story in stories]
    predictions = [desk.brief(one) for one in desk.score(read)]  # its own brief of each is not written anew
    texts = [[sentence.text for sentence in story.sentences] for story in read]
    scores = [np.array([_logit(sentence.score) for sentence in one.sentences]) for one in predictions]
    choice = choose_digest(texts, scores, budget)
    sentences = tuple(_sentence(read[row], row, index) for row, index in choice.sentences)
    summary = " ".join(sentence.text for sentence in sentences)
    warnings = [f"story {row} seems to be about something else: it is left out." for row in choice.unrelated]
    if not sentences and any(texts):
        warnings.append("no sentence fits the length asked for: the digest is empty.")
    about = [one for row, one in enumerate(predictions) if row not in choice.unrelated]
    return Digest(summary, sentences, _shared(about), tuple(predictions), tuple(warnings))


def _sentence(story: Story, row: int, index: int) -> DigestSentence:
    place = story.sentences[index]
    return DigestSentence(story.standalone(index), row, place.start, place.end)


def _shared(predictions: Sequence[Prediction]) -> tuple[Topic, ...]:
    """Topics that at least half of the stories have, with their mean score over those."""
    given: dict[str, list[Topic]] = {}
    for one in predictions:
        for topic in one.topics:
            given.setdefault(topic.label, []).append(topic)
    shared = [
        Topic(label, float(np.mean([topic.score for topic in topics])), topics[0].threshold)
        for label, topics in given.items()
        if 2 * len(topics) >= len(predictions)
    ]
    return tuple(sorted(shared, key=lambda topic: (-topic.score, topic.label)))


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-9), 1 - 1e-9)
    return float(np.log(clipped / (1 - clipped)))
