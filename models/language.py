"""Tells a story that is not English, so that nobody is given confident nonsense about it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# Words that running English cannot do without; each is rare as a word of its own in other languages' news.
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the of and to that was with his her they this have from are were been which would their its had has for what "
        "when where who will about could should than then them these there it he she we you is by as not but be",
    )
)
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 0.16
_LOOK_AT = 1200
_SURE = 0.9
_LANGUAGES = (
    "en af ar az be bg bn ca cs cy da de el es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk kn ko la lt lv "
    "mk ml mn mr ms ne nl no pa pl pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur vi zh"
)


def english_share(text: str) -> float:
    """The share of common English function words among the first words of a text, from 0 to 1."""
    words = _WORD.findall(text[:_LOOK_AT].lower())
    return sum(map(_FUNCTION_WORDS.__contains__, words)) / len(words) if words else 0.0


def foreign_language(text: str) -> str | None:
    """The code of a text's language where it is not English, else None.

    Most English is recognised by its function words alone, at once; only the rest is given to a language
    identifier (py3langid; Lui and Baldwin, "langid.py", 2012), which has to be sure.
    """
    if len(text) < 40 or english_share(text) >= _ENOUGH:
        return None
    code, probability = _identifier().classify(text[:_LOOK_AT].encode("utf-8", "replace").decode())
    return None if code == "en" or probability < _SURE else str(code)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES.split())
    return identifier
