"""What is made of a prediction to answer a request; needs nothing of the web, and so runs in other processes too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from inference.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is kept of a row's prediction."""

    status: str
    error: str | None = None
    topics: tuple[dict[str, Any], ...] = ()
    title: str | None = None
    summary: str = ""
    warnings: tuple[str, ...] = ()


def as_json(prediction: Prediction) -> bytes:
    """The answer to a request for a prediction."""
    return to_bytes(prediction.to_dict())


def labelled(prediction: Prediction) -> Labelled:
    """What an uploaded file's row gets."""
    plain = prediction.to_dict()
    if not prediction.sentences:
        return Labelled("error", "; ".join(prediction.warnings) or "the story is empty")
    return Labelled(
        "ok",
        topics=tuple(plain["topics"]),
        title=prediction.title,
        summary=prediction.summary,
        warnings=prediction.warnings,
    )


def to_bytes(value: Any) -> bytes:
    """JSON in UTF-8; a lone surrogate, which UTF-8 has no form for, becomes a question mark and keeps its place."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
