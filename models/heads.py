"""The two trained layers over sentence vectors: one that names topics, one that scores sentences for a brief."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

POSITION_STARTS = (0, 1, 2, 3, 4, 6, 9, 14, 22, 40)
MAX_POSITION = 64
DROPPED_UNITS = 0.5


def pad_stories(vectors: Sequence[NDArray[np.float32] | Tensor]) -> tuple[Tensor, Tensor]:
    """Stack stories of different lengths.

    Args:
        vectors: one array of shape `(n_sentences, hidden)` per story.

    Returns:
        `(n_stories, longest, hidden)` zero-padded, and a mask `(n_stories, longest)`, True on real sentences.
    """
    tensors = [torch.as_tensor(array) for array in vectors]
    lengths = torch.tensor([len(tensor) for tensor in tensors])
    padded = nn.utils.rnn.pad_sequence(tensors, batch_first=True)
    return padded, torch.arange(padded.shape[1]).unsqueeze(0) < lengths.unsqueeze(1)


class TopicHead(nn.Module):
    """Label-wise attention pooling and a linear layer (Mullenbach et al., "CAML", 2018).

    Each label weighs the sentences on its own, so its logit is exactly the sum of what the sentences contribute:
    `logit[l] = sum_s attention[s, l] * (weight[l] . v[s] + bias[l])`. With hidden units, what a sentence says is also
    read through them: `down[l] . gelu(up v[s])` joins the bracket. The sum holds all the same, as no unit sees more
    than one sentence.
    """

    def __init__(
        self,
        hidden: int,
        n_labels: int,
        dropout: float = 0.1,
        prior: NDArray[np.float32] | None = None,
        units: int = 0,
    ) -> None:
        """Make an untrained head whose attention is uniform but for a slight lean on the opening.

        Args:
            hidden: size of a sentence vector.
            n_labels: how many labels there are.
            dropout: share of the vectors' values dropped while fitting.
            prior: logits to start from, those of the labels' frequencies, `(n_labels,)`.
            units: hidden units, of which `DROPPED_UNITS` are dropped while fitting; none make the head linear.
        """
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.Linear(hidden, n_labels, bias=False)
        self.position = nn.Embedding(len(POSITION_STARTS), n_labels)
        self.label = nn.Linear(hidden, n_labels)
        nn.init.zeros_(self.attention.weight)
        nn.init.normal_(self.label.weight, std=0.02)
        if prior is not None:
            with torch.no_grad():
                self.label.bias.copy_(torch.as_tensor(prior))
        with torch.no_grad():
            self.position.weight.copy_(torch.linspace(1.0, 0.0, len(POSITION_STARTS)).unsqueeze(1))
        self.units = units
        if units:
            self.up = nn.Linear(hidden, units)
            self.dropped = nn.Dropout(DROPPED_UNITS)
            self.down = nn.Linear(units, n_labels, bias=False)
            nn.init.normal_(self.down.weight, std=0.02)

    def forward(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Score stories.

        Args:
            vectors: `(n_stories, n_sentences, hidden)`.
            mask: `(n_stories, n_sentences)`, True on real sentences.

        Returns:
            Logits `(n_stories, n_labels)` and the contributions they are the sum of,
            `(n_stories, n_sentences, n_labels)`. A story without sentences gets zeros.
        """
        inputs = self.dropout(self.norm(vectors))
        starts = torch.tensor(POSITION_STARTS, device=vectors.device)
        buckets = torch.bucketize(torch.arange(vectors.shape[1], device=vectors.device), starts, right=True) - 1
        scores = self.attention(inputs) + self.position(buckets).unsqueeze(0)
        scores = scores.masked_fill(~mask.unsqueeze(-1), float("-inf"))
        attention = torch.nan_to_num(torch.softmax(scores, dim=1))
        said = self.label(inputs)
        if self.units:
            said = said + self.down(self.dropped(nn.functional.gelu(self.up(inputs))))
        contributions = attention * said
        return contributions.sum(dim=1), contributions


class SummaryHead(nn.Module):
    """A small inter-sentence transformer and one score per sentence, as in BertSumExt (Liu and Lapata, 2019)."""

    def __init__(self, hidden: int, width: int = 256, layers: int = 2, heads: int = 4, dropout: float = 0.1) -> None:
        """Make an untrained head; `width` is its inner size."""
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.project = nn.Linear(hidden, width)
        self.position = nn.Embedding(MAX_POSITION, width)
        nn.init.normal_(self.position.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.score = nn.Linear(width, 1)

    def forward(self, vectors: Tensor, mask: Tensor, offset: int = 0) -> Tensor:
        """Score sentences.

        Args:
            vectors: `(n_stories, n_sentences, hidden)`.
            mask: `(n_stories, n_sentences)`, True on real sentences.
            offset: position of the first sentence, for stories read in parts.

        Returns:
            Logits of being in the brief, `(n_stories, n_sentences)`; minus infinity on padding.
        """
        positions = (torch.arange(vectors.shape[1], device=vectors.device) + offset).clamp(max=MAX_POSITION - 1)
        inputs = self.project(self.norm(vectors)) + self.position(positions).unsqueeze(0)
        attended = self.layers(inputs, src_key_padding_mask=~mask)
        scores: Tensor = self.score(attended).squeeze(-1)
        return scores.masked_fill(~mask, float("-inf"))
