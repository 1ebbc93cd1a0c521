"""The obvious baselines of topic labelling: the commonest label, and TF-IDF with a linear SVM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from models.topics import target_matrix
from training.data import Articles
from training.leaks import row_hash

FOLDS = 5


def tfidf_svm(seed: int = 13) -> Pipeline:
    """scikit-learn's usual text classifier: words and word pairs, TF-IDF, a linear SVM per label."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=200_000, strip_accents="unicode"),
        OneVsRestClassifier(LinearSVC(random_state=seed)),
    )


def raw_text(articles: Articles) -> list[str]:
    """Title and text as given, uncleaned: what the baseline reads."""
    return [f"{title or ''}\n{text}" for title, text in zip(articles.titles, articles.texts, strict=True)]


def majority_baseline(
    articles: Articles, classes: Sequence[str], majority: Sequence[str] = ()
) -> tuple[NDArray[np.float64], list[str]]:
    """0/1 of shape `(n, n_labels)`: every article gets the commonest first label."""
    assert articles.labels is not None
    notes = []
    if not majority:
        majority = [Counter(row[0] for row in articles.labels if row).most_common(1)[0][0]]
        notes.append("majority: the commonest label of the evaluated rows.")
    guess = np.zeros((len(articles), len(classes)))
    for label in majority:
        if label in classes:
            guess[:, list(classes).index(label)] = 1.0
    return guess, notes


def svm_baseline(
    articles: Articles, classes: Sequence[str], exclusive: bool, training: Articles | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """Uncalibrated scores (0..1) and decisions of the SVM, both `(n, n_labels)` and what fitted them."""
    assert articles.labels is not None
    texts = raw_text(articles)
    targets = target_matrix(articles.labels, classes) > 0
    if training is not None and training.labels is not None:
        judged = {row_hash(*pair) for pair in zip(articles.titles, articles.texts, strict=True)}
        pairs = zip(training.titles, training.texts, strict=True)
        fresh = training.take([row for row, pair in enumerate(pairs) if row_hash(*pair) not in judged])
        scores = _fit_and_score(raw_text(fresh), target_matrix(fresh.labels or [], classes) > 0, texts)
        left_out = len(training) - len(fresh)
        note = f"tfidf-svm: fitted on the {len(fresh)} training rows."
        note += f" {left_out} that are evaluated here were left out." if left_out else ""
    else:
        scores = np.full(targets.shape, -1.0)
        if len(texts) >= 2 * FOLDS:
            for train, test in KFold(FOLDS, shuffle=True, random_state=13).split(texts):
                scores[test] = _fit_and_score([texts[i] for i in train], targets[train], [texts[i] for i in test])
        note = (
            f"tfidf-svm: the training data is not at hand; cross-validated on the {len(texts)} evaluated rows "
            "(pass --training-data for the full baseline)."
        )
    best = np.zeros_like(targets)
    best[np.arange(len(texts)), scores.argmax(axis=1)] = True
    over = scores >= 0
    given = best if exclusive else over | (best & ~over.any(axis=1, keepdims=True))
    return 1.0 / (1.0 + np.exp(-scores)), given, [note]


def _fit_and_score(texts: Sequence[str], targets: NDArray[np.bool_], others: Sequence[str]) -> NDArray[np.float64]:
    """Decision values; labels that are in no or in every training row keep a constant score."""
    scores = np.full((len(others), targets.shape[1]), -1.0)
    varied = np.flatnonzero(targets.any(axis=0) & ~targets.all(axis=0))
    scores[:, targets.all(axis=0)] = 1.0
    if len(varied) and len(texts) > 1:
        model = tfidf_svm()
        try:
            model.fit(texts, targets[:, varied].astype(int))
        except ValueError:  # too little text for a vocabulary of words that occur twice
            return scores
        values = model.decision_function(others)
        scores[:, varied] = values.reshape(len(others), -1)
    return scores
