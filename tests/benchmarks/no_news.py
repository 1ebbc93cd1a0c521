"""What the shipped topic models refuse as unlike their training stories: by file, and by the kinds of texts it names.

    python tests/benchmarks/no_news.py seeds/no-news.jsonl seeds/odd-news.jsonl seeds/index.jsonl more/news.parquet

Of each file so many rows are judged, drawn with the seed. The texts of `seeds/no-news.jsonl` should be refused, all
other stories should not; nothing is asserted here (`tests/test_quality.py` holds the floors).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from inference.predict import shipped
from models.topics import TopicModel
from training.data import read_articles
from training.stories import read_stories

ENGINES = ("standard", "fast")


def kinds_of(path: str, number: int) -> list[str]:
    """The kind that each row of a JSON Lines file names, or nothing for each."""
    if not path.endswith(".jsonl"):
        return [""] * number
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    return [str(row.get("kind", "")) for row in rows] if len(rows) == number else [""] * number


def main() -> int:
    """Judge every file with both engines, and write a table to standard output."""
    parser = argparse.ArgumentParser(description="What the shipped topic models take for no news.")
    parser.add_argument("files", nargs="+", metavar="PATH", help="articles, as copydesk evaluate reads them")
    parser.add_argument("--rows", type=int, default=500, help="rows of each file, drawn (default 500)")
    parser.add_argument("--seed", type=int, default=13)
    asked = parser.parse_args()
    models = {engine: TopicModel.load(shipped("topics", engine)) for engine in ENGINES}
    print("| file | rows | " + " | ".join(ENGINES) + " |\n|---|---|---|---|")
    for path in asked.files:
        articles = read_articles(path)
        kinds = kinds_of(path, len(articles))
        drawn = np.sort(np.random.default_rng(asked.seed).permutation(len(articles))[: asked.rows]).tolist()
        stories = read_stories(articles.take(drawn))
        strange = {engine: model.strange(stories) for engine, model in models.items()}
        name = "/".join(Path(path).parts[-2:])
        print(f"| {name} | {len(drawn)} | " + " | ".join(str(int(found.sum())) for found in strange.values()) + " |")
        named = Counter(kinds[row] for row in drawn)
        for kind in sorted(named.keys() - {""}):
            of = np.array([kinds[row] == kind for row in drawn])
            counts = " | ".join(str(int((found & of).sum())) for found in strange.values())
            print(f"| … {kind} | {named[kind]} | {counts} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
