"""What a topic model learns from out-of-sample logits: calibration, thresholds, the dominant label, n-grams' weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import PlattScaling, TemperatureScaling, fit_thresholds
from models.dominance import FEWEST_RANKED, Dominance
from models.topics import Calibration, decide

EXCLUSIVE_FLOOR = 0.0
LOWEST_LEAD = 0.3
"""No label below this probability is given for want of a better one, whatever it does for F1."""
SHRINKAGES = (1.0, 2.0, 5.0, 20.0, 80.0)
NGRAM_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0, 10.0, 15.0, 25.0)


def calibrate(logits: NDArray[np.float32], targets: NDArray[np.float32], exclusive: bool) -> Calibration:
    """A temperature where labels exclude each other, else Platt scaling per label; both `(n_stories, n_labels)`."""
    if exclusive:
        known = targets.any(axis=1)
        return TemperatureScaling().fit(logits[known], targets[known].argmax(axis=1))
    return PlattScaling().fit(logits, targets > 0)


def fit_decisions(
    probabilities: NDArray[np.float64], targets: NDArray[np.bool_], exclusive: bool
) -> tuple[NDArray[np.float64], float]:
    """Thresholds `(n_labels,)` for F1, and what the likeliest label needs when none passes its own.

    Where labels exclude each other the likeliest is always given: the thresholds are 0.
    """
    n_labels = targets.shape[1]
    if exclusive:
        return np.full(n_labels, EXCLUSIVE_FLOOR), 1.0
    thresholds = fit_thresholds(probabilities, targets, shrinkage=_fit_shrinkage(probabilities, targets))
    grid = [1.0, *np.arange(LOWEST_LEAD, 0.5, 0.02)]
    best = max(grid, key=lambda lead: _micro_f1(decide(probabilities, thresholds, lead, False), targets))
    return thresholds, float(best)


def _fit_shrinkage(probabilities: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    """How much labels' own thresholds are drawn to the common one: what suits halves the thresholds were not fitted on.

    Judged by the sum of micro- and macro-F1. With many rare labels of their own kind little is best, with few labels
    much.
    """
    order = np.random.default_rng(0).permutation(len(targets))
    value = dict.fromkeys(SHRINKAGES, 0.0)
    for learn, judge in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        for shrinkage in SHRINKAGES:
            thresholds = fit_thresholds(probabilities[learn], targets[learn], shrinkage=shrinkage)
            given = probabilities[judge] >= thresholds
            value[shrinkage] += _micro_f1(given, targets[judge]) + _macro_f1(given, targets[judge])
    return max(SHRINKAGES, key=lambda shrinkage: (round(value[shrinkage], 6), shrinkage))


def _macro_f1(given: NDArray[np.bool_], targets: NDArray[np.bool_]) -> float:
    both = 2 * (given & targets).sum(axis=0)
    return float(np.mean(both / np.maximum(1, given.sum(axis=0) + targets.sum(axis=0))))


def _micro_f1(given: NDArray[np.bool_], targets: NDArray[np.bool_]) -> float:
    return float(2 * (given & targets).sum() / max(1, given.sum() + targets.sum()))


def fit_dominance(
    probabilities: NDArray[np.float64], first: NDArray[np.int64] | None, beside: NDArray[np.float32] | None = None
) -> Dominance | None:
    """How to tell the dominant label, from stories' probabilities out of sample and the columns of their first labels.

    None where the labels' order says nothing (`first` is None) or too few stories are known: it is then the likeliest.
    `beside` as in `models.dominance.Dominance`.
    """
    if first is None or (first >= 0).sum() < FEWEST_RANKED:
        return None
    return Dominance().fit(probabilities, first, beside)


def cross_fitted(
    logits: NDArray[np.float32],
    targets: NDArray[np.float32],
    exclusive: bool,
    seed: int,
    first: NDArray[np.int64] | None = None,
    beside: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Probabilities, decisions and the label judged dominant of each half of the rows, by what the other half teaches.

    `first` and `beside` as in `fit_dominance`.
    """
    order = np.random.default_rng(seed).permutation(len(logits))
    probabilities, given = np.zeros(logits.shape), np.zeros(logits.shape, dtype=bool)
    leading = np.zeros(len(logits), np.int64)
    for part in (0, 1):
        learn, judge = order[part::2], order[1 - part :: 2]
        calibration = calibrate(logits[learn], targets[learn], exclusive)
        known = calibration.apply(logits[learn])
        thresholds, lead = fit_decisions(known, targets[learn] > 0, exclusive)
        wanted = first[learn] if first is not None else None
        theirs = (beside[learn], beside[judge]) if beside is not None else (None, None)
        dominance = fit_dominance(known, wanted, theirs[0])
        chances = probabilities[judge] = calibration.apply(logits[judge])
        given[judge] = decide(chances, thresholds, lead, exclusive)
        leading[judge] = (dominance.scores(chances, theirs[1]) if dominance else chances).argmax(axis=1)
    return probabilities, given, leading


def fit_ngram_weight(
    own: NDArray[np.float32], beside: NDArray[np.float32], targets: NDArray[np.float32], exclusive: bool
) -> float:
    """What n-gram logits are multiplied by before they are added to the head's: the likeliest of a few, calibrated.

    Args:
        own: the head's logits of stories it was not fitted on, `(n_stories, n_labels)`.
        beside: the n-gram classifier's, likewise.
        targets: 0/1, of the same shape.
        exclusive: whether a story has exactly one label.
    """
    return min(NGRAM_WEIGHTS, key=lambda weight: surprise(own + np.float32(weight) * beside, targets, exclusive))


def fit_head_and_weight(
    heads: Sequence[NDArray[np.float32]], beside: NDArray[np.float32], targets: NDArray[np.float32], exclusive: bool
) -> tuple[int, float]:
    """Which of several heads' logits are the likeliest with n-grams beside them, and the n-grams' weight there."""
    weights = [fit_ngram_weight(own, beside, targets, exclusive) for own in heads]
    together = [own + np.float32(weight) * beside for own, weight in zip(heads, weights, strict=True)]
    best = int(np.argmin([surprise(logits, targets, exclusive) for logits in together]))
    return best, weights[best]


def surprise(logits: NDArray[np.float32], targets: NDArray[np.float32], exclusive: bool) -> float:
    """How unlikely labels are under logits of stories that were not learnt from, calibrated: minus log-likelihood."""
    probabilities = np.clip(calibrate(logits, targets, exclusive).apply(logits), 1e-7, 1 - 1e-7)
    known = np.where(targets > 0, np.log(probabilities), 0.0 if exclusive else np.log1p(-probabilities))
    return -float(known.sum())
