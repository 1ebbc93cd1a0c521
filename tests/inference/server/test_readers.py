"""The fast engine in processes of its own: the same answers, and one that dies takes no other's story with it."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from inference import Copydesk
from inference.predict import shipped
from inference.server import queue as queues
from inference.server.desks import Desks, Folders
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


def test_an_error_comes_back_as_it_was(processes: Processes, finishes: Any) -> None:
    failed, answered = processes.read(
        [Order(STORY, None, finishes.breaks), Order(STORY, None, finishes.ends_the_process)]
    )
    assert (type(failed.error), str(failed.error)) == (RuntimeError, STORY[:5])
    assert answered.value


def test_batches_are_read_by_several_processes(processes: Processes, finishes: Any) -> None:
    order = Order(STORY, None, finishes.own_process)
    answered: set[int] = set()
    with ThreadPoolExecutor(2) as pool:
        for _ in range(40):  # the second one may still be starting
            reading = [pool.submit(processes.read, [order]) for _ in range(2)]
            answered |= {outcome.value for one in reading for outcome in one.result()}
            if len(answered) == 2:
                break
    assert len(answered) == 2
    assert os.getpid() not in answered


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
    assert desks.processes("mixed", 2) is None
    assert desks.processes("fast", 0) is None
    found = desks.processes("fast", 2)
    assert found is not None
    found.stop()
