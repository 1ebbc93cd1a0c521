"""The shell side of inference: `copydesk predict`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer

from inference.engines import SummaryEngine
from inference.inputs import Source, check_paths, read_sources
from inference.prediction import Prediction
from models.errors import DataError


class Format(StrEnum):
    """How results are written."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class Runner(StrEnum):
    """Where --input is predicted."""

    local = "local"
    ray = "ray"


def predict_command(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Text or HTML files, folders of them, .jsonl, .json or .csv tables; - for standard input."),
    ] = None,
    topics: Annotated[Path | None, typer.Option(help="Folder of a topic model; the shipped one when missing.")] = None,
    summariser: Annotated[
        Path | None, typer.Option(help="Folder of a summariser; the shipped one when missing.")
    ] = None,
    engine: Annotated[
        SummaryEngine,
        typer.Option(
            help="standard: best on a CPU; fast: for millions of stories; abstractive, which needs "
            "copydesk\\[abstractive] installed: briefs and headlines in a language model's own words, about a second a "
            "story."
        ),
    ] = SummaryEngine.standard,
    sentences: Annotated[int | None, typer.Option(min=1, help="At most so many sentences in the brief.")] = None,
    words: Annotated[int | None, typer.Option(min=1, help="At most so many words in the brief.")] = None,
    characters: Annotated[int | None, typer.Option(min=1, help="At most so many characters in the brief.")] = None,
    ratio: Annotated[float | None, typer.Option(help="At most this share of the story's words, such as 0.2.")] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(help="Probability a topic needs: 0.5 for all, or 'sport=0.7' for one; may be repeated."),
    ] = None,
    clean: Annotated[bool, typer.Option(help="Remove datelines, captions, link lists and the like first.")] = True,
    format: Annotated[
        Format | None,
        typer.Option(
            help="text for people, json (an array) or jsonl for programs; what --output ends with if missing, or text."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write to this file instead of standard output; with --input a .jsonl, .csv or .parquet."),
    ] = None,
    input: Annotated[
        Path | None,
        typer.Option(help="Any number of stories: csv, tsv, jsonl, json, parquet, or a folder of txt or html files."),
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="With --input: column of the text.")] = None,
    title_column: Annotated[str | None, typer.Option(help="With --input: column of the headline.")] = None,
    id_column: Annotated[str | None, typer.Option(help="With --input: column of the row's name.")] = None,
    resume: Annotated[bool, typer.Option(help="With --input: go on after an interrupted run.")] = False,
    engine_runner: Annotated[
        Runner, typer.Option(help="With --input: local is this machine, ray a cluster (needs copydesk\\[ray]).")
    ] = Runner.local,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With ray or --engine fast: how many; one a processor if missing.")
    ] = None,
) -> None:
    """Label stories with topics and write their briefs.

    Examples:

      copydesk predict story.txt

      pbpaste | copydesk predict -

      copydesk predict stories.jsonl --format jsonl --output labelled.jsonl

      copydesk predict --input archive.parquet --output labelled.parquet
    """
    from inference.predict import Copydesk
    from models.selection import Budget

    try:
        budget = Budget(sentences, words, characters, ratio)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if input is not None:
        from inference.batch_cli import predict_input
        from inference.rows import Columns

        if files or output is None:
            raise typer.BadParameter("--input takes one file or folder, and --output the file for the results.")
        if format is not None:
            raise typer.BadParameter("with --input the name of --output says the format: .jsonl, .csv or .parquet.")
        predict_input(
            input,
            output,
            columns=Columns(text_column, title_column, id_column),
            topics=topics,
            summariser=summariser,
            engine=engine.value,
            budget=budget,
            thresholds=_thresholds(threshold),
            clean=clean,
            resume=resume,
            ray=engine_runner is Runner.ray,
            workers=workers,
        )
        return
    if resume or workers or text_column or title_column or id_column or engine_runner is Runner.ray:
        raise typer.BadParameter("columns, --resume, --engine-runner and --workers go with --input FILE.")
    if not files:
        if sys.stdin.isatty():
            raise typer.BadParameter("name a file, or pipe a story in: copydesk predict story.txt")
        files = ["-"]
    check_paths(files)
    format = format or _format_of(output)
    if output is not None:
        from inference.spool import check_output

        check_output(output, *(Path(name) for name in files if name != "-"))
    desk = Copydesk.from_pretrained(
        topics,
        summariser,
        engine=engine.value,
        budget=budget,
        thresholds=_thresholds(threshold),
        clean=clean,
    )
    failed: list[str] = []
    results = _results(desk, files, failed)
    if output is None:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        _write(results, sys.stdout, format)
    else:
        _write_file(results, output, format)
    if failed:
        raise DataError(f"could not read {len(failed)} of {len(files)} inputs; what is wrong stands in their places.")


def _format_of(output: Path | None) -> Format:
    """What the name of an output asks for; text where it asks for nothing."""
    suffix = output.suffix.lower() if output is not None else ""
    if suffix in (".csv", ".parquet"):
        raise typer.BadParameter(
            f"--output {output}: only --input FILE is answered in a {suffix}; give the stories that way, or a name "
            "that ends with .json or .jsonl."
        )
    return {".json": Format.json, ".jsonl": Format.jsonl, ".ndjson": Format.jsonl}.get(suffix, Format.text)


def _thresholds(given: Sequence[str] | None) -> float | dict[str, float] | None:
    if not given:
        return None
    single: dict[str, float] = {}
    for item in given:
        label, named, value = item.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            raise typer.BadParameter(f"--threshold {item!r}: expected a number, or label=number.") from None
        if named and not label.strip():
            raise typer.BadParameter(f"--threshold {item!r}: expected a label before the '=', such as sport=0.7.")
        if label in single:
            raise typer.BadParameter(f"--threshold: {label!r} has two thresholds; give it one.")
        if not label:
            if len(given) > 1:
                raise typer.BadParameter("--threshold: one number for all, or label=number for each, not both.")
            return number
        single[label] = number
    return single


def _results(desk: object, files: Sequence[str], failed: list[str]) -> Iterator[tuple[str, Prediction]]:
    """A result for every story; the names of files that cannot be read are added to `failed`."""
    from inference.predict import Copydesk

    assert isinstance(desk, Copydesk)
    waiting: list[Source] = []
    for source in read_sources(files):
        if source.failed:
            failed.append(source.name)
        waiting.append(source)
        if len(waiting) == desk.window:
            yield from _batch(desk, waiting)
            waiting = []
    yield from _batch(desk, waiting)


def _batch(desk: object, sources: Sequence[Source]) -> Iterator[tuple[str, Prediction]]:
    from inference.predict import Copydesk

    assert isinstance(desk, Copydesk)
    for source, prediction in zip(sources, desk.stream(source.story for source in sources), strict=True):
        yield source.name, prediction


def _write_file(results: Iterator[tuple[str, Prediction]], output: Path, format: Format) -> None:
    """Write to a file, which appears when all is done."""
    beside = output.with_name(f".{output.name}.part")
    try:
        with beside.open("w", encoding="utf-8", errors="replace") as stream:
            _write(results, stream, format)
        beside.replace(output)
    finally:
        beside.unlink(missing_ok=True)


def _write(results: Iterator[tuple[str, Prediction]], stream: IO[str], format: Format) -> None:
    from inference import render

    {Format.text: render.write_text, Format.json: render.write_json, Format.jsonl: render.write_jsonl}[format](
        results, stream
    )
