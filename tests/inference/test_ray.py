"""A local Ray with two workers writes the bytes that one process writes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference.rows import Row

ROOT = Path(__file__).parents[2]
ENABLED = os.environ.get("COPYDESK_TEST_RAY") == "1"


def test_windows_come_back_as_they_were_laid_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inference import ray_runner

    monkeypatch.setattr(ray_runner, "WINDOWS_TO_A_FILE", 2)
    cut = [
        [Row(f"{w}-{n}", "text", None if n else "title", "bad" if n == 2 else None, n) for n in range(3)]
        for w in range(5)
    ]
    files = ray_runner.lay_down(cut, tmp_path)
    assert len(files) == 3
    assert [window for file in files for window in ray_runner.read_windows(file)] == cut
    assert list(ray_runner._in_order(files, [files[2], files[0], files[1]])) == files


@pytest.mark.skipif(
    not ENABLED, reason="starting Ray takes about 30 s: COPYDESK_TEST_RAY=1 pytest tests/inference/test_ray.py"
)
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install '.[ray]'")
def test_two_workers_write_the_same_bytes(seeds: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (seeds / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps({"id": row["id"], "text": row["text"]}) for row in rows for _ in range(30)]
    lines[1000] = "{broken"
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "inference", "predict", "--engine", "fast", "--input", str(tmp_path / "in.jsonl"))
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    written = {}
    for runner in (["local"], ["ray", "--workers", "2"]):
        output = tmp_path / f"{runner[0]}.parquet"
        done = subprocess.run(
            [*command, "--output", str(output), "--engine-runner", *runner],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        assert f"{len(lines):,} stories" in done.stderr
        written[runner[0]] = output.read_bytes()
    assert written["local"] == written["ray"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "local.parquet", "ray.parquet"]
