"""Take the article out of an HTML page."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

import lxml.etree
import lxml.html
from lxml.html import HtmlElement

from models.repair import repair

_DOCUMENT = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body|\?xml)\b", re.I | re.S)
_BLOCKS = (
    *("p", "div", "article", "section", "main", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"),
    *("figure", "figcaption", "header", "footer", "table", "ul", "ol"),
)
_FRAGMENT = re.compile(rf"\s*<(?P<tag>{'|'.join(_BLOCKS)}|span|strong|em|b|i|a)(?:\s[^<>]*)?>", re.I)
_PARAGRAPH_END = re.compile(r"</p\s*>\s*(?:<|$)|<br\s*/?>\s*<br\s*/?>", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LARGEST_PAGE = 3_000_000  # characters and tags; trafilatura's time grows faster than a page, and no story's
_MOST_TAGS = 20_000  # page has as many


class Article(NamedTuple):
    """The text of an article, a line a paragraph; the page's title, if it has one; what went wrong, if anything."""

    text: str
    title: str | None
    warning: str | None


def is_html(text: str) -> bool:
    """Whether a text is HTML by its own markup.

    It is when it begins as a document, begins with an element and has its end or another one, or holds several
    closed paragraphs. A text that only mentions a tag is not.
    """
    if "<" not in text or ">" not in text:
        return False
    if _DOCUMENT.match(text):
        return True
    if found := _FRAGMENT.match(text):  # a second one of its kind will do: <p> need not be closed
        return re.compile(rf"</?{found['tag']}(?:\s[^<>]*)?>", re.I).search(text, found.end()) is not None
    return len(_PARAGRAPH_END.findall(text, 0, 1_000_000)) >= 2


def read_page(page: str) -> Article:
    """The article of an HTML page by trafilatura, or, when it finds none, the text without the tags.

    Never raises: a page that no parser takes has its tags stripped, and the warning says so.
    """
    page = page.replace("\x00", " ")
    if len(page) > _LARGEST_PAGE or page.count("<") > _MOST_TAGS:
        return Article(
            _stripped(page), None, "the HTML page is too large to look for its article: its tags were stripped"
        )
    title: str | None = None
    problem = "no article was found in the HTML: its tags were stripped"
    try:
        text, title = _extracted(page)
        if text:
            return Article(text, title, None)
    except Exception as error:  # whatever a hostile page breaks in the parsers, the story is still read
        problem = f"the HTML could not be parsed ({type(error).__name__}): its tags were stripped"
    return Article(_stripped(page), title, problem)


def _extracted(page: str) -> tuple[str, str | None]:
    """Text and title by trafilatura; the text is empty when it finds nothing."""
    import trafilatura  # takes half a second to import, and plain text does not need it

    if not _DOCUMENT.match(page):
        page = f"<html><body><article>{page}</article></body></html>"
    title = _title(_parsed(page))
    text = trafilatura.extract(page, include_comments=False, include_tables=False, favor_recall=True)
    return text or "", title


def _parsed(page: str) -> HtmlElement:
    """The tree of a page; UTF-8 whatever the page says, since it is a string already."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return lxml.html.document_fromstring(_SURROGATE.sub("\ufffd", page).encode("utf-8"), parser=parser)


def _title(tree: HtmlElement) -> str | None:
    """The headline: the page's Open Graph title, its only first-level heading, or its title element."""
    metas = tree.xpath('//meta[@property="og:title"]/@content')
    headings, titles = tree.findall(".//h1"), tree.findall(".//title")
    candidates = [*map(str, metas)] if isinstance(metas, list) else []
    if len(headings) == 1:
        candidates.append(headings[0].text_content())
    candidates.extend(title.text_content() for title in titles[:1])
    return next((title for title in map(repair, candidates) if title), None)


def _stripped(page: str) -> str:
    """The text of a page without its tags, a line for each block element."""
    text = ""
    try:
        tree = _parsed(page)
        for element in list(tree.iter("script", "style", "noscript", "template", "head")):
            element.drop_tree()
        for element in tree.iter(*_BLOCKS, "br", "li", "tr"):
            element.text = f"\n{element.text or ''}"
            element.tail = f"\n{element.tail or ''}"
        text = tree.text_content().strip()
    except (LookupError, ValueError, AssertionError, RecursionError, lxml.etree.LxmlError):
        pass  # what follows needs no tree
    if not text:  # the parser also drops what is nested deeper than 255 elements
        text = html.unescape(_TAG.sub(" ", page))
    return "\n".join(line for part in text.splitlines() if (line := part.strip()))
