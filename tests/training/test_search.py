"""The search finds settings that work, says what it tried, and is the same every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.errors import DataError
from models.fast_topics import FastTopicClassifier
from models.word_vectors import shipped_vectors
from training import search
from training.search import FEW, SPACE, WITH_FEW, fit_meaning, search_fast


def noisy(number: int) -> tuple[list[str], list[list[str]]]:
    rng = np.random.default_rng(0)
    words = {"sport": ["goal", "match", "striker"], "weather": ["rain", "wind", "storm"]}
    labels = [["sport"] if i % 2 else ["weather"] for i in range(number)]
    filler = [f"word{n}" for n in range(40)]
    texts = [" ".join([*rng.choice(words[row[0]], 2), *rng.choice(filler, 8)]) for row in labels]
    return texts, labels


def test_the_winner_is_one_of_the_tried_and_works() -> None:
    texts, labels = noisy(200)
    best, tried = search_fast(texts, labels, exclusive=True, candidates=6, seed=1)
    usual = tried.pop()
    assert set(usual["parameters"]) == {"meaning"} and usual["rows"] == 200
    last = max(entry["rows"] for entry in tried)
    final = [entry for entry in tried if entry["rows"] == last]
    assert all(set(entry["parameters"]) == set(SPACE) for entry in final)
    assert best in [entry["parameters"] for entry in (usual, *final)]
    assert len([entry for entry in tried if entry["rows"] == min(e["rows"] for e in tried)]) == 6
    assert len(final) < 6
    model = FastTopicClassifier(**best).fit(texts, labels, exclusive=True)
    assert (model.decision_function(["goal match word1"]).argmax(axis=1) == [0]).all()


def test_the_defaults_are_kept_where_nothing_does_better(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("training.search.SPACE", {"strength": [1e-6], "min_df": [5], "meaning": [0.0, 0.4]})
    with caplog.at_level("INFO"):
        best, _ = search_fast(*noisy(90), exclusive=True, candidates=2, seed=1)
    assert set(best) == {"meaning"}
    assert ", which are kept" in caplog.text


def test_the_same_seed_finds_the_same() -> None:
    texts, labels = noisy(90)
    several = [[*row, "news"] if number % 3 else row for number, row in enumerate(labels)]
    found = [search_fast(texts, several, exclusive=False, candidates=4, seed=2) for _ in range(2)]
    assert found[0] == found[1]


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="at least 60"):
        search_fast(*noisy(20), exclusive=True, candidates=3, seed=0)


def test_word_vectors_count_where_meaning_tells() -> None:
    rng = np.random.default_rng(3)
    vectors = shipped_vectors()
    near = {label: vectors.vectors @ vectors.of([label])[0] for label in ("football", "economy")}
    words = {label: [vectors.words[place] for place in np.argsort(-close)[:200]] for label, close in near.items()}
    names = [f"word{n}" for n in range(300)]
    labels = [["football"] if row % 2 else ["economy"] for row in range(240)]
    meant = [" ".join([rng.choice(words[row[0]]), *rng.choice(names, 6)]) for row in labels]
    assert fit_meaning(meant, labels, exclusive=True, seed=1) >= 0.2
    either = [*words["football"], *words["economy"]]  # here words without a meaning tell, and those with one mislead
    marks = [[f"{row[0][0]}q{number}" for number in rng.integers(60, size=2)] for row in labels]
    told = [" ".join([*mark, *rng.choice(either, 5)]) for mark in marks]
    assert fit_meaning(told, labels, exclusive=True, seed=1) == 0
    rare = [["other"], *labels[1:]]  # a label of one story, which a draw may miss
    assert fit_meaning(meant, rare, exclusive=True, seed=1) in SPACE["meaning"]
    few = FEW - 1
    assert fit_meaning(meant[:few], labels[:few], exclusive=True, seed=1) == WITH_FEW


def test_a_draw_of_many_rows_holds_every_label(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, _ = noisy(400)
    labels = [["weather"] if row else ["sport"] for row in range(400)]
    monkeypatch.setattr(search, "MANY", 120)
    for seed in range(6):  # most draws of 120 miss the one story on sport
        assert fit_meaning(texts, labels, exclusive=True, seed=seed) in SPACE["meaning"]


def test_no_word_vectors_are_judged_as_they_would_be_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = noisy(150)
    widths: dict[float, set[int]] = {}
    real = FastTopicClassifier.cross_logits

    def spied(self: FastTopicClassifier, *given: Any, **named: Any) -> Any:
        widths.setdefault(self.meaning, set()).add(self._ngrams.n_features)
        return real(self, *given, **named)

    monkeypatch.setattr(FastTopicClassifier, "cross_logits", spied)
    fit_meaning(texts, labels, exclusive=True, seed=0)
    assert set(widths) == set(SPACE["meaning"])
    for meaning, found in widths.items():
        alone = FastTopicClassifier(meaning=meaning).fit(texts, labels, exclusive=True)
        assert found == {alone._ngrams.n_features}
