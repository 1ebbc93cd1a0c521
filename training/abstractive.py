"""Train the abstractive engine: fine-tune a language model to write briefs or headlines, with LoRA or whole.

`transformers.Trainer` drives it: checkpoints, resume, gradient accumulation, bfloat16, early stopping on the ROUGE of
what the model writes. What it learns from is made in `training.targets`.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.abstractive import Writer, Writing
from models.artefact import Arrays
from models.errors import DataError
from models.language_model import DEFAULT_BASE, LanguageModel, load_language_model, working_dtype
from models.sentences import split_sentences
from models.summary import SummaryModel
from training.casing import Capitals
from training.data import Articles
from training.finetune import adapter_tensors, changed_weights
from training.rouge import rouge_scores
from training.targets import Batches, Examples, make_examples

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """How a writer is trained.

    Attributes:
        target: "summary" or "headline"; which column is learnt to be written.
        base: hub id, folder or name of the base model.
        full: train every weight, at `full_lr`, in place of a LoRA adapter of `rank` (Hu et al., "LoRA", 2021).
        batch: examples a step; `accumulation` such steps go into one update.
        examples: at most so many examples, drawn by the seed; None for all.
        held_out: share of the articles that is held out where no validation articles are given.
        judged: held-out examples that are written after each of `evaluations` parts of the run, for ROUGE.
        patience: evaluations without a better ROUGE before the run ends.
    """

    target: str = "summary"
    base: str = DEFAULT_BASE
    full: bool = False
    rank: int = 8
    alpha: int = 16
    epochs: float = 1.0
    lr: float = 5e-4
    full_lr: float = 3e-5
    warmup: float = 0.06
    batch: int = 8
    accumulation: int = 1
    examples: int | None = None
    held_out: float = 0.1
    judged: int = 64
    evaluations: int = 3
    patience: int = 2
    seed: int = 13


@dataclass(slots=True)
class Learnt:
    """What fine-tuning learnt, and how it went.

    Attributes:
        adapter: LoRA pairs or changed weights, see `models.encoder.merge_adapter`; `scale` goes with them.
        sha256: of the base's weights.
        history: the losses, and the ROUGE of each evaluation.
        examples: how many were used, and how many articles were left out for which reason.
        seen: the articles that were learnt from, or looked at and left out.
        untouched: validation articles that had no part in it.
    """

    adapter: Arrays
    scale: float
    sha256: str
    history: list[dict[str, float]]
    examples: dict[str, Any]
    seen: Articles
    untouched: Articles


def target_loss(module: Any, causal: bool, inputs: dict[str, Tensor]) -> Tensor:
    """Mean cross-entropy over the target's tokens; the vocabulary's logits are only made where one is learnt."""
    if not causal:
        loss: Tensor = module(**inputs).loss
        return loss
    inner = module.get_base_model() if hasattr(module, "get_base_model") else module
    hidden = inner.get_decoder()(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).last_hidden_state
    wanted = inputs["labels"][:, 1:]
    learnt = wanted != -100
    logits = inner.get_output_embeddings()(hidden[:, :-1][learnt])
    return nn.functional.cross_entropy(logits.float(), wanted[learnt])


def finetune_writer(
    articles: Articles,
    validation: Articles,
    guide: SummaryModel,
    settings: WriterSettings,
    *,
    capitals: Capitals | None = None,
    checkpoints: Path,
    resume: bool = False,
) -> Learnt:
    """Fine-tune a base model into a writer.

    Args:
        articles: to learn from; with summaries or titles.
        validation: held out; ROUGE on some of them ends the run early and chooses the weights.
        guide: the extractive summariser whose best sentences are shown.
        settings: sizes, rates and the seed.
        capitals: see `make_examples`.
        checkpoints: folder for checkpoints; emptied first unless `resume`.
        resume: go on from the newest whole checkpoint there; the outcome is that of an undisturbed run.

    Raises:
        DataError: no article can be learnt from, or the checkpoints to go on from are another run's.
        ModelError: the base cannot be loaded.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

    from training.checkpoints import MarkWhole, train_whole

    torch.manual_seed(settings.seed)
    writing = Writing.of(settings.target)
    model = load_language_model(settings.base)
    options: dict[str, Any] = {"capitals": capitals, "seed": settings.seed}
    held = Examples(validation.take([]), validation)
    if settings.judged:
        held = make_examples(validation, guide, model, writing, at_most=settings.judged, filtered=False, **options)
    examples = make_examples(articles, guide, model, writing, at_most=settings.examples, **options)
    if not len(examples):
        raise DataError(f"{articles.name}: no usable example; {examples.said}.")
    log.info("%d examples; %s", len(examples), examples.said)

    half = working_dtype() == torch.bfloat16
    module: Any = model.module.requires_grad_(settings.full)
    before = {name: value.detach().clone() for name, value in module.named_parameters()} if settings.full else {}
    if not settings.full:
        module = module.to(torch.bfloat16) if half else module  # the base is never changed: its gradient is not needed
        config = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, lora_dropout=0.0, target_modules="all-linear")
        module = get_peft_model(module, config)
    batches = Batches(examples, model, batch=settings.batch, epochs=settings.epochs, seed=settings.seed)
    updates = max(1, len(batches) // settings.accumulation)
    every = max(1, updates // settings.evaluations)
    judge = _Judge(model, writing, held)
    job = hashlib.sha256(
        repr((settings, model.sha256, examples.prompts, examples.targets, held.sources)).encode()
    ).hexdigest()

    class _Trainer(Trainer):
        """Learns the targets alone, and evaluates by the ROUGE of what is written."""

        def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler[int]:
            return torch.utils.data.SequentialSampler(batches)

        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            return target_loss(self.accelerator.unwrap_model(model), judge.model.causal, inputs)

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            metrics = judge(self.model)
            metrics["epoch"] = self.state.epoch or 0.0
            self.log(metrics)
            self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
            return metrics

    judged = len(held) > 0
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=settings.accumulation,
        max_steps=updates,
        learning_rate=settings.full_lr if settings.full else settings.lr,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(settings.warmup * updates)),
        bf16=half,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps" if judged else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,  # how long the ROUGE has not risen
        load_best_model_at_end=judged,
        metric_for_best_model="eval_rouge" if judged else None,
        greater_is_better=True if judged else None,
        logging_steps=max(1, min(20, every)),
        report_to=[],
        remove_unused_columns=False,
        label_names=["labels"],
        seed=settings.seed,
        disable_tqdm=False,
    )
    trainer = _Trainer(
        model=module,
        args=arguments,
        train_dataset=batches,
        eval_dataset=batches if judged else None,
        data_collator=lambda items: items[0],
        callbacks=[MarkWhole(job), *([EarlyStoppingCallback(settings.patience)] if judged else [])],
    )
    trainer.model_accepts_loss_kwargs = False  # else the losses of the steps of one update are summed, not averaged
    state = train_whole(trainer, module, checkpoints, job, resume=resume)
    module.eval().to("cpu")
    learnt = changed_weights(module, before) if settings.full else adapter_tensors(module)
    return Learnt(
        adapter={name: value.numpy() for name, value in learnt.items()},
        scale=1.0 if settings.full else settings.alpha / settings.rank,
        sha256=model.sha256,
        history=[dict(entry) for entry in state.log_history],
        examples={"used": len(examples), "left out": dict(examples.left_out)},
        seen=examples.seen,
        untouched=held.untouched,
    )


class _Judge:
    """ROUGE of what a model in training writes for the held-out sources, greedily."""

    def __init__(self, model: LanguageModel, writing: Writing, held: Examples) -> None:
        self.model, self.writing, self.held = model, writing, held

    def __call__(self, module: Any) -> dict[str, float]:
        """`eval_rouge` is the mean of ROUGE-1, ROUGE-2 and ROUGE-Lsum, 0 to 100."""
        module.eval()
        model = LanguageModel(module, self.model.tokenizer, self.model.causal, "")
        writer = Writer.over(model, self.writing)
        with torch.autocast(module.device.type, torch.bfloat16, enabled=working_dtype() == torch.bfloat16):
            written = [(texts or [""])[0] for texts in writer.candidates(self.held.sources, beams=1, batch=8)]
        module.train()
        split = [[text[a:b] for a, b in split_sentences(text)] for text in written]
        scores = rouge_scores(split, self.held.references, workers=1)
        means = {f"eval_{name}": float(values.mean()) for name, values in scores.items()}
        means["eval_rouge"] = (means["eval_rouge1"] + means["eval_rouge2"] + means["eval_rougeLsum"]) / 3
        return means
