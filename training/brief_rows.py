"""What a summariser makes of every row of a data set: the one run that figures, files and reports are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import DataError
from models.selection import Budget
from models.story import Story, split_sentences
from models.summary import SummaryModel
from training.briefs import random_extracts
from training.data import Articles
from training.oracle import greedy_oracles
from training.rouge import rouge_scores
from training.stories import encode_stories, progress, read_stories

LEAD = 3
"""Sentences of the baselines lead-3 and random."""

Scores = dict[str, NDArray[np.float64]]

RIVALS = ("lead-3", "first-sentence")
"""What briefs, and what headlines, are first of all compared with."""


@dataclass(slots=True)
class BriefRows:
    """Reference and brief of every readable row.

    Attributes:
        articles: all readable rows, those without a summary too.
        stories: the articles as the model reads them.
        judged: positions of the rows that have a summary; figures and the following are over these.
        references: the human summaries, a sentence a line.
        briefs: the sentences of every readable row's brief.
        chosen: their places in the story, for every readable row; None where a brief is not an extract.
        rouge: `(n_judged,)` for each kind of ROUGE.
        extracts: the baselines' sentences, by baseline, as places in the judged stories.
        baselines: the baselines' ROUGE.
        writing: where a language model wrote them, how that went; see `training.written`.
    """

    articles: Articles
    stories: list[Story]
    judged: list[int]
    references: list[str]
    briefs: list[list[str]]
    chosen: list[list[int]] | None
    rouge: Scores = field(default_factory=dict)
    extracts: dict[str, list[list[int]]] = field(default_factory=dict)
    baselines: dict[str, Scores] = field(default_factory=dict)
    writing: dict[str, Any] = field(default_factory=dict)

    @property
    def rival(self) -> str:
        """The baseline that the model is first of all compared with."""
        return next(name for name in RIVALS if name in self.baselines)

    @property
    def without_summary(self) -> int:
        """How many rows have no summary."""
        return len(self.articles) - len(self.judged)

    @property
    def held(self) -> Articles:
        """The rows that have a summary."""
        return self.articles.take(self.judged)

    @property
    def judged_stories(self) -> list[Story]:
        """The stories that have a summary."""
        return [self.stories[row] for row in self.judged]

    @property
    def judged_briefs(self) -> list[list[str]]:
        """Their briefs."""
        return [self.briefs[row] for row in self.judged]

    @property
    def judged_chosen(self) -> list[list[int]] | None:
        """The places of their briefs' sentences."""
        return None if self.chosen is None else [self.chosen[row] for row in self.judged]


def run_summariser(
    model: SummaryModel, articles: Articles, budget: Budget | None = None, *, baselines: bool = True
) -> BriefRows:
    """Summarise every row and score those that have a summary, beside lead-3, random sentences and the oracle.

    Raises:
        DataError: no row has a summary to judge by.
    """
    summaries = articles.summaries or [None] * len(articles)
    judged = [row for row, summary in enumerate(summaries) if summary and summary.strip()]
    if not judged:
        raise DataError(f"{articles.name}: no row has a summary; name the column with --summary-column.")
    references = [reference_sentences(summaries[row] or "") for row in judged]
    stories = read_stories(articles)
    chosen, _ = summarise(model, stories, budget)
    rows = BriefRows(articles, stories, judged, references, sentences_of(stories, chosen), chosen)
    rows.rouge = scored_briefs("the briefs", rows.judged_briefs, references)
    if baselines:
        score_baselines(rows)
    return rows


def score_baselines(rows: BriefRows) -> None:
    """Add the baselines' extracts and their ROUGE."""
    stories = rows.judged_stories
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    oracle: list[list[int]] = []
    with progress("Finding the oracle", len(texts)) as advance:
        for indices in greedy_oracles(texts, rows.references):
            oracle.append(sorted(indices))
            advance()
    rows.extracts = {
        "lead-3": [list(range(min(LEAD, len(story)))) for story in texts],
        "random": random_extracts([len(story) for story in texts], LEAD),
        "oracle": oracle,
    }
    rows.baselines = {
        name: scored_briefs(name, sentences_of(stories, extract), rows.references)
        for name, extract in rows.extracts.items()
    }


def scored_briefs(name: str, briefs: Sequence[Sequence[str]], references: Sequence[str]) -> Scores:
    """ROUGE of briefs, given as sentences; `name` is what the progress bar calls them."""
    with progress(f"ROUGE of {name}", len(briefs)) as advance:
        done = 0

        def report(count: int) -> None:
            nonlocal done
            advance(count - done)
            done = count

        return rouge_scores(briefs, references, progress=report)


def sentences_of(stories: Sequence[Story], chosen: Sequence[Sequence[int]]) -> list[list[str]]:
    """The texts of chosen sentences, per story."""
    return [[story.sentences[index].text for index in rows] for story, rows in zip(stories, chosen, strict=True)]


def summarise(
    model: SummaryModel, stories: Sequence[Story], budget: Budget | None = None
) -> tuple[list[list[int]], list[NDArray[np.float32]]]:
    """The sentences a model chooses of each story, and every sentence's logit."""
    vectors = encode_stories(model.scorer.spec, stories) if model.engine == "standard" else None
    scores = model.scores(stories, vectors)
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    chosen = [
        model.choose(logits, sentences, budget or Budget()) if sentences else []
        for logits, sentences in zip(scores, texts, strict=True)
    ]
    return chosen, scores


def reference_sentences(summary: str) -> str:
    """A reference with one sentence a line, as ROUGE-Lsum wants it."""
    if "\n" in summary.strip():
        return summary
    return "\n".join(summary[start:end] for start, end in split_sentences(summary))
