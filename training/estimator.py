"""Topic classifiers as estimators of scikit-learn: what `copydesk train topics` does, for texts that are in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.artefact import save_artefact
from models.columns import kind_of
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
    matrix (n_stories, n_labels), a table's columns named as they are; what `predict` returns is of the same kind. It
    works in `cross_val_score`, `GridSearchCV` and `Pipeline`; with several labels a story these want the matrix. With
    two labels `decision_function` has a column for each, too: a scorer that wants one number a story, such as
    `roc_auc`, is made by `make_scorer(roc_auc_score, response_method="predict_proba")`. What cannot be told from a
    table (titles, files, fine-tuning, a teacher) is for the shell: `copydesk train topics --help`.

    After `fit`: `classes_`, the labels, `(n_labels,)`, in the order of all columns; `model_`, a
    `models.topics.TopicModel`; `report_`, figures on stories held out beside the baselines; `training_`, what
    `training.json` records.
    """

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
            y: their labels, see the class. Stories whose label is None, NaN, an empty list or a row of zeros are left
                out, and counted in `report_`: what belongs under no label needs one of its own.

        Raises:
            DataError: a text or a label is none (the message names its place), the lengths differ, or there are fewer
                than two labels.
        """
        if self.engine not in ("standard", "fast"):
            raise DataError(f"engine {self.engine!r} is unknown; choose standard or fast.")
        if self.search and self.engine != "fast":
            raise DataError("search is for the fast engine; the standard engine's defaults need no search.")
        if (self.encoder or self.cache) and self.engine == "fast":
            raise DataError("encoder and cache are the standard engine's; the fast one has no encoder.")
        self._check_numbers()
        texts, given = _texts(X), _Labels(y)
        _same_length(texts, given.rows)
        rows = list(range(1, len(texts) + 1))
        articles = Articles(
            NAME,
            rows,
            [str(row) for row in rows],
            [None] * len(rows),
            texts,
            given.rows,
            given.kind == "single",
            columns={"text": "X", "labels": "y"},
        )
        settings = TopicSettings(
            self.engine,
            self.encoder,
            float(self.held_out),
            int(self.seed),
            Path(self.cache) if self.cache is not None else None,
            int(self.search),
            refit=self.refit,
            background=self.background,
        )
        self.model_: TopicModel
        self.report_: Report
        self.model_, self.report_, self.training_ = train_topics(articles, settings=settings)
        known = self.model_.classes_
        self._kind, names = given.kind, list(given.originals)
        if self._kind != "matrix":
            found = np.array([given.originals[label] for label in known])
            names = [known[place] for place in np.argsort(found, kind="stable")]
        self.classes_ = np.array([given.originals[name] for name in names])
        self._names, self._columns = names, [names.index(label) for label in known]
        return self

    def _check_numbers(self) -> None:
        """Refuse parameters out of their range.

        Raises:
            DataError: one is; the message names it.
        """
        if not 0 < self.held_out < 1:
            raise DataError(f"held_out: expected a share between 0 and 1, found {self.held_out!r}.")
        for name in ("seed", "search"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
                raise DataError(f"{name}: expected a whole number from 0 up, found {value!r}.")

    def predict(self, X: Sequence[str], thresholds: float | Mapping[str, float] | None = None) -> Any:
        """The labels of stories, of the kind that `fit` had.

        Of several labels a story may get none: nothing passes its threshold, or the text is unlike those learnt from.
        Where labels exclude each other the likeliest is returned, as scikit-learn wants one for every row;
        `model_.predict` returns none there too.

        Args:
            X: the stories' texts.
            thresholds: for all labels or some, in place of those that were fitted; with several labels a story only.

        Raises:
            DataError: a label is unknown, or labels exclude each other.
        """
        check_is_fitted(self)
        texts = _texts(X)
        if self._kind == "single":
            if thresholds is not None:
                raise DataError("thresholds: labels exclude each other, the likeliest is returned; see model_.predict.")
            return self.classes_[self.predict_proba(texts).argmax(axis=1)]
        if isinstance(thresholds, Mapping):
            thresholds = {_name(label) or label: value for label, value in thresholds.items()}
        given = self.model_.predict(texts, thresholds=thresholds)
        place = dict(zip(self.model_.classes_, self._columns, strict=True))
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
        return self._in_order(self.model_.decision_function(_texts(X)), float(np.finfo(np.float32).min))

    def _in_order(self, values: NDArray[Any], missing_value: float) -> NDArray[np.float64]:
        """Columns in the order of `classes_`; those of a matrix that no story had get `missing_value`."""
        found = np.full((len(values), len(self.classes_)), missing_value)
        found[:, self._columns] = values
        return found

    def score(self, X: Sequence[str], y: Sequence[Any] | NDArray[Any]) -> float:
        """Accuracy where labels exclude each other, else micro-F1; a label that was not learnt counts as missed."""
        texts, wanted = _texts(X), _Labels(y)
        _same_length(texts, wanted.rows)
        single = self._kind == "single"
        found = [[self._names[column]] for column in self.predict_proba(texts).argmax(axis=1)] if single else None
        known = dict(zip(wanted.originals, self._names, strict=False)) if self._kind == wanted.kind == "matrix" else {}
        pairs = [
            (set(given), {known.get(label, label) for label in row})
            for given, row in zip(found or self.model_.predict(texts), wanted.rows, strict=True)
        ]
        if single:
            return sum(bool(a & b) for a, b in pairs) / max(1, len(pairs))
        return counted_f1(sum(len(a & b) for a, b in pairs), sum(len(a) + len(b) for a, b in pairs))

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


class _Labels:
    """What `fit` and `score` take for labels.

    Attributes:
        kind: "single", "lists" or "matrix".
        rows: the labels of each story, as the model knows them.
        originals: what each of these was.
    """

    def __init__(self, given: Any) -> None:
        """Read them.

        Raises:
            TypeError: it is one label.
            DataError: one of them is no label, or a matrix holds something else than 0 and 1.
        """
        if given is None or isinstance(given, str | bytes | Mapping):
            found = "a single str" if isinstance(given, str) else kind_of(given)
            raise TypeError(f"y: expected a list of labels, one or several for each text, not {found}.")
        columns = list(getattr(given, "columns", ()))
        table = given.toarray() if hasattr(given, "toarray") else getattr(given, "to_numpy", lambda: given)()
        if isinstance(table, list) and _is_matrix(table):
            table = np.array(table)
        self.rows: list[list[str]] = []
        self.originals: dict[str, Any] = {}
        self.kind = "single"
        if isinstance(table, np.ndarray) and table.ndim == 2 and table.shape[1] == 1:
            table = table.ravel()
        if isinstance(table, np.ndarray) and table.ndim == 2:
            self._read_matrix(table, columns or list(range(table.shape[1])))
        else:
            self._read_list(table)

    def _read_matrix(self, table: NDArray[Any], columns: list[Any]) -> None:
        if not np.isin(table, (0, 1)).all():
            raise DataError("y: a matrix (n_stories, n_labels) must hold 0 and 1 only; several labels go in lists.")
        self.kind, names = "matrix", [_name(column) for column in columns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(
                f"y: several columns of the matrix are called {twice[0]!r}; give each label a name of its own."
            )
        self.originals = dict(zip(names, columns, strict=True))
        self.rows = [[names[column] for column in np.flatnonzero(row)] for row in table.astype(bool)]

    def _read_list(self, cells: Iterable[Any]) -> None:
        for row, cell in enumerate(cells):
            listed = isinstance(cell, np.ndarray | list | tuple | set | frozenset)
            self.kind = "lists" if listed else self.kind
            items = cell if listed else [cell]
            names: dict[str, Any] = {}
            for item in sorted(items, key=str) if isinstance(items, set | frozenset) else items:
                try:
                    name = _name(item)
                except ValueError as error:
                    raise DataError(f"y: row {row} (from 0): {error}.") from error
                if name:
                    names[name] = item.item() if isinstance(item, np.generic) else item
            for name, item in names.items():
                spelled_otherwise = isinstance(item, str) and self.originals.get(name, item) != item
                self.originals[name] = name if spelled_otherwise else self.originals.get(name, item)
            self.rows.append(list(names))


def _name(label: Any) -> str:
    """What the model calls a label; nothing where there is none.

    Raises:
        ValueError: it is no label.
    """
    if type(label).__name__ in ("NAType", "NaTType"):
        return ""
    return "".join(label_cell([label.item() if isinstance(label, np.generic) else label])[0])


def _is_matrix(rows: Sequence[Any]) -> bool:
    """Whether lists are the rows of a 0/1 matrix, not lists of labels that are numbers."""
    sizes = {len(row) if isinstance(row, list | tuple) else 0 for row in rows}
    return len(sizes) == 1 and min(sizes) > 1 and all(item in (0, 1) for row in rows for item in row)


def _same_length(texts: Sequence[Any], labels: Sequence[Any]) -> None:
    if len(texts) != len(labels):
        raise DataError(f"X has {len(texts)} texts and y {len(labels)} labels; expected one for each.")
