"""Measure how much of a web page's article cleaning keeps, and how much of the rest it removes.

    python tests/benchmarks/cleaning.py PAGES.parquet [--half odd|even|all]

PAGES has the columns page (the visible text of a page), article (what a human cut out of it) and title. Texts
are compared as bags of 4-word shingles of lower-cased words, as in Scrapinghub's Article Extraction Benchmark
(2020): precision is the share of kept shingles that the article has, recall the share of the article's that are
kept, both averaged over pages; F1 is of the two averages. jusText and trafilatura need HTML, so that each line of
a page becomes a paragraph for them.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.story import read_story

_WORD = re.compile(r"\w+")
_SHINGLE = 4


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """The text's runs of four words with how often each occurs; a shorter text is one run."""
    words = _WORD.findall(text.lower())
    size = min(_SHINGLE, len(words))
    return Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1) if size)


def score(kept: str, article: str) -> tuple[float, float]:
    """Precision and recall of one page, between 0 and 1."""
    have, want = shingles(kept), shingles(article)
    common = (have & want).total()
    return (common / have.total() if have else float(not want)), (common / want.total() if want else 1.0)


def as_html(page: str, title: str) -> str:
    """The page's visible text with a paragraph for each line."""
    lines = "".join(f"<p>{html.escape(line)}</p>\n" for line in page.splitlines() if line.strip())
    return f"<html><head><title>{html.escape(title)}</title></head><body>{lines}</body></html>"


def by_justext(page: str, title: str) -> str:
    """What jusText takes for good paragraphs."""
    import justext  # type: ignore[import-untyped,unused-ignore]

    found = justext.justext(as_html(page, title).encode(), justext.get_stoplist("English"), encoding="utf-8")
    return "\n".join(paragraph.text for paragraph in found if not paragraph.is_boilerplate)


def by_trafilatura(page: str, title: str) -> str:
    """What trafilatura takes for the article."""
    import trafilatura

    return trafilatura.extract(as_html(page, title), include_comments=False) or ""


METHODS: dict[str, Callable[[str, str], str]] = {
    "nothing done": lambda page, title: page,
    "copydesk": lambda page, title: read_story(page, title=title).text,
    "copydesk, no title given": lambda page, title: read_story(page).text,
    "jusText": by_justext,
    "trafilatura": by_trafilatura,
}


def main() -> int:
    """Print a table of all methods."""
    parser = argparse.ArgumentParser(description="Precision and recall of kept text on web pages.")
    parser.add_argument("pages", type=Path, help="Parquet file with the columns page, article, title")
    parser.add_argument("--half", choices=["even", "odd", "all"], default="all", help="rows to measure on")
    parser.add_argument("--worst", type=int, default=0, help="also list that many pages with the lowest F1")
    arguments = parser.parse_args()
    frame = pd.read_parquet(arguments.pages)
    if arguments.half != "all":
        frame = frame.iloc[int(arguments.half == "odd") :: 2]
    rows = list(zip(frame["page"], frame["title"], frame["article"], strict=True))
    out = sys.stdout
    out.write(f"{len(rows)} pages ({arguments.half}), {_SHINGLE}-word shingles\n\n")
    out.write("| method | precision | recall | F1 | pages/s |\n|---|---|---|---|---|\n")
    for name, method in METHODS.items():
        method(*rows[0][:2])  # imports and caches
        began = time.process_time()
        kept = [method(page, title) for page, title, _ in rows]
        seconds = time.process_time() - began
        scores = [score(text, article) for text, (_, _, article) in zip(kept, rows, strict=True)]
        precision = sum(p for p, _ in scores) / len(scores)
        recall = sum(r for _, r in scores) / len(scores)
        f1 = 2 * precision * recall / ((precision + recall) or 1)
        out.write(f"| {name} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {len(rows) / seconds:.0f} |\n")
        if arguments.worst and name == "copydesk":
            ranked = sorted(range(len(rows)), key=lambda i: sum(scores[i]))[: arguments.worst]
            listing = [f"  row {i}: precision {scores[i][0]:.2f}, recall {scores[i][1]:.2f}" for i in ranked]
    if arguments.worst:
        out.write("\n".join(["", "lowest of copydesk:", *listing, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
