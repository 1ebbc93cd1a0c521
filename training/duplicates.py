"""Find texts that are the same or nearly the same, among many, in time that grows with their number alone.

Words are hashed (`models.wordhash`), three neighbouring ones make a shingle, and texts are compared by the Jaccard
similarity of their sets of shingles. MinHash (Broder 1997) in bands (locality-sensitive hashing; Indyk and Motwani
1998) proposes pairs; each is then verified against the true sets, so chance decides what is missed, never what is
reported.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.wordhash import batches, hash_words

NEAR = 0.8
"""Jaccard similarity from which two texts are near duplicates: one word in thirty changed, about."""
SHINGLE = 3  # words
BANDS, BAND_ROWS = 14, 5  # finds a pair of similarity 0.8 with probability 0.996, 0.9 with 0.999995
_HASHES = BANDS * BAND_ROWS
_MARGIN = 0.2  # three standard errors of a similarity of 0.8 estimated from 70 hashes, and a little
_REACH = 10  # members of a band's bucket that each is compared with: linear in buckets of any size
_VERIFIED_TOGETHER = 1 << 21  # shingles

UInts = NDArray[np.uint64]
Ints = NDArray[np.int64]

_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛`´′", "'") | dict.fromkeys("“”„‟«»″", '"'))


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What `find_duplicates` found; positions count the texts from 0.

    Attributes:
        groups: positions of texts that are equal but for case, white space and the form of quotation marks; two or
            more each, ascending.
        pairs: `(n_pairs, 2)`, positions of nearly equal texts, the earlier first; of equal texts only the first.
        similarities: `(n_pairs,)`, their Jaccard similarity, from `NEAR` to 1.
    """

    groups: list[list[int]]
    pairs: Ints
    similarities: NDArray[np.float64]


def find_duplicates(
    texts: Sequence[str], *, near: float = NEAR, on_progress: Callable[[int], Any] | None = None
) -> Duplicates:
    """Find equal and nearly equal texts; a text without a letter or digit resembles none.

    Args:
        texts: the texts, each at any length.
        near: the Jaccard similarity of word triples from which two texts count as nearly equal.
        on_progress: called with the number of texts just read; the numbers sum to `len(texts)`.
    """
    groups, firsts = equal_texts(texts)
    if on_progress is not None:
        on_progress(len(texts) - len(firsts))
    signatures = _signatures([texts[first] for first in firsts], on_progress)
    candidates = _candidates(signatures)
    close = np.zeros(len(candidates), bool)
    for start in range(0, len(candidates), 1 << 16):
        left, right = candidates[start : start + (1 << 16)].T
        close[start : start + (1 << 16)] = (signatures[left] == signatures[right]).mean(axis=1) >= near - _MARGIN
    candidates = candidates[close]
    similarities = _jaccard([texts[first] for first in firsts], candidates)
    kept = similarities >= near
    places = np.array(firsts, np.int64)
    return Duplicates(groups, places[candidates[kept]].reshape(-1, 2), similarities[kept])


