"""What the fast topic engine learns from: which labels each story has, and how much more they make of each n-gram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from models.errors import DataError

Bools = NDArray[np.bool_]

SMOOTHING = 0.03
"""Added to an n-gram's weight in the stories of a label and in the others before their ratio is taken."""


def contrast_of(features: scipy.sparse.csr_matrix, truth: Bools, power: float) -> NDArray[np.float64]:
    """What each feature is multiplied by for one label, (n_features,), so that the rows' mean length stays 1."""
    if power <= 0:
        return np.ones(features.shape[1])
    inside = features.T @ truth + SMOOTHING
    outside = features.T @ ~truth + SMOOTHING
    scale = np.abs(np.log((inside / inside.sum()) / (outside / outside.sum()))) ** power
    length = float(np.sqrt(features.power(2) @ scale**2).mean())
    return np.asarray(scale / max(length, 1e-9), np.float64)


def check_targets(texts: Sequence[str], labels: Sequence[Sequence[str]], exclusive: bool) -> tuple[list[str], Bools]:
    """The labels, sorted, and which of them each row has, (n_rows, n_labels).

    Raises:
        DataError: the lengths differ, there are fewer than two labels, or a row contradicts `exclusive`.
    """
    if len(texts) != len(labels):
        raise DataError(f"got {len(texts)} texts and {len(labels)} rows of labels; expected one row each.")
    for number, row in enumerate(labels):
        if isinstance(row, str):
            raise DataError(f"row {number}: expected a list of labels, found the string {row!r}; write [{row!r}].")
    classes = sorted({label for row in labels for label in row})
    if len(classes) < 2:
        only = f"only {classes[0]!r}" if classes else "none"
        raise DataError(f"a classifier needs at least two different labels, the data has {only}.")
    if exclusive:
        for number, row in enumerate(labels):
            if (found := len(set(row))) != 1:
                raise DataError(f"row {number}: expected exactly one label, found {found}: {list(row)!r}.")
    return classes, labels_matrix(labels, classes)


def labels_matrix(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> Bools:
    """Which labels each row has, (n_rows, n_labels)."""
    place = {label: number for number, label in enumerate(classes)}
    targets = np.zeros((len(labels), len(classes)), bool)
    for number, row in enumerate(labels):
        for label in row:
            if label not in place:
                raise DataError(f"row {number}: label {label!r} is not one the model was trained on.")
            targets[number, place[label]] = True
    return targets
