from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.selection import Budget, SelectionRules, dangling, leans, select

PLAIN = SelectionRules(leaning_penalty=0.0)
STORY = [
    "The harbour board voted on Tuesday to close the old ferry terminal.",
    "Passengers will be sent to the new pier across the bay from next June.",
    "The old ferry terminal opened in 1921 and once served nine lines.",
    "Fishermen had asked for the sheds to be kept for another decade.",
    "A final hearing is planned for March in the town hall.",
]

words = st.text("abcdefg ,.\"“”'é", min_size=1, max_size=30).map(str.strip).filter(bool)
stories = st.lists(st.lists(words, min_size=1, max_size=8).map(" ".join), min_size=0, max_size=9)
numbers = st.integers(1, 40)
budgets = st.one_of(
    st.just(Budget()),
    numbers.map(lambda n: Budget(sentences=n)),
    numbers.map(lambda n: Budget(words=n)),
    st.integers(1, 200).map(lambda n: Budget(characters=n)),
    st.floats(0.001, 1.0).map(lambda share: Budget(ratio=share)),
)
rules = st.builds(
    SelectionRules,
    auto_margin=st.floats(0.0, 1.0),
    auto_most=st.integers(1, 5),
    leaning_penalty=st.floats(0.0, 3.0),
    block_trigrams=st.booleans(),
    auto_words=st.sampled_from([0, 0, 5, 12, 40]),
)


@given(stories, budgets, rules, st.integers(0, 2**32 - 1))
def test_every_budget_is_kept_in_whole_sentences_and_story_order(
    story: list[str], budget: Budget, rules: SelectionRules, seed: int
) -> None:
    logits = np.random.default_rng(seed).normal(0, 4, len(story)).round(1)
    chosen = select(logits, story, budget, rules)
    assert chosen == sorted(set(chosen))
    assert all(0 <= index < len(story) for index in chosen)
    brief = " ".join(story[index] for index in chosen)
    if budget.sentences is not None:
        assert len(chosen) <= budget.sentences
    if budget.words is not None:
        assert len(brief.split()) <= budget.words
    if budget.characters is not None:
        assert len(brief) <= budget.characters
    if budget.ratio is not None:
        assert len(brief.split()) <= budget.ratio * len(" ".join(story).split())
    if budget.auto or budget.sentences is not None:
        assert chosen or not story
    if budget.auto and len(story) > 2:
        assert len(chosen) <= rules.auto_most


@given(stories, rules, st.integers(0, 2**32 - 1))
def test_the_lazy_search_finds_what_an_exhaustive_one_does(story: list[str], rules: SelectionRules, seed: int) -> None:
    logits = np.random.default_rng(seed).integers(-4, 4, len(story)) / 2.0
    if len(story) <= 2:
        return
    chosen: list[int] = []
    left = set(range(len(story)))
    seen: set[tuple[str, ...]] = set()
    while left and len(chosen) < rules.auto_most:
        scores = {
            index: logits[index]
            - rules.leaning_penalty * (index > 0 and index - 1 not in chosen and leans(story[index]))
            for index in left
        }
        best = min(left, key=lambda index: (-scores[index], index))
        if chosen and scores[best] < _logit(rules.auto_margin):
            break
        left.remove(best)
        grams = _trigrams(story[best])
        if rules.block_trigrams and chosen and grams & seen:
            continue
        seen |= grams
        length = sum(len(story[index].split()) for index in chosen)
        further = length + len(story[best].split())
        if rules.auto_words and chosen and abs(further - rules.auto_words) >= abs(length - rules.auto_words):
            break
        chosen.append(best)
    assert select(logits, story, Budget(), rules) == sorted(chosen)


def _logit(probability: float) -> float:
    if probability <= 0:
        return -math.inf
    return math.inf if probability >= 1 else math.log(probability / (1 - probability))


def _trigrams(sentence: str) -> set[tuple[str, ...]]:
    found = re.findall(r"\w+", sentence.lower())
    return {tuple(found[i : i + 3]) for i in range(len(found) - 2)} or {tuple(found)}


def test_the_highest_scores_are_chosen_and_told_in_story_order() -> None:
    assert select(np.array([0.0, 1, 2, 3, 4]), STORY, Budget(sentences=2), PLAIN) == [3, 4]
    assert select(np.array([1.0, 1, 1, 1, 1]), STORY, Budget(sentences=2), PLAIN) == [0, 1]


@pytest.mark.parametrize("story", [[], STORY[:1], STORY[:2]])
def test_a_story_of_two_sentences_is_its_own_brief(story: list[str]) -> None:
    assert select(np.full(len(story), -9.0), story, Budget(), PLAIN) == list(range(len(story)))


