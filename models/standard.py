"""What the standard engine's topics and summaries share: one encoder over sentences, and how heads are kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.artefact import Arrays, Artefact, array
from models.encoder import DEFAULT_ENCODER, EncodedStory, Encoder, locate_encoder, sha256_of
from models.errors import ModelError

FloatArray = NDArray[np.float32]

_OPEN: dict[tuple[str, str], Encoder] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """Which encoder a model was trained on: the public weights, and what LoRA adds to them."""

    name: str = DEFAULT_ENCODER
    sha256: str = ""
    adapter: Arrays = field(default_factory=dict, compare=False)
    scale: float = 1.0

    @classmethod
    def of(cls, name: str, adapter: Arrays | None = None, scale: float = 1.0) -> EncoderSpec:
        """The spec of an encoder that is at hand, with its hash taken."""
        return cls(name, sha256_of(locate_encoder(name) / "model.safetensors"), adapter or {}, scale)

    @property
    def fingerprint(self) -> str:
        """Equal for models that can share one pass of the encoder."""
        digest = hashlib.sha256(f"{self.sha256}:{self.scale if self.adapter else 0}".encode())
        for key in sorted(self.adapter):
            digest.update(key.encode() + np.ascontiguousarray(self.adapter[key]).tobytes())
        return digest.hexdigest()

    def open(self, dtype: str = "auto") -> Encoder:
        """The encoder, loaded once per process.

        Raises:
            ModelError: the encoder found under this name is not the one the model was trained on.
        """
        key = (self.fingerprint, dtype)
        with _LOCK:
            if key not in _OPEN:
                adapter = {name: torch.from_numpy(np.array(value)) for name, value in self.adapter.items()}
                encoder = Encoder(self.name, adapter=adapter, adapter_scale=self.scale, dtype=dtype)
                self.check(encoder)
                _OPEN[key] = encoder
            return _OPEN[key]

    def check(self, encoder: Encoder) -> None:
        """Raise a ModelError where this is another encoder than the one that was trained on."""
        if self.sha256 and encoder.sha256 != self.sha256:
            raise ModelError(
                f"encoder {self.name!r}: SHA-256 {encoder.sha256}, but the model was trained on {self.sha256}; install "
                "that version of it, or retrain."
            )

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        return {"name": self.name, "sha256": self.sha256, "adapter_scale": self.scale, "fingerprint": self.fingerprint}

    @classmethod
    def from_artefact(cls, artefact: Artefact, name: str | None = None) -> EncoderSpec:
        """As saved; `name` overrides where the encoder is looked for."""
        entry = artefact.config.get("encoder")
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise ModelError(f"{artefact.folder}: config.json has no valid 'encoder'.")
        scale = entry.get("adapter_scale", 1.0)
        spec = cls(name or entry["name"], str(entry.get("sha256", "")), artefact.adapter, float(scale))
        if spec.fingerprint != entry.get("fingerprint"):
            raise ModelError(f"{artefact.folder}: the adapter does not match config.json; fetch the model again.")
        return spec


class OverVectors:
    """What both tasks share: the encoder, opened when first needed."""

    engine = "standard"
    layers = 1
    """Of the encoder that are read, see `models.encoder.Encoder.encode`."""

    def __init__(self, spec: EncoderSpec, dtype: str = "auto") -> None:
        """Keep the encoder's name and the precision it is to be opened in."""
        self.spec = spec
        self.dtype = dtype

    @property
    def encoder(self) -> Encoder:
        """The shared encoder."""
        return self.spec.open(self.dtype)

    def encode(self, stories: Sequence[Sequence[str]]) -> list[EncodedStory]:
        """Sentence vectors of stories given as lists of sentences."""
        return self.encoder.encode(stories, layers=self.layers)

    def adapter_arrays(self) -> Arrays:
        """LoRA weights to be saved beside the head."""
        return self.spec.adapter


def head_state(head: torch.nn.Module, prefix: str) -> Arrays:
    """A head's weights by name, in the precision they are saved in."""
    return {f"{prefix}.{key}": value.detach().numpy().astype(np.float16) for key, value in head.state_dict().items()}


def restore_head(head: torch.nn.Module, prefix: str, tensors: Arrays) -> None:
    """Load a head's weights, checking name and shape of each; the head ends in evaluation mode."""
    shapes = {key: tuple(value.shape) for key, value in head.state_dict().items()}
    state = {
        key: torch.from_numpy(array(tensors, f"{prefix}.{key}", shape).astype(np.float32))
        for key, shape in shapes.items()
    }
    head.load_state_dict(state)
    head.eval().requires_grad_(False)


def size_in(artefact: Artefact, name: str) -> int:
    """A size that the config names.

    Raises:
        ModelError: it is missing or impossible.
    """
    value = artefact.config.get(name)
    if not isinstance(value, int) or not 0 < value <= 16_384:
        raise ModelError(f"{artefact.folder}: config.json has no valid {name!r}.")
    return value
