"""Two models side by side on the same rows: how much one is better, how sure that is, and where they part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import paired_differences
from training.brief_rows import BriefRows
from training.briefs import brief_ratios, ratio_means
from training.data import Articles
from training.metrics import Bools, topic_differences, topic_metrics
from training.topic_rows import TopicRows

LESS_IS_BETTER = ("ece", "risk_area")
"""Figures that are the better the smaller they are."""
DECIDING = ("rouge1", "rouge2", "rougeLsum")
"""The kinds of ROUGE whose mean says which of two briefs is the better one."""


def mcnemar(this: Bools, other: Bools) -> dict[str, Any]:
    """McNemar's exact test (1947) on whether each row is right: `this_only`, `other_only`, and `p`, two-sided.

    Only rows on which the models differ tell them apart; if both were equally good, either would win half of them.
    """
    from scipy.stats import binomtest

    ours, theirs = int((this & ~other).sum()), int((other & ~this).sum())
    p = float(binomtest(ours, ours + theirs, 0.5).pvalue) if ours + theirs else 1.0
    return {"this_only": ours, "other_only": theirs, "p": p}


def compare_topics(this: TopicRows, other: TopicRows, name: str) -> dict[str, Any]:
    """This model against another on the same labelled rows.

    Both are judged over the labels that either knows. A row is right where its labels are given exactly; of the rows
    whose given labels differ, one is better where this model has fewer labels wrong.

    Returns:
        `name` of the other model, its `figures`, `differences` (this less other, with a 95% paired bootstrap
        interval), `mcnemar` over whole rows and `labels` one by one (their p-values are not corrected for their
        number), and `changed` rows by id.
    """
    classes = sorted({*this.classes, *other.classes})
    ours, theirs = this.arguments(classes), other.arguments(classes)
    targets, given, given_there = ours[0], ours[1], theirs[1]
    right, right_there = given == targets, given_there == targets
    return {
        "name": name,
        "figures": topic_metrics(*theirs),
        "differences": topic_differences(ours, theirs),
        "mcnemar": mcnemar(right.all(axis=1), right_there.all(axis=1)),
        "labels": [
            {"label": label, **mcnemar(right[:, column], right_there[:, column])}
            for column, label in enumerate(classes)
        ],
        "changed": _changed(
            this.held, (given != given_there).any(axis=1), right.sum(axis=1) - right_there.sum(axis=1).astype(np.int64)
        ),
    }


def compare_briefs(this: BriefRows, other: BriefRows, name: str) -> dict[str, Any]:
    """This summariser against another on the same articles; see `compare_topics`.

    Of two briefs that differ the better one has the higher mean of ROUGE-1, ROUGE-2 and ROUGE-Lsum.
    """
    gains = sum(this.rouge[kind] - other.rouge[kind] for kind in DECIDING)
    differ = np.array([a != b for a, b in zip(this.judged_briefs, other.judged_briefs, strict=True)], dtype=np.bool_)
    ratios = brief_ratios(other.judged_briefs, other.judged_stories, other.judged_chosen)
    return {
        "name": name,
        "figures": {kind: float(values.mean()) for kind, values in other.rouge.items()} | ratio_means(ratios),
        "differences": paired_differences(this.rouge, other.rouge),
        "changed": _changed(this.held, differ, np.sign(np.round(gains, 9))),
    }


def comparison_lines(comparison: dict[str, Any], digits: int = 3, first: int = 5) -> list[str]:
    """A comparison in words, a line each: differences, the test, how many rows changed and the first of them."""
    name, changed = comparison["name"], comparison["changed"]
    lines = [
        f"{metric}: {mean:+.{digits}f} {'over' if metric not in LESS_IS_BETTER else 'against'} {name} "
        f"({low:+.{digits}f} to {high:+.{digits}f}{', less is better' if metric in LESS_IS_BETTER else ''})"
        for metric, (mean, low, high) in comparison["differences"].items()
    ]
    if "mcnemar" in comparison:
        test = comparison["mcnemar"]
        lines.append(
            f"rows only this model has right: {test['this_only']}, only {name}: {test['other_only']} "
            f"(McNemar, exact: p = {test['p']:.2g})"
        )
    shown = "; ".join(
        f"{len(changed[kind])} {kind} ({', '.join(changed[kind][:first])}{', …' if len(changed[kind]) > first else ''})"
        for kind in ("better", "worse", "other")
        if changed[kind]
    )
    lines.append(f"rows that changed against {name}: {changed['count']}" + (f": {shown}" if shown else ""))
    return lines


def _changed(articles: Articles, differ: Bools, gain: NDArray[Any]) -> dict[str, Any]:
    """The ids of the rows that differ: better, worse, or as good another way."""
    groups = {"better": differ & (gain > 0), "worse": differ & (gain < 0), "other": differ & (gain == 0)}
    return {
        "count": int(differ.sum()),
        **{name: [articles.ids[row] for row in np.flatnonzero(rows)] for name, rows in groups.items()},
    }
