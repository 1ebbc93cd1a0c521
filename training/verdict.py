"""What an evaluation comes to, in a few sentences that a reader takes in at once."""

from __future__ import annotations

from training.brief_rows import RIVALS
from training.evaluation import Report
from training.wording import baseline, figure, number, percent, span

WEAKEST = 3
FEW = 5
"""Articles a label needs to be called weak."""


def digits_of(report: Report) -> int:
    """Digits after the point: ROUGE counts to 100, the others to 1."""
    return 2 if report.task == "summariser" else 3


def main_figure(report: Report) -> str:
    """The metric that an evaluation is known by."""
    if report.task == "summariser":
        return "rouge1"
    return "accuracy" if report.details.get("exclusive") else "micro_f1"


def verdict(report: Report) -> list[str]:
    """The sentences, the most important first; plain text."""
    return _first(report) + (_briefs(report) if report.task == "summariser" else _topics(report))


def _first(report: Report) -> list[str]:
    key, digits = main_figure(report), digits_of(report)
    value, interval = report.metrics[key], report.intervals.get(key)
    name = figure(key).name
    name = name if name.isupper() or "-" in name else name.lower()
    sentences = [
        f"On {report.n:,} articles: {number(value, digits)} {name}"
        + (f" (95% interval {span(interval, digits)})." if interval else ".")
    ]
    parts = []
    for other, figures in report.baselines.items():
        if key in figures:
            parts.append(f"{baseline(other)} {number(figures[key], digits)}")
    if parts:
        sentences.append("Beside it on the same articles: " + ", ".join(parts) + ".")
    return sentences


def _topics(report: Report) -> list[str]:
    details = report.details
    sentences = []
    curve = details.get("coverage", [])
    if curve:
        half = min(curve, key=lambda point: abs(point["coverage"] - 0.5))
        sentences.append(
            f"Its likeliest label is wrong for {percent(curve[-1]['risk'])} of the articles, and for "
            f"{percent(half['risk'])} of the half it is surest of."
        )
    error = report.metrics.get("ece")
    if error is not None:
        judgement = "can be taken at their word" if error < 0.03 else "are rough" if error < 0.1 else "mislead"
        sentences.append(f"Its probabilities {judgement}: {100 * error:.1f} points off on average.")
    weak = sorted((row["f1"], row["label"]) for row in details.get("labels", []) if row["support"] >= FEW)
    if len(weak) > WEAKEST:
        listed = ", ".join(f"{label} (F1 {f1:.2f})" for f1, label in weak[:WEAKEST])
        sentences.append(f"Weakest labels: {listed}.")
    pair = next((p for p in details.get("mistakes", []) if p["missed"] and p["given"]), None)
    if pair is None:
        cells = [cell for cell in details.get("confusion", []) if cell["true"] != cell["given"] and cell["given"]]
        pair = {"missed": cells[0]["true"], "given": cells[0]["given"], "count": cells[0]["count"]} if cells else None
    if pair is not None and pair["count"] > 1:
        sentences.append(
            f"Commonest mix-up: {pair['given']} given where {pair['missed']} was right ({pair['count']} articles)."
        )
    return sentences


def _briefs(report: Report) -> list[str]:
    sentences = []
    rival = next((name for name in RIVALS if "rouge1" in report.differences.get(name, {})), None)
    if rival is not None:
        mean, low, high = report.differences[rival]["rouge1"]
        sure = "better than" if low > 0 else "worse than" if high < 0 else "not clearly different from"
        sentences.append(f"That is {sure} the {baseline(rival)}: {mean:+.2f} ({low:+.2f} to {high:+.2f}), paired.")
    metrics, reference = report.metrics, report.details["reference"]
    writing = report.details.get("writing", {})
    what = "A headline" if writing.get("target") == "headline" else "A brief"
    sentences.append(
        f"{what} has {metrics['words']:.0f} words in {metrics['sentences']:.1f} sentences, the human one "
        f"{reference['words']:.0f}; that is {percent(metrics['compression'])} of the story."
    )
    invented = metrics["unsupported"]
    sentences.append(
        "Every name and number in the briefs stands in the story"
        if invented == 0
        else f"{number(invented, 2)} names or numbers per brief do not stand in the story"
        + (
            f" in that very form (the guard counts {writing['unsupported_after']:.0f} per 100 briefs)"
            if writing
            else ""
        )
    )
    sentences[-1] += f"; {percent(metrics['dangling_openings'])} of their sentences lean on one that was left out."
    return sentences
