"""When the first label of a story is its dominant one."""

from __future__ import annotations

import numpy as np
import pytest

from models.dominance import Dominance, dominant, ranked
from models.errors import ModelError


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([["b", "a"], ["a", "b"]], True),
        ([["b", "a", "c"], [], ["c"], ["c", "b"]], True),
        ([["a", "b"], ["b", "c"], ["a", "c"], ["a", "b", "c"]], False),
        ([["b", "a"], ["b", "a"]], False),
        ([*[["a", "b"]] * 99, ["b", "a"]], False),  # sorted, with a slip
        ([*[["a", "b"]] * 40, ["b", "a"]], True),
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


def beside_another(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Stories on politics (0), war (1) or both; a story on both is about the war, however likely politics is."""
    draw = np.random.default_rng(seed)
    kind = draw.integers(0, 3, n)
    odds = np.stack([np.where(kind == 1, -3.0, 3.5), np.where(kind == 0, -3.0, 3.0), np.full(n, -4.0)], axis=1)
    first = np.where(kind == 0, 0, 1)
    return 1 / (1 + np.exp(-odds - draw.normal(0, 0.3, odds.shape))), first


class TestDominance:
    def test_a_label_that_stands_beside_another_gives_way(self) -> None:
        chances, first = beside_another(900, 0)
        fresh, truth = beside_another(600, 1)
        assert (fresh.argmax(axis=1) == truth).mean() < 0.75
        assert (Dominance().fit(chances, first).scores(fresh).argmax(axis=1) == truth).mean() > 0.97

    def test_stories_without_a_known_label_are_not_learnt_from(self) -> None:
        chances, first = beside_another(500, 0)
        odd = np.concatenate([chances, np.full((50, 3), 0.5)]), np.concatenate([first, np.full(50, -1)])
        assert np.array_equal(Dominance().fit(*odd).matrix_, Dominance().fit(chances, first).matrix_)

    def test_a_story_is_judged_alike_alone_and_in_company_and_with_probabilities_of_0_and_1(self) -> None:
        chances, first = beside_another(500, 0)
        found = Dominance().fit(chances, first)
        fresh = np.concatenate([beside_another(300, 1)[0], [[0.0, 1.0, 0.5]]])
        together = found.scores(fresh)
        assert np.isfinite(together).all()
        assert np.array_equal(np.concatenate([found.scores(row[None]) for row in fresh]), together)

    def test_what_another_model_says_decides_where_the_probabilities_are_alike(self) -> None:
        draw = np.random.default_rng(0)
        first = draw.integers(0, 3, 900)
        alike, beside = draw.uniform(0.4, 0.6, (900, 3)), draw.normal(0, 0.3, (900, 3))
        beside[np.arange(900), first] += 2
        learn, judge = slice(None, 600), slice(600, None)
        alone = Dominance().fit(alike[learn], first[learn])
        assert alone.weight_ == 0 and (alone.scores(alike[judge]).argmax(axis=1) == first[judge]).mean() < 0.5
        helped = Dominance().fit(alike[learn], first[learn], beside[learn])
        assert (helped.scores(alike[judge], beside[judge]).argmax(axis=1) == first[judge]).mean() > 0.95
        with pytest.raises(ValueError, match="another model's scores"):
            helped.scores(alike[judge])
        again = Dominance.from_tensors(helped.tensors(), 3)
        assert again is not None
        assert np.array_equal(again.scores(alike, beside), helped.scores(alike, beside))

    def test_it_comes_back_as_it_was_saved(self) -> None:
        chances, first = beside_another(500, 0)
        found = Dominance().fit(chances, first)
        again = Dominance.from_tensors(found.tensors(), 3)
        assert again is not None
        assert np.array_equal(again.scores(chances), found.scores(chances))
        assert Dominance.from_tensors({}, 3) is None
        with pytest.raises(ModelError, match=r"dominance\.matrix"):
            Dominance.from_tensors(found.tensors(), 4)
