"""The fast summariser's first stage: one weight for each feature and each word of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from models.artefact import array
from models.errors import ModelError
from models.sentence_features import Batch, Doubles, Floats

OPENING_WORDS = 2
STEPS = 60


@dataclass(frozen=True, slots=True)
class WordRows:
    """The known words of sentences: `words` all of them, `opening` the first two; each `(n_sentences, n_words)`."""

    words: scipy.sparse.csr_matrix
    opening: scipy.sparse.csr_matrix

    @classmethod
    def of(cls, batch: Batch, n_words: int) -> Self:
        """The words of a batch. A sentence's add up to about the root of its length, however long it is."""
        n, counts = len(batch.texts), batch.words.counts
        known = np.flatnonzero((batch.place >= 0) & (batch.row < n))
        row, column = batch.row[known], batch.place[known]
        opens = np.flatnonzero(known - (np.cumsum(counts) - counts)[row] < OPENING_WORDS)
        value = 1.0 / np.sqrt(np.maximum(counts, 1.0))
        return cls(
            _csr(row, column, value[row], (n, n_words)),
            _csr(row[opens], column[opens], np.ones(len(opens)), (n, n_words)),
        )

    @classmethod
    def joined(cls, parts: Sequence[WordRows]) -> Self:
        """Those of several batches."""
        return cls(
            scipy.sparse.vstack([part.words for part in parts], format="csr"),
            scipy.sparse.vstack([part.opening for part in parts], format="csr"),
        )

    def __getitem__(self, rows: NDArray[Any]) -> WordRows:
        return WordRows(self.words[rows], self.opening[rows])


def _csr(row: NDArray[Any], column: NDArray[Any], value: Doubles, shape: tuple[int, int]) -> scipy.sparse.csr_matrix:
    starts = np.searchsorted(row, np.arange(shape[0] + 1)).astype(np.int32)
    return scipy.sparse.csr_matrix((value, column, starts), shape=shape)


@dataclass(frozen=True, slots=True)
class LinearSalience:
    """Logistic regression over standardised sentence features and words.

    Attributes:
        plain: mean, scale and weight of each sentence feature, float64 `(3, n_features)`.
        bias: the intercept.
        words: the weight of each word and of each opening word, float32 `(2, n_words)`.
    """

    plain: Doubles
    bias: float
    words: Floats

    @classmethod
    def fit(cls, rows: Floats, words: WordRows, targets: Floats, penalty: float) -> Self:
        """Fit by L-BFGS, in one thread: the same rows make the same weights.

        Args:
            rows: `(n, n_features)`.
            words: of the same sentences.
            targets: `(n,)`, from 0 to 1.
            penalty: L2 penalty of the words' weights.
        """
        from scipy.optimize import minimize
        from threadpoolctl import threadpool_limits

        mean, scale = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
        scale[scale < 1e-6] = 1.0
        dense = (rows - mean) / scale
        n, n_words = dense.shape[1], words.words.shape[1]
        known, opening = words.words, words.opening
        known_columns, opening_columns = known.T.tocsr(), opening.T.tocsr()
        penalties = np.concatenate((np.ones(n), [0.0], np.full(2 * n_words, penalty)))

        def loss(weights: Doubles) -> tuple[float, Doubles]:
            logits = dense @ weights[:n] + weights[n]
            logits += known @ weights[n + 1 : n + 1 + n_words] + opening @ weights[n + 1 + n_words :]
            error = sigmoid(logits) - targets
            gradient = np.concatenate((error @ dense, [error.sum()], known_columns @ error, opening_columns @ error))
            value = np.logaddexp(0.0, logits).sum() - logits @ targets + 0.5 * (penalties * weights) @ weights
            return float(value), gradient + penalties * weights

        with threadpool_limits(1):
            found = minimize(loss, np.zeros(len(penalties)), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
        saved = found[n + 1 :].reshape(2, n_words).astype(np.float16).astype(np.float32)
        return cls(np.stack([mean, scale, found[:n]]), float(found[n]), saved)

    def scores(self, rows: Floats, words: WordRows) -> Doubles:
        """What the words, the opening words, and everything together say for a sentence, `(n, 3)`."""
        mean, scale, weight = self.plain
        said = words.words @ self.words[0].astype(np.float64)
        opening = words.opening @ self.words[1].astype(np.float64)
        every = ((rows - mean) / scale * weight).sum(axis=1) + self.bias + said + opening
        return np.stack((said, opening, every), axis=1)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The weights as they are saved, those of words in float16."""
        return {
            "linear.plain": self.plain,
            "linear.bias": np.array([self.bias]),
            "linear.words": self.words.astype(np.float16),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], n_features: int, n_words: int) -> Self:
        """As saved.

        Raises:
            ModelError: a tensor is missing or of another shape, or a scale is not positive.
        """
        plain = array(tensors, "linear.plain", (3, n_features)).astype(np.float64)
        if not (plain[1] > 0).all():
            raise ModelError("tensor 'linear.plain' has a scale that is not positive.")
        bias = float(array(tensors, "linear.bias", (1,))[0])
        return cls(plain, bias, array(tensors, "linear.words", (2, n_words)).astype(np.float32))


def sigmoid(logits: Doubles) -> Doubles:
    """Probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0))), np.float64)