def equal_texts(texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
    """Groups of two or more equal texts, see `Duplicates`, and the position of each different text's first copy."""
    copies: dict[bytes, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        plain = " ".join(text.translate(_QUOTES).casefold().split())
        digest = hashlib.blake2b(plain.encode("utf-8", "replace"), digest_size=16).digest()
        copies[digest if any(map(str.isalnum, plain)) else digest + place.to_bytes(8, "big")].append(place)
    return [group for group in copies.values() if len(group) > 1], [group[0] for group in copies.values()]


def _mix(values: UInts) -> UInts:
    """The finaliser of splitmix64 (Steele et al. 2014): every bit of the result depends on every bit given."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _shingles(texts: Sequence[str]) -> tuple[UInts, Ints]:
    """Hashes of all shingles of the texts, in order, and how many each text has; a shorter text is one shingle."""
    words = hash_words(texts)
    counts, hashes = words.counts, words.hashes
    for word in np.flatnonzero(hashes == 0).tolist():  # too long for a word: text of a script without spaces, say
        digest = hashlib.blake2b(words.spelling(word).encode("utf-8", "replace"), digest_size=8).digest()
        hashes[word] = int.from_bytes(digest, "big")
    mixed = np.concatenate([_mix(hashes), np.zeros(SHINGLE - 1, np.uint64)])
    ends = np.repeat(np.cumsum(counts), counts)
    place = np.arange(len(hashes))
    sums = np.zeros(len(place), np.uint64)
    for step in range(SHINGLE):
        inside = place + step < ends
        sums = sums * np.uint64(0x9E3779B97F4A7C15) + np.where(inside, mixed[step : step + len(place)], np.uint64(0))
    whole = (place + SHINGLE <= ends) | (place == ends - np.repeat(counts, counts))
    return _mix(sums[whole]), np.where(counts > 0, np.maximum(counts - SHINGLE + 1, 1), 0)


def _signatures(texts: Sequence[str], on_progress: Callable[[int], Any] | None) -> NDArray[np.uint32]:
    """MinHash signatures `(n_texts, 70)`; a text without a shingle has one of its own."""
    generator = np.random.default_rng(1997)
    factors = generator.integers(0, 1 << 63, _HASHES, np.uint64) * np.uint64(2) + np.uint64(1)
    signatures = np.zeros((len(texts), _HASHES), np.uint32)
    begin = 0
    for batch in batches(texts):
        shingles, counts = _shingles(batch)
        filled = np.flatnonzero(counts)
        if len(filled):
            starts = (np.cumsum(counts) - counts)[filled]
            for column, factor in enumerate(factors):
                least = np.minimum.reduceat(shingles * factor, starts)
                signatures[begin + filled, column] = (_mix(least) >> np.uint64(32)).astype(np.uint32)
        for place in np.flatnonzero(counts == 0).tolist():
            signatures[begin + place] = generator.integers(0, 1 << 32, _HASHES, np.uint32)
        begin += len(batch)
        if on_progress is not None:
            on_progress(len(batch))
    return signatures


def _candidates(signatures: NDArray[np.uint32]) -> Ints:
    """Pairs of rows, the lower first, that agree on a whole band; `(n_pairs, 2)`, ascending."""
    n = len(signatures)
    found: list[Ints] = [np.zeros(0, np.int64)]
    for band in range(BANDS):
        keys = np.zeros(n, np.uint64)
        for column in range(band * BAND_ROWS, (band + 1) * BAND_ROWS):
            keys = _mix(keys + signatures[:, column])
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        fresh = np.concatenate(([True], ordered[1:] != ordered[:-1]))[:n]
        bucket = np.cumsum(fresh) - 1
        firsts = np.flatnonzero(fresh)[bucket]
        for step in range(1, _REACH + 1):
            same = np.flatnonzero(bucket[step:] == bucket[:-step])
            if not len(same):
                break
            found.append(order[same] * n + order[same + step])
        far = np.flatnonzero(np.arange(n) - firsts > _REACH)
        found.append(order[firsts[far]] * n + order[far])
        found = [np.unique(np.concatenate(found))]
    pairs = found[0]
    return np.stack([pairs // max(n, 1), pairs % max(n, 1)], axis=1)


def _jaccard(texts: Sequence[str], pairs: Ints) -> NDArray[np.float64]:
    """The true Jaccard similarity of the shingle sets of each pair, `(n_pairs,)`."""
    wanted = np.unique(pairs)
    sets: dict[int, UInts] = {}
    begin = 0
    for batch in batches([texts[place] for place in wanted.tolist()]):
        shingles, counts = _shingles(batch)
        parts = np.split(shingles, np.cumsum(counts)[:-1])
        sets.update(zip(wanted[begin : begin + len(batch)].tolist(), map(np.unique, parts), strict=True))
        begin += len(batch)
    similarities = np.zeros(len(pairs))
    for start, end in _portions([len(sets[a]) + len(sets[b]) for a, b in pairs.tolist()]):
        members = [sets[place] for pair in pairs[start:end].tolist() for place in pair]
        sizes = np.array([len(members[i]) + len(members[i + 1]) for i in range(0, len(members), 2)])
        owner = np.repeat(np.arange(end - start), sizes)
        keys = _mix(np.concatenate(members) + owner.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03))
        order = np.argsort(keys)
        shared = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        common = np.bincount(owner[order[shared]], minlength=end - start)
        similarities[start:end] = common / np.maximum(sizes - common, 1)
    return similarities


def _portions(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive places whose sizes sum to a bounded number; a larger one stands alone."""
    start, total = 0, 0
    for place, size in enumerate(sizes):
        if place > start and total + size > _VERIFIED_TOGETHER:
            yield start, place
            start, total = place, 0
        total += size
    if start < len(sizes):
        yield start, len(sizes)
