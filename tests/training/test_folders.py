"""Folders of files: every file is read or named, each by the reader of its format, and a bad row costs one row."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Mapping
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from training.data import read_articles


def make(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder, with these files in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def stories(*names: str) -> str:
    return "id,text,label\n" + "".join(f"{name},Story {name}.,x\n" for name in names)


def test_every_format_is_read_in_order_of_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = json.dumps({"label": "y", "text": "Story c.", "id": "c"})
    folder = make(
        tmp_path / "mix [1]",
        {
            "c.jsonl": lines,
            "b.csv.gz": gzip.compress(stories("b").encode()),
            "a.csv": stories("a1", "a2"),
            "sub/e.tsv": "text\tid\tlabel\nStory e.\te\tx\n",
            ".hidden/z.csv": stories("z"),
            "README.md": "# Stories\n",
        },
    )
    pq.write_table(pa.table({"id": ["d"], "text": ["Story d."], "label": ["x"]}), folder / "d.parquet")
    with caplog.at_level(logging.INFO):
        articles = read_articles(folder)
    assert articles.ids == ["a1", "a2", "b", "c", "d", "e"]
    assert articles.rows == [1, 2, 3, 4, 5, 6]
    assert articles.texts[3] == "Story c."
    assert articles.name == f"{folder}#train"
    assert "reads 5 files (a.csv, b.csv.gz, c.jsonl, d.parquet, sub/e.tsv)" in caplog.text
    assert "not read" not in caplog.text
    assert read_articles(f"{folder}#train[1:3]").ids == ["a2", "b"]


def test_files_named_for_no_split_are_the_training_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = make(tmp_path / "mix", {"a.csv": stories("a"), "my_Test-1.csv": stories("t"), "dev.csv": stories("d")})
    assert read_articles(folder).ids == ["a"]
    assert f"1 file (my_Test-1.csv): the split 'test' by the name, read with {folder}#test" in caplog.text
    assert read_articles(f"{folder}#test").ids == ["t"]
    both = read_articles(f"{folder}#test+train[:1]")
    assert (both.ids, both.rows) == (["t", "a"], [2, 1])
    with pytest.raises(DataError, match=r"there is train \(1 rows\), validation \(1 rows\), test \(1 rows\)"):
        read_articles(f"{folder}#none")


def test_what_is_left_out_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = {f"{n}.csv": stories(str(n)) for n in range(7)}
    folder = make(tmp_path / "mix", {"train.csv": stories("a"), "notes.txt": "x", "b.xlsx": "x", **files})
    assert read_articles(folder).ids == ["a"]
    assert "not read: 2 files (b.xlsx, notes.txt)" in caplog.text
    assert "not read: 7 files (0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 2 more); named for no split" in caplog.text


@pytest.mark.parametrize(
    "names",
    [
        ("train/a.csv", "test/a.csv"),
        ("data/train-00000-of-00001.csv", "data/test-00000-of-00001.csv"),
        ("news.training.csv", "news-eval.csv"),
    ],
)
def test_splits_by_name_as_datasets_knows_them(tmp_path: Path, names: tuple[str, str]) -> None:
    folder = make(tmp_path / "mix", {names[0]: stories("a"), names[1]: stories("b")})
    assert read_articles(folder).ids == ["a"]
    assert read_articles(f"{folder}#test").ids == ["b"]


def test_splits_that_are_not_train_must_be_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "mix", {"dev.csv": stories("a"), "data/odd-00000-of-00001.csv": stories("b")})
    with pytest.raises(DataError, match=r"has the splits validation, odd; say which, for example .*#validation"):
        read_articles(folder)
    assert read_articles(f"{folder}#odd").ids == ["b"]
    (folder / "dev.csv").unlink()
    assert read_articles(folder).ids == ["b"]


def test_a_folder_that_describes_itself_is_read_by_datasets(tmp_path: Path) -> None:
    config = "---\nconfigs:\n- config_name: default\n  data_files:\n  - {split: train, path: b.csv}\n---\n"
    folder = make(tmp_path / "mix", {"a.csv": stories("a"), "b.csv": stories("b"), "README.md": config})
    assert read_articles(folder).ids == ["b"]


def test_a_bad_row_costs_one_row_and_is_named_by_its_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = "".join(json.dumps({"id": f"j{n}", "text": "Story.", "label": "x"}) + "\n" for n in range(2))
    folder = make(
        tmp_path / "mix",
        {
            "a.csv": stories("a1", "a2") + '"a" 3,Story.,x\n',
            "b.csv": (stories("b1") + "b2,Café.,x\n").encode("cp1252"),
            "c.jsonl": good + '{"id": "j3", "te',
            "d.csv": stories("d1") + "d2,,x\n",
        },
    )
    articles = read_articles(folder)
    assert articles.ids == ["a1", "a2", "b1", "b2", "j0", "j1", "d1"]
    assert articles.texts[3] == "Café."
    assert [row for row, _ in articles.skipped] == [3, 8, 10]
    assert [reason.split(":")[0] for _, reason in articles.skipped] == [
        "a.csv, row 3",
        "c.jsonl, row 3",
        "d.csv, row 2",
    ]
    assert articles.skipped[2][1] == "d.csv, row 2: column 'text': empty text"
    assert "b.csv: line 3 is not UTF-8" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "b.csv",
            "id,body,label\nb,Story.,x\n",
            r"b\.csv: no column 'text', expected as in .*a\.csv; found 'id', 'body'",
        ),
        ("b.csv", "", r"b\.csv: the file is empty"),
        ("b.csv.gz", b"no", r"b\.csv\.gz: cannot be read"),
        ("b.csv", "id,text,text,label\nb,Story.,,x\n", "both named 'text'"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_articles(make(tmp_path / "mix", {"a.csv": stories("a"), name: content}))


def test_class_names_of_several_files_must_agree(tmp_path: Path) -> None:
    for name, names in (("a", ["x", "y"]), ("b", ["x", "y"]), ("c", ["y", "x"])):
        features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
        rows = datasets.Dataset.from_dict({"text": [f"Story {name}."], "label": [1]}, features=features)
        rows.to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r"c\.parquet: column 'label' has other class names \(y, x\)"):
        read_articles(tmp_path)
    (tmp_path / "c.parquet").unlink()
    assert read_articles(tmp_path).labels == [["y"], ["y"]]


def test_texts_in_subfolders_are_read_and_other_files_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = make(tmp_path / "mix", {"b.txt": "B.", "a/b.txt": "AB.", "a/c.html": "<p>C.</p>", "c.txt.gz": b"no"})
    articles = read_articles(folder)
    assert articles.ids == ["a/b", "b"]
    assert articles.texts == ["AB.", "B."]
    assert articles.skipped[0][0] == 3
    assert "not read: 1 file (a/c.html); expected text (.txt)" in caplog.text
