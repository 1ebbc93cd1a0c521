"""A headline is what is left of a sentence after deleting, and it can stand alone."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faithfulness import unsupported
from models.headline import FEWEST_WORDS, MOST_WORDS, compress, headline
from models.headline_rules import DANGLING
from models.selection import leans
from models.story import read_story


def words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[\w’'-]+", text)]


def is_subsequence(short: list[str], long: list[str]) -> bool:
    rest = iter(long)
    return all(word in rest for word in short)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The council voted to close the ferry.", "The council voted to close the ferry"),
        ("TARSK — The council voted to close the ferry.", "The council voted to close the ferry"),
        ("The council voted to close the ferry, officials said.", "The council voted to close the ferry"),
        ("The council voted to close the ferry, police said on Monday.", "The council voted to close the ferry"),
        ("According to the ministry, the ferry closed for good.", "The ferry closed for good"),
        ("The council (in session since May) voted to close the ferry.", "The council voted to close the ferry"),
        ("The council voted on Tuesday to close the ferry.", "The council voted to close the ferry"),
        ("The council voted to close ferry 7 late on Friday.", "The council voted to close ferry 7"),
        ("Temperatures on the plain fell, the Tesmark Weather Service said.", "Temperatures on the plain fell"),
        ("On Tuesday, the council voted to close the ferry.", "The council voted to close the ferry"),
        (
            "The council, which has been in session since the first week of May, voted to close the ferry.",
            "The council voted to close the ferry",
        ),
        (
            "Ruth Adeyemi, the mayor of the old harbour town since 2011, vowed to open the ferry.",
            "Ruth Adeyemi vowed to open the ferry",
        ),
        (
            "The council voted to close the ferry, saying that the money was needed for the new bridge.",
            "The council voted to close the ferry",
        ),
        (
            "After three weeks of protests in the harbour and the town, the council voted to close the ferry.",
            "The council voted to close the ferry",
        ),
        (
            "The council voted to close the ferry — a service that has run for nearly ninety years.",
            "The council voted to close the ferry",
        ),
    ],
)  # fmt: skip
def test_what_a_sentence_can_do_without_goes(sentence: str, expected: str) -> None:
    assert compress(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "He voted to close the ferry.",
        "The ferry closes?",
        "Notice of the closure of the old ferry.",
        "Police said he was arrested near the ferry.",
        "I voted to close the old ferry.",
        "We voted to close the old ferry.",
        "The mayor said the new price of bread.",
        "The council will close the ferry, unless the harbour board finds the money by the end of the coming year.",
        "The council closed the ferry, but not the pier that the fishermen have used for nearly ninety years.",
        "The council will close the ferry if the harbour board cannot find any money by the end of the year.",
        "Photos of the men who voted to close the ferry.",
    ],
)
def test_what_cannot_stand_alone_is_none(sentence: str) -> None:
    assert compress(sentence) is None


def test_a_person_stays_with_what_they_claim() -> None:
    assert compress("The price of bread in all of the towns of the plain will double, the mayor said.") is None
    assert compress("The election was stolen, Jonathan Vance said.") == "The election was stolen, Jonathan Vance said"


def test_an_accusation_keeps_its_source() -> None:
    assert compress("A gunman killed two guards, police said.") == "A gunman killed two guards, police said"


def test_the_best_sentence_is_tried_first_and_a_poor_one_never() -> None:
    sentences = ["The council voted to close the ferry.", "The harbour board asked for more money.", "He left."]
    assert headline(sentences, [0.5, 0.9, 0.1]) == "The harbour board asked for more money"
    assert headline(sentences, [0.8, 0.2, 0.9]) == "The council voted to close the ferry"
    assert headline(sentences, [0.5, 0.2, 0.9]) is None
    assert headline([], []) is None


def test_headlines_of_the_seed_stories(rows: list[dict[str, Any]]) -> None:
    made = 0
    for row in rows:
        story = read_story(row["text"], title=row["title"])
        for sentence in story.sentences:
            found = compress(sentence.text)
            if found is None:
                continue
            made += 1
            assert is_subsequence(words(found), words(sentence.text))
            assert FEWEST_WORDS <= len(found.split()) <= MOST_WORDS
            assert words(found)[-1] not in DANGLING
            assert not leans(found)
            assert not found.endswith(".") or found.endswith(("U.S.", "a.m.", "p.m."))
            assert unsupported(found, story) == []
            for negation in ("not", "never", "no", "without", "unless", "if"):
                assert words(found).count(negation) == words(sentence.text).count(negation)
    assert made >= len(rows) / 2


PIECES = "The council , voted on Monday ( to — “ close ” not the ferry said and which is . ; police according"


@given(st.lists(st.sampled_from(re.findall(r"\S+", PIECES)), max_size=25).map(" ".join))
def test_it_only_ever_deletes(sentence: str) -> None:
    found = compress(f"{sentence}.")
    if found is not None:
        assert is_subsequence(words(found), words(sentence))
        assert len(found.split()) <= MOST_WORDS
        assert words(found).count("not") == words(sentence).count("not")


def test_a_hostile_sentence_takes_no_long_time() -> None:
    for text in ("." * 4_000, "a " * 2_000, ", the a" * 600, "— " * 2_000, "As " * 1_300, "was of " * 85, "(" * 599):
        began = time.process_time()
        assert compress(f"{text}.") is None
        assert time.process_time() - began < 2
