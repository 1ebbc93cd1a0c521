"""Give lower-cased articles their capitals back, as other articles of the same kind write them.

Some public sets are lower-cased. A model that writes must not learn that names are: before training, words get the
form that they have in a cased corpus ("truecasing": Lita et al., "tRuEcasIng", 2003, here by the commonest form of a
word, and of a pair of words, away from the beginning of a sentence).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from models.sentences import split_sentences

_WORD = re.compile(r"(?<![\w])[^\W\d_]+(?:['’.-][^\W\d_]+)*(?!\w)")
_FEWEST = 3
_PAIR_SHARE = 0.6


def is_lower(text: str) -> bool:
    """Whether a text has letters but no capitals."""
    return text == text.lower() and any(character.isalpha() for character in text)


class Capitals:
    """How words are written: learnt from cased texts, applied to lower-cased ones."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Count the forms of words and of pairs away from the beginning of sentences."""
        forms: dict[str, Counter[str]] = defaultdict(Counter)
        pairs: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
        for text in texts:
            for start, end in split_sentences(text):
                words = _WORD.findall(text[start:end])
                if len(words) > 3 and sum(word[0].isupper() for word in words) > 0.6 * len(words):
                    continue  # a headline in capitals says nothing of its words
                for word in words[1:]:
                    forms[word.lower()][word] += 1
                for first, second in itertools.pairwise(words[1:]):
                    pairs[first.lower(), second.lower()][first[0].isupper() and second[0].isupper()] += 1
        self.forms = {word: counts.most_common(1)[0][0] for word, counts in forms.items()}
        self.pairs = {
            pair
            for pair, counts in pairs.items()
            if counts[True] >= _FEWEST and counts[True] > _PAIR_SHARE * counts.total()
        }

    def restore(self, text: str) -> str:
        """A lower-cased text with capitals; any other text as it is. Words never seen are taken for names."""
        if not is_lower(text):
            return text
        pieces: list[str] = []
        for start, end in split_sentences(text):
            pieces.append(text[sum(map(len, pieces)) : start] + self._sentence(text[start:end]))
        done = sum(map(len, pieces))
        return "".join(pieces) + text[done:]

    def _sentence(self, text: str) -> str:
        found = list(_WORD.finditer(text))
        words = [match[0] for match in found]
        written = [self.forms.get(word) or _capital(word) for word in words]
        for at, pair in enumerate(itertools.pairwise(words)):
            if pair in self.pairs:
                written[at], written[at + 1] = _kept(written[at]), _kept(written[at + 1])
        if written:
            written[0] = _kept(written[0])
        out, last = [], 0
        for match, word in zip(found, written, strict=True):
            out += [text[last : match.start()], word]
            last = match.end()
        return "".join([*out, text[last:]])


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _kept(word: str) -> str:
    return word if any(character.isupper() for character in word) else _capital(word)
