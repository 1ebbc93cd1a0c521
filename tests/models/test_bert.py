from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.bert import BertPass
from models.encoder import load_transformer


@pytest.fixture(scope="module")
def bert(tiny_encoder: Path) -> torch.nn.Module:
    return load_transformer(tiny_encoder).eval().requires_grad_(False)


def ids(n: int) -> torch.Tensor:
    return torch.randint(4, 1000, (n,), generator=torch.Generator().manual_seed(n))


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 64])
def test_it_computes_what_transformers_computes(bert: torch.nn.Module, n: int) -> None:
    with torch.inference_mode():
        wanted = bert(input_ids=ids(n)[None]).last_hidden_state[0]
        assert torch.allclose(BertPass(bert)(ids(n)), wanted, atol=1e-5)


def test_vectors_of_an_earlier_layer_stand_behind_the_last_ones(bert: torch.nn.Module) -> None:
    with torch.inference_mode():
        wanted = bert(input_ids=ids(40)[None], output_hidden_states=True).hidden_states
        found = BertPass(bert)(ids(40), below=1)
    assert torch.allclose(found[:, :32], wanted[2][0], atol=1e-5)
    assert torch.allclose(found[:, 32:], wanted[1][0], atol=1e-5)


def test_in_bfloat16_it_is_as_near_to_float32_as_transformers_is(tiny_encoder: Path, bert: torch.nn.Module) -> None:
    half = load_transformer(tiny_encoder).eval().requires_grad_(False).to(torch.bfloat16)
    with torch.inference_mode():
        exact = bert(input_ids=ids(50)[None]).last_hidden_state[0]
        theirs = (half(input_ids=ids(50)[None]).last_hidden_state[0].float() - exact).square().mean().sqrt()
        ours = (BertPass(half)(ids(50)).float() - exact).square().mean().sqrt()
    assert 0 < ours < 1.5 * theirs


def test_only_a_plain_bert_with_frozen_weights_is_read(tiny_encoder: Path, bert: torch.nn.Module) -> None:
    assert BertPass.can_read(bert)
    assert not BertPass.can_read(load_transformer(tiny_encoder).requires_grad_(True))
    assert not BertPass.can_read(torch.nn.Linear(2, 2).requires_grad_(False))
    other = load_transformer(tiny_encoder).requires_grad_(False)
    other.config.hidden_act = "relu"
    assert not BertPass.can_read(other)
