"""The mean of a model's weights over the steps of a run, which tells held-out stories apart better than its last ones.

A rate that is high enough to learn quickly leaves each step's weights beside where they tend to, on another side of it
each time. Later steps count more (Shamir and Zhang, "Stochastic gradient descent for non-smooth optimization", 2013),
so that a mean over few steps has left the beginning behind as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

POWER = 8
"""How much later steps count more: step `t` by `t ** POWER`, so that half of the weight is on the last 7% of them."""


class AveragedWeights(nn.Module):
    """Weights averaged over steps, as buffers, so that a checkpoint of the model that holds this keeps them."""

    def __init__(self, weights: Sequence[nn.Parameter]) -> None:
        """Begin at the weights as they are; `weights` are those that are trained."""
        super().__init__()
        self.weights = tuple(weights)  # a tuple, which the module does not register a second time
        for place, weight in enumerate(self.weights):
            self.register_buffer(f"mean{place}", weight.detach().clone())

    def update(self, step: int) -> None:
        """Take in the weights after step `step`, which counts from 1."""
        with torch.no_grad():
            torch._foreach_lerp_(list(self.buffers()), list(self.weights), (POWER + 1) / (step + POWER))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the model have the averaged weights, and its own again afterwards."""
        own = [weight.detach().clone() for weight in self.weights]
        self.take()
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(list(self.weights), own)

    def take(self) -> None:
        """Let the model have the averaged weights for good."""
        with torch.no_grad():
            torch._foreach_copy_(list(self.weights), list(self.buffers()))


class Average(TrainerCallback):
    """Takes in a run's weights after every step."""

    def __init__(self, average: AveragedWeights) -> None:
        """Keep what takes them in."""
        self.average = average

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        """A step was made."""
        self.average.update(state.global_step)
