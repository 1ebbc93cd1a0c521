"""The guard: what a summary or headline says that its story does not support.

Every number, date, quotation and capitalised name of an output has to be in the story, in whatever form: "20" and
"twenty", "$3m" and "$3 million", "U.S." and "United States", "Gen. Vance" and "Jonathan Vance". It finds what was
brought in from outside; it cannot tell that a supported name did what another one did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from models import naming
from models.quantities import (
    DAY_FORMS,
    MONTH_FORMS,
    Quantity,
    Value,
    days,
    numeric_days,
    quantities,
    range_values,
)
from models.sentences import split_sentences
from models.story import Story, read_story
from models.wording import Token, joined, tokens

_QUOTED = re.compile(
    r"""“(?P<curly>[^“”]+)” | "(?P<straight>[^"]+)" | ``(?P<tex>.+?)''
      | (?<![\w’'])[‘'](?!(?:\d|em\b|til\b|tis\b|twas\b|cause\b|n[’']))
          (?P<single>\w[^“”"‘]{0,200}?[\w.,!?])[’'](?![\w’'])""",
    re.VERBOSE,
)
_PIECE = re.compile(
    r"(?:[^.!?…\[\]—]|(?<=\d)\.(?=\d)|(?<=\b\w)\.|\.(?=\w)|(?<=\b[A-Z][a-z])\.|(?<=\b[A-Z][a-z]{2})\.)+"
)
_OPENER = re.compile(r"""(?:^|[.!?:;…•|\n—–])[\s"“”'‘’(\[*`-]*$|["“‘`(\[][\s]*$|(?:^|\s)'+$""")
_NAME_GAP = re.compile(r"\.?[ \u00a0]|[-‐‑]|\.")
_FEW_CAPITALS = 0.015
_TITLE_SHARE = 0.85
_FEWEST_WORDS = 4
_LONGEST_ACRONYM = 8
_NOT_COUNTED = frozenset(("no", "any", "every", "some", "this", "that", "each", "another", "the"))
_COUNTS_NOTHING = frozenset(("of", "another", "day", "who", "that", "thing", "way", "more", "by", "on", "to"))


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A part of an output that its story does not support.

    Attributes:
        kind: "number", "date", "quotation" or "name".
        text: the part, `output[start:end]`.
        start: its first character in the output.
        end: one past the last.
    """

    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Evidence:
    """What a story mentions: read once, asked about any number of outputs."""

    words: dict[str, set[int]] = field(default_factory=dict)
    names: dict[str, set[int]] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    values: set[Value] = field(default_factory=set)
    days: set[tuple[int, int]] = field(default_factory=set)
    wording: str = " "
    initials: set[str] = field(default_factory=set)
    lower: bool = False

    @classmethod
    def of(cls, story: str | Story, title: str | None = None) -> Evidence:
        """The evidence of a story: its title, its sentences, and what cleaning took out of it.

        Args:
            story: a story, or its text (plain or HTML).
            title: its headline, where it is not part of the story.
        """
        read = read_story(story, title=title, clean=False) if isinstance(story, str) else story
        parts = [read.title or "", *(sentence.text for sentence in read.sentences)]
        parts.extend(removal.text for removal in read.removed)
        evidence = cls()
        alphabetic = capital = 0
        for number, part in enumerate(parts):
            found = tokens(part)
            evidence._add(number, part, found)
            alphabetic += sum(token.kind == "word" for token in found)
            capital += sum(token.capital for token in found)
        evidence.lower = capital < _FEW_CAPITALS * alphabetic
        if evidence.lower:
            evidence.names = evidence.words
        return evidence

    def _add(self, number: int, text: str, found: Sequence[Token]) -> None:
        for token in found:
            if token.kind != "word":
                continue
            self.words.setdefault(token.key, set()).add(number)
            if token.capital:
                self.names.setdefault(token.key, set()).add(number)
            else:
                self.plain.add(token.key)
        numbers = quantities(found)
        for quantity in numbers:
            self.values |= quantity.values
        self.values |= range_values(found, numbers)
        dates = {(date.month, date.day) for date in days(found)} | numeric_days(text)
        self.days |= dates
        self.values |= {("ordinal", Decimal(day)) for _, day in dates}
        self.wording += joined(found)[1:]
        self.initials |= _initials(found)

    def unsupported(self, output: str) -> list[Unsupported]:
        """The parts of an output that the story does not support, in order; none for a faithful one."""
        faults: list[Unsupported] = []
        for start, end in split_sentences(output):
            faults.extend(self._sentence(output[start:end], start))
        faults.extend(self._quotations(output))
        return sorted(set(faults), key=lambda fault: (fault.start, fault.end, fault.kind))

    def _sentence(self, text: str, offset: int) -> Iterator[Unsupported]:
        found = tokens(text)
        taken: set[int] = set()

        def fault(kind: str, first: int, stop: int) -> Unsupported:
            start, end = found[first].start, found[stop - 1].end
            return Unsupported(kind, text[start:end], offset + start, offset + end)

        for date in days(found):
            taken.update(range(date.first, date.stop))
            if (date.month, date.day) not in self.days:
                yield fault("date", date.first, date.stop)
        for quantity in quantities(found):
            if taken.isdisjoint(range(quantity.first, quantity.stop)) and not self._has(quantity, found):
                yield fault("number", quantity.first, quantity.stop)
            taken.update(at for at in range(quantity.first, quantity.stop) if found[at].key not in naming.ROLES)
        yield from (fault(*place) for place in self._names(text, found, taken))

    def _has(self, quantity: Quantity, found: Sequence[Token]) -> bool:
        """Whether the story has a number, in a unit that goes with it."""
        if _no_number(quantity, found):
            return True
        for unit, value in quantity.values:
            if (unit, value) in self.values:
                return True
            if unit == "" and any((other, value) in self.values for other in ("%", "usd", "gbp", "eur", "jpy", "inr")):
                return True
            if unit == "vague" and isinstance(value, Decimal):
                large = (v for u, v in self.values if u == "" and isinstance(v, Decimal))
                if any(2 * value <= v < 1000 * value for v in large):
                    return True
            if unit == "fraction" and value == "1/2" and {("%", Decimal(50)), ("", Decimal("0.5"))} & self.values:
                return True
            if unit == "decade" and any(
                u == "" and isinstance(v, Decimal) and 1800 < v < 2100 and v % 100 == value for u, v in self.values
            ):
                return True
        return False

    def _names(self, text: str, found: Sequence[Token], taken: set[int]) -> Iterator[tuple[str, int, int]]:
        blind = _says_nothing(found)
        places: dict[int, set[int]] = {}  # supported names and the sentences of the story that have them
        for index, token in enumerate(found):
            if token.kind != "word" or index in taken or token.key in naming.FUNCTION_WORDS or len(token.key) < 2:
                continue
            if not token.capital and blind != "lower":
                continue
            where = self._places(token.key)
            if where:
                places[index] = where
                continue
            if token.key in naming.COURTESY and index + 1 < len(found) and found[index + 1].capital:
                continue
            opening = bool(blind) or _opens(text, found, index)
            if opening and (token.key in self.plain or self._common(found, index)):
                continue
            if self._in_phrase(found, index):
                continue
            yield "date" if token.key in MONTH_FORMS or token.key in DAY_FORMS else "name", index, index + 1
        if not blind:
            yield from self._mixtures(text, found, places)

    def _places(self, key: str) -> set[int]:
        """The sentences of the story that have a name in some form; -1 stands for its words spelled out."""
        where = set(self.names.get(key, ()))
        for variant in naming.variants(key):
            where |= self.names.get(variant, set())
        if key in naming.ROLES:
            where |= self.words.get(key, set())
            for variant in naming.variants(key):
                where |= self.words.get(variant, set())
        spelled = any(f" {words} " in self.wording for words in naming.SPELLED_OUT.get(key, ()))
        if spelled or (not where and key in self.initials):
            where.add(-1)
        return where

    def _common(self, found: Sequence[Token], index: int) -> bool:
        """Whether a word that the story has not is no name where its capital says nothing; a title before one is."""
        if found[index].key in naming.ROLES:
            return index + 1 == len(found) or not (
                found[index + 1].capital and _NAME_GAP.fullmatch(found[index + 1].gap)
            )
        return naming.is_ordinary(found[index].key)

    def _in_phrase(self, found: Sequence[Token], index: int) -> bool:
        """Whether the story has the word in lower case beside the same neighbour, as in "supreme court"."""
        for first in (index - 1, index):
            pair = found[max(first, 0) : first + 2]
            if len(pair) == 2 and all(t.capital for t in pair) and joined(pair) in self.wording:
                return True
        for short, expansions in naming.SPELLED_OUT.items():
            for words in expansions if short in self.names else ():
                length = words.count(" ") + 1
                for first in range(max(0, index - length + 1), index + 1):
                    if joined(found[first : first + length]).strip() == words:
                        return True
        return False

    def _mixtures(
        self, text: str, found: Sequence[Token], places: dict[int, set[int]]
    ) -> Iterator[tuple[str, int, int]]:
        """Names made of two that the story has in different sentences only: "John" of one man, "Obama" of another."""
        for index, other in places.items():
            one = places.get(index - 1)
            if one is None or -1 in one or -1 in other or not _NAME_GAP.fullmatch(found[index].gap):
                continue
            if text[: found[index - 1].end].endswith(("'s", "’s")):
                continue
            keys = {found[index - 1].key, found[index].key}
            if keys & (naming.ROLES | naming.COURTESY) or any(key in MONTH_FORMS or key in DAY_FORMS for key in keys):
                continue
            if one.isdisjoint(other) and not (_opens(text, found, index - 1) and found[index - 1].key in self.plain):
                yield "name", index - 1, index + 1

    def _quotations(self, output: str) -> Iterator[Unsupported]:
        for match in _QUOTED.finditer(output):
            group = match.lastgroup or ""
            for piece in _PIECE.finditer(match[group]):
                words = joined(tokens(piece[0]))
                if words.strip() and words not in self.wording:
                    start = match.start(group) + piece.start() + len(piece[0]) - len(piece[0].lstrip())
                    end = match.start(group) + piece.start() + len(piece[0].rstrip())
                    yield Unsupported("quotation", output[start:end], start, end)


def unsupported(output: str, story: str | Story, *, title: str | None = None) -> list[Unsupported]:
    """The parts of a summary or headline that its story does not support, in order; see `Evidence`."""
    return Evidence.of(story, title).unsupported(output)


def _no_number(quantity: Quantity, found: Sequence[Token]) -> bool:
    """Whether a number word counts nothing: "one of them", "no one", "first", "a second later"."""
    key = found[quantity.first].key
    if quantity.stop - quantity.first > 1:
        return False
    after = found[quantity.stop].key if quantity.stop < len(found) else ""
    before = found[quantity.first - 1].key if quantity.first else ""
    if key == "one":
        return after in _COUNTS_NOTHING or before in _NOT_COUNTED or not after
    return key in ("first", "second", "half", "zero")


def _initials(found: Sequence[Token]) -> set[str]:
    """The acronyms of runs of capitalised words, with and without the small words between them."""
    acronyms: set[str] = set()
    letters: list[tuple[str, bool]] = []  # and whether they are a capitalised word's
    for token in found:
        if token.capital:
            letters = [*letters, (token.key[0], True)] if token.gap in (" ", "-") else [(token.key[0], True)]
            letters = letters[-_LONGEST_ACRONYM:]
            for start in range(len(letters) - 1):
                part = letters[start:]
                acronyms |= {"".join(letter for letter, big in part if big), "".join(letter for letter, _ in part)}
        elif letters and token.key in ("of", "the", "and", "for") and token.gap == " ":
            letters.append((token.key[0], False))
        else:
            letters = []
    return {acronym for acronym in acronyms if len(acronym) > 1}


def _opens(text: str, found: Sequence[Token], index: int) -> bool:
    """Whether a word begins a sentence, a quotation or what follows a colon, so that its capital says nothing."""
    if index == 0:
        return True
    before = found[index - 1]
    if before.key in naming.ABBREVIATIONS and found[index].gap.startswith("."):
        return False
    return bool(_OPENER.search(text[: found[index].start]))


def _says_nothing(found: Sequence[Token]) -> str:
    """Why capitals tell no names: "title" where nearly every word has one, "lower" where none has, else ""."""
    words = [token for token in found if token.kind == "word"]
    if len(words) >= _FEWEST_WORDS and not any(token.capital for token in words):
        return "lower"
    heavy = [token for token in words if token.key not in naming.FUNCTION_WORDS]
    capital = sum(token.capital for token in heavy)
    return "title" if len(heavy) >= _FEWEST_WORDS and capital >= _TITLE_SHARE * len(heavy) else ""
