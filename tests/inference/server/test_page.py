"""The page as a reader meets it, in the machine's Chromium: keyboard, narrow, dark, and no other host."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: THE PAGE IS NOT TESTED")

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from inference import Copydesk
from inference.server.app import PAGE, create_app
from models.selection import Budget

from .conftest import both_fast, listening

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NONE = "no Chromium on this machine: THE PAGE IS NOT TESTED; apt install chromium, or playwright install chromium"
SMILE = (
    "A smile 😀 was drawn on the wall of Port Alder. The council 😀 will have it painted over. Nobody minded it much."
)
MARKUP = (
    "The council said <script>window.hacked = 1</script> on Monday. "
    'Then it said <img src=x onerror="window.hacked = 2"> again. A third <b>sentence</b> was not read by anyone.'
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with listening(create_app(both_fast())) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = next(filter(None, map(shutil.which, NAMES)), own if Path(own).exists() else None)
        if found is None:
            pytest.skip(NONE)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the page; at the end nothing may have failed, and no other host may have been asked."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=address, **options)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("request", lambda asked: None if asked.url.startswith((address, "blob:")) else wrong.append(asked.url))
        page.goto(path)
        return page

    expect.set_options(timeout=20_000)
    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def read(page: Page, story: str) -> None:
    page.get_by_label("Paste a story").fill(story)
    page.get_by_role("button", name="Read the story").click()
    expect(page.locator("#result")).to_be_visible()


def messy(seeds: Path) -> str:
    return (seeds / "messy" / "conflict-90-brigade-relocation-messy.txt").read_bytes().decode()


def test_a_pasted_story_is_shown_whole_with_its_brief(visit: Open, desk: Copydesk, seeds: Path) -> None:
    page, story = visit(), messy(seeds)
    wanted = desk.predict(story)
    read(page, story)
    expect(page.locator("#headline")).to_have_text(wanted.title or "")
    expect(page.locator("#brief")).to_have_text(wanted.summary)
    assert page.locator("#whole").text_content() == story.replace("\r\n", "\n")
    marks = page.locator("#whole mark")
    assert marks.all_text_contents() == [story[s.start : s.end] for s in wanted.sentences if s.chosen]
    assert page.locator("#whole del").all_text_contents() == [removal.text for removal in wanted.removed]
    shades = [float(mark.evaluate("mark => mark.style.getPropertyValue('--shade')")) for mark in marks.all()]
    scores = [s.score for s in wanted.sentences if s.chosen]
    assert sorted(range(len(shades)), key=shades.__getitem__) == sorted(range(len(scores)), key=scores.__getitem__)
    assert len(set(shades)) > 1


def test_topics_are_bars_with_their_thresholds(visit: Open, desk: Copydesk, seeds: Path) -> None:
    page, story = visit(), messy(seeds)
    wanted = desk.predict(story)
    assert desk.topics is not None
    needs = dict(zip(desk.topics.classes_, desk.topics.thresholds_, strict=True))
    read(page, story)
    page.get_by_role("button", name="All 17 topics").click()
    bars = page.locator("#topics button")
    assert bars.locator(".name").all_text_contents() == list(wanted.scores)
    for bar, (label, score) in list(zip(bars.all(), wanted.scores.items(), strict=True))[:3]:
        assert bar.locator(".fill").evaluate("bar => parseFloat(bar.style.width)") == pytest.approx(
            score * 100, abs=0.1
        )
        assert bar.locator(".need").evaluate("bar => parseFloat(bar.style.left)") == pytest.approx(
            needs[label] * 100, abs=0.1
        )
        given = label in [topic.label for topic in wanted.topics]
        assert (bar.get_attribute("aria-label") or "").endswith(", given" if given else ", not given")


def test_a_topic_shows_what_speaks_for_it(visit: Open, desk: Copydesk, seeds: Path) -> None:
    page, story = visit(), messy(seeds)
    read(page, story)
    topic = page.locator("#topics button").first
    topic.click()
    why = page.locator("#why")
    expect(why.locator("h4")).to_have_text("What speaks for conflict, war and peace")
    parts = [float(text.replace("−", "-")) for text in why.locator("b").all_text_contents()]
    explanation = desk.explain(story, "conflict, war and peace")
    assert sum(parts) == pytest.approx(explanation.logit, abs=0.005 * len(parts))
    assert page.locator("#whole .word").first.text_content() in story
    expect(page.locator("#whole mark")).to_have_count(0)
    expect(topic).to_have_attribute("aria-pressed", "true")
    topic.click()
    expect(page.locator("#why")).to_be_hidden()
    assert page.locator("#whole mark").count() > 0


def test_the_slider_shortens_at_once(visit: Open, desk: Copydesk, seeds: Path) -> None:
    page, story = visit(), messy(seeds)
    read(page, story)
    slider = page.get_by_role("slider", name="Length of the brief")
    for sentences in (1, 5, 3):
        slider.fill(str(sentences))
        expect(page.locator("#brief")).to_have_text(desk.predict(story, budget=Budget(sentences=sentences)).summary)
    expect(page.get_by_label("Length", exact=True)).to_have_value("sentences")
    page.get_by_label("Length", exact=True).select_option("words")
    for words in (60, 25):
        slider.fill(str(words))
        wanted = desk.predict(story, budget=Budget(words=words))
        expect(page.locator("#brief")).to_have_text(wanted.summary or "No sentence fits.")
    expect(page.locator("#whole mark")).to_have_count(sum(sentence.chosen for sentence in wanted.sentences))
    page.get_by_label("Length", exact=True).select_option("auto")
    expect(page.locator("#brief")).to_have_text(desk.predict(story).summary)


def test_markup_in_a_story_is_shown_and_never_run(visit: Open) -> None:
    page = visit()
    read(page, MARKUP)
    assert page.locator("#whole").text_content() == MARKUP
    assert page.locator("#whole script, #whole img, #whole b").count() == 0
    assert page.evaluate("window.hacked") is None


def test_characters_outside_the_basic_plane_keep_the_offsets_right(visit: Open, desk: Copydesk) -> None:
    page = visit()
    read(page, SMILE)
    found = page.locator("#whole .sentence").all_text_contents()
    assert found == [SMILE[sentence.start : sentence.end] for sentence in desk.predict(SMILE).sentences]
    assert len(found) == 3


def test_the_engine_can_be_switched(visit: Open, seeds: Path) -> None:
    page = visit()
    read(page, messy(seeds))
    with page.expect_request("**/v1/predict") as asked:
        page.locator("#engines-again").get_by_label("standard").check()
    assert asked.value.post_data_json["engine"] == "standard"
    expect(page.locator("#said")).to_have_text("Read with the standard engine.")
    page.get_by_role("button", name="Another story").click()
    expect(page.locator("#engines").get_by_label("standard")).to_be_checked()


def test_results_can_be_copied(visit: Open, desk: Copydesk, seeds: Path) -> None:
    page, story = visit(permissions=["clipboard-read", "clipboard-write"]), messy(seeds)
    read(page, story)
    wanted = desk.predict(story)
    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.locator("#said")).to_have_text("Copied as JSON.")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == json.loads(json.dumps(wanted.to_dict()))
    page.get_by_role("button", name="Copy as text").click()
    expect(page.locator("#said")).to_have_text("Copied as text.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert wanted.summary in copied
    assert "Topics: conflict, war and peace " in copied


def test_the_keyboard_is_enough(visit: Open) -> None:
    page = visit()
    expect(page.locator("#seeds button")).to_have_count(9)
    page.locator("#tab-story").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel-files")).to_be_visible()
    expect(page.locator("#tab-files")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#panel-story")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#seeds') !== null"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#headline")).to_be_focused()
    page.locator("#topics button").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#why")).to_be_visible()
    page.get_by_role("slider").focus()
    before = page.locator("#most-shown").text_content() or ""
    page.keyboard.press("ArrowRight")
    expect(page.locator("#most-shown")).not_to_have_text(before)


def test_every_control_has_a_name(visit: Open, seeds: Path) -> None:
    page = visit()
    read(page, messy(seeds))
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, a, input, select, textarea, [role=region]')].filter(one =>
            !one.getAttribute('aria-label') &&
            !(one.labels && one.labels.length) &&
            !(one.matches('button, a, [role=region]') && one.textContent.trim()))
            .map(one => one.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(visit: Open, seeds: Path, scheme: str) -> None:
    page = visit(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True)
    read(page, messy(seeds))
    page.locator("#topics button").first.click()
    expect(page.locator("#why li").first).to_be_visible()
    sizes = "[document.documentElement.scrollWidth - innerWidth, document.body.scrollWidth - innerWidth]"
    assert max(page.evaluate(sizes)) <= 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(background[:3]) > 600) == (scheme == "light")
    page.goto("/docs")
    expect(page.locator("#api h2").first).to_be_visible()
    assert max(page.evaluate(sizes)) <= 0


def test_a_story_can_be_opened_from_a_file(visit: Open, seeds: Path) -> None:
    page = visit()
    page.set_input_files("#open", seeds / "stories" / "weather-01-late-frost.txt")
    expect(page.locator("#headline")).to_contain_text("Late frost grips Marlow plain")
    page.get_by_role("button", name="Another story").click()
    page.set_input_files("#open", {"name": "a.docx", "mimeType": "application/zip", "buffer": b"PK\x00\x00"})
    expect(page.locator("#trouble")).to_contain_text("a.docx is no text file")


def test_a_file_of_stories_is_labelled_and_fetched(visit: Open, desk: Copydesk, rows: list[dict[str, Any]]) -> None:
    page = visit("/#files", accept_downloads=True)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerows([["no", "kop", "verhaal"], *([row["id"], row["title"], row["text"]] for row in rows[:50])])
    writer.writerow(["empty", "", ""])
    file = {"name": "week.csv", "mimeType": "text/csv", "buffer": stream.getvalue().encode()}
    page.set_input_files("#table", file)
    expect(page.locator("#file-size")).to_have_text("51 rows, 3 columns")
    page.get_by_label("Text", exact=True).select_option("verhaal")
    page.get_by_label("Headline", exact=True).select_option("kop")
    expect(page.locator("#preview th.chosen")).to_have_text(["kop", "verhaal"])
    page.get_by_label("Brief", exact=True).select_option("1")
    page.get_by_role("button", name="Label the file").click()
    expect(page.locator("#finished-said")).to_contain_text("51 rows. 1 row could not be read")
    stories = [{"text": row["text"], "title": row["title"]} for row in rows[:50]]
    wanted = desk.predict(stories, budget=Budget(sentences=1))
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download CSV").click()
    assert fetched.value.suggested_filename == "week-labelled.csv"
    table = list(csv.DictReader(io.StringIO(Path(fetched.value.path()).read_bytes().decode(), newline="")))
    assert [row["no"] for row in table] == [*(row["id"] for row in rows[:50]), "empty"]
    assert [row["copydesk_summary"] for row in table[:50]] == [one.summary for one in wanted]
    assert table[50]["copydesk_note"] == "column 'verhaal' is empty"
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download JSON Lines").click()
    lines = Path(fetched.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 51
    page.get_by_role("button", name="Another file").click()
    expect(page.locator("#drop")).to_be_visible()


def test_the_api_is_described_without_another_host(visit: Open) -> None:
    page = visit("/docs")
    expect(page.locator("#api h2").first).to_contain_text("/v1/predict")
    assert {"/v1/explain", "/v1/models", "/healthz"} <= set(page.locator("#api h2 code").all_text_contents())


def test_the_stories_of_the_page_are_those_of_the_seed_corpus(seeds: Path) -> None:
    for story in json.loads((PAGE / "seeds.json").read_text(encoding="utf-8")):
        folder = "messy" if story["id"].endswith("-messy") else "stories"
        assert story["text"] == (seeds / folder / f"{story['id']}.txt").read_bytes().decode()
        assert story["title"]
        assert story["about"]


def test_the_page_names_no_other_host() -> None:
    for file in PAGE.iterdir():
        if file.name != "seeds.json":
            text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in text, file.name
            assert "https://" not in text, file.name
