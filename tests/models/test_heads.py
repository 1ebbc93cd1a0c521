from __future__ import annotations

import numpy as np
import pytest
import torch

from models.fitting import HeadSettings, fit_summary_head, fit_topic_head
from models.heads import SummaryHead, TopicHead, pad_stories


def stories(n: int = 40, hidden: int = 8) -> tuple[list[np.ndarray], np.ndarray]:
    """Stories whose first dimension, in any one sentence, tells the label."""
    rng = np.random.default_rng(0)
    vectors = [rng.normal(size=(rng.integers(1, 7), hidden)).astype(np.float32) for _ in range(n)]
    targets = np.zeros((n, 2), dtype=np.float32)
    for row, story in enumerate(vectors):
        label = row % 2
        story[rng.integers(len(story)), label] += 8
        targets[row, label] = 1
    return vectors, targets


@pytest.mark.parametrize("units", [0, 5])
def test_a_logit_is_exactly_the_sum_of_the_sentences_contributions(units: int) -> None:
    vectors, _ = stories()
    head = TopicHead(8, 3, units=units).eval()
    torch.nn.init.normal_(head.attention.weight)
    logits, parts = head(*pad_stories(vectors))
    assert torch.equal(logits, parts.sum(dim=1))
    assert not parts[0, len(vectors[0]) :].any()


def test_padding_changes_no_score() -> None:
    vectors, _ = stories(6)
    for head in (TopicHead(8, 2).eval(), TopicHead(8, 2, units=5).eval(), SummaryHead(8, width=8, heads=2).eval()):
        together = head(*pad_stories(vectors))
        for row, story in enumerate(vectors):
            alone = head(*pad_stories([story]))
            a, b = (together[0][row], alone[0][0]) if isinstance(head, TopicHead) else (together[row], alone[0])
            assert torch.allclose(a[: len(b)], b, atol=1e-5)


def test_a_topic_head_learns_and_does_so_the_same_way_twice() -> None:
    vectors, targets = stories(200)
    settings = HeadSettings(epochs=20, lr=2e-2, dropout=0.0)
    one = fit_topic_head(vectors, targets, exclusive=False, settings=settings)
    two = fit_topic_head(vectors, targets, exclusive=False, settings=settings)
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name])
    logits, _ = one(*pad_stories(vectors))
    assert ((logits.numpy() > 0) == (targets > 0)).all(axis=1).mean() > 0.95


def test_hidden_units_tell_apart_what_no_line_does() -> None:
    rng = np.random.default_rng(2)
    vectors = [rng.normal(size=(1, 8)).astype(np.float32) for _ in range(1300)]
    far = np.array([abs(story[0, 0]) > 0.7 for story in vectors])  # on either side: no line tells that
    targets = np.stack([far, ~far], axis=1).astype(np.float32)
    right = []
    for units in (0, 64):
        settings = HeadSettings(epochs=20, lr=2e-2, dropout=0.0, units=units)
        head = fit_topic_head(vectors[:1000], targets[:1000], exclusive=True, settings=settings)
        logits, _ = head(*pad_stories(vectors[1000:]))
        right.append((logits.argmax(dim=1).numpy() == targets[1000:].argmax(axis=1)).mean())
    assert right[0] < 0.6 and right[1] > 0.7


def test_the_dominant_of_several_labels_becomes_the_likeliest() -> None:
    rng = np.random.default_rng(3)
    vectors = [rng.normal(size=(2, 8)).astype(np.float32) for _ in range(300)]
    targets, first = np.ones((300, 2), np.float32), np.zeros((300, 2), np.float32)
    for row, story in enumerate(vectors):
        first[row, int(story[:, 0].sum() > 0)] = 1
    settings = HeadSettings(epochs=20, lr=2e-2, dropout=0.0)
    shares = []
    for leading in (first, None, np.zeros_like(first)):
        head = fit_topic_head(vectors, targets, exclusive=False, first=leading, settings=settings)
        logits = head(*pad_stories(vectors))[0].numpy()
        assert (logits > 0).all()
        shares.append((logits.argmax(axis=1) == first.argmax(axis=1)).mean())
    assert shares[0] > 0.8 and shares[1] == shares[2] < 0.75


def test_a_summary_head_learns_which_sentences_matter() -> None:
    rng = np.random.default_rng(1)
    vectors = [rng.normal(size=(6, 8)).astype(np.float32) for _ in range(200)]
    targets = [(story[:, 0] > 0.7).astype(np.float32) for story in vectors]
    settings = HeadSettings(epochs=15, lr=3e-3, batch=16, dropout=0.0)
    head = fit_summary_head(vectors, targets, settings=settings)
    scores = head(*pad_stories(vectors)).numpy()
    assert ((scores > 0) == (np.stack(targets) > 0)).mean() > 0.9


def test_early_stopping_keeps_the_best_pass() -> None:
    vectors, targets = stories(60)
    seen: list[float] = []
    fit_topic_head(
        vectors[:30],
        targets[:30],
        exclusive=True,
        settings=HeadSettings(epochs=60, patience=2, lr=0.05, batch=8),
        held_out=(vectors[30:], targets[30:]),
        on_progress=lambda _, loss: seen.append(loss),
    )
    assert len(seen) < 60
    assert min(seen) < seen[0]
