"""Training topic models end to end, tiny: what is learnt, said, saved, and judged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from inference import Copydesk
from inference.console import app
from models.artefact import save_artefact
from models.dominance import ranked
from models.errors import DataError, ModelError
from models.fast_topics import FastTopicClassifier
from models.standard import EncoderSpec
from models.story import Story, read_story
from models.topics import TopicModel, decide, target_matrix
from tests.training.toys import FAST, WORDS, toy, write_toy
from training.adaptation import adapt_encoder
from training.cards import model_card
from training.data import Articles
from training.decisions import calibrate, fit_dominance, fit_head_and_weight
from training.evaluation import evaluate_topics, topic_figures
from training.leaks import find_leaks, leak_notes
from training.steps import FinetuneSettings
from training.stories import encode_stories, read_stories, split_articles
from training.teaching import teach
from training.topics import TopicSettings, train_topics


def test_what_stands_in_for_class_weights_is_said_where_labels_are_uneven(caplog: pytest.LogCaptureFixture) -> None:
    articles = toy(150, exclusive=False)
    rare = sorted(WORDS)[0]
    few = [row for row in range(150) if rare not in articles.labels[row] or row % 36 == 0]  # type: ignore[index]
    with caplog.at_level("INFO"):
        train_topics(articles, settings=FAST)
        assert "uneven" not in caplog.text
        train_topics(articles.take(few), settings=FAST)
    assert "Labels are uneven, 1 to" in caplog.text


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_a_single_label_model_learns_and_answers_the_same_when_loaded(
    engine: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    data = toy()
    model, report, training = train_topics(data, settings=TopicSettings(engine, str(tiny_encoder)))
    assert report.metrics["accuracy"] >= (0.9 if engine == "fast" else 0.4)
    assert report.n == 9
    assert set(report.baselines) == {"majority", "tfidf-svm"}
    assert model.exclusive_
    save_artefact(model.artefact(training, "card"), tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model")
    assert np.array_equal(model.predict_proba(data.texts[:9]), loaded.predict_proba(data.texts[:9]))
    assert np.allclose(loaded.predict_proba(data.texts[:5]).sum(axis=1), 1)
    assert all(len(labels) == 1 for labels in loaded.predict(data.texts[:9]))
    assert loaded.decision_function(data.texts[:4]).shape == (4, 3)
    assert loaded.score(data.texts, data.labels or []) >= (0.9 if engine == "fast" else 0.4)


def politics_beside(n: int) -> Articles:
    """Stories on the weather, on politics, and on sport; these tell of politics too, but are not about it."""
    articles = replace(toy(n), exclusive=False)
    assert articles.labels is not None
    law = " The minister of a party had a law to vote on."
    for row, (label,) in enumerate(articles.labels):
        if label == "sport":
            articles.labels[row] = ["sport", "politics"] if row % 10 else ["politics", "sport"]
        elif label == "health":
            articles.labels[row], articles.texts[row] = ["politics"], f"In report {row} all is as it was.{law}"
        articles.texts[row] += law if label == "sport" else ""
    return articles


def test_the_dominant_label_comes_first_though_another_is_likelier(tmp_path: Path) -> None:
    data = politics_beside(480)
    model, report, training = train_topics(data, settings=TopicSettings("fast", background=False))
    first = np.array([labels[0] for labels in data.labels or []])
    chances = model.predict_proba(data.texts)
    assert (np.array(model.classes_)[chances.argmax(axis=1)] == first).mean() < 0.8
    save_artefact(model.artefact(training, "card"), tmp_path / "model")
    for judged in (model, TopicModel.load(tmp_path / "model")):
        assert (np.array([labels[0] for labels in judged.predict(data.texts)]) == first).mean() > 0.95
    assert report.metrics["first_accuracy"] > 0.9
    assert topic_figures(model, data)["first_accuracy"] > 0.95
    columns = np.array([model.classes_.index(label) for label in first])
    assert fit_dominance(chances, columns) is not None
    assert fit_dominance(chances, columns[:100]) is None and fit_dominance(chances, None) is None


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_words_that_speak_for_no_label_tell_the_dominant_one(engine: str, tiny_encoder: Path, tmp_path: Path) -> None:
    """Every story is on sport and the weather; a word says which of them it is about."""
    labels = [["sport", "weather"] if row % 2 else ["weather", "sport"] for row in range(480)]
    labels[::8] = [["health"] for _ in labels[::8]]
    words = {"sport": "goal rain mainly played", "weather": "goal rain chiefly fallen", "health": "doctor ward"}
    texts = [f"In report {row} {words[label[0]]}. So they said." for row, label in enumerate(labels)]
    data = replace(toy(480), texts=texts, labels=labels, exclusive=False)
    settings = TopicSettings(engine, str(tiny_encoder), background=False)
    model, report, training = train_topics(data, settings=settings)
    assert model.dominance is not None and model.dominance.weight_ > 0
    assert report.metrics["first_accuracy"] > 0.95
    whole = model.artefact(training, "card")
    save_artefact(whole, tmp_path / "model")
    again = TopicModel.load(tmp_path / "model")
    again.strange_limit = float("inf")
    first = [row[0] for row in labels]
    assert [row[0] for row in again.predict(texts)] == first
    assert [found.topics[0].label for found in Copydesk(again, None).predict(texts)] == first
    part = "fast" if engine == "standard" else "tensors"
    rest = {name: value for name, value in getattr(whole, part).items() if not name.startswith("leading")}
    save_artefact(replace(whole, **{part: rest}), tmp_path / "torn")
    with pytest.raises(ModelError, match="'leading' is missing"):
        TopicModel.load(tmp_path / "torn")


def test_a_large_validation_set_calibrates_a_model_of_few_rows() -> None:
    few, many = toy(12), toy(300)
    model, report, _ = train_topics(few, many, FAST)
    assert any("learnt on the validation rows" in note for note in report.notes)
    targets = target_matrix(many.labels or [], model.classes_)
    on_them = calibrate(model.decision_function(read_stories(many)), targets, True)
    assert model.calibration.config() == on_them.config()
    _, report, _ = train_topics(many, few, FAST)
    assert not any("learnt on the validation rows" in note for note in report.notes)


def test_validation_rows_with_several_labels_are_told_of_where_stories_have_one() -> None:
    _, report, _ = train_topics(toy(90), toy(30, exclusive=False), FAST)
    assert any("15 of the 30 validation rows have several labels" in note for note in report.notes)


def test_words_unknown_without_exception_are_never_familiar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.topic_fits.quantile_limit", lambda shares: 0.8)
    model, _, _ = train_topics(toy(30), settings=FAST)
    assert model.strange_limit == 0.9
    assert model.predict(["Qwzx plov drent mibble forn takk snarp quilled vomber trissel."]) == [[]]


def test_what_a_standard_teacher_reads_is_kept(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TopicSettings("standard", str(tiny_encoder), background=False)
    teacher, _, training = train_topics(toy(90), settings=settings)
    teacher.strange_limit = float("inf")
    save_artefact(teacher.artefact(training, ""), tmp_path / "teacher")
    more = replace(toy(60), name="news", texts=[f"{text} And so on." for text in toy(60).texts])
    asked = (str(tmp_path / "teacher"), more, teacher.classes_, [toy(9)], tmp_path / "cache")
    found = teach(*asked)
    assert len(found.texts) == 60 and list((tmp_path / "cache").iterdir())

    def encode(*_: Any, **__: Any) -> None:
        pytest.fail("read again")

    monkeypatch.setattr("models.encoder.Encoder.encode", encode)
    assert teach(*asked).labels == found.labels


def test_whether_labels_have_an_order_is_asked_of_the_training_rows_alone(tmp_path: Path) -> None:
    """Of all rows, which the saved model learns from, so few stand in another order that it would look like slips."""
    labels = [["health", "sport"] if row % 5 else ["weather"] for row in range(500)]
    labels[::10] = [["sport"] for _ in labels[::10]]
    for row in [row for row in range(500) if row % 5][:56:7]:  # 8 of 400 pairs
        labels[row] = labels[row][::-1]
    data = replace(toy(500), labels=labels, exclusive=False)
    seeds = [s for s in range(30) if ranked(split_articles(data, fraction=0.1, seed=s)[0].labels or [])]
    assert seeds and not ranked(labels)
    model, _, training = train_topics(data, settings=TopicSettings("fast", background=False, seed=seeds[0]))
    assert model.dominance is not None and training["refitted"]
    save_artefact(model.artefact(training, "card"), tmp_path / "model")
    assert TopicModel.load(tmp_path / "model").predict(data.texts[:3]) == model.predict(data.texts[:3])


def test_where_labels_are_in_no_order_of_their_own_none_is_learnt() -> None:
    data = politics_beside(480)
    data = replace(data, labels=[sorted(labels) for labels in data.labels or []])
    assert train_topics(data, settings=TopicSettings("fast", background=False))[0].dominance is None


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_the_same_run_twice_gives_the_same_bytes(engine: str, tiny_encoder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        model, _, training = train_topics(toy(60, exclusive=False), settings=TopicSettings(engine, str(tiny_encoder)))
        save_artefact(model.artefact(training, "card"), tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_the_model_that_is_saved_has_learnt_from_the_held_out_rows_too(engine: str, tiny_encoder: Path) -> None:
    data = toy(60)
    settings = TopicSettings(engine, str(tiny_encoder), background=engine == "fast")  # whose n-grams become others
    before, report, kept_record = train_topics(data, settings=replace(settings, refit=False))
    after, same, refitted_record = train_topics(data, settings=settings)
    assert report.metrics == same.metrics and report.baselines == same.baselines
    _, held = split_articles(data, fraction=0.1, seed=13)
    for record, part in ((kept_record, "validation"), (refitted_record, "training")):
        assert find_leaks(record, held)["found"].keys() == {part}
    assert not any("once more" in note for note in report.notes)
    assert any("learnt once more, from the 6 held-out rows as well" in note for note in same.notes)
    assert np.array_equal(before.thresholds_, after.thresholds_) and before.strange_limit == after.strange_limit
    assert not np.allclose(before.decision_function(data.texts), after.decision_function(data.texts))
    everything, held = data.take(list(range(54))), data.take(list(range(54, 60)))
    given, named, _ = train_topics(everything, held, settings)
    kept, _, _ = train_topics(everything, held, replace(settings, refit=False))
    assert np.array_equal(given.decision_function(data.texts), kept.decision_function(data.texts))
    assert not any("once more" in note for note in named.notes)


def test_held_out_labels_that_the_training_rows_lack_do_not_come_in_by_the_way() -> None:
    data = toy(60, exclusive=False)
    assert data.labels is not None
    for row in range(60):  # the only stories with this label, and it second: held out or not by their content alone
        data.labels[row] = [*data.labels[row], f"only {row}"]
    model, _, _ = train_topics(data, settings=FAST)
    assert len(model.classes_) == len(model.scorer.classes_) == 3 + 55, "one of six is given back"
    assert model.predict(data.texts[:1])


@pytest.mark.parametrize(("few", "said", "taken"), [(1000, [3.0, 0.5], 3.0), (1000, [0.5, 3.0], 3.0), (0, [2.0], 2.0)])
def test_where_the_encoder_knew_the_rows_few_held_out_ones_do_not_lower_the_n_grams_weight(
    few: int, said: list[float], taken: float, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []

    def weigh(own: NDArray[Any], beside: NDArray[Any], targets: NDArray[Any], exclusive: bool) -> float:
        judged.append(len(own))
        return said[len(judged) - 1]

    monkeypatch.setattr("training.topic_fits.fit_ngram_weight", weigh)
    monkeypatch.setattr("training.decisions.fit_ngram_weight", weigh)
    monkeypatch.setattr("training.topics.encoder_knows", lambda *_: True)
    monkeypatch.setattr("training.topic_fits.FEW_HELD", few)
    model, _, training = train_topics(toy(45), settings=TopicSettings(encoder=str(tiny_encoder)))
    rows, held = training["data"]["rows"], training["validation"]["rows"]
    assert judged == ([held, rows] if few else [held])
    assert model.scorer.ngram_weight == taken


def test_hidden_units_join_the_head_where_they_do_better(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vectors(
        spec: Any, stories: Sequence[Story], cache: Path | None = None, *, layers: int = 1, **_: Any
    ) -> list[NDArray[np.float16]]:
        """A text's own vector; in the second layer one tells the label by its distance from 0, as no line does."""
        words = [story.sentences[0].text.split()[1] for story in stories]
        seeds = [int(word) if word.isdigit() else 10_000 for word in words]
        return [np.random.default_rng(seed).normal(size=(1, 32 * layers)).astype(np.float16) for seed in seeds]

    monkeypatch.setattr("training.topic_fits.encode_stories", vectors)
    monkeypatch.setattr("training.topic_fits.UNITS", 64)
    monkeypatch.setattr("training.topic_fits.PASSES_WITH_UNITS", 10)
    rows = list(range(1200))
    texts = [f"Story {row} was told on Tuesday." for row in rows]
    telling = [np.random.default_rng(row).normal(size=(1, 64))[0, 40] for row in rows]
    labels = [["far" if abs(value) > 0.7 else "near"] for value in telling]
    data = Articles("data", rows, [str(row) for row in rows], [None] * len(rows), texts, labels)
    settings = TopicSettings(encoder=str(tiny_encoder), background=False)
    model, _, training = train_topics(data, settings=settings)
    assert (model.scorer.head.units, model.scorer.layers, model.scorer.hidden) == (64, 2, 32)
    save_artefact(model.artefact(training, ""), tmp_path / "model")
    again = TopicModel.load(tmp_path / "model")
    stories = read_stories(data.take(range(20)))
    read = vectors(None, stories, layers=2)
    np.testing.assert_array_equal(again.predict_proba(stories, read), model.predict_proba(stories, read))
    few, _, _ = train_topics(data.take(range(100)), settings=settings)
    assert (few.scorer.head.units, few.scorer.settings.layers) == (0, 1), "too few stories for them"
    assert few.scorer.layers == 2, "news is told from no news by both all the same"


