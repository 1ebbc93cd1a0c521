"""Files in, files out: every row in its place, whatever is in it and whenever the run is stopped."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from inference import Copydesk, batch, spool
from inference.batch import local_runner, predict_file, windows
from inference.console import app
from inference.rows import Columns, Row, open_rows
from models.errors import DataError, ModelError
from models.records import read_records

ROOT = Path(__file__).parents[2]
STORY = "The council of Port Alder voted on Monday to rebuild the bridge. Work begins in May. It will cost $3 million."


@pytest.fixture(scope="module")
def desk() -> Copydesk:
    return Copydesk.from_pretrained(engine="fast")


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "WINDOW_ROWS", 4)
    monkeypatch.setattr(spool, "SECONDS_BETWEEN_STATES", 0.0)


def stories(seeds: Path, n: int = 15) -> list[dict[str, Any]]:
    lines = (seeds / "index.jsonl").read_text(encoding="utf-8").splitlines()[:n]
    return [{"id": row["id"], "title": row["title"], "text": row["text"]} for row in map(json.loads, lines)]


def write(path: Path, table: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(table), path, row_group_size=6)
    elif path.suffix in (".csv", ".tsv"):
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(table[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(table)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table), encoding="utf-8")
    return path


def run(desk: Copydesk, source: Path, output: Path, **options: Any) -> list[dict[str, Any]]:
    predict_file(source, output, local_runner(desk), **options)
    assert sorted(p.name for p in output.parent.iterdir() if output.name in p.name) == [output.name]
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def test_every_format_in_gives_the_same_results(desk: Copydesk, seeds: Path, tmp_path: Path) -> None:
    table = stories(seeds)
    found = {
        suffix: run(desk, write(tmp_path / f"in{suffix}", table), tmp_path / f"out{suffix}.jsonl")
        for suffix in (".jsonl", ".csv", ".tsv", ".parquet")
    }
    packed = tmp_path / "in.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "in.jsonl").read_bytes()))
    found["gz"] = run(desk, packed, tmp_path / "gz.jsonl")
    first = found[".jsonl"]
    assert all(results == first for results in found.values())
    assert [row["id"] for row in first] == [row["id"] for row in table]
    direct = desk.predict([{"text": row["text"], "title": row["title"]} for row in table])
    assert [row["summary"] for row in first] == [p.summary for p in direct]
    assert [row["topics"] for row in first] == [[t.label for t in p.topics] for p in direct]
    assert all(len(row["scores"]) == len(row["topics"]) and row["status"] == "ok" for row in first)


def test_every_format_out_holds_the_same(desk: Copydesk, seeds: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [*stories(seeds, 6), {"id": "bad"}])
    lines = run(desk, source, tmp_path / "out.jsonl")
    for suffix in (".csv", ".parquet"):
        predict_file(source, tmp_path / f"out{suffix}", local_runner(desk))
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == lines
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [json.loads(row["topics"]) for row in cells] == [row["topics"] for row in lines]
    assert [row["summary"] for row in cells] == [row["summary"] for row in lines]
    assert [row["status"] for row in cells] == ["ok"] * 6 + ["error"]


def test_a_row_that_cannot_be_read_keeps_its_place(desk: Copydesk, tmp_path: Path) -> None:
    good = json.dumps({"id": "good", "text": STORY}).encode()
    bad = {
        b'{"id": "cut", "text": "unfinis': "row 2: line 2: malformed JSON",
        b"[1, 2]": "expected a JSON object, found a list",
        b'{"id": "none", "text": null}': "column 'text': empty text",
        b'{"id": "number", "text": 7}': "expected a string, found a number",
        b'{"id": "blank", "text": "  "}': "empty text",
        b'{"id": "missing"}': "no column of text",
        b"[" * 100_000: "malformed JSON",
    }
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\n".join([good, *(line for one in bad for line in (one, good, b""))]))
    found = run(desk, source, tmp_path / "out.jsonl")
    assert len(found) == 1 + 2 * len(bad)
    assert all(row["status"] == "ok" and row == found[0] for row in found[::2])
    for row, message in zip(found[1::2], bad.values(), strict=True):
        assert row["status"] == "error"
        assert message in row["error"]
        assert row["topics"] == row["scores"] == row["warnings"] == []


def test_csv_rows_with_wrong_cells_quotes_and_bytes_keep_their_place(desk: Copydesk, tmp_path: Path) -> None:
    good = f'x,"{STORY}"'
    bad = {
        "y,a,b": "line 3 has 3 cells, expected 2",
        "y": "has 1 cells, expected 2",
        'y,"never closed': "malformed CSV",
        'y,"closed" twice"': "malformed CSV",
        "y,": "column 'text': empty text",
    }
    lines = ["id,text", good, *(line for one in bad for line in (one, good)), 'z,"open to the end']
    source = tmp_path / "in.csv"
    source.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    found = run(desk, source, tmp_path / "out.jsonl")
    assert len(found) == 2 + 2 * len(bad)
    assert all(row["status"] == "ok" and row == found[0] for row in found[:-1:2])
    for row, message in zip(found[1::2], [*bad.values(), "never closed"], strict=True):
        assert message in row["error"]
    assert [row["id"] for row in found[1:4:2]] == ["row 2", "row 4"], "its number might be another row's id"


@pytest.mark.parametrize("name", ["in.csv", "in.jsonl", "in.json", "in.txt", "folder/in.txt"])
def test_bytes_of_windows_1252_are_read_as_other_commands_do_and_it_is_said(
    desk: Copydesk, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    text = STORY.replace("bridge", "caf\xe9 \u201cNoir\u201d")
    whole = {
        "csv": f'id,text\n1,"Déjà vu."\n2,{{}}\n3,{STORY}\n',
        "jsonl": f'{{"text": "Déjà vu."}}\n{{"text": "{{}}"}}\n{{"text": "{STORY}"}}\n',
        "json": f'["Déjà vu.", "{{}}", "{STORY}"]',
        "txt": "{}",
    }[Path(name).suffix[1:]]
    before, after = (part.replace("{{", "{").replace("}}", "}").encode() for part in whole.split("{}"))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(before + text.encode("cp1252") + after)
    source = tmp_path / name if name.startswith("in") else tmp_path / "folder"
    found = run(desk, source, tmp_path / "out.jsonl")
    assert all(row["status"] == "ok" for row in found)
    assert any("café “Noir”" in row["summary"] for row in found)
    assert caplog.text.count("read as Windows-1252") == 1


def test_a_json_file_is_read_whole(desk: Copydesk, seeds: Path, tmp_path: Path) -> None:
    rows = [*stories(seeds, 3), {"id": "none"}, 7, {"text": STORY}]
    (tmp_path / "in.json").write_text(json.dumps({"articles": rows}), encoding="utf-8")
    found = run(desk, tmp_path / "in.json", tmp_path / "out.jsonl")
    assert [row["status"] for row in found] == ["ok"] * 3 + ["error"] * 2 + ["ok"]
    assert [row["id"] for row in found[3:]] == ["none", "row 5", "row 6"]
    assert "row 5: expected a JSON object, found a number" in found[4]["error"]
    one = {"Body": STORY, "authors": [{"name": "A. Writer", "text": "Covers the town."}]}
    (tmp_path / "one.json").write_text(json.dumps(one), encoding="utf-8")
    (alone,) = run(desk, tmp_path / "one.json", tmp_path / "one.jsonl")
    assert alone["summary"] == found[5]["summary"] != ""


def test_parquet_rows_that_are_no_text_keep_their_place(desk: Copydesk, tmp_path: Path) -> None:
    raw = pa.array([STORY.encode(), b"caf\xe9", None, b" ", STORY.encode()], pa.binary())
    texts = pa.Array.from_buffers(pa.string(), 5, raw.buffers())
    pq.write_table(pa.table({"id": [1, 2, None, 4, 5], "body": texts}), tmp_path / "in.parquet")
    found = run(desk, tmp_path / "in.parquet", tmp_path / "out.jsonl")
    assert [row["id"] for row in found] == ["1", "2", "row 3", "4", "5"]
    assert [row["status"] for row in found] == ["ok", "error", "error", "error", "ok"]
    assert "not UTF-8" in found[1]["error"]


def test_ids_are_as_they_were_and_no_row_gets_another_ones(desk: Copydesk, tmp_path: Path) -> None:
    ids = pa.array([5.0, None, 2.0, None], pa.float64())  # ints, as a missing one makes them
    pq.write_table(pa.table({"id": ids, "text": ["The river rose by a metre on Monday."] * 4}), tmp_path / "in.parquet")
    found = run(desk, tmp_path / "in.parquet", tmp_path / "out.jsonl")
    assert [row["id"] for row in found] == ["5", "row 2", "2", "row 4"]


def test_a_damaged_row_group_costs_only_its_rows(desk: Copydesk, seeds: Path, tmp_path: Path) -> None:
    table = [{"id": str(n), "text": f"{STORY} It was report {n}."} for n in range(12)]
    source = tmp_path / "in.parquet"
    pq.write_table(pa.Table.from_pylist(table), source, row_group_size=4, compression="gzip", use_dictionary=False)
    column = pq.ParquetFile(source).metadata.row_group(1).column(1)
    data = bytearray(source.read_bytes())
    begin = column.data_page_offset
    data[begin : begin + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    source.write_bytes(bytes(data))
    found = run(desk, source, tmp_path / "out.jsonl")
    assert [row["status"] for row in found] == ["ok"] * 4 + ["error"] * 4 + ["ok"] * 4
    assert "row group 1 is damaged" in found[4]["error"]


def test_folders_of_text_and_pages_are_read_by_name(desk: Copydesk, tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    (folder / "b").mkdir(parents=True)
    (folder / "c.html").write_text(f"<html><body><article><p>{STORY}</p></article></body></html>")
    (folder / "b" / "z.txt").write_text(STORY)
    (folder / "a.txt").write_bytes(b"caf\xe9")
    (folder / "d.txt").write_bytes(b"\x00\x01")
    (folder / "e.txt").write_bytes(b"")
    (folder / "f.txt").symlink_to(tmp_path / "nowhere")
    (folder / "notes.pdf").write_bytes(b"%PDF")
    found = run(desk, folder, tmp_path / "out.jsonl")
    assert [(row["id"], row["status"]) for row in found] == [
        *[("a.txt", "ok"), ("c.html", "ok"), ("d.txt", "error")],
        *[("e.txt", "error"), ("f.txt", "error"), ("b/z.txt", "ok")],
    ]
    assert found[0]["summary"] == "café"
    assert found[1]["summary"] == found[5]["summary"] != ""
    assert run(desk, folder / "c.html", tmp_path / "one.jsonl")[0]["id"] == "c.html"


def test_columns_can_be_named_and_missing_ones_are_told(desk: Copydesk, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [{"key": "k", "head": "Bridge vote", "wire": STORY}])
    named = Columns("wire", "head", "key")
    assert run(desk, source, tmp_path / "out.jsonl", columns=named)[0]["id"] == "k"
    with pytest.raises(DataError, match=r"no text column.*'wire'"):
        open_rows(source)
    with pytest.raises(DataError, match="no column 'wires' for --text-column"):
        open_rows(source, Columns("wires"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.docx", b"PK", "unknown kind of file"),
        ("in.xlsx", b"PK", "unknown kind of file.*Save the sheet as CSV"),
        ("in.json", b"", "file is empty"),
        ("in.json", b"[1, 2]", r"holds no story \(row 1: expected a JSON object, found a number\)"),
        ("in.json", b'[{"a": "b"}]', "no text column"),
        ("in.csv", b"", "file is empty"),
        ("in.csv", b"\n\n", "file is empty"),
        ("in.csv", b"a,b\n1,2\n", "no text column; looked for text, .* found 'a', 'b'"),
        (
            "in.csv",
            STORY.replace(",", "").encode() + b",sport\n",
            "looks like a row: give the file a first line that names",
        ),
        ("in.jsonl", b"", "file is empty"),
        ("in.jsonl", b" \n\n", "file is empty"),
        ("in.jsonl", b'{"a": "b"}\n{"c": 1}\n', "no text column; looked for text, .* found 'a', 'c'. Name it with"),
        ("in.jsonl", b"{}\n", "holds no story"),
        ("in.jsonl", b"\n{broken\n[1]\n", r"holds no story \(row 1: line 2: malformed JSON"),
        ("in.parquet", b"", "not a readable Parquet"),
        ("in.parquet", b"PAR1", "not a readable Parquet"),
        ("in.jsonl.gz", b"\x1f\x8b\x08\x00", "cannot be read after line 0"),
    ],
)
def test_unusable_input_is_named(desk: Copydesk, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        predict_file(tmp_path / name, tmp_path / "out.jsonl", local_runner(desk))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_text_that_comes_late_is_found_and_one_that_never_comes_is_told(desk: Copydesk, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"a": 1}\n{broken\n' + json.dumps({"Wire": STORY}) + "\n")
    found = run(desk, source, tmp_path / "out.jsonl", columns=Columns("wire"))
    assert [row["status"] for row in found] == ["error", "error", "ok"]
    assert found[0]["error"] == "row 1: no column 'wire'"
    with pytest.raises(DataError, match="no column 'wires' for --text-column; there are 'a', 'Wire'"):
        open_rows(source, Columns("wires"))
    table = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a": ["x"]}), table)
    with pytest.raises(DataError, match="no text column"):
        open_rows(table)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(DataError, match=r"the folder has no \.txt"):
        open_rows(tmp_path / "photos")


def test_a_table_without_rows_gives_one_without_rows(desk: Copydesk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n")
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "in.parquet")
    for name in ("in.csv", "in.parquet"):
        assert run(desk, tmp_path / name, tmp_path / "out.jsonl") == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("in.jsonl", "is the input"),
        ("folder.jsonl", "is a folder"),
        ("file/out.jsonl", "cannot be written"),
        ("full/out.jsonl", "cannot be written (No space left on device)"),
    ],
)
@pytest.mark.parametrize("door", [["--input"], []])
def test_an_output_that_cannot_be_written_is_one_line_before_a_model_is_loaded(
    output: str, message: str, door: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, dir: Path, **__: Any) -> None:
        raise OSError(28, "No space left on device", str(dir))

    def loaded(*_: Any, **__: Any) -> None:
        raise AssertionError("a model was loaded")

    source = write(tmp_path / "in.jsonl", [{"text": STORY}])
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder.jsonl").mkdir()
    if output.startswith("full"):
        monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setattr(Copydesk, "from_pretrained", loaded)
    before = source.read_bytes()
    result = CliRunner().invoke(app, ["predict", *door, str(source), "--output", str(tmp_path / output)])
    assert isinstance(result.exception, DataError)  # which `main` makes one line and exit code 2
    assert message in str(result.exception)
    assert source.read_bytes() == before
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("in.jsonl", "file")] == []


def test_a_line_without_end_costs_no_more_memory_than_a_row_may(
    desk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.rows.LARGEST_ROW", 5_000)
    good = json.dumps({"text": STORY})
    (tmp_path / "in.jsonl").write_text(f"{good}\n{'x' * 40_000}\n{good}\n{'[' * 5_001}")
    found = run(desk, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert [row["status"] for row in found] == ["ok", "error", "ok", "error"]
    assert "longer than 5,000 bytes" in found[1]["error"]
    (tmp_path / "in.csv").write_text(f'text\n"{STORY}"\n{"x" * 40_000}\n"a\n{"y" * 40_000}\n"{STORY}"\n')
    found = run(desk, tmp_path / "in.csv", tmp_path / "out.jsonl")
    assert [row["status"] for row in found] == ["ok", "error", "error", "error", "ok"]


def test_many_stray_quotes_take_linear_time() -> None:
    lines = [b"text\n", *[b'"open\n', b"plain\n"] * 20_000]
    drawn = 0

    def source() -> Iterator[tuple[bytes, int]]:
        nonlocal drawn
        for line in lines:
            drawn += 1
            yield line, drawn

    records = list(read_records(source(), ",", 1_000_000))
    assert len(records) == 1 + 40_000
    assert sum(isinstance(cells, str) for _, cells, _, _ in records) == 20_000


def test_a_story_that_breaks_the_engine_is_an_error_in_its_place(
    desk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Copydesk.stream

    def fragile(self: Copydesk, given: Iterable[Any], **options: Any) -> Any:
        given = list(given)
        if any("poison" in story["text"] for story in given):
            raise ZeroDivisionError("by poison")
        return whole(self, given, **options)

    monkeypatch.setattr(Copydesk, "stream", fragile)
    source = write(tmp_path / "in.jsonl", [{"text": STORY}, {"text": "poison"}, {"text": STORY}])
    found = run(desk, source, tmp_path / "out.jsonl")
    assert [row["status"] for row in found] == ["ok", "error", "ok"]
    assert "ZeroDivisionError: by poison" in found[1]["error"]

    def broken(self: Copydesk, given: Iterable[Any], **options: Any) -> Any:
        raise ModelError("the encoder is gone")

    monkeypatch.setattr(Copydesk, "stream", broken)
    with pytest.raises(ModelError, match="encoder is gone"):
        predict_file(source, tmp_path / "more.jsonl", local_runner(desk))


def test_memory_is_bounded_by_windows_of_rows_and_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0

    def source() -> Iterator[Row]:
        nonlocal drawn
        for number in range(100):
            drawn += 1
            yield Row(str(number), "x" * (5 if number < 8 else 50))

    monkeypatch.setattr(batch, "WINDOW_CHARACTERS", 100)
    cut = windows(source())
    assert [row.id for row in next(cut)] == ["0", "1", "2", "3"]
    assert drawn == 4
    assert [len(window) for window in cut][:3] == [4, 2, 2]


def interrupted(desk: Copydesk, after: int, error: BaseException) -> Callable[[Any], Iterator[Any]]:
    def runner(cut: Any) -> Iterator[Any]:
        for number, results in enumerate(local_runner(desk)(cut)):
            if number == after:
                raise error
            yield results

    return runner


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_run_goes_on_after_ctrl_c_and_ends_with_the_same_bytes(
    desk: Copydesk, seeds: Path, tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = write(tmp_path / "in.csv", stories(seeds))
    whole, output = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    predict_file(source, whole, local_runner(desk))
    for after in (2, 1):
        with pytest.raises(KeyboardInterrupt):
            predict_file(source, output, interrupted(desk, after, KeyboardInterrupt()), resume=True)
        assert not output.exists()
    assert "--resume" in caplog.text
    kept = (tmp_path / f"out{suffix}.part").read_text(encoding="utf-8").splitlines()
    assert len(kept) == 12
    with pytest.raises(DataError, match=r"holds 12 rows of an interrupted run; add --resume"):
        predict_file(source, output, local_runner(desk))
    predict_file(source, output, local_runner(desk), resume=True)
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["in.csv", whole.name, output.name])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
@pytest.mark.parametrize("resume", [False, True])
def test_two_runs_do_not_write_one_output(resume: bool, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from inference.spool import Spool\n"
        "held = Spool(Path(sys.argv[1]), {}); print('open', flush=True); sys.stdin.read(); held.close()"
    )
    output = tmp_path / "out.jsonl"
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(output)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert first.stdin is not None and first.stdout is not None
    with first:
        assert first.stdout.readline() == "open\n"
        with pytest.raises(DataError, match=r"another run is writing to .*out\.jsonl"):
            spool.Spool(output, {}, resume=resume)
        spool.Spool(tmp_path / "other.jsonl", {}).close()
        first.stdin.close()
    assert first.returncode == 0
    spool.Spool(output, {}, resume=resume).close()
    assert not output.with_name("out.jsonl.part").exists()


def test_a_different_job_is_not_resumed(desk: Copydesk, seeds: Path, tmp_path: Path) -> None:
    source, output = write(tmp_path / "in.jsonl", stories(seeds)), tmp_path / "out.jsonl"
    stop = interrupted(desk, 1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        predict_file(source, output, stop, options={"engine": "fast"})
    with pytest.raises(DataError, match='engine was "fast" in the interrupted run and is "standard" now'):
        predict_file(source, output, stop, options={"engine": "standard"}, resume=True)
    with source.open("a") as stream:
        stream.write("\n")
    with pytest.raises(DataError, match="--resume: input was"):
        predict_file(source, output, stop, options={"engine": "fast"}, resume=True)
    (tmp_path / "out.jsonl.part.state").write_text("{")
    with pytest.raises(DataError, match=r"out\.jsonl\.part\.state: damaged"):
        predict_file(source, output, stop, resume=True)


def test_a_full_disk_keeps_what_is_done(
    desk: Copydesk, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = write(tmp_path / "in.jsonl", stories(seeds)), tmp_path / "out.jsonl"
    whole = (tmp_path / "whole.jsonl", run(desk, source, tmp_path / "whole.jsonl"))[0]
    with pytest.raises(OSError, match="No space left"):
        predict_file(source, output, interrupted(desk, 2, OSError(28, "No space left on device")))
    assert not output.exists()
    predict_file(source, output, local_runner(desk), resume=True)
    assert output.read_bytes() == whole.read_bytes()


KILLED = """
import os, signal, sys
from pathlib import Path
from inference import Copydesk, batch, spool
batch.WINDOW_ROWS, spool.SECONDS_BETWEEN_STATES = 2, 0.0
source, folder = Path(sys.argv[1]), Path(sys.argv[2])
desk = Copydesk.from_pretrained(engine="fast")
real, die = os.fsync, lambda: os.kill(os.getpid(), signal.SIGKILL)
for suffix in (".jsonl", ".parquet"):
    batch.predict_file(source, folder / f"whole{suffix}", batch.local_runner(desk))
    output, kills = folder / f"out{suffix}", 0
    for left in range(1, 99):  # dies at the 1st, 2nd, ... flush after going on, with some more bytes than are counted
        child = os.fork()
        if not child:
            calls = 0
            def fsync(handle):
                global calls
                calls += 1
                if calls == 5:
                    part = Path(f"{output}.part")
                    part.write_bytes(part.read_bytes() + b'{"half a row') if left % 2 else None
                    die()
                real(handle)
            os.fsync = fsync
            batch.predict_file(source, output, batch.local_runner(desk), resume=True)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        assert not output.exists()
        kills += 1
    assert output.read_bytes() == (folder / f"whole{suffix}").read_bytes()
    print(kills)
