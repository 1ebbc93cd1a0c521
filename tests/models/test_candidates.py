"""Whole briefs as candidates: which there are, what is seen of them, and which is taken."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.artefact import load_artefact, save_artefact
from models.candidates import BEST, FEATURES, MOST, BriefRanker, Candidates
from models.selection import Budget, SelectionRules, dangling, select
from models.summary import SummaryModel
from models.trees import Trees

STORY = [
    "The harbour board voted on Tuesday to close the old ferry terminal.",
    "It will be gone by June.",
    "Passengers will be sent to the new pier across the bay.",
    "Nine lines once served the old ferry terminal.",
    "Fishermen had asked for the sheds.",
    "A hearing is planned for March in the town hall.",
    "Nobody spoke.",
]
LOGITS = np.array([2.0, 1.5, 1.0, 0.5, 0.0, -0.5, -1.0])

stories = st.lists(
    st.lists(st.text("abcdefg ,.\"“”'é", max_size=12), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=9
)


@cache
def preferring(column: str, *, least: bool = False, cost: float = 0.0) -> BriefRanker:
    """Takes the candidate with most (or least) of one feature, in steps that small trees can tell apart."""
    values = np.arange(0.0, 80.0, 0.5)
    rows = np.zeros((len(values), len(FEATURES)), np.float32)
    rows[:, FEATURES.index(column)] = values
    targets = (-values if least else values).astype(np.float32)
    parameters = {"max_iter": 200, "max_depth": 6, "max_leaf_nodes": 64, "min_samples_leaf": 1, "learning_rate": 0.3}
    return BriefRanker(Trees.fit(rows, targets, regression=True, **parameters), cost)


def seen(candidates: Candidates, chosen: tuple[int, ...]) -> dict[str, float]:
    (row,) = [row for row in range(len(candidates.sizes)) if candidates.chosen(row) == chosen]
    return dict(zip(FEATURES, candidates.features[row].tolist(), strict=True))


def test_all_combinations_of_the_best_sentences_but_those_that_repeat() -> None:
    candidates = Candidates.of(LOGITS, STORY)
    found = [candidates.chosen(row) for row in range(len(candidates.sizes))]
    wanted = {c for size in range(1, MOST + 1) for c in combinations(range(BEST), size) if not {0, 3} <= set(c)}
    assert len(found) == len(set(found))
    assert set(found) == wanted  # without the last sentence, and without two that share "the old ferry"
    assert candidates.sizes.tolist() == [len(chosen) for chosen in found]
    everything = Candidates.of(LOGITS, STORY, block_trigrams=False)
    assert len(everything.sizes) == 6 + 15 + 20 + 15


def test_what_is_seen_of_a_candidate() -> None:
    row = seen(Candidates.of(LOGITS, STORY), (0, 2))
    chances = 1 / (1 + np.exp(-LOGITS))
    assert (row["sentences"], row["words"], row["longest"], row["ranks"]) == (2, 12 + 11, 12, 0 + 2)
    assert row["chance"] == pytest.approx(chances[0] + chances[2])
    assert row["least_chance"] == pytest.approx(chances[2])
    assert row["best_left"] == pytest.approx(chances[1])
    assert row["logits"] == pytest.approx(3.0)
    assert row["new_words"] == pytest.approx(19 / 23)  # "the", "to" and "the" come again
    assert (row["first_place"], row["last_place"], row["mean_place"], row["in_lead"]) == (0, 2, 1, 2)
    assert (row["in_a_row"], row["leaning"]) == (0, 0)
    assert (row["story_sentences"], row["story_words"]) == (7, sum(len(text.split()) for text in STORY))
    assert row["top_1"] == pytest.approx(chances[0])
    assert row["top_chance"] == pytest.approx(chances[:6].sum())
    assert row["all_chance"] == pytest.approx(chances.sum())
    assert row["mean_chance"] == pytest.approx((chances[0] + chances[2]) / 2)
    assert row["best_chance"] == pytest.approx(chances[0])
    assert row["least_logit"] == 1.0
    assert row["chance_by_words"] == pytest.approx((12 * chances[0] + 11 * chances[2]) / 23)
    assert row["share"] == pytest.approx(23 / row["story_words"])
    assert row["lead_words"] == 12 + 6 + 11
    assert seen(Candidates.of(LOGITS, STORY), (0, 1))["leaning"] == 0
    row = seen(Candidates.of(LOGITS, STORY), (1, 2))
    assert (row["leaning"], row["in_a_row"], row["in_lead"]) == (1, 1, 2)


def test_the_best_is_taken_of_all_or_of_one_size() -> None:
    candidates = Candidates.of(LOGITS, STORY)
    assert preferring("words").best(candidates) == (0, 1, 2, 5)
    assert preferring("words").best(candidates, 2) == (0, 2)
    assert preferring("words", least=True).best(candidates) == (1,)
    assert preferring("words", least=True, cost=50.0).best(candidates) == (4,)  # the other leans on what is not there
    assert preferring("words").best(candidates, 5) is None


@settings(deadline=None)  # the first example fits trees
@given(stories, st.one_of(st.just(Budget()), st.integers(1, 7).map(lambda n: Budget(sentences=n))), st.integers(0, 99))
def test_whatever_the_story_a_brief_keeps_its_budget(story: list[str], budget: Budget, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 20, len(story))
    model = SummaryModel(None, SelectionRules(leaning_penalty=0.0), preferring("chance"))
    chosen = model.choose(logits, story, budget)
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= min(len(story), budget.sentences or max(2, MOST))
    candidates = Candidates.of(logits, story)
    assert np.isfinite(candidates.features).all()
    for row in range(len(candidates.sizes)):
        assert candidates.leaning[row] == len(dangling(story, candidates.chosen(row)))


@pytest.mark.parametrize("budget", [Budget(words=30), Budget(characters=120), Budget(ratio=0.4)])
def test_other_budgets_are_filled_sentence_by_sentence(budget: Budget) -> None:
    rules = SelectionRules(leaning_penalty=0.0)
    model = SummaryModel(None, rules, preferring("words"))
    assert model.choose(LOGITS, STORY, budget) == select(LOGITS, STORY, budget, rules)


def test_a_longer_brief_grows_from_the_best_of_the_largest_candidates() -> None:
    model = SummaryModel(None, SelectionRules(leaning_penalty=0.0), preferring("last_place"))
    four = model.choose(LOGITS, STORY, Budget(sentences=4))
    assert 5 in four  # by its score it would come sixth
    for asked in (5, 6):
        longer = model.choose(LOGITS, STORY, Budget(sentences=asked))
        assert len(longer) == asked
        assert set(four) < set(longer)
    assert len(model.choose(LOGITS, STORY, Budget(sentences=7))) == 6  # two of the seven share "the old ferry"


def test_what_may_not_repeat_follows_the_rules() -> None:
    loose = SummaryModel(None, SelectionRules(leaning_penalty=0.0, block_trigrams=False), preferring("logits"))
    strict = SummaryModel(None, SelectionRules(leaning_penalty=0.0), preferring("logits"))
    assert loose.choose(LOGITS, STORY, Budget(sentences=4)) == [0, 1, 2, 3]
    assert strict.choose(LOGITS, STORY, Budget(sentences=4)) == [0, 1, 2, 4]


def test_a_score_is_asked_of_every_sentence() -> None:
    model = SummaryModel(None, SelectionRules(), preferring("words"))
    for logits in (LOGITS[:3], np.append(LOGITS, 0.0)):
        with pytest.raises(ValueError, match=f"{len(logits)} logits for 7 sentences"):
            model.choose(logits, STORY, Budget())
    with pytest.raises(ValueError, match="0 logits for 0 sentences"):
        Candidates.of(np.zeros(0), [])


def test_scores_beyond_measure_and_ties_are_in_order() -> None:
    row = seen(Candidates.of(np.array([1000.0, 0.0, -1000.0]), STORY[:3]), (0, 2))
    assert (row["logits"], row["least_logit"], row["chance"]) == (0.0, -30.0, pytest.approx(1.0))
    tied = Candidates.of(np.zeros(7), STORY)
    assert max(max(tied.chosen(row)) for row in range(len(tied.sizes))) == 5  # the first six


def test_a_short_story_is_its_own_brief_and_a_repetitive_one_is_no_trouble() -> None:
    model = SummaryModel(None, SelectionRules(), preferring("words", least=True))
    assert model.choose(LOGITS[:2], STORY[:2], Budget()) == [0, 1]
    assert len(model.choose(LOGITS[:4], ["No news from the bay."] * 4, Budget(sentences=2))) == 1


def test_it_is_saved_with_its_model(tmp_path: Path) -> None:
    from inference.predict import shipped

    original = load_artefact(shipped("summariser", "fast"))
    model = SummaryModel.load(shipped("summariser", "fast"))
    model.ranker = preferring("words", cost=0.25)
    save_artefact(model.artefact(original.training, original.card), tmp_path / "ranked")
    again = SummaryModel.load(tmp_path / "ranked").ranker
    assert again is not None
    assert again.leaning_cost == 0.25
    candidates = Candidates.of(LOGITS, STORY)
    np.testing.assert_array_equal(again.values(candidates), model.ranker.values(candidates))
