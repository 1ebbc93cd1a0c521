"""Encoders that are adapted: what they learn from and what not, one for both tasks, one after another."""

from __future__ import annotations

import shutil
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
from models.standard import EncoderSpec
from tests.training.toys import FAST, toy, write_toy
from training.adaptation import adapt_encoder, topic_task
from training.checkpoints import MarkWhole
from training.data import Articles
from training.finetune import finetune, stacked, tempered_loss
from training.leaks import STOPPED, find_leaks
from training.steps import FinetuneSettings
from training.stories import split_articles
from training.summariser import SummariserSettings, train_summariser
from training.topics import TopicSettings, train_topics


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
    assert split.training["settings"]["blend"] == 0.0, "so few stories are learnt as they are"

    first, second = seed_articles.take(range(40)), seed_articles.take(range(40, 60))
    given, history = adapt_encoder(first, first, validation_topics=second, validation_summaries=second, **runs)
    assert any({"eval_topics_loss", "eval_summaries_loss"} <= entry.keys() for entry in history)
    assert {name: data["rows"] for name, data in given.training["data"].items()} == {"topics": 40, "summaries": 40}
    assert set(find_leaks({"encoder": given.training}, second)["found"]) == {STOPPED}


def test_a_run_that_grows_too_sure_is_judged_by_what_it_tells_apart() -> None:
    truth = np.arange(300) % 3
    unsure = np.eye(3)[truth] + np.random.default_rng(0).normal(0, 0.9, (300, 3))
    sure = 30 * (np.eye(3)[truth] + np.random.default_rng(1).normal(0, 0.6, (300, 3)))  # fewer errors, far too sure

    def plain(logits: NDArray[Any]) -> float:
        return float(torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(truth)))

    assert plain(sure) > plain(unsure)
    assert tempered_loss(sure, truth) < tempered_loss(unsure, truth) < plain(unsure) + 0.02


def test_a_run_that_is_interrupted_says_how_to_go_on(
    tiny_encoder: Path,
    seed_articles: Articles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    saved = MarkWhole.on_save

    def stopped(self: MarkWhole, *arguments: Any, **named: Any) -> None:
        saved(self, *arguments, **named)
        raise KeyboardInterrupt

    def step(self: MarkWhole, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    settings = FinetuneSettings(epochs=1, rank=2, alpha=4, topic_batch=16, evaluations=2)
    runs: dict[str, Any] = {"encoder": str(tiny_encoder), "settings": settings, "checkpoints": tmp_path / "checkpoints"}
    for method, found, said in (
        ("on_step_end", step, "Stopped before the first checkpoint; nothing is kept"),
        ("on_save", stopped, "is kept: go on with the same command and --resume"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(MarkWhole, method, found)
            with pytest.raises(KeyboardInterrupt):
                adapt_encoder(seed_articles, None, **runs)
        assert said in caplog.text
    artefact, _ = adapt_encoder(seed_articles, None, **runs, resume=True)
    assert artefact.adapter


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


def test_the_head_that_was_tuned_with_the_encoder_is_taken_where_it_does_better(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = FinetuneSettings(epochs=0.5, rank=2, topic_batch=8, evaluations=1)
    encoder, _ = adapt_encoder(
        toy(60), None, encoder=str(tiny_encoder), settings=quick, checkpoints=tmp_path / "checkpoints"
    )
    save_artefact(encoder, tmp_path / "encoder")
    settings = TopicSettings(encoder=str(tmp_path / "encoder"), background=False)

    def weights(articles: Articles, taken: int) -> tuple[int, NDArray[np.float16]]:
        """How many heads there are to choose from, and the chosen one's weights."""
        offered: list[int] = []

        def choose(tried: Any, *_: Any) -> tuple[int, float]:
            offered.append(len(tried))
            return taken, 0.0

        monkeypatch.setattr("training.topic_fits.fit_head_and_weight", choose)
        model, _, _ = train_topics(articles, settings=settings)
        return offered[0], model.artefact({}, "").tensors["topics.label.weight"]

    tuned = encoder.tensors["topics.label.weight"]
    heads, found = weights(toy(60), -1)
    assert heads == 2
    np.testing.assert_array_equal(found, tuned)
    assert not np.array_equal(weights(toy(60), 0)[1], tuned)
    renamed = replace(toy(60), labels=[[{"sport": "games"}.get(row[0], row[0])] for row in toy(60).labels or []])
    assert weights(renamed, -1)[0] == 1, "it tells other labels"
