"""Topic classifiers as estimators of scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from inference import Copydesk
from models.errors import DataError
from tests.training.toys import toy
from training import TopicClassifier

SINGLE, SEVERAL = toy(60), toy(60, exclusive=False)
ONE = [row[0] for row in SINGLE.labels or []]
MANY = SEVERAL.labels or []
NUMBERS = [{"sport": 10, "weather": 2, "health": 1}[label] for label in ONE]
MATRIX = np.array([[label in row for label in ("health", "sport", "weather")] for row in MANY], int)


def fast(**options: Any) -> TopicClassifier:
    return TopicClassifier("fast", background=False, **options)


@pytest.fixture(scope="module", params=["fast", "standard"])
def single(request: pytest.FixtureRequest, tiny_encoder: Path) -> TopicClassifier:
    encoder = str(tiny_encoder) if request.param == "standard" else None
    return TopicClassifier(request.param, encoder=encoder, background=False).fit(SINGLE.texts, ONE)


def test_either_engine_answers_in_arrays(single: TopicClassifier) -> None:
    assert single.classes_.tolist() == ["health", "sport", "weather"]
    chances, logits = single.predict_proba(SINGLE.texts), single.decision_function(SINGLE.texts)
    assert chances.shape == logits.shape == (60, 3)
    assert np.allclose(chances.sum(axis=1), 1)
    assert single.predict(SINGLE.texts).tolist() == single.classes_[chances.argmax(axis=1)].tolist()
    assert single.score(SINGLE.texts, ONE) == np.mean(single.predict(SINGLE.texts) == ONE) > 0.9
    assert single.score(SINGLE.texts[:2], ["opera", "chess"]) == 0
    assert single.report_.metrics["accuracy"] >= 0
    assert single.predict_proba([]).shape == (0, 3)


def test_what_is_saved_is_read_by_everything_else(single: TopicClassifier, tmp_path: Path) -> None:
    single.save(tmp_path / "model")
    desk = Copydesk.from_pretrained(topics=tmp_path / "model", engine="fast")
    found = [max(p.scores, key=p.scores.__getitem__) for p in desk.predict(SINGLE.texts[:6])]
    assert found == single.predict(SINGLE.texts[:6]).tolist()
    assert "training.TopicClassifier(" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_numbers_are_given_back_as_numbers_in_their_own_order() -> None:
    model = fast().fit(np.array(SINGLE.texts), np.array(NUMBERS))
    assert model.classes_.tolist() == [1, 2, 10] and model.classes_.dtype.kind == "i"
    assert model.predict(SINGLE.texts).tolist() == NUMBERS
    assert model.classes_[model.predict_proba(SINGLE.texts).argmax(axis=1)].tolist() == NUMBERS
    yes = fast().fit(SINGLE.texts, [label == "sport" for label in ONE])
    assert yes.classes_.tolist() == [False, True] and yes.predict(SINGLE.texts[:3]).dtype == bool


def test_several_labels_as_lists_and_as_a_matrix() -> None:
    lists = fast().fit(SEVERAL.texts, MANY)
    found = lists.predict(SEVERAL.texts)
    assert lists.score(SEVERAL.texts, MANY) > 0.8 and all(isinstance(row, list) for row in found)
    assert lists.score(SEVERAL.texts, [["chess"]] * 60) == 0
    wide = np.concatenate([MATRIX, np.zeros((60, 1), int)], axis=1)  # a label that no story has
    model = fast().fit(SEVERAL.texts, wide)
    assert model.classes_.tolist() == [0, 1, 2, 3]
    given = model.predict(SEVERAL.texts)
    assert given.shape == (60, 4) and not given[:, 3].any()
    known = [[("health", "sport", "weather")[column] for column in np.flatnonzero(row)] for row in given]
    assert np.mean([set(a) == set(b) for a, b in zip(known, found, strict=True)]) > 0.9
    assert model.predict_proba(SEVERAL.texts)[:, 3].tolist() == [0.0] * 60
    assert model.score(SEVERAL.texts, wide) > 0.8
    assert not model.predict(SEVERAL.texts, thresholds=1.0).any()


def test_labels_are_the_same_however_they_are_written() -> None:
    numbers = fast().fit(SINGLE.texts, NUMBERS)
    right = numbers.score(SINGLE.texts, NUMBERS)
    assert right > 0.9
    assert numbers.score(SINGLE.texts, np.array(NUMBERS, float)) == right
    assert numbers.score(SINGLE.texts, np.array(NUMBERS)[:, None]) == right
    spaced = [f" {label}\n" for label in ONE]
    assert fast().fit(SINGLE.texts, spaced).score(SINGLE.texts, spaced) > 0.9
    composed, apart = ({"sport": f"caf{e}", "health": "a", "weather": "b"} for e in ("\u00e9", "e\u0301"))
    cafe = fast().fit(SINGLE.texts, [(composed if row % 2 else apart)[label] for row, label in enumerate(ONE)])
    assert cafe.classes_.tolist() == ["a", "b", "caf\u00e9"]
    assert cafe.score(SINGLE.texts, [apart[label] for label in ONE]) > 0.9
    arrays = [np.flatnonzero(row) for row in MATRIX]
    lists = fast().fit(SEVERAL.texts, arrays)
    assert lists.classes_.tolist() == [0, 1, 2]
    assert lists.score(SEVERAL.texts, [row.astype(float).tolist() for row in arrays]) > 0.8
    assert fast().fit(SEVERAL.texts, MATRIX.tolist()).score(SEVERAL.texts, MATRIX) > 0.8
    named = fast().fit(SEVERAL.texts, pandas.DataFrame(MATRIX, columns=["health", "sport", "weather"]))
    assert named.classes_.tolist() == ["health", "sport", "weather"]
    assert named.predict(SEVERAL.texts).shape == (60, 3)
    table = pandas.DataFrame(MATRIX, columns=["health", "sport", "weather"])
    assert named.score(SEVERAL.texts, table) == named.score(SEVERAL.texts, MATRIX) > 0.8
    assert named.score(SEVERAL.texts, MANY) == named.score(SEVERAL.texts, MATRIX)
    assert set(named.model_.predict(SEVERAL.texts[:1])[0]) <= {"health", "sport", "weather"}


def test_thresholds_are_named_as_the_labels_are() -> None:
    numbers = fast().fit(SEVERAL.texts, MATRIX)
    assert not numbers.predict(SEVERAL.texts, thresholds={1: 1.0})[:, 1].any()
    assert numbers.predict(SEVERAL.texts, thresholds={numbers.classes_[1]: 0.0})[:, 1].all()
    with pytest.raises(DataError, match="unknown label '7'"):
        numbers.predict(SEVERAL.texts, thresholds={7: 0.5})
    with pytest.raises(DataError, match="labels exclude each other"):
        fast().fit(SINGLE.texts, ONE).predict(SINGLE.texts, thresholds=0.5)


def test_it_works_in_the_tools_of_scikit_learn() -> None:
    assert clone(fast(seed=5)).get_params()["seed"] == 5
    assert cross_val_score(fast(), SINGLE.texts, ONE, cv=2).min() > 0.9
    assert cross_val_score(fast(), SINGLE.texts, NUMBERS, cv=2, scoring="neg_log_loss").min() > -0.6
    assert cross_val_score(fast(), SEVERAL.texts, MATRIX, cv=2, scoring="f1_micro").min() > 0.8
    rare = np.concatenate([MATRIX, np.eye(60, 1, dtype=int)], axis=1)  # a label that one fold alone has
    assert np.isfinite(fast().fit(SEVERAL.texts[1:], rare[1:]).decision_function(SEVERAL.texts[:1])).all()
    searched = GridSearchCV(fast(), {"held_out": [0.1, 0.2]}, cv=2).fit(SINGLE.texts, ONE)
    assert searched.best_params_["held_out"] in (0.1, 0.2)
    assert make_pipeline(fast()).fit(SINGLE.texts, ONE).predict(SINGLE.texts[:3]).tolist() == ONE[:3]


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    labels: list[Any] = [*ONE[:58], None, float("nan")]
    model = fast().fit(SINGLE.texts, labels)
    assert model.classes_.tolist() == ["health", "sport", "weather"]
    assert any("2 rows have no label" in note for note in model.report_.notes)


@pytest.mark.parametrize(
    ("texts", "labels", "error", "message"),
    [
        (SINGLE.texts[:5], ONE[:4], DataError, "X has 5 texts and y 4 labels"),
        ([*SINGLE.texts[:3], None, "x"], ONE[:5], DataError, r"X: row 3 \(from 0\): expected a text, found"),
        (SINGLE.texts[:5], [*ONE[:4], object()], DataError, r"y: row 4 \(from 0\): expected a label"),
        ("a story", ONE[:5], TypeError, "expected a list of stories, not str"),
        (SINGLE.texts[:5], "sport", TypeError, "not a single str"),
        (SINGLE.texts[:5], None, TypeError, "expected a list of labels"),
        (SINGLE.texts[:5], {"sport": 1}, TypeError, "expected a list of labels"),
        (SINGLE.texts[:2], np.array([[0, 2], [1, 0]]), DataError, "must hold 0 and 1"),
        (
            SINGLE.texts[:2],
            pandas.DataFrame([[0, 1], [1, 0]], columns=["a b", " a b"]),
            DataError,
            "several columns of the matrix are called 'a b'",
        ),
        (["the same text here"] * 40, ["a", "b"] * 20, DataError, "no label has 4 different texts among the 40 rows"),
        (SINGLE.texts, ["sport"] * 60, DataError, "all 60 rows have the same label 'sport'"),
    ],
)
def test_what_cannot_be_learnt_from_is_named(texts: Any, labels: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fast().fit(texts, labels)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"held_out": 2}, "held_out: expected a share between 0 and 1, found 2"),
        ({"held_out": 0.0}, "held_out"),
        ({"seed": None}, "seed: expected a whole number from 0 up, found None"),
        ({"seed": -1}, "found -1"),
        ({"search": -1}, "search: expected a whole number"),
    ],
)
def test_parameters_out_of_their_range_are_named(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fast().set_params(**parameters).fit(SINGLE.texts, ONE)


def test_labels_come_back_as_they_were_spelled_and_clean_where_they_were_spelled_in_several_ways() -> None:
    spaced = [f" {label}" for label in ONE]
    model = fast().fit(SINGLE.texts, spaced)
    assert np.mean(model.predict(SINGLE.texts) == np.array(spaced)) > 0.9
    both = fast().fit(SINGLE.texts, [label if row % 2 else f" {label}" for row, label in enumerate(ONE)])
    assert both.classes_.tolist() == ["health", "sport", "weather"]


def test_what_an_engine_does_not_use_is_refused() -> None:
    with pytest.raises(DataError, match="search is for the fast engine"):
        TopicClassifier("standard", search=3).fit(SINGLE.texts, ONE)
    with pytest.raises(DataError, match="has no encoder"):
        TopicClassifier("fast", cache="folder").fit(SINGLE.texts, ONE)


def test_an_engine_that_is_none_and_a_model_that_has_learnt_nothing() -> None:
    with pytest.raises(DataError, match="engine 'quick' is unknown"):
        TopicClassifier("quick").fit(SINGLE.texts, ONE)
    with pytest.raises(Exception, match="not fitted"):
        fast().predict(SINGLE.texts)
