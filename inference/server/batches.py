"""Uploaded files: held in memory under a number, labelled row by row, fetched as a file."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import logging
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inference.server.answers import Labelled, labelled
from inference.server.messages import StartRequest, budget_of
from inference.server.queue import PredictionQueue
from inference.server.tables import Row, Table
from models.errors import DataError

log = logging.getLogger("inference.server")

TOGETHER = 32
"""Rows handed to the queue at once: few enough that someone at the page need not wait for a whole file."""
PREVIEW = 3
_CELL = 120  # characters of a cell in the preview
ADDED = ("copydesk_status", "copydesk_topics", "copydesk_scores", "copydesk_summary", "copydesk_note")


@dataclass(frozen=True, slots=True)
class BatchState:
    """An uploaded file and how far it is.

    Attributes:
        id: names the file from now on.
        status: "uploaded", "running", "done" or "failed".
        kind: "csv" or "jsonl".
        rows: how many rows the file has.
        done: how many of them are labelled.
        errors: how many of those could not be read.
        columns: what the file has; choose the text among them.
        text_column: a guess.
        title_column: a guess.
        preview: the first rows, long cells cut.
        seconds_left: how long the rest will take, while it runs.
        error: why it failed.
    """

    id: str
    status: str
    kind: str
    rows: int
    done: int
    errors: int
    columns: tuple[str, ...]
    text_column: str | None
    title_column: str | None
    preview: tuple[tuple[str, ...], ...]
    seconds_left: float | None
    error: str | None


@dataclass(slots=True, eq=False)
class Batch:
    """An uploaded file on its way."""

    id: str
    table: Table
    status: str = "uploaded"
    results: list[Labelled] = field(default_factory=list)
    error: str | None = None
    began: float = 0.0
    task: asyncio.Task[None] | None = None

    def state(self) -> BatchState:
        """What the API says of it."""
        text, title = self.table.guess()
        done, rows = len(self.results), len(self.table.rows)
        left = None
        if self.status == "running" and done:
            left = round((time.monotonic() - self.began) / done * (rows - done), 1)
        shown = (row for row in self.table.rows if row.error is None)
        preview = tuple(
            tuple(_shortened(_cell(row.cells.get(name))) for name in self.table.columns)
            for row, _ in zip(shown, range(PREVIEW), strict=False)
        )
        errors = sum(result.status == "error" for result in self.results)
        return BatchState(
            *(self.id, self.status, self.table.kind, rows, done, errors),
            *(self.table.columns, text, title, preview, left, self.error),
        )


class Batches:
    """The uploaded files of a server, at most so many; the oldest that is not running makes room."""

    def __init__(self, queue: PredictionQueue) -> None:
        """Files are labelled through the queue, between other requests."""
        self._queue = queue
        self._held: dict[str, Batch] = {}

    def add(self, table: Table) -> Batch | None:
        """Hold a file; None when all places are taken by files that are being labelled."""
        if len(self._held) >= self._queue.limits.uploads:
            idle = next((batch for batch in self._held.values() if batch.status != "running"), None)
            if idle is None:
                return None
            del self._held[idle.id]
        batch = Batch(secrets.token_urlsafe(12), table)
        self._held[batch.id] = batch
        return batch

    def get(self, number: str) -> Batch | None:
        """The file of this number, if it is still held."""
        return self._held.get(number)

    async def remove(self, batch: Batch) -> None:
        """Forget a file, stopping it where it runs."""
        self._held.pop(batch.id, None)
        if batch.task is not None:
            batch.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await batch.task

    async def close(self) -> None:
        """Forget all."""
        for batch in list(self._held.values()):
            await self.remove(batch)

    def start(self, batch: Batch, wanted: StartRequest) -> None:
        """Begin to label a file.

        Raises:
            DataError: it has no such column, or there is no such engine.
        """
        for name in (wanted.text_column, wanted.title_column):
            if name is not None and name not in batch.table.columns:
                raise DataError(f"column {name!r} is not in the file; it has {', '.join(batch.table.columns)}.")
        engine = self._queue.desks.name(wanted.engine)
        batch.status, batch.began = "running", time.monotonic()
        batch.task = asyncio.get_running_loop().create_task(self._run(batch, wanted, engine))

    async def _run(self, batch: Batch, wanted: StartRequest, engine: str) -> None:
        rows = batch.table.rows
        try:
            for first in range(0, len(rows), TOGETHER):
                part = rows[first : first + TOGETHER]
                faults = [_fault(row, wanted.text_column) for row in part]
                stories = [_story(row, wanted) for row, fault in zip(part, faults, strict=True) if fault is None]
                answers = await self._queue.predict(engine, stories, budget_of(wanted.budget), labelled, patient=True)
                found = iter(answers)
                batch.results.extend(Labelled("error", fault) if fault else next(found) for fault in faults)
            batch.status = "done"
        except Exception as error:
            batch.status, batch.error = "failed", "the engine failed; the server's log says where."
            log.error("batch failed", exc_info=error, extra={"fields": {"rows": len(rows)}})


def _fault(row: Row, column: str) -> str | None:
    """Why a row is no story."""
    if row.error is not None:
        return row.error
    text = row.cells.get(column)
    if text is None or (isinstance(text, str) and not text.strip()):
        return f"column {column!r} is empty"
    return None if isinstance(text, str) else f"column {column!r}: expected text, found {type(text).__name__}"


def _story(row: Row, wanted: StartRequest) -> dict[str, Any]:
    title = row.cells.get(wanted.title_column) if wanted.title_column else None
    return {"text": row.cells.get(wanted.text_column), "title": title if isinstance(title, str) and title else None}


def _cell(value: Any) -> str:
    """A value as a cell of a table shows it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    return text if len(text) <= _CELL else text[:_CELL].rsplit(" ", 1)[0] + " …"


def write_jsonl(batch: Batch) -> Iterator[bytes]:
    """Each row as it came, with its result under "copydesk"."""
    for row, result in zip(batch.table.rows, batch.results, strict=True):
        found = {
            "status": result.status,
            "error": result.error,
            "topics": list(result.topics),
            "title": result.title,
            "summary": result.summary,
            "warnings": list(result.warnings),
        }
        line = json.dumps({**row.cells, "copydesk": found}, ensure_ascii=False)
        yield line.encode("utf-8", "replace") + b"\n"


def write_csv(batch: Batch) -> Iterator[bytes]:
    """The columns as they came, and those of `ADDED` behind them; topics are joined by "; ", the dominant first."""
    kept = [name for name in batch.table.columns if name not in ADDED]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=batch.table.delimiter)
    writer.writerow([*kept, *ADDED])
    for row, result in zip(batch.table.rows, batch.results, strict=True):
        writer.writerow(
            [
                *(_cell(row.cells.get(name)) for name in kept),
                result.status,
                "; ".join(topic["label"] for topic in result.topics),
                "; ".join(f"{topic['score']:.4f}" for topic in result.topics),
                result.summary,
                result.error or "; ".join(result.warnings),
            ]
        )
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
