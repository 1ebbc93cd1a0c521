"""The routes: predictions, explanations, what is served, uploaded files, and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from inference.prediction import Explanation, Prediction
from inference.server.answers import as_json, to_bytes
from inference.server.batches import Batches
from inference.server.desks import Desks, EngineInfo
from inference.server.guard import Guard, failure, problem
from inference.server.limits import Limits
from inference.server.messages import BODY, ExplainRequest, Health, PredictRequest, budget_of, errors
from inference.server.queue import PredictionQueue, QueueFull
from inference.server.uploads import add_uploads
from models.errors import CopydeskError, DataError

PAGE = Path(__file__).parent / "page"
ABOUT = (
    "Topics and briefs of news stories, worked out on this machine. Requests are queued and read together; a full "
    "queue answers 503 with `Retry-After`. Every error is one line under `detail`."
)
# FastAPI's own spans and logs would hold messages of exceptions, which may quote a story
SILENT: Any = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}


def create_app(desks: Desks, limits: Limits | None = None, hosts: Iterable[str] = ()) -> Guard:
    """The whole application.

    Args:
        desks: the engines that answer.
        limits: what it takes on.
        hosts: names beside localhost that the server goes by; addresses always are.
    """
    limits = limits or Limits()
    queue = PredictionQueue(desks, limits)
    batches = Batches(queue)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        queue.start()
        if desks.loaded(desks.default):
            await queue.load(desks.default)  # its processes too, before the first request
        yield
        await batches.close()
        await queue.stop()

    app = FastAPI(
        title="Copydesk",
        version=_version(),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own page loads scripts from another host
        redoc_url=None,
        telemetry=SILENT,
    )
    _add_errors(app)
    _add_predictions(app, queue)
    add_uploads(app, batches)
    _add_page(app)
    return Guard(app, limits, hosts)


def _version() -> str:
    try:
        return version("copydesk")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


def _add_predictions(app: FastAPI, queue: PredictionQueue) -> None:
    desks = queue.desks

    @app.post(
        "/v1/predict",
        response_model=Prediction | list[Prediction],
        responses=errors(*BODY, 422, 503, 504),
        summary="Label and summarise one story or many",
        tags=["stories"],
    )
    async def predict(wanted: PredictRequest, request: Request) -> Response:
        """One story gives one prediction, a list gives a list of the same length in the same order."""
        many = isinstance(wanted.stories, list)
        stories = wanted.stories if many else [wanted.stories]
        engine = desks.name(wanted.engine)
        request.state.log = {"engine": engine, "stories": len(stories)}
        found = await queue.predict(engine, stories, budget_of(wanted.budget), as_json)
        body = b"[" + b",".join(found) + b"]" if many else found[0]
        return Response(body, media_type="application/json")

    @app.post(
        "/v1/explain",
        response_model=Explanation,
        responses=errors(*BODY, 422, 503, 504),
        summary="What each part of a story adds to a label",
        tags=["stories"],
    )
    async def explain(wanted: ExplainRequest, request: Request) -> Response:
        """The contributions sum to the logit exactly.

        Those of the standard engine are sentences with their place in the text, those of the fast engine words and
        pairs of words.
        """
        engine = desks.name(wanted.engine)
        request.state.log = {"engine": engine, "stories": 1}
        found = await queue.explain(engine, wanted.story, wanted.label)
        return Response(to_bytes(found.to_dict()), media_type="application/json")

    @app.get("/v1/models", responses=errors(), summary="The engines, their labels and thresholds", tags=["server"])
    async def models() -> list[EngineInfo]:
        """The default engine comes first."""
        return desks.describe()

    @app.get(
        "/healthz",
        response_model=Health,
        responses={**errors(), 503: {"model": Health, "description": "Nothing is read any more."}},
        summary="Whether the server answers",
        tags=["server"],
    )
    async def healthz() -> Response:
        """Needs no model, and is never queued."""
        health = Health(status="ok" if queue.alive else "dead", waiting=queue.length, capacity=queue.limits.queue)
        return Response(to_bytes(health.model_dump()), 200 if queue.alive else 503, media_type="application/json")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        # neither the input nor the context of the error: they hold the story
        where = ".".join(str(part) for part in first["loc"][1:] if first["type"] != "json_invalid")
        what = str(first["msg"]).removeprefix("Value error, ")
        if where.startswith("budget"):
            where, what = "budget", "give one limit, sentences, words, characters (1 or more) or ratio (over 0, to 1)."
        return problem(422, f"{where}: {what}" if where else what)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:  # Starlette names the methods of the first route of this path only
            here = (
                route
                for route in app.routes
                if isinstance(route, APIRoute) and route.path_regex.match(request.url.path)
            )
            headers["Allow"] = ", ".join(sorted({method for route in here for method in route.methods or ()}))
        return problem(error.status_code, str(error.detail), headers)

    @app.exception_handler(QueueFull)
    async def full(request: Request, error: QueueFull) -> Response:
        return problem(503, str(error), {"Retry-After": str(error.retry_after)})

    @app.exception_handler(TimeoutError)
    async def late(request: Request, error: TimeoutError) -> Response:
        return problem(504, "the answer took too long; send fewer stories at once, or try again later.")

    @app.exception_handler(CopydeskError)
    async def unusable(request: Request, error: CopydeskError) -> Response:
        return problem(422 if isinstance(error, DataError) else 500, str(error))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return failure(request.state.id)


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(PAGE / "docs.html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
