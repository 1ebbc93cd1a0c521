"""From logits to probabilities that mean what they say, and from probabilities to thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax

from models.errors import ModelError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SMALLEST = 1e-6


def fit_thresholds(probabilities: ArrayLike, targets: ArrayLike, *, shrinkage: float = 20.0) -> Floats:
    """One threshold per label for the best F1: a label holds where its probability is at least that.

    A label's own best threshold is drawn, in logits, towards the one that is best for all labels together
    (micro-F1): with n positive rows its weight is n / (n + shrinkage), so that rare labels, whose own optimum
    is mostly chance, keep to the common one (compare SCut in Yang 2001).

    Args:
        probabilities: (n_rows, n_labels), out of sample.
        targets: (n_rows, n_labels), which labels truly hold.
        shrinkage: how many positive rows the common threshold is worth.

    Returns:
        Thresholds strictly between 0 and 1, shape (n_labels,); 0.5 for all where no row holds any label.

    Raises:
        ValueError: the shapes differ, or shrinkage is negative.
    """
    scores, truth = _matched(probabilities, targets)
    if shrinkage < 0:
        raise ValueError(f"shrinkage must not be negative, got {shrinkage}")
    if not truth.any():
        return np.full(scores.shape[1], 0.5)
    logits = logit(np.clip(scores, _SMALLEST, 1 - _SMALLEST))
    common = _best_cut(logits.ravel(), truth.ravel())
    thresholds = np.full(scores.shape[1], common)
    for label in np.flatnonzero(truth.any(axis=0)):
        positives = truth[:, label].sum()
        own = _best_cut(logits[:, label], truth[:, label])
        thresholds[label] = (positives * own + shrinkage * common) / (positives + shrinkage)
    return np.asarray(expit(thresholds), np.float64)


def _best_cut(scores: Floats, truth: Bools) -> float:
    """The cut with the best F1, half way between the last score above it and the first below."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    f1 = 2 * np.cumsum(truth[order]) / (np.arange(1, len(order) + 1) + truth.sum())
    f1[:-1][ordered[:-1] == ordered[1:]] = -1  # equal scores cannot be cut apart
    last = int(np.argmax(f1))
    below = ordered[last + 1] if last + 1 < len(ordered) else ordered[last]
    return float((ordered[last] + below) / 2)


def _matched(values: ArrayLike, targets: ArrayLike) -> tuple[Floats, Bools]:
    matrix, truth = np.asarray(values, np.float64), np.asarray(targets, bool)
    if matrix.ndim != 2 or matrix.shape != truth.shape:
        message = f"expected two arrays (n_rows, n_labels), got {matrix.shape} and {truth.shape}"
        raise ValueError(message)
    return matrix, truth


