"""Find what in a text is not its story, line by line: what ``noise`` describes, and menus, by their shape."""

from __future__ import annotations

import re

from models.noise import compile_rules, cues, rule_name
from models.sentences import Span, trim

LONGEST_NOISE = 450
"""Characters; a longer line or sentence is taken for text whatever it says."""

Found = tuple[int, int, str]
"""``(start, end, rule)`` of something to remove."""

_LINE, _CASED_LINE = compile_rules("line"), compile_rules("line", cased=True)
_CUED_LINE, _CUED_CASED_LINE = compile_rules("line", cued=True), compile_rules("line", cued=True, cased=True)
_PREFIX, _CASED_PREFIX = compile_rules("prefix"), compile_rules("prefix", cased=True)
_BLOCK = compile_rules("block")
_SUFFIX = compile_rules("suffix", cued=True)
_LINE_CUES, _SUFFIX_CUES = cues("line"), cues("suffix")
_SUFFIX_REACH = 300
_AFTER_STOP = re.compile(r"[.!?…][\"”’')\]]*\s*$")
_COMPLETE = re.compile(r"[.!?…:;,。！？][\"”’')\]」]*$")
_ITEM = re.compile(r"(?:[-–—•*·]|\d{1,2}[.)]) ?\S+(?: \S+){3}")  # an item of a list in the article
_NAME_ALONE = re.compile(r"[A-Z][a-z'’-]+(?: [A-Z]\.)?(?: (?:de|van|von|al|bin))?(?: [A-Z][\w'’-]+){1,2}")
_LONGEST_FRAGMENT = 25  # words
_LONGEST_QUESTION = 14
_PREFIXED_LINES = 4  # datelines stand at the top
_NAMED_LINES = 3  # and bylines
_MENU_ENTRIES = 8
_MENU_RULES = frozenset({"label", "related list", "share", "comments"})
_ENTRY_WORDS = 4
_LEAST_ARTICLE = 60  # words; what has fewer is no article with menus around it
_FRAGMENT_WEIGHT = -8
_NOISE_WEIGHT = -25
_COMMENT_WEIGHT = -100  # readers' comments are sentences, and below the article
_TITLE_WEIGHT = 50
_FULL_WEIGHT = 100  # words of one line that count: an endless line must not outweigh an article
_LIST_RUN = 4


class Cleaner:
    """Matches the rules against the lines and sentences of one flattened text, by their offsets."""

    def __init__(self, flat: str) -> None:
        """Take a text as ``repair.flatten`` returns it."""
        self._flat = flat
        low = flat.lower()
        self._low = low if len(low) == len(flat) else "".join(c.lower()[0] for c in flat)
        self._line_cues = [cue for cue in _LINE_CUES if cue in self._low]
        self._suffix_cues = [cue for cue in _SUFFIX_CUES if cue in self._low]

    def noise_rule(self, start: int, end: int) -> str | None:
        """The rule that takes this whole line or sentence, or None."""
        if end - start > LONGEST_NOISE:
            return None
        found = _LINE.fullmatch(self._low, start, end) or _CASED_LINE.fullmatch(self._flat, start, end)
        if not found and self._line_cues:
            line = self._low[start:end]
            if any([cue in line for cue in self._line_cues]):
                found = _CUED_LINE.fullmatch(self._low, start, end)
                found = found or _CUED_CASED_LINE.fullmatch(self._flat, start, end)
        return rule_name(found) if found else None

    def prefix_rule(self, start: int, end: int) -> Found | None:
        """What a rule takes off the beginning of a line or sentence, if it leaves something."""
        found = _CASED_PREFIX.match(self._flat, start, end) or _PREFIX.match(self._low, start, end)
        if found and (rest := trim(self._flat, found.end(), end)[0]) < end:
            return start, rest, rule_name(found)
        return None

    def suffix_rule(self, start: int, end: int) -> Found | None:
        """What a rule takes off the end of a line, behind a full stop."""
        if not self._suffix_cues:
            return None
        tail = max(start + 1, end - _SUFFIX_REACH)
        if any(cue in self._low[tail:end] for cue in self._suffix_cues):
            for found in _SUFFIX.finditer(self._low, tail, end):
                if _AFTER_STOP.search(self._flat, max(start, found.start() - 10), found.start()):
                    return found.start(), end, rule_name(found)
        return None

    def clean_lines(self, lines: list[Span]) -> tuple[list[Span], list[Found]]:
        """Sort lines, trimmed and not empty, into what is left of them and what was found to remove."""
        kept: list[Span] = []
        noise: list[Found] = []
        heading = ""  # the rule of the block that we are in
        for start, end in lines:
            if rule := self.noise_rule(start, end):
                noise.append((start, end, rule))
            elif end - start <= LONGEST_NOISE and (found := _BLOCK.fullmatch(self._low, start, end)):
                heading = rule_name(found)
                noise.append((start, end, heading))
            elif heading and is_fragment(self._flat[start:end]):
                noise.append((start, end, heading))
            else:
                heading = ""
                named = len(kept) < _NAMED_LINES and (start, end) != lines[-1]
                if named and _NAME_ALONE.fullmatch(self._flat, start, end):
                    noise.append((start, end, "name alone"))
                else:
                    prefixes = len(kept) < _PREFIXED_LINES
                    kept.append(self._without_ends(start, end, noise, prefixes=prefixes))
        return kept, noise

    def _without_ends(self, start: int, end: int, noise: list[Found], *, prefixes: bool) -> Span:
        """The line without the prefixes and the suffix that rules take off it, noted as noise."""
        while prefixes and (found := self.prefix_rule(start, end)):
            noise.append(found)
            start = found[1]
        if found := self.suffix_rule(start, end):
            noise.append(found)
            return trim(self._flat, start, found[0])
        return start, end