def test_the_name_of_a_label_is_learnt_while_few_stories_have_it(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read: list[str] = []

    def vectors(
        spec: Any, stories: Sequence[Story], cache: Path | None = None, *, layers: int = 1, **_: Any
    ) -> list[NDArray[np.float16]]:
        """Of each text its own, which tells nothing of any label."""
        texts = [story.sentences[0].text for story in stories]
        read.extend(texts)
        return [
            np.random.default_rng(crc32(t.encode())).normal(size=(1, 32 * layers)).astype(np.float16) for t in texts
        ]

    monkeypatch.setattr("training.topic_fits.encode_stories", vectors)
    rows = list(range(24))
    texts = [f"Story {row} was told on Tuesday." for row in rows]
    labels = [[("weather", "fine arts", "class 1")[row % 3]] for row in rows]
    data = Articles("data", rows, [str(row) for row in rows], [None] * len(rows), texts, labels)
    settings = TopicSettings(encoder=str(tiny_encoder), background=False)
    caplog.set_level(logging.INFO)
    names = vectors(None, [read_story(f"News about {name}.") for name in ("class", "fine arts", "weather")], layers=2)
    told = {}
    for rare in (9, 1):
        read.clear()
        monkeypatch.setattr("models.label_names.RARE", rare)
        model, _, _ = train_topics(data, settings=settings)
        told[rare] = model.scorer.attended_logits(names)
        assert {text for text in read if text.startswith("News")} == {
            f"News about {name}." for name in ("class", "fine arts", "weather") if rare == 9
        }
    assert told[9].argmax(axis=1).tolist() == [0, 1, 2]
    assert "3 of 3 labels have fewer than 100 stories" in caplog.text
    assert (np.diag(told[9]) > np.diag(told[1]) + 0.03).all()


def test_the_head_is_taken_that_is_likelier_with_n_grams_beside_it() -> None:
    rng = np.random.default_rng(0)
    targets = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 400)]
    good, fair, bad = (2 * targets + rng.normal(0, noise, targets.shape).astype(np.float32) for noise in (1, 2, 4))
    assert fit_head_and_weight([bad, fair], np.zeros_like(good), targets, True)[0] == 1
    beside = good - bad  # the worse head alone is the better one with these beside it
    assert fit_head_and_weight([bad, fair], beside, targets, True) == (0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["topics", "--engine", "fast", "--finetune", "lora"], "has no encoder"),
        (["topics", "--engine", "fast", "--encoder", "some/where"], "has no encoder"),
        (["topics", "--engine", "fast", "--cache", "here"], "--cache keeps sentence vectors"),
        (["topics", "--epochs", "5"], "go with --finetune"),
        (["topics", "--resume"], "go with --finetune"),
        (["topics", "--seed", "-1"], "--seed"),
        (["topics", "--seed", str(2**32)], "--seed"),
        (["summariser", "--engine", "fast", "--finetune", "full"], "has no encoder"),
        (["summariser", "--checkpoints", "here"], "go with --finetune"),
    ],
)
def test_options_that_would_be_passed_over_are_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    data = write_toy(tmp_path / "toy.jsonl")
    asked = ["train", *arguments, "--data", str(data), "--output", str(tmp_path / "model")]
    result = CliRunner().invoke(app, asked, env={"COLUMNS": "400"})
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "model").exists()


