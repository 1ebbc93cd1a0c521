"""Topics of the standard engine: attention over sentence vectors, and the fast engine's n-grams beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.artefact import Arrays, Artefact, array
from models.errors import ModelError
from models.fast_topics import FastTopicClassifier
from models.fitting import HeadSettings, fit_topic_head
from models.heads import POSITION_STARTS, TopicHead, pad_stories
from models.novelty import FEWEST_STORIES, Familiarity, pooled
from models.standard import EncoderSpec, FloatArray, OverVectors, head_state, restore_head, size_in
from models.workers import side_by_side

MOST_NGRAM_WEIGHT = 100.0


class StandardTopics(OverVectors):
    """Topic logits from sentence vectors, by attention pooling (see `models.heads.TopicHead`), and from n-grams.

    Attributes:
        head: the layer over sentence vectors, after `fit`.
        ngrams: the fast engine's classifier, whose logits are added; None where it does not help.
        ngram_weight: what its logits are multiplied by.
        familiarity: the training stories' place among sentence vectors, None where there were too few of them.
        layers: of the encoder that are read, by what tells stories from no news (`features`), and by the head as many
            as its settings say; what is `familiar` goes by the last one.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        settings: HeadSettings | None = None,
        dtype: str = "auto",
        *,
        layers: int | None = None,
    ) -> None:
        """Keep the parameters; `fit` learns. `layers` are those that the head reads when None."""
        super().__init__(spec, dtype)
        self.settings = settings or HeadSettings()
        self.layers = layers or self.settings.layers
        self.head: TopicHead | None = None
        self.ngrams: FastTopicClassifier | None = None
        self.ngram_weight = 0.0
        self.familiarity: Familiarity | None = None

    def fit(
        self,
        vectors: Sequence[NDArray[Any]],
        targets: FloatArray,
        *,
        exclusive: bool,
        first: FloatArray | None = None,
        names: tuple[Sequence[NDArray[Any]], FloatArray] | None = None,
        held_out: tuple[Sequence[NDArray[Any]], FloatArray] | None = None,
        on_progress: Callable[[int, float], None] | None = None,
    ) -> StandardTopics:
        """Fit the head on sentence vectors `(n_sentences, layers * hidden)`, see `models.fitting.fit_topic_head`.

        `names` are vectors and targets of more that the head learns from, and that is no story: see
        `models.label_names.plain_names`.
        """
        width = vectors[0].shape[1] // self.layers * self.settings.layers
        more, wanted = names or ((), targets[:0])
        head = fit_topic_head(
            [story[:, :width] for story in (*vectors, *more)],
            np.concatenate([targets, wanted]),
            exclusive=exclusive,
            first=None if first is None else np.concatenate([first, wanted]),
            settings=self.settings,
            held_out=None if held_out is None else ([story[:, :width] for story in held_out[0]], held_out[1]),
            on_progress=on_progress,
        )
        return self.adopt(head, vectors)

    def adopt(self, head: TopicHead, vectors: Sequence[NDArray[Any]]) -> StandardTopics:
        """Take a head that is fitted; the stories of these vectors, as in `fit`, are what is familiar."""
        self.head = head
        self._round()
        self.familiarity = Familiarity.fit(self._last(vectors)) if len(vectors) >= FEWEST_STORIES else None
        return self

    @property
    def hidden(self) -> int:
        """Size of a vector of one layer."""
        assert self.head is not None
        return self.head.label.in_features // self.settings.layers

    def _last(self, vectors: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """The part of sentence vectors that is the last layer's."""
        return [story[:, : self.hidden] for story in vectors]

    def add_ngrams(self, ngrams: FastTopicClassifier, weight: float) -> None:
        """Add a fitted classifier's logits, times `weight`, to the head's; 0 leaves it out.

        Its intercepts join the head's, so that every part of a logit belongs to a sentence.
        """
        if weight <= 0:
            return
        assert self.head is not None
        self.ngrams, self.ngram_weight = ngrams, weight
        with torch.no_grad():
            self.head.label.bias.add_(torch.from_numpy(np.float32(weight) * ngrams.intercept_))
        self._round()

    def _round(self) -> None:
        """Bring the weights to the precision they are saved in, so that a loaded model answers the same."""
        assert self.head is not None
        restore_head(self.head, "topics", head_state(self.head, "topics"))

    def attended(self, vectors: Sequence[NDArray[Any]]) -> list[FloatArray]:
        """What the head finds in each sentence for each label, `(n_sentences, n_labels)` per story."""
        return list(side_by_side(self._attended, vectors))

    def _attended(self, vectors: NDArray[Any]) -> FloatArray:
        """Of one story, by itself, so that its answer is the same to the bit whatever it is read with."""
        assert self.head is not None
        if not len(vectors):
            return np.zeros((0, self.n_labels), dtype=np.float32)
        with torch.inference_mode():
            _, parts = self.head(*pad_stories([vectors[:, : self.head.label.in_features].astype(np.float32)]))
        values: FloatArray = parts[0].numpy()
        return values

    def logits(self, vectors: Sequence[NDArray[Any]], texts: Sequence[str] | None = None) -> FloatArray:
        """`(n_stories, n_labels)`; `texts` are the stories' passages, one a line, which the n-grams are read from."""
        logits = self.attended_logits(vectors)
        if self.ngrams is not None:
            assert texts is not None
            logits += np.float32(self.ngram_weight) * (self.ngrams.decision_function(texts) - self.ngrams.intercept_)
        return logits

    def leading_logits(self, texts: Sequence[str]) -> FloatArray | None:
        """What n-grams say of which label is dominant, `(n_stories, n_labels)`; None where they did not learn it."""
        return self.ngrams.leading_logits(texts) if self.ngrams is not None else None

    def attended_logits(self, vectors: Sequence[NDArray[Any]]) -> FloatArray:
        """The head's part of the logits, `(n_stories, n_labels)`."""
        parts = self.attended(vectors)
        logits = np.zeros((len(parts), self.n_labels), dtype=np.float32)
        for row, part in enumerate(parts):
            logits[row] = part.sum(axis=0)
        return logits

    def features(self, vectors: Sequence[NDArray[Any]]) -> FloatArray:
        """The stories' mean sentence vectors of each layer, scaled to length 1, `(n_stories, layers * hidden)`."""
        edges = self.hidden * np.arange(self.layers)
        return np.concatenate([pooled([story[:, a : a + self.hidden] for story in vectors]) for a in edges], axis=1)

    @property
    def n_features(self) -> int:
        """Columns of `features`."""
        return self.hidden * self.layers

    def strangeness(self, vectors: Sequence[NDArray[Any]], texts: Sequence[str]) -> FloatArray:
        """How far each story is from the training stories, `(n_stories,)`; see `models.novelty.Familiarity`."""
        if self.familiarity is None:
            return np.zeros(len(vectors), np.float32)
        return self.familiarity.distances(self._last(vectors))

    def strange_limit(self, vectors: Sequence[NDArray[Any]]) -> float:
        """The distance beyond which a story is strange, from stories that `fit` has not seen; infinite if none is."""
        return float("inf") if self.familiarity is None else self.familiarity.limit(self._last(vectors))

    def contributions(self, passages: Sequence[str], vectors: NDArray[Any]) -> FloatArray:
        """What each passage of a story adds to each label's logit, `(n_passages, n_labels)`; they sum to `logits`."""
        parts = self.attended([vectors])[0]
        if self.ngrams is not None and len(passages):
            return parts + np.float32(self.ngram_weight) * self.ngrams.contributions(passages)
        return parts

    @property
    def n_labels(self) -> int:
        """Labels the head scores."""
        assert self.head is not None
        return self.head.label.out_features

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        assert self.head is not None
        config: dict[str, Any] = {"encoder": self.spec.config(), "hidden": self.hidden}
        if self.layers > 1:
            config["layers_read"] = self.layers
        if self.settings.layers < self.layers:
            config["head_layers"] = self.settings.layers
        if self.head.units:
            config["units"] = self.head.units
        if self.ngrams is not None:
            config["fast"] = {**self.ngrams.config(), "weight": self.ngram_weight}
        return config

    def tensors(self) -> Arrays:
        """The head's weights, in float16."""
        assert self.head is not None
        familiar = self.familiarity.tensors() if self.familiarity is not None else {}
        return {**head_state(self.head, "topics"), **familiar}

    def fast_arrays(self) -> Arrays:
        """The n-gram classifier's weights, to be saved beside the head."""
        return self.ngrams.tensors() if self.ngrams is not None else {}

    @classmethod
    def from_artefact(
        cls, artefact: Artefact, n_labels: int, *, encoder: str | None = None, dtype: str = "auto"
    ) -> StandardTopics:
        """As saved."""
        array(artefact.tensors, "topics.position.weight", (len(POSITION_STARTS), n_labels))
        units, layers = _size(artefact, "units", 0), _size(artefact, "layers_read", 1)
        settings = HeadSettings(units=units, layers=_size(artefact, "head_layers", layers))
        if settings.layers > layers:
            raise ModelError(
                f"{artefact.folder}: config.json: 'head_layers' is {settings.layers}, 'layers_read' {layers}."
            )
        topics = cls(EncoderSpec.from_artefact(artefact, encoder), settings, dtype, layers=layers)
        topics.head = TopicHead(settings.layers * size_in(artefact, "hidden"), n_labels, units=units)
        restore_head(topics.head, "topics", artefact.tensors)
        if any(name.startswith("familiar.") for name in artefact.tensors):
            topics.familiarity = Familiarity.from_tensors(artefact.tensors, size_in(artefact, "hidden"))
        if "fast" in artefact.config:
            topics.ngrams, topics.ngram_weight = _ngrams(artefact, n_labels)
        return topics


def _size(artefact: Artefact, name: str, otherwise: int) -> int:
    """A size that the config may name."""
    return size_in(artefact, name) if artefact.config.get(name) is not None else otherwise


def _ngrams(artefact: Artefact, n_labels: int) -> tuple[FastTopicClassifier, float]:
    entry = artefact.config["fast"]
    weight = entry.get("weight") if isinstance(entry, dict) else None
    if not isinstance(weight, int | float) or not 0 < weight <= MOST_NGRAM_WEIGHT:
        raise ModelError(f"{artefact.folder}: config.json has no valid 'fast'.")
    ngrams = FastTopicClassifier.from_parts(entry, artefact.fast)
    if len(ngrams.classes_) != n_labels:
        raise ModelError(f"{artefact.folder}: 'fast' knows {len(ngrams.classes_)} labels, the model {n_labels}.")
    return ngrams, float(weight)
