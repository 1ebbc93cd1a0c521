"""Toy articles, and what toy trainings leave out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from training.data import Articles
from training.topics import TopicSettings

FAST = TopicSettings("fast", background=False)  # what is no news is the matter of test_background.py
WORDS = {
    "sport": "goal match team striker",
    "weather": "rain storm wind forecast",
    "health": "doctor clinic nurse ward",
}


def toy(n: int = 90, *, exclusive: bool = True) -> Articles:
    """Stories that a handful of words give away."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    names = sorted(WORDS)
    for row in range(n):
        label = names[row % 3]
        words = rng.permutation([*WORDS[label].split() * 2, "the", "town", "said", "on", "Monday"])
        texts.append(f"The {' '.join(words)} again in report {row}. It was a {words[0]} day for the town.")
        labels.append([label] if exclusive or row % 2 else [label, names[(row + 1) % 3]])
    rows = list(range(1, n + 1))
    return Articles("toy", rows, [str(row) for row in rows], [None] * n, texts, labels, exclusive, None)


def write_toy(path: Path, n: int = 40) -> Path:
    data = toy(n)
    rows = [
        json.dumps({"text": text, "summary": text.split(". ")[0] + ".", "label": label[0]})
        for text, label in zip(data.texts, data.labels or [], strict=True)
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path
