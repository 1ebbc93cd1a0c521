"""Look at each text by itself: empty, short, cut off, garbled, full of markup, in another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.language import foreign_language
from models.webpage import is_html
from models.wordhash import batches, hash_words
from training.data import Articles
from training.findings import Finding, Hit, hit

FEWEST_WORDS = 5
SHORT_SHARE = 0.05  # of the median's words
MIXED = 0.02  # if more rows are that short, the data mixes stories with short items
SENTENCE_WORDS = 20  # a text of fewer may be a headline, which needs no full stop
HEADLINES = 0.5  # if more of the longer texts lack one, the data is written without
LEAST_SPIKE = 5  # rows of exactly the greatest length

_END = re.compile(r"[.!?…。！？؟।][\"'”’»)\]*_\s]*$")
_CUT = re.compile(
    r"(\.\.\.|…|\[(?:\.\.\.|…)\]|\[\+?\d+ chars\]|\((?:more|continued)\)|(?:read|see) more|continue reading)"
    r"[\s.…»>)\]]*$",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LOST_APOSTROPHE = re.compile(r"\b[A-Za-z]{2,}\?(?:s|t|re|ve|ll|d)\b")
_TAG = re.compile(
    r"</?(?:p|div|br|a|span|b|i|em|strong|img|table|tr|td|ul|ol|li|h[1-6]|script|style|iframe|blockquote|font)"
    r"(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|[mn]dash|hellip|#\d{2,5}|#x[0-9a-f]{2,4});", re.I)
_HALF_ENTITY = re.compile(r"(?<![&\w])#\d{2,4};|\b(?:quot|lt|gt|nbsp);")


def check_texts(articles: Articles, *, on_progress: Callable[[int], Any] | None = None) -> list[Finding]:
    """Everything that can be told from one text alone, and from how long the texts are.

    `on_progress` is called with the number of texts just looked at.
    """
    counts = word_counts(articles.texts)
    garbled: list[Hit] = []
    markup: list[Hit] = []
    foreign: list[Hit] = []
    for place, text in enumerate(articles.texts):
        title = articles.titles[place] or ""
        if note := _garbled(f"{title}\n{text}"):
            garbled.append(hit(articles, place, note))
        if note := _markup(text) or _markup(title):
            markup.append(hit(articles, place, note))
        if language := foreign_language(text):
            foreign.append(hit(articles, place, f"language {language}"))
        if on_progress is not None:
            on_progress(1)
    return [
        *_unread(articles),
        Finding("short", "Very short texts", "Leave them out, or find where the text went.", _short(articles, counts)),
        Finding(
            "truncated",
            "Texts cut off",
            "Get the whole texts: models judge and summarise whole stories better than their beginnings.",
            _truncated(articles, counts),
        ),
        Finding(
            "mis-encoded",
            "Garbled characters",
            "Read the source again as UTF-8 (or what it is in); lost characters cannot be guessed.",
            garbled,
        ),
        Finding("html", "HTML in the text", "Strip tags and entities, or take the text out of the page anew.", markup),
        Finding("foreign", "Not in English", "Leave them out: the models read English.", foreign),
    ]


def word_counts(texts: Sequence[str]) -> NDArray[np.int64]:
    """How many words each text has, `(n_texts,)`."""
    parts = [hash_words(batch).counts for batch in batches(texts)]
    return np.concatenate([*parts, np.zeros(0, np.int64)])


def _unread(articles: Articles) -> list[Finding]:
    """Rows that were left out when reading."""
    empty: list[Hit] = []
    other: list[Hit] = []
    for row, reason in articles.skipped:
        (empty if reason.endswith("empty text") else other).append(Hit(row, str(row), reason))
    return [
        Finding("empty", "Empty texts", "They are left out; fill them in or drop them.", empty),
        Finding("unreadable", "Unreadable rows", "They are left out; mend what the note says.", other),
    ]


def _short(articles: Articles, counts: NDArray[np.int64]) -> list[Hit]:
    least = max(float(FEWEST_WORDS), SHORT_SHARE * float(np.median(counts)))
    if np.mean(counts < least) > MIXED:
        least = FEWEST_WORDS
    return [
        hit(articles, place, _plural(int(counts[place]), "word")) for place in np.flatnonzero(counts < least).tolist()
    ]


def _truncated(articles: Articles, counts: NDArray[np.int64]) -> list[Hit]:
    notes: dict[int, str] = {}
    ends = [text[-200:].rstrip() for text in articles.texts]
    long = counts >= SENTENCE_WORDS
    open_ends = [place for place in np.flatnonzero(long).tolist() if not _END.search(ends[place])]
    if len(open_ends) <= HEADLINES * long.sum():
        notes.update({place: f"ends without a sentence end: {ends[place][-25:]!r}" for place in open_ends})
    for lengths, unit in ((np.array([len(text) for text in articles.texts]), "characters"), (counts, "words")):
        notes.update({place: f"exactly {lengths[place]:,} {unit}, the most" for place in _spike(lengths)})
    for place, end in enumerate(ends):
        if found := _CUT.search(end):
            notes[place] = f"ends with {found[1]!r}"
    return [hit(articles, place, notes[place]) for place in sorted(notes)]


def _spike(lengths: NDArray[np.int64]) -> list[int]:
    """The rows of the greatest length, where there are more of them than a long tail would have."""
    longest = int(lengths.max(initial=0))
    at = np.flatnonzero(lengths == longest)
    near = np.count_nonzero((lengths < longest) & (lengths >= 0.9 * longest))
    return at.tolist() if longest >= SENTENCE_WORDS and len(at) >= LEAST_SPIKE and len(at) > near else []


def _garbled(text: str) -> str:
    if text.isascii():
        control = _CONTROL.search(text)
    else:
        if "\ufffd" in text:
            return "holds U+FFFD, a character that was lost"
        import ftfy
        from ftfy.badness import is_bad

        if is_bad(text) and ftfy.fix_encoding(text) != text:
            return "decoded wrongly (mojibake)"
        control = _CONTROL.search(text)
    if control:
        return f"holds the control character U+{ord(control[0]):04X}"
    if "?" in text and (found := _LOST_APOSTROPHE.search(text)):
        return f"a character was lost: {found[0]!r}"
    return ""


def _markup(text: str) -> str:
    if "<" in text and is_html(text):
        return "is a piece of HTML"
    for pattern, sign in ((_TAG, "<"), (_ENTITY, "&"), (_HALF_ENTITY, ";")):
        if sign in text and (found := pattern.search(text)):
            return f"holds {found[0][:40]!r}"
    return ""


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
