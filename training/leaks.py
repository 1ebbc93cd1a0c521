"""Whether evaluated rows stand in what a model was trained on, told from hashes that its training.json keeps."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from training.data import Articles

HASH_BYTES = 5
"""40 bits: among 14,000 training rows and 4,300 evaluated ones a chance match is one in 18,000 evaluations."""

MOST_HASHES = 200_000
"""Of more only the lowest are kept: a leak still shows, but its rows are not all counted."""

FIRST = 10
STOPPED = "what stopped the encoder's training"

_WORD = re.compile(r"\w+")


def row_hash(title: str | None, text: str) -> bytes:
    """A hash of a row's words: case, punctuation, spacing and what stands in the title make no difference."""
    words = " ".join(_WORD.findall(f"{title or ''} {text}".casefold()))
    return hashlib.sha256(words.encode("utf-8", "replace")).digest()[:HASH_BYTES]


def _hashes(title: str | None, text: str) -> set[bytes]:
    return {row_hash(title, text), row_hash(None, text)}


def row_hashes(articles: Articles) -> str:
    """The sorted hashes of all rows, packed and in base64: seven characters a row, or fourteen.

    A row with a headline has two, of all its words and of its text's, so that it is known under another one too.
    """
    hashes = sorted({found for row in zip(articles.titles, articles.texts, strict=True) for found in _hashes(*row)})
    return base64.b64encode(b"".join(hashes[:MOST_HASHES])).decode("ascii")


def rows_among(articles: Articles, others: Articles) -> list[int]:
    """The places of the articles that stand among others too, be it under another headline."""
    known = {found for row in zip(others.titles, others.texts, strict=True) for found in _hashes(*row)}
    pairs = zip(articles.titles, articles.texts, strict=True)
    return [row for row, pair in enumerate(pairs) if _hashes(*pair) & known]


def find_leaks(training: dict[str, Any], articles: Articles) -> dict[str, Any]:
    """Which of these rows a model has seen.

    Args:
        training: the model's training.json.
        articles: the rows to be judged.

    Returns:
        `checked`: which parts of its data the model kept hashes of ("training", "validation", "taught", "encoder",
        `STOPPED`);
        `found`: for each of them with rows in common, their `count` and the `first` ten as row number and id.
    """
    hashes = [_hashes(*row) for row in zip(articles.titles, articles.texts, strict=True)]
    checked: set[str] = set()
    seen: dict[str, set[int]] = {}
    for part, kept in _kept(training):
        checked.add(part)
        seen.setdefault(part, set()).update(row for row, found in enumerate(hashes) if found & kept)
    found = {
        part: {
            "count": len(rows),
            "first": [{"row": articles.rows[row], "id": articles.ids[row]} for row in sorted(rows)[:FIRST]],
        }
        for part, rows in sorted(seen.items())
        if rows
    }
    return {"checked": sorted(checked), "found": found}


def share_seen(training: dict[str, Any], articles: Articles) -> float:
    """The share of the rows that a model or its encoder has learnt from; 1 where its training.json keeps no hashes."""
    leaks = find_leaks(training, articles)
    learnt = {"training", "encoder"}
    if not learnt & set(leaks["checked"]):
        return 1.0
    counts = [entry["count"] for part, entry in leaks["found"].items() if part in learnt]
    return max(counts, default=0) / max(1, len(articles))


def _kept(training: dict[str, Any]) -> Iterator[tuple[str, set[bytes]]]:
    """The parts of the training data whose hashes are there; what a model was fitted on once more has taught it too."""
    encoder = training.get("encoder")
    held = "training" if training.get("refitted") else "validation"
    parts = [("training", training.get("data")), (held, training.get("validation"))]
    if isinstance(taught := training.get("taught"), dict):
        parts.append(("taught", taught.get("articles")))
    if isinstance(encoder, dict) and isinstance(encoder.get("data"), dict):
        parts += [("encoder", data) for data in encoder["data"].values()]
        stopped = encoder.get("stopped")
        parts += [(STOPPED, data) for data in stopped.values()] if isinstance(stopped, dict) else []
    for part, entry in parts:
        packed = entry.get("hashes") if isinstance(entry, dict) else None
        if isinstance(packed, str):
            raw = base64.b64decode(packed)
            yield part, {raw[start : start + HASH_BYTES] for start in range(0, len(raw), HASH_BYTES)}


_CONSEQUENCE = {
    "training": "the model learnt from them, and its figures are too good",
    "taught": "the model learnt what another one said of them, and its figures may be too good",
    "encoder": "its encoder learnt from them, and its figures may be too good",
    "validation": "thresholds, calibration or length were chosen on them, and its figures may be too good",
}

_DATA = {"encoder": "encoder's training data", "taught": "articles labelled by a teacher"}


def leak_notes(leaks: dict[str, Any], n: int) -> list[str]:
    """The findings in words, a warning for each part with rows in common."""
    if not leaks["checked"]:
        return ["leak check: the model's training.json keeps no hashes of its rows (trained by an older version)."]
    notes = []
    for part in _CONSEQUENCE:
        if part in leaks["found"]:
            entry = leaks["found"][part]
            first = ", ".join(str(row["id"]) for row in entry["first"][:5])
            data = _DATA.get(part, f"{part} data")
            notes.append(
                f"LEAK: {entry['count']:,} of {n:,} evaluated rows stand in the model's {data} (first: {first}); "
                f"{_CONSEQUENCE[part]}."
            )
    if STOPPED in leaks["found"]:
        count = leaks["found"][STOPPED]["count"]
        notes.append(
            f"of its encoder's passes the one was kept that did best on rows among which are {count:,} of these: the "
            "figures may be a little too good."
        )
    learnt = " or ".join(part for part in leaks["checked"] if part != STOPPED)
    return notes or [f"leak check: no evaluated row, word for word, stands in the model's {learnt} data."]
