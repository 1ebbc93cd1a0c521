"""Stories of many requests, read together: a bounded queue, and a memory of what was just read."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from inference.prediction import Explanation, Prediction, Scored
from inference.server.desks import Desks
from inference.server.limits import Limits
from inference.server.readers import Order, Outcome, Processes, read
from models.selection import Budget

log = logging.getLogger("inference.server")

PATIENCE = 0.05  # seconds between two looks at a full queue


class QueueFull(Exception):
    """More stories wait than the queue holds; `retry_after` says in how many seconds to come back."""

    def __init__(self, retry_after: int) -> None:
        """Keep the seconds."""
        super().__init__(f"the queue is full; try again in {retry_after} s.")
        self.retry_after = retry_after


@dataclass(slots=True, eq=False)
class _Waiting:
    """A story, or a job of another kind, that waits to be read."""

    engine: str
    answer: asyncio.Future[Any]
    order: Order | None = None
    key: str | None = None
    job: Callable[[], Any] | None = None


@dataclass(slots=True, eq=False)
class _Lane:
    """What reads for an engine: its processes, or the one thread of this process that has the models."""

    processes: Processes | None
    threads: ThreadPoolExecutor
    free: int


class PredictionQueue:
    """Answers requests for predictions.

    A batch is what waits for one engine when that is free, up to `Limits.batch` stories: a lone request is answered at
    once, and under load stories are read together, which is several times as fast. Where an engine reads in several
    processes, what waits is shared out among the free ones.
    """

    def __init__(self, desks: Desks, limits: Limits) -> None:
        """Keep the arguments; `start` starts the dispatcher."""
        self.desks = desks
        self.limits = limits
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._own = _Lane(None, ThreadPoolExecutor(1, thread_name_prefix="models"), 1)
        self._lanes: dict[str, _Lane] = {}
        self._reading: set[asyncio.Task[None]] = set()
        self._kept: OrderedDict[str, Scored] = OrderedDict()
        self._worker: asyncio.Task[None] | None = None
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._pace = 0.02  # seconds a story takes, a running mean

    @property
    def length(self) -> int:
        """Stories that wait."""
        return len(self._waiting)

    @property
    def alive(self) -> bool:
        """Whether the dispatcher runs."""
        return self._worker is not None and not self._worker.done()

    def start(self) -> None:
        """Start the dispatcher; needs a running event loop."""
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End the dispatcher; what waits is cancelled."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        for reading in self._reading:
            reading.cancel()
        while self._waiting:
            self._waiting.popleft().answer.cancel()
        await asyncio.gather(*self._loading.values(), return_exceptions=True)
        for lane in (self._own, *self._lanes.values()):
            lane.threads.shutdown(wait=False, cancel_futures=True)
            if lane.processes is not None:
                await asyncio.to_thread(lane.processes.stop)

    async def predict(
        self,
        engine: str,
        stories: Sequence[Any],
        budget: Budget | None,
        finish: Callable[[Prediction], Any],
        *,
        patient: bool = False,
    ) -> list[Any]:
        """What `finish` makes of the prediction of each story, in order.

        Args:
            engine: a name from `Desks.name`.
            stories: at most `MAX_STORIES`, as `Copydesk.predict` takes them.
            budget: how long the briefs are.
            finish: a function of a module, since it may run in another process.
            patient: wait for room in the queue, as long as that takes, instead of being refused.

        Raises:
            QueueFull: there is no room.
            TimeoutError: the answer took longer than `Limits.timeout`.
        """
        await self.load(engine)
        key = self._key(engine, stories[0]) if len(stories) == 1 else None
        if key is not None and (scored := self._recall(key)) is not None:
            desk = self.desks.get(engine)
            return [await asyncio.to_thread(lambda: finish(desk.brief(scored, budget=budget)))]
        while patient and self.length + len(stories) > self.limits.queue:
            await asyncio.sleep(PATIENCE)
        loop = asyncio.get_running_loop()
        return await self._answers(
            [_Waiting(engine, loop.create_future(), Order(story, budget, finish), key) for story in stories],
            timeout=None if patient else self.limits.timeout,
        )

    async def explain(self, engine: str, story: Any, label: str) -> Explanation:
        """What each part of a story adds to a label; errors as `predict` and `Copydesk.explain` have them."""
        await self.load(engine)
        key = self._key(engine, story)
        scored = self._recall(key) if key is not None else None
        read = story if scored is None else scored.story

        def job() -> Explanation:
            return self.desks.get(engine).explain(read, label)

        waiting = _Waiting(engine, asyncio.get_running_loop().create_future(), job=job)
        explanation: Explanation = (await self._answers([waiting], timeout=self.limits.timeout))[0]
        return explanation

    async def load(self, engine: str) -> None:
        """Have the engine in memory; meanwhile others are answered, and the time is not counted as waiting."""
        if engine in self._lanes:
            return
        if engine not in self._loading:
            self._loading[engine] = asyncio.create_task(self._open(engine))
        await asyncio.shield(self._loading[engine])

    async def _open(self, engine: str) -> None:
        try:
            await asyncio.to_thread(self.desks.get, engine)
            processes = self.desks.processes(engine, self.limits.workers)
            if processes is None:
                self._lanes[engine] = self._own
                return
            try:
                await asyncio.to_thread(processes.warm)
            except BaseException:
                await asyncio.to_thread(processes.stop)
                raise
            threads = ThreadPoolExecutor(processes.workers, f"{engine}-processes")
            self._lanes[engine] = _Lane(processes, threads, processes.workers)
        finally:
            del self._loading[engine]

    async def _answers(self, items: Sequence[_Waiting], timeout: float | None) -> list[Any]:
        if self.length + len(items) > self.limits.queue:
            raise QueueFull(min(60, max(1, math.ceil(self.length * self._pace))))
        self._waiting.extend(items)
        self._arrived.set()
        async with asyncio.timeout(timeout):  # what is cancelled by it is skipped by the worker
            return await asyncio.gather(*(item.answer for item in items))

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self.length < self.limits.batch:
                await asyncio.sleep(self.limits.linger)
            while batch := self._take():
                self._lanes[batch[0].engine].free -= 1
                task = asyncio.create_task(self._read(batch))
                self._reading.add(task)
                task.add_done_callback(self._reading.discard)

    async def _read(self, batch: Sequence[_Waiting]) -> None:
        lane = self._lanes[batch[0].engine]
        began = time.perf_counter()
        try:
            outcomes = await asyncio.get_running_loop().run_in_executor(lane.threads, self._answer, batch, lane)
        except Exception as error:  # no process could be started, or no answer be sent from it
            outcomes = [Outcome(error=error)] * len(batch)
        finally:
            lane.free += 1
            self._arrived.set()
        seconds = time.perf_counter() - began
        workers = lane.processes.workers if lane.processes is not None else 1
        self._pace += 0.2 * (seconds / len(batch) / workers - self._pace)
        log.debug(
            "batch",
            extra={"fields": {"engine": batch[0].engine, "stories": len(batch), "ms": round(seconds * 1e3, 1)}},
        )
        for item, outcome in zip(batch, outcomes, strict=True):
            self._settle(item, outcome)

    def _take(self) -> list[_Waiting]:
        """The first that waits for a free engine, and those after it that can be read together with it."""
        self._waiting = deque(item for item in self._waiting if not item.answer.done())
        first = next((item for item in self._waiting if self._lanes[item.engine].free), None)
        if first is None:
            return []
        if first.job is not None:
            batch = [first]
        else:
            alike = [item for item in self._waiting if item.engine == first.engine and item.job is None]
            share = math.ceil(len(alike) / self._lanes[first.engine].free)
            batch = alike[: min(share, self.limits.batch)]
        taken = set(batch)
        self._waiting = deque(item for item in self._waiting if item not in taken)
        return batch

    def _answer(self, batch: Sequence[_Waiting], lane: _Lane) -> list[Outcome]:
        """In a thread: that of the models, or one that waits for a process."""
        if (job := batch[0].job) is not None:
            try:
                return [Outcome(job())]
            except Exception as error:
                return [Outcome(error=error)]
        orders = [item.order for item in batch if item.order is not None]
        if lane.processes is not None:
            return lane.processes.read(orders)
        return read(self.desks.get(batch[0].engine), orders)

    def _settle(self, item: _Waiting, outcome: Outcome) -> None:
        if item.key is not None and outcome.scored is not None:
            self._keep(item.key, outcome.scored)
        if item.answer.done():
            return
        if outcome.error is not None:
            item.answer.set_exception(outcome.error)
        else:
            item.answer.set_result(outcome.value)

    def _key(self, engine: str, story: Any) -> str | None:
        """What a story is remembered by; None for what is not worth remembering."""
        if not self.limits.cache:
            return None
        parts = [story.get("title"), story.get("text")] if isinstance(story, Mapping) else [None, story]
        if not isinstance(parts[1], str) or not parts[1]:
            return None
        return hashlib.sha256(json.dumps([engine, *parts], default=str).encode()).hexdigest()

    def _recall(self, key: str) -> Scored | None:
        scored = self._kept.get(key)
        if scored is not None:
            self._kept.move_to_end(key)
        return scored

    def _keep(self, key: str, scored: Scored) -> None:
        self._kept[key] = scored
        while self._kept and (
            len(self._kept) > self.limits.cache
            or sum(len(kept.story.original) for kept in self._kept.values()) > self.limits.cache_characters
        ):
            self._kept.popitem(last=False)
