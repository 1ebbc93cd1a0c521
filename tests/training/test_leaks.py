"""A row that a model has seen is recognised, however it is set; a row that it has not seen is not."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from training import leaks
from training.data import Articles
from training.leaks import find_leaks, leak_notes, row_hash, row_hashes, rows_among, share_seen


def articles(*texts: str, title: str | None = None) -> Articles:
    rows = list(range(1, len(texts) + 1))
    return Articles("toy", rows, [f"id{row}" for row in rows], [title] * len(texts), list(texts))


def kept(**parts: Articles) -> dict[str, Any]:
    names = {"training": "data", "validation": "validation"}
    return {names[part]: {"hashes": row_hashes(data)} for part, data in parts.items()}


def test_case_spacing_punctuation_and_the_place_of_the_title_make_no_difference() -> None:
    one = row_hash("Bridge closes", "The old bridge, built in 1902, closes.")
    assert one == row_hash(None, "BRIDGE CLOSES\n\nthe old bridge built in 1902 closes")
    assert one != row_hash(None, "Bridge closes. The old bridge, built in 1903, closes.")


def test_a_text_is_known_under_another_headline_and_under_none() -> None:
    titled, bare = articles("one", "two", title="A headline"), articles("two", "nine")
    for seen, met in ((titled, bare), (titled, articles("two", "nine", title="Another")), (bare, titled)):
        assert find_leaks(kept(training=seen), met)["found"]["training"]["count"] == 1
        assert len(rows_among(met, seen)) == 1


def test_seen_rows_are_counted_and_the_first_are_named() -> None:
    training = kept(training=articles("one", "two", "three"), validation=articles("four"))
    found = find_leaks(training, articles("two!", "nine", "FOUR", "One"))
    assert found["checked"] == ["training", "validation"]
    assert found["found"]["training"] == {"count": 2, "first": [{"row": 1, "id": "id1"}, {"row": 4, "id": "id4"}]}
    assert found["found"]["validation"]["count"] == 1
    notes = leak_notes(found, 4)
    assert notes[0].startswith("LEAK: 2 of 4 evaluated rows stand in the model's training data (first: id1, id4)")
    assert "validation data (first: id3)" in notes[1]


def test_no_seen_rows_is_said_too() -> None:
    found = find_leaks(kept(training=articles("one")), articles("two"))
    assert found == {"checked": ["training"], "found": {}}
    assert leak_notes(found, 1) == ["leak check: no evaluated row, word for word, stands in the model's training data."]


def test_a_model_without_hashes_cannot_be_checked_and_says_so() -> None:
    found = find_leaks({"data": {"name": "x", "rows": 3}}, articles("one"))
    assert found["checked"] == []
    assert "keeps no hashes" in leak_notes(found, 1)[0]


def test_the_share_of_rows_learnt_from_leaves_validation_out() -> None:
    training = kept(training=articles("one", "two"), validation=articles("four"))
    assert share_seen(training, articles("one", "four", "five", "six")) == 0.25
    assert (
        share_seen(
            {**training, "encoder": {"data": {"x": kept(training=articles("five", "six"))["data"]}}}, articles("five")
        )
        == 1
    )
    assert share_seen({"data": {"rows": 3}}, articles("one")) == 1


def test_the_encoders_data_counts_once() -> None:
    data = {"hashes": row_hashes(articles("one", "two"))}
    found = find_leaks({"encoder": {"data": {"topics": data, "summaries": data}}}, articles("two", "six"))
    assert found["found"]["encoder"]["count"] == 1


def test_the_hashes_are_small_sorted_and_blind_to_order_and_repetition() -> None:
    data = articles(*(f"story number {n}" for n in range(1400)))
    assert len(row_hashes(data)) <= 10_000
    assert row_hashes(data) == row_hashes(data.take([*reversed(range(1400)), 3]))
    assert row_hashes(replace(data.take([]))) == ""


def test_of_large_data_the_lowest_hashes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = articles(*(f"story number {n}" for n in range(50)))
    monkeypatch.setattr(leaks, "MOST_HASHES", 20)
    packed = row_hashes(data)
    assert len(base64.b64decode(packed)) == 100
    assert find_leaks({"data": {"hashes": packed}}, data)["found"]["training"]["count"] == 20
