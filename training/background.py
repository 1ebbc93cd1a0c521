"""What a topic model is to say nothing about: texts that are no news, and news by the same hand to tell them from.

`texts/no-news.jsonl` holds recipes, fiction, manuals, letters, chat, code, terms, adverts and the like;
`texts/news.jsonl` holds news in forms that might be taken for those. Both were written for Copydesk by the same kind of
writer, so that the line drawn between them (`models.novelty.Background`) parts kinds of text and not hands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models.novelty import FEWEST_STORIES, Background, openings
from models.story import Story, read_story

TEXTS = Path(__file__).with_name("texts")
MOST_COMPARED = 8_000
"""Up to so many training stories, drawn, are held against what is no news."""

Features = Callable[[Sequence[Any]], Any]
"""Of stories in parts, passages or their vectors, `(n_stories, n_features)`."""


@cache
def written(name: str) -> tuple[Story, ...]:
    """The texts of one file, "news" or "no-news", in its order."""
    lines = (TEXTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(read_story(json.loads(line)["text"]) for line in lines)


def fit_background(
    features: Features,
    stories: Sequence[Any],
    parts: Callable[[Sequence[Story]], Sequence[Any]],
    *,
    seed: int,
    held: Sequence[Any] = (),
    limit: float = 0.0,
) -> tuple[Background | None, float]:
    """Learn to tell stories like those of the training, whole and as openings, from what is no news.

    Args:
        features: of stories in parts.
        stories: those of the training, in parts.
        parts: of stories that were written for this.
        seed: of the draw.
        held: held-out stories, in parts, which set the limit; with none it is `limit`.
        limit: the score from which a story is no news.

    Returns:
        None where there are too few stories; and the limit.
    """
    stories, held = [story for story in stories if len(story)], [story for story in held if len(story)]
    if len(stories) < FEWEST_STORIES:
        return None, limit
    drawn = np.sort(np.random.default_rng(seed).permutation(len(stories))[:MOST_COMPARED])
    some = [stories[row] for row in drawn]
    kinds = [*some, *openings(some)], parts(written("news")), parts(written("no-news"))
    found = Background.fit(*map(features, kinds))
    if held:
        limit = found.limit(features([*held, *openings(held)]))
    return found.above(limit), limit
