"""A report for people: one HTML file that needs nothing else, and a summary in Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.brief_rows import BriefRows
from training.briefs import LENGTH_STEP, LONGEST, POSITIONS
from training.charts import histogram, reliability_chart, risk_chart
from training.evaluation import Report
from training.examples import brief_cards, mistake_cards
from training.outputs import HTML, MARKDOWN, write_text
from training.topic_rows import TopicRows
from training.verdict import digits_of, verdict
from training.wording import baseline, figure, number, percent, span

LARGEST_MATRIX = 30
"""Labels of the largest confusion matrix that is drawn; of more, the commonest confusions are listed alone."""

PAIRS_SHOWN = 12
CHANGED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Heading:
    """What was judged: the model's name, the data's name, and the command that asked for it."""

    model: str
    data: str
    command: str = ""


def write_report(folder: Path, report: Report, rows: TopicRows | BriefRows, heading: Heading) -> None:
    """Write report.html and summary.md into a folder, which is made where it is missing.

    The same evaluation gives the same bytes.

    Raises:
        DataError: they cannot be written.
    """
    for name, text in ((HTML, html_report(report, rows, heading)), (MARKDOWN, markdown_summary(report, heading))):
        write_text(text, folder / name)


def html_report(report: Report, rows: TopicRows | BriefRows, heading: Heading) -> str:
    """The page; everything that comes from data is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("training", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(figure=figure, baseline=baseline, number=number, span=span, percent=percent)
    part = _topic_part(report, rows) if isinstance(rows, TopicRows) else _brief_part(report, rows)
    return environment.get_template("report.html.j2").render(
        report=report,
        heading=heading,
        digits=digits_of(report),
        verdict=verdict(report),
        alarms=[note for note in report.notes if note.startswith("LEAK")],
        notes=[note for note in report.notes if not note.startswith("LEAK")],
        headline=headline(report),
        changed_shown=CHANGED_SHOWN,
        **part,
    )


def headline(report: Report) -> dict[str, Any]:
    """The figures with baselines, each with the places of its marks on a scale, 0 to 100.

    `scaled` are those for which higher is better, on one scale; `others` are the rest.
    """
    keys = list(report.metrics)
    scaled = [key for key in keys if figure(key).better > 0]
    tops = [report.metrics[key] for key in scaled]
    tops += [figures.get(key, 0.0) for figures in report.baselines.values() for key in scaled]
    most = 1.0 if report.task == "topics" else max(10.0, -(-max(tops, default=1.0) // 10) * 10)

    def place(value: float) -> float:
        return round(100 * value / most, 2)

    marks = {
        key: {
            "value": place(report.metrics[key]),
            "interval": [place(bound) for bound in report.intervals.get(key, [report.metrics[key]] * 2)],
            "baselines": {name: place(figures[key]) for name, figures in report.baselines.items() if key in figures},
        }
        for key in scaled
    }
    return {"scaled": scaled, "others": [key for key in keys if key not in scaled], "marks": marks, "most": most}


def _topic_part(report: Report, rows: TopicRows) -> dict[str, Any]:
    details = report.details
    cards = mistake_cards(rows)
    matrix = None
    pairs = details.get("mistakes", [])
    if details["exclusive"]:
        pairs = [
            {"missed": cell["true"], "given": cell["given"], "count": cell["count"]}
            for cell in details["confusion"]
            if cell["true"] != cell["given"]
        ]
        if len(rows.classes) <= LARGEST_MATRIX:
            matrix = _matrix(details["confusion"], rows.classes)
    return {
        "labels": details["labels"],
        "classes": rows.classes,
        "charts": {"reliability": reliability_chart(details["reliability"]), "risk": risk_chart(details["coverage"])},
        "pairs": pairs[:PAIRS_SHOWN],
        "matrix": matrix,
        "cards": cards,
        "touched": sorted({label for card in cards for label in card["touches"]}),
    }


def _matrix(cells: list[dict[str, Any]], classes: list[str]) -> list[dict[str, Any]]:
    """Rows of a confusion matrix: label, size, and per given label the count and its share of the row."""
    counts = {(cell["true"], cell["given"]): cell["count"] for cell in cells}
    given = [*classes, *([None] if any(cell["given"] is None for cell in cells) else [])]
    matrix = []
    for true in classes:
        size = sum(counts.get((true, label), 0) for label in given)
        row = [(label, counts.get((true, label), 0)) for label in given]
        matrix.append(
            {
                "label": true,
                "size": size,
                "cells": [
                    {"label": label, "count": count, "share": round(count / max(1, size), 3), "right": label == true}
                    for label, count in row
                ],
            }
        )
    return matrix


def _brief_part(report: Report, rows: BriefRows) -> dict[str, Any]:
    places = [*(str(place + 1) for place in range(POSITIONS)), f"{POSITIONS + 1}+"]
    bins = [f"{low}" for low in range(0, LONGEST, LENGTH_STEP)] + [f"{LONGEST}+"]
    lengths = {"this model": report.details["lengths"]["model"], "human": report.details["lengths"]["reference"]}
    used = 1 + max(place for counts in lengths.values() for place, count in enumerate(counts) if count)
    positions: Mapping[str, list[int]] = report.details["positions"]
    named = {"this model": positions["model"], "best extract": positions.get("oracle", [])}
    return {
        "charts": {
            "positions": histogram("Places of chosen sentences", "place in the story", places, named)
            if rows.chosen
            else None,
            "lengths": histogram(
                "Length of briefs",
                f"words, in steps of {LENGTH_STEP}",
                bins[:used],
                {name: counts[:used] for name, counts in lengths.items()},
                every=max(1, used // 7),
            ),
        },
        "groups": {
            "worst": "farthest from the human summary",
            "behind": f"{baseline(rows.rival)} does better",
            "best": "closest to the human summary",
        },
        "cards": brief_cards(rows),
        "rival": baseline(rows.rival),
    }


def markdown_summary(report: Report, heading: Heading) -> str:
    """The figures as Markdown that fits in a pull request; the table of labels is folded away."""
    digits = digits_of(report)
    names = list(report.baselines)
    lines = [f"### {_cell(heading.model)} on {_cell(heading.data)}", ""]
    lines += [f"> **{note}**" for note in report.notes if note.startswith("LEAK")]
    lines += ["", *(f"- {_cell(sentence)}" for sentence in verdict(report)), ""]
    lines += [
        "| figure | this model | 95% interval | " + " | ".join(baseline(name) for name in names) + " |",
        "|---|---:|---|" + "---:|" * len(names),
    ]
    for key, value in report.metrics.items():
        cells = [number(report.baselines[n][key], digits) if key in report.baselines[n] else "–" for n in names]
        own = f"{number(value, digits)} | {span(report.intervals.get(key), digits)}"
        lines.append(f"| {figure(key).name} | {own} | " + " | ".join(cells) + " |")
    if report.comparison:
        from training.comparison import comparison_lines

        lines += ["", *(f"- {_cell(line)}" for line in comparison_lines(report.comparison, digits))]
    if "labels" in report.details:
        lines += [
            "",
            "<details><summary>Labels</summary>",
            "",
            "| label | articles | precision | recall | F1 |",
            "|---|---:|---:|---:|---:|",
        ]
        for row in report.details["labels"]:
            figures = " | ".join(number(row[name], 3) for name in ("precision", "recall", "f1"))
            lines.append(f"| {_cell(row['label'])} | {row['support']} | {figures} |")
        lines += ["", "</details>"]
    lines += ["", *(f"<sub>{_cell(note)}</sub><br>" for note in report.notes if not note.startswith("LEAK")), ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that neither ends a table's cell nor is taken for markup."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    for mark in "\\|*_`[]":
        text = text.replace(mark, f"\\{mark}")
    return text
