"""`copydesk serve` from the shell: where it listens, what it says, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvicorn
from typer.testing import CliRunner

from inference.console import app
from models.errors import DataError, ModelError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be served, instead of serving it."""
    found: list[Any] = []

    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        found.append((self.config, sockets[0].getsockname()))

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr("inference.server.logs.log_as_json", lambda: None)
    return found


def serve(*options: str) -> Any:
    return CliRunner().invoke(app, ["serve", "--engine", "fast", "--port", "0", *options])


def test_it_listens_on_this_machine_only_and_says_where(served: list[Any]) -> None:
    result = serve()
    assert result.exit_code == 0, result.output
    (config, (host, port)) = served[0]
    assert host == "127.0.0.1"
    assert f"http://127.0.0.1:{port}/" in result.output
    assert result.stderr == ""
    assert config.access_log is False
    assert "evil.example" not in config.app.hosts


def test_it_warns_where_other_machines_can_reach_it(served: list[Any]) -> None:
    result = serve("--host", "0.0.0.0", "--allow-host", "desk.example")
    assert result.exit_code == 0, result.output
    assert "every machine that reaches this one" in result.stderr
    assert "desk.example" in served[0][0].app.hosts


def test_a_port_that_is_taken_is_named(served: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = serve("--port", str(port))
    assert isinstance(result.exception, DataError)
    assert f"port {port}" in str(result.exception)
    assert served == []


def test_models_of_ones_own_leave_one_engine(served: list[Any]) -> None:
    pretrained = ROOT / "models" / "pretrained"
    result = serve("--topics", str(pretrained / "topics-fast"), "--summariser", str(pretrained / "summariser-fast"))
    assert result.exit_code == 0, result.output
    broken = serve("--topics", str(ROOT / "seeds"))
    assert isinstance(broken.exception, ModelError)


def test_a_language_model_is_refused_before_anything_is_served(served: list[Any], tmp_path: Path) -> None:
    from models.abstractive import Writer, Writing
    from models.artefact import save_artefact

    save_artefact(Writer("some/model", Writing(), {}).artefact({}, "card"), tmp_path / "writer")
    result = serve("--summariser", str(tmp_path / "writer"))
    assert isinstance(result.exception, ModelError)
    assert "holds a language model's adapter" in str(result.exception)
    assert not served


def test_an_engine_that_is_not_served_is_wrong_usage(served: list[Any]) -> None:
    result = serve("--engine", "abstractive")
    assert result.exit_code == 2
    assert not served


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = serve()
    assert isinstance(result.exception, ModelError)
    assert "pip install 'copydesk[web]'" in str(result.exception)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_it_serves_without_torch_and_ends_on_ctrl_c(workers: str) -> None:
    command = [sys.executable, "-m", "inference", "serve", "--engine", "fast", "--port", "0", "--workers", workers]
    with start(command) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(
            "POST", "/v1/predict", b'{"stories": "A story of five words."}', {"Content-Type": "application/json"}
        )
        assert json.loads(connection.getresponse().read())["summary"] == "A story of five words."
        children = psutil.Process(server.pid).children(recursive=True)
        assert bool(children) == (workers == "1")
        for process in (server.pid, *(child.pid for child in children)):
            maps = Path(f"/proc/{process}/maps")
            if maps.exists():
                assert "libtorch" not in maps.read_text()
        connection.close()
        os.killpg(server.pid, signal.SIGINT)  # as a terminal does: to the processes too
        _, log = server.communicate(timeout=60)
    assert server.returncode == 0
    (line,) = map(json.loads, log.splitlines())
    assert (line["event"], line["path"], line["status"]) == ("request", "/v1/predict", 200)
    assert not psutil.wait_procs(children, timeout=20)[1]


def test_ctrl_c_while_the_processes_start_is_no_failure() -> None:
    command = [sys.executable, "-m", "inference", "serve", "--engine", "fast", "--port", "0", "--workers", "2"]
    with start(command) as server:
        assert server.stdout is not None
        server.stdout.readline()
        time.sleep(0.4)
        os.killpg(server.pid, signal.SIGINT)
        _, log = server.communicate(timeout=60)
    assert (server.returncode, log) == (0, "")


def start(command: list[str]) -> subprocess.Popen[str]:
    """A program with a process group of its own."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes)


def test_importing_copydesk_loads_nothing_of_the_web() -> None:
    program = (
        "import sys, inference, inference.console; "
        "sys.exit(any(name in sys.modules for name in ('fastapi', 'uvicorn', 'starlette', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
