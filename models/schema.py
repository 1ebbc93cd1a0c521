"""What a model's config may say, checked before anything is made of it: a model may come from a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from models.artefact import CONFIG, Artefact, array
from models.errors import ModelError
from models.selection import SelectionRules

MOST_LABELS = 100_000
LARGEST_SIZE = 16_384
LARGEST_NUMBER = 1e9

Check = Callable[[Any], str | None]
"""What was expected, where a value is not it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_config(artefact: Artefact) -> None:
    """Check a topic model's or a summariser's config, whose hashes are known to be right.

    Raises:
        ModelError: a value is missing, of another type, or out of bounds; the message names it.
    """
    task, engine = artefact.config["task"], artefact.config["engine"]
    wanted = {**({} if engine == "abstractive" else _TASKS.get(task, {})), **_ENGINES.get((task, engine), {})}
    _check(wanted, artefact.config, f"{artefact.folder}/{CONFIG}", "")
    if task == "topics":
        _check_labels(artefact.config, f"{artefact.folder}/{CONFIG}")
    for name, shape in _shapes(artefact.config) if engine == "standard" else ():
        array(artefact.tensors, name, shape)


def _check(wanted: Mapping[str, Any], config: Mapping[str, Any], place: str, above: str) -> None:
    for name, check in wanted.items():
        if name in _OPTIONAL and config.get(name) is None:
            continue
        if name not in config:
            raise ModelError(f"{place}: {above}{name!r} is missing; fetch the model again, or retrain it.")
        value = config[name]
        if isinstance(check, Mapping):
            if not isinstance(value, Mapping):
                raise ModelError(f"{place}: {above}{name!r} is {_shown(value)}, expected an object.")
            _check(check, value, place, f"{above}{name!r}, ")
        elif (expected := check(value)) is not None:
            raise ModelError(f"{place}: {above}{name!r} is {_shown(value)}, expected {expected}.")


def _shapes(config: Mapping[str, Any]) -> list[tuple[str, tuple[int, int]]]:
    """The tensors whose sizes a config names: what is made by its word has to be there already."""
    if config["task"] == "topics":
        width = config["hidden"] * (config.get("head_layers") or config.get("layers_read") or 1)
        shapes = [("topics.label.weight", (len(config["labels"]), width))]
        if config.get("units") is not None:
            shapes += [
                ("topics.up.weight", (config["units"], width)),
                ("topics.down.weight", (len(config["labels"]), config["units"])),
            ]
        return shapes
    width = config["width"]
    names = [f"summary.layers.layers.{layer}.linear1.weight" for layer in range(config["layers"])]
    return [("summary.project.weight", (width, config["hidden"])), *((name, (2 * width, width)) for name in names)]


def _check_labels(config: Mapping[str, Any], place: str) -> None:
    labels, calibration = config["labels"], config["calibration"]
    if len(config["thresholds"]) != len(labels):
        raise ModelError(f"{place}: 'thresholds' has {len(config['thresholds'])} numbers for {len(labels)} labels.")
    kind = "temperature" if config["exclusive"] else "platt"
    numbers = {"temperature": {"temperature": number(1e-9)}, "platt": {"a": numbers_between(), "b": numbers_between()}}
    if "below" in calibration:
        numbers["temperature"]["below"] = number(1e-9)
    if calibration.get("kind") != kind:
        raise ModelError(f"{place}: 'calibration', 'kind' is {_shown(calibration.get('kind'))}, expected {kind!r}.")
    _check(numbers[kind], calibration, place, "'calibration', ")
    for name in ("a", "b") if kind == "platt" else ():
        count = len(calibration[name])
        if count != len(labels):
            raise ModelError(f"{place}: 'calibration', {name!r} has {count} numbers for {len(labels)} labels.")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or lists in lists
        text = type(value).__name__
    return text if len(text) <= 60 else text[:59] + "…"


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def number(low: float = -LARGEST_NUMBER, high: float = LARGEST_NUMBER) -> Check:
    """A number from low to high; no NaN, no infinity."""
    expected = f"a number from {low:g} to {high:g}"
    return lambda value: None if _is_number(value, low, high) else expected


