"""When the first label of a story is its dominant one."""

from __future__ import annotations

import numpy as np
import pytest

from models.dominance import dominant, ranked


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([["b", "a"], ["a", "b"]], True),
        ([["b", "a", "c"], [], ["c"], ["c", "b"]], True),
        ([["a", "b"], ["b", "c"], ["a", "c"], ["a", "b", "c"]], False),
        ([["b", "a"], ["b", "a"]], False),
        ([["a"], ["b"]], False),
        ([["a", "a"], ["b"]], False),
        ([], False),
    ],
)
def test_an_order_means_something_where_two_labels_stand_in_both(labels: list[list[str]], expected: bool) -> None:
    assert ranked(labels) is expected


def test_the_first_label_is_dominant_where_the_order_means_something() -> None:
    labels = [["b", "a"], ["a", "b"], [], ["d"], ["c"]]
    found = dominant(labels, ["a", "b", "c"])
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert not dominant([["a", "b"], ["a", "c"]], ["a", "b", "c"]).any()
