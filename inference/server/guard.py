"""What every request passes: who may ask, how much, how many at once, what the browser may do, a line in the log."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.server.answers import to_bytes
from inference.server.limits import Limits

log = logging.getLogger("inference.server")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_DRAINED = 4  # times the limit: so much is read and forgotten, so that the sender reads the answer


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An error as the API answers it."""
    return Response(to_bytes({"detail": detail}), status, headers, "application/json")


def failure(request: str) -> Response:
    """The answer to a request that made the server fail."""
    return problem(500, f"the server failed at this request; its log says where (id {request}).")


class Guard:
    """Wraps the application.

    Refused with 403: a `Host` that is neither an address nor one of the names given, which is how a foreign page
    reaches a local server (DNS rebinding); a request that a page of another origin sent. With 503: more requests at
    once than wanted. With 413: a body over the limit, counted as it arrives, whatever its header says. With 408: a
    body that does not arrive in time.
    """

    def __init__(self, app: ASGIApp, limits: Limits, hosts: Iterable[str] = (), uploads: str = "/v1/batches") -> None:
        """`hosts` are the names beside localhost that the server goes by, `uploads` the path that takes files."""
        self.app = app
        self.limits = limits
        self.hosts = {"localhost", *(host.lower().rstrip(".") for host in hosts)}
        self.uploads = uploads
        self.now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        seen: dict[str, Any] = {"id": secrets.token_hex(8), "status": 499, "bytes": 0}

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["X-Request-Id"] = seen["id"]
            elif message["type"] == "http.response.body":
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        scope.setdefault("state", {})["id"] = seen["id"]
        self.now += 1
        try:
            answer = self._refusal(Headers(scope=scope))
            if answer is None:
                answer, receive = await self._body(scope["path"], receive)
            await (answer or self.app)(scope, receive, send_on)
        except Exception:
            log.error("error", exc_info=True, extra={"fields": {"id": seen["id"]}})
            if seen["status"] == 499:
                await failure(seen["id"])(scope, receive, send_on)
        finally:
            self.now -= 1
            log.info("request", extra={"fields": self._fields(scope, seen, began)})

    def _refusal(self, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._known(_name(host)):
            return problem(403, "Host: this name is not served here; use the address, or start with --allow-host NAME.")
        origin = headers.get("origin")
        if origin is not None and origin.split("://", 1)[-1].lower() != host.lower():
            return problem(403, "Origin: pages of other origins may not use this server.")
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return problem(403, "Origin: pages of other origins may not use this server.")
        if self.now > self.limits.requests:
            return problem(503, "too many requests at once.", {"Retry-After": "1"})
        return None

    async def _body(self, path: str, receive: Receive) -> tuple[Response | None, Receive]:
        """The whole body, ready to be received once more, or why it is not taken."""
        limit = self.limits.upload if path == self.uploads else self.limits.body
        body, size, more = bytearray(), 0, True
        try:
            async with asyncio.timeout(self.limits.timeout):
                while more and size <= _DRAINED * limit:
                    message = await receive()
                    if message["type"] != "http.request":  # the other side has gone
                        break
                    size += len(message.get("body", b""))
                    if size <= limit:
                        body += message.get("body", b"")
                    more = message.get("more_body", False)
        except TimeoutError:
            return problem(408, "the request did not arrive in time."), receive
        if size > limit:
            return problem(413, f"the request is larger than {limit:,} bytes."), receive
        told = False

        async def again() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return None, again

    def _known(self, name: str) -> bool:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self.hosts
        return True

    def _fields(self, scope: Scope, seen: dict[str, Any], began: float) -> dict[str, Any]:
        """What the log says; the path as the route has it, since someone may have pasted a story into the URL."""
        route = getattr(scope.get("route"), "path", None)
        return {
            **seen,
            "method": scope["method"] if scope["method"].isalpha() and len(scope["method"]) < 10 else "?",
            "path": route or "-",
            "ms": round((time.perf_counter() - began) * 1e3, 1),
            **scope.get("state", {}).get("log", {}),
        }


def _name(host: str) -> str:
    """The host without its port, or the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].split("]", 1)[0]
    return host.rsplit(":", 1)[0].lower().rstrip(".")
