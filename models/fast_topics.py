"""The fast topic engine: words and word pairs into one linear model per label, without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from models.artefact import array
from models.dominance import dominant, foremost, ranked
from models.errors import DataError, ModelError
from models.label_matrix import Bools, check_targets, contrast_of, labels_matrix
from models.label_names import emphasis, named_columns, rare_names
from models.ngrams import NgramVectorizer
from models.word_vectors import Meaning, shipped_vectors
from models.wordhash import hash_words

Floats = NDArray[np.float32]
Progress = Callable[[int, int], None]

STEPS, STEPS_WITH_NAMES = 1_000, 10_000
"""Most passes to fit one label's weights, of which names need more, being short and strong."""
INTERCEPT = "(intercept)"
OTHERS = "(other n-grams)"


class FastTopicClassifier:
    """A linear topic classifier over TF-IDF of words and word pairs, helped by what words mean beforehand.

    The help comes down to weights of words, also of such as the training stories do not have, so that predicting takes
    nothing more, and every logit is the sum of what words and pairs add.

    After `fit`: `classes_`, the labels sorted; `exclusive_`, whether a story has exactly one of them;
    `coef_`, float32 (n_features, n_labels), and `intercept_`, float32 (n_labels,). After `fit_leading` also
    `leading_`, weights of words and intercepts of a second such model, which learnt the dominant labels alone.
    """

    leading_: tuple[Floats, Floats] | None = None

    def __init__(
        self,
        *,
        strength: float = 1.0,
        min_df: int = 2,
        max_words: int = 60_000,
        max_pairs: int = 60_000,
        lead_words: int = 60,
        lead_weight: float = 0.6,
        contrast: float = 0.5,
        further: float = 0.5,
        meaning: float = 0.4,
        naming: float = 16.0,
        seed: int = 13,
    ) -> None:
        """Store the parameters.

        Args:
            strength: how closely the training data is followed (the inverse of the L2 penalty, C).
            min_df: in how many stories a word or pair must occur to be a feature.
            max_words: how many words are features, the commonest.
            max_pairs: how many pairs of neighbouring words are features, the commonest.
            lead_words: how many words at a story's beginning count more.
            lead_weight: how much more each of them weighs, see `NgramVectorizer`.
            contrast: how much more an n-gram that is commoner or rarer in stories of a label counts for it: the power
                of its log-count ratio (Wang and Manning, "Baselines and Bigrams", 2012); 0 treats all alike.
            further: what a story counts for as an example of a label that is not its first, the dominant one; see
                `models.dominance.ranked`.
            meaning: how much what words mean beforehand (`models.word_vectors`) counts beside the words: the length
                that stories' word vectors add up to in the mean, where their words have length 1; 0 leaves them out.
            naming: how many times as much the words of a label's own name count where it has no stories, the less the
                more it has, see `models.label_names`; while it has few, the name is learnt as one more story, too. 1
                treats them as any others.
            seed: orders the solver's steps and the folds of `cross_logits`.
        """
        self.strength = strength
        self.min_df = min_df
        self.max_words = max_words
        self.max_pairs = max_pairs
        self.lead_words = lead_words
        self.lead_weight = lead_weight
        self.contrast = contrast
        self.further = further
        self.meaning = meaning
        self.naming = naming
        self.seed = seed

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        exclusive: bool,
        on_progress: Progress | None = None,
    ) -> Self:
        """Learn from labelled stories.

        Args:
            texts: the stories.
            labels: the labels of each, none or more; exactly one where `exclusive`.
            exclusive: whether a story has exactly one label.
            on_progress: called with how many labels are fitted and how many there are.

        Raises:
            DataError: the lengths differ, there are fewer than two labels in all, a row contradicts
                `exclusive`, or no text holds a word.
        """
        classes, targets = check_targets(texts, labels, exclusive)
        self._ngrams = self._vectorizer().fit(texts)
        if self.meaning:
            self._ngrams.know(shipped_vectors().words)
        self.classes_, self.exclusive_ = classes, exclusive
        features = self._ngrams.transform(texts)
        coef, intercept = self._fit_linear(features, targets, self._weights(labels, classes, targets), on_progress)
        self.coef_ = coef.astype(np.float16).astype(np.float32)
        self.intercept_ = intercept
        return self

    def fit_leading(self, texts: Sequence[str], labels: Sequence[Sequence[str]]) -> Self:
        """Learn, besides, to tell the dominant label of a story from all others; by words alone, which are enough.

        The texts and labels are those that `fit` had, where the order of labels means something
        (`models.dominance.ranked`).
        """
        words = self._ngrams.transform(texts)[:, : len(self.words)]
        coef, intercept = self._fit_linear(words, *self._dominant(labels))
        self.leading_ = coef.astype(np.float16).astype(np.float32), intercept
        return self

    def _dominant(self, labels: Sequence[Sequence[str]]) -> tuple[Bools, Floats]:
        """Which label is a story's dominant one, and that all count alike, (n_stories, n_labels) both."""
        first = foremost(labels, self.classes_)
        return first > 0, np.ones_like(first)

    def leading_logits(self, texts: Sequence[str]) -> Floats | None:
        """What speaks for each label being dominant, float32 (n_stories, n_labels); None before `fit_leading`."""
        if self.leading_ is None:
            return None
        coef, intercept = self.leading_
        return np.asarray(self.features(texts)[:, : len(coef)] @ coef + intercept, np.float32)

    def _vectorizer(self) -> NgramVectorizer:
        return NgramVectorizer(
            min_df=self.min_df,
            max_words=self.max_words,
            max_pairs=self.max_pairs,
            lead_words=self.lead_words,
            lead_weight=self.lead_weight,
        )

    def _weights(self, labels: Sequence[Sequence[str]], classes: Sequence[str], targets: Bools) -> Floats:
        """How much each story counts in learning each label, (n_stories, n_labels)."""
        first = dominant(labels, classes) > 0 if ranked(labels) else targets
        return np.where(targets & ~first, np.float32(self.further), np.float32(1.0))

    def _fit_linear(
        self, features: scipy.sparse.csr_matrix, targets: Bools, weights: Floats, on_progress: Progress | None = None
    ) -> tuple[Floats, Floats]:
        """Weights (n_features, n_labels) and intercepts (n_labels,), each label against the rest."""
        from sklearn.svm import LinearSVC

        coef = np.zeros((features.shape[1], targets.shape[1]), np.float32)
        intercept = np.zeros(targets.shape[1], np.float32)
        wide = features.astype(np.float64)
        meaning = Meaning(wide, self.words, self.meaning) if self.meaning else None
        named, names = self._named(targets, wide.shape[1])
        meant = [meaning.of(part) if meaning is not None else None for part in (wide, names)]
        for label in range(targets.shape[1]):
            truth = targets[:, label]
            if truth.all() or not truth.any():
                intercept[label] = 1.0 if truth.all() else -1.0
            else:
                scale = contrast_of(wide, truth, self.contrast)
                if (times := emphasis(int(truth.sum()), self.naming)) > 1:
                    words = named_columns(self.classes_[label], self._ngrams)
                    scale[words[words < len(scale)]] *= times
                told, counts, steps = _scaled(wide, scale, meant[0]), weights[:, label], STEPS
                if label in named:
                    told = scipy.sparse.vstack([told, _scaled(names, scale, meant[1])], format="csr")
                    truth = np.append(truth, [column == label for column in named])
                    counts, steps = np.append(counts, np.ones(len(named), np.float32)), STEPS_WITH_NAMES
                model = LinearSVC(C=self.strength, random_state=self.seed, max_iter=steps)
                model.fit(told, truth, sample_weight=counts)
                coef[:, label], intercept[label] = model.coef_[0, : len(scale)] * scale, model.intercept_[0]
                if meaning is not None:
                    known, beside = meaning.in_words(model.coef_[0, len(scale) :])
                    coef[: len(known), label] += known
                    intercept[label] += beside
            if on_progress is not None:
                on_progress(label + 1, targets.shape[1])
        return coef, intercept

    def _named(self, targets: Bools, width: int) -> tuple[list[int], scipy.sparse.csr_matrix]:
        """The columns of labels that are rare and whose names have known words, and these as stories."""
        named = rare_names(self.classes_, targets.sum(axis=0)) if self.naming > 1 else {}
        names = self._ngrams.transform(list(named.values()))[:, :width].astype(np.float64)
        known = np.diff(names.indptr) > 0
        return np.array(list(named), np.int64)[known].tolist(), names[known]

    def cross_logits(
        self,
        texts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        folds: int = 5,
        more: tuple[Sequence[str], Sequence[Sequence[str]]] = ((), ()),
    ) -> Floats:
        """Logits of each story from a model not trained on it, (n_stories, n_labels) in `classes_` order.

        They serve to calibrate without validation data. The folds are stratified by the stories' first label.
        The model must be fitted, lends its vocabulary, and stays as it is.

        Args:
            texts: the stories.
            labels: the labels of each.
            folds: how many models are fitted.
            more: texts and labels that every one of them learns from as well.

        Raises:
            DataError: a label is not one of `classes_`, or there are fewer stories than folds.
        """
        every = [*labels, *more[1]]
        targets = labels_matrix(every, self.classes_)
        weights = self._weights(every, self.classes_, targets)
        return self._crossed(self._ngrams.transform([*texts, *more[0]]), targets, weights, labels, folds)

    def cross_leading(
        self,
        texts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        folds: int = 5,
        more: tuple[Sequence[str], Sequence[Sequence[str]]] = ((), ()),
    ) -> Floats:
        """As `cross_logits`, of `leading_logits`."""
        words = self._ngrams.transform([*texts, *more[0]])[:, : len(self.words)]
        return self._crossed(words, *self._dominant([*labels, *more[1]]), labels, folds)

    def _crossed(
        self,
        features: scipy.sparse.csr_matrix,
        targets: Bools,
        weights: Floats,
        labels: Sequence[Sequence[str]],
        folds: int,
    ) -> Floats:
        """Logits of the first rows, those of `labels`, each from a model that learnt from other rows."""
        n = len(labels)
        if folds < 2 or n < folds:
            raise DataError(f"{folds} folds need as many stories and at least 2; got {n} stories.")
        parts = np.full(features.shape[0], -1)
        parts[:n] = stratified_folds([row[0] if len(row) else "" for row in labels], folds, self.seed)
        logits = np.zeros((n, targets.shape[1]), np.float32)
        for part in range(folds):
            held = parts == part
            coef, intercept = self._fit_linear(features[~held], targets[~held], weights[~held])
            logits[held[:n]] = features[held] @ coef + intercept
        return logits

    def decision_function(self, texts: Sequence[str]) -> Floats:
        """Logits, float32 (n_stories, n_labels); a story of unknown words has the intercepts alone."""
        return np.asarray(self.features(texts) @ self.coef_ + self.intercept_, np.float32)

    def features(self, texts: Sequence[str]) -> scipy.sparse.csr_matrix:
        """What the logits are sums over, `(n_stories, n_features)`."""
        return self._ngrams.transform(texts)

    @property
    def words(self) -> list[str]:
        """The words that the first columns of `features` stand for."""
        return self._ngrams.words_

    @property
    def n_features(self) -> int:
        """Columns of `features`."""
        return self._ngrams.n_features

    def strangeness(self, texts: Sequence[str]) -> Floats:
        """The share of each story's words that the model does not know, `(n_stories,)`; 0 for a story without words."""
        return self._ngrams.unknown(texts)

    def explain(self, text: str, label: str, top: int = 10) -> list[tuple[str, float]]:
        """What each word and pair of a story adds to a label's logit, the largest in size first.

        The last two entries are the sum of those not listed, where there are any, and the intercept: all
        entries together sum to the logit.

        Raises:
            ValueError: the label is unknown.
        """
        if label not in self.classes_:
            known = ", ".join(map(repr, self.classes_))
            raise ValueError(f"unknown label {label!r}; the model knows {known}")
        column = self.classes_.index(label)
        row = self._ngrams.transform([text])
        parts = row.data.astype(np.float64) * self.coef_[row.indices, column]
        order = np.argsort(-np.abs(parts), kind="stable")
        listed = [(self._ngrams.name(int(row.indices[i])), float(parts[i])) for i in order[:top]]
        if len(order) > top:
            listed.append((OTHERS, float(parts[order[top:]].sum())))
        return [*listed, (INTERCEPT, float(self.intercept_[column]))]

    def contributions(self, passages: Sequence[str]) -> Floats:
        """What each passage of a story adds to the logits, `(n_passages, n_labels)`; the intercepts come on top.

        The weight of a word or pair is shared evenly by its occurrences; a pair belongs where it begins. The passages,
        one a line, are the story: their sum is its `decision_function` less `intercept_`.
        """
        text = "\n".join(passages)
        row = self._ngrams.transform([text])
        begins, columns = self._ngrams.occurrences(text)
        ends = np.cumsum(hash_words(passages).counts)
        passage = np.searchsorted(ends, begins, side="right")
        times = np.bincount(columns, minlength=1)
        weight = np.zeros(len(times))
        weight[row.indices] = row.data / times[row.indices]
        shares = scipy.sparse.csr_matrix((weight[columns], (passage, columns)), (len(passages), len(self.coef_)))
        return np.asarray(shares @ self.coef_.astype(np.float64), np.float32)

    def config(self) -> dict[str, Any]:
        """Parameters, labels and kind, as JSON holds them."""
        parameters = {name: getattr(self, name) for name in vars(FastTopicClassifier())}
        return {"parameters": parameters, "labels": list(self.classes_), "exclusive": self.exclusive_}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What was learned: the vectoriser's tensors, `coef` in float16, `intercept`.

        With `meaning` also `learnt`, int64 (1,): how many of the words, the first, the stories had. After `fit_leading`
        also `leading` (n_words, n_labels) in float16 and `leading_intercept`.
        """
        more: dict[str, NDArray[Any]] = {"learnt": np.array([self._ngrams.n_learnt_])} if self.meaning else {}
        if self.leading_ is not None:
            coef, intercept = self.leading_
            more |= {"leading": coef.astype(np.float16), "leading_intercept": intercept}
        return {**self._ngrams.tensors(), **more, "coef": self.coef_.astype(np.float16), "intercept": self.intercept_}

    @classmethod
    def from_parts(cls, config: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Self:
        """The classifier that `config` and `tensors` came from.

        Raises:
            ModelError: something is missing, malformed or of another shape.
        """
        parameters, classes = config.get("parameters"), config.get("labels")
        usual = vars(cls())
        if not isinstance(parameters, Mapping) or not all(
            name in usual and isinstance(value, int | float) and value >= 0 for name, value in parameters.items()
        ):
            raise ModelError("config of the fast engine: 'parameters' are missing or malformed.")
        if not isinstance(classes, list) or not all(isinstance(label, str) for label in classes):
            raise ModelError("config of the fast engine: 'labels' is not a list of strings.")
        made = cls(**{"meaning": 0.0, "naming": 1.0, **parameters})
        vectorizer = made._vectorizer()
        made._ngrams = NgramVectorizer.from_parts(vectorizer.config(), tensors)
        if made.meaning:
            made._ngrams.n_learnt_ = learnt = int(array(tensors, "learnt", (1,))[0])
            if not 0 <= learnt <= len(made._ngrams.words_):
                raise ModelError(f"tensor 'learnt' is {learnt}, of {len(made._ngrams.words_)} words.")
        made.classes_, made.exclusive_ = list(classes), bool(config.get("exclusive"))
        made.coef_ = array(tensors, "coef", (made._ngrams.n_features, len(classes))).astype(np.float32)
        made.intercept_ = array(tensors, "intercept", (len(classes),)).astype(np.float32)
        if "leading" in tensors:
            coef = array(tensors, "leading", (len(made.words), len(classes))).astype(np.float32)
            made.leading_ = coef, array(tensors, "leading_intercept", (len(classes),)).astype(np.float32)
        return made


def _scaled(
    features: scipy.sparse.csr_matrix, scale: NDArray[np.float64], meant: scipy.sparse.csr_matrix | None
) -> scipy.sparse.csr_matrix:
    """Features times the scale of their columns, and beside them what the words mean."""
    scaled = scipy.sparse.csr_matrix(
        (features.data * scale[features.indices], features.indices, features.indptr), features.shape
    )
    return scaled if meant is None else scipy.sparse.hstack([scaled, meant], format="csr")


def stratified_folds(strata: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """Which fold each row is in, (n_rows,); the rows of a stratum are dealt out in turn after shuffling."""
    generator = np.random.default_rng(seed)
    _, codes = np.unique(np.array(strata, dtype=str), return_inverse=True)
    shuffled = generator.permutation(len(codes))
    dealt = shuffled[np.argsort(codes[shuffled], kind="stable")]
    parts = np.empty(len(codes), np.int64)
    parts[dealt] = np.arange(len(codes)) % folds
    return parts
