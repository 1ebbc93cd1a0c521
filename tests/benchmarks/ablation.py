"""What each part of a summariser brings: ROUGE of the model with parts taken away, and dangling openings.

    python tests/benchmarks/ablation.py validation.parquet --limit 1500 [--model DIR] [--cache DIR]

Prints a Markdown table. Differences are to lead-3 on the same rows, with a 95% paired bootstrap interval.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from numpy.typing import NDArray

from inference.predict import shipped
from models.selection import Budget, SelectionRules, dangling, select
from models.summary import SummaryModel
from training.bootstrap import paired_difference
from training.data import read_articles
from training.evaluation import reference_sentences
from training.rouge import rouge_scores
from training.stories import encode_stories, read_stories

NAMES = ("rouge1", "rouge2", "rougeLsum")
Scores = Sequence[NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--limit", type=int, default=1500)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--cache", type=Path, default=None)
    options = parser.parse_args()
    articles = read_articles(options.data, need={"summaries"}, limit=options.limit)
    model = SummaryModel.load(options.model or shipped("summariser", "standard"))
    stories = read_stories(articles)
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    references = [reference_sentences(summary or "") for summary in articles.summaries or []]
    mixed = model.scores(stories, encode_stories(model.scorer.spec, stories, options.cache))
    parts: dict[str, Scores] = {"both": mixed}
    if model.scorer.fast is not None:
        own, other = model.scorer.mix
        fast = model.scorer.fast.scores(stories)
        parts["features alone"] = fast
        if own:
            parts["sentence vectors alone"] = [(a - other * b) / own for a, b in zip(mixed, fast, strict=True)]
    auto, three = Budget(), Budget(sentences=3)
    rules = model.rules
    rows: list[tuple[str, Scores | None, Budget, SelectionRules]] = [("lead-3", None, three, rules)]
    rows += [(f"{name}, three sentences", scores, three, rules) for name, scores in parts.items() if name != "both"]
    rows += [
        ("both, three sentences", mixed, three, rules),
        ("both, length by the scores (ships)", mixed, auto, rules),
        ("… without trigram blocking", mixed, auto, replace(rules, block_trigrams=False)),
        ("… without the penalty for leaning", mixed, auto, replace(rules, leaning_penalty=0.0)),
    ]
    print(f"{len(stories)} articles of {options.data}\n")
    print("| | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | ROUGE-1 over lead-3 | sentences | dangling openings |")
    print("|---|---|---|---|---|---|---|")
    lead: dict[str, NDArray[np.float64]] = {}
    for name, scores, budget, used in rows:
        chosen = [
            list(range(min(3, len(story)))) if scores is None else select(scores[row], story, budget, used)
            for row, story in enumerate(texts)
        ]
        values = rouge_scores(
            [[story[index] for index in picks] for story, picks in zip(texts, chosen, strict=True)], references
        )
        lead = lead or values
        _, *interval = paired_difference(values["rouge1"], lead["rouge1"])
        gain = float(np.mean(values["rouge1"] - lead["rouge1"]))
        hanging = sum(len(dangling(story, picks)) for story, picks in zip(texts, chosen, strict=True))
        figures = " | ".join(f"{values[key].mean():.2f}" for key in NAMES)
        sentences = np.mean([len(picks) for picks in chosen])
        spread = f"{gain:+.2f} ({interval[0]:+.2f} to {interval[1]:+.2f})" if scores is not None else ""
        print(f"| {name} | {figures} | {spread} | {sentences:.2f} | {hanging / max(1, sum(map(len, chosen))):.1%} |")


if __name__ == "__main__":
    main()
