"""What a topic model takes, refuses and counts, whatever scores its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import Copydesk
from models.errors import DataError
from models.story import read_story
from models.topics import TopicModel, decide, labelable, unknown_label

NEWS = "The council voted on Monday to close the old bridge at Tarsk, and the mayor said that it was for the best."


@pytest.fixture
def model(tiny_models: dict[str, Path]) -> TopicModel:
    return TopicModel.load(tiny_models["topics-fast"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NEWS, True),
        ("Four words are enough.", True),
        ("Three are few.", False),
        ("12 34 56 78 90 11 22", False),
        ("", False),
        ("Der Stadtrat hat am Montag beschlossen, die alte Brücke zu schließen, sagte der Bürgermeister.", False),
    ],
)
def test_what_there_is_to_label(text: str, expected: bool, model: TopicModel) -> None:
    assert labelable(read_story(text)) is expected
    model.strange_limit, low = float("inf"), dict.fromkeys(model.classes_, 0.0)
    assert bool(model.predict([text], thresholds=low)[0]) is expected
    assert model.refused([text]).tolist() == [not expected]
    assert bool(Copydesk(model, None, thresholds=low).predict(text).topics) is expected


@pytest.mark.parametrize("stories", [NEWS, read_story(NEWS), b"bytes"])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "strange"])
def test_one_story_is_not_taken_to_pieces(method: str, stories: Any, model: TopicModel) -> None:
    with pytest.raises(TypeError, match="expected a list of stories, not"):
        getattr(model, method)(stories)


def test_thresholds_at_predict_time(model: TopicModel) -> None:
    model.strange_limit = float("inf")
    assert set(model.predict([NEWS], thresholds=0)[0]) == set(model.classes_)
    assert model.predict([NEWS], thresholds=1.0) == [[]]
    first = model.classes_[0]
    assert first not in model.predict([NEWS], thresholds={first: 1.0})[0]
    assert first in model.predict([NEWS], thresholds={first: 0.0})[0]
    for wrong, message in (
        ({"wether": 0.5}, r"threshold for unknown label 'wether'.*Did you mean 'weather'\?"),
        ({first: "0.5"}, "must be a number, not '0.5'"),
        ({first: 1.5}, "between 0 and 1"),
        (float("nan"), "between 0 and 1"),
    ):
        with pytest.raises(DataError, match=message):
            model.predict([NEWS], thresholds=wrong)  # type: ignore[arg-type]


def test_a_desk_with_other_thresholds_shares_the_models(model: TopicModel) -> None:
    model.strange_limit = float("inf")
    desk = Copydesk(model, None)
    other = desk.with_thresholds(0.0)
    assert other.topics is desk.topics
    assert len(other.predict(NEWS).topics) == len(model.classes_)
    assert desk.with_thresholds(1.0).predict(NEWS).topics == ()
    assert other.with_thresholds(None).predict(NEWS) == desk.predict(NEWS)
    first, second, *_ = model.classes_
    both = desk.with_thresholds({first: 0.9}).with_thresholds({second: 0.8})
    assert both.thresholds is not None and both.thresholds[:2].tolist() == [0.9, 0.8]
    assert both.thresholds[2:].tolist() == model.thresholds_[2:].tolist()
    with pytest.raises(DataError, match="unknown label 'x'"):
        desk.with_thresholds({"x": 0.5})


def test_another_threshold_of_one_label_leaves_the_others_as_they_are(model: TopicModel) -> None:
    n = len(model.classes_)
    model.thresholds_, model.lead_threshold = np.full(n, 0.4), 0.3
    chances = np.full((1, n), 0.1)
    chances[0, 1] = 0.35  # below its threshold, given for want of a better one
    assert model.decide(chances).tolist() == [[column == 1 for column in range(n)]]
    assert model.decide(chances, model.override({model.classes_[0]: 0.9}))[0, 1]
    assert not model.decide(chances, model.override({model.classes_[1]: 0.5})).any()
    assert not decide(chances, np.full(n, 0.4), 1.0, False).any()


def test_a_label_that_the_model_does_not_know_counts_as_missed(model: TopicModel) -> None:
    model.strange_limit = float("inf")
    n = len(model.classes_)
    model.thresholds_ = np.zeros(n)
    assert model.score([NEWS], [["opera", "chess"]]) == 0
    assert model.score([NEWS], [model.classes_]) == 1
    assert model.score([NEWS], [[*model.classes_, "opera"]]) == pytest.approx(2 * n / (2 * n + 1))
    assert model.score([NEWS], model.classes_[:1]) == pytest.approx(2 / (n + 1))  # a str is one label
    with pytest.raises(ValueError, match="zip"):
        model.score([NEWS], [])


def test_unknown_labels_are_quoted_as_some_hold_commas() -> None:
    said = unknown_label("Politics", ["crime, law and justice", "politics"])
    assert "the model knows 'crime, law and justice', 'politics'. Did you mean 'politics'?" in said
    assert "mean" not in unknown_label("zzz", ["politics"])


def test_what_stands_for_all_other_ngrams_is_not_called_strongest(model: TopicModel) -> None:
    found = Copydesk(model, None).explain(NEWS, model.classes_[0])
    assert sum(part.value for part in found.contributions) == pytest.approx(found.logit, abs=1e-5)
    assert all(not part.text.startswith("(") for part in found.strongest(50))
