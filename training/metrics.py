"""Figures of merit for topics, and bootstrap intervals for them and for any mean.

Every figure is a function of sums over rows, so one matrix product of resampling weights with the rows'
contributions gives it for a thousand resamples at once. Contributions are whole numbers (probabilities and
scores in steps of 2**-20): their sums are exact in any order, and the same call gives the same bytes with any
number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Bins of equal width for the calibration error."""

UNKNOWN, UNLABELLED = -1, -2
"""In `first`: the row's first label is none of the model's (a miss); the row has no label (not counted)."""

_STEP = 2.0**20
_CELLS = 4_000_000  # weights held at once
_DRAWS = 2 * 10**8  # rows drawn in all; beyond, fewer resamples do, as an interval of many rows is narrow
_FEWEST = 1_000

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Contributions:
    """What each row adds to the sums: `counts (n, 3 * n_labels + 1 or 3)` and `gaps (n, BINS)`, whole numbers.

    The counts are true positives, predictions and targets per label, whether the row is right, and,
    multi-label, whether its first label is found and whether it has one. The gaps are confidence less outcome
    in each bin.
    """

    counts: NDArray[np.float32]
    gaps: Floats
    n_labels: int
    decisions: int  # per row, over which the calibration error is averaged


def topic_metrics(
    targets: Bools, predicted: Bools, probabilities: NDArray[Any], first: NDArray[Any] | None, exclusive: bool
) -> dict[str, float]:
    """Accuracy, F1 and calibration of predicted topics, each from 0 to 1.

    - `accuracy`: exclusive, the share of rows whose label is predicted (a row with none of the model's labels
      is a miss); multi-label, the share of rows whose labels are predicted exactly (subset accuracy).
    - `micro_f1`, `macro_f1`, `weighted_f1`: F1 over all decisions; its mean over the model's labels, where a
      label with neither target nor prediction counts 0 (as in scikit-learn with `zero_division=0`); its mean
      weighted by the labels' targets.
    - `first_accuracy`: multi-label only, the share of rows whose most probable label is their first.
    - `ece`: expected calibration error (Naeini et al., 2015) over 15 bins of equal width; exclusive, of the
      highest probability in each row; multi-label, of all probabilities pooled.

    Args:
        targets: `(n, n_labels)`, the rows' labels.
        predicted: `(n, n_labels)`, the labels given by the model.
        probabilities: `(n, n_labels)`, from 0 to 1.
        first: `(n,)`, the column of the row's first label, or `UNKNOWN`, or `UNLABELLED`; None leaves
            `first_accuracy` out, as does `exclusive`.
        exclusive: whether a story has exactly one label.

    Raises:
        ValueError: there are no rows, the shapes differ, or a probability is not within 0 and 1.
    """
    rows = _contributions(targets, predicted, probabilities, first, exclusive)
    sums = _figures(rows, rows.counts.sum(0, dtype=np.float64)[None], rows.gaps.sum(0)[None], len(rows.counts))
    return {name: float(values[0]) for name, values in sums.items()}


def topic_intervals(
    targets: Bools,
    predicted: Bools,
    probabilities: NDArray[Any],
    first: NDArray[Any] | None,
    exclusive: bool,
    *,
    resamples: int = 10_000,
    seed: int = 13,
) -> dict[str, list[float]]:
    """95% percentile bootstrap intervals `[low, high]` of the figures of `topic_metrics`, resampling rows.

    Beyond 20,000 rows fewer resamples are drawn (at least 1,000), so that the time stays bounded.
    """
    rows = _contributions(targets, predicted, probabilities, first, exclusive)
    n = len(rows.counts)
    parts: dict[str, list[Floats]] = {}
    for weights in _weights(n, resamples, seed):
        counts = (weights.astype(np.float32) @ rows.counts).astype(np.float64)
        for name, values in _figures(rows, counts, weights @ rows.gaps, n).items():
            parts.setdefault(name, []).append(values)
    return {name: _interval(np.concatenate(values)) for name, values in parts.items()}


def mean_intervals(
    scores: Mapping[str, NDArray[Any]], *, resamples: int = 10_000, seed: int = 13
) -> dict[str, list[float]]:
    """95% percentile bootstrap intervals `[low, high]` of the means of per-story scores, each of shape `(n,)`.

    Beyond 20,000 stories fewer resamples are drawn (at least 1,000).

    Raises:
        ValueError: there are no stories, the lengths differ, or a score is not finite.
    """
    if not scores:
        return {}
    lengths = {name: len(values) for name, values in scores.items()}
    if len(set(lengths.values())) > 1 or not min(lengths.values()):
        raise ValueError(f"expected as many scores of each kind, and at least one, found {lengths}")
    table = np.stack([np.asarray(values, dtype=np.float64) for values in scores.values()], axis=1)
    if not np.isfinite(table).all():
        raise ValueError("expected finite scores, found NaN or infinity")
    steps = np.round(table * _STEP)
    means = np.concatenate([weights @ steps for weights in _weights(len(steps), resamples, seed)])
    means /= _STEP * len(steps)
    return {name: _interval(means[:, column]) for column, name in enumerate(scores)}


