"""Where stories are read: in the server's own process, or for the fast engine in others, one for each core.

The fast engine is Python through and through, of which one process runs on one core at a time, and the server's own is
busy enough with requests. The standard engine uses all cores from one process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.predict import Copydesk
from inference.prediction import Prediction, Scored
from inference.process_runner import desk_of_this_process, start_processes
from models.errors import CopydeskError
from models.selection import Budget

log = logging.getLogger("inference.server")

WARMING = "The model is opened by the first story, which should not be that of someone who waits."


@dataclass(frozen=True, slots=True)
class Order:
    """A story to be read; `finish` makes the answer of its prediction, and can be told to another process by name."""

    story: Any
    budget: Budget | None
    finish: Callable[[Prediction], Any] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, or why there is none; `scored` is the story as read, where that is worth keeping."""

    value: Any = None
    error: BaseException | None = None
    scored: Scored | None = None


def read(desk: Copydesk, orders: Sequence[Order]) -> list[Outcome]:
    """Read stories together. One that breaks the batch is found by reading each by itself."""
    try:
        return [
            Outcome(order.finish(prediction) if order.finish else prediction, scored=scored)
            for order, scored in zip(orders, desk.score([order.story for order in orders]), strict=True)
            for prediction in [desk.brief(scored, budget=order.budget)]
        ]
    except Exception as error:
        if len(orders) == 1:
            return [Outcome(error=error)]
    return [outcome for order in orders for outcome in read(desk, [order])]


class Processes:
    """Copydesks of the same models in processes of their own; one that dies is replaced.

    Args:
        topics: folder of the topic model.
        summariser: folder of the summariser.
        workers: how many processes.
    """

    def __init__(self, topics: Path, summariser: Path, workers: int) -> None:
        """Start them; see the class for the arguments."""
        self.workers = workers
        self._folders = {"topics": topics, "summariser": summariser}
        self._pool = self._start()
        self._replacing = threading.Lock()

    def _start(self) -> ProcessPoolExecutor:
        return start_processes(self._folders, {}, self.workers)

    def warm(self) -> None:
        """Wait until all of them have loaded the models.

        Raises:
            CopydeskError: a process ended meanwhile.
        """
        orders = [Order(WARMING, None, None)]
        try:
            for started in [self._pool.submit(_read_here, orders) for _ in range(self.workers)]:
                started.result()
        except BrokenProcessPool as error:
            raise CopydeskError("a process that reads stories ended while it started (no memory left?).") from error

    def read(self, orders: Sequence[Order]) -> list[Outcome]:
        """As `read`, in one of them, waiting for it; a story that ends its process breaks no other's answer."""
        pool = self._pool
        try:
            reading: Future[list[Outcome]] = pool.submit(_read_here, list(orders))
            return reading.result()
        except BrokenProcessPool as error:
            with self._replacing:
                if self._pool is pool:
                    log.error("a process that reads stories ended; all are started anew.")
                    self._pool = self._start()
            if len(orders) == 1:
                return [Outcome(error=error)]
        return [outcome for order in orders for outcome in self.read([order])]

    def stop(self) -> None:
        """End them; what they are at is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _read_here(orders: Sequence[Order]) -> list[Outcome]:
    """In one of the processes: what was read stays here, the answers alone are sent."""
    return [Outcome(outcome.value, outcome.error) for outcome in read(desk_of_this_process(), orders)]
