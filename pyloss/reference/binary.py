"""Two classes: a probability or a score for each element."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, times_log, zero


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


@oracle
def bce(y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False, eps: float = 0.0) -> Result:
    """-y log(p + eps) - (1 - y) log(1 - p + eps), with 0 log 0 = 0; from logits p = 1 / (1 + exp(-z)) and eps is 0."""
    y, p = floats(y_true, y_pred)
    if from_logits:
        log_p, log_q = -np.logaddexp(0, -p), -np.logaddexp(0, p)
        grad = (1 - y) * _sigmoid(p) - y * _sigmoid(-p)
        hess = _sigmoid(p) * _sigmoid(-p)
    else:
        p, q = p + eps, 1 - p + eps
        log_p, log_q = np.log(p), np.log(q)
        grad = ratio(1 - y, q) - ratio(y, p)
        hess = ratio(ratio(1 - y, q), q) + ratio(ratio(y, p), p)
    return Result(-times_log(y, log_p) - times_log(1 - y, log_q), grad, hess)


@oracle
def hinge(y_true: ArrayLike, y_pred: ArrayLike, *, margin: float = 1.0) -> Result:
    """max(0, margin - y z) for labels -1 and 1, where 0 stands for -1; derivative -y where y z < margin, else 0."""
    y, z = floats(y_true, y_pred)
    y = np.where(y == 0, -1.0, y)
    score = y * z
    grad = np.select([score < margin, score >= margin], [-y, np.zeros_like(y)], np.nan)
    return Result(np.maximum(0, margin - score), grad, zero(score))
