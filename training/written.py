"""What a language model writes of every row of a data set, before and after the guard, and how good that is."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.predict import Copydesk
from inference.writing import checked, drafts
from models.abstractive import Writer
from models.faithfulness import Evidence
from models.headline import MOST_WORDS
from models.selection import Budget
from models.sentences import split_sentences
from models.story import Story
from models.summary import SummaryModel
from training.brief_rows import BriefRows, reference_sentences, score_baselines, scored_briefs, sentences_of
from training.data import Articles
from training.oracle import rouge_tokens
from training.stories import progress, read_stories
from training.targets import with_targets


def run_writer(
    writer: Writer, guide: SummaryModel, articles: Articles, budget: Budget | None = None, *, baselines: bool = True
) -> BriefRows:
    """Write for every row that has a reference, and score what gets through the guard.

    Beside it stands, for briefs, the extract that the writer's sentences were chosen from (`extract`), lead-3 and the
    oracle; for headlines the first sentence, its first twelve words, and the headline made by deletion (`rules`; the
    first twelve words where it makes none). Titles are not shown where they are what is to be written.

    Args:
        writer: the language model.
        guide: the extractive summariser that chooses what it sees.
        articles: with summaries, or for a writer of headlines with titles.
        budget: how long a brief may be.
        baselines: whether the others are scored as well.

    Raises:
        DataError: no row has a reference.
    """
    target = writer.writing.target
    held, references = with_targets(articles, target)
    shown = held.without_titles() if target == "headline" else held
    stories = read_stories(shown)
    desk = Copydesk(None, guide, budget=budget)
    began = time.perf_counter()
    scored = desk.score(stories)
    extracts = [desk.brief(one) for one in scored]
    with progress("Writing", len(stories)) as advance:
        drafted = drafts(writer, scored, extracts, on_progress=advance)
    final = checked(target, scored, extracts, drafted, desk.budget)
    seconds = time.perf_counter() - began

    chosen = [[i for i, sentence in enumerate(one.sentences) if sentence.chosen] for one in extracts]
    dozen = [" ".join(_first(story).split()[:MOST_WORDS]) for story in stories]
    if target == "headline":
        outputs = [[one.headline or short] for one, short in zip(final, dozen, strict=True)]
    else:
        outputs = [_sentences(one.summary) for one in final]
    lines = [text if target == "headline" else reference_sentences(text) for text in references]
    rows = BriefRows(held, stories, list(range(len(held))), lines, outputs, None)
    rows.rouge = scored_briefs("the written texts", outputs, lines)
    rows.writing = {
        "target": target,
        "seconds_per_story": seconds / max(1, len(stories)),
        **_discipline(stories, drafted, [" ".join(text) for text in outputs], [target in one.written for one in final]),
    }
    if not baselines:
        return rows
    if target == "summary":
        score_baselines(rows)
        rows.extracts["extract"] = chosen
        rows.baselines["extract"] = scored_briefs("the extracts", sentences_of(stories, chosen), lines)
    else:
        rules = [[one.headline or short] for one, short in zip(extracts, dozen, strict=True)]
        others = {
            "first-sentence": [[_first(story)] for story in stories],
            "first-12-words": [[text] for text in dozen],
            "rules": rules,
        }
        rows.baselines = {name: scored_briefs(name, texts, lines) for name, texts in others.items()}
    return rows


def _first(story: Story) -> str:
    return story.sentences[0].text if story.sentences else ""


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def _discipline(
    stories: Sequence[Story], drafted: Sequence[Sequence[str] | None], outputs: Sequence[str], written: Sequence[bool]
) -> dict[str, Any]:
    """How faithful and how new the texts are.

    `unsupported_before` and `unsupported_after` are names, numbers, dates and quotations without support in the story,
    per 100 texts, of the likeliest drafts and of what the guard let through; `new_bigrams` is the share of a written
    text's word pairs that the story does not have.
    """
    evidence = [Evidence.of(story) for story in stories]
    first = [(row, texts[0]) for row, texts in enumerate(drafted) if texts]
    before = [len(evidence[row].unsupported(text)) for row, text in first]
    after = [len(evidence[row].unsupported(outputs[row])) for row, ours in enumerate(written) if ours]
    novelty = [novel_bigrams(outputs[row], stories[row]) for row, ours in enumerate(written) if ours]
    return {
        "asked": sum(texts is not None for texts in drafted),
        "written": int(sum(written)),
        "unsupported_before": 100 * float(np.mean(before)) if before else 0.0,
        "unsupported_after": 100 * float(np.mean(after)) if after else 0.0,
        "new_bigrams": float(np.mean(novelty)) if novelty else 0.0,
    }


def novel_bigrams(text: str, story: Story) -> float:
    """The share of a text's pairs of neighbouring words (stemmed) that its story does not have; 0 without any pair."""
    known: set[tuple[str, str]] = set()
    for sentence in story.sentences:
        words = rouge_tokens(sentence.text)
        known.update(itertools.pairwise(words))
    words = rouge_tokens(text)
    pairs = list(itertools.pairwise(words))
    return sum(pair not in known for pair in pairs) / len(pairs) if pairs else 0.0
