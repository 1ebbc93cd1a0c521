"""The steps of a fine-tuning run: which stories are learnt from together, laid out beforehand as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.encoder import Encoder, collate_windows


@dataclass(frozen=True, slots=True)
class TopicTask:
    """Stories with topics: sentences, and targets of shape `(n_stories, n_labels)`.

    With `exclusive` targets a story has one label and the loss is softmax cross-entropy, else it is binary
    cross-entropy per label.
    """

    stories: Sequence[Sequence[str]]
    targets: NDArray[np.float32]
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class SummaryTask:
    """Stories with targets: sentences, and how much each belongs in the brief, from 0 to 1, `(n_sentences,)`."""

    stories: Sequence[Sequence[str]]
    targets: Sequence[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """How the encoder is adapted; the defaults come from a small search on validation data.

    With `full` every weight of the encoder is trained, at `full_lr`, in place of a LoRA adapter of `rank`. `blend` is
    what a second opinion counts for beside a story's label, see `training.opinion`.
    """

    rank: int = 32
    alpha: int = 64
    epochs: float = 3.0
    adapter_lr: float = 1e-3
    head_lr: float = 3e-3
    warmup: float = 0.06
    topic_batch: int = 32
    summary_batch: int = 16
    topic_tokens: int = 192
    summary_tokens: int = 512
    topic_weight: float = 0.5
    summary_weight: float = 2.0
    evaluations: int = 6
    patience: int = 4
    seed: int = 13
    full: bool = False
    full_lr: float = 1e-4
    blend: float = 0.4


@dataclass(slots=True)
class TokenisedTask:
    """The first window of every story as token ids, and what is to be learnt from it."""

    ids: list[list[list[int]]]
    targets: list[Any] = field(default_factory=list)

    def lengths(self) -> NDArray[np.int64]:
        """Tokens in each story's window."""
        return np.array([sum(map(len, story)) for story in self.ids], dtype=np.int64)


def first_window(story: Sequence[list[int]], capacity: int) -> list[list[int]]:
    """The sentences that fit one window, the last one cut where it does not fit whole."""
    kept: list[list[int]] = []
    room = capacity
    for sentence in story:
        if room <= 0:
            break
        kept.append(sentence[:room])
        room -= len(sentence)
    return kept


def grouped_batches(lengths: NDArray[np.int64], size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """One epoch of random batches of stories of similar length, so that little is padded."""
    order = rng.permutation(len(lengths))
    chunk = size * 40
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), chunk):
        part = order[start : start + chunk]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches.extend(part[first : first + size] for first in range(0, len(part), size))
    return [batches[index] for index in rng.permutation(len(batches))]


class Steps(torch.utils.data.Dataset[dict[str, Any]]):
    """Every training step of a run, laid out beforehand from the seed, so that a resumed run sees the same ones."""

    def __init__(
        self,
        topics: TokenisedTask | None,
        summaries: TokenisedTask | None,
        encoder: Encoder,
        settings: FinetuneSettings,
    ) -> None:
        """Lay out the steps: as many as the topics need, or else the summaries; the other task is repeated to match."""
        self.topics, self.summaries, self.encoder = topics, summaries, encoder
        rng = np.random.default_rng(settings.seed)
        leading = topics or summaries
        assert leading is not None
        leading_batch = settings.topic_batch if topics else settings.summary_batch
        n_steps = max(1, round(settings.epochs * len(leading.ids) / leading_batch))
        self.plans = [
            self._plan(topics, settings.topic_batch, n_steps, rng),
            self._plan(summaries, settings.summary_batch, n_steps, rng),
        ]
        self.n_steps = n_steps

    @staticmethod
    def _plan(
        task: TokenisedTask | None, size: int, n_steps: int, rng: np.random.Generator
    ) -> list[NDArray[np.int64]] | None:
        if task is None:
            return None
        lengths, plan = task.lengths(), list[NDArray[np.int64]]()
        while len(plan) < n_steps:
            plan.extend(grouped_batches(lengths, size, rng))
        return plan[:n_steps]

    def __len__(self) -> int:
        """Number of steps."""
        return self.n_steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        """Tensors of one step."""
        item: dict[str, Any] = {}
        for name, task, plan in zip(("topics", "summaries"), (self.topics, self.summaries), self.plans, strict=True):
            if task is not None and plan is not None:
                item.update(step_tensors(name, task, plan[step], self.encoder))
        return item


def step_tensors(name: str, task: TokenisedTask, rows: NDArray[np.int64], encoder: Encoder) -> dict[str, Any]:
    """One task's share of a step, as flat tensors that `Trainer` can move between devices."""
    stories = [task.ids[row] for row in rows]
    windows = collate_windows(stories, encoder.prefix, encoder.suffix)
    mask = windows.attention_mask()
    return {
        f"{name}_input_ids": windows.input_ids,
        f"{name}_segments": windows.segments,
        f"{name}_attention_mask": torch.ones_like(windows.input_ids) if mask is None else mask,
        f"{name}_sizes": torch.tensor([len(story) for story in stories]),
        f"{name}_targets": (
            torch.from_numpy(np.stack([task.targets[row] for row in rows]))
            if name == "topics"
            else torch.cat([torch.from_numpy(task.targets[row]) for row in rows])
        ),
    }


def tokenise_topics(task: TopicTask, encoder: Encoder, tokens: int) -> TokenisedTask:
    """First windows of labelled stories; stories without any token are left out."""
    ids = [first_window(story, min(tokens - 2, encoder.capacity)) for story in encoder.tokenize(task.stories).ids]
    kept = [row for row, story in enumerate(ids) if any(story)]
    return TokenisedTask([ids[row] for row in kept], [task.targets[row].astype(np.float32) for row in kept])


def tokenise_summaries(task: SummaryTask, encoder: Encoder, tokens: int) -> TokenisedTask:
    """First windows of summarised stories; those that want no sentence of the window are left out."""
    out = TokenisedTask([])
    for story, targets in zip(encoder.tokenize(task.stories).ids, task.targets, strict=True):
        window = first_window(story, min(tokens - 2, encoder.capacity))
        target = np.asarray(targets[: len(window)], dtype=np.float32)
        if target.any():
            out.ids.append(window)
            out.targets.append(target)
    return out


def batches_by_length(task: TokenisedTask, size: int) -> Iterator[NDArray[np.int64]]:
    """Every story once, in batches of similar length."""
    order = np.argsort(task.lengths(), kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]
