"""The fast summary engine: features of sentences into boosted trees, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from models.artefact import Arrays, Artefact, array
from models.errors import DataError, ModelError
from models.linear_salience import LinearSalience, WordRows
from models.ngrams import NgramVectorizer
from models.sentence_features import (
    SENTENCE_FEATURES,
    Batch,
    Doubles,
    Floats,
    ranks,
    sentence_features,
    shifted,
    story_batches,
    sums,
)
from models.story import Story
from models.trees import Trees
from models.wordhash import KeyTable, hash_words

FEATURES = (
    *SENTENCE_FEATURES,
    *("said", "opening", "linear", "linear_rank", "linear_share", "linear_before", "linear_after"),
)
"""What the trees see: the features of a sentence, and what the first stage says of it and its neighbours."""
FOLDS = 3


class FastSummariser:
    """A sentence scorer in two stages.

    The first is a logistic regression over `models.sentence_features` and the words of the sentence. Its scores, for
    the sentence, its neighbours and the rest of the story, join the features of the second: gradient-boosted trees.
    While fitting, the first-stage scores of a story come from a regression that was fitted on others (stacking,
    Wolpert, "Stacked generalization", 1992).

    After `fit`: `words_`, the lexicon; `idf_`, float32 `(n_words + 1,)`, the last for all other words; `linear_` and
    `trees_`, the stages.
    """

    engine = "fast"

    def __init__(
        self,
        *,
        seed: int = 13,
        max_words: int = 20_000,
        min_df: int = 5,
        word_penalty: float = 30.0,
        trees: int = 80,
        leaves: int = 15,
        depth: int = 6,
        learning_rate: float = 0.1,
        min_samples_leaf: int = 80,
    ) -> None:
        """Store the parameters.

        Args:
            seed: deals the stories into the folds of the first stage.
            max_words: how many words are known, the commonest.
            min_df: in how many stories a word must occur to be known.
            word_penalty: L2 penalty of the word weights.
            trees: how many trees.
            leaves: most leaves of a tree.
            depth: most questions from a tree's root to a leaf.
            learning_rate: how much of each tree is taken.
            min_samples_leaf: fewest sentences of a leaf; lowered where there are few sentences.
        """
        self.seed = seed
        self.max_words = max_words
        self.min_df = min_df
        self.word_penalty = word_penalty
        self.trees = trees
        self.leaves = leaves
        self.depth = depth
        self.learning_rate = learning_rate
        self.min_samples_leaf = min_samples_leaf

    def fit(self, stories: Sequence[Story], targets: Sequence[Floats]) -> Self:
        """Learn from stories and the sentences an extract of each should have.

        Args:
            stories: the stories.
            targets: per story `(n_sentences,)`, from 0 to 1: how surely a sentence belongs into the extract.

        Raises:
            DataError: the lengths differ, a target is not between 0 and 1, all are the same, or there are no words.
        """
        wanted = _joined(stories, targets)
        self._learn_lexicon(stories)
        batches = [Batch.read(part, self._table) for part in story_batches(stories)]
        plain = np.concatenate([self._plain(batch) for batch in batches])
        words = WordRows.joined([WordRows.of(batch, len(self.words_)) for batch in batches])
        folds = np.arange(len(stories)) % FOLDS
        np.random.default_rng(self.seed).shuffle(folds)
        fold = np.repeat(folds, [len(story.sentences) for story in stories])
        self.linear_ = LinearSalience.fit(plain, words, wanted, self.word_penalty)
        scores = self.linear_.scores(plain, words)
        for number in range(FOLDS if len(stories) >= FOLDS else 0):
            out, rest = fold == number, fold != number
            stage = LinearSalience.fit(plain[rest], words[rest], wanted[rest], self.word_penalty)
            scores[out] = stage.scores(plain[out], words[out])
        bounds = np.cumsum([len(batch.texts) for batch in batches])[:-1]
        parts = zip(batches, np.split(plain, bounds), np.split(scores, bounds), strict=True)
        self._fit_trees(np.concatenate([_stack(*part) for part in parts]), wanted)
        return self

    def _learn_lexicon(self, stories: Sequence[Story]) -> None:
        texts = [f"{story.title or ''} {story.text}" for story in stories]
        vocabulary = NgramVectorizer(min_df=self.min_df, max_words=self.max_words, max_pairs=0).fit(texts)
        words = list(vocabulary.words_)
        unknown = np.float32(np.log((1 + len(texts)) / 2) + 1)  # of a word that one story has
        self._set_lexicon(words, np.append(vocabulary.idf_[: len(words)], unknown))

    def _set_lexicon(self, words: list[str], idf: Floats) -> None:
        self.words_, self.idf_ = words, idf.astype(np.float32)
        self._table = KeyTable(hash_words(words).hashes)

    def _fit_trees(self, rows: Floats, wanted: Floats) -> None:
        """Targets between 0 and 1 count as both answers, each by its share."""
        split = np.flatnonzero((wanted > 0) & (wanted < 1))
        weights = None
        if len(split):
            weights = np.concatenate((np.where(wanted > 0, wanted, 1.0), 1.0 - wanted[split])).astype(np.float32)
            rows = np.concatenate((rows, rows[split]))
            wanted = np.concatenate((wanted > 0, np.zeros(len(split)))).astype(np.float32)
        self.trees_ = Trees.fit(
            rows,
            wanted,
            weights,
            seed=self.seed,
            max_iter=self.trees,
            max_leaf_nodes=self.leaves,
            max_depth=self.depth,
            learning_rate=self.learning_rate,
            min_samples_leaf=max(1, min(self.min_samples_leaf, len(rows) // 20)),
            l2_regularization=5.0,
        )

    def _plain(self, batch: Batch) -> Floats:
        return sentence_features(batch, self.idf_.astype(np.float64))

    def scores(self, stories: Sequence[Story]) -> list[Floats]:
        """A logit per sentence, `(n_sentences,)` per story: how likely an extract of the story has it.

        A story's do not depend on the stories it is scored together with.
        """
        found: list[Floats] = []
        for part in story_batches(stories):
            batch = Batch.read(part, self._table)
            plain = self._plain(batch)
            scores = self.linear_.scores(plain, WordRows.of(batch, len(self.words_)))
            logits = self.trees_.logits(_stack(batch, plain, scores)).astype(np.float32)
            found.extend(np.split(logits, np.cumsum(batch.sizes)[:-1]))
        return found

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        return {"parameters": {name: getattr(self, name) for name in _PARAMETERS}, "features": list(FEATURES)}

    def tensors(self) -> Arrays:
        """What was learned: the lexicon (`words`: newline-joined UTF-8 bytes; `idf`) and both stages."""
        words = np.frombuffer("\n".join(self.words_).encode(), np.uint8)
        return {"words": words, "idf": self.idf_, **self.linear_.tensors(), **self.trees_.tensors()}

    def adapter_arrays(self) -> Arrays:
        """Nothing: there is no encoder."""
        return {}

    def fast_arrays(self) -> Arrays:
        """Nothing beside it: it is the fast scorer."""
        return {}

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> FastSummariser:
        """As saved.

        Raises:
            ModelError: something is missing, malformed, of another shape, or made for other features.
        """
        parameters, tensors = artefact.config.get("parameters"), artefact.tensors
        if not isinstance(parameters, dict) or set(parameters) - set(_PARAMETERS):
            raise ModelError(f"{artefact.folder}: config.json has no valid 'parameters'.")
        if artefact.config.get("features") != list(FEATURES):
            raise ModelError(f"{artefact.folder}: this version computes other sentence features; retrain the model.")
        made = cls(**parameters)
        try:
            words = array(tensors, "words", (None,)).astype(np.uint8).tobytes().decode().split("\n")
            if len(set(words)) < len(words) or (hash_words(words).counts != 1).any():
                raise ValueError("one in each line")
            made._set_lexicon(words, array(tensors, "idf", (len(words) + 1,)))
        except ValueError as error:
            raise ModelError(f"{artefact.folder}: tensor 'words' must hold distinct words ({error}).") from error
        made.linear_ = LinearSalience.from_tensors(tensors, len(SENTENCE_FEATURES), len(words))
        made.trees_ = Trees.from_tensors(tensors, len(FEATURES))
        return made


_PARAMETERS = (
    *("seed", "max_words", "min_df", "word_penalty"),
    *("trees", "leaves", "depth", "learning_rate", "min_samples_leaf"),
)


def _joined(stories: Sequence[Story], targets: Sequence[Floats]) -> Floats:
    """All targets in a row, checked."""
    if len(stories) != len(targets):
        raise DataError(f"got {len(stories)} stories and {len(targets)} rows of targets; expected one row each.")
    for number, (story, row) in enumerate(zip(stories, targets, strict=True)):
        if np.shape(row) != (len(story.sentences),):
            raise DataError(f"story {number}: {len(story.sentences)} sentences, but targets of shape {np.shape(row)}.")
    joined = np.concatenate([np.zeros(0), *targets]).astype(np.float32)
    if not len(joined) or joined.min() == joined.max():
        raise DataError("a summariser learns from sentences that belong into an extract and others that do not.")
    if not (joined.min() >= 0 and joined.max() <= 1):
        raise DataError(f"targets are between 0 and 1, found {joined.min()} to {joined.max()}.")
    return joined


def _stack(batch: Batch, plain: Floats, scores: Doubles) -> Floats:
    """The columns of `FEATURES`; `scores` are those of `LinearSalience.scores`."""
    said, opening, linear = scores.T
    index, story = batch.index, batch.story
    size = batch.sizes[story]
    odds = np.exp(np.clip(linear, -30.0, 30.0))
    columns = [
        said,
        opening,
        linear,
        ranks(linear, batch),
        odds / sums(story, odds, len(batch.sizes))[story],
        shifted(linear, index, size, -1),
        shifted(linear, index, size, 1),
    ]
    return np.concatenate([plain, np.stack(columns, axis=1).astype(np.float32)], axis=1)
