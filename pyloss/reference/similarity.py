"""Angles between vectors along an axis, and distances."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, zero


def _unit(x: Array, axis: int) -> tuple[Array, Array, Array]:
    """x / |x| (0 for the zero vector), and |x| as two factors: its square would overflow for 1e200."""
    scale = np.abs(x).max(axis=axis, keepdims=True, initial=0.0)
    x = ratio(x, scale)
    norm = np.sqrt((x * x).sum(axis=axis, keepdims=True))
    return ratio(x, norm), scale, norm


@oracle
def cosine_distance(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """1 - y.p / (|y| |p|); value 0 and derivative 0 if either vector is zero."""
    v, scale_y, _ = _unit(floats(y_true)[0], axis)
    u, scale, norm = _unit(floats(y_pred)[0], axis)
    cosine = np.clip((u * v).sum(axis=axis, keepdims=True), -1, 1)
    zero = ((scale == 0) | (scale_y == 0)) & ~np.isnan(cosine)
    value = np.where(zero, 0.0, 1 - cosine)
    grad = np.where(zero, 0.0, (cosine * u - v) / norm / scale)
    return Result(value.squeeze(axis), grad, None)


@oracle
def hinge_embedding(y_true: ArrayLike, y_pred: ArrayLike, *, margin: float = 1.0) -> Result:
    """p for the label 1, max(0, margin - p) for -1, for which 0 stands too; derivative 1, and -1 where p < margin, else 0."""
    y, p = floats(y_true, y_pred)
    nothing = zero(y) + zero(p)
    value = np.where(y > 0, p, np.maximum(0, margin - p)) + nothing
    return Result(value, np.where(y > 0, 1.0, np.where(p < margin, -1.0, 0.0)) + nothing, nothing)
