"""How good a topic model is after a handful of examples a label: mean and deviation over several draws.

    python tests/benchmarks/few_shot.py --data train.parquet --shots 8 --draws 10

Each draw trains from so many rows a label as `copydesk train topics` does (a share of them is held out), and is judged
on rows that no draw learns from. Draws, and the rows judged, depend on the seed alone; nothing is asserted.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from inference.predict import shipped
from models.topics import target_matrix
from training.data import Articles, read_articles
from training.evaluation import with_labels
from training.metrics import topic_metrics
from training.stories import encode_stories, open_encoder, read_stories
from training.topics import TopicSettings, train_topics

FIGURES = ("accuracy", "macro_f1", "ece")


def divided(articles: Articles, judged: int, seed: int) -> tuple[Articles, Articles]:
    """Rows to draw from and rows to judge on, at random."""
    order = np.random.default_rng(seed).permutation(len(articles))
    judged = min(judged, len(articles) // 2)
    return articles.take(order[judged:].tolist()), articles.take(order[:judged].tolist())


def draws(articles: Articles, shots: int, number: int, seed: int) -> Iterator[Articles]:
    """So many rows of each label, drawn without replacement, one draw after the other."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, labels in enumerate(articles.labels or []):
        rows[labels[0]].append(row)
    for draw in range(number):
        generator = np.random.default_rng([seed, draw])
        yield articles.take([int(row) for label in sorted(rows) for row in generator.permutation(rows[label])[:shots]])


def main() -> int:
    """Train and judge every draw with both engines, and write a table to standard output."""
    parser = argparse.ArgumentParser(description="Topic models from a handful of examples a label.")
    parser.add_argument("--data", required=True, metavar="PATH", help="rows with one label each")
    parser.add_argument("--labels-column", default="label", metavar="C")
    parser.add_argument("--shots", type=int, default=8, help="rows of each label, held-out ones included (default 8)")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--judged", type=int, default=2000, help="rows to judge on (default 2000)")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--encoder", default=str(shipped("topics", "standard")), help="as in copydesk train topics")
    parser.add_argument("--cache", type=Path, help="folder for the judged rows' sentence vectors")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    whole, _ = with_labels(read_articles(options.data, labels_column=options.labels_column, need={"labels"}))
    pool, judged = divided(whole, options.judged, options.seed)
    stories = read_stories(judged)
    vectors = encode_stories(open_encoder(options.encoder), stories, options.cache)
    sys.stdout.write(f"{options.shots} rows a label, {options.draws} draws, judged on {len(judged)} rows\n")
    for engine in ("standard", "fast"):
        settings = TopicSettings(engine=engine, encoder=options.encoder if engine == "standard" else None)
        figures = []
        for rows in draws(pool, options.shots, options.draws, options.seed):
            model, _, _ = train_topics(rows, settings=settings)
            found = model.predict_proba(stories, vectors if engine == "standard" else None)
            targets = target_matrix(judged.labels or [], model.classes_) > 0
            metrics = topic_metrics(targets, model.decide(found), found, None, model.exclusive_)
            figures.append([metrics[name] for name in FIGURES])
        spread = np.std(figures, axis=0, ddof=min(1, len(figures) - 1))
        cells = zip(FIGURES, np.mean(figures, axis=0), spread, strict=True)
        shown = "  ".join(f"{name} {mean:.3f} ± {apart:.3f}" for name, mean, apart in cells)
        sys.stdout.write(f"{engine:9s} {shown}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
