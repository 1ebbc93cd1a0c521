"""What words mean beforehand: vectors of the commonest words of news, for the fast engine to learn from beside them.

Each is what the encoder that ships makes of the word alone, without a sentence around it, by its leading components, as
in Model2Vec (van Dongen and Tulkens, 2024). A model that has seen "goalkeeper" in a label's stories so knows something
of "striker". `training.word_vectors` makes them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from models.artefact import Artefact, array, load_artefact, save_artefact
from models.errors import ModelError

Floats = NDArray[np.float32]
TASK = "word-vectors"
SHIPPED = Path(__file__).parent / "pretrained" / TASK
_STEPS = 127


class WordVectors:
    """Vectors of words.

    Attributes:
        words: in alphabetical order.
        vectors: float32, `(n_words, dimensions)`, each of length 1, in the precision they are saved in.
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[Any]) -> None:
        """Take the words in alphabetical order, and their vectors' directions.

        Raises:
            ValueError: there is not a vector for each word, or a word stands twice.
        """
        if vectors.ndim != 2 or len(words) != len(vectors) or len(set(words)) != len(words):
            raise ValueError(f"expected one vector for each word; got {len(words)} words, vectors {vectors.shape}.")
        order = sorted(range(len(words)), key=words.__getitem__)
        self.words = [words[place] for place in order]
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
        self._steps = np.round(vectors[order] / np.maximum(largest[order], 1e-9) * _STEPS).astype(np.int8)
        steps = self._steps.astype(np.float32)
        self.vectors: Floats = steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1.0)
        self._place = {word: place for place, word in enumerate(self.words)}

    def of(self, words: Sequence[str]) -> Floats:
        """The vectors of words, `(n_words, dimensions)`; of an unknown one 0."""
        places = np.array([self._place.get(word, -1) for word in words], np.int64)
        found: Floats = np.where(places[:, None] >= 0, self.vectors[places], np.float32(0))
        return found

    def save(self, folder: Path | str, *, config: dict[str, Any], training: dict[str, Any], card: str) -> None:
        """Write a model folder; see `models.artefact.save_artefact`."""
        words = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        about = {"task": TASK, "engine": "fast", **config}
        save_artefact(Artefact(about, {"words": words, "vectors": self._steps}, training, card), folder)

    @classmethod
    def load(cls, folder: Path | str) -> WordVectors:
        """As saved.

        Raises:
            ModelError: the folder holds no sound word vectors.
        """
        tensors = load_artefact(folder, task=TASK).tensors
        try:
            words = array(tensors, "words", (None,)).astype(np.uint8).tobytes().decode().split("\n")
            return cls(words, array(tensors, "vectors", (len(words), None)))
        except ValueError as error:
            raise ModelError(f"{folder}: malformed word vectors ({error}).") from error


class Meaning:
    """What the words of stories mean beforehand: features beside n-grams that come down to weights of words."""

    def __init__(self, features: scipy.sparse.csr_matrix, words: Sequence[str], length: float) -> None:
        """Measure what is to be learnt from.

        Args:
            features: TF-IDF of stories, `(n_stories, n_features)`, the words first.
            words: they.
            length: that the stories' sums of word vectors, less the mean of all, shall have in the mean.
        """
        self._vectors = shipped_vectors().of(words).astype(np.float64)
        sums = features[:, : len(words)] @ self._vectors
        self._mean = sums.mean(axis=0)
        self._scale = length / max(float(np.linalg.norm(sums - self._mean, axis=1).mean()), 1e-9)

    def of(self, features: scipy.sparse.csr_matrix) -> scipy.sparse.csr_matrix:
        """The sum of each story's word vectors by TF-IDF, less that mean, `(n_stories, dimensions)`."""
        sums = features[:, : len(self._vectors)] @ self._vectors
        return scipy.sparse.csr_matrix((sums - self._mean) * self._scale)

    def in_words(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """What weights of these features, `(dimensions,)`, make of each word, `(n_words,)`, and of the intercept."""
        weights = weights * self._scale
        return self._vectors @ weights, -float(self._mean @ weights)


@functools.cache
def shipped_vectors() -> WordVectors:
    """Those that ship, loaded once."""
    return WordVectors.load(SHIPPED)
