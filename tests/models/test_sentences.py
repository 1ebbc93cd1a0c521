"""Sentence boundaries: where they are, and that their offsets are exact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.repair import flatten, repair
from models.sentences import LONGEST_SENTENCE, split_sentences

CASES = [
    # one sentence a string; the text is their join by a space
    ["He is a freshman.", "She said so."],
    ["Lt. Gen. Ann Lee met Sen. Roe and Mr. J. K. Poe of Acme Inc. on Jan. 5.", "They left."],
    ["The rate rose to 3.5 percent.", "It cost $1.2 million."],
    ["He came, e.g. on Monday, i.e. late.", "She went."],
    ["He lives in the U.S.", "The U.S. Army does not."],
    ["He left at 5 p.m. Friday.", "She left at 6 a.m. ET on May 3."],
    ["Ms. Roe left.", "Ms. Poe stayed."],
    ["And then...", "He left."],
    ["“We came.", "We saw.", "We won.”", "Then he left."],
    ['"I am here."', "She left."],
    ['"Is it you?" he asked.', "It was."],
    ['"Is it you?" Ann Roe asked.', "It was."],
    ["“Stop!” she cried.", "He did."],
    ["He said ‘no.’", "She left."],
    ["(He was late.)", "She left."],
    ["The firm (Yahoo!) said no.", "It left."],
    ["The South Korea-U.S. drills began.", "They ended."],
    ["That is up to me.", "He left."],
    ["He won 3-2, 6.4 and No. 5.", "Why?", "Who knows!"],
    ["Rain fell at minus 3 C.", "Wind blew."],
    ["• The first item came.", "It left."],
    ["Its U.K.'s offer's \"new\" plan came.", "It left."],
    # lower-cased
    ["he is a freshman.", "she said so."],
    ["the u.s. army met lt. gen. smith and sen. roe.", "they ate e.g. apples."],
    ["he left at 5 p.m. friday.", "she stayed."],
    ["he spoke for an hour to the crowd in the u.s.", "he left."],
    ["at 5 p.m. he left."],
    ["he said no.", "she said it was up to me.", "he was ill.", "then he left."],
    ['"is it you?" he asked.', '"it is."', "she left."],
    ["no. 5 is alive.", "it is."],
    # tokenised
    ["`` he is here . ''", "she said .", "`` go on .", "go . ''"],
    ["he left .", "she came ."],
    ["' i think so. '", "she left."],
]


@pytest.mark.parametrize("sentences", CASES, ids=lambda case: case[0][:30])
def test_boundaries(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[a:b] for a, b in split_sentences(text)] == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It changed the world.The next day came.", ["It changed the world.", "The next day came."]),
        ("it changed the world.the next day came.", ["it changed the world.", "the next day came."]),
        ("He left.”She came.", ["He left.”", "She came."]),
        ('He left."She came," he said.', ["He left.", '"She came," he said.']),
        ("Buy at example.Com now.", ["Buy at example.Com now."]),
        ("Inc.. He left.", ["Inc..", "He left."]),
    ],
)
def test_glued_sentences(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in split_sentences(text)] == sentences


def test_marks_of_a_broken_encoding_stay_with_their_sentence() -> None:
    text = "He left. â€œI came.â€\x9d She went."
    assert [repair(text[a:b]) for a, b in split_sentences(text)] == ["He left.", "“I came.”", "She went."]


@given(st.text(alphabet=st.sampled_from("aB .?!…\"“”'‘’()\u200b\xa0\n1-é😀"), max_size=80))
@settings(max_examples=150, deadline=None)
def test_spans_are_ordered_and_lose_no_word(text: str) -> None:
    _check(text)


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_spans_of_any_text(text: str) -> None:
    _check(text)


def _check(text: str) -> None:
    end = 0
    flat = flatten(text)
    assert len(flat) == len(text)
    for start, stop in split_sentences(text):
        assert end <= start < stop <= len(text)
        assert not flat[end:start].strip()
        assert flat[start:stop].strip() == flat[start:stop]
        end = stop
    assert not flat[end:].strip()


def test_a_sentence_never_begins_with_a_lone_closing_mark() -> None:
    text = "He came.” She left.’ They ran.) It fell.» The end. ” So it was. ' And on. ''"
    starts = {text[a] for a, _ in split_sentences(text)}
    assert not starts & set("”’)»")


def test_an_endless_sentence_is_cut_at_white_space() -> None:
    text = "word " * 5_000
    spans = split_sentences(text)
    assert all(b - a <= LONGEST_SENTENCE for a, b in spans)
    assert {text[a:b].split()[-1] for a, b in spans} == {"word"}
    assert all(b - a <= LONGEST_SENTENCE for a, b in split_sentences("x" * 50_000))


def test_windows_do_not_show() -> None:
    sentences = [f"Sentence number {i} has been said by somebody." for i in range(2_000)]
    text = " ".join(sentences)
    assert [text[a:b] for a, b in split_sentences(text)] == sentences
