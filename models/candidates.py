"""Judge briefs as wholes: of those that a story's best sentences make, the one that should share most with a summary.

Sentence scores say which sentences matter, not how many of them make a brief, nor which go together. Zhong et al.
("Extractive Summarization as Text Matching", 2020) rank candidate briefs by matching a second encoder's vectors of them
and of the story; here boosted trees judge each by its sentences' scores, places, lengths and common words, which costs
a fraction of a millisecond and needs no encoder.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.artefact import Arrays, Artefact
from models.errors import ModelError
from models.selection import leans, trigrams, word_list
from models.trees import Trees

Floats = NDArray[np.float32]
Chosen = tuple[int, ...]

BEST = 6
"""How many of the best sentences make candidates."""
MOST = 4
"""How many sentences a candidate has at most."""

FEATURES = (
    *("sentences", "words", "chance", "mean_chance", "least_chance", "best_chance", "logits", "least_logit"),
    *("chance_by_words", "new_words", "mean_place", "first_place", "last_place", "in_lead", "best_left"),
    *("longest", "ranks", "share", "in_a_row", "leaning"),
    *("story_sentences", "story_words", "story_mean"),
    *(f"top_{rank}" for rank in range(1, BEST)),
    *("top_chance", "all_chance", "lead_words"),
)
"""What the trees see of a candidate, and from `story_sentences` on of its story, the same for all of them."""

_SIZE, _LEANING = FEATURES.index("sentences"), FEATURES.index("leaning")
_PREFIX = "ranker."
_COMBINATIONS: list[Chosen] = [c for size in range(1, MOST + 1) for c in itertools.combinations(range(BEST), size)]
_MEMBERS = np.array([[rank in c for rank in range(BEST)] for c in _COMBINATIONS])
_BEST = np.array([c[0] for c in _COMBINATIONS])
_LAST = np.array([c[-1] for c in _COMBINATIONS])
_OPEN = np.array([min(set(range(BEST + 1)) - set(c)) for c in _COMBINATIONS])
"""Of each combination the highest and the lowest rank, and the best one that is left out."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidate briefs of a story.

    Attributes:
        order: the best sentences, the best first, `(at most BEST,)`.
        combinations: which of these each candidate has, `(n,)`; see `chosen`.
        features: `(n, len(FEATURES))`.
    """

    order: NDArray[np.intp]
    combinations: NDArray[np.intp]
    features: Floats

    @classmethod
    def of(cls, logits: NDArray[np.floating], sentences: Sequence[str], *, block_trigrams: bool = True) -> Self:
        """Every combination of at most `MOST` of the `BEST` sentences with the highest scores.

        Args:
            logits: one score per sentence, `(n_sentences,)`.
            sentences: the story's sentences, one at least.
            block_trigrams: without combinations of sentences that share a trigram.

        Raises:
            ValueError: there are more or fewer logits than sentences, or none.
        """
        if not len(logits) == len(sentences) > 0:
            raise ValueError(f"{len(logits)} logits for {len(sentences)} sentences; expected one each.")
        scores = np.asarray(logits, dtype=np.float64)
        order = np.argsort(-scores, kind="stable")[:BEST]
        count = len(order)
        texts = [sentences[at] for at in order]
        words = [word_list(text) for text in texts]
        made = count > _LAST
        if block_trigrams:
            made &= ~_repeating([trigrams(row) for row in words])
        combinations = np.flatnonzero(made)
        lengths = np.array([len(sentence.split()) for sentence in sentences], dtype=np.float64)
        features = _features(combinations, order, scores, lengths, texts, words)
        return cls(order, combinations, features)

    @property
    def sizes(self) -> NDArray[np.float32]:
        """How many sentences each has, `(n,)`."""
        return self.features[:, _SIZE]

    @property
    def leaning(self) -> NDArray[np.float32]:
        """How many of these lean on one that was left out, `(n,)`."""
        return self.features[:, _LEANING]

    def chosen(self, row: int) -> Chosen:
        """The sentences of a candidate, in story order."""
        return tuple(sorted(int(self.order[rank]) for rank in _COMBINATIONS[self.combinations[row]]))


def _repeating(grams: Sequence[set[tuple[str, ...]]]) -> NDArray[np.bool_]:
    """Which of all combinations have two sentences with a trigram in common."""
    repeat = np.zeros(len(_COMBINATIONS), dtype=np.bool_)
    for one, other in itertools.combinations(range(len(grams)), 2):
        if not grams[one].isdisjoint(grams[other]):
            repeat |= _MEMBERS[:, one] & _MEMBERS[:, other]
    return repeat


def _features(
    combinations: NDArray[np.intp],
    order: NDArray[np.intp],
    scores: NDArray[np.float64],
    lengths: NDArray[np.float64],
    texts: Sequence[str],
    words: Sequence[list[str]],
) -> Floats:
    """The columns of `FEATURES` of some combinations of the sentences in `order`, whose scores fall."""
    scores = np.clip(scores, -30.0, 30.0)
    chances = 1.0 / (1.0 + np.exp(-scores))
    members = _MEMBERS[combinations, : len(order)]
    best, last, left = _BEST[combinations], _LAST[combinations], _OPEN[combinations]
    top = np.zeros(BEST + 1)
    top[: len(order)] = chances[order]
    chance, logits, sizes, ranks = top[: len(order)], scores[order], lengths[order], np.arange(len(order))
    summed = np.stack([np.ones(len(order)), sizes, chance, logits, chance * sizes, order, order < 3, ranks], axis=1)
    n, n_words, sums, sum_logits, by_words, sum_places, in_lead, sum_ranks = (members @ summed).T
    n_words = np.maximum(1.0, n_words)
    places = np.where(members, order, len(lengths))
    first, final = places.min(axis=1), np.where(members, order, -1).max(axis=1)
    total = max(1.0, float(lengths.sum()))
    rows = np.empty((len(combinations), len(FEATURES)), dtype=np.float32)
    for column, values in enumerate(
        (
            *(n, n_words, sums, sums / n, top[last], top[best], sum_logits, logits[last], by_words / n_words),
            *(_new_words(members, words), sum_places / n, first, final, in_lead, top[left]),
            *(np.where(members, sizes, 0.0).max(axis=1), sum_ranks, n_words / total, final - first == n - 1),
            *(_leaning(members, order, texts), len(lengths), total, total / len(lengths), *top[: BEST - 1]),
            *(top.sum(), chances.sum(), lengths[:3].sum()),
        )
    ):
        rows[:, column] = values
    return rows


def _leaning(members: NDArray[np.bool_], order: NDArray[np.intp], texts: Sequence[str]) -> NDArray[np.float64]:
    ranks = {place: rank for rank, place in enumerate(order.tolist())}
    found = np.zeros(len(members))
    for place, rank in ranks.items():
        if place and leans(texts[rank]):
            before = ranks.get(place - 1)
            found += members[:, rank] if before is None else members[:, rank] & ~members[:, before]
    return found


def _new_words(members: NDArray[np.bool_], words: Sequence[list[str]]) -> NDArray[np.float64]:
    """The share of a candidate's words that do not repeat another of its words."""
    numbers: dict[str, int] = {}
    rows = [[numbers.setdefault(word, len(numbers)) for word in row] for row in words]
    has = np.zeros((len(rows), max(1, len(numbers))))
    for rank, row in enumerate(rows):
        has[rank, row] = 1.0
    counts = members @ np.array([len(row) for row in rows], dtype=np.float64)
    distinct: NDArray[np.float64] = (members @ has > 0.0).sum(axis=1)
    return distinct / np.maximum(1.0, counts)


