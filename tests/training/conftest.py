"""The seed corpus as articles."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data import Articles, read_articles


@pytest.fixture(scope="module")
def seed_articles(seeds_index: Path) -> Articles:
    return read_articles(seeds_index, need={"labels", "summaries"})


@pytest.fixture(scope="module")
def seeds_index() -> Path:
    return Path(__file__).parents[2] / "seeds" / "index.jsonl"
