"""What the fast topic engine's parameters shall be.

How much word vectors count is found for every training; the others by request, by successive halving (Jamieson and
Talwalkar, 2016).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (importing it is what enables the search)
from sklearn.model_selection import HalvingRandomSearchCV, KFold

from models.errors import DataError
from models.fast_topics import FastTopicClassifier
from models.topics import target_matrix
from training.decisions import surprise
from training.progress import progress

log = logging.getLogger(__name__)
SPACE: dict[str, list[float]] = {
    "strength": [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.5, 5.0],
    "min_df": [1, 2, 3, 5],
    "max_pairs": [0, 20_000, 60_000, 120_000],
    "lead_words": [0, 25, 60],
    "lead_weight": [0.0, 0.3, 0.6, 1.0],
    "contrast": [0.0, 0.25, 0.5, 0.75],
    "meaning": [0.0, 0.2, 0.4, 0.8, 1.6, 3.2],
}
FOLDS = 3
FEWEST = 60
FEW, MANY = 100, 4_000
"""Below so many stories they cannot tell how much word vectors should count; above, so many of them can."""
WITH_FEW = 1.0
"""`meaning` for few stories: of 0.2 to 3, what 40 to 120 stories of AG News and BBC News did about best with."""


class _Candidate(BaseEstimator):  # type: ignore[misc]
    """The classifier as scikit-learn's search wants it: parameters that can be set, and a score."""

    def __init__(
        self,
        exclusive: bool = True,
        seed: int = 13,
        strength: float = 1.0,
        min_df: int = 2,
        max_pairs: int = 60_000,
        lead_words: int = 60,
        lead_weight: float = 0.6,
        contrast: float = 0.5,
        meaning: float = 0.4,
    ) -> None:
        self.exclusive = exclusive
        self.seed = seed
        self.strength = strength
        self.min_df = min_df
        self.max_pairs = max_pairs
        self.lead_words = lead_words
        self.lead_weight = lead_weight
        self.contrast = contrast
        self.meaning = meaning

    def fit(self, texts: Sequence[str], labels: Sequence[Sequence[str]]) -> Self:
        chosen = {name: getattr(self, name) for name in SPACE}
        self.model_: FastTopicClassifier | None = None
        model = FastTopicClassifier(seed=self.seed, **chosen)
        try:
            self.model_ = model.fit(texts, labels, exclusive=self.exclusive)
        except DataError:  # a small sample of the rows may have one label only
            log.debug("a sample of %d rows could not be fitted", len(texts))
        return self

    def score(self, texts: Sequence[str], labels: Sequence[Sequence[str]]) -> float:
        """Accuracy, or micro-F1 where a story may have several labels and each positive logit gives one."""
        if self.model_ is None:
            return 0.0
        logits = self.model_.decision_function(texts)
        wanted = target_matrix(labels, self.model_.classes_) > 0
        if self.exclusive:
            return float(wanted[np.arange(len(logits)), logits.argmax(axis=1)].mean())
        given = logits > 0
        missed = sum(label not in self.model_.classes_ for row in labels for label in row)
        return float(2 * (given & wanted).sum() / max(1, given.sum() + wanted.sum() + missed))


def search_fast(
    texts: Sequence[str], labels: Sequence[Sequence[str]], *, exclusive: bool, candidates: int, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The best of some random settings, each round on thrice the rows and a third of the candidates.

    Args:
        texts: training stories.
        labels: the labels of each.
        exclusive: whether a story has exactly one.
        candidates: how many settings to draw.
        seed: of the draw and the folds.

    Returns:
        The winner's parameters for `FastTopicClassifier`, the defaults where these do no worse on all rows, and every
        candidate tried: parameters, rows, mean score.

    Raises:
        DataError: there are too few rows to search on.
    """
    if len(texts) < FEWEST:
        raise DataError(f"--search needs at least {FEWEST} labelled rows to compare settings on; got {len(texts)}.")
    rows: NDArray[np.object_] = np.empty(len(labels), dtype=object)
    rows[:] = [tuple(row) for row in labels]
    search = HalvingRandomSearchCV(
        _Candidate(exclusive, seed),
        SPACE,
        n_candidates=candidates,
        min_resources=min(len(texts), max(FEWEST, len(texts) // 9)),
        factor=3,
        cv=KFold(FOLDS, shuffle=True, random_state=seed),
        random_state=seed,
        refit=False,
    )
    search.fit(np.array(texts, dtype=object), rows)
    found = search.cv_results_
    tried = [
        {"parameters": parameters, "rows": int(size), "score": round(float(score), 4)}
        for parameters, size, score in zip(found["params"], found["n_resources"], found["mean_test_score"], strict=True)
    ]
    usual = {"meaning": fit_meaning(texts, labels, exclusive=exclusive, seed=seed)}
    found_score, usual_score = (
        _mean_score(parameters, texts, labels, exclusive, seed) for parameters in (search.best_params_, usual)
    )
    better = found_score > usual_score
    log.info(
        "best of %d settings: %s (%.3f, the defaults %.3f%s).",
        candidates,
        search.best_params_,
        found_score,
        usual_score,
        "" if better else ", which are kept",
    )
    tried.append({"parameters": usual, "rows": len(texts), "score": round(usual_score, 4)})
    return dict(search.best_params_) if better else usual, tried


def _mean_score(
    parameters: dict[str, Any], texts: Sequence[str], labels: Sequence[Sequence[str]], exclusive: bool, seed: int
) -> float:
    """Of a setting, over the folds of all rows."""
    scores = []
    for learn, judge in KFold(FOLDS, shuffle=True, random_state=seed).split(texts):
        candidate = _Candidate(exclusive, seed, **parameters)
        candidate.fit([texts[row] for row in learn], [labels[row] for row in learn])
        scores.append(candidate.score([texts[row] for row in judge], [labels[row] for row in judge]))
    return float(np.mean(scores))


def fit_meaning(texts: Sequence[str], labels: Sequence[Sequence[str]], *, exclusive: bool, seed: int) -> float:
    """How much word vectors shall count beside the words: so that held-out stories' labels are likeliest.

    Words that tell topics apart in general do so best where stories are few, or where labels are as broad as those that
    the vectors' encoder learnt.

    Args:
        texts: training stories; a draw of `MANY` of them where there are more.
        labels: the labels of each.
        exclusive: whether a story has exactly one.
        seed: of the draw and the folds.

    Returns:
        The `meaning` of `FastTopicClassifier`.
    """
    if len(texts) < FEW:
        return WITH_FEW
    order = np.random.default_rng(seed).permutation(len(texts))
    one_each = {label: row for row in order[::-1].tolist() for label in labels[row]}
    drawn = sorted({*order[:MANY].tolist(), *one_each.values()})
    texts, labels = [texts[row] for row in drawn], [labels[row] for row in drawn]
    # without them the vocabulary is another, and so is the contrast of the n-grams
    without = FastTopicClassifier(seed=seed, meaning=0.0).fit(texts, labels, exclusive=exclusive)
    some = FastTopicClassifier(seed=seed, meaning=1.0).fit(texts, labels, exclusive=exclusive)
    targets = target_matrix(labels, some.classes_)
    cost: dict[float, float] = {}
    with progress("Weighing word vectors", len(SPACE["meaning"])) as advance:
        for meaning in SPACE["meaning"]:
            model = some if meaning else without
            model.meaning = meaning
            cost[meaning] = surprise(model.cross_logits(texts, labels, folds=FOLDS), targets, exclusive)
            advance()
    best = min(cost, key=lambda meaning: cost[meaning])
    log.info("word vectors count %g beside the words.", best)
    return best
