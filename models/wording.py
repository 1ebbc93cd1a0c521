"""Words, figures and signs of a text in a form that writers' habits do not change.

"U.S." and "US", "Vance's" and "Vance", "Drăgan" and "Dragan", curly and straight apostrophes have one key each.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<dotted>(?<![^\W_])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![^\W_]))?)
      | (?P<figure>\d+(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)
      | (?P<word>[^\W\d_]+(?:['’ʼ`][^\W\d_]+)*)
      | (?P<sign>[$£€¥₹%])""",
    re.VERBOSE,
)
_POSSESSIVE = re.compile(r"['’ʼ`][sS]$")
_APOSTROPHE = re.compile(r"['’ʼ`]")
STEM = 5
"""Letters that two forms of a word have in common, as a rule: "election" and "electoral"."""
_ENDING = re.compile(r"(?<=[a-z]{2})(?:e?d|ing|e?s|e|ly)$")
_EMPTY_TOO = frozenset({"did", "does", "doing", "having", "say", "says", "said", "saying"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a figure or a sign.

    Attributes:
        key: what it is compared by: lower-cased, without accents, apostrophes, dots and possessive.
        start: its first character in the text.
        end: one past the last.
        gap: what stands between the token before and this one.
        kind: "word", "figure" or "sign".
        capital: whether an upper-case letter is in it.
    """

    key: str
    start: int
    end: int
    gap: str
    kind: str
    capital: bool


def tokens(text: str) -> list[Token]:
    """The tokens of a text in order."""
    found: list[Token] = []
    last = 0
    for match in _TOKEN.finditer(text):
        form = match[0]
        kind = match.lastgroup or "word"
        if kind == "dotted":
            form, kind = form.replace(".", ""), "word"
        key = word_key(form) if kind == "word" else form
        capital = kind == "word" and form != form.lower()
        found.append(Token(key, match.start(), match.end(), text[last : match.start()], kind, capital))
        last = match.end()
    return found


def word_key(word: str) -> str:
    """The key of a single word."""
    bare = _APOSTROPHE.sub("", _POSSESSIVE.sub("", word)).lower()
    if bare.isascii():
        return bare
    return "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c)) or bare


def stem(word: str) -> str:
    """What the forms of a word have in common, as a rule: "sue" and "sued", "plans" and "planning"."""
    bare = _ENDING.sub("", word)[:STEM]
    return bare[:-1] if len(bare) > 3 and bare[-1] == bare[-2] else bare


def has_content(token: Token) -> bool:
    """Whether a word says something by itself: none of sklearn's stop words, nor a word of saying, nor a letter."""
    return token.key not in _empty_words() and (len(token.key) > 1 or token.kind == "figure")


@functools.cache
def _empty_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import (
        ENGLISH_STOP_WORDS,  # takes longer to import than the fast engine to start
    )

    words: frozenset[str] = ENGLISH_STOP_WORDS
    return words | _EMPTY_TOO


def word_set(words: str) -> frozenset[str]:
    """The words of a list written as a text."""
    return frozenset(words.split())


def pair_set(pairs: str) -> frozenset[str]:
    """Pairs of words, between commas, each with one space between."""
    return frozenset(" ".join(pair.split()) for pair in pairs.split(","))


def joined(found: Sequence[Token]) -> str:
    """The keys of words and figures as one string, a space before and behind each: a phrase of it is a substring."""
    return " " + " ".join(token.key for token in found if token.kind != "sign") + " "
