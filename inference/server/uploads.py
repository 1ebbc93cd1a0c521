"""The routes of uploaded files: send, choose columns, watch, fetch, forget."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from inference.server.batches import Batch, Batches, BatchState, write_csv, write_jsonl
from inference.server.messages import BODY, StartRequest, errors
from inference.server.tables import read_table

KINDS = {"text/csv": "csv", "application/x-ndjson": "jsonl"}
_FILE = {"schema": {"type": "string", "description": "The file as it is."}}
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="As the upload was answered.")]


def add_uploads(app: FastAPI, batches: Batches) -> None:
    """Add the routes under /v1/batches. Files stay in memory: nothing is written, no name of a file is ever used."""
    tags: list[str | Enum] = ["files"]

    def find(number: str) -> Batch:
        batch = batches.get(number)
        if batch is None:
            raise HTTPException(404, "no such file is held here; upload it again.")
        return batch

    @app.post(
        "/v1/batches",
        tags=tags,
        status_code=201,
        summary="Upload a CSV or JSON Lines file",
        responses=errors(*BODY, 415, 422, 503),
        openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(KINDS, _FILE)}},
    )
    async def upload(request: Request) -> BatchState:
        """The body is the file itself, the content type says which kind. Nothing is labelled yet."""
        kind = KINDS.get(request.headers.get("content-type", "").split(";")[0].strip().lower())
        if kind is None:
            raise HTTPException(415, f"content type: expected one of {', '.join(KINDS)}.")
        table = await asyncio.to_thread(read_table, await request.body(), kind)
        batch = batches.add(table)
        if batch is None:
            raise HTTPException(503, "as many files as are taken at once are being labelled.", {"Retry-After": "10"})
        request.state.log = {"rows": len(table.rows)}
        return batch.state()

    @app.post(
        "/v1/batches/{number}/start",
        tags=tags,
        status_code=202,
        summary="Label an uploaded file",
        responses=errors(*BODY, 404, 409, 422),
    )
    async def start(number: Number, wanted: StartRequest) -> BatchState:
        """Rows that cannot be read keep their place and say why."""
        batch = find(number)
        if batch.status != "uploaded":
            raise HTTPException(409, "this file is being labelled, or is done; upload it again for another run.")
        batches.start(batch, wanted)
        return batch.state()

    @app.get("/v1/batches/{number}", tags=tags, summary="How far a file is", responses=errors(404, 422))
    async def state(number: Number) -> BatchState:
        """To be asked again while the status is "running"."""
        return find(number).state()

    @app.get(
        "/v1/batches/{number}/result",
        tags=tags,
        summary="The labelled file",
        response_class=Response,
        responses={
            **errors(404, 409, 422),
            200: {"description": "The file.", "content": {"text/csv": _FILE, "application/x-ndjson": _FILE}},
        },
    )
    async def result(number: Number, format: Annotated[Literal["csv", "jsonl"], Query()] = "csv") -> Response:
        """All rows of the file in their order, with what was found beside them."""
        batch = find(number)
        if batch.status != "done":
            raise HTTPException(409, f"this file is {batch.status}; its result can be fetched when it is done.")
        write, media = {"csv": (write_csv, "text/csv"), "jsonl": (write_jsonl, "application/x-ndjson")}[format]
        headers = {"Content-Disposition": "attachment"}  # a name here would override the one the page gives
        return StreamingResponse(write(batch), media_type=f"{media}; charset=utf-8", headers=headers)

    @app.delete("/v1/batches/{number}", tags=tags, status_code=204, summary="Forget a file", responses=errors(404, 422))
    async def forget(number: Number) -> None:
        """Stops the work on it too."""
        await batches.remove(find(number))
