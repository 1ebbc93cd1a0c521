"""The standard engine with the fast engine's scores beside its own: sums, saving, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.predict import Copydesk
from models.artefact import FAST, Artefact, load_artefact, save_artefact
from models.calibration import PlattScaling
from models.encoder import Encoder
from models.errors import ModelError
from models.fast_summary import FastSummariser
from models.fast_topics import FastTopicClassifier
from models.fitting import HeadSettings
from models.novelty import Background
from models.selection import SelectionRules
from models.standard import EncoderSpec
from models.standard_summary import StandardSummariser
from models.standard_topics import StandardTopics
from models.story import Story, passages, read_story
from models.summary import SummaryModel
from models.topics import TopicModel, full_text, target_matrix

CLASSES = ["economy", "sport", "weather"]
LINES = {
    "economy": "The bank raised its rates and the market fell by two points.",
    "sport": "The striker scored twice before the final whistle of the match.",
    "weather": "Heavy rain and strong wind reached the northern coast at night.",
}


def stories() -> tuple[list[Story], list[list[str]]]:
    labels = [[CLASSES[i % 3]] if i % 2 else sorted({CLASSES[i % 3], CLASSES[(i + 1) % 3]}) for i in range(24)]
    texts = [" ".join([*(LINES[name] for name in row), f"Reporter {i} was there."]) for i, row in enumerate(labels)]
    return [read_story(text, title=f"Story {i}") for i, text in enumerate(texts)], labels


@pytest.fixture(scope="module")
def topics(tiny_encoder: Path) -> TopicModel:
    read, labels = stories()
    scorer = StandardTopics(EncoderSpec.of(str(tiny_encoder)), dtype="float32")
    targets = target_matrix(labels, CLASSES)
    vectors = [story.vectors for story in scorer.encode([passages(story) for story in read])]
    scorer.fit(vectors, targets, exclusive=False)
    scorer.add_ngrams(FastTopicClassifier().fit([full_text(story) for story in read], labels, exclusive=False), 1.5)
    calibration = PlattScaling().fit(scorer.logits(vectors, [full_text(story) for story in read]), targets > 0)
    return TopicModel(scorer, CLASSES, False, calibration, np.full(3, 0.5))


@pytest.fixture(scope="module")
def summariser(tiny_encoder: Path) -> SummaryModel:
    read, _ = stories()
    scorer = StandardSummariser(EncoderSpec.of(str(tiny_encoder)), dtype="float32")
    targets = [np.eye(1, len(story.sentences), dtype=np.float32)[0] for story in read]
    vectors = [story.vectors[1:] for story in scorer.encode([passages(story) for story in read])]
    scorer.fit(vectors, targets)
    scorer.add_fast(FastSummariser(min_df=1).fit(read, targets), (0.5, 0.5))
    return SummaryModel(scorer, SelectionRules())


def test_sentences_add_up_to_the_logit_with_and_without_ngrams(topics: TopicModel) -> None:
    read, _ = stories()
    logits = topics.decision_function(read)
    for story, expected in zip(read, logits, strict=True):
        vectors = topics.scorer.encode([passages(story)])[0].vectors
        parts = topics.scorer.contributions(passages(story), vectors)
        assert parts.shape == (len(passages(story)), 3)
        np.testing.assert_allclose(parts.sum(axis=0), expected, atol=2e-4)
        assert np.abs(parts - topics.scorer.attended([vectors])[0]).max() > 0.01


def test_a_head_that_reads_two_layers_shares_its_pass_with_one_that_reads_one(
    summariser: SummaryModel, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, labels = stories()
    parts = [passages(story) for story in read]
    scorer = StandardTopics(EncoderSpec.of(str(tiny_encoder)), HeadSettings(units=8, layers=2), dtype="float32")
    vectors = [story.vectors for story in scorer.encode(parts)]
    assert {story.shape[1] for story in vectors} == {64}
    targets = target_matrix(labels, CLASSES)
    scorer.fit(vectors, targets, exclusive=False)
    assert scorer.features(vectors).shape == (24, scorer.n_features) == (24, 64)
    logits = scorer.logits(vectors)
    for own, sentences, story in zip(logits, parts, vectors, strict=True):
        np.testing.assert_allclose(scorer.contributions(sentences, story).sum(axis=0), own, atol=2e-4)
    cut = [np.concatenate([story[:, :32], np.zeros_like(story[:, 32:])], axis=1) for story in vectors]
    assert np.abs(scorer.logits(cut) - logits).max() > 0.01, "the second layer is read"

    model = TopicModel(scorer, CLASSES, False, PlattScaling().fit(logits, targets > 0), np.full(3, 0.5))
    save_artefact(model.artefact({}, ""), tmp_path / "model")
    again = TopicModel.load(tmp_path / "model", dtype="float32")
    np.testing.assert_array_equal(again.predict_proba(read), model.predict_proba(read))

    passes = []
    encode = Encoder.encode
    monkeypatch.setattr(Encoder, "encode", lambda *one, **more: passes.append(1) or encode(*one, **more))
    texts = [{"title": story.title, "text": story.text} for story in read]
    both = Copydesk(again, summariser).score(texts)
    assert len(passes) == 1
    for one, topical, brief in zip(
        both, Copydesk(again, None).score(texts), Copydesk(None, summariser).score(texts), strict=True
    ):
        assert one.probabilities is not None
        np.testing.assert_array_equal(one.probabilities, topical.probabilities)
        np.testing.assert_array_equal(one.logits, brief.logits)


def test_a_head_that_reads_one_layer_leaves_the_other_to_what_tells_news_from_no_news(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    read, labels = stories()
    spec, targets = EncoderSpec.of(str(tiny_encoder)), target_matrix(labels, CLASSES)
    scorer = StandardTopics(spec, HeadSettings(), dtype="float32", layers=2)
    vectors = [story.vectors for story in scorer.encode([passages(story) for story in read])]
    scorer.fit(vectors, targets, exclusive=False)
    last = [story[:, :32] for story in vectors]
    alone = StandardTopics(spec, HeadSettings(), dtype="float32").fit(last, targets, exclusive=False)
    np.testing.assert_array_equal(scorer.logits(vectors), alone.logits(last))
    features = scorer.features(vectors)
    np.testing.assert_array_equal(features[:, :32], alone.features(last))
    assert features.shape == (24, 64) and np.abs(features[:, 32:] - features[:, :32]).max() > 0.001

    line = Background(np.linspace(-1, 1, 64), 0.1)
    probabilities = PlattScaling().fit(scorer.logits(vectors), targets > 0)
    model = TopicModel(scorer, CLASSES, False, probabilities, np.full(3, 0.5), background=line)
    save_artefact(model.artefact({}, ""), tmp_path / "model")
    again = TopicModel.load(tmp_path / "model", dtype="float32")
    assert again.scorer.layers == 2 and again.background is not None
    np.testing.assert_array_equal(again.predict_proba(read), model.predict_proba(read))
    np.testing.assert_array_equal(again.strange(read), line.scores(features) > 0)

    config = {**model.artefact({}, "").config, "layers_read": None}
    with pytest.raises(ModelError, match="'head_layers' is 2, 'layers_read' 1"):
        StandardTopics.from_artefact(Artefact({**config, "head_layers": 2}, scorer.tensors()), 3)

    model.background = Background(np.linspace(-1, 1, 32), 0.1)  # as models had it that went by the last layer alone
    save_artefact(model.artefact({}, ""), tmp_path / "older")
    older = TopicModel.load(tmp_path / "older", dtype="float32")
    assert older.background is not None
    np.testing.assert_allclose(older.background.scores(features), model.background.scores(features[:, :32]), atol=1e-6)


def test_ngram_logits_count_by_their_weight(topics: TopicModel) -> None:
    read, _ = stories()
    vectors = [story.vectors for story in topics.scorer.encode([passages(story) for story in read])]
    texts = [full_text(story) for story in read]
    own = topics.scorer.attended_logits(vectors)
    beside = topics.scorer.ngrams.decision_function(texts) - topics.scorer.ngrams.intercept_
    np.testing.assert_allclose(topics.scorer.logits(vectors, texts), own + 1.5 * beside, atol=1e-5)


def test_a_weight_of_nothing_leaves_them_out(tiny_encoder: Path, topics: TopicModel) -> None:
    scorer = StandardTopics(EncoderSpec.of(str(tiny_encoder)), dtype="float32")
    scorer.add_ngrams(topics.scorer.ngrams, 0.0)
    assert scorer.ngrams is None and scorer.fast_arrays() == {}


def test_a_story_without_a_sentence_has_no_parts(topics: TopicModel) -> None:
    empty = read_story("")
    assert topics.decision_function([empty]).shape == (1, 3)
    assert topics.scorer.contributions([], np.zeros((0, 32), np.float32)).shape == (0, 3)


def test_saved_and_loaded_topics_are_the_same(topics: TopicModel, tmp_path: Path) -> None:
    read, _ = stories()
    save_artefact(topics.artefact({}, ""), tmp_path / "m")
    assert (tmp_path / "m" / FAST).is_file()
    loaded = TopicModel.load(tmp_path / "m", dtype="float32")
    np.testing.assert_array_equal(loaded.decision_function(read), topics.decision_function(read))


def test_saved_and_loaded_scores_are_the_same(summariser: SummaryModel, tmp_path: Path) -> None:
    read, _ = stories()
    save_artefact(summariser.artefact({}, ""), tmp_path / "m")
    loaded = SummaryModel.load(tmp_path / "m", dtype="float32")
    for before, after in zip(summariser.scores(read), loaded.scores(read), strict=True):
        np.testing.assert_array_equal(before, after)


def test_scores_are_the_mix_of_both(summariser: SummaryModel) -> None:
    read, _ = stories()
    vectors = [story.vectors for story in summariser.scorer.encode([passages(story) for story in read])]
    head = summariser.scorer.attended([array[1:] for array in vectors])
    fast = summariser.scorer.fast.scores(read)
    for mixed, own, other in zip(summariser.scores(read, vectors), head, fast, strict=True):
        np.testing.assert_allclose(mixed, 0.5 * own + 0.5 * other, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [{"weight": 0}, {"weight": "1"}, {"weight": float("1e9")}, {"labels": ["a", "b"]}, {"parameters": None}],
)
def test_a_malformed_companion_is_refused(topics: TopicModel, change: dict[str, object]) -> None:
    artefact = topics.artefact({}, "")
    config = {**artefact.config, "fast": {**artefact.config["fast"], **change}}
    with pytest.raises(ModelError):
        StandardTopics.from_artefact(Artefact(config, artefact.tensors, fast=artefact.fast), 3)


@pytest.mark.parametrize("entry", [None, {}, {"mix": [1.0]}, {"mix": [1.0, "x"]}, {"mix": [1.0, 1e9]}])
def test_a_malformed_mix_is_refused(summariser: SummaryModel, entry: object) -> None:
    artefact = summariser.artefact({}, "")
    config = {**artefact.config, "fast": entry}
    with pytest.raises(ModelError):
        StandardSummariser.from_artefact(Artefact(config, artefact.tensors, fast=artefact.fast))


def test_a_companion_without_its_file_is_refused(topics: TopicModel, tmp_path: Path) -> None:
    artefact = topics.artefact({}, "")
    save_artefact(Artefact(artefact.config, artefact.tensors), tmp_path / "m")
    with pytest.raises(ModelError, match="words"):
        TopicModel.load(tmp_path / "m")
    assert load_artefact(tmp_path / "m").fast == {}
