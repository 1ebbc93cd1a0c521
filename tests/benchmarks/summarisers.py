"""Measure summarisers on the same stories in one run: ROUGE, and how many stories they summarise in a second.

    python tests/benchmarks/summarisers.py --data DATA [--limit 500] [--fast DIR | --train DATA] [--standard DIR]

DATA has articles and their summaries, see `copydesk train summariser --help`. Every summariser gets the same cleaned
sentences and chooses three of them (ours also as many as it finds best); reading the stories is timed apart. One
process, one thread, each story by itself for peers, lists for ours. ROUGE F-measures by rouge_score with stemming,
Lsum over sentences joined by newlines, in points. sumy's methods (`pip install sumy`) use its Snowball stemmer and
stop words, and NLTK's Treebank tokenizer. bert-extractive-summarizer (`pip install bert-extractive-summarizer`) reads
through the public encoder that ours is adapted from.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.selection import Budget, dangling
from models.story import Story, read_story
from training.data import Articles, read_articles
from training.rouge import rouge_scores

THREE = 3
Method = Callable[[Sequence[Story]], list[list[int]]]


def lead(stories: Sequence[Story]) -> list[list[int]]:
    """The first three sentences."""
    return [list(range(min(THREE, len(story.sentences)))) for story in stories]


class _Words:
    """sumy's tokenizer without the sentence splitter, whose data would have to be downloaded."""

    language = "english"
    _word = re.compile(r"^[^\W\d_](?:[^\W\d_]|['-])*$")

    def __init__(self) -> None:
        from nltk.tokenize import TreebankWordTokenizer

        self._split = TreebankWordTokenizer().tokenize

    def to_words(self, sentence: str) -> tuple[str, ...]:
        return tuple(word for word in self._split(sentence) if self._word.match(word))


def by_sumy(name: str) -> Method:
    """One of sumy's summarisers, by the name of its class."""
    import importlib

    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.nlp.stemmers import Stemmer
    from sumy.utils import get_stop_words

    module = {"LexRankSummarizer": "lex_rank", "TextRankSummarizer": "text_rank", "LsaSummarizer": "lsa"}[name]
    summariser: Any = getattr(importlib.import_module(f"sumy.summarizers.{module}"), name)(Stemmer("english"))
    summariser.stop_words = get_stop_words("english")
    words = _Words()

    def choose(stories: Sequence[Story]) -> list[list[int]]:
        chosen = []
        for story in stories:
            sentences = [Sentence(sentence.text, words) for sentence in story.sentences]
            found = summariser(ObjectDocumentModel([Paragraph(sentences)]), THREE) if sentences else []
            wanted = {id(sentence) for sentence in found}
            chosen.append([index for index, sentence in enumerate(sentences) if id(sentence) in wanted])
        return chosen

    return choose


def by_clusters() -> Method:
    """bert-extractive-summarizer over the public encoder that ours is adapted from; its own default is BERT-large."""
    import torch
    from two_tools import clusterer, tokenizer_of

    from training.stories import open_encoder

    encoder = open_encoder(None).open()
    encoder.module.config.output_hidden_states = True
    found = clusterer(tokenizer_of(encoder), encoder.module.float())

    def choose(stories: Sequence[Story]) -> list[list[int]]:
        chosen = []
        with torch.inference_mode():
            for story in stories:
                texts = [sentence.text for sentence in story.sentences]
                kept = set(found.cluster_runner(texts, num_sentences=min(THREE, len(texts)))[0]) if texts else set()
                chosen.append([index for index, text in enumerate(texts) if text in kept][:THREE])
        return chosen

    return choose


def by_ours(model: Any, budget: Budget) -> Method:
    """A Copydesk model."""
    from training.evaluation import summarise

    return lambda stories: summarise(model, stories, budget)[0]


def fast_model(folder: str | None, training: str | None, rows: int) -> Any:
    """The fast model in a folder, or one trained now, or the shipped one; None where there is none."""
    from inference.predict import shipped
    from models.summary import SummaryModel
    from training.summariser import SummariserSettings, train_summariser

    if training is not None:
        articles = read_articles(training, need={"summaries"}, limit=rows)
        return train_summariser(articles, None, SummariserSettings(engine="fast"))[0]
    path = Path(folder) if folder else shipped("summariser", "fast")
    return SummaryModel.load(path) if folder or path.is_dir() else None


