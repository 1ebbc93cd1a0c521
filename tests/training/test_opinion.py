"""What a model without fine-tuning says of the labels that fine-tuning is to learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import DataError
from tests.training.toys import toy
from training.adaptation import adapt_encoder
from training.data import Articles
from training.opinion import KEPT, second_opinion
from training.steps import FinetuneSettings, TopicTask

CLASSES = ["health", "sport", "weather"]
HELD = toy(102).take(range(90, 102))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> None:
    monkeypatch.setattr("training.opinion.FEWEST", 60)
    monkeypatch.setattr("training.opinion.default_encoder", lambda _: str(tiny_encoder))


def mislabelled(n: int = 90) -> tuple[Articles, list[int]]:
    """Every ninth story has another's label."""
    articles = toy(n)
    assert articles.labels is not None
    wrong = list(range(0, n, 9))
    others = {"sport": "weather", "weather": "health", "health": "sport"}
    labels = [[others[row[0]]] if place in wrong else row for place, row in enumerate(articles.labels)]
    return replace(articles, labels=labels), wrong


def test_a_wrong_label_is_doubted_by_a_model_that_has_not_learnt_it() -> None:
    articles, wrong = mislabelled()
    chances = second_opinion(articles, CLASSES, 13)
    assert chances is not None and chances.shape == (90, 3)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
    own = np.array([chances[row, CLASSES.index(labels[0])] for row, labels in enumerate(articles.labels or [])])
    right = np.delete(own, wrong)
    assert own[wrong].mean() < 0.3 < 0.6 < np.median(right)


def test_several_labels_and_few_stories_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("nothing is fitted")

    monkeypatch.setattr("training.opinion.cross_standard", fail)
    assert second_opinion(toy(90, exclusive=False), CLASSES, 13) is None
    assert second_opinion(toy(59), CLASSES, 13) is None


def test_an_encoder_that_knows_the_stories_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fit(rows: Any, exclusive: bool, settings: Any) -> Any:
        asked.append(settings.encoder)
        raise DataError("enough")

    monkeypatch.setattr("training.opinion.cross_standard", fit)
    monkeypatch.setattr("training.opinion.encoder_knows", lambda *_: True)
    with pytest.raises(DataError, match="enough"):
        second_opinion(toy(90), CLASSES, 13)
    assert asked == [None]


@pytest.mark.parametrize("blend", [0.0, 0.4])
def test_the_encoder_learns_labels_and_opinion_together(
    blend: float, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles, _ = mislabelled()
    found: list[TopicTask] = []

    def finetune(*, topics: TopicTask, validation_topics: TopicTask, **_: Any) -> Any:
        found.extend((topics, validation_topics))
        raise DataError("enough")

    monkeypatch.setattr("training.adaptation.finetune", finetune)
    settings = FinetuneSettings(blend=blend)
    with pytest.raises(DataError, match="enough"):
        adapt_encoder(
            articles,
            None,
            validation_topics=HELD,
            encoder=str(tiny_encoder),
            settings=settings,
            checkpoints=tmp_path,
        )
    learnt, held = found
    truth = np.array([[label in row for label in CLASSES] for row in articles.labels or []], np.float32)
    opinion = second_opinion(articles, CLASSES, settings.seed)
    np.testing.assert_allclose(learnt.targets, (1 - blend) * truth + blend * opinion, atol=1e-6)
    assert set(np.unique(held.targets)) == {0.0, 1.0}, "what stops the run is judged by its labels alone"


def test_what_was_found_is_kept_for_a_resumed_run_of_the_same_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles, _ = mislabelled()
    found = second_opinion(articles, CLASSES, 13, folder=tmp_path, cache=tmp_path / "cache")
    assert found is not None
    assert list((tmp_path / "cache").glob("*.safetensors")), "vectors are kept where --cache says"

    def fail(*_: Any, **__: Any) -> Any:
        raise DataError("fitted anew")

    monkeypatch.setattr("training.opinion.cross_standard", fail)
    again = second_opinion(articles, CLASSES, 13, folder=tmp_path, resume=True)
    assert again is not None and np.array_equal(again, found)
    others = replace(articles, texts=["Another story altogether.", *articles.texts[1:]])
    for rows, seed, resume in ((others, 13, True), (articles, 14, True), (articles, 13, False)):
        with pytest.raises(DataError, match="fitted anew"):
            second_opinion(rows, CLASSES, seed, folder=tmp_path, resume=resume)
    (tmp_path / KEPT).write_bytes(b"torn")
    with pytest.raises(DataError, match="fitted anew"):
        second_opinion(articles, CLASSES, 13, folder=tmp_path, resume=True)
