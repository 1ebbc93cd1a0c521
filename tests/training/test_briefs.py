"""What briefs are like: counted by hand on small stories."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.story import Story, read_story
from training.briefs import brief_ratios, lengths, positions, random_extracts, ratio_means, unsupported

STORY = read_story(
    "The Lesna River rose by 1,200 millimetres on Monday, said Mayor Ada Quill of Tarsk. "
    "She asked 40 families to leave their homes. "
    "The river fell again at 10:30 on Tuesday."
)


def figures(brief: list[str], chosen: list[int] | None = None, story: Story = STORY) -> dict[str, float]:
    return ratio_means(brief_ratios([brief], [story], None if chosen is None else [chosen]))


def extract(*indices: int) -> list[str]:
    return [STORY.sentences[index].text for index in indices]


def test_an_extract_copies_everything_and_invents_nothing() -> None:
    found = figures(extract(0, 2), [0, 2])
    assert found["copy_rate"] == 1
    assert found["unsupported"] == found["redundancy"] == found["dangling_openings"] == 0
    assert (found["sentences"], found["words"]) == (2, 15 + 8)
    assert found["compression"] == pytest.approx(23 / 31)


def test_a_sentence_dangles_only_without_the_one_before_it() -> None:
    assert figures(extract(1), [1])["dangling_openings"] == 1
    assert figures(extract(0, 1), [0, 1])["dangling_openings"] == 0
    assert figures(["She left."])["dangling_openings"] == 1


def test_repeated_words_are_redundant() -> None:
    # the runs of each sentence: a b c, b c d; the second sentence repeats both
    assert figures(["a b c d", "A b c d."])["redundancy"] == pytest.approx(2 / 4)
    assert figures(["yes", "yes"])["redundancy"] == pytest.approx(1 / 2)


def test_a_rewritten_brief_is_copied_in_part() -> None:
    # asked 40 families, 40 families to, families to flee
    assert figures(["asked 40 families to flee"])["copy_rate"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The Lesna rose by 1200 millimetres.", []),
        ("The Lesna rose by 1,300 millimetres.", ["1300"]),
        ("On Monday Quill's Tarsk flooded.", []),
        ("On Friday Mayor Ada Lund said so.", ["Friday", "Lund"]),
        ("It fell at 10:30.", []),
        ("It fell at 10:31.", ["10:31"]),
        ("Nobody was hurt.", []),  # a name that opens a sentence goes unchecked
    ],
)
def test_names_and_numbers_must_stand_in_the_story(sentence: str, expected: list[str]) -> None:
    assert unsupported([sentence], STORY) == expected


@given(st.text(alphabet="Aab c.,1950:é\n’-", max_size=120))
def test_no_extract_is_unsupported_whatever_the_text(text: str) -> None:
    story = read_story(text)
    brief = [sentence.text for sentence in story.sentences]
    found = ratio_means(brief_ratios([brief], [story], [list(range(len(brief)))]))
    assert found["unsupported"] == 0
    assert found["copy_rate"] in (0, 1)


def test_nothing_at_all() -> None:
    assert set(figures([], []).values()) == {0.0}
    assert set(ratio_means(brief_ratios([], [], [])).values()) == {0.0}


def test_positions_and_lengths() -> None:
    assert positions([[0, 2], [0, 11, 30]]) == [2, 0, 1, *[0] * 7, 2]
    assert positions([]) == [0] * 11
    counts = lengths([["one two"], ["word " * 12, "word " * 8], ["word " * 900]])
    assert (counts[0], counts[2], counts[20], sum(counts)) == (1, 1, 1, 3)


def test_random_sentences_are_the_same_each_time_and_never_more_than_there_are() -> None:
    drawn = random_extracts([0, 1, 2, 40, 40], 3)
    assert drawn == random_extracts([0, 1, 2, 40, 40], 3)
    assert drawn[:3] == [[], [0], [0, 1]]
    assert drawn[3] != drawn[4]
    assert all(rows == sorted(set(rows)) for rows in drawn)
    spread = np.bincount([rows[0] for rows in random_extracts([4] * 400, 1)], minlength=4)
    assert spread.min() > 60
