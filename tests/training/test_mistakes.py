"""Confusions, mistakes in company, and the worst ones, by hand."""

from __future__ import annotations

import numpy as np

from training.mistakes import GIVEN, MISSED, confusion, mistaken_pairs, worst_mistakes

CLASSES = ["arts", "sport", "weather"]


def bools(*rows: str) -> np.ndarray:
    """A row of labels by their first letters: "as" is arts and sport."""
    return np.array([[label[0] in row for label in CLASSES] for row in rows])


def test_confusion_counts_every_row_once() -> None:
    found = confusion(bools("a", "a", "s", "s", "w"), bools("a", "s", "s", "s", ""), CLASSES)
    assert {(cell["true"], cell["given"]): cell["count"] for cell in found} == {
        ("sport", "sport"): 2,
        ("arts", "arts"): 1,
        ("arts", "sport"): 1,
        ("weather", None): 1,
    }
    assert found[0]["count"] == 2


def test_mistakes_in_the_same_row_are_paired() -> None:
    targets = bools("a", "a", "as", "s", "w", "w")
    given = bools("s", "s", "a", "sw", "w", "as")
    found = {(pair["missed"], pair["given"]): pair["count"] for pair in mistaken_pairs(targets, given, CLASSES)}
    assert found == {
        ("arts", "sport"): 2,
        ("sport", None): 1,
        (None, "weather"): 1,
        ("weather", "arts"): 1,
        ("weather", "sport"): 1,
    }
    assert mistaken_pairs(targets, targets, CLASSES) == []


def test_the_worst_are_those_farthest_beyond_the_threshold() -> None:
    targets, given = bools("a", "a", "s"), bools("s", "s", "")
    probabilities = np.array([[0.1, 0.6, 0.0], [0.3, 0.9, 0.0], [0.0, 0.1, 0.0]])
    found = worst_mistakes(targets, given, probabilities, np.array([0.4, 0.5, 0.5]), exclusive=False)
    assert [(m.row, CLASSES[m.label], m.kind, round(m.sureness, 3)) for m in found] == [
        (1, "sport", GIVEN, 0.8),  # 0.9 is four fifths of the way from 0.5 to 1
        (2, "sport", MISSED, 0.8),  # 0.1 is four fifths of the way from 0.5 to 0
        (0, "arts", MISSED, 0.75),
        (1, "arts", MISSED, 0.25),
        (0, "sport", GIVEN, 0.2),
    ]
    few = worst_mistakes(targets, given, probabilities, np.array([0.4, 0.5, 0.5]), exclusive=False, per_label=1)
    assert {(m.label, m.kind) for m in few} == {(m.label, m.kind) for m in found}
    assert len(few) == 3
    assert (
        worst_mistakes(targets, given, probabilities, np.array([0.4, 0.5, 0.5]), exclusive=False, most=2) == found[:2]
    )


def test_of_labels_that_exclude_each_other_only_the_given_one_is_a_mistake() -> None:
    targets, given = bools("a", "s"), bools("s", "s")
    probabilities = np.array([[0.3, 0.7, 0.0], [0.1, 0.9, 0.0]])
    [found] = worst_mistakes(targets, given, probabilities, np.zeros(3), exclusive=True)
    assert (found.row, CLASSES[found.label], found.kind, found.sureness) == (0, "sport", GIVEN, 0.7)
