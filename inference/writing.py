"""Briefs and headlines in a model's own words: only what the story supports gets through.

A language model writes several candidates from the story's best sentences. Every sentence is read against the whole
story: it may hold no unsupported name, number, date or quotation (`models.faithfulness`), it keeps to one place of the
story, and it does not turn round what stands there (`models.anchoring`). The first candidate with no other sentence is
taken; where there is none, the sound part of the first that has at least half of them. What the extract has and the
draft leaves out fills it up. Where no draft is sound, the extract stays, and a warning says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.prediction import Prediction, Scored
from models.anchoring import Anchors
from models.artefact import load_artefact
from models.faithfulness import Evidence
from models.headline import FEWEST_WORDS
from models.language import foreign_language
from models.selection import Budget, leans
from models.sentences import split_sentences
from models.story import Story
from models.summary import SummaryModel

if TYPE_CHECKING:
    from models.abstractive import Writer

FEWEST_SENTENCES = 3
"""A shorter story is its own brief."""
MOST_HEADLINE_WORDS = 16
OWN_WORDS = "the brief has a language model's words: rules have checked them against the story, and miss some mistakes."
NOT_SUPPORTED = "no brief in the model's own words was supported by the story: the brief is taken from it."
_PRONOUN = re.compile(r"(?:he|she|it|they|his|her|its|their)\b", re.IGNORECASE)
TOO_LONG = "no brief in the model's own words fits the length asked for: the brief is taken from the story."


def is_writer(folder: Path | str) -> bool:
    """Whether a summariser's folder holds a language model's adapter."""
    return bool(load_artefact(folder, task="summariser").config.get("engine") == "abstractive")


def open_summariser(
    folder: Path | str, extractive: Path | str, headlines: Path | str | None = None
) -> tuple[SummaryModel, list[Writer]]:
    """The extractive summariser and the writers of a Copydesk.

    Args:
        folder: of a summariser of any engine.
        extractive: of the one that chooses what a writer sees, where `folder` is a writer's.
        headlines: of a writer of headlines, where one is wanted beside a writer of briefs.

    Raises:
        ModelError: a folder holds no sound model, or what its engine needs is not installed.
    """
    if not is_writer(folder):
        return SummaryModel.load(folder), []
    from models.abstractive import Writer
    from models.language_model import check_base

    writers = [Writer.load(folder)]
    if headlines is not None and writers[0].writing.target != "headline":
        writers.append(Writer.load(headlines))
    for writer in writers:
        check_base(writer.base)
    return SummaryModel.load(extractive), writers


def write(
    writers: Sequence[Writer], scored: Sequence[Scored], predictions: Sequence[Prediction], budget: Budget
) -> list[Prediction]:
    """The predictions with a brief and a headline in the writers' own words, where the story supports them.

    Args:
        writers: of different targets.
        scored: the stories as they were read, one for each prediction.
        predictions: with extracts as their briefs.
        budget: how long a brief may be.
    """
    results = list(predictions)
    for writer in writers:
        drafted = drafts(writer, scored, predictions)
        results = checked(writer.writing.target, scored, results, drafted, budget)
    return results


def drafts(
    writer: Writer,
    scored: Sequence[Scored],
    predictions: Sequence[Prediction],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> list[list[str] | None]:
    """What a writer has to say of each story, likeliest first and not yet checked; None where it is not asked.

    It is not asked where there is too little to shorten, or another language to shorten it in.
    """
    rows = [row for row, one in enumerate(scored) if _worth_writing(one, predictions[row])]
    sources = [
        writer.source([sentence.text for sentence in scored[row].story.sentences], np.asarray(scored[row].logits))
        for row in rows
    ]
    results: list[list[str] | None] = [None] * len(scored)
    for row, candidates in zip(rows, writer.candidates(sources, on_progress=on_progress), strict=True):
        results[row] = candidates
    return results


def checked(
    target: str,
    scored: Sequence[Scored],
    predictions: Sequence[Prediction],
    drafted: Sequence[Sequence[str] | None],
    budget: Budget,
) -> list[Prediction]:
    """The predictions with the first draft of each story that fits and that the story supports."""
    results = list(predictions)
    for row, candidates in enumerate(drafted):
        if candidates is None:
            continue
        story = scored[row].story
        judge = _Judge(story)
        if target == "headline":
            results[row] = _with_headline(results[row], candidates, judge.supports_headline)
        else:
            results[row] = _with_brief(results[row], candidates, judge, budget)
    return results


class _Judge:
    """Tells whether a text is supported by a story, and where in it a sentence belongs."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.evidence = Evidence.of(story)
        self.anchors = Anchors([sentence.text for sentence in story.sentences])

    def supports(self, text: str) -> bool:
        return not self.evidence.unsupported(text) and self.anchors.holds(text)

    def supports_headline(self, text: str) -> bool:
        return not self.evidence.unsupported(text) and self.anchors.suits(text)


