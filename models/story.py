"""A story as the models read it: cleaned, mended, cut into sentences that know their place in the original."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from models.cleaning import Cleaner, Found, is_fragment, page_furniture
from models.layout import Line, read_lines
from models.quotation import balance_quotes, open_mark
from models.repair import flatten, repair
from models.sentences import LONGEST_SENTENCE, split_range, split_sentences
from models.webpage import is_html, read_page

__all__ = ["Removal", "Sentence", "Story", "balance_quotes", "passages", "read_story", "repair", "split_sentences"]

_LONGEST_HEADLINE = 160  # characters
_TITLE_SHARE = 0.6  # of a title, before the name of its site
_TITLE_LINES = 3  # below them, a full sentence is no title, even in the same words
_PAGE_LINES = 30  # a text of more lines may be a page with its menus
_PREFIXED_SENTENCES = 4  # a dateline may stand behind an editor's note
_ABBREVIATION = re.compile(r"\b(?:[ap]\.m|U\.[SKN]|D\.C|Inc|Corp|Ltd|Jr|Sr)\.$", re.IGNORECASE)
_NOT_WORD = re.compile(r"\W+")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_QUOTATION = 8  # sentences; a mark left open for longer was forgotten
_SITE = re.compile(r"\s+(?:[-–—|»:]|::)\s+[^-–—|»:]{2,40}$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a story.

    ``text`` is ``repair(Story.original[start:end])``: the same text, unless it needed mending or stood on
    several lines. Offsets are in characters.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Removal:
    """What cleaning took out: ``text`` is ``Story.original[start:end]``, ``rule`` the name of what took it."""

    start: int
    end: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """A story read by ``read_story``.

    ``original`` is the text as it was given or, for HTML, the text of the article in it, and all offsets count
    its characters. ``sentences`` and ``removed`` are in order and do not overlap.
    """

    original: str
    title: str | None
    sentences: tuple[Sentence, ...]
    removed: tuple[Removal, ...]
    warnings: tuple[str, ...]

    @property
    def text(self) -> str:
        """The kept sentences, joined by a space."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def words(self) -> int:
        """How many words, set apart by white space, the kept sentences have."""
        return sum(len(sentence.text.split()) for sentence in self.sentences)

    def standalone(self, index: int) -> str:
        """The text of a sentence as it may be shown without its neighbours.

        A sentence from inside a quotation gets the marks that stand before or behind it in its paragraph, so
        that a source's words are not taken for the reporter's.

        Raises:
            IndexError: there is no such sentence.
        """
        if not 0 <= index < len(self.sentences):
            raise IndexError(f"sentence {index} of a story with {len(self.sentences)}: count from 0")
        text = self.sentences[index].text
        before: list[str] = []
        for one, other in pairwise(reversed(self.sentences[max(0, index - _LONGEST_QUOTATION) : index + 1])):
            if "\n" in self.original[other.end : one.start]:
                break
            before.append(other.text)
        return balance_quotes(f"{open_mark(' '.join(reversed(before))) or ''}{text}")


def passages(story: Story) -> list[str]:
    """What an encoder reads of a story: its title, where there is one, then its sentences."""
    return ([story.title] if story.title else []) + [sentence.text for sentence in story.sentences]


def read_story(text: str, *, title: str | None = None, clean: bool = True) -> Story:
    """Read a plain text or an HTML page as a story.

    Args:
        text: the story. HTML, known by its own markup, is reduced to the text of its article first, and its
            headline is the title unless one is given.
        title: the headline; a line that repeats it is removed. When missing, a first line that looks like a
            headline is the title, and not a sentence of the story.
        clean: whether what is not the story is removed: captions, datelines, bylines, prompts, menus.

    Raises:
        TypeError: ``text`` or ``title`` is not a string. No string raises, whatever is in it.
    """
    if not isinstance(text, str):
        raise TypeError(f"read_story expects a str, found {type(text).__name__}: decode bytes, read files first")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"the title of a story is a str or None, found {type(title).__name__}")
    warnings: list[str] = []
    if is_html(text):
        article = read_page(text)
        text, title = article.text, title or article.title
        if article.warning:
            warnings.append(article.warning)
    flat = flatten(text)
    lines = read_lines(text, flat)
    headline = repair(title or "") or None
    noise: list[Found] = []
    body = lines
    cleaner = Cleaner(flat)
    if clean:
        body, headline, noise = _story_lines(flat, cleaner, lines, headline)
    elif headline is None and lines and not cleaner.noise_rule(*lines[0]):
        headline, body = _headline(flat, lines, lines)
    sentences, more = _sentences(text, flat, body, cleaner if clean else None)
    if not sentences and (noise or more):
        noise, more = [], []
        sentences, _ = _sentences(text, flat, lines, None)
        if sentences:
            warnings.append("everything looked like noise: the text was kept as it is")
    warnings.extend(_doubts(sentences))
    removed = tuple(Removal(a, b, rule, text[a:b]) for a, b, rule in sorted((*noise, *more)))
    return Story(text, headline, tuple(sentences), removed, tuple(warnings))


