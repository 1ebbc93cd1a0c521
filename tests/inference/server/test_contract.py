"""The API keeps what its OpenAPI description promises, whatever is sent (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from inference.predict import shipped
from inference.server.app import create_app
from inference.server.desks import Desks, Folders

from .conftest import listening

BY_MEANING = ("/v1/explain", "/v1/batches")
"""Where a valid request may still be refused: a label the model does not know, a file that is no table."""


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def both_fast() -> Desks:
    """Both engines of the description, without the seconds that the standard one takes to load."""
    folders = Folders(shipped("topics", "fast"), shipped("summariser", "fast"))
    return Desks({"fast": folders, "standard": folders}, "fast")


api = schemathesis.openapi.from_dict(create_app(both_fast()).app.openapi())  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    desks = both_fast()
    for name in ("fast", "standard"):
        desks.get(name)
    with listening(create_app(desks)) as found:
        yield found


@api.parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_was_described(case: Any, served: str) -> None:
    excluded = [positive_data_acceptance] if case.path in BY_MEANING else []
    case.call_and_validate(base_url=served, excluded_checks=excluded)
