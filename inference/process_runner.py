"""Windows predicted by several processes of this machine, the same bytes as by one: Python itself uses one core."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from pathlib import Path
from typing import Any

from inference.batch import Runner, Window, local_runner, predict_window
from inference.predict import Copydesk
from inference.spool import Result
from models.errors import CopydeskError

FEWEST_WINDOWS = 4
"""Below so many, other processes would take longer to start than they save."""

_DESK: Copydesk | None = None


def process_runner(
    desk: Copydesk, folders: Mapping[str, Path], arguments: Mapping[str, Any], *, workers: int
) -> Runner:
    """A runner in so many processes of this machine, each with a Copydesk of its own.

    Args:
        desk: reads an input that is too short for more processes.
        folders: of the models "topics" and "summariser".
        arguments: further ones of `Copydesk.from_pretrained`.
        workers: how many processes.

    Raises:
        CopydeskError: a process ended before its work.
    """

    def run(cut: Iterable[Window]) -> Iterator[list[Result]]:
        remaining = iter(cut)
        first = list(islice(remaining, FEWEST_WINDOWS))
        if len(first) < FEWEST_WINDOWS:
            yield from local_runner(desk)(first)
            return
        with start_processes(folders, arguments, workers) as pool:
            waiting: deque[Future[list[Result]]] = deque()
            try:
                for window in chain(first, remaining):
                    waiting.append(pool.submit(_predict, window))
                    if len(waiting) > 2 * workers:  # one at work and one at hand for each
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            except BrokenProcessPool as error:
                raise CopydeskError("a worker process ended before its work (no memory left?).") from error
            finally:
                pool.shutdown(cancel_futures=True)  # waits for what is at work

    return run


def start_processes(folders: Mapping[str, Path], arguments: Mapping[str, Any], workers: int) -> ProcessPoolExecutor:
    """So many processes, each with a Copydesk of its own; see `process_runner` for the arguments.

    Ctrl-C is for the process that started them, and they end with it.
    """
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _load, (folders, arguments))


def desk_of_this_process() -> Copydesk:
    """In a process of `start_processes`: its Copydesk."""
    assert _DESK is not None
    return _DESK


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load(folders: Mapping[str, Path], arguments: Mapping[str, Any]) -> None:
    """In a worker: load the models."""
    global _DESK
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _DESK = Copydesk.from_pretrained(folders["topics"], folders["summariser"], **arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _predict(window: Window) -> list[Result]:
    return predict_window(desk_of_this_process(), window)
