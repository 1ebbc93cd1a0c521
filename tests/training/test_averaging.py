"""Weights averaged over the steps of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.standard import EncoderSpec
from tests.training.toys import toy
from training.adaptation import topic_task
from training.averaging import POWER, AveragedWeights
from training.finetune import finetune, tempered_loss
from training.steps import FinetuneSettings


def test_later_steps_count_more_and_the_beginning_is_left_behind() -> None:
    weight = nn.Parameter(torch.tensor([1000.0]))
    average = AveragedWeights([weight])
    walk = np.random.default_rng(0).normal(size=40).astype(np.float32)
    for step, value in enumerate(walk, start=1):
        with torch.no_grad():
            weight.fill_(float(value))
        average.update(step)
    counts = np.ones(1)
    for step in range(2, 41):
        share = (POWER + 1) / (step + POWER)
        counts = np.append(counts * (1 - share), share)
    assert (np.diff(counts) > 0).all() and counts[-4:].sum() == pytest.approx(0.6, abs=0.1)
    average.take()
    assert weight.item() == pytest.approx(float(counts @ walk), abs=1e-5)


def test_a_model_has_its_own_weights_again_after_it_was_judged_with_the_averaged_ones() -> None:
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    average = AveragedWeights([weight])
    average.update(1)
    with torch.no_grad():
        weight.fill_(5.0)
    with average.in_place():
        assert weight.tolist() == [1.0, 2.0]
    assert weight.tolist() == [5.0, 5.0]
    assert [name for name, _ in average.named_parameters()] == [], "nobody trains the average"
    assert set(average.state_dict()) == {"mean0"}, "a checkpoint keeps it"


def test_what_a_run_ends_with_is_what_its_best_evaluation_judged(tiny_encoder: Path, tmp_path: Path) -> None:
    articles = toy(90)
    classes = sorted({label for row in articles.labels or [] for label in row})
    learnt, held = topic_task(articles.take(range(60)), classes), topic_task(articles.take(range(60, 90)), classes)
    spec = EncoderSpec.of(str(tiny_encoder))
    settings = FinetuneSettings(epochs=2, rank=4, alpha=8, topic_batch=4, evaluations=1, adapter_lr=2e-2, head_lr=2e-2)
    adapted = finetune(topics=learnt, validation_topics=held, spec=spec, settings=settings, checkpoints=tmp_path)
    judged = [entry["eval_topics_loss"] for entry in adapted.history if "eval_topics_loss" in entry]
    adapter = {name: value.numpy() for name, value in adapted.adapter.items()}
    vectors = EncoderSpec(spec.name, spec.sha256, adapter, adapted.scale).open("float32").encode(held.stories)
    assert adapted.topic_head is not None
    with torch.inference_mode():
        logits = [
            adapted.topic_head(torch.from_numpy(story.vectors)[None], torch.ones(1, len(story.vectors)).bool())[0][0]
            for story in vectors
        ]
    found = tempered_loss(torch.stack(logits).numpy(), held.targets.argmax(axis=1))
    assert found == pytest.approx(min(judged), abs=0.004)
