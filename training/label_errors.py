"""Rows whose label a cross-validated model contradicts with confidence.

Confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"):
a label is believed where its probability, by a model that has not seen the row, reaches what is usual for rows that
carry it. `cleanlab` flags the same rows by its filter of that name (compared on three data sets); a few lines of NumPy
do it here without pandas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import PlattScaling, TemperatureScaling
from models.fast_topics import FastTopicClassifier
from models.topics import target_matrix

FOLDS = 5
FEWEST_ROWS = 50
FEWEST_EXAMPLES = 5
"""Rows a label needs: with fewer, the model of a fold knows hardly any, and contradicts all of them."""
LEAD = 0.5
"""How much likelier the model's label must be than the given one (one label per story)."""
ABSURD = 0.02
"""A given label below this probability is doubtful even if no other suggests itself (several labels per story)."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row, counted from 0: the label doubted, those the model would give, and how much likelier they are (0 to 1).

    Where the model would give no other label, `likelier` is empty and `sureness` at most 0.5.
    """

    position: int
    given: str
    given_probability: float
    likelier: tuple[tuple[str, float], ...]
    sureness: float


def doubtful_labels(
    texts: Sequence[str],
    labels: Sequence[Sequence[str]],
    *,
    exclusive: bool,
    seed: int = 13,
    on_progress: Callable[[int], Any] | None = None,
) -> list[Doubt] | str:
    """The rows whose labels look wrong, the surest first; or, in words, why that cannot be told.

    Args:
        texts: the stories, title included.
        labels: the labels of each; rows without one are not judged.
        exclusive: whether a story has one label.
        seed: of the model and its folds.
        on_progress: called with the number of fits done; they sum to `FOLDS + 1`.
    """
    counts = Counter(label for row in labels for label in row)
    classes = sorted(label for label, count in counts.items() if count >= FEWEST_EXAMPLES)
    judged = [place for place, row in enumerate(labels) if row and all(label in classes for label in row)]
    if len(judged) < FEWEST_ROWS or len(classes) < 2:
        return (
            f"needs {FEWEST_ROWS} rows and two labels with {FEWEST_EXAMPLES} examples each, found {len(judged)} rows "
            f"and {len(classes)} such labels"
        )
    chosen = [texts[place] for place in judged]
    given = [list(labels[place]) for place in judged]
    classes = sorted({label for row in given for label in row})
    if len(classes) < 2:
        return "needs two labels"
    model = FastTopicClassifier(seed=seed).fit(chosen, given, exclusive=exclusive)
    if on_progress is not None:
        on_progress(1)
    logits = model.cross_logits(chosen, given, folds=FOLDS)
    if on_progress is not None:
        on_progress(FOLDS)
    targets = target_matrix(given, classes) > 0
    if exclusive:
        probabilities = TemperatureScaling().fit(logits, targets.argmax(axis=1)).apply(logits)
        found = _contradicted(probabilities, targets.argmax(axis=1))
    else:
        probabilities = PlattScaling().fit(logits, targets).apply(logits)
        found = _doubted(probabilities, targets)
    doubts = []
    for row, label, others in found:
        sure = [(classes[other], float(probabilities[row, other])) for other in others]
        doubt = float(probabilities[row, label])
        sureness = max((p for _, p in sure), default=0.5) - doubt
        doubts.append(Doubt(judged[row], classes[label], doubt, tuple(sure), sureness))
    return sorted(doubts, key=lambda doubt: (-doubt.sureness, doubt.position))


def _contradicted(probabilities: Floats, given: NDArray[np.int64]) -> list[tuple[int, int, list[int]]]:
    """Rows, given labels and likelier ones, where labels exclude each other: off the confident joint's diagonal."""
    rows = np.arange(len(given))
    usual = np.array([probabilities[given == label, label].mean() for label in range(probabilities.shape[1])])
    believed = np.where(probabilities >= usual, probabilities, -1.0)
    best = believed.argmax(axis=1)
    lead = probabilities[rows, best] - probabilities[rows, given]
    wrong = (believed.max(axis=1) >= 0) & (best != given) & (lead >= LEAD)
    return [(int(row), int(given[row]), [int(best[row])]) for row in np.flatnonzero(wrong)]


def _doubted(probabilities: Floats, targets: Bools) -> list[tuple[int, int, list[int]]]:
    """The same for several labels per story, each by itself against the rest.

    A missing second label is a matter of taste, so that a row counts only if a given label is not believed and one
    that is not given is; or if the given one is absurd.
    """
    held, absent = targets.sum(axis=0), (~targets).sum(axis=0)
    present = (probabilities * targets).sum(axis=0) / np.maximum(held, 1)
    without = ((1 - probabilities) * ~targets).sum(axis=0) / np.maximum(absent, 1)
    missing = ~targets & (probabilities >= np.maximum(present, 0.5))
    denied = targets & (1 - probabilities >= without) & (absent > 0)
    wrong = denied.any(axis=1) & (missing.any(axis=1) | ((probabilities < ABSURD) & denied).any(axis=1))
    found = []
    for row in np.flatnonzero(wrong):
        worst = int(np.where(denied[row], probabilities[row], 2.0).argmin())
        others = sorted(np.flatnonzero(missing[row]).tolist(), key=lambda label: -probabilities[row, label])
        found.append((int(row), worst, others))
    return found