def test_auto_takes_what_the_scores_justify_but_one_sentence_at_least() -> None:
    logits = np.array([2.0, 1.0, -3.0, -3.0, -3.0])
    assert select(logits, STORY, Budget(), PLAIN) == [0, 1]
    assert select(np.full(5, -1000.0), STORY, Budget(), PLAIN) == [0]
    everything = SelectionRules(auto_most=4, block_trigrams=False)
    assert select(np.full(5, 1000.0), STORY, Budget(), everything) == [0, 1, 2, 3]


def test_auto_ends_where_a_further_sentence_would_overshoot_the_words_aimed_at() -> None:
    aims = {0: 3, 1: 1, 12: 1, 18: 1, 20: 2, 26: 2, 31: 2, 33: 3, 500: 3}
    for aim, expected in aims.items():
        rules = SelectionRules(auto_margin=0.0, leaning_penalty=0.0, block_trigrams=False, auto_words=aim)
        assert len(select(-np.arange(5.0), STORY, Budget(), rules)) == expected, aim
        assert len(select(-np.arange(5.0), STORY, Budget(sentences=4), rules)) == 4


def test_what_does_not_fit_is_passed_over_for_the_best_that_does() -> None:
    lengths = [len(sentence.split()) for sentence in STORY]
    logits = np.array([5.0, 4, 3, 2, 1])
    assert select(logits, STORY, Budget(words=lengths[0]), PLAIN) == [0]
    assert select(logits, STORY, Budget(words=11), PLAIN) == [4]
    assert select(logits, STORY, Budget(words=3), PLAIN) == []
    assert select(logits, STORY, Budget(characters=len(STORY[4])), PLAIN) == [4]
    assert select(logits, STORY, Budget(ratio=0.01), PLAIN) == []
    assert select(logits, STORY, Budget(sentences=1), PLAIN) == [0]


def test_a_sentence_that_shares_three_words_with_the_brief_is_refused() -> None:
    logits = np.array([5.0, 1, 4, 2, 0])
    assert select(logits, STORY, Budget(sentences=2), PLAIN) == [0, 3]
    assert select(logits, STORY, Budget(sentences=2), SelectionRules(0.2, 3, 0.0, False)) == [0, 2]
    assert select(np.ones(3), ["Yes.", "Yes.", "No, of course."], Budget(sentences=2), PLAIN) == [0, 2]


def test_a_leaning_sentence_is_penalised_unless_the_one_before_it_is_chosen() -> None:
    story = [*STORY[:2], "But they may still appeal to a court in the capital.", *STORY[3:]]
    logits = np.array([3.0, 0.0, 1.0, 0.8, -5.0])
    assert select(logits, story, Budget(sentences=2), PLAIN) == [0, 2]
    assert select(logits, story, Budget(sentences=2), SelectionRules(leaning_penalty=0.5)) == [0, 3]
    logits[1] = 2.0
    assert select(logits, story, Budget(sentences=3), SelectionRules(leaning_penalty=0.5)) == [0, 1, 2]
    assert dangling(story, [0, 2]) == [2]
    assert dangling(story, [1, 2]) == []
    assert dangling(["He left."], [0]) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "But he left.",
        "it was over by noon.",
        "“He said they would.",
        "As a result, fares rise.",
        "The move was welcomed.",
        "“We will not give up.”",
        '"we will not give up," "not now."',
        "'we didn't see it coming.'",
        "This is why the vote failed.",
        "Both were unhurt.",
    ],
)
def test_what_needs_the_sentence_before_it_leans(sentence: str) -> None:
    assert leans(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Mayor Ines Falk left.",
        "“We will not give up,” said Falk, “not now.”",
        '"we will not give up," falk said, "not now."',
        "'we won't,' she said on monday.",
        "IT workers walked out.",
        "Itchy trees spread.",
        "Sober drivers pay less.",
        "Both Falk and Ono voted.",
        "The moving company failed.",
        "",
    ],
)
def test_what_stands_alone_does_not_lean(sentence: str) -> None:
    assert not leans(sentence)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"sentences": 0}, "at least 1"),
        ({"words": -3}, "at least 1"),
        ({"ratio": 1.5}, "between 0 and 1"),
        ({"ratio": math.nan}, "between 0 and 1"),
        ({"words": 3, "characters": 9}, "choose one of"),
    ],
)
def test_budgets_that_cannot_be_meant_are_refused(limits: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Budget(**limits)  # type: ignore[arg-type]


def test_scores_of_another_story_are_refused() -> None:
    with pytest.raises(ValueError, match="2 logits for 5 sentences"):
        select(np.zeros(2), STORY, Budget(), PLAIN)
