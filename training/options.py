"""The options that several commands of training share, and what they mean in common."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inference.engines import Engine, SummaryEngine

if TYPE_CHECKING:
    from training.data import Articles

DATA_HELP = (
    "Articles: a csv, tsv, json, jsonl or parquet file (also compressed), a folder of .txt files, or a hub id such "
    "as ag_news; with an optional split: train.parquet#train[:1000]."
)


class Target(StrEnum):
    """What a language model learns to write."""

    summary = "summary"
    headline = "headline"


class Finetune(StrEnum):
    """How much of the encoder is trained."""

    none = "none"
    lora = "lora"
    full = "full"


Data = Annotated[str, typer.Option("--data", help=DATA_HELP)]
ManyData = Annotated[
    list[str],
    typer.Option(
        "--data", help=DATA_HELP + " May be given several times; --limit and the names of columns go for each."
    ),
]
Validation = Annotated[
    str | None,
    typer.Option(
        "--validation",
        help="Held-out articles, which stop --finetune too; without it a share of --data is held out.",
    ),
]
ManyValidation = Annotated[
    list[str] | None,
    typer.Option(
        "--validation",
        help="Held-out articles; without it a share of --data is held out. May be given several times.",
    ),
]
Output = Annotated[
    Path, typer.Option("--output", help="Folder for the model; replaced only once the new one is whole.")
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="Another encoder: a hub id, a folder, or a Copydesk model, whose adapted encoder is shared, or adapted "
        "further where there is fine-tuning.",
    ),
]
ShippedEngine = Annotated[Engine, typer.Option("--engine", help="Which shipped model, without --model.")]
ShippedSummariser = Annotated[SummaryEngine, typer.Option("--engine", help="Which shipped model, without --model.")]
HowToFinetune = Annotated[
    Finetune,
    typer.Option(
        help="Adapt the encoder or language model, with LoRA (a few MB) or in full (tens of MB; better on AG "
        "News' 27,000 rows)."
    ),
]
HeldOut = Annotated[float, typer.Option("--held-out", min=0.01, max=0.9, help="Share held out without --validation.")]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Same data, arguments and seed give the same model.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Use only the first N articles.")]
TextColumn = Annotated[str | None, typer.Option("--text-column", help="Column of the text, if not found by name.")]
TitleColumn = Annotated[str | None, typer.Option("--title-column", help="Column of the headline.")]
LabelsColumn = Annotated[
    str | None, typer.Option("--labels-column", help="Column of the topics: strings, ints or lists.")
]
LabelsSeparator = Annotated[
    str | None,
    typer.Option("--labels-separator", help="What stands between several topics in one cell, such as ';'."),
]
SummaryColumn = Annotated[str | None, typer.Option("--summary-column", help="Column of the reference summary.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", dir_okay=False, help="Write the figures to this file; - for standard output.")
]
Predictions = Annotated[
    Path | None,
    typer.Option("--predictions", help="Write what the model said of every row to this .jsonl or .parquet file."),
]
Compare = Annotated[
    Path | None, typer.Option("--compare", exists=True, help="Folder of another model, judged on the same rows.")
]
ReportFolder = Annotated[
    Path | None,
    typer.Option("--report", file_okay=False, help="Write report.html, for people, and summary.md to this folder."),
]
Checkpoints = Annotated[
    Path | None, typer.Option("--checkpoints", help="Folder for checkpoints; next to --output when missing.")
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Keep sentence vectors and oracle extracts in this folder: the next run starts at the head."
    ),
]
Notes = Annotated[
    Path | None, typer.Option("--notes", exists=True, help="Markdown for the model card: data, licence, limits.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint of an interrupted run.")]
Model = Annotated[Path | None, typer.Option("--model", help="The model's folder; the shipped model when missing.")]


def read(data: str | Sequence[str], columns: dict[str, str | None], need: str | None, limit: int | None) -> Articles:
    """The articles of --data, at most `limit` of each source; rows that cannot be used are left out and told."""
    from training.data import read_articles, together

    sources = [data] if isinstance(data, str) else data
    needed = {need} if need else ()
    return together([read_articles(one, **columns, need=needed, limit=limit, strict=False) for one in sources])


def typed_command() -> str:
    """The command as typed, with paths shortened: a model card names no machine's folders, and no cache."""
    from training.provenance import short_name

    typed = list(sys.argv[1:])
    while "--cache" in typed:
        del typed[typed.index("--cache") : typed.index("--cache") + 2]
    return " ".join(["copydesk", *(shlex.quote(short_name(a) if "/" in a else a) for a in typed)])
