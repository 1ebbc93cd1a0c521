"""Greedy oracle extracts: the labels an extractive summariser learns from, and its upper bound.

Sentences are added one at a time while ROUGE-1 F + ROUGE-2 F against the reference grows (Nallapati et al.,
"SummaRuNNer", 2017). Tokens are those of `rouge_score` with stemming, so the oracle optimises what is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import pairwise

_NOT_WORD = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=1 << 18)
def _stem(word: str) -> str:
    from nltk.stem.porter import PorterStemmer

    return str(PorterStemmer().stem(word)) if len(word) > 3 else word


def rouge_tokens(text: str) -> list[str]:
    """Tokens as `rouge_score` makes them with `use_stemmer=True`: lower-case, letters and digits, Porter stems."""
    return [_stem(word) for word in _NOT_WORD.sub(" ", text.lower()).split()]


def rouge_f(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """ROUGE-1 F + ROUGE-2 F of two token lists, from 0 to 2."""
    return sum(rouge_1_and_2(candidate, reference))


def rouge_1_and_2(candidate: Sequence[str], reference: Sequence[str]) -> tuple[float, float]:
    """ROUGE-1 F and ROUGE-2 F of two token lists, from 0 to 1."""
    unigrams = (Counter(candidate) & Counter(reference)).total()
    pairs = (_bigrams(candidate) & _bigrams(reference)).total()
    return (
        _f_measure(unigrams, len(candidate), len(reference)),
        _f_measure(pairs, len(candidate) - 1, len(reference) - 1),
    )


def _bigrams(tokens: Sequence[str]) -> Counter[tuple[str, str]]:
    return Counter(pairwise(tokens))


def _f_measure(overlap: int, predicted: int, reference: int) -> float:
    return 2.0 * overlap / (predicted + reference) if overlap else 0.0


def greedy_oracle(sentences: Sequence[str], reference: str, limit: int = 5) -> list[int]:
    """Indices of the sentences that together come closest to the reference, in order of choice.

    Args:
        sentences: the story's sentences.
        reference: the human summary.
        limit: most sentences to choose.

    Returns:
        At most `limit` indices; empty when no sentence shares a word with the reference.
    """
    target = rouge_tokens(reference)
    wanted, wanted_pairs = Counter(target), _bigrams(target)
    n_words, n_pairs = len(target), max(0, len(target) - 1)
    tokens = [rouge_tokens(sentence) for sentence in sentences]
    grams = [
        (
            {word: count for word, count in Counter(words).items() if word in wanted},
            {pair: count for pair, count in _bigrams(words).items() if pair in wanted_pairs},
            len(words),
        )
        for words in tokens
    ]
    chosen: list[int] = []
    best = 0.0
    have: Counter[str] = Counter()
    have_pairs: Counter[tuple[str, str]] = Counter()
    length = 0
    while len(chosen) < limit:
        winner = -1
        for index, (words, pairs, size) in enumerate(grams):
            if index in chosen or not words:
                continue
            overlap = _overlap(have, words, wanted)
            overlap_pairs = _overlap(have_pairs, pairs, wanted_pairs)
            score = _f_measure(overlap, length + size, n_words) + _f_measure(
                overlap_pairs, length + size - 1 - len(chosen), n_pairs
            )
            if score > best + 1e-9:
                best, winner = score, index
        if winner < 0:
            break
        chosen.append(winner)
        have.update(grams[winner][0])
        have_pairs.update(grams[winner][1])
        length += grams[winner][2]
    return chosen


def _overlap(have: Counter[str] | Counter[tuple[str, str]], more: dict, wanted: Counter) -> int:  # type: ignore[type-arg]
    total = sum(min(count, wanted[gram]) for gram, count in have.items())
    for gram, count in more.items():
        before = min(have[gram], wanted[gram])
        total += min(have[gram] + count, wanted[gram]) - before
    return total


def sentence_gains(sentences: Sequence[str], reference: str) -> list[float]:
    """How close each sentence alone comes to the reference, ROUGE-1 F + ROUGE-2 F, the story's best one being 1."""
    target = rouge_tokens(reference)
    gains = [rouge_f(rouge_tokens(sentence), target) for sentence in sentences]
    best = max(gains, default=0.0)
    return [gain / best for gain in gains] if best else gains


def _job(pair: tuple[Sequence[str], str]) -> list[int]:
    return greedy_oracle(*pair)


def greedy_oracles(
    stories: Sequence[Sequence[str]], references: Sequence[str], *, workers: int = 2
) -> Iterator[list[int]]:
    """`greedy_oracle` of many stories, in parallel processes, yielded in order."""
    pairs = list(zip(stories, references, strict=True))
    if workers < 2 or len(pairs) < 64:
        yield from map(_job, pairs)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_job, pairs, chunksize=32)
