"""Words and word pairs of texts as a sparse TF-IDF matrix, many times faster than scikit-learn does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from models.artefact import array
from models.errors import DataError, ModelError
from models.wordhash import Ints, KeyTable, Places, UInts, batches, hash_words

_MOST_TALLIED = 1 << 24


class NgramVectorizer:
    """TF-IDF of words and word pairs: logarithmic term frequency, smoothed document frequency, unit rows.

    With `lead_weight` 0 the figures are those of scikit-learn's `TfidfVectorizer(sublinear_tf=True)`. The
    columns are the words in alphabetical order, those that `know` adds, then the pairs in the order of their
    words. After `fit`: `words_`; `n_learnt_`, how many of them, the first, texts had; and `idf_`, float32 of
    shape (n_features,).
    """

    def __init__(
        self,
        *,
        min_df: int = 2,
        max_words: int = 100_000,
        max_pairs: int = 100_000,
        lead_words: int = 0,
        lead_weight: float = 0.0,
    ) -> None:
        """Store the parameters.

        Args:
            min_df: in how many texts a word or pair must occur; taken as 1 where no word does.
            max_words: how many words are kept, the commonest.
            max_pairs: how many pairs of neighbouring words are kept, the commonest.
            lead_words: how many words at a text's beginning count more.
            lead_weight: how much more each of them, alone or as the first of a pair, weighs: 0.5 makes it half as
                heavy again, however often it occurs.
        """
        self.min_df = min_df
        self.max_words = max_words
        self.max_pairs = max_pairs
        self.lead_words = lead_words
        self.lead_weight = lead_weight

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn the vocabulary and the document frequencies.

        Raises:
            DataError: no text holds a word.
        """
        tally = _Tally()
        for batch in batches(texts):
            words = hash_words(batch)
            spellable = words.hashes > 0
            tally.add(words.rows()[spellable], words.hashes[spellable])
        tally.merge()
        hashes, word_df = tally.most(self.min_df, self.max_words)
        if not len(hashes):
            hashes, word_df = tally.most(1, self.max_words)
        if not len(hashes):
            message = f"none of the {len(texts)} texts holds a word; is the text column the right one?"
            raise DataError(message)
        spelled = _spell(texts, hashes)
        order = sorted(range(len(spelled)), key=spelled.__getitem__)
        self._set_words([spelled[i] for i in order])
        tally = _Tally()
        for batch in batches(texts):
            places, counts = self._places(batch)
            first, keys = _pairs(places, counts)
            tally.add(np.repeat(np.arange(len(counts)), counts)[first], keys)
        tally.merge()
        pairs, pair_df = tally.most(self.min_df, self.max_pairs)
        self._set_pairs(pairs)
        df = np.concatenate([word_df[order], pair_df])
        self.idf_ = (np.log((1 + len(texts)) / (1 + df)) + 1).astype(np.float32)
        return self

    def _set_words(self, words: list[str]) -> None:
        self.words_ = words
        self.n_learnt_ = len(words)
        self._word_table = KeyTable(hash_words(words).hashes)

    def _set_pairs(self, keys: UInts) -> None:
        self._pair_keys = keys
        self._pair_table = KeyTable(keys)

    def know(self, words: Sequence[str]) -> Self:
        """Add columns for further words, which no text had, behind those of the words learnt.

        The pairs' columns move behind them. Each weighs as much as the rarest of those learnt.

        Raises:
            ValueError: one of them is no single word.
        """
        hashed, learnt, pairs = hash_words(words), self.n_learnt_, self._pair_keys
        if (hashed.counts != 1).any():
            raise ValueError("expected words, each in one piece.")
        _, first = np.unique(hashed.hashes, return_index=True)
        fresh = first[(self._word_table.find(hashed.hashes[first]) < 0) & (hashed.hashes[first] > 0)]
        self._set_words([*self.words_, *sorted(words[place] for place in fresh.tolist())])
        self._set_pairs(pairs)
        self.n_learnt_ = learnt
        self.idf_ = np.insert(self.idf_, learnt, np.full(len(fresh), self.idf_.max()))
        return self

    @property
    def n_features(self) -> int:
        """The number of columns."""
        return len(self.words_) + len(self._pair_keys)

    def name(self, feature: int) -> str:
        """The word or the pair that a column stands for."""
        if feature < len(self.words_):
            return self.words_[feature]
        key = int(self._pair_keys[feature - len(self.words_)])
        return f"{self.words_[key >> 32]} {self.words_[key & 0xFFFFFFFF]}"

    def _places(self, batch: Sequence[str]) -> tuple[Places, Ints]:
        """The place of every word in the vocabulary (-1: unknown), and how many words each text has."""
        words = hash_words(batch)
        return self._word_table.find(words.hashes), words.counts

    def transform(self, texts: Sequence[str]) -> scipy.sparse.csr_matrix:
        """TF-IDF of the texts, float32 of shape (n_texts, n_features), each row of length 1 or empty."""
        parts = [self._transform(batch) for batch in batches(texts)]
        if not parts:
            return scipy.sparse.csr_matrix((0, self.n_features), dtype=np.float32)
        return parts[0] if len(parts) == 1 else scipy.sparse.vstack(parts, format="csr")

    def _transform(self, batch: Sequence[str]) -> scipy.sparse.csr_matrix:
        """One sort of (text, column, in the lead) packed into an integer each, then runs of equal ones."""
        places, counts = self._places(batch)
        bits = self.n_features.bit_length()
        position = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        cells = np.repeat(np.arange(len(counts)) << (bits + 1), counts) | (position < self.lead_words)
        known = np.flatnonzero(places >= 0)
        first, keys = _pairs(places, counts)
        pairs = self._pair_table.find(keys)
        paired = np.flatnonzero(pairs >= 0)
        columns = np.concatenate([places[known], pairs[paired] + len(self.words_)]).astype(np.int64)
        cells = np.sort(cells[np.concatenate([known, first[paired]])] | (columns << 1))
        merged = cells >> 1
        starts = np.flatnonzero(np.concatenate(([True], merged[1:] != merged[:-1]))[: len(merged)])
        times = np.diff(starts, append=len(merged)).astype(np.float32)
        leading = cells[np.append(starts[1:], len(cells)) - 1] & 1 if len(starts) else starts
        merged = merged[starts]
        rows = merged >> bits
        column = (merged & ((1 << bits) - 1)).astype(np.int32)
        data = self.idf_[column] * (1 + np.log(times))
        if self.lead_weight:
            data *= 1 + np.float32(self.lead_weight) * leading.astype(np.float32)
        length = np.sqrt(np.bincount(rows, weights=data.astype(np.float64) ** 2, minlength=len(counts)))
        data /= length.astype(np.float32)[rows]
        begins = np.searchsorted(rows, np.arange(len(counts) + 1)).astype(np.int32)
        return scipy.sparse.csr_matrix((data, column, begins), shape=(len(counts), self.n_features))

    def unknown(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The share of each text's words that were not learnt, `(n_texts,)`; 0 for a text without words."""
        shares: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
        for batch in batches(texts):
            places, counts = self._places(batch)
            strange = (places < 0) | (places >= self.n_learnt_)
            missing = np.bincount(np.repeat(np.arange(len(counts)), counts), strange, minlength=len(counts))
            shares.append((missing / np.maximum(counts, 1)).astype(np.float32))
        return np.concatenate(shares)

    def occurrences(self, text: str) -> tuple[Ints, Ints]:
        """Where each word and pair of a text that is a column occurs.

        Returns:
            The number, counted in words from 0, of the word it begins with, and its column; `(n_occurrences,)` each.
        """
        places, counts = self._places([text])
        known = np.flatnonzero(places >= 0)
        first, keys = _pairs(places, counts)
        pairs = self._pair_table.find(keys)
        paired = np.flatnonzero(pairs >= 0)
        begins = np.concatenate([known, first[paired]])
        return begins, np.concatenate([places[known], pairs[paired] + len(self.words_)]).astype(np.int64)

    def config(self) -> dict[str, Any]:
        """The parameters."""
        names = ("min_df", "max_words", "max_pairs", "lead_words", "lead_weight")
        return {name: getattr(self, name) for name in names}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What was learned.

        `words`: uint8, the words in UTF-8, one a line; `pairs`: int32 (n_pairs, 2), places of words; `idf`:
        float32 (n_features,). `n_learnt_` is not among them.
        """
        words = np.frombuffer("\n".join(self.words_).encode(), np.uint8)
        pairs = np.stack([self._pair_keys >> np.uint64(32), self._pair_keys & np.uint64(0xFFFFFFFF)], axis=1)
        return {"words": words, "pairs": pairs.astype(np.int32), "idf": self.idf_}

    @classmethod
    def from_parts(cls, config: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Self:
        """The vectoriser that `config` and `tensors` came from.

        Raises:
            ModelError: a tensor is missing, of another shape, or contradicts another.
        """
        made = cls(**config)
        try:
            words = array(tensors, "words", (None,)).astype(np.uint8).tobytes().decode().split("\n")
        except UnicodeDecodeError as error:
            raise ModelError(f"tensor 'words' is not UTF-8 ({error.reason}).") from error
        pairs = array(tensors, "pairs", (None, 2)).astype(np.int64)
        if len(pairs) and (pairs.min() < 0 or pairs.max() >= len(words)):
            raise ModelError("tensor 'pairs' names a word that the vocabulary does not have.")
        try:
            if (hash_words(words).counts != 1).any():
                raise ValueError
            made._set_words(words)
            made._set_pairs(_pair_keys(pairs[:, 0], pairs[:, 1]))
        except ValueError as error:
            message = "tensors 'words' and 'pairs' must hold distinct words and distinct pairs."
            raise ModelError(message) from error
        made.idf_ = array(tensors, "idf", (len(words) + len(pairs),)).astype(np.float32)
        return made


def _pairs(places: Places, counts: Ints) -> tuple[Ints, UInts]:
    """Each two neighbouring known words of a text: where the first stands, and both places in one key."""
    both = (places[1:] | places[:-1]) >= 0
    bounds = np.cumsum(counts)[:-1]
    both[bounds[(bounds > 0) & (bounds < len(places))] - 1] = False
    first = np.flatnonzero(both)
    return first, _pair_keys(places[first], places[first + 1])


def _pair_keys(left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]]) -> UInts:
    return (left.astype(np.uint64) << np.uint64(32)) | right.astype(np.uint64)


def _spell(texts: Sequence[str], hashes: UInts) -> list[str]:
    """The words that have these hashes, all of which occur in the texts."""
    table = KeyTable(hashes)
    spelled = [""] * len(hashes)
    missing = np.ones(len(hashes), bool)
    for batch in batches(texts):
        words = hash_words(batch)
        places = table.find(words.hashes)
        new = np.flatnonzero((places >= 0) & missing[places])
        found, where = np.unique(places[new], return_index=True)
        for place, word in zip(found.tolist(), new[where].tolist(), strict=True):
            spelled[place] = words.spelling(word)
        missing[found] = False
        if not missing.any():
            break
    return spelled


class _Tally:
    """In how many texts each key occurs."""

    def __init__(self) -> None:
        self._keys: UInts = np.zeros(0, np.uint64)
        self._counts: Ints = np.zeros(0, np.int64)
        self._pending: list[UInts] = []
        self._size = 0

    def add(self, rows: Ints, keys: UInts) -> None:
        """Take in the keys of a batch, `rows` saying which text each is from."""
        order = np.lexsort((rows, keys))
        keys, rows = keys[order], rows[order]
        fresh = np.ones(len(keys), bool)
        fresh[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
        self._pending.append(keys[fresh])
        self._size += int(fresh.sum())
        if self._size > max(len(self._keys), _MOST_TALLIED // 4):
            self.merge()

    def merge(self) -> None:
        """Count what is pending; beyond a limit, keys seen once are forgotten (lossy counting)."""
        pending = np.concatenate([*self._pending, np.zeros(0, np.uint64)])
        keys, counts = np.unique(pending, return_counts=True)
        self._pending.clear()
        self._size = 0
        keys, counts = np.concatenate([self._keys, keys]), np.concatenate([self._counts, counts])
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
        self._keys = keys[firsts]
        self._counts = np.add.reduceat(counts, firsts) if len(firsts) else counts
        if len(self._keys) > _MOST_TALLIED:
            kept = self._counts > 1
            self._keys, self._counts = self._keys[kept], self._counts[kept]

    def most(self, least: int, limit: int) -> tuple[UInts, Ints]:
        """The keys that at least `least` texts hold, at most `limit`, the commonest; keys ascend."""
        chosen = np.flatnonzero(self._counts >= least)
        if len(chosen) > limit:
            ranked = np.lexsort((self._keys[chosen], -self._counts[chosen]))
            chosen = np.sort(chosen[ranked[:limit]])
        return self._keys[chosen], self._counts[chosen]
