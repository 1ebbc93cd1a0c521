"""Look for trouble in articles before they train or judge a model: the whole audit, and its cheap part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models.errors import DataError
from training.data import Articles, describe_labels
from training.findings import Finding, hit
from training.label_checks import check_labels
from training.progress import progress
from training.repeats import check_repeats, full_text
from training.summary_checks import check_summaries
from training.text_checks import check_texts


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked for and what was found.

    Attributes:
        data: the data's name.
        rows: how many rows it has, those that cannot be read included.
        described: its labels in words.
        against: other data it was held against, with how many rows each has.
        checks: the names of all checks that were made.
        left_out: checks that could not be made, and why.
        findings: what was found; checks without a finding are not in it.
    """

    data: str
    rows: int
    described: str
    against: dict[str, int]
    checks: list[str]
    left_out: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` writes them."""
        return {
            "data": self.data,
            "rows": self.rows,
            "labels": self.described,
            "against": [{"data": name, "rows": rows} for name, rows in self.against.items()],
            "checks": self.checks,
            "left_out": self.left_out,
            "findings": [finding.to_dict(self.rows) for finding in self.findings],
        }


def audit(articles: Articles, against: Sequence[Articles] = (), *, seed: int = 13) -> Audit:
    """Audit articles, with or without labels and summaries.

    Args:
        articles: the data; read it with `strict=True`, so that unusable cells are reported as such.
        against: other data, such as the other split, that must not hold the same texts.
        seed: of the model that doubts labels.

    Raises:
        DataError: the data is held against itself.
    """
    for other in against:
        if other.name == articles.name:
            raise DataError(f"{other.name}: --against names the audited data itself; pass the other split.")
    with progress("Looking for duplicates", len(articles) + sum(map(len, against))) as advance:
        findings = check_repeats(articles, against, on_progress=advance)
    with progress("Reading texts", len(articles)) as advance:
        findings += check_texts(articles, on_progress=advance)
    findings += check_labels(articles)
    left_out: dict[str, str] = {}
    if articles.labels is not None:
        doubted = _label_errors(articles, seed)
        if isinstance(doubted, str):
            left_out["label-errors"] = doubted
        else:
            findings.append(doubted)
    findings += check_summaries(articles)
    return Audit(
        articles.name,
        len(articles) + len(articles.skipped),
        describe_labels(articles),
        {other.name: len(other) for other in against},
        [finding.check for finding in findings],
        left_out,
        [finding for finding in findings if finding.hits or finding.labels],
    )


def _label_errors(articles: Articles, seed: int) -> Finding | str:
    from training.label_errors import FOLDS, doubtful_labels

    assert articles.labels is not None
    texts = [full_text(articles, place) for place in range(len(articles))]
    with progress("Cross-validating labels", FOLDS + 1) as advance:
        doubts = doubtful_labels(texts, articles.labels, exclusive=articles.exclusive, seed=seed, on_progress=advance)
    if isinstance(doubts, str):
        return doubts
    hits = []
    for doubt in doubts:
        likelier = ", ".join(f"{label!r} ({p:.2f})" for label, p in doubt.likelier[:3])
        note = f"{doubt.given!r} ({doubt.given_probability:.2f})" + (f", looks like {likelier}" if likelier else "")
        hits.append(hit(articles, doubt.position, note))
    advice = "Look through them, the surest come first; a model that had not seen the row contradicts its label."
    return Finding("label-errors", "Labels that look wrong", advice, hits)


def warnings(articles: Articles, validation: Articles | None = None) -> list[str]:
    """The cheap part of an audit, in a line for the data and one for the validation data; none where all is well.

    Takes seconds: duplicates within and between, duplicates that contradict each other, labels of a doubtful form, rows
    without a label.
    """
    against = [] if validation is None or validation.name == articles.name else [validation]
    with progress("Looking for duplicates", len(articles) + sum(map(len, against))) as advance:
        found = {finding.check: finding for finding in check_repeats(articles, against, on_progress=advance)}
    lines = []
    parts = [
        _counted(found["exact-duplicates"], "repeats an earlier one", "repeat an earlier one"),
        _counted(found["near-duplicates"], "nearly repeats one", "nearly repeat one"),
        _counted(
            found["contradicting-duplicates"],
            "is contradicted by a duplicate's label",
            "have duplicates with other labels",
        ),
    ]
    forms = {finding.check: finding for finding in check_labels(articles)}
    for check, one, many in (
        ("joined-labels", "has several labels in one string", "have several labels in one string (--labels-separator)"),
        ("label-spellings", "has a label that is spelt otherwise elsewhere", "have labels spelt otherwise elsewhere"),
        ("placeholder-labels", "has a label that means 'missing'", "have labels that mean 'missing'"),
    ):
        parts += [_counted(forms[check], one, many)] if check in forms else []
    for check, why in (
        ("stray-lists", "with several labels make the whole task multi-label"),
        ("lists-of-one", "are lists of one label, or some are, which makes the task multi-label"),
    ):
        if check in forms and (forms[check].hits or check == "lists-of-one"):
            first = ", ".join(str(stray.row) for stray in forms[check].hits[:3])
            parts.append(f"{forms[check].count:,} (row {first}) {why}" if first else f"the label cells {why}")
    bare = sum(not labels for labels in articles.labels or ())
    parts += [f"{bare:,} {'has' if bare == 1 else 'have'} no label"] if bare else []
    if said := [part for part in parts if part]:
        rows = "row" if len(articles) == 1 else "rows"
        lines.append(f"{articles.name}: of {len(articles):,} {rows} {', '.join(said)}; see 'copydesk audit'.")
    if against and (leaks := found["leaks"].hits):
        held = {other.row for leak in leaks for other in leak.others}
        lines.append(
            f"{against[0].name}: {len(held):,} of {len(validation or ()):,} rows stand in the training data too, or "
            "nearly so: the figures will flatter the model."
        )
    return lines


def _counted(finding: Finding, one: str, many: str) -> str:
    return f"{finding.count:,} {one if finding.count == 1 else many}" if finding.count else ""
