"""Stories unlike the training stories are known by their vectors or their words, and get no topic."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.predict import Copydesk
from models.calibration import PlattScaling
from models.errors import ModelError
from models.fast_topics import FastTopicClassifier
from models.novelty import Familiarity, openings, pooled, quantile_limit
from models.topics import TopicModel

HIDDEN = 12


def make(number: int, seed: int, shift: float = 0.0) -> list[NDArray[np.float16]]:
    """Stories of 1 to 9 sentences around one direction; `shift` moves them along another."""
    rng = np.random.default_rng(seed)
    base = np.zeros(HIDDEN)
    base[0], base[1] = 3.0, shift
    return [(base + 0.3 * rng.standard_normal((rng.integers(1, 10), HIDDEN))).astype(np.float16) for _ in range(number)]


@pytest.fixture(scope="module")
def familiarity() -> Familiarity:
    return Familiarity.fit(make(400, 0))


def test_stories_of_the_same_kind_are_familiar_and_others_strange(familiarity: Familiarity) -> None:
    limit = familiarity.limit(make(300, 1))
    assert (familiarity.distances(make(300, 2)) > limit).mean() < 0.03
    assert (familiarity.distances(make(100, 3, shift=2.0)) > limit).mean() > 0.97


def test_the_opening_alone_is_no_stranger_than_a_story_of_one_sentence(familiarity: Familiarity) -> None:
    limit = familiarity.limit(make(300, 1))
    assert (familiarity.distances(openings(make(300, 2))) > limit).mean() < 0.05


def test_a_story_without_sentences_is_not_strange(familiarity: Familiarity) -> None:
    empty = np.zeros((0, HIDDEN), np.float16)
    assert familiarity.distances([empty, *make(2, 4)])[0] == 0.0
    assert familiarity.distances([]).shape == (0,)


def test_vectors_of_any_length_pool_to_length_one() -> None:
    rows = pooled([np.full((3, HIDDEN), 7.0, np.float16), np.zeros((0, HIDDEN), np.float16)])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1.0, 0.0], atol=1e-6)


def test_few_held_out_stories_set_a_wider_limit() -> None:
    assert quantile_limit(np.ones(4)) == pytest.approx(1.5)
    assert quantile_limit(np.ones(10_000)) == pytest.approx(1.01)


def test_saved_and_loaded_it_measures_the_same(familiarity: Familiarity) -> None:
    loaded = Familiarity.from_tensors(familiarity.tensors(), HIDDEN)
    np.testing.assert_array_equal(loaded.distances(make(5, 5)), familiarity.distances(make(5, 5)))
    with pytest.raises(ModelError, match=r"familiar\.whitening"):
        Familiarity.from_tensors({**familiarity.tensors(), "familiar.whitening": np.zeros((2, 2))}, HIDDEN)


def test_a_strange_story_gets_no_topics_and_is_told_why() -> None:
    texts = [f"the striker scored goal {n} of the match" for n in range(9)] + [f"rain and wind {n}" for n in range(9)]
    labels = [["sport"]] * 9 + [["weather"]] * 9
    scorer = FastTopicClassifier(min_df=1).fit(texts, labels, exclusive=False)
    targets = np.array([[row == ["sport"], row == ["weather"]] for row in labels])
    calibration = PlattScaling().fit(scorer.decision_function(texts), targets)
    model = TopicModel(scorer, ["sport", "weather"], False, calibration, np.full(2, 0.3), strange_limit=0.5)
    known = "The striker scored a goal of the match."
    unknown = "Zwiebeln goal fein hacken, anschließend scored unter Rühren dünsten lassen."
    assert model.predict([known, unknown]) == [["sport"], []]
    desk = Copydesk(model, None)
    assert desk.predict(known).topics[0].label == "sport"
    strange = desk.predict("Preheat oven then striker fold batter gently into tin; scored crust browns slowly.")
    assert strange.topics == () and any("unlike" in warning for warning in strange.warnings)
    assert strange.scores.keys() == {"sport", "weather"}
