"""Figures of merit for topics, with bootstrap intervals.

Every figure is a function of sums over rows, so one matrix product of resampling weights with the rows'
contributions gives it for a thousand resamples at once. Contributions are whole numbers (probabilities in steps of
2**-20): their sums are exact in any order, and the same call gives the same bytes with any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import STEP, Floats, interval, weight_blocks

BINS = 15
"""Bins of equal width for the calibration error."""

TOP = 3
"""How many of the likeliest labels `top3_accuracy` and `recall_at_3` look at."""

UNKNOWN, UNLABELLED = -1, -2
"""In `first`: the row's first label is none of the model's (a miss); the row has no label (not counted)."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Arguments = (
    tuple[Bools, Bools, NDArray[Any], NDArray[Any] | None, bool]
    | tuple[Bools, Bools, NDArray[Any], NDArray[Any] | None, bool, NDArray[Any] | None]
)
"""Of `topic_metrics`, in its order."""


@dataclass(frozen=True, slots=True)
class _Contributions:
    """What each row adds to the sums: `counts (n, 3 * n_labels + len(extra))` and `gaps (n, BINS)`, whole numbers.

    The counts are true positives, predictions and targets per label, then those named in `extra`: whether the row
    is right, how many of its labels are among the likeliest and, multi-label, whether its first label is found and
    whether it has one. The gaps are confidence less outcome in each bin.
    """

    counts: NDArray[np.float32]
    gaps: Floats
    n_labels: int
    extra: tuple[str, ...]
    exclusive: bool
    decisions: int  # per row, over which the calibration error is averaged


def topic_metrics(
    targets: Bools,
    predicted: Bools,
    probabilities: NDArray[Any],
    first: NDArray[Any] | None,
    exclusive: bool,
    leading: NDArray[Any] | None = None,
) -> dict[str, float]:
    """Accuracy, F1 and calibration of predicted topics, each from 0 to 1.

    - `accuracy`: exclusive, the share of rows whose label is predicted (a row with none of the model's labels
      is a miss); multi-label, the share of rows whose labels are predicted exactly (subset accuracy).
    - `micro_f1`, `macro_f1`, `weighted_f1`: F1 over all decisions; its mean over the model's labels, where a
      label with neither target nor prediction counts 0 (as in scikit-learn with `zero_division=0`); its mean
      weighted by the labels' targets.
    - `top3_accuracy`: exclusive, the share of rows whose label is among the three most probable.
    - `recall_at_3`: multi-label, of all the rows' labels the share that is among their row's three most probable.
      Neither is given for three labels or fewer.
    - `first_accuracy`: multi-label only, the share of rows whose first label is the one judged dominant.
    - `ece`: expected calibration error (Naeini et al., 2015) over 15 bins of equal width; exclusive, of the
      highest probability in each row; multi-label, of all probabilities pooled.

    Args:
        targets: `(n, n_labels)`, the rows' labels.
        predicted: `(n, n_labels)`, the labels given by the model.
        probabilities: `(n, n_labels)`, from 0 to 1.
        first: `(n,)`, the column of the row's first label, or `UNKNOWN`, or `UNLABELLED`; None leaves
            `first_accuracy` out, as does `exclusive`.
        exclusive: whether a story has exactly one label.
        leading: `(n,)`, the column of the label that is judged dominant; the most probable one when None.

    Raises:
        ValueError: there are no rows, the shapes differ, or a probability is not within 0 and 1.
    """
    rows = _contributions(targets, predicted, probabilities, first, exclusive, leading)
    sums = _figures(rows, rows.counts.sum(0, dtype=np.float64)[None], rows.gaps.sum(0)[None], len(rows.counts))
    return {name: float(values[0]) for name, values in sums.items()}


def topic_intervals(
    targets: Bools,
    predicted: Bools,
    probabilities: NDArray[Any],
    first: NDArray[Any] | None,
    exclusive: bool,
    leading: NDArray[Any] | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 13,
) -> dict[str, list[float]]:
    """95% percentile bootstrap intervals `[low, high]` of the figures of `topic_metrics`, resampling rows.

    In `macro_f1` a label of the rows that a resample lacks counts as it does over all rows: one that is rare, and not
    drawn, is not one that the model misses.

    Beyond 20,000 rows fewer resamples are drawn (at least 1,000), so that the time stays bounded.
    """
    rows = _contributions(targets, predicted, probabilities, first, exclusive, leading)
    return {name: interval(values) for name, values in _resampled(rows, resamples, seed).items()}


