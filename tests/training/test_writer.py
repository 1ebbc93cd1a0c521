"""A language model learns to write: examples, targets, training, saving, resuming, the command line."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from inference.console import app
from inference.predict import Copydesk, shipped
from models.abstractive import Writer, Writing, finished, prompt_ids
from models.artefact import save_artefact
from models.errors import DataError, ModelError
from models.language_model import LanguageModel, load_language_model
from models.summary import SummaryModel
from training.abstractive import WriterSettings, finetune_writer, target_loss
from training.casing import Capitals
from training.data import Articles
from training.targets import Batches, make_examples, with_targets
from training.writer import train_writer

SETTINGS = WriterSettings(rank=2, alpha=4, epochs=6, lr=0.05, batch=4, judged=2, evaluations=2)


@pytest.fixture(scope="module")
def guide() -> SummaryModel:
    return SummaryModel.load(shipped("summariser", "fast"))


@pytest.fixture(scope="module")
def model(tiny_language_model: Path) -> LanguageModel:
    return load_language_model(str(tiny_language_model))


@pytest.fixture
def articles(rows: list[dict[str, Any]]) -> Articles:
    """Seed stories whose summary is how they begin, and so supported."""
    chosen = rows[:16]
    return Articles(
        "seeds",
        list(range(1, 17)),
        [str(row["id"]) for row in chosen],
        [str(row["title"]) for row in chosen],
        [str(row["text"]) for row in chosen],
        summaries=[" ".join(str(row["text"]).split()[:9]) + "." for row in chosen],
    )


def test_examples_show_sentences_of_the_story_and_end_their_targets(
    articles: Articles, guide: SummaryModel, model: LanguageModel
) -> None:
    writing = Writing(source_tokens=120, most_tokens=200)
    examples = make_examples(articles, guide, model, writing, filtered=False)
    assert len(examples) == len(articles)
    for prompt, target, source in zip(examples.prompts, examples.targets, examples.sources, strict=True):
        assert target[-1] == model.tokenizer.eos_token_id
        assert model.tokenizer.eos_token_id not in target[:-1]
        assert any(source.split(". ")[0] in text for text in articles.texts)
        shown = model.tokenizer.decode(prompt, skip_special_tokens=True)
        assert shown.startswith(source[:100])
        assert shown.endswith("Summary:") == model.causal


def test_a_target_with_a_name_that_the_source_lacks_is_not_learnt(
    articles: Articles, guide: SummaryModel, model: LanguageModel
) -> None:
    articles = replace(articles, summaries=[f"Zebulon Quatermain told {row} people." for row in range(900, 916)])
    examples = make_examples(articles, guide, model, Writing())
    assert (len(examples), examples.left_out["unsupported"]) == (0, 16)
    with pytest.raises(DataError, match=r"seeds: no usable example; left out: 16 unsupported"):
        finetune_writer(
            articles, articles, guide, replace(SETTINGS, base=model_folder(model)), checkpoints=Path("nowhere")
        )


def test_a_headline_to_learn_keeps_to_the_story_and_loses_its_rubric(
    articles: Articles, guide: SummaryModel, model: LanguageModel
) -> None:
    text = "The council of Port Alder voted on Monday to rebuild the old bridge. Work begins in May, the mayor said."
    titles: list[str | None] = [
        "OPINION: Port Alder votes to rebuild bridge",
        "Council votes to rebuild the bridge",
        "It's about time",
        "ALDER: Mayor votes to rebuild bridge",
        "ALDER AND QUARRY, a mayor's long road to May",
    ]
    few = replace(articles.take(range(5)), texts=[text] * 5, titles=titles)
    examples = make_examples(few, guide, model, Writing.of("headline"))
    kept = ["ALDER: Mayor votes to rebuild bridge", "Council votes to rebuild the bridge"]
    assert sorted(examples.references) == [*kept, "Port Alder votes to rebuild bridge"]


def model_folder(model: LanguageModel) -> str:
    return str(model.module.name_or_path)


def test_a_long_target_is_cut_at_a_sentence_or_left_out(
    articles: Articles, guide: SummaryModel, model: LanguageModel
) -> None:
    short = Writing(most_tokens=40)
    articles = replace(
        articles, summaries=["It rained. " + "It rained on and on and on, " * 20 + "and then it stopped."] * 16
    )
    examples = make_examples(articles, guide, model, short, filtered=False)
    assert {tuple(target) for target in examples.targets} == {tuple(target_of("It rained.", model))}
    articles = replace(articles, summaries=["It rained on and on and on, " * 20 + "and then it stopped."] * 16)
    assert make_examples(articles, guide, model, short, filtered=False).left_out["too long or empty"] == 16


def target_of(text: str, model: LanguageModel) -> list[int]:
    from models.abstractive import target_ids

    return target_ids(text, model)


def test_headlines_are_not_to_be_read_off_the_story(
    articles: Articles, guide: SummaryModel, model: LanguageModel
) -> None:
    articles.titles[:] = [f"Unheard of {row}" for row in range(16)]
    examples = make_examples(articles, guide, model, Writing.of("headline"), filtered=False)
    assert sorted(examples.references) == sorted(articles.titles)  # type: ignore[type-var]
    assert not any("Unheard" in source for source in examples.sources)


def test_examples_drawn_leave_the_rest_untouched(articles: Articles, guide: SummaryModel, model: LanguageModel) -> None:
    examples = make_examples(articles, guide, model, Writing(most_tokens=200), at_most=5, filtered=False)
    assert len(examples) == 5
    assert (len(examples.seen), len(examples.untouched)) == (5, 11)
    assert set(examples.seen.summaries or []) == set(examples.references)
    assert sorted([*examples.seen.rows, *examples.untouched.rows]) == articles.rows


def test_rows_without_a_target_are_left_out_and_none_at_all_is_an_error(articles: Articles) -> None:
    articles.titles[3] = None
    articles.titles[4] = "  "
    kept, texts = with_targets(articles, "headline")
    assert (len(kept), len(texts)) == (14, 14)
    articles = replace(articles, summaries=None)
    with pytest.raises(DataError, match=r"no row has a summary; name its column with --summary-column"):
        with_targets(articles, "summary")


def test_only_the_target_is_learnt(articles: Articles, guide: SummaryModel, model: LanguageModel) -> None:
    examples = make_examples(articles, guide, model, Writing(source_tokens=60, most_tokens=200), filtered=False)
    batches = Batches(examples, model, batch=3, epochs=1, seed=1)
    assert len(batches) == round(16 / 3)
    for step, rows in enumerate(batches.plan):
        inputs = batches[step]
        for row, labels, ids in zip(rows, inputs["labels"], inputs["input_ids"], strict=True):
            target = examples.targets[row]
            assert labels[labels != -100].tolist() == target
            shown = ids[inputs["attention_mask"][list(rows).index(row)] == 1].tolist()
            assert shown == examples.prompts[row] + (target if model.causal else [])


def test_the_loss_is_that_of_the_model_over_the_target(
    articles: Articles, guide: SummaryModel, model: LanguageModel
) -> None:
    examples = make_examples(articles, guide, model, Writing(source_tokens=60, most_tokens=200), filtered=False)
    inputs = Batches(examples, model, batch=1, epochs=1, seed=1)[0]
    with torch.inference_mode():
        ours, theirs = target_loss(model.module, model.causal, inputs), model.module(**inputs).loss
    assert float(ours) == pytest.approx(float(theirs), abs=1e-4)


@pytest.mark.parametrize("full", [False, True], ids=["lora", "full"])
def test_training_learns_saves_and_writes_the_same_when_loaded(
    full: bool, articles: Articles, tiny_language_model: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, base=str(tiny_language_model), full=full, full_lr=0.02, accumulation=2)
    before = {path.name: path.read_bytes() for path in tiny_language_model.iterdir()}
    writer, report, record = train_writer(
        articles, articles.take(range(6)), settings, checkpoints=tmp_path / "checkpoints"
    )
    assert {path.name: path.read_bytes() for path in tiny_language_model.iterdir()} == before
    losses = [entry["loss"] for entry in record["history"] if "loss" in entry]
    assert losses[0] == pytest.approx(math.log(600), rel=0.1), "the mean of 600 tokens' chances, however many steps"
    assert losses[-1] < (0.99 if full else 1.0) * losses[0]
    assert 0 < report.n <= 4, "two of the six chose the weights"
    assert {"lead-3", "extract", "oracle"} <= set(report.baselines)
    assert report.details["writing"]["unsupported_after"] == 0
    save_artefact(writer.artefact(record, "card"), tmp_path / "model")
    loaded = Writer.load(tmp_path / "model", dtype="float32")
    assert loaded.writing == writer.writing
    assert {key: value.tobytes() for key, value in loaded.adapter.items()} == {
        key: value.tobytes() for key, value in writer.adapter.items()
    }
    source = articles.texts[0][:300]
    fresh = Writer(settings.base, writer.writing, writer.adapter, writer.scale, dtype="float32")
    assert loaded.candidates([source]) == fresh.candidates([source])
    bare = Writer(settings.base, writer.writing, {}, dtype="float32")
    logits = [one.model.module(**some_inputs(one.model)).logits for one in (loaded, bare)]
    assert not torch.allclose(*logits), "what was learnt is not in the loaded model"


def some_inputs(model: LanguageModel) -> dict[str, torch.Tensor]:
    return {"input_ids": torch.tensor([[1, 50, 60, 70]])}


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(
    articles: Articles, guide: SummaryModel, tiny_language_model: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, base=str(tiny_language_model))
    arguments: Any = (articles, articles.take(range(6)), guide, settings)
    whole = finetune_writer(*arguments, checkpoints=tmp_path / "whole")
    other = tmp_path / "other"
    finetune_writer(*arguments, checkpoints=other)
    newest = max(other.glob("checkpoint-*"), key=lambda folder: int(folder.name.rpartition("-")[2]))
    (newest / "whole.json").unlink()  # as a kill in the middle of the last checkpoint leaves it
    resumed = finetune_writer(*arguments, checkpoints=other, resume=True)
    ended = finetune_writer(*arguments, checkpoints=other, resume=True)  # there is nothing left to learn
    for again in (resumed, ended):
        assert again.adapter.keys() == whole.adapter.keys()
        for name, value in whole.adapter.items():
            np.testing.assert_array_equal(again.adapter[name], value)
    with pytest.raises(DataError, match=r"checkpoints of another run"):
        finetune_writer(*arguments[:3], replace(settings, lr=0.01), checkpoints=other, resume=True)


def test_the_command_line_trains_evaluates_and_predicts(
    rows: list[dict[str, Any]], tiny_language_model: Path, tmp_path: Path
) -> None:
    data, more = tmp_path / "data.jsonl", tmp_path / "more.jsonl"
    rows = [row | {"title": " ".join(str(row["text"]).split()[:9])} for row in rows]  # what a headline may be learnt by
    for path, part in ((data, rows[:14]), (more, rows[14:18])):
        path.write_text("".join(json.dumps(row) + "\n" for row in part), encoding="utf-8")
    options = ["--engine", "abstractive", "--base", tiny_language_model, "--held-out", "0.4", "--batch", "4"]
    model = tmp_path / "headlines"
    run("train", "summariser", "--data", data, "--data", more, "--output", model, "--target", "headline", *options)
    card = (model / "README.md").read_text(encoding="utf-8")
    assert "Writer of headlines" in card
    assert f"{data.parent.name}/data.jsonl + {data.parent.name}/more.jsonl" in card
    training = json.loads((model / "training.json").read_text(encoding="utf-8"))
    assert training["validation"]["rows"] + training["data"]["rows"] <= 18
    options = ["--report", tmp_path / "report", "--predictions", tmp_path / "rows.jsonl"]
    out = run("evaluate", "summariser", "--model", model, "--data", data, "--limit", "3", *options)
    assert "rules" in out and "first-sentence" in out
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "the language model" in page and "lead-3" not in page
    written = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["truth"] for row in written] == [row["title"] for row in rows[:3]]
    assert all(row["prediction"] for row in written)
    out = run("predict", "--summariser", model, "--format", "jsonl", data)
    assert len(out.splitlines()) == 14
    assert all(json.loads(line)["summary"] for line in out.splitlines())


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base", "some/model"], "go with --engine abstractive"),
        (["--target", "headline"], "go with --engine abstractive"),
        (["--engine", "abstractive", "--encoder", "x"], "standard engine's"),
    ],
)
def test_options_of_another_engine_are_refused(options: list[str], message: str, tmp_path: Path) -> None:
    command = ["train", "summariser", "--data", "x.csv", "--output", str(tmp_path / "model"), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


def test_a_base_that_is_nowhere_or_never_stops_is_named(tiny_language_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'no/such-model' is neither a folder nor reachable"):
        load_language_model("no/such-model")
    with pytest.raises(ModelError, match=r"cannot be loaded as a language model"):
        load_language_model(str(tmp_path))
    for path in tiny_language_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    del config["eos_token"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match=r"no end-of-sequence token"):
        load_language_model(str(tmp_path))


def test_an_adapter_of_another_base_is_refused(tiny_language_model: Path) -> None:
    with pytest.raises(ModelError, match=r"the adapter was trained on 0000"):
        _ = Writer(str(tiny_language_model), Writing(), {}, sha256="0" * 64).model


def test_capitals_come_back_where_cased_articles_have_them() -> None:
    cased = [
        "Yesterday the mayor, Harriet Vane, saw it: a new bridge in New York. So said Harriet Vane in New York."
    ] * 3
    capitals = Capitals(cased)
    assert capitals.restore("harriet vane saw a new bridge. a new mayor saw it in new york.") == (
        "Harriet Vane saw a new bridge. A new mayor saw it in New York."
    )
    assert capitals.restore("Harriet saw a bridge in new york.") == "Harriet saw a bridge in new york."
    assert capitals.restore("it saw a new quixotania.") == "It saw a new Quixotania.", (
        "unknown words are taken for names"
    )


def test_predictions_in_own_words_stay_within_the_story(
    articles: Articles, tiny_language_model: Path, tmp_path: Path
) -> None:
    """A model that knows nothing writes nothing that is supported: the extract stands, and it is said."""
    writer = Writer(str(tiny_language_model), Writing(most_tokens=24, beams=2), {}, dtype="float32")
    save_artefact(writer.artefact({}, "card"), tmp_path / "model")
    desk = Copydesk.from_pretrained(summariser=tmp_path / "model")
    plain = Copydesk.from_pretrained().predict(articles.texts[:3])
    for ours, extract in zip(desk.predict(articles.texts[:3]), plain, strict=True):
        if "summary" not in ours.written:
            assert ours.summary == extract.summary
            assert any("taken from" in warning for warning in ours.warnings)


def test_what_is_written_does_not_depend_on_the_batch_and_is_what_the_library_writes(model: LanguageModel) -> None:
    sources = ["A bridge was opened in Oxbridge on Tuesday by the mayor.", "It rained.", "Traffic will be counted."]
    writing = Writing("headline", source_tokens=60, most_tokens=12, beams=3)
    writer = Writer.over(model, writing)
    together = writer.candidates(sources, batch=3)
    assert together == writer.candidates(sources, batch=1)
    prompt = torch.tensor([prompt_ids(sources[0], model, writing)])
    tokens = {"pad_token_id": model.tokenizer.pad_token_id, "eos_token_id": model.tokenizer.eos_token_id}
    out = model.module.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=12,
        min_new_tokens=1,
        num_beams=3,
        early_stopping=True,
        no_repeat_ngram_size=3,
        **tokens,
    )
    text = model.tokenizer.decode(out[0, prompt.shape[1] if model.causal else 0 :], skip_special_tokens=True)
    assert together[0][0] == finished(text, "headline") != ""
