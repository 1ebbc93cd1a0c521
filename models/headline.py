"""A headline out of a story's own words: its best sentence, compressed by rules that only delete.

What is deleted are clauses a sentence stands without (as in Dorr, Zajic and Schwartz, "Hedge Trimmer", 2003), never a
negation or a condition, never half of a quotation. Where nothing short, whole and self-contained is left, there is
none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import headline_rules as rules
from models.naming import is_ordinary
from models.selection import leans

MOST_WORDS = 12
FEWEST_WORDS = 5
LONGEST_SENTENCE = 600  # characters; of a longer one, too little would be left
_LOOSE_WORDS = 3
_TRIED = 5  # sentences, best first
_NEARLY_BEST = 0.8  # of the best sentence's score: a worse one does not speak for the story


def headline(sentences: Sequence[str], scores: NDArray[Any] | Sequence[float]) -> str | None:
    """The best sentence of a story as a headline of at most `MOST_WORDS` words, or None.

    Its words are words of one sentence in their order; only its first letter may have become a capital.

    Args:
        sentences: the story's sentences.
        scores: one per sentence, `(n_sentences,)`, from 0 to 1; the highest is tried first.

    Returns:
        None where no sentence about as good as the best one can be made short, whole and self-contained.
    """
    values = np.asarray(scores, dtype=np.float64)
    for index in np.argsort(-values, kind="stable")[:_TRIED]:
        if values[index] < _NEARLY_BEST * values.max():
            break
        found = compress(sentences[int(index)])
        if found is not None:
            return found
    return None


def compress(sentence: str) -> str | None:
    """A sentence without what it can do without, as a headline; None where that is still too long, or no headline."""
    text = " ".join(sentence.split())
    if len(text) > LONGEST_SENTENCE or not rules.STOP.search(text) or leans(text):
        return None
    text = rules.STOP.sub(r"\1", text)
    for step in _ALWAYS:
        text = step(text)
    for step in _WHERE_LONG:
        while len(text.split()) > MOST_WORDS:
            shorter = step(text)
            if shorter == text:
                break
            text = shorter
    return _finished(text, sentence)


def _finished(text: str, sentence: str) -> str | None:
    text = text.strip(rules.EDGES)
    words = rules.WORD.findall(text)
    if len(words) < FEWEST_WORDS or len(text.split()) > MOST_WORDS or leans(text) or leans(text[:1].upper() + text[1:]):
        return None
    last = words[-1].strip("\"”“'’.,)").lower()
    if last in rules.DANGLING or text[-1] in ",;:?!" or rules.ODD.search(text) or len(rules.QUOTE.findall(text)) % 2:
        return None
    if _verbs(text, sentence) <= len(rules.RELATIVE.findall(text)) or rules.LEANING.match(text):
        return None
    rest = text.rpartition(",")[2]
    if len(rest.split()) <= _LOOSE_WORDS and rest != text and not (rules.FINITE.search(rest) or rest[-1] in '”"'):
        return None  # what is left of a clause that was cut
    if any(not rules.FINITE.search(text, match.end()) for match in rules.SAYING.finditer(text)):
        return None  # something was said, but not what
    if rules.OPENS_CLAUSE.match(text) and ("," not in text or text.lower() not in sentence.lower()):
        return None  # an opening clause whose sentence may have lost its verb
    if rules.FIRST_PERSON.search(_outside_quotes(text)) or rules.BACK.search(text):
        return None
    if not all(_has_antecedent(text[: match.start()]) for match in rules.PRONOUN.finditer(text)):
        return None
    if len(rules.KEPT.findall(text)) < len(rules.KEPT.findall(rules.STOP.sub("", sentence))):
        return None
    return text[:1].upper() + text[1:]


def _verbs(text: str, sentence: str) -> int:
    """How many finite verbs a part of a sentence has; "were caught" is one."""
    participles = {match[1] for match in rules.PARTICIPLE.finditer(sentence)}
    count, last = 0, -2
    for match in rules.FINITE.finditer(text):
        if match[0] not in participles and match.start() - last > 1:
            count += 1
        last = match.end()
    return count


def _has_antecedent(before: str) -> bool:
    """Whether a pronoun can mean something said before it: a name, or a noun with its article."""
    words = before.split()
    if not words:
        return False
    if any(word.lstrip("\"“‘'(")[:1].isupper() for word in words[1:]):
        return True
    first = words[0].strip("\"“‘'(,.").lower()
    return first in ("the", "a", "an") or not is_ordinary(first.removesuffix("'s").removesuffix("’s"))


def _outside_quotes(text: str) -> str:
    return re.sub(r'“[^”]*”|"[^"]*"', " ", text)


def _cut(text: str, start: int, end: int, joint: str = " ") -> str:
    """The text without a part, or the text itself where the part must stay."""
    part = text[start:end]
    if rules.KEPT.search(part) or len(rules.QUOTE.findall(part)) % 2 or len(rules.QUOTE.findall(text[:start])) % 2:
        return text
    if part.count("(") != part.count(")"):
        return text
    rest = f"{text[:start].rstrip(' ')}{joint}{text[end:].lstrip(' ')}".strip()
    return rest[:1].upper() + rest[1:] if rules.WORD.search(rest) else text


def _dateline(text: str) -> str:
    found = rules.DATELINE.match(text)
    return _cut(text, 0, found.end()) if found else text


def _brackets(text: str) -> str:
    while found := rules.BRACKETED.search(text):
        shorter = _cut(text, *found.span())
        if shorter == text:
            break
        text = re.sub(r"\s+([,.;:])", r"\1", shorter)
    return text


def _attribution(text: str) -> str:
    """Without a source that is an office or a paper, unless it is what makes an accusation one."""
    if rules.CRIME.search(text):
        return text
    for pattern in (rules.ACCORDING, rules.TAIL_ACCORDING, rules.INNER_SAID):
        if found := pattern.search(text):
            text = _cut(text, *found.span())
    found = rules.LAST_SAID.search(text) and rules.TAIL_SAID.search(text)
    if found and "," in found[0][:2]:
        text = _cut(text, found.end("quote"), len(text)) if found["quote"] else _cut(text, *found.span())
    return text


def _time(text: str) -> str:
    if found := rules.TIME_FIRST.match(text):
        text = _cut(text, 0, found.end())
    for found in reversed(list(rules.TIME.finditer(text))):
        if not rules.NO_TIME.search(text[: found.start()]):
            text = _cut(text, *found.span(), joint="" if text[found.end() : found.end() + 1] == "," else " ")
    return text


def _by(pattern: re.Pattern[str], *, inside: bool = False) -> Callable[[str], str]:
    """A step that cuts the last match that may go; what is not `inside` a sentence has its verb before it."""

    def step(text: str) -> str:
        for found in reversed(list(_overlapping(pattern, text))):
            start = found.end("kept") if "kept" in pattern.groupindex else found.start()
            if rules.CLAIM.search(text, start, found.end()):
                continue
            shorter = _cut(text, start, found.end())
            if shorter != text and (inside or rules.FINITE.search(rules.RELATIVE_CLAUSE.sub("", text[:start]))):
                return shorter
        return text

    return step


def _overlapping(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    at = 0
    while found := pattern.search(text, at):
        yield found
        at = found.start() + 1


def _appositives(text: str) -> str:
    """Without what stands between two commas, unless the first one ends an opening clause."""
    return text if rules.FRONT.match(text) else _by(rules.APPOSITIVE, inside=True)(text)


def _scoped(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """As `_by`, for what may limit a claim: nothing is cut from "the first of its kind in the country"."""
    cut = _by(pattern)
    return lambda text: text if rules.SCOPED.search(_outside_quotes(text)) else cut(text)


def _phrase(text: str) -> str:
    """Without its last prepositional phrase, where enough is left before it to be a sentence."""
    if rules.SCOPED.search(_outside_quotes(text)):
        return text
    for found in reversed(list(_overlapping(rules.PHRASE, text))):
        before = text[: found.start()]
        if (
            len(rules.WORD.findall(before)) < rules.LEAST_LEFT
            or rules.BARE.search(before.rpartition(" ")[2])
            or not rules.FINITE.search(before)
        ):
            continue
        shorter = _cut(text, *found.span())
        if shorter != text:
            return shorter
    return text


def _front(text: str) -> str:
    found = rules.FRONT.match(text)
    if not found or rules.NO_FRONT.match(text):
        return text
    verb = rules.FINITE.search(text, found.end())
    if verb is None or "," in text[found.end() : verb.start()]:
        return text  # the comma stood inside the clause: "Despite its new, more conservative tilt, ..."
    return _cut(text, 0, found.end())


def _titles(text: str) -> str:
    """Without the offices before a full name, and without "Mr."."""
    if found := rules.OFFICE.match(text):
        text = _cut(text, 0, found.end())
    for found in reversed(list(rules.COURTESY.finditer(text))):
        text = _cut(text, *found.span())
    return text


_ALWAYS: tuple[Callable[[str], str], ...] = (_dateline, _brackets, _attribution, _time)
_WHERE_LONG: tuple[Callable[[str], str], ...] = (
    _by(rules.DASHES, inside=True),
    _titles,
    _appositives,
    *(_by(pattern) for pattern in rules.TAILS[:4]),
    _front,
    _appositives,
    _scoped(rules.TAILS[4]),
    _scoped(rules.AS),
    _by(rules.TAILS[5]),
    _phrase,
)
