"""Adapt the encoder, with LoRA or whole, on topics, on summaries, or on both at once.

Both heads learn over one shared encoder, so that a story is read once for its topics and its brief. A training step
holds a batch of labelled stories and a batch of summarised ones; `transformers.Trainer` drives it (checkpoints,
resume, early stopping, bfloat16, one or many GPUs) and `peft` holds the adapter.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.calibration import TemperatureScaling
from models.encoder import (
    DEFAULT_ENCODER,
    DELTA,
    Encoder,
    merge_adapter,
    pool_sentences,
    processor_dtype,
)
from models.errors import DataError
from models.fitting import label_prior, topic_loss
from models.heads import SummaryHead, TopicHead, pad_stories
from models.standard import EncoderSpec
from training.attention import speed_up
from training.averaging import Average, AveragedWeights
from training.steps import (
    FinetuneSettings,
    Steps,
    SummaryTask,
    TokenisedTask,
    TopicTask,
    batches_by_length,
    step_tensors,
    tokenise_summaries,
    tokenise_topics,
)

log = logging.getLogger(__name__)


class JointModel(nn.Module):
    """The adapted encoder with a topic head, a summary head, or both."""

    def __init__(
        self,
        transformer: nn.Module,
        topic_head: TopicHead | None,
        summary_head: SummaryHead | None,
        settings: FinetuneSettings,
        exclusive: bool,
    ) -> None:
        """Put the parts together; `exclusive` as in `TopicTask`."""
        super().__init__()
        self.transformer = transformer
        self.topic_head, self.summary_head = topic_head, summary_head
        self.weights = (settings.topic_weight, settings.summary_weight)
        self.exclusive = exclusive
        self.average = AveragedWeights([weight for weight in self.parameters() if weight.requires_grad])

    def read(self, inputs: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
        """Sentence vectors of one task's stories, padded, and their mask; see `pad_stories`."""
        hidden = self.transformer(
            input_ids=inputs[f"{name}_input_ids"], attention_mask=inputs[f"{name}_attention_mask"]
        ).last_hidden_state
        sizes = inputs[f"{name}_sizes"].tolist()
        pooled = pool_sentences(hidden, inputs[f"{name}_segments"], sum(sizes))
        padded, mask = pad_stories(list(torch.split(pooled, sizes)))
        return padded, mask.to(padded.device)

    def topic_logits(self, inputs: dict[str, Tensor]) -> Tensor:
        """Of a step's labelled stories, `(n_stories, n_labels)`."""
        assert self.topic_head is not None
        logits: Tensor = self.topic_head(*self.read(inputs, "topics"))[0]
        return logits

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """The weighted loss of a step, and each task's own."""
        out: dict[str, Tensor] = {}
        loss: Tensor | float = 0.0
        if self.topic_head is not None and "topics_sizes" in inputs:
            out["topics"] = topic_loss(self.topic_logits(inputs), inputs["topics_targets"], self.exclusive)
            loss = loss + self.weights[0] * out["topics"]
        if self.summary_head is not None and "summaries_sizes" in inputs:
            vectors, mask = self.read(inputs, "summaries")
            scores = self.summary_head(vectors, mask)
            out["summaries"] = nn.functional.binary_cross_entropy_with_logits(scores[mask], inputs["summaries_targets"])
            loss = loss + self.weights[1] * out["summaries"]
        assert isinstance(loss, Tensor)
        return {"loss": loss, **out}


@dataclass(slots=True)
class Adapted:
    """What fine-tuning learnt: LoRA pairs or changed weights (see `models.encoder.merge_adapter`) and the heads."""

    adapter: dict[str, Tensor]
    scale: float
    topic_head: TopicHead | None
    summary_head: SummaryHead | None
    history: list[dict[str, float]]


