"""The standard engine: heads over sentence vectors of one encoder, which topics and summaries share."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.artefact import Arrays, Artefact, array
from models.encoder import DEFAULT_ENCODER, EncodedStory, Encoder, locate_encoder, sha256_of
from models.errors import ModelError
from models.fitting import HeadSettings, fit_summary_head, fit_topic_head
from models.heads import MAX_POSITION, POSITION_STARTS, SummaryHead, TopicHead, pad_stories

FloatArray = NDArray[np.float32]
HEAD_BATCH = 64
TOGETHER = 256
"""Sentences that the summary head compares with each other; longer stories are read in parts of this size."""

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
                if self.sha256 and encoder.sha256 != self.sha256:
                    raise ModelError(
                        f"encoder {self.name!r}: SHA-256 {encoder.sha256}, but the model was trained on "
                        f"{self.sha256}; install that version of it, or retrain."
                    )
                _OPEN[key] = encoder
            return _OPEN[key]

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


class _OverVectors:
    """What both engines share: the encoder, opened when first needed."""

    engine = "standard"

    def __init__(self, spec: EncoderSpec, dtype: str = "auto") -> None:
        self.spec = spec
        self.dtype = dtype

    @property
    def encoder(self) -> Encoder:
        """The shared encoder."""
        return self.spec.open(self.dtype)

    def encode(self, stories: Sequence[Sequence[str]]) -> list[EncodedStory]:
        """Sentence vectors of stories given as lists of sentences."""
        return self.encoder.encode(stories)

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


class StandardTopics(_OverVectors):
    """Topic logits from sentence vectors, by attention pooling; see `models.heads.TopicHead`."""

    def __init__(self, spec: EncoderSpec, settings: HeadSettings | None = None, dtype: str = "auto") -> None:
        """Keep the parameters; `fit` learns."""
        super().__init__(spec, dtype)
        self.settings = settings or HeadSettings()
        self.head: TopicHead | None = None

    def fit(
        self,
        vectors: Sequence[NDArray[Any]],
        targets: FloatArray,
        *,
        exclusive: bool,
        held_out: tuple[Sequence[NDArray[Any]], FloatArray] | None = None,
        on_progress: Callable[[int, float], None] | None = None,
    ) -> StandardTopics:
        """Fit the head on sentence vectors, see `models.fitting.fit_topic_head`."""
        self.head = fit_topic_head(
            vectors, targets, exclusive=exclusive, settings=self.settings, held_out=held_out, on_progress=on_progress
        )
        self._round()
        return self

    def _round(self) -> None:
        """Bring the weights to the precision they are saved in, so that a loaded model answers the same."""
        assert self.head is not None
        restore_head(self.head, "topics", head_state(self.head, "topics"))

    def contributions(self, vectors: Sequence[NDArray[Any]]) -> list[FloatArray]:
        """What each sentence adds to each label's logit, `(n_sentences, n_labels)` per story."""
        assert self.head is not None
        parts: list[FloatArray] = [np.zeros((0, 0), dtype=np.float32)] * len(vectors)
        order = sorted(range(len(vectors)), key=lambda row: len(vectors[row]))
        with torch.inference_mode():
            for first in range(0, len(order), HEAD_BATCH):
                rows = order[first : first + HEAD_BATCH]
                _, part = self.head(*pad_stories([vectors[row].astype(np.float32) for row in rows]))
                for row, values in zip(rows, part.numpy(), strict=True):
                    parts[row] = values[: len(vectors[row])]
        return parts

    def logits(self, vectors: Sequence[NDArray[Any]]) -> FloatArray:
        """`(n_stories, n_labels)`: the sums of the contributions."""
        parts = self.contributions(vectors)
        assert self.head is not None
        stacked = [part.sum(axis=0) if len(part) else np.zeros(self.n_labels, np.float32) for part in parts]
        return np.stack(stacked) if stacked else np.zeros((0, self.n_labels), dtype=np.float32)

    @property
    def n_labels(self) -> int:
        """Labels the head scores."""
        assert self.head is not None
        return self.head.label.out_features

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        assert self.head is not None
        return {"encoder": self.spec.config(), "hidden": self.head.label.in_features}

    def tensors(self) -> Arrays:
        """The head's weights, in float16."""
        assert self.head is not None
        return head_state(self.head, "topics")

    @classmethod
    def from_artefact(
        cls, artefact: Artefact, n_labels: int, *, encoder: str | None = None, dtype: str = "auto"
    ) -> StandardTopics:
        """As saved."""
        topics = cls(EncoderSpec.from_artefact(artefact, encoder), dtype=dtype)
        array(artefact.tensors, "topics.position.weight", (len(POSITION_STARTS), n_labels))
        topics.head = TopicHead(_size(artefact, "hidden"), n_labels)
        restore_head(topics.head, "topics", artefact.tensors)
        return topics


