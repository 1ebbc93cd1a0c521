"""The seed corpus as articles, and trainings that are as short as most tests need."""

from __future__ import annotations

from typing import Any

import pytest

from models import fitting
from tests.conftest import SEEDS
from training import background
from training.data import Articles, read_articles

STEPS, EVERY = 120, 8
"""Steps of a head that is fitted to few stories, and of the texts that are news or none each so many-th."""
_ENCODED: dict[Any, Any] = {}


@pytest.fixture(scope="module")
def seed_articles() -> Articles:
    return read_articles(SEEDS / "index.jsonl", need={"labels", "summaries"})


@pytest.fixture(autouse=True)
def short(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads take fewer steps and read fewer texts than those of users, but where a test is marked `whole`."""
    if request.node.get_closest_marker("whole"):
        return
    written = background.written
    monkeypatch.setattr(background, "_ENCODED", _ENCODED)  # kept from test to test, and from those that read them all
    monkeypatch.setattr(background, "written", lambda name: written(name)[::EVERY])
    monkeypatch.setattr(fitting, "FEWEST_STEPS", STEPS)
