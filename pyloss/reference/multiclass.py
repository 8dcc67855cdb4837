"""One of several classes: a row of probabilities or logits along the class axis."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, times_log


def _log_softmax(z: Array, axis: int) -> Array:
    """z - log sum exp z, shifted by the row's maximum; a single infinite logit takes all, two of them are NaN."""
    infinite = np.isposinf(z)
    single = infinite & (infinite.sum(axis=axis, keepdims=True) == 1)
    shifted = np.where(single, 0.0, z - z.max(axis=axis, keepdims=True))
    log_sum: Array = np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted - log_sum


def _one_hot(labels: ArrayLike, classes: int, axis: int) -> Array:
    """1 at the label, 0 elsewhere; a label that names no class makes its row NaN."""
    hot = np.expand_dims(np.asarray(labels), -1) == np.arange(classes)
    rows = np.where(hot.any(axis=-1, keepdims=True), hot, np.nan)
    return np.moveaxis(rows, -1, axis)


@oracle
def cce(y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False, eps: float = 0.0, axis: int = -1) -> Result:
    """-sum T log(p + eps), with 0 log 0 = 0; from logits p = softmax(z) and eps is 0.

    T is `y_true` where the shapes are equal. Where `y_true` lacks the class axis it holds labels: T is 1 at the label,
    and of the probabilities only the label's is read.
    """
    (p,) = floats(y_pred)
    labels = np.ndim(y_true) != p.ndim
    t = _one_hot(y_true, p.shape[axis], axis) if labels else floats(y_true)[0]
    if from_logits:
        log_p = _log_softmax(p, axis)
        q, total = np.exp(log_p), t.sum(axis=axis, keepdims=True)
        grad, hess = total * q - t, total * q * (1 - q)
    else:
        p = np.where(labels & (t == 0), 1.0, p) + eps
        log_p = np.log(p)
        grad, hess = -ratio(t, p), ratio(ratio(t, p), p)
    return Result(-times_log(t, log_p).sum(axis=axis), grad, hess)


@oracle
def sparse_cce(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False, eps: float = 0.0, axis: int = -1
) -> Result:
    """-log(p[label] + eps): `cce` for integer labels."""
    return cce(y_true, y_pred, from_logits=from_logits, eps=eps, axis=axis)
