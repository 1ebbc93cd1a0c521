"""A shortened sentence does not say the opposite of what it was taken from."""

from __future__ import annotations

import pytest

from models.anchoring import Anchors
from models.turns import denials, supposes
from models.wording import stem, tokens

BAN = "The league announced on Wednesday that it has lifted its suspension of driver Karl Brandt, who can race at once."
TRIAL = "Prosecutors accused Brandt of poisoning two of his rivals at the Quarry track in May."
HEALTHY = "The father of the girl, found by rescuers in the river, says she is doing great."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("The league announced the suspension of driver Karl Brandt.", BAN),
        ("Brandt poisoned two of his rivals at the Quarry track.", TRIAL),
        ("Brandt poisoned two rivals in May.", TRIAL),  # the month supposes nothing
        ("The board approved the merger with Alder Bank.", "The board has not approved the merger with Alder Bank."),
        ("The board did not approve the merger.", "The board approved the merger with Alder Bank."),
        ("Vane bought the bank.", "Vane denied on Monday that she had bought the bank."),
        ("The father of the girl found in the river says he is doing great.", HEALTHY),
    ],
)
def test_a_sentence_turned_round_is_not_anchored(text: str, sentence: str) -> None:
    assert not Anchors([sentence]).holds(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("The league lifted the suspension of Karl Brandt.", BAN),
        ("The league cancelled its suspension of Karl Brandt.", BAN),  # taken back in another word
        ("Prosecutors accused Brandt of poisoning two rivals.", TRIAL),
        ("Brandt is suspected of poisoning two rivals at the track.", TRIAL),
        ("The board did not approve the merger.", "The board has not approved the merger with Alder Bank."),
        ("The board approved the merger.", "The board approved the merger; its chairman did not vote."),
        ("The father of the girl says she is doing great.", HEALTHY),
        ("He won the race in the rain.", "He won the race in the rain, and she came second."),
    ],
)
def test_what_is_kept_as_it_was_is_anchored(text: str, sentence: str) -> None:
    assert Anchors([sentence]).holds(text)


def test_a_denial_in_another_sentence_is_none_of_this_one() -> None:
    story = ["The mayor did not comment.", "The bridge across the Alder opened on Tuesday."]
    assert Anchors(story).holds("The bridge across the Alder opened.")


@pytest.mark.parametrize(
    "text", ["The board did not approve the merger with Alder Bank.", "The board dropped the merger."]
)
@pytest.mark.parametrize("before", [True, False])
def test_a_denial_is_not_borrowed_from_another_sentence(text: str, before: bool) -> None:
    story = ["The board approved the merger with Alder Bank on Monday.", "The chairman did not comment."]
    assert not Anchors(story[::-1] if before else story).holds(text)


def test_the_same_words_told_from_others() -> None:
    assert denials(tokens("She didn't; nobody could deny it.")) == {"didnt", "nobody", "deny"}
    assert not denials(tokens("The lift knots a dropout."))
    assert supposes(tokens("It may rain"))
    assert not supposes(tokens("It rained in May"))


@pytest.mark.parametrize(
    "forms",
    [
        ("sue", "sued", "sues", "suing"),
        ("plan", "plans", "planned", "planning"),
        ("charge", "charged"),
        ("election", "electoral"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


def test_a_title_supposes_nothing() -> None:
    assert not supposes(tokens("Mullah Rafi met the elders."))
    assert supposes(tokens("The elders mulled a meeting."))
