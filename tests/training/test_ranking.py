"""Learning which whole brief to take: from scores of scorers that have not seen the story, by its ROUGE."""

from __future__ import annotations

import numpy as np
import pytest

from models.candidates import BriefRanker, Candidates
from models.story import Story, read_story
from models.trees import Trees
from training.oracle import rouge_f, rouge_tokens
from training.ranking import FOLDS, candidate_rouge, cross_scores, fit_ranker, tune_ranker

PLACES = ["Tarsk", "Lesna", "Quill", "Alder", "Brenn", "Corvo", "Dunmore", "Esk"]


def story(number: int) -> tuple[Story, str, np.ndarray]:  # type: ignore[type-arg]
    """Summaries are the first and the last but one sentence; the scores say no more than that the first matters."""
    rng = np.random.default_rng(number)
    deeds = ["opened", "closed", "flooded", "burned", "sold", "bought"]
    sentences = [
        f"Mayor {PLACES[(number + at) % 8]} {deeds[at]} the {PLACES[(number + 3 * at) % 8]} yard after "
        f"{rng.integers(2, 90)} days of {PLACES[(number + 5 * at) % 8]} rain."
        for at in range(6)
    ]
    logits = np.array([3.0, 0.6, 0.5, 0.4, 0.3, 0.2]) + rng.normal(0, 0.01, 6)
    return read_story(" ".join(sentences)), f"{sentences[0]} {sentences[4]}", logits.astype(np.float32)


def test_every_story_is_scored_by_what_was_fitted_on_others() -> None:
    calls: list[tuple[list[int], list[int]]] = []

    def fit_and_score(fitted: list[int], scored: list[int]) -> list[np.ndarray]:  # type: ignore[type-arg]
        calls.append((fitted, scored))
        return [np.full(row % 3, row, np.float32) for row in scored]

    scores = cross_scores(11, 13, fit_and_score)
    assert [len(found) for found in scores] == [row % 3 for row in range(11)]
    assert all((found == row).all() for row, found in enumerate(scores))
    assert len(calls) == FOLDS
    for fitted, scored in calls:
        assert sorted([*fitted, *scored]) == list(range(11))
    first = [*calls]
    calls.clear()
    cross_scores(11, 13, fit_and_score)
    assert calls == first
    calls.clear()
    cross_scores(11, 14, fit_and_score)
    assert calls != first


def test_the_rouge_of_candidates_is_that_of_their_sentences() -> None:
    read, summary, logits = story(3)
    texts = [sentence.text for sentence in read.sentences]
    candidates = Candidates.of(logits, texts)
    found = candidate_rouge(texts, candidates, summary)
    assert found.shape == (len(candidates.sizes), 2)
    for row in range(0, len(found), 7):
        words = [word for at in candidates.chosen(row) for word in rouge_tokens(texts[at])]
        assert found[row].sum() == pytest.approx(rouge_f(words, rouge_tokens(summary)))
    assert found.max() == 1.0


def test_it_learns_which_sentences_go_together_and_how_many() -> None:
    learnt = [story(number) for number in range(60)]
    ranker = fit_ranker([one[2] for one in learnt], [one[0] for one in learnt], [one[1] for one in learnt])
    held = [story(number) for number in range(100, 130)]
    chosen = [
        ranker.best(Candidates.of(logits, [sentence.text for sentence in read.sentences])) for read, _, logits in held
    ]
    assert sum(found == (0, 4) for found in chosen) >= 24  # by their scores, 0 and 1
    stories, summaries, scores = ([one[part] for one in held] for part in range(3))
    tuned, value = tune_ranker(ranker, scores, stories, summaries)  # type: ignore[arg-type]
    assert value > 90
    assert tuned.leaning_cost == 0.02  # none leans: the largest costs nothing
    again = fit_ranker([one[2] for one in learnt], [one[0] for one in learnt], [one[1] for one in learnt])
    np.testing.assert_array_equal(again.trees.values, ranker.trees.values)


def test_leaning_sentences_cost_no_more_than_little_rouge() -> None:
    texts = "Mayor Quill opened the yard on Monday. It was the first in Tarsk for nine years. Rain fell on Alder."
    read = read_story(texts)
    logits = np.array([-1.0, 2.0, -2.0], np.float32)
    wanted = "It was the first in Tarsk for nine years."
    ranker = fit_ranker([logits] * 40, [read] * 40, [wanted] * 40)
    assert ranker.best(Candidates.of(logits, [sentence.text for sentence in read.sentences])) == (1,)
    tuned, value = tune_ranker(ranker, [logits], [read], [wanted])
    assert value == pytest.approx(100.0)
    assert tuned.best(Candidates.of(logits, [sentence.text for sentence in read.sentences])) == (1,)


def test_a_cost_that_loses_rouge_is_not_taken() -> None:
    """Where the summaries are sentences that lean, nothing is taken off for leaning."""
    read = read_story("Mayor Quill opened the yard on Monday. Rain fell on Alder. It was the first in Tarsk for years.")
    texts = [sentence.text for sentence in read.sentences]
    logits = np.array([-1.0, -2.0, 2.0], np.float32)
    candidates = Candidates.of(logits, texts)
    rows = [row for row in range(len(candidates.sizes)) if candidates.chosen(row) in ((0,), (2,))]
    # the leaning one is worth 0.008 more than the first alone, all others much less
    values = {(2,): 0.008, (0,): 0.0}
    wanted = np.array([values.get(candidates.chosen(row), -0.5) for row in range(len(candidates.sizes))], np.float32)
    settings = {"max_iter": 400, "learning_rate": 0.3, "min_samples_leaf": 1, "max_depth": 4}
    features = np.repeat(candidates.features, 30, axis=0)
    ranker = BriefRanker(Trees.fit(features, np.repeat(wanted, 30), regression=True, **settings))
    assert len(rows) == 2
    assert ranker.best(candidates) == (2,)
    tuned, value = tune_ranker(ranker, [logits], [read], [texts[2]])
    assert (tuned.leaning_cost, value) == (0.005, pytest.approx(100.0))


def test_a_story_of_two_sentences_is_judged_as_what_it_is_given() -> None:
    read = read_story("Mayor Quill opened the yard on Monday. Rain fell on Alder.")
    ranker = fit_ranker([np.zeros(2, np.float32)], [read], ["Rain fell on Alder."])
    _, value = tune_ranker(ranker, [np.array([5.0, -5.0], np.float32)], [read], [read.text])
    assert value == pytest.approx(100.0)
