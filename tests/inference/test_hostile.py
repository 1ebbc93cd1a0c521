"""Nasty texts through every door: no exception, the other rows as ever; and one desk in many threads."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from inference import Copydesk, Prediction, predict
from inference.batch import local_runner, predict_file
from inference.console import app
from models.errors import CopydeskError, DataError
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
    "base64 in lines": lambda n: base64.encodebytes(random.Random(13).randbytes(n // 10)).decode(),
    "zip": lambda n: zipped(n).decode("latin-1"),
}
FOREIGN = ("German", "Russian", "Chinese", "Arabic")
LANGUAGES = {
    "Dutch": "De regering kondigde dinsdag nieuwe maatregelen aan om gezinnen te steunen. De oppositie wil een debat.",
    "Finnish": "Hallitus ilmoitti tiistaina uusista toimista perheiden tukemiseksi. Oppositio vaati keskustelua.",
    "French": "Le gouvernement a annoncé mardi de nouvelles mesures pour les familles. L'opposition veut un débat.",
    "Greek": "Η κυβέρνηση ανακοίνωσε την Τρίτη νέα μέτρα για τις οικογένειες. Η αντιπολίτευση ζήτησε συζήτηση.",
    "Hebrew": "הממשלה הודיעה ביום שלישי על צעדים חדשים לתמיכה במשפחות. האופוזיציה דרשה דיון בכנסת.",
    "Hindi": "सरकार ने मंगलवार को परिवारों के लिए नए उपायों की घोषणा की। विपक्ष ने संसद में बहस की मांग की।",
    "Indonesian": "Pemerintah pada hari Selasa mengumumkan langkah baru untuk keluarga. Oposisi meminta debat.",
    "Italian": "Il governo ha annunciato martedì nuove misure per le famiglie. L'opposizione ha chiesto un dibattito.",
    "Japanese": "政府は火曜日、家計を支援する新たな対策を発表した。野党はこの決定を批判し、国会での審議を求めた。",
    "Korean": "정부는 화요일 가정을 지원하기 위한 새로운 대책을 발표했다. 야당은 국회 토론을 요구했다.",
    "Latin": "Senatus populusque consilium cepit ut novae leges ferrentur. Adversarii sententiam reprehenderunt.",
    "Polish": "Rząd ogłosił we wtorek nowe środki wsparcia dla rodzin. Opozycja zażądała debaty w parlamencie.",
    "Portuguese": "O governo anunciou na terça-feira novas medidas para as famílias. A oposição pediu um debate.",
    "Spanish": "El gobierno anunció el martes nuevas medidas para las familias. La oposición pidió un debate.",
    "Swahili": "Serikali ilitangaza Jumanne hatua mpya za kusaidia familia. Upinzani ulitaka mjadala bungeni.",
    "Swedish": "Regeringen meddelade på tisdagen nya åtgärder för att stödja familjer. Oppositionen vill ha debatt.",
    "Turkish": "Hükümet salı günü aileleri desteklemek için yeni önlemler açıkladı. Muhalefet görüşme istedi.",
    "Vietnamese": "Chính phủ hôm thứ Ba đã công bố các biện pháp mới hỗ trợ gia đình. Phe đối lập yêu cầu tranh luận.",
}


def zipped(n: int) -> bytes:
    """A zip archive of all the other texts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, make in NASTY.items():
            if name != "zip":
                archive.writestr(zipfile.ZipInfo(name), to_bytes(make(n // 10)))
    return data.getvalue()


def nasty_folder(folder: Path, good: str) -> Path:
    """Every text as a file, a good one after each, and the archive as files that say they are something else."""
    folder.mkdir()
    for number, make in enumerate(NASTY.values()):
        (folder / f"{number:02}-bad.txt").write_bytes(to_bytes(make(10_000)))
        (folder / f"{number:02}-good.txt").write_text(good, encoding="utf-8")
    for suffix in ("txt", "html"):
        (folder / f"zip.{suffix}").write_bytes(zipped(10_000))
    return folder


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


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


def test_one_at_a_time_they_get_what_they_get_among_others(desk: Copydesk) -> None:
    texts = [make(20_000) for make in NASTY.values()]
    alone = [desk.predict(text) for text in texts]
    for name, one, among in zip(NASTY, alone, desk.stream(texts), strict=True):
        assert gist(one) == gist(among), name


def test_five_megabytes_without_a_full_stop_and_a_hundred_thousand_sentences(tiny_models: dict[str, Path]) -> None:
    desk = Copydesk.from_pretrained(tiny_models["topics-fast"], tiny_models["summariser-fast"], engine="fast")
    line, many = desk.predict([NASTY["no full stop"](5_000_000), NASTY["many sentences"](2_500_000)])
    assert all(len(sentence.text) <= 4_000 for sentence in line.sentences)
    assert len(many.sentences) == 100_000
    assert 0 < len(line.summary) <= 12_000
    assert 0 < len(many.summary) <= 1_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_story_in_another_language_gets_a_warning_and_no_topics(language: str) -> None:
    prediction = predict(LANGUAGES[language], engine="fast")
    assert prediction.topics == ()
    assert any("English" in warning or "unlike those" in warning for warning in prediction.warnings)


def command(*arguments: object, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, CopydeskError), result.output
    return result


def models_of(tiny_models: dict[str, Path]) -> list[object]:
    named = ["--topics", tiny_models["topics-fast"], "--summariser", tiny_models["summariser-fast"]]
    return ["--engine", "fast", *named]


def test_the_command_line_takes_nasty_files_and_folders_in_their_place(
    rows: list[dict[str, Any]], tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    folder = nasty_folder(tmp_path / "stories", rows[0]["text"])
    target = tmp_path / "out.jsonl"
    done = command("predict", "--input", folder, "--output", target, *models_of(tiny_models))
    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in found] == sorted(path.name for path in folder.iterdir())
    good = [row for row in found if row["id"].endswith("good.txt")]
    assert len(good) == len(NASTY)
    assert {(row["status"], row["summary"]) for row in good} == {("ok", good[0]["summary"])}
    unreadable = {row["id"]: row["error"] for row in found if row["status"] != "ok"}
    assert {row.split("-")[0] for row in unreadable} == {
        *(f"{list(NASTY).index(name):02}" for name in ("empty", "white space", "NUL", "controls", "zip")),
        *("zip.txt", "zip.html"),
    }
    table = tmp_path / "rows.csv"
    with table.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "text"])
        writer.writerows((name, make(5_000)) for name, make in NASTY.items())
    done = command("predict", table, "--format", "jsonl", "--output", target, *models_of(tiny_models))
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    assert [row["source"] for row in lines] == [f"{table}:{name}" for name in NASTY]


def test_the_command_line_takes_nasty_texts_from_standard_input(tiny_models: dict[str, Path]) -> None:
    for name, make in NASTY.items():
        done = command("predict", "-", "--format", "json", *models_of(tiny_models), stdin=to_bytes(make(5_000)))
        assert done.exception is None or "NUL bytes" in str(done.exception), name
        if done.exception is None:
            json.loads(done.stdout)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "jsonl.gz", "csv.xz", "parquet", "zip", "json"])
