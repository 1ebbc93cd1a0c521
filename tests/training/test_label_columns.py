"""Label columns as people have them, through `train topics` and `evaluate topics`: each works or says what is wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from inference.console import app
from models.errors import DataError
from models.topics import TopicModel
from training.data import read_articles

NAMES = ("sport", "weather", "health")
WORDS = ("goal match team striker", "rain storm wind forecast", "doctor clinic nurse ward")
N = 45

Write = Callable[..., Path]

ODD = ('a, "b"', "two\nlines", "it's; [x]")
ODD_CSV = ('a, "b"', "two\nlines", "[x, y]")
EMPTY = (None, float("nan"), "", " ")


def text(row: int) -> str:
    """A story of the kind `row % 3`."""
    words = np.random.default_rng(row).permutation([*WORDS[row % 3].split() * 2, "the", "town", "said"])
    return f"The {' '.join(words)} again in report {row}."


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(cells: list[Any], kind: str = "jsonl", name: str = "data") -> Path:
        path = tmp_path / f"{name}.{kind}"
        texts = [text(row) for row in range(len(cells))]
        if kind == "jsonl":
            lines = (json.dumps({"text": t, "desk": cell}) for t, cell in zip(texts, cells, strict=True))
            path.write_text("\n".join(lines), encoding="utf-8")
        elif kind == "csv":
            with path.open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows([("text", "desk"), *zip(texts, cells, strict=True)])
        else:
            pq.write_table(pa.table({"text": texts, "desk": cells}), path)
        return path

    return write


def train(data: Path, *more: str) -> tuple[TopicModel, str]:
    """The model that the command writes, as it is loaded again, and what the command shows."""
    output = data.with_name(f"{data.stem}-model")
    arguments = ["--data", str(data), "--labels-column", "desk", "--engine", "fast", "--output", str(output), *more]
    result = CliRunner().invoke(app, ["train", "topics", *arguments])
    if result.exception is not None:
        raise result.exception
    return TopicModel.load(output), result.output


def evaluate(model: Path, data: Path) -> dict[str, Any]:
    target = data.with_suffix(".figures")
    arguments = ["--model", str(model), "--data", str(data), "--labels-column", "desk", "--json", str(target)]
    result = CliRunner().invoke(app, ["evaluate", "topics", *arguments])
    if result.exception is not None:
        raise result.exception
    figures: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return figures


@pytest.mark.parametrize(
    ("cells", "kind", "classes"),
    [
        ([ODD[row % 3] for row in range(N)], "jsonl", sorted(ODD)),
        ([ODD_CSV[row % 3] for row in range(N)], "csv", sorted(ODD_CSV)),
        ([row % 3 for row in range(N)], "jsonl", ["0", "1", "2"]),
        ([row % 3 if row % 2 else str(row % 3) for row in range(N)], "jsonl", ["0", "1", "2"]),
        ([float(row % 3) for row in range(N)], "jsonl", ["0", "1", "2"]),
        ([f"{row % 3}.0" for row in range(N)], "csv", ["0", "1", "2"]),
        ([f"{row % 3}.5" for row in range(N)], "csv", ["0.5", "1.5", "2.5"]),
        ([f"Web {row % 3}.0" for row in range(N)], "csv", ["Web 0.0", "Web 1.0", "Web 2.0"]),
        ([row % 3 == 0 for row in range(N)], "parquet", ["false", "true"]),
        ([None if row % 5 == 4 else float(row % 3) for row in range(N)], "parquet", ["0", "1", "2"]),
        ([EMPTY[row % 4] if row % 5 == 4 else NAMES[row % 3] for row in range(N)], "jsonl", sorted(NAMES)),
        (["rare" if row == 7 else NAMES[row % 3] for row in range(N)], "jsonl", ["health", "rare", "sport", "weather"]),
    ],
)
def test_one_label_per_story(write: Write, cells: list[Any], kind: str, classes: list[str]) -> None:
    data = write(cells, kind)
    model, output = train(data)
    note = "1 label has no held-out row and counts as 0 in macro-F1, the mean over all 4: rare."
    assert (note in " ".join(output.split())) is ("rare" in classes)
    assert set(model.classes_) <= set(classes)  # one example may be held out
    assert set(classes) - set(model.classes_) <= {"rare"}
    assert model.exclusive_
    figures = evaluate(data.with_name("data-model"), data)
    assert figures["n"] == sum(cell not in (None, "", " ") and cell == cell for cell in cells)
    assert figures["metrics"]["accuracy"] >= 0.95


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([[NAMES[row % 3], NAMES[row % 3], f" {NAMES[row % 3]}"] for row in range(N)], "jsonl"),
        ([[NAMES[row % 3]] if row == 44 else NAMES[row % 3] for row in range(N)], "jsonl"),
        ([json.dumps([NAMES[row % 3]]) for row in range(N)], "csv"),
        ([[NAMES[row % 3]] if row % 9 else [] for row in range(N)], "parquet"),
    ],
)
def test_a_list_anywhere_makes_the_task_multi_label(
    write: Write, cells: list[Any], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = write(cells, kind)
    with caplog.at_level("INFO", logger="training"):
        model, _ = train(data)
    assert model.classes_ == sorted(NAMES)
    assert not model.exclusive_
    assert "3 labels, multi-label, 1.00 per story" in caplog.text
    assert evaluate(data.with_name("data-model"), data)["metrics"]["micro_f1"] >= 0.9


@pytest.mark.parametrize("named", [True, False])
def test_class_numbers_have_their_names_where_the_file_knows_them(write: Write, tmp_path: Path, named: bool) -> None:
    label = datasets.ClassLabel(names=list(NAMES)) if named else datasets.Value("int64")
    features = datasets.Features({"text": datasets.Value("string"), "desk": label})
    cells = [-1 if row == 8 and named else row % 3 for row in range(N)]
    rows = datasets.Dataset.from_dict({"text": [text(row) for row in range(N)], "desk": cells}, features=features)
    rows.to_parquet(tmp_path / "data.parquet")
    model, output = train(tmp_path / "data.parquet")
    assert model.classes_ == (sorted(NAMES) if named else ["0", "1", "2"])
    assert ("1 row has no label" in output) is named


def test_numbers_mean_the_same_in_every_format(write: Write) -> None:
    train(write([float(row % 3) for row in range(N)], "csv", "data"))
    ints = write([row % 3 for row in range(N)], "jsonl", "ints")
    assert evaluate(ints.with_name("data-model"), ints)["metrics"]["accuracy"] >= 0.95


def test_labels_unseen_in_training_are_misses_and_said(write: Write) -> None:
    data = write([NAMES[row % 3] for row in range(N)])
    train(data)
    new = write(["gardening" if row < 9 else NAMES[row % 3] for row in range(N)], name="new")
    figures = evaluate(data.with_name("data-model"), new)
    assert figures["metrics"]["accuracy"] <= 36 / 45
    assert any("1 label is unknown to the model and counts as a miss: gardening" in note for note in figures["notes"])


@pytest.mark.parametrize("listed", [False, True])
def test_labels_of_the_validation_data_alone_are_misses_too(write: Write, listed: bool) -> None:
    def cells(new: int) -> list[Any]:
        names = ["gardening" if row < new else NAMES[row % 3] for row in range(N)]
        return [[name] for name in names] if listed else names

    data, held = write(cells(0)), write(cells(9), name="held")
    _, output = train(data, "--validation", str(held))
    recorded = json.loads((data.with_name("data-model") / "training.json").read_text(encoding="utf-8"))["report"]
    assert recorded["metrics"]["accuracy"] <= 36 / 45
    assert recorded["metrics"]["micro_f1"] < 0.9
    note = "1 labels do not occur in the training rows and count as misses: gardening."
    assert note in recorded["notes"]
    assert "gardening" in output


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["sport"] * N, r"data\.jsonl: column 'desk': all 45 rows have the same label 'sport'"),
        ([["sport"]] * N, r"data\.jsonl: column 'desk': all 45 rows have the same label 'sport'"),
        ([None, "", []] * 15, r"data\.jsonl: column 'desk' is empty in every row"),
        ([{"a": 1}] * N, r"data\.jsonl: .*row 1: column 'desk': expected a label or a list of labels, found an object"),
        ([f"label {row}" for row in range(N)], r"data\.jsonl: column 'desk': no label has 4 different texts .*45 rows"),
        (["sport", "weather"], r"data\.jsonl: column 'desk': no label has 4 different texts .*2 rows"),
    ],
)
def test_what_cannot_be_learnt_is_an_error_that_names_file_and_column(
    write: Write, cells: list[Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        train(write(cells))


def test_too_few_rows_beside_validation_data(write: Write) -> None:
    held = write([NAMES[row % 3] for row in range(N)], name="held")
    with pytest.raises(DataError, match=r"data\.jsonl: 3 labelled rows, expected at least 5"):
        train(write(list(NAMES)), "--validation", str(held))


def test_one_label_in_the_evaluated_rows_is_no_error(write: Write) -> None:
    data = write([NAMES[row % 3] for row in range(N)])
    train(data)
    assert evaluate(data.with_name("data-model"), write(["sport"], name="one"))["n"] == 1


def test_a_cell_that_is_no_label_leaves_its_row_out_and_is_named(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    data = write([{"a": 1} if row == 6 else NAMES[row % 3] for row in range(N)])
    train(data)
    assert "data.jsonl: rows left out: 1; the first is row 7: column 'desk': expected a label" in caplog.text


def test_a_separator_makes_several_labels_of_one_cell(write: Write) -> None:
    cells = [f"{NAMES[row % 3]}; {NAMES[(row + 1) % 3]}" if row % 2 else NAMES[row % 3] for row in range(N)]
    model, _ = train(write(cells, "csv"), "--labels-separator", ";")
    assert model.classes_ == sorted(NAMES)
    assert not model.exclusive_
    assert any(len(labels) == 2 for labels in model.predict([text(row) + " " + text(row + 1) for row in range(9)]))


def test_which_columns_are_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "data.csv"
    path.write_text("body,text,Topic,label\nwhole,teaser,sport,train\n", encoding="utf-8")
    with caplog.at_level("INFO"):
        read_articles(path, need={"labels"})
    assert "text from 'text' (not 'body'), labels from 'label' (not 'Topic'), no title." in caplog.text
