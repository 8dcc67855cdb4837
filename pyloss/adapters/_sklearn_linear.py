"""scikit-learn's loss of linear models, a tile of rows at a time."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ._sklearn_losses import Array, Twin, twin_of
from ._sklearn_threads import one_thread, outruns

TILE = 1 << 18
"""Numbers of the data that stay in a cache between their two products, with the weights and with the gradient.

They are few enough for OpenBLAS to multiply them on this thread: one that waits for others after every tile is slower than scikit-learn
where the processors have anything else to do.
"""

WIDEST = 32
"""Features, times the threads that scikit-learn grants, up to which the loss takes so much of the time that tiles pay even where BLAS would
multiply on many threads."""


def with_tiles(loss_gradient: Callable[..., Any]) -> Callable[..., Any]:
    """The method `loss_gradient` of LinearModelLoss, with one array for predictions and gradients, where the data are dense."""

    @wraps(loss_gradient)
    def patched(
        self: Any,
        coef: Array,
        X: Any,
        y: Array,
        sample_weight: Array | None = None,
        l2_reg_strength: float = 0.0,
        n_threads: int = 1,
        raw_prediction: Array | None = None,
    ) -> tuple[float, Array]:
        twin = twin_of(self.base_loss.closs)
        is_plain = raw_prediction is None and isinstance(X, np.ndarray)
        if twin is None or twin.may_refuse or not is_plain or not outruns(n_threads, len(y)):
            unpatched: tuple[float, Array] = loss_gradient(
                self, coef, X, y, sample_weight, l2_reg_strength, n_threads, raw_prediction
            )
            return unpatched
        weights, intercept = self.weight_intercept(coef)
        rows = _rows_of_tile(X, weights, n_threads)
        with one_thread(rows * weights[..., :1].size):
            value, by_weights, by_intercept = _totals(twin, X, y, sample_weight, weights, intercept, rows)
        total_weight = len(X) if sample_weight is None else np.sum(sample_weight)
        gradient = np.empty(coef.shape, weights.dtype, order="F")
        by_class = gradient.reshape((-1, X.shape[1] + bool(self.fit_intercept)), order="F")
        by_class[:, : X.shape[1]] = by_weights / total_weight + l2_reg_strength * weights
        if self.fit_intercept:
            by_class[:, -1] = by_intercept / total_weight
        return float(value / total_weight) + self.l2_penalty(weights, l2_reg_strength), gradient

    return patched


def _rows_of_tile(X: Array, weights: Array, n_threads: int) -> int:
    """All rows, where there is much to multiply, or BLAS would wait for its threads after every tile."""
    if weights.ndim > 1 or not 0 < X.shape[1] * n_threads <= WIDEST:
        return len(X)
    return min(len(X), int(TILE // X.shape[1]))


def _totals(
    twin: Twin, X: Array, y: Array, sample_weight: Array | None, weights: Array, intercept: Any, rows: int
) -> tuple[float, Array, Array]:
    """The sum of the losses of all rows, and its gradient by the weights and by the intercept; so many rows at a time."""
    classes = weights.shape[:-1]
    value, by_weights, by_intercept = 0.0, np.zeros(weights.shape), np.zeros(classes)
    scratch = np.empty((rows, *classes), X.dtype)
    weights, intercept = np.asarray(weights, X.dtype), np.asarray(intercept, X.dtype)
    for first in range(0, len(X), rows):
        tile = slice(first, first + rows)
        raw = scratch[: len(X[tile])]
        np.matmul(X[tile], weights.T, out=raw)
        raw += intercept
        value += twin.total_and_gradient(y[tile], raw, None if sample_weight is None else sample_weight[tile])
        by_weights += raw.T @ X[tile]
        by_intercept += raw.sum(axis=0)
    return value, by_weights, by_intercept
