"""Gradient-boosted trees as plain arrays: fitted by scikit-learn, walked by numpy, saved without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.artefact import TENSORS, array
from models.errors import ModelError

Floats = NDArray[np.float32]

MOST_CELLS = 1 << 16
"""Rows times trees walked at once: the working arrays stay in the processor's cache."""
DEEPEST = 12
MOST_TREES = 10_000


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees (Friedman, "Greedy function approximation", 2001), each filled up to a complete binary tree.

    Level by level, the children of node i are 2 i + 1 and 2 i + 2; a row goes right where its feature exceeds the
    threshold. The first n_inner nodes ask, the n_inner + 1 after them answer.

    Attributes:
        features: which feature a node asks for, int16 `(n_trees, n_inner)`, n_inner = 2**depth - 1.
        thresholds: what it is compared with, float32 `(n_trees, n_inner)`.
        values: what each leaf adds, float32 `(n_trees, n_inner + 1)`: to a logit, or in regression to the target.
        base: what there is before the first tree.
        n_features: how many columns a row has.
    """

    features: NDArray[np.int16]
    thresholds: Floats
    values: Floats
    base: float
    n_features: int

    @classmethod
    def fit(
        cls,
        rows: Floats,
        targets: Floats,
        weights: Floats | None = None,
        *,
        regression: bool = False,
        seed: int = 13,
        **settings: Any,
    ) -> Self:
        """Fit with scikit-learn's histogram gradient boosting, in one thread: the same rows make the same trees.

        Args:
            rows: `(n, n_features)`, finite.
            targets: `(n,)`, 0 or 1, both of which occur; any number with `regression`.
            weights: how much each row counts, `(n,)`.
            regression: the trees' sum is the target itself, by least squares, and no logit.
            seed: scikit-learn's, where it draws.
            settings: further parameters of scikit-learn's class; `max_depth` is at most `DEEPEST`.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        made = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        model = made(random_state=seed, early_stopping=False, **settings)
        with threadpool_limits(1):
            model.fit(rows, targets if regression else targets > 0.5, sample_weight=weights)
        nodes = [stage[0].nodes for stage in model._predictors]
        depth = max((int(tree["depth"].max()) for tree in nodes), default=0)
        filled = [_fill(tree, depth) for tree in nodes]
        features, thresholds, values = (np.stack(parts) for parts in zip(*filled, strict=True))
        return cls(features, thresholds, values, float(np.ravel(model._baseline_prediction)[0]), rows.shape[1])

    def logits(self, rows: Floats) -> NDArray[np.float64]:
        """The sum over all trees for each row, `(n,)`; a row's does not depend on the others.

        In regression it is the value predicted.
        """
        trees, inner = self.features.shape
        depth = (inner + 1).bit_length() - 1
        roots = np.arange(trees, dtype=np.int32)
        sums = np.empty(len(rows), np.float64)
        features, thresholds = self.features.ravel().astype(np.int32), self.thresholds.ravel()
        values = self.values.ravel().astype(np.float64)
        step = max(1, MOST_CELLS // max(trees, 1))
        for begin in range(0, len(rows), step):
            part = np.ascontiguousarray(rows[begin : begin + step])
            flat = part.ravel()
            offsets = (np.arange(len(part), dtype=np.int32) * self.n_features)[:, None]
            node = np.zeros((len(part), trees), np.int32)
            for _ in range(depth):
                at = node + roots * inner
                node = 2 * node + 1
                node += flat.take(features.take(at) + offsets) > thresholds.take(at)
            sums[begin : begin + step] = values.take(node - inner + roots * (inner + 1)).sum(axis=1)
        return sums + self.base

    def tensors(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """The trees as they are saved, under names that a prefix may stand before."""
        return {
            f"{prefix}trees.features": self.features,
            f"{prefix}trees.thresholds": self.thresholds,
            f"{prefix}trees.values": self.values,
            f"{prefix}trees.base": np.array([self.base], np.float64),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], n_features: int, prefix: str = "") -> Self:
        """As saved, under names that a prefix may stand before.

        Raises:
            ModelError: a tensor is missing, of another shape, or asks for a feature there is not.
        """
        name = f"{prefix}trees.features"
        features = array(tensors, name, (None, None))
        trees, inner = features.shape
        if inner & (inner + 1) or inner >= 1 << DEEPEST or trees > MOST_TREES:
            raise ModelError(
                f"{TENSORS}: tensor {name!r} has {trees} trees of {inner} nodes; expected at most {MOST_TREES} of "
                "2**depth - 1."
            )
        if features.dtype.kind not in "iu" or (
            features.size and not 0 <= features.min() <= features.max() < n_features
        ):
            raise ModelError(f"{TENSORS}: tensor {name!r} asks for a feature beyond the {n_features} there are.")
        return cls(
            features.astype(np.int16),
            array(tensors, f"{prefix}trees.thresholds", (trees, inner)).astype(np.float32),
            array(tensors, f"{prefix}trees.values", (trees, inner + 1)).astype(np.float32),
            float(array(tensors, f"{prefix}trees.base", (1,))[0]),
            n_features,
        )


def _fill(tree: NDArray[Any], depth: int) -> tuple[NDArray[np.int16], Floats, Floats]:
    """One of scikit-learn's trees as a complete one; an early leaf is repeated under nodes that ask in vain."""
    inner = (1 << depth) - 1
    features = np.zeros(inner, np.int16)
    thresholds = np.zeros(inner, np.float32)
    values = np.zeros(inner + 1, np.float32)
    here = [0]
    for level in range(depth + 1):
        begin = (1 << level) - 1
        below: list[int] = []
        for place, number in enumerate(here):
            node = tree[number]
            if level == depth:
                values[place] = node["value"]
            elif node["is_leaf"]:
                below += [number, number]
            else:
                features[begin + place] = node["feature_idx"]
                thresholds[begin + place] = _at_most(float(node["num_threshold"]))
                below += [int(node["left"]), int(node["right"])]
        here = below
    return features, thresholds, values


def _at_most(value: float) -> np.float32:
    """The largest float32 that is not above a value: float32 rows fall on the same side of it."""
    rounded = np.float32(value)
    return rounded if rounded <= value else np.nextafter(rounded, np.float32(-np.inf))
