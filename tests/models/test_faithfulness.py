"""The guard finds what a story does not support, and nothing in what the story itself says."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.faithfulness import Evidence, Unsupported, unsupported
from models.story import read_story

STORY = (
    "TARSK — Karsova began moving 4,200 soldiers to the border on Monday, March 5, 2012, the defence ministry said. "
    "Gen. Jonathan Vance told reporters that twenty men had died since Sept. 11. "
    "“We will not leave the valley,” he said. “The cost is $3 million, or 12 per cent of our budget.” "
    "Ruth Drăgan, the United Nations envoy to Iraq, called it “a grave mistake”. "
    "The supreme court will hear the case of the U.S. contractor Brown in the 1990s archive on 2013-04-07. "
    "She bought a rose between 5:30 and 7 p.m. and paid £2 to £5 million for two-thirds of it."
)


def kinds(output: str, story: str = STORY) -> list[tuple[str, str]]:
    return [(fault.kind, fault.text) for fault in unsupported(output, story)]


@pytest.mark.parametrize(
    "output",
    [
        "Karsova moves 4,200 soldiers.",
        "Karsova moves 4200 soldiers.",
        "20 men have died, Gen. Vance says.",
        "Twenty men have died, says General Vance.",
        "Mr. Vance speaks.",
        "Vance's men move.",
        "It costs $3m, 12% of the budget.",
        "It costs three million dollars, 12 percent of the budget.",
        "The troops moved on March 5.",
        "The troops moved on 5 March 2012.",
        "The troops moved on Mon.",
        "The Sept. 11 attacks came first.",
        "It came after September 11.",
        "The case comes up on April 7.",
        "The U.N. envoy spoke.",
        "The UN envoy Dragan spoke.",
        "A United Nations envoy spoke.",
        "A US contractor waits.",
        "A United States contractor waits.",
        "The Iraqi envoy spoke.",
        "The Supreme Court will hear it.",
        "Vance: 'We will not leave the valley.'",
        'Vance said: "We will not leave" now.',
        "Vance said “we will not … leave the valley”.",
        "Drăgan calls it a “grave mistake”",
        "She was there at 5:30.",
        "A £2 million rose.",
        "Two-thirds of it was hers.",
        "Residents fear the worst.",
        "Police: Officials know nothing.",
        "An archive of the '90s.",
        "One of them, a first, was hers.",
        "Karsova Moves Soldiers To Border Amid Fears",
        "",
        "…",
    ],
)
def test_other_ways_of_writing_are_supported(output: str) -> None:
    assert kinds(output) == []


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("Karsova moves 4,300 soldiers.", [("number", "4,300")]),
        ("Thirty men have died.", [("number", "Thirty")]),
        ("It costs $4 million.", [("number", "$4 million")]),
        ("It costs $3 billion.", [("number", "$3 billion")]),
        ("It is 20 percent of the budget.", [("number", "20 percent")]),
        ("Hundreds have died.", []),
        ("Millions of men have died.", [("number", "Millions")]),
        ("The troops moved on April 5.", [("date", "April 5")]),
        ("The troops moved on March 11.", [("date", "March 11")]),
        ("The troops moved on Tuesday.", [("date", "Tuesday")]),
        ("The troops moved in June.", [("date", "June")]),
        ("In 2014 the troops moved.", [("number", "2014")]),
        ("Gen. Peter Vance speaks.", [("name", "Peter")]),
        ("Zimbabwe moves soldiers.", [("name", "Zimbabwe")]),
        ("President Vance speaks.", [("name", "President")]),
        ("A contractor named Rose waits.", [("name", "Rose")]),
        ("Jonathan Brown waits.", [("name", "Jonathan Brown")]),
        ("Vance said: “We will leave the valley.”", [("quotation", "We will leave the valley")]),
        ("Vance calls it 'a huge mistake'.", [("quotation", "a huge mistake")]),
        ("Karsova Moves Soldiers To Border With Zimbabwe", [("name", "Zimbabwe")]),
        ("karsova moves soldiers to the border with zimbabwe", [("name", "zimbabwe")]),
        ("CNN reports from Karsova.", [("name", "CNN")]),
        ("One-third of it was hers.", [("number", "One-third")]),
        ("She was there at 5:45.", [("number", "5:45")]),
    ],
)
def test_what_is_not_in_the_story_is_found(output: str, found: list[tuple[str, str]]) -> None:
    assert kinds(output) == found


def test_offsets_are_those_of_the_output() -> None:
    output = "Vance speaks. In Zimbabwe, 99 men “ran away” on Friday."
    faults = unsupported(output, STORY)
    assert [fault.kind for fault in faults] == ["name", "number", "quotation", "date"]
    assert all(output[fault.start : fault.end] == fault.text for fault in faults)
    assert faults[0] == Unsupported("name", "Zimbabwe", 17, 25)


def test_a_lower_cased_story_supports_cased_names() -> None:
    story = "jonathan vance told reporters in tarsk on monday that 20 men had died. he will go to the u.n. next week."
    assert kinds("Jonathan Vance spoke in Tarsk on Monday to the UN.", story) == []
    assert kinds("Jonathan Vance spoke in Dubrava.", story) == [("name", "Dubrava")]


def test_the_title_is_part_of_the_story() -> None:
    assert [fault.text for fault in unsupported("Lesna floods again.", "The river rose by two metres.")] == ["Lesna"]
    assert unsupported("Lesna floods again.", "The river rose by two metres.", title="The Lesna floods") == []


def test_every_extract_of_every_seed_story_passes(rows: list[dict[str, Any]]) -> None:
    chance = random.Random(13)
    for row in rows:
        story = read_story(row["text"], title=row["title"])
        evidence = Evidence.of(story)
        assert evidence.unsupported(row["title"]) == []
        for _ in range(3):
            chosen = sorted(chance.sample(range(len(story.sentences)), 3))
            assert evidence.unsupported(" ".join(story.standalone(index) for index in chosen)) == []


NAMES = ["Vance", "Karsova", "Ruth Drăgan", "Lesna", "O’Neil", "al-Amin", "U.N.", "Mount Tarsk"]
NUMBERS = ["20", "twenty-one", "$3 million", "12%", "1,000", "four hundred", "3.5", "99th", "5:30", "1980s"]
VERBS = ["met", "left", "saw", "called"]
sentences = st.builds(
    lambda name, verb, number, other: f"{name} {verb} {number} people near {other}.",
    st.sampled_from(NAMES), st.sampled_from(VERBS), st.sampled_from(NUMBERS), st.sampled_from(NAMES),
)  # fmt: skip
stories = st.lists(sentences, min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(stories, st.data())
def test_whole_sentences_of_a_story_are_supported_and_swaps_are_caught(story: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(story), min_size=1, max_size=4))
    evidence = Evidence.of(" ".join(story))
    assert evidence.unsupported(" ".join(chosen)) == []
    wrong = data.draw(st.sampled_from(["7,777", "Zanzibar", "$8 billion", "Quentin", "eighty-eight", "54 percent"]))
    start = re.search(r"[a-z]+ (.+) people", chosen[0])
    assert start is not None
    output = f"{chosen[0][: start.start(1)]}{wrong}{chosen[0][start.end(1) :]}"
    faults = evidence.unsupported(output)
    assert [fault.text for fault in faults] == [wrong]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("aB 1.,$%'\"“”‘’-:/£\n½thsm"), max_size=40), st.text(max_size=40))
def test_no_text_raises(one: str, other: str) -> None:
    for output, story in ((one, other), (other, one)):
        for fault in unsupported(output, story):
            assert output[fault.start : fault.end] == fault.text != ""


def test_an_acronym_stands_for_the_words_the_story_has() -> None:
    story = "The Board of Radio and Film met. A Lower Tarsk Group was there."
    assert kinds("The BORAF and the BRF met the LTG.", story) == []
    assert kinds("The BFR met.", story) == [("name", "BFR")]


def test_a_hostile_story_takes_no_long_time() -> None:
    for text in ("A" * 20_000, "AB " * 5_000, "“" * 9_000, "5 " * 9_000, "1,000 and " * 3_000, "." * 9_000):
        began = time.process_time()
        unsupported(text[:2_000], text)
        assert time.process_time() - began < 5


def test_it_does_without_torch() -> None:
    code = (
        "import sys; from models.faithfulness import unsupported; unsupported('A', 'B'); exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