def methods(arguments: argparse.Namespace) -> dict[str, Method]:
    """All that can be measured here."""
    from models.summary import SummaryModel

    found: dict[str, Method] = {"lead-3": lead}
    try:
        for name, of_sumy in (
            ("LexRank", "LexRankSummarizer"),
            ("TextRank", "TextRankSummarizer"),
            ("LSA", "LsaSummarizer"),
        ):
            found[f"sumy {name}"] = by_sumy(of_sumy)
    except ImportError as error:
        sys.stderr.write(f"sumy is left out: {error}\n")
    try:
        found["bert-extractive-summarizer, MiniLM"] = by_clusters()
    except ImportError as error:
        sys.stderr.write(f"bert-extractive-summarizer is left out: {error}\n")
    models = {"fast": fast_model(arguments.fast, arguments.train, arguments.train_rows)}
    models["standard"] = SummaryModel.load(arguments.standard) if arguments.standard else None
    for engine, model in models.items():
        if model is not None:
            found[f"copydesk {engine}, 3 sentences"] = by_ours(model, Budget(sentences=THREE))
            found[f"copydesk {engine}, auto"] = by_ours(model, Budget())
        else:
            sys.stderr.write(f"copydesk {engine} is left out: no model folder\n")
    return found


def row(name: str, method: Method, stories: Sequence[Story], references: Sequence[str]) -> str:
    """A line of the table."""
    method(stories[:8])  # imports and caches
    began = time.perf_counter()
    chosen = method(stories)
    seconds = time.perf_counter() - began
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    briefs = [[text[index] for index in rows] for text, rows in zip(texts, chosen, strict=True)]
    scores = rouge_scores(briefs, references)
    figures = " | ".join(f"{scores[kind].mean():.2f}" for kind in ("rouge1", "rouge2", "rougeLsum"))
    total = max(1, sum(map(len, chosen)))
    loose = sum(len(dangling(text, rows)) for text, rows in zip(texts, chosen, strict=True))
    length = f"{total / len(stories):.2f} | {sum(len(s.split()) for brief in briefs for s in brief) / len(stories):.0f}"
    return f"| {name} | {figures} | {length} | {100 * loose / total:.0f} | {len(stories) / seconds:,.0f} |\n"


def main() -> int:
    """Print a table of all methods."""
    parser = argparse.ArgumentParser(description="ROUGE and pace of summarisers on the same stories.")
    parser.add_argument("--data", required=True, help="articles with summaries: a path or a hub id")
    parser.add_argument("--limit", type=int, default=500, help="how many articles, the first ones (default: 500)")
    parser.add_argument("--fast", help="folder of a fast model (default: the shipped one)")
    parser.add_argument("--train", help="train the fast model on these articles instead")
    parser.add_argument("--train-rows", type=int, default=3000, help="how many of them (default: 3000)")
    parser.add_argument("--standard", help="folder of a standard model")
    arguments = parser.parse_args()
    articles: Articles = read_articles(arguments.data, need={"summaries"}, limit=arguments.limit)
    rows = [number for number, summary in enumerate(articles.summaries or []) if summary and summary.strip()]
    articles = articles.take(rows)
    began = time.perf_counter()
    stories = [read_story(text, title=title) for text, title in zip(articles.texts, articles.titles, strict=True)]
    seconds = time.perf_counter() - began
    references = [summary or "" for summary in articles.summaries or []]
    out = sys.stdout
    out.write(
        f"{articles.name}: {len(stories)} stories, read and cleaned at {len(stories) / seconds:,.0f} a second\n\n"
    )
    out.write("| method | ROUGE-1 | ROUGE-2 | ROUGE-Lsum | sentences | words | % dangling | stories/s |\n")
    out.write("|---|---|---|---|---|---|---|---|\n")
    for name, method in methods(arguments).items():
        out.write(row(name, method, stories, references))
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