def numbers_between(low: float = -LARGEST_NUMBER, high: float = LARGEST_NUMBER) -> Check:
    """A list of such numbers."""
    expected = f"a list of numbers from {low:g} to {high:g}"
    return lambda value: (
        None if isinstance(value, list) and all(_is_number(item, low, high) for item in value) else expected
    )


def whole(low: int, high: int) -> Check:
    """An integer from low to high."""
    expected = f"a whole number from {low} to {high}"
    return lambda value: None if isinstance(value, int) and _is_number(value, low, high) else expected


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value and "\x00" not in value else "a string"


def _hash(value: Any) -> str | None:
    return None if isinstance(value, str) and (not value or _SHA256.fullmatch(value)) else "a SHA-256 in hexadecimal"


def _labels(value: Any) -> str | None:
    fine = (
        isinstance(value, list)
        and 0 < len(value) <= MOST_LABELS
        and all(isinstance(label, str) and label for label in value)
        and len(set(value)) == len(value)
    )
    return None if fine else "a list of distinct strings"


def _parameters(value: Any) -> str | None:
    fine = isinstance(value, dict) and all(_is_number(item, -LARGEST_NUMBER, LARGEST_NUMBER) for item in value.values())
    return None if fine else f"an object of numbers up to {LARGEST_NUMBER:g}"


def _rules(value: Any) -> str | None:
    """The fields of `SelectionRules`, each of its default's type; one that is missing has its default."""
    known = {field.name: type(getattr(SelectionRules(), field.name)) for field in fields(SelectionRules)}
    if not isinstance(value, dict):
        return "an object of rules"
    for name, item in value.items():
        if name not in known:
            return f"rules among {', '.join(known)}"
        kind = known[name]
        fine = isinstance(item, bool) if kind is bool else _is_number(item, -LARGEST_NUMBER, LARGEST_NUMBER)
        if not fine or (kind is int and (not isinstance(item, int) or item < 0)):
            return f"{name!r} as {'true or false' if kind is bool else 'a number'}"
    return None


def _names(value: Any) -> str | None:
    return None if isinstance(value, list) and all(isinstance(name, str) for name in value) else "a list of strings"


def _target(value: Any) -> str | None:
    return None if value in ("summary", "headline") else "'summary' or 'headline'"


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else "an object"


_OPTIONAL = {"lead_threshold", "strange_limit", "fast", "ranker", "units", "layers_read", "head_layers"}
_ENCODER: Mapping[str, Any] = {
    "name": _text,
    "sha256": _hash,
    "adapter_scale": number(0, 1e6),
    "fingerprint": _hash,
}
_TASKS: Mapping[str, Mapping[str, Any]] = {
    "topics": {
        "labels": _labels,
        "exclusive": _flag,
        "thresholds": numbers_between(0, 1),
        "lead_threshold": number(0, 1),
        "strange_limit": number(0),
        "calibration": _object,
    },
    "summariser": {"rules": _rules, "ranker": {"features": _names, "leaning_cost": number(0, 100)}},
}
_ENGINES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("topics", "fast"): {"parameters": _parameters},
    ("topics", "standard"): {
        "encoder": _ENCODER,
        "hidden": whole(1, LARGEST_SIZE),
        "units": whole(1, LARGEST_SIZE),
        "layers_read": whole(1, 2),
        "head_layers": whole(1, 2),
        "fast": {"parameters": _parameters, "labels": _labels, "exclusive": _flag, "weight": number(1e-9, 100)},
    },
    ("summariser", "abstractive"): {
        "base": {"name": _text, "sha256": _hash, "adapter_scale": number(0, 1e6)},
        "writing": {
            "target": _target,
            "source_tokens": whole(1, 100_000),
            "most_tokens": whole(1, 10_000),
            "beams": whole(1, 64),
            "no_repeat": whole(0, 100),
            "length_penalty": number(-100, 100),
        },
    },
    ("summariser", "fast"): {"parameters": _parameters},
    ("summariser", "standard"): {
        "encoder": _ENCODER,
        "hidden": whole(1, LARGEST_SIZE),
        "width": whole(4, LARGEST_SIZE),
        "layers": whole(1, 12),
        "fast": {"parameters": _parameters, "mix": numbers_between(-100, 100)},
    },
}
