"""What the model without fine-tuning says of the stories that fine-tuning is to learn from, each left out when asked.

Some labels are wrong, others could as well be different, and an encoder that is adapted learns them by heart. Blended
with what a first model finds likely, a label weighs less the less the rest of the data speaks for it: Reed et al.,
"Training deep neural networks on noisy labels with bootstrapping" (2015), with chances that are out of sample.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from training.data import Articles, fingerprint
from training.decisions import calibrate
from training.topic_fits import FEWEST_FOR_UNITS as FEWEST
from training.topic_fits import TopicSettings, cross_standard
from training.topics import default_encoder, encoder_knows, topic_rows

log = logging.getLogger(__name__)
KEPT = "opinion.safetensors"


def second_opinion(
    articles: Articles,
    classes: Sequence[str],
    seed: int,
    *,
    folder: Path | None = None,
    resume: bool = False,
    cache: Path | None = None,
) -> NDArray[np.float32] | None:
    """How likely each label is by a model that was fitted without the story, `(n_stories, n_labels)`.

    It is the one that `train topics` fits without fine-tuning, on the encoder that it takes by default.

    Args:
        articles: labelled articles, one label each.
        classes: the labels, in the columns' order.
        seed: of the folds.
        folder: where the outcome is kept, as `KEPT`.
        resume: take what is kept there, if it was found for the same articles.
        cache: folder for sentence vectors.

    Returns:
        None where stories have several labels, or are too few to tell a doubtful one.
    """
    if not articles.exclusive or len(articles) < FEWEST:
        return None
    encoder = default_encoder(classes)
    if encoder_knows(encoder, articles):
        encoder = None
    asked = f"{fingerprint(articles)} {seed} {encoder}"
    shape = len(articles), len(classes)
    if resume and folder is not None and (kept := _kept(folder / KEPT, asked, shape)) is not None:
        return kept
    log.info("Before the encoder is adapted, a model without is fitted, whose doubts count as well as the labels.")
    rows = topic_rows(articles, classes)
    logits = cross_standard(rows, True, TopicSettings(encoder=encoder, seed=seed, cache=cache))
    chances = calibrate(logits, rows.targets, True).apply(logits).astype(np.float32)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f"{KEPT}.new"
        safetensors.numpy.save_file({"chances": chances}, beside, metadata={"asked": asked})
        beside.replace(folder / KEPT)
    return chances


def _kept(path: Path, asked: str, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """What was found before, if it is whole and answers the same question."""
    try:
        with safetensors.safe_open(path, "numpy") as file:
            chances: NDArray[np.float32] = file.get_tensor("chances")
            same = (file.metadata() or {}).get("asked") == asked
    except (OSError, safetensors.SafetensorError):
        return None
    return chances if same and chances.shape == shape else None
