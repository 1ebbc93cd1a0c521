"""What the abstractive engine learns from: a story's best sentences, and the text that is to be written of them.

The model sees what it will see in use, the best sentences as the extractive summariser scores them, and learns only
what those sentences support (every name, number and quotation), since a model taught to write what it cannot have read
will invent (Nan et al., "Entity-level Factual Consistency", 2021).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.abstractive import Writing, padded, prompt_ids, source_of, target_ids
from models.anchoring import SUITED, Anchors
from models.errors import DataError
from models.faithfulness import Evidence
from models.language_model import LanguageModel
from models.sentences import split_sentences
from models.summary import SummaryModel
from training.casing import Capitals
from training.data import Articles
from training.steps import grouped_batches
from training.stories import progress, read_stories

READ_TOGETHER = 512
LEARNT = 0.6
"""How closely a sentence to learn from keeps to the story: less than a written one has to before it is shown, since a
model that learns from 0.7 on, and from no sentence that leaves out a denial, comes to write in fragments."""
_NEW = "new: "
_RUBRIC = re.compile(r"^(?:OPINION|ANALYSIS|EDITORIAL|COMMENTARY|EXCLUSIVE|BREAKING|LIVE|UPDATE|WATCH|VIDEO|POLL): +")
_ENDS = (".", "!", "?", "”", '"')


@dataclass(slots=True)
class Examples:
    """What is learnt from: token ids of prompts and of targets, and the texts they were made of.

    `seen` are the articles that were learnt from, or looked at and left out, which `left_out` counts by reason; at the
    others, `untouched`, nobody has looked.
    """

    seen: Articles
    untouched: Articles
    prompts: list[list[int]] = field(default_factory=list)
    targets: list[list[int]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.prompts)

    @property
    def said(self) -> str:
        """How many articles were left out, and why."""
        parts = [f"{count:,} {reason}" for reason, count in self.left_out.items() if count]
        return f"left out: {', '.join(parts)}" if parts else "none left out"


def with_targets(articles: Articles, target: str) -> tuple[Articles, list[str]]:
    """The articles that have what is to be written, and those texts.

    Raises:
        DataError: no article has.
    """
    column = articles.titles if target == "headline" else articles.summaries or [None] * len(articles)
    rows = [row for row, text in enumerate(column) if text and text.strip()]
    if not rows:
        what, option = ("headline", "--title-column") if target == "headline" else ("summary", "--summary-column")
        raise DataError(f"{articles.name}: no row has a {what}; name its column with {option}.")
    return articles.take(rows), [_tidy(column[row] or "") for row in rows]


def make_examples(
    articles: Articles,
    guide: SummaryModel,
    model: LanguageModel,
    writing: Writing,
    *,
    capitals: Capitals | None = None,
    at_most: int | None = None,
    filtered: bool = True,
    seed: int = 13,
) -> Examples:
    """Sources and targets of articles, in an order drawn by the seed.

    Args:
        articles: with summaries or titles, as `writing.target` wants.
        guide: the extractive summariser whose best sentences are shown.
        model: for its tokenizer.
        writing: sizes.
        capitals: gives lower-cased articles their capitals back first.
        at_most: stop at so many examples.
        filtered: leave out headlines, and sentences of summaries, that the source does not support or that are not
            anchored in it (see `models.anchoring`).
        seed: of the order.
    """
    articles, texts = with_targets(articles, writing.target)
    order = np.random.default_rng(seed).permutation(len(articles)).tolist()
    nothing = articles.take([])
    out = Examples(articles, nothing, left_out={"unsupported": 0, "too long or empty": 0})
    wanted = min(at_most or len(order), len(order))
    with progress("Preparing examples", wanted) as advance:
        for at, source, text in _sources(articles, texts, order, guide, model, writing, capitals):
            kept = _supported(source, text, writing.target) if filtered else text
            target = _within(kept, model, writing) if source and kept.strip() else None
            if target is None:
                out.left_out["unsupported" if text.strip() and not kept else "too long or empty"] += 1
                continue
            out.prompts.append(prompt_ids(source, model, writing))
            out.targets.append(target)
            out.sources.append(source)
            out.references.append(kept)
            advance()
            if len(out) >= wanted:
                out.seen, out.untouched = (articles.take(sorted(part)) for part in (order[: at + 1], order[at + 1 :]))
                break
    return out


def _sources(
    articles: Articles,
    texts: Sequence[str],
    order: Sequence[int],
    guide: SummaryModel,
    model: LanguageModel,
    writing: Writing,
    capitals: Capitals | None,
) -> Iterator[tuple[int, str, str]]:
    """The articles one after the other: place in the order, what is shown of the story, and what is to be written."""
    for first in range(0, len(order), READ_TOGETHER):
        rows = order[first : first + READ_TOGETHER]
        part = articles.take(rows).without_titles()  # a headline is not to be read off the story
        if capitals is not None:
            part.texts[:] = [capitals.restore(text) for text in part.texts]
        stories = read_stories(part, workers=1)
        for at, (story, scores) in enumerate(zip(stories, guide.scores(stories), strict=True), first):
            sentences = [sentence.text for sentence in story.sentences]
            text = capitals.restore(texts[order[at]]) if capitals is not None else texts[order[at]]
            yield at, source_of(sentences, scores, model.tokenizer, writing.source_tokens), text


def _supported(source: str, text: str, target: str) -> str:
    """What may be learnt of a text: a headline that could be shown or nothing; of a summary the sentences that keep to
    the source.

    Nothing of a summary that would lose more than half of them.
    """
    evidence = Evidence.of(source)
    anchors = Anchors([source[start:end] for start, end in split_sentences(source)])
    if target == "headline":
        text = _RUBRIC.sub("", text)
        return text if anchors.share(text) >= SUITED and not evidence.unsupported(text) else ""
    sentences = [text[start:end].strip() for start, end in split_sentences(text)]
    kept = [one for one in sentences if anchors.share(one) >= LEARNT and not evidence.unsupported(one)]
    return " ".join(kept) if 2 * len(kept) >= len(sentences) else ""


def _within(text: str, model: LanguageModel, writing: Writing) -> list[int] | None:
    """Token ids of as many of a text's sentences as may be written; None where not even the first one fits."""
    spans = split_sentences(text) if writing.target == "summary" else [(0, len(text))]
    while spans:
        ids = target_ids(text[: spans[-1][1]].strip(), model)
        if len(ids) <= writing.most_tokens:
            return ids
        spans = spans[:-1]
    return None


