"""The shell side of an audit: `copydesk audit`, and the warnings that training begins with."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.outputs import STANDARD_OUTPUT, check_files, data_path, write_text

if TYPE_CHECKING:
    from training.audit import Audit
    from training.data import Articles
    from training.findings import Finding, Hit

log = logging.getLogger(__name__)

EXAMPLES = 3
LONGEST_NOTE = 80


def audit_command(
    data: Annotated[
        str,
        typer.Argument(
            help="Articles: a csv, tsv, json, jsonl or parquet file (also compressed), a folder of .txt files, or a "
            "hub id; with an optional split: train.parquet#train[:1000]."
        ),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(help="Other data, such as the held-out split, that must not hold the same texts; repeatable."),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", dir_okay=False, help="Write all findings with all rows to this file; - for standard output."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Audit only the first N articles.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text, if not found by name.")] = None,
    title_column: Annotated[str | None, typer.Option(help="Column of the headline.")] = None,
    labels_column: Annotated[str | None, typer.Option(help="Column of the topics: strings, ints or lists.")] = None,
    labels_separator: Annotated[
        str | None, typer.Option(help="What stands between several topics in one cell, such as ';'.")
    ] = None,
    summary_column: Annotated[str | None, typer.Option(help="Column of the reference summary.")] = None,
) -> None:
    """Look for trouble in articles: duplicates, leaks, doubtful labels, damaged texts.

    Works for labelled articles, articles with summaries, and plain ones. Whatever is found, the exit code is 0.

    Examples:

      copydesk audit train.csv --against test.csv

      copydesk audit articles.parquet --labels-column desk --json findings.json
    """
    from training.audit import audit
    from training.data import read_articles

    check_files({"--json": json_file}, map(data_path, [data, *(against or ())]))
    columns = {
        "text_column": text_column,
        "title_column": title_column,
        "labels_column": labels_column,
        "labels_separator": labels_separator,
        "summary_column": summary_column,
    }
    articles = read_articles(data, **columns, need=(), limit=limit, strict=True)
    others = [read_articles(other, **columns, need=(), limit=None, strict=False) for other in against or ()]
    result = audit(articles, others)
    if json_file != STANDARD_OUTPUT:
        _show(result)
    if json_file is not None:
        write_text(json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n", json_file)


def warn_of_trouble(articles: Articles, validation: Articles | None = None) -> None:
    """Log what the cheap part of an audit finds, in a line or two."""
    from training.audit import warnings

    for line in warnings(articles, validation):
        log.warning("%s", line)


def _show(result: Audit) -> None:
    """The findings as a table on standard output, and a line of advice for each."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    rows = f"{result.rows:,} row{'' if result.rows == 1 else 's'}"
    held = "".join(f", against {count:,} of {name}" for name, count in result.against.items())
    console.print(Text(_visible(f"{result.data}: {rows}, {result.described}{held}", 1000)))
    if result.findings:
        table = Table(show_lines=True)
        table.add_column("finding")
        table.add_column("rows", justify="right")
        table.add_column("share", justify="right")
        table.add_column("first of them", overflow="fold")
        for finding in result.findings:
            counted = (f"{finding.count:,}", _share(finding.count, result.rows)) if finding.hits else ("", "")
            table.add_row(finding.title, *counted, Text("\n".join(_examples(finding, result.data))))
        console.print(table)
        for finding in result.findings:
            console.print(Text(f"- {finding.title}: {finding.advice}"))
    found = {finding.check for finding in result.findings}
    if clean := [check for check in result.checks if check not in found]:
        console.print(Text(f"Nothing found: {', '.join(clean)}."))
    for check, reason in result.left_out.items():
        console.print(Text(f"Not looked for: {check}; it {reason}."))


def _share(count: int, rows: int) -> str:
    share = 100 * count / max(1, rows)
    return f"{share:.1f}%" if share >= 0.1 else "<0.1%"


def _examples(finding: Finding, data: str) -> list[str]:
    if not finding.hits:
        shown = [f"{label!r}: {count:,}" for label, count in list(finding.labels.items())[:EXAMPLES]]
        return [_visible(", ".join(shown), 200)]
    lines = [_example(hit, data) for hit in finding.hits[:EXAMPLES]]
    return lines + (["…"] if finding.count > EXAMPLES else [])


def _example(hit: Hit, data: str) -> str:
    """`train.csv:17 nearly the same as train.csv:3 (0.91)`."""
    line = f"{Path(data).name}:{hit.row}" + (f" {_visible(hit.note, LONGEST_NOTE)}" if hit.note else "")
    if hit.others:
        other = hit.others[0]
        line += f" {Path(other.data).name}:{other.row}" + (f" ({other.similarity:.2f})" if other.similarity < 1 else "")
    return line


def _visible(text: str, longest: int) -> str:
    """One printable line: control characters, which could steer a terminal, are replaced."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= longest else line[: longest - 1] + "…"
