"""How the fast topic engine compares with fastText and scikit-learn's TF-IDF + LinearSVC, in one run.

    python tests/benchmarks/fast_topics.py --data train.parquet --labels-column label

Trains each on the same rows, holds out a part of them by content, and prints fit time, texts labelled a
second and quality, with ratios to ours. Times are the best of several runs on one thread; nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from models.calibration import PlattScaling, TemperatureScaling, fit_thresholds
from models.fast_topics import FastTopicClassifier
from training.search import fit_meaning
from training.splits import content_key, split_rows

Matrix = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """Rows to train on and rows held out."""

    texts: list[str]
    labels: list[list[str]]
    held_texts: list[str]
    held_labels: list[list[str]]
    exclusive: bool

    @property
    def classes(self) -> list[str]:
        """The labels of the training rows, sorted."""
        return sorted({label for row in self.labels for label in row})

    def truth(self, labels: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        """Which labels each row has, (n_rows, n_labels)."""
        return np.array([[label in row for label in self.classes] for row in labels])


@dataclass(frozen=True)
class Outcome:
    """What one classifier took and reached; `scores` and `given` are (n_held, n_labels)."""

    name: str
    fit_seconds: float
    texts_a_second: float
    scores: Matrix
    given: NDArray[np.bool_]
    calibration: str = ""


def read_task(path: str, column: str, fraction: float, seed: int) -> Task:
    """Read a Parquet or CSV file and hold out rows by content, each first label by itself."""
    frame = pd.read_csv(path) if path.endswith(".csv") else pd.read_parquet(path)
    titles = frame["title"].fillna("") if "title" in frame else [""] * len(frame)
    rows = [[str(x)] if isinstance(x, str | int | np.integer) else list(x) for x in frame[column]]
    texts = [f"{title}\n{text}" for title, text in zip(titles, frame["text"], strict=True)]
    keys = [content_key(title, text) for title, text in zip(titles, frame["text"], strict=True)]
    first = [row[0] if row else "" for row in rows]
    train, held = split_rows(keys, first, fraction=fraction, seed=seed)

    def pick(values: list, numbers: list[int]) -> list:  # type: ignore[type-arg]
        return [values[number] for number in numbers]

    exclusive = all(len(row) == 1 for row in rows)
    return Task(pick(texts, train), pick(rows, train), pick(texts, held), pick(rows, held), exclusive)


def clock(job: Callable[[], T], runs: int = 1) -> tuple[T, float]:
    """What the job returns, and the seconds of its fastest run."""
    best = np.inf
    for _ in range(runs):
        begin = time.perf_counter()
        result = job()
        best = min(best, time.perf_counter() - begin)
    return result, float(best)


def run_fast(task: Task, runs: int, seed: int) -> Outcome:
    """Our engine, calibrated and cut by thresholds from 5-fold out-of-fold logits of the training rows."""
    meaning, weighing = clock(lambda: fit_meaning(task.texts, task.labels, exclusive=task.exclusive, seed=seed))
    model = FastTopicClassifier(seed=seed, meaning=meaning)
    _, fit = clock(lambda: model.fit(task.texts, task.labels, exclusive=task.exclusive))
    logits, took = clock(lambda: model.decision_function(task.held_texts), runs)
    crossed, crossing = clock(lambda: model.cross_logits(task.texts, task.labels))
    truth = task.truth(task.labels)
    if task.exclusive:
        scaling = TemperatureScaling().fit(crossed, truth.argmax(axis=1))
        scores = scaling.apply(logits)
        given = scores == scores.max(axis=1, keepdims=True)
    else:
        platt = PlattScaling().fit(crossed, truth)
        scores = platt.apply(logits)
        given = scores >= fit_thresholds(platt.apply(crossed), truth)
    size = sum(tensor.nbytes for tensor in model.tensors().values()) / 1e6
    note = f"ECE {_calibration_error(scores, task.truth(task.held_labels), task.exclusive):.4f}, "
    note += f"cross-logits {crossing:.1f} s, word vectors weighed in {weighing:.1f} s, {size:.1f} MB"
    return Outcome("copydesk fast", fit, len(task.held_texts) / took, scores, given, note)


def run_sklearn(task: Task, runs: int, seed: int) -> Outcome:
    """scikit-learn's TF-IDF of words and pairs into a linear SVM per label, cut at 0."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        OneVsRestClassifier(LinearSVC(random_state=seed)),
    )
    truth = task.truth(task.labels)
    targets = truth.argmax(axis=1) if task.exclusive else truth
    _, fit = clock(lambda: model.fit(task.texts, targets))
    scores, took = clock(lambda: np.asarray(model.decision_function(task.held_texts)), runs)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    given = scores == scores.max(axis=1, keepdims=True) if task.exclusive else scores > 0
    return Outcome("scikit-learn TF-IDF + LinearSVC", fit, len(task.held_texts) / took, scores, given)


