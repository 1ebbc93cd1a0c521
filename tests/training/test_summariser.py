"""Training a summariser end to end, tiny."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.artefact import save_artefact
from models.selection import Budget, SelectionRules
from models.story import read_story
from models.summary import SummaryModel
from tests.training.toys import FAST
from training.data import Articles
from training.evaluation import evaluate_summariser, evaluate_topics
from training.stories import read_stories
from training.summariser import SummariserSettings, copied_extracts, oracle_extracts, train_summariser
from training.topics import train_topics


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_a_summariser_trains_saves_and_is_judged(
    engine: str, tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    model, report, training = train_summariser(seed_articles, settings=SummariserSettings(engine, str(tiny_encoder)))
    assert set(report.baselines) == {"lead-3", "random", "oracle"}
    assert report.baselines["oracle"]["rouge1"] > report.metrics["rouge1"]
    save_artefact(model.artefact(training, "card"), tmp_path / "model")
    loaded = SummaryModel.load(tmp_path / "model")
    few = seed_articles.take(range(12))
    one, two = (evaluate_summariser(m, few, budget=Budget(sentences=2)) for m in (model, loaded))
    assert one.to_dict() == two.to_dict()
    assert one.metrics["sentences"] == 2
    low, high = one.intervals["rouge1"]
    assert low <= one.metrics["rouge1"] <= high


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_with_enough_stories_whole_briefs_are_ranked(
    seed_articles: Articles, tiny_encoder: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.summariser.FEWEST", 20)
    monkeypatch.setattr("training.summariser.fit_rules", lambda *_: (SelectionRules(leaning_penalty=0.0), 0.0))
    settings = SummariserSettings(engine, str(tiny_encoder), epochs=1)
    model, _, _ = train_summariser(seed_articles.take(range(40)), settings=settings)
    save_artefact(model.artefact({}, ""), tmp_path / "model")
    again = SummaryModel.load(tmp_path / "model")
    assert again.ranker is not None and model.ranker is not None
    np.testing.assert_array_equal(again.ranker.trees.values, model.ranker.trees.values)


def test_too_few_stories_or_a_ranking_that_does_not_help_leave_it_out(
    seed_articles: Articles, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_articles = seed_articles.take(range(40))
    assert train_summariser(seed_articles, settings=SummariserSettings("fast"))[0].ranker is None
    monkeypatch.setattr("training.summariser.FEWEST", 20)
    monkeypatch.setattr("training.summariser.fit_rules", lambda *_: (SelectionRules(leaning_penalty=0.0), 100.0))
    assert train_summariser(seed_articles, settings=SummariserSettings("fast"))[0].ranker is None


def test_the_oracle_is_asked_once_where_there_is_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stories = [read_story("The yard opened on Monday. Rain fell on Alder. Nobody came."), read_story("It rained.")]
    summaries = ["Rain fell on Alder.", "Rain."]
    first = oracle_extracts(stories, summaries, tmp_path / "cache")
    assert first == [[1], [0]] == oracle_extracts(stories, summaries)
    (kept,) = (tmp_path / "cache").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("training.summariser.greedy_oracles", lambda *_: pytest.fail("asked again"))
        assert oracle_extracts(stories, summaries, tmp_path / "cache") == first
        with pytest.raises(pytest.fail.Exception):
            oracle_extracts(stories, ["The yard opened.", "Rain."], tmp_path / "cache")
    kept.write_text("[[1", encoding="utf-8")
    assert oracle_extracts(stories, summaries, tmp_path / "cache") == first
    assert kept.read_text(encoding="utf-8") == "[[1], [0]]"


def test_summaries_made_of_the_articles_sentences_are_recognised(seed_articles: Articles) -> None:

    stories = read_stories(seed_articles.take(range(5)))
    copied = [" ".join(story.sentences[i].text for i in (0, 2)) for story in stories]
    assert copied_extracts(stories, copied) == [[0, 2]] * 5
    assert copied_extracts(stories, [summary or "" for summary in (seed_articles.summaries or [])[:5]]) is None


def test_evaluating_twice_gives_the_same_figures(seed_articles: Articles) -> None:
    model, _, _ = train_topics(seed_articles, settings=FAST)
    reports: list[dict[str, Any]] = [evaluate_topics(model, seed_articles).to_dict() for _ in range(2)]
    assert reports[0] == reports[1]
    assert {"n", "metrics", "intervals", "baselines"} <= set(reports[0])
