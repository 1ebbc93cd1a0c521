"""Let a sentence that was lifted out of a quotation stand as a quotation of its own."""

from __future__ import annotations

import re

_DOUBLE = re.compile(r"``|''|[“”\"]")
_OPENS_SINGLE = re.compile(r"(?<![^\s(“\"])[‘'](?=\w)(?!(?:\d0s|em|til|tis|twas|cause|n)\b)", re.IGNORECASE)
_CLOSES_SINGLE = re.compile(r"(?<=[.,!?…])[’'](?=[\s)”\"]|$)")
_MAY_CLOSE_SINGLE = re.compile(r"(?<=\w)[’'](?!\w)")
_ANSWER = {"“": "”", "”": "“", '"': '"', "``": "''", "''": "``", "‘": "’", "’": "‘", "'": "'"}
_BEFORE_OPENING = frozenset(" ([{—–-/‘'")
_LOOK_BACK = 1_500


def balance_quotes(text: str) -> str:
    """A single sentence with the quotation mark it lost when it was taken out of a longer quotation.

    A closing mark that answers no opening one gets its partner at the start of the sentence, an opening one
    that is never closed gets it at the end, in the same style: curly, straight, single or `` ''. Apostrophes
    and inch marks are left alone. A sentence whose marks are balanced comes back unchanged.
    """
    before, after = "", ""
    opened: list[str] = []
    for mark, opens in _double_marks(text):
        if opens:
            opened.append(mark)
        elif opened:
            opened.pop()
        else:
            before = _ANSWER[mark] + before
    after = "".join(_ANSWER[mark] for mark in reversed(opened))
    if not before and not after:
        before, after = _missing_single(text)
    return f"{before}{text}{after}"


def open_mark(text: str) -> str | None:
    """The double quotation mark that a text leaves open at its end, or None.

    Only the last mark decides: a quotation of several paragraphs opens again with each of them.
    """
    last: str | None = None
    for mark, opens in _double_marks(text[-_LOOK_BACK:]):
        last = mark if opens else None
    return last


def _double_marks(text: str) -> list[tuple[str, bool]]:
    """Every double quotation mark of a text, and whether it opens."""
    marks: list[tuple[str, bool]] = []
    depth = 0
    for found in _DOUBLE.finditer(text):
        mark, start, end = found[0], found.start(), found.end()
        if mark == '"':
            left = start == 0 or text[start - 1] in _BEFORE_OPENING
            right = end == len(text) or text[end] in " )]},.;:!?—–-/’'"
            opens = left
            if left == right:  # glued on both sides, or loose: it closes what is open, and the last one closes
                opens = depth == 0 if end < len(text) else start == 0
            if not opens and depth == 0 and text[start - 1 : start].isdigit():
                continue  # 5" is five inches
        else:
            opens = mark in ("“", "``")
        depth = depth + 1 if opens else max(0, depth - 1)
        marks.append((mark, opens))
    return marks


def _missing_single(text: str) -> tuple[str, str]:
    """The single marks missing at the start and at the end of a text."""
    opening = _OPENS_SINGLE.search(text)
    closing = _CLOSES_SINGLE.search(text)
    if opening and not _CLOSES_SINGLE.search(text, opening.end()):
        if not _MAY_CLOSE_SINGLE.search(text, opening.end()):
            return "", _ANSWER[opening[0]]
    elif closing and not _OPENS_SINGLE.search(text[: closing.start()]):
        return _ANSWER[closing[0]], ""
    return "", ""