def _tidy(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    ended = [line if len(lines) == 1 or line.endswith(_ENDS) else f"{line}." for line in lines if line]
    joined = " ".join(ended)
    return joined[len(_NEW) :] if joined.lower().startswith(_NEW) else joined


class Batches(torch.utils.data.Dataset[dict[str, Tensor]]):
    """Every step of a run, laid out beforehand from the seed: examples of similar length, little padding."""

    def __init__(self, examples: Examples, model: LanguageModel, *, batch: int, epochs: float, seed: int) -> None:
        """Lay out the steps."""
        self.examples, self.model = examples, model
        lengths = np.array([len(p) + len(t) for p, t in zip(examples.prompts, examples.targets, strict=True)])
        n_steps = max(1, round(epochs * len(lengths) / batch))
        rng = np.random.default_rng(seed)
        self.plan: list[Any] = []
        while len(self.plan) < n_steps:
            self.plan.extend(grouped_batches(lengths, batch, rng))
        self.plan = self.plan[:n_steps]

    def __len__(self) -> int:
        """Number of batches."""
        return len(self.plan)

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        """Tensors of one batch: `input_ids`, `attention_mask`, `labels` (-100 where nothing is to be learnt)."""
        rows = self.plan[step]
        prompts = [self.examples.prompts[row] for row in rows]
        targets = [self.examples.targets[row] for row in rows]
        pad = self.model.tokenizer.pad_token_id
        if not self.model.causal:
            ids, mask = padded(prompts, pad, left=False)
            labels, _ = padded(targets, -100, left=False)
            return {"input_ids": ids, "attention_mask": mask, "labels": labels}
        ids, mask = padded([p + t for p, t in zip(prompts, targets, strict=True)], pad, left=True)
        labels = torch.full_like(ids, -100)
        for row, target in enumerate(targets):
            labels[row, -len(target) :] = ids[row, -len(target) :]
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}
