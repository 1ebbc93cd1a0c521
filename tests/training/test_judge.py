"""`copydesk evaluate` from the command line to its files: the same command gives the same bytes, and warns of leaks."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.artefact import save_artefact
from models.errors import DataError
from tests.conftest import seed_rows
from training.data import read_articles
from training.evaluate_cli import evaluate_app
from training.judge import Wanted, judge_topics
from training.summariser import SummariserSettings, train_summariser
from training.topics import TopicSettings, train_topics

WORDS = {
    "sport": "goal match team",
    "weather": "rain storm wind",
    "health": "doctor clinic nurse",
    "arts": "opera novel film",
}
NAMES = sorted(WORDS)


def write_csv(path: Path, numbers: range, *, bare: int = 0) -> Path:
    """Stories that a word gives away, the last `bare` of them without a label."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "text", "label"])
        for number in numbers:
            label = NAMES[number % 4]
            word = WORDS[label].split()[number % 3]
            text = f"The {word} was the talk of the town in week {number}. People spoke of {word} all day on Monday."
            writer.writerow([f"n{number}", text, label if number < numbers.stop - bare else ""])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two topic models and a summariser with the data they were made of."""
    root = tmp_path_factory.mktemp("judged")
    for name, numbers in (("one", range(48)), ("two", range(24))):
        data = read_articles(write_csv(root / f"{name}.csv", numbers), need={"labels"})
        model, _, training = train_topics(data, settings=TopicSettings("fast", background=False))
        save_artefact(model.artefact(training, "card"), root / name)
    rows = [json.dumps({name: row[name] for name in ("id", "title", "text", "summary")}) for row in seed_rows()[:12]]
    (root / "briefs.jsonl").write_text("\n".join(rows), encoding="utf-8")
    data = read_articles(root / "briefs.jsonl", need={"summaries"})
    summariser, _, training = train_summariser(data, settings=SummariserSettings("fast", held_out=0.2))
    save_artefact(summariser.artefact(training, "card"), root / "summariser")
    return root


def run(*arguments: object) -> str:
    result = CliRunner().invoke(evaluate_app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def everything(folder: Path, out: Path, task: str, model: str, data: Path, *more: object) -> dict[str, bytes]:
    """Evaluate with every file there is, and the bytes of them all."""
    files = ("--json", out / "figures.json", "--predictions", out / "rows.jsonl", "--report", out / "report")
    run(task, "--model", folder / model, "--data", data, *files, *more)
    return {path.name: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_the_same_topics_command_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "held.csv", range(40, 64), bare=3)
    more = ("--compare", folder / "two")
    once, again = (everything(folder, tmp_path / n, "topics", "one", data, *more) for n in ("a", "a"))
    assert once == again
    assert sorted(once) == ["figures.json", "report.html", "rows.jsonl", "summary.md"]
    figures = json.loads(once["figures.json"])
    assert figures["n"] == 21
    assert {"majority", "tfidf-svm"} <= set(figures["baselines"])
    assert {"accuracy", "micro_f1", "macro_f1", "weighted_f1", "top3_accuracy", "ece"} <= set(figures["metrics"])
    assert set(figures["intervals"]) == set(figures["metrics"])
    assert {"labels", "reliability", "coverage", "confusion"} <= set(figures["details"])
    assert figures["comparison"]["changed"]["count"] >= 0
    assert "3 rows have no label and are left out." in figures["notes"]
    records = [json.loads(line) for line in once["rows.jsonl"].splitlines()]
    assert [record["id"] for record in records] == [f"n{number}" for number in range(40, 64)]
    assert [record["status"] for record in records[-4:]] == ["judged", *["no truth"] * 3]
    leaks = figures["leaks"]
    assert leaks["checked"] == ["training"]  # a last fit has learnt from the held-out rows too
    assert sum(part["count"] for part in leaks["found"].values()) == 8
    assert figures["notes"][0].startswith("LEAK")
    assert b'role="alert"' in once["report.html"]


def test_rows_never_seen_raise_no_alarm_and_seen_ones_do(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        new = read_articles(write_csv(tmp_path / "new.csv", range(80, 92)), need={"labels"})
        report = judge_topics(folder / "one", new)
        assert report.leaks == {"checked": ["training"], "found": {}}
        assert "LEAK" not in caplog.text
        judge_topics(folder / "one", read_articles(folder / "one.csv", need={"labels"}))
        assert "48 evaluated rows stand in the model's training data" in caplog.text


def test_a_model_to_compare_with_is_checked_too(folder: Path, tmp_path: Path) -> None:
    data = read_articles(write_csv(tmp_path / "some.csv", range(30, 40)), need={"labels"})  # "one" has read them
    report = judge_topics(folder / "two", data, Wanted(compare=folder / "one"))
    assert report.leaks["found"] == {}
    assert any("/one, compared with: LEAK: 10 of 10" in note for note in report.notes)


def test_rows_with_several_labels_are_told_from_a_model_that_gives_one(folder: Path, tmp_path: Path) -> None:
    data = read_articles(write_csv(tmp_path / "new.csv", range(80, 92)), need={"labels"})
    assert not any("one label, but" in note for note in judge_topics(folder / "one", data).notes)
    assert data.labels is not None
    data.labels[:3] = [["arts", "sport"]] * 3
    assert "one label, but 3 of 12 rows have several" in judge_topics(folder / "one", data).notes[0]


@pytest.mark.parametrize(("option", "what"), [("--json", "is a directory"), ("--report", "is a file")])
def test_where_figures_cannot_go_is_said_before_the_work(folder: Path, tmp_path: Path, option: str, what: str) -> None:
    place = tmp_path / "place"
    place.mkdir() if option == "--json" else place.write_text("mine", encoding="utf-8")
    asked = ["topics", "--model", folder / "one", "--data", folder / "one.csv", option, place]
    result = CliRunner().invoke(evaluate_app, [str(part) for part in asked], env={"COLUMNS": "400"})
    assert result.exit_code == 2 and what in result.stderr


def test_the_same_summariser_command_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    data = folder / "briefs.jsonl"
    more = ("--compare", folder / "summariser")
    once, again = (everything(folder, tmp_path / "a", "summariser", "summariser", data, *more) for _ in range(2))
    assert once == again
    figures = json.loads(once["figures.json"])
    assert {"lead-3", "random", "oracle"} == set(figures["baselines"])
    assert set(figures["intervals"]) == set(figures["metrics"])
    assert figures["metrics"]["unsupported"] == 0
    assert figures["metrics"]["copy_rate"] == 1
    assert figures["comparison"]["changed"]["count"] == 0
    assert sum(part["count"] for part in figures["leaks"]["found"].values()) == 12


def test_a_wrong_file_name_is_told_before_the_work(folder: Path, tmp_path: Path) -> None:
    data = read_articles(folder / "one.csv", need={"labels"})
    with pytest.raises(DataError, match=r"ending in \.jsonl or \.parquet"):
        judge_topics(folder / "nowhere", data, Wanted(predictions=tmp_path / "rows.csv"))
