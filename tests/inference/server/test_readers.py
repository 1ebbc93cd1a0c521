"""The fast engine in processes of its own: the same answers, and one that dies takes no other's story with it."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from inference import Copydesk
from inference.predict import shipped
from inference.server import queue as queues
from inference.server.desks import Desks, Folders
from inference.server.limits import Limits
from inference.server.logs import places
from inference.server.readers import Order, Processes
from models.selection import Budget

from .conftest import Serve

STORY = "The council of Port Alder voted on Monday to rebuild the bridge. Work begins in May. It will cost $3 million."


FINISHES = '''
import os, time

def ends_the_process(prediction):
    """An answer, but for one story: the process is gone, as where memory runs out."""
    if "poison" in prediction.text:
        os._exit(9)
    return prediction.summary

def breaks(prediction):
    raise RuntimeError(prediction.text[:5])

class Strange(Exception):
    """Not to be made again from its arguments."""

    def __init__(self, one, two):
        super().__init__(one)

def breaks_strangely(prediction):
    raise Strange(1, 2)

def cannot_be_sent(prediction):
    return lambda: None

def ends_the_process_later(prediction):
    time.sleep(1)
    os._exit(9)

def slow(prediction):
    time.sleep(1.5)
    return prediction.summary

def own_process(prediction):
    """Which process answers; slow enough that two are needed for two stories."""
    time.sleep(0.5)
    return os.getpid()
'''


@pytest.fixture(scope="module")
def finishes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A module that other processes find as well."""
    folder = tmp_path_factory.mktemp("finishes")
    (folder / "copydesk_test_finishes.py").write_text(FINISHES, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module("copydesk_test_finishes")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def processes(finishes: Any) -> Iterator[Processes]:
    found = Processes(shipped("topics", "fast"), shipped("summariser", "fast"), 2)
    found.warm()
    yield found
    found.stop()


def test_a_story_that_ends_its_process_takes_no_other_with_it(
    processes: Processes, finishes: Any, desk: Copydesk
) -> None:
    stories = [STORY, f"{STORY} This is poison.", f"{STORY} It was the vote of the year."]
    outcomes = processes.read([Order(story, Budget(1), finishes.ends_the_process) for story in stories])
    wanted = [desk.predict(story, budget=Budget(1)).summary for story in stories]
    assert [outcome.value for outcome in outcomes] == [wanted[0], None, wanted[2]]
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]


def test_one_that_dies_takes_none_of_the_others_with_it(processes: Processes, finishes: Any) -> None:
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(processes.read, [Order(STORY, None, finishes.slow)])
        poison = pool.submit(processes.read, [Order(f"{STORY} This is poison.", None, finishes.ends_the_process)])
        assert isinstance(poison.result()[0].error, BrokenProcessPool)
        assert slow.result()[0].value


def test_one_that_dies_idle_is_replaced_before_it_is_asked(processes: Processes, finishes: Any) -> None:
    order = Order(STORY, None, finishes.own_process)
    for _ in range(processes.workers):  # one after the other, as they become free
        (outcome,) = processes.read([order])
        os.kill(outcome.value, signal.SIGKILL)
    for _ in range(processes.workers):
        (outcome,) = processes.read([order])
        assert outcome.error is None


def test_an_error_comes_back_with_its_place(processes: Processes, finishes: Any) -> None:
    orders = [Order(STORY, None, finish) for finish in (finishes.breaks, finishes.ends_the_process)]
    failed, answered = processes.read(orders)
    assert (type(failed.error), str(failed.error)) == (RuntimeError, STORY[:5])
    assert any(place.startswith("copydesk_test_finishes.py:") for place in places(failed.error))
    assert answered.value
    (strange,) = processes.read([Order(STORY, None, finishes.breaks_strangely)])
    assert (type(strange.error), str(strange.error)) == (RuntimeError, "Strange")


def test_batches_are_read_by_several_processes(processes: Processes, finishes: Any) -> None:
    order = Order(STORY, None, finishes.own_process)
    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(processes.read, [order]) for _ in range(2)]
        answered = {outcome.value for one in reading for outcome in one.result()}
    assert len(answered) == 2
    assert os.getpid() not in answered


def test_stopped_they_leave_no_thread_that_the_end_of_the_interpreter_could_trip_over() -> None:
    before = set(threading.enumerate())
    found = Processes(shipped("topics", "fast"), shipped("summariser", "fast"), 1)
    found.warm()
    assert set(threading.enumerate()) - before
    found.stop()
    assert not set(threading.enumerate()) - before