@dataclass(frozen=True, slots=True)
class BriefRanker:
    """Says how good a candidate brief is beside the others of its story.

    Attributes:
        trees: fitted on the candidates' ROUGE less the mean of their story.
        leaning_cost: taken off for each sentence that leans on one that was left out.
    """

    trees: Trees
    leaning_cost: float = 0.0

    def best(self, candidates: Candidates, size: int | None = None) -> Chosen | None:
        """The best candidate, of those with so many sentences where a size is given; None where there is none."""
        rows = np.arange(len(candidates.sizes)) if size is None else np.flatnonzero(candidates.sizes == size)
        return candidates.chosen(int(rows[int(np.argmax(self.values(candidates, rows)))])) if len(rows) else None

    def values(self, candidates: Candidates, rows: NDArray[np.integer] | slice = slice(None)) -> NDArray[np.float64]:
        """What each candidate, or each of some of them, is worth, in ROUGE above the mean of its story's, `(n,)`."""
        return self.trees.logits(candidates.features[rows]) - self.leaning_cost * candidates.leaning[rows]

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        return {"features": list(FEATURES), "leaning_cost": self.leaning_cost}

    def tensors(self) -> Arrays:
        """Its part of a model's tensors."""
        return self.trees.tensors(_PREFIX)

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> Self:
        """As saved.

        Raises:
            ModelError: a tensor is missing or malformed, or the trees were made for other features.
        """
        config = artefact.config["ranker"]
        if config["features"] != list(FEATURES):
            raise ModelError(f"{artefact.folder}: this version computes other features of briefs; retrain the model.")
        return cls(Trees.from_tensors(artefact.tensors, len(FEATURES), _PREFIX), float(config["leaning_cost"]))
