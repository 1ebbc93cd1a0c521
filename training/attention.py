"""Attention and dropout with which a BERT learns on a processor in half the time that PyTorch's own take.

PyTorch's fused attention for processors is made for long texts: for windows of a few sentences its way back takes most
of a training step. Multiplications and a softmax, whose result is kept, take a tenth of that. Dropout draws a random
number for every element, one after the other; a random byte for each does as well.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

NAME = "copydesk-short"
LONGEST = 256
"""Windows of so many tokens at most are read in this way; the fused one needs less memory for longer ones."""
_MASKED = -30_000.0
_BYTE = 256


def speed_up(transformer: Any) -> None:
    """Have a BERT that learns on a processor use what this module offers; any other module stays as it is."""
    if getattr(transformer.config, "model_type", None) != "bert" or torch.cuda.is_available():
        return
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    transformer.set_attn_implementation(NAME)
    for module in list(transformer.modules()):
        for name, part in module.named_children():
            if type(part) is nn.Dropout:
                setattr(module, name, ByteDropout(part.p))


class ByteDropout(nn.Dropout):
    """Dropout that is decided by a random byte for each element, so that `p` is a multiple of 1/256 below 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop elements while training, and make the others larger by as much."""
        below = min(round(self.p * _BYTE), _BYTE - 1)
        if not self.training or not below:
            return input
        words = torch.randint(-(2**63), 2**63 - 1, (-(-input.numel() // 8),), device=input.device)
        kept = words.view(torch.uint8)[: input.numel()].view(input.shape) >= below
        return input * kept.to(input.dtype).mul_(_BYTE / (_BYTE - below))


class ShortAttention(torch.autograd.Function):
    """Scaled dot-product attention (Vaswani et al., 2017) over `(n, heads, tokens, size)`, in the inputs' precision."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float) -> Tensor:
        """What each token attends to; `mask` is added to the scores, and broadcasts to `(n, heads, tokens, tokens)`."""
        shape = query.shape
        with torch.autocast(query.device.type, enabled=False):
            query, key, value = (part.flatten(0, 1) for part in (query * scale, key, value))
            scores = torch.bmm(query, key.transpose(1, 2))
            if mask is not None:
                scores.view(*shape[:2], *scores.shape[1:]).add_(mask)
            weights = torch.softmax(scores, -1)
            ctx.save_for_backward(query, key, value, weights)
            ctx.scale, ctx.shape = scale, shape
            return torch.bmm(weights, value).view(shape)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of query, key and value."""
        query, key, value, weights = ctx.saved_tensors
        with torch.autocast(query.device.type, enabled=False):
            gradient = gradient.flatten(0, 1)
            of_value = torch.bmm(weights.transpose(1, 2), gradient)
            of_weights = torch.bmm(gradient, value.transpose(1, 2))
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
            of_query = torch.bmm(of_scores, key).mul_(ctx.scale)
            of_key = torch.bmm(of_scores.transpose(1, 2), query)
        return of_query.view(ctx.shape), of_key.view(ctx.shape), of_value.view(ctx.shape), None, None


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """As `transformers` calls it; `(n, heads, tokens, size)` in, `(n, tokens, heads, size)` out."""
    if dropout or query.shape[2] > LONGEST:
        attended = functional.scaled_dot_product_attention(query, key, value, attention_mask, dropout, scale=scaling)
    else:
        mask = attention_mask
        if mask is not None and mask.dtype == torch.bool:
            mask = query.new_zeros(mask.shape).masked_fill_(~mask, _MASKED)
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        attended = ShortAttention.apply(query, key, value, mask, scale)  # type: ignore[no-untyped-call]
    return attended.transpose(1, 2).contiguous(), None
