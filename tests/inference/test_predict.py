"""A whole desk on a tiny encoder: what goes in comes out, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import Copydesk, Prediction
from models.artefact import save_artefact
from models.errors import DataError
from models.selection import Budget
from training.data import Articles
from training.summariser import SummariserSettings, train_summariser
from training.topics import TopicSettings, train_topics


def articles(rows: list[dict[str, Any]]) -> Articles:
    return Articles(
        "seeds",
        list(range(1, len(rows) + 1)),
        [row["id"] for row in rows],
        [row["title"] for row in rows],
        [row["text"] for row in rows],
        [row["labels"] for row in rows],
        False,
        [row["summary"] for row in rows],
    )


@pytest.fixture(scope="session")
def folders(
    tiny_encoder: Path, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Models trained on the seed corpus with the tiny encoder: they know little, and work the same."""
    base = tmp_path_factory.mktemp("models")
    data = articles(rows)
    topics, _, training = train_topics(data, settings=TopicSettings(encoder=str(tiny_encoder)))
    save_artefact(topics.artefact(training, "card"), base / "topics")
    summariser, _, training = train_summariser(data, settings=SummariserSettings(encoder=str(tiny_encoder), epochs=2))
    save_artefact(summariser.artefact(training, "card"), base / "summariser")
    return base / "topics", base / "summariser"


@pytest.fixture(scope="session")
def desk(folders: tuple[Path, Path]) -> Copydesk:
    return Copydesk.from_pretrained(*folders)


def test_a_story_gets_the_same_answer_to_the_bit_by_itself_and_among_others(
    desk: Copydesk, rows: list[dict[str, Any]]
) -> None:
    texts = [row["text"] for row in rows[:24]]
    assert desk.predict(texts[::-1])[::-1] == [desk.predict(text) for text in texts]