def finetune(
    *,
    topics: TopicTask | None = None,
    summaries: SummaryTask | None = None,
    validation_topics: TopicTask | None = None,
    validation_summaries: SummaryTask | None = None,
    spec: EncoderSpec | None = None,
    settings: FinetuneSettings | None = None,
    checkpoints: Path,
    resume: bool = False,
) -> Adapted:
    """Train a LoRA adapter and the heads of the given tasks together.

    What an encoder that was adapted before had learnt is part of the outcome, which goes with the public encoder.

    Args:
        topics: labelled stories, or None.
        summaries: stories with extracts, or None; at least one of the two is needed.
        validation_topics: held out, for early stopping.
        validation_summaries: held out, for early stopping.
        spec: the encoder to begin with, adapted before or not; the default one when None.
        settings: sizes, rates and the seed.
        checkpoints: folder for checkpoints; emptied first unless `resume`.
        resume: go on from the newest whole checkpoint there; the outcome is that of an undisturbed run.

    Returns:
        The adapter and heads of the best evaluation, averaged over the steps up to there.

    Raises:
        DataError: the checkpoints to go on from are another run's, or a task has nothing to learn from.
        ModelError: the encoder found is not the one that was adapted before.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

    from training.checkpoints import MarkWhole, train_whole

    if topics is None and summaries is None:
        raise ValueError("finetune: give it topics, summaries, or both.")
    settings = settings or FinetuneSettings()
    torch.manual_seed(settings.seed)
    spec = spec or EncoderSpec.of(DEFAULT_ENCODER)
    encoder = Encoder(spec.name, dtype="float32", device="cpu")
    spec.check(encoder)
    transformer: Any = encoder.module.requires_grad_(settings.full)
    before = {name: value.detach().clone() for name, value in transformer.named_parameters()} if settings.full else {}
    known = {name: torch.from_numpy(np.array(value)) for name, value in spec.adapter.items()}
    merge_adapter(transformer, known, spec.scale)
    speed_up(transformer)
    if not settings.full:
        config = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, lora_dropout=0.0, target_modules="all-linear")
        transformer = get_peft_model(transformer, config)
    tokenised_topics = tokenise_topics(topics, encoder, settings.topic_tokens) if topics else None
    tokenised_summaries = tokenise_summaries(summaries, encoder, settings.summary_tokens) if summaries else None
    for name, task in (("topics", tokenised_topics), ("summaries", tokenised_summaries)):
        if task is not None and not task.ids:
            raise DataError(
                f"{name}: no row has anything to learn from: texts are empty, or no summary shares a word with its "
                "article; are the columns right?"
            )
    topic_head = (
        TopicHead(encoder.hidden_size, topics.targets.shape[1], prior=label_prior(topics.targets)) if topics else None
    )
    summary_head = SummaryHead(encoder.hidden_size) if summaries else None
    model = JointModel(transformer, topic_head, summary_head, settings, bool(topics and topics.exclusive))
    steps = Steps(tokenised_topics, tokenised_summaries, encoder, settings)

    held_topics = tokenise_topics(validation_topics, encoder, settings.topic_tokens) if validation_topics else None
    held_summaries = (
        tokenise_summaries(validation_summaries, encoder, settings.summary_tokens) if validation_summaries else None
    )
    held_topics, held_summaries = (task if task and task.ids else None for task in (held_topics, held_summaries))

    plan = settings
    job = _job(settings, spec.fingerprint, (tokenised_topics, tokenised_summaries, held_topics, held_summaries))

    class _Trainer(Trainer):
        """Evaluates by loss on the held-out stories of each task and sums the tasks' weighted losses."""

        def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:
            return torch.utils.data.SequentialSampler(steps)

        def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
            with model.average.in_place():
                metrics = _held_out_losses(self.model, encoder, held_topics, held_summaries, plan)
            metrics["epoch"] = self.state.epoch or 0.0
            self.log(metrics)
            self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
            return metrics

    judged = held_topics is not None or held_summaries is not None
    every = max(1, len(steps) // settings.evaluations)
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=1,
        max_steps=len(steps),
        learning_rate=settings.full_lr if settings.full else settings.adapter_lr,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(settings.warmup * len(steps))),
        bf16=processor_dtype() == torch.bfloat16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps" if judged else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,  # how long the loss has not fallen
        load_best_model_at_end=judged,
        metric_for_best_model="eval_loss" if judged else None,
        greater_is_better=False if judged else None,
        logging_steps=max(1, min(20, every)),
        report_to=[],
        remove_unused_columns=False,
        seed=settings.seed,
        dataloader_num_workers=0,
        disable_tqdm=False,
    )
    optimizer = torch.optim.AdamW(_parameter_groups(model, settings))
    trainer = _Trainer(
        model=model,
        args=arguments,
        train_dataset=steps,
        eval_dataset=steps if judged else None,
        data_collator=lambda items: items[0],
        optimizers=(optimizer, None),
        callbacks=[
            Average(model.average),
            MarkWhole(job),
            *([EarlyStoppingCallback(settings.patience)] if judged else []),
        ],
    )
    state = train_whole(trainer, model, checkpoints, job, resume=resume)
    model.eval().to("cpu")
    model.average.take()
    scale = 1.0 if settings.full else settings.alpha / settings.rank
    if settings.full:
        adapter = changed_weights(model.transformer, before)
    else:
        adapter = stacked(known, spec.scale, adapter_tensors(model.transformer), scale)
    return Adapted(
        adapter=adapter,
        scale=scale,
        topic_head=topic_head,
        summary_head=summary_head,
        history=[dict(entry) for entry in state.log_history],
    )


