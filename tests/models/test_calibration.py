"""Calibration: probabilities that keep their order and mean what they say, and thresholds that suit rare labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

from models.calibration import PlattScaling, TemperatureScaling, fit_thresholds
from models.errors import ModelError


def f1(given: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (given & truth).sum() / max(1, given.sum() + truth.sum()))


def test_platt_recovers_the_slopes_and_offsets_that_made_the_data() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 2))
    truth = generator.random((20_000, 2)) < expit(logits * [2.0, 5.0] + [0.5, -1.0])
    scaling = PlattScaling().fit(logits, truth)
    assert scaling.a_ == pytest.approx([2.0, 5.0], rel=0.1)
    assert scaling.b_ == pytest.approx([0.5, -1.0], abs=0.15)


def test_platt_treats_a_label_of_few_rows_like_the_others() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(3_000, 4)) - [0, 0, 0, 3]
    truth = generator.random((3_000, 4)) < expit(4 * logits - 1)
    truth[:, 3] = False
    truth[np.argsort(-logits[:, 3])[:2], 3] = True
    scaling = PlattScaling().fit(logits, truth)
    assert scaling.a_[3] == pytest.approx(scaling.a_[:3].mean(), rel=0.4)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 4), st.sampled_from([0.0, 0.3, 1.0]))
def test_any_data_give_probabilities_in_the_order_of_the_logits(
    seed: int, rows: int, labels: int, share: float
) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, labels)) * generator.choice([0.0, 1.0, 100.0])
    truth = generator.random((rows, labels)) < share
    probabilities = PlattScaling().fit(logits, truth).apply(logits)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    for column in range(labels):
        order = np.argsort(logits[:, column])
        assert (np.diff(probabilities[order, column]) >= 0).all()
    thresholds = fit_thresholds(probabilities, truth)
    assert thresholds.shape == (labels,) and ((thresholds > 0) & (thresholds < 1)).all()


def test_temperature_recovers_what_made_the_data() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 4))
    cumulative = softmax(logits / 0.25, axis=1).cumsum(axis=1)
    truth = (generator.random((20_000, 1)) > cumulative).sum(axis=1).clip(max=3)
    scaling = TemperatureScaling().fit(logits, truth)
    assert scaling.temperature_ == pytest.approx(0.25, rel=0.05)
    assert scaling.below_ == pytest.approx(0.25, rel=0.05)
    assert scaling.apply(logits).sum(axis=1) == pytest.approx(1)
    assert (scaling.apply(logits).argmax(axis=1) == logits.argmax(axis=1)).all()


def test_logits_below_zero_have_a_temperature_of_their_own() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 4))
    cumulative = softmax(np.where(logits > 0, logits / 0.25, logits / 2), axis=1).cumsum(axis=1)
    truth = (generator.random((20_000, 1)) > cumulative).sum(axis=1).clip(max=3)
    scaling = TemperatureScaling().fit(logits, truth)
    assert (scaling.temperature_, scaling.below_) == pytest.approx((0.25, 2), rel=0.1)
    assert (scaling.apply(logits).argmax(axis=1) == logits.argmax(axis=1)).all()
    few = TemperatureScaling().fit(logits[:20], truth[:20])
    assert few.below_ / few.temperature_ < 4


def test_one_temperature_holds_for_all_logits_in_models_of_old() -> None:
    logits = np.array([[2.0, -1.0, -3.0]])
    scaling = TemperatureScaling.from_config({"kind": "temperature", "temperature": 0.5})
    assert np.allclose(scaling.apply(logits), softmax(logits / 0.5, axis=1))


def test_temperature_stays_finite_where_nothing_is_wrong_and_without_rows() -> None:
    assert 0 < TemperatureScaling().fit(np.eye(3) * 9, np.arange(3)).temperature_ < np.inf
    assert TemperatureScaling().fit(np.zeros((0, 3)), np.zeros(0, int)).temperature_ == 1.0


def test_thresholds_serve_f1_per_label() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random((4_000, 3)) < 0.2
    probabilities = np.clip(generator.normal([0.2, 0.4, 0.6], 0.1, (4_000, 3)) + 0.2 * truth, 0.01, 0.99)
    thresholds = fit_thresholds(probabilities, truth)
    assert (np.diff(thresholds) > 0.1).all()
    for column in range(3):
        own = f1(probabilities[:, column] >= thresholds[column], truth[:, column])
        grid = [f1(probabilities[:, column] >= cut, truth[:, column]) for cut in np.linspace(0, 1, 101)]
        assert own > max(grid) - 0.02


def test_a_rare_label_keeps_to_the_common_threshold() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random((2_000, 2)) < 0.3
    probabilities = np.where(truth, 0.8, 0.2) + generator.normal(0, 0.05, (2_000, 2))
    truth[:, 1] = False
    truth[np.argmin(probabilities[:, 1]), 1] = True
    common, rare = fit_thresholds(probabilities, truth)
    assert 0.3 < common < 0.7
    assert rare == pytest.approx(common, abs=0.15)
    assert fit_thresholds(probabilities, truth, shrinkage=0)[1] < 0.1


def test_thresholds_where_no_row_holds_any_label() -> None:
    assert fit_thresholds(np.full((4, 2), 0.3), np.zeros((4, 2), bool)).tolist() == [0.5, 0.5]


def test_equal_scores_are_never_cut_apart() -> None:
    probabilities = np.array([[0.7], [0.7], [0.7], [0.2]])
    threshold = fit_thresholds(probabilities, np.array([[1], [0], [1], [0]], bool), shrinkage=0)[0]
    assert 0.2 < threshold < 0.7


@pytest.mark.parametrize("kind", [PlattScaling, TemperatureScaling])
def test_saved_as_json_and_loaded_it_is_the_same(kind: type[PlattScaling] | type[TemperatureScaling]) -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(50, 3))
    targets = logits > 0.3 if kind is PlattScaling else logits.argmax(axis=1)
    made = kind().fit(logits, targets)
    loaded = kind.from_config(json.loads(json.dumps(made.config())))
    assert np.array_equal(loaded.apply(logits), made.apply(logits))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"kind": "platt", "a": [1.0], "b": [0.0, 1.0]},
        {"kind": "platt", "a": [float("nan")], "b": [0.0]},
        {"kind": "platt", "a": "1", "b": "0"},
        {"kind": "temperature", "temperature": 0},
        {"kind": "temperature", "temperature": True},
        {"kind": "temperature"},
        {"kind": "temperature", "temperature": 1.0, "below": -1.0},
    ],
)
def test_malformed_configs_are_refused(config: dict[str, object]) -> None:
    for kind in (PlattScaling, TemperatureScaling):
        with pytest.raises(ModelError, match="calibration"):
            kind.from_config(config)


def test_shapes_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(3, 2\)"):
        PlattScaling().fit(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"shape|got"):
        TemperatureScaling().fit(np.zeros((2, 3)), np.zeros(3, int))
    with pytest.raises(ValueError, match="shrinkage"):
        fit_thresholds(np.zeros((2, 1)), np.zeros((2, 1)), shrinkage=-1)
