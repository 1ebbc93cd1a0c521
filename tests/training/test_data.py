"""Reading articles: every format gives the same articles, and bad rows are reported instead of aborting."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.rows import open_rows
from models.errors import DataError
from models.lines import LOOKED_AT
from training.data import Articles, describe_labels, fingerprint, read_articles, together

ROWS: list[dict[str, Any]] = [
    {"id": "a1", "title": "Rain", "text": "It rained.\nIt poured.", "labels": ["weather"], "summary": "Rain fell."},
    {"id": "a2", "title": "Vote", "text": 'They said "no", twice.', "labels": ["politics", "law"], "summary": "No."},
    {"id": "a3", "title": "Match", "text": "Née 3–2 – après.", "labels": ["sport"], "summary": "Three two."},
]

Writer = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",", newline: str = "\n") -> str:
    with tempfile.TemporaryFile("w+", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow(json.dumps(cell) if isinstance(cell, list) else cell for cell in row.values())
        stream.seek(0)
        return stream.read()


def as_jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def zstd(content: bytes) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, "zstd") as stream:
        stream.write(content)
    return bytes(buffer.getvalue())


def assert_read_alike(path: Path) -> None:
    """Training and `predict` read the rows of it."""
    articles = read_articles(path)
    assert_is_rows(articles)
    rows = list(open_rows(path))
    assert [row.error for row in rows] == [None] * 3
    assert [row.id for row in rows] == articles.ids
    assert [row.title for row in rows] == articles.titles
    assert [row.text for row in rows] == articles.texts


def assert_is_rows(articles: Articles) -> None:
    assert articles.rows == [1, 2, 3]
    assert articles.ids == [row["id"] for row in ROWS]
    assert articles.titles == [row["title"] for row in ROWS]
    assert articles.texts == [row["text"] for row in ROWS]
    assert articles.labels == [row["labels"] for row in ROWS]
    assert articles.summaries == [row["summary"] for row in ROWS]
    assert not articles.exclusive
    assert articles.skipped == []
    assert len(articles) == 3


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.csv", as_csv(ROWS)),
            ("a.CSV", "\ufeff" + as_csv(ROWS)),
            ("a.csv", as_csv(ROWS, newline="\r\n")),
            ("a.csv", "\n" + as_csv(ROWS, delimiter=";")),
            ("a.csv", as_csv(ROWS).encode("utf-16")),
            ("a.tsv", as_csv(ROWS, delimiter="\t")),
            ("a.jsonl", as_jsonl(ROWS)),
            ("a.jsonl", as_jsonl(ROWS).replace("\n", "\r\n\r\n")),
            ("a.ndjson", as_jsonl(ROWS)),
            ("a.jsonl", json.dumps(ROWS)),
            ("a.json", json.dumps(ROWS, indent=1)),
            ("a.json", as_jsonl(ROWS)),
            ("a.json", json.dumps({"version": 1, "data": ROWS})),
            ("a.json", json.dumps({k: {str(i): r[k] for i, r in enumerate(ROWS)} for k in ROWS[0]})),
            ("a.csv.gz", gzip.compress(as_csv(ROWS).encode())),
            ("a.jsonl.bz2", bz2.compress(as_jsonl(ROWS).encode())),
            ("a.json.xz", lzma.compress(json.dumps(ROWS).encode())),
            ("a.v2.jsonl.zst", zstd(as_jsonl(ROWS).encode())),
            ("a.csv.zst", zstd(as_csv(ROWS).encode("utf-16"))),
            ("a.csv", as_csv(ROWS, newline="\r")),  # as spreadsheets of old Macs
            ("a.csv", ("\ufeff" + as_csv(ROWS).replace("\n", "\r")).encode()),
            ("a.csv", as_csv(ROWS, newline="\r").encode("utf-16")),
            ("a.jsonl", as_jsonl(ROWS).replace("\n", "\r")),
            ("a.jsonl", "\n\n  " + json.dumps(ROWS, indent=1)),
            ("a.csv", gzip.compress(as_csv(ROWS).encode(), mtime=0)),  # said to be another thing than it is
            ("a.jsonl", lzma.compress(as_jsonl(ROWS).encode())),
            ("a.json", zstd(json.dumps(ROWS).encode())),
        ],
    )
    def test_every_text_format_gives_the_same_articles(self, write: Writer, name: str, content: str | bytes) -> None:
        assert_read_alike(write(name, content))

    @pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
    def test_parquet_gives_the_same_articles(self, tmp_path: Path, name: str) -> None:
        assert_read_alike(as_parquet(tmp_path / name, ROWS))

    def test_a_file_that_ends_a_line_where_it_is_first_looked_at_is_no_old_mac(self, write: Writer) -> None:
        header = "text," + "x" * (LOOKED_AT - len("text,") - 1)
        assert read_articles(write("a.csv.gz", gzip.compress(f"{header}\r\none,1\r\n".encode(), mtime=0))).texts == [
            "one"
        ]

    def test_binary_columns_hold_text(self, tmp_path: Path) -> None:
        cells = {name: [str(row[name]).encode() for row in ROWS] for name in ("id", "text", "title")}
        pq.write_table(pa.table({**cells, "labels": [b"a", b"a", b"b"]}), tmp_path / "a.parquet")
        articles = read_articles(tmp_path / "a.parquet")
        assert articles.texts == [row["text"] for row in ROWS]
        assert articles.ids == [row["id"] for row in ROWS]
        assert articles.labels == [["a"], ["a"], ["b"]]

    def test_a_list_of_bare_strings_is_texts(self, write: Writer) -> None:
        assert read_articles(write("a.json", '["One.", "Two."]')).texts == ["One.", "Two."]

    def test_an_edited_file_is_read_anew(self, tmp_path: Path) -> None:
        path = as_parquet(tmp_path / "a.parquet", ROWS)
        read_articles(path)
        as_parquet(path, ROWS[:1])
        assert read_articles(path).ids == ["a1"]

    def test_a_folder_of_texts_is_read_in_order_of_names(self, write: Writer) -> None:
        write("stories/b.txt", "Second.\n")
        write("stories/a.txt", "First.\n")
        folder = write("stories/c.txt.gz", gzip.compress(b"Third.", mtime=0)).parent
        articles = read_articles(folder)
        assert articles.ids == ["a", "b", "c"]
        assert articles.texts == ["First.\n", "Second.\n", "Third."]
        assert articles.labels is None
        assert articles.summaries is None

    def test_an_unreadable_text_is_skipped(self, write: Writer) -> None:
        write("stories/a.txt", "First.")
        folder = write("stories/b.txt.gz", b"not gzip").parent
        articles = read_articles(folder)
        assert articles.ids == ["a"]
        assert articles.skipped[0][0] == 2
        assert "b.txt.gz" in articles.skipped[0][1]

    def test_a_folder_of_data_files_is_read_by_split(self, tmp_path: Path) -> None:
        as_parquet(tmp_path / "train.parquet", ROWS)
        as_parquet(tmp_path / "test.parquet", ROWS[:1])
        assert_is_rows(read_articles(tmp_path))
        assert read_articles(f"{tmp_path}#test").ids == ["a1"]
        with pytest.raises(DataError, match=r"cannot take 'dev'; there is train \(3 rows\), test \(1 rows\)"):
            read_articles(f"{tmp_path}#dev")

    def test_a_very_long_field(self, write: Writer) -> None:
        text = "word " * 200_000
        assert read_articles(write("a.csv", f'text\n"{text}"\n')).texts == [text]

    def test_windows_bytes_are_read_and_said(self, write: Writer, caplog: pytest.LogCaptureFixture) -> None:
        path = write("a.csv", "text\nplain\nun café\n".encode("cp1252") + "déjà vu\n".encode())
        assert read_articles(path).texts == ["plain", "un café", "déjà vu"]
        assert "line 3 is not UTF-8" in caplog.text

    @given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=8))
    @settings(max_examples=60, deadline=None)
    def test_csv_and_json_keep_every_text(self, pairs: list[tuple[str, str]]) -> None:
        rows: list[dict[str, Any]] = [{"title": title, "text": f"{text}."} for title, text in pairs]
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("a.csv", as_csv(rows)), ("a.jsonl", as_jsonl(rows))):
                path = Path(folder, name)
                path.write_bytes(content.encode())
                articles = read_articles(path)
                assert articles.texts == [row["text"] for row in rows]
                assert articles.titles == [title.strip() or None for title, _ in pairs]
                assert articles.skipped == []

    @given(st.text())
    @settings(max_examples=100, deadline=None)
    def test_no_content_breaks_the_reader(self, content: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.csv", "a.tsv", "a.json", "a.jsonl"):
                path = Path(folder, name)
                path.write_bytes(("text,label\n" if name.endswith("v") else "").encode() + content.encode())
                try:
                    assert all(text.strip() for text in read_articles(path).texts)
                except DataError as error:
                    assert name in str(error)  # noqa: PT017


class TestSplits:
    def test_a_slice_keeps_the_row_numbers(self, write: Writer) -> None:
        path = write("articles.csv", as_csv(ROWS))
        articles = read_articles(f"{path}#train[1:]")
        assert articles.rows == [2, 3]
        assert articles.name == f"{path}#train[1:]"
        assert read_articles(f"{path}#[:1]").rows == [1]
        assert read_articles(f"{path}#articles[-1:]").rows == [3]

    @pytest.mark.parametrize("split", ["test", "train[", "train[a:b]"])
    def test_an_unknown_split(self, write: Writer, split: str) -> None:
        path = write("a.csv", as_csv(ROWS))
        with pytest.raises(DataError, match=r"there is train \(3 rows\)"):
            read_articles(f"{path}#{split}")

    def test_a_name_with_a_hash(self, write: Writer) -> None:
        assert len(read_articles(write("a#b.csv", as_csv(ROWS)))) == 3

    def test_limit_keeps_the_first_usable_articles(self, write: Writer) -> None:
        articles = read_articles(write("a.csv", "text,label\n,x\na,x\nb,y\n"), limit=1)
        assert articles.rows == [2]
        assert articles.skipped == [(1, "column 'text': empty text")]
        assert articles.exclusive

    def test_limit_does_not_hide_that_a_task_is_multi_label(self, write: Writer) -> None:
        path = write("a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b", "label": ["x", "y"]}\n')
        assert not read_articles(path, limit=1).exclusive


class TestColumns:
    def test_usual_names_in_order_and_any_case(self, write: Writer) -> None:
        articles = read_articles(write("a.csv", "Category,Content,TEXT,Headline,Highlights\nc,n,t,h,s\n"))
        assert articles.texts == ["t"]
        assert articles.titles == ["h"]
        assert articles.labels == [["c"]]
        assert articles.summaries == ["s"]
        assert articles.ids == ["1"]

    def test_named_columns(self, write: Writer) -> None:
        path = write("a.csv", "text,x,y,z,w\nno,yes,t,l,s\n")
        articles = read_articles(path, text_column="X", title_column="y", labels_column="z", summary_column="w")
        assert (articles.texts, articles.titles) == (["yes"], ["t"])
        assert (articles.labels, articles.summaries) == ([["l"]], ["s"])

    def test_a_missing_column_says_what_there_is_and_how_to_name_it(self, write: Writer) -> None:
        path = write("a.csv", "foo,bar\n1,2\n")
        with pytest.raises(DataError, match=r"no text column; .*found 'foo', 'bar'.*--text-column"):
            read_articles(path)
        with pytest.raises(DataError, match=r"no labels column; .*--labels-column"):
            read_articles(path, text_column="foo", need=["labels"])
        with pytest.raises(DataError, match=r"no summary column; .*--summary-column"):
            read_articles(path, text_column="foo", need=["summaries"])
        with pytest.raises(DataError, match=r"no column 'baz' for --title-column; there are 'foo', 'bar'"):
            read_articles(path, text_column="foo", title_column="baz")

    def test_a_column_of_a_later_json_row_is_found(self, write: Writer) -> None:
        articles = read_articles(write("a.jsonl", '{"text": "a"}\n{"text": "b", "label": "x"}\n'), need=["labels"])
        assert articles.labels == [[], ["x"]]

    def test_needed_but_empty(self, write: Writer) -> None:
        path = write("a.csv", "text,label,summary\na,,\nb, ,\n")
        with pytest.raises(DataError, match="column 'label' is empty in every row"):
            read_articles(path, need=["labels"])
        with pytest.raises(DataError, match="column 'summary' is empty in every row"):
            read_articles(path, need=["summaries"])
        with pytest.raises(DataError, match="title"):
            read_articles(path, need=["titles"])

    def test_a_column_that_is_read_must_be_the_only_one_of_its_name(self, write: Writer, tmp_path: Path) -> None:
        with pytest.raises(
            DataError, match=r"a\.csv: columns 1 and 3 are both named 'text', expected one column of text"
        ):
            read_articles(write("a.csv", "text,label,text\na,x,b\n"))
        table = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["label", "text", "label"])
        pq.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(DataError, match="columns 1 and 3 are both named 'label'"):
            read_articles(tmp_path / "a.parquet")
        assert read_articles(write("b.csv", "x,text,x\n1,a,2\n")).texts == ["a"]

    def test_only_what_a_row_has_can_be_needed(self, write: Writer) -> None:
        with pytest.raises(ValueError, match="authors"):
            read_articles(write("a.csv", as_csv(ROWS)), need=["authors"])


class TestLabels:
    @pytest.mark.parametrize(
        ("cell", "labels"),
        [
            ("sport", ["sport"]),
            (" sport ", ["sport"]),
            (3, ["3"]),
            (3.0, ["3"]),
            (True, ["true"]),
            (["b", " a", "b", "", None], ["b", "a"]),
            ('["b", "a", "b"]', ["b", "a"]),
            ("['b', 'a']", ["b", "a"]),
            ("['b' 'a\\'s']", ["b", "a's"]),
            ("[]", []),
            ("[draft]", ["[draft]"]),
            ("", []),
            (None, []),
            (float("nan"), []),
        ],
    )
    def test_cells(self, write: Writer, cell: Any, labels: list[str]) -> None:
        articles = read_articles(write("a.jsonl", json.dumps({"text": "a", "label": cell})))
        assert articles.labels == [labels]

    def test_scalars_are_exclusive_and_one_list_makes_the_task_multi_label(self, write: Writer) -> None:
        rows = '{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n'
        assert read_articles(write("a.jsonl", rows)).exclusive
        mixed = read_articles(write("b.jsonl", rows + '{"text": "c", "label": ["x"]}\n'))
        assert not mixed.exclusive
        assert mixed.labels == [["x"], ["y"], ["x"]]

    def test_a_label_that_is_none_leaves_the_row_out_where_labels_count(self, write: Writer) -> None:
        path = write("a.jsonl", '{"text": "a", "label": {"x": 1}}\n{"text": "b", "label": "y"}\n')
        assert read_articles(path).labels == [[], ["y"]]
        articles = read_articles(path, need=["labels"])
        assert articles.rows == [2]
        assert articles.skipped == [(1, "column 'label': expected a label or a list of labels, found an object")]

    def test_booleans_have_the_same_labels_however_they_are_written(self, write: Writer) -> None:
        cells = "text,label\na,True\nb,FALSE\nc,\nd,false\n"
        assert read_articles(write("a.csv", cells)).labels == [["true"], ["false"], [], ["false"]]
        mixed = read_articles(write("b.csv", cells + "e,Half true\n"), limit=2)
        assert mixed.labels == [["True"], ["FALSE"]]

    @pytest.mark.parametrize("listed", [False, True])
    def test_class_names(self, tmp_path: Path, listed: bool) -> None:
        names = datasets.ClassLabel(names=["world", "sport"])
        features = datasets.Features(
            {"text": datasets.Value("string"), "label": datasets.List(names) if listed else names}
        )
        cells: list[Any] = [[1, 0], [], [1]] if listed else [1, -1, 0]
        data = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": cells}, features=features)
        data.to_parquet(tmp_path / "a.parquet")
        articles = read_articles(tmp_path / "a.parquet")
        assert articles.labels == ([["sport", "world"], [], ["sport"]] if listed else [["sport"], [], ["world"]])
        assert articles.exclusive is not listed


class TestBadRows:
    def test_csv_rows_of_another_width(self, write: Writer) -> None:
        path = write("a.csv", 'text,label\n"two\nlines",x\nb\nc,y,z\nd,y,\n\ne,z\n')
        articles = read_articles(path)
        assert articles.texts == ["two\nlines", "d", "e"]
        assert articles.rows == [1, 4, 5]
        assert articles.skipped == [
            (2, "line 4 has 1 cells, expected 2 as in the header"),
            (3, "line 5 has 3 cells, expected 2 as in the header"),
        ]

    @pytest.mark.parametrize("bad", ['"never closed,x', '"quoted "again" here",x'])
    def test_a_stray_quotation_mark_costs_one_row(self, write: Writer, bad: str) -> None:
        rows = "".join(f'"story {n}",x\n' for n in range(50))
        articles = read_articles(write("a.csv", f"text,label\n{rows}{bad}\n{rows}"))
        assert len(articles) == 100
        assert [row for row, _ in articles.skipped] == [51]
        assert articles.skipped[0][1].startswith("line 52: ")

    def test_many_stray_marks_take_no_quadratic_time(self, write: Writer) -> None:
        articles = read_articles(write("a.csv", "text,label\n" + 'a,b\n"a,b\n' * 5_000))
        assert len(articles) + len(articles.skipped) > 1000

    def test_unquoted_marks_in_tsv_are_text(self, write: Writer) -> None:
        articles = read_articles(write("a.tsv", 'text\tlabel\n"No" he said\tx\n"a\tb"\ty\n'))
        assert articles.texts == ['"No" he said', "a\tb"]

    def test_a_file_of_more_ruins_than_rows_is_refused(self, write: Writer) -> None:
        bad = '"He said \\\\"no, not now\\\\", twice, and left.",x\n'
        assert len(read_articles(write("a.csv", "text,label\na,x\nb,y\n" + bad))) == 2
        with pytest.raises(DataError, match=r'2 of 3 rows cannot be read, the first is row 2: line 3.*\(""\).*has \\"'):
            read_articles(write("a.csv", "text,label\na,x\n" + 2 * bad))
        with pytest.raises(DataError, match=r'1 of 1 rows cannot be read.*\(""\)\.$'):
            read_articles(write("b.csv", "text,label\na,b,x\n"))

    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
    def test_a_string_of_parquet_that_is_not_utf8(self, tmp_path: Path, kind: pa.DataType) -> None:
        texts = pa.array([b"one", b"caf\xe9", b"three"]).cast(pa.binary() if kind == pa.string() else pa.large_binary())
        column = pa.Array.from_buffers(kind, 3, texts.buffers())
        pq.write_table(pa.table({"id": ["a", "b", "c"], "text": column}), tmp_path / "a.parquet")
        articles = read_articles(tmp_path / "a.parquet")
        assert articles.ids == ["a", "c"]
        assert articles.rows == [1, 3]
        assert articles.skipped == [(2, "column 'text': byte 3 (0xe9) is not UTF-8; write the column as UTF-8")]

    def test_a_damaged_row_group_costs_only_its_rows(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        table = pa.table({"text": [f"Report {number}." for number in range(12)]})
        pq.write_table(table, path, row_group_size=4, compression="gzip", use_dictionary=False)
        column = pq.ParquetFile(path).metadata.row_group(1).column(0)
        data, begin = bytearray(path.read_bytes()), column.data_page_offset
        data[begin : begin + column.total_compressed_size] = b"\xff" * column.total_compressed_size
        path.write_bytes(bytes(data))
        articles = read_articles(path)
        assert articles.rows == [1, 2, 3, 4, 9, 10, 11, 12]
        assert [row for row, _ in articles.skipped] == [5, 6, 7, 8]
        assert "row group 1 is damaged" in articles.skipped[0][1]

    def test_malformed_json_lines(self, write: Writer) -> None:
        path = write("a.jsonl", '{"text": "a"}\n{"text": \n\n[1]\n{"text": "b"}\n' + "[" * 100_000 + "\n")
        articles = read_articles(path)
        assert articles.rows == [1, 4]
        assert [row for row, _ in articles.skipped] == [2, 3, 5]
        assert articles.skipped[0][1] == "line 2: malformed JSON (Expecting value, character 11)"
        assert articles.skipped[1][1] == "line 4: expected a JSON object, found a list"

    def test_texts_that_are_none(self, write: Writer, caplog: pytest.LogCaptureFixture) -> None:
        path = write("a.json", '[{"text": 5}, {"text": " "}, {}, {"text": null}, {"text": ["a", "b"]}]')
        articles = read_articles(path)
        assert articles.texts == ["a\nb"]
        assert articles.rows == [5]
        assert articles.skipped[0] == (1, "column 'text': expected a string, found a number")
        assert [reason for _, reason in articles.skipped[1:]] == ["column 'text': empty text"] * 3
        assert "rows left out: 4; the first is row 1" in caplog.text

    def test_a_lone_surrogate_is_replaced(self, write: Writer) -> None:
        articles = read_articles(write("a.jsonl", '{"text": "a\\ud800", "title": "\\udfff", "label": "\\ud800"}'))
        assert (articles.texts, articles.titles, articles.labels) == (["a\ufffd"], ["\ufffd"], [["\ufffd"]])
        fingerprint(articles)

    def test_summaries(self, write: Writer) -> None:
        rows = [{"text": "a", "summary": ["One.", "Two."]}, {"text": "b", "summary": None}, {"text": "c"}]
        assert read_articles(write("a.jsonl", as_jsonl(rows))).summaries == ["One.\nTwo.", None, None]

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.csv", "", "empty"),
            ("a.csv", " \n \n", "empty"),
            ("a.csv", "text,label\n\n", "header"),
            ("a.csv", "text,label\n,x\n", "none of 1 rows holds a usable article"),
            ("a.json", "[]", "no JSON object"),
            ("a.json", '[{"text": "a"', "malformed JSON"),
            ("a.json", "12", "expected a JSON object, found a number"),
            ("a.jsonl", "nonsense\n", "line 1: malformed JSON"),
            ("a.parquet", "nonsense", "Parquet"),
            ("a.csv.gz", b"nonsense", "cannot be read"),
            ("a.csv.gz", gzip.compress(b"text\na\n", mtime=0)[:-9], "cannot be read"),
            ("a.csv.gz", gzip.compress(b"", mtime=0)[:10] + b"\xff" * 20, "cannot be read"),  # zlib's own error
            ("a.csv.xz", b"nonsense", "cannot be read"),
            ("a.csv.zst", b"nonsense", "cannot be read"),
            ("a.xlsx", "", r"unknown format '.xlsx'; expected .csv, .tsv, .jsonl, .ndjson.*Save the sheet as CSV"),
            ("a.parquet.gz", "", "unknown format"),
            ("a.csv", b"PK\x03\x04rest", r"is a ZIP archive or a spreadsheet, expected csv.*Save the sheet as CSV"),
            ("a.txt", b"\x00\x01", "NUL bytes"),
            ("articles", "", "no suffix"),
            ("empty/nothing.md", "", "unknown format"),
        ],
    )
    def test_unusable_files(self, write: Writer, name: str, content: str | bytes, message: str) -> None:
        path = write(name, content)
        with pytest.raises(DataError, match=message) as caught:
            read_articles(path)
        assert str(path) in str(caught.value)

    def test_a_parquet_file_without_rows(self, tmp_path: Path) -> None:
        table = pa.table({"text": pa.array([], pa.string())})
        pq.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(DataError, match="no rows"):
            read_articles(tmp_path / "a.parquet")

    def test_a_folder_without_articles(self, write: Writer) -> None:
        with pytest.raises(DataError, match=r"no \.txt files"):
            read_articles(write("folder/readme.md", "").parent)

    def test_a_limit_of_nothing(self, write: Writer) -> None:
        with pytest.raises(DataError, match="limit 0"):
            read_articles(write("a.csv", as_csv(ROWS)), limit=0)


class TestHub:
    @pytest.fixture
    def hub(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
        calls: list[tuple[Any, ...]] = []

        def load(path: str, config: str | None = None, **options: Any) -> datasets.DatasetDict:
            calls.append((path, config))
            if path == "gone":
                raise datasets.exceptions.DatasetNotFoundError("gone")
            if path == "far":
                raise ConnectionError("no route")
            if path == "many":
                raise ValueError("Config name is missing. Please pick one among: ['1.0', '2.0']")
            label = datasets.Features(
                {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["x", "y"])}
            )
            parts = {"test": 2} if path == "one" else {"train": 1500, "test": 2}
            parts = {"validation": 1, "test": 2} if path == "two" else parts
            return datasets.DatasetDict(
                {
                    part: datasets.Dataset.from_dict(
                        {"text": [f"{part} {n}" for n in range(size)], "label": [n % 2 for n in range(size)]},
                        features=label,
                    )
                    for part, size in parts.items()
                }
            )

        monkeypatch.setattr(datasets, "load_dataset", load)
        return calls

    def test_a_hub_id_with_configuration_and_split(self, hub: list[tuple[Any, ...]]) -> None:
        articles = read_articles("org/news:3.0.0#test")
        assert hub == [("org/news", "3.0.0")]
        assert articles.name == "org/news:3.0.0#test"
        assert articles.texts == ["test 0", "test 1"]
        assert articles.labels == [["x"], ["y"]]

    def test_train_is_the_default_and_slices_keep_row_numbers(self, hub: list[tuple[Any, ...]]) -> None:
        assert len(read_articles("news")) == 1500
        assert read_articles("news#train[1400:1402]+test").rows == [1401, 1402, 1, 2]
        assert read_articles("one").texts == ["test 0", "test 1"]

    @pytest.mark.usefixtures("hub")
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ("gone", "no data set of this name on the hub"),
            ("far", "hub cannot be reached"),
            ("many", r"pick one among: \['1.0', '2.0'\]"),
            ("two", r"say which, for example two#validation"),
            ("news#dev", r"there is train \(1,500 rows\), test \(2 rows\)"),
        ],
    )
    def test_failures(self, data: str, message: str) -> None:
        with pytest.raises(DataError, match=message):
            read_articles(data)

    @pytest.mark.parametrize(
        "data", ["nope.csv", "some/nope.jsonl.gz", "./nope", "/nope/nope", "a b", "a\0b", "x/y/z", "~nobody/x.csv"]
    )
    def test_a_missing_path_is_not_looked_up_on_the_hub(self, hub: list[tuple[Any, ...]], data: str) -> None:
        with pytest.raises(DataError, match="no such file or folder"):
            read_articles(data)
        assert hub == []

    @pytest.mark.parametrize("data", ["", "#train", "a.csv#"])
    def test_half_a_name(self, data: str) -> None:
        with pytest.raises(DataError, match="expected a path or a hub id"):
            read_articles(data)


class TestArticles:
    def test_take(self, write: Writer) -> None:
        articles = read_articles(write("a.csv", as_csv(ROWS) + "x\n"))
        taken = articles.take([2, 0])
        assert taken.rows == [3, 1]
        assert taken.ids == ["a3", "a1"]
        assert taken.labels == [["sport"], ["weather"]]
        assert taken.summaries == ["Three two.", "Rain fell."]
        assert taken.skipped == articles.skipped != []
        assert len(articles.take([])) == 0

    def test_fingerprint_tells_contents_apart(self, write: Writer) -> None:
        articles = read_articles(write("a.csv", as_csv(ROWS)))
        prints = {
            fingerprint(articles),
            fingerprint(articles.take([0, 2, 1])),
            fingerprint(articles.take([0, 1])),
            fingerprint(read_articles(write("b.csv", as_csv(ROWS).replace("law", "laws")))),
            fingerprint(read_articles(write("c.csv", as_csv(ROWS).replace("poured", "paused")))),
        }
        assert len(prints) == 5
        assert fingerprint(read_articles(write("d.jsonl", as_jsonl(ROWS)))) == fingerprint(articles)

    def test_describe_labels(self, write: Writer) -> None:
        articles = read_articles(write("a.csv", as_csv(ROWS)))
        assert describe_labels(articles) == "4 labels, multi-label, 1.33 per story"
        single = read_articles(write("b.csv", "text,label\na,x\nb,\n"))
        assert describe_labels(single) == "1 label, one per story, 1 story without"
        assert describe_labels(read_articles(write("c.csv", "text\na\n"))) == "no labels"
        ordered = read_articles(
            write("d.jsonl", as_jsonl([{"text": "a", "labels": ["x", "y"]}, {"text": "b", "labels": ["y", "x"]}]))
        )
        assert describe_labels(ordered) == "2 labels, multi-label, 2.00 per story, the dominant one first"


def test_sources_read_together_keep_their_order_and_what_all_of_them_have(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.jsonl"
    first.write_text("id,text,summary,label\n1,One story.,One.,x\n2,,None.,y\n", encoding="utf-8")
    second.write_text('{"uid": "z", "body": "Two stories.", "abstract": "Two."}\n', encoding="utf-8")
    parts = [read_articles(path, need={"summaries"}) for path in (first, second)]
    both = together(parts)
    assert both.name == f"{first} + {second}"
    assert (both.texts, both.ids, both.rows) == (["One story.", "Two stories."], ["1", "z"], [1, 1])
    assert both.summaries == ["One.", "Two."]
    assert both.labels is None  # the second has none
    assert both.skipped == parts[0].skipped != []
    assert both.columns["text"] == "text"
    assert together(parts[:1]) is parts[0]
