"""What a server takes on at once, and how long it lets anyone wait."""

from __future__ import annotations

from dataclasses import dataclass

MAX_STORIES = 256
"""Stories of one request; part of the API's description, so not an option."""
MAX_ROWS = 20_000
"""Rows of an uploaded file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server.

    Attributes:
        body: bytes of a request.
        upload: bytes of an uploaded file.
        requests: requests that are answered at the same time; more are told to come back.
        queue: stories that wait; at least as many as a request may hold.
        batch: stories that the models read together.
        linger: seconds a batch that is not full waits for more stories.
        timeout: seconds until a request is given up.
        uploads: uploaded files held at the same time.
        cache: stories kept as scored, so that a brief of another length needs no second reading; 0 for none. What other
            processes read is not kept: they have read it again before it would have been sent.
        cache_characters: characters of all stories kept.
        workers: processes that the fast engine reads in; 0 for the server's own.
    """

    body: int = 8 << 20
    upload: int = 32 << 20
    requests: int = 256
    queue: int = 512
    batch: int = 64
    linger: float = 0.002
    timeout: float = 60.0
    uploads: int = 8
    cache: int = 32
    cache_characters: int = 2_000_000
    workers: int = 0

    def __post_init__(self) -> None:
        """Refuse bounds under which some valid request could never be answered.

        Raises:
            ValueError: the queue is shorter than a request may be, or a bound is not positive.
        """
        if self.queue < MAX_STORIES:
            raise ValueError(f"queue: must hold at least the {MAX_STORIES} stories of one request, not {self.queue}.")
        for name in ("body", "upload", "requests", "batch", "timeout", "uploads"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be positive, not {getattr(self, name)}.")
