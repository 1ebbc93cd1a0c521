"""Duplicates: equal texts whatever their dress, near ones by true similarity, and nothing else."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import duplicates
from training.duplicates import NEAR, find_duplicates

RNG = np.random.default_rng(5)
VOCABULARY = [f"word{n}" for n in range(3000)]


def story(n_words: int) -> str:
    return " ".join(RNG.choice(VOCABULARY, n_words))


def changed(text: str, places: list[int]) -> str:
    words = text.split()
    for place in places:
        words[place] = f"other{place}"
    return " ".join(words)


def true_jaccard(one: str, other: str) -> float:
    a, b = ({tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} for words in (one.split(), other.split()))
    return len(a & b) / len(a | b)


def test_equal_texts_are_found_in_any_case_spacing_and_quotation_marks() -> None:
    texts = ['He said "no".', "Other story", "HE  SAID\n“No”.", "it's", "It’s", "he said 'no'."]
    found = find_duplicates(texts)
    assert found.groups == [[0, 2], [3, 4]]


def test_near_texts_are_found_with_their_true_similarity() -> None:
    one, short = story(300), story(40)
    texts = [one, story(300), changed(one, [5, 100]), short, changed(short, [39]), changed(short, [10, 20, 30])]
    found = find_duplicates(texts)
    assert found.groups == []
    assert found.pairs.tolist() == [[0, 2], [3, 4]]
    for (a, b), similarity in zip(found.pairs.tolist(), found.similarities, strict=True):
        assert similarity == pytest.approx(true_jaccard(texts[a], texts[b]))
    assert true_jaccard(texts[3], texts[5]) < NEAR


def test_hardly_a_near_pair_is_missed_and_none_is_invented() -> None:
    texts = []
    for _ in range(300):
        text = story(60)
        texts += [text, changed(text, sorted(RNG.choice(60, RNG.integers(1, 5), replace=False)))]
    found = {(a, b) for a, b in find_duplicates(texts).pairs.tolist()}
    wanted = {(i, i + 1) for i in range(0, 600, 2) if true_jaccard(texts[i], texts[i + 1]) >= NEAR}
    assert 100 < len(wanted) < 300
    assert found <= wanted
    assert len(found) >= 0.98 * len(wanted)


def test_of_equal_texts_only_the_first_is_compared_further() -> None:
    one = story(100)
    found = find_duplicates([one, changed(one, [50]), one.upper(), changed(one, [50])])
    assert found.groups == [[0, 2], [1, 3]]
    assert found.pairs.tolist() == [[0, 1]]


def test_texts_without_words_resemble_nothing() -> None:
    found = find_duplicates(["", " ", "...", "...", "\ud800", "— —", "— —"])
    assert found.groups == []
    assert len(found.pairs) == 0
    assert find_duplicates([]).pairs.shape == (0, 2)


def test_short_texts_and_long_runs_without_spaces() -> None:
    found = find_duplicates(["Rain", "rain!", "snow", "x" * 500, "y" * 500, "a b", "a c", "b a"])
    assert found.groups == []
    assert found.pairs.tolist() == [[0, 1]]


def test_many_copies_of_a_template_take_linear_time() -> None:
    frame = story(40)
    texts = [f"{frame} number {n}" for n in range(4000)]
    begin = time.process_time()
    found = find_duplicates(texts)
    assert time.process_time() - begin < 15
    assert set(found.pairs.ravel().tolist()) == set(range(4000))
    assert len(found.pairs) < 30 * 4000 * duplicates.BANDS


def test_progress_counts_every_text() -> None:
    seen: list[int] = []
    find_duplicates(["a b c", "A b c", "d e f", ""], on_progress=seen.append)
    assert sum(seen) == 4


@given(st.lists(st.text("ab \n\ud800é", max_size=12), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_the_texts_pairs_are_in_order_and_similar(texts: list[str]) -> None:
    found = find_duplicates(texts)
    assert all(a < b for a, b in found.pairs.tolist())
    assert ((found.similarities >= NEAR) & (found.similarities <= 1)).all()
    assert len({tuple(pair) for pair in found.pairs.tolist()}) == len(found.pairs)
    assert all(len(group) > 1 and group == sorted(group) for group in found.groups)
