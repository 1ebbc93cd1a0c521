"""What `copydesk train topics` makes of a data set, over all of its rows: a model for each fold, judged on that fold.

    python tests/benchmarks/cross_validated.py --data ag_news/train.parquet --engine fast --folds 10

Each model is trained as the command does it, with a share of its own rows held out for calibration and learnt from in
the end, and is taught nothing of the fold it is judged on; the SVM learns from the same rows. (The encoder that ships
and the word vectors have read many texts of AG News and BBC News, a third of BBC's rows, with IPTC topics and not with
these labels.) Repeated articles share a fold. A tenth held out once says little where it is small: a story in 156 is
0.6%. Nothing is asserted.

With `--write FOLDER` nothing is trained: the folds to be judged are written, for `copydesk train topics --data
FOLDER/train-1.jsonl --validation FOLDER/held-1.jsonl` with options that this program does not have, as `--finetune`.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from numpy.typing import NDArray

from models.fast_topics import stratified_folds
from models.standard import EncoderSpec
from models.story import Story, passages
from models.topics import target_matrix
from training.baselines import svm_baseline
from training.data import Articles, read_articles
from training.evaluation import with_labels
from training.metrics import topic_differences, topic_intervals, topic_metrics
from training.splits import content_key
from training.stories import encode_stories
from training.topic_rows import run_topics
from training.topics import TopicSettings, train_topics


def folds_of(articles: Articles, folds: int, seed: int) -> NDArray[np.int64]:
    """Which fold each row is in, `(n_rows,)`: dealt out by first label, the copies of an article together."""
    assert articles.labels is not None
    keys = [content_key(title, text) for title, text in zip(articles.titles, articles.texts, strict=True)]
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    rows = sorted(first.values())
    dealt = stratified_folds([articles.labels[row][0] for row in rows], folds, seed)
    fold = dict(zip((keys[row] for row in rows), dealt.tolist(), strict=True))
    return np.array([fold[key] for key in keys], np.int64)


class Remembering:
    """`encode_stories` that reads every story once, however many folds it is in."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._vectors: dict[tuple[str, int, tuple[str, ...]], NDArray[Any]] = {}

    def __call__(
        self, spec: EncoderSpec, stories: Sequence[Story], cache: Path | None = None, *, layers: int = 1, **how: Any
    ) -> list[NDArray[Any]]:
        """As `training.stories.encode_stories`."""
        keys = [(spec.fingerprint, layers, tuple(passages(story))) for story in stories]
        new = [row for row, key in enumerate(keys) if key not in self._vectors]
        read = encode_stories(spec, [stories[row] for row in new], cache, layers=layers, **how)
        for row, vectors in zip(new, read, strict=True):
            self._vectors[keys[row]] = vectors
        return [self._vectors[key] for key in keys]


def write_articles(articles: Articles, path: Path) -> None:
    """Articles as JSON Lines, the label a string where labels exclude each other, else a list of them."""
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for number, title, text, labels in zip(
            articles.ids, articles.titles, articles.texts, articles.labels or [], strict=True
        ):
            row = {"id": number, "title": title, "text": text}
            row |= {"label": labels[0]} if articles.exclusive else {"labels": labels}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def main() -> int:
    """Train and judge every fold, and write a table to standard output."""
    parser = argparse.ArgumentParser(description="Cross-validated figures of copydesk train topics.")
    parser.add_argument("--data", required=True, metavar="PATH")
    parser.add_argument("--engine", default="fast", choices=("standard", "fast"))
    parser.add_argument("--encoder", help="as in copydesk train topics")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--only", type=int, metavar="N", help="judge the first N folds alone")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--cache", type=Path, help="folder for sentence vectors")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="only write the folds there, as JSON Lines")
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    articles, _ = with_labels(read_articles(asked.data, need={"labels"}))
    assert articles.labels is not None
    fold = folds_of(articles, asked.folds, asked.seed)
    judged = range(asked.folds if asked.only is None else min(asked.only, asked.folds))
    if asked.write is not None:
        asked.write.mkdir(parents=True, exist_ok=True)
        for part in judged:
            write_articles(
                articles.take(np.flatnonzero(fold != part).tolist()), asked.write / f"train-{part + 1}.jsonl"
            )
            write_articles(articles.take(np.flatnonzero(fold == part).tolist()), asked.write / f"held-{part + 1}.jsonl")
        return 0
    classes = sorted({label for row in articles.labels for label in row})
    settings = TopicSettings(
        engine=asked.engine, encoder=asked.encoder, seed=asked.seed, cache=asked.cache, background=False
    )
    targets = target_matrix(articles.labels, classes) > 0
    first = np.array([classes.index(row[0]) for row in articles.labels])
    shape = targets.shape
    given, svm_given = np.zeros(shape, bool), np.zeros(shape, bool)
    chances, svm_scores, leading = np.zeros(shape), np.zeros(shape), np.zeros(len(first), np.int64)
    remembering = Remembering()
    with (
        mock.patch("training.topic_fits.encode_stories", remembering),
        mock.patch("training.topic_rows.encode_stories", remembering),
    ):
        for part in judged:
            inside, outside = np.flatnonzero(fold != part).tolist(), np.flatnonzero(fold == part).tolist()
            learnt, held = articles.take(inside), articles.take(outside)
            model, _, _ = train_topics(learnt, settings=settings)
            _, given[outside], chances[outside], _, _, leading[outside] = run_topics(model, held).arguments(classes)
            scores, labels, _ = svm_baseline(held, classes, articles.exclusive, learnt)
            svm_scores[outside], svm_given[outside] = scores, labels
            sys.stderr.write(f"fold {part + 1}: {len(outside)} rows\n")
    of = np.isin(fold, list(judged))
    ours = targets[of], given[of], chances[of], first[of], articles.exclusive, leading[of]
    theirs = targets[of], svm_given[of], svm_scores[of], first[of], articles.exclusive
    figures, peer = topic_metrics(*ours), topic_metrics(*theirs)
    intervals, apart = topic_intervals(*ours), topic_differences(ours, theirs)
    sys.stdout.write(f"{Path(asked.data).parent.name}, {asked.engine}: {int(of.sum())} rows\n")
    sys.stdout.write("| measure | | 95% interval | tfidf-svm | over it |\n|---|---|---|---|---|\n")
    names = ("accuracy",) if articles.exclusive else ("micro_f1", "macro_f1", "first_accuracy")
    for name in (*names, "ece"):
        low, high = intervals[name]
        beside = f"{peer[name]:.3f}" if name != "ece" else ""  # it gives no probabilities
        over = "{:+.3f} ({:+.3f} to {:+.3f})".format(*apart[name]) if name != "ece" else ""
        sys.stdout.write(f"| {name} | {figures[name]:.3f} | {low:.3f} to {high:.3f} | {beside} | {over} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
