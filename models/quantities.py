"""Numbers and dates of a text as values, however they are written: "20", "twenty", "$3m", "3 million dollars"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from models.wording import Token

Value = tuple[str, Decimal | str]
"""Unit and value. Units: "" for a bare number, "%", a currency, "ordinal", "decade", "time", "fraction", "vague"."""

_WORD = re.compile(r"\w+")
_ONES = _WORD.findall(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _WORD.findall("twenty thirty forty fifty sixty seventy eighty ninety")
CARDINALS = {word: number for number, word in enumerate(_ONES)} | {
    word: 10 * (number + 2) for number, word in enumerate(_TENS)
}
_ORDINAL_WORDS = _WORD.findall(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
)
ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS) if number} | {
    f"{word[:-1]}ieth": 10 * (number + 2) for number, word in enumerate(_TENS)
}
_PARTS = {"halves": 2, "quarter": 4, "quarters": 4} | {f"{word}s": number for word, number in ORDINALS.items()}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SCALE_SIGNS = {"k": 1000, "m": 10**6, "mn": 10**6, "mln": 10**6, "b": 10**9, "bn": 10**9, "tn": 10**12}
_PLAIN_SIGNS = frozenset("kmb")  # "400m" may be metres
VAGUE = {"tens": 10} | {f"{word}s": scale for word, scale in SCALES.items()}
_CURRENCY_SIGNS = {"$": "usd", "£": "gbp", "€": "eur", "¥": "jpy", "₹": "inr"}
_CURRENCIES = {"dollar": "usd", "pound": "gbp", "euro": "eur", "yen": "jpy", "rupee": "inr", "sterling": "gbp"}
_MONTH_NAMES = _WORD.findall("january february march april may june july august september october november december")
MONTHS = {name: number + 1 for number, name in enumerate(_MONTH_NAMES)}
_SHORT_MONTHS = {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
_DAY_NAMES = _WORD.findall("monday tuesday wednesday thursday friday saturday sunday")
DAY_FORMS = {name: name for name in _DAY_NAMES} | {name[:3]: name for name in _DAY_NAMES}
DAY_FORMS |= {"tues": "tuesday", "weds": "wednesday", "thur": "thursday", "thurs": "thursday"}
MONTH_FORMS = {name: name for name in MONTHS} | {
    short: _MONTH_NAMES[number - 1] for short, number in _SHORT_MONTHS.items()
}
_NEAR = re.compile(r"\s*|\s*[-‐‑–]\s*")
_RANGE = re.compile(r"\s*[-‐‑–—]\s*")
_DATE_GAP = re.compile(r"\.?\s+(?:the\s+)?|-")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_SLASHED_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:\d{2}|\d{4})(?![\d/])")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: tokens `first` to `stop` (exclusive), and all it may mean."""

    first: int
    stop: int
    values: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a month in a text: tokens `first` to `stop` (exclusive)."""

    first: int
    stop: int
    month: int
    day: int


def quantities(found: Sequence[Token]) -> list[Quantity]:
    """The numbers among the tokens of a text, in order."""
    numbers: list[Quantity] = []
    index = 0
    while index < len(found):
        number = _Reader(found, index).read()
        if number is None:
            index += 1
            continue
        numbers.append(number)
        index = number.stop
    return numbers


def days(found: Sequence[Token]) -> list[Day]:
    """The days of months: "March 5", "Mar. 5th", "5 March", "the fifth of March"."""
    dates: list[Day] = []
    for index, token in enumerate(found):
        month = MONTHS.get(MONTH_FORMS.get(token.key, ""))
        if month is None:
            continue
        after = _day_after(found, index)
        before = None if after else _day_before(found, index)
        place = after or before
        if place is not None:
            first, stop, day = place
            dates.append(Day(min(first, index), max(stop, index + 1), month, day))
    return dates


def numeric_days(text: str) -> set[tuple[int, int]]:
    """Month and day of dates in figures; of "3/5/2012" both readings."""
    pairs = {(int(match[2]), int(match[3])) for match in _ISO_DATE.finditer(text)}
    for match in _SLASHED_DATE.finditer(text):
        pairs |= {(int(match[1]), int(match[2])), (int(match[2]), int(match[1]))}
    return pairs


def range_values(found: Sequence[Token], numbers: Sequence[Quantity]) -> set[Value]:
    """What the ends of ranges take from each other: "$3 to $5 million" begins at 3 million dollars."""
    extra: set[Value] = set()
    for one, other in pairwise(numbers):
        between = [token.key for token in found[one.stop : other.first]]
        if between not in ([], ["to"], ["and"], ["or"]):
            continue
        if not between and not _RANGE.fullmatch(found[other.first].gap):
            continue
        begin = found[one.first + (found[one.first].kind == "sign")]
        raw = Decimal(begin.key.replace(",", "")) if begin.kind == "figure" else _word_value(begin.key)
        if raw is None:
            continue
        last = found[other.stop - 1].key
        for unit, value in other.values:
            if not isinstance(value, Decimal):
                continue
            units = {unit} | {money for money, _ in one.values if money in _CURRENCY_SIGNS.values()}
            scales = {1, SCALES.get(last, 1), _SCALE_SIGNS.get(last, 1)}
            scales |= {SCALES.get(token.key, 1) for token in found[other.first : other.stop]}
            extra |= {(one_unit, raw * scale) for one_unit in units for scale in scales if unit != "ordinal"}
            extra |= {(one_unit, value) for one_unit in units if unit != "ordinal"}
    return extra


def _word_value(key: str) -> Decimal | None:
    number = CARDINALS.get(key)
    return None if number is None else Decimal(number)


def _day_after(found: Sequence[Token], month: int) -> tuple[int, int, int] | None:
    place = month + 1
    if place >= len(found) or not _DATE_GAP.fullmatch(found[place].gap):
        return None
    if found[place].key == "the":
        place += 1
    return _day(found, place)


def _day_before(found: Sequence[Token], month: int) -> tuple[int, int, int] | None:
    place = month - 1
    if place >= 0 and found[place].key == "of":
        place -= 1
    if place >= 1 and found[place].key in ("st", "nd", "rd", "th"):
        place -= 1
    if place < 0 or not all(_DATE_GAP.fullmatch(found[at].gap) for at in range(place + 1, month + 1) if found[at].gap):
        return None
    return _day(found, place)


def _day(found: Sequence[Token], place: int) -> tuple[int, int, int] | None:
    """The day of a month at a token; none in "March 15,000" or "March 5 million"."""
    if place >= len(found):
        return None
    token, stop = found[place], place + 1
    day = int(token.key) if token.kind == "figure" and token.key.isdigit() else ORDINALS.get(token.key, 0)
    if not 1 <= day <= 31 or (len(token.key) > 2 and token.kind == "figure"):
        return None
    if stop < len(found) and found[stop].gap == "" and found[stop].key in ("st", "nd", "rd", "th"):
        stop += 1
    follows = found[stop] if stop < len(found) else None
    if follows is not None and (follows.key in SCALES or follows.key in ("%", "percent") or follows.gap == ":"):
        return None
    return place, stop, day


class _Reader:
    """Reads one number from a place among the tokens."""

    def __init__(self, found: Sequence[Token], first: int) -> None:
        self._found = found
        self._first = self._at = first
        self._before = found[first - 1] if first else None

    def read(self) -> Quantity | None:
        """The number that begins here, or None."""
        token = self._found[self._at]
        if token.kind == "figure":
            values = self._figure(Decimal(token.key.replace(",", "")))
        elif token.key in VAGUE:
            self._at += 1
            values = {("vague", Decimal(VAGUE[token.key]))}
        elif token.key == "half":
            values = self._half()
        elif token.key in CARDINALS or token.key in SCALES or token.key in ORDINALS:
            values = self._words()
        else:
            return None
        sign = self._before is not None and self._before.key in _CURRENCY_SIGNS and token.gap == ""
        return Quantity(self._first - sign, self._at, frozenset(values))

    def _next(self, *, glued: bool = False) -> str:
        """The key of the next token where it belongs to the number, else ""."""
        if self._at >= len(self._found):
            return ""
        token = self._found[self._at]
        return token.key if (token.gap == "" if glued else _NEAR.fullmatch(token.gap)) else ""

    def _figure(self, value: Decimal) -> set[Value]:
        self._at += 1
        after = self._found[self._at] if self._at < len(self._found) else None
        glued = self._next(glued=True)
        if after is not None and after.gap == ":" and after.kind == "figure":
            return self._time(value)
        if glued in ("st", "nd", "rd", "th"):
            self._at += 1
            return {("ordinal", value)}
        if glued == "s" or (after is not None and after.key == "s" and after.gap in ("'", "’")):
            self._at += 1
            return {("decade", value % 100)}
        if after is not None and after.gap == "/" and after.kind == "figure" and value < 100:
            self._at += 1
            return {("fraction", f"{value}/{after.key}"), ("", value)}
        return self._scaled(value)

    def _time(self, hour: Decimal) -> set[Value]:
        minute = self._found[self._at].key
        self._at += 1
        values: set[Value] = {("time", f"{hour}:{minute}")}
        return values | {("", hour)} if minute == "00" else values

    def _scaled(self, value: Decimal) -> set[Value]:
        """Scale and unit behind a value, and the currency before it."""
        money = _CURRENCY_SIGNS.get(self._before.key) if self._before and self._before.kind == "sign" else None
        possible = {value}
        sign = self._next(glued=True) or (self._next() if money else "")
        if sign in _SCALE_SIGNS:
            self._at += 1
            scaled = value * _SCALE_SIGNS[sign]
            possible = {scaled} if money or sign not in _PLAIN_SIGNS else {value, scaled}
        while self._next() in SCALES:
            possible = {value * SCALES[self._next()] for value in possible}
            self._at += 1
        return {(self._unit(money), value) for value in possible}

    def _unit(self, money: str | None) -> str:
        key = self._next()
        if key in ("%", "percent", "pct", "percentage"):
            self._at += 1
            return "%"
        if key == "per" and self._at + 1 < len(self._found) and self._found[self._at + 1].key == "cent":
            self._at += 2
            return "%"
        if money is None and key.removesuffix("s") in _CURRENCIES:
            self._at += 1
            return _CURRENCIES[key.removesuffix("s")]
        return money or ""

    def _half(self) -> set[Value]:
        """ "half", or "half a million"."""
        self._at += 1
        scale = [token.key for token in self._found[self._at : self._at + 2]]
        if len(scale) == 2 and scale[0] == "a" and scale[1] in SCALES:
            self._at += 1
            return self._scaled(Decimal("0.5"))
        return {("fraction", "1/2")}

    def _words(self) -> set[Value]:
        """A number in words: "one hundred and twenty-one", "two-thirds", "twenty-first", "a dozen"."""
        total, current, first = 0, 0, True
        while True:
            key = self._found[self._at].key if first else self._next()
            if key in ORDINALS and (first or ORDINALS[key] < 10 <= current):
                self._at += 1
                return {("ordinal", Decimal(total + current + ORDINALS[key]))} | self._one_part(key, first)
            if key in ORDINALS and total + current == 1 and ORDINALS[key] > 2:
                self._at += 1
                return self._one_part(key, True)
            if key in CARDINALS and self._joins(current, CARDINALS[key]):
                current += CARDINALS[key]
            elif key in SCALES:
                current = (current or 1) * SCALES[key]
                if SCALES[key] >= 1000:
                    total, current = total + current, 0
            elif key == "and" and not first and self._goes_on(total + current):
                pass
            else:
                break
            self._at += 1
            first = False
        return self._finished(Decimal(total + current))

    def _finished(self, value: Decimal) -> set[Value]:
        part = _PARTS.get(self._next())
        if part and value < 20:
            self._at += 1
            return {("fraction", f"{value}/{part}")}
        if [token.key for token in self._found[self._at : self._at + 3]] == ["and", "a", "half"]:
            self._at += 3
            value += Decimal("0.5")
        return self._scaled(value)

    def _one_part(self, key: str, alone: bool) -> set[Value]:
        return {("fraction", f"1/{ORDINALS[key]}")} if alone else set()

    def _joins(self, current: int, number: int) -> bool:
        """Whether a cardinal goes on with the number: "twenty one" and "hundred five" do, "five six" does not."""
        return (
            current == 0 or (current % 100 == 0 and number < 100) or (current % 10 == 0 and current >= 20 > 9 >= number)
        )

    def _goes_on(self, value: int) -> bool:
        """Whether an "and" stands inside the number, as in "two hundred and five"."""
        after = self._found[self._at + 1].key if self._at + 1 < len(self._found) else ""
        return value >= 100 and value % 100 == 0 and after in CARDINALS
