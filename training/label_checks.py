"""Look at the label column as a whole: spellings, gaps, lone examples, numbers, what looks like a mistake of form."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from training.data import Articles
from training.findings import Finding, Hit, hit

LOPSIDED = 50
"""How often the commonest label may occur for each time the rarest does."""
DOMINANT = 0.8
FEW_LISTS = 0.01
SEPARATORS, BRACKETS = (";", "|", "/", ","), " []{}()'\""
FEWEST_JOINED, SHRUNK = 3, 0.7
"""So many labels with a separator, and such a share of all labels left once they are split, make them joined ones."""

_DRESS = re.compile(r"[\s_\-–.]+")
_JOINT = re.compile(r"\s*[,;|/]\s*|\n+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PLACEHOLDERS = frozenset({"nan", "none", "null", "n/a", "na", "<na>", "nat", "-", "?", "#n/a", "missing"})


def check_labels(articles: Articles) -> list[Finding]:
    """Findings on the form of the labels; none at all where the data has no label column."""
    if articles.labels is None:
        return []
    counts = Counter(label for labels in articles.labels for label in labels)
    return [
        _missing(articles),
        _placeholders(articles, counts),
        _variants(articles, counts),
        _joined(articles, counts),
        _lone(articles, counts),
        _strays(articles),
        *_shape(articles, counts),
    ]


def _rows_with(articles: Articles, chosen: dict[str, str]) -> list[Hit]:
    """The rows that have one of the chosen labels, with its note."""
    assert articles.labels is not None
    return [
        hit(articles, place, "; ".join(chosen[label] for label in labels if label in chosen))
        for place, labels in enumerate(articles.labels)
        if any(label in chosen for label in labels)
    ]


def _missing(articles: Articles) -> Finding:
    assert articles.labels is not None
    advice = "Label them or drop them: training and evaluation leave them out."
    if not articles.exclusive:
        advice += " A story with no topic at all belongs under a label of its own."
    bare = [hit(articles, place, "no label") for place, labels in enumerate(articles.labels) if not labels]
    return Finding("missing-labels", "Rows without a label", advice, bare)


def _placeholders(articles: Articles, counts: Counter[str]) -> Finding:
    chosen = {label: f"{label!r}" for label in counts if label.casefold() in _PLACEHOLDERS}
    advice = "Empty these cells: such words are learnt as labels of their own."
    found = {label: counts[label] for label in chosen}
    return Finding("placeholder-labels", "Labels that mean 'missing'", advice, _rows_with(articles, chosen), found)


def _variants(articles: Articles, counts: Counter[str]) -> Finding:
    """Labels that differ in case, spaces, hyphens or full stops alone: all but the commonest spelling."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        spellings[_DRESS.sub(" ", label.casefold()).strip()].append(label)
    chosen: dict[str, str] = {}
    found: dict[str, int] = {}
    for plain, labels in spellings.items():
        if len(labels) > 1 and plain:
            labels.sort(key=lambda label: (-counts[label], label))
            chosen.update({label: f"{label!r}, elsewhere {labels[0]!r}" for label in labels[1:]})
            found.update({label: counts[label] for label in labels})
    advice = "Settle on one spelling: these are learnt as different labels."
    return Finding("label-spellings", "One label in several spellings", advice, _rows_with(articles, chosen), found)


def _joined(articles: Articles, counts: Counter[str]) -> Finding:
    """Labels that are several strung together: all parts are labels, or fewer labels are left where all are split."""
    chosen = {}
    for label in counts:
        parts = [part for part in _JOINT.split(label) if part]
        if len(parts) > 1 and all(part in counts for part in parts):
            chosen[label] = f"{label!r} is {' and '.join(map(repr, parts))}"
    for separator in SEPARATORS:
        split = {label: [part.strip(BRACKETS) for part in label.split(separator)] for label in counts}
        joined = [label for label, parts in split.items() if len(parts) > 1]
        left = {part for parts in split.values() for part in parts}
        if len(joined) >= FEWEST_JOINED and len(left) <= SHRUNK * len(counts):
            chosen |= {label: f"{label!r} is {' and '.join(map(repr, split[label]))}" for label in joined}
    advice = 'A string is one label: name what parts them by --labels-separator, or write lists, such as ["a", "b"].'
    found = {label: counts[label] for label in chosen}
    return Finding("joined-labels", "Several labels in one string", advice, _rows_with(articles, chosen), found)


def _lone(articles: Articles, counts: Counter[str]) -> Finding:
    chosen = {label: f"the only {label!r}" for label, count in counts.items() if count == 1}
    advice = "Add examples, merge the label into another, or drop it: one example teaches little and tests nothing."
    return Finding(
        "lone-labels", "Labels with one example", advice, _rows_with(articles, chosen), dict.fromkeys(chosen, 1)
    )


def _strays(articles: Articles) -> Finding:
    """Rows with several labels where nearly all have one: they make the whole task multi-label."""
    assert articles.labels is not None
    several = [hit(articles, place, ", ".join(row)) for place, row in enumerate(articles.labels) if len(row) > 1]
    few = 0 < len(several) <= FEW_LISTS * len(articles)
    advice = "Are they meant? A few rows with several labels make the whole task multi-label."
    return Finding("stray-lists", "Rare rows with several labels", advice, several if few else [])


def _shape(articles: Articles, counts: Counter[str]) -> list[Finding]:
    """Findings on the whole column, not on rows."""
    assert articles.labels is not None
    found: list[Finding] = []
    labelled = sum(bool(labels) for labels in articles.labels)
    if len(counts) == 1:
        advice = "A classifier needs two labels. Is it the right column? Is the file sorted and cut by --limit?"
        found.append(Finding("one-label", "Every row has the same label", advice, labels=dict(counts)))
    if counts and not articles.exclusive and all(len(labels) <= 1 for labels in articles.labels):
        advice = "Write plain strings if a story has just one label: lists are learnt as multi-label."
        found.append(Finding("lists-of-one", "Every list holds one label", advice, labels=dict(counts.most_common(1))))
    if counts and all(_NUMBER.fullmatch(label) for label in counts):
        advice = "Give the classes names: people who read the results will not know the numbers."
        found.append(Finding("numbers", "Labels are bare numbers", advice, labels=dict(counts.most_common(10))))
    if len(counts) > 1:
        ranked = counts.most_common()
        (most, often), (least, seldom) = ranked[0], ranked[-1]
        if often >= LOPSIDED * seldom or often > DOMINANT * labelled:
            advice = "Add examples of the rare labels; judge by macro-F1, since accuracy hides them."
            found.append(Finding("imbalance", "Lopsided labels", advice, labels={most: often, least: seldom}))
    return found
