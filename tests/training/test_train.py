"""Training end to end, tiny: what is learnt, said, saved, and judged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from click.testing import Result
from numpy.typing import NDArray
from typer.testing import CliRunner

from inference.console import app
from models.artefact import load_artefact, save_artefact
from models.errors import DataError, ModelError
from models.fast_topics import FastTopicClassifier
from models.selection import Budget, SelectionRules
from models.standard import EncoderSpec
from models.story import Story, read_story
from models.summary import SummaryModel
from models.topics import TopicModel, decide
from training.adaptation import adapt_encoder, topic_task
from training.cards import model_card
from training.data import Articles, read_articles
from training.decisions import fit_dominance, fit_head_and_weight
from training.evaluation import evaluate_summariser, evaluate_topics, topic_figures
from training.finetune import finetune, stacked, tempered_loss
from training.leaks import STOPPED, find_leaks, leak_notes
from training.steps import FinetuneSettings
from training.stories import encode_stories, read_stories, split_articles
from training.summariser import SummariserSettings, copied_extracts, oracle_extracts, train_summariser
from training.topics import TopicSettings, train_topics

FAST = TopicSettings("fast", background=False)  # what is no news is the matter of test_background.py
WORDS = {
    "sport": "goal match team striker",
    "weather": "rain storm wind forecast",
    "health": "doctor clinic nurse ward",
}


def toy(n: int = 90, *, exclusive: bool = True) -> Articles:
    """Stories that a handful of words give away."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    names = sorted(WORDS)
    for row in range(n):
        label = names[row % 3]
        words = rng.permutation([*WORDS[label].split() * 2, "the", "town", "said", "on", "Monday"])
        texts.append(f"The {' '.join(words)} again in report {row}. It was a {words[0]} day for the town.")
        labels.append([label] if exclusive or row % 2 else [label, names[(row + 1) % 3]])
    rows = list(range(1, n + 1))
    return Articles("toy", rows, [str(row) for row in rows], [None] * n, texts, labels, exclusive, None)


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
    assert len(model.classes_) == len(model.scorer.classes_) == 3 + 54
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
    monkeypatch.setattr("training.topics._encoder_knows", lambda *_: True)
    monkeypatch.setattr("training.topic_fits.FEW_HELD", few)
    model, _, training = train_topics(toy(45), settings=TopicSettings(encoder=str(tiny_encoder)))
    rows, held = training["data"]["rows"], training["validation"]["rows"]
    assert judged == ([held, rows] if few else [held])
    assert model.scorer.ngram_weight == taken


def test_hidden_units_join_the_head_where_they_do_better(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vectors(spec: Any, stories: Sequence[Story], cache: Path | None = None) -> list[NDArray[np.float16]]:
        """A text's own vector, whose first value tells the label by its distance from 0: no line does."""
        seeds = [int(story.sentences[0].text.split()[1]) for story in stories]
        return [np.random.default_rng(seed).normal(size=(1, 32)).astype(np.float16) for seed in seeds]

    monkeypatch.setattr("training.topic_fits.encode_stories", vectors)
    monkeypatch.setattr("training.topic_fits.UNITS", 64)
    monkeypatch.setattr("training.topic_fits.PASSES_WITH_UNITS", 10)
    rows = list(range(1200))
    texts = [f"Story {row} was told on Tuesday." for row in rows]
    first = [np.random.default_rng(row).normal(size=(1, 32))[0, 0] for row in rows]
    labels = [["far" if abs(value) > 0.7 else "near"] for value in first]
    data = Articles("data", rows, [str(row) for row in rows], [None] * len(rows), texts, labels)
    settings = TopicSettings(encoder=str(tiny_encoder), background=False)
    model, _, training = train_topics(data, settings=settings)
    assert model.scorer.head.units == 64
    save_artefact(model.artefact(training, ""), tmp_path / "model")
    again = TopicModel.load(tmp_path / "model")
    stories = read_stories(data.take(range(20)))
    read = vectors(None, stories)
    np.testing.assert_array_equal(again.predict_proba(stories, read), model.predict_proba(stories, read))
    few, _, _ = train_topics(data.take(range(100)), settings=settings)
    assert not few.scorer.head.units, "too few stories for them"


def test_the_head_is_taken_that_is_likelier_with_n_grams_beside_it() -> None:
    rng = np.random.default_rng(0)
    targets = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 400)]
    good, fair, bad = (2 * targets + rng.normal(0, noise, targets.shape).astype(np.float32) for noise in (1, 2, 4))
    assert fit_head_and_weight([bad, fair], np.zeros_like(good), targets, True)[0] == 1
    beside = good - bad  # the worse head alone is the better one with these beside it
    assert fit_head_and_weight([bad, fair], beside, targets, True) == (0, 1.0)


