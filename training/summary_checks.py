"""Look at reference summaries beside their articles: missing, repeated, too long, a copy of the title, unsupported."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.wordhash import batches, hash_words
from training.data import Articles
from training.duplicates import equal_texts
from training.findings import Finding, Hit, Place, hit
from training.text_checks import word_counts

SUPPORT = 0.2
"""Share of a summary's longer words that its article must hold.

Three in four summaries of another article have less; of their own, none of 400 CNN/DailyMail highlights and 5% of
XSum's sentences, which often say what the article does not.
"""
LONG_WORD = 4  # characters
FEWEST_JUDGED = 4  # longer words


def check_summaries(articles: Articles) -> list[Finding]:
    """Findings on the reference summaries; none at all where the data has no column of them."""
    if articles.summaries is None:
        return []
    there = [place for place, summary in enumerate(articles.summaries) if summary]
    summaries = [articles.summaries[place] or "" for place in there]
    texts = [articles.texts[place] for place in there]
    lengths, articles_lengths = word_counts(summaries), word_counts(texts)
    support = shared_words(summaries, texts)
    longer, alien, copied = [], [], []
    for index, place in enumerate(there):
        if lengths[index] >= articles_lengths[index]:
            note = f"{lengths[index]} words, the article {articles_lengths[index]}"
            longer.append(hit(articles, place, note))
        if support[index] < SUPPORT:
            alien.append(hit(articles, place, f"{support[index]:.0%} of its words are in the article"))
        if _plain(summaries[index]) == _plain(articles.titles[place] or "") != "":
            copied.append(hit(articles, place, "the title"))
    bare = [hit(articles, place, "no summary") for place, summary in enumerate(articles.summaries) if not summary]
    return [
        Finding("missing-summaries", "Rows without a summary", "Summarise them or drop them.", bare),
        Finding(
            "duplicate-summaries",
            "Summaries that repeat",
            "Look where they come from: a boilerplate line summarises nothing.",
            _repeated(articles, there, summaries),
        ),
        Finding(
            "long-summaries",
            "Summaries no shorter than the article",
            "Drop them: there is nothing to learn, or the columns are swapped.",
            longer,
        ),
        Finding(
            "unsupported-summaries",
            "Summaries their article does not bear out",
            "Check that summary and article belong together: the model would learn to choose at random.",
            alien,
        ),
        Finding("title-summaries", "Summaries equal to the title", "Find a real summary or drop them.", copied),
    ]


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _repeated(articles: Articles, there: Sequence[int], summaries: Sequence[str]) -> list[Hit]:
    """Rows whose summary an earlier row with another text has too."""
    found: list[tuple[int, int]] = []
    groups, _ = equal_texts(summaries)
    for group in groups:
        _, different = equal_texts([articles.texts[there[index]] for index in group])
        found.extend((there[group[index]], there[group[0]]) for index in different[1:])
    return [
        hit(articles, place, "same summary as", (Place(articles.name, articles.rows[first]),))
        for place, first in sorted(found)
    ]


def shared_words(summaries: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
    """The share of each summary's words of four characters and more that its text holds, `(n,)`; 1 if too few."""
    shares = np.ones(len(texts))
    begin = 0
    for batch in batches(texts):
        end = begin + len(batch)
        words, of = hash_words(batch), hash_words(summaries[begin:end])
        salts = np.arange(1, len(batch) + 1, dtype=np.uint64) * np.uint64(0xD1B54A32D192ED03)
        known = np.unique(words.hashes ^ salts[words.rows()])
        long = of.ends - of.starts >= LONG_WORD
        rows = of.rows()[long]
        held = np.isin(of.hashes[long] ^ salts[rows], known, assume_unique=False)
        total = np.bincount(rows, minlength=len(batch))
        judged = total >= FEWEST_JUDGED
        shares[begin:end][judged] = np.bincount(rows[held], minlength=len(batch))[judged] / total[judged]
        begin = end
    return shares
