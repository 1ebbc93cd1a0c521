"""A sentence out of a quotation is a quotation of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quotation import balance_quotes, open_mark
from models.story import read_story


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("“We came.", "“We came.”"),
        ("We won.”", "“We won.”"),
        ("We won,” he said.", "“We won,” he said."),
        ('"We came.', '"We came."'),
        ('We won."', '"We won."'),
        ('We won," he said.', '"We won," he said.'),
        ('"Yes," he said. "We won.', '"Yes," he said. "We won."'),
        ("`` we came .", "`` we came .''"),
        ("‘We came.", "‘We came.’"),
        ("We won,’ he said.", "‘We won,’ he said."),
        ("'We came.", "'We came.'"),
        ("He said “no” and left, “for good.", "He said “no” and left, “for good.”"),
        ("“He said ‘no,’ and left.", "“He said ‘no,’ and left.”"),
    ],
)
def test_missing_marks_are_added(text: str, balanced: str) -> None:
    assert balance_quotes(text) == balanced


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"',
        "He left.",
        "“We won,” he said.",
        '"We won," he said.',
        "‘We won,’ he said.",
        "The players' wages don't count.",
        "It’s the ’90s, and rock ’n’ roll won’t die.",
        'A 5" pipe and a 6\'2" man.',
        "He said \"no\" and 'yes.'",
    ],
)
def test_balanced_sentences_are_left_alone(text: str) -> None:
    expected = '""' if text == '"' else text
    assert balance_quotes(text) == expected


@given(st.text(alphabet=st.sampled_from("ab .,\"“”‘’'5"), max_size=30))
def test_what_is_added_stands_at_the_ends(text: str) -> None:
    balanced = balance_quotes(text)
    assert text in balanced
    assert set(balanced.replace(text, "", 1)) <= set("\"“”‘’'`")


def test_open_mark() -> None:
    assert open_mark("He said: “We came. We saw.") == "“"
    assert open_mark("He said: “We came.” We saw.") is None
    assert open_mark("no marks") is None


def test_a_sentence_from_the_inside_of_a_quotation_stands_alone_as_one() -> None:
    story = read_story("The mayor spoke. “We came. We saw. We won,” he said. Then he left.\n\nIt rained. “Good.”")
    assert [story.standalone(i) for i in range(len(story.sentences))] == [
        "The mayor spoke.", "“We came.”", "“We saw.”", "“We won,” he said.", "Then he left.", "It rained.", "“Good.”",
    ]  # fmt: skip
    with pytest.raises(IndexError, match="count from 0"):
        story.standalone(7)


def test_a_forgotten_mark_does_not_reach_the_next_paragraph() -> None:
    story = read_story("He said “we came. So it was.\n\nIt rained all day in the city.")
    assert story.standalone(2) == "It rained all day in the city."
