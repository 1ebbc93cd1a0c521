"""Training that is killed, or cannot write, leaves a whole model or none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inference.console import app
from models.artefact import Artefact, load_artefact, save_artefact
from models.errors import DataError, ModelError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["fast-topics", "standard-topics", "fast-summariser"])
def test_a_killed_training_leaves_no_model_or_a_whole_one_and_a_rerun_the_same_bytes(
    kind: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert kill("killed.py", kind, tiny_encoder, tmp_path)["kills"] >= 20


def test_a_killed_adaptation_goes_on_and_ends_with_the_bytes_of_an_undisturbed_one(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    found = kill("killed_lora.py", tiny_encoder, tmp_path)
    assert found["kills"] >= 12
    best, last = found["steps"]
    assert best < last < 30, "the run was to stop early, so that going on has to know how long the loss has not fallen"


def kill(program: str, *arguments: object) -> dict[str, Any]:
    """Run one of the programs that kill their own children, with one thread, as the same bytes need."""
    command = [sys.executable, str(Path(__file__).with_name(program)), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def small(seed: int) -> Artefact:
    return Artefact({"task": "topics", "engine": "fast"}, {}, {"seed": seed}, "card")


CALLS = [(os, "fsync"), (os, "replace"), (tempfile, "mkdtemp"), (Path, "mkdir"), (Path, "chmod")]


@pytest.mark.parametrize(("module", "name"), CALLS)
@pytest.mark.parametrize("number", [28, 30, 13], ids=["full", "read-only", "forbidden"])
@pytest.mark.parametrize("over", [False, True])
def test_what_cannot_be_written_is_one_clear_error_and_leaves_nothing(
    module: Any, name: str, number: int, over: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "deep" / "model"
    if over:
        save_artefact(small(1), output)

    def failing(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(module, name, failing)
        with pytest.raises(ModelError, match=rf"model.*{os.strerror(number)}"):
            save_artefact(small(2), output)
    assert [path.name for path in tmp_path.rglob("*") if path.name.startswith(".")] == []
    if over:
        assert load_artefact(output).training == {"seed": 1}
    else:
        assert not output.exists()
    save_artefact(small(2), output)
    assert load_artefact(output).training == {"seed": 2}


def test_a_disk_that_fills_up_while_a_model_is_swapped_in_brings_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_artefact(small(1), tmp_path / "model")
    replace, calls = os.replace, []

    def failing(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, os.strerror(28))
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(ModelError, match="No space left"):
        save_artefact(small(2), tmp_path / "model")
    assert load_artefact(tmp_path / "model").training == {"seed": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("task", ["topics", "summariser"])
def test_an_output_that_cannot_be_written_is_told_before_the_training(task: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    for output, message in (("file/model", "cannot be written"), ("photos", "not a model folder")):
        arguments = ["train", task, "--data", "no such data", "--engine", "fast", "--output", str(tmp_path / output)]
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, ModelError)
        assert message in str(result.exception)


def test_checkpoints_of_another_run_are_not_gone_on_from(tmp_path: Path) -> None:
    from training.checkpoints import MARK, newest_whole

    for step, files in ((3, {}), (9, {"optimizer.pt": 4}), (12, {"optimizer.pt": 5}), (15, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "optimizer.pt").write_bytes(b"half")
        if files is not None:
            (folder / MARK).write_text(json.dumps({"job": "mine", "files": files}))
    assert newest_whole(tmp_path, "mine") == tmp_path / "checkpoint-9"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-3", "checkpoint-9"]
    with pytest.raises(DataError, match=r"of another run.*--checkpoints"):
        newest_whole(tmp_path, "yours")
    assert newest_whole(tmp_path / "none", "mine") is None
