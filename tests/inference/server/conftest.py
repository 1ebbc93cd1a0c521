"""A server over the shipped fast models, inside the test's process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from starlette.testclient import TestClient

from inference import Copydesk
from inference.predict import shipped
from inference.server.app import create_app
from inference.server.desks import Desks, Folders
from inference.server.limits import Limits

ADDRESS = "http://127.0.0.1:8000"
Serve = Callable[..., TestClient]


@pytest.fixture(scope="session")
def desk() -> Copydesk:
    return Copydesk.from_pretrained(engine="fast")


@pytest.fixture(scope="session")
def desks(desk: Copydesk) -> Desks:
    both = Desks.shipped("fast")
    both._loaded["fast"] = desk
    return both


def both_fast() -> Desks:
    """Two engines to switch between, without the seconds that the standard one takes to load."""
    folders = Folders(shipped("topics", "fast"), shipped("summariser", "fast"))
    desks = Desks({"fast": folders, "standard": folders}, "fast")
    for name in ("fast", "standard"):
        desks.get(name)
    return desks


@pytest.fixture
def serve(desks: Desks) -> Iterator[Serve]:
    """Starts servers that end with the test."""
    with ExitStack() as stack:

        def start(own: Any = None, hosts: tuple[str, ...] = (), **limits: Any) -> TestClient:
            app = create_app(own or desks, Limits(**limits), hosts)
            return stack.enter_context(TestClient(app, base_url=ADDRESS, raise_server_exceptions=False))

        yield start


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of an application that a thread serves on a free port of this machine."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as bound:
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
