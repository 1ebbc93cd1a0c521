"""ROUGE: the package's own figures, faster, and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer, tokenizers

from training.rouge import ROUGE_TYPES, StemmingTokenizer, one_per_line, rouge_scores

REFERENCE = "A cat sat there. It was running."  # a cat sat there | it was run


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        # the cat sat | it ran: words cat, sat, it of 5 and 7; bigram cat-sat of 4 and 6; sequence cat sat it
        (["The cat sat.", "It ran."], (50.0, 20.0, 50.0, 50.0)),
        # it ran | the cat sat: the sequence is cat sat now, but sentence by sentence cat sat and it are found
        (["It ran.", "The cat sat."], (50.0, 20.0, 100 / 3, 50.0)),
        # runs is stemmed to run: it, run of 2 and 7; no bigram in common
        (["It runs"], (400 / 9, 0.0, 400 / 9, 400 / 9)),
        (["A CAT — sat there!", "it was running?"], (100.0, 100.0, 100.0, 100.0)),
        # cat occurs three times, once in the reference: 1 of 3 and 7
        (["cat cat cat"], (20.0, 0.0, 20.0, 20.0)),
        (["Nothing shared"], (0.0, 0.0, 0.0, 0.0)),
        ([], (0.0, 0.0, 0.0, 0.0)),
        ([""], (0.0, 0.0, 0.0, 0.0)),
        (["…"], (0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_values_by_hand(prediction: list[str], expected: tuple[float, ...]) -> None:
    scores = rouge_scores([prediction], [REFERENCE])
    assert tuple(scores) == ROUGE_TYPES
    assert [scores[name][0] for name in ROUGE_TYPES] == pytest.approx(expected, abs=1e-9)


def test_a_reference_of_lines_is_not_split_again() -> None:
    assert one_per_line("One. Two.\nThree.") == "One. Two.\nThree."
    assert one_per_line("One came. Two went.") == "One came.\nTwo went."


def test_a_line_break_inside_a_sentence_begins_no_sentence() -> None:
    whole, broken = (
        rouge_scores([[sentence]], ["it ran\nthe cat sat"])["rougeLsum"][0]
        for sentence in ("the cat sat it ran", "the cat sat\nit ran")
    )
    assert whole == broken


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet="abcdefgINGings' \n.-0é"))
@settings(max_examples=200, deadline=None)
def test_tokens_are_those_of_the_package(text: str) -> None:
    assert StemmingTokenizer().tokenize(text) == tokenizers.DefaultTokenizer(use_stemmer=True).tokenize(text)


WORDS = st.sampled_from(["the", "cats", "ran", "running", "a", "policies", "police", "government's", "3.5", "U.S."])


@given(st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=4), st.lists(WORDS, max_size=20))
@settings(max_examples=100, deadline=None)
def test_scores_are_those_of_the_package(sentences: list[str], reference_words: list[str]) -> None:
    reference = " ".join(reference_words[:9]) + "\n" + " ".join(reference_words[9:]) + "\n."
    expected = rouge_scorer.RougeScorer(list(ROUGE_TYPES), use_stemmer=True).score(reference, "\n".join(sentences))
    found = rouge_scores([sentences], [reference])
    for name in ROUGE_TYPES:
        assert found[name][0] == pytest.approx(100 * expected[name].fmeasure)


def test_processes_keep_the_order_and_report_progress() -> None:
    predictions = [[f"story {n} of {n % 7} words"] for n in range(300)]
    references = [f"story {n} has {n % 5} words" for n in range(300)]
    done: list[int] = []
    parallel = rouge_scores(predictions, references, workers=2, progress=done.append)
    alone = rouge_scores(predictions, references, workers=1)
    for name in ROUGE_TYPES:
        np.testing.assert_array_equal(parallel[name], alone[name])
    assert done == sorted(done)
    assert done[-1] == 300


def test_no_stories() -> None:
    assert {name: values.shape for name, values in rouge_scores([], []).items()} == dict.fromkeys(ROUGE_TYPES, (0,))


def test_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="1 predictions, expected 2"):
        rouge_scores([["a"]], ["a", "b"])
