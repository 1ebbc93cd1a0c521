"""Threads that each compute by themselves: as many pieces of work at once as torch would take threads for one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOCK = threading.Lock()
_POOL: ThreadPoolExecutor | None = None


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The results of `work` on each item, in order; torch uses one thread for each.

    One thread a piece of work instead of all for one after the other: nobody waits for the slowest at the end of every
    operation, which on a busy machine is most of the time, and a result does not depend on the number of threads.
    """
    return _pool().map(work, items)


def _pool() -> ThreadPoolExecutor:
    """The process's pool, made by the first who asks, with as many threads as torch has then."""
    global _POOL
    with _LOCK:
        if _POOL is None:
            size = torch.get_num_threads()
            _POOL = ThreadPoolExecutor(size, thread_name_prefix="reader", initializer=_alone)
            all_started = threading.Barrier(size)
            list(_POOL.map(lambda _: all_started.wait(), range(size)))
            torch.set_num_threads(size)  # `_alone` has changed what threads started later would have
        return _POOL


def _forget() -> None:
    """A forked child has none of the threads, and its lock may be held by one of them."""
    global _LOCK, _POOL
    _LOCK, _POOL = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _alone() -> None:
    torch.get_num_threads()  # a thread's first question sets its number to the process's, so it comes first
    torch.set_num_threads(1)
