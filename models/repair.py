"""Mend characters: undo what encodings, web pages and word processors did to a text, keeping offsets."""

from __future__ import annotations

import html
import re

_C1 = "\x80-\x9f"
_LATE = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\xa0¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿"
_MOJIBAKE = re.compile(f"[ÂÃâÅÄð][{_C1}{_LATE}]")
_INVISIBLE = re.compile(r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
_BROKEN_WORD = re.compile(r"(?<=\w)-[^\S\r\n]*(?:\r\n?|\n)\s*(?=[a-z])")

_PLAIN = re.compile(r"[ -~\n‘’“”–—éèáíóúñüöäçãêâ£€°…•]*")
_SPACE = re.compile(rf"[^\S ]|{_INVISIBLE.pattern}|[\x00-\x1f\x7f]")
_GARBLED_MARK = re.compile(
    r"â€[œ\x9d™˜¦“”]?|&(?:quot|ldquo|rdquo|lsquo|rsquo|nbsp|hellip|#0?34|#0?39|#x27|#x22|#160|#8216|#8217|#8220|#8221);"
)
_MARKS = {
    "â€œ": "“",
    "â€\x9d": "”",
    "â€": "”",
    "â€™": "’",
    "â€˜": "‘",
    "â€¦": "…",
    "â€“": "–",
    "â€”": "—",
    "&ldquo;": "“",
    "&rdquo;": "”",
    "&lsquo;": "‘",
    "&rsquo;": "’",
    "&nbsp;": " ",
    "&hellip;": "…",
    "&#39;": "'",
    "&#039;": "'",
    "&#x27;": "'",
    "&#160;": " ",
    "&#8216;": "‘",
    "&#8217;": "’",
    "&#8220;": "“",
    "&#8221;": "”",
}


def repair(text: str) -> str:
    """The text on one line and single-spaced, with its HTML entities and garbled encoding resolved.

    Soft hyphens, zero-width and control characters go; a lone surrogate becomes U+FFFD; a compound broken over
    two lines at its hyphen is joined. Text that needs none of it comes back equal.
    """
    if not text.isascii():
        if _SURROGATE.search(text):
            text = _SURROGATE.sub("\ufffd", text)
        if "â€" in text or _MOJIBAKE.search(text):
            import ftfy  # costs a tenth of a second to import, and few texts need it

            text = ftfy.fix_encoding(_GARBLED_MARK.sub(_mark, text))
        text = _INVISIBLE.sub("", text)
    if "&" in text and _ENTITY.search(text):
        text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", html.unescape(text)))
    if text.isprintable():  # then its only white space is spaces
        text = text.strip(" ")
        return text if "  " not in text else " ".join(text.split())
    if "-" in text:
        text = _BROKEN_WORD.sub("-", text)
    return " ".join(_CONTROL.sub(" ", text).split())


def flatten(text: str) -> str:
    """A copy of the same length to match patterns on: an offset in it is an offset in the text.

    Line ends, tabs, non-breaking, invisible and control characters become one space each, a lone surrogate
    ``?``, and a garbled or encoded quotation mark that mark, as often as it had characters.
    """
    if _PLAIN.fullmatch(text):
        return text.replace("\n", " ")
    if "â€" in text or "&" in text:
        text = _GARBLED_MARK.sub(_same_length, text)
    return _SURROGATE.sub("?", _SPACE.sub(" ", text))


def _mark(found: re.Match[str]) -> str:
    return _MARKS.get(found[0], '"')


def _same_length(found: re.Match[str]) -> str:
    return _mark(found) * len(found[0])
