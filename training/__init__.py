"""From articles to a model, and from a model to figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.estimator import TopicClassifier

__all__ = ["TopicClassifier"]


def __getattr__(name: str) -> Any:
    """`TopicClassifier`, imported when it is first asked for."""
    if name == "TopicClassifier":
        from training.estimator import TopicClassifier

        return TopicClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
