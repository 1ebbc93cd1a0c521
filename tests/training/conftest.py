"""The seed corpus as articles."""

from __future__ import annotations

import pytest

from tests.conftest import SEEDS
from training.data import Articles, read_articles


@pytest.fixture(scope="module")
def seed_articles() -> Articles:
    return read_articles(SEEDS / "index.jsonl", need={"labels", "summaries"})
