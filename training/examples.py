"""Articles to look at in a report: the mistakes a model was surest of, its best and its worst briefs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.story import Story
from training.brief_rows import BriefRows
from training.comparison import DECIDING
from training.mistakes import GIVEN, worst_mistakes
from training.topic_rows import TopicRows

EXCERPT = 700
"""Characters of a story that a mistake shows."""

BRIEFS = 6
"""Articles of each group of briefs."""

_AROUND = 2  # sentences shown around a chosen one


def mistake_cards(rows: TopicRows) -> list[dict[str, Any]]:
    """The worst mistakes with what a person needs to judge them, surest first.

    Each has `id`, `row`, `kind`, `label`, `probability`, `threshold`, the `true` and the `given` labels, `title`,
    `excerpt` as pieces of text with whether they are evidence, `cut` where the story goes on, and the `evidence`
    that spoke for the label in question (whole `sentences` or n-grams; `title_speaks` where the title is among it).
    """
    targets, given, probabilities, _, exclusive, _ = rows.arguments()
    limits = rows.limits()
    cards = []
    for mistake in worst_mistakes(targets, given, probabilities, limits, exclusive=exclusive):
        position = rows.judged[mistake.row]
        label = rows.classes[mistake.label]
        evidence = rows.evidence(position, label)
        others = [int(column) for column in np.flatnonzero(targets[mistake.row])] if exclusive else []
        story = rows.stories[position]
        excerpt, cut = _excerpt(story, {text for text, _ in evidence})
        cards.append(
            {
                "id": rows.articles.ids[position],
                "row": rows.articles.rows[position],
                "kind": mistake.kind,
                "label": label,
                "probability": float(probabilities[mistake.row, mistake.label]),
                "threshold": None if exclusive else float(limits[mistake.label]),
                "known": label in rows.model.classes_,
                "true": _named(rows, targets[mistake.row]),
                "given": _named(rows, given[mistake.row]),
                "touches": sorted({mistake.label, *others}),
                "title": story.title,
                "title_speaks": story.title in {text for text, _ in evidence},
                "sentences": rows.vectors is not None,
                "excerpt": excerpt,
                "cut": cut,
                "evidence": evidence,
                "speaks": "for it" if mistake.kind == GIVEN else "for it all the same",
            }
        )
    return cards


def _named(rows: TopicRows, chosen: Sequence[bool]) -> list[str]:
    return [label for label, there in zip(rows.classes, chosen, strict=True) if there]


def _excerpt(story: Story, evidence: set[str]) -> tuple[list[tuple[str, bool]], bool]:
    """The first sentences of a story, each with whether it is evidence, and whether the story goes on."""
    pieces: list[tuple[str, bool]] = []
    room = EXCERPT
    for sentence in story.sentences:
        if pieces and len(sentence.text) > room:
            return pieces, True
        pieces.append((sentence.text[: 2 * EXCERPT], sentence.text in evidence))
        room -= len(sentence.text)
    return pieces, False


def brief_cards(rows: BriefRows) -> list[dict[str, Any]]:
    """Articles with their briefs in three groups: the worst, those that the rival does best against, and the best.

    Briefs are ranked by the mean of ROUGE-1, ROUGE-2 and ROUGE-Lsum. Each has `group`, `id`, `row`, `score`, `lead`
    (the score of the rival), `title`, `reference` and `brief` as sentences, whether they are the model's `own` words,
    and the story as `pieces`: text, whether it was chosen, whether the best extract has it; a text of None stands for
    sentences left out.
    """
    score = np.mean([rows.rouge[kind] for kind in DECIDING], axis=0)
    best = rows.extracts.get("oracle", [[] for _ in rows.judged])
    lead = np.mean([rows.baselines[rows.rival][kind] for kind in DECIDING], axis=0)
    order = np.argsort(score, kind="stable")
    behind = [row for row in np.argsort(score - lead, kind="stable") if score[row] < lead[row]]
    groups: dict[str, Sequence[int]] = {
        "worst": order[:BRIEFS].tolist(),
        "behind": [int(row) for row in behind[:BRIEFS]],
        "best": order[::-1][:BRIEFS].tolist(),
    }
    cards = []
    for group, places in groups.items():
        for place in places:
            position = rows.judged[place]
            story = rows.stories[position]
            cards.append(
                {
                    "group": group,
                    "id": rows.articles.ids[position],
                    "row": rows.articles.rows[position],
                    "score": float(score[place]),
                    "lead": float(lead[place]),
                    "title": story.title,
                    "reference": [line for line in rows.references[place].splitlines() if line.strip()],
                    "brief": rows.briefs[position],
                    "own": rows.chosen is None,
                    "pieces": _pieces(story, rows.chosen[position] if rows.chosen else [], best[place]),
                }
            )
    return cards


def _pieces(story: Story, chosen: Sequence[int], oracle: Sequence[int]) -> list[tuple[str | None, bool, bool]]:
    """The sentences that were or should have been chosen, with their neighbours; None where others are left out."""
    marked = {*chosen, *oracle}
    shown = {0, *(index + step for index in marked for step in range(-_AROUND, _AROUND + 1))}
    pieces: list[tuple[str | None, bool, bool]] = []
    for index, sentence in enumerate(story.sentences):
        if index in shown:
            pieces.append((sentence.text, index in chosen, index in oracle))
        elif pieces and pieces[-1][0] is not None:
            pieces.append((None, False, False))
    return pieces
