"""What `evaluate` and `audit` write: never over the data, refused before the work, and no figures lost with a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import training.judge
from inference.console import app
from models.artefact import save_artefact
from models.errors import DataError
from tests.training.toys import FAST, toy, write_toy
from training.outputs import data_path, replacing
from training.topics import train_topics


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A topic model of three labels, and one that does not know the first of them."""
    root = tmp_path_factory.mktemp("models")
    data = toy(60)
    assert data.labels is not None
    rows = {"whole": range(60), "part": [row for row, labels in enumerate(data.labels) if labels != ["health"]]}
    for name, chosen in rows.items():
        model, _, training = train_topics(data.take(chosen), settings=FAST)
        save_artefact(model.artefact(training, "card"), root / name)
    return root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "400"})


def refusal(*arguments: object) -> str:
    """What is said of a command that is refused before anything is read or run."""
    result = run(*arguments)
    assert isinstance(result.exception, DataError), result.output  # which ends the command with exit code 2
    assert result.stdout == ""
    return str(result.exception)


OVERWRITING: list[Callable[[Path, Path], tuple[object, ...]]] = [
    lambda model, data: ("evaluate", "topics", "--model", model, "--data", data, "--json", data),
    lambda model, data: ("evaluate", "topics", "--model", model, "--data", f"{data}#train[:9]", "--predictions", data),
    lambda model, data: ("evaluate", "topics", "--model", model, "--data", data.parent, "--json", data),
    lambda model, data: (
        *("evaluate", "topics", "--model", model, "--data", data.with_name("other.jsonl")),
        *("--training-data", data, "--json", data),
    ),
    lambda model, data: ("evaluate", "summariser", "--model", model, "--data", data, "--predictions", data),
    lambda model, data: ("audit", data, "--json", data),
    lambda model, data: ("audit", data.with_name("other.jsonl"), "--against", data, "--json", data),
]


@pytest.mark.parametrize("command", OVERWRITING)
def test_nothing_is_written_over_the_data(
    command: Callable[[Path, Path], tuple[object, ...]], models: Path, tmp_path: Path
) -> None:
    data = write_toy(tmp_path / "data.jsonl", 12)
    shutil.copy(data, tmp_path / "other.jsonl")
    before = data.read_bytes()
    assert f"{data}: is the input; name another file for --" in refusal(*command(models / "whole", data))
    link = tmp_path / "link.jsonl"
    link.symlink_to(data)
    arguments = command(models / "whole", data)
    assert f"{link}: is the input" in refusal(*arguments[:-1], link)
    assert data.read_bytes() == before


@pytest.mark.parametrize("option", ["--json", "--predictions", "--report"])
def test_what_cannot_be_written_is_said_before_the_work(option: str, models: Path, tmp_path: Path) -> None:
    data = write_toy(tmp_path / "data.jsonl", 12)
    file = tmp_path / "file"
    file.touch()
    place = file / "deep" / "x.jsonl"
    asked = ("--model", models / "whole", "--data", data, option, place)
    assert refusal("evaluate", "topics", *asked).startswith(f"{place}: cannot be written (Not a directory); name")
    if option == "--json":
        assert refusal("audit", data, option, place).startswith(f"{place}: cannot be written (Not a directory); name")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl", "file"]


def test_one_file_is_not_asked_for_twice(models: Path, tmp_path: Path) -> None:
    data, target = write_toy(tmp_path / "data.jsonl", 12), tmp_path / "x.jsonl"
    asked = ("--model", models / "whole", "--data", data, "--json", target, "--predictions", target)
    assert "--json and --predictions name the same file" in refusal("evaluate", "topics", *asked)
    for place in (tmp_path / "report", tmp_path / "report" / "summary.md"):
        asked = (*asked[:4], "--json", place, "--report", tmp_path / "report")
        assert f"{place}: --json and --report name the same file" in refusal("evaluate", "topics", *asked)


def test_figures_are_shown_though_a_file_fails_after_all(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise DataError("rows.jsonl: cannot be written (No space left on device).")

    monkeypatch.setattr(training.judge, "write_predictions", full)
    data = write_toy(tmp_path / "data.jsonl", 12)
    files = ("--json", tmp_path / "figures.json", "--predictions", tmp_path / "rows.jsonl")
    result = run("evaluate", "topics", "--model", models / "whole", "--data", data, *files)
    assert isinstance(result.exception, DataError)
    assert "12 held-out articles" in result.stdout
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["n"] == 12


def test_a_file_that_fails_is_named_as_typed_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old", encoding="utf-8")

    def write_half() -> None:
        with replacing(path) as beside:
            beside.write_text("half", encoding="utf-8")
            raise OSError(28, "No space left on device", str(beside))

    with pytest.raises(DataError, match=r"rows\.jsonl: cannot be written \(No space left on device\)"):
        write_half()
    assert [found.read_text(encoding="utf-8") for found in tmp_path.iterdir()] == ["old"]


def test_json_on_standard_output_is_nothing_but_json(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = write_toy(tmp_path / "data.jsonl", 12)
    result = run("evaluate", "topics", "--model", models / "whole", "--data", data, "--json", "-")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["n"] == 12
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]


def test_labels_unknown_to_the_model_compared_with_are_told(models: Path, tmp_path: Path) -> None:
    data = write_toy(tmp_path / "data.jsonl", 12)
    asked = ("--model", models / "whole", "--compare", models / "part", "--data", data, "--json", "-")
    notes = json.loads(run("evaluate", "topics", *asked).stdout)["notes"]
    told = "/part, compared with: 1 label is unknown to the model and counts as a miss: health."
    assert [note for note in notes if note.endswith(told)], notes


def test_a_split_is_no_part_of_the_path_but_a_name_may_have_a_hash(tmp_path: Path) -> None:
    (tmp_path / "a#1.csv").touch()
    assert data_path(f"{tmp_path}/a#1.csv") == data_path(f"{tmp_path}/a#1.csv#train[:3]") == tmp_path / "a#1.csv"


@pytest.mark.parametrize("task", ["topics", "summariser"])
@pytest.mark.parametrize(
    ("name", "message"), [("cp1252.md", "is not UTF-8 text (byte 4)"), ("folder", "cannot be read")]
)
def test_notes_are_read_before_the_training(task: str, name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "cp1252.md").write_bytes("café".encode("cp1252"))
    (tmp_path / "folder").mkdir()
    data, output = tmp_path / "gone.jsonl", tmp_path / "model"
    asked = ("--data", data, "--output", output, "--engine", "fast", "--notes", tmp_path / name)
    result = run("train", task, *asked)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
