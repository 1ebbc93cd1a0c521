"""Learn from cased articles which words are ordinary: those that are no names where a sentence begins with them.

    python -m training.ordinary --data DATA --output models/pretrained/ordinary-words.txt

A capital at the start of a sentence says nothing. What tells "Residents" from "Zimbabwe" there is how a word is
written elsewhere, and the guard against invented names has to know it for words that the story does not have.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from training.data import read_articles

LOWER = 12
"""Articles that must have the word in lower case."""
NAMES = 0.3
"""Articles that may have it capitalised inside a sentence, as a share of those."""
OPENINGS = 1
"""Articles that must have a sentence that begins with it."""

_WORD = re.compile(r"(?<![\w'’&-])[A-Za-z][a-z]+(?![\w'’&-])")


def ordinary_words(texts: Iterable[str]) -> list[str]:
    """The ordinary words of articles in original case, sorted."""
    lower: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    opening: Counter[str] = Counter()
    for text in texts:
        seen: tuple[set[str], set[str], set[str]] = (set(), set(), set())
        for match in _WORD.finditer(text):
            word, before = match[0], text[max(0, match.start() - 2) : match.start()]
            if word[0].islower():
                seen[0].add(word)
            elif before[-1:] == " " and (before[0].islower() or before[0] == ","):
                seen[1].add(word.lower())
            elif before in ("", ". ") or before[-1:] == "\n":
                seen[2].add(word.lower())
        for counter, words in zip((lower, inside, opening), seen, strict=True):
            counter.update(words)
    return sorted(
        word
        for word, count in lower.items()
        if count >= LOWER and inside[word] <= NAMES * count and opening[word] >= OPENINGS
    )


def main() -> None:
    """Write the list, a word a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="articles in original case")
    parser.add_argument("--output", required=True, type=Path, help="the list to write")
    arguments = parser.parse_args()
    words = ordinary_words(read_articles(arguments.data).texts)
    arguments.output.write_text("\n".join(words) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
