"""The shell side of training: `copydesk train ...`.

Every command is a thin shell over an importable function of the same job; heavy imports wait until one runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inference.engines import Engine, SummaryEngine
from training.audit_cli import warn_of_trouble
from training.figures import show
from training.options import (
    DATA_HELP,
    Cache,
    Checkpoints,
    Data,
    Encoder,
    Finetune,
    HeldOut,
    HowToFinetune,
    LabelsColumn,
    LabelsSeparator,
    Limit,
    ManyData,
    ManyValidation,
    Notes,
    Output,
    Resume,
    Seed,
    SummaryColumn,
    Target,
    TextColumn,
    TitleColumn,
    Validation,
    read,
    typed_command,
)
from training.writer_cli import (
    Accumulate,
    Base,
    Batch,
    CaseFrom,
    MostExamples,
    WhatToWrite,
    settings_of,
    train_writer_from_shell,
)

if TYPE_CHECKING:
    from training.data import Articles

train_app = typer.Typer(help="Train models on your own articles.", no_args_is_help=True)


@train_app.command("topics")
def train_topics_command(
    data: Data,
    output: Output,
    validation: Validation = None,
    engine: Annotated[Engine, typer.Option(help="standard: encoder; fast: n-grams.")] = Engine.standard,
    finetune: HowToFinetune = Finetune.none,
    encoder: Encoder = None,
    epochs: Annotated[
        float | None, typer.Option(min=0.01, help="Passes over the data with --finetune; 3 when missing.")
    ] = None,
    held_out: HeldOut = 0.1,
    seed: Seed = 13,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    labels_column: LabelsColumn = None,
    labels_separator: LabelsSeparator = None,
    checkpoints: Checkpoints = None,
    resume: Resume = False,
    cache: Cache = None,
    notes: Notes = None,
    search: Annotated[
        int, typer.Option(min=0, help="With --engine fast: try so many settings first, by successive halving.")
    ] = 0,
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(help="With --engine fast: more articles, labelled by --teacher and learnt from as well."),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(exists=True, help="A model with the same labels; the standard one that ships when missing."),
    ] = None,
    background: Annotated[
        bool,
        typer.Option(
            help="Learn from texts written for this which ones are no news (recipes, code, letters, adverts), and give "
            "them no topics. Turn it off where your articles are of such kinds."
        ),
    ] = True,
    refit: Annotated[
        bool,
        typer.Option(help="Learn once more at the end, from the held-out rows too; without --validation only."),
    ] = True,
) -> None:
    """Train a topic classifier.

    Single- or multi-label is told from the label column. Ends with the figures on held-out articles beside the
    majority class and TF-IDF with a linear SVM.

    A fast model learns from a standard one: train that first, then this with --teacher and --unlabelled, any articles
    of the same kind.
    """
    from models.artefact import save_artefact
    from training.cards import model_card
    from training.topics import TopicSettings, train_topics

    _refuse_what_is_not_used(engine is Engine.fast, finetune, encoder, epochs, checkpoints, resume)
    if cache and engine is Engine.fast and not unlabelled:
        raise typer.BadParameter("--cache keeps sentence vectors; --engine fast has none, but for --unlabelled.")
    if search and engine is not Engine.fast:
        raise typer.BadParameter("--search is for --engine fast; the standard engine's defaults need no search.")
    if (unlabelled or teacher) and engine is not Engine.fast:
        raise typer.BadParameter(
            "--unlabelled and --teacher are for --engine fast, which learns from a standard model."
        )
    if teacher and not unlabelled:
        raise typer.BadParameter("--teacher labels the articles of --unlabelled; name some.")
    about = _notes(notes)
    columns = {"text_column": text_column, "title_column": title_column, "labels_column": labels_column}
    columns["labels_separator"] = labels_separator
    articles, held = _articles(data, validation, columns, "labels", limit, output)
    if finetune is not Finetune.none:
        encoder = str(
            _adapt(
                (articles, held),
                None,
                encoder,
                held_out,
                seed,
                epochs or 3.0,
                output,
                checkpoints,
                resume,
                full=finetune is Finetune.full,
                cache=cache,
            )
        )
    settings = TopicSettings(
        engine.value, encoder, held_out, seed, cache, search, str(teacher) if teacher else None, refit, background
    )
    more = read(unlabelled, {**columns, "labels_column": None}, None, None) if unlabelled else None
    model, report, training = train_topics(articles, held, settings, unlabelled=more)
    purpose = f"Labels news stories with {len(model.classes_)} topics ({engine.value} engine)."
    card = model_card("Topic model", purpose, training, report, command=typed_command(), notes=about)
    save_artefact(model.artefact(training, card), output)
    show(report, f"Model written to {output}")


@train_app.command("summariser")
def train_summariser_command(
    data: ManyData,
    output: Output,
    validation: ManyValidation = None,
    engine: Annotated[
        SummaryEngine,
        typer.Option(help="standard: encoder; fast: sentence features; abstractive: a language model's own words."),
    ] = SummaryEngine.standard,
    finetune: HowToFinetune = Finetune.none,
    encoder: Encoder = None,
    epochs: Annotated[
        float | None,
        typer.Option(min=0.01, help="Passes over the data with --finetune or --engine abstractive; 1 when missing."),
    ] = None,
    held_out: HeldOut = 0.1,
    seed: Seed = 13,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    summary_column: SummaryColumn = None,
    checkpoints: Checkpoints = None,
    resume: Resume = False,
    cache: Cache = None,
    notes: Notes = None,
    base: Base = None,
    target: WhatToWrite = Target.summary,
    case_from: CaseFrom = None,
    examples: MostExamples = None,
    batch: Batch = None,
    accumulate: Accumulate = None,
) -> None:
    """Train a summariser.

    The standard and fast engines learn which sentences together come closest to the reference summaries; abstractive
    fine-tunes a language model (with LoRA unless --finetune full) to write briefs, or with --target headline
    headlines. Ends with ROUGE on held-out articles beside the first three sentences (lead-3) and the best possible
    extract (oracle).
    """
    about = _notes(notes)
    columns = {"text_column": text_column, "title_column": title_column, "summary_column": summary_column}
    if engine is SummaryEngine.abstractive:
        if encoder or cache:
            raise typer.BadParameter("--encoder and --cache are the standard engine's; a language model is a --base.")
        train_writer_from_shell(
            data,
            validation,
            columns,
            settings_of(target, base, finetune, epochs or 1.0, examples, batch, accumulate, held_out, seed),
            limit=limit,
            output=output,
            case_from=case_from,
            checkpoints=checkpoints,
            resume=resume,
            notes=about,
        )
        return
    if base or case_from or examples or batch or accumulate or target is not Target.summary:
        raise typer.BadParameter(
            "--base, --target, --case-from, --examples, --batch and --accumulate go with --engine abstractive."
        )
    _refuse_what_is_not_used(engine is SummaryEngine.fast, finetune, encoder, epochs, checkpoints, resume)
    from models.artefact import save_artefact
    from training.cards import model_card
    from training.summariser import SummariserSettings, train_summariser

    articles, held = _articles(data, validation, columns, "summaries", limit, output)
    if finetune is not Finetune.none:
        full = finetune is Finetune.full
        encoder = str(
            _adapt(
                None, (articles, held), encoder, held_out, seed, epochs or 1.0, output, checkpoints, resume, full=full
            )
        )
    settings = SummariserSettings(engine.value, encoder, held_out, seed=seed, cache=cache)
    model, report, training = train_summariser(articles, held, settings)
    purpose = f"Scores the sentences of a news story for its brief ({engine.value} engine)."
    card = model_card("Summariser", purpose, training, report, command=typed_command(), notes=about)
    save_artefact(model.artefact(training, card), output)
    show(report, f"Model written to {output}")


@train_app.command("encoder")
def train_encoder_command(
    output: Output,
    topics: Annotated[str | None, typer.Option(help="Labelled articles. " + DATA_HELP)] = None,
    summaries: Annotated[str | None, typer.Option(help="Articles with summaries. " + DATA_HELP)] = None,
    validation_topics: Annotated[
        str | None, typer.Option(help="Held-out labelled articles; without it a share of --topics is held out.")
    ] = None,
    validation_summaries: Annotated[
        str | None, typer.Option(help="Held-out articles with summaries; without it a share of --summaries.")
    ] = None,
    encoder: Encoder = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the topics (or else the summaries).")] = 3.0,
    held_out: HeldOut = 0.1,
    seed: Seed = 13,
    checkpoints: Checkpoints = None,
    resume: Resume = False,
) -> None:
    """Adapt the encoder to topics and summaries together, so that one pass over a story serves both.

    Pass the folder as --encoder to 'train topics' and 'train summariser' afterwards.
    """
    if topics is None and summaries is None:
        raise typer.BadParameter("give --topics, --summaries, or both.")
    from models.artefact import check_writable

    check_writable(output)
    for held, named, what in (
        (validation_topics, topics, "topics"),
        (validation_summaries, summaries, "summaries"),
    ):
        if held and not named:
            raise typer.BadParameter(f"--validation-{what} goes with --{what}.")

    def articles(data: str | None, validation: str | None, need: str) -> tuple[Articles, Articles | None] | None:
        if data is None:
            return None
        return read(data, {}, need, None), read(validation, {}, need, None) if validation else None

    labelled = articles(topics, validation_topics, "labels")
    summarised = articles(summaries, validation_summaries, "summaries")
    _adapt(labelled, summarised, encoder, held_out, seed, epochs, output, checkpoints, resume, final=True)
    typer.echo(f"Encoder written to {output}", err=True)


def _refuse_what_is_not_used(
    fast: bool,
    finetune: Finetune,
    encoder: str | None,
    epochs: float | None,
    checkpoints: Path | None,
    resume: bool,
) -> None:
    """An error for options that would be passed over in silence."""
    if fast and (encoder or finetune is not Finetune.none):
        raise typer.BadParameter("--encoder and --finetune are the standard engine's; --engine fast has no encoder.")
    if finetune is Finetune.none and (epochs or checkpoints or resume):
        raise typer.BadParameter("--epochs, --checkpoints and --resume go with --finetune lora or full.")


def _articles(
    data: str | Sequence[str],
    validation: str | Sequence[str] | None,
    columns: dict[str, str | None],
    need: str,
    limit: int | None,
    output: Path,
) -> tuple[Articles, Articles | None]:
    """What to learn from and what is held out, read once it is known that the model can be written."""
    from models.artefact import check_writable

    check_writable(output)
    articles = read(data, columns, need, limit)
    held = read(validation, columns, need, None) if validation else None
    warn_of_trouble(articles, held)
    return articles, held


def _adapt(
    topics: tuple[Articles, Articles | None] | None,
    summaries: tuple[Articles, Articles | None] | None,
    encoder: str | None,
    held_out: float,
    seed: int,
    epochs: float,
    output: Path,
    checkpoints: Path | None,
    resume: bool,
    *,
    final: bool = False,
    full: bool = False,
    cache: Path | None = None,
) -> Path:
    """Fine-tune the encoder into a folder: the output itself, or one beside it that a model is then trained on.

    Of topics and of summaries each, what to learn from and what is held out.
    """
    from models.artefact import check_writable, save_artefact
    from training.adaptation import adapt_encoder
    from training.steps import FinetuneSettings

    target = output if final else output.with_name(f"{output.name}-encoder")
    if encoder is not None and Path(encoder).resolve() == target.resolve():
        raise typer.BadParameter(f"{target} is where the adapted encoder goes; name another --output or --encoder.")
    check_writable(target)
    (topic_rows, held_topics), (summary_rows, held_summaries) = topics or (None, None), summaries or (None, None)
    artefact, _ = adapt_encoder(
        topic_rows,
        summary_rows,
        validation_topics=held_topics,
        validation_summaries=held_summaries,
        encoder=encoder,
        held_out=held_out,
        settings=FinetuneSettings(seed=seed, epochs=epochs, full=full),
        checkpoints=checkpoints or output.with_name(f"{output.name}-checkpoints"),
        resume=resume,
        cache=cache,
    )
    save_artefact(artefact, target)
    return target


def _notes(path: Path | None) -> str:
    """The text of --notes, read before the training, which a file that cannot be read would cost.

    Raises:
        typer.BadParameter: it is no file of UTF-8 text, or may not be read.
    """
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"--notes {path}: cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"--notes {path}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8."
        ) from error
