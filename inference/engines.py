"""The engines, by the names that the command line, the server and `Copydesk.from_pretrained` know them by."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """The engines that label, choose sentences, and are served: a brief's length may be changed at once."""

    standard = "standard"
    fast = "fast"


class SummaryEngine(StrEnum):
    """The engines that make briefs: those, and a language model's own words."""

    standard = "standard"
    fast = "fast"
    abstractive = "abstractive"
