"""The audit: every kind of planted trouble is found in its row, sound data gives nothing, and the shell ends with 0."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from inference.console import app
from models.errors import DataError
from training.audit import audit, warnings
from training.data import Articles, read_articles
from training.findings import Finding
from training.label_errors import doubtful_labels
from training.summary_checks import shared_words

WORDS = {
    "sport": "goal match team striker league cup keeper referee stadium coach",
    "weather": "rain storm wind forecast flood snow thunder cloud sunshine degrees",
    "health": "doctor clinic nurse ward patient surgery vaccine hospital illness therapy",
}
FILL = np.array(
    [
        "the",
        "town",
        "said",
        "that",
        "there",
        "was",
        "more",
        "of",
        "it",
        "on",
        "Monday",
        "than",
        "they",
        "had",
        "seen",
        "for",
        "a",
        "year",
        "and",
        "will",
        "be",
    ]
)


def stories(n: int = 120) -> Articles:
    rng = np.random.default_rng(3)
    texts, labels = [], []
    for row in range(n):
        label = sorted(WORDS)[row % 3]
        words = [*rng.choice(WORDS[label].split(), 8), *rng.choice(FILL, rng.integers(18, 60)), f"number{row}"]
        texts.append(f"The {' '.join(words[place] for place in rng.permutation(len(words)))} in the end.")
        labels.append([label])
    rows = list(range(1, n + 1))
    return Articles("toy.csv", rows, [f"t{row}" for row in rows], [None] * n, texts, labels, True, None)


def altered(articles: Articles, texts: dict[int, str] | None = None, labels: dict[int, list[str]] | None = None) -> Any:
    """The articles with other texts and labels at some positions."""
    return replace(
        articles,
        texts=[(texts or {}).get(place, text) for place, text in enumerate(articles.texts)],
        labels=[(labels or {}).get(place, row) for place, row in enumerate(articles.labels or ())],
    )


def plain(articles: Articles, place: int) -> str:
    """A text that leaves no doubt about its label."""
    assert articles.labels is not None
    return f"{' '.join(WORDS[articles.labels[place][0]].split() * 2)} number{place} in the end."


def found(articles: Articles, against: Sequence[Articles] = ()) -> dict[str, Finding]:
    return {finding.check: finding for finding in audit(articles, against).findings}


def rows(finding: Finding) -> list[int]:
    return [hit.row for hit in finding.hits]


def test_sound_data_gives_no_finding_and_says_what_was_looked_for() -> None:
    result = audit(stories())
    assert result.findings == []
    assert {"exact-duplicates", "truncated", "label-errors", "missing-labels"} <= set(result.checks)
    assert result.described == "3 labels, one per story"


def test_repeats_point_to_the_row_they_repeat() -> None:
    data = stories()
    near = data.texts[4].replace("in the end", "at the end")
    findings = found(altered(data, {30: data.texts[0].upper(), 34: near}))
    (exact,) = findings["exact-duplicates"].hits
    assert (exact.row, exact.id, exact.others[0].row) == (31, "t31", 1)
    (close,) = findings["near-duplicates"].hits
    assert (close.row, close.others[0].row) == (35, 5)
    assert 0.8 <= close.others[0].similarity < 1
    assert "contradicting-duplicates" not in findings or rows(findings["contradicting-duplicates"]) == [5, 35]


def test_duplicates_with_different_labels_are_found_on_both_sides() -> None:
    data = stories()
    near = data.texts[4].replace("in the end", "at the end")
    findings = found(altered(data, {31: data.texts[0], 33: data.texts[0], 35: near}))
    hits = findings["contradicting-duplicates"].hits
    assert [hit.row for hit in hits] == [1, 5, 32, 34, 36]
    assert hits[0].note == "'health', but 'sport' in"
    assert hits[0].others[0].row == 32


def test_rows_that_other_data_has_too_are_leaks() -> None:
    data = stories()
    other = replace(data.take([0, 7]), name="test.csv")
    other.texts[1] = other.texts[1].replace("in the end", "at the end")
    findings = found(data, [replace(stories(3), name="more.csv", texts=["a", "b", "c"]), other])
    leaks = findings["leaks"].hits
    assert [hit.row for hit in leaks] == [1, 8]
    assert [(hit.others[0].data, hit.others[0].row) for hit in leaks] == [("test.csv", 1), ("test.csv", 8)]
    assert leaks[0].others[0].similarity == 1 > leaks[1].others[0].similarity
    assert "exact-duplicates" not in findings  # each stands once in the data itself
    with pytest.raises(DataError, match=r"toy\.csv: --against names the audited data itself"):
        audit(data, [data])


def test_a_near_copy_whose_exact_twin_is_elsewhere_is_a_leak_too() -> None:
    data = stories()
    near = data.texts[0].replace("in the end", "at the end")
    data = altered(data, {10: near})
    findings = found(data, [replace(data.take([0]), name="test.csv")])
    assert rows(findings["leaks"]) == [1, 11]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("short", "Rain fell"),
        (
            "truncated",
            "It has rained for a week in the whole of the valley and there are fears that the dam could break [...]",
        ),
        (
            "truncated",
            "It has rained for a week in the whole of the valley and there are fears that the dam could break and…",
        ),
        (
            "truncated",
            "It has rained for a week in the whole of the valley and there are fears that the dam [+2210 chars]",
        ),
        ("truncated", "It has rained for a week in the whole of the valley and there are fears that the dam could"),
        ("mis-encoded", "The cafÃ© on the square was closed when the flood came, as it was to be seen, he said."),
        ("mis-encoded", "The caf\ufffd on the square was closed when the flood came, as it was to be seen, he said."),
        ("mis-encoded", "The caf\x00 on the square was closed when the flood came, as it was to be seen, he said."),
        ("mis-encoded", "They don?t know when the cafe on the square will be open to the public again, he said."),
        ("html", "The cafe on the square <br/>was closed when the flood came, as it was to be seen, he said."),
        ("html", "The cafe &amp; the bar on the square were closed when the flood came, as it was to be seen."),
        ("html", "The cafe #36;5 on the square was closed when the flood came, as it was to be seen, he said."),
        ("foreign", "Der Bürgermeister hat am Montag gesagt, dass die Brücke im nächsten Jahr neu gebaut werden soll."),
    ],
)
def test_damaged_texts_are_found_one_by_one(check: str, text: str) -> None:
    findings = found(altered(stories(), {17: text}))
    assert rows(findings[check]) == [18]
    assert findings[check].hits[0].note
    assert set(findings) <= {check, "label-errors"}


def test_ordinary_texts_are_not_called_damaged() -> None:
    fine = [
        "Is a < b or b > a? The teacher of the class asked what it was, and they said that it was so.",
        "He said: “It’s the café’s naïve façade – £5 — that they don’t like…” and then he was gone with them.",
        'The firm said "it will be so (for now)."  \n',
        "What is it that they want? We are not sure, said the man who was to be seen there, and he went.",
        "R&D of the firm; AT&T was there with them, and the S&P 500 index of shares was to be seen on the wall.",
    ]
    assert found(altered(stories(), dict(enumerate(fine)))).keys() <= {"label-errors"}


def test_headlines_need_no_full_stop() -> None:
    data = stories()
    assert "truncated" not in found(altered(data, {place: text[:-1] for place, text in enumerate(data.texts)}))


def test_many_rows_of_the_greatest_length_were_cut() -> None:
    data = stories()
    cut = {place: (data.texts[place] * 3)[:399] + "." for place in range(0, 60, 3)}
    findings = found(altered(data, cut))
    assert rows(findings["truncated"]) == [place + 1 for place in cut]
    assert findings["truncated"].hits[0].note == "exactly 400 characters, the most"


def test_a_label_that_the_words_contradict_is_doubted() -> None:
    data = stories()
    assert data.labels is not None
    planted = {3: ["weather"], 50: ["health"], 91: ["health"]}
    assert all(data.labels[place] != labels for place, labels in planted.items())
    finding = found(altered(data, {place: plain(data, place) for place in planted}, planted))["label-errors"]
    assert sorted(rows(finding)) == [4, 51, 92]
    assert "looks like 'health'" in next(hit.note for hit in finding.hits if hit.row == 4)


def test_a_label_among_several_is_doubted_if_another_suggests_itself() -> None:
    data = stories()
    labels = [[*row] for row in data.labels or ()]
    labels[8] = ["health"]
    texts = [*data.texts[:8], plain(data, 8), *data.texts[9:]]
    doubts = doubtful_labels(texts, labels, exclusive=False)
    assert not isinstance(doubts, str)
    assert doubts[0].position == 8
    assert [label for label, _ in doubts[0].likelier] == ["weather"]
    assert [doubt.sureness for doubt in doubts] == sorted((doubt.sureness for doubt in doubts), reverse=True)


def test_rare_labels_and_little_data_are_not_judged() -> None:
    data = stories()
    findings = found(altered(data, labels={0: ["rare"], 1: [], 2: ["seldom"], 3: ["seldom"]}))
    assert rows(findings["lone-labels"]) == [1]
    assert rows(findings["missing-labels"]) == [2]
    assert "label-errors" not in findings
    result = audit(data.take(range(20)))
    assert "label-errors" not in result.checks
    assert "found 20 rows" in result.left_out["label-errors"]


def test_label_hygiene() -> None:
    data = stories()
    planted = {0: ["Health "], 3: ["health,sport"], 4: ["nan"], 6: ["HEALTH"]}
    findings = found(altered(data, labels=planted))
    assert rows(findings["label-spellings"]) == [1, 7]
    assert findings["label-spellings"].labels["health"] == 37
    assert findings["label-spellings"].hits[1].note == "'HEALTH', elsewhere 'health'"
    assert rows(findings["joined-labels"]) == [4]
    assert rows(findings["placeholder-labels"]) == [5]


@pytest.mark.parametrize("form", ["{};{}", "{} | {}", "{}/{}", "[{}, {}]", "{{'{}', '{}'}}"])
def test_labels_in_one_string_are_told_though_none_stands_alone(form: str) -> None:
    data = stories()
    pairs = [(a, b) for a in ("arts", "health", "sport", "weather") for b in ("law", "money", "work")]
    joined = replace(data, labels=[[form.format(*pairs[row % 12])] for row in range(120)])
    assert found(joined)["joined-labels"].count == 120
    assert "120 have several labels in one string (--labels-separator)" in warnings(joined)[0]


def test_names_with_commas_and_strokes_are_labels_as_any() -> None:
    names = ["conflict, war and peace", "economy, business and finance", "arts, culture", "life/leisure", "sport"]
    data = replace(stories(), labels=[[names[row % 5]] for row in range(120)])
    assert "joined-labels" not in found(data)
    assert not any("one string" in line for line in warnings(data))


def test_training_warns_of_spellings_and_words_for_nothing() -> None:
    planted = {0: ["Health "], 3: ["sport"], 4: ["nan"], 6: ["HEALTH"]}
    (line,) = warnings(altered(stories(), labels=planted))
    assert "2 have labels spelt otherwise elsewhere" in line and "1 has a label that means 'missing'" in line


def test_findings_about_the_whole_label_column() -> None:
    data = stories()
    one = found(replace(data, labels=[["sport"]] * 120))
    assert one["one-label"].labels == {"sport": 120}
    assert found(replace(data, labels=[[str(row % 3)] for row in range(120)]))["numbers"].count == 0
    assert "lists-of-one" in found(replace(data, exclusive=False))
    lopsided = found(replace(data, labels=[["sport" if row else "weather"] for row in range(120)]))
    assert lopsided["imbalance"].labels == {"sport": 119, "weather": 1}
    assert rows(found(replace(altered(data, labels={9: ["sport", "health"]}), exclusive=False))["stray-lists"]) == [10]


def test_unlabelled_texts_and_unread_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    texts = stories(4).texts
    lines = [json.dumps({"text": text, "label": {"a": 1} if place == 1 else "x"}) for place, text in enumerate(texts)]
    path.write_text("\n".join([*lines, '{"text": " "}', "{broken"]), encoding="utf-8")
    result = audit(read_articles(path, strict=True))
    findings = {finding.check: finding for finding in result.findings}
    assert result.rows == 6
    assert rows(findings["empty"]) == [5]
    assert rows(findings["unreadable"]) == [2, 6]
    assert "column 'label': expected a label" in findings["unreadable"].hits[0].note
    plain = audit(replace(stories(), labels=None))
    assert plain.findings == []
    assert "missing-labels" not in plain.checks


def test_summaries() -> None:
    data = stories()
    texts = [f"{text} The mayor of the town spoke of bridges and of the harbour." for text in data.texts]
    summaries: list[str | None] = [f"{' '.join(text.split()[:12])}." for text in texts]
    titles: list[str | None] = [None] * len(texts)
    assert found(replace(data, labels=None, texts=texts, summaries=list(summaries))) == {}
    summaries[1] = None
    summaries[2] = texts[2] + " And more."
    summaries[3] = "Penguins waddled across frozen antarctic glaciers yesterday."
    summaries[4], titles[4] = "Town speaks of bridges.", "Town speaks  of bridges"
    summaries[6] = summaries[5]
    findings = found(replace(data, labels=None, texts=texts, summaries=summaries, titles=titles))
    assert rows(findings.pop("missing-summaries")) == [2]
    assert rows(findings.pop("long-summaries")) == [3]
    assert 4 in rows(findings["unsupported-summaries"])
    assert rows(findings.pop("title-summaries")) == [5]
    (repeat,) = findings.pop("duplicate-summaries").hits
    assert (repeat.row, repeat.others[0].row) == (7, 6)
    findings.pop("unsupported-summaries")
    assert findings == {}


def test_shared_words_are_counted_by_row() -> None:
    shares = shared_words(["alpha beta gamma delta", "alpha beta gamma delta", "no"], ["Alpha, BETA!", "gamma", "x"])
    assert shares.tolist() == [0.5, 0.25, 1.0]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    data = stories()
    texts = [*data.texts, data.texts[0], ""]
    labels = [*(row[0] for row in data.labels or ()), "sport\x1b[2J", "sport"]
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    lines = [json.dumps({"text": t, "label": label}) for t, label in zip(texts, labels, strict=True)]
    train.write_text("\n".join(lines), encoding="utf-8")
    test.write_text(lines[5], encoding="utf-8")
    return train, test


def test_the_command_shows_a_table_and_writes_all_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    train, test = files
    target = tmp_path / "deep" / "found.json"
    result = CliRunner().invoke(app, ["audit", str(train), "--against", str(test), "--json", str(target)])
    assert result.exit_code == 0, result.output
    for words in ("122 rows", "Repeated texts", "train.jsonl:121", "Empty texts", "Rows that other data has too"):
        assert words in result.stdout
    assert "\x1b" not in result.stdout
    assert "- Repeated texts: Keep one copy" in result.stdout
    assert "Nothing found: " in result.stdout
    written = json.loads(target.read_text(encoding="utf-8"))
    findings = {finding["check"]: finding for finding in written["findings"]}
    assert written["rows"] == 122
    assert written["against"] == [{"data": str(test), "rows": 1}]
    assert findings["exact-duplicates"]["rows"][0]["others"] == [{"data": str(train), "row": 1, "similarity": 1.0}]
    assert findings["empty"]["rows"][0]["row"] == 122
    assert findings["empty"]["share"] == pytest.approx(1 / 122, abs=1e-5)
    assert findings["leaks"]["rows"][0]["row"] == 6
    piped = CliRunner().invoke(app, ["audit", str(train), "--against", str(test), "--json", "-"])
    assert json.loads(piped.stdout) == written


def test_unusable_input_is_an_error_that_names_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["audit", str(tmp_path / "gone.csv")])
    assert isinstance(result.exception, DataError)
    assert "gone.csv" in str(result.exception)


def test_an_audit_never_loads_torch(files: tuple[Path, Path]) -> None:
    program = (
        f"import sys; sys.argv[1:] = ['audit', {str(files[0])!r}]; from inference.console import main\n"
        "try: main()\nexcept SystemExit as end: sys.exit(99 if 'torch' in sys.modules else end.code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr.decode()


def test_limit_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("body2,desk\n" + "".join(f'"{text}",x\n' for text in stories(6).texts), encoding="utf-8")
    columns = ["--text-column", "body2", "--labels-column", "desk"]
    result = CliRunner().invoke(app, ["audit", str(path), *columns, "--limit", "4"])
    assert result.exit_code == 0
    assert "4 rows, 1 label" in result.stdout
    assert "Every row has the same label" in result.stdout


def test_training_warns_of_the_few_cells_that_make_the_task_multi_label(tmp_path: Path) -> None:
    def lines(stray: object) -> list[str]:
        rows = [{"text": f"Report {row} tells of the town and of its bridge.", "label": "sport"} for row in range(200)]
        rows[150]["label"] = stray  # type: ignore[assignment]
        path = tmp_path / "rows.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return warnings(read_articles(path, need={"labels"}))

    assert not any("multi-label" in line for line in lines("health"))
    assert any("1 (row 151) with several labels make the whole task multi-label" in line for line in lines(["a", "b"]))
    assert any("lists of one label, or some are" in line for line in lines(["health"]))


def test_training_warns_in_a_line_for_each_data(caplog: pytest.LogCaptureFixture) -> None:
    data = stories()
    held = replace(data.take([4, 5]), name="held.csv")
    assert warnings(data) == []
    data = altered(data, {31: data.texts[0], 33: data.texts[0]}, {7: []})
    lines = warnings(data, held)
    assert lines == [
        "toy.csv: of 120 rows 2 repeat an earlier one, 3 have duplicates with other labels, 1 has no label; "
        "see 'copydesk audit'.",
        "held.csv: 2 of 2 rows stand in the training data too, or nearly so: the figures will flatter the model.",
    ]
    assert warnings(data, data) == lines[:1]
    from training.audit_cli import warn_of_trouble

    with caplog.at_level(logging.WARNING):
        warn_of_trouble(data, held)
    assert [record.getMessage() for record in caplog.records] == lines


def test_train_topics_and_train_summariser_warn(
    files: tuple[Path, Path], tmp_path: Path, seeds: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = str(tmp_path / "model")
    arguments = ["--data", str(files[0]), "--validation", str(files[1]), "--engine", "fast", "--output", output]
    assert CliRunner().invoke(app, ["train", "topics", *arguments]).exit_code == 0
    assert "1 repeats an earlier one" in caplog.text
    assert "1 of 1 rows stand in the training data too" in caplog.text
    caplog.clear()
    index = (seeds / "index.jsonl").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "summaries.jsonl"
    path.write_text("\n".join([*index[:30], index[0]]), encoding="utf-8")
    arguments = ["--data", str(path), "--engine", "fast", "--output", output]
    result = CliRunner().invoke(app, ["train", "summariser", *arguments[:-1], str(tmp_path / "other")])
    assert result.exit_code == 0, result.output
    assert "of 31 rows 1 repeats an earlier one" in caplog.text