def paired_difference(
    a: NDArray[Any], b: NDArray[Any], *, resamples: int = 10_000, seed: int = 13
) -> tuple[float, float, float]:
    """How much higher `a` is than `b` on average, on the same stories, with a 95% interval: mean, low, high.

    Raises:
        ValueError: the lengths differ or are 0, or a score is not finite.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} scores against {len(b)}, expected the same stories")
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    low, high = mean_intervals({"difference": difference}, resamples=resamples, seed=seed)["difference"]
    return float(difference.mean()), low, high


def per_label(targets: Bools, predicted: Bools, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Precision, recall and F1 (0 to 1; 0 where undefined) and support of every label, in the model's order."""
    hits = (targets & predicted).sum(0)
    given, wanted = predicted.sum(0), targets.sum(0)
    return [
        {
            "label": label,
            "precision": float(hits[column] / max(1, given[column])),
            "recall": float(hits[column] / max(1, wanted[column])),
            "f1": float(2 * hits[column] / max(1, given[column] + wanted[column])),
            "support": int(wanted[column]),
        }
        for column, label in enumerate(classes)
    ]


def reliability(targets: Bools, probabilities: NDArray[Any], exclusive: bool) -> list[dict[str, float]]:
    """The bins of the calibration error that hold something: `count`, mean `confidence`, share `correct`."""
    confidence, outcome = _decisions(targets, np.asarray(probabilities, dtype=np.float64), exclusive)
    bins = _bin(confidence).ravel()
    counts = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, confidence.ravel(), BINS), np.bincount(bins, outcome.ravel(), BINS)
    return [
        {
            "count": int(counts[index]),
            "confidence": float(sums[0][index] / counts[index]),
            "correct": float(sums[1][index] / counts[index]),
        }
        for index in np.flatnonzero(counts)
    ]


def _contributions(
    targets: Bools, predicted: Bools, probabilities: NDArray[Any], first: NDArray[Any] | None, exclusive: bool
) -> _Contributions:
    probabilities = np.asarray(probabilities, dtype=np.float64)
    shapes = targets.shape, predicted.shape, probabilities.shape
    if len(set(shapes)) > 1 or targets.ndim != 2 or not targets.size:
        raise ValueError(f"targets, predicted, probabilities: expected one shape (n, n_labels), found {shapes}")
    if not (np.abs(probabilities - 0.5) <= 0.5 + 1e-6).all():
        raise ValueError("probabilities: expected values from 0 to 1")
    probabilities = probabilities.clip(0.0, 1.0)
    hits = targets & predicted
    columns: list[NDArray[Any]] = [hits, predicted, targets]
    if exclusive:
        columns.append((hits.sum(1) > 0)[:, None])
    else:
        columns.append(((targets != predicted).sum(1) == 0)[:, None])
        if first is not None:
            if first.shape != targets.shape[:1]:
                raise ValueError(f"first: expected shape {targets.shape[:1]}, found {first.shape}")
            columns.append((probabilities.argmax(1) == first)[:, None])
            columns.append((first != UNLABELLED)[:, None])
    confidence, outcome = _decisions(targets, probabilities, exclusive)
    n, decisions = confidence.shape
    cells = np.arange(n)[:, None] * BINS + _bin(confidence)
    steps = np.round((confidence - outcome) * _STEP)
    gaps: NDArray[Any] = np.bincount(cells.ravel(), steps.ravel(), n * BINS)
    counts = np.concatenate(columns, axis=1, dtype=np.float32, casting="unsafe")
    return _Contributions(counts, gaps.reshape(n, BINS), targets.shape[1], decisions)


def _decisions(targets: Bools, probabilities: Floats, exclusive: bool) -> tuple[Floats, Bools]:
    """Confidence and whether it came true, `(n, 1)` for the most probable label or `(n, n_labels)` for all."""
    if not exclusive:
        return probabilities, targets
    best = probabilities.argmax(1)[:, None]
    return np.take_along_axis(probabilities, best, 1), np.take_along_axis(targets, best, 1)


def _bin(confidence: Floats) -> Ints:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def _figures(rows: _Contributions, counts: Floats, gaps: Floats, n: int) -> dict[str, Floats]:
    """The metrics from sums over rows, one value per resample: `counts (r, …)`, `gaps (r, BINS)`."""
    size = rows.n_labels
    hits, given, wanted = (counts[:, size * part : size * (part + 1)] for part in range(3))
    f1 = 2 * hits / np.maximum(1, given + wanted)
    figures = {
        "accuracy": counts[:, 3 * size] / n,
        "micro_f1": 2 * hits.sum(1) / np.maximum(1, given.sum(1) + wanted.sum(1)),
        "macro_f1": f1.mean(1),
        "weighted_f1": (f1 * wanted).sum(1) / np.maximum(1, wanted.sum(1)),
    }
    if counts.shape[1] > 3 * size + 1:
        figures["first_accuracy"] = counts[:, 3 * size + 1] / np.maximum(1, counts[:, 3 * size + 2])
    figures["ece"] = np.abs(gaps).sum(1) / (_STEP * n * rows.decisions)
    return figures


def _weights(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of `n` rows is drawn, with replacement, in each resample: blocks of shape `(r, n)`."""
    rng = np.random.default_rng(seed)
    left = min(resamples, max(_FEWEST, _DRAWS // n))
    while left > 0:
        size = min(left, max(1, _CELLS // n))
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        left -= size


def _interval(values: Floats) -> list[float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return [float(low), float(high)]
