"""How closely a written sentence keeps to one place of its story, and to the order of things there.

The guard (`models.faithfulness`) finds names and numbers that a story does not hold, not ones that it says other things
of. A small language model that mixes two events, or lets the accused accuse, takes its words from sentences far apart
or in another order; one that shortens takes most of them from one place, one after the other.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence

from models.sentences import split_sentences

STEM = 5
"""Letters that two forms of a word have in common, as a rule: "open" and "opened", "election" and "electoral"."""
ANCHORED = 0.6
"""The least share that a written text is to have."""
_WORD = re.compile(r"\w+")


def anchoring(text: str, sentences: Sequence[str]) -> float:
    """The share of its words that a text's least anchored sentence has from one place of the story, in order, 0 to 1.

    A place is two neighbouring sentences; the words are counted by their longest common subsequence, as in ROUGE-L
    (Lin, "ROUGE", 2004), without those that have no content (sklearn's list), and without the first: one word in common
    is none in order.

    Args:
        text: what was written.
        sentences: the story's.
    """
    stems = [_stems(sentence) for sentence in sentences]
    places = [first + second for first, second in itertools.pairwise([*stems, []])]
    shares: list[float] = [1.0]
    for start, end in split_sentences(text):
        if own := _stems(text[start:end]):
            common = max((_common(own, place) for place in places), default=0)
            shares.append(max(0, common - 1) / (len(own) - 1) if len(own) > 1 else common)
    return min(shares)


def _stems(text: str) -> list[str]:
    words = (word.lower() for word in _WORD.findall(text))
    return [word[:STEM] for word in words if word not in _empty_words() and (len(word) > 1 or word.isdigit())]


@functools.cache
def _empty_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import (
        ENGLISH_STOP_WORDS,  # takes longer to import than the fast engine to start
    )

    words: frozenset[str] = ENGLISH_STOP_WORDS
    return words


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    lengths = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for at, match in enumerate(other, 1):
            before, lengths[at] = lengths[at], before + 1 if word == match else max(lengths[at], lengths[at - 1])
    return lengths[-1]
