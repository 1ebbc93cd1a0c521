"""Inputs of one story a line: what each row is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inference.rows import Columns, open_rows


def names(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [row.id for row in open_rows(path, Columns())]


@pytest.mark.parametrize("first", [{"text": "A story."}, {"title": "No text"}, {"id": "", "text": "A story."}])
def test_a_row_without_an_id_is_not_named_as_one_with(first: dict[str, Any], tmp_path: Path) -> None:
    later = [{"id": number, "text": "Another story."} for number in (1, 2)]
    assert names(tmp_path / "rows.jsonl", [first, *later]) == ["row 1", "1", "2"]


def test_rows_are_numbered_where_none_has_an_id(tmp_path: Path) -> None:
    assert names(tmp_path / "rows.jsonl", [{"text": "A story."}] * 3) == ["1", "2", "3"]
