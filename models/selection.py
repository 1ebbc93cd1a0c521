"""Choose the sentences of a brief from their scores, under a budget that is never exceeded.

Sentence by sentence: highest score first, no repetition (trigram blocking, Paulus et al., 2018), no sentence that leans
on one that was left out, and at the end the order of the story. Where a model has learnt to rank whole briefs
(`models.candidates`), that comes first, and this does what is left: budgets of words, and more than a few sentences.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEANING = re.compile(
    r"""^["“'‘(\[]*
    (?: (?:and|but|or|so|yet|nor|then|also|however|meanwhile|instead|still|besides|moreover|furthermore|nevertheless
          |therefore|thus|hence|otherwise|similarly|consequently|additionally|likewise)\b
      | (?:in\ (?:addition|contrast|turn)|as\ a\ result|for\ (?:example|instance)|on\ the\ other\ hand|after\ that
          |even\ so|that\ said|despite\ (?:this|that))\b
      | (?:he|she|(?!(?-i:IT)\b)it|they|him|his|her|hers|its|their|theirs|them|this|that|these|those|such)\b
      | (?:both|neither|either)\b(?!\ [\w’'-]+\ and\b)
      | the\ (?:move|decision|two|three|pair|couple|former|latter|news|incident|attack|ruling|announcement|comments?
          |remarks?|deal|agreement|plan|report|study|findings|statement|case|bill|measure|proposal|verdict|crash|blast
          |group|company|man|woman|boy|girl|suspect|victims?|event|article|following)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LONE_QUOTATION = re.compile(
    r"""^(?: (?:["“][^"“”]*["”]\s*)* ["“][^"“”]*["”]?[.,!?]?
           | ['‘](?:[^'‘’]|(?<=\w)['’](?=\w))*['’]?[.,!?]? )$""",
    re.VERBOSE,
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a brief may be. At most one of the limits is set; none means `auto`.

    Attributes:
        sentences: at most so many sentences.
        words: at most so many words, counted by white space.
        characters: at most so many characters, one space between sentences included.
        ratio: at most this share of the story's words, between 0 and 1.
    """

    sentences: int | None = None
    words: int | None = None
    characters: int | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse budgets that cannot be meant.

        Raises:
            ValueError: more than one limit is set, or one is not positive.
        """
        given = {name: value for name in _LIMITS if (value := getattr(self, name)) is not None}
        if len(given) > 1:
            raise ValueError(f"budget: choose one of {', '.join(_LIMITS)}, not {' and '.join(given)} together.")
        for name, value in given.items():
            if not value > 0 or (name == "ratio" and value > 1):
                limit = "between 0 and 1" if name == "ratio" else "at least 1"
                raise ValueError(f"budget: {name} must be {limit}, not {value}.")

    @property
    def auto(self) -> bool:
        """Whether the scores decide the length."""
        return self.sentences is self.words is self.characters is self.ratio is None


_LIMITS = ("sentences", "words", "characters", "ratio")


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """What is learnt or fixed about choosing sentence by sentence, saved with the model.

    Attributes:
        auto_margin: with `auto`, a further sentence is taken while its probability is at least this.
        auto_most: with `auto`, at most so many sentences.
        leaning_penalty: taken off the logit of a sentence that leans on a neighbour that is not chosen.
        block_trigrams: refuse a sentence that shares a trigram with the brief.
        auto_words: with `auto`, the length aimed at: the brief ends before a sentence that would not bring it closer
            to so many words. 0 aims at none.
    """

    auto_margin: float = 0.2
    auto_most: int = 3
    leaning_penalty: float = 0.5
    block_trigrams: bool = True
    auto_words: int = 0


def leans(sentence: str) -> bool:
    """Whether a sentence needs the one before it: an opening pronoun or connective, or a lone quotation."""
    return bool(_LEANING.match(sentence) or (sentence[:1] in "\"“'‘" and _LONE_QUOTATION.match(sentence)))


def dangling(sentences: Sequence[str], chosen: Sequence[int]) -> list[int]:
    """The chosen sentences that lean on one that was left out; the first of a story never does."""
    have = set(chosen)
    return [index for index in chosen if index > 0 and index - 1 not in have and leans(sentences[index])]


def select(
    logits: NDArray[np.floating],
    sentences: Sequence[str],
    budget: Budget,
    rules: SelectionRules,
    start: Sequence[int] = (),
) -> list[int]:
    """Choose a brief.

    A story of one or two sentences is its own brief where the budget allows. Under a budget of words, characters or
    ratio, sentences that do not fit are passed over for the best one that does; nothing fits, nothing is chosen.

    Args:
        logits: one score per sentence, `(n_sentences,)`; a higher one is chosen first, the earlier one of equals.
        sentences: the story's sentences.
        budget: the limit.
        rules: see `SelectionRules`.
        start: sentences that are chosen already, within the budget and without repetition.

    Returns:
        Indices in story order, never more than the story has.

    Raises:
        ValueError: there are more or fewer logits than sentences.
    """
    n = len(sentences)
    if len(logits) != n:
        raise ValueError(f"{len(logits)} logits for {n} sentences; expected one each.")
    room = _Room(sentences, budget)
    if n <= 2 and room.fits(*range(n)):
        return list(range(n))
    most = min(n, rules.auto_most if budget.auto else (budget.sentences or n))
    least = _logit(rules.auto_margin) if budget.auto else -math.inf
    ranking = _Ranking(np.asarray(logits, dtype=np.float64), sentences, rules.leaning_penalty)
    chosen: list[int] = []
    seen: set[tuple[str, ...]] = set()
    for index in start:
        chosen.append(index)
        room.take(index)
        ranking.chose(index)
        seen |= trigrams(word_list(sentences[index]))
    while len(chosen) < most:
        best = ranking.pop()
        if best is None or (chosen and best[0] < least):
            break
        index = best[1]
        if not room.fits(index):
            continue
        if rules.block_trigrams:
            grams = trigrams(word_list(sentences[index]))
            if chosen and not seen.isdisjoint(grams):
                continue
            seen |= grams
        if budget.auto and chosen and not _closer(sentences, chosen, index, rules.auto_words):
            break
        chosen.append(index)
        room.take(index)
        ranking.chose(index)
    return sorted(chosen)


class _Ranking:
    """The sentences that are left, by their scores less the penalty of those that lean on one not chosen.

    A heap, so that a story of very many sentences, most of them refused, costs no more than sorting them. A penalty
    only lowers a score: a sentence is asked whether it leans when its own score comes up, and goes back lower if so.
    """

    def __init__(self, scores: NDArray[np.float64], sentences: Sequence[str], penalty: float) -> None:
        self._scores: list[float] = scores.tolist()
        self._sentences = sentences
        self._penalty = max(0.0, penalty)
        self._heap = [(-score, index, False) for index, score in enumerate(self._scores)]
        heapq.heapify(self._heap)
        self._chosen: set[int] = set()
        self._gone: set[int] = set()

    def pop(self) -> tuple[float, int] | None:
        """The highest score and its sentence, which is taken out; of equals the earlier one; None when none is left.

        Chosen or refused, it does not come again: what does not fit or repeats the brief never will.
        """
        while self._heap:
            key, index, penalised = heapq.heappop(self._heap)
            if index in self._gone:
                continue
            alone = self._penalty and index and index - 1 not in self._chosen
            if alone and not penalised and leans(self._sentences[index]):
                heapq.heappush(self._heap, (self._penalty - self._scores[index], index, True))
                continue
            self._gone.add(index)
            return -key, index
        return None

    def chose(self, index: int) -> None:
        """Take note that a sentence is chosen: it does not come again, and the next one may lean on it."""
        self._chosen.add(index)
        self._gone.add(index)
        if self._penalty and index + 1 < len(self._scores) and index + 1 not in self._gone:
            heapq.heappush(self._heap, (-self._scores[index + 1], index + 1, False))


class _Room:
    """What a budget leaves room for."""

    def __init__(self, sentences: Sequence[str], budget: Budget) -> None:
        self._sentences = sentences
        self._most, self._words, self._characters = budget.sentences, budget.words, budget.characters
        if budget.ratio is not None:
            self._words = int(budget.ratio * sum(len(sentence.split()) for sentence in sentences))
        if self._characters is not None:
            self._characters += 1  # a sentence is counted with the space before it, which the first one has not

    def fits(self, *indices: int) -> bool:
        """Whether these sentences too are within the budget."""
        if self._most is not None and len(indices) > self._most:
            return False
        if self._words is not None and sum(len(self._sentences[i].split()) for i in indices) > self._words:
            return False
        return self._characters is None or sum(len(self._sentences[i]) + 1 for i in indices) <= self._characters

    def take(self, index: int) -> None:
        """Leave less room by a sentence."""
        if self._most is not None:
            self._most -= 1
        if self._words is not None:
            self._words -= len(self._sentences[index].split())
        if self._characters is not None:
            self._characters -= len(self._sentences[index]) + 1


def _closer(sentences: Sequence[str], chosen: Sequence[int], index: int, aim: int) -> bool:
    """Whether a further sentence brings the brief closer to the number of words aimed at."""
    missing = aim - sum(len(sentences[number].split()) for number in chosen)
    return not aim or abs(missing - len(sentences[index].split())) < abs(missing)


def word_list(sentence: str) -> list[str]:
    """The words of a sentence, without case."""
    return _WORD.findall(sentence.lower())


def trigrams(words: Sequence[str]) -> set[tuple[str, ...]]:
    """The runs of three words of a sentence; a shorter one is a run by itself."""
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}


def _logit(probability: float) -> float:
    if not 0.0 < probability < 1.0:
        return -math.inf if probability <= 0.0 else math.inf
    return math.log(probability / (1.0 - probability))