def write_toy(path: Path, n: int = 40) -> Path:
    data = toy(n)
    rows = [
        json.dumps({"text": text, "summary": text.split(". ")[0] + ".", "label": label[0]})
        for text, label in zip(data.texts, data.labels or [], strict=True)
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


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


def test_fine_tuning_leaves_what_it_did_not_make(tiny_encoder: Path, tmp_path: Path) -> None:
    data = str(write_toy(tmp_path / "toy.jsonl"))
    kept = tmp_path / "runs" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work", encoding="utf-8")

    def train(kind: str, *arguments: str) -> Result:
        quick = ["--epochs", "0.3", "--checkpoints", str(kept.parent)]
        return CliRunner().invoke(app, ["train", kind, *arguments, *quick], env={"COLUMNS": "400"})

    made = train("encoder", "--topics", data, "--encoder", str(tiny_encoder), "--output", str(tmp_path / "my-encoder"))
    assert made.exit_code == 0, made.output
    assert kept.read_text(encoding="utf-8") == "years of work"
    before = (tmp_path / "my-encoder" / "adapter.safetensors").read_bytes()
    topics = ["--data", data, "--finetune", "lora", "--encoder", str(tmp_path / "my-encoder")]
    refused = train("topics", *topics, "--output", str(tmp_path / "my"))
    assert refused.exit_code == 2 and "is where the adapted encoder goes" in refused.stderr
    assert (tmp_path / "my-encoder" / "adapter.safetensors").read_bytes() == before
    (tmp_path / "other-encoder").mkdir()
    (tmp_path / "other-encoder" / "letter.txt").write_text("dear", encoding="utf-8")
    refused = train("topics", *topics, "--output", str(tmp_path / "other"))
    assert refused.exit_code != 0 and "is not a model folder" in str(refused.exception or refused.stderr)


def test_fine_tuning_where_nothing_can_be_learnt_is_an_error(
    tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    runs: dict[str, Any] = {"encoder": str(tiny_encoder), "checkpoints": tmp_path}
    quick = FinetuneSettings(epochs=0.2, rank=2, summary_batch=16, evaluations=1)
    foreign = replace(seed_articles, summaries=["Zqx wvk."] * len(seed_articles))
    with pytest.raises(DataError, match="no summary shares a word"):
        adapt_encoder(None, foreign, **runs)
    _, history = adapt_encoder(None, seed_articles, validation_summaries=foreign.take(range(3)), settings=quick, **runs)
    assert not any("eval_loss" in entry for entry in history), "nothing to stop by"
    with pytest.raises(DataError, match="too few to hold one out"):
        train_summariser(seed_articles.take(range(3)), settings=SummariserSettings("fast"))


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


@pytest.fixture(scope="module")
def seed_articles(seeds_index: Path) -> Articles:
    return read_articles(seeds_index, need={"labels", "summaries"})


@pytest.fixture(scope="module")
def seeds_index() -> Path:
    return Path(__file__).parents[2] / "seeds" / "index.jsonl"


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_a_summariser_trains_saves_and_is_judged(
    engine: str, tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    model, report, training = train_summariser(seed_articles, settings=SummariserSettings(engine, str(tiny_encoder)))
    assert set(report.baselines) == {"lead-3", "random", "oracle"}
    assert report.baselines["oracle"]["rouge1"] > report.metrics["rouge1"]
    save_artefact(model.artefact(training, "card"), tmp_path / "model")
    loaded = SummaryModel.load(tmp_path / "model")
    few = seed_articles.take(range(12))
    one, two = (evaluate_summariser(m, few, budget=Budget(sentences=2)) for m in (model, loaded))
    assert one.to_dict() == two.to_dict()
    assert one.metrics["sentences"] == 2
    low, high = one.intervals["rouge1"]
    assert low <= one.metrics["rouge1"] <= high


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_with_enough_stories_whole_briefs_are_ranked(
    seed_articles: Articles, tiny_encoder: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.summariser.FEWEST", 20)
    monkeypatch.setattr("training.summariser.fit_rules", lambda *_: (SelectionRules(leaning_penalty=0.0), 0.0))
    settings = SummariserSettings(engine, str(tiny_encoder), epochs=1)
    model, _, _ = train_summariser(seed_articles.take(range(40)), settings=settings)
    save_artefact(model.artefact({}, ""), tmp_path / "model")
    again = SummaryModel.load(tmp_path / "model")
    assert again.ranker is not None and model.ranker is not None
    np.testing.assert_array_equal(again.ranker.trees.values, model.ranker.trees.values)


def test_too_few_stories_or_a_ranking_that_does_not_help_leave_it_out(
    seed_articles: Articles, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_articles = seed_articles.take(range(40))
    assert train_summariser(seed_articles, settings=SummariserSettings("fast"))[0].ranker is None
    monkeypatch.setattr("training.summariser.FEWEST", 20)
    monkeypatch.setattr("training.summariser.fit_rules", lambda *_: (SelectionRules(leaning_penalty=0.0), 100.0))
    assert train_summariser(seed_articles, settings=SummariserSettings("fast"))[0].ranker is None


def test_the_oracle_is_asked_once_where_there_is_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stories = [read_story("The yard opened on Monday. Rain fell on Alder. Nobody came."), read_story("It rained.")]
    summaries = ["Rain fell on Alder.", "Rain."]
    first = oracle_extracts(stories, summaries, tmp_path / "cache")
    assert first == [[1], [0]] == oracle_extracts(stories, summaries)
    (kept,) = (tmp_path / "cache").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("training.summariser.greedy_oracles", lambda *_: pytest.fail("asked again"))
        assert oracle_extracts(stories, summaries, tmp_path / "cache") == first
        with pytest.raises(pytest.fail.Exception):
            oracle_extracts(stories, ["The yard opened.", "Rain."], tmp_path / "cache")
    kept.write_text("[[1", encoding="utf-8")
    assert oracle_extracts(stories, summaries, tmp_path / "cache") == first
    assert kept.read_text(encoding="utf-8") == "[[1], [0]]"


def test_summaries_made_of_the_articles_sentences_are_recognised(seed_articles: Articles) -> None:
    from training.stories import read_stories

    stories = read_stories(seed_articles.take(range(5)))
    copied = [" ".join(story.sentences[i].text for i in (0, 2)) for story in stories]
    assert copied_extracts(stories, copied) == [[0, 2]] * 5
    assert copied_extracts(stories, [summary or "" for summary in (seed_articles.summaries or [])[:5]]) is None


def test_one_adapted_encoder_serves_both_models_and_survives_a_stop(
    tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    settings = FinetuneSettings(epochs=1, rank=2, alpha=4, topic_batch=16, summary_batch=4, evaluations=2)

    def adapt(name: str, *, resume: bool = False) -> Path:
        artefact, history = adapt_encoder(
            seed_articles,
            seed_articles,
            validation_summaries=seed_articles.take(range(4)),
            encoder=str(tiny_encoder),
            settings=settings,
            checkpoints=tmp_path / "checkpoints",
            resume=resume,
        )
        assert any("eval_topics_loss" in entry and "eval_summaries_loss" in entry for entry in history)
        save_artefact(artefact, tmp_path / name)
        return tmp_path / name

    whole = adapt("whole")
    checkpoints = sorted((tmp_path / "checkpoints").iterdir(), key=lambda path: int(path.name.split("-")[1]))
    for later in checkpoints[1:]:
        shutil.rmtree(later)
    resumed = adapt("resumed", resume=True)
    assert (whole / "adapter.safetensors").read_bytes() == (resumed / "adapter.safetensors").read_bytes()

    spec = EncoderSpec.from_artefact(load_artefact(whole))
    assert spec.fingerprint != EncoderSpec.of(str(tiny_encoder)).fingerprint
    plain = EncoderSpec.of(str(tiny_encoder)).open("float32").encode([["The river rose."]])[0].vectors
    assert not np.allclose(plain, spec.open("float32").encode([["The river rose."]])[0].vectors, atol=1e-4)
    topics, report, _ = train_topics(seed_articles, settings=TopicSettings(encoder=str(whole), background=False))
    assert not any("once more" in note for note in report.notes)  # its held-out rows tell how sure it may be
    summariser, _, _ = train_summariser(seed_articles, settings=SummariserSettings(encoder=str(whole), epochs=1))
    assert topics.scorer.spec.fingerprint == summariser.scorer.spec.fingerprint == spec.fingerprint
    assert any("cross-fitted" in note for note in report.notes)


def test_what_one_task_holds_out_the_other_does_not_learn_from(
    tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    quick = FinetuneSettings(epochs=0.2, rank=2, topic_batch=16, summary_batch=16, evaluations=1)
    runs: dict[str, Any] = {"encoder": str(tiny_encoder), "settings": quick, "checkpoints": tmp_path / "checkpoints"}
    bare = replace(seed_articles, labels=None, titles=[None] * len(seed_articles))  # divided by itself: other rows
    artefact, _ = adapt_encoder(seed_articles, bare, **runs)
    _, held = split_articles(seed_articles, fraction=0.1, seed=quick.seed)
    _, held_briefs = split_articles(bare, fraction=0.1, seed=quick.seed)
    assert set(held.texts) != set(held_briefs.texts)
    for part in (held, held.without_titles(), held_briefs):
        leaks = find_leaks({"encoder": artefact.training}, part)
        assert "encoder" not in leaks["found"]
    assert find_leaks({"encoder": artefact.training}, held)["found"][STOPPED]["count"] == len(held)
    with pytest.raises(DataError, match="all 20 rows stand among those held out"):
        adapt_encoder(seed_articles.take(range(20)), None, validation_topics=seed_articles, **runs)


def test_a_report_says_where_a_model_is_judged_on_what_it_or_its_encoder_has_learnt_from(
    tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    _, report, _ = train_topics(toy(60), toy(70).take(range(30, 70)), FAST)
    assert "LEAK: 30 of 40 evaluated rows stand in the model's training data" in report.notes[0]
    _, report, _ = train_topics(toy(60).take(range(50)), toy(60).take(range(50, 60)), FAST)
    assert not any("LEAK" in note for note in report.notes)
    _, report, _ = train_summariser(seed_articles, seed_articles.take(range(5)), SummariserSettings("fast"))
    assert "LEAK: 5 of 5 evaluated rows" in report.notes[0]

    quick = FinetuneSettings(epochs=0.2, rank=2, topic_batch=16, evaluations=1)
    encoder, _ = adapt_encoder(
        toy(60), None, encoder=str(tiny_encoder), settings=quick, checkpoints=tmp_path / "checkpoints"
    )
    save_artefact(encoder, tmp_path / "encoder")
    adapted = TopicSettings(encoder=str(tmp_path / "encoder"), background=False)
    _, report, training = train_topics(toy(60), settings=adapted)
    assert not any("LEAK" in note for note in report.notes), "the same rows are held out"
    assert "of its encoder's passes the one was kept that did best on rows among which are 6" in report.notes[0]
    assert not training["refitted"]
    _, report, _ = train_topics(toy(60), settings=replace(adapted, seed=7))
    assert "stand in the model's encoder's training data" in report.notes[0]
    _, _, training = train_topics(seed_articles, settings=adapted)
    assert training["refitted"], "of these rows the encoder knows none"
    _, _, training = train_topics(toy(60), settings=replace(FAST, encoder=str(tmp_path / "encoder")))
    assert training["settings"]["encoder"] is None and "encoder" not in training, "the fast engine has none"


def test_what_stops_a_run_is_not_learnt_from(tiny_encoder: Path, seed_articles: Articles, tmp_path: Path) -> None:
    quick = FinetuneSettings(epochs=0.2, rank=2, topic_batch=16, summary_batch=16, evaluations=1)
    runs: dict[str, Any] = {"encoder": str(tiny_encoder), "settings": quick, "checkpoints": tmp_path / "checkpoints"}
    _, held = split_articles(seed_articles, fraction=0.1, seed=quick.seed)  # as a model trained on the encoder does
    split, history = adapt_encoder(seed_articles, seed_articles, **runs)
    assert any({"eval_topics_loss", "eval_summaries_loss"} <= entry.keys() for entry in history)
    assert set(find_leaks({"encoder": split.training}, held)["found"]) == {STOPPED}

    first, second = seed_articles.take(range(40)), seed_articles.take(range(40, 60))
    given, history = adapt_encoder(first, first, validation_topics=second, validation_summaries=second, **runs)
    assert any({"eval_topics_loss", "eval_summaries_loss"} <= entry.keys() for entry in history)
    assert {name: data["rows"] for name, data in given.training["data"].items()} == {"topics": 40, "summaries": 40}
    assert set(find_leaks({"encoder": given.training}, second)["found"]) == {STOPPED}


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


def test_a_run_that_grows_too_sure_is_judged_by_what_it_tells_apart() -> None:
    truth = np.arange(300) % 3
    unsure = np.eye(3)[truth] + np.random.default_rng(0).normal(0, 0.9, (300, 3))
    sure = 30 * (np.eye(3)[truth] + np.random.default_rng(1).normal(0, 0.6, (300, 3)))  # fewer errors, far too sure

    def plain(logits: NDArray[Any]) -> float:
        return float(torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(truth)))

    assert plain(sure) > plain(unsure)
    assert tempered_loss(sure, truth) < tempered_loss(unsure, truth) < plain(unsure) + 0.02


def test_full_fine_tuning_keeps_what_it_changed(tiny_encoder: Path, seed_articles: Articles, tmp_path: Path) -> None:
    settings = FinetuneSettings(epochs=0.5, topic_batch=16, evaluations=1, full=True, full_lr=1e-2)
    artefact, _ = adapt_encoder(
        seed_articles, None, encoder=str(tiny_encoder), settings=settings, checkpoints=tmp_path / "checkpoints"
    )
    assert artefact.adapter and all(name.endswith(".delta") for name in artefact.adapter)
    save_artefact(artefact, tmp_path / "encoder")
    spec = EncoderSpec.from_artefact(load_artefact(tmp_path / "encoder"))
    plain = EncoderSpec.of(str(tiny_encoder)).open("float32")
    state = dict(plain.module.named_parameters())
    for name, value in spec.open("float32").module.named_parameters():
        delta = artefact.adapter.get(f"{name}.delta")
        expected = state[name].numpy() + (0 if delta is None else delta.astype(np.float32))
        np.testing.assert_allclose(value.numpy(), expected, atol=1e-6)
    bad = {**artefact.adapter, "encoder.layer.9.delta": np.zeros((2, 2), np.float16)}
    with pytest.raises(ModelError, match="does not fit"):
        EncoderSpec(spec.name, spec.sha256, bad, 1.0).open("float32")


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


@pytest.mark.parametrize("full", [False, True])
def test_an_adapted_encoder_is_adapted_further(
    full: bool, tiny_encoder: Path, seed_articles: Articles, tmp_path: Path
) -> None:
    def adapt(encoder: Path, name: str, settings: FinetuneSettings) -> EncoderSpec:
        artefact, _ = adapt_encoder(
            seed_articles.take(range(40)), None, encoder=str(encoder), settings=settings, checkpoints=tmp_path / "runs"
        )
        save_artefact(artefact, tmp_path / name)
        assert find_leaks({"encoder": artefact.training}, seed_articles)["found"]
        return EncoderSpec.from_artefact(load_artefact(tmp_path / name))

    def vectors(spec: EncoderSpec) -> NDArray[np.float32]:
        return spec.open("float32").encode([["The river rose.", "Nobody slept."]])[0].vectors

    quick = FinetuneSettings(epochs=2, rank=4, alpha=4, topic_batch=8, evaluations=1, adapter_lr=5e-2)
    once = adapt(tiny_encoder, "once", quick)
    unmoved = FinetuneSettings(epochs=0.5, topic_batch=16, evaluations=1, adapter_lr=0.0, full_lr=0.0, full=full)
    same = adapt(tmp_path / "once", "same", unmoved)
    assert (same.name, same.sha256) == (once.name, once.sha256)
    np.testing.assert_allclose(vectors(same), vectors(once), atol=2e-3)
    further = adapt(tmp_path / "once", "further", replace(quick, full=full, full_lr=1e-2))
    assert np.abs(vectors(further) - vectors(once)).max() > 0.01
    assert np.abs(vectors(once) - vectors(EncoderSpec.of(str(tiny_encoder)))).max() > 0.01
    training = load_artefact(tmp_path / "further").training
    assert set(training["data"]) == {"before: topics", "topics"}
    moved = tmp_path / "other"
    shutil.copytree(tiny_encoder, moved)
    weights = safetensors.torch.load_file(moved / "model.safetensors")
    safetensors.torch.save_file({name: value + 0.5 for name, value in weights.items()}, moved / "model.safetensors")
    with pytest.raises(ModelError, match="install that version of it, or retrain"):
        finetune(
            topics=topic_task(seed_articles.take(range(4)), ["a"]),
            spec=EncoderSpec(str(moved), once.sha256),
            checkpoints=tmp_path / "runs",
        )


def test_two_adapters_stacked_do_what_both_do() -> None:
    rng = np.random.default_rng(3)

    def pair(rank: int) -> dict[str, torch.Tensor]:
        shapes = {"layer.lora_A": (rank, 6), "layer.lora_B": (5, rank)}
        return {name: torch.from_numpy(rng.normal(size=shape).astype(np.float32)) for name, shape in shapes.items()}

    def change(adapter: dict[str, torch.Tensor], scale: float) -> torch.Tensor:
        return scale * adapter["layer.lora_B"] @ adapter["layer.lora_A"]

    first, second = pair(2), pair(3)
    both = stacked(first, 4.0, second, 0.5)
    torch.testing.assert_close(change(both, 0.5), change(first, 4.0) + change(second, 0.5))
    other = {"other.lora_A": first["layer.lora_A"], "other.lora_B": first["layer.lora_B"], "bias.delta": torch.ones(2)}
    both = stacked(other, 1.0, second, 2.0)
    torch.testing.assert_close(2.0 * both["other.lora_B"], other["other.lora_B"])
    assert both["layer.lora_A"] is second["layer.lora_A"]
    assert both["bias.delta"] is other["bias.delta"]


def test_evaluating_twice_gives_the_same_figures(seed_articles: Articles) -> None:
    model, _, _ = train_topics(seed_articles, settings=FAST)
    reports: list[dict[str, Any]] = [evaluate_topics(model, seed_articles).to_dict() for _ in range(2)]
    assert reports[0] == reports[1]
    assert {"n", "metrics", "intervals", "baselines"} <= set(reports[0])
