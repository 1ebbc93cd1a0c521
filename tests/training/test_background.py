"""What is no news: the texts it is learnt from, and that models learn it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.ngrams import NgramVectorizer
from models.novelty import FEWEST_STORIES, ROOM
from models.story import passages, read_story
from models.topics import TopicModel
from training.background import TEXTS, fit_background, written
from training.data import Articles
from training.topics import TopicSettings, train_topics

pytestmark = pytest.mark.whole
TOPICS = {
    "sport": "The {0} beat the {1} in the final on Saturday, and lifted the cup before a crowd of 40,000.",
    "politics": "The {0} party lost its vote in parliament to the {1} bloc; the minister said elections would follow.",
}
RECIPE = "Preheat the oven. Beat two eggs with a cup of sugar, fold in the flour, and bake for 40 minutes until golden."


def told(n: int = 160) -> Articles:
    """Reports like each other, of two topics."""
    names = [
        f"{first}{second}"
        for first in ("Ash", "Birch", "Elm", "Oak", "Pine")
        for second in ("ton", "ford", "ley", "by")
    ]
    texts = [list(TOPICS.values())[n % 2].format(names[n % 20], names[(n * 7 + 3) % 20]) for n in range(n)]
    labels = [[list(TOPICS)[row % 2]] for row in range(n)]
    numbers = list(range(1, n + 1))
    return Articles("told", numbers, [str(row) for row in numbers], [None] * n, texts, labels, True, None)


def test_the_texts_are_many_each_its_own_and_none_a_seed(seeds: Path) -> None:
    texts: list[str] = []
    for name, fewest, kinds in (("no-news", 500, 15), ("news", 350, 15)):
        rows = [json.loads(line) for line in (TEXTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        assert len(rows) >= fewest and len({row["kind"] for row in rows}) >= kinds
        assert all(story.sentences for story in written(name))
        texts += [row["text"] for row in rows]
    for name in ("no-news", "odd-news", "index"):
        lines = (seeds / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        texts += [json.loads(line)["text"] for line in lines]
    assert len({" ".join(text.lower().split()) for text in texts}) == len(texts)


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_training_learns_what_is_no_news(engine: str, tiny_encoder: Path) -> None:
    encoder = str(tiny_encoder) if engine == "standard" else None
    articles = told()
    model, _, _ = train_topics(articles, settings=TopicSettings(engine=engine, encoder=encoder))
    assert model.background is not None
    assert not (model.background.scores(_features(model, articles.texts)) > 0).any()
    none = [" ".join(passages(story)) for story in written("no-news")[:100]]
    assert (model.background.scores(_features(model, none)) > 0).mean() > 0.4
    without, _, _ = train_topics(articles, settings=TopicSettings(engine=engine, encoder=encoder, background=False))
    assert without.background is None
    assert model.strange_limit == pytest.approx(without.strange_limit * {"standard": ROOM, "fast": 1.0}[engine])


def _features(model: TopicModel, texts: list[str]) -> Any:
    stories = [read_story(text) for text in texts]
    vectors = model.vectors(stories)
    return model.scorer.features(["\n".join(passages(story)) for story in stories] if vectors is None else vectors)


def test_a_recipe_is_no_news_and_a_report_unlike_the_others_is() -> None:
    model, _, _ = train_topics(told(), settings=TopicSettings(engine="fast"))
    report = "Voters in the port elected a mayor on Sunday after the council's long quarrel over a football stadium."
    assert model.background is not None
    scores = model.background.scores(model.scorer.features([RECIPE, report]))
    assert scores[0] > scores[1]


def test_with_few_stories_nothing_is_learnt_about_what_is_no_news() -> None:
    def fail(_: Any) -> Any:
        raise AssertionError("no text is read")

    few, labels = [["a story"]] * (FEWEST_STORIES - 1), [["sport"]] * (FEWEST_STORIES - 1)
    assert fit_background(fail, few, labels, fail, seed=1, limit=0.5) == (None, 0.5)
    model, _, _ = train_topics(told(52), settings=TopicSettings(engine="fast"))  # enough with those held out
    assert model.background is None


def features_of(texts: list[str]) -> Any:
    vectorizer = NgramVectorizer(min_df=1).fit(texts)
    return lambda stories: vectorizer.transform(["\n".join(story) for story in stories])


def own(name: str) -> list[list[str]]:
    return [passages(story) for story in written(name)]


def test_the_limit_comes_from_held_out_stories_and_else_stays() -> None:
    parts = [[text] for text in told().texts]
    labels = [["any"]] * len(parts)
    held = own("no-news")[:40]  # as if they were stories
    features = features_of([" ".join(part) for part in [*parts, *held]])
    found, limit = fit_background(features, parts, labels, own, seed=1, held=held)
    again, same = fit_background(features, parts, labels, own, seed=1, limit=limit)
    plain, none = fit_background(features, parts, labels, own, seed=1)
    assert found is not None and again is not None and plain is not None
    assert limit == same > 0 == none
    np.testing.assert_array_equal(found.scores(features(held)), again.scores(features(held)))
    assert (plain.scores(features(held)) > 0).mean() > 0.5 > 0.05 > (found.scores(features(held)) > 0).mean()


def test_where_a_label_is_of_such_texts_they_are_not_learnt_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    kinds = [json.loads(line)["kind"] for line in (TEXTS / "no-news.jsonl").read_text(encoding="utf-8").splitlines()]
    recipes = [story for story, kind in zip(own("no-news"), kinds, strict=True) if kind == "recipe"]

    def others(name: str) -> list[list[str]]:
        return [story for story in own(name) if story not in recipes[:8]]

    parts = [[text] for text in told(120).texts] + recipes[:8]
    labels = [["town"]] * 120 + [["cookery"]] * 8
    with caplog.at_level("WARNING"):
        found, _ = fit_background(features_of([" ".join(p) for p in parts]), parts, labels, others, seed=1)
    assert found is None
    assert "'cookery' (" in caplog.text and "of 8)" in caplog.text and "'town'" not in caplog.text
