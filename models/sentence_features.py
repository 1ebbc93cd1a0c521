"""What the fast summariser knows of a sentence: its place, its words, and how it stands to the rest of its story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.selection import leans
from models.story import Story
from models.wordhash import BATCH, Ints, KeyTable, Places, UInts, Words, hash_words

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

SENTENCE_FEATURES = (
    *("index", "inverse_index", "relative_index", "from_end", "n_sentences", "story_words"),
    *("words", "share_of_words", "letters_per_word", "words_before", "words_after"),
    *("centroid", "centroid_rank", "lead", "second", "title", "before", "after"),
    *("novelty", "recurrence", "frequency", "weight", "top_words", "repeated_pairs", "rare", "unknown"),
    *("numbers", "quotes", "commas", "questions", "ends", "leans", "next_leans"),
)
"""The columns of `sentence_features`. None depends on the case of letters, none on other stories."""

MOST_STORIES = 1 << 12
TOP_WORDS = 10
_CONTENT, _RARE = 2.5, 6.0  # idf of words that say something, and of those that say it precisely
_HASH_BITS = 32
_KINDS = ('"“”', "'‘", ",;", "?", ".!…", ")’")
_DOUBLE, _SINGLE, _COMMA, _QUESTION, _FULL_STOP, _CLOSER = range(1, len(_KINDS) + 1)
_SCATTER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Batch:
    """Stories laid end to end, all their sentences first and then all their titles ("" where there is none).

    Attributes:
        texts: the sentences.
        sizes: how many each story has, `(n_stories,)`.
        words: the words of sentences and titles.
        row: which text, counted through, each word is in, `(n_words,)`.
        place: which place the lexicon gives it, -1 for none, `(n_words,)`.
    """

    texts: list[str]
    sizes: Ints
    words: Words
    row: Ints
    place: Places

    @classmethod
    def read(cls, stories: Sequence[Story], lexicon: KeyTable) -> Batch:
        """Hash the words of some stories and look them up."""
        texts = [sentence.text for story in stories for sentence in story.sentences]
        sizes = np.fromiter((len(story.sentences) for story in stories), np.int64, len(stories))
        words = hash_words([*texts, *(story.title or "" for story in stories)])
        return cls(texts, sizes, words, words.rows(), lexicon.find(words.hashes))

    @property
    def story(self) -> Ints:
        """Which story each sentence is of, `(n_sentences,)`."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def index(self) -> Ints:
        """Which sentence of its story each is, from 0, `(n_sentences,)`."""
        return np.arange(len(self.texts)) - (np.cumsum(self.sizes) - self.sizes)[self.story]


def story_batches(stories: Sequence[Story]) -> Iterator[Sequence[Story]]:
    """Runs of consecutive stories of about `BATCH` characters; a longer story stands alone."""
    begin, size = 0, 0
    for row, story in enumerate(stories):
        length = sum(len(sentence.text) + 1 for sentence in story.sentences) + len(story.title or "") + 1
        if (size and size + length >= BATCH) or row - begin >= MOST_STORIES:
            yield stories[begin:row]
            begin, size = row, 0
        size += length
    if begin < len(stories):
        yield stories[begin:]


def sentence_features(batch: Batch, idf: Doubles) -> Floats:
    """The features of every sentence, `(n_sentences, len(SENTENCE_FEATURES))`.

    Args:
        batch: the stories.
        idf: of the lexicon's words and, last, of all others, `(n_words + 1,)`.
    """
    weights = idf[batch.place]  # the place of unknown words, -1, is the last
    relations = _relations(_Cells(batch, weights))
    columns = [*_positions(batch), *relations, *_pairs(batch, weights), *_surface(batch, weights)]
    table = np.empty((len(batch.texts), len(columns)), np.float32)
    for number, column in enumerate(columns):
        table[:, number] = column
    return table


def sums(groups: Ints, values: NDArray[Any], n: int) -> Doubles:
    """Sums of the values of each group, `(n,)`, added in the order they come."""
    return np.asarray(np.bincount(groups, weights=values, minlength=n)[:n], np.float64)


def shifted(values: NDArray[Any], index: Ints, sizes: Ints, by: int) -> NDArray[Any]:
    """What the next (by=1) or previous (by=-1) sentence of the same story has, 0 where there is none."""
    there = (index < sizes - 1) if by > 0 else (index > 0)
    return np.where(there, np.roll(values, -by), 0)


