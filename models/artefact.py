"""The folder a model is saved in: written whole or not at all, and checked file by file when it is read.

A folder holds `config.json`, `model.safetensors`, `training.json` and `README.md` (the model card);
`adapter.safetensors` where the encoder was adapted; and `fast.safetensors` where a standard model has a fast one
beside it. Nothing in it is ever executed: JSON and safetensors only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from models.errors import ModelError

FORMAT = 1
CONFIG, TENSORS, ADAPTER, FAST, TRAINING, CARD = (
    "config.json",
    "model.safetensors",
    "adapter.safetensors",
    "fast.safetensors",
    "training.json",
    "README.md",
)
LARGEST_JSON = 64 * 1024 * 1024
LARGEST_TENSORS = 4 * 1024**3

Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model as it stands on disk.

    `config` is what `predict` needs (task, engine, labels, thresholds, encoder), `training` how it came to be.
    """

    config: dict[str, Any]
    tensors: Arrays
    training: dict[str, Any] = field(default_factory=dict)
    card: str = ""
    adapter: Arrays = field(default_factory=dict)
    fast: Arrays = field(default_factory=dict)
    folder: Path | None = None


def dump_json(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys, so that the same model has the same bytes."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def save_artefact(artefact: Artefact, folder: Path | str) -> None:
    """Write a model folder atomically: a sibling folder, every file flushed to disk, one rename.

    A model that already stands there is replaced only once the new one is complete.

    Raises:
        ModelError: the folder cannot be written (no space, no permission), or holds something that is no model.
    """
    folder = Path(folder)
    beside = _make_beside(folder)
    try:
        beside.chmod(0o755)
        _write_files(artefact, beside)
        if folder.exists():
            _swap(beside, folder)
        else:
            os.replace(beside, folder)
        _sync(folder.parent)
    except OSError as error:
        raise ModelError(f"{folder}: the model could not be written ({error.strerror or error}).") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _swap(beside: Path, folder: Path) -> None:
    """Put a new model in the place of another, which comes back if that fails."""
    old = _temporary(folder, "old")
    try:
        os.replace(folder, old / "model")
        try:
            os.replace(beside, folder)
        except OSError:
            os.replace(old / "model", folder)
            raise
    finally:
        if folder.exists():  # else the only model there is stands in the old folder
            shutil.rmtree(old, ignore_errors=True)


def check_writable(folder: Path | str) -> None:
    """Find out before a training, and not after it, that its model cannot be written.

    Raises:
        ModelError: as `save_artefact` would.
    """
    shutil.rmtree(_make_beside(Path(folder)), ignore_errors=True)


def _make_beside(folder: Path) -> Path:
    """An empty folder beside the one to be written, after those of killed runs are cleared away."""
    try:
        if folder.exists() and not _replaceable(folder):
            raise ModelError(f"{folder}: exists and is not a model folder; choose another --output or empty it first.")
        if foreign := sorted(path.name for path in _foreign(folder)):
            shown = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
            raise ModelError(f"{folder}: holds {shown} beside its model, which would be lost; move that first.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        return _temporary(folder, "new")
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(f"{folder}: cannot be written ({reason}); choose another --output.") from error


def _temporary(folder: Path, kind: str) -> Path:
    """A new folder beside a model's, named after this process: what is left of a dead one can be told."""
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.{kind}.{os.getpid()}.", dir=folder.parent))


def _clear(folder: Path) -> None:
    """Remove what killed runs left beside a model; the model that one was about to replace goes back first."""
    left = re.compile(rf"\.{re.escape(folder.name)}\.(?P<kind>new|old)\.(?P<process>\d+)\.\w+")
    for path in list(folder.parent.iterdir()):
        found = left.fullmatch(path.name)
        if found is None or _runs(int(found["process"])):
            continue
        if found["kind"] == "old" and (path / "model").is_dir() and not folder.exists():
            os.replace(path / "model", folder)
        shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / CONFIG).is_file() or not any(folder.iterdir()))


def _foreign(folder: Path) -> list[Path]:
    """What lies in a model folder and is no part of a model; what systems hide there does not count."""
    own = {CONFIG, TENSORS, ADAPTER, FAST, TRAINING, CARD}
    return (
        [path for path in folder.iterdir() if path.name not in own and path.name[0] != "."] if folder.exists() else []
    )


