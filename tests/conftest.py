"""Shared fixtures: a tiny random encoder, so that every test trains, saves and predicts in milliseconds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

SEEDS = Path(__file__).parent.parent / "seeds"


def seed_rows() -> list[dict[str, object]]:
    """The clean stories of the seed corpus, as its index holds them."""
    lines = (SEEDS / "index.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def make_tiny_encoder(folder: Path) -> Path:
    """Write a random BERT of 2 layers and 32 dimensions with a word-piece tokenizer learnt on the seed corpus."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=1000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([str(row["text"]) for row in seed_rows()], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=1000,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    folder.mkdir(parents=True, exist_ok=True)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def make_tiny_language_model(folder: Path, kind: str) -> Path:
    """Write a random language model of 32 dimensions with a tokenizer learnt on the seed corpus.

    `kind` is "gemma", which continues a text, or "bart", which reads one and writes another.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        BartConfig,
        BartForConditionalGeneration,
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        PreTrainedTokenizerFast,
    )

    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<bos>", "<eos>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([str(row["text"]) for row in seed_rows()], trainer)
    torch.manual_seed(0)
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    module: torch.nn.Module
    if kind == "gemma":
        module = Gemma3ForCausalLM(
            Gemma3TextConfig(
                vocab_size=600,
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=1,
                head_dim=16,
                max_position_embeddings=1024,
                sliding_window=128,
                **tokens,
            )
        )
    else:
        module = BartForConditionalGeneration(
            BartConfig(
                vocab_size=600,
                d_model=32,
                encoder_layers=1,
                decoder_layers=1,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=64,
                decoder_ffn_dim=64,
                max_position_embeddings=1024,
                decoder_start_token_id=2,
                forced_eos_token_id=2,
                dropout=0.0,
                **tokens,
            )
        )
    module.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>"
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", params=["gemma", "bart"])
def tiny_language_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_language_model(tmp_path_factory.mktemp("language-model") / request.param, request.param)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="session")
def rows() -> list[dict[str, object]]:
    return seed_rows()


@pytest.fixture
def seeds() -> Path:
    return SEEDS


@pytest.fixture(scope="session")
def tiny_models(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of small models of both tasks and engines, made in moments: they know nothing, and work the same."""
    import numpy as np
    import torch

    from models.artefact import save_artefact
    from models.calibration import PlattScaling
    from models.candidates import FEATURES, BriefRanker
    from models.fast_summary import FastSummariser
    from models.fast_topics import FastTopicClassifier
    from models.heads import SummaryHead, TopicHead
    from models.novelty import Familiarity
    from models.selection import SelectionRules
    from models.standard import EncoderSpec, head_state, restore_head
    from models.standard_summary import StandardSummariser
    from models.standard_topics import StandardTopics
    from models.story import read_story
    from models.summary import SummaryModel
    from models.topics import TopicModel
    from models.trees import Trees

    rows = seed_rows()[:24]
    texts, labels = [str(row["text"]) for row in rows], [list(row["labels"]) for row in rows]  # type: ignore[call-overload]
    classes = sorted({label for row in labels for label in row})
    rng = np.random.default_rng(0)
    adapter = {
        "encoder.layer.0.attention.self.query.lora_A": rng.normal(0, 0.1, (2, 32)).astype(np.float16),
        "encoder.layer.0.attention.self.query.lora_B": rng.normal(0, 0.1, (32, 2)).astype(np.float16),
    }
    spec = EncoderSpec.of(str(tiny_encoder), adapter, 2.0)
    torch.manual_seed(0)
    fast = FastTopicClassifier(max_words=500, max_pairs=500, meaning=0.0).fit(texts, labels, exclusive=False)
    standard = StandardTopics(spec, dtype="float32")
    standard.head = TopicHead(32, len(classes), units=8)
    restore_head(standard.head, "topics", head_state(standard.head, "topics"))
    standard.add_ngrams(fast, 0.5)
    standard.familiarity = Familiarity(np.zeros(32, np.float32), np.eye(32, dtype=np.float32))
    stories = [read_story(text) for text in texts]
    targets = [(np.arange(len(story.sentences)) < 2).astype(np.float32) for story in stories]
    trees = FastSummariser(trees=4, leaves=4, depth=3, min_df=2, max_words=300).fit(stories, targets)
    summariser = StandardSummariser(spec, dtype="float32")
    summariser.head = SummaryHead(32, 16, 2)
    restore_head(summariser.head, "summary", head_state(summariser.head, "summary"))
    summariser.add_fast(trees, (0.5, 0.5))
    base = tmp_path_factory.mktemp("tiny-models")
    for name, scorer in (("topics-fast", fast), ("topics-standard", standard)):
        logits = rng.normal(0, 1, (40, len(classes)))
        calibration = PlattScaling().fit(logits, logits > 0)
        model = TopicModel(scorer, classes, False, calibration, np.full(len(classes), 0.4), 0.3, 50.0)
        save_artefact(model.artefact({"seed": 13}, "card"), base / name)
    gains = rng.normal(0, 1, (60, len(FEATURES) + 1)).astype(np.float32)
    ranker = BriefRanker(Trees.fit(gains[:, 1:], gains[:, 0], regression=True, max_iter=3, max_depth=2), 0.01)
    for name, scored in (("summariser-fast", trees), ("summariser-standard", summariser)):
        save_artefact(SummaryModel(scored, SelectionRules(), ranker).artefact({"seed": 13}, "card"), base / name)
    return {path.name: path for path in base.iterdir()}


@pytest.fixture(autouse=True, scope="session")
def few_steps() -> Iterator[None]:
    """Heads of toy trainings make the passes they are told, not the 400 steps that few real stories need."""
    import models.fitting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.fitting, "FEWEST_STEPS", 0)
        yield
