"""A story is read from anything, keeps exact offsets, and loses only what is not the story."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.story import Story, read_story, repair

LEAD = "The harbour of Port Ellery reopened on Tuesday after a storm sank four boats, the port authority said."
SECOND = "Nobody was hurt. Divers will raise the boats next week."
THIRD = "“We were lucky,” said harbour master Jo Roe, who has run the port since 1998."
BODY = f"{LEAD}\n\n{SECOND}\n\n{THIRD}"
SENTENCES = [LEAD, "Nobody was hurt.", "Divers will raise the boats next week.", THIRD]


def texts(story: Story) -> list[str]:
    return [sentence.text for sentence in story.sentences]


def check(story: Story) -> None:
    """What holds for every story, whatever it was read from."""
    end = 0
    for sentence in story.sentences:
        assert end <= sentence.start < sentence.end <= len(story.original)
        assert repair(story.original[sentence.start : sentence.end]) == sentence.text
        assert sentence.text
        end = sentence.end
    for removal in story.removed:
        assert story.original[removal.start : removal.end] == removal.text
    pieces = sorted((p.start, p.end) for p in (*story.sentences, *story.removed))
    assert all(one[1] <= other[0] for one, other in pairwise(pieces))
    story.text.encode("utf-8")
    assert story.words == len(story.text.split())


def test_plain_story() -> None:
    story = read_story(BODY)
    check(story)
    assert texts(story) == SENTENCES
    assert (story.original, story.title, story.removed, story.warnings) == (BODY, None, (), ())


# --- anything at all


HOSTILE = [
    "", " ", "\x00", "\ud800", "\ud83d\ude00 and \udfff.", "<", "<html>", "<p>" * 3_000,
    "<div>" * 3_000 + "a" + "</div>" * 3_000,
    "</p>" * 500, "<p>\x00</p>", "<!-- ", "<html><body>&#xD800; &#0; &bad;</body></html>", "&#xD800;", "&#1114112;",
    "\r\n\r\r\n", "\u2028\u2029", "“" * 999, "(" * 999, "." * 999, "\u200b", "\xad", "* * *", "????", "a",
    "<?xml version='1.0' encoding='utf-16'?><html><body><p>He left.</p></body></html>", "İ" * 20, "<p>İ <b>x</p>",
    "<html><script>var a = '<p>';</script></html>", "<svg><p>He left.</p></svg>", "By", "©", "Read More:",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("clean", [True, False])
def test_no_string_raises(text: str, clean: bool) -> None:
    check(read_story(text, clean=clean))


@given(st.text(max_size=300), st.booleans())
@example("Â", True)
@settings(max_examples=80, deadline=None)
def test_any_text_is_read(text: str, clean: bool) -> None:
    check(read_story(text, clean=clean))


LINES = [
    "By Jane Doe", "(CNN) -- He left.", "ADVERTISEMENT", "Read More:", "Ferry left at dawn", "Home", "News", "“We won.",
    "Photo: Jo Roe", "He left. Scroll down for video. She came.", "â€œHe left.â€", "Share this story", "© 2024 Us",
    "", "He left. Read more »", LEAD, SECOND, THIRD, "swan7 says:", "   ", "Why?", "\xa0It rained.\u200b",
    "Port Ellery storm",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=25), st.sampled_from([None, "Port Ellery storm", ""]))
@settings(max_examples=80, deadline=None)
def test_any_mixture_of_lines_is_read(lines: list[str], title: str | None) -> None:
    for end in ("\n", "\r\n", "\n\n", " "):
        check(read_story(end.join(lines), title=title))


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match=r"expects a str, found bytes: decode"):
        read_story(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"title of a story"):
        read_story("text", title=3)  # type: ignore[arg-type]


def test_a_line_of_megabytes_is_read() -> None:
    story = read_story("word " * 200_000)
    check(story)
    assert any("cut at white space" in warning for warning in story.warnings)
    check(read_story("x" * 300_000))


@pytest.mark.parametrize(
    ("text", "warning"),
    [("", "empty"), (" \n\u200b\n", "empty"), ("1998? 2024!", "no letters"), ("ADVERTISEMENT", "looked like noise")],
)
def test_warnings(text: str, warning: str) -> None:
    assert any(warning in found for found in read_story(text).warnings)


def test_when_all_is_noise_all_is_kept() -> None:
    story = read_story("Share this story\n\nRead more about the weir here.")
    assert texts(story) == ["Share this story", "Read more about the weir here."]
    assert story.removed == ()


# --- titles


@pytest.mark.parametrize(
    "first", ["Port Ellery reopens after storm", "Storm sinks four boats at 5 a.m.", "Who sank the boats?"]
)
def test_a_first_line_that_looks_like_a_headline_is_the_title(first: str) -> None:
    for end in ("\n\n", "\n", "\r\n"):
        story = read_story(f"{first}{end}{BODY}")
        assert (story.title, texts(story)) == (first, SENTENCES)


def test_a_given_title_is_not_repeated() -> None:
    story = read_story(f"PORT ELLERY REOPENS AFTER STORM!\n\n{BODY}", title="Port Ellery reopens after storm")
    assert (story.title, texts(story)) == ("Port Ellery reopens after storm", SENTENCES)
    assert [removal.rule for removal in story.removed] == ["title"]


def test_a_title_with_the_name_of_its_site_is_recognised() -> None:
    story = read_story(f"Port Ellery reopens after storm\n\n{BODY}", title="Port Ellery reopens after storm | The Weir")
    assert texts(story) == SENTENCES


@pytest.mark.parametrize("title", [None, "Port Ellery reopens after storm"])
def test_a_title_that_is_all_there_is_stays_a_sentence(title: str | None) -> None:
    assert texts(read_story("Port Ellery reopens after storm", title=title)) == ["Port Ellery reopens after storm"]


def test_a_first_sentence_is_no_title() -> None:
    assert read_story(BODY).title is None
    assert read_story("Shr 5 cts vs 3 cts\nNet 2 mln vs 1 mln\nRevs 9 mln vs 8 mln").title is None


# --- cleaning


@pytest.mark.parametrize(
    "wrapped",
    [
        f"PORT ELLERY, May 9 (Fjordpress) - {BODY}",
        f"By Jane Doe, Staff Writer\n\n{BODY}",
        f"Jane Doe\n\nPublished 11:34 PM EST Nov 19, 2019\n\n{BODY}",
        f"{LEAD}\n\nADVERTISEMENT\n\n{SECOND}\n\ntoggle caption\n\n{THIRD}",
        f"{LEAD}\n\nRead More:\nStorm warnings for the coast\nWho pays for the boats?\n\n{SECOND}\n\n{THIRD}",
        f"{BODY}\n\nRelated:\n\n• Storm warnings for the coast\n• Boats of the north\n• A history of the port",
        f"{BODY} (Reporting by Jane Doe; Editing by Ann Roe)",
        f"{BODY}\n\n© 2024 Fjordpress. All rights reserved. This material may not be published.",
        f"{BODY}\n\nSign up for our newsletter\nShare on Facebook  Tweet\nFollow us on Twitter for more.",
        f"This website uses cookies. Read our cookie policy.\n\n{BODY}",
        f"{LEAD}\n\nThe weir on a cold day. Jo Roe/Fjordpress\n\n{SECOND}\n\n{THIRD}\n\nView 12 comments",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_the_story_goes_and_the_story_stays(wrapped: str) -> None:
    story = read_story(wrapped)
    check(story)
    assert texts(story) == SENTENCES
    assert story.removed
    kept = read_story(wrapped, clean=False)
    assert kept.removed == ()
    assert len(kept.text) > len(story.text)


def test_noise_in_a_text_of_one_line() -> None:
    text = (
        "santa veta (cnn) -- the port reopened. scroll down for video. nobody was hurt. watch the port reopen ». "
        "divers came. jane doe contributed to this report. e-mail to a friend. all rights reserved."
    )
    story = read_story(text)
    check(story)
    assert texts(story) == ["the port reopened.", "nobody was hurt.", "divers came."]


def test_menus_of_a_page() -> None:
    menu = "\n".join(["Home", "News", "Sport", "Weather", "Local news", "Obituaries", "Jobs", "Contact us", "Cars"])
    teasers = "\n".join(["Storm warnings for the coast", "Boats of the north on show again", "Who pays for them?"])
    title = "Port Ellery reopens after storm"
    story = read_story(f"{title} | The Weir\n{menu}\n{title}\n{BODY}\nMost Popular\n{teasers}\n{menu}", title=title)
    check(story)
    assert texts(story) == SENTENCES


# --- characters and lines


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("He\xa0left the cafÃ© at 5 oâ€™clock.", "He left the café at 5 o’clock."),
        ("The coast\xadguard\u200b left.", "The coastguard left."),
        ("Tom &amp; Ann said &quot;no&quot;.", 'Tom & Ann said "no".'),
        ("He left.\x00", "He left."),
        ("He \ud800left.", "He \ufffdleft."),
        ("Â£5 was paid.", "£5 was paid."),
    ],
)
def test_characters_are_mended(text: str, repaired: str) -> None:
    story = read_story(text)
    check(story)
    assert texts(story) == [repaired]


def test_good_text_is_not_touched() -> None:
    text = "Ærø’s café — “naïve” … 5 °C, £5, Łódź & Ó Briain: 東京。"
    assert repair(text) == text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_hard_wrapped_lines_are_joined(end: str) -> None:
    words, lines = f"{LEAD} {SECOND} The five-year plan comes next, with a five-year guarantee for all.".split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) < 60:
            lines[-1] = f"{lines[-1]} {word}".strip()
        else:
            lines.append(word)
    story = read_story(end.join(lines) + end + end + THIRD[:50] + end)
    check(story)
    assert texts(story)[:2] == SENTENCES[:2]


def test_a_compound_broken_at_its_hyphen_is_joined() -> None:
    assert repair("a five-\nyear plan - \nand") == "a five-year plan - and"


# --- HTML


PAGE = f"""<!DOCTYPE html><html><head><title>Storm | The Weir</title><meta property="og:title" content="Port reopens">
</head><body><nav><a href="/">Home</a><a href="/n">News</a></nav><article><h1>Port reopens</h1>
<p>{LEAD}</p><p>{SECOND}</p><p>{THIRD}</p></article><footer>© 2024 The Weir</footer></body></html>"""


def test_a_page_is_reduced_to_its_article() -> None:
    story = read_story(PAGE)
    check(story)
    assert texts(story) == SENTENCES
    assert story.title == "Port reopens"
    assert "<" not in story.original
    assert read_story(PAGE, title="Mine").title == "Mine"


@pytest.mark.parametrize(
    "fragment",
    [
        f"<p>{LEAD}</p><p>{SECOND}</p><p>{THIRD}</p>",
        f"<div>{LEAD}<br><br>{SECOND}<br/><br/>{THIRD}</div>",
        f"{LEAD}<br><br>{SECOND}<br /><br />{THIRD}",
        f"<p>{LEAD}<p>{SECOND}<p>{THIRD}",
    ],
)
def test_fragments_of_html_are_read(fragment: str) -> None:
    story = read_story(fragment)
    check(story)
    assert texts(story) == SENTENCES


@pytest.mark.parametrize(
    "text",
    [
        "He typed <b>bold</b> and left.",
        "The <p> tag starts a paragraph and </p> ends it.",
        "<3 is a heart, and a > b.",
        "In HTML, <br> breaks a line. Two of them, <br><br>, leave a gap.",
    ],
)
def test_a_text_that_mentions_a_tag_is_no_html(text: str) -> None:
    story = read_story(text)
    assert story.original == text
    assert story.text == text


def test_a_page_without_an_article_is_stripped_of_its_tags() -> None:
    story = read_story("<html><body><span>Port reopens at noon.</span></body></html>")
    assert texts(story) == ["Port reopens at noon."]


def test_text_nested_too_deeply_for_a_parser_is_read() -> None:
    story = read_story("<div>" * 15_000 + "Port reopens at noon. " + "</div>" * 15_000)
    assert texts(story) == ["Port reopens at noon."]
    assert any("tags were stripped" in warning for warning in story.warnings)
