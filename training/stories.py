"""From articles to what a model is fitted on: read stories, and their sentence vectors."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from models.artefact import ADAPTER, load_artefact
from models.encoder import DEFAULT_ENCODER
from models.standard import EncoderSpec
from models.story import Story, passages, read_story
from training.data import Articles
from training.progress import progress
from training.splits import content_key, every_label_taught, split_rows

__all__ = ["encode_stories", "open_encoder", "progress", "read_stories", "split_articles"]

log = logging.getLogger(__name__)
ENCODE_TOGETHER = 512


def _read(pair: tuple[str, str | None]) -> Story:
    return read_story(pair[0], title=pair[1])


def read_stories(articles: Articles, *, workers: int = 2) -> list[Story]:
    """Every article cleaned and cut into sentences, in order."""
    pairs = list(zip(articles.texts, articles.titles, strict=True))
    if len(pairs) < 500 or workers < 2:
        return [_read(pair) for pair in pairs]
    stories = []
    with progress("Reading stories", len(pairs)) as advance, ProcessPoolExecutor(workers) as pool:
        for story in pool.map(_read, pairs, chunksize=64):
            stories.append(story)
            advance()
    return stories


def encode_stories(
    spec: EncoderSpec,
    stories: Sequence[Story],
    cache: Path | None = None,
    *,
    layers: int = 1,
    on_progress: Callable[[int], object] | None = None,
) -> list[NDArray[np.float16]]:
    """Sentence vectors of each story's passages (title first, where there is one), in float16.

    `layers` as in `models.encoder.Encoder.encode`. `on_progress` is called with how many more stories are read; without
    it a progress bar is shown.

    With a `cache` folder the vectors are kept there under a name made of the encoder and the text, and read back the
    next time.
    """
    kept = cache / f"{_vectors_key(spec, stories, layers)}.safetensors" if cache is not None else None
    if kept is not None and kept.is_file():
        try:
            found = safetensors.numpy.load_file(kept)
            if on_progress is not None:
                on_progress(len(stories))
            return np.split(found["vectors"], np.cumsum(found["sentences"])[:-1])
        except (safetensors.SafetensorError, KeyError):
            log.warning("%s: damaged, or no sentence vectors; they are made again.", kept)
    vectors: list[NDArray[np.float16]] = []
    encoder = spec.open()
    with nullcontext(on_progress) if on_progress else progress("Encoding stories", len(stories)) as advance:
        for first in range(0, len(stories), ENCODE_TOGETHER):
            part = [passages(story) for story in stories[first : first + ENCODE_TOGETHER]]
            vectors.extend(story.vectors.astype(np.float16) for story in encoder.encode(part, layers=layers))
            advance(len(part))
    if kept is not None and vectors:
        kept.parent.mkdir(parents=True, exist_ok=True)
        sizes = np.array([len(story) for story in vectors], dtype=np.int64)
        beside = kept.with_suffix(".part")
        safetensors.numpy.save_file({"vectors": np.concatenate(vectors), "sentences": sizes}, beside)
        beside.replace(kept)
    return vectors


def _vectors_key(spec: EncoderSpec, stories: Sequence[Story], layers: int) -> str:
    digest = hashlib.sha256((spec.fingerprint + (f":{layers}" if layers > 1 else "")).encode())
    for story in stories:
        digest.update("\n".join([*passages(story), ""]).encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:32]


def open_encoder(name: str | None) -> EncoderSpec:
    """The encoder a model is trained on.

    `name` is a hub id or a folder of an encoder; or a Copydesk model, whose adapted encoder is then shared. None is
    the default encoder.
    """
    if name is not None and (Path(name) / ADAPTER).is_file():
        return EncoderSpec.from_artefact(load_artefact(name))
    return EncoderSpec.of(name or DEFAULT_ENCODER)


def split_articles(articles: Articles, *, fraction: float, seed: int) -> tuple[Articles, Articles]:
    """Hold a share of the articles out for validation, but of no label all; see `training.splits`."""
    keys = [content_key(title, text) for title, text in zip(articles.titles, articles.texts, strict=True)]
    strata = [row[0] if row else "" for row in articles.labels] if articles.labels is not None else None
    train, held = split_rows(keys, strata, fraction=fraction, seed=seed)
    if articles.labels is not None:
        train, held = every_label_taught(articles.labels, keys, train, held)
    return articles.take(train), articles.take(held)
