"""Where stories are read: in the server's own process, or for the fast engine in others beside it.

The fast engine is Python through and through, of which one process runs on one core at a time, and the server's own is
busy enough with requests. The standard engine uses all cores from one process.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from inference.predict import Copydesk
from inference.prediction import Prediction, Scored
from inference.process_runner import desk_of_this_process, start_processes
from inference.server.answers import as_json
from inference.server.logs import places
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
    """Copydesks of the same models, each in a process of its own; one that dies is replaced.

    Args:
        topics: folder of the topic model.
        summariser: folder of the summariser.
        workers: how many processes.
    """

    def __init__(self, topics: Path, summariser: Path, workers: int) -> None:
        """Nothing is started yet; see the class for the arguments."""
        self.workers = workers
        self._all = [_Process({"topics": topics, "summariser": summariser}) for _ in range(workers)]
        self._free: SimpleQueue[_Process] = SimpleQueue()
        for process in self._all:
            self._free.put(process)

    def warm(self) -> None:
        """Start them all, and wait until they have loaded the models.

        Raises:
            CopydeskError: a process ended meanwhile.
        """
        orders = [Order(WARMING, None, as_json)]
        try:
            for started in [process.submit(orders) for process in self._all]:
                started.result()
        except BrokenProcessPool as error:
            raise CopydeskError("a process that reads stories ended while it started (no memory left?).") from error

    def read(self, orders: Sequence[Order]) -> list[Outcome]:
        """As `read`, in a process that is free, waiting for one and for the answers.

        A story that ends its process breaks no other's answer.
        """
        process = self._free.get()
        try:
            return process.read(orders)
        finally:
            self._free.put(process)

    def stop(self) -> None:
        """End them once they have read what they are at; nothing of them is left to fail when the interpreter ends."""
        with ThreadPoolExecutor(self.workers) as together:
            list(together.map(_Process.stop, self._all))


class _Process:
    """One process, used by one thread at a time."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._stopped = False
        self._pool = start_processes(folders, {}, 1)

    def submit(self, orders: Sequence[Order]) -> Future[list[Outcome]]:
        with _no_interrupts():  # the process, which this may start, inherits that
            return self._pool.submit(_read_here, list(orders))

    def read(self, orders: Sequence[Order]) -> list[Outcome]:
        try:
            reading = self.submit(orders)
        except BrokenProcessPool:  # it ended while it had nothing to do
            self._replace()
            reading = self.submit(orders)
        try:
            return reading.result()
        except BrokenProcessPool as error:
            self._replace()
            if len(orders) == 1:
                return [Outcome(error=error)]
        return [outcome for order in orders for outcome in self.read([order])]

    def _replace(self) -> None:
        if self._stopped:
            return
        log.error("a process that reads stories ended; another is started.")
        self._pool = start_processes(self._folders, {}, 1)

    def stop(self) -> None:
        self._stopped = True
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ctrl-C reaches neither this thread nor a process that it starts; where the system knows no such thing, both."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _read_here(orders: Sequence[Order]) -> list[Outcome]:
    """In one of the processes: what was read stays here, the answers alone are sent."""
    return [Outcome(found.value, found.error and sent(found.error)) for found in read(desk_of_this_process(), orders)]


def sent(error: BaseException) -> BaseException:
    """An error as it gets to another process: with the places it came through, its type alone where it does not."""
    try:
        found = copy.copy(error)
    except Exception:
        found = RuntimeError(type(error).__name__)
    found.places = places(error)  # type: ignore[attr-defined]
    return found