"""


def test_kill_9_in_the_middle_changes_nothing(seeds: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", stories(seeds))
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", KILLED, str(source), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert all(int(kills) >= 3 for kills in done.stdout.split())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{name}{suffix}" for name in ("out", "whole") for suffix in (".jsonl", ".parquet")
    ]


def test_the_command_line_writes_a_row_for_each_and_says_how_fast(seeds: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [*stories(seeds, 5), {"id": "bad"}])
    command = [*(sys.executable, "-m", "inference", "predict", "--engine", "fast", "--input", str(source))]
    done = subprocess.run([*command, "--output", str(tmp_path / "out.csv")], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "6 stories in" in done.stderr
    assert "1 with status error" in done.stderr
    assert done.stdout == ""
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 7
    with pytest.raises(DataError, match=r"end --output with \.jsonl, \.csv, \.parquet"):
        predict_file(source, tmp_path / "out.xml", lambda cut: iter(()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["story.txt", "--input", "in.csv", "--output", "out.csv"], "--input takes one file"),
        (["--input", "in.csv"], "--output the file"),
        (["--input", "in.csv", "--output", "out.csv", "--format", "json"], "the name of --output says the format"),
        (["--resume", "-"], "go with --input"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["predict", *arguments])
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


def test_input_and_output_must_differ(desk: Copydesk, seeds: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", stories(seeds, 2))
    with pytest.raises(DataError, match="is the input"):
        predict_file(source, source, local_runner(desk))
