"""Regression: functions of the residual r = y_pred - y_true."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle, spread, weighed
from ._textbook import zero


def _residual(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    y, p = floats(y_true, y_pred)
    return p - y


@oracle
def mse(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """r^2; its mean is the mean squared error."""
    r = _residual(y_true, y_pred)
    return Result(r * r, 2 * r, np.full_like(r, 2))


@oracle
def sse(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """r^2 / 2; its sum is the sum of squared errors, with the factor 1/2."""
    r = _residual(y_true, y_pred)
    return Result(0.5 * r * r, r, np.ones_like(r))


@oracle
def mae(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """|r|; derivative sign(r), 0 at r = 0."""
    r = _residual(y_true, y_pred)
    return Result(np.abs(r), np.sign(r), zero(r))


@oracle
def huber(y_true: ArrayLike, y_pred: ArrayLike, *, delta: float = 1.0) -> Result:
    """r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2)."""
    r = _residual(y_true, y_pred)
    a = np.abs(r)
    value = np.where(a <= delta, 0.5 * r * r, delta * (a - 0.5 * delta))
    hess = np.select([a <= delta, a > delta], [1.0, 0.0], np.nan)
    return Result(value, np.clip(r, -delta, delta), hess)


@oracle
def pinball(y_true: ArrayLike, y_pred: ArrayLike, *, quantile: float = 0.5) -> Result:
    """max(q (y - p), (q - 1) (y - p)); derivative -q below the truth, 1 - q above it, 0 at it."""
    e = -_residual(y_true, y_pred)
    value = np.maximum(quantile * e, (quantile - 1) * e)
    grad = np.select([e > 0, e < 0, e == 0], [-quantile, 1 - quantile, 0.0], np.nan)
    return Result(value, grad, zero(e))


@oracle
def rmse(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> Result:
    """sqrt(sum w r^2 / sum w); derivative w r / (sum w rmse), 0 where rmse = 0."""
    r = _residual(y_true, y_pred)
    w = spread(sample_weight, r.shape)
    total = w.sum()
    value = np.sqrt(weighed(r * r, w).sum() / total)
    flat = total == 0 or value == 0
    grad = np.zeros_like(r) if flat else weighed(r, w) / (total * value)
    return Result(np.asarray(value), grad, None)