def test_an_archive_under_a_false_name_is_refused(suffix: str, tiny_models: dict[str, Path], tmp_path: Path) -> None:
    source, target = tmp_path / f"stories.{suffix}", tmp_path / "out.jsonl"
    source.write_bytes(zipped(10_000))
    for door in (["--input", source], [source]):
        done = command("predict", *door, "--output", target, *models_of(tiny_models))
        assert isinstance(done.exception, DataError)
        assert str(source) in str(done.exception)
        assert not target.exists()
    for task in ("topics", "summariser"):
        done = command("train", task, "--data", source, "--engine", "fast", "--output", tmp_path / "model")
        assert isinstance(done.exception, DataError)
        assert not (tmp_path / "model").exists()


def test_nasty_rows_do_not_stop_a_training_by_the_command_line(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    table = [{"text": make(2_000), "labels": ["sport"], "summary": make(200)} for make in NASTY.values()]
    table += [{"text": row["text"], "labels": row["labels"], "summary": row["summary"]} for row in rows[:30]]
    source.write_text("".join(json.dumps(row) + "\n" for row in table))
    for task in ("topics", "summariser"):
        done = command("train", task, "--data", source, "--engine", "fast", "--output", tmp_path / task)
        assert done.exit_code == 0, done.output
        done = command("evaluate", task, "--model", tmp_path / task, "--data", source)
        assert done.exit_code == 0, done.output
    assert command("audit", source).exit_code in (0, 1)


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
    model, _, _ = train_topics(articles, settings=TopicSettings(engine, str(tiny_encoder), background=engine == "fast"))
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