def _story_lines(
    flat: str, cleaner: Cleaner, lines: list[Line], headline: str | None
) -> tuple[list[Line], str | None, list[Found]]:
    """The lines of the story proper, its headline, and what was removed around them."""
    body, noise = cleaner.clean_lines(lines)
    if headline is None:
        headline, body = _headline(flat, lines, body)
    titles = _repeats(flat, body, headline or "")
    article, furniture = page_furniture(flat, body, noise, titles)
    noise.extend(furniture)
    rest = [line for line in article if line not in titles]
    if rest:
        noise.extend((*line, "title") for line in article if line in titles)
        article = rest
    return article, headline, noise


def _headline(flat: str, lines: list[Line], body: list[Line]) -> tuple[str | None, list[Line]]:
    """The first line as the title, if it looks like a headline, and the lines below it."""
    if len(body) < 2:
        return None, body
    (start, end), (onset, close) = body[0], body[1]
    line = flat[start:end]
    if end - start > _LONGEST_HEADLINE or not _LETTER.search(line) or not _LETTER.search(flat, onset, close):
        return None, body
    if line.count(" ") < 2 or (line[-1] == "?" and line.count(" ") > 10):
        return None, body
    if not is_fragment(line) and not _ABBREVIATION.search(line):
        return None, body
    if all(is_fragment(flat[a:b]) for a, b in body[1:4]) and len(lines) < _PAGE_LINES:
        return None, body
    return repair(_SITE.sub("", line)) if len(lines) > _PAGE_LINES else repair(line), body[1:]


def _repeats(flat: str, lines: list[Line], headline: str) -> list[Line]:
    """The lines that repeat the headline, with or without the name of the site behind it."""
    wanted = _key(headline)
    if not wanted:
        return []
    repeats: list[Line] = []
    for place, (start, end) in enumerate(lines):
        if end - start > 2 * len(headline) or not (place < _TITLE_LINES or is_fragment(flat[start:end])):
            continue
        short, long = sorted((_key(flat[start:end]), wanted), key=len)
        if short == long or (long.startswith(f"{short} ") and len(short) >= _TITLE_SHARE * len(long)):
            repeats.append((start, end))
    return repeats


def _key(text: str) -> str:
    """What two forms of one headline have in common."""
    return _NOT_WORD.sub(" ", text).strip().casefold()


def _sentences(text: str, flat: str, lines: list[Line], cleaner: Cleaner | None) -> tuple[list[Sentence], list[Found]]:
    """The sentences of some lines, and those that were removed as noise."""
    sentences: list[Sentence] = []
    noise: list[Found] = []
    for line in lines:
        spans = split_range(flat, *line)
        for place, (start, end) in enumerate(spans):
            if cleaner and len(spans) > 1:
                if rule := cleaner.noise_rule(start, end):
                    noise.append((start, end, rule))
                    continue
                if place < _PREFIXED_SENTENCES and (found := cleaner.prefix_rule(start, end)):
                    noise.append(found)
                    start = found[1]
            if repaired := repair(text[start:end]):
                sentences.append(Sentence(repaired, start, end))
    return sentences, noise


def _doubts(sentences: list[Sentence]) -> list[str]:
    """What a reader of these sentences should know."""
    if not sentences:
        return ["the story is empty"]
    doubts: list[str] = []
    if not any(_LETTER.search(sentence.text) for sentence in sentences):
        doubts.append("the story has no letters")
    if any(a.end - a.start > LONGEST_SENTENCE - 100 and b.start - a.end <= 1 for a, b in pairwise(sentences)):
        doubts.append(f"a sentence of more than {LONGEST_SENTENCE:,} characters was cut at white space")
    return doubts


def several(stories: Any, what: str) -> Iterable[Any]:
    """The argument, where it is stories.

    Raises:
        TypeError: it is something else, which iterating would take to pieces; `what` says whose argument it is.
    """
    if hasattr(stories, "columns"):  # iterating over a table gives the names of its columns
        raise TypeError(
            f"{what}: expected a list of stories, not a table ({type(stories).__name__}); pass its rows, in pandas "
            '.to_dict("records"), or a column of texts.'
        )
    if isinstance(stories, Iterable) and not isinstance(stories, (str, bytes, bytearray, Mapping, Story)):
        return stories
    wanted = "a story (str) or a list of stories" if what == "predict" else "a list of stories"
    raise TypeError(f"{what}: expected {wanted}, not {type(stories).__name__}.")
