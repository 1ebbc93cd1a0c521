"""What a file of stories costs: on this machine, with two Ray workers on it, and what one machine of a cluster does.

    python tests/benchmarks/scaling.py [DATA] [--engine fast standard] [--sizes 3000 12000] [--workers 2]

For each engine the command line predicts files of two sizes with either runner, the fast engine also in one process:
seconds over stories make a fixed start and a cost for each story. The outputs' bytes are compared. Then the driver's
share, which no worker takes off it, is measured alone: reading rows and laying down windows, taking up results and
writing the output. Needs the extra `ray`; without DATA the stories are made of those in seeds/.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet
from throughput import ROOT, WORDS, stories

from inference.batch import Window, predict_file
from inference.parquet import write_parquet
from inference.ray_runner import lay_down, read_windows, results_of
from inference.spool import SCHEMA, Result

SIZES = {"fast": (3_000, 12_000), "standard": (100, 400)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--engine", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--sizes", nargs=2, type=int)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    for engine in arguments.engine:
        sizes = arguments.sizes or SIZES[engine]
        with tempfile.TemporaryDirectory() as folder:
            files = [write(Path(folder, f"{size}.jsonl"), stories(arguments.data, size)) for size in sizes]
            for name, options in runners(engine, arguments.workers).items():
                seconds = [
                    run(file, file.with_suffix(f".{name}.parquet"), ["--engine", engine, *options]) for file in files
                ]
                each = (seconds[1] - seconds[0]) / (sizes[1] - sizes[0])
                shown = ", ".join(f"{size:,} in {second:.1f} s" for size, second in zip(sizes, seconds, strict=True))
                print(
                    f"{engine} {name}: {shown}; start {seconds[0] - each * sizes[0]:.1f} s, then {1 / each:.1f} "
                    f"stories/s of {WORDS} words",
                    flush=True,
                )
            outputs = [
                {file.with_suffix(f".{name}.parquet").read_bytes() for name in runners(engine, arguments.workers)}
                for file in files
            ]
            print(f"{engine}: the same bytes from all: {all(len(different) == 1 for different in outputs)}")
            in_, out = (path.stat().st_size / sizes[1] for path in (files[1], files[1].with_suffix(".local.parquet")))
            print(f"{engine}: {in_:,.0f} bytes a story in (JSON Lines), {out:,.0f} out (Parquet)")
    with tempfile.TemporaryDirectory() as folder:
        driver(write(Path(folder, "in.jsonl"), stories(arguments.data, 4_000)), 4_000)
    print(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MiB")


def runners(engine: str, workers: int) -> dict[str, list[str]]:
    """Options of the command line by what they are called here; the standard engine has one process for all cores."""
    ray = ["--engine-runner", "ray", "--workers", str(workers)]
    alone = {"alone": ["--workers", "1"]} if engine == "fast" else {}
    return {**alone, "local": ["--workers", str(workers)] if alone else [], "ray": ray}


def write(path: Path, texts: Iterable[str]) -> Path:
    lines = (json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def run(source: Path, output: Path, options: list[str]) -> float:
    """Seconds that the command takes, from its start to its end."""
    command = [sys.executable, "-m", "inference", "predict", "--input", str(source), "--output", str(output), *options]
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=source.parent, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - begin


def driver(source: Path, count: int) -> None:
    """Print what the runner on a cluster does itself, with workers whose results are there at once."""
    seconds = {"down": 0.0, "workers": 0.0}
    bytes_down = 0

    def runner(cut: Iterable[Window]) -> Iterator[list[Result]]:
        nonlocal bytes_down
        begin = time.perf_counter()
        files = lay_down(cut, source.parent)
        seconds["down"] = time.perf_counter() - begin
        bytes_down = sum(file.stat().st_size for file in files)
        empty = {"topics": ["politics"], "scores": [0.9], "summary": "word " * 60, "warnings": [], "status": "ok"}
        for file in files:
            begin = time.perf_counter()
            rows = [{**empty, "id": row.id, "error": None} for window in read_windows(file) for row in window]
            write_parquet(results_of(file), rows, SCHEMA)
            seconds["workers"] += time.perf_counter() - begin
            yield pyarrow.parquet.read_table(results_of(file)).to_pylist()

    begin = time.perf_counter()
    predict_file(source, source.with_name("out.parquet"), runner)
    gather = time.perf_counter() - begin - seconds["down"] - seconds["workers"]
    down, up = 1e6 * seconds["down"] / count, 1e6 * gather / count
    print(
        f"driver: {down:.0f} microseconds a story to lay down ({bytes_down / count:,.0f} bytes of Parquet), {up:.0f} "
        f"to gather: at most {1e6 / (down + up):,.0f} stories/s"
    )


if __name__ == "__main__":
    main()