def test_damaged_kept_vectors_are_made_again(tiny_encoder: Path, seed_articles: Articles, tmp_path: Path) -> None:
    stories = read_stories(seed_articles.take(range(4)))
    spec = EncoderSpec.of(str(tiny_encoder))
    made = encode_stories(spec, stories, tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-9])
    again = encode_stories(spec, stories, tmp_path)
    assert all(np.array_equal(one, two) for one, two in zip(made, again, strict=True))
    assert kept.read_bytes() == whole


def test_one_label_is_an_error_that_says_so() -> None:
    data = replace(toy(20), labels=[["sport"]] * 20)
    with pytest.raises(DataError, match="same label"):
        train_topics(data, settings=FAST)


def test_rows_without_label_are_counted_not_dropped_silently() -> None:
    data = toy(60)
    assert data.labels is not None
    data = replace(data, labels=[[] if row < 7 else labels for row, labels in enumerate(data.labels)])
    _, report, _ = train_topics(data, settings=FAST)
    assert "7 rows have no label and are left out." in report.notes


def test_labels_unknown_to_the_model_count_as_misses() -> None:
    model, _, _ = train_topics(toy(60), settings=FAST)
    data = toy(30)
    assert data.labels is not None
    data = replace(data, labels=[["gardening"] if row < 3 else labels for row, labels in enumerate(data.labels)])
    report = evaluate_topics(model, data)
    assert report.metrics["accuracy"] <= 0.9
    assert any("unknown to the model" in note for note in report.notes)