def is_fragment(line: str) -> bool:
    """Whether a line looks like a headline, a menu entry or a caption: short, and no sentence."""
    words = line.count(" ") + 1
    if words > _LONGEST_FRAGMENT:
        return False
    if line[-1] == "?":
        return words <= _LONGEST_QUESTION
    return not _COMPLETE.search(line[-6:])


def page_furniture(
    flat: str, lines: list[Span], noise: list[Found], titles: list[Span]
) -> tuple[list[Span], list[Found]]:
    """Of a text with the menus of its page around it, the lines of the article; and the others, as noise.

    The article is the run of lines with the greatest sum of weights (a maximum subsequence: Pasternack and
    Roth, "Extracting article text from the web", 2009): a sentence counts by its words and a line that repeats
    the title counts for it, a fragment and a line that a rule took count against it. Inside the article, a run
    of several fragments is a list of links. A text with few menu entries comes back as it is.
    """
    fragments = [is_fragment(flat[a:b]) and not _ITEM.match(flat, a, b) for a, b in lines]
    entries = sum(f and flat.count(" ", *line) < _ENTRY_WORDS for line, f in zip(lines, fragments, strict=True))
    entries += sum(rule in _MENU_RULES for _, _, rule in noise)
    if entries < _MENU_ENTRIES or sum(fragments) * 4 < len(lines):
        return lines, []
    heads = set(titles[1:2])
    weights = [(a, b, _COMMENT_WEIGHT if "comment" in rule else _NOISE_WEIGHT) for a, b, rule in noise]
    for (a, b), fragment in zip(lines, fragments, strict=True):
        text_weight = min(_FULL_WEIGHT, max(flat.count(" ", a, b) + 1, (b - a) // 8))
        weight = _FRAGMENT_WEIGHT if fragment else text_weight
        weights.append((a, b, _TITLE_WEIGHT if (a, b) in heads else weight))
    first, last = _heaviest(sorted(weights), len(flat))
    kept: list[Span] = []
    run: list[Span] = []
    gone: list[Found] = []
    for line, fragment in zip((*lines, (last, last)), (*fragments, False), strict=True):
        inside = first <= line[0] and line[1] <= last
        if fragment and inside and line not in heads:
            run.append(line)
            continue
        if len(run) >= _LIST_RUN:
            gone.extend((a, b, "list of links") for a, b in run)
        else:
            kept.extend(run)
        run = []
        if line[0] < line[1]:
            if inside:
                kept.append(line)
            else:
                gone.append((*line, "outside the article"))
    return kept, gone


def _heaviest(weights: list[tuple[int, int, int]], length: int) -> Span:
    """The span of the lines ``(start, end, weight)`` in a row whose weights sum to most; all if that is little."""
    best = total = 0
    onset, span = 0, (0, length)
    for start, end, weight in weights:
        if total <= 0:
            onset, total = start, 0
        total += weight
        if total > best:
            best, span = total, (onset, end)
    return span if best >= _LEAST_ARTICLE else (0, length)
