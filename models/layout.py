"""See the lines of a text as its writer meant them: a paragraph wrapped at 72 characters is one line."""

from __future__ import annotations

import re
from itertools import pairwise

from models.sentences import Span, trim

Line = Span
"""``(start, end)`` of a line or an unwrapped paragraph, without the white space around it."""

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_WIDEST_WRAP = 130  # characters; longer lines were not wrapped by a hand or a mail program
_NARROWEST_WRAP = 40
_FULL_SHARE = 0.8
_COMPLETE = re.compile(r"[.!?:;…][\"”’')\]]*$")


def read_lines(text: str, flat: str) -> list[Line]:
    """The lines of a text that hold something; the lines of a hard-wrapped paragraph count as one.

    ``flat`` is the flattened text (see ``repair.flatten``).
    """
    lines = [line for m in _LINE.finditer(text) if (line := trim(flat, m.start(), m.end()))[0] < line[1]]
    width = _wrap_width(text, flat, lines)
    if not width:
        return lines
    joined: list[Line] = [lines[0]]
    for before, line in pairwise(lines):
        if _adjacent(text, before, line) and _is_full(flat, before, line, width):
            joined[-1] = (joined[-1][0], line[1])
        else:
            joined.append(line)
    return joined


def _wrap_width(text: str, flat: str, lines: list[Line]) -> int:
    """The width at which a text was wrapped, in characters; 0 when it was not.

    Wrapped text shows itself: the first word of nearly every line would not have fitted on the line before.
    """
    pairs = [(a, b) for a, b in pairwise(lines) if _adjacent(text, a, b)]
    if len(pairs) < 2:
        return 0
    width = max(end - start for (start, end), _ in pairs)
    if not _NARROWEST_WRAP <= width <= _WIDEST_WRAP:
        return 0
    full = sum(_is_full(flat, a, b, width) for a, b in pairs)
    broken = sum(not _COMPLETE.search(flat[max(a[0], a[1] - 4) : a[1]]) for a, _ in pairs)
    return width if full >= _FULL_SHARE * len(pairs) and broken * 2 >= len(pairs) else 0


def _adjacent(text: str, one: Line, other: Line) -> bool:
    """Whether no blank line stands between two lines."""
    return text[one[1] : other[0]].replace("\r\n", "\n").count("\n") <= 1


def _is_full(flat: str, line: Line, following: Line, width: int) -> bool:
    """Whether the first word of the following line would not have fitted on this one."""
    word = flat.find(" ", following[0], following[1])
    first = (word if word >= 0 else following[1]) - following[0]
    return line[1] - line[0] + 1 + first > width - 2
