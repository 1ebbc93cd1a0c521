"""How far a story lies from those a model was trained on, so that it can say nothing instead of anything.

The mean sentence vector of a story, scaled to length 1, is held against a Gaussian over the training stories: the
Mahalanobis distance, as in Lee et al., "A simple unified framework for detecting out-of-distribution samples" (2018),
with the covariance shrunk by Ledoit and Wolf (2004). Every story counts twice, whole and as its opening alone, so that
a short story is not strange for being short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.artefact import Arrays, array

Floats = NDArray[np.float32]
QUANTILE = 0.99
"""Share of held-out stories, whole and openings, that count as familiar."""
FEWEST_STORIES = 50


class Familiarity:
    """A Gaussian over stories.

    Attributes:
        mean: `(hidden,)`.
        whitening: `(hidden, hidden)`; the distance of a vector is the length of `(vector - mean) @ whitening`.
    """

    def __init__(self, mean: Floats, whitening: Floats) -> None:
        """Keep the parameters, in the precision they are saved in."""
        self.mean = mean.astype(np.float32)
        self.whitening = whitening.astype(np.float16).astype(np.float32)

    @classmethod
    def fit(cls, vectors: Sequence[NDArray[Any]]) -> Familiarity:
        """Learn from training stories' sentence vectors, one `(n_sentences, hidden)` array each."""
        from sklearn.covariance import LedoitWolf

        model = LedoitWolf().fit(np.concatenate([pooled(vectors), pooled(openings(vectors))]).astype(np.float64))
        values, axes = np.linalg.eigh(model.covariance_)
        whitening = axes / np.sqrt(np.maximum(values, values[-1] * 1e-9))
        return cls(model.location_, whitening)

    def distances(self, vectors: Sequence[NDArray[Any]]) -> Floats:
        """How far each story is from the training stories, `(n_stories,)`; 0 for one without sentences."""
        distances = np.zeros(len(vectors), np.float32)
        for row, story in enumerate(vectors):
            if len(story):  # each by itself: a product of many rows is rounded otherwise than one of a single row
                distances[row] = np.linalg.norm((pooled([story])[0] - self.mean) @ self.whitening)
        return distances

    def limit(self, vectors: Sequence[NDArray[Any]]) -> float:
        """The distance beyond which a story is strange, from stories that the Gaussian was not fitted on."""
        distances = np.concatenate([self.distances(vectors), self.distances(openings(vectors))])
        return quantile_limit(distances)

    def tensors(self) -> Arrays:
        """`familiar.mean` and `familiar.whitening`, the latter in float16."""
        return {"familiar.mean": self.mean, "familiar.whitening": self.whitening.astype(np.float16)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], hidden: int) -> Familiarity:
        """As saved.

        Raises:
            ModelError: a tensor is missing or of another shape.
        """
        mean = array(tensors, "familiar.mean", (hidden,))
        return cls(mean, array(tensors, "familiar.whitening", (hidden, hidden)))


def quantile_limit(values: NDArray[Any]) -> float:
    """The limit that held-out stories' strangeness sets, wider where there are few of them."""
    return float(np.quantile(values, QUANTILE) * (1.0 + 1.0 / np.sqrt(len(values))))


def pooled(vectors: Sequence[NDArray[Any]]) -> Floats:
    """The mean vector of each story, scaled to length 1, `(n_stories, hidden)`."""
    width = next((story.shape[1] for story in vectors if story.ndim == 2 and story.shape[1]), 0)
    means = np.zeros((len(vectors), width), np.float32)
    for row, story in enumerate(vectors):
        if len(story):
            means[row] = story.astype(np.float32).mean(axis=0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return means


def openings(vectors: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """The first passage of each second story, the first two of the others."""
    return [story[: 1 + row % 2] for row, story in enumerate(vectors)]