def _job(settings: FinetuneSettings, encoder: str, tasks: Sequence[TokenisedTask | None]) -> str:
    """A hash of all that decides what a run learns."""
    read = [(task.ids, [target.tolist() for target in task.targets]) for task in tasks if task is not None]
    return hashlib.sha256(repr((settings, encoder, read)).encode()).hexdigest()


def _parameter_groups(model: JointModel, settings: FinetuneSettings) -> list[dict[str, Any]]:
    adapter = [p for p in model.transformer.parameters() if p.requires_grad]
    heads = [p for head in (model.topic_head, model.summary_head) if head is not None for p in head.parameters()]
    return [
        {"params": adapter, "lr": settings.full_lr if settings.full else settings.adapter_lr, "weight_decay": 0.0},
        {"params": heads, "lr": settings.head_lr, "weight_decay": 0.01},
    ]


def _held_out_losses(
    model: Any,
    encoder: Encoder,
    topics: TokenisedTask | None,
    summaries: TokenisedTask | None,
    settings: FinetuneSettings,
) -> dict[str, float]:
    """Mean loss of each task over its held-out stories, and `eval_loss`, their weighted sum.

    Where labels exclude each other it is the loss at the temperature that suits these stories best, as the model that
    is saved has one too: while a run grows surer than it should be, it may still tell the labels better apart.
    """
    model.eval()
    device = next(model.parameters()).device
    half = processor_dtype() == torch.bfloat16
    metrics: dict[str, float] = {"eval_loss": 0.0}
    parts = (
        ("topics", topics, settings.topic_batch, settings.topic_weight),
        ("summaries", summaries, settings.summary_batch, settings.summary_weight),
    )
    for name, task, size, weight in parts:
        if task is None:
            continue
        tempered = name == "topics" and model.exclusive
        total, logits, truth = 0.0, [], []
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
            for rows in batches_by_length(task, size):
                inputs = {key: value.to(device) for key, value in step_tensors(name, task, rows, encoder).items()}
                if tempered:
                    targets = inputs["topics_targets"].cpu().numpy()
                    labelled = targets.any(axis=1)  # with a label that training has
                    logits.append(model.topic_logits(inputs).float().cpu().numpy()[labelled])
                    truth.append(targets[labelled].argmax(axis=1))
                else:
                    total += float(model(**inputs)[name]) * len(rows)
        mean = tempered_loss(np.concatenate(logits), np.concatenate(truth)) if tempered else total / len(task.ids)
        metrics[f"eval_{name}_loss"] = mean
        metrics["eval_loss"] += weight * metrics[f"eval_{name}_loss"]
    model.train()
    return metrics


def tempered_loss(logits: NDArray[Any], truth: NDArray[Any]) -> float:
    """Mean cross-entropy of `(n_stories, n_labels)` and the right labels at the temperature that suits best."""
    if not len(truth):
        return 0.0
    chances = TemperatureScaling().fit(logits, truth).apply(logits)
    return float(-np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-12)).mean())


def changed_weights(transformer: nn.Module, before: dict[str, Tensor]) -> dict[str, Tensor]:
    """What full fine-tuning added to each parameter that it changed, in float16; see `merge_adapter`."""
    changed: dict[str, Tensor] = {}
    for name, value in transformer.named_parameters():
        delta = (value.detach().to("cpu") - before[name]).to(torch.float16)
        if delta.any():
            changed[f"{name}{DELTA}"] = delta.contiguous()
    return changed


def stacked(
    first: Mapping[str, Tensor], first_scale: float, second: Mapping[str, Tensor], second_scale: float
) -> dict[str, Tensor]:
    """One adapter that does what two do one after the other; its scale is the second's, its rank the sum of theirs."""
    both = dict(first)
    for key, value in first.items():
        if key.endswith(".lora_B"):
            both[key] = (value.float() * (first_scale / second_scale)).to(value.dtype)
    for key, value in second.items():
        both[key] = torch.cat([both[key], value], 0 if key.endswith(".lora_A") else 1) if key in both else value
    return both


def adapter_tensors(peft_model: nn.Module) -> dict[str, Tensor]:
    """LoRA pairs by the layer's name in the bare transformer, in float16."""
    pairs: dict[str, Tensor] = {}
    for key, value in peft_model.state_dict().items():
        for side in ("lora_A", "lora_B"):
            if f".{side}." in key:
                layer = key.split(f".{side}.")[0].removeprefix("base_model.model.")
                pairs[f"{layer}.{side}"] = value.detach().to("cpu", torch.float16).contiguous()
    return pairs
