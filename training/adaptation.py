"""Adapt the encoder to news with LoRA, for topics and briefs at once, and keep it as a folder models share."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.artefact import ADAPTER, Arrays, Artefact, load_artefact
from models.errors import DataError
from models.standard import EncoderSpec, head_state
from models.story import passages
from models.topics import target_matrix
from training.data import Articles
from training.finetune import Adapted, finetune
from training.leaks import rows_among
from training.opinion import second_opinion
from training.provenance import describe_data, encoder_history, library_versions
from training.steps import FinetuneSettings, SummaryTask, TopicTask
from training.stories import open_encoder, read_stories
from training.summariser import divide_summaries, sentence_targets
from training.topics import divide_topics

log = logging.getLogger(__name__)


def topic_task(articles: Articles, classes: Sequence[str]) -> TopicTask:
    """What fine-tuning needs of labelled articles."""
    stories = [passages(story) for story in read_stories(articles)]
    return TopicTask(stories, target_matrix(articles.labels or [], classes), articles.exclusive)


def summary_task(articles: Articles) -> SummaryTask:
    """What fine-tuning needs of summarised articles."""
    stories = read_stories(articles)
    targets = sentence_targets(stories, [summary or "" for summary in articles.summaries or []])
    return SummaryTask([[sentence.text for sentence in story.sentences] for story in stories], targets)


def adapt_encoder(
    topics: Articles | None,
    summaries: Articles | None,
    *,
    validation_topics: Articles | None = None,
    validation_summaries: Articles | None = None,
    encoder: str | None = None,
    held_out: float = 0.1,
    settings: FinetuneSettings | None = None,
    checkpoints: Path,
    resume: bool = False,
    cache: Path | None = None,
) -> tuple[Artefact, list[dict[str, float]]]:
    """Fine-tune the encoder.

    Where nothing is given to stop the run, articles are split as `training.topics.train_topics` and
    `training.summariser.train_summariser` split them with the same seed, so that a model trained on this encoder is
    validated on articles that the encoder has not learnt from: what one task holds out, the other leaves out too.

    Where stories have one topic each, and are many, the topics that are learnt are blended with what a model without
    fine-tuning says of them (`training.opinion`).

    Args:
        topics: labelled articles, or None.
        summaries: articles with summaries, or None.
        validation_topics: held out, for early stopping; a share of `topics` when None.
        validation_summaries: held out, for early stopping; a share of `summaries` when None.
        encoder: see `training.stories.open_encoder`; one that was adapted before is adapted further.
        held_out: share to hold out where nothing is given.
        settings: see `FinetuneSettings`.
        checkpoints: folder for checkpoints, outside any repository.
        resume: go on from the newest checkpoint.
        cache: folder for the sentence vectors that a second opinion reads.

    Returns:
        The adapted encoder as a folder's contents, and the history of losses.
    """
    settings = settings or FinetuneSettings()
    spec = open_encoder(encoder)
    data = seen_before(encoder)
    parts: dict[str, tuple[Articles, Articles]] = {}
    if topics is not None:
        train, held, _ = divide_topics(topics, validation_topics, fraction=held_out, seed=settings.seed)
        parts["topics"] = train, held
    if summaries is not None:
        train, held, _ = divide_summaries(summaries, validation_summaries, fraction=held_out, seed=settings.seed)
        parts["summaries"] = train, held
    aside = [held for _, held in parts.values()]
    parts = {name: (_without(train, aside), held) for name, (train, held) in parts.items()}
    labelled = held_topics = summarised = held_summaries = None
    told: dict[str, Any] = {}
    opinion = None
    if "topics" in parts:
        train, held = parts["topics"]
        classes = sorted({label for row in train.labels or [] for label in row})
        told = {"topics": {"labels": classes, "exclusive": train.exclusive}}
        labelled, held_topics = topic_task(train, classes), topic_task(held, classes)
        if settings.blend:
            kept: dict[str, Any] = {"folder": checkpoints, "resume": resume, "cache": cache}
            opinion = second_opinion(train, classes, settings.seed, **kept)
        if opinion is not None:
            targets = (1 - settings.blend) * labelled.targets + np.float32(settings.blend) * opinion
            labelled = replace(labelled, targets=targets)
    if "summaries" in parts:
        summarised, held_summaries = map(summary_task, parts["summaries"])
    if opinion is None:
        settings = replace(settings, blend=0.0)  # as it is recorded
    data |= {name: describe_data(train) for name, (train, _) in parts.items()}
    stopped = {name: describe_data(held) for name, (_, held) in parts.items()}
    adapted = finetune(
        topics=labelled,
        summaries=summarised,
        validation_topics=held_topics,
        validation_summaries=held_summaries,
        spec=spec,
        settings=settings,
        checkpoints=checkpoints,
        resume=resume,
    )
    return encoder_artefact(adapted, spec, data, stopped, settings, told), adapted.history


def _without(articles: Articles, aside: Sequence[Articles]) -> Articles:
    """The articles that are not among those held out."""
    known = {row for held in aside for row in rows_among(articles, held)}
    if len(known) == len(articles):
        raise DataError(f"{articles.name}: all {len(known)} rows stand among those held out; nothing is left to learn.")
    if known:
        log.info(
            "%s: %d rows stand among those held out; the encoder does not learn from them.", articles.name, len(known)
        )
    return articles.take(row for row in range(len(articles)) if row not in known)


def seen_before(encoder: str | None) -> dict[str, Any]:
    """What an encoder has learnt from, as its own training.json or that of a model that shares it describes it."""
    if encoder is None or not (Path(encoder) / ADAPTER).is_file():
        return {}
    data = encoder_history(load_artefact(encoder).training).get("data")
    return {f"before: {name}": found for name, found in data.items()} if isinstance(data, dict) else {}


def encoder_artefact(
    adapted: Adapted,
    before: EncoderSpec,
    data: dict[str, Any],
    stopped: dict[str, Any],
    settings: FinetuneSettings,
    told: dict[str, Any],
) -> Artefact:
    """An adapted encoder, with the heads trained beside it, as a folder's contents.

    Args:
        adapted: what was learnt.
        before: the encoder it was learnt on.
        data: what it was learnt from.
        stopped: what the run was stopped on.
        settings: how.
        told: what the topic head tells apart, as `config.json` keeps it: the model that is trained on this encoder may
            take that head.
    """
    adapter = {name: value.numpy() for name, value in adapted.adapter.items()}
    spec = EncoderSpec(before.name, before.sha256, adapter, adapted.scale)
    tensors: Arrays = {}
    for prefix, head in (("topics", adapted.topic_head), ("summary", adapted.summary_head)):
        if head is not None:
            tensors.update(head_state(head, prefix))
    training = {
        "data": data,
        "stopped": stopped,
        "settings": asdict(replace(settings)),
        "libraries": library_versions(),
        "losses": [entry for entry in adapted.history if "eval_loss" in entry],
    }
    what = "Changes to all weights" if settings.full else "LoRA weights (Hu et al., 2021)"
    card = (
        f"# A news encoder\n\n{what} for the public encoder `{spec.name}` "
        f"(SHA-256 `{spec.sha256}`), trained by `copydesk train encoder`, and the heads that were trained "
        "with them. Pass this folder as `--encoder` to `copydesk train topics` and `copydesk train summariser`: "
        "models trained on it share one pass over a story.\n"
    )
    config = {"task": "encoder", "engine": "standard", "encoder": spec.config(), **told}
    return Artefact(config, tensors, training, card, spec.adapter)
