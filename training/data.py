"""Read articles with their titles, labels and summaries from a file, a folder or the hub."""

from __future__ import annotations

import hashlib
import json
import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from models.dominance import ranked
from models.errors import DataError
from training import columns as cells
from training.sources import open_source
from training.tables import Table

log = logging.getLogger(__name__)

T = TypeVar("T")

NEEDS = {"labels": "labels", "summaries": "summary", "titles": "title"}
"""What may be needed of a data set, and the kind of column that it stands in."""
BETWEEN = " + "
"""Stands between the names of sources that are read together."""


@dataclass(frozen=True, slots=True)
class Articles:
    """Articles as columns of equal length, in the order of their source.

    `rows` are 1-based row numbers in the source (a CSV header is not counted); `ids` are those of the id
    column (id, uid, guid, url), "row 7" where one is missing there, and the row number where there is no such
    column. `labels` has one list per article, dominant label first, empty where the row has none; `exclusive`
    says that no label cell is a list, so that a story has one label. Labels and summaries are None where the
    data has no such column. `skipped` holds row number and reason of every row left out, `skipped_before` the article
    that comes next after it, by position, `skipped_ids` what it is called, its id or as one without, `columns` the name
    of the column that each kind of cell was read from.
    """

    name: str
    rows: list[int]
    ids: list[str]
    titles: list[str | None]
    texts: list[str]
    labels: list[list[str]] | None = None
    exclusive: bool = True
    summaries: list[str | None] | None = None
    skipped: list[tuple[int, str]] = field(default_factory=list)
    columns: Mapping[str, str] = field(default_factory=dict)
    skipped_ids: list[str] = field(default_factory=list)
    skipped_before: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of articles."""
        return len(self.texts)

    def without_titles(self) -> Articles:
        """The same articles with no headline to be read."""
        return replace(self, titles=[None] * len(self))

    def take(self, indices: Iterable[int]) -> Articles:
        """The articles at these positions (from 0), in this order; what was left out stays noted."""
        chosen = [int(index) for index in indices]
        in_order = sorted(chosen)
        return Articles(
            self.name,
            [self.rows[index] for index in chosen],
            [self.ids[index] for index in chosen],
            [self.titles[index] for index in chosen],
            [self.texts[index] for index in chosen],
            None if self.labels is None else [self.labels[index] for index in chosen],
            self.exclusive,
            None if self.summaries is None else [self.summaries[index] for index in chosen],
            list(self.skipped),
            self.columns,
            list(self.skipped_ids),
            [bisect_left(in_order, article) for article in self.skipped_before],
        )


def together(parts: Sequence[Articles]) -> Articles:
    """Articles of several sources as one, in the order given; labels and summaries where every source has them."""
    if len(parts) == 1:
        return parts[0]
    labels = [row for part in parts for row in part.labels or ()]
    summaries = [row for part in parts for row in part.summaries or ()]
    return Articles(
        BETWEEN.join(part.name for part in parts),
        [row for part in parts for row in part.rows],
        [number for part in parts for number in part.ids],
        [title for part in parts for title in part.titles],
        [text for part in parts for text in part.texts],
        labels if all(part.labels is not None for part in parts) else None,
        all(part.exclusive for part in parts),
        summaries if all(part.summaries is not None for part in parts) else None,
        [skipped for part in parts for skipped in part.skipped],
        {kind: column for part in reversed(parts) for kind, column in part.columns.items()},
        skipped_ids=[called for part in parts for called in part.skipped_ids],
        skipped_before=[
            sum(map(len, parts[:place])) + before for place, part in enumerate(parts) for before in part.skipped_before
        ],
    )


def read_articles(
    data: str | Path,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    labels_column: str | None = None,
    summary_column: str | None = None,
    labels_separator: str | None = None,
    need: Collection[str] = (),
    limit: int | None = None,
    strict: bool = False,
) -> Articles:
    """Read articles; a row that cannot be used is left out and noted in `skipped`.

    Args:
        data: a csv, tsv, json, jsonl or parquet file (the text formats also as .gz, .bz2, .xz or .zst), a
            folder of .txt files or of data files, which may be named by split, or a hub id with an optional
            configuration (`cnn_dailymail:3.0.0`); each with an optional `#split` in the slicing syntax of
            `datasets`, such as `#test` or `#train[:100]`.
        text_column: the column of the text, where it has none of the usual names; so for the other columns.
        title_column: the column of the headline.
        labels_column: the column of the topics: a string, a class number or a list per cell.
        summary_column: the column of the reference summary; a list of sentences is joined by newlines.
        labels_separator: what stands between the labels of a cell that is a string; without one it is one label.
        need: what must be there: "labels", "summaries", "titles".
        limit: keep at most so many articles, the first ones.
        strict: leave a row out for an unusable cell in any column, not only in those that are named or needed.

    Raises:
        DataError: nothing usable is there; the message names the file, the column and the way out.
    """
    if not set(need) <= NEEDS.keys():
        raise ValueError(f"need={sorted(need)}: expected some of {', '.join(NEEDS)}")
    if limit is not None and limit < 1:
        raise DataError(f"{data}: limit {limit}, expected at least 1 article.")
    table = open_source(str(data))
    named = {"text": text_column, "title": title_column, "labels": labels_column, "summary": summary_column}
    required = {"text"} | {NEEDS[part] for part in need}
    found = {
        kind: cells.find_column(table.name, table.columns, kind, named=column, required=kind in required)
        for kind, column in {**named, "id": None}.items()
    }
    columns = {kind: column for kind, column in found.items() if column is not None}
    _refuse_doubles(table, columns)
    log.info("%s: %s.", table.name, _columns_in_words(table.columns, columns))
    watched = set(columns) if strict else required | {kind for kind, column in named.items() if column}
    articles = _collect(table, columns, watched, limit, labels_separator)
    for kind, values in (("labels", articles.labels), ("summary", articles.summaries), ("title", articles.titles)):
        if kind in required and not any(values or ()):
            raise DataError(f"{table.name}: column {columns[kind]!r} is empty in every row; expected {kind}.")
    if articles.skipped:
        first = "row {}: {}".format(*articles.skipped[0])
        log.warning("%s: rows left out: %d; the first is %s.", table.name, len(articles.skipped), first)
    return articles


def _refuse_doubles(table: Table, columns: Mapping[str, str]) -> None:
    """Two columns of the same name are refused where one of them would be read.

    Raises:
        DataError: there are such; the message says where they stand.
    """
    for kind, column in columns.items():
        places = [str(place) for place, name in enumerate(table.columns, 1) if name == column]
        if len(places) > 1:
            raise DataError(
                f"{table.name}: columns {' and '.join(places)} are both named {column!r}, expected one column of "
                f"{kind} with this name. Rename or remove the other."
            )


def _columns_in_words(there: Sequence[str], columns: Mapping[str, str]) -> str:
    """Which column is read as what, and which others might have been meant."""
    parts = []
    for kind in ("text", "title", "labels", "summary"):
        others = [name for name in there if name.strip().lower() in cells.USUAL[kind] and name not in columns.values()]
        if kind in columns:
            also = f" (not {', '.join(map(repr, others))})" if others else ""
            parts.append(f"{kind} from {columns[kind]!r}{also}")
    return ", ".join(parts) + ("" if "title" in columns else ", no title")


def _collect(
    table: Table, columns: Mapping[str, str], strict: Collection[str], limit: int | None, separator: str | None
) -> Articles:
    """The usable rows as articles.

    An unusable cell leaves its row out in the `strict` columns and counts as empty in the others. Rows beyond
    the limit are looked at for the form of their labels alone.
    """
    articles = Articles(table.name, [], [], [], [])
    labels: list[list[str]] = []
    summaries: list[str | None] = []
    exclusive = True
    whole = truths = True
    names = table.class_names.get(columns.get("labels", ""))
    for row, content in table.read(list(dict.fromkeys(columns.values()))):
        full = limit is not None and len(articles) >= limit
        if full and "labels" not in columns:
            break
        try:
            if isinstance(content, str):
                raise ValueError(content)
            parsed = _parse(content, columns, strict, names, separator)
        except ValueError as error:
            if not full:
                reason = f"{table.place(row)}: {error}" if table.place else str(error)
                articles.skipped.append((row, reason))
                articles.skipped_before.append(len(articles))
                id_ = cells.short_cell(content.get(columns.get("id", ""))) if isinstance(content, Mapping) else None
                articles.skipped_ids.append(id_ or _unnamed(row, columns))
            continue
        exclusive = exclusive and not parsed.listed
        whole = whole and all(map(cells.is_whole_number, parsed.labels))
        truths = truths and all(map(cells.is_truth, parsed.labels))
        if not full:
            articles.rows.append(row)
            articles.ids.append(parsed.id or _unnamed(row, columns))
            articles.titles.append(parsed.title)
            articles.texts.append(parsed.text)
            labels.append(parsed.labels)
            summaries.append(parsed.summary)
    if not articles.texts:
        shown = "; ".join(f"row {row}: {reason}" for row, reason in articles.skipped[:3]) or "there are no rows"
        raise DataError(f"{table.name}: none of {len(articles.skipped)} rows holds a usable article ({shown}).")
    if truths:
        labels = [list(dict.fromkeys(map(str.lower, row))) for row in labels]
    if whole:
        labels = [[cells.without_decimals(label) for label in row] for row in labels]
    return replace(
        articles,
        columns=dict(columns),
        labels=labels if "labels" in columns else None,
        exclusive=exclusive,
        summaries=summaries if "summary" in columns else None,
    )


def _unnamed(row: int, columns: Mapping[str, str]) -> str:
    """What a row without an id is called: never as another row is."""
    return f"row {row}" if "id" in columns else str(row)


class _Parsed(NamedTuple):
    id: str | None
    title: str | None
    text: str
    labels: list[str]
    listed: bool
    summary: str | None


def _parse(
    content: Mapping[str, Any],
    columns: Mapping[str, str],
    strict: Collection[str],
    names: Sequence[str] | None,
    separator: str | None,
) -> _Parsed:
    def parsed(kind: str, parse: Callable[[Any], T], otherwise: T) -> T:
        if kind not in columns:
            return otherwise
        try:
            return parse(content.get(columns[kind]))
        except ValueError as error:
            if kind in strict:
                raise ValueError(f"column {columns[kind]!r}: {error}") from error
            return otherwise

    text = parsed("text", cells.text_cell, None)
    if text is None:
        raise ValueError(f"column {columns['text']!r}: empty text")
    unlabelled: tuple[list[str], bool] = [], False
    labels, listed = parsed("labels", lambda cell: cells.label_cell(cell, names, separator), unlabelled)
    summary = parsed("summary", cells.text_cell, None)
    id_, title = parsed("id", cells.short_cell, None), parsed("title", cells.short_cell, None)
    return _Parsed(id_, title, text, labels, listed, summary.strip() if summary else None)


def fingerprint(articles: Articles) -> str:
    """SHA-256 over ids, titles, texts, labels and summaries: the same for equal articles in equal order."""
    digest = hashlib.sha256()
    for index, text in enumerate(articles.texts):
        row = (
            articles.ids[index],
            articles.titles[index],
            text,
            None if articles.labels is None else articles.labels[index],
            None if articles.summaries is None else articles.summaries[index],
        )
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()


def describe_labels(articles: Articles) -> str:
    """The labels in words: "17 labels, multi-label, 1.69 per story, the dominant one first"; rows that have none."""
    if articles.labels is None:
        return "no labels"
    labelled = [labels for labels in articles.labels if labels]
    n_labels = len({label for labels in labelled for label in labels})
    words = f"{n_labels} label{'' if n_labels == 1 else 's'}, "
    if articles.exclusive:
        words += "one per story"
    else:
        words += f"multi-label, {sum(map(len, labelled)) / max(1, len(labelled)):.2f} per story"
        words += ", the dominant one first" if ranked(labelled) else ""
    bare = len(articles) - len(labelled)
    return words + (f", {bare} {'story' if bare == 1 else 'stories'} without" if bare else "")
