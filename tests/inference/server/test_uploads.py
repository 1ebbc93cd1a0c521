"""Files of stories: every row comes back in its place, and nothing but memory is touched."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from inference import Copydesk
from inference.server.batches import ADDED
from inference.server.limits import MAX_ROWS
from inference.server.tables import read_table
from models.errors import DataError
from models.selection import Budget

from .conftest import Serve

CSV, JSONL = "text/csv", "application/x-ndjson"
STORY = "The council of Port Alder voted on Monday to rebuild the bridge. Work begins in May. It will cost $3 million."


def upload(client: TestClient, data: bytes | str, kind: str = CSV) -> dict[str, Any]:
    answer = client.post("/v1/batches", content=data, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    state: dict[str, Any] = answer.json()
    return state


def label(client: TestClient, number: str, **options: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/batches/{number}/start", json=options)
    assert answer.status_code == 202, answer.text
    for _ in range(600):
        state: dict[str, Any] = client.get(f"/v1/batches/{number}").json()
        if state["status"] != "running":
            return state
        time.sleep(0.02)
    raise AssertionError("never done")


def as_csv(rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def test_a_csv_file_comes_back_labelled(client: TestClient, desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    table = [["no", "headline", "body"], *([row["id"], row["title"], row["text"]] for row in rows[:40])]
    state = upload(client, as_csv(table))
    assert (state["rows"], state["columns"]) == (40, ["no", "headline", "body"])
    assert (state["text_column"], state["title_column"]) == ("body", "headline")
    assert [cells[0] for cells in state["preview"]] == [row["id"] for row in rows[:3]]
    done = label(client, state["id"], text_column="body", title_column="headline", budget={"sentences": 1})
    assert (done["status"], done["done"], done["errors"]) == ("done", 40, 0)
    answer = client.get(f"/v1/batches/{state['id']}/result?format=csv")
    assert answer.headers["Content-Disposition"] == "attachment"
    found = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert tuple(found[0]) == ("no", "headline", "body", *ADDED)
    stories = [{"text": row["text"], "title": row["title"]} for row in rows[:40]]
    for row, wanted in zip(found, desk.predict(stories, budget=Budget(sentences=1)), strict=True):
        assert row["copydesk_summary"] == wanted.summary
        assert row["copydesk_topics"] == "; ".join(topic.label for topic in wanted.topics)
        assert row["copydesk_status"] == "ok"
    assert [row["no"] for row in found] == [row["id"] for row in rows[:40]]


def test_rows_that_cannot_be_read_keep_their_place_and_say_why(client: TestClient) -> None:
    lines = [json.dumps({"id": 1, "text": STORY}), "{broken", "[1, 2]", json.dumps({"id": 4}), json.dumps({"text": 5})]
    state = upload(client, "\n".join([*lines, json.dumps(STORY), ""]), JSONL)
    assert label(client, state["id"], text_column="text")["errors"] == 4
    found = [
        json.loads(line) for line in client.get(f"/v1/batches/{state['id']}/result?format=jsonl").text.splitlines()
    ]
    assert [row["copydesk"]["status"] for row in found] == ["ok", "error", "error", "error", "error", "ok"]
    said = [row["copydesk"]["error"] for row in found]
    assert said[0] is None
    assert said[1].startswith("malformed JSON (Expecting property name")
    assert said[3] == "column 'text' is empty"
    assert "found a list" in said[2]
    assert "found int" in said[4]
    assert found[0]["id"] == 1
    assert found[0]["copydesk"]["summary"] == found[5]["copydesk"]["summary"] != ""
    broken = upload(client, f'id,text\n1,"{STORY}"\n2,a,b,c\n3,\n4,"never closed\n5,"{STORY}"\n')
    label(client, broken["id"], text_column="text")
    table = list(csv.DictReader(io.StringIO(client.get(f"/v1/batches/{broken['id']}/result").text)))
    assert [row["copydesk_status"] for row in table] == ["ok", "error", "error", "error", "ok"]
    assert "line 3 has 4 cells, expected 2 as in the header" in table[1]["copydesk_note"]
    assert "malformed CSV" in table[3]["copydesk_note"]


@pytest.mark.parametrize(
    ("data", "kind", "status", "says"),
    [
        (b"", CSV, 422, "no rows"),
        (b"text\n", CSV, 422, "begins with a header"),
        (b"PK\x03\x04\x00\x00", CSV, 422, "no text file"),
        (b"{\n{\n", JSONL, 422, "no row could be read"),
        (b"text\n" + b"a\n" * (MAX_ROWS + 1), CSV, 422, "rows; `copydesk predict` takes files of any length"),
        (b"text\na\n", "application/pdf", 415, "text/csv"),
        (b"text\na\n", "multipart/form-data", 415, "text/csv"),
    ],
)
def test_files_that_are_no_table_are_refused(
    client: TestClient, data: bytes, kind: str, status: int, says: str
) -> None:
    answer = client.post("/v1/batches", content=data, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_encodings_delimiters_and_odd_headers_are_read() -> None:
    assert read_table("text;id\nDrăgan’s;1\n".encode("utf-8-sig"), "csv").rows[0].cells == {
        "text": "Drăgan’s",
        "id": "1",
    }
    assert read_table("text\nBellacqua’s\n".encode("cp1252"), "csv").rows[0].cells["text"] == "Bellacqua’s"
    assert read_table("text\tid\na, b\t1\n".encode("utf-16"), "csv").rows[0].cells == {"text": "a, b", "id": "1"}
    assert read_table(b"a,,a\n1,2,3\n", "csv").columns == ("a", "column 2", "a (3)")
    assert read_table(b'text\n"two\nlines"\n\nend\n', "csv").rows[0].cells["text"] == "two\nlines"
    deep = read_table(b'{"text": "' + b"[" * 10 + b'"}\n' + b"[" * 200_000, "jsonl").rows
    assert deep[0].error is None
    assert str(deep[1].error).startswith("malformed JSON")

    with pytest.raises(DataError, match="columns"):
        read_table(b"," * 600 + b"\n1\n", "csv")


def test_wrong_order_and_wrong_columns_are_told(client: TestClient) -> None:
    number = upload(client, f"text\n{STORY}\n")["id"]
    assert client.get(f"/v1/batches/{number}/result").status_code == 409
    unknown = client.post(f"/v1/batches/{number}/start", json={"text_column": "body"})
    assert (unknown.status_code, unknown.json()["detail"]) == (422, "column 'body' is not in the file; it has text.")
    assert client.post(f"/v1/batches/{number}/start", json={"text_column": "text", "engine": "x"}).status_code == 422
    label(client, number, text_column="text")
    assert client.post(f"/v1/batches/{number}/start", json={"text_column": "text"}).status_code == 409
    assert client.delete(f"/v1/batches/{number}").status_code == 204
    for path in (f"/v1/batches/{number}", f"/v1/batches/{number}/result", "/v1/batches/unknown"):
        assert client.get(path).status_code == 404
    assert client.get("/v1/batches/..%2f..%2fetc%2fpasswd").status_code in (404, 422)


def test_old_files_make_room_for_new_ones(serve: Serve) -> None:
    client = serve(uploads=2)
    numbers = [upload(client, f"text\n{STORY}\n")["id"] for _ in range(3)]
    assert [client.get(f"/v1/batches/{number}").status_code for number in numbers] == [404, 200, 200]


def test_nothing_is_written_whatever_a_file_is_called(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    headers = {"Content-Type": CSV, "Content-Disposition": 'attachment; filename="../../evil.csv"'}
    answer = client.post("/v1/batches?filename=../evil.csv", content=f"text\n{STORY}\n", headers=headers)
    label(client, answer.json()["id"], text_column="text")
    assert list(tmp_path.iterdir()) == []
    assert "evil" not in client.get(f"/v1/batches/{answer.json()['id']}/result").headers["Content-Disposition"]


def test_a_file_that_breaks_the_engine_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Copydesk, "score", lambda self, stories: (_ for _ in ()).throw(RuntimeError(STORY)))
    state = label(client, upload(client, f"text\n{STORY}\n")["id"], text_column="text")
    assert (state["status"], state["done"]) == ("failed", 0)
    assert "log" in state["error"]
