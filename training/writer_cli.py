"""The shell side of training the abstractive engine: `copydesk train summariser --engine abstractive`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.audit_cli import warn_of_trouble
from training.figures import show
from training.options import Finetune, Target, read, typed_command

if TYPE_CHECKING:
    from training.abstractive import WriterSettings
    from training.data import Articles

_PANEL = "With --engine abstractive"

Base = Annotated[
    str | None,
    typer.Option(
        help="The language model: a hub id or folder of any causal or sequence-to-sequence model; gemma3-270m, from "
        "the extra 'abstractive', when missing.",
        rich_help_panel=_PANEL,
    ),
]
WhatToWrite = Annotated[
    Target, typer.Option(help="Learn to write the summary column or the headline column.", rich_help_panel=_PANEL)
]
CaseFrom = Annotated[
    str | None,
    typer.Option(help="Cased articles that lower-cased ones get their capitals back from.", rich_help_panel=_PANEL),
]
MostExamples = Annotated[
    int | None,
    typer.Option("--examples", min=1, help="Learn from so many examples, drawn by the seed.", rich_help_panel=_PANEL),
]
Batch = Annotated[int | None, typer.Option(min=1, help="Examples a step; 8 when missing.", rich_help_panel=_PANEL)]
Accumulate = Annotated[
    int | None, typer.Option(min=1, help="Steps whose gradients make one update.", rich_help_panel=_PANEL)
]


def settings_of(
    target: Target,
    base: str | None,
    finetune: Finetune,
    epochs: float,
    examples: int | None,
    batch: int | None,
    accumulate: int | None,
    held_out: float,
    seed: int,
) -> WriterSettings:
    """The options as settings of a training."""
    from training.abstractive import WriterSettings

    given = {"base": base, "batch": batch, "accumulation": accumulate}
    return WriterSettings(
        target=target.value,
        full=finetune is Finetune.full,
        epochs=epochs,
        examples=examples,
        held_out=held_out,
        seed=seed,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )


def train_writer_from_shell(
    data: Sequence[str],
    validation: Sequence[str] | None,
    columns: dict[str, str | None],
    settings: WriterSettings,
    *,
    limit: int | None,
    output: Path,
    case_from: str | None,
    checkpoints: Path | None,
    resume: bool,
    notes: str,
) -> None:
    """Read, train, write the model's folder and show its figures."""
    from models.artefact import check_writable, save_artefact
    from models.language_model import check_base
    from training.cards import model_card
    from training.writer import train_writer

    check_writable(output)
    check_base(settings.base)
    need = "titles" if settings.target == "headline" else "summaries"
    articles = read(data, columns, need, limit)
    held = read(validation, columns, need, None) if validation else None
    warn_of_trouble(articles, held)
    cased: Articles | None = read(case_from, {}, None, None) if case_from else None
    writer, report, training = train_writer(
        articles,
        held,
        settings,
        cased=cased,
        checkpoints=checkpoints or output.with_name(f"{output.name}-checkpoints"),
        resume=resume,
    )
    what = "headlines" if settings.target == "headline" else "briefs"
    purpose = f"Writes {what} of news stories in its own words: an adapter for the language model `{settings.base}`."
    title = "Writer of headlines" if settings.target == "headline" else "Writer of briefs"
    card = model_card(title, purpose, training, report, command=typed_command(), notes=notes)
    save_artefact(writer.artefact(training, card), output)
    show(report, f"Model written to {output}")
