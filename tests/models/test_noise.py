"""Every rule of noise does what its own examples say, and none takes another rule's near miss."""

from __future__ import annotations

import re

import pytest

from models.cleaning import Cleaner, is_fragment
from models.noise import RULES, Rule, compile_rules, rule_name
from models.repair import flatten

_REST = "The ferry left the harbour at dawn."


def _ids(rule: Rule) -> str:
    return rule.name


def _matched(rule: Rule, text: str) -> bool:
    """Whether the rule by itself would take something off a line."""
    pattern, line = re.compile(rule.pattern), text if rule.cased else text.lower()
    found = {"prefix": pattern.match, "suffix": pattern.search}.get(rule.kind, pattern.fullmatch)(line)
    return found is not None


@pytest.mark.parametrize("rule", RULES, ids=_ids)
def test_rule_takes_its_example(rule: Rule) -> None:
    assert _matched(rule, rule.example)
    assert not rule.cue or any(cue in rule.example.lower() for cue in rule.cue)


@pytest.mark.parametrize("rule", RULES, ids=_ids)
def test_no_rule_of_the_kind_takes_the_near_miss(rule: Rule) -> None:
    for cased in (False, True):
        for cued in (False, True):
            pattern = compile_rules(rule.kind, cased=cased, cued=cued)
            match = {"prefix": pattern.match, "suffix": pattern.search}.get(rule.kind, pattern.fullmatch)
            found = match(rule.counterexample if cased else rule.counterexample.lower())
            assert found is None, rule_name(found)


@pytest.mark.parametrize("rule", RULES, ids=_ids)
def test_rule_is_well_formed(rule: Rule) -> None:
    if not rule.cased:  # it is matched against lower-cased text
        assert not re.search(r"(?<!\\)[A-Z]", rule.pattern)
    assert "(?P<" not in rule.pattern, "a named group would hide which rule has matched"
    assert rule.cue or rule.kind != "suffix"


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.kind == "line"], ids=_ids)
def test_line_rules_work_in_the_cleaner(rule: Rule) -> None:
    cleaner = Cleaner(flatten(rule.example))
    assert cleaner.noise_rule(0, len(rule.example)) is not None


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("(cnn) -- the ferry left.", "the ferry left."),
        ("santa veta, ohio (cnn) -- the ferry left.", "the ferry left."),
        ("NEW HARBOUR, March 3 (Fjordpress) - The ferry left.", "The ferry left."),
        ("New Harbour, Mar 3 (PTI) The ferry left.", "The ferry left."),
        ("NEW HARBOUR (AP) — The ferry left.", "The ferry left."),
        ("(CNN)The ferry left.", "The ferry left."),
        ("Norland PressHerald: The ferry left.", "The ferry left."),
        ("by. jane doe. published:. 05:15 est, 9 june 2014. |. updated:. 04:22 est, 10 june 2014. the ferry left.",
         "the ferry left."),
        ("By Jane Doe NEW HARBOUR (Reuters) - The ferry left.", "The ferry left."),
        ("He left (Monday) - and she stayed.", "He left (Monday) - and she stayed."),
        ("The bank (Reuters) said it left.", "The bank (Reuters) said it left."),
    ],
)  # fmt: skip
def test_prefixes(line: str, kept: str) -> None:
    [(start, end)], _ = Cleaner(line).clean_lines([(0, len(line))])
    assert line[start:end] == kept


@pytest.mark.parametrize(
    "sentence",
    [
        "Share prices fell on Monday.",
        "Photos of the ferry were shown in court.",
        "Follow-up visits are rare.",
        "Updated figures show that exports grew.",
        "By Monday the ferry was full.",
        "Reporting by the newspaper led to the inquiry.",
        "The comments are unfortunate, said the mayor.",
        "The views expressed by both parties differed.",
        "More than 40 people were hurt.",
        "Related charges were dropped.",
        "Read by millions, the novel won a prize.",
        "Get out, he said.",
        "Video of the crash was broadcast.",
        "She told Reuters (in May).",
        "Watch your step, the sign says.",
        "Sign up, he told them.",
        "Click, whirr, and the lock opened.",
        "Copyright law has changed.",
        "“We won.”",
        "It was 7 years ago, he said.",
        "He typed <b>bold</b> and left.",
        "Subscribers left in droves.",
    ],
)
def test_sentences_that_look_like_noise_are_kept(sentence: str) -> None:
    for text in (sentence, sentence.lower()):
        kept, noise = Cleaner(text).clean_lines([(0, len(text))])
        assert (kept, noise) == ([(0, len(text))], [])


def test_a_long_line_is_text_whatever_it_says() -> None:
    line = "Sign up for our newsletter " + "and read about the ferry " * 30
    assert Cleaner(line).noise_rule(0, len(line)) is None


@pytest.mark.parametrize("line", ["Ferry left at dawn", "Who sank the ferry?", "Related topics"])
def test_fragments(line: str) -> None:
    assert is_fragment(line)


@pytest.mark.parametrize("line", ["The ferry left at dawn.", "“We left,” he said.", "He said:", _REST * 4])
def test_sentences_are_no_fragments(line: str) -> None:
    assert not is_fragment(line)


@pytest.mark.parametrize(
    ("line", "noise"),
    [
        ("Correction: An earlier version of this report said migration had reached a record.", True),
        ("Clarification: This article was amended on 3 May.", True),
        ("An earlier version of this bill failed in the Senate.", False),
        ("Correction officers said the version of events was wrong.", False),
    ],
)
def test_what_was_corrected_is_not_told_again(line: str, noise: bool) -> None:
    assert (Cleaner(flatten(line)).noise_rule(0, len(line)) is not None) is noise
