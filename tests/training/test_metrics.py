"""Topic metrics agree with scikit-learn; bootstrap intervals with a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support, top_k_accuracy_score

from training.bootstrap import mean_intervals, paired_difference, ratio_intervals
from training.metrics import (
    UNKNOWN,
    UNLABELLED,
    per_label,
    reliability,
    topic_differences,
    topic_intervals,
    topic_metrics,
)
from training.selective import POINTS, risk_area, risk_area_interval, risk_curve

Sample = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]


def multi_label(n: int = 400, n_labels: int = 6, seed: int = 0) -> Sample:
    """Random rows with 0 to 3 labels; the last label has neither target nor prediction."""
    rng = np.random.default_rng(seed)
    probabilities = rng.random((n, n_labels))
    probabilities[:, -1] = 0.01
    targets = rng.random((n, n_labels)) < probabilities**2
    first = np.array([rng.choice(np.flatnonzero(row)) if row.any() else UNLABELLED for row in targets])
    return targets, probabilities > 0.6, probabilities, first


def single_label(n: int = 400, n_labels: int = 5, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(n_labels, 0.4), n)
    labels = np.array([rng.choice(n_labels, p=0.7 * row + 0.3 / n_labels) for row in probabilities])
    eye = np.eye(n_labels, dtype=np.bool_)
    return eye[labels], eye[probabilities.argmax(1)], probabilities, labels


class TestTopicMetrics:
    @pytest.mark.parametrize("exclusive", [False, True])
    def test_agrees_with_scikit_learn(self, exclusive: bool) -> None:
        targets, predicted, probabilities, first = single_label() if exclusive else multi_label()
        found = topic_metrics(targets, predicted, probabilities, first, exclusive)
        assert found["accuracy"] == pytest.approx(accuracy_score(targets, predicted))
        for kind in ("micro", "macro", "weighted"):
            assert found[f"{kind}_f1"] == pytest.approx(f1_score(targets, predicted, average=kind, zero_division=0))

    def test_first_accuracy_counts_unknown_labels_as_misses_and_unlabelled_rows_not_at_all(self) -> None:
        targets = np.array([[1, 0], [1, 1], [0, 0], [0, 0]], dtype=bool)
        probabilities = np.array([[0.9, 0.2], [0.3, 0.4], [0.8, 0.1], [0.2, 0.1]])
        first = np.array([0, 0, UNKNOWN, UNLABELLED])
        assert topic_metrics(targets, targets, probabilities, first, False)["first_accuracy"] == pytest.approx(1 / 3)
        leading = np.array([0, 0, 1, 1])  # what is judged dominant need not be the likeliest
        found = topic_metrics(targets, targets, probabilities, first, False, leading)
        assert found["first_accuracy"] == pytest.approx(2 / 3)
        with pytest.raises(ValueError, match=r"leading: expected shape \(4,\), found \(3,\)"):
            topic_metrics(targets, targets, probabilities, first, False, leading[:3])
        assert "first_accuracy" not in topic_metrics(targets, targets, probabilities, None, False)
        assert "first_accuracy" not in topic_metrics(targets, targets, probabilities, first, True)

    def test_an_exclusive_row_of_an_unknown_label_is_a_miss(self) -> None:
        targets = np.array([[1, 0], [0, 0]], dtype=bool)
        predicted = np.array([[1, 0], [0, 0]], dtype=bool)
        probabilities = np.array([[0.9, 0.1], [0.5, 0.5]])
        assert topic_metrics(targets, predicted, probabilities, None, True)["accuracy"] == 0.5
        assert topic_metrics(targets, predicted, probabilities, None, False)["accuracy"] == 1.0

    def test_calibration_error_by_hand(self) -> None:
        # exclusive: confidence 0.9, 0.92 (one bin, mean 0.91, one of two right) and 0.6 (right)
        targets = np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)
        probabilities = np.array([[0.90, 0.10], [0.92, 0.08], [0.6, 0.4]])
        found = topic_metrics(targets, targets, probabilities, None, True)["ece"]
        assert found == pytest.approx((2 * 0.41 + 0.4) / 3, abs=1e-5)
        bins = reliability(targets, probabilities, True)
        assert [row["count"] for row in bins] == [1, 2]
        assert bins[1]["confidence"] == pytest.approx(0.91)
        assert bins[1]["correct"] == 0.5
        # multi-label: all six; 0.08 and 0.10 (one true), 0.4 (false), 0.6 (true), 0.90 and 0.92 (one true)
        pooled = topic_metrics(targets, targets, probabilities, None, False)["ece"]
        assert pooled == pytest.approx((0.82 + 0.4 + 0.4 + 0.82) / 6, abs=1e-5)

    def test_calibration_error_agrees_with_the_reliability_bins(self) -> None:
        for exclusive, sample in ((False, multi_label()), (True, single_label())):
            targets, predicted, probabilities, first = sample
            bins = reliability(targets, probabilities, exclusive)
            total = sum(row["count"] for row in bins)
            expected = sum(row["count"] * abs(row["confidence"] - row["correct"]) for row in bins) / total
            found = topic_metrics(targets, predicted, probabilities, first, exclusive)["ece"]
            assert found == pytest.approx(expected, abs=1e-5)

    def test_perfect_and_certain(self) -> None:
        targets, *_ = single_label()
        found = topic_metrics(targets, targets, targets.astype(float), None, True)
        ones = dict.fromkeys(("accuracy", "micro_f1", "macro_f1", "weighted_f1", "top3_accuracy"), 1)
        assert found == {**ones, "ece": 0}

    def test_the_three_likeliest_labels(self) -> None:
        probabilities = np.array([[0.1, 0.4, 0.2, 0.3], [0.7, 0.1, 0.1, 0.1], [0.6, 0.4, 0.0, 0.0]])
        targets = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 1, 0]], dtype=bool)
        # rows: 3 of {0, 3}; 2 of {2}, the later of equals left out; a probability of 0 is never among the likeliest
        found = topic_metrics(targets, targets, probabilities, None, False)
        assert found["recall_at_3"] == pytest.approx(2 / 4)
        found = topic_metrics(targets[1:], targets[1:], probabilities[1:], None, True)
        assert found["top3_accuracy"] == pytest.approx(1 / 2)
        assert "recall_at_3" not in found
        both = np.array([[0, 1, 0, 1]], dtype=bool)  # of several labels where a story should have one, one is enough
        assert topic_metrics(both, both, probabilities[:1], None, True)["top3_accuracy"] == 1
        few = topic_metrics(targets[:, :3], targets[:, :3], probabilities[:, :3], None, True)
        assert "top3_accuracy" not in few

    @pytest.mark.parametrize("exclusive", [False, True])
    def test_top_k_agrees_with_scikit_learn(self, exclusive: bool) -> None:
        targets, predicted, probabilities, first = single_label() if exclusive else multi_label()
        found = topic_metrics(targets, predicted, probabilities, first, exclusive)
        if exclusive:
            expected = top_k_accuracy_score(first, probabilities, k=3)
            assert found["top3_accuracy"] == pytest.approx(expected)
        else:
            pairs = zip(probabilities, targets, strict=True)
            hits = sum(len({*np.argsort(-p)[:3]} & {*np.flatnonzero(t)}) for p, t in pairs)
            assert found["recall_at_3"] == pytest.approx(hits / targets.sum())

    def test_nothing_predicted(self) -> None:
        targets, _, probabilities, first = multi_label()
        found = topic_metrics(targets, np.zeros_like(targets), probabilities, first, False)
        assert found["micro_f1"] == found["macro_f1"] == found["weighted_f1"] == 0

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda t, y, p, f: (t[:0], y[:0], p[:0], f[:0]), "expected one shape"),
            (lambda t, y, p, f: (t, y[:, :2], p, f), "expected one shape"),
            (lambda t, y, p, f: (t, y, p * np.nan, f), "from 0 to 1"),
            (lambda t, y, p, f: (t, y, p + 1, f), "from 0 to 1"),
            (lambda t, y, p, f: (t, y, p, f[1:]), "first: expected shape"),
        ],
    )
    def test_unusable_input(self, change: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            topic_metrics(*change(*multi_label()), False)

    def test_per_label_agrees_with_scikit_learn(self) -> None:
        targets, predicted, *_ = multi_label()
        rows = per_label(targets, predicted, list("abcdef"))
        expected = precision_recall_fscore_support(targets, predicted, zero_division=0)
        assert [row["label"] for row in rows] == list("abcdef")
        for column, name in enumerate(("precision", "recall", "f1", "support")):
            np.testing.assert_allclose([row[name] for row in rows], expected[column])


class TestIntervals:
    @pytest.mark.parametrize("exclusive", [False, True])
    def test_agrees_with_a_plain_bootstrap(self, exclusive: bool) -> None:
        sample = single_label(120) if exclusive else multi_label(120)
        found = topic_intervals(*sample, exclusive, resamples=4000)
        rng = np.random.default_rng(5)
        values: dict[str, list[float]] = {}
        for _ in range(1500):
            rows = rng.integers(0, 120, 120)
            drawn = [part[rows] for part in sample]
            for name, value in topic_metrics(*drawn, exclusive).items():
                values.setdefault(name, []).append(value)
        assert found.keys() == values.keys()
        for name, (low, high) in found.items():
            assert [low, high] == pytest.approx(list(np.quantile(values[name], (0.025, 0.975))), abs=0.02)

    def test_a_rare_label_that_a_resample_lacks_is_not_missed_by_it(self) -> None:
        targets = np.eye(10, 12, dtype=np.bool_)  # a row for each of ten labels, none for two
        found = topic_intervals(targets, targets, targets.astype(float), None, False, resamples=500)
        assert found["macro_f1"] == pytest.approx([10 / 12, 10 / 12])
        half = targets & (np.arange(12) < 5)  # nor is it one that the model tells as it does the others
        found = topic_intervals(targets, half, half.astype(float), None, False, resamples=500)
        assert found["macro_f1"] == pytest.approx([5 / 12, 5 / 12])

    def test_a_label_given_wrongly_is_missed_in_every_resample(self) -> None:
        targets, predicted, chances, first = multi_label(60)
        predicted[:30, -1] = True  # which no row has
        none = np.delete(targets, -1, 1), np.delete(predicted, -1, 1), np.delete(chances, -1, 1), None, False
        without = topic_intervals(*none)["macro_f1"]
        found = topic_intervals(targets, predicted, chances, first, False)["macro_f1"]
        assert found == pytest.approx([value * 5 / 6 for value in without])

    def test_macro_f1_of_rare_labels_stands_within_its_interval(self) -> None:
        rng = np.random.default_rng(1)
        targets = rng.random((150, 40)) < 2 / 150  # two rows a label
        predicted = targets & (rng.random(targets.shape) < 0.7)
        sample = targets, predicted, predicted.astype(float), None, False
        low, high = topic_intervals(*sample)["macro_f1"]
        middle = topic_metrics(*sample)["macro_f1"]
        assert low + 0.2 * (high - low) < middle < high - 0.2 * (high - low)

    def test_holds_the_figure_itself(self) -> None:
        sample = multi_label()
        figures = topic_metrics(*sample, False)
        for name, (low, high) in topic_intervals(*sample, False, resamples=500).items():
            if name != "ece":  # which is biased upwards in resamples
                assert low < figures[name] < high

    def test_same_call_same_bytes(self) -> None:
        sample = multi_label()
        first, second = (topic_intervals(*sample, False, resamples=300) for _ in range(2))
        assert first == second
        assert topic_intervals(*sample, False, resamples=300, seed=1) != first

    def test_a_block_of_any_size_gives_the_same_resamples(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sample = multi_label()
        whole = topic_intervals(*sample, False, resamples=300)
        monkeypatch.setattr("training.bootstrap._CELLS", 7 * 400)
        assert topic_intervals(*sample, False, resamples=300) == whole

    def test_many_rows_take_fewer_resamples(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scores = {"x": np.random.default_rng(0).random(1000)}
        monkeypatch.setattr("training.bootstrap._DRAWS", 10)
        assert mean_intervals(scores, resamples=9000) == mean_intervals(scores, resamples=1000)
        assert mean_intervals(scores, resamples=10) != mean_intervals(scores, resamples=1000)

    def test_means_cover_the_truth_as_often_as_they_say(self) -> None:
        rng = np.random.default_rng(1)
        covered = 0
        for _ in range(200):
            [interval] = mean_intervals({"x": rng.gamma(2.0, 10.0, 80)}, resamples=400).values()
            covered += interval[0] <= 20.0 <= interval[1]
        assert 178 <= covered <= 198

    def test_means_are_as_wide_as_theory_says(self) -> None:
        values = np.random.default_rng(2).normal(50, 10, 2000)
        low, high = mean_intervals({"rouge1": values}, resamples=4000)["rouge1"]
        half = 1.96 * values.std() / np.sqrt(2000)
        assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.04)

    def test_paired_difference_is_narrower_than_the_scores(self) -> None:
        rng = np.random.default_rng(3)
        b = rng.normal(40, 15, 500)
        a = b + rng.normal(1, 2, 500)
        mean, low, high = paired_difference(a, b)
        assert mean == pytest.approx((a - b).mean())
        assert 0 < low < mean < high < 2
        assert paired_difference(b, a)[0] == pytest.approx(-mean)
        assert paired_difference(a, a) == (0.0, 0.0, 0.0)

    def test_one_story(self) -> None:
        assert mean_intervals({"x": np.array([3.0])}, resamples=10) == {"x": [3.0, 3.0]}
        assert mean_intervals({}) == {}

    def test_unusable_scores(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            mean_intervals({"x": np.array([])})
        with pytest.raises(ValueError, match="at least one"):
            mean_intervals({"x": np.ones(2), "y": np.ones(3)})
        with pytest.raises(ValueError, match="finite"):
            mean_intervals({"x": np.array([1.0, np.nan])})
        with pytest.raises(ValueError, match="2 scores against 3"):
            paired_difference(np.ones(2), np.ones(3))


class TestPairedTopics:
    def test_the_difference_of_a_model_to_itself_is_nothing(self) -> None:
        sample = (*multi_label(), False)
        for values in topic_differences(sample, sample, resamples=50).values():
            assert values == [0, 0, 0]

    def test_a_better_model_is_better_and_the_interval_is_narrower_than_apart(self) -> None:
        targets, predicted, probabilities, first = single_label(600)
        worse = predicted.copy()
        worse[:60] = np.roll(targets[:60], 1, axis=1)  # wrong, all of them
        a, b = (targets, predicted, probabilities, first, True), (targets, worse, probabilities, first, True)
        found = topic_differences(a, b, resamples=2000)
        mean, low, high = found["accuracy"]
        assert mean == pytest.approx(topic_metrics(*a)["accuracy"] - topic_metrics(*b)["accuracy"])
        assert 0 < low < mean < high
        apart = topic_intervals(*a, resamples=2000)["accuracy"]
        assert high - low < apart[1] - apart[0]
        assert found["ece"] == [0, 0, 0]

    def test_other_rows_are_refused(self) -> None:
        one, two = (*multi_label(20), False), (*multi_label(21), False)
        with pytest.raises(ValueError, match="20 rows against 21"):
            topic_differences(one, two)


class TestRatios:
    def test_a_ratio_over_ones_is_a_mean(self) -> None:
        values = np.arange(50)
        found = ratio_intervals({"x": (values, np.ones(50))}, resamples=500)
        assert found["x"] == pytest.approx(mean_intervals({"x": values}, resamples=500)["x"])

    def test_nothing_below_the_line_counts_as_nothing(self) -> None:
        assert ratio_intervals({"x": (np.zeros(4), np.zeros(4))}, resamples=20) == {"x": [0, 0]}
        assert ratio_intervals({}) == {}

    def test_unequal_lengths(self) -> None:
        with pytest.raises(ValueError, match="as many counts"):
            ratio_intervals({"x": (np.zeros(4), np.zeros(3))})


class TestCoverageAgainstRisk:
    def test_by_hand(self) -> None:
        confidence, wrong = np.array([0.6, 0.9, 0.8, 0.7]), np.array([True, False, True, False])
        curve = risk_curve(confidence, wrong)
        assert [(point["coverage"], point["confidence"]) for point in curve] == [
            (0.25, 0.9), (0.5, 0.8), (0.75, 0.7), (1.0, 0.6)
        ]  # fmt: skip
        assert [point["risk"] for point in curve] == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
        assert risk_area(confidence, wrong) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)

    def test_rows_of_equal_confidence_share_their_errors(self) -> None:
        wrong = np.array([False, True, False, True])
        assert {point["risk"] for point in risk_curve(np.ones(4), wrong)} == {0.5}
        assert risk_area(np.ones(4), wrong) == risk_area(np.ones(4), wrong[::-1]) == 0.5

    def test_many_rows_give_twenty_points(self) -> None:
        rng = np.random.default_rng(0)
        confidence = rng.random(1000)
        curve = risk_curve(confidence, rng.random(1000) > confidence)
        assert [round(point["coverage"], 2) for point in curve] == [round(0.05 * step, 2) for step in range(1, 21)]
        assert len(curve) == POINTS
        assert curve[0]["risk"] < curve[-1]["risk"]

    def test_the_interval_holds_the_area_and_agrees_with_a_plain_bootstrap(self) -> None:
        rng = np.random.default_rng(1)
        confidence = rng.random(150)
        wrong = rng.random(150) > confidence
        low, high = risk_area_interval(confidence, wrong, resamples=2000)
        drawn = [rng.integers(0, 150, 150) for _ in range(1000)]
        plain = np.quantile([risk_area(confidence[rows], wrong[rows]) for rows in drawn], (0.025, 0.975))
        assert (low, high) == pytest.approx(tuple(plain), abs=0.02)
        assert low < risk_area(confidence, wrong) < high

    def test_unusable_input(self) -> None:
        with pytest.raises(ValueError, match="one shape"):
            risk_area(np.ones(3), np.zeros(2, dtype=bool))
