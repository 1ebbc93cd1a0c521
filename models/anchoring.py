"""How closely a written sentence keeps to one place of its story, and to the order of things there.

The guard (`models.faithfulness`) finds names and numbers that a story does not hold, not ones that it says other things
of. A small language model that mixes two events, or lets the accused accuse, takes its words from sentences far apart
or in another order; one that shortens takes most of them from one place, one after the other. What it leaves out on the
way may still turn the sentence round: see `models.turns`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.alignment import Aligned
from models.contradiction import contradicts
from models.sentences import split_sentences
from models.wording import Token, has_content, stem, tokens

ANCHORED = 0.75
"""The least share that a written text is to have of one sentence before it is shown."""
SUITED = 0.6
"""The least share that a headline is to have of two neighbouring sentences."""
FURTHEST = 3
"""How many words with content may be left out between two that are taken, unless they stand between commas."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The words of a sentence, and those with content: their stems and where they stand among the words."""

    words: list[Token]
    stems: list[str]
    at: list[int]

    @classmethod
    def of(cls, text: str) -> _Sentence:
        words = [token for token in tokens(text) if token.kind != "sign"]
        at = [index for index, token in enumerate(words) if has_content(token)]
        return cls(words, [stem(words[index].key) for index in at], at)

    def with_next(self, other: _Sentence) -> _Sentence:
        shifted = [index + len(self.words) for index in other.at]
        return _Sentence(self.words + other.words, self.stems + other.stems, self.at + shifted)


_NOTHING = _Sentence([], [], [])


class Anchors:
    """The places of a story that a written text may keep to: two neighbouring sentences each.

    Args:
        sentences: the story's.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        """Read them once, for any number of texts."""
        read = self._read = [_Sentence.of(sentence) for sentence in sentences]
        self._places = [
            (first.with_next(second), len(first.words)) for first, second in itertools.pairwise([*read, _NOTHING])
        ]
        self._stems = [Counter(place.stems) for place, _ in self._places]

    def share(self, text: str) -> float:
        """The share of its words that a text's least anchored sentence has from one place, in order, 0 to 1.

        The words are counted by their longest common subsequence, as in ROUGE-L (Lin, "ROUGE", 2004), without those
        that have no content (sklearn's list), and without the first: one word in common is none in order.
        """
        return min((self._share(own, lambda _: False) for own in _written(text)), default=1.0)

    def holds(self, text: str) -> bool:
        """Whether each sentence of a text keeps to one of the story's, without a leap, and does not contradict it.

        See `ANCHORED`, `FURTHEST`, `models.turns` and `models.contradiction`.
        """
        return all(self._held(own) for own in _written(text))

    def suits(self, headline: str) -> bool:
        """Whether a headline keeps to two neighbouring sentences, by a share of `SUITED`, and does not contradict them.

        A headline may bring together what a brief may not: its reader has the story before him.
        """
        return all(self._share(own, contradicts) >= SUITED for own in _written(headline))

    def _held(self, own: _Sentence) -> bool:
        stems = Counter(own.stems)
        for at, read in enumerate(self._read):
            if _share_of((stems & Counter(read.stems)).total(), own) < ANCHORED:  # not even in any order
                continue
            lengths = _lengths(own.stems, read.stems)
            if _share_of(lengths[0][0], own) < ANCHORED:
                continue
            pairs = _pairs(own, read, lengths)
            place, second = self._places[at]
            if not _leaps(read, pairs) and not contradicts(Aligned(own.words, place.words, second, pairs)):
                return True
        return False

    def sentence(self, written: str) -> int:
        """Which sentence of the story a written one has most words of, in order; the first of several."""
        own = _Sentence.of(written)
        common = [_lengths(own.stems, read.stems)[0][0] for read in self._read]
        return max(range(len(common)), key=lambda at: (common[at], -at), default=0)

    def _share(self, own: _Sentence, otherwise: Callable[[Aligned], bool]) -> float:
        best = 0.0
        stems = Counter(own.stems)
        for (place, second), known in zip(self._places, self._stems, strict=True):
            if _share_of((stems & known).total(), own) <= best:  # not even in any order
                continue
            lengths = _lengths(own.stems, place.stems)
            share = _share_of(lengths[0][0], own)
            if share > best and not otherwise(Aligned(own.words, place.words, second, _pairs(own, place, lengths))):
                best = share
        return best


def _leaps(read: _Sentence, pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether more than `FURTHEST` words are left out in one place; those between commas may be."""
    for (_, one), (_, other) in itertools.pairwise(pairs):
        aside = "," in read.words[one + 1].gap and "," in read.words[other].gap
        if not aside and sum(one < at < other for at in read.at) > FURTHEST:
            return True
    return False


def _written(text: str) -> Iterator[_Sentence]:
    """The sentences of a text that have any content."""
    written = (_Sentence.of(text[start:end]) for start, end in split_sentences(text))
    return (sentence for sentence in written if sentence.stems)


def _share_of(common: int, own: _Sentence) -> float:
    return max(0, common - 1) / (len(own.stems) - 1) if len(own.stems) > 1 else float(common)


def _lengths(one: Sequence[str], other: Sequence[str]) -> list[list[int]]:
    """Lengths of the longest common subsequences of what is left of both from each place on."""
    rows = [[0] * (len(other) + 1)]
    for word in reversed(one):
        below, row = rows[-1], [0] * (len(other) + 1)
        for at in range(len(other) - 1, -1, -1):
            row[at] = below[at + 1] + 1 if word == other[at] else max(below[at], row[at + 1])
        rows.append(row)
    return rows[::-1]


def _pairs(one: _Sentence, other: _Sentence, lengths: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Words of a longest common subsequence: their places among the words of both."""
    row, at, pairs = 0, 0, []
    while lengths[row][at]:
        if one.stems[row] == other.stems[at]:
            pairs.append((one.at[row], other.at[at]))
            row, at = row + 1, at + 1
        elif lengths[row + 1][at] == lengths[row][at]:
            row += 1
        else:
            at += 1
    return pairs
