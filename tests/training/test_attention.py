"""Training's own attention and dropout do what PyTorch's do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from training import attention
from training.attention import ByteDropout, ShortAttention, speed_up


def bert(folder: Path, dropout: float = 0.0) -> Any:
    """A BERT of the tiny encoder's size, with random weights."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    config = BertConfig.from_pretrained(folder, hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0)
    return BertModel(config, add_pooling_layer=False).train()


IDS = torch.arange(24).reshape(3, 8) + 5
MASK = torch.tensor([[1] * 8, [1] * 6 + [0] * 2, [1] * 3 + [0] * 5])


def learnt(module: Any) -> dict[str, torch.Tensor]:
    """Vectors of what is not masked, and what a step would change in each weight."""
    module.zero_grad()
    hidden = module(input_ids=IDS, attention_mask=MASK).last_hidden_state * MASK.unsqueeze(-1)
    (hidden**3).sum().backward()
    found = {name: part.grad.clone() for name, part in module.named_parameters() if part.grad is not None}
    return {"vectors": hidden.detach(), **found}


@pytest.mark.parametrize("longest", [256, 4])
def test_vectors_and_gradients_are_those_of_the_fused_attention(
    longest: int, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "LONGEST", longest)
    module = bert(tiny_encoder)
    wanted = learnt(module)
    speed_up(module)
    assert module.config._attn_implementation == attention.NAME
    found = learnt(module)
    assert found.keys() == wanted.keys() and len(wanted) > 20
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_gradients_are_those_of_finite_differences() -> None:
    torch.manual_seed(1)
    query, key, value = (torch.randn(2, 2, 5, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    mask = torch.zeros(2, 1, 1, 5, dtype=torch.float64)
    mask[1, ..., 3:] = -30_000
    assert torch.autograd.gradcheck(lambda *parts: ShortAttention.apply(*parts, mask, 0.6), (query, key, value))


def test_in_half_precision_the_answer_stays_close() -> None:
    torch.manual_seed(1)
    parts = [torch.randn(2, 2, 7, 4) for _ in range(3)]
    with torch.autocast("cpu", torch.bfloat16):
        half = ShortAttention.apply(*(part.bfloat16() for part in parts), None, 0.5)
    assert half.dtype == torch.bfloat16
    whole = nn.functional.scaled_dot_product_attention(*parts)
    torch.testing.assert_close(half.float(), whole, rtol=0.05, atol=0.05)


def test_dropout_drops_its_share_keeps_the_mean_and_follows_the_seed() -> None:
    layer, ones = ByteDropout(0.1), torch.ones(101, 997)
    torch.manual_seed(7)
    once = layer(ones)
    torch.manual_seed(7)
    assert torch.equal(once, layer(ones))
    assert not torch.equal(once, layer(ones))
    assert float((once == 0).float().mean()) == pytest.approx(26 / 256, abs=0.004)
    assert float(once.mean()) == pytest.approx(1.0, abs=0.005)
    assert once.unique().tolist() == pytest.approx([0, 256 / 230])
    half = layer(ones.bfloat16())
    assert half.dtype == torch.bfloat16


@pytest.mark.parametrize("p", [0.0, 0.001])
def test_dropout_that_drops_nothing_and_reading_change_nothing(p: float) -> None:
    values = torch.randn(4, 5)
    assert ByteDropout(p)(values) is values
    assert ByteDropout(0.5).eval()(values) is values


def test_every_dropout_of_a_bert_is_replaced_and_other_models_stay_as_they_are(tiny_encoder: Path) -> None:
    module = bert(tiny_encoder, 0.2)
    speed_up(module)
    dropouts = [part for part in module.modules() if isinstance(part, nn.Dropout)]
    assert len(dropouts) > 4 and all(type(part) is ByteDropout for part in dropouts)
    assert {part.p for part in dropouts} == {0.0, 0.2}
    other = bert(tiny_encoder, 0.2)
    other.config.model_type = "other"
    speed_up(other)
    assert type(other.embeddings.dropout) is nn.Dropout and other.config._attn_implementation != attention.NAME
