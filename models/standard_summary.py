"""Briefs of the standard engine: an inter-sentence layer over vectors, and the fast engine's features beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.artefact import Arrays, Artefact, array
from models.errors import ModelError
from models.fast_summary import FastSummariser
from models.fitting import HeadSettings, fit_summary_head
from models.heads import MAX_POSITION, SummaryHead, pad_stories
from models.standard import EncoderSpec, FloatArray, OverVectors, head_state, restore_head, size_in
from models.story import Story
from models.workers import side_by_side

TOGETHER = 256
"""Sentences that the summary head compares with each other; longer stories are read in parts of this size."""


class StandardSummariser(OverVectors):
    """Sentence scores from sentence vectors (see `models.heads.SummaryHead`) and from the fast engine's features.

    Attributes:
        head: the layer over sentence vectors, after `fit`.
        fast: the fast engine's scorer, None where it does not help.
        mix: what the head's scores and the fast scorer's are multiplied by before they are added.
    """

    def __init__(self, spec: EncoderSpec, settings: HeadSettings | None = None, dtype: str = "auto") -> None:
        """Keep the parameters; `fit` learns."""
        super().__init__(spec, dtype)
        self.settings = settings or HeadSettings(epochs=4, lr=1e-3, batch=32, dropout=0.1)
        self.head: SummaryHead | None = None
        self.fast: FastSummariser | None = None
        self.mix = (1.0, 0.0)

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

    def add_fast(self, fast: FastSummariser, mix: tuple[float, float]) -> None:
        """Add the scores of a fitted fast scorer; `mix` is the head's factor and its own, 0 leaves it out."""
        self.fast, self.mix = (fast, mix) if mix[1] else (None, (1.0, 0.0))

    def scores(self, vectors: Sequence[NDArray[Any]], stories: Sequence[Story]) -> list[FloatArray]:
        """A logit per sentence, `(n_sentences,)` per story; `vectors` are those of the sentences, without a title's."""
        scores = self.attended(vectors)
        if self.fast is None:
            return scores
        own, other = map(np.float32, self.mix)
        return [own * mine + other * its for mine, its in zip(scores, self.fast.scores(stories), strict=True)]

    def attended(self, vectors: Sequence[NDArray[Any]]) -> list[FloatArray]:
        """The head's logit per sentence, `(n_sentences,)` per story; of two layers' vectors it reads the last's."""
        return list(side_by_side(self._attended, vectors))

    def _attended(self, vectors: NDArray[Any]) -> FloatArray:
        """Of one story, by itself, so that its answer is the same to the bit whatever it is read with."""
        assert self.head is not None
        scores = np.zeros(len(vectors), dtype=np.float32)
        with torch.inference_mode():
            for first in range(0, len(vectors), TOGETHER):
                piece = vectors[first : first + TOGETHER, : self.head.project.in_features].astype(np.float32)
                scores[first : first + TOGETHER] = self.head(*pad_stories([piece]), first)[0].numpy()
        return scores

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        assert self.head is not None
        config: dict[str, Any] = {
            "encoder": self.spec.config(),
            "hidden": self.head.project.in_features,
            "width": self.head.project.out_features,
            "layers": len(self.head.layers.layers),
        }
        if self.fast is not None:
            config["fast"] = {**self.fast.config(), "mix": list(self.mix)}
        return config

    def tensors(self) -> Arrays:
        """The head's weights, in float16."""
        assert self.head is not None
        return head_state(self.head, "summary")

    def fast_arrays(self) -> Arrays:
        """The fast scorer's weights, to be saved beside the head."""
        return self.fast.tensors() if self.fast is not None else {}

    @classmethod
    def from_artefact(
        cls, artefact: Artefact, *, encoder: str | None = None, dtype: str = "auto"
    ) -> StandardSummariser:
        """As saved."""
        summariser = cls(EncoderSpec.from_artefact(artefact, encoder), dtype=dtype)
        width, layers = size_in(artefact, "width"), size_in(artefact, "layers")
        array(artefact.tensors, "summary.position.weight", (MAX_POSITION, width))
        if width % 4 or layers > 12:
            raise ModelError(f"{artefact.folder}: config.json has an impossible 'width' or 'layers'.")
        summariser.head = SummaryHead(size_in(artefact, "hidden"), width, layers)
        restore_head(summariser.head, "summary", artefact.tensors)
        if "fast" in artefact.config:
            summariser.fast, summariser.mix = _fast(artefact)
        return summariser


def _fast(artefact: Artefact) -> tuple[FastSummariser, tuple[float, float]]:
    entry = artefact.config["fast"]
    mix = entry.get("mix") if isinstance(entry, dict) else None
    if not (isinstance(mix, list) and len(mix) == 2 and all(isinstance(x, int | float) and abs(x) < 100 for x in mix)):
        raise ModelError(f"{artefact.folder}: config.json has no valid 'fast'.")
    inner = Artefact(entry, artefact.fast, folder=artefact.folder)
    return FastSummariser.from_artefact(inner), (float(mix[0]), float(mix[1]))
