"""Stories of many requests, read together: one worker, a bounded queue, and a memory of what was just read."""

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

from inference.predict import Copydesk
from inference.prediction import Explanation, Prediction, Scored
from inference.server.desks import Desks
from inference.server.limits import Limits
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
    """A story, or a job of another kind, that waits for the worker."""

    engine: str
    answer: asyncio.Future[Any]
    story: Any = None
    budget: Budget | None = None
    finish: Callable[[Prediction], Any] | None = None
    key: str | None = None
    job: Callable[[], Any] | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None
    scored: Scored | None = None


class PredictionQueue:
    """Answers requests for predictions.

    A batch is what waits when the worker is free, for one engine, up to `Limits.batch` stories: a lone request is
    answered at once, and under load stories are read together, which is several times as fast.
    """

    def __init__(self, desks: Desks, limits: Limits) -> None:
        """Keep the arguments; `start` starts the worker."""
        self.desks = desks
        self.limits = limits
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")
        self._kept: OrderedDict[str, Scored] = OrderedDict()
        self._worker: asyncio.Task[None] | None = None
        self._loading: dict[str, asyncio.Task[Copydesk]] = {}
        self._pace = 0.02  # seconds a story takes, a running mean

    @property
    def length(self) -> int:
        """Stories that wait."""
        return len(self._waiting)

    @property
    def alive(self) -> bool:
        """Whether the worker runs."""
        return self._worker is not None and not self._worker.done()

    def start(self) -> None:
        """Start the worker; needs a running event loop."""
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End the worker; what waits is cancelled."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        while self._waiting:
            self._waiting.popleft().answer.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

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
            finish: runs in the worker's thread.
            patient: wait for room in the queue, as long as that takes, instead of being refused.

        Raises:
            QueueFull: there is no room.
            TimeoutError: the answer took longer than `Limits.timeout`.
        """
        await self._load(engine)
        key = self._key(engine, stories[0]) if len(stories) == 1 else None
        if key is not None and (scored := self._recall(key)) is not None:
            desk = self.desks.get(engine)
            return [await asyncio.to_thread(lambda: finish(desk.brief(scored, budget=budget)))]
        while patient and self.length + len(stories) > self.limits.queue:
            await asyncio.sleep(PATIENCE)
        loop = asyncio.get_running_loop()
        return await self._answers(
            [_Waiting(engine, loop.create_future(), story, budget, finish, key) for story in stories],
            timeout=None if patient else self.limits.timeout,
        )

    async def explain(self, engine: str, story: Any, label: str) -> Explanation:
        """What each part of a story adds to a label; errors as `predict` and `Copydesk.explain` have them."""
        await self._load(engine)
        key = self._key(engine, story)
        scored = self._recall(key) if key is not None else None
        read = story if scored is None else scored.story

        def job() -> Explanation:
            return self.desks.get(engine).explain(read, label)

        waiting = _Waiting(engine, asyncio.get_running_loop().create_future(), job=job)
        explanation: Explanation = (await self._answers([waiting], timeout=self.limits.timeout))[0]
        return explanation

    async def _load(self, engine: str) -> None:
        """Have the engine in memory; meanwhile others are answered, and the time is not counted as waiting."""
        if self.desks.loaded(engine):
            return
        if engine not in self._loading:
            self._loading[engine] = asyncio.create_task(asyncio.to_thread(self.desks.get, engine))
        try:
            await asyncio.shield(self._loading[engine])
        finally:
            self._loading.pop(engine, None)

    async def _answers(self, items: Sequence[_Waiting], timeout: float | None) -> list[Any]:
        if self.length + len(items) > self.limits.queue:
            raise QueueFull(min(60, max(1, math.ceil(self.length * self._pace))))
        self._waiting.extend(items)
        self._arrived.set()
        async with asyncio.timeout(timeout):  # what is cancelled by it is skipped by the worker
            return await asyncio.gather(*(item.answer for item in items))

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            if self.length < self.limits.batch:
                await asyncio.sleep(self.limits.linger)
            batch = self._take()
            if not batch:
                continue
            began = time.perf_counter()
            outcomes = await loop.run_in_executor(self._thread, self._answer, batch)
            seconds = time.perf_counter() - began
            self._pace += 0.2 * (seconds / len(batch) - self._pace)
            log.debug(
                "batch",
                extra={"fields": {"engine": batch[0].engine, "stories": len(batch), "ms": round(seconds * 1e3, 1)}},
            )
            for item, outcome in zip(batch, outcomes, strict=True):
                self._settle(item, outcome)

    def _take(self) -> list[_Waiting]:
        """The first that waits and those after it that can be read together with it; order is kept for the rest."""
        batch: list[_Waiting] = []
        others: list[_Waiting] = []
        while self._waiting and len(batch) < self.limits.batch:
            item = self._waiting.popleft()
            if item.answer.done():
                continue
            if not batch or (item.job is None and batch[0].job is None and item.engine == batch[0].engine):
                batch.append(item)
            else:
                others.append(item)
        self._waiting.extendleft(reversed(others))
        return batch

    def _answer(self, batch: Sequence[_Waiting]) -> list[_Outcome]:
        """In the worker's thread. A story that breaks the batch is found by reading each by itself."""
        try:
            return self._read(batch)
        except Exception as error:
            if len(batch) == 1:
                return [_Outcome(error=error)]
        return [outcome for item in batch for outcome in self._answer([item])]

    def _read(self, batch: Sequence[_Waiting]) -> list[_Outcome]:
        if (job := batch[0].job) is not None:
            return [_Outcome(job())]
        desk = self.desks.get(batch[0].engine)
        read = desk.score([item.story for item in batch])
        return [
            _Outcome(item.finish(prediction) if item.finish else prediction, scored=scored)
            for item, scored in zip(batch, read, strict=True)
            for prediction in [desk.brief(scored, budget=item.budget)]
        ]

    def _settle(self, item: _Waiting, outcome: _Outcome) -> None:
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
