"""How far a story lies from those a model was trained on, so that it can say nothing instead of anything.

The mean sentence vector of a story, scaled to length 1, is held against a Gaussian over the training stories: the
Mahalanobis distance, as in Lee et al., "A simple unified framework for detecting out-of-distribution samples" (2018),
with the covariance shrunk by Ledoit and Wolf (2004). Every story counts twice, whole and as its opening alone, so that
a short story is not strange for being short.

Beside it a linear score tells the training stories from texts that are no news, by Hendrycks et al., "Deep anomaly
detection with outlier exposure" (2019): a recipe lies near a story on food, but a straight line parts the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from models.artefact import Arrays, array
from models.errors import ModelError
from models.word_vectors import Meaning

Floats = NDArray[np.float32]
QUANTILE = 0.99
"""Share of held-out stories, whole and openings, that count as familiar."""
FEWEST_STORIES = 50
KEPT, KEPT_BY_WORDS = 0.999, 0.998
"""Share of held-out stories, whole and openings, that do not count as no news, by sentence vectors and by n-grams."""
NEWS_WEIGHT = 2.0
"""What the written news counts for in telling stories from what is none, where the training stories count for 1."""
BACKGROUND_STRENGTH = 16.0
"""Of the fit, scikit-learn's C where each side's stories count for `BACKGROUND_ROWS` together."""
BACKGROUND_ROWS = 1000.0
ROOM = 1.1
"""How much further a story may lie from the others where a line to what is no news is drawn as well."""
BACKGROUND_MEANING = 0.1
"""How much what words mean beforehand counts beside n-grams, see `Meaning`."""


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


@dataclass(slots=True)
class Background:
    """Tells the training stories from texts that are no news.

    Attributes:
        weight: `(n_features,)`, of mean sentence vectors or of n-grams, whatever the engine's `features` are.
        bias: such that scores over 0 are those of no news.
    """

    weight: Floats
    bias: float

    def __post_init__(self) -> None:
        """Bring the weights to the precision that they are saved in."""
        self.weight = np.asarray(self.weight).astype(np.float16).astype(np.float32)
        self.bias = float(np.float32(self.bias))

    def scores(self, features: Any) -> Floats:
        """Of dense or sparse features, `(n_stories, n_features)`: over 0 where a story is no news, `(n_stories,)`.

        A story without any feature, as one without words, is not refused: it has -1.
        """
        if not features.shape[0]:
            return np.zeros(0, np.float32)
        if scipy.sparse.issparse(features):
            sums, known = features @ self.weight, np.diff(features.indptr) > 0
        else:  # not a product of matrices, which rounds otherwise for many rows than for one
            sums, known = (features * self.weight).sum(axis=1), features.any(axis=1)
        return np.where(known, sums + np.float32(self.bias), np.float32(-1)).astype(np.float32)

    @classmethod
    def fit(cls, stories: Any, news: Any, none: Any, words: Sequence[str] = ()) -> Background:
        """Draw a line between stories and what is no news.

        Args:
            stories: features of training stories, dense or sparse, `(n_stories, n_features)`.
            news: of news written by the same hand as the third kind, so that it is not the hand that is told.
            none: of texts that are no news.
            words: that the first features stand for; what they mean beforehand then helps, see `Meaning`.
        """
        from sklearn.linear_model import LogisticRegression

        kinds = (stories, news, none)
        sizes = [kind.shape[0] for kind in kinds]
        shares = BACKGROUND_ROWS * np.array([1.0, NEWS_WEIGHT, 1.0]) / sizes
        truth = np.repeat([False, False, True], sizes)
        features = stacked(*kinds)
        meaning = Meaning(stories, words, BACKGROUND_MEANING) if len(words) else None
        if meaning is not None:
            features = scipy.sparse.hstack([features, meaning.of(features)], format="csr")
        model = LogisticRegression(C=BACKGROUND_STRENGTH, max_iter=2000)
        model.fit(features, truth, sample_weight=np.repeat(shares, sizes))
        weight, bias = model.coef_[0, : stories.shape[1]], float(model.intercept_[0])
        if meaning is not None:
            known, beside = meaning.in_words(model.coef_[0, stories.shape[1] :])
            weight[: len(known)] += known
            bias += beside
        return cls(weight, bias)

    def limit(self, features: Any) -> float:
        """The score that nearly all stories (`KEPT`) which it was not fitted on stay below; more where they are few.

        It is never less than even odds.
        """
        scores = self.scores(features)
        kept = KEPT_BY_WORDS if scipy.sparse.issparse(features) else KEPT
        return max(0.0, float(np.quantile(scores, kept) + scores.std() / np.sqrt(len(scores))))

    def above(self, limit: float) -> Background:
        """The same, but that scores of `limit` become 0."""
        return Background(self.weight, self.bias - limit)

    def tensors(self) -> Arrays:
        """`background.weight` in float16, and `background.bias`."""
        weight = self.weight.astype(np.float16)
        return {"background.weight": weight, "background.bias": np.array([self.bias], np.float32)}

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, NDArray[Any]], n_features: int, before: int | None = None
    ) -> Background | None:
        """As saved; None where there is none. Older models go by the first `before` of the features alone.

        Raises:
            ModelError: a tensor is missing or of another shape.
        """
        if not any(name.startswith("background.") for name in tensors):
            return None
        name = "background.weight"
        older = before is not None and name in tensors and tensors[name].shape == (before,)
        bias, weight = array(tensors, "background.bias", (1,)), array(tensors, name, (before if older else n_features,))
        weight = np.pad(weight, (0, n_features - len(weight)))
        if np.abs(weight).max(initial=0) > np.finfo(np.float16).max:
            raise ModelError("tensor 'background.weight' has numbers that float16 does not hold.")
        return cls(weight, float(bias[0]))


def stacked(*kinds: Any) -> Any:
    """The rows of dense or of sparse features, one kind beneath the other."""
    return scipy.sparse.vstack(kinds, format="csr") if scipy.sparse.issparse(kinds[0]) else np.concatenate(kinds)


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
