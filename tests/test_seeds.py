"""The seed corpus is what its README says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from models.story import read_story


def squeezed(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def test_there_are_five_stories_for_each_of_17_topics(rows: list[dict[str, Any]]) -> None:
    first = Counter(row["labels"][0] for row in rows)
    assert len(rows) >= 85
    assert len(first) == 17
    assert min(first.values()) >= 5
    assert sum(len(row["labels"]) == 2 for row in rows) >= len(rows) / 3
    assert all(row["fictional"] for row in rows)


def test_files_and_index_agree(rows: list[dict[str, Any]], seeds: Path) -> None:
    for row in rows:
        title, _, body = (seeds / row["file"]).read_text(encoding="utf-8").partition("\n\n")
        assert title == row["title"]
        assert body.strip() == row["text"].strip()
        assert 120 <= len(body.split()) <= 400
        assert 25 <= len(row["summary"].split()) <= 70
    assert len(list((seeds / "stories").iterdir())) == len(rows)


def test_cleaning_keeps_every_sentence_of_a_messy_copy_and_none_of_its_noise(
    rows: list[dict[str, Any]], seeds: Path
) -> None:
    clean = {row["id"]: row for row in rows}
    messy = [json.loads(line) for line in (seeds / "messy.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(messy) >= 12
    for row in messy:
        original = (seeds / row["file"]).read_bytes().decode("utf-8")
        story = read_story(original)
        kept = squeezed(story.text)
        for sentence in read_story(clean[row["of"]]["text"], title=clean[row["of"]]["title"]).sentences:
            assert squeezed(sentence.text) in kept, (row["id"], sentence.text)
        for noise in row["noise_text"]:
            if squeezed(noise) and squeezed(noise) not in squeezed(clean[row["of"]]["text"]):
                assert squeezed(noise) not in kept, (row["id"], noise)
