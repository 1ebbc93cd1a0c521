"""Log lines as JSON, one event a line, without a word of any story."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import IO


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: time, level, event, and the record's `fields`.

    Of an exception only its type and the places in the code are written: messages of exceptions may quote a story.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": str(record.msg),  # not getMessage(): arguments may hold anything
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = places(record.exc_info[1])
        return json.dumps(line, default=str)


def places(error: BaseException | None) -> list[str]:
    """Where an exception came through, innermost last, as file:line; first here, then in the process it came from."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    here = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames[-8:]]
    return [*here, *getattr(error, "places", ())]


def log_as_json(stream: IO[str] | None = None) -> None:
    """Send the server's log, and that of its HTTP library, to standard error as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("inference.server", logging.INFO), ("uvicorn", logging.WARNING), ("asyncio", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