class StandardSummariser(_OverVectors):
    """Sentence scores from sentence vectors; see `models.heads.SummaryHead`."""

    def __init__(self, spec: EncoderSpec, settings: HeadSettings | None = None, dtype: str = "auto") -> None:
        """Keep the parameters; `fit` learns."""
        super().__init__(spec, dtype)
        self.settings = settings or HeadSettings(epochs=4, lr=1e-3, batch=32, dropout=0.1)
        self.head: SummaryHead | None = None

    def fit(
        self,
        vectors: Sequence[NDArray[Any]],
        targets: Sequence[FloatArray],
        *,
        held_out: tuple[Sequence[NDArray[Any]], Sequence[FloatArray]] | None = None,
        on_progress: Callable[[int, float], None] | None = None,
        start: SummaryHead | None = None,
    ) -> StandardSummariser:
        """Fit the head on sentence vectors, see `models.fitting.fit_summary_head`."""
        self.head = fit_summary_head(
            vectors, targets, settings=self.settings, held_out=held_out, on_progress=on_progress, start=start
        )
        restore_head(self.head, "summary", head_state(self.head, "summary"))
        return self

    def scores(self, vectors: Sequence[NDArray[Any]]) -> list[FloatArray]:
        """A logit per sentence, `(n_sentences,)` per story."""
        assert self.head is not None
        scores = [np.zeros(len(story), dtype=np.float32) for story in vectors]
        parts = [(row, first) for row, story in enumerate(vectors) for first in range(0, len(story), TOGETHER)]
        parts.sort(key=lambda part: (part[1], len(vectors[part[0]])))
        with torch.inference_mode():
            for start in range(0, len(parts), HEAD_BATCH):
                for offset in sorted({first for _, first in parts[start : start + HEAD_BATCH]}):
                    rows = [row for row, first in parts[start : start + HEAD_BATCH] if first == offset]
                    pieces = [vectors[row][offset : offset + TOGETHER].astype(np.float32) for row in rows]
                    values = self.head(*pad_stories(pieces), offset).numpy()
                    for row, piece, value in zip(rows, pieces, values, strict=True):
                        scores[row][offset : offset + len(piece)] = value[: len(piece)]
        return scores

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        assert self.head is not None
        return {
            "encoder": self.spec.config(),
            "hidden": self.head.project.in_features,
            "width": self.head.project.out_features,
            "layers": len(self.head.layers.layers),
        }

    def tensors(self) -> Arrays:
        """The head's weights, in float16."""
        assert self.head is not None
        return head_state(self.head, "summary")

    @classmethod
    def from_artefact(
        cls, artefact: Artefact, *, encoder: str | None = None, dtype: str = "auto"
    ) -> StandardSummariser:
        """As saved."""
        summariser = cls(EncoderSpec.from_artefact(artefact, encoder), dtype=dtype)
        width, layers = _size(artefact, "width"), _size(artefact, "layers")
        array(artefact.tensors, "summary.position.weight", (MAX_POSITION, width))
        if width % 4 or layers > 12:
            raise ModelError(f"{artefact.folder}: config.json has an impossible 'width' or 'layers'.")
        summariser.head = SummaryHead(_size(artefact, "hidden"), width, layers)
        restore_head(summariser.head, "summary", artefact.tensors)
        return summariser


def _size(artefact: Artefact, name: str) -> int:
    value = artefact.config.get(name)
    if not isinstance(value, int) or not 0 < value <= 16_384:
        raise ModelError(f"{artefact.folder}: config.json has no valid {name!r}.")
    return value
