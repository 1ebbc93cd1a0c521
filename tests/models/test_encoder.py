from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.encoder import DEFAULT_ENCODER, Encoder, locate_encoder, merge_adapter, pack_sentences, pool_sentences
from models.errors import ModelError


@given(st.lists(st.integers(0, 700), max_size=60), st.integers(8, 510))
def test_packing_covers_every_sentence_once_in_order_within_capacity(lengths: list[int], capacity: int) -> None:
    windows = pack_sentences(lengths, capacity)
    assert [index for first, stop in windows for index in range(first, stop)] == list(range(len(lengths)))
    assert all(sum(min(length, capacity) for length in lengths[a:b]) <= capacity for a, b in windows)


def test_windows_are_filled_evenly() -> None:
    windows = pack_sentences([100] * 6, 510)
    assert [stop - first for first, stop in windows] == [3, 3]


def test_pooling_is_the_mean_of_a_sentences_tokens() -> None:
    hidden = torch.arange(12, dtype=torch.float32).reshape(1, 6, 2)
    segments = torch.tensor([[-1, 0, 0, 1, -1, -1]])
    pooled = pool_sentences(hidden, segments, 3)
    assert pooled.tolist() == [[3.0, 4.0], [6.0, 7.0], [0.0, 0.0]]


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> Encoder:
    return Encoder(str(tiny_encoder), dtype="float32")


def test_a_story_longer_than_a_window_is_read_whole(encoder: Encoder) -> None:
    story = [f"The council of the town of number {n} voted." for n in range(60)]
    (encoded,) = encoder.encode([story])
    assert encoded.vectors.shape == (60, 32)
    assert np.isfinite(encoded.vectors).all()
    assert (np.abs(encoded.vectors).sum(axis=1) > 0).all()
    assert encoded.cut == ()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_second_layer_comes_from_the_same_pass_and_leaves_the_first_as_it_is(tiny_encoder: Path, dtype: str) -> None:
    encoder = Encoder(str(tiny_encoder), dtype=dtype)
    stories = [
        ["The river rose.", "Nobody was hurt.", ""],
        [],
        [f"The council of number {n} voted." for n in range(30)],
    ]
    one, two = encoder.encode(stories), encoder.encode(stories, layers=2)
    for narrow, wide in zip(one, two, strict=True):
        assert wide.vectors.shape == (len(narrow.vectors), 64)
        np.testing.assert_array_equal(wide.vectors[:, :32], narrow.vectors)
    first, second, _ = encoder.tokenize(stories[:1]).ids[0]
    tokens = [*encoder.prefix, *first, *second, *encoder.suffix]
    with torch.inference_mode():
        hidden = encoder.module(input_ids=torch.tensor([tokens]), output_hidden_states=True).hidden_states
    pooled = hidden[encoder.below][0, 1 : 1 + len(first)].float().mean(dim=0).numpy()
    np.testing.assert_allclose(two[0].vectors[0, 32:], pooled, atol=1e-5 if dtype == "float32" else 0.05)
    assert encoder.below == 1
    assert not two[0].vectors[2].any(), "no tokens"
    with pytest.raises(ValueError, match="expected 1 or 2, found 3"):
        encoder.encode(stories, layers=3)


def test_a_sentence_longer_than_a_window_is_cut_and_said(encoder: Encoder) -> None:
    (encoded,) = encoder.encode([["Short one.", "word " * 500]])
    assert encoded.cut == (1,)
    assert encoded.vectors.shape == (2, 32)


def test_a_vector_depends_on_its_neighbours_but_not_on_other_stories(encoder: Encoder) -> None:
    first, second = ["The river rose.", "Nobody was hurt."], ["The minister resigned.", "Nobody was hurt."]
    alone = encoder.encode([first])[0].vectors
    together = encoder.encode([second, first, ["A longer story stands here.", "It has three parts.", "This is one."]])
    assert np.allclose(alone, together[1].vectors, atol=1e-5)
    assert not np.allclose(together[0].vectors[1], together[1].vectors[1], atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_vector_is_the_same_to_the_bit_whatever_is_read_beside_it(tiny_encoder: Path, dtype: str) -> None:
    reader = Encoder(str(tiny_encoder), dtype=dtype, device="cpu")
    stories = [[f"Sentence {n} of {length} in the story."] * (1 + n) for length in range(7) for n in range(length)]
    together = reader.encode(stories)
    for story, encoded in zip(stories, together, strict=True):
        assert np.array_equal(reader.encode([story])[0].vectors, encoded.vectors)


def test_empty_stories_and_sentences_have_their_place(encoder: Encoder) -> None:
    encoded = encoder.encode([[], ["", "Words."], []])
    assert [story.vectors.shape for story in encoded] == [(0, 32), (2, 32), (0, 32)]
    assert not encoded[1].vectors[0].any()


def test_merging_adds_the_low_rank_product() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 2))
    before = module[0].weight.detach().clone()
    down, up = torch.ones(1, 3), torch.tensor([[1.0], [2.0]])
    merge_adapter(module, {"0.lora_A": down, "0.lora_B": up}, 0.5)
    assert torch.allclose(module[0].weight - before, 0.5 * up @ down)


@pytest.mark.parametrize(
    "adapter",
    [
        {"0.lora_A": torch.ones(1, 3)},
        {"0.lora_A": torch.ones(1, 4), "0.lora_B": torch.ones(2, 1)},
        {"9.lora_A": torch.ones(1, 3), "9.lora_B": torch.ones(2, 1)},
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(adapter: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ModelError, match="adapter"):
        merge_adapter(torch.nn.Sequential(torch.nn.Linear(3, 2)), adapter, 1.0)


def test_the_default_encoder_is_found_without_a_network() -> None:
    assert (locate_encoder(DEFAULT_ENCODER) / "model.safetensors").is_file()


def test_a_missing_encoder_says_the_way_out() -> None:
    with pytest.raises(ModelError, match="pip install"):
        locate_encoder("no-such/encoder-anywhere")
