"""What briefs are like, apart from ROUGE: how long, how much copied or repeated, and what of it no story holds.

Every figure is a ratio of two counts per story, summed over the stories.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.selection import dangling, leans
from models.story import Story

POSITIONS = 10
"""Places of a story that are counted one by one; later ones are counted together."""

LENGTH_STEP, LONGEST = 10, 200
"""Bins of brief lengths in words; the last one holds everything longer."""

Ratio = tuple[NDArray[np.int64], NDArray[np.int64]]

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


def brief_ratios(
    briefs: Sequence[Sequence[str]], stories: Sequence[Story], chosen: Sequence[Sequence[int]] | None = None
) -> dict[str, Ratio]:
    """Counts above and below the line, `(n_stories,)` each.

    - `sentences`, `words`: of a brief.
    - `compression`: words of the briefs for a word of the stories.
    - `copy_rate`: of the three-word runs within the briefs' sentences, the share that stands in a sentence of the
      story; 1 for an extract.
    - `redundancy`: of those runs, the share that the brief had already.
    - `dangling_openings`: of the briefs' sentences, the share that leans on one that is not there.
    - `unsupported`: names and numbers of a brief that its story does not hold; 0 for an extract.

    Args:
        briefs: the sentences of each.
        stories: what they are briefs of.
        chosen: the sentences' places in their stories, for extracts; without it every leaning first sentence dangles.
    """
    ones = np.ones(len(briefs), dtype=np.int64)
    rows = [
        _counts(brief, story, None if chosen is None else chosen[row])
        for row, (brief, story) in enumerate(zip(briefs, stories, strict=True))
    ]
    sentences, words, story_words, runs, copied, repeated, leaning, unheard = (
        np.array(column, dtype=np.int64) for column in (zip(*rows, strict=True) if rows else [[]] * 8)
    )
    return {
        "sentences": (sentences, ones),
        "words": (words, ones),
        "compression": (words, story_words),
        "copy_rate": (copied, runs),
        "redundancy": (repeated, runs),
        "dangling_openings": (leaning, sentences),
        "unsupported": (unheard, ones),
    }


def ratio_means(ratios: dict[str, Ratio]) -> dict[str, float]:
    """The figures themselves: sums over sums, 0 where nothing stands below the line."""
    return {name: float(above.sum() / max(1, below.sum())) for name, (above, below) in ratios.items()}


def _counts(brief: Sequence[str], story: Story, chosen: Sequence[int] | None) -> tuple[int, ...]:
    runs = Counter(run for sentence in brief for run in _runs(sentence))
    known = {run for sentence in story.sentences for run in _runs(sentence.text)}
    if chosen is not None:
        leaning = len(dangling([sentence.text for sentence in story.sentences], chosen))
    else:
        leaning = int(bool(brief) and leans(brief[0]))
    return (
        len(brief),
        sum(len(sentence.split()) for sentence in brief),
        story.words,
        runs.total(),
        sum(count for run, count in runs.items() if run in known),
        runs.total() - len(runs),
        leaning,
        len(unsupported(brief, story)),
    )


def _runs(sentence: str) -> list[tuple[str, ...]]:
    """The runs of three words of a sentence; a shorter one is a run by itself."""
    words = _WORD.findall(sentence.lower())
    return list(zip(words, words[1:], words[2:], strict=False)) or ([tuple(words)] if words else [])


def unsupported(brief: Sequence[str], story: Story) -> list[str]:
    """The names and numbers of a brief that stand nowhere in its story, title included; a plain, exact check.

    A name is a capitalised word that does not open a sentence, a number a run of digits; neither case nor the commas
    of thousands matter. A name that merely opens a sentence goes unchecked.
    """
    text = " ".join([story.title or "", story.original, *(sentence.text for sentence in story.sentences)])
    words = {word.casefold() for word in _WORD.findall(text)}
    numbers = set(_numbers(text))
    found = []
    for sentence in brief:
        names = [word for word in _WORD.findall(sentence)[1:] if word[0].isupper() and len(word) > 1]
        found += [name for name in names if name.casefold() not in words]
        found += [number for number in _numbers(sentence) if number not in numbers]
    return found


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(_THOUSANDS.sub("", text))


def positions(chosen: Sequence[Sequence[int]]) -> list[int]:
    """How many chosen sentences stood first, second … tenth in their stories, and later."""
    places = [min(index, POSITIONS) for rows in chosen for index in rows]
    return np.bincount(places, minlength=POSITIONS + 1).tolist() if places else [0] * (POSITIONS + 1)


def lengths(briefs: Sequence[Sequence[str]]) -> list[int]:
    """How many briefs have 0 to 9 words, 10 to 19 … and 200 or more."""
    words = [sum(len(sentence.split()) for sentence in brief) for brief in briefs]
    bins = [min(count, LONGEST) // LENGTH_STEP for count in words]
    return np.bincount(bins, minlength=LONGEST // LENGTH_STEP + 1).tolist() if bins else []


def random_extracts(sizes: Sequence[int], count: int, seed: int = 13) -> list[list[int]]:
    """`count` sentences of each story at random, or all where it has fewer, in story order."""
    rng = np.random.default_rng(seed)
    return [sorted(rng.choice(size, min(count, size), replace=False).tolist()) if size else [] for size in sizes]
