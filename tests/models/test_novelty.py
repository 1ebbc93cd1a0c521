"""Stories unlike the training stories are known by their vectors or their words, and get no topic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from numpy.typing import NDArray

from inference.predict import Copydesk
from models.artefact import load_artefact, save_artefact
from models.calibration import PlattScaling, TemperatureScaling
from models.errors import ModelError
from models.fast_topics import FastTopicClassifier
from models.ngrams import NgramVectorizer
from models.novelty import Background, Familiarity, openings, pooled, quantile_limit
from models.topics import TopicModel
from models.word_vectors import shipped_vectors

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


def background() -> Background:
    return Background.fit(pooled(make(300, 6)), pooled(make(40, 7, shift=0.3)), pooled(make(40, 8, shift=1.2)))


def test_what_is_no_news_is_told_from_what_lies_close_to_it() -> None:
    found, held = background(), pooled(make(400, 9))
    told = found.above(found.limit(held))
    assert (told.scores(held) > 0).mean() <= 0.002
    assert (told.scores(pooled(make(100, 10, shift=1.2))) > 0).mean() >= 0.95
    assert (told.scores(pooled(make(100, 11, shift=0.3))) > 0).mean() < 0.05


def test_what_words_mean_tells_no_news_of_words_that_were_not_learnt() -> None:
    stories = [f"The minister told parliament on {day} that the vote stands." for day in ("Monday", "Friday")] * 20
    news = ["Police said on Monday that the strike was over.", "The court ruled on Friday against the mayor."] * 10
    none = ["Add flour and sugar to the bowl and stir.", "Pour the milk over the butter and whisk."] * 10
    ngrams = NgramVectorizer(min_df=1).fit([*stories, *news]).know(shipped_vectors().words)
    kinds = [ngrams.transform(texts) for texts in (stories, news, none)]
    unseen = ngrams.transform(["Knead dough, chop onions, roast garlic.", "Senators debated legislation."])
    alone, helped = Background.fit(*kinds), Background.fit(*kinds, words=ngrams.words_)
    without, (recipe, report) = alone.scores(unseen), helped.scores(unseen)
    assert without[0] == pytest.approx(without[1])
    assert recipe - report > 0.5
    assert helped.weight.shape == alone.weight.shape == (ngrams.n_features,)


def test_few_held_out_stories_set_a_wider_limit_than_many_alike() -> None:
    found, one = background(), pooled(make(40, 12))
    assert found.limit(one) == 0  # what is likelier a story than not is never refused
    wide = found.above(-10.0)
    assert wide.limit(one) > wide.limit(np.concatenate([one] * 20)) > wide.scores(one).max() - 1


def test_one_story_alone_scores_as_among_others() -> None:
    found, stories = background(), pooled(make(50, 13))
    np.testing.assert_array_equal(found.scores(stories), [found.scores(story[None])[0] for story in stories])


def test_nothing_is_no_news_without_a_word_and_no_stories_have_no_scores() -> None:
    found = background().above(-100.0)  # all is refused
    empty = np.zeros((1, HIDDEN), np.float32)
    assert found.scores(np.concatenate([empty, pooled(make(1, 15))])).tolist()[0] == -1
    assert found.scores(scipy.sparse.csr_matrix(empty)).tolist() == [-1]
    assert found.scores(pooled([])).shape == (0,)


def test_the_background_is_the_same_when_saved_and_loaded_and_may_be_missing() -> None:
    found, stories = background(), pooled(make(50, 14))
    loaded = Background.from_tensors(found.tensors(), HIDDEN)
    assert loaded is not None
    np.testing.assert_array_equal(loaded.scores(stories), found.scores(stories))
    assert Background.from_tensors({}, HIDDEN) is None
    with pytest.raises(ModelError, match=r"background\.weight"):
        Background.from_tensors(found.tensors(), HIDDEN + 1)
    with pytest.raises(ModelError, match=r"background\.bias"):
        Background.from_tensors({"background.weight": found.weight}, HIDDEN)
    with pytest.raises(ModelError, match=r"background\.weight"):
        Background.from_tensors({**found.tensors(), "background.weight": np.full(HIDDEN, 1e30, np.float32)}, HIDDEN)


def test_a_model_gives_no_topics_to_what_its_background_refuses(tmp_path: Path) -> None:
    texts = [f"the striker scored goal {n} of the match" for n in range(9)] + [f"rain and wind {n}" for n in range(9)]
    labels = [["sport"]] * 9 + [["weather"]] * 9
    scorer = FastTopicClassifier(min_df=1, meaning=0).fit(texts, labels, exclusive=True)
    calibration = TemperatureScaling().fit(scorer.decision_function(texts), np.repeat([0, 1], 9))
    model = TopicModel(scorer, ["sport", "weather"], True, calibration, np.full(2, 0.3))
    story = "The striker scored a goal of the match in the rain."
    assert model.predict([story]) == [["sport"]] and not model.strange([story])[0]
    model.background = Background.fit(*map(scorer.features, (texts[:9], texts[:9], texts[9:])))
    assert model.strange([story, "Rain and wind."]).tolist() == [False, True]
    assert model.predict([story, "Rain and wind."]) == [["sport"], []]
    save_artefact(model.artefact({}, "a card"), tmp_path / "model")
    assert TopicModel.load(tmp_path / "model").predict([story, "Rain and wind."]) == [["sport"], []]
    assert load_artefact(tmp_path / "model").tensors["background.weight"].dtype == np.float16
