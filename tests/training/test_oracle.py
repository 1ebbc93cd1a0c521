"""The greedy oracle chooses what raises ROUGE, and nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer, tokenizers

from training.oracle import greedy_oracle, greedy_oracles, rouge_tokens

STORY = [
    "The council met on Monday.",
    "A storm flooded the harbour and sank two boats.",
    "Nobody was hurt.",
    "The mayor promised new sea walls by spring.",
]

SENTENCE = st.lists(st.sampled_from(["storm", "boats", "walls", "mayor", "sank", "the", "a", "new"]), max_size=6).map(
    " ".join
)


def rouge(sentences: list[str], reference: str) -> float:
    """ROUGE-1 F + ROUGE-2 F as the package counts them."""
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2"], use_stemmer=True)
    scores = scorer.score(reference, " ".join(sentences))
    return float(scores["rouge1"].fmeasure + scores["rouge2"].fmeasure)


def test_chooses_the_sentences_of_the_reference_best_first() -> None:
    reference = "A storm sank two boats in the harbour. New sea walls are promised."
    assert greedy_oracle(STORY, reference) == [1, 3]


def test_stops_at_the_limit() -> None:
    assert greedy_oracle(STORY, " ".join(STORY), limit=2) == [1, 3]
    assert sorted(greedy_oracle(STORY, " ".join(STORY))) == [0, 1, 2, 3]


def test_nothing_in_common() -> None:
    assert greedy_oracle(STORY, "Quite other words") == []
    assert greedy_oracle(STORY, "") == []
    assert greedy_oracle([], "A storm.") == []
    assert greedy_oracle(["", "…"], "A storm.") == []


@given(st.lists(SENTENCE, min_size=1, max_size=6), SENTENCE)
@settings(max_examples=100, deadline=None)
def test_the_first_choice_is_the_best_single_sentence(story: list[str], reference: str) -> None:
    chosen = greedy_oracle(story, reference)
    best = max(rouge([sentence], reference) for sentence in story)
    assert bool(chosen) == (best > 0)
    if chosen:
        assert abs(rouge([story[chosen[0]]], reference) - best) < 1e-9
    assert len(set(chosen)) == len(chosen) <= 5


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_tokens_are_those_that_rouge_counts(text: str) -> None:
    assert rouge_tokens(text) == tokenizers.DefaultTokenizer(use_stemmer=True).tokenize(text)


def test_many_stories_keep_their_order() -> None:
    stories = [STORY[n % 4 :] for n in range(70)]
    references = [STORY[3 - n % 2] for n in range(70)]
    alone = [greedy_oracle(story, reference) for story, reference in zip(stories, references, strict=True)]
    assert list(greedy_oracles(stories, references, workers=2)) == alone
    assert list(greedy_oracles(stories, references, workers=1)) == alone
