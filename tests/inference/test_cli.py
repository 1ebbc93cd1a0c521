"""The command line as a user meets it: exit codes, formats, messages."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inference import console
from inference.console import app
from models.errors import DataError

pytestmark = pytest.mark.usefixtures("trained")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options that name fast models trained on the seed corpus by the command line itself."""
    base = tmp_path_factory.mktemp("fast")
    seeds = Path(__file__).parents[2] / "seeds" / "index.jsonl"
    for task in ("topics", "summariser"):
        result = CliRunner().invoke(
            app, ["train", task, "--data", str(seeds), "--engine", "fast", "--output", str(base / task)]
        )
        assert result.exit_code == 0, result.output
        assert "held-out articles" in result.output
        assert ("tfidf-svm" if task == "topics" else "lead-3") in result.output
    return ["--engine", "fast", "--topics", str(base / "topics"), "--summariser", str(base / "summariser")]


def predict(trained: list[str], *arguments: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, ["predict", *arguments, *trained], input=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


STORY = "The council of Port Alder voted on Monday to rebuild the bridge. Work begins in May. It will cost $3 million."


def test_text_json_and_jsonl_say_the_same(trained: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "b.txt").write_text("Council backs new bridge plan\n\n" + STORY, encoding="utf-8")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    array = json.loads(predict(trained, *files, "--format", "json"))
    lines = [json.loads(line) for line in predict(trained, *files, "--format", "jsonl").splitlines()]
    assert array == lines
    assert [row["source"] for row in array] == files
    assert array[1]["title"] == "Council backs new bridge plan"
    text = predict(trained, *files)
    assert "Council backs" in text
    assert "Brief" in text
    one = json.loads(predict(trained, files[0], "--format", "json"))
    assert isinstance(one, list)


@pytest.mark.parametrize(
    ("option", "value", "length"),
    [
        ("--sentences", "1", lambda text: text.count(".") <= 1),
        ("--words", "12", lambda text: len(text.split()) <= 12),
        ("--characters", "80", lambda text: len(text) <= 80),
        ("--ratio", "0.5", lambda text: len(text.split()) <= len(STORY.split()) / 2),
    ],
)
def test_every_kind_of_budget_holds(trained: list[str], option: str, value: str, length: Callable[[str], bool]) -> None:
    summary = json.loads(predict(trained, "-", "--format", "json", option, value, stdin=STORY))[0]["summary"]
    assert summary and length(summary)


def test_two_budgets_or_an_impossible_one_are_refused(trained: list[str]) -> None:
    for arguments in (["--words", "9", "--ratio", "0.5"], ["--ratio", "0"], ["--ratio", "1.5"]):
        result = CliRunner().invoke(app, ["predict", "-", *arguments, *trained], input=STORY)
        assert result.exit_code == 2
        assert "--ratio" in result.output or "ratio" in result.output


def test_standard_input_tables_and_folders_are_read(trained: list[str], tmp_path: Path) -> None:
    assert json.loads(predict(trained, "-", "--format", "json", stdin=STORY))[0]["source"] == "standard input"
    rows = [{"id": "x", "headline": "Bridge plan", "body": STORY}, "not an object", {"id": "z", "body": None}]
    lines = [json.dumps(rows[0]), "{broken", json.dumps(rows[2])]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    written = predict(trained, str(tmp_path / "rows.jsonl"), "--format", "jsonl")
    out = [json.loads(line) for line in written.splitlines()]
    assert [row["source"].rsplit(":", 1)[1] for row in out] == ["x", "row 2", "z"]
    assert out[0]["title"] == "Bridge plan"
    assert out[1]["warnings"][0].startswith("not a story: row 2: line 2: malformed JSON")
    assert out[2]["warnings"] == ["not a story: row 3, column 'body': empty text"]
    (tmp_path / "rows.json").write_text(json.dumps([rows[0], STORY, 7]), encoding="utf-8")
    array = json.loads(predict(trained, str(tmp_path / "rows.json"), "--format", "json"))
    assert [row["source"].rsplit(":", 1)[1] for row in array] == ["x", "row 2", "row 3"]
    assert array[0]["summary"] == array[1]["summary"] == out[0]["summary"] != ""
    assert array[2]["warnings"] == ["not a story: row 3: expected a JSON object, found a number"]
    (tmp_path / "table.csv").write_text('id,title,text\n7,Plan,"Two lines,\none story here."\n', encoding="utf-8-sig")
    (row,) = json.loads(predict(trained, str(tmp_path / "table.csv"), "--format", "json"))
    assert row["sentences"]
    (tmp_path / "old.csv").write_bytes("text\nBellacqua’s mayor said so.\n".encode("cp1252"))
    (old,) = json.loads(predict(trained, str(tmp_path / "old.csv"), "--format", "json"))
    assert old["sentences"][0]["text"] == "Bellacqua’s mayor said so."
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "below").mkdir()
    (tmp_path / "folder" / "below" / "d.txt").write_text(STORY)
    (tmp_path / "folder" / "c.txt").write_bytes(b"\x00\x01")
    for name in "ba":
        (tmp_path / "folder" / f"{name}.txt").write_text(STORY)
    read = json.loads(predict(trained, str(tmp_path / "folder"), "--format", "json"))
    names = [Path(row["source"]).relative_to(tmp_path / "folder").as_posix() for row in read]
    assert names == ["a.txt", "b.txt", "c.txt", "below/d.txt"]
    assert "it holds NUL bytes" in read[2]["warnings"][0]
    assert read[3]["summary"] == read[0]["summary"] != ""


