"""Several stories of one event become one brief that says each thing once."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.predict import Copydesk
from models.digest import REPEATS, choose_digest, content_words, overlap, word_weights
from models.selection import Budget

UNLIMITED = Budget(sentences=1000)


@pytest.fixture(scope="module")
def desk() -> Copydesk:
    return Copydesk.from_pretrained(engine="fast")


@pytest.fixture
def event(seeds: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((seeds / "event").glob("*.txt"))]


def test_every_story_of_an_event_adds_something_and_nothing_is_said_twice(desk: Copydesk, event: list[str]) -> None:
    digest = desk.digest(event)
    assert {sentence.story for sentence in digest.sentences} == {0, 1, 2}
    assert 3 <= len(digest.sentences) <= 5
    assert digest.summary.count("41,000") <= 1
    assert not digest.warnings
    assert len(digest.stories) == 3


def test_each_sentence_stands_where_it_says(desk: Copydesk, event: list[str]) -> None:
    for sentence in desk.digest(event).sentences:
        original = digest_text(desk, event, sentence.story)[sentence.start : sentence.end]
        assert " ".join(original.split()).strip('"“”') in sentence.text


def digest_text(desk: Copydesk, event: list[str], story: int) -> str:
    return desk.predict(event[story]).text


def test_a_copy_adds_nothing(desk: Copydesk, event: list[str]) -> None:
    alone, twice = desk.digest(event[:1]), desk.digest([event[0], event[0]])
    assert {sentence.text for sentence in twice.sentences} == {sentence.text for sentence in alone.sentences}
    assert {sentence.story for sentence in twice.sentences} == {0}


def test_a_messy_copy_of_a_seed_story_repeats_nothing(desk: Copydesk, seeds: Path, rows: list[dict[str, Any]]) -> None:
    import json

    messy = json.loads((seeds / "messy.jsonl").read_text(encoding="utf-8").splitlines()[0])
    clean = next(row for row in rows if row["id"] == messy["of"])
    digest = desk.digest([clean["text"], (seeds / messy["file"]).read_text(encoding="utf-8")])
    texts = [[sentence.text for sentence in digest.sentences]]
    weights = word_weights([[content_words(text) for text in texts[0]]])
    for one, other in combinations(map(content_words, texts[0]), 2):
        assert overlap(one, other, weights) < 0.8


def test_a_story_of_something_else_is_left_out_and_named(
    desk: Copydesk, event: list[str], rows: list[dict[str, Any]]
) -> None:
    digest = desk.digest([*event, rows[0]["text"]])
    assert all(sentence.story != 3 for sentence in digest.sentences)
    assert any("story 3" in warning for warning in digest.warnings)


@pytest.mark.parametrize("budget", [Budget(sentences=2), Budget(words=40), Budget(characters=200), Budget(ratio=0.1)])
def test_the_budget_holds(desk: Copydesk, event: list[str], budget: Budget) -> None:
    digest = desk.digest(event, budget=budget)
    assert digest.sentences
    if budget.sentences:
        assert len(digest.sentences) <= 2
    if budget.words:
        assert len(digest.summary.split()) <= 40
    if budget.characters:
        assert len(digest.summary) <= 200


def test_rows_that_are_no_stories_do_not_stop_it(desk: Copydesk, event: list[str]) -> None:
    digest = desk.digest([None, event[0], "", event[1]])
    assert {sentence.story for sentence in digest.sentences} == {1, 3}
    assert len(digest.stories) == 4
    assert not digest.warnings
    assert desk.digest([]).summary == "" and desk.digest([""]).summary == ""


def test_the_same_keys_whatever_is_in_it(desk: Copydesk, event: list[str]) -> None:
    assert desk.digest(event).to_dict().keys() == desk.digest([]).to_dict().keys()


WORDS = ("bridge", "closed", "cracks", "41,000", "port", "ferry", "mayor", "he", "it", "but", "rain")
SENTENCE = st.lists(st.sampled_from(WORDS), max_size=6)


@given(st.lists(st.lists(SENTENCE.map(" ".join), max_size=5), max_size=4))
def test_no_two_chosen_sentences_repeat_each_other(stories: list[list[str]]) -> None:
    words = [[content_words(sentence) for sentence in story] for story in stories]
    weights = word_weights(words)
    choice = choose_digest(stories, [np.zeros(len(story)) for story in stories], UNLIMITED)
    assert len(set(choice.sentences)) == len(choice.sentences)
    for (a, i), (b, j) in combinations(choice.sentences, 2):
        assert overlap(words[a][i], words[b][j], weights) <= REPEATS
