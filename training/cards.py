"""The model card that lies in every model's folder as README.md."""

from __future__ import annotations

from typing import Any

from training.evaluation import Report

_NAMES = {
    "accuracy": "accuracy",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "first_accuracy": "dominant-topic accuracy",
    "ece": "calibration error (ECE)",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
}


def figures_table(report: Report) -> list[str]:
    """The report as a Markdown table: metric, model with interval, baselines."""
    digits = 2 if report.task == "summariser" else 3
    lines = [
        "| metric | this model (95% interval) | " + " | ".join(report.baselines) + " |",
        "|---|---|" + "---|" * len(report.baselines),
    ]
    for key, name in _NAMES.items():
        if key not in report.metrics:
            continue
        low, high = report.intervals.get(key, (float("nan"), float("nan")))
        cells = [f"{figures[key]:.{digits}f}" if key in figures else "–" for figures in report.baselines.values()]
        own = f"{report.metrics[key]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
        lines.append(f"| {name} | {own} | " + " | ".join(cells) + " |")
    return lines


def model_card(
    title: str, purpose: str, training: dict[str, Any], report: Report, *, command: str, notes: str = ""
) -> str:
    """A model card in Markdown."""
    data, held, taught = training["data"], training["validation"], training.get("taught")
    further = []
    if taught:
        said = f"{taught['labelled']:,} of `{taught['articles']['name']}`"
        further = [f"- and articles without labels: {said}, with the labels that `{taught['teacher']}` gives"]
    lines = [
        f"# {title}",
        "",
        purpose,
        "",
        "## Trained with",
        "",
        f"- data: `{data['name']}`, {data['rows']:,} articles (fingerprint `{data['fingerprint'][:16]}`)",
        *further,
        f"- validated on: `{held['name']}`, {held['rows']:,} articles (fingerprint `{held['fingerprint'][:16]}`)",
        f"- command: `{command}`",
        "- libraries: " + ", ".join(f"{name} {number}" for name, number in training["libraries"].items()),
        "",
        f"## Figures on the validation articles (n = {report.n:,})",
        "",
        *figures_table(report),
        "",
        *(f"- {note}" for note in report.notes),
        "",
    ]
    if notes:
        lines += ["## Data, licence, limits", "", notes.strip(), ""]
    return "\n".join(lines)
