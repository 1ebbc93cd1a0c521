"""How far a long run is, on standard error: rows, rate and time left."""

from __future__ import annotations

import sys
import time
from typing import Any

SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """A bar on a terminal, a line now and then elsewhere.

    Args:
        total: what `Row.position` counts to.
        rows: rows done before this run.
    """

    def __init__(self, total: int, rows: int = 0) -> None:
        """Show nothing yet; see the class for the arguments."""
        self.total = max(total, 1)
        self.began = self.spoke = time.monotonic()
        self.first = self.rows = rows
        self.start: int | None = None if rows else 0
        self.bar: Any = _bar() if sys.stderr.isatty() else None
        self.task = self.bar.add_task("", total=self.total, note="") if self.bar else None

    def __enter__(self) -> Progress:
        """Show the bar."""
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bar away."""
        if self.bar:
            self.bar.stop()

    def skipped(self, position: int) -> None:
        """Say how far the rows of an earlier run reach: they tell nothing about this one's rate."""
        self.start = position

    def update(self, rows: int, position: int) -> None:
        """Say how many rows are done, and how far into the input the last one ends."""
        self.rows = rows
        now = time.monotonic()
        if self.bar:
            self.bar.update(self.task, completed=position, note=self.note(position))
        elif now - self.spoke >= SECONDS_BETWEEN_LINES:
            self.spoke = now
            sys.stderr.write(f"{self.note(position)}\n")

    def note(self, position: int) -> str:
        """The progress in words: "12,800 stories, 950/s, 3 min left"."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        done = position - (self.start or 0)
        left = duration(seconds * (self.total - position) / done) if done > 0 else "unknown time"
        return f"{self.rows:,} stories, {rate((self.rows - self.first) / seconds)}, {left} left"

    def summary(self, errors: int, output: object) -> str:
        """The last line of a run."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        bad = f", {errors:,} with status error" if errors else ""
        speed = rate((self.rows - self.first) / seconds)
        return f"{self.rows:,} stories in {duration(seconds)} ({speed}){bad}: {output}"


def rate(rows: float) -> str:
    """Rows a second, in words."""
    return f"{rows:,.0f}/s" if rows >= 10 else f"{rows:.1f}/s"


def duration(seconds: float) -> str:
    """A time in words, of two units at most: "48 s", "3 min", "2 h 05 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[note]}"))
    return Bar(*columns, console=Console(stderr=True), transient=True)
