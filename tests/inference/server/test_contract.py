"""The API keeps what its OpenAPI description promises, whatever is sent (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from inference.server.app import create_app

from .conftest import both_fast, listening

BY_MEANING = ("/v1/explain", "/v1/batches")
"""Where a valid request may still be refused: a label the model does not know, a file that is no table."""


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


api = schemathesis.openapi.from_dict(create_app(both_fast()).app.openapi())  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with listening(create_app(both_fast())) as found:
        yield found


@api.parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_was_described(case: Any, served: str) -> None:
    excluded = [positive_data_acceptance] if case.path in BY_MEANING else []
    case.call_and_validate(base_url=served, excluded_checks=excluded)
