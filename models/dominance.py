"""Which of a story's labels is its dominant one: the first, where the order of labels says anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def ranked(labels: Sequence[Sequence[str]]) -> bool:
    """Whether the order of labels may mean something: whether two of them ever stand in both orders.

    Sorted labels, and those read from a table's columns, stand in one order everywhere.
    """
    seen: set[tuple[str, str]] = set()
    for row in labels:
        for place, label in enumerate(row):
            for other in row[place + 1 :]:
                if (other, label) in seen:
                    return True
                seen.add((label, other))
    return False


def dominant(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> NDArray[np.float32]:
    """1 at each story's dominant label, float32 `(n_stories, n_labels)`; all 0 where labels are not `ranked`."""
    found = np.zeros((len(labels), len(classes)), np.float32)
    if ranked(labels):
        place = {label: number for number, label in enumerate(classes)}
        for row, names in enumerate(labels):
            if len(names) and names[0] in place:
                found[row, place[names[0]]] = 1.0
    return found
