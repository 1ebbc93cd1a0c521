"""A server over the shipped fast models, inside the test's process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from starlette.testclient import TestClient

from inference import Copydesk
from inference.server.app import create_app
from inference.server.desks import Desks
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
