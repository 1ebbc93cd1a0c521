"""Nasty texts through every door: no exception, the other rows as ever; and one desk in many threads."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import Copydesk, Prediction
from inference.batch import local_runner, predict_file
from training.data import read_articles
from training.summariser import SummariserSettings, train_summariser
from training.topics import TopicSettings, train_topics

SIZE = 500_000  # characters of the long texts for the fast engine; the standard one gets a tenth

GERMAN = (
    "Der Bundestag hat am Dienstag beschlossen, dass die Steuern im kommenden Jahr steigen sollen. "
    "Die Opposition kritisierte die Entscheidung scharf. "
)
RUSSIAN = "Правительство объявило во вторник о новых мерах поддержки. Оппозиция выступила против этого решения. "
CHINESE = "政府星期二宣布了新的支持措施。反对派批评了这一决定，并要求举行听证会。"
ARABIC = "أعلنت الحكومة يوم الثلاثاء عن إجراءات جديدة. وانتقدت المعارضة هذا القرار بشدة وطالبت بجلسة استماع. "
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

NASTY: dict[str, Callable[[int], str]] = {
    "empty": lambda n: "",
    "white space": lambda n: " \t\r\n\u2028\u00a0\u3000" * 20,
    "no full stop": lambda n: "word " * (n // 5),
    "one word": lambda n: "x" * n,
    "one letter a line": lambda n: "a\n" * (n // 10),
    "many sentences": lambda n: "".join(f"The council met on day {k}. " for k in range(n // 25)),
    "full stops": lambda n: ". " * (n // 4),
    "glued full stops": lambda n: "." * n,
    "question marks": lambda n: "?!" * (n // 4),
    "quotation marks": lambda n: '" ' * (n // 10) + "“" * (n // 10),
    "brackets": lambda n: "(" * (n // 4) + "]" * (n // 4),
    "emoji": lambda n: "🎉👩‍👩‍👧‍👦🏳️‍🌈" * 500,
    "right to left": lambda n: "\u202e\u2067" + ARABIC * 20,
    "combining": lambda n: "z" + "\u0300\u0489" * (n // 20),
    "surrogates": lambda n: "The \ud800 mayor \udfff said \udcff so. " * 50,
    "NUL": lambda n: "The mayor\x00 said\x00 so. " * 50 + "\x00" * 1000,
    "controls": lambda n: "".join(map(chr, range(160))) * 20,
    "mojibake": lambda n: "â€œTheyâ€™re hereâ€\x9d, he said. Ã©Â£ " * 200,
    "entities": lambda n: "&amp;" * 2000 + "&#1114112;&#xD800;&#0;&bogus;" * 500,
    "HTML bomb": lambda n: f"<!DOCTYPE html [<!ENTITY l0 'lol'>{LAUGHS}]><html><body>&l9;</body></html>",
    "deep tags": lambda n: "<div>" * (n // 50) + "The mayor said so." + "</div>" * (n // 50),
    "open tags": lambda n: "<p>The mayor said so. " * (n // 200),
    "broken tags": lambda n: "<html><body><p <a <b " + "<" * (n // 20) + ">" * (n // 20),
    "scripts": lambda n: f"<html><script>{'x=1;' * (n // 20)}</script><body><p>Short.</p></body></html>",
    "German": lambda n: GERMAN * 10,
    "Russian": lambda n: RUSSIAN * 10,
    "Chinese": lambda n: CHINESE * 10,
    "Arabic": lambda n: ARABIC * 10,
    "base64": lambda n: base64.b64encode(random.Random(13).randbytes(n // 10)).decode(),
    "zip": lambda n: "PK\x03\x04" + random.Random(13).randbytes(n // 50).decode("latin-1"),
}
FOREIGN = ("German", "Russian", "Chinese", "Arabic")


@pytest.fixture(scope="module", params=["fast", "standard"])
def desk(request: pytest.FixtureRequest, tiny_models: dict[str, Path]) -> Copydesk:
    return Copydesk.from_pretrained(
        tiny_models[f"topics-{request.param}"], tiny_models[f"summariser-{request.param}"], engine=request.param
    )


def size(desk: Copydesk) -> int:
    assert desk.topics is not None
    return SIZE if desk.topics.engine == "fast" else SIZE // 10


def gist(prediction: Prediction) -> tuple[Any, ...]:
    return prediction.summary, [topic.label for topic in prediction.topics], prediction.warnings


def test_nasty_texts_among_others_change_nothing_for_these(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    good = rows[0]["text"]
    texts = [text for make in NASTY.values() for text in (make(size(desk)), good)]
    predictions = list(desk.stream(iter(texts)))
    assert len(predictions) == len(texts)
    alone = gist(desk.predict(good))
    assert all(gist(prediction) == alone for prediction in predictions[1::2])
    for name, prediction in zip(NASTY, predictions[::2], strict=True):
        assert len(prediction.summary) <= len(prediction.text) + 2 * len(prediction.sentences), name
        assert all(0 <= score <= 1 for score in prediction.scores.values()), name
        json.dumps(prediction.to_dict(), allow_nan=False)
        if name in FOREIGN:
            assert prediction.topics == (), name
            assert any("English" in warning for warning in prediction.warnings), name


def test_nasty_rows_of_a_file_each_have_their_result(
    desk: Copydesk, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    good = rows[0]["text"]
    texts = [text for make in NASTY.values() for text in (make(size(desk) // 10), good)]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    predict_file(source, tmp_path / "out.jsonl", local_runner(desk))
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in found] == [str(n) for n in range(len(texts))]
    assert {(row["status"], row["summary"]) for row in found[1::2]} == {("ok", desk.predict(good).summary)}
    failed = {name for name, row in zip(NASTY, found[::2], strict=True) if row["status"] != "ok"}
    assert failed == {"empty", "white space"}


@pytest.mark.parametrize("engine", ["fast", "standard"])
def test_nasty_rows_do_not_stop_a_training(
    engine: str, rows: list[dict[str, Any]], tiny_encoder: Path, tmp_path: Path
) -> None:
    table = [{"text": make(2_000), "labels": ["sport"], "summary": "A summary."} for make in NASTY.values()]
    table += [{"text": row["text"], "labels": row["labels"], "summary": row["summary"]} for row in rows[:30]]
    random.Random(13).shuffle(table)
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in table))
    articles = read_articles(source, need={"labels", "summaries"})
    assert len(articles.skipped) == 2
    model, _, _ = train_topics(articles, settings=TopicSettings(engine, str(tiny_encoder)))
    assert model.predict_proba([rows[0]["text"]]).max() <= 1
    train_summariser(articles, settings=SummariserSettings(engine, str(tiny_encoder), epochs=1))


PIECES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["<p>", "</p>", "<div>", "&amp;", "\x00", "\ud800", "“", '"', "U.S. ", "(", "Read more: ", "\n", ". "]
    ),
    st.sampled_from(["The mayor said so. ", "LONDON, March 3 (Agency) - ", "By Jane Doe\n", GERMAN, CHINESE]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=4))
def test_no_mixture_raises_or_shifts(desk: Copydesk, texts: list[str]) -> None:
    predictions = list(desk.stream([{"text": text, "title": text[:20]} for text in texts]))
    assert len(predictions) == len(texts)
    for prediction in predictions:
        for sentence in prediction.sentences:
            assert 0 <= sentence.start <= sentence.end <= len(prediction.text)


def test_eight_threads_get_the_answers_of_one(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    texts = [row["text"] for row in rows[:24]] + [GERMAN * 3, RUSSIAN * 3, "", "<p>Short.</p><p>Page.</p>"]
    alone = [desk.predict(text) for text in texts]

    def work(start: int) -> list[Prediction]:
        order = [*range(start, len(texts)), *range(start)]
        found = {place: desk.predict(texts[place]) for place in order}
        return [found[place] for place in range(len(texts))]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(0, 24, 3)))
    assert all(found == alone for found in results)


def test_eight_threads_may_stream_at_once(desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    texts = [row["text"] for row in rows[:12]]
    alone = list(desk.stream(texts, window=5))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: list(desk.stream(texts, window=5)), range(8)))
    assert all(found == alone for found in results)
