"""Cut a text into sentences, each with its exact character offsets.

The boundaries come from ``sentencex``. Around it stands what news needs: quotation marks that stay with their
sentence, lower-cased and tokenised text, stops with the next sentence glued on, a time linear in the length.
"""

from __future__ import annotations

import re

import sentencex

from models.repair import flatten

LONGEST_SENTENCE = 4_000
"""Characters after which a run without a full stop is cut at white space."""

Span = tuple[int, int]
"""``(start, end)`` in characters, end exclusive."""

_WINDOW = 20_000  # sentencex may look ahead to the end of the text: a bounded window keeps its time linear

# Marks are hidden from sentencex, which takes what stands between two of them for one sentence; an apostrophe
# becomes a letter, since the next one might seem to answer it.
_MARKS = ('"', "“", "”", "„", "«", "»", "``", "''", "(", ")", "[", "]", "{", "}", "•", "●", "▪", "◦", "*")
_SINGLE = re.compile(r"['’‘](?:(?<=[.!?…,].)(?![a-z])|(?<=[.!?…] .)|(?<=\s.)(?=[\s\w]|$)|(?<=^.)|(?<=[(\"“].)(?=\w))")
_LOOSE = re.compile(r"['’\"](?:(?<=\s.)|(?<=^.))(?=\s|$)")
_SINGLE_MARK = re.compile(  # alternatives behind a common class are searched for several times as fast as classes
    r"['’‘\"](?:(?<=['’\"])(?:(?<=\s.)|(?<=^.))(?=\s|$)(?P<loose>)|(?<=[‘'])(?<![^\s(“\"].)(?=\w)(?P<open>)"
    r"|(?<=[’'])(?<=[.,!?…\w].)(?=\s|$))"
)
_CLOSING = re.compile(r"[\"”’'»)\]]*(?:\s+(?:''|[”»)\]])+)*")
_LONE_STOP = re.compile(r" +(?=[.?!](?:\s|$))(?<=[^\s.?!] )")
_EXTRA = re.compile(
    r"[.?!…](?:"
    r"(?<=[^\W\d_]{3}[.?!])(?:(?=[A-Z][a-z]+[ ,ʼ])(?!(?:Com|Net|Org|Gov|Edu|Co|Io)\b)"  # "the world.The next"
    r"|(?=(?:the|he|she|they|it|but|we|in|this|there|you) ))"
    r"|(?<=\w…) +(?=[A-Z])|(?<=\bme\.) +(?=[A-Z])"
    r"|(?<=\d [CFKm]\.) +(?=[A-Z]))"  # "minus 3 C. Rain"
)
# Where lower-cased text hides the end of a sentence behind what looks like an abbreviation.
_EXTRA_LOWER = re.compile(
    r"\.(?:(?<=\b(?:no|me|ok|pa|ma)\.)|(?<=\b(?:ill|art|may|sun|sat)\.)|(?<=\b(?:miss|mass)\.)) +(?=[a-z])"
)
_DOUBTFUL = re.compile(
    r"\.(?:(?<=\bu\.[skn]\.)|(?<=\bd\.c\.)|(?<= [ap]\.m\.)|(?<=\b(?:inc|ltd|etc)\.)|(?<=\bcorp\.)|(?<=\bjr\.))"
    r" +(?=(?:he|she|they|it|we|but|the|i)\b)"
)
_DOUBTFUL_LENGTH = 40  # characters: "at 5 p.m. he left" is one sentence, a longer one may end at "5 p.m."
_WORD = re.compile(r"[^\W_]")
_CAPITAL = re.compile(r"[A-Z]")
_SPEECH = re.compile(
    r"(?:[\w’'.-]+,? ){0,3}?(?:said|says|say|asked|asks|told|tells|added|adds|wrote|writes|replied|shouted|cried"
    r"|yelled|screamed|exclaimed|joked|recalled|wondered|quipped|tweeted|explained|continued|reads?)\b"
)
_JOINING = re.compile(r"(?:and|or|is|was|are|were|to|with|by|from)\b")
_NUMBERED = re.compile(r" *(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})\. *")
_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(])(?:approx|est|nos|mon|tues?|wed|thurs?|fri|jan|feb|mar|apr|aug|sept?|oct|nov|dec|p|pp|fig)\.$",
    re.IGNORECASE,
)
_BEFORE_NAME = re.compile(r"\b(?:ms|mss|messrs|mme|det|supt|insp|cpl|atty)\.$", re.IGNORECASE)
_TIME = re.compile(r"\b[ap]\.m\.$", re.IGNORECASE)
_AFTER_TIME = re.compile(
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|[ecmp][sd]?t|gmt|bst|local|eastern|pacific|on|in|to"
    r"|(?:jan|febr)uary|march|april|may|june|july|august|(?:septem|octo|novem|decem)ber)\b",
    re.IGNORECASE,
)
_SHORT_BRACKET = re.compile(r"\w [(\[](?:[\w.-]+ )?[\w.-]+\.[)\]]$")  # "(Ala. Gov.)"


