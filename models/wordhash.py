"""Every word of many texts as a 64-bit hash, and tables that find hashes, without a loop over words.

A batch of texts becomes one array of character codes; the hash of any word in it is a difference of two
prefix sums (a polynomial rolling hash, Karp and Rabin 1987), so no text is ever cut into strings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

UInts = NDArray[np.uint64]
Ints = NDArray[np.int64]
Places = NDArray[np.int32]

BATCH = 1 << 18
"""Characters handled at once: the working arrays stay in the processor's cache."""
LONGEST_WORD = 64
"""Longer runs of letters (addresses, encoded files) are not words: their hash is 0."""
_BASE = 0x9E3779B97F4A7C15
_STEP = 0xD1B54A32D192ED03
_PLANE = 1 << 16


@cache
def _fold_table() -> NDArray[np.uint16]:
    """The lower-case code of each character of the basic plane, 0 where it belongs to no word; (65536,)."""
    table = np.zeros(_PLANE, np.uint16)
    for code in range(_PLANE):
        character = chr(code)
        if character.isalnum() or unicodedata.category(character)[0] == "M":
            lower = ord(character.lower()[0])
            table[code] = lower if lower < _PLANE else code
    itself = np.where(table > 0, np.arange(_PLANE, dtype=np.uint16), np.uint16(0))
    return np.where(table[table] == table, table, itself)


@cache
def _code_values() -> UInts:
    """A pseudo-random odd number for each character that words are made of, 0 for the others; (65536,)."""
    fold = _fold_table()
    keys = fold.astype(np.uint64) + np.uint64(_BASE)  # splitmix64 (Steele et al. 2014)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.where(fold > 0, (keys ^ (keys >> np.uint64(31))) | np.uint64(1), np.uint64(0))


@cache
def _powers(size: int) -> tuple[UInts, UInts]:
    """Powers of the hash's base, and of its inverse, modulo 2**64; (size,) each."""
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        steps = np.full(size, base, np.uint64)
        steps[0] = 1
        both.append(np.multiply.accumulate(steps))
    return both[0], both[1]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts, in order.

    `hashes`, and `starts` and `ends` in `codes`, have shape (n_words,); `counts`, the words of each text,
    (n_texts,).
    """

    codes: NDArray[Any]
    hashes: UInts
    starts: Ints
    ends: Ints
    counts: Ints

    def spelling(self, word: int) -> str:
        """The word in lower case."""
        return "".join(map(chr, _fold_table()[self.codes[self.starts[word] : self.ends[word]]]))

    def rows(self) -> Ints:
        """The number of the text that each word is in, (n_words,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


def hash_words(texts: Sequence[str]) -> Words:
    """Find and hash the words of texts: runs of letters, digits and combining marks, blind to case."""
    joined = "\n" + "\n".join(texts) + "\n"
    if joined.isascii():
        codes: NDArray[Any] = np.frombuffer(joined.encode("ascii"), np.uint8)
    else:
        wide = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = np.minimum(wide, _PLANE - 1).astype(np.uint16)
    found: list[tuple[UInts, Ints, Ints]] = []
    begin = 0
    while begin + 1 < len(codes):
        more = begin + BATCH < len(codes)
        hashes, starts, ends, size = _hash_block(codes[begin : begin + BATCH], more)
        found.append((hashes, starts + begin, ends + begin))
        begin += size
    hashes, starts, ends = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
    bounds = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    counts = np.diff(np.searchsorted(starts, bounds), prepend=0)
    return Words(codes, hashes, starts, ends, counts)


def _hash_block(codes: NDArray[Any], more: bool) -> tuple[UInts, Ints, Ints, int]:
    """Hashes, starts and ends of the words of a block, and how far it was read.

    A block that is followed by more is read up to its last character between words; that begins the next.
    """
    values = _code_values().take(codes)
    inside = values != 0
    if more and (outside := np.flatnonzero(~inside[1:])).size:
        values, inside = values[: outside[-1] + 2], inside[: outside[-1] + 2]
    powers, inverses = _powers(BATCH)
    sums = np.cumsum(values * powers[: len(values)], dtype=np.uint64)
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    if inside[0]:  # in the middle of a run longer than a block
        edges = np.concatenate(([0], edges))
    if len(edges) % 2:
        edges = np.concatenate((edges, [len(values) - 1]))
    before, last = edges[::2], edges[1::2]
    hashes = (sums[last] - sums[before]) * inverses[before]
    hashes[last - before > LONGEST_WORD] = 0
    return hashes, before + 1, last + 1, len(values) - 1


def batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of consecutive texts of at most `BATCH` characters; a longer text stands alone."""
    begin, size = 0, 0
    for place, text in enumerate(texts):
        if size and size + len(text) >= BATCH:
            yield texts[begin:place]
            begin, size = place, 0
        size += len(text) + 1
    if begin < len(texts):
        yield texts[begin:]


class KeyTable:
    """Which place each of many 64-bit keys has: open addressing, looked up for a whole array at once."""

    def __init__(self, keys: UInts) -> None:
        """Build the table of `keys`, shape (n,).

        Raises:
            ValueError: a key occurs twice.
        """
        if len(np.unique(keys)) < len(keys):
            raise ValueError("keys of a table must be distinct")
        bits = max(4, (3 * len(keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._keys = np.zeros(1 << bits, np.uint64)
        self._places = np.full(1 << bits, -1, np.int32)
        left = np.arange(len(keys), dtype=np.int32)
        probe = 0
        while len(left):
            slots = self._slots(keys[left], probe)
            free = self._places[slots] < 0
            self._places[slots[free][::-1]] = left[free][::-1]
            won = self._places[slots] == left
            self._keys[slots[won]] = keys[left[won]]
            left = left[~won]
            probe += 1

    def _slots(self, keys: UInts, probe: int) -> Ints:
        """Where each key is looked for at the given try: the highest bits of factor * key + summand.

        Both change from try to try, so that every key, 0 too, meets an empty slot at last.
        """
        factor = np.uint64(pow(_BASE, 2 * probe + 1, 1 << 64))
        summand = np.uint64(probe * _STEP % (1 << 64))
        return ((keys * factor + summand) >> self._shift).astype(np.int64)

    def find(self, keys: UInts) -> Places:
        """The place of each key, -1 where it is unknown; shape of `keys`."""
        slots = self._slots(keys, 0)
        places = self._places.take(slots)
        left = np.flatnonzero((self._keys.take(slots) != keys) & (places >= 0))
        probe = 1
        while len(left):
            wanted = keys[left]
            slots = self._slots(wanted, probe)
            found = self._places[slots]
            places[left] = found
            left = left[(self._keys[slots] != wanted) & (found >= 0)]
            probe += 1
        return places