def run_fasttext(task: Task, runs: int, folder: Path) -> Outcome | None:
    """fastText with word pairs on one thread, or None where it is not installed."""
    try:
        import fasttext
    except ImportError:
        return None
    place = {label: number for number, label in enumerate(task.classes)}
    lines = (
        " ".join([*(f"__label__{place[label]}" for label in row), *_fasttext_words(text)])
        for text, row in zip(task.texts, task.labels, strict=True)
    )
    (folder / "train.txt").write_text("\n".join(lines) + "\n")
    loss = "softmax" if task.exclusive else "ova"
    model, fit = clock(
        lambda: fasttext.train_supervised(
            str(folder / "train.txt"), lr=0.5, epoch=5, wordNgrams=2, loss=loss, thread=1, verbose=0
        )
    )
    held = [" ".join(_fasttext_words(text)) + "\n" for text in task.held_texts]
    wanted = 1 if task.exclusive else len(place)
    # model.predict asks numpy for a copy=False that numpy 2 refuses; this is what it calls
    (labels, weights), took = clock(lambda: model.f.multilinePredict(held, wanted, 0.0, "strict"), runs)
    scores = np.zeros((len(held), len(place)))
    for row, (names, values) in enumerate(zip(labels, weights, strict=True)):
        for name, value in zip(names, values, strict=True):
            scores[row, int(name.removeprefix("__label__"))] = value
    given = scores == scores.max(axis=1, keepdims=True) if task.exclusive else scores > 0.5
    return Outcome("fastText, word pairs, 1 thread", fit, len(held) / took, scores, given)


def _fasttext_words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else f" {c} " for c in text.lower()).split()


def _calibration_error(scores: Matrix, truth: NDArray[np.bool_], exclusive: bool, bins: int = 15) -> float:
    """Expected calibration error (Naeini et al. 2015): of the likeliest label, or of every label."""
    if exclusive:
        rows = np.arange(len(scores))
        best = scores.argmax(axis=1)
        confidence, right = scores.max(axis=1), truth[rows, best].astype(float)
    else:
        confidence, right = scores.ravel(), truth.ravel().astype(float)
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(number, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def quality(outcome: Outcome, task: Task) -> str:
    """Accuracy, or micro-F1, macro-F1 over the labels that occur, and how often the dominant label leads."""
    truth = task.truth(task.held_labels)
    best = outcome.scores.argmax(axis=1)
    first = np.mean([row[:1] == [task.classes[b]] for row, b in zip(task.held_labels, best, strict=True)])
    occurring = truth.any(axis=0)
    macro = f1_score(truth[:, occurring], outcome.given[:, occurring], average="macro", zero_division=0)
    if task.exclusive:
        return f"accuracy {first:.4f}, macro-F1 {macro:.4f}"
    micro = f1_score(truth, outcome.given, average="micro")
    return f"micro-F1 {micro:.4f}, macro-F1 {macro:.4f}, first {first:.4f}"


def main() -> int:
    """Run all three and write the table to standard output."""
    parser = argparse.ArgumentParser(description="The fast topic engine beside fastText and scikit-learn.")
    parser.add_argument("--data", required=True, metavar="PATH", help="Parquet or CSV with text and title")
    parser.add_argument("--labels-column", default="label", metavar="C")
    parser.add_argument("--fraction", type=float, default=0.1, help="share of rows held out (default 0.1)")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--runs", type=int, default=5, help="predictions timed (default 5)")
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="where fastText's input is written")
    options = parser.parse_args()
    task = read_task(options.data, options.labels_column, options.fraction, options.seed)
    words = np.mean([len(text.split()) for text in task.held_texts])
    kind = "exclusive" if task.exclusive else "multi-label"
    write = sys.stdout.write
    write(f"{len(task.texts)} rows to train on, {len(task.held_texts)} held out (seed {options.seed}), ")
    write(f"{len(task.classes)} labels, {kind}, {words:.0f} words a text\n")
    ours = run_fast(task, options.runs, options.seed)
    others = [run_sklearn(task, options.runs, options.seed), run_fasttext(task, options.runs, options.folder)]
    for outcome in [ours, *(other for other in others if other is not None)]:
        longer = outcome.fit_seconds / ours.fit_seconds
        faster = outcome.texts_a_second / ours.texts_a_second
        write(f"{outcome.name:32s} fit {outcome.fit_seconds:6.2f} s (x{longer:.2f})  ")
        write(f"{outcome.texts_a_second:9.0f} texts/s (x{faster:.2f})  ")
        write(f"{quality(outcome, task)}  {outcome.calibration}\n")
    if None in others:
        write("fastText is not installed: pip install fasttext-wheel\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
