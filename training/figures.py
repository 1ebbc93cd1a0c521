"""The figures of an evaluation, on the terminal and in a JSON file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.outputs import STANDARD_OUTPUT, write_text

if TYPE_CHECKING:
    from training.evaluation import Report


def tell(report: Report, json_file: Path | None) -> None:
    """The figures as a table, then as JSON where a file was named; as JSON alone where that is standard output."""
    if json_file != STANDARD_OUTPUT:
        show(report)
    if json_file is not None:
        write_text(json.dumps(report.to_dict(), indent=2, sort_keys=True) + "\n", json_file)


def show(report: Report, closing: str | None = None) -> None:
    """The figures as a table on standard output."""
    from rich.console import Console
    from rich.table import Table

    from training.comparison import comparison_lines

    digits = 2 if report.task == "summariser" else 3
    table: Any = Table(title=f"{report.n:,} held-out article{'' if report.n == 1 else 's'}", title_justify="left")
    for name in ("metric", "this model", "95% interval", *report.baselines):
        table.add_column(name, justify="left" if name == "metric" else "right")
    for name, value in report.metrics.items():
        interval = report.intervals.get(name)
        table.add_row(
            name,
            f"{value:.{digits}f}",
            f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}" if interval else "",
            *(f"{figures[name]:.{digits}f}" if name in figures else "" for figures in report.baselines.values()),
        )
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    for baseline, differences in report.differences.items():
        for name, (mean, low, high) in differences.items():
            console.print(f"{name}: {mean:+.2f} over {baseline} ({low:+.2f} to {high:+.2f})")
    if report.comparison is not None:
        for line in comparison_lines(report.comparison, digits):
            console.print(line, markup=False, highlight=False)
    for note in report.notes:
        console.print(f"- {note}", markup=False, highlight=False)
    if closing:
        console.print(closing, markup=False, highlight=False)
