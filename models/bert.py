"""The forward pass of a BERT over one window of tokens on a processor, faster than the general one in bfloat16."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

STEP = 32
"""Attention is as wide as a multiple of this: other widths take up to a third longer."""


class BertPass:
    """Computes what a `transformers.BertModel` computes (Devlin et al., "BERT", 2019), one window at a time.

    Query, key and value are one multiplication, and attention is two plain ones with a softmax between, in memory that
    all layers share: PyTorch's fused attention for processors takes almost twice as long for heads of 32 dimensions.
    A window is read by itself, so that its vectors do not depend on what else is read: a bfloat16 product is summed in
    another order for every shape.
    """

    def __init__(self, module: nn.Module) -> None:
        """Take the weights of a BERT for which `can_read` holds; they must not change afterwards."""
        model: Any = module
        words = model.embeddings
        self.heads = int(model.config.num_attention_heads)
        self.words, self.norm = words.word_embeddings.weight, words.LayerNorm
        places = words.position_embeddings.weight.float() + words.token_type_embeddings.weight[0].float()
        self.places = places.to(self.words.dtype)
        self.layers = [_Layer(layer, self.heads) for layer in model.encoder.layer]

    @staticmethod
    def can_read(module: nn.Module) -> bool:
        """Whether the module is a plain BERT encoder with frozen weights."""
        config = getattr(module, "config", None)
        return (
            getattr(config, "model_type", None) == "bert"
            and getattr(config, "hidden_act", None) == "gelu"
            and not getattr(config, "is_decoder", False)
            and not any(parameter.requires_grad for parameter in module.parameters())
        )

    def __call__(self, ids: Tensor, below: int = 0) -> Tensor:
        """Token vectors `(n_tokens, hidden)` of the token ids `(n_tokens,)`, at most the model's positions of them.

        With `below`, a number of layers, what is known after these stands beside it: `(n_tokens, 2 * hidden)`.
        """
        n = len(ids)
        hidden = _normed(functional.embedding(ids, self.words) + self.places[:n], self.norm)
        width = -(-n // STEP) * STEP
        keys = hidden.new_zeros((self.heads, hidden.shape[1] // self.heads, width))
        values = hidden.new_zeros((self.heads, width, hidden.shape[1] // self.heads))
        weights = hidden.new_empty((self.heads, n, width))
        half = hidden
        for number, layer in enumerate(self.layers, start=1):
            query, key, value = layer.project(hidden).view(n, 3, self.heads, -1).permute(1, 2, 0, 3)
            keys[..., :n] = key.transpose(1, 2)
            values[:, :n] = value
            torch.bmm(query.contiguous(), keys, out=weights)
            weights[..., n:] = float("-inf")
            torch.softmax(weights, -1, out=weights)
            attended = torch.bmm(weights, values).transpose(0, 1).reshape(n, -1)
            hidden = layer.finish(hidden, attended)
            if number == below:
                half = hidden
        return torch.cat([hidden, half], dim=1) if below else hidden


class _Layer:
    """One layer's weights; those of query, key and value joined, the former divided by the root of the head's size."""

    def __init__(self, layer: Any, heads: int) -> None:
        own = layer.attention.self
        scale = (own.query.out_features // heads) ** -0.5
        parts = (own.query, own.key, own.value)
        weight = torch.cat([part.weight.float() * (scale if part is own.query else 1.0) for part in parts])
        bias = torch.cat([part.bias.float() * (scale if part is own.query else 1.0) for part in parts])
        self.weight, self.bias = weight.to(own.query.weight.dtype), bias.to(own.query.weight.dtype)
        self.out, self.out_norm = layer.attention.output.dense, layer.attention.output.LayerNorm
        self.up, self.down, self.down_norm = layer.intermediate.dense, layer.output.dense, layer.output.LayerNorm

    def project(self, hidden: Tensor) -> Tensor:
        """Queries, keys and values, `(n_tokens, 3 * hidden)`."""
        return functional.linear(hidden, self.weight, self.bias)

    def finish(self, hidden: Tensor, attended: Tensor) -> Tensor:
        """What follows attention; all `(n_tokens, hidden)`."""
        hidden = _normed(self.out(attended).add_(hidden), self.out_norm)
        return _normed(self.down(functional.gelu(self.up(hidden))).add_(hidden), self.down_norm)


def _normed(hidden: Tensor, norm: nn.LayerNorm) -> Tensor:
    return functional.layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
