"""Topic classifiers as estimators of scikit-learn: what `copydesk train topics` does, for texts that are in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.artefact import save_artefact
from models.columns import kind_of, missing
from models.errors import DataError
from models.story import several
from models.topics import TopicModel, counted_f1
from training.cards import model_card
from training.columns import label_cell
from training.data import Articles
from training.evaluation import Report
from training.topics import TopicSettings, train_topics

NAME = "the texts given to fit"


class TopicClassifier(BaseEstimator):  # type: ignore[misc]
    """A topic classifier of either engine: lists of str in, arrays of shape (n_stories, n_labels) out.

        from training import TopicClassifier
        desk = TopicClassifier("fast").fit(texts, labels)
        desk.predict(more)

    Labels are one per story (a list of str or of numbers), several (a list of lists, the dominant one first), or a 0/1
    matrix (n_stories, n_labels); what `predict` returns is of the same kind. It works in `cross_val_score`,
    `GridSearchCV` and `Pipeline`; with several labels a story these want the matrix. What cannot be told from a table
    (titles, files, fine-tuning, a teacher) is for the shell: `copydesk train topics --help`.

    After `fit`: `classes_`, the labels, `(n_labels,)`, in the order of all columns; `model_`, a
    `models.topics.TopicModel`; `report_`, figures on stories held out beside the baselines; `training_`, what
    `training.json` records.
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        engine: str = "standard",
        *,
        encoder: str | None = None,
        held_out: float = 0.1,
        seed: int = 13,
        search: int = 0,
        refit: bool = True,
        background: bool = True,
        cache: str | Path | None = None,
    ) -> None:
        """Store the parameters; they are those of `training.topics.TopicSettings`."""
        self.engine = engine
        self.encoder = encoder
        self.held_out = held_out
        self.seed = seed
        self.search = search
        self.refit = refit
        self.background = background
        self.cache = cache

    def __sklearn_tags__(self) -> Any:
        """A classifier of texts, of one label each or of several."""
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags(multi_label=True)
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.target_tags.required = True
        return tags

    def fit(self, X: Sequence[str], y: Sequence[Any] | NDArray[Any]) -> Self:
        """Learn from labelled stories; a share of them is held out for calibration and the figures.

        Args:
            X: the stories' texts.
            y: their labels, see the class. Stories whose label is None, NaN or an empty list are left out, and counted
                in `report_`.

        Raises:
            DataError: a text or a label is none (the message names its place), the lengths differ, or there are fewer
                than two labels.
        """
        if self.engine not in ("standard", "fast"):
            raise DataError(f"engine {self.engine!r} is unknown; choose standard or fast.")
        texts, cells = _texts(X), _cells(y)
        if len(texts) != len(cells):
            raise DataError(f"X has {len(texts)} texts and y {len(cells)} labels; expected one for each.")
        labels, originals, listed = _from_matrix(cells) if isinstance(cells, np.ndarray) else _from_list(cells)
        rows = list(range(1, len(texts) + 1))
        articles = Articles(
            NAME,
            rows,
            [str(row) for row in rows],
            [None] * len(rows),
            texts,
            labels,
            not listed,
            columns={"text": "X", "labels": "y"},
        )
        settings = TopicSettings(
            self.engine,
            self.encoder,
            self.held_out,
            self.seed,
            Path(self.cache) if self.cache is not None else None,
            self.search,
            refit=self.refit,
            background=self.background,
        )
        self.model_: TopicModel
        self.report_: Report
        self.model_, self.report_, self.training_ = train_topics(articles, settings=settings)
        known = self.model_.classes_
        if isinstance(cells, np.ndarray):
            self.classes_, self._columns = np.arange(cells.shape[1]), [int(label) for label in known]
        else:
            found = np.array([originals[label] for label in known])
            order = np.argsort(found, kind="stable")
            self.classes_, self._columns = found[order], np.argsort(order, kind="stable").tolist()
        self._kind = "matrix" if isinstance(cells, np.ndarray) else "lists" if listed else "single"
        return self

    def predict(self, X: Sequence[str], thresholds: float | Mapping[str, float] | None = None) -> Any:
        """The labels of stories, of the kind that `fit` had.

        Of several labels a story may get none: nothing passes its threshold, or the text is unlike those learnt from.
        Where labels exclude each other the likeliest is returned, as scikit-learn wants one for every row;
        `model_.predict` returns none there too.

        Args:
            X: the stories' texts.
            thresholds: for all labels or some, in place of those that were fitted.
        """
        check_is_fitted(self)
        texts = _texts(X)
        if self._kind == "single":
            return self.classes_[self.predict_proba(texts).argmax(axis=1)]
        given = self.model_.predict(texts, thresholds=thresholds)
        place = {label: column for label, column in zip(self.model_.classes_, self._columns, strict=True)}
        if self._kind == "lists":
            known = self.classes_.tolist()
            return [[known[place[label]] for label in row] for row in given]
        found = np.zeros((len(texts), len(self.classes_)), np.int64)
        for row, names in enumerate(given):
            found[row, [place[name] for name in names]] = 1
        return found

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, `(n_stories, n_labels)` in the order of `classes_`."""
        check_is_fitted(self)
        return self._in_order(self.model_.predict_proba(_texts(X)), 0.0)

    def decision_function(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Raw logits, `(n_stories, n_labels)` in the order of `classes_`, with two labels as well."""
        check_is_fitted(self)
        return self._in_order(self.model_.decision_function(_texts(X)), -np.inf)

    def _in_order(self, values: NDArray[Any], missing_value: float) -> NDArray[np.float64]:
        """Columns in the order of `classes_`; those of a matrix that no story had get `missing_value`."""
        found = np.full((len(values), len(self.classes_)), missing_value)
        found[:, self._columns] = values
        return found

    def score(self, X: Sequence[str], y: Sequence[Any] | NDArray[Any]) -> float:
        """Accuracy where labels exclude each other, else micro-F1; a label that was not learnt counts as missed."""
        found, wanted = self.predict(X), _cells(y)
        if len(found) != len(wanted):
            raise DataError(f"X has {len(found)} texts and y {len(wanted)} labels; expected one for each.")
        if self._kind == "single":
            return float(np.mean([str(a) == str(b) for a, b in zip(found, wanted, strict=True)]))
        if self._kind == "matrix":
            both, sizes = int((found * np.asarray(wanted)).sum()), int(found.sum() + np.asarray(wanted).sum())
            return counted_f1(both, sizes)
        rows = [set(map(str, row)) for row in found], [set(map(str, _listed(cell))) for cell in wanted]
        both = sum(len(a & b) for a, b in zip(*rows, strict=True))
        return counted_f1(both, sum(len(row) for part in rows for row in part))

    def save(self, folder: Path | str) -> None:
        """Write the model as `copydesk train topics --output` does, for `copydesk predict --topics` and the rest."""
        check_is_fitted(self)
        purpose = f"Labels news stories with {len(self.model_.classes_)} topics ({self.engine} engine)."
        command = f"training.TopicClassifier({self.engine!r}).fit(texts, labels)"
        card = model_card("Topic model", purpose, self.training_, self.report_, command=command)
        save_artefact(self.model_.artefact(self.training_, card), folder)


