"""Coverage against risk: how wrong a model is when it may leave the rows it is unsure of to a person.

The rows are taken in the order of the model's confidence; the risk at a coverage is the share of wrong ones among
those taken so far (El-Yaniv and Wiener, 2010), and the area under that curve sums it up (Geifman and El-Yaniv,
2017): 0 is perfect, the overall error rate is what confidence without any meaning gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import Floats, interval, weight_blocks
from training.metrics import Bools

POINTS = 20
"""Points of the curve that are reported, at equal steps of coverage."""


def risk_curve(confidence: NDArray[Any], wrong: Bools) -> list[dict[str, float]]:
    """The risk at 5%, 10% … 100% coverage, and the confidence a row needs to be covered there.

    Args:
        confidence: `(n,)`, higher for surer rows. Rows of equal confidence are as wrong as they are together.
        wrong: `(n,)`, whether the model was wrong.

    Raises:
        ValueError: there are no rows, or the shapes differ.
    """
    confidence, risks = _risks(confidence, wrong)
    n = len(risks)
    rows = np.ceil(np.linspace(1 / POINTS, 1, POINTS) * n - 1e-9).astype(np.int64) - 1
    return [
        {"coverage": (row + 1) / n, "risk": float(risks[row]), "confidence": float(confidence[row])}
        for row in sorted(set(rows.tolist()))
    ]


def risk_area(confidence: NDArray[Any], wrong: Bools) -> float:
    """The area under the curve of `risk_curve`, from 0 to 1."""
    return float(_risks(confidence, wrong)[1].mean())


def risk_area_interval(
    confidence: NDArray[Any], wrong: Bools, *, resamples: int = 10_000, seed: int = 13
) -> list[float]:
    """95% percentile bootstrap interval `[low, high]` of `risk_area`."""
    order, errors, _ = _ordered(confidence, wrong)
    n = len(order)
    areas = []
    for weights in weight_blocks(n, resamples, seed):
        taken = weights[:, order]
        covered = np.cumsum(taken, axis=1)
        risks = np.cumsum(taken * errors, axis=1) / np.maximum(1, covered)
        areas.append((taken * risks).sum(1) / n)
    return interval(np.concatenate(areas))


def _risks(confidence: NDArray[Any], wrong: Bools) -> tuple[Floats, Floats]:
    """Confidence and risk of the rows, surest first."""
    order, errors, sorted_confidence = _ordered(confidence, wrong)
    return sorted_confidence, np.cumsum(errors) / np.arange(1, len(order) + 1)


def _ordered(confidence: NDArray[Any], wrong: Bools) -> tuple[NDArray[np.int64], Floats, Floats]:
    """The rows' order, their errors shared out among those of equal confidence, and their confidence."""
    confidence = np.asarray(confidence, dtype=np.float64)
    if confidence.shape != wrong.shape or confidence.ndim != 1 or not len(confidence):
        raise ValueError(f"confidence {confidence.shape}, wrong {wrong.shape}: expected one shape (n,), n at least 1")
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    group = np.cumsum(np.r_[True, ordered[1:] != ordered[:-1]]) - 1
    errors = np.bincount(group, wrong[order].astype(np.float64)) / np.bincount(group)
    return order, errors[group], ordered
