"""What each part of a story adds to a label's logit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.prediction import Contribution, Explanation
from models.errors import DataError, ModelError
from models.story import Story, passages
from models.topics import TopicModel, full_text, unknown_label

if TYPE_CHECKING:
    from inference.predict import Copydesk


def make_explanation(desk: Copydesk, story: Story, label: str) -> Explanation:
    """See `Copydesk.explain`."""
    topics = desk.topics
    if topics is None:
        raise ModelError("explain: this Copydesk has no topic model.")
    if label not in topics.classes_:
        raise DataError(f"explain: {unknown_label(label, topics.classes_)}")
    column = topics.classes_.index(label)
    logits = topics.decision_function([story])
    limits = topics.thresholds_ if desk.thresholds is None else desk.thresholds
    return Explanation(
        label,
        float(logits[0, column]),
        float(topics.calibration.apply(logits)[0, column]),
        float(limits[column]),
        tuple(_parts(topics, story, label, column)),
    )


def _parts(topics: TopicModel, story: Story, label: str, column: int) -> list[Contribution]:
    if topics.engine == "fast":
        return [Contribution(gram, value) for gram, value in topics.scorer.explain(full_text(story), label)]
    read = passages(story)
    values = topics.scorer.contributions(read, topics.scorer.encode([read])[0].vectors)[:, column]
    head = [(story.title, None, None)] if story.title else []
    places = head + [(sentence.text, sentence.start, sentence.end) for sentence in story.sentences]
    return [
        Contribution(str(text), float(value), start, end)
        for (text, start, end), value in zip(places, values, strict=True)
    ]
