"""What is written keeps to one place of its story, in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.anchoring import ANCHORED, Anchors
from models.sentences import split_sentences

STORY = [
    "A flight attendant has sued the airline and its former executive Heather Cho in New York.",
    "The suit says that Cho struck Kim Do-hee with a folder of papers.",
    "Cho was released from prison in May.",
    "The airline has not commented on the claims.",
]


@pytest.mark.parametrize(
    "text", [*STORY, " ".join(STORY), "Attendant sues airline and former executive.", "", "It is."]
)
def test_what_stands_in_the_story_or_shortens_it_is_anchored(text: str) -> None:
    assert Anchors(STORY).share(text) >= ANCHORED


@pytest.mark.parametrize(
    "text",
    [
        "Heather Cho sued.",  # a word in common, and another in another order
        "Heather Cho has sued the airline and a flight attendant.",  # the other way round
        "The flight attendant was released from prison.",  # words of two places far apart
        "Passengers queued for hours at the gate.",
        "A flight attendant has sued the airline. Passengers queued for hours at the gate.",
    ],
)
def test_what_says_something_else_is_not(text: str) -> None:
    assert Anchors(STORY).share(text) < ANCHORED


def test_a_fact_may_lie_across_two_neighbouring_sentences() -> None:
    assert Anchors(STORY).share("The executive Heather Cho struck Kim Do-hee with a folder.") == 1.0


def test_who_has_half_a_name_there_may_have_all_of_it() -> None:
    assert Anchors(STORY).holds("The suit says that Heather Cho struck Kim Do-hee with a folder of papers.")


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@given(st.lists(st.text(max_size=60), max_size=6), st.text(max_size=120))
def test_it_is_a_share_and_a_sentence_of_the_story_has_all_of_it(sentences: list[str], text: str) -> None:
    assert 0.0 <= Anchors(sentences).share(text) <= 1.0
    assert Anchors(split(text)).share(text) == 1.0


def test_a_headline_may_bring_two_sentences_together_but_contradict_neither() -> None:
    anchors = Anchors(
        ["A fire broke out at the mill in Oxbridge on Sunday.", "Two men were taken to hospital with burns."]
    )
    text = "Fire at mill in Oxbridge: two men in hospital"
    assert anchors.suits(text)
    assert not anchors.holds(text)
    assert not anchors.suits("No fire at mill in Oxbridge: two men in hospital")
    assert not anchors.suits("Fire at mill in Oxbridge: three women in hospital")
    assert not anchors.suits("Passengers queued for hours at the gate")