class PlattScaling:
    """Per label, probability = sigmoid(a * logit + b) (Platt 1999).

    All labels together are fitted first; each label's own a and b are then drawn towards that common pair by
    a penalty, so a label with few positive rows is calibrated like the others.
    """

    def __init__(self, *, penalty: float = 5.0) -> None:
        """Store the parameter: the weight of the squared distance from the common a and b."""
        self.penalty = penalty

    def fit(self, logits: ArrayLike, targets: ArrayLike) -> Self:
        """Fit on logits out of sample and the true labels, both (n_rows, n_labels).

        Raises:
            ValueError: the shapes differ.
        """
        scores, truth = _matched(logits, targets)
        common = _logistic(scores.ravel(), truth.ravel(), np.array([1.0, 0.0]), 1e-3)
        fitted = [_logistic(scores[:, j], truth[:, j], common, self.penalty) for j in range(scores.shape[1])]
        pairs = np.array(fitted).reshape(-1, 2)
        self.a_, self.b_ = pairs[:, 0].copy(), pairs[:, 1].copy()
        return self

    def apply(self, logits: ArrayLike) -> Floats:
        """Probabilities, (n_rows, n_labels); each label by itself, rows need not sum to 1."""
        return np.asarray(expit(np.asarray(logits, np.float64) * self.a_ + self.b_), np.float64)

    def config(self) -> dict[str, Any]:
        """What was fitted, as JSON holds it."""
        return {"kind": "platt", "a": self.a_.tolist(), "b": self.b_.tolist()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The scaling that `config` came from.

        Raises:
            ModelError: `config` is not of this kind or malformed.
        """
        a, b = _numbers(config, "platt", "a"), _numbers(config, "platt", "b")
        if a.shape != b.shape:
            raise ModelError(f"calibration: 'a' has {len(a)} numbers, 'b' {len(b)}; expected as many.")
        made = cls()
        made.a_, made.b_ = a, b
        return made


class TemperatureScaling:
    """Probabilities = softmax(logits / temperature), for labels that exclude each other (Guo et al. 2017).

    Logits below 0 have a temperature of their own: how far a label lies on the wrong side of a margin says less than
    how far it lies on the right side. Both are positive, so that no label overtakes another.
    """

    def __init__(self, *, penalty: float = 5.0) -> None:
        """Store the parameter: how many rows' worth of squared distance keeps the two temperatures together."""
        self.penalty = penalty

    def fit(self, logits: ArrayLike, targets: ArrayLike) -> Self:
        """Fit the temperatures on logits out of sample.

        Args:
            logits: (n_rows, n_labels).
            targets: the number of the true label, (n_rows,).

        Raises:
            ValueError: the shapes do not match.
        """
        scores, truth = np.asarray(logits, np.float64), np.asarray(targets)
        if scores.ndim != 2 or truth.shape != scores.shape[:1]:
            message = f"expected (n_rows, n_labels) and (n_rows,), got {scores.shape} and {truth.shape}"
            raise ValueError(message)
        above, below = np.maximum(scores, 0), np.minimum(scores, 0)
        rows = np.arange(len(scores))

        def loss(logs: Floats) -> tuple[float, Floats]:
            slopes = np.exp(-logs)
            chances = log_softmax(above * slopes[0] + below * slopes[1], axis=1)
            pull = np.exp(chances)
            pull[rows, truth] -= 1
            apart = logs[0] - logs[1]
            gradient = [-slopes[0] * (pull * above).sum(), -slopes[1] * (pull * below).sum()]
            drawn = self.penalty * apart * np.array([1.0, -1.0])
            value = -chances[rows, truth].sum() + self.penalty * apart**2 / 2
            return float(value / len(rows)), (np.array(gradient) + drawn) / len(rows)

        self.temperature_ = self.below_ = 1.0
        if len(scores):
            found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-6.0, 6.0)] * 2)
            self.temperature_, self.below_ = np.exp(found.x).tolist()
        return self

    def apply(self, logits: ArrayLike) -> Floats:
        """Probabilities, (n_rows, n_labels); each row sums to 1."""
        scores = np.asarray(logits, np.float64)
        return np.asarray(softmax(scores / np.where(scores > 0, self.temperature_, self.below_), axis=1), np.float64)

    def config(self) -> dict[str, Any]:
        """What was fitted, as JSON holds it."""
        return {"kind": "temperature", "temperature": self.temperature_, "below": self.below_}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The scaling that `config` came from; without `below` one temperature holds for all logits.

        Raises:
            ModelError: `config` is not of this kind or malformed.
        """
        made = cls()
        value = config.get("temperature")
        for number in (value, config.get("below", value)):
            usable = isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < np.inf
            if config.get("kind") != "temperature" or not usable:
                message = f"calibration: expected kind 'temperature' and positive numbers, got {number!r}."
                raise ModelError(message)
        made.temperature_, made.below_ = float(value), float(config.get("below", value))  # type: ignore[arg-type]
        return made


def _numbers(config: Mapping[str, Any], kind: str, name: str) -> Floats:
    values = config.get(name)
    if config.get("kind") != kind or not isinstance(values, list):
        raise ModelError(f"calibration: expected kind {kind!r} with a list {name!r}.")
    if not all(isinstance(v, int | float) and np.isfinite(v) for v in values):
        raise ModelError(f"calibration: {name!r} holds something that is not a finite number.")
    return np.array(values, np.float64)


def _logistic(scores: Floats, truth: Bools, centre: Floats, penalty: float) -> Floats:
    """Slope and intercept of a logistic regression on one feature, penalised for leaving `centre`.

    Newton's method. The targets are Platt's smoothed ones, (n+ + 1) / (n+ + 2) and 1 / (n- + 2). The slope is
    kept positive: a larger logit never lowers a probability.
    """
    positives = float(truth.sum())
    high, low = (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2)
    wanted = np.where(truth, high, low)
    inputs = np.stack([scores, np.ones_like(scores)], axis=1)

    def loss(pair: Floats) -> float:
        z = inputs @ pair
        return float((np.logaddexp(0, z) - wanted * z).sum() + penalty * ((pair - centre) ** 2).sum() / 2)

    pair = centre.copy()
    for _ in range(100):
        p = expit(inputs @ pair)
        gradient = inputs.T @ (p - wanted) + penalty * (pair - centre)
        curvature = (inputs * (p * (1 - p))[:, None]).T @ inputs + (penalty + 1e-9) * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        now, size = loss(pair), 1.0
        while loss(pair - size * step) > now and size > 1e-6:
            size /= 2
        pair = pair - size * step
        if np.abs(size * step).max() < 1e-8:
            break
    return np.array([max(pair[0], 1e-3), pair[1]])
