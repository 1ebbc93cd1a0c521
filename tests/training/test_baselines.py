"""The baselines are as good as they can honestly be."""

from __future__ import annotations

from tests.training.evaluated import topic_articles
from training.baselines import svm_baseline


def test_the_svm_learns_nothing_from_rows_it_is_judged_on() -> None:
    judged = topic_articles(("goal match", ["sport"]), ("goal match win", ["sport"]))
    wrong = [(text, ["arts"]) for text in judged.texts]
    honest = [("goal match cup", ["sport"]), ("goal match ball", ["sport"]), ("paint song", ["arts"])] * 2
    _, given, notes = svm_baseline(judged, ["arts", "sport"], True, topic_articles(*wrong, *honest))
    assert given.tolist() == [[False, True], [False, True]]
    assert "6 training rows. 2 that are evaluated here were left out" in notes[0]
