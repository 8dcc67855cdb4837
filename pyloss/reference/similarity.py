"""Angles between vectors along an axis, and distances."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, zero


def _scaled(x: Array, axis: int) -> tuple[Array, Array, Array]:
    """x / s and its length, for a power of two s near the largest entry (0 for the zero vector): squares would overflow for 1e200."""
    top = np.abs(x).max(axis=axis, keepdims=True, initial=0.0)
    scale = np.where(top == 0, 0.0, np.ldexp(1.0, np.frexp(top)[1] - 1))
    x = ratio(x, scale)
    return x, scale, np.sqrt((x * x).sum(axis=axis, keepdims=True))


def cosine(a: Array, b: Array, axis: int) -> Array:
    """a.b / (|a| |b|); 0 if either vector is zero."""
    (a, _, norm_a), (b, _, norm_b) = _scaled(a, axis), _scaled(b, axis)
    return np.clip(ratio((a * b).sum(axis=axis, keepdims=True), norm_a * norm_b), -1, 1)


@oracle
def cosine_distance(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """1 - y.p / (|y| |p|); value 0 and derivative 0 if either vector is zero."""
    y, p = floats(y_true)[0], floats(y_pred)[0]
    (v, scale_y, norm_y), (u, scale, norm) = _scaled(y, axis), _scaled(p, axis)
    c = cosine(y, p, axis)
    zero = ((scale == 0) | (scale_y == 0)) & ~np.isnan(c)
    value = np.where(zero, 0.0, 1 - c)
    grad = np.where(zero, 0.0, (c * u / norm - v / norm_y) / norm / scale)
    return Result(value.squeeze(axis), grad, None)


@oracle
def hinge_embedding(y_true: ArrayLike, y_pred: ArrayLike, *, margin: float = 1.0) -> Result:
    """p for the label 1, max(0, margin - p) for -1, for which 0 stands too; derivative 1, and -1 where p < margin, else 0."""
    y, p = floats(y_true, y_pred)
    nothing = zero(y) + zero(p)
    value = np.where(y > 0, p, np.maximum(0, margin - p)) + nothing
    return Result(value, np.where(y > 0, 1.0, np.where(p < margin, -1.0, 0.0)) + nothing, nothing)
