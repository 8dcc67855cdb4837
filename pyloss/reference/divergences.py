"""Divergences between two distributions along the class axis."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Result, floats, oracle
from ._textbook import ratio, times_log, zero


@oracle
def kl_divergence(
    y_true: ArrayLike, y_pred: ArrayLike, *, log_true: bool = False, log_pred: bool = False, axis: int = -1
) -> Result:
    """sum t (log t - log p), where a term with t = 0 is 0; either may be given by its logarithm."""
    t, p = floats(y_true, y_pred)
    p = p + 0.0  # -0.0 becomes 0.0, so that t / p has the right sign
    log_t, log_p = t if log_true else np.log(t), p if log_pred else np.log(p)
    t = np.exp(t) if log_true else t
    terms = times_log(t, np.where(t == 0, -log_p, log_t - log_p))
    if log_pred:
        return Result(terms.sum(axis=axis), -t + zero(p), zero(p))
    return Result(terms.sum(axis=axis), -ratio(t, p), ratio(ratio(t, p), p))


@oracle
def generalized_kl(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """sum t (log t - x) + exp(x) - t, where x = log p and a term with t = 0 is exp(x)."""
    t, x = floats(y_true, y_pred)
    terms = times_log(t, np.log(t)) - times_log(t, x) + np.exp(x) - t
    return Result(terms.sum(axis=axis), np.exp(x) - t, np.exp(x))


@oracle
def js_divergence(y_true: ArrayLike, y_pred: ArrayLike, *, beta: float = 0.5, axis: int = -1) -> Result:
    """sum beta t log t + (1 - beta) p log p - m log m with m = beta t + (1 - beta) p and 0 log 0 = 0."""
    t, p = floats(y_true, y_pred)
    p = p + 0.0
    m = beta * t + (1 - beta) * p
    terms = beta * times_log(t, np.log(t)) + (1 - beta) * times_log(p, np.log(p)) - times_log(m, np.log(m))
    share = np.where(t == 0, 1 / (1 - beta) + zero(p), ratio(p, m))  # p / m, by its limit where both are 0
    return Result(terms.sum(axis=axis), (1 - beta) * np.log(share), beta * (1 - beta) * ratio(ratio(t, m), p))


@oracle
def total_variation(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """sum |p - t| / 2; derivative sign(p - t) / 2."""
    t, p = floats(y_true, y_pred)
    return Result(np.abs(p - t).sum(axis=axis) / 2, np.sign(p - t) / 2, zero(p - t))