def _write_files(artefact: Artefact, folder: Path) -> None:
    contents: dict[str, bytes] = {
        TENSORS: safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in artefact.tensors.items()}),
        TRAINING: dump_json(artefact.training).encode(),
        CARD: artefact.card.encode(),
    }
    for name, beside in ((ADAPTER, artefact.adapter), (FAST, artefact.fast)):
        if beside:
            contents[name] = safetensors.numpy.save({key: np.ascontiguousarray(a) for key, a in beside.items()})
    files = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in contents.items()}
    config = {**artefact.config, "format": FORMAT, "files": files}
    config.pop("config_sha256", None)
    config["config_sha256"] = hashlib.sha256(dump_json(config).encode()).hexdigest()
    contents[CONFIG] = dump_json(config).encode()
    for name, data in contents.items():
        with (folder / name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load_artefact(folder: Path | str, *, task: str | None = None) -> Artefact:
    """Read a model folder, checking every file but the card against the hashes in its config.

    Args:
        folder: the model folder.
        task: "topics" or "summariser"; anything else in the folder is an error.

    Raises:
        ModelError: there is no model, it is of another task or a newer format, or a file is missing or damaged; the
            message names the file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; pass the --output of 'copydesk train'.")
    config = _read_config(folder)
    if task is not None and config.get("task") != task:
        raise ModelError(f"{folder}: holds a model for {config.get('task')!r}, expected one for {task!r}.")
    contents = {name: _read_checked(folder, name, entry) for name, entry in config["files"].items()}
    for name in (TRAINING, CARD, TENSORS):
        if name not in contents:
            raise ModelError(f"{folder / name}: is missing from the model.")
    training = _parse(json.loads, contents[TRAINING], folder / TRAINING)
    card = contents[CARD].decode(errors="replace")
    tensors = _parse(safetensors.numpy.load, contents[TENSORS], folder / TENSORS)
    adapter, fast = (
        _parse(safetensors.numpy.load, contents[name], folder / name) if name in contents else {}
        for name in (ADAPTER, FAST)
    )
    for name, values in adapter.items():
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ModelError(f"{folder / ADAPTER}: tensor {name!r} holds values that are not finite numbers.")
    if not isinstance(training, dict):
        raise ModelError(f"{folder / TRAINING}: expected a JSON object.")
    return Artefact(config, tensors, training, card, adapter, fast, folder)


def _parse(parser: Callable[[bytes], T], data: bytes, path: Path) -> T:
    """What a file holds; hashes say that it is as it was written, not that it was written well."""
    try:
        return parser(data)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path}: malformed ({error}).") from error


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ModelError(f"{path}: larger than any model's config; this is not a Copydesk model.")
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); is {folder} a model folder?") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: damaged, not valid JSON ({error}).") from error
    if not isinstance(config, dict) or not isinstance(config.get("files"), dict):
        raise ModelError(f"{path}: not the config of a Copydesk model.")
    if config.get("format") != FORMAT:
        raise ModelError(
            f"{path}: format {config.get('format')!r}, this version reads format {FORMAT}; update copydesk or retrain."
        )
    expected = config.pop("config_sha256", None)
    try:
        intact = hashlib.sha256(dump_json(config).encode()).hexdigest() == expected
    except (ValueError, RecursionError):
        intact = False
    if not intact:
        raise ModelError(f"{path}: damaged or edited by hand (its hash does not match); fetch the model again.")
    if not isinstance(config.get("task"), str) or not isinstance(config.get("engine"), str):
        raise ModelError(f"{path}: 'task' and 'engine' are missing.")
    return config


def _read_checked(folder: Path, name: str, entry: Any) -> bytes:
    path = folder / name
    if name not in {TENSORS, ADAPTER, FAST, TRAINING, CARD}:
        raise ModelError(f"{folder / CONFIG}: names a file {name!r} that no model has.")
    if not isinstance(entry, dict) or not isinstance(entry.get("bytes"), int):
        raise ModelError(f"{folder / CONFIG}: entry of {name!r} is malformed.")
    try:
        size = path.stat().st_size
        expected = size if name == CARD else entry["bytes"]  # a card is for people, who may add to it
        if size != expected or size > (LARGEST_TENSORS if name.endswith(".safetensors") else LARGEST_JSON):
            raise ModelError(f"{path}: damaged, {size} bytes where the config says {entry['bytes']}.")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); the model is incomplete.") from error
    if name != CARD and hashlib.sha256(data).hexdigest() != entry.get("sha256"):
        raise ModelError(f"{path}: damaged, its SHA-256 is not the one in {CONFIG}; fetch the model again.")
    return data


def array(tensors: Mapping[str, NDArray[Any]], name: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """A tensor of the expected shape (None stands for any size).

    Raises:
        ModelError: it is missing, of another shape or kind, or holds NaN, infinity, or what is that in float32.
    """
    found = tensors.get(name)
    if found is None:
        raise ModelError(f"{TENSORS}: tensor {name!r} is missing.")
    if len(found.shape) != len(shape) or any(w is not None and g != w for g, w in zip(found.shape, shape, strict=True)):
        raise ModelError(f"{TENSORS}: tensor {name!r} has shape {found.shape}, expected {shape}.")
    if found.dtype.kind not in "fiub":
        raise ModelError(f"{TENSORS}: tensor {name!r} is of type {found.dtype}, expected plain numbers.")
    if found.dtype.kind == "f" and not (np.abs(found) <= np.finfo(np.float32).max).all():
        raise ModelError(f"{TENSORS}: tensor {name!r} holds values that are not finite.")
    return found