def test_output_goes_to_a_file_whole(trained: list[str], tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out.jsonl"
    assert predict(trained, "-", "--format", "jsonl", "--output", str(target), stdin=STORY) == ""
    assert json.loads(target.read_text())["summary"]
    assert [path.name for path in target.parent.iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize("name", ["out.json", "out.jsonl", "out.txt"])
def test_the_name_of_the_output_says_the_format(trained: list[str], name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    predict(trained, "-", "--output", str(target), stdin=STORY)
    form = {".json": "json", ".jsonl": "jsonl", ".txt": "text"}[target.suffix]
    assert target.read_text(encoding="utf-8") == predict(trained, "-", "--format", form, stdin=STORY)
    predict(trained, "-", "--output", str(target), "--format", "jsonl", stdin=STORY)
    assert json.loads(target.read_text(encoding="utf-8"))["summary"]


@pytest.mark.parametrize("to_file", [True, False])
def test_one_bad_file_takes_nothing_from_the_others(trained: list[str], to_file: bool, tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("a.txt", "nul.txt", "empty.csv", "b.txt")]
    for file, content in zip(files, (STORY.encode(), b"\x00", b"", STORY.encode()), strict=True):
        Path(file).write_bytes(content)
    target = tmp_path / "out.json"
    where = ["--output", str(target)] if to_file else ["--format", "json"]
    result = CliRunner().invoke(app, ["predict", *files, *where, *trained])
    assert isinstance(result.exception, DataError)
    assert "2 of 4 inputs" in str(result.exception)
    rows = json.loads(target.read_text(encoding="utf-8") if to_file else result.stdout)
    assert [row["source"] for row in rows] == files
    assert [bool(row["summary"]) for row in rows] == [True, False, False, True]
    assert "NUL bytes" in rows[1]["warnings"][0]
    assert "the file is empty" in rows[2]["warnings"][0]
    alone = CliRunner().invoke(app, ["predict", files[1], "--format", "json", *trained])
    assert isinstance(alone.exception, DataError)
    assert alone.stdout == ""


def test_an_unknown_kind_among_others_is_told_before_a_model_is_loaded(tmp_path: Path) -> None:
    for name in ("a.txt", "b.pdf"):
        (tmp_path / name).write_text(STORY)
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.pdf")]
    result = CliRunner().invoke(app, ["predict", *files, "--topics", str(tmp_path / "no model")])
    assert isinstance(result.exception, DataError)
    assert "b.pdf: unknown kind" in str(result.exception)


def test_budgets_and_thresholds_are_options(trained: list[str]) -> None:
    row = json.loads(predict(trained, "-", "--format", "json", "--sentences", "1", stdin=STORY))[0]
    assert sum(sentence["chosen"] for sentence in row["sentences"]) == 1
    row = json.loads(predict(trained, "-", "--format", "json", "--words", "5", stdin=STORY))[0]
    assert len(row["summary"].split()) <= 5
    row = json.loads(predict(trained, "-", "--format", "json", "--threshold", "0", stdin=STORY))[0]
    assert len(row["topics"]) == 17
    row = json.loads(predict(trained, "-", "--format", "json", "--threshold", "sport=0", stdin=STORY))[0]
    assert "sport" in [topic["label"] for topic in row["topics"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sentences", "2", "--words", "9"], "choose one of sentences, words"),
        (["--sentences", "0"], "--sentences"),
        (["--threshold", "high"], "expected a number"),
        (["--threshold", "=0.5"], "expected a label"),
        (["--threshold", "sport=0.5", "--threshold", "sport=0.9"], "two thresholds"),
        (["--output", "out.csv"], "--input FILE"),
        (["--output", "out.parquet"], "--input FILE"),
        (["--format", "xml"], "--format"),
    ],
)
def test_wrong_usage_ends_with_2(trained: list[str], arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["predict", "-", *arguments, *trained], input=STORY)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *[("gone.txt", None), ("a.docx", b"PK"), ("b.txt", b"\x00\x01\x02" * 9), ("c.txt.gz", b"\x1f\x8b")],
        *[("d.csv", b"a\n1\n"), ("e.csv", b""), ("f.jsonl", b'{"a": 1}'), ("g.jsonl", b""), ("h.json", b"[")],
    ],
)
def test_unusable_input_is_named(trained: list[str], tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    output = tmp_path / "out.jsonl"
    result = CliRunner().invoke(app, ["predict", str(tmp_path / name), "--output", str(output), *trained])
    assert isinstance(result.exception, DataError)
    assert name in str(result.exception)
    assert [path.name for path in tmp_path.iterdir() if path.name != name] == []


def test_errors_are_one_line_on_standard_error_with_exit_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inference", "predict", str(tmp_path / "gone.txt")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "gone.txt" in done.stderr
    assert done.stdout == ""


def test_spaces_in_a_path_stand_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        console._fail("a  b/c.txt: is\n  no text.\n", 2)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "copydesk: a  b/c.txt: is no text.\n"


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_a_reader_that_has_seen_enough_is_no_failure(trained: list[str], form: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY, encoding="utf-8")
    command = [sys.executable, "-m", "inference", "predict", str(tmp_path / "a.txt"), "--format", form, *trained]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2])
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_streams_take_what_is_written_to_them(trained: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY, encoding="utf-8")
    predict = [sys.executable, "-m", "inference", "predict"]
    for arguments, code in (
        ([str(tmp_path / "a.txt"), *trained], 0),
        ([str(tmp_path / "a.txt"), "--output", str(tmp_path / "out.jsonl"), *trained], 0),
        ([str(tmp_path / "gone.txt")], 2),
    ):
        command = shlex.join([*predict, *arguments])
        assert subprocess.run(["sh", "-c", f"{command} >&- 2>&-"], cwd=Path(__file__).parents[2]).returncode == code
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_evaluate_writes_the_json_of_the_contract(trained: list[str], tmp_path: Path, seeds: Path) -> None:
    for task, option, metrics in (
        ("topics", trained[3], {"accuracy", "micro_f1", "macro_f1", "first_accuracy", "ece"}),
        ("summariser", trained[5], {"rouge1", "rouge2", "rougeL", "rougeLsum"}),
    ):
        target = tmp_path / f"{task}.json"
        arguments = ["evaluate", task, "--model", option, "--data", str(seeds / "index.jsonl"), "--json", str(target)]
        assert CliRunner().invoke(app, arguments).exit_code == 0
        first = target.read_bytes()
        report = json.loads(first)
        assert report["n"] == 87
        assert metrics <= set(report["metrics"])
        assert metrics <= set(report["intervals"])
        expected = {"majority", "tfidf-svm"} if task == "topics" else {"lead-3", "oracle", "random"}
        assert set(report["baselines"]) == expected
        CliRunner().invoke(app, arguments)
        assert target.read_bytes() == first


def test_the_fast_engine_never_loads_torch(trained: list[str]) -> None:
    program = (
        "import sys; from inference import Copydesk; "
        f"d = Copydesk.from_pretrained({trained[3]!r}, {trained[5]!r}, engine='fast'); "
        f"assert d.predict({STORY!r}).summary; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr.decode()


def test_help_teaches() -> None:
    for arguments, words in (([], "predict"), (["train", "topics"], "--labels-column"), (["predict"], "Examples")):
        result = CliRunner().invoke(app, [*arguments, "--help"])
        assert result.exit_code == 0
        assert words in result.output
    for extra in ("copydesk[ray]", "copydesk[abstractive]"):
        assert extra in result.output, "square brackets are no markup, and the name is not cut"
