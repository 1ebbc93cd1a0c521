"""Bootstrap intervals of any mean or ratio over stories, from resamples that every figure of a run shares.

Scores are taken in steps of 2**-20: their sums are exact in any order, and the same call gives the same bytes with
any number of threads. The same number of rows and seed give the same resamples, so that figures of two models on the
same rows may be subtracted resample by resample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 2.0**20
"""Scores are rounded to whole numbers of 1 / STEP."""

_CELLS = 4_000_000  # weights held at once
_DRAWS = 2 * 10**8  # rows drawn in all; beyond, fewer resamples do, as an interval of many rows is narrow
_FEWEST = 1_000

Floats = NDArray[np.float64]


def weight_blocks(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of `n` rows is drawn, with replacement, in each resample: blocks of shape `(r, n)`."""
    rng = np.random.default_rng(seed)
    left = min(resamples, max(_FEWEST, _DRAWS // n))
    while left > 0:
        size = min(left, max(1, _CELLS // n))
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        left -= size


def interval(values: Floats) -> list[float]:
    """The 95% percentile interval `[low, high]` of a figure's resamples."""
    low, high = np.quantile(values, (0.025, 0.975))
    return [float(low), float(high)]


def ratio_intervals(
    ratios: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], *, resamples: int = 10_000, seed: int = 13
) -> dict[str, list[float]]:
    """95% percentile bootstrap intervals `[low, high]` of sums over sums, from `(n,)` counts of each story.

    A resample in which nothing stands below the line counts as 0. Numerators and denominators are whole numbers.

    Raises:
        ValueError: there are no stories, or the lengths differ.
    """
    if not ratios:
        return {}
    columns = [np.asarray(part, dtype=np.float64) for pair in ratios.values() for part in pair]
    if len({len(column) for column in columns}) > 1 or not len(columns[0]):
        raise ValueError("ratios: expected as many counts of each kind, and at least one")
    table = np.stack(columns, axis=1)
    sums = np.concatenate([weights @ table for weights in weight_blocks(len(table), resamples, seed)])
    shares = sums[:, ::2] / np.maximum(1, sums[:, 1::2])
    return {name: interval(shares[:, column]) for column, name in enumerate(ratios)}


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
    steps = np.round(table * STEP)
    means = np.concatenate([weights @ steps for weights in weight_blocks(len(steps), resamples, seed)])
    means /= STEP * len(steps)
    return {name: interval(means[:, column]) for column, name in enumerate(scores)}


def paired_difference(
    a: NDArray[Any], b: NDArray[Any], *, resamples: int = 10_000, seed: int = 13
) -> tuple[float, float, float]:
    """How much higher `a` is than `b` on average, on the same stories, with a 95% interval: mean, low, high.

    Raises:
        ValueError: the lengths differ or are 0, or a score is not finite.
    """
    mean, low, high = paired_differences({"score": a}, {"score": b}, resamples=resamples, seed=seed)["score"]
    return mean, low, high


def paired_differences(
    a: Mapping[str, NDArray[Any]], b: Mapping[str, NDArray[Any]], *, resamples: int = 10_000, seed: int = 13
) -> dict[str, list[float]]:
    """`paired_difference` of several scores on the same resamples: mean, low, high by name."""
    apart: dict[str, Floats] = {}
    for name in a:
        if len(a[name]) != len(b[name]):
            raise ValueError(f"{len(a[name])} scores against {len(b[name])}, expected the same stories")
        apart[name] = np.asarray(a[name], dtype=np.float64) - np.asarray(b[name], dtype=np.float64)
    intervals = mean_intervals(apart, resamples=resamples, seed=seed)
    return {name: [float(values.mean()), *intervals[name]] for name, values in apart.items()}
