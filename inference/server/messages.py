"""What requests and answers of the API look like; the OpenAPI description is made of this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from inference.server.desks import SERVED
from inference.server.limits import MAX_STORIES
from models.selection import Budget

_STORY_OBJECT = {
    "type": "object",
    "title": "Story",
    "properties": {"text": {"type": "string"}, "title": {"type": ["string", "null"]}},
    "required": ["text"],
}
_STORY = [{"type": "string"}, _STORY_OBJECT]
_WHAT = "A story is its text (plain or HTML), or an object with `text` and perhaps `title`."


def _one_story(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        if isinstance(value.get("title"), str | None):
            return value
        raise ValueError("the title of a story is a string or null")
    raise ValueError("expected a story: a string, or an object with a string 'text'")


def _stories(value: Any) -> Any:
    if not isinstance(value, list):
        return _one_story(value)
    if len(value) > MAX_STORIES:
        raise ValueError(f"{len(value)} stories; a request may hold {MAX_STORIES}, send the rest in another one")
    return value


# Any, not str: a lone surrogate is a valid JSON string and a story that is read like any other
StoryField = Annotated[Any, AfterValidator(_one_story), WithJsonSchema({"anyOf": _STORY, "description": _WHAT})]
StoriesField = Annotated[
    Any,
    AfterValidator(_stories),
    WithJsonSchema(
        {
            "anyOf": [*_STORY, {"type": "array", "maxItems": MAX_STORIES, "items": {}}],
            "description": f"{_WHAT} Or a list of stories; an item that is none gets a result with a warning.",
        }
    ),
]
EngineField = Annotated[
    str | None, Field(description="Missing: the server's default.", json_schema_extra={"enum": [*SERVED, None]})
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _whole(value: Any) -> Any:
    """JSON knows no difference between 3 and 3.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Sentences(_Strict):
    """At most so many sentences."""

    sentences: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(_whole)]


class Words(_Strict):
    """At most so many words."""

    words: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_whole)]


class Characters(_Strict):
    """At most so many characters."""

    characters: Annotated[int, Field(ge=1, le=10_000_000), BeforeValidator(_whole)]


class Ratio(_Strict):
    """At most this share of the story's words."""

    ratio: Annotated[float, Field(gt=0, le=1)]


BudgetField = Annotated[
    Sentences | Words | Characters | Ratio | None,
    Field(description="How long a brief is: one limit. Missing: as long as the scores justify."),
]


def budget_of(given: Sentences | Words | Characters | Ratio | None) -> Budget | None:
    """The budget a request asks for."""
    return None if given is None else Budget(**given.model_dump())


class PredictRequest(_Strict):
    """Stories to label and summarise."""

    stories: StoriesField
    engine: EngineField = None
    budget: BudgetField = None


class ExplainRequest(_Strict):
    """A story and the label in question."""

    story: StoryField
    label: str
    engine: EngineField = None


class StartRequest(_Strict):
    """How an uploaded file is to be read and labelled."""

    text_column: str
    title_column: str | None = None
    engine: EngineField = None
    budget: BudgetField = None


class Health(_Strict):
    """Whether the server answers, and how much waits."""

    status: str
    waiting: int
    capacity: int


class Problem(_Strict):
    """What went wrong, in one line."""

    detail: str


BODY = (400, 408, 413)
"""What may be wrong with any body."""
_SAID = {
    400: "The body is no JSON.",
    403: "The request comes from a page of another origin, or for another host.",
    404: "No such file is held; old ones make room for new ones.",
    408: "The body did not arrive in time.",
    409: "Not at this point: it is being labelled already, or is not done yet.",
    413: "The request is too large.",
    415: "The content type is not one of those listed.",
    422: "The request is not valid; `detail` says what was expected.",
    503: "Too much waits; `Retry-After` says when to come back.",
    504: "The answer took too long.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the description lists the errors of a route."""
    return {status: {"model": Problem, "description": _SAID[status]} for status in (403, *statuses)}