def split_sentences(text: str) -> list[Span]:
    """The ``(start, end)`` of every sentence of the text, in characters, in order and without overlap.

    No span begins or ends with white space, and nothing but white space and invisible characters lies between
    two. A run of more than ``LONGEST_SENTENCE`` characters is cut at white space. Never raises for a string.
    """
    return split_range(flatten(text), 0, len(text))


def split_range(flat: str, start: int, end: int) -> list[Span]:
    """As ``split_sentences``, for the part of an already flattened text between two offsets."""
    spans: list[Span] = []
    while start < end:
        stop = min(end, start + _WINDOW)
        ends = _sentence_ends(flat[start:stop])
        if stop < end:  # the last sentence may go on behind the window: take it up again in the next one
            ends.pop()
            space = flat.rfind(" ", start + LONGEST_SENTENCE, stop)
            stop = start + ends[-1] if ends else max(space, 0) or stop
        begin = start
        for cut in (*(start + e for e in ends), stop):
            spans.extend(_bounded(flat, begin, cut))
            begin = cut
        start = stop
    return spans


def trim(flat: str, start: int, end: int) -> Span:
    """The span without the spaces at its two ends; empty when there is nothing else."""
    part = flat[start:end]
    left = start + len(part) - len(part.lstrip())
    return left, max(left, start + len(part.rstrip()))


def _bounded(flat: str, start: int, end: int) -> list[Span]:
    """The span without white space at its ends, cut where it is over-long; nothing when it is empty."""
    start, end = trim(flat, start, end)
    pieces: list[Span] = []
    while end - start > LONGEST_SENTENCE:
        cut = flat.rfind(" ", start + 1, start + LONGEST_SENTENCE + 1)
        piece = trim(flat, start, cut if cut > start else start + LONGEST_SENTENCE)
        pieces.append(piece)
        start = trim(flat, max(piece[1], cut), end)[0]
    return [*pieces, (start, end)] if start < end else pieces


