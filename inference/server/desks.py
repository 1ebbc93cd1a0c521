"""The engines a server answers with, each loaded when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inference.engines import Engine
from inference.predict import Copydesk, shipped
from inference.server.readers import WARMING, Processes
from inference.writing import is_writer
from models.artefact import load_artefact
from models.errors import DataError, ModelError

SERVED = tuple(engine.value for engine in Engine)


@dataclass(frozen=True, slots=True)
class Label:
    """A label and the probability it needs."""

    label: str
    threshold: float


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine can do.

    Attributes:
        engine: the name to ask for it by.
        default: whether requests that name no engine get it.
        loaded: whether it is in memory; otherwise the first request loads it.
        exclusive: whether a story has exactly one label.
        labels: every label, sorted.
    """

    engine: str
    default: bool
    loaded: bool
    exclusive: bool
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the models of an engine are."""

    topics: Path
    summariser: Path


class Desks:
    """Copydesks by engine.

    Args:
        folders: the models of each engine.
        default: the engine of requests that name none.
        open: makes a Copydesk of an engine's folders.
    """

    def __init__(
        self, folders: Mapping[str, Folders], default: str, open: Callable[[Folders], Copydesk] | None = None
    ) -> None:
        """Read what the models say of themselves, without loading any; see the class for the arguments.

        Raises:
            ModelError: a folder holds no sound model.
        """
        self.default = default
        self._folders = dict(folders)
        self._open = open or _open
        self._loaded: dict[str, Copydesk] = {}
        self._lock = threading.Lock()
        self._configs = {name: load_artefact(found.topics, task="topics").config for name, found in folders.items()}

    @classmethod
    def shipped(cls, default: str, topics: Path | None = None, summariser: Path | None = None) -> Desks:
        """The shipped engines, with models of your own in their place where given.

        Where both are given there is nothing left to switch between, so that there is one engine only.

        Raises:
            ModelError: a folder holds no sound model, or one that writes, which takes longer than a request may.
        """
        if summariser is not None and is_writer(summariser):
            raise ModelError(
                f"{summariser}: holds a language model's adapter; the page and the API serve standard and fast "
                "summarisers. Use it with copydesk predict."
            )
        names = (default,) if topics and summariser else SERVED
        folders = {
            name: Folders(topics or shipped("topics", name), summariser or shipped("summariser", name))
            for name in names
        }
        return cls(folders, default)

    def name(self, engine: str | None) -> str:
        """The engine asked for, or the default one.

        Raises:
            DataError: there is no such engine.
        """
        if engine is None:
            return self.default
        if engine not in self._folders:
            raise DataError(f"engine: {engine!r} is not served here; choose one of {', '.join(self._folders)}.")
        return engine

    def get(self, name: str) -> Copydesk:
        """The Copydesk of an engine; the first call loads it, which may take seconds."""
        if name in self._loaded:
            return self._loaded[name]
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._open(self._folders[name])
            return self._loaded[name]

    def processes(self, name: str, workers: int) -> Processes | None:
        """So many processes that read for an engine; None for one that uses all cores by itself."""
        if not workers:
            return None
        desk, found = self.get(name), self._folders[name]
        engines = {model.engine for model in (desk.topics, desk.summariser) if model is not None}
        return Processes(found.topics, found.summariser, workers) if engines == {"fast"} else None

    def loaded(self, name: str) -> bool:
        """Whether `get` answers at once."""
        return name in self._loaded

    def describe(self) -> list[EngineInfo]:
        """What each engine can do, the default one first."""
        names = sorted(self._folders, key=lambda name: name != self.default)
        return [
            EngineInfo(
                name,
                name == self.default,
                self.loaded(name),
                bool(config.get("exclusive")),
                tuple(map(Label, config["labels"], config["thresholds"])),
            )
            for name in names
            for config in [self._configs[name]]
        ]


def _open(folders: Folders) -> Copydesk:
    desk = Copydesk.from_pretrained(folders.topics, folders.summariser)
    desk.predict(WARMING)
    return desk
