"""Where a topic model goes wrong: which labels it takes for which, and the mistakes it was surest of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.metrics import Bools

GIVEN, MISSED = "given", "missed"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A label that was wrongly given to a row, or that the row has and was not given.

    Attributes:
        row: position among the judged rows.
        label: position among the classes.
        kind: `GIVEN` or `MISSED`.
        sureness: 0 to 1, how far from its threshold the probability was, on the wrong side.
    """

    row: int
    label: int
    kind: str
    sureness: float


def confusion(targets: Bools, given: Bools, classes: Sequence[str]) -> list[dict[str, Any]]:
    """How often a row of one label was given which, commonest first; `given` is None where no label was.

    For labels that exclude each other: of a row with several targets the one that was given counts, else the first.
    """
    cells: Counter[tuple[int, int]] = Counter()
    for wanted, got in zip(targets, given, strict=True):
        said = int(got.argmax()) if got.any() else -1
        cells[said if said >= 0 and wanted[said] else int(wanted.argmax()), said] += 1
    return [
        {"true": classes[true], "given": classes[said] if said >= 0 else None, "count": count}
        for (true, said), count in sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))
    ]


def mistaken_pairs(targets: Bools, given: Bools, classes: Sequence[str]) -> list[dict[str, Any]]:
    """How often a missed label and a wrongly given one stand in the same row, commonest first.

    `missed` is None for a label given beside the right ones, `given` is None for one missed with nothing wrong in its
    place. A row with several mistakes counts in each of their pairs.
    """
    cells: Counter[tuple[int, int]] = Counter()
    for row in np.flatnonzero((targets != given).any(axis=1)):
        missed = np.flatnonzero(targets[row] & ~given[row]).tolist() or [-1]
        extra = np.flatnonzero(given[row] & ~targets[row]).tolist() or [-1]
        cells.update((one, other) for one in missed for other in extra)
    return [
        {"missed": classes[one] if one >= 0 else None, "given": classes[other] if other >= 0 else None, "count": count}
        for (one, other), count in sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))
    ]


def worst_mistakes(
    targets: Bools,
    given: Bools,
    probabilities: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    *,
    exclusive: bool,
    per_label: int = 3,
    most: int = 120,
) -> list[Mistake]:
    """The mistakes the model was surest of, of every label at least its worst, surest first.

    Args:
        targets: `(n, n_labels)`, as the two that follow.
        given: the labels given.
        probabilities: of every label.
        thresholds: `(n_labels,)`, what each label needs.
        exclusive: a row has one label: its mistake is the label given, and how sure it was is its probability.
        per_label: so many of each label and kind.
        most: in all.
    """
    found: list[Mistake] = []
    limits = np.zeros_like(thresholds) if exclusive else np.clip(thresholds, 1e-6, 1 - 1e-6)
    kinds = [(GIVEN, given & ~targets, (probabilities - limits) / (1 - limits))]
    if not exclusive:
        kinds.append((MISSED, targets & ~given, (limits - probabilities) / limits))
    for kind, wrong, sureness in kinds:
        for label in range(targets.shape[1]):
            rows = np.flatnonzero(wrong[:, label])
            order = rows[np.argsort(-sureness[rows, label], kind="stable")][:per_label]
            found.extend(Mistake(int(row), label, kind, float(max(0.0, sureness[row, label]))) for row in order)
    found.sort(key=lambda mistake: (-mistake.sureness, mistake.row, mistake.label))
    return found[:most]