def _sentence_ends(flat: str) -> list[int]:
    """Offsets at which the sentences of a bounded text end; the last is its length."""
    plain = flat
    if " ." in flat or " ?" in flat or " !" in flat:
        plain = _LONE_STOP.sub(lambda m: "_" * len(m[0]), plain)  # "the end ." is "the end_."
    for mark in _MARKS:
        plain = plain.replace(mark, " " * len(mark))
    if "'" in flat or "’" in flat or "‘" in flat:
        plain = _SINGLE.sub(" ", plain).replace("'", "ʼ").replace("’", "ʼ").replace("‘", " ")
    lower = not _CAPITAL.search(flat)
    starts: set[int] = set()
    position = 0
    for segment in sentencex.segment("en", plain):
        position += len(segment)
        starts.add(position)
    starts.update(m.end() for m in _EXTRA.finditer(plain))
    doubtful: set[int] = set()
    if lower:
        starts.update(m.end() for m in _EXTRA_LOWER.finditer(plain))
        doubtful = {m.end() for m in _DOUBTFUL.finditer(plain)} - starts
    closing = _closing_marks(flat) if _LOOSE.search(flat) else set()
    ends: list[int] = []
    begin = 0
    for start in sorted(starts | doubtful):
        stop = start - len(plain[begin:start]) + len(plain[begin:start].rstrip())
        onset = start
        while onset < len(plain) and plain[onset] == " ":
            onset += 1
        if stop <= begin or onset == len(plain) or (start in doubtful and stop - begin < _DOUBTFUL_LENGTH):
            continue
        cut = _behind_closing_marks(flat, stop, onset, closing)
        if not _WORD.search(plain, begin, stop):  # a stop of its own, as in "Inc.. He", ends what it is glued to
            if ends and begin < len(flat) and flat[begin] != " ":
                ends[-1] = begin = cut
        elif not _runs_on(flat, plain, (begin, stop, cut, onset), lower):
            ends.append(cut)
            begin = cut
    return [*ends, len(flat)]


def _behind_closing_marks(flat: str, stop: int, onset: int, closing: set[int]) -> int:
    """Where the marks end that close the sentence whose stop is at ``stop``; the next begins at ``onset``."""
    if flat[stop:onset].isspace() and flat[onset] not in ")]”»":
        return onset
    if flat[stop:onset] == '"' and onset == stop + 1 and flat.count('"', 0, stop) % 2 == 0:
        return stop  # 'left."I am': the mark is glued to both, and none is open
    found = _CLOSING.match(flat, stop)
    cut = found.end() if found else stop
    for place in range(cut, onset):
        if flat[place] != " " and place not in closing:
            break
        if place in closing:
            cut = place + 1
    return cut


def _closing_marks(flat: str) -> set[int]:
    """Where a quotation mark with white space on both sides closes a quotation."""
    closing: set[int] = set()
    double = single = False
    for found in _SINGLE_MARK.finditer(flat):
        if found["loose"] is not None and found[0] == '"':
            double = flat.count('"', 0, found.start()) % 2 == 1
            if double:
                closing.add(found.start())
        elif found["loose"] is not None:
            if single:
                closing.add(found.start())
            single = not single
        else:
            single = found["open"] is not None
    return closing


def _runs_on(flat: str, plain: str, place: tuple[int, int, int, int], lower: bool) -> bool:
    """Whether the sentence goes on behind a boundary: ``(begin, stop, cut, onset)`` are offsets around it."""
    begin, stop, cut, onset = place
    mark, follows = plain[stop - 1], flat[onset]
    if mark.isalnum() and follows.isalnum():
        return True  # no stop: sentencex has a boundary in "(March 15)"
    if cut == onset == stop and not _EXTRA.match(plain, stop - 1):
        return True  # no space: "South Korean-U.S. drills"
    if stop - begin <= 5 and _NUMBERED.fullmatch(plain, begin, stop):
        return True
    tail = plain[max(begin, stop - 10) : stop]
    if follows.isdigit() and _BEFORE_NUMBER.search(tail):
        return True
    if _BEFORE_NAME.search(tail):
        return True
    if _TIME.search(tail) and _AFTER_TIME.match(flat, onset):
        return True
    marks = flat[stop:cut].strip(" ")
    if not marks:
        return False
    if marks[-1] in ")]":
        if _SHORT_BRACKET.search(flat[max(begin, cut - 40) : cut].rstrip()):
            return True
        return follows.islower() and not (lower and flat[begin : begin + 3].lstrip()[:1] in ("(", "["))
    if follows.islower() and flat[cut:onset].isspace() and not lower:
        return True
    return mark in "?!" and bool(_SPEECH.match(flat, onset) or (lower and _JOINING.match(flat, onset)))
