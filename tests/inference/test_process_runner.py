"""Several processes write what one writes, and none outlives its work."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from inference import Copydesk, batch
from inference.batch import local_runner, predict_file
from inference.predict import shipped
from inference.process_runner import FEWEST_WINDOWS, process_runner
from models.errors import CopydeskError, DataError

ROOT = Path(__file__).parents[2]
ARGUMENTS: dict[str, Any] = {"engine": "fast", "thresholds": 0.4}
FOLDERS = {task: shipped(task, "fast") for task in ("topics", "summariser")}


@pytest.fixture(scope="module")
def desk() -> Copydesk:
    return Copydesk.from_pretrained(**ARGUMENTS)


@pytest.fixture
def source(seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(batch, "WINDOW_ROWS", 4)
    rows = [json.loads(line) for line in (seeds / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps({"id": row["id"], "text": row["text"]}) for row in rows]
    lines[5], lines[17] = "{broken", json.dumps({"id": "empty", "text": ""})
    assert len(lines) > 4 * FEWEST_WINDOWS
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_same_bytes_as_from_one_process(desk: Copydesk, source: Path, tmp_path: Path) -> None:
    for suffix in (".jsonl", ".parquet"):
        one, many = tmp_path / f"one{suffix}", tmp_path / f"many{suffix}"
        predict_file(source, one, local_runner(desk))
        predict_file(source, many, process_runner(desk, FOLDERS, ARGUMENTS, workers=2))
        assert many.read_bytes() == one.read_bytes()
    assert not multiprocessing.active_children()


def test_a_short_input_starts_no_process(desk: Copydesk, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: pytest.fail("a process was started"))
    cut = list(batch.windows(batch.open_rows(source, batch.Columns())))[: FEWEST_WINDOWS - 1]
    assert list(process_runner(desk, FOLDERS, ARGUMENTS, workers=2)(cut)) == list(local_runner(desk)(cut))


def test_a_process_that_is_killed_is_an_error_and_what_is_done_goes_on(
    desk: Copydesk, source: Path, tmp_path: Path
) -> None:
    output, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    predict_file(source, whole, local_runner(desk))
    runner = process_runner(desk, FOLDERS, ARGUMENTS, workers=2)

    def killing(cut: Any) -> Any:
        for number, results in enumerate(runner(cut)):
            yield results
            if number == 1:
                for child in multiprocessing.active_children():
                    child.kill()
                time.sleep(0.2)

    with pytest.raises(CopydeskError, match="ended before its work"):
        predict_file(source, output, killing)
    with pytest.raises(DataError, match="--resume"):
        predict_file(source, output, runner)
    predict_file(source, output, runner, resume=True)
    assert output.read_bytes() == whole.read_bytes()


KILLED = """
import multiprocessing, os, signal, sys
from pathlib import Path
from inference import Copydesk, batch
from inference.process_runner import process_runner
from inference.predict import shipped
if __name__ == "__main__":
    batch.WINDOW_ROWS = 4
    folders = {task: shipped(task, "fast") for task in ("topics", "summariser")}
    runner = process_runner(Copydesk.from_pretrained(engine="fast"), folders, {"engine": "fast"}, workers=2)
    for _ in runner(batch.windows(batch.open_rows(Path(sys.argv[1]), batch.Columns()))):
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_with_the_one_that_started_them(source: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(program), str(source)], stdout=subprocess.PIPE, text=True, env=environment, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    children = [int(number) for number in done.stdout.split()]
    assert len(children) == 2
    until = time.monotonic() + 20
    while any(_runs(child) for child in children):
        assert time.monotonic() < until, "a worker outlived its parent"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
