"""Learn to choose among whole briefs: what ROUGE each candidate of a story has beside the others.

See `models.candidates`. The scores that candidates are made of come from a scorer that was not fitted on the stories,
or the trees would trust them too much; see `cross_scores`. (An encoder beneath it may have read them.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.candidates import BriefRanker, Candidates
from models.story import Story
from models.trees import Trees
from training.oracle import rouge_1_and_2, rouge_f, rouge_tokens
from training.stories import progress

Floats = NDArray[np.float32]

FEWEST = 400
"""Stories that it takes to learn this from; below, sentences are chosen one by one."""
FOLDS = 2
SECOND = 0.5
"""How much ROUGE-2 counts beside ROUGE-1 in what is learnt."""
COSTS = (0.0, 0.0025, 0.005, 0.01, 0.02)
"""What a sentence that leans on one that was left out may cost, in ROUGE."""
CHEAP = 0.05
"""How many points of ROUGE (the mean of 1 and 2) the largest of them may lose."""
_SETTINGS: dict[str, Any] = {
    **{"max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 16, "max_depth": 4, "l2_regularization": 5.0},
    "min_samples_leaf": 200,
}


def cross_scores(
    n_stories: int, seed: int, fit_and_score: Callable[[list[int], list[int]], Sequence[Floats]]
) -> list[Floats]:
    """Scores of every story by a scorer that was fitted on others.

    Args:
        n_stories: how many there are.
        seed: deals them into folds.
        fit_and_score: of the rows to fit on and the rows to score, the scores of the latter.
    """
    folds = np.arange(n_stories) % FOLDS
    np.random.default_rng(seed).shuffle(folds)
    scores: list[Floats] = [np.zeros(0, np.float32)] * n_stories
    for fold in range(FOLDS):
        rest, out = (np.flatnonzero(rows).tolist() for rows in (folds != fold, folds == fold))
        for row, found in zip(out, fit_and_score(rest, out), strict=True):
            scores[row] = found
    return scores


def fit_ranker(
    scores: Sequence[Floats], stories: Sequence[Story], summaries: Sequence[str], *, seed: int = 13
) -> BriefRanker:
    """Learn from the candidates of stories, each by its ROUGE-1 and ROUGE-2 less the mean of its story's.

    Args:
        scores: of sentences, from `cross_scores`.
        stories: at least one of which has a sentence.
        summaries: the references.
        seed: of the trees.
    """
    features, gains = [], []
    with progress("Comparing briefs", len(stories)) as advance:
        for logits, story, summary in zip(scores, stories, summaries, strict=True):
            advance()
            if not story.sentences:
                continue
            candidates = Candidates.of(logits, texts := [sentence.text for sentence in story.sentences])
            values = candidate_rouge(texts, candidates, summary) @ (1.0, SECOND)
            features.append(candidates.features)
            gains.append(values - values.mean())
    rows, wanted = np.concatenate(features), np.concatenate(gains).astype(np.float32)
    leaf = max(1, min(_SETTINGS["min_samples_leaf"], len(rows) // 100))
    return BriefRanker(Trees.fit(rows, wanted, regression=True, seed=seed, **{**_SETTINGS, "min_samples_leaf": leaf}))


def tune_ranker(
    ranker: BriefRanker,
    scores: Sequence[Floats],
    stories: Sequence[Story],
    references: Sequence[str],
    *,
    block_trigrams: bool = True,
) -> tuple[BriefRanker, float]:
    """The ranker with the largest cost of leaning sentences that loses little, and its value on held-out stories.

    The value is the mean of ROUGE-1 and ROUGE-2 F, 0 to 100; see `CHEAP`. A story of one or two sentences is its own
    brief.
    """
    judged = []
    fixed = 0.0
    for logits, story, reference in zip(scores, stories, references, strict=True):
        texts = [sentence.text for sentence in story.sentences]
        if len(texts) <= 2:
            fixed += rouge_f(rouge_tokens(" ".join(texts)), rouge_tokens(reference)) / 2.0
        else:
            candidates = Candidates.of(logits, texts, block_trigrams=block_trigrams)
            judged.append((candidates, candidate_rouge(texts, candidates, reference).mean(axis=1)))

    def value(tried: BriefRanker) -> float:
        found = sum(float(rouge[int(np.argmax(tried.values(candidates)))]) for candidates, rouge in judged)
        return 100.0 * (fixed + found) / max(1, len(stories))

    tried = [BriefRanker(ranker.trees, cost) for cost in COSTS]
    values = [value(one) for one in tried]
    least = values[0] - CHEAP
    best = max(at for at, found in enumerate(values) if found >= least)
    return tried[best], values[best]


def candidate_rouge(sentences: Sequence[str], candidates: Candidates, reference: str) -> NDArray[np.float64]:
    """ROUGE-1 and ROUGE-2 F of each candidate, `(n, 2)`, 0 to 1."""
    briefs = [candidates.chosen(row) for row in range(len(candidates.sizes))]
    tokens = {at: rouge_tokens(sentences[at]) for brief in briefs for at in brief if len(brief) == 1}
    wanted = rouge_tokens(reference)
    return np.array([rouge_1_and_2([word for at in brief for word in tokens[at]], wanted) for brief in briefs])
