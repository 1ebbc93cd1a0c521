"""Every row of the data comes back, with its id, in its place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from models.errors import DataError
from tests.training.evaluated import brief_run, topic_articles, topic_run
from training.data import read_articles, together
from training.predictions import brief_records, check_format, count_statuses, topic_records, write_predictions

ARTICLES = topic_articles(
    ("arts=0.6 sport=0.9", ["sport"]),
    ("weather=0.7", []),
    ("arts=0.1", ["arts", "sport"]),
    skipped=((2, "column 'text': empty text"),),
)


def test_rows_keep_their_order_and_ids_and_none_is_dropped() -> None:
    records = topic_records(topic_run(ARTICLES))
    assert [(r["row"], r["id"], r["status"]) for r in records] == [
        (1, "a", "judged"),
        (2, "2", "unreadable"),
        (3, "b", "no truth"),
        (4, "c", "judged"),
    ]
    assert records[0]["truth"] == ["sport"]
    assert records[0]["prediction"] == ["sport", "arts"]
    assert records[0]["scores"] == {"arts": 0.6, "sport": 0.9, "weather": 0.0}
    assert records[1]["reason"] == "column 'text': empty text"
    assert records[2]["truth"] is None
    assert records[2]["prediction"] == ["weather"]
    assert records[3]["prediction"] == []
    assert count_statuses(records) == "4 rows: 2 judged, 1 no truth, 1 unreadable"


def test_a_row_that_cannot_be_read_keeps_its_id(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,text,label\n7,arts=0.9,arts\n8,,sport\n,,sport\n9,torn\n4,sport=0.9,sport\n", encoding="utf-8")
    records = topic_records(topic_run(read_articles(path)))
    assert [record["id"] for record in records] == ["7", "8", "row 3", "row 4", "4"]
    assert [record["status"] for record in records] == ["judged", *["unreadable"] * 3, "judged"]


@pytest.mark.parametrize(
    "splits",
    [
        ["..x.", "...."],
        ["....", "..x."],
        ["..x.", "..x."],
        ["x..", "x.x.."],
        ["...x", ".."],
        ["....", "....x."],  # the row that could not be read has the number after the first split's last
        ["..", "....xx"],
        ["...", "x..", ".x."],
        ["..x", "x.."],
        ["..xx", "...xx.x"],
        ["xx", ".."],
    ],
)
def test_rows_keep_their_order_where_each_split_numbers_its_own(splits: list[str]) -> None:
    rows = [(row, mark) for split in splits for row, mark in enumerate(split, 1)]
    read = topic_articles(*[("arts=0.9", ["arts"]) for _, mark in rows if mark == "."])
    lost = [(row, "column 'text': empty text") for row, mark in rows if mark == "x"]
    before = [sum(mark == "." for _, mark in rows[:place]) for place, (_, mark) in enumerate(rows) if mark == "x"]
    numbers = [row for row, mark in rows if mark == "."]
    called = [str(row) for row, _ in lost]
    articles = replace(read, rows=numbers, skipped=lost, skipped_before=before, skipped_ids=called)
    records = topic_records(topic_run(articles))
    assert [(record["row"], "x" if record["status"] == "unreadable" else ".") for record in records] == rows


def test_rows_keep_their_order_where_a_slice_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"{'arts=0.9' * (row not in (2, 6))},arts\n" for row in range(1, 9)))
    records = topic_records(topic_run(read_articles(f"{path}#train[4:]+train[:4]")))
    assert [record["row"] for record in records] == [5, 6, 7, 8, 1, 2, 3, 4]


def test_rows_keep_their_order_where_files_are_read_together(tmp_path: Path) -> None:
    for name, marks in (("a", "x..x"), ("b", "x.")):
        rows = [f"{'arts=0.9' * (mark == '.')},{name}{number}" for number, mark in enumerate(marks)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,id", *rows]), encoding="utf-8")
    articles = together([read_articles(tmp_path / f"{name}.csv") for name in "ab"])
    some = replace(articles, labels=[["arts"]] * len(articles)).take([0, 2])
    records = topic_records(topic_run(replace(articles, labels=[["arts"]] * len(articles))))
    assert [(record["row"], record["id"], record["status"] == "judged") for record in records] == [
        *[(1, "a0", False), (2, "a1", True), (3, "a2", True), (4, "a3", False)],
        *[(1, "b0", False), (2, "b1", True)],
    ]
    assert [(record["id"], record["status"] == "judged") for record in topic_records(topic_run(some))] == [
        *[("a0", False), ("a1", True), ("a3", False)],
        *[("b0", False), ("b1", True)],
    ]


def test_the_labels_given_stand_in_the_order_of_what_is_judged_dominant() -> None:
    rows = topic_run(ARTICLES)
    rows.leading = -rows.leading
    assert topic_records(rows)[0]["prediction"] == ["arts", "sport"]
    assert rows.arguments(["weather", "sport", "arts"])[5].tolist() == [0, 1]  # weather has 0 in both, sport 0 in one


def test_briefs_have_their_rouge_and_those_without_a_reference_have_none() -> None:
    records = brief_records(brief_run(2))
    assert [(r["row"], r["id"], r["status"]) for r in records] == [
        (1, "a", "judged"),
        (2, "b", "judged"),
        (3, "c", "no truth"),
        (4, "4", "unreadable"),
        (5, "e", "judged"),
    ]
    assert records[0]["prediction"].count("\n") == 1
    assert records[0]["scores"]["rouge1"] > 0
    assert records[2]["scores"] == dict.fromkeys(("rouge1", "rouge2", "rougeL", "rougeLsum"))
    assert records[2]["prediction"] == "The orchestra played to a full hall."


@pytest.mark.parametrize("run", ["topics", "briefs"])
def test_both_formats_hold_the_same(run: str, tmp_path: Path) -> None:
    records = topic_records(topic_run(ARTICLES)) if run == "topics" else brief_records(brief_run())
    for name in ("out/p.jsonl", "out/p.parquet"):
        write_predictions(records, tmp_path / name)
    lines = (tmp_path / "out/p.jsonl").read_text(encoding="utf-8").splitlines()
    table = pyarrow.parquet.read_table(tmp_path / "out/p.parquet")
    assert [json.loads(line) for line in lines] == records
    assert table.to_pylist() == records
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["p.jsonl", "p.parquet"]


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_predictions(topic_records(topic_run(ARTICLES)), tmp_path / f"{name}.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["p.csv", "p", "folder.jsonl"])
def test_a_file_that_cannot_be_written_is_refused_at_once(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DataError, match="--predictions expects"):
        check_format(tmp_path / name)
