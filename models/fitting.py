"""Fit the two heads over cached sentence vectors: seconds to minutes on a CPU, the same result every time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.heads import SummaryHead, TopicHead, pad_stories

Vectors = Sequence[NDArray[Any]]
DOMINANCE = 2.0
"""How much telling the dominant label from all others counts, beside telling which labels a story has."""
SMALLEST_BATCH, FEWEST_STEPS, MOST_EPOCHS = 8, 400, 60


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How a head is fitted.

    Attributes:
        epochs: most passes over the stories.
        patience: passes without a better held-out loss before stopping; without held-out stories all are made.
        batch: stories per step.
        dropout: share of inputs dropped while fitting.
        units: hidden units of a topic head, see `models.heads.TopicHead`.
        layers: of the encoder that it reads, whose vectors stand side by side (`models.encoder.Encoder.encode`).
    """

    epochs: int = 12
    patience: int = 3
    lr: float = 1e-3
    weight_decay: float = 0.05
    batch: int = 64
    dropout: float = 0.3
    seed: int = 13
    units: int = 0
    layers: int = 1


def settings_for(settings: HeadSettings, n_stories: int) -> HeadSettings:
    """The settings with smaller batches and more passes where there are few stories, so that they still teach."""
    batch = int(np.clip(n_stories // 50, SMALLEST_BATCH, settings.batch))
    steps = -(-n_stories // batch)
    return replace(settings, batch=batch, epochs=min(MOST_EPOCHS, max(settings.epochs, -(-FEWEST_STEPS // steps))))


def label_prior(targets: NDArray[np.floating]) -> NDArray[np.float32]:
    """Log-odds of each label's frequency, `(n_labels,)`, from targets `(n_stories, n_labels)`."""
    frequency = (targets.sum(axis=0) + 0.5) / (len(targets) + 1.0)
    prior: NDArray[np.float32] = np.log(frequency / (1.0 - frequency)).astype(np.float32)
    return prior


def topic_loss(logits: Tensor, targets: Tensor, exclusive: bool, first: Tensor | None = None) -> Tensor:
    """Softmax cross-entropy where labels exclude each other, else binary cross-entropy summed over the labels.

    `first`, of the shape of `targets`, has a 1 at the dominant label of a row; telling it from all others adds
    `DOMINANCE` times what it would cost if labels excluded each other.
    """
    if exclusive:
        return nn.functional.cross_entropy(logits, targets)
    elements = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    loss = elements.sum(dim=1).mean()
    return loss if first is None else loss + DOMINANCE * nn.functional.cross_entropy(logits, first)


def fit_topic_head(
    vectors: Vectors,
    targets: NDArray[np.float32],
    *,
    exclusive: bool,
    first: NDArray[np.float32] | None = None,
    settings: HeadSettings | None = None,
    held_out: tuple[Vectors, NDArray[np.float32]] | None = None,
    on_progress: Callable[[int, float], None] | None = None,
) -> TopicHead:
    """Fit a topic head.

    Args:
        vectors: one `(n_sentences, hidden)` array per story.
        targets: 0/1, `(n_stories, n_labels)`.
        exclusive: whether a story has exactly one label.
        first: 1 at the dominant label of each story, of the same shape (`models.dominance.dominant`): it shall be the
            likeliest. All labels are alike when None.
        settings: see `HeadSettings`.
        held_out: stories that decide when to stop.
        on_progress: called after each pass with its number and the held-out (or training) loss.

    Returns:
        The head of the best pass, in evaluation mode.
    """
    settings = settings_for(settings or HeadSettings(), len(vectors))
    torch.manual_seed(settings.seed)
    head = TopicHead(vectors[0].shape[1], targets.shape[1], settings.dropout, label_prior(targets), settings.units)

    def loss_of(stories: Vectors, rows: NDArray[np.int64], wanted: Any) -> Tensor:
        logits, _ = head(*pad_stories([stories[row].astype(np.float32) for row in rows]))
        named, leading = torch.from_numpy(wanted[rows].astype(np.float32)).unbind(dim=1)
        return topic_loss(logits, named, exclusive, leading)

    wanted = np.stack([targets, np.zeros_like(targets) if first is None else first], axis=1)
    if held_out is not None:
        held_out = held_out[0], np.stack([held_out[1], np.zeros_like(held_out[1])], axis=1)
    _fit(head, loss_of, (vectors, wanted), held_out, settings, on_progress)
    return head


def fit_summary_head(
    vectors: Vectors,
    targets: Sequence[NDArray[np.float32]],
    *,
    settings: HeadSettings | None = None,
    held_out: tuple[Vectors, Sequence[NDArray[np.float32]]] | None = None,
    on_progress: Callable[[int, float], None] | None = None,
    start: SummaryHead | None = None,
) -> SummaryHead:
    """Fit a summary head.

    Args:
        vectors: one `(n_sentences, hidden)` array per story.
        targets: per story, how much each sentence belongs in the brief, from 0 to 1, `(n_sentences,)`.
        settings: see `HeadSettings`.
        held_out: stories that decide when to stop.
        on_progress: called after each pass with its number and the held-out (or training) loss.
        start: a head to go on from.

    Returns:
        The head of the best pass, in evaluation mode.
    """
    settings = settings or HeadSettings()
    torch.manual_seed(settings.seed)
    head = copy.deepcopy(start) if start is not None else SummaryHead(vectors[0].shape[1], dropout=settings.dropout)

    def loss_of(stories: Vectors, rows: NDArray[np.int64], wanted: Any) -> Tensor:
        padded, mask = pad_stories([stories[row].astype(np.float32) for row in rows])
        flat = torch.from_numpy(np.concatenate([wanted[row] for row in rows]).astype(np.float32))
        return nn.functional.binary_cross_entropy_with_logits(head(padded, mask)[mask], flat)

    _fit(head, loss_of, (vectors, targets), held_out, settings, on_progress)
    return head


def _fit(
    head: nn.Module,
    loss_of: Callable[[Vectors, NDArray[np.int64], Any], Tensor],
    data: tuple[Vectors, Any],
    held_out: tuple[Vectors, Any] | None,
    settings: HeadSettings,
    on_progress: Callable[[int, float], None] | None,
) -> None:
    """Minimise a loss with AdamW, a cosine schedule and early stopping; the head ends in evaluation mode."""
    vectors, wanted = data
    lengths = np.array([len(array) for array in vectors], dtype=np.int64)
    rng = np.random.default_rng(settings.seed)
    steps = settings.epochs * -(-len(vectors) // settings.batch)
    optimizer = torch.optim.AdamW(head.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, total_steps=max(steps, 4), pct_start=0.1)
    best, best_state, waited = float("inf"), None, 0
    for epoch in range(settings.epochs):
        head.train()
        total = 0.0
        for rows in _epoch(lengths, settings.batch, rng):
            loss = loss_of(vectors, rows, wanted)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        head.eval()
        judged = total / len(vectors)
        if held_out is not None:
            judged = _mean_loss(loss_of, held_out, settings.batch)
            if judged < best - 1e-5:
                best, best_state, waited = judged, copy.deepcopy(head.state_dict()), 0
            else:
                waited += 1
        if on_progress is not None:
            on_progress(epoch + 1, judged)
        if held_out is not None and waited >= settings.patience:
            break
    if best_state is not None:
        head.load_state_dict(best_state)
    head.eval().requires_grad_(False)


def _epoch(lengths: NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Random batches of stories of similar length."""
    order = rng.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), size * 20):
        part = order[start : start + size * 20]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches.extend(part[first : first + size] for first in range(0, len(part), size))
    for index in rng.permutation(len(batches)):
        yield batches[index]


def _mean_loss(
    loss_of: Callable[[Vectors, NDArray[np.int64], Any], Tensor], data: tuple[Vectors, Any], size: int
) -> float:
    vectors, wanted = data
    order = np.argsort([len(array) for array in vectors], kind="stable")
    total = 0.0
    with torch.inference_mode():
        for first in range(0, len(order), size):
            rows = order[first : first + size]
            total += loss_of(vectors, rows, wanted).item() * len(rows)
    return total / len(vectors)
