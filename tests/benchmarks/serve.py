"""Load on `copydesk serve`: many clients at once on this machine, beside `desk.stream` on the same stories.

    python tests/benchmarks/serve.py --seconds 60 --engine fast

Starts a server of its own on a free port of 127.0.0.1 and sends it distinct stories, so that nothing is answered from
memory; the number of clients, requests and seconds is bounded. Ends with 1 where an answer was neither 200 nor 503,
or differed from the answer to a single caller.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from inference import Copydesk

ROOT = Path(__file__).parents[2]
MOST = 200_000  # stories of one run


@dataclass
class Tally:
    """What the clients saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    answers: dict[int, Any] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)


def story(number: int, seeds: list[str]) -> str:
    """The stories of the seed corpus, each copy with a sentence of its own."""
    return f"{seeds[number % len(seeds)]}\n\nThis is copy number {number} of the story, the editors said."


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> tuple[int, bytes, float]:
    """One request on an open connection: status, body, and seconds to wait where the server says so."""
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    writer.write(head.encode() + b"\r\n\r\n" + body)
    answered = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = re.search(r"content-length: (\d+)", answered)
    wait = re.search(r"retry-after: (\d+)", answered)
    content = await reader.readexactly(int(length[1]) if length else 0)
    return int(answered.split(" ", 2)[1]), content, float(wait[1]) if wait else 0.0


async def client(
    port: int, numbers: itertools.count[int], seeds: list[str], together: int, until: float, tally: Tally
) -> None:
    """Asks for one answer after another until the time is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    while time.perf_counter() < until:
        mine = list(itertools.islice(numbers, together))
        if mine[-1] >= MOST:
            break
        body = json.dumps({"stories": [story(number, seeds) for number in mine]}).encode()
        while True:
            began = time.perf_counter()
            status, content, wait = await ask(reader, writer, body)
            tally.statuses[status] += 1
            if status == 200:
                tally.waits.append(time.perf_counter() - began)
                tally.answers.update(zip(mine, json.loads(content), strict=True))
            if status != 503 or time.perf_counter() > until:
                break
            await asyncio.sleep(wait)
    writer.close()


async def load(port: int, clients: int, seconds: float, together: int, seeds: list[str]) -> tuple[Tally, float]:
    """All clients at once, and the seconds until the last was answered."""
    tally, numbers = Tally(), itertools.count()
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(client(port, numbers, seeds, together, until, tally) for _ in range(clients)))
    return tally, time.perf_counter() - began


def plain(answer: dict[str, Any]) -> Any:
    """An answer as it is after its way through JSON."""
    return json.loads(json.dumps(answer))


def start(engine: str) -> tuple[subprocess.Popen[str], int]:
    """A server on a free port."""
    command = [sys.executable, "-m", "inference", "serve", "--engine", engine, "--port", "0"]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
    )
    assert server.stdout is not None
    found = re.search(r":(\d+)/", server.stdout.readline())
    if found is None:
        server.wait(10)
        sys.exit("serve did not start: run `copydesk serve` to see why")
    return server, int(found[1])


def cpu_seconds(process: int) -> float:
    """Processor time that a process and its children have used, of all their threads."""
    parent = psutil.Process(process)
    used = [one.cpu_times() for one in (parent, *parent.children(recursive=True))]
    return float(sum(times.user + times.system for times in used))


def stream_rate(desk: Copydesk, stories: list[str]) -> tuple[float, list[dict[str, Any]]]:
    """Stories a second of `desk.stream`, and its answers."""
    began = time.perf_counter()
    found = list(desk.stream(stories))
    rate = len(stories) / (time.perf_counter() - began)
    return rate, [one.to_dict() for one in found]


def main() -> int:
    """Run it and write the figures to standard output."""
    parser = argparse.ArgumentParser(description="Load on the server beside desk.stream.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default 60, at most 600)")
    parser.add_argument("--clients", type=int, default=50, help="how many at once (default 50, at most 200)")
    parser.add_argument("--stories", type=int, default=1, help="stories of a request (default 1)")
    parser.add_argument("--engine", default="standard", choices=["standard", "fast"])
    parser.add_argument("--singles", type=int, default=60, help="answers compared with a single caller's (default 60)")
    options = parser.parse_args()
    lines = (ROOT / "seeds" / "index.jsonl").read_text(encoding="utf-8").splitlines()
    seeds = [row["title"] + "\n\n" + row["text"] for row in map(json.loads, lines)]
    server, port = start(options.engine)
    try:
        clients, seconds = min(options.clients, 200), min(options.seconds, 600)
        before, asking = cpu_seconds(server.pid), time.process_time()
        tally, took = asyncio.run(load(port, clients, seconds, options.stories, seeds))
        worked, asking = cpu_seconds(server.pid) - before, time.process_time() - asking
    finally:
        server.terminate()
        server.wait(30)
    desk = Copydesk.from_pretrained(engine=options.engine)
    asked = sorted(tally.answers)
    stories = [story(number, seeds) for number in asked]
    desk.predict(stories[:8])  # loads the encoder
    timed = stories[: max(64, math.ceil(len(stories) / 4))]  # a quarter is enough to time it
    began = time.process_time()
    rate, streamed = stream_rate(desk, timed)
    streaming = (time.process_time() - began) / len(timed)
    singles = asked[:: max(1, len(asked) // options.singles)]
    single = {number: plain(desk.predict(story(number, seeds)).to_dict()) for number in singles}
    wrong = sum(tally.answers[number] != found for number, found in single.items())
    wrong += sum(tally.answers[number] != plain(found) for number, found in zip(asked, streamed, strict=False))
    other = sum(count for status, count in tally.statuses.items() if status not in (200, 503))
    served, waits = len(asked) / took, sorted(tally.waits)
    write = sys.stdout.write
    write(f"{options.engine}: {clients} clients, {took:.1f} s, {options.stories} stories a request\n")
    write(f"answers {dict(sorted(tally.statuses.items()))}, neither 200 nor 503: {other}\n")
    write(f"median wait {waits[len(waits) // 2]:.3f} s, 95th percentile {waits[int(len(waits) * 0.95)]:.3f} s\n")
    write(f"different from a single caller's ({len(single)}) or the stream's ({len(streamed)}): {wrong}\n")
    write(f"served {served:.1f} stories/s, desk.stream {rate:.1f} stories/s, ratio {served / rate:.2f}\n")
    write(f"processor time a story: served {1e3 * worked / len(asked):.2f} ms, desk.stream {1e3 * streaming:.2f} ms, ")
    write(f"ratio {streaming / (worked / len(asked)):.2f} (tells more than the other on a busy machine); ")
    write(f"the clients took {1e3 * asking / len(asked):.2f} ms of the same machine\n")
    return 1 if other or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
