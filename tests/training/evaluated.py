"""Runs of stand-in models over a handful of rows, for the tests of what is made of such runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from models.story import read_story
from training.brief_rows import BriefRows, score_baselines, sentences_of
from training.data import Articles
from training.rouge import rouge_scores
from training.topic_rows import TopicRows, run_topics

CLASSES = ["arts", "sport", "weather"]


class StandIn:
    """A topic model that gives each story the probabilities written in it: "arts=0.9 sport=0.2"."""

    engine = "fast"

    def __init__(self, exclusive: bool = False, classes: list[str] | None = None, shift: float = 0.0) -> None:
        self.classes_ = classes or CLASSES
        self.exclusive_ = exclusive
        self.thresholds_ = np.full(len(self.classes_), 0.5)
        self.shift = shift
        self.scorer = SimpleNamespace(explain=self.explain)

    def predict_proba(self, stories: list[Any], vectors: Any = None) -> np.ndarray:
        table = np.zeros((len(stories), len(self.classes_)))
        for row, story in enumerate(stories):
            for word in story.original.split():
                label, _, value = word.partition("=")
                if label in self.classes_:
                    table[row, self.classes_.index(label)] = np.clip(float(value) + self.shift, 0, 1)
        return table

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        passed = probabilities >= 0.5
        if self.exclusive_:
            best = np.zeros_like(passed)
            best[np.arange(len(passed)), probabilities.argmax(axis=1)] = True
            return best
        return passed

    def leading(self, stories: object, probabilities: np.ndarray) -> np.ndarray:
        return probabilities

    def refused(self, stories: list[Any], vectors: Any = None) -> np.ndarray:
        """Which stories say that they are strange."""
        return np.array(["strange" in story.original for story in stories])

    def explain(self, text: str, label: str, top: int = 10) -> list[tuple[str, float]]:
        return [("crowd", 1.5), ("<b>goal", 0.5), ("rain", -0.5), ("(other n-grams)", 9.0), ("(intercept)", -3.0)]


def topic_articles(*rows: tuple[str, list[str]], skipped: tuple[tuple[int, str], ...] = ()) -> Articles:
    """Articles of (text, labels), with ids a, b, c …, their rows numbered from 1 around those that were skipped."""
    taken = {row for row, _ in skipped}
    numbers = [row for row in range(1, 1 + len(rows) + len(skipped)) if row not in taken]
    return Articles(
        "toy.csv",
        numbers,
        [chr(97 + place) for place in range(len(rows))],
        [None] * len(rows),
        [text for text, _ in rows],
        [labels for _, labels in rows],
        all(len(labels) < 2 for _, labels in rows),
        None,
        list(skipped),
        skipped_ids=[str(row) for row, _ in skipped],
        skipped_before=[sum(number < row for number in numbers) for row, _ in skipped],
    )


def topic_run(articles: Articles, **options: Any) -> TopicRows:
    return run_topics(StandIn(**options), articles)  # type: ignore[arg-type]


TEXTS = [
    "The council voted to close the old bridge on Monday. Traffic will be sent round by Tarsk. It reopens in May.",
    "Heavy rain flooded forty homes in the Lesna valley. Families slept in a school. More rain is due on Friday.",
    "The orchestra played to a full hall. Its new conductor, Ada Quill, was cheered. Tickets had sold out in a day.",
    "A striker scored twice in the final. The home side lost all the same. Their coach resigned within the hour.",
]
SUMMARIES = [
    "The old bridge closes. Traffic goes by Tarsk.",
    "Rain flooded homes in the Lesna valley.",
    None,
    "A coach resigned after the final.",
]


def brief_run(choice: int = 0, *, baselines: bool = True) -> BriefRows:
    """A run over `TEXTS` that chose the first sentence (0), the second (1), or of the first story both (2)."""
    articles = Articles(
        "briefs.jsonl",
        [1, 2, 3, 5],
        list("abce"),
        [None] * 4,
        TEXTS,
        None,
        True,
        SUMMARIES,
        [(4, "empty text")],
        skipped_ids=["4"],
        skipped_before=[3],
    )
    stories = [read_story(text) for text in TEXTS]
    chosen = [[0, 1] if choice == 2 and not row else [min(choice, 1) if choice < 2 else 0] for row in range(4)]
    judged = [0, 1, 3]
    references = [(SUMMARIES[row] or "").replace(". ", ".\n") for row in judged]
    rows = BriefRows(articles, stories, judged, references, sentences_of(stories, chosen), chosen)
    rows.rouge = rouge_scores(rows.judged_briefs, references)
    if baselines:
        score_baselines(rows)
    return rows
