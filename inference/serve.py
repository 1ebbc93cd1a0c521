"""The shell side of the server: `copydesk serve`."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from pathlib import Path
from typing import Annotated

import typer

from inference.engines import Engine
from models.errors import DataError, ModelError

MOST_WORKERS = 4
"""Three keep the server's own process busy: it needs a third of the time for a request that they need for its story."""


def serve_command(
    host: Annotated[str, typer.Option(help="Address to listen on; others than 127.0.0.1 let other machines in.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    engine: Annotated[Engine, typer.Option(help="The engine of requests that name none.")] = Engine.standard,
    topics: Annotated[Path | None, typer.Option(help="Folder of a topic model; the shipped one when missing.")] = None,
    summariser: Annotated[
        Path | None, typer.Option(help="Folder of a summariser; the shipped one when missing.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name, beside localhost, that browsers reach the server by.")
    ] = None,
    queue: Annotated[int, typer.Option(min=256, help="Stories that may wait; more are answered with 503.")] = 512,
    batch: Annotated[int, typer.Option(min=1, help="Stories that the models read together.")] = 64,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, help="Processes that read for the fast engine; one for each core when missing, 0 for none."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds until a request is given up with 504.")] = 60.0,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Open a local page and a JSON API; needs the extra `web`.

    Examples:

      copydesk serve

      copydesk serve --engine fast --port 8080

      curl -s http://127.0.0.1:8000/v1/predict -H 'Content-Type: application/json' -d '{"stories": "..."}'
    """
    try:
        import fastapi  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise ModelError(f"serve needs {error.name}: install the extra, pip install 'copydesk[web]'.") from None
    from inference.process_runner import processors
    from inference.server.app import create_app
    from inference.server.desks import Desks
    from inference.server.limits import Limits
    from inference.server.logs import log_as_json

    listening = _listen(host, port)
    with listening:
        desks = Desks.shipped(engine.value, topics, summariser)
        desks.get(engine.value)  # a model that cannot be loaded is told of now, not at the first request
        if workers is None:
            workers = min(MOST_WORKERS, processors()) if processors() > 1 else 0
        limits = Limits(queue=queue, batch=batch, timeout=timeout, workers=workers)
        app = create_app(desks, limits, [*(allow_host or ()), host])
        log_as_json()
        address = _address(listening)
        typer.echo(f"Copydesk: {address} (API: {address}docs; Ctrl-C stops it)")
        if not _loopback(host):
            typer.echo(
                f"copydesk: listening on {host}: every machine that reaches this one can use the server, and it asks "
                "for no password.",
                err=True,
            )
        if open_page:
            import webbrowser

            webbrowser.open(address)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # its lines hold the whole URL
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=5,
        )
        with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it, and no failure
            uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens, or one line that says why not.

    Raises:
        DataError: the host is no address of this machine, or the port is taken or not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listening = socket.socket(found[0][0], socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(found[0][4])
            listening.listen(128)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise DataError(f"serve: cannot listen on {host} port {port} ({error.strerror}); try --port 0.") from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
