"""Regression: functions of the residual r = y_pred - y_true."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle, spread, weighed
from ._textbook import ratio, zero


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


@oracle
def multi_quantile(
    y_true: ArrayLike, y_pred: ArrayLike, *, quantiles: tuple[float, ...] = (0.1, 0.5, 0.9), axis: int = -1
) -> Result:
    """The mean of `pinball` over the quantiles, each with a prediction of its own along the axis."""
    y, p = floats(y_true, y_pred)
    columns = [pinball(y, column, quantile=q) for q, column in zip(quantiles, np.moveaxis(p, axis, 0), strict=True)]
    value, grad, hess = (np.stack(parts, axis) / len(quantiles) for parts in zip(*columns, strict=True))
    return Result(value.sum(axis), grad, hess)


@oracle
def smooth_l1(y_true: ArrayLike, y_pred: ArrayLike, *, beta: float = 1.0) -> Result:
    """r^2 / (2 beta) where |r| < beta, else |r| - beta / 2; the absolute error for beta = 0."""
    r = _residual(y_true, y_pred)
    if beta == 0:
        return mae(y_true, y_pred)
    a = np.abs(r)
    value = np.where(a < beta, 0.5 * r * r / beta, a - 0.5 * beta)
    hess = np.select([a < beta, a >= beta], [1 / beta, 0.0], np.nan)
    return Result(value, np.clip(r / beta, -1, 1), hess)


@oracle
def expectile(y_true: ArrayLike, y_pred: ArrayLike, *, quantile: float = 0.5) -> Result:
    """w r^2 with w = quantile below the truth, else 1 - quantile."""
    r = _residual(y_true, y_pred)
    w = np.select([r < 0, r >= 0], [quantile, 1 - quantile], np.nan)
    return Result(w * r * r, 2 * w * r, 2 * w)


@oracle
def epsilon_insensitive(y_true: ArrayLike, y_pred: ArrayLike, *, epsilon: float = 0.1) -> Result:
    """max(0, |r| - epsilon); derivative sign(r) beyond epsilon, else 0."""
    r = _residual(y_true, y_pred)
    outside = np.abs(r) > epsilon
    return Result(np.maximum(0, np.abs(r) - epsilon), np.where(outside, np.sign(r), zero(r)), zero(r))


@oracle
def squared_epsilon_insensitive(y_true: ArrayLike, y_pred: ArrayLike, *, epsilon: float = 0.1) -> Result:
    """max(0, |r| - epsilon)^2."""
    r = _residual(y_true, y_pred)
    gap = np.maximum(0, np.abs(r) - epsilon)
    return Result(gap**2, 2 * gap * np.sign(r), np.where(gap > 0, 2.0, zero(r)))


@oracle
def mape(y_true: ArrayLike, y_pred: ArrayLike, *, eps: float = 0.0) -> Result:
    """|r| / max(|y|, eps), where 0 / 0 counts as 0."""
    y, p = floats(y_true, y_pred)
    size = np.maximum(np.abs(y), eps)
    return Result(ratio(np.abs(p - y), size), ratio(np.sign(p - y), size), zero(p - y))


@oracle
def smape(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """2 |r| / (|y| + |p|), where 0 / 0 counts as 0."""
    y, p = floats(y_true, y_pred)
    r, total = p - y, np.abs(y) + np.abs(p)
    slope = np.sign(r) * total - np.abs(r) * np.sign(p)
    return Result(
        2 * ratio(np.abs(r), total),
        2 * ratio(slope, total**2),
        -4 * ratio(np.sign(p) * slope, total**3),
    )


@oracle
def msle(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """L^2 with L = log(1 + p) - log(1 + y)."""
    y, p = floats(y_true, y_pred)
    log = np.log1p(p) - np.log1p(y)
    return Result(log**2, 2 * log / (1 + p), 2 * (1 - log) / (1 + p) ** 2)
