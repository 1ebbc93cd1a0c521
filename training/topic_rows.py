"""What a topic model makes of every row of a data set: the one run that figures, files and reports are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import DataError
from models.story import Story, passages
from models.topics import TopicModel, full_text, target_matrix
from training.bootstrap import Floats
from training.data import Articles
from training.metrics import Bools
from training.stories import encode_stories, read_stories

LEAST_EVIDENCE = 0.01
"""What a sentence or an n-gram must add to a logit to be called evidence."""

TopicArguments = tuple[Bools, Bools, Floats, NDArray[np.int64], bool, NDArray[np.int64]]
"""What `training.metrics.topic_metrics` takes."""


@dataclass(slots=True)
class TopicRows:
    """Truth and prediction of every readable row.

    Attributes:
        model: what predicted.
        articles: all readable rows, those without a label too.
        stories: the articles as the model reads them.
        judged: positions of the rows that have a label; figures are over these.
        classes: the model's labels, then those of the data that it does not know.
        targets: `(n, n_classes)`, the rows' labels.
        given: `(n, n_classes)`, the labels given.
        probabilities: `(n, n_classes)`, 0 for a label unknown to the model.
        leading: how much speaks for each of the model's labels being a row's dominant one, `(n, n_labels)`.
        vectors: sentence vectors of the standard engine, for evidence.
    """

    model: TopicModel
    articles: Articles
    stories: list[Story]
    judged: list[int]
    classes: list[str]
    targets: Bools
    given: Bools
    probabilities: Floats
    leading: Floats
    vectors: Sequence[NDArray[Any]] | None = field(default=None, repr=False)

    @property
    def unknown(self) -> list[str]:
        """Labels of the data that the model does not know."""
        return self.classes[len(self.model.classes_) :]

    @property
    def held(self) -> Articles:
        """The rows that have a label."""
        return self.articles.take(self.judged)

    @property
    def unlabelled(self) -> int:
        """How many rows have no label."""
        return len(self.articles) - len(self.judged)

    def arguments(self, classes: Sequence[str] | None = None) -> TopicArguments:
        """Targets, given labels, probabilities, first labels, whether labels exclude each other, and the labels judged
        dominant of the judged rows, over these classes or its own.
        """
        classes = self.classes if classes is None else classes
        columns = [classes.index(label) for label in self.classes]
        shape = (len(self.judged), len(classes))
        targets, given, probabilities = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_), np.zeros(shape)
        targets[:, columns] = self.targets[self.judged]
        given[:, columns] = self.given[self.judged]
        probabilities[:, columns] = self.probabilities[self.judged]
        leading = np.array([columns[int(place)] for place in self.leading[self.judged].argmax(axis=1)], np.int64)
        first = first_labels(self.held.labels or [], classes)
        return targets, given, probabilities, first, self.model.exclusive_, leading

    def limits(self) -> NDArray[np.float64]:
        """The probability each of the classes needs, `(n_classes,)`; 1 for a label unknown to the model."""
        return np.concatenate([self.model.thresholds_, np.ones(len(self.unknown))])

    def evidence(self, position: int, label: str, most: int = 3) -> list[tuple[str, float]]:
        """What spoke most for a label in a row: sentences, or the n-grams of the fast engine, and what they add.

        Only what adds a hundredth or more is listed; nothing for a label unknown to the model.
        """
        if label not in self.model.classes_:
            return []
        story = self.stories[position]
        if self.vectors is None:
            from models.fast_topics import INTERCEPT, OTHERS

            parts = self.model.scorer.explain(full_text(story), label, top=50)
            found = [(str(gram), float(value)) for gram, value in parts if gram not in (INTERCEPT, OTHERS)]
        else:
            read, column = passages(story), self.model.classes_.index(label)
            values = self.model.scorer.contributions(read, self.vectors[position])
            found = [(text, float(row[column])) for text, row in zip(read, values, strict=True)]
        found.sort(key=lambda part: -part[1])
        return [part for part in found[:most] if part[1] >= LEAST_EVIDENCE]


def first_labels(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> NDArray[np.int64]:
    """The column of each row's first label, -1 where the model does not know it."""
    column = {label: index for index, label in enumerate(classes)}
    return np.array([column.get(row[0], -1) if row else -1 for row in labels], dtype=np.int64)


def run_topics(model: TopicModel, articles: Articles) -> TopicRows:
    """Label every row.

    Raises:
        DataError: no row has a label to judge by.
    """
    labels = articles.labels or [[] for _ in articles.texts]
    judged = [row for row, names in enumerate(labels) if names]
    if not judged:
        raise DataError(f"{articles.name}: no row has a label; name the column with --labels-column.")
    stories = read_stories(articles)
    scorer = model.scorer
    vectors = encode_stories(scorer.spec, stories, layers=scorer.layers) if model.engine == "standard" else None
    probabilities = model.predict_proba(stories, vectors)
    unknown = sorted({label for row in labels for label in row} - set(model.classes_))
    classes = [*model.classes_, *unknown]
    extra = ((0, 0), (0, len(unknown)))
    given = model.decide(probabilities)
    given[model.refused(stories, vectors)] = False
    return TopicRows(
        model,
        articles,
        stories,
        judged,
        classes,
        target_matrix(labels, classes) > 0,
        np.pad(given, extra),
        np.pad(probabilities, extra),
        model.leading(stories, probabilities),
        vectors,
    )
