"""What the model without fine-tuning says of the stories that fine-tuning is to learn from, each left out when asked.

Some labels are wrong, others could as well be different, and an encoder that is adapted learns them by heart. Blended
with what a first model finds likely, a label weighs less the less the rest of the data speaks for it: Reed et al.,
"Training deep neural networks on noisy labels with bootstrapping" (2015), with chances that are out of sample.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data import Articles
from training.decisions import calibrate
from training.topic_fits import FEWEST_FOR_UNITS as FEWEST
from training.topic_fits import TopicSettings, fit_standard
from training.topics import default_encoder, encoder_knows, topic_rows

log = logging.getLogger(__name__)


def second_opinion(articles: Articles, held: Articles, classes: Sequence[str], seed: int) -> NDArray[np.float32] | None:
    """How likely each label is by a model that was fitted without the story, `(n_stories, n_labels)`.

    It is the one that `train topics` fits without fine-tuning, on the encoder that it takes by default.

    Args:
        articles: labelled articles, one label each.
        held: held-out ones.
        classes: the labels, in the columns' order.
        seed: of the folds.

    Returns:
        None where stories have several labels, or are too few to tell a doubtful one.
    """
    if not articles.exclusive or len(articles) < FEWEST:
        return None
    log.info("Before the encoder is adapted, a model without is fitted, whose doubts count as well as the labels.")
    encoder = default_encoder(classes)
    if encoder_knows(encoder, articles):
        encoder = None
    rows, aside = topic_rows(articles, classes), topic_rows(held, classes)
    fitted = fit_standard(rows, aside, True, TopicSettings(encoder=encoder, seed=seed), seen=False)
    logits = fitted.calibration_logits
    return calibrate(logits, rows.targets, True).apply(logits).astype(np.float32)
