"""The API as a program meets it: same answers as in Python, clear errors, nothing for strangers."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from starlette.testclient import TestClient

from inference import Copydesk
from inference.server.desks import Desks, Folders
from inference.server.limits import MAX_STORIES, Limits
from inference.server.logs import JsonLines
from models.errors import ModelError
from models.selection import Budget

from .conftest import ADDRESS, Serve

SECRET = "Zanzibarian marmalade is forbidden on Thursdays, the council of Port Alder said."


def predict(client: TestClient, stories: Any, **options: Any) -> Any:
    answer = client.post("/v1/predict", json={"stories": stories, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_one_in_one_out_a_list_for_a_list(client: TestClient, desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    texts = [row["text"] for row in rows[:6]]
    wanted = [json.loads(json.dumps(prediction.to_dict())) for prediction in desk.predict(texts)]
    assert predict(client, texts) == wanted
    assert predict(client, texts[0]) == wanted[0]
    assert predict(client, []) == []


def test_a_title_is_read_and_a_row_that_is_no_story_keeps_its_place(client: TestClient, desk: Copydesk) -> None:
    mixed = [SECRET, None, {"text": SECRET, "title": "Marmalade banned"}, 5, {"title": "no text"}]
    found = predict(client, mixed)
    assert [row["title"] for row in found] == [None, None, "Marmalade banned", None, None]
    assert found == [json.loads(json.dumps(one.to_dict())) for one in desk.predict(mixed)]
    assert all("not a story" in found[place]["warnings"][0] for place in (1, 3, 4))


@pytest.mark.parametrize("budget", [{"sentences": 1}, {"words": 40}, {"characters": 200}, {"ratio": 0.3}])
def test_budgets_are_those_of_python(
    client: TestClient, desk: Copydesk, rows: list[dict[str, Any]], budget: dict[str, Any]
) -> None:
    text = rows[3]["text"]
    assert predict(client, text, budget=budget)["summary"] == desk.predict(text, budget=Budget(**budget)).summary


def test_another_length_is_chosen_without_reading_again(
    serve: Serve, desk: Copydesk, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, text = serve(), rows[5]["text"]
    predict(client, text)
    monkeypatch.setattr(desk, "score", lambda stories: pytest.fail("read again"))
    briefs = [predict(client, {"text": text}, budget={"sentences": n})["summary"] for n in range(1, 8)]
    monkeypatch.undo()
    assert briefs == [desk.predict(text, budget=Budget(sentences=n)).summary for n in range(1, 8)]


def test_what_is_remembered_is_bounded_and_tells_titles_apart(serve: Serve, rows: list[dict[str, Any]]) -> None:
    client = serve(cache=2)
    briefs = [predict(client, row["text"])["summary"] for row in rows[:5]]
    assert briefs == [predict(client, row["text"])["summary"] for row in rows[:5]]
    assert predict(client, {"text": SECRET, "title": "One title"})["title"] == "One title"
    assert predict(client, {"text": SECRET, "title": "Another title"})["title"] == "Another title"


def test_contributions_sum_to_the_logit(client: TestClient, desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    answer = client.post("/v1/explain", json={"story": rows[0]["text"], "label": "politics"})
    assert answer.status_code == 200
    found = answer.json()
    assert sum(part["value"] for part in found["contributions"]) == pytest.approx(found["logit"], abs=1e-4)
    assert found["threshold"] == desk.explain(rows[0]["text"], "politics").threshold
    unknown = client.post("/v1/explain", json={"story": rows[0]["text"], "label": "gardening"})
    assert unknown.status_code == 422
    assert "unknown label 'gardening'" in unknown.json()["detail"]


def test_models_and_health(client: TestClient, desk: Copydesk) -> None:
    fast, standard = client.get("/v1/models").json()
    assert (fast["engine"], fast["default"], fast["loaded"]) == ("fast", True, True)
    assert (standard["engine"], standard["default"], standard["loaded"]) == ("standard", False, False)
    assert desk.topics is not None
    assert [item["label"] for item in fast["labels"]] == desk.topics.classes_
    assert [item["threshold"] for item in fast["labels"]] == pytest.approx(list(desk.topics.thresholds_))
    health = client.get("/healthz")
    assert (health.status_code, health.json()["status"], health.json()["waiting"]) == (200, "ok", 0)


def test_the_standard_engine_answers_too(serve: Serve, rows: list[dict[str, Any]]) -> None:
    """And is the only thing here that loads torch."""
    client = serve()
    text = rows[0]["text"]
    found = predict(client, text, engine="standard")
    wanted = Copydesk.from_pretrained(engine="standard").predict(text)
    assert found["summary"] == wanted.summary
    assert found["scores"] == pytest.approx(wanted.scores)
    parts = client.post("/v1/explain", json={"story": text, "label": "politics", "engine": "standard"}).json()
    assert sum(part["value"] for part in parts["contributions"]) == pytest.approx(parts["logit"], abs=1e-3)
    assert [part["start"] for part in parts["contributions"]] == [part["start"] for part in found["sentences"]]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "stories"),
        ({"stories": 5}, 422, "expected a story"),
        ({"stories": {"text": None}}, 422, "expected a story"),
        ({"stories": {"text": "a", "title": 5}}, 422, "title"),
        ({"stories": "a", "engine": "warp"}, 422, "'warp' is not served here; choose one of standard, fast"),
        ({"stories": "a", "budget": {"words": 9, "sentences": 2}}, 422, "one limit"),
        ({"stories": "a", "budget": {"sentences": 0}}, 422, "one limit"),
        ({"stories": "a", "sentences": 3}, 422, "sentences"),
        ({"stories": ["a"] * (MAX_STORIES + 1)}, 422, f"{MAX_STORIES + 1} stories"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(client: TestClient, body: Any, status: int, says: str) -> None:
    answer = client.post("/v1/predict", json=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"detail"}
    assert says in answer.json()["detail"]


def test_bodies_that_are_no_json(client: TestClient) -> None:
    for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        answer = client.post("/v1/predict", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), content[:10]
        assert answer.json()["detail"]
    assert client.post("/v1/predict", content=b'{"stories": "a"}').status_code == 422  # no content type


def test_errors_do_not_quote_the_story(client: TestClient) -> None:
    for body in ({"stories": {"text": SECRET, "title": 5}}, {"stories": SECRET, "budget": SECRET}, SECRET):
        answer = client.post("/v1/predict", json=body)
        assert answer.status_code == 422
        assert "marmalade" not in answer.text


@pytest.mark.parametrize(
    "story", ["\ud800 lone surrogate in a story of five words", "\x00", "<script>alert(1)</script>", ""]
)
def test_any_string_is_answered(client: TestClient, desk: Copydesk, story: str) -> None:
    body = json.dumps({"stories": story}).encode()  # a lone surrogate goes as \ud800
    answer = client.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert len(answer.json()["text"]) == len(desk.predict(story).text)


def test_a_body_over_the_limit_is_refused_whatever_its_header_says(serve: Serve) -> None:
    client = serve(body=1000, upload=2000)
    long = json.dumps({"stories": "a" * 1000}).encode()
    for content in (long, iter([long[:500], long[500:]])):  # with a Content-Length, and in chunks
        answer = client.post("/v1/predict", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert "1,000 bytes" in answer.json()["detail"]
    assert client.post("/v1/batches", content=b"text\n" + b"a" * 1500, headers={"Content-Type": "text/csv"}).is_success
    assert client.post("/v1/batches", content=b"a" * 2001, headers={"Content-Type": "text/csv"}).status_code == 413


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("192.168.1.7", 200),
        ("desk.example", 200),
        ("Desk.Example.:80", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_only_known_names_are_served(serve: Serve, host: str, status: int) -> None:
    client = serve(hosts=("desk.example",))
    answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code == status


def test_pages_of_other_origins_are_refused(client: TestClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/v1/predict", json={"stories": "a"}, headers=headers)
        assert answer.status_code == 403, headers
    own = client.post("/v1/predict", json={"stories": "a"}, headers={"Origin": ADDRESS})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control")]
    preflight = client.options("/v1/predict", headers={"Origin": ADDRESS, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 405


def test_every_answer_forbids_foreign_content(client: TestClient) -> None:
    for path in ("/", "/docs", "/healthz", "/nothing", "/page/page.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/..%2fapp.py", "/page//etc/passwd"])
def test_only_the_page_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def log_lines(client: TestClient, *requests: tuple[str, str, Any]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("inference.server")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        for method, path, body in requests:
            client.request(method, path, json=body)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_log_is_json_and_holds_no_story(serve: Serve, desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()
    lines = log_lines(
        client,
        ("POST", "/v1/predict", {"stories": [SECRET, SECRET]}),
        ("POST", "/v1/predict", {"stories": SECRET, "engine": SECRET}),
        ("POST", f"/{SECRET}", None),
        ("POST", "/v1/explain", {"story": SECRET, "label": SECRET}),
    )
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 422, 404, 422]
    first = requests[0]
    assert (first["path"], first["stories"], first["engine"], first["method"]) == ("/v1/predict", 2, "fast", "POST")
    assert first["ms"] >= 0
    assert first["id"]
    assert next(line["stories"] for line in lines if line["event"] == "batch") == 2

    def fail(self: Copydesk, stories: Any) -> Any:
        raise ValueError(f"cannot read {stories}")

    monkeypatch.setattr(Copydesk, "score", fail)
    failed = log_lines(client, ("POST", "/v1/predict", {"stories": [SECRET, SECRET]}))
    assert {"ValueError"} == {line["exception"] for line in failed if line["event"] == "error"}
    assert "Zanzibarian" not in json.dumps([lines, failed])


def test_a_failure_answers_500_without_its_message(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()
    monkeypatch.setattr(Copydesk, "score", lambda self, stories: (_ for _ in ()).throw(ValueError(SECRET)))
    answer = client.post("/v1/predict", json={"stories": ["a", "b"]})
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert answer.headers["X-Request-Id"] in answer.json()["detail"]


def test_an_engine_that_cannot_be_loaded_says_so(serve: Serve, desks: Desks) -> None:
    def broken(folders: Folders) -> Copydesk:
        raise ModelError(f"{folders.topics.name}: is damaged.")

    client = serve(Desks(desks._folders, "fast", broken))
    answer = client.post("/v1/predict", json={"stories": "a"})
    assert (answer.status_code, answer.json()["detail"]) == (500, "topics-fast: is damaged.")


def test_limits_under_which_nothing_could_be_answered_are_refused() -> None:
    with pytest.raises(ValueError, match="queue"):
        Limits(queue=MAX_STORIES - 1)
    with pytest.raises(ValueError, match="timeout"):
        Limits(timeout=0)
