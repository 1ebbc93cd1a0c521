"""A written sentence beside the place of a story that it was taken from, word by word."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models import naming
from models.quantities import DAY_FORMS, MONTH_FORMS
from models.wording import Token

DETERMINERS = frozenset(
    ("a", "an", "the", "his", "her", "its", "their", "my", "our", "some", "many", "several", "two", "three")
)
BE = frozenset(("is", "are", "was", "were", "be", "been", "being"))
Span = tuple[int, int, set[str]]
"""First and last word, and the words that it is known by."""
WITHIN_A_NAME = (" ", "-", ".", ". ")


@dataclass(frozen=True, slots=True)
class Aligned:
    """What was written, and where it was taken from.

    Attributes:
        own: the words of the written sentence.
        place: the words of two neighbouring sentences of the story.
        second: where the second of them begins.
        pairs: places in `own` and in `place` of the words in common, both rising.
    """

    own: Sequence[Token]
    place: Sequence[Token]
    second: int
    pairs: Sequence[tuple[int, int]]

    @property
    def first(self) -> int:
        """Where the first sentence that anything was taken from begins."""
        return self.second if self.pairs[0][1] >= self.second else 0

    @property
    def last(self) -> int:
        """One past the last sentence that anything was taken from."""
        return self.second if self.pairs[-1][1] < self.second else len(self.place)

    @property
    def read(self) -> Sequence[Token]:
        """What was taken: to the last word in common, from the beginning of the sentence of the first."""
        return self.place[self.first : self.pairs[-1][1] + 1]

    @property
    def sentences(self) -> Sequence[Token]:
        """The whole sentences that something was taken from."""
        return self.place[self.first : self.last]

    def gaps(self) -> Iterator[tuple[slice, slice]]:
        """What stands between the words in common: in the written sentence, and in the place."""
        i, j = -1, self.first - 1
        for own, read in [*self.pairs, (len(self.own), self.last)]:
            yield slice(i + 1, own), slice(j + 1, read)
            i, j = own, read


def keys(words: Sequence[Token]) -> set[str]:
    """The words as they are compared."""
    return {word.key for word in words}


def phrases(words: Sequence[Token]) -> set[str]:
    """Each two neighbouring words."""
    return {f"{first.key} {second.key}" for first, second in itertools.pairwise(words)}


def names(words: Sequence[Token]) -> list[Span]:
    """Names: first and last word, and the words that it is known by, without titles; months and days are none."""

    def part(at: int) -> bool:
        word = words[at]
        return word.capital and word.key not in MONTH_FORMS and word.key not in DAY_FORMS

    found: list[Span] = []
    at = 0
    while at < len(words):
        end = at + 1
        if part(at) and (words[at].key not in naming.FUNCTION_WORDS or words[at].key == "us"):
            while end < len(words) and part(end) and words[end].gap in WITHIN_A_NAME:
                end += 1
            known = keys(words[at:end]) - naming.ROLES - naming.COURTESY
            if known:
                found.append((at, end - 1, known))
        at = end
    return found
