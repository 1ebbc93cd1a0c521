"""Several inputs at once: one that cannot be read takes nothing from the others."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference.inputs import check_paths, read_sources
from inference.rows import Columns, open_rows
from models.errors import DataError
from models.story import Story


def make(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nul.txt", b"\x00\x01", "it holds NUL bytes"),
        ("empty.csv", b"", "the file is empty"),
        ("other.jsonl", b'{"a": 1}\n', "no text column"),
    ],
)
def test_one_of_several_that_cannot_be_read_keeps_its_place(
    name: str, content: bytes, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = make(tmp_path, name, content)
    files = [make(tmp_path, "a.txt", b"A story."), bad, make(tmp_path, "b.txt", b"Another.")]
    with caplog.at_level(logging.WARNING):
        sources = list(read_sources(files))
    assert [source.name for source in sources] == files
    assert [source.failed for source in sources] == [False, True, False]
    assert isinstance(sources[1].story, Story)
    (warning,) = sources[1].story.warnings
    assert warning.startswith(f"not a story: {bad}: ")
    assert message in warning
    assert [record.getMessage() for record in caplog.records] == [warning.removeprefix("not a story: ")]
    with pytest.raises(DataError, match=message):
        list(read_sources([bad]))


def test_what_comes_before_a_damaged_end_is_kept(tmp_path: Path) -> None:
    packed = gzip.compress(b"text\n" + b"".join(b"Story %d.\n" % number for number in range(3)))
    files = [make(tmp_path, "cut.csv.gz", packed[:-4]), make(tmp_path, "a.txt", b"A story.")]
    sources = list(read_sources(files))
    assert [source.failed for source in sources][-2:] == [True, False]
    assert "cannot be read after line" in sources[-2].story.warnings[0]


@pytest.mark.parametrize(("name", "message"), [("x.pdf", "unknown kind"), ("x.xlsx", "Save the sheet as CSV")])
def test_an_unknown_kind_is_told_without_reading(name: str, message: str, tmp_path: Path) -> None:
    files = ["-", str(tmp_path), make(tmp_path, "a.txt", b"\x00"), make(tmp_path, name, b"")]
    with pytest.raises(DataError, match=message):
        check_paths(files)
    with pytest.raises(DataError, match="no such file"):
        check_paths([*files[:3], str(tmp_path / "gone.txt")])
    check_paths(files[:3])


def doubled(folder: Path, suffix: str, names: list[str]) -> Path:
    path = folder / f"rows{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table([pa.array([f"cell {name} {n}"]) for n, name in enumerate(names)], names), path)
    else:
        path.write_text(f"{','.join(names)}\n{','.join(f'cell {name} {n}' for n, name in enumerate(names))}\n")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_doubled_column_is_an_error_only_where_it_is_read(suffix: str, tmp_path: Path) -> None:
    names = ["id", "text", "label", "text", "body", "label"]
    path = doubled(tmp_path, suffix, names)
    with pytest.raises(DataError, match="columns 2 and 4 are named 'text' alike"):
        open_rows(path)
    (row,) = open_rows(path, Columns(text="body"))
    assert (row.id, row.text) == ("cell id 0", "cell body 4")