def topic_differences(
    a: Arguments,
    b: Arguments,
    *,
    resamples: int = 10_000,
    seed: int = 13,
) -> dict[str, list[float]]:
    """How much higher each figure of `topic_metrics` is for `a` than for `b`, two models' arguments on the same rows.

    Returns:
        `[difference, low, high]` with a 95% paired bootstrap interval: both are judged on the same resamples.

    Raises:
        ValueError: the models were not run on equally many rows, or see `topic_metrics`.
    """
    if len(a[0]) != len(b[0]):
        raise ValueError(f"{len(a[0])} rows against {len(b[0])}, expected the same rows")
    first, second = topic_metrics(*a), topic_metrics(*b)
    one, two = (_resampled(_contributions(*model), resamples, seed) for model in (a, b))
    return {name: [first[name] - second[name], *interval(one[name] - two[name])] for name in one if name in two}


def _resampled(rows: _Contributions, resamples: int, seed: int) -> dict[str, Floats]:
    """Every figure of every resample, `(resamples,)` each."""
    n = len(rows.counts)
    parts: dict[str, list[Floats]] = {}
    for weights in weight_blocks(n, resamples, seed):
        counts = (weights.astype(np.float32) @ rows.counts).astype(np.float64)
        for name, values in _figures(rows, counts, weights @ rows.gaps, n).items():
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


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
    targets: Bools,
    predicted: Bools,
    probabilities: NDArray[Any],
    first: NDArray[Any] | None,
    exclusive: bool,
    leading: NDArray[Any] | None = None,
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
    extra = ["right"]
    columns.append(((hits.sum(1) > 0) if exclusive else (targets != predicted).sum(1) == 0)[:, None])
    if targets.shape[1] > TOP:
        extra.append("top")
        found = (targets & likeliest(probabilities)).sum(1)[:, None]
        columns.append(found > 0 if exclusive else found)
    if not exclusive and first is not None:
        leading = probabilities.argmax(1) if leading is None else leading
        for name, found in (("first", first), ("leading", leading)):
            if found.shape != targets.shape[:1]:
                raise ValueError(f"{name}: expected shape {targets.shape[:1]}, found {found.shape}")
        extra += ["first", "with_first"]
        columns.append((leading == first)[:, None])
        columns.append((first != UNLABELLED)[:, None])
    confidence, outcome = _decisions(targets, probabilities, exclusive)
    n, decisions = confidence.shape
    cells = np.arange(n)[:, None] * BINS + _bin(confidence)
    steps = np.round((confidence - outcome) * STEP)
    gaps: NDArray[Any] = np.bincount(cells.ravel(), steps.ravel(), n * BINS)
    counts = np.concatenate(columns, axis=1, dtype=np.float32, casting="unsafe")
    return _Contributions(counts, gaps.reshape(n, BINS), targets.shape[1], tuple(extra), exclusive, decisions)


def likeliest(probabilities: NDArray[Any], k: int = TOP) -> Bools:
    """The `k` most probable labels of each row, `(n, n_labels)`, the earlier of equals; a probability of 0 never is."""
    places = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    chosen = np.zeros(probabilities.shape, dtype=np.bool_)
    np.put_along_axis(chosen, places, True, axis=1)
    return chosen & (probabilities > 0)


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
    whole = rows.counts[:, : 3 * size].sum(0, dtype=np.float64).reshape(3, size)
    f1 = np.where((wanted == 0) & (whole[2] > 0), 2 * whole[0] / np.maximum(1, whole[1] + whole[2]), f1)
    extra = {name: counts[:, 3 * size + place] for place, name in enumerate(rows.extra)}
    figures = {
        "accuracy": extra["right"] / n,
        "micro_f1": 2 * hits.sum(1) / np.maximum(1, given.sum(1) + wanted.sum(1)),
        "macro_f1": f1.mean(1),
        "weighted_f1": (f1 * wanted).sum(1) / np.maximum(1, wanted.sum(1)),
    }
    if "top" in extra:
        if rows.exclusive:
            figures["top3_accuracy"] = extra["top"] / n
        else:
            figures["recall_at_3"] = extra["top"] / np.maximum(1, wanted.sum(1))
    if "first" in extra:
        figures["first_accuracy"] = extra["first"] / np.maximum(1, extra["with_first"])
    figures["ece"] = np.abs(gaps).sum(1) / (STEP * n * rows.decisions)
    return figures
