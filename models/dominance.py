"""Which of a story's labels is its dominant one: the first, where the order of labels says anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, logit

from models.artefact import Arrays, array

Floats = NDArray[np.float64]

FEWEST_RANKED = 400
"""Stories whose dominant label must be known before it is learnt how to tell it."""
SLIPS = 0.02
"""The share of pairs of labels in the rarer of their two orders up to which the order is one by rule, with slips."""
_SMALLEST = 1e-6
_TOGETHER = 256


def ranked(labels: Sequence[Sequence[str]]) -> bool:
    """Whether the order of labels may mean something: whether pairs of them stand in both orders, not once in a while.

    Sorted labels, and those read from a table's columns, stand in one order everywhere, but for a slip of the hand.
    """
    pairs = Counter(
        (label, other)
        for row in labels
        for place, label in enumerate(row)
        for other in row[place + 1 :]
        if other != label
    )
    rarer = sum(min(count, pairs[other, label]) for (label, other), count in pairs.items()) / 2
    return rarer > SLIPS * pairs.total()


def dominant(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> NDArray[np.float32]:
    """1 at each story's dominant label, float32 `(n_stories, n_labels)`; all 0 where labels are not `ranked`."""
    return foremost(labels, classes) if ranked(labels) else np.zeros((len(labels), len(classes)), np.float32)


def foremost(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> NDArray[np.float32]:
    """1 at each story's first label, float32 `(n_stories, n_labels)`."""
    found = np.zeros((len(labels), len(classes)), np.float32)
    place = {label: number for number, label in enumerate(classes)}
    for row, names in enumerate(labels):
        if len(names) and names[0] in place:
            found[row, place[names[0]]] = 1.0
    return found


class Dominance:
    """Tells the dominant label by what all labels' probabilities say together.

    A label that nearly always stands beside another, as politics beside a war, is often likely and seldom what a story
    is about. The scores are a linear map of the labels' log-odds, which logistic regression fits to the dominant labels
    and a penalty draws towards leaving the order as it is (matrix scaling as in Guo et al., "On calibration of modern
    neural networks", 2017; the penalty off the diagonal as in Kull et al., "Beyond temperature scaling", 2019). What
    another model, which learnt nothing but the dominant label, makes of the stories can join them, times a weight.

    After `fit`: `matrix_`, float64 `(n_labels, n_labels)`, `bias_`, float64 `(n_labels,)`, and `weight_`, of the other
    model's scores, 0 where there are none.
    """

    def __init__(self, *, penalty: float = 900.0, bias_penalty: float = 5.0) -> None:
        """Store the parameters: the weights of squared entries beyond a multiple of the identity, and of the biases."""
        self.penalty = penalty
        self.bias_penalty = bias_penalty

    def fit(self, probabilities: NDArray[Any], first: NDArray[np.int64], beside: NDArray[Any] | None = None) -> Self:
        """Learn from stories that no model has learnt from.

        Args:
            probabilities: of the labels, `(n_stories, n_labels)`.
            first: the columns of the dominant labels, `(n_stories,)`; stories with a negative one are left out, and one
                at least has another.
            beside: another model's scores of the labels being dominant, `(n_stories, n_labels)`.
        """
        rows = np.flatnonzero(first >= 0)
        odds, wanted, size = _log_odds(probabilities[rows]), first[rows], probabilities.shape[1]
        other = np.zeros_like(odds) if beside is None else beside[rows].astype(np.float64)
        begin = np.array([1.0, 0.0])  # what the odds and the other model's scores are multiplied by

        def loss(parameters: Floats) -> tuple[float, Floats]:
            slopes, bias, across = parameters[:2], parameters[2 : 2 + size], parameters[2 + size :].reshape(size, size)
            chances = log_softmax(slopes[0] * odds + slopes[1] * other + odds @ across + bias, axis=1)
            pull = np.exp(chances)
            pull[np.arange(len(rows)), wanted] -= 1
            apart = self.bias_penalty * np.array([((slopes - begin) ** 2).sum(), (bias**2).sum()])
            value = -chances[np.arange(len(rows)), wanted].sum() + (apart.sum() + self.penalty * (across**2).sum()) / 2
            gradient = [
                np.array([(pull * odds).sum(), (pull * other).sum()]) + self.bias_penalty * (slopes - begin),
                pull.sum(axis=0) + self.bias_penalty * bias,
                (odds.T @ pull + self.penalty * across).ravel(),
            ]
            return float(value / len(rows)), np.concatenate(gradient) / len(rows)

        start = np.concatenate([begin, np.zeros(size + size * size)])
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
        matrix = found[0] * np.eye(size) + found[2 + size :].reshape(size, size)
        # in the precision that they are saved in, so that a loaded model answers the same
        self.matrix_, self.bias_, weight = (
            part.astype(np.float32).astype(np.float64) for part in (matrix, found[2 : 2 + size], found[1:2])
        )
        self.weight_ = float(weight[0])
        return self

    def scores(self, probabilities: NDArray[Any], beside: NDArray[Any] | None = None) -> Floats:
        """How much speaks for each label being the dominant one, `(n_stories, n_labels)`.

        The arguments are as in `fit`; `beside` is needed where the weight of such scores is not 0.
        """
        odds = _log_odds(probabilities)
        scores = np.empty(odds.shape)
        for first in range(0, len(odds), _TOGETHER):
            rows = slice(first, first + _TOGETHER)
            # no product of matrices, which rounds otherwise for many rows than for one
            scores[rows] = (odds[rows, None, :] * self.matrix_.T).sum(axis=2) + self.bias_
        if self.weight_:
            if beside is None:
                raise ValueError("the dominant label was learnt with another model's scores beside; pass them.")
            scores += self.weight_ * beside
        return scores

    def tensors(self) -> Arrays:
        """`dominance.matrix`, `dominance.bias` and, where it is not 0, `dominance.weight` `(1,)`, in float32."""
        weight = {"dominance.weight": np.array([self.weight_], np.float32)} if self.weight_ else {}
        return {
            "dominance.matrix": self.matrix_.astype(np.float32),
            "dominance.bias": self.bias_.astype(np.float32),
            **weight,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], n_labels: int) -> Self | None:
        """As saved; None where there is none.

        Raises:
            ModelError: a tensor is missing or of another shape.
        """
        if not any(name.startswith("dominance.") for name in tensors):
            return None
        made = cls()
        made.matrix_ = array(tensors, "dominance.matrix", (n_labels, n_labels)).astype(np.float64)
        made.bias_ = array(tensors, "dominance.bias", (n_labels,)).astype(np.float64)
        made.weight_ = float(array(tensors, "dominance.weight", (1,))[0]) if "dominance.weight" in tensors else 0.0
        return made


def _log_odds(probabilities: NDArray[Any]) -> Floats:
    odds: Floats = logit(np.clip(np.asarray(probabilities, np.float64), _SMALLEST, 1 - _SMALLEST))
    return odds