def _texts(stories: Any) -> list[str]:
    """The texts as a list.

    Raises:
        TypeError: it is one text, or a table.
        DataError: one of them is no text.
    """
    texts = list(several(stories, "X"))
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"X: row {row} (from 0): expected a text, found {kind_of(text)}; leave it out, or fill it.")
    return texts


def _cells(labels: Any) -> list[Any] | NDArray[Any]:
    """The labels as a list of Python values, or a 0/1 matrix.

    Raises:
        TypeError: it is one label.
        DataError: a matrix holds something else than 0 and 1.
    """
    if isinstance(labels, str | bytes):
        raise TypeError("y: expected a list of labels, one or several for each text, not a single str.")
    if hasattr(labels, "toarray"):
        labels = labels.toarray()
    table = getattr(labels, "to_numpy", lambda: labels)()
    if isinstance(table, np.ndarray) and table.ndim == 2:
        if not np.isin(table, (0, 1)).all():
            raise DataError("y: a matrix (n_stories, n_labels) must hold 0 and 1 only; several labels go in lists.")
        return table.astype(np.int64)
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in table]


def _listed(cell: Any) -> list[Any]:
    if isinstance(cell, np.ndarray | list | tuple | set | frozenset):
        return sorted(cell) if isinstance(cell, set | frozenset) else list(cell)
    return [] if missing(cell) else [cell]


def _from_matrix(cells: NDArray[Any]) -> tuple[list[list[str]], dict[str, Any], bool]:
    return [[str(column) for column in np.flatnonzero(row)] for row in cells], {}, True


def _from_list(cells: Sequence[Any]) -> tuple[list[list[str]], dict[str, Any], bool]:
    """The labels of each story as str, what each stood for, and whether any story has a list of them."""
    rows: list[list[str]] = []
    originals: dict[str, Any] = {}
    several = False
    for row, cell in enumerate(cells):
        listed = isinstance(cell, np.ndarray | list | tuple | set | frozenset)
        several |= listed
        names: list[str] = []
        for item in _listed(cell):
            try:
                name = "".join(label_cell([item])[0])
            except ValueError as error:
                raise DataError(f"y: row {row} (from 0): {error}.") from error
            if name and name not in names:
                names.append(name)
                originals.setdefault(name, item.strip() if isinstance(item, str) else item)
        rows.append(names)
    return rows, originals, several
