"""What words mean beforehand: kept, found again, refused when damaged, and of use to the fast engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.artefact import load_artefact, save_artefact
from models.errors import ModelError
from models.fast_topics import FastTopicClassifier
from models.word_vectors import WordVectors, shipped_vectors

SPORT = ["A late goal by the goalkeeper won the match.", "The referee gave a penalty in the cup match."] * 4
MONEY = ["The bank raised interest rates on loans.", "The lender cut its profit forecast for investors."] * 4
LABELS = [["sport"]] * 8 + [["money"]] * 8


def made() -> WordVectors:
    return WordVectors(["storm", "éclair", "bank"], np.random.default_rng(0).normal(size=(3, 6)))


def test_they_are_kept_and_found_again(tmp_path: Path) -> None:
    vectors = made()
    assert vectors.words == ["bank", "storm", "éclair"]
    assert np.allclose(np.linalg.norm(vectors.vectors, axis=1), 1, atol=1e-6)
    expected = np.random.default_rng(0).normal(size=(3, 6))[0]
    assert vectors.of(["storm"])[0] @ expected / np.linalg.norm(expected) > 0.999
    vectors.save(tmp_path / "kept", config={}, training={}, card="card")
    again = WordVectors.load(tmp_path / "kept")
    assert again.words == vectors.words and np.array_equal(again.vectors, vectors.vectors)
    assert np.array_equal(again.of(["unknown", "bank"]), np.stack([np.zeros(6), vectors.vectors[0]]))
    assert again.of([]).shape == (0, 6)


def test_damaged_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one vector for each word"):
        WordVectors(["a", "a"], np.ones((2, 3)))
    made().save(tmp_path / "kept", config={}, training={}, card="")
    sound = load_artefact(tmp_path / "kept")
    for name, value in (
        ("words", np.frombuffer(b"bank\nbank\nbank", np.uint8)),
        ("words", np.frombuffer(b"bank\xff\n\n", np.uint8)),
        ("vectors", np.ones((2, 6), np.int8)),
    ):
        sound.tensors[name], before = value, sound.tensors[name]
        save_artefact(sound, tmp_path / "damaged")
        sound.tensors[name] = before
        with pytest.raises(ModelError, match=r"malformed|shape"):
            WordVectors.load(tmp_path / "damaged")


def test_those_that_ship_know_what_belongs_together() -> None:
    vectors = shipped_vectors()
    assert len(vectors.words) > 30_000
    striker, goalkeeper, inflation, prices = vectors.of(["striker", "goalkeeper", "inflation", "prices"])
    assert striker @ goalkeeper > 0.2 + striker @ inflation
    assert prices @ inflation > 0.2 + prices @ striker


def test_the_fast_engine_knows_words_that_its_stories_lack() -> None:
    helped = FastTopicClassifier(meaning=1.0).fit(SPORT + MONEY, LABELS, exclusive=True)
    alone = FastTopicClassifier(meaning=0.0).fit(SPORT + MONEY, LABELS, exclusive=True)
    unseen = ["striker, midfielder", "inflation, mortgage"]
    assert np.array_equal(alone.decision_function(unseen), np.tile(alone.intercept_, (2, 1)))
    money, sport = helped.decision_function(unseen).T
    assert sport[0] > money[0] and money[1] > sport[1]
    assert helped.explain(unseen[0], "sport", 1)[0][1] > 0
    assert helped.strangeness([*unseen, SPORT[0]]).tolist() == [1, 1, 0]  # known of old, but nothing it was taught
    loaded = FastTopicClassifier.from_parts(helped.config(), helped.tensors())
    assert np.array_equal(loaded.decision_function(unseen), helped.decision_function(unseen))
    assert np.array_equal(loaded.strangeness(unseen), helped.strangeness(unseen))
    with pytest.raises(ModelError, match="'learnt' is 1000000"):
        FastTopicClassifier.from_parts(helped.config(), {**helped.tensors(), "learnt": np.array([1_000_000])})
    before = {name: value for name, value in alone.config()["parameters"].items() if name != "meaning"}
    older = FastTopicClassifier.from_parts({**alone.config(), "parameters": before}, alone.tensors())
    assert older.meaning == 0 and np.array_equal(older.strangeness(unseen), alone.strangeness(unseen))
