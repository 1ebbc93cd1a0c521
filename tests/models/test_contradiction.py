"""What is said otherwise than in the story is found, rule by rule; and what the rules let through and cost in all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import contradiction
from models.alignment import Aligned
from models.anchoring import Anchors, _lengths, _pairs, _Sentence
from models.contradiction import RULES, Rule
from models.faithfulness import Evidence


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(__file__).parent / name).read_text("utf-8").splitlines()]


CASES, LATER = read("contradictions.jsonl"), read("contradictions-later.jsonl")


def aligned(text: str, story: Sequence[str]) -> Aligned:
    own, first = _Sentence.of(text), _Sentence.of(story[0])
    place = first.with_next(_Sentence.of(story[1] if len(story) > 1 else ""))
    return Aligned(own.words, place.words, len(first.words), _pairs(own, place, _lengths(own.stems, place.stems)))


@pytest.mark.parametrize(
    ("rule", "story", "false", "true"),
    [
        (
            contradiction.turned_round,
            ["The league lifted its suspension of driver Karl Brandt."],
            "The league announced the suspension of driver Karl Brandt.",
            "The league lifted the suspension of Karl Brandt.",
        ),
        (
            contradiction.opposite,
            ["Shares of the retailer fell 8 percent on Monday."],
            "Shares of the retailer rose 8 percent.",
            "Shares of the retailer dropped 8 percent.",
        ),
        (
            contradiction.rank_lost,
            ["The former mayor Ann Lowe and her deputy Karl Brandt were acquitted."],
            "The mayor Ann Lowe was acquitted.",
            "The former mayor Ann Lowe was acquitted.",
        ),
        (
            contradiction.bound_turned,
            ["The plan may cost up to 30 million dollars, and nearly all of it is borrowed."],
            "The plan costs 30 million dollars.",
            "The plan costs at most 30 million dollars.",
        ),
        (
            contradiction.outcome_lost,
            ["The ministry ruled out on Monday that taxes will rise."],
            "Taxes will rise.",
            "The ministry ruled out that taxes rise.",
        ),
        (
            contradiction.outcome_lost,
            ["The brothers are on trial for the theft of a painting."],
            "The brothers stole a painting.",
            "The brothers are accused of the theft of a painting.",
        ),
        (
            contradiction.denial_gained,
            ["The court, which sat on Friday, found Brandt guilty; it did not fine him."],
            "The court did not find Brandt guilty.",
            "The court found Brandt guilty.",
        ),
        (
            contradiction.told_as_done,
            ["The carmaker will close its plant in Dayton in May."],
            "The carmaker closed its plant in Dayton.",
            "The carmaker is to close its plant in Dayton.",
        ),
        (
            contradiction.condition_lost,
            ["The union will strike on Monday if the talks fail."],
            "The union will strike on Monday.",
            "The union will strike on Monday unless talks succeed.",
        ),
        (
            contradiction.pronoun_turned,
            ["The nurse told the boy that her brother had sold his car."],
            "The nurse told the boy that his brother had sold the car.",
            "The nurse told the boy that her brother had sold a car.",
        ),
        (
            contradiction.superlative_gained,
            ["The bank is one of the largest lenders in the country."],
            "The bank is the largest lender in the country.",
            "The bank is among the largest lenders in the country.",
        ),
        (
            contradiction.names_crossed,
            ["Alder United beat Quarry Rovers 2-1 on Sunday in the rain."],
            "Quarry Rovers beat Alder United 2-1 on Sunday.",
            "Alder United beat Quarry Rovers on Sunday.",
        ),
        (
            contradiction.figures_crossed,
            ["The rate went from 5.5 to 8.5 percent in March."],
            "The rate went from 8.5 to 5.5 percent.",
            "The rate went from 5.5 to 8.5 percent.",
        ),
        (
            contradiction.agent_turned,
            ["The dog was bitten by the postman on Friday."],
            "The dog had bitten the postman on Friday.",
            "The dog was bitten by a postman on Friday.",
        ),
        (
            contradiction.voice_turned,
            ["The striker was injured when the bus stopped."],
            "The striker injured the bus driver.",
            "The striker was injured when a bus stopped.",
        ),
        (
            contradiction.preposition_turned,
            ["The board voted for the merger with Alder Bank."],
            "The board voted against the merger with Alder Bank.",
            "The board voted for a merger with Alder Bank.",
        ),
        (
            contradiction.another_event,
            ["Two men died in the fire at the mill.", "In a separate crash, three women were hurt near Oxbridge."],
            "Two men died in the crash near Oxbridge.",
            "Two men died at the mill; a separate crash hurt three women.",
        ),
        (
            contradiction.figure_elsewhere,
            ["Brandt has scored two league goals this season."],
            "Brandt has scored three league goals.",
            "Brandt has scored 2 league goals.",
        ),
        (
            contradiction.count_lost,
            ["Stewart said in May that he was leaving after 16 years."],
            "Stewart said he was leaving after a year.",
            "Stewart said he was leaving after 16 years.",
        ),
        (
            contradiction.quote_elsewhere,
            ["The actor's son had a run-in with a guard, Vane said."],
            'Vane said the actor\'s son is a "strong" guard.',
            "Vane said the actor's son had a run-in with a guard.",
        ),
        (
            contradiction.name_swapped,
            ["Rebels seized an airport as a U.N. envoy warned of war; the U.S. was silent."],
            "A U.S. envoy warned of war.",
            "A U.N. envoy warned of war.",
        ),
        (
            contradiction.behind_another,
            ["Tony Hale has received threats days after the host Jeremy Lark was dropped."],
            "Tony Hale has received threats from the host Jeremy Lark.",
            "Tony Hale received threats after the host was dropped.",
        ),
        (
            contradiction.name_elsewhere,
            ["The mayor of Alder was released from the clinic."],
            "The mayor of Quarry was released from the clinic.",
            "The mayor was released from the Alder clinic.",
        ),
        (
            contradiction.role_of_another,
            ["Alder United defender Jon Evans and Quarry United striker Paul Cissé were charged with spitting."],
            "Jon Evans, Quarry United defender, was charged with spitting.",
            "Jon Evans, Alder United defender, was charged with spitting.",
        ),
        (
            contradiction.possibility_gained,
            ["The hall is home to three high-technology firms."],
            "The hall would be home to high-technology firms.",
            "The hall is home to high-technology firms.",
        ),
        (
            contradiction.predicate_gained,
            ["Ms Boyle phoned her on Monday and asked her to call round to Mr Hale's house."],
            "Ms Boyle and Mr Hale were friends.",
            "Ms Boyle phoned on Monday.",
        ),
        (
            contradiction.name_mixed,
            ["Quarry host Alder on Boxing Day, when Jon Evans returns."],
            "Quarry host Alder on Christmas Day.",
            "Quarry host Alder when Mr Evans returns on Boxing Day.",
        ),
        (
            contradiction.subject_behind,
            ["The motorbike was travelling south towards Alder when it hit the car, police said."],
            "The car was travelling south towards Alder.",
            "Police say the motorbike was travelling south towards Alder.",
        ),
        (
            contradiction.speaker_turned,
            ["Mr Vane said party leader Jon Evans had told the migrants to come."],
            "Party leader said Jon Evans had told the migrants to come.",
            "Vane said leader Jon Evans told the migrants to come.",
        ),
        (
            contradiction.voice_turned,
            ["The team were warned to leave the court on Monday."],
            "The team warned they would leave the court.",
            "The team were warned to leave the court.",
        ),
        (
            contradiction.behind_another,
            ["Brandt was transferred to a jail in the Alder region in May."],
            "Brandt was transferred from Alder in May.",
            "Brandt was transferred to a jail in Alder.",
        ),
        (
            contradiction.opposite,
            ["Mr Hale was found guilty of eight offences but may return to work."],
            "Mr Hale was charged with eight offences.",
            "Mr Hale, guilty of eight offences, may return to work.",
        ),
        (
            contradiction.predicate_gained,
            ["Growth was helped by an estimate of consumer spending, revised up."],
            "Growth of consumer spending is often strong.",
            "Consumer spending was again revised.",
        ),
        (
            contradiction.title_turned,
            ["Michael Hale delivered his letter to Ms Lowe in person."],
            "Michael Hale delivered letter to Mr Lowe.",
            "Mr Hale delivered a letter to Ms Lowe.",
        ),
        (
            contradiction.superlative_widened,
            ["The former captain becomes the first French coach of the Alder-based club."],
            "The captain becomes first coach of the Alder club.",
            "The captain becomes the first French coach of the club.",
        ),
    ],
)
def test_a_rule_finds_its_fault_and_passes_what_is_fair(rule: Rule, story: list[str], false: str, true: str) -> None:
    assert rule(aligned(false, story))
    assert not rule(aligned(true, story))
    assert not any(each(aligned(story[0], story)) for each in RULES)


@pytest.mark.parametrize(
    ("story", "text"),
    [
        ("He won't resign over the letter.", "He would not resign over the letter."),
        ("Jon Evans cannot play on Monday.", "Evans could not play on Monday."),
        ("The team can't play on Monday.", "The team could not play on Monday."),
        ("They'll not play in Alder on Monday.", "They would not play on Monday."),
    ],
)
def test_a_contracted_modal_is_one(story: str, text: str) -> None:
    assert not contradiction.possibility_gained(aligned(text, [story]))


def test_every_rule_has_an_example() -> None:
    (mark,) = test_a_rule_finds_its_fault_and_passes_what_is_fair.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(RULES)


def shown(case: dict[str, Any]) -> bool:
    supported = not Evidence.of(" ".join(case["sentences"])).unsupported(case["text"])
    return supported and Anchors(case["sentences"]).holds(case["text"])


@pytest.mark.parametrize(
    ("cases", "n_false", "n_true", "most_through", "most_refused"),
    [(CASES, 102, 56, 11, 23), (LATER, 106, 58, 19, 8)],
    ids=["made with the rules", "made later"],
)
def test_false_sentences_are_refused_and_true_ones_shown(
    cases: list[dict[str, Any]], n_false: int, n_true: int, most_through: int, most_refused: int
) -> None:
    """Of sentences made up to deceive the guard, and of fair ones: a floor, to be raised with the guard."""
    passed = [shown(case) for case in cases]
    through = [case["text"] for case, show in zip(cases, passed, strict=True) if show and not case["true"]]
    refused = [case["text"] for case, show in zip(cases, passed, strict=True) if not show and case["true"]]
    assert [sum(case["true"] is kind for case in cases) for kind in (False, True)] == [n_false, n_true]
    assert len(through) <= most_through, through
    assert len(refused) <= most_refused, refused


@given(st.lists(st.text(max_size=80), min_size=1, max_size=3), st.text(max_size=120))
def test_any_text_is_judged(sentences: list[str], text: str) -> None:
    assert Anchors(sentences).holds(text) in (True, False)
    assert not Anchors([]).holds("Two words")


@given(st.sampled_from(CASES))
def test_a_sentence_of_the_story_holds(case: dict[str, Any]) -> None:
    anchors = Anchors(case["sentences"])
    assert all(anchors.holds(sentence) for sentence in case["sentences"])
