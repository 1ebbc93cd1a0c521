"""Two models on the same rows: who is better, how sure that is, and on which rows they part."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.stats import binom

from tests.training.evaluated import brief_run, topic_articles, topic_run
from training.comparison import compare_briefs, compare_topics, comparison_lines, mcnemar

ARTICLES = topic_articles(
    ("arts=0.9 sport=0.45", ["arts"]),
    ("sport=0.45 weather=0.2", ["sport"]),
    ("weather=0.8", ["weather"]),
    ("arts=0.46", []),
    ("arts=0.45 sport=0.45", ["arts"]),
    ("sport=0.9", ["gardening"]),
)


def test_mcnemar_by_hand() -> None:
    this = np.array([True] * 9 + [False] + [True, False] * 5)
    other = np.array([False] * 9 + [True] + [True, False] * 5)
    found = mcnemar(this, other)
    assert (found["this_only"], found["other_only"]) == (9, 1)
    assert found["p"] == pytest.approx(2 * binom.cdf(1, 10, 0.5))
    assert mcnemar(this, this) == {"this_only": 0, "other_only": 0, "p": 1.0}
    assert mcnemar(other, this)["p"] == found["p"]


def test_topics_are_compared_row_by_row() -> None:
    this, other = topic_run(ARTICLES), topic_run(ARTICLES, shift=0.1)
    found = compare_topics(this, other, "other/model")
    # with a tenth more: a gets sport too (worse), b gets sport (better), e gets arts and sport: as many wrong as before
    assert found["changed"] == {"count": 3, "better": ["a"], "worse": ["b"], "other": ["e"]}
    assert (found["mcnemar"]["this_only"], found["mcnemar"]["other_only"]) == (1, 1)
    assert found["differences"]["accuracy"][0] == pytest.approx(0)
    labels = {row["label"]: (row["this_only"], row["other_only"]) for row in found["labels"]}
    assert labels == {"arts": (0, 1), "gardening": (0, 0), "sport": (2, 1), "weather": (0, 0)}
    lines = comparison_lines(found)
    assert any("only this model has right: 1" in line for line in lines)
    assert any(re.match(r"ece: .* against other/model \(.*, less is better\)", line) for line in lines)
    assert any(re.match(r"accuracy: .* over other/model \([^,]*\)", line) for line in lines)
    assert lines[-1].endswith("other/model: 3: 1 better (a); 1 worse (b); 1 other (e)")


def test_a_model_beside_itself_differs_nowhere() -> None:
    found = compare_topics(topic_run(ARTICLES), topic_run(ARTICLES), "itself")
    assert found["changed"]["count"] == 0
    assert all(values == [0, 0, 0] for values in found["differences"].values())


def test_models_of_other_labels_are_judged_over_the_labels_of_both() -> None:
    found = compare_topics(topic_run(ARTICLES), topic_run(ARTICLES, classes=["arts", "crime"]), "two labels")
    assert [row["label"] for row in found["labels"]] == ["arts", "crime", "gardening", "sport", "weather"]
    assert found["changed"] == {"count": 2, "better": ["c"], "worse": ["f"], "other": []}
    assert found["differences"]["micro_f1"][0] > 0


def test_briefs_are_compared_by_their_rouge() -> None:
    this, other = brief_run(0), brief_run(2, baselines=False)
    found = compare_briefs(this, other, "longer")
    assert found["changed"]["count"] == 1
    assert found["changed"]["worse"] == ["a"]
    assert found["differences"]["rouge1"][0] < 0
    assert found["figures"]["sentences"] == pytest.approx(4 / 3)
    same = compare_briefs(this, this, "itself")
    assert same["changed"] == {"count": 0, "better": [], "worse": [], "other": []}
    assert set(same["differences"]["rouge2"]) == {0.0}


def test_a_strange_story_is_judged_as_given_nothing() -> None:
    known, strange = ("arts=0.9 sport=0.1", ["arts"]), ("arts=0.9 strange", ["arts"])
    assert topic_run(topic_articles(known, strange)).given.any(axis=1).tolist() == [True, False]
