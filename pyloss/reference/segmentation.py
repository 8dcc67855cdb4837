"""Overlap of two masks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Axes, Result, floats, oracle, spread, weighed


class _Table(NamedTuple):
    """Weighted sums over the axes, which stay with length 1; and the derivative of min(t, p), which is t at the tie."""

    both: Array
    added: Array
    missing: Array
    neither: Array
    slope: Array
    weight: Array


def _table(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, axis: Axes) -> _Table:
    t, p = floats(y_true, y_pred)
    w = spread(sample_weight, p.shape)
    terms = np.minimum(t, p), np.maximum(p - t, 0), np.maximum(t - p, 0), np.minimum(1 - t, 1 - p)
    both, added, missing, neither = (weighed(term, w).sum(axis=axis, keepdims=True) for term in terms)
    return _Table(both, added, missing, neither, np.select([p < t, p > t], [1.0, 0.0], t), w)


def _result(loss: Array, grad: Array, table: _Table, axis: Axes, undefined: Array, instead: float) -> Result:
    """One value for each case; where it is not defined, another and no gradient."""
    value = np.where(undefined, instead, loss).squeeze(axis)
    return Result(value, weighed(np.where(undefined, 0.0, grad), table.weight), None)


@oracle
def dice(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    smooth: float = 1.0,
    axis: Axes = None,
    sample_weight: ArrayLike | None = None,
) -> Result:
    """1 - (2 I + s) / (P + T + s) with I = sum w min(t, p), P = sum w p, T = sum w t; 0 / 0 counts as 1.

    For t in {0, 1} and p in [0, 1] min(t, p) = t p; for soft targets only the minimum has its lowest loss at p = t.
    """
    table = _table(y_true, y_pred, sample_weight, axis)
    numerator = 2 * table.both + smooth
    denominator = numerator + table.added + table.missing
    grad = (numerator / denominator - 2 * table.slope) / denominator
    return _result(1 - numerator / denominator, grad, table, axis, denominator == 0, 0.0)


@oracle
def jaccard(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    smooth: float = 1.0,
    axis: Axes = None,
    sample_weight: ArrayLike | None = None,
) -> Result:
    """1 - (I + s) / (P + T - I + s) with the sums of `dice`; 0 / 0 counts as 1."""
    table = _table(y_true, y_pred, sample_weight, axis)
    numerator = table.both + smooth
    union = numerator + table.added + table.missing
    grad = (numerator * (1 - table.slope) - table.slope * union) / union**2
    return _result(1 - numerator / union, grad, table, axis, union == 0, 0.0)


@oracle
def tversky(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    gamma: float = 1.0,
    smooth: float = 1.0,
    axis: Axes = None,
    sample_weight: ArrayLike | None = None,
) -> Result:
    """(1 - (TP + s) / (TP + alpha FP + beta FN + s))^gamma; 0 / 0 counts as 1.

    TP = sum w min(t, p), FP = sum w max(p - t, 0), FN = sum w max(t - p, 0).
    """
    table = _table(y_true, y_pred, sample_weight, axis)
    errors = alpha * table.added + beta * table.missing
    size = table.both + errors + smooth
    loss = errors / size
    errors_slope = alpha * (1 - table.slope) - beta * table.slope
    grad = (errors_slope * size - errors * (table.slope + errors_slope)) / size**2
    focus = gamma * loss ** (gamma - 1)
    return _result(loss**gamma, np.where(loss == 0, gamma == 1, focus) * grad, table, axis, size == 0, 0.0)


@oracle
def soft_mcc(
    y_true: ArrayLike, y_pred: ArrayLike, *, axis: Axes = None, sample_weight: ArrayLike | None = None
) -> Result:
    """1 - (TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN)); 0 / 0 counts as 0.

    The sums are those of `tversky`, and TN = sum w min(1 - t, 1 - p).
    """
    table = _table(y_true, y_pred, sample_weight, axis)
    tp, fp, fn, tn, slope, _ = table
    covariance = tp * tn - fp * fn
    spreads = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    covariance_slope = slope * tn - (1 - slope) * tp - (1 - slope) * fn + slope * fp
    spreads_slope = spreads / 2 * (1 / (tp + fp) - 1 / (tn + fn))
    grad = (covariance * spreads_slope / spreads - covariance_slope) / spreads
    return _result(1 - covariance / spreads, grad, table, axis, spreads == 0, 1.0)
