"""ROUGE F-measures of many summaries at once: those of the `rouge_score` package, in parallel.

ROUGE (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004) as `rouge_score` counts it with Porter
stemming: lower-cased words of the letters a to z and digits. `rougeL` takes a summary as one sequence of words;
`rougeLsum` takes, per sentence of the reference, the union of its longest common subsequences with the sentences of
the summary, each of which stands on a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rouge_score import rouge_scorer

from models.sentences import split_sentences
from training.oracle import rouge_tokens

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")

_CHUNK = 64


class StemmingTokenizer:
    """The package's own tokens with `use_stemmer=True`; a word is stemmed once, not each time it occurs."""

    def tokenize(self, text: str) -> list[str]:
        """The stemmed tokens of a text."""
        return rouge_tokens(text)


def rouge_scores(
    predictions: Sequence[Sequence[str]],
    references: Sequence[str],
    *,
    workers: int = 2,
    progress: Callable[[int], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """ROUGE F-measures, 0 to 100, per story.

    Args:
        predictions: the sentences of each summary; a summary without sentences scores 0.
        references: the human summaries. Their lines are their sentences; one without line breaks is split.
        workers: processes; few summaries are scored in this one.
        progress: called with the number of summaries scored so far.

    Returns:
        An array of shape `(n_stories,)` for each of `ROUGE_TYPES`.

    Raises:
        ValueError: there are more predictions than references or fewer.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions, expected {len(references)}, one per reference")
    pairs = list(zip(predictions, references, strict=True))
    chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
    rows: list[list[float]] = []

    def gather(scored: list[list[float]]) -> None:
        rows.extend(scored)
        if progress is not None:
            progress(len(rows))

    if workers < 2 or len(chunks) < 3:
        for chunk in chunks:
            gather(_score_chunk(chunk))
    else:
        with ProcessPoolExecutor(min(workers, len(chunks))) as pool:
            for scored in pool.map(_score_chunk, chunks):
                gather(scored)
    table = np.array(rows, dtype=np.float64).reshape(-1, len(ROUGE_TYPES))
    return {name: table[:, column].copy() for column, name in enumerate(ROUGE_TYPES)}


def one_per_line(summary: str) -> str:
    """A summary with each sentence on a line of its own: unchanged where it has lines, else split."""
    if "\n" in summary.strip():
        return summary
    return "\n".join(summary[start:end] for start, end in split_sentences(summary))


@cache
def _scorer() -> rouge_scorer.RougeScorer:
    return rouge_scorer.RougeScorer(list(ROUGE_TYPES), tokenizer=StemmingTokenizer())


def _score_chunk(pairs: Sequence[tuple[Sequence[str], str]]) -> list[list[float]]:
    scored = []
    for sentences, reference in pairs:
        prediction = "\n".join(sentence.replace("\n", " ") for sentence in sentences)
        scores = _scorer().score(one_per_line(reference), prediction)
        scored.append([100.0 * scores[name].fmeasure for name in ROUGE_TYPES])
    return scored
