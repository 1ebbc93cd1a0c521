"""Under load: stories are read together, the queue is bounded, nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from inference import Copydesk
from inference.prediction import Scored
from inference.server.desks import Desks

from .conftest import Serve

Post = Callable[[Any], "Future[Any]"]
STORY = "The council of Port Alder voted on Monday to rebuild the bridge. Work begins in May. It will cost $3 million."
PATIENCE = 20  # seconds a test waits for what has to happen


class Gate(Copydesk):
    """A desk that reads only while its gate is open, and notes what it read together."""

    def __init__(self, desk: Copydesk) -> None:
        super().__init__(desk.topics, desk.summariser)
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[Any]] = []

    def score(self, stories: Any) -> list[Scored]:
        self.batches.append(list(stories))
        self.entered.release()
        assert self.open.wait(PATIENCE)
        if "poison" in stories:
            raise RuntimeError("poison")
        return super().score(stories)


@pytest.fixture
def gate(desk: Copydesk, desks: Desks) -> Iterator[Gate]:
    gate = Gate(desk)
    yield gate
    gate.open.set()


@pytest.fixture
def start(serve: Serve, desks: Desks, gate: Gate) -> Callable[..., TestClient]:
    def begin(**limits: Any) -> TestClient:
        return serve(Desks(desks._folders, "fast", lambda folders: gate), linger=0.0, cache=0, **limits)

    return begin


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def wait_for(client: TestClient, waiting: int) -> None:
    deadline = threading.Event()
    for _ in range(PATIENCE * 100):
        if client.get("/healthz").json()["waiting"] == waiting:
            return
        deadline.wait(0.01)
    pytest.fail(f"never were {waiting} stories waiting")


def test_requests_that_come_together_are_read_together(
    start: Callable[..., TestClient], gate: Gate, desk: Copydesk, threads: ThreadPoolExecutor
) -> None:
    client = start(batch=16)
    texts = [f"{STORY} It was the vote number {number} of the year." for number in range(20)]
    first = threads.submit(client.post, "/v1/predict", json={"stories": STORY})
    assert gate.entered.acquire(timeout=PATIENCE)
    rest = [threads.submit(client.post, "/v1/predict", json={"stories": text}) for text in texts]
    wait_for(client, 20)
    gate.open.set()
    assert [answer.result().json()["summary"] for answer in rest] == [p.summary for p in desk.predict(texts)]
    assert first.result().status_code == 200
    assert [len(batch) for batch in gate.batches] == [1, 16, 4]


def test_a_full_queue_answers_503_and_says_when_to_come_back(
    start: Callable[..., TestClient], gate: Gate, threads: ThreadPoolExecutor
) -> None:
    client = start(queue=256)
    first = threads.submit(client.post, "/v1/predict", json={"stories": STORY})
    assert gate.entered.acquire(timeout=PATIENCE)
    waiting = threads.submit(client.post, "/v1/predict", json={"stories": [STORY] * 250})
    wait_for(client, 250)
    refused = client.post("/v1/predict", json={"stories": [STORY] * 7})
    assert refused.status_code == 503
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    fits = threads.submit(client.post, "/v1/predict", json={"stories": [STORY] * 6})
    wait_for(client, 256)
    assert client.post("/v1/explain", json={"story": STORY, "label": "politics"}).status_code == 503
    gate.open.set()
    assert [answer.result().status_code for answer in (first, waiting, fits)] == [200, 200, 200]
    assert client.post("/v1/predict", json={"stories": STORY}).status_code == 200


def test_what_takes_too_long_answers_504_and_is_not_read_later(
    start: Callable[..., TestClient], gate: Gate, threads: ThreadPoolExecutor
) -> None:
    client = start(timeout=0.3)
    first = threads.submit(client.post, "/v1/predict", json={"stories": STORY})
    assert gate.entered.acquire(timeout=PATIENCE)
    late = client.post("/v1/predict", json={"stories": ["never read"]})
    assert (late.status_code, first.result().status_code) == (504, 504)
    assert "too long" in late.json()["detail"]
    gate.open.set()
    assert client.post("/v1/predict", json={"stories": STORY}).status_code == 200
    assert ["never read"] not in gate.batches


def test_a_story_that_breaks_the_engine_takes_no_other_request_down(
    start: Callable[..., TestClient], gate: Gate, threads: ThreadPoolExecutor
) -> None:
    client = start()
    first = threads.submit(client.post, "/v1/predict", json={"stories": STORY})
    assert gate.entered.acquire(timeout=PATIENCE)
    good = [threads.submit(client.post, "/v1/predict", json={"stories": STORY}) for _ in range(3)]
    bad = threads.submit(client.post, "/v1/predict", json={"stories": "poison"})
    wait_for(client, 4)
    gate.open.set()
    assert [answer.result().status_code for answer in (first, *good)] == [200] * 4
    assert bad.result().status_code == 500


def test_more_requests_at_once_than_wanted_are_refused(
    start: Callable[..., TestClient], gate: Gate, threads: ThreadPoolExecutor
) -> None:
    client = start(requests=1)
    first = threads.submit(client.post, "/v1/predict", json={"stories": STORY})
    assert gate.entered.acquire(timeout=PATIENCE)
    refused = client.get("/healthz")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    gate.open.set()
    assert first.result().status_code == 200
    assert client.get("/healthz").status_code == 200


def test_engines_of_one_process_take_turns_and_what_waits_is_counted(
    serve: Serve, desks: Desks, gate: Gate, threads: ThreadPoolExecutor
) -> None:
    folders = desks._folders["fast"]
    client = serve(
        Desks({"fast": folders, "standard": folders}, "fast", lambda _: gate), linger=0.0, cache=0, timeout=0.5
    )
    first = threads.submit(client.post, "/v1/predict", json={"stories": STORY, "engine": "standard"})
    assert gate.entered.acquire(timeout=PATIENCE)
    late = [threads.submit(client.post, "/v1/predict", json={"stories": f"{STORY} {n}."}) for n in range(3)]
    wait_for(client, 3)
    assert [answer.result().status_code for answer in (first, *late)] == [504] * 4
    gate.open.set()
    assert client.post("/v1/predict", json={"stories": STORY}).status_code == 200
    assert gate.batches == [[STORY], [STORY]]