def test_one_that_dies_while_all_are_stopped_is_not_replaced(finishes: Any) -> None:
    before = set(multiprocessing.active_children())
    found = Processes(shipped("topics", "fast"), shipped("summariser", "fast"), 1)
    found.warm()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(found.read, [Order(STORY, None, finishes.ends_the_process_later)] * 2)
        time.sleep(0.3)
        found.stop()
        with pytest.raises(BrokenProcessPool):
            reading.result(timeout=20)
    assert not set(multiprocessing.active_children()) - before


def test_while_processes_end_the_server_goes_on(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, entered, released = Processes.stop, threading.Event(), threading.Event()
    waited: list[bool] = []

    def stop_later(self: Processes) -> None:
        entered.set()
        waited.append(released.wait(10))
        stop(self)

    monkeypatch.setattr(Processes, "stop", stop_later)

    async def end() -> None:
        queue = queues.PredictionQueue(desks, Limits(workers=1))
        queue.start()
        await queue.load("fast")
        ending = asyncio.create_task(queue.stop())
        while not entered.is_set():
            await asyncio.sleep(0.01)
        released.set()
        await ending

    asyncio.run(end())
    assert waited == [True]


def test_what_cannot_be_sent_is_an_error_and_no_silence(serve: Serve, finishes: Any, desks: Desks) -> None:
    client = serve(workers=1)
    queue = queues.PredictionQueue(desks, Limits(workers=1))

    async def ask() -> list[Any]:
        queue.start()
        try:
            return await asyncio.wait_for(
                queue.predict("fast", [STORY], None, finishes.cannot_be_sent, patient=True), 30
            )
        finally:
            await queue.stop()

    with pytest.raises(Exception, match="pickle"):
        asyncio.run(ask())
    assert client.post("/v1/predict", json={"stories": STORY}).status_code == 200


def test_a_waiter_that_leaves_while_an_engine_loads_leaves_one_set_of_processes(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Processes] = []
    real = Desks.processes

    def processes(self: Desks, name: str, workers: int) -> Processes | None:
        found = real(self, name, workers)
        assert found is not None
        made.append(found)
        return found

    monkeypatch.setattr(Desks, "processes", processes)
    before = set(multiprocessing.active_children())

    async def leave() -> None:
        queue = queues.PredictionQueue(desks, Limits(workers=1))
        queue.start()
        first = asyncio.create_task(queue.load("fast"))
        await asyncio.sleep(0.05)
        first.cancel()
        await queue.load("fast")
        await queue.stop()

    asyncio.run(leave())
    assert len(made) == 1
    for child in set(multiprocessing.active_children()) - before:
        child.join(20)
        assert not child.is_alive()


def test_served_from_processes_the_answers_are_the_same(
    serve: Serve, desks: Desks, desk: Copydesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "read", lambda *_: pytest.fail("read in the server's own process"))
    before = set(multiprocessing.active_children())
    client = serve(workers=1)
    texts = [f"{STORY} It was the vote number {number} of the year." for number in range(5)]
    answered = client.post("/v1/predict", json={"stories": texts}).json()
    assert [one["summary"] for one in answered] == [one.summary for one in desk.predict(texts)]
    again = client.post("/v1/predict", json={"stories": texts[0], "budget": {"sentences": 1}}).json()
    assert again["summary"] == desk.predict(texts[0], budget=Budget(1)).summary
    explained = client.post("/v1/explain", json={"story": texts[0], "label": "politics"}).json()
    assert explained["logit"] == desk.explain(texts[0], "politics").logit
    children = set(multiprocessing.active_children()) - before
    assert len(children) == 1
    client.__exit__()
    for child in children:
        child.join(20)
    assert not any(child.is_alive() for child in children)


def test_only_the_fast_engine_is_read_in_processes() -> None:
    folders: dict[str, Any] = {
        "mixed": Folders(shipped("topics", "fast"), shipped("summariser", "standard")),
        "fast": Folders(shipped("topics", "fast"), shipped("summariser", "fast")),
    }
    desks = Desks(folders, "fast")
    assert desks.processes("mixed", 0) is None
    assert not desks.loaded("mixed")
    assert desks.processes("mixed", 2) is None
    assert desks.processes("fast", 0) is None
    found = desks.processes("fast", 2)
    assert found is not None
    found.stop()
