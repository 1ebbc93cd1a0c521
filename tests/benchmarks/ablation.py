"""What each part of a summariser brings: ROUGE of the model with parts taken away, and dangling openings.

    python tests/benchmarks/ablation.py validation.parquet --every 3 [--model DIR] [--cache DIR]

Prints a Markdown table, of every so many articles of the file, whose first ones may be of one source. Differences are
to lead-3 on the same rows, with a 95% paired bootstrap interval.
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
from models.candidates import BriefRanker
from models.selection import Budget, dangling
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
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--cache", type=Path, default=None)
    options = parser.parse_args()
    articles = read_articles(options.data, need={"summaries"})
    articles = articles.take(range(0, len(articles), options.every))
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
    single = SummaryModel(None, model.rules)
    rows: list[tuple[str, Scores | None, Budget, SummaryModel]] = [("lead-3", None, three, single)]
    rows += [(f"{name}, three sentences", scores, three, single) for name, scores in parts.items() if name != "both"]
    rows += [("both, three sentences", mixed, three, single), ("both, length by the scores", mixed, auto, single)]
    if model.ranker is not None:
        ranked = SummaryModel(None, model.rules, model.ranker)
        careless = SummaryModel(None, model.rules, BriefRanker(model.ranker.trees))
        repeating = SummaryModel(None, replace(model.rules, block_trigrams=False), model.ranker)
        rows += [
            ("both, whole briefs ranked, three sentences", mixed, three, ranked),
            ("both, whole briefs ranked (ships)", mixed, auto, ranked),
            ("… without the cost of leaning", mixed, auto, careless),
            ("… without trigram blocking", mixed, auto, repeating),
        ]
    print(f"{len(stories)} articles of {options.data}\n")
    print("| | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | ROUGE-1 over lead-3 | sentences | dangling openings |")
    print("|---|---|---|---|---|---|---|")
    lead: dict[str, NDArray[np.float64]] = {}
    for name, scores, budget, used in rows:
        chosen = [
            list(range(min(3, len(story)))) if scores is None else used.choose(scores[row], story, budget)
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
