"""What figures are called and what they mean, in words for people who read a report."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """A metric's name, its meaning, and which way is better: 1 up, -1 down, 0 neither."""

    name: str
    meaning: str
    better: int


FIGURES: dict[str, Figure] = {
    "accuracy": Figure("Accuracy", "articles whose labels are exactly right", 1),
    "micro_f1": Figure("Micro-F1", "precision and recall over all label decisions", 1),
    "macro_f1": Figure("Macro-F1", "every label counts the same, however rare", 1),
    "weighted_f1": Figure("Weighted F1", "labels count as often as they occur", 1),
    "top3_accuracy": Figure("Top 3", "articles whose label is among the three likeliest", 1),
    "recall_at_3": Figure("Recall at 3", "labels that are among their article's three likeliest", 1),
    "first_accuracy": Figure("Dominant topic", "articles whose first label is the one judged dominant", 1),
    "ece": Figure("Calibration error", "how far probabilities are from the truth, on average", -1),
    "risk_area": Figure("Area under the risk curve", "share of wrong likeliest labels, over all coverages", -1),
    "rouge1": Figure("ROUGE-1", "words shared with the human summary", 1),
    "rouge2": Figure("ROUGE-2", "pairs of words shared", 1),
    "rougeL": Figure("ROUGE-L", "longest common sequence, summary as one line", 1),
    "rougeLsum": Figure("ROUGE-Lsum", "longest common sequences, sentence by sentence", 1),
    "sentences": Figure("Sentences", "in a brief", 0),
    "words": Figure("Words", "in a brief", 0),
    "compression": Figure("Compression", "words of brief per word of story", 0),
    "copy_rate": Figure("Copied", "three-word runs that stand in the story", 0),
    "redundancy": Figure("Repeated", "three-word runs that the brief had already", -1),
    "dangling_openings": Figure("Dangling openings", "sentences that lean on one left out", -1),
    "unsupported": Figure("Unsupported", "names and numbers per brief that the story lacks", -1),
}

BASELINES = {
    "majority": "commonest label",
    "tfidf-svm": "TF-IDF + SVM",
    "lead-3": "first 3 sentences",
    "random": "3 at random",
    "oracle": "best extract",
    "extract": "standard engine",
    "first-sentence": "first sentence",
    "first-12-words": "first 12 words",
    "rules": "shortened by rules",
}


def figure(key: str) -> Figure:
    """A metric in words; one without an entry goes by its key."""
    return FIGURES.get(key, Figure(key, "", 0))


def baseline(key: str) -> str:
    """A baseline in words."""
    return BASELINES.get(key, key)


def number(value: float, digits: int) -> str:
    """A figure with a fixed number of digits."""
    return f"{value:.{digits}f}"


def span(interval: list[float] | None, digits: int) -> str:
    """An interval in words: "0.821 to 0.845"; nothing where there is none."""
    return f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}" if interval else ""


def percent(share: float) -> str:
    """A share of 0 to 1: "4%", "0.6%"."""
    return f"{100 * share:.1f}%" if 0 < share < 0.0995 else f"{100 * share:.0f}%"