def test_one_in_one_out_and_a_list_for_a_list(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    one = desk.predict(rows[0]["text"])
    assert isinstance(one, Prediction)
    many = desk.predict([row["text"] for row in rows[:5]])
    assert len(many) == 5
    assert many[0].summary == one.summary
    assert desk.predict([]) == []


def test_offsets_point_into_the_input(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    for row in rows[:10]:
        prediction = desk.predict(row["text"])
        assert prediction.text == row["text"]
        for sentence in prediction.sentences:
            assert " ".join(row["text"][sentence.start : sentence.end].split()) == sentence.text
            assert 0 <= sentence.score <= 1


def test_the_brief_is_whole_sentences_in_story_order(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    for prediction in desk.predict([row["text"] for row in rows]):
        chosen = [sentence.text for sentence in prediction.sentences if sentence.chosen]
        assert 1 <= len(chosen) <= 4
        assert len(prediction.summary) <= len(" ".join(chosen)) + 2 * len(chosen)  # quotes may be balanced
        places = [prediction.summary.find(text.strip('"“”')[:40]) for text in chosen]
        assert places == sorted(places)
        assert -1 not in places


NO_STORIES = ["", "   \n ", "Hello", "🎉🎉🎉", "\x00", "\ud800 lone", "<html><body></body></html>"]


@pytest.mark.parametrize("story", NO_STORIES)
def test_stories_that_are_none_get_a_warning_and_no_topics(desk: Copydesk, story: str) -> None:
    prediction = desk.predict(story)
    assert prediction.topics == ()
    assert prediction.warnings
    assert prediction.summary.strip() in (story.strip(), prediction.summary.strip())


def test_bad_rows_keep_their_place(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    good = rows[0]["text"]
    mixed = [good, None, 5, good, b"bytes", {"no": "text"}, good]
    predictions = desk.predict(mixed)
    assert len(predictions) == len(mixed)
    for index in (1, 2, 4, 5):
        assert predictions[index].topics == ()
        assert "not a story" in predictions[index].warnings[0]
    assert predictions[0].summary == predictions[3].summary == predictions[6].summary != ""


@pytest.mark.parametrize("story", [None, 5, b"bytes", 3.4])
def test_a_single_wrong_type_is_an_error_that_names_it(desk: Copydesk, story: Any) -> None:
    with pytest.raises(TypeError, match=type(story).__name__):
        desk.predict(story)


def test_a_story_is_its_own_brief_where_it_is_short(desk: Copydesk) -> None:
    story = "The council voted for the bridge on Monday. Work begins in May."
    assert desk.predict(story).summary == story


def test_the_headline_is_proposed_from_the_text_not_taken_from_the_title(desk: Copydesk) -> None:
    story = "The council voted on Monday to build the bridge, officials said. Work begins in May."
    prediction = desk.predict({"title": "Bridge: at last", "text": story})
    assert prediction.title == "Bridge: at last"
    assert prediction.headline == "The council voted to build the bridge"
    assert prediction.to_dict()["headline"] == prediction.headline
    assert desk.predict("").headline is None
    assert desk.predict("He went there. So did she.").headline is None


def test_every_shape_of_prediction_has_the_same_keys(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    shapes = {tuple(p.to_dict()) for p in desk.predict([rows[0]["text"], "", None, "Hello", "<p>Hi</p>"])}
    assert len(shapes) == 1


@pytest.mark.parametrize("budget", [Budget(sentences=1), Budget(words=40), Budget(characters=150), Budget(ratio=0.2)])
def test_no_budget_is_ever_exceeded(desk: Copydesk, rows: list[dict[str, Any]], budget: Budget) -> None:
    for row in rows[:20]:
        prediction = desk.predict(row["text"], budget=budget)
        chosen = [sentence.text for sentence in prediction.sentences if sentence.chosen]
        if budget.sentences:
            assert len(chosen) == 1
        if budget.words:
            assert sum(len(text.split()) for text in chosen) <= 40
        if budget.characters:
            assert len(" ".join(chosen)) <= 150


def test_contributions_sum_to_the_logit(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    assert desk.topics is not None
    story = {"title": rows[3]["title"], "text": rows[3]["text"]}
    for label in desk.topics.classes_[:5]:
        explanation = desk.explain(story, label)
        assert sum(part.value for part in explanation.contributions) == pytest.approx(explanation.logit, abs=1e-4)
        assert explanation.contributions[0].text == rows[3]["title"]
        assert explanation.strongest(1)[0].value == max(part.value for part in explanation.contributions)
    with pytest.raises(DataError, match="unknown label"):
        desk.explain(story, "gardening")


def test_thresholds_can_be_set_for_all_or_for_one(folders: tuple[Path, Path], rows: list[dict[str, Any]]) -> None:
    none = Copydesk.from_pretrained(*folders, thresholds=1.0).predict(rows[0]["text"])
    assert none.topics == ()
    assert "no topic passed its threshold." in none.warnings
    everything = Copydesk.from_pretrained(*folders, thresholds=0.0).predict(rows[0]["text"])
    assert len(everything.topics) == 17
    one = Copydesk.from_pretrained(*folders, thresholds={"sport": 0.0}).predict(rows[0]["text"])
    assert "sport" in [topic.label for topic in one.topics]
    with pytest.raises(DataError, match="unknown label"):
        Copydesk.from_pretrained(*folders, thresholds={"gardening": 0.5})
    with pytest.raises(DataError, match="between 0 and 1"):
        Copydesk.from_pretrained(*folders, thresholds=7)


def test_true_and_false_are_no_thresholds(desk: Copydesk) -> None:
    with pytest.raises(TypeError, match="not True"):
        desk.with_thresholds(True)
    with pytest.raises(TypeError, match="not False"):
        Copydesk(desk.topics, None, thresholds=False)


def test_topics_and_summary_share_one_pass(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    assert desk.topics is not None
    assert desk.summariser is not None
    calls = []
    encoder = desk.topics.scorer.encoder
    assert desk.summariser.scorer.encoder is encoder
    original = encoder.encode
    try:
        encoder.encode = lambda *a, **k: calls.append(1) or original(*a, **k)
        desk.predict(rows[0]["text"])
    finally:
        del encoder.encode
    assert len(calls) == 1


def test_another_language_is_not_labelled(desk: Copydesk) -> None:
    story = (
        "Der Bundestag hat am Dienstag beschlossen, dass die Steuern im kommenden Jahr steigen sollen. "
        "Die Opposition kritisierte die Entscheidung scharf und kündigte eine Klage an."
    )
    prediction = desk.predict(story)
    assert prediction.topics == ()
    assert any("English" in warning for warning in prediction.warnings)


def test_streaming_holds_a_window_and_keeps_the_order(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    drawn = []

    def source() -> Any:
        for row in rows[:30]:
            drawn.append(row["id"])
            yield row["text"]

    stream = desk.stream(source(), window=8)
    first = next(stream)
    assert len(drawn) == 8
    rest = list(stream)
    assert [p.text for p in [first, *rest]] == [row["text"] for row in rows[:30]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=400), max_size=4))
def test_no_text_raises(desk: Copydesk, texts: list[str]) -> None:
    predictions = desk.predict(texts)
    assert len(predictions) == len(texts)
    for prediction in predictions:
        assert all(np.isfinite(score) for score in prediction.scores.values())


def test_what_is_no_list_of_stories_is_not_taken_to_pieces(desk: Copydesk) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"text": ["The river rose.", "It fell."], "title": ["A", "B"]})
    for call in (desk.predict, desk.stream, desk.digest):
        with pytest.raises(TypeError, match="not a table"):
            call(table)
        assert call(table.to_dict("records"))
    for call in (desk.stream, desk.digest):
        for one in ("The river rose.", {"text": "The river rose."}, b"The river", None, 7):
            with pytest.raises(TypeError, match=f"list of stories, not {type(one).__name__}"):
                call(one)
    assert len(desk.predict(table["text"])) == 2