def ranks(values: Doubles, batch: Batch) -> Ints:
    """The rank of each sentence in its story, from 0 for the highest value; earlier ones first among equals."""
    found = np.empty(len(values), np.int64)
    found[np.lexsort((-values, batch.story))] = batch.index
    return found


def _positions(batch: Batch) -> list[NDArray[Any]]:
    """Where a sentence stands, and how long it and its neighbours are."""
    index, story = batch.index, batch.story
    size = batch.sizes[story]
    words = batch.words.counts[: len(batch.texts)].astype(np.float64)
    total = sums(story, words, len(batch.sizes))[story]
    letters = sums(batch.row, batch.words.ends - batch.words.starts, len(words))
    return [
        np.minimum(index, 60),
        1.0 / (1.0 + index),
        index / size,
        np.minimum(size - 1 - index, 20),
        size,
        total,
        words,
        words * size / np.maximum(total, 1.0),
        letters / np.maximum(words, 1.0),
        shifted(words, index, size, -1),
        shifted(words, index, size, 1),
    ]


class _Cells:
    """The words of sentences without repeats: an entry for each word of a story and sentence that has it.

    Entries stand in order of story, word and sentence. `row` is the sentence (or title), `term` the word, `new`
    whether no earlier sentence has it, `times` how often it occurs, `weight` its idf, `unit` its share in the
    sentence's TF-IDF vector of length 1; each `(n_cells,)`.
    """

    def __init__(self, batch: Batch, weights: Doubles) -> None:
        self.batch = batch
        n_rows = len(batch.words.counts)
        self.owner = np.concatenate((batch.story, np.arange(len(batch.sizes))))
        order, fresh = _grouped(self.owner[batch.row], batch.words.hashes)
        row = batch.row[order]
        starts = fresh.copy()
        starts[1:] |= row[1:] != row[:-1]
        at = np.flatnonzero(starts)
        self.row, self.new = row[at], fresh[at]
        self.term = np.cumsum(self.new) - 1
        self.n_terms = int(self.new.sum())
        self.times = np.diff(at, append=len(row)).astype(np.float64)
        self.weight = weights[order[at]]
        value = self.weight * (1.0 + np.log(self.times))
        self.unit = value / np.sqrt(sums(self.row, value * value, n_rows))[self.row]
        self.body = self.row < len(batch.texts)

    def per_sentence(self, values: NDArray[Any]) -> Doubles:
        """Sums over the entries of each sentence, `(n_sentences,)`."""
        return sums(self.row, values, len(self.batch.texts))

    def per_term(self, values: NDArray[Any]) -> Doubles:
        """Sums over the sentences (not the title) that have each word, `(n_terms,)`."""
        return sums(self.term, values * self.body, self.n_terms)

    def likeness(self, rows: Ints) -> Doubles:
        """The cosine of each sentence with the one of its story that is in `rows`, `(n_sentences,)`."""
        wanted = np.zeros(len(self.owner), bool)
        wanted[rows] = True
        there = np.flatnonzero(wanted[self.row])
        vector = sums(self.term[there], self.unit[there], self.n_terms)
        return self.per_sentence(self.unit * vector[self.term])


def _grouped(story: Ints, hashes: UInts) -> tuple[Ints, NDArray[np.bool_]]:
    """The order that brings equal hashes of a story together, and where each new one begins.

    Equal ones keep their order. Story, hash and position are packed into one number, because numpy sorts numbers
    several times faster than it finds an order.
    """
    bits = np.uint64(max(1, len(hashes).bit_length()))
    group = (story.astype(np.uint64) << np.uint64(_HASH_BITS)) | (hashes >> np.uint64(64 - _HASH_BITS))
    packed = np.sort((group << bits) | np.arange(len(hashes), dtype=np.uint64))
    group = packed >> bits
    fresh = np.ones(len(hashes), bool)
    fresh[1:] = group[1:] != group[:-1]
    return (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64), fresh


