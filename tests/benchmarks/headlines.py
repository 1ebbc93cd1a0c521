"""Measure the headlines made by deletion beside the first sentence and its first twelve words.

    python tests/benchmarks/headlines.py --data DATA [--limit 300] [--skip-last 0] [--show 40]

DATA has articles with titles, the references; its last rows are used. ROUGE-L F-measure by rouge_score with stemming,
in points, over the stories that get a headline, and for all with the first twelve words where there is none. The fast
engine scores the sentences; the titles are not shown to it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inference import Copydesk
from inference.predict import shipped
from models.faithfulness import unsupported
from models.headline import MOST_WORDS, headline
from models.summary import SummaryModel
from training.bootstrap import mean_intervals
from training.data import read_articles
from training.rouge import rouge_scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", type=int, default=300, help="how many rows (default: 300)")
    parser.add_argument("--skip-last", type=int, default=0, help="leave out so many rows at the end")
    parser.add_argument("--show", type=int, default=0, help="print so many headlines below their titles")
    arguments = parser.parse_args()
    articles = read_articles(arguments.data)
    stop = len(articles) - arguments.skip_last
    articles = articles.take(range(max(0, stop - arguments.limit), stop))
    desk = Copydesk(None, SummaryModel.load(shipped("summariser", "fast")))
    predictions = desk.predict(articles.texts)
    rows = [row for row, p in enumerate(predictions) if p.sentences and articles.titles[row]]
    titles = [articles.titles[row] or "" for row in rows]
    first = [predictions[row].sentences[0].text for row in rows]
    dozen = [" ".join(text.split()[:MOST_WORDS]) for text in first]
    found = [predictions[row].headline for row in rows]
    ours = [text or short for text, short in zip(found, dozen, strict=True)]

    scores = {
        name: rouge_scores([[text] for text in texts], titles, workers=1)["rougeL"]
        for name, texts in (("first sentence", first), ("first twelve words", dozen), ("headline", ours))
    }
    made = np.array([text is not None for text in found])
    print(f"{len(rows)} stories with a title, {made.sum()} get a headline, {(~made).sum()} get none")
    words = [len(text.split()) for text in found if text]
    print(f"words a headline: {np.mean(words):.1f}, at most {max(words)}")
    faults = sum(bool(unsupported(text, articles.texts[row])) for row, text in zip(rows, found, strict=True) if text)
    print(f"headlines with an unsupported name, number or quotation: {faults}")
    for where, chosen in (("with a headline", made), ("all", np.ones(len(rows), dtype=bool))):
        part = {name: values[chosen] for name, values in scores.items()}
        spans = mean_intervals(part)
        for name, values in part.items():
            low, high = spans[name]
            print(f"  ROUGE-L, {where}, {name}: {values.mean():.2f} ({low:.2f} to {high:.2f})")
    began = time.perf_counter()
    for p in predictions:
        headline([sentence.text for sentence in p.sentences], [sentence.score for sentence in p.sentences])
    print(f"{1000 * (time.perf_counter() - began) / len(predictions):.2f} ms a story")
    for title, text in [pair for pair in zip(titles, found, strict=True) if pair[1]][: arguments.show]:
        print(f"title:    {title}\nheadline: {text}\n")


if __name__ == "__main__":
    main()
