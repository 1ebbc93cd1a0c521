"""A validation split that stays the same: by content, not by row number, and stratified by label."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

SMALLEST_DIVIDED = 4
"""Rows a stratum needs for one of them to be held out, whatever the fraction."""

MOST_GIVEN_BACK = 0.25
"""Share of the rows held out that may be given back to teach labels of their own; the others must still judge."""


def content_key(*parts: str | None) -> str:
    """A hash of a row's words, blind to case and spacing: equal rows get equal keys."""
    words = " ".join(part for part in parts if part).lower().split()
    return hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=16).hexdigest()


def split_rows(
    keys: Sequence[str], strata: Sequence[str] | None = None, *, fraction: float = 0.1, seed: int = 13
) -> tuple[list[int], list[int]]:
    """Divide rows into training and validation.

    The choice depends on content and seed alone, not on the order of rows, and rows of equal content always stand on
    the same side. Within a stratum the rows with the lowest hashes are held out, so adding rows moves few others.

    Args:
        keys: one content key per row, see `content_key`.
        strata: one label per row; each stratum is divided by itself, so that rare labels are validated too.
        fraction: share of rows to hold out.
        seed: changes the choice.

    Returns:
        Row numbers for training and for validation, each in ascending order.
    """
    first_stratum: dict[str, str] = {}
    groups: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        groups[key].append(row)
        first_stratum.setdefault(key, strata[row] if strata is not None else "")
    by_stratum: dict[str, list[str]] = defaultdict(list)
    for key, stratum in first_stratum.items():
        by_stratum[stratum].append(key)
    held: list[int] = []
    for members in by_stratum.values():
        members.sort(key=lambda key: hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest())
        share = round(fraction * len(members)) or int(len(members) >= SMALLEST_DIVIDED)
        for key in members[:share]:
            held.extend(groups[key])
    validation = sorted(held)
    chosen = set(validation)
    return [row for row in range(len(keys)) if row not in chosen], validation


def every_label_taught(
    labels: Sequence[Sequence[str]], keys: Sequence[str], train: Sequence[int], held: Sequence[int]
) -> tuple[list[int], list[int]]:
    """A division that leaves no label untaught: for each that no training row has, an article is given back.

    At most `MOST_GIVEN_BACK` of the rows held out are; which ones does not depend on the order of rows.

    Args:
        labels: of each row, several or none.
        keys: as in `split_rows`; rows of equal content stay together.
        train: row numbers, as `split_rows` gives them.
        held: likewise.

    Returns:
        Row numbers for training and for validation, each in ascending order.
    """
    known = {label for row in train for label in labels[row]}
    groups: dict[str, list[int]] = defaultdict(list)
    for row in held:
        groups[keys[row]].append(row)
    back: set[int] = set()
    for key in sorted(groups):
        taught = {label for row in groups[key] for label in labels[row]}
        if not known.issuperset(taught) and len(back) + len(groups[key]) <= MOST_GIVEN_BACK * len(held):
            back.update(groups[key])
            known |= taught
    return sorted([*train, *back]), [row for row in held if row not in back]
