"""Two classes: a probability or a score for each element."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, sigmoid, times_log, zero


@oracle
def bce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    eps: float = 0.0,
    pos_weight: float = 1.0,
    label_smoothing: float = 0.0,
) -> Result:
    """-w y log(p + eps) - (1 - y) log(1 - p + eps), with 0 log 0 = 0; from logits p = 1 / (1 + exp(-z)) and eps is 0.

    y is `y_true` smoothed: y (1 - e) + e / 2.
    """
    y, p = floats(y_true, y_pred)
    y = y * (1 - label_smoothing) + label_smoothing / 2
    yes, no = pos_weight * y, 1 - y
    if from_logits:
        log_p, log_q = -np.logaddexp(0, -p), -np.logaddexp(0, p)
        grad = no * sigmoid(p) - yes * sigmoid(-p)
        hess = (yes + no) * sigmoid(p) * sigmoid(-p)
    else:
        p, q = p + eps, 1 - p + eps
        log_p, log_q = np.log(p), np.log(q)
        grad = ratio(no, q) - ratio(yes, p)
        hess = ratio(ratio(no, q), q) + ratio(ratio(yes, p), p)
    return Result(-times_log(yes, log_p) - times_log(no, log_q), grad, hess)


@oracle
def brier(y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False) -> Result:
    """(p - y)^2; from logits p = 1 / (1 + exp(-z)), whose derivatives are w = p (1 - p) and w (1 - 2 p)."""
    y, p = floats(y_true, y_pred)
    if not from_logits:
        return Result((p - y) ** 2, 2 * (p - y), np.full_like(p - y, 2))
    p, q = sigmoid(p), sigmoid(-p)
    w = p * q
    return Result((p - y) ** 2, 2 * (p - y) * w, 2 * w * w + 2 * (p - y) * w * (q - p))


def _label(y: Array) -> Array:
    """A label, where 0 stands for -1."""
    return np.where(y == 0, -1.0, y)


@oracle
def logistic(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """log(1 + exp(-y z)) for labels -1 and 1, where 0 stands for -1."""
    y, z = floats(y_true, y_pred)
    y = _label(y)
    return Result(np.logaddexp(0, -y * z), -y * sigmoid(-y * z), sigmoid(z) * sigmoid(-z))


@oracle
def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike, *, margin: float = 1.0) -> Result:
    """max(0, margin - y z)^2 for labels -1 and 1, where 0 stands for -1; second derivative 2 where y z < margin, else 0."""
    y, z = floats(y_true, y_pred)
    y = _label(y)
    gap = np.maximum(0, margin - y * z)
    return Result(gap**2, -2 * y * gap, np.where(gap > 0, 2.0, zero(gap)))


@oracle
def modified_huber(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """max(0, 1 - y z)^2 where y z >= -1, else -4 y z; for labels -1 and 1, where 0 stands for -1."""
    y, z = floats(y_true, y_pred)
    y = _label(y)
    v = y * z
    pieces = [v >= 1, v >= -1, v < -1]
    value = np.select(pieces, [0 * v, (1 - v) ** 2, -4 * v], np.nan)
    grad = np.select(pieces, [0 * v, -2 * y * (1 - v), -4 * y], np.nan)
    return Result(value, grad, np.select(pieces, [0.0, 2.0, 0.0], np.nan))


@oracle
def perceptron(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """max(0, -y z) for labels -1 and 1, where 0 stands for -1; derivative -y where y z < 0, else 0."""
    y, z = floats(y_true, y_pred)
    y = _label(y)
    score = y * z
    grad = np.select([score < 0, score >= 0], [-y, np.zeros_like(y)], np.nan)
    return Result(np.maximum(0, -score), grad, zero(score))


@oracle
def exponential(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """exp(-y z) for labels -1 and 1, where 0 stands for -1."""
    y, z = floats(y_true, y_pred)
    y = _label(y)
    value = np.exp(-y * z)
    return Result(value, -y * value, value)


@oracle
def hinge(y_true: ArrayLike, y_pred: ArrayLike, *, margin: float = 1.0) -> Result:
    """max(0, margin - y z) for labels -1 and 1, where 0 stands for -1; derivative -y where y z < margin, else 0."""
    y, z = floats(y_true, y_pred)
    y = _label(y)
    score = y * z
    grad = np.select([score < margin, score >= margin], [-y, np.zeros_like(y)], np.nan)
    return Result(np.maximum(0, margin - score), grad, zero(score))
