"""The routes of uploaded files: send, choose columns, watch, fetch, forget."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from inference.server.batches import Batch, Batches, BatchState, write_csv, write_jsonl
from inference.server.messages import Problem, StartRequest
from inference.server.tables import read_table

KINDS = {"text/csv": "csv", "application/x-ndjson": "jsonl", "application/jsonl": "jsonl"}
_FILE = {"schema": {"type": "string", "description": "The file as it is."}}
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="As the upload was answered.")]


def _says(**statuses: str) -> dict[int | str, dict[str, Any]]:
    said = {"403": "The request comes from a page of another origin, or for another host.", **statuses}
    return {int(status.strip("_")): {"model": Problem, "description": text} for status, text in said.items()}


_INVALID = {"_422": "The request is not valid; `detail` says what was expected."}
_GONE = {"_404": "No such file is held; old ones make room for new ones.", **_INVALID}


def batch_routes(batches: Batches) -> APIRouter:
    """The routes under /v1/batches. Files stay in memory: nothing is written, and no name of a file is ever used."""
    routes = APIRouter(prefix="/v1/batches", tags=["files"])

    def find(number: str) -> Batch:
        batch = batches.get(number)
        if batch is None:
            raise HTTPException(404, "no such file is held here; upload it again.")
        return batch

    @routes.post(
        "",
        status_code=201,
        summary="Upload a CSV or JSON Lines file",
        responses=_says(
            _413="The file is too large.",
            _415="The content type is neither text/csv nor application/x-ndjson.",
            _422="The file cannot be read as a table.",
            _503="All places for files are taken.",
        ),
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

    @routes.post(
        "/{number}/start",
        status_code=202,
        summary="Label an uploaded file",
        responses=_says(**_GONE, _409="It is being labelled already.", _413="The request is too large."),
    )
    async def start(number: Number, wanted: StartRequest) -> BatchState:
        """Rows that cannot be read keep their place and say why."""
        batch = find(number)
        if batch.status != "uploaded":
            raise HTTPException(409, "this file is being labelled, or is done; upload it again for another run.")
        batches.start(batch, wanted)
        return batch.state()

    @routes.get("/{number}", summary="How far a file is", responses=_says(**_GONE))
    async def state(number: Number) -> BatchState:
        """To be asked again while the status is "running"."""
        return find(number).state()

    @routes.get(
        "/{number}/result",
        summary="The labelled file",
        response_class=Response,
        responses={
            **_says(**_GONE, _409="It is not done yet."),
            200: {"description": "The file.", "content": {"text/csv": _FILE, "application/x-ndjson": _FILE}},
        },
    )
    async def result(number: Number, format: Annotated[Literal["csv", "jsonl"], Query()] = "csv") -> Response:
        """All rows of the file in their order, with what was found beside them."""
        batch = find(number)
        if batch.status != "done":
            raise HTTPException(409, f"this file is {batch.status}; its result can be fetched when it is done.")
        write, media = {"csv": (write_csv, "text/csv"), "jsonl": (write_jsonl, "application/x-ndjson")}[format]
        headers = {"Content-Disposition": f'attachment; filename="labelled.{format}"'}
        return StreamingResponse(write(batch), media_type=f"{media}; charset=utf-8", headers=headers)

    @routes.delete("/{number}", status_code=204, summary="Forget a file", responses=_says(**_GONE))
    async def forget(number: Number) -> None:
        """Stops the work on it too."""
        await batches.remove(find(number))

    return routes