def _relations(cells: _Cells) -> list[NDArray[Any]]:
    """How a sentence's words stand to those of the story, its lead, its title and its neighbours."""
    batch, term, unit, weight = cells.batch, cells.term, cells.unit, cells.weight
    n, sizes = len(batch.texts), batch.sizes
    owner = cells.owner[cells.row[cells.new]]  # the story of each term
    centroid = cells.per_term(unit)
    length = np.sqrt(sums(owner, centroid * centroid, len(sizes)))
    likeness = cells.per_sentence(unit * (centroid / np.maximum(length, 1e-9)[owner])[term])
    leads = np.cumsum(sizes) - sizes
    follows = (cells.row[1:] == cells.row[:-1] + 1) & ~cells.new[1:] & cells.body[1:]
    pair = np.flatnonzero(follows)
    shared = sums(cells.row[pair], unit[pair] * unit[pair + 1], n)
    total = np.maximum(cells.per_sentence(weight), 1e-9)
    again = cells.new & (cells.per_term(np.ones(len(term)))[term] > 1)
    content = weight > _CONTENT
    n_content = np.maximum(cells.per_sentence(content), 1.0)
    frequency = np.log1p(cells.per_term(cells.times))[term] * content
    heavy = frequency * weight
    return [
        likeness,
        ranks(likeness, batch) / sizes[batch.story],
        cells.likeness(leads[sizes > 0]),
        cells.likeness(leads[sizes > 1] + 1),
        cells.likeness(n + np.arange(len(sizes))),
        np.concatenate(([0.0], shared[:-1])) if n else shared,
        shared,
        cells.per_sentence(weight * cells.new) / total,
        cells.per_sentence(weight * again) / total,
        cells.per_sentence(frequency) / n_content,
        cells.per_sentence(heavy) / n_content,
        cells.per_sentence(_heaviest(heavy[cells.new], owner)[term]),
    ]


def _heaviest(weights: Doubles, owner: Ints) -> NDArray[np.bool_]:
    """Whether a word is among the `TOP_WORDS` of its story, `(n_terms,)`; `owner` ascends."""
    there = np.flatnonzero(weights)
    order = there[np.lexsort((-weights[there], owner[there]))]
    first = np.searchsorted(owner[there], owner[there])
    top = np.zeros(len(weights), bool)
    top[order[np.arange(len(there)) - first < TOP_WORDS]] = True
    return top


def _pairs(batch: Batch, weights: Doubles) -> list[NDArray[Any]]:
    """How many pairs of neighbouring words a sentence has that come again in the story."""
    row, hashes = batch.row, batch.words.hashes
    n = len(batch.texts)
    first = np.flatnonzero((row[1:] == row[:-1]) & (row[1:] < n) & (weights[1:] + weights[:-1] > 2.0 * _CONTENT))
    order, fresh = _grouped(batch.story[row[first]], hashes[first] * _SCATTER + hashes[first + 1])
    group = np.cumsum(fresh) - 1
    again = np.bincount(group, minlength=1)[group] > 1
    return [sums(row[first[order]], again, n)]


@cache
def _kind_table() -> NDArray[np.uint8]:
    """Which of `_KINDS`, counted from 1, each character of the basic plane is, 0 for none; (65536,)."""
    table = np.zeros(1 << 16, np.uint8)
    for number, characters in enumerate(_KINDS, 1):
        table[[ord(character) for character in characters]] = number
    return table


def _surface(batch: Batch, weights: Doubles) -> list[NDArray[Any]]:
    """Rare words, numbers, quotation marks, the way a sentence begins and ends."""
    n, words = len(batch.texts), batch.words
    codes = words.codes
    length = np.maximum(words.counts[:n], 1)
    bounds = np.cumsum(np.fromiter(map(len, batch.texts), np.int64, n) + 1)

    def share(chosen: NDArray[np.bool_]) -> Doubles:
        return sums(batch.row, chosen, n)

    def count(places: Ints) -> Ints:
        return np.diff(np.searchsorted(places, bounds), prepend=0)

    initial = codes[words.starts]
    kind = _kind_table().take(codes)
    marks = np.flatnonzero(kind)
    kinds = kind[marks]
    quoted = marks[kinds == _SINGLE]
    quoted = quoted[np.isin(codes[quoted - 1], (0x0A, 0x20, 0x28))]  # not an apostrophe
    last = kind[bounds - 1]
    closed = (last == _DOUBLE) | (last == _SINGLE) | (last == _CLOSER)
    last = np.where(closed, kind[np.maximum(bounds - 2, 0)], last)
    leaning = np.fromiter(map(leans, batch.texts), np.float64, n)
    return [
        share(weights > _RARE) / length,
        share(batch.place < 0) / length,
        share((initial >= 0x30) & (initial <= 0x39)),
        count(marks[kinds == _DOUBLE]) + count(quoted),
        count(marks[kinds == _COMMA]),
        count(marks[kinds == _QUESTION]),
        (last == _FULL_STOP) | (last == _QUESTION),
        leaning,
        shifted(leaning, batch.index, batch.sizes[batch.story], 1),
    ]
