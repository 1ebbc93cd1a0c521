"""Predictions as text for a terminal, JSON, and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from inference.prediction import Prediction


def to_json(name: str, prediction: Prediction) -> str:
    """One prediction on one line, with the name of its source."""
    plain = {"source": name, **prediction.to_dict()}
    return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def write_json(results: Iterable[tuple[str, Prediction]], stream: IO[str]) -> None:
    """A JSON array, also of a single story, written as the predictions come; nothing before the first has come."""
    before = "["
    for name, prediction in results:
        stream.write(f"{before}\n  {to_json(name, prediction)}")
        before = ","
    stream.write("[\n]\n" if before == "[" else "\n]\n")


def write_jsonl(results: Iterable[tuple[str, Prediction]], stream: IO[str]) -> None:
    """One JSON object a line."""
    for name, prediction in results:
        stream.write(to_json(name, prediction) + "\n")


def write_text(results: Iterable[tuple[str, Prediction]], stream: IO[str]) -> None:
    """For people: title, proposed headline, topics with their probability, brief, and what to be wary of."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else 100)
    for name, prediction in results:
        console.print(Text(_visible(prediction.title or name), style="bold"))
        if prediction.title:
            console.print(Text(f"  {name}", style="dim"))
        if prediction.headline and (not prediction.title or "headline" in prediction.written):
            console.print(Text(f"  Headline: {_visible(prediction.headline)}"))
        topics = [f"{topic.label} {topic.score:.2f}" for topic in prediction.topics] or ["none"]
        console.print(Text("  Topics"))
        console.print(
            Padding(Text("\n".join(topics), style="cyan" if prediction.topics else "dim"), (0, 2, 0, 4), expand=False)
        )
        if prediction.summary:
            own = "summary" in prediction.written
            console.print(Text("  Brief, with a language model's words" if own else "  Brief"))
            console.print(Padding(Text(_visible(prediction.summary)), (0, 2, 0, 4), expand=False))
        for warning in prediction.warnings:
            console.print(Text(f"  Note: {warning}", style="yellow"))
        console.print()


def _visible(text: str) -> str:
    """The text without control characters, which a hostile story could use to rewrite the screen."""
    return "".join(char if char.isprintable() else " " for char in text)
