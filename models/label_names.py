"""What the name of a label says of it before any story does: its words count for more while its stories are few."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.ngrams import NgramVectorizer

RARE = 100
"""Stories of a label from which on they alone tell its words."""
COMMON = 0.1
"""A word that more of the stories have is no name of anything."""

_ENDINGS = (("", "s"), ("", "es"), ("y", "ies"))
_WORD = re.compile(r"[^\W\d_]{2,}")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def emphasis(positives: int, most: float) -> float:
    """What the words of a label's name are multiplied by, given how many stories of that label there are.

    It falls from `most` for none to 1 for `RARE` in equal steps of their number's logarithm.
    """
    return float(max(1.0, most ** (1 - np.log1p(positives) / np.log1p(RARE))))


def named_columns(label: str, ngrams: NgramVectorizer) -> NDArray[np.int64]:
    """The columns of the words of a label's name, in the singular and the plural, and of their pairs.

    `coconut-oil` gives those of coconut, coconuts, oil, oils, "coconut oil", …, as far as they are columns; numbers,
    single letters and words that more than `COMMON` of the stories have give none.
    """
    words = [_numbers(word) for word in _WORD.findall(label.casefold())]
    pairs = [f"{left} {right}" for before, after in pairwise(words) for left in before for right in after]
    phrases = [*(form for forms in words for form in forms), *pairs]
    columns = np.unique(ngrams.transform(phrases).indices).astype(np.int64)
    rarer: NDArray[np.int64] = columns[ngrams.idf_[columns] > 1 - np.log(COMMON)]
    return rarer


def plain_names(labels: Sequence[str]) -> list[str | None]:
    """The words of each label's name, as "coconut oil" of `coconut-oil` and "World Post" of `WorldPost`.

    None where there are none, or the same as another's: `class 1` and `class 2` say nothing.
    """
    names = [" ".join(_WORD.findall(_HUMP.sub(" ", label))) for label in labels]
    times = Counter(name.casefold() for name in names)
    return [name if name and times[name.casefold()] == 1 else None for name in names]


def rare_names(labels: Sequence[str], stories: Sequence[float] | NDArray[np.floating]) -> Mapping[int, str]:
    """The plain names of the labels that fewer than `RARE` stories have, by place; `stories` says how many each has."""
    named = enumerate(zip(plain_names(labels), stories, strict=True))
    return {place: name for place, (name, number) in named if name is not None and number < RARE}


def _numbers(word: str) -> Iterable[str]:
    """An English word and what may be its plural and its singular."""
    forms = {word, *(word.removesuffix(singular) + plural for singular, plural in _ENDINGS if word.endswith(singular))}
    for singular, plural in _ENDINGS:
        if word.endswith(plural) and len(word) > len(plural) + 2:
            forms.add(word.removesuffix(plural) + singular)
    return sorted(forms)
