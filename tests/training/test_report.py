"""The report: what stands on it, that nothing in the data can break it, and that it works in a real browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.training.evaluated import brief_run, topic_articles, topic_run
from training.comparison import compare_briefs, compare_topics
from training.evaluation import Report, summary_report, topic_report
from training.outputs import HTML, MARKDOWN
from training.report import Heading, headline, markdown_summary, write_report

HEADING = Heading("my/model", "held-out.csv", "copydesk evaluate topics --data held-out.csv")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

MANY = topic_articles(
    *[("The hall stands. arts=0.9 sport=0.6", ["arts"])] * 6,
    *[("The ground is wet. sport=0.7 weather=0.3", ["weather"])] * 5,
    *[("It rained on them all day. weather=0.8", ["weather"])] * 9,
    ("A <script>alert(1)</script> & \"goal\" sport=0.95 was 'scored'.", ["weather", "ga|rd<i>en"]),
)


def topics(exclusive: bool = False) -> tuple[Report, Any]:
    data = MANY if not exclusive else replace(MANY, labels=[labels[:1] for labels in MANY.labels or []])
    rows = topic_run(data, exclusive=exclusive)
    return topic_report(rows), rows


def briefs() -> tuple[Report, Any]:
    rows = brief_run(2)
    report = summary_report(rows)
    report.comparison = compare_briefs(rows, brief_run(0, baselines=False), "shorter/model")
    return report, rows


KINDS = {"multi-label": topics, "single-label": lambda: topics(True), "briefs": briefs}


class Page(HTMLParser):
    """Sections and references of a page; fails on tags that are not closed in order."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.references: list[str] = []
        self.scripts = 0
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        if tag == "section":
            self.sections.append(given.get("id") or "")
        self.references += [given[name] or "" for name in ("src", "href") if name in given]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_whole_needs_nothing_else_and_is_the_same_twice(kind: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        report, rows = KINDS[kind]()
        write_report(tmp_path / name, report, rows, HEADING)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [HTML, MARKDOWN]
    for name in (HTML, MARKDOWN):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    text = (tmp_path / "one" / HTML).read_text(encoding="utf-8")
    page = Page(text)
    assert {"verdict", "figures", "notes"} <= set(page.sections)
    assert ({"labels", "trust", "confusion", "mistakes"} if kind != "briefs" else {"shape", "articles"}) <= set(
        page.sections
    )
    assert page.scripts == 1
    assert all(reference.startswith("#") for reference in page.references)
    assert not re.search(r"https?://|url\(|@import", text)
    assert "<svg" in text
    assert "prefers-color-scheme: dark" in text


def test_nothing_in_the_data_becomes_markup(tmp_path: Path) -> None:
    report, rows = topics()
    report.notes.append("a note with <img src=x>")
    write_report(tmp_path, report, rows, replace(HEADING, model="<b>model", data='a"b|c.csv'))
    text = (tmp_path / HTML).read_text(encoding="utf-8")
    assert "alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "ga|rd<i>" not in text
    summary = (tmp_path / MARKDOWN).read_text(encoding="utf-8")
    assert "| ga\\|rd&lt;i>en | 1 |" in summary
    assert '&lt;b>model on a"b\\|c.csv' in summary


def test_the_summary_says_what_counts_first() -> None:
    report, _ = topics()
    report.notes.insert(0, "LEAK: 3 of 21 evaluated rows stand in the model's training data.")
    report.comparison = compare_topics(topic_run(MANY), topic_run(MANY, shift=0.1), "other/model")
    lines = markdown_summary(report, HEADING).splitlines()
    assert lines[0] == "### my/model on held-out.csv"
    assert lines[2].startswith("> **LEAK: 3 of 21")
    assert any(line.startswith("| Micro-F1 | 0.") and line.count("|") == 6 for line in lines)
    assert any("McNemar" in line for line in lines)
    assert len(lines) < 60
    micro = report.metrics["micro_f1"]
    assert any(f"On 21 articles: {micro:.3f} Micro-F1" in line for line in lines)


def test_marks_stand_where_their_figures_are() -> None:
    report, _ = topics()
    marks = headline(report)["marks"]["micro_f1"]
    assert marks["value"] == pytest.approx(100 * report.metrics["micro_f1"], abs=0.01)
    assert marks["baselines"]["majority"] == pytest.approx(100 * report.baselines["majority"]["micro_f1"], abs=0.01)
    rouge = headline(briefs()[0])
    assert rouge["most"] % 10 == 0
    assert all(0 <= place <= 100 for mark in rouge["marks"].values() for place in mark["baselines"].values())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless browser: $COPYDESK_BROWSER, one of the system's, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TEST: playwright is not installed")
    found = os.environ.get("COPYDESK_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with playwright.sync_playwright() as driver:
        if found is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip(
                "NO BROWSER TEST of the report: no browser is installed. `apt-get install chromium` or "
                "`playwright install chromium`, or name one in COPYDESK_BROWSER."
            )
        running = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


def opened(browser: Any, folder: Path, **options: Any) -> tuple[Any, list[str]]:
    """The report in a page of its own, and what went wrong or was fetched."""
    page = browser.new_page(**options)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if request.url.startswith("file:") else trouble.append(request.url))
    page.goto((folder / HTML).as_uri())
    return page, trouble


def test_a_browser_shows_the_figures_and_filters_by_label(browser: Any, tmp_path: Path) -> None:
    report, rows = topics()
    write_report(tmp_path, report, rows, HEADING)
    page, trouble = opened(browser, tmp_path)
    assert f"{report.metrics['micro_f1']:.3f}" in page.inner_text("#verdict")
    row = page.locator(".figures tr", has_text="Micro-F1").inner_text()
    assert f"{report.baselines['tfidf-svm']['micro_f1']:.3f}" in row
    assert page.locator("svg.chart").count() == 2
    cards = page.locator("article.card")
    everything = cards.count()
    assert everything > 4
    page.select_option("#by-label", label="sport")
    sport = page.locator("article.card:visible")
    assert 0 < sport.count() < everything
    assert all("sport" in text for text in sport.locator(".what").all_inner_texts())
    assert page.inner_text("#shown") == f"{sport.count()} of {everything} mistakes"
    page.select_option("#by-kind", "missed")
    assert page.locator("article.card:visible").count() == 0
    page.select_option("#by-label", "")
    assert "missed" in page.locator("article.card:visible .what").first.inner_text()
    page.locator(".labels a", has_text="arts").or_(page.locator(".labels a")).first.click()
    assert page.input_value("#by-label") != ""
    assert trouble == []


def test_a_browser_shows_every_mistake_on_demand_and_nothing_overflows(browser: Any, tmp_path: Path) -> None:
    names = [f"label {number}" for number in range(16)]
    data = topic_articles(*[(f"Nothing. {name.replace(' ', '')}=0.1", [name]) for name in names])
    rows = topic_run(data)
    write_report(tmp_path, topic_report(rows), rows, HEADING)
    page, trouble = opened(browser, tmp_path, viewport={"width": 360, "height": 800}, color_scheme="dark")
    assert page.locator("article.card:visible").count() == 12
    page.click("#more")
    assert page.locator("article.card:visible").count() == 16
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)"
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert trouble == []


def test_a_browser_shows_briefs_with_their_sentences_marked(browser: Any, tmp_path: Path) -> None:
    report, rows = briefs()
    write_report(tmp_path, report, rows, HEADING)
    page, trouble = opened(browser, tmp_path)
    assert "shorter/model" in page.inner_text("#comparison")
    page.select_option("#by-kind", "best")
    marked = page.locator("article.card:visible mark").all_inner_texts()
    assert rows.briefs[0][0] in marked
    assert trouble == []