def test_the_likeliest_label_is_given_alone_only_from_its_own_threshold() -> None:
    probabilities = np.array([[0.4, 0.1], [0.2, 0.1], [0.6, 0.7]])
    limits = np.array([0.5, 0.5])
    given = decide(probabilities, limits, 0.3, False)
    assert given.tolist() == [[True, False], [False, False], [True, True]]
    assert decide(probabilities, limits, 0.3, True).tolist() == [[False, False], [False, False], [False, True]]


def test_the_encoder_of_the_model_that_ships_is_shared_unless_another_is_named(
    tiny_encoder: Path, seed_articles: Articles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, plain = FinetuneSettings(epochs=0.5, topic_batch=16, evaluations=1), TopicSettings(background=False)
    encoder, _ = adapt_encoder(
        seed_articles, None, encoder=str(tiny_encoder), settings=quick, checkpoints=tmp_path / "checkpoints"
    )
    save_artefact(encoder, tmp_path / "encoder")
    made, _, training = train_topics(seed_articles, settings=replace(plain, encoder=str(tmp_path / "encoder")))
    save_artefact(made.artefact(training, ""), tmp_path / "shipped")
    monkeypatch.setattr("training.topics.shipped", lambda task, engine: tmp_path / "shipped")

    model, report, training = train_topics(toy(60), settings=plain)
    assert model.scorer.spec.fingerprint == made.scorer.spec.fingerprint
    assert not any("cross-fitted" in note for note in report.notes), "calibrated on rows the encoder has not seen"
    assert training["settings"]["encoder"] == "shipped"
    assert find_leaks(training, seed_articles)["found"]["encoder"]["count"] > len(seed_articles) / 2
    monkeypatch.setattr("training.stories.DEFAULT_ENCODER", str(tiny_encoder))
    monkeypatch.setattr("training.topics.MOST_BROAD", 1)
    assert (
        train_topics(toy(60), settings=plain)[0].scorer.spec.fingerprint
        == EncoderSpec.of(str(tiny_encoder)).fingerprint
    )
    monkeypatch.undo()
    monkeypatch.setattr("training.topics.shipped", lambda task, engine: tmp_path / "shipped")
    _, report, _ = train_topics(seed_articles, settings=plain)
    assert any("cross-fitted" in note for note in report.notes), "calibrated on rows held out: the encoder knows others"


def test_a_fast_model_learns_from_a_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, _, training = train_topics(toy(90), settings=FAST)
    save_artefact(teacher.artefact(training, ""), tmp_path / "teacher")
    few = toy(30)
    new = replace(toy(60), texts=[f"{text} It was Tuesday." for text in toy(60).texts], labels=None, name="news")
    texts = [*new.texts, few.texts[0], "Zzz qqq xxx."]  # one that has a label, one that no teacher knows
    more = replace(new, texts=texts, titles=[None] * 62, ids=["x"] * 62, rows=list(range(62)))
    settings = replace(FAST, teacher=str(tmp_path / "teacher"))
    seen: list[int] = []
    real = FastTopicClassifier.fit

    def fit(self: FastTopicClassifier, texts: Any, labels: Any, **options: Any) -> FastTopicClassifier:
        seen.append(len(texts))
        return real(self, texts, labels, **options)

    monkeypatch.setattr(FastTopicClassifier, "fit", fit)
    model, report, training = train_topics(few, settings=settings, unlabelled=more)
    alone, _, _ = train_topics(few, settings=FAST)
    assert training["taught"]["labelled"] == 60
    assert training["taught"]["without a topic"] == 1
    assert training["taught"]["in the data already"] == 1
    assert training["taught"]["teacher"] == training["settings"]["teacher"] == "teacher"
    assert any("the teacher has learnt from 3 of the held-out rows" in note for note in report.notes)
    leaks = find_leaks(training, more)
    assert leaks["found"]["taught"]["count"] == 60, "those that it learnt from"
    assert any("articles labelled by a teacher" in note for note in leak_notes(leaks, 62))
    card = model_card("Topic model", "", training, report, command="")
    assert "- and articles without labels: 60 of `news`, with the labels that `teacher` gives" in card
    assert seen[0] - seen[2] == seen[1] - seen[3] == 60  # and once more, from all rows
    assert report.n == seen[3] - seen[2]
    assert model.classes_ == alone.classes_
    again, _, _ = train_topics(few, settings=settings, unlabelled=more)
    assert again.artefact({}, "").tensors["coef"].tobytes() == model.artefact({}, "").tensors["coef"].tobytes()

    other = replace(few, labels=[["money"] if row == ["sport"] else row for row in few.labels or []])
    with pytest.raises(DataError, match=r"teacher: .*it lacks \['money'\]; the data has no \['sport'\]"):
        train_topics(other, settings=settings, unlabelled=more)
    nothing = replace(more.take([61]), name="nothing")
    with pytest.raises(DataError, match="nothing: the teacher gives none of the 1 articles a label"):
        train_topics(few, settings=settings, unlabelled=nothing)
