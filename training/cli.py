"""The shell side of training: `copydesk train ...` and `copydesk evaluate ...`.

Every command is a thin shell over an importable function of the same job; heavy imports wait until one runs.
"""

from __future__ import annotations

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.audit_cli import warn_of_trouble

if TYPE_CHECKING:
    from training.data import Articles
    from training.evaluation import Report

train_app = typer.Typer(help="Train models on your own articles.", no_args_is_help=True)
evaluate_app = typer.Typer(help="Judge a model on held-out articles, beside its baselines.", no_args_is_help=True)

_DATA_HELP = (
    "Articles: a csv, tsv, json, jsonl or parquet file (also compressed), a folder of .txt files, or a hub id such "
    "as ag_news; with an optional split: train.parquet#train[:1000]."
)


class Engine(StrEnum):
    """The engines that can be trained."""

    standard = "standard"
    fast = "fast"


class Finetune(StrEnum):
    """How much of the encoder is trained."""

    none = "none"
    lora = "lora"
    full = "full"


Data = Annotated[str, typer.Option("--data", help=_DATA_HELP)]
Validation = Annotated[
    str | None, typer.Option("--validation", help="Held-out articles; without it a share of --data is held out.")
]
Output = Annotated[
    Path, typer.Option("--output", help="Folder for the model; replaced only once the new one is whole.")
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="Another encoder: a hub id, a folder, or a Copydesk model whose adapted encoder is then shared.",
    ),
]
HowToFinetune = Annotated[
    Finetune, typer.Option(help="Adapt the encoder too, with LoRA (a few MB) or in full: better, slower.")
]
HeldOut = Annotated[float, typer.Option("--held-out", min=0.01, max=0.9, help="Share held out without --validation.")]
Seed = Annotated[int, typer.Option("--seed", help="Same data, arguments and seed give the same model.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Use only the first N articles.")]
TextColumn = Annotated[str | None, typer.Option("--text-column", help="Column of the text, if not found by name.")]
TitleColumn = Annotated[str | None, typer.Option("--title-column", help="Column of the headline.")]
LabelsColumn = Annotated[
    str | None, typer.Option("--labels-column", help="Column of the topics: strings, ints or lists.")
]
SummaryColumn = Annotated[str | None, typer.Option("--summary-column", help="Column of the reference summary.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Predictions = Annotated[
    Path | None,
    typer.Option("--predictions", help="Write what the model said of every row to this .jsonl or .parquet file."),
]
Compare = Annotated[
    Path | None, typer.Option("--compare", exists=True, help="Folder of another model, judged on the same rows.")
]
ReportFolder = Annotated[
    Path | None, typer.Option("--report", help="Write report.html, for people, and summary.md to this folder.")
]
Checkpoints = Annotated[
    Path | None, typer.Option("--checkpoints", help="Folder for checkpoints; next to --output when missing.")
]
Cache = Annotated[
    Path | None, typer.Option("--cache", help="Keep sentence vectors in this folder: the next run starts at the head.")
]
Notes = Annotated[
    Path | None, typer.Option("--notes", exists=True, help="Markdown for the model card: data, licence, limits.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint of an interrupted run.")]
Model = Annotated[Path | None, typer.Option("--model", help="The model's folder; the shipped model when missing.")]


@train_app.command("topics")
def train_topics_command(
    data: Data,
    output: Output,
    validation: Validation = None,
    engine: Annotated[Engine, typer.Option(help="standard: encoder; fast: n-grams.")] = Engine.standard,
    finetune: Annotated[
        Finetune, typer.Option(help="Adapt the encoder too, with LoRA (a few MB) or in full: better, slower.")
    ] = Finetune.none,
    encoder: Encoder = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the data with --finetune.")] = 3.0,
    held_out: HeldOut = 0.1,
    seed: Seed = 13,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    labels_column: LabelsColumn = None,
    checkpoints: Checkpoints = None,
    resume: Resume = False,
    cache: Cache = None,
    notes: Notes = None,
    search: Annotated[
        int, typer.Option(min=0, help="With --engine fast: try so many settings first, by successive halving.")
    ] = 0,
) -> None:
    """Train a topic classifier.

    Single- or multi-label is told from the label column. Ends with the figures on held-out articles beside the
    majority class and TF-IDF with a linear SVM.
    """
    from models.artefact import check_writable, save_artefact
    from training.cards import model_card
    from training.topics import TopicSettings, train_topics

    columns = {"text_column": text_column, "title_column": title_column, "labels_column": labels_column}
    check_writable(output)
    articles = _read(data, columns, "labels", limit)
    held = _read(validation, columns, "labels", None) if validation else None
    warn_of_trouble(articles, held)
    if finetune is not Finetune.none and engine is Engine.standard:
        encoder = str(
            _adapt(
                articles,
                None,
                None,
                encoder,
                held_out if held is None else 0.02,
                seed,
                epochs,
                output,
                checkpoints,
                resume,
                full=finetune is Finetune.full,
            )
        )
    if search and engine is not Engine.fast:
        raise typer.BadParameter("--search is for --engine fast; the standard engine's defaults need no search.")
    settings = TopicSettings(engine.value, encoder, held_out, seed, cache, search)
    model, report, training = train_topics(articles, held, settings)
    purpose = f"Labels news stories with {len(model.classes_)} topics ({engine.value} engine)."
    card = model_card("Topic model", purpose, training, report, command=_command(), notes=_notes(notes))
    save_artefact(model.artefact(training, card), output)
    _show(report, f"Model written to {output}")


@train_app.command("summariser")
def train_summariser_command(
    data: Data,
    output: Output,
    validation: Validation = None,
    engine: Annotated[Engine, typer.Option(help="standard: encoder; fast: sentence features.")] = Engine.standard,
    finetune: Annotated[
        Finetune, typer.Option(help="Adapt the encoder too, with LoRA (a few MB) or in full: better, slower.")
    ] = Finetune.none,
    encoder: Encoder = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the data with --finetune.")] = 1.0,
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
) -> None:
    """Train an extractive summariser.

    Learns which sentences together come closest to the reference summaries. Ends with ROUGE on held-out articles
    beside the first three sentences (lead-3) and the best possible extract (oracle).
    """
    from models.artefact import check_writable, save_artefact
    from training.cards import model_card
    from training.summariser import SummariserSettings, train_summariser

    columns = {"text_column": text_column, "title_column": title_column, "summary_column": summary_column}
    check_writable(output)
    articles = _read(data, columns, "summaries", limit)
    held = _read(validation, columns, "summaries", None) if validation else None
    warn_of_trouble(articles, held)
    if finetune is not Finetune.none and engine is Engine.standard:
        full = finetune is Finetune.full
        encoder = str(
            _adapt(None, articles, held, encoder, held_out, seed, epochs, output, checkpoints, resume, full=full)
        )
    settings = SummariserSettings(engine.value, encoder, held_out, seed=seed, cache=cache)
    model, report, training = train_summariser(articles, held, settings)
    purpose = f"Scores the sentences of a news story for its brief ({engine.value} engine)."
    card = model_card("Summariser", purpose, training, report, command=_command(), notes=_notes(notes))
    save_artefact(model.artefact(training, card), output)
    _show(report, f"Model written to {output}")


@train_app.command("encoder")
def train_encoder_command(
    output: Output,
    topics: Annotated[str | None, typer.Option(help="Labelled articles. " + _DATA_HELP)] = None,
    summaries: Annotated[str | None, typer.Option(help="Articles with summaries. " + _DATA_HELP)] = None,
    validation_summaries: Annotated[str | None, typer.Option(help="Held-out articles with summaries.")] = None,
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
    labelled = _read(topics, {}, "labels", None) if topics else None
    summarised = _read(summaries, {}, "summaries", None) if summaries else None
    held = _read(validation_summaries, {}, "summaries", None) if validation_summaries else None
    _adapt(labelled, summarised, held, encoder, held_out, seed, epochs, output, checkpoints, resume, final=True)
    typer.echo(f"Encoder written to {output}", err=True)


@evaluate_app.command("topics")
def evaluate_topics_command(
    data: Data,
    model: Model = None,
    json_file: JsonFile = None,
    report_folder: ReportFolder = None,
    predictions: Predictions = None,
    compare: Compare = None,
    engine: Annotated[Engine, typer.Option(help="Which shipped model, without --model.")] = Engine.standard,
    training_data: Annotated[
        str | None, typer.Option(help="The training articles, for the TF-IDF + SVM baseline at its full strength.")
    ] = None,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    labels_column: LabelsColumn = None,
) -> None:
    """Figures of a topic model on labelled articles, with 95% bootstrap intervals."""
    from inference.predict import shipped
    from training.judge import Wanted, judge_topics

    columns = {"text_column": text_column, "title_column": title_column, "labels_column": labels_column}
    articles = _read(data, columns, "labels", limit)
    training = _read(training_data, columns, "labels", None) if training_data else None
    wanted = Wanted(predictions, compare, report_folder, _command())
    report = judge_topics(model or shipped("topics", engine.value), articles, wanted, training=training)
    _write(report, json_file)
    _show(report)


@evaluate_app.command("summariser")
def evaluate_summariser_command(
    data: Data,
    model: Model = None,
    json_file: JsonFile = None,
    report_folder: ReportFolder = None,
    predictions: Predictions = None,
    compare: Compare = None,
    engine: Annotated[Engine, typer.Option(help="Which shipped model, without --model.")] = Engine.standard,
    sentences: Annotated[int | None, typer.Option(min=1, help="A fixed number of sentences instead of auto.")] = None,
    limit: Limit = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    summary_column: SummaryColumn = None,
) -> None:
    """ROUGE of a summariser on articles with summaries, with 95% bootstrap intervals."""
    from inference.predict import shipped
    from models.selection import Budget
    from training.judge import Wanted, judge_summariser

    columns = {"text_column": text_column, "title_column": title_column, "summary_column": summary_column}
    articles = _read(data, columns, "summaries", limit)
    wanted = Wanted(predictions, compare, report_folder, _command())
    folder = model or shipped("summariser", engine.value)
    report = judge_summariser(folder, articles, wanted, budget=Budget(sentences=sentences))
    _write(report, json_file)
    _show(report)


def _read(data: str, columns: dict[str, str | None], need: str, limit: int | None) -> Articles:
    from training.data import read_articles

    return read_articles(data, **columns, need={need}, limit=limit, strict=False)


def _adapt(
    topics: Articles | None,
    summaries: Articles | None,
    held: Articles | None,
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
) -> Path:
    """Fine-tune the encoder into a folder: the output itself, or one beside it that a model is then trained on."""
    from models.artefact import save_artefact
    from training.adaptation import adapt_encoder
    from training.steps import FinetuneSettings

    target = output if final else output.with_name(f"{output.name}-encoder")
    artefact, _ = adapt_encoder(
        topics,
        summaries,
        validation_summaries=held,
        encoder=encoder,
        held_out=held_out,
        settings=FinetuneSettings(seed=seed, epochs=epochs, full=full),
        checkpoints=checkpoints or output.with_name(f"{output.name}-checkpoints"),
        resume=resume,
    )
    save_artefact(artefact, target)
    return target


def _notes(path: Path | None) -> str:
    return path.read_text(encoding="utf-8") if path else ""


def _command() -> str:
    """The command as typed, with paths shortened: a model card names no machine's folders, and no cache."""
    from training.provenance import short_name

    typed = list(sys.argv[1:])
    while "--cache" in typed:
        del typed[typed.index("--cache") : typed.index("--cache") + 2]
    return " ".join(["copydesk", *(shlex.quote(short_name(a) if "/" in a else a) for a in typed)])


def _write(report: Report, path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report.to_dict(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _show(report: Report, closing: str | None = None) -> None:
    """The figures as a table on standard output."""
    from rich.console import Console
    from rich.table import Table

    from training.comparison import comparison_lines

    digits = 2 if report.task == "summariser" else 3
    table: Any = Table(title=f"{report.n:,} held-out articles", title_justify="left")
    for name in ("metric", "this model", "95% interval", *report.baselines):
        table.add_column(name, justify="left" if name == "metric" else "right")
    for name, value in report.metrics.items():
        interval = report.intervals.get(name)
        table.add_row(
            name,
            f"{value:.{digits}f}",
            f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}" if interval else "",
            *(f"{figures[name]:.{digits}f}" if name in figures else "" for figures in report.baselines.values()),
        )
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    for baseline, differences in report.differences.items():
        for name, (mean, low, high) in differences.items():
            console.print(f"{name}: {mean:+.2f} over {baseline} ({low:+.2f} to {high:+.2f})")
    if report.comparison is not None:
        for line in comparison_lines(report.comparison, digits):
            console.print(line, markup=False, highlight=False)
    for note in report.notes:
        console.print(f"- {note}", markup=False, highlight=False)
    if closing:
        console.print(closing, markup=False, highlight=False)
