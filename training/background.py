"""What a topic model is to say nothing about: texts that are no news, and news by the same hand to tell them from.

`texts/no-news.jsonl` holds recipes, fiction, manuals, letters, chat, code, terms, adverts and the like;
`texts/news.jsonl` holds news in forms that might be taken for those. Both were written for Copydesk by the same kind of
writer, so that the line drawn between them (`models.novelty.Background`) parts kinds of text and not hands.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.novelty import FEWEST_STORIES, Background, openings, stacked
from models.standard import EncoderSpec
from models.story import Story, read_story
from training.stories import encode_stories

log = logging.getLogger(__name__)
TEXTS = Path(__file__).with_name("texts")
MOST_KEPT = 4
FOLDS = 3
MOST_REFUSED = 0.25
"""Of a label's stories, judged by a line that was drawn without them, before no line is drawn at all."""
_ENCODED: dict[tuple[str, str, int], Sequence[NDArray[Any]]] = {}
MOST_COMPARED = 8_000
"""Up to so many training stories, drawn, are held against what is no news."""

Features = Callable[[Sequence[Any]], Any]
"""Of stories in parts, passages or their vectors, `(n_stories, n_features)`."""


@cache
def written(name: str) -> tuple[Story, ...]:
    """The texts of one file, "news" or "no-news", in its order."""
    lines = (TEXTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(read_story(json.loads(line)["text"]) for line in lines)


def encoded(spec: EncoderSpec, name: str, folder: Path | None = None, *, layers: int = 1) -> Sequence[NDArray[Any]]:
    """Sentence vectors of the texts of one file, kept for the next training in this process; `folder` as in --cache."""
    key = spec.fingerprint, name, layers
    if key not in _ENCODED:
        while len(_ENCODED) >= MOST_KEPT:
            _ENCODED.pop(next(iter(_ENCODED)))
        _ENCODED[key] = encode_stories(spec, written(name), folder, layers=layers)
    return _ENCODED[key]


def fit_background(
    features: Features,
    stories: Sequence[Any],
    labels: Sequence[Sequence[str]],
    parts: Callable[[str], Sequence[Any]],
    *,
    seed: int,
    held: Sequence[Any] = (),
    limit: float = 0.0,
    words: Sequence[str] = (),
) -> tuple[Background | None, float]:
    """Learn to tell stories like those of the training, whole and as openings, from what is no news.

    Args:
        features: of stories in parts.
        stories: those of the training, in parts.
        labels: theirs.
        parts: of the texts of one file, "news" or "no-news".
        seed: of the draw.
        held: held-out stories, in parts, which set the limit; with none it is `limit`.
        limit: the score from which a story is no news.
        words: that the first features stand for, where they are n-grams.

    Returns:
        None where there are too few stories, or where those of a label would be refused; and the limit.
    """
    rows, held = [row for row, story in enumerate(stories) if len(story)], [story for story in held if len(story)]
    if len(rows) < FEWEST_STORIES:
        return None, limit
    generator = np.random.default_rng(seed)
    some = np.sort(np.array(rows)[generator.permutation(len(rows))[:MOST_COMPARED]]).tolist()
    whole, begun = (features(part) for part in ([stories[r] for r in some], openings([stories[r] for r in some])))
    news, none = features(parts("news")), features(parts("no-news"))
    found = Background.fit(stacked(whole, begun), news, none, words)
    if held:
        limit = found.limit(features([*held, *openings(held)]))
    refused = np.zeros(len(some), bool)
    folds = generator.permutation(len(some)) % FOLDS
    for fold in range(FOLDS):
        inside = np.flatnonzero(folds != fold)
        without = Background.fit(stacked(whole[inside], begun[inside]), news, none, words)
        refused[folds == fold] = without.scores(whole[folds == fold]) > limit
    if like := _labels_refused([labels[row] for row in some], refused):
        log.warning(
            "What is no news is not learnt, and no text refused as such: articles of %s would be taken for it.",
            ", ".join(f"{label!r} ({count} of {total})" for label, count, total in like),
        )
        return None, limit
    return found.above(limit), limit


def _labels_refused(labels: Sequence[Sequence[str]], refused: NDArray[np.bool_]) -> list[tuple[str, int, int]]:
    """Labels of which over `MOST_REFUSED` of the stories would be, two at least; how many, and how many there are."""
    total, counts = Counter[str](), Counter[str]()
    for names, odd in zip(labels, refused.tolist(), strict=True):
        total.update(names)
        counts.update(names if odd else ())
    return [(name, n, total[name]) for name, n in sorted(counts.items()) if n >= 2 and n > MOST_REFUSED * total[name]]