def _worth_writing(scored: Scored, prediction: Prediction) -> bool:
    story = scored.story
    long = len(story.sentences) >= FEWEST_SENTENCES and bool(prediction.summary)
    return long and foreign_language(story.text) is None


def _with_headline(prediction: Prediction, candidates: Sequence[str], supported: Callable[[str], bool]) -> Prediction:
    for text in candidates:
        if FEWEST_WORDS <= len(text.split()) <= MOST_HEADLINE_WORDS and supported(text):
            return replace(prediction, headline=text, written=(*prediction.written, "headline"))
    return prediction


def _with_brief(prediction: Prediction, candidates: Sequence[str], judge: _Judge, budget: Budget) -> Prediction:
    words, parts, brief = judge.story.words, list[str](), ""
    for text in candidates:
        part = supported_part(text, judge.supports)
        parts.append(part)
        if part == text and (brief := within(text, budget, words)):
            break
    else:
        brief = next((brief for part in parts if (brief := within(part, budget, words))), "")
    if brief:
        brief = filled(brief, prediction, judge.story, judge.anchors, budget)
        written, warnings = (*prediction.written, "summary"), (*prediction.warnings, OWN_WORDS)
        return replace(prediction, summary=brief, written=written, warnings=warnings)
    reason = TOO_LONG if any(parts) else NOT_SUPPORTED
    return replace(prediction, warnings=(*prediction.warnings, reason))


def filled(text: str, prediction: Prediction, story: Story, anchors: Anchors, budget: Budget) -> str:
    """A written text with the sentences of the extract that it leaves out, up to as many as the extract has.

    All stand in the story's order, the best of the extract's come first, and what leans on a sentence that is not there
    is left out. A written sentence that leans on the one before stays with it.
    """
    chosen = [at for at, sentence in enumerate(prediction.sentences) if sentence.chosen]
    placed: dict[int, list[str]] = {}
    place = 0
    for start, end in split_sentences(text):
        sentence = text[start:end].strip()
        place = place if placed and leans(sentence) else anchors.sentence(sentence)
        placed.setdefault(place, []).append(sentence)
    for at in sorted(chosen, key=lambda at: -prediction.sentences[at].score):
        leaning = at - 1 not in placed and leans(prediction.sentences[at].text)
        if at in placed or leaning or sum(map(len, placed.values())) >= len(chosen):
            continue
        longer = {**placed, at: [story.standalone(at)]}
        joined = _in_order(longer)
        if within(joined, budget, story.words) == joined:
            placed = longer
    return _in_order(placed)


def _in_order(placed: dict[int, list[str]]) -> str:
    return " ".join(sentence for at in sorted(placed) for sentence in placed[at])


def supported_part(text: str, supported: Callable[[str], bool]) -> str:
    """A text without the sentences that are not supported, nor those that lean on one that goes.

    A first sentence that opens with a pronoun goes too. Empty where more than half of the sentences would go, or where
    what is left is not supported as a whole, as with a quotation over several sentences.
    """
    sentences = [text[start:end].strip() for start, end in split_sentences(text)]
    kept: list[str] = []
    before = False
    for at, sentence in enumerate(sentences):
        stands = not leans(sentence) if at else not _PRONOUN.match(sentence)
        before = (stands or before) and supported(sentence)
        if before:
            kept.append(sentence)
    part = text if len(kept) == len(sentences) else " ".join(kept)
    return part if 2 * len(kept) >= len(sentences) and (len(sentences) < 2 or supported(part)) else ""


def within(text: str, budget: Budget, words: int) -> str:
    """As many of a text's sentences as a budget allows, from its beginning; empty where the first one is too long.

    Args:
        text: whole sentences.
        budget: how long a brief may be; `auto` allows all.
        words: of the story, which a brief of a `ratio` is measured against and never longer than.
    """
    sentences = [text[start:end].strip() for start, end in split_sentences(text)]
    sentences = sentences[: budget.sentences]
    most = min(words, budget.words or words, int(budget.ratio * words) if budget.ratio else words)
    while sentences:
        brief = " ".join(sentences)
        if len(brief.split()) <= most and len(brief) <= (budget.characters or len(brief)):
            return brief
        sentences.pop()
    return ""
