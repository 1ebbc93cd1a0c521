"""Choose sentences out of several stories of one event: the most telling ones, each thing said once.

Greedy, as in maximal marginal relevance (Carbonell and Goldstein, 1998): a sentence is worth its story's score for it
and how many other stories say the like; one that repeats what is chosen is passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.selection import Budget, leans

Doubles = NDArray[np.float64]
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_SHORT = 3  # shorter words, numbers apart, say little about what a sentence says
AUTO_SENTENCES = 5
REPEATS = 0.45
"""Share of a sentence's weight in words that another has, beyond which it repeats that one."""
RELATED = 0.27
"""Share of words that a story must have in common with another one, see `relatedness`."""
AGREEMENT = 1.0
LEANING = 4.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What a digest is made of.

    Attributes:
        sentences: pairs of story and sentence number, in the order to read them in.
        unrelated: stories that seem to be of something else; none where no two stories have much in common.
    """

    sentences: tuple[tuple[int, int], ...]
    unrelated: tuple[int, ...]


def content_words(sentence: str) -> frozenset[str]:
    """The words of a sentence that say what it is about, in lower case, their endings cut: names, things, numbers."""
    return frozenset(
        word if word[0].isdigit() else word[:6]
        for word in (found.lower() for found in _WORD.findall(sentence))
        if len(word) > _SHORT or word[0].isdigit()
    )


def word_weights(stories: Sequence[Sequence[frozenset[str]]]) -> dict[str, float]:
    """How much each word tells sentences of these stories apart: the logarithm of how few have it."""
    total = sum(map(len, stories))
    counts = Counter(word for story in stories for words in story for word in words)
    return {word: float(np.log((1 + total) / count)) for word, count in counts.items()}


def overlap(one: frozenset[str], other: frozenset[str], weights: dict[str, float]) -> float:
    """The share of a sentence's weight that stands in the other too, 0 to 1, the shorter one counting."""
    if not one or not other:
        return 0.0
    shared = sum(weights[word] for word in one & other)
    return shared / max(1e-9, min(sum(weights[word] for word in words) for words in (one, other)))


def relatedness(stories: Sequence[Sequence[frozenset[str]]]) -> Doubles:
    """The largest share of its words, or of the other's where that has fewer, that a story shares with another one.

    Returns:
        `(n_stories,)`, 0 to 1. Among the seed stories, two of one event share a third and more, two of different
        events a fifth and less.
    """
    words = [frozenset[str]().union(*story) for story in stories]
    related = np.zeros(len(words))
    for row, mine in enumerate(words):
        for other, its in enumerate(words):
            if other != row and mine and its:
                related[row] = max(related[row], len(mine & its) / min(len(mine), len(its)))
    return related


def choose_digest(stories: Sequence[Sequence[str]], scores: Sequence[NDArray[np.floating]], budget: Budget) -> Choice:
    """Choose the sentences of a digest.

    Args:
        stories: the sentences of each story.
        scores: how much each sentence belongs in its own story's brief, logits `(n_sentences,)` per story.
        budget: its length; `auto` is at most five sentences, `ratio` a share of all stories' words.

    Returns:
        See `Choice`. The story that most of the chosen sentences come from is read first.
    """
    words = [[content_words(sentence) for sentence in story] for story in stories]
    weights = word_weights(words)
    related = relatedness(words)
    far = [row for row, story in enumerate(stories) if story and related[row] < RELATED]
    unrelated = tuple(far) if (related >= RELATED).any() else ()
    worth = _worth(words, scores, weights, set(unrelated))
    chosen: list[tuple[int, int]] = []
    for place in sorted(worth, key=lambda key: (-_less_leaning(worth[key], stories, key), key)):
        row, index = place
        if not _within(stories, [*chosen, place], budget):
            continue
        if any(overlap(words[row][index], words[r][i], weights) > REPEATS for r, i in chosen):
            continue
        chosen.append(place)
    return Choice(_reading_order(chosen), unrelated)


def _worth(
    words: Sequence[Sequence[frozenset[str]]],
    scores: Sequence[NDArray[np.floating]],
    weights: dict[str, float],
    unrelated: set[int],
) -> dict[tuple[int, int], float]:
    """The score of each sentence of a related story, and the share of the other stories that say the like."""
    worth: dict[tuple[int, int], float] = {}
    rows = [row for row in range(len(words)) if row not in unrelated]
    for row in rows:
        for index, sentence in enumerate(words[row]):
            if not sentence:
                continue
            said = [
                max((overlap(sentence, other, weights) for other in words[o]), default=0.0) for o in rows if o != row
            ]
            worth[row, index] = float(scores[row][index]) + AGREEMENT * float(np.mean(said) if said else 0.0)
    return worth


def _less_leaning(value: float, stories: Sequence[Sequence[str]], place: tuple[int, int]) -> float:
    row, index = place
    return value - LEANING if index and leans(stories[row][index]) else value


def _within(stories: Sequence[Sequence[str]], places: Sequence[tuple[int, int]], budget: Budget) -> bool:
    texts = [stories[row][index] for row, index in places]
    total = sum(len(text.split()) for text in texts)
    if budget.auto:
        return len(texts) <= AUTO_SENTENCES
    if budget.sentences is not None:
        return len(texts) <= budget.sentences
    if budget.words is not None:
        return total <= budget.words
    if budget.characters is not None:
        return sum(map(len, texts)) + len(texts) - 1 <= budget.characters
    assert budget.ratio is not None
    return total <= budget.ratio * sum(len(sentence.split()) for story in stories for sentence in story)


def _reading_order(chosen: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The story with most of the sentences first, then by story; within a story as they stand."""
    most = Counter(row for row, _ in chosen)
    return tuple(sorted(chosen, key=lambda place: (-most[place[0]], place)))
