"""How the fast topic engine's settings were chosen: each moved away from its default, alone, on several data sets.

    python tests/benchmarks/fast_settings.py --data iptc/train.parquet reuters21578/train.parquet --rows 6000

Figures are of cross-validation on the rows given, calibration and thresholds cross-fitted, means of three divisions.
The last rows weigh a label's own stories by its rarity (class weights). Prints a Markdown table; nothing is asserted.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from numpy.typing import NDArray

from models.dominance import ranked
from models.fast_topics import FastTopicClassifier
from models.topics import full_text, target_matrix
from training.data import Articles, read_articles
from training.decisions import cross_fitted
from training.evaluation import first_labels, with_labels
from training.metrics import topic_metrics
from training.stories import read_stories

TRIED: dict[str, Sequence[float]] = {
    "strength": (0.5, 2.0),
    "min_df": (1, 3),
    "max_words": (30_000,),
    "max_pairs": (0, 20_000, 120_000),
    "lead_words": (30, 120),
    "lead_weight": (0.0, 0.3, 1.0),
    "contrast": (0.0, 0.25, 0.75, 1.0),
    "further": (0.25, 1.0),
    "meaning": (0.0, 0.2, 0.8, 1.6, 3.2),
    "naming": (1.0, 4.0, 64.0),
    "class_weight": (0.25, 0.5, 1.0),
}
SHOWN = {True: ("accuracy", "ece"), False: ("micro_f1", "macro_f1", "first_accuracy", "ece")}


class WithClassWeights(FastTopicClassifier):
    """A label's own stories count for (others / own) to the power of `class_weight`."""

    class_weight = 0.0

    def _weights(
        self, labels: Sequence[Sequence[str]], classes: Sequence[str], targets: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        weights = super()._weights(labels, classes, targets)
        own = np.maximum(1, targets.sum(axis=0))
        scale = (np.maximum(1, len(targets) - own) / own) ** self.class_weight
        return np.where(targets, weights * scale, weights).astype(np.float32)


def cross_validated(articles: Articles, texts: Sequence[str], folds: int, changed: dict[str, Any]) -> list[float]:
    """The figures of one setting."""
    assert articles.labels is not None
    exclusive = articles.exclusive
    model = WithClassWeights(**{name: value for name, value in changed.items() if name != "class_weight"})
    model.class_weight = changed.get("class_weight", 0.0)
    model.fit(texts, articles.labels, exclusive=exclusive)
    logits = model.cross_logits(texts, articles.labels, folds=folds)
    targets = target_matrix(articles.labels, model.classes_)
    first = first_labels(articles.labels, model.classes_)
    order = first if ranked(articles.labels) else None
    runs = [cross_fitted(logits, targets, exclusive, seed, order) for seed in range(3)]
    found = [topic_metrics(targets > 0, given, chances, first, exclusive, lead) for chances, given, lead in runs]
    return [float(np.mean([figures[name] for figures in found])) for name in SHOWN[exclusive]]


def main() -> int:
    """Try every setting on every data set."""
    parser = argparse.ArgumentParser(description="The fast topic engine's settings, one at a time.")
    parser.add_argument("--data", required=True, nargs="+", metavar="PATH")
    parser.add_argument("--rows", type=int, default=6000, help="at most so many rows of each, at random (default 6000)")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--only", choices=TRIED, action="append", help="this setting alone; may be repeated")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    sets: list[tuple[Articles, list[str]]] = []
    heads = []
    for path in options.data:
        articles, _ = with_labels(read_articles(path, need={"labels"}))
        rows = np.sort(np.random.default_rng(13).permutation(len(articles))[: options.rows])
        articles = articles.take(rows.tolist())
        sets.append((articles, [full_text(story) for story in read_stories(articles)]))
        heads.append(f"{Path(path).parent.name or path} ({len(articles):,}): {' / '.join(SHOWN[articles.exclusive])}")
    sys.stdout.write(f"| setting | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}\n")
    tried = {name: values for name, values in TRIED.items() if name in (options.only or TRIED)}
    for changed in [{}, *({name: value} for name, values in tried.items() for value in values)]:
        cells = [
            " / ".join(f"{value:.3f}" for value in cross_validated(articles, texts, options.folds, changed))
            for articles, texts in sets
        ]
        shown = ", ".join(f"{name} {value:g}" for name, value in changed.items()) or "defaults"
        sys.stdout.write(f"| {shown} | {' | '.join(cells)} |\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
