"""Pairs and triples: scores in an order, vectors that belong together or do not."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, zero
from .similarity import cosine, cosine_distance


@oracle
def margin_ranking(y_true: ArrayLike, y_pred: tuple[ArrayLike, ArrayLike], *, margin: float = 0.0) -> Result:
    """max(0, margin - y (first - second)) for labels -1 and 1, where 0 stands for -1."""
    y, first, second = floats(y_true, *y_pred)
    y = np.where(y == 0, -1.0, y)
    score = y * (first - second)
    slope = np.select([score < margin, score >= margin], [y, np.zeros_like(y)], np.nan)
    return Result(np.maximum(0, margin - score), (-slope, slope), (zero(score), zero(score)))


@oracle
def cosine_embedding(
    y_true: ArrayLike, y_pred: tuple[ArrayLike, ArrayLike], *, margin: float = 0.0, axis: int = -1
) -> Result:
    """1 - cos for the label 1, max(0, cos - margin) for the label -1, where 0 stands for -1; nothing where a vector is zero."""
    y, first, second = floats(y_true, *y_pred)
    far, by_second, _ = cosine_distance(first, second, axis=axis)
    _, by_first, _ = cosine_distance(second, first, axis=axis)
    directed = np.any(first != 0, axis=axis) & np.any(second != 0, axis=axis)
    nothing = (zero(first) + zero(second)).sum(axis=axis)
    near = np.where(directed, cosine(first, second, axis).squeeze(axis) - margin, nothing)
    value = np.where(y > 0, far, np.maximum(0, near)) + zero(y)
    slope = np.expand_dims(np.where(y > 0, 1.0, np.where(near > 0, -1.0, 0 * near)) + zero(y), axis)
    return Result(value, (slope * by_first, slope * by_second), None)


def _distance(a: Array, b: Array, p: float, axis: int) -> tuple[Array, Array]:
    """The p-norm of a - b, and its derivative by a."""
    difference = a - b
    size = np.abs(difference)
    if np.isinf(p):
        top = size.max(axis=axis, keepdims=True)
        slope = np.sign(difference) * (size == top)
        return top, slope / np.maximum(np.abs(slope).sum(axis=axis, keepdims=True), 1)
    length = (size**p).sum(axis=axis, keepdims=True) ** (1 / p)
    return length, np.sign(difference) * ratio(size, length) ** (p - 1) * (length > 0)


@oracle
def triplet(
    y_true: None,
    y_pred: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    margin: float = 1.0,
    p: float = 2.0,
    swap: bool = False,
    axis: int = -1,
) -> Result:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), where a swap takes the smaller distance from the negative."""
    anchor, positive, negative = floats(*y_pred)
    near, to_near = _distance(anchor, positive, p, axis)
    far, to_far = _distance(anchor, negative, p, axis)
    other, from_positive = _distance(positive, negative, p, axis)
    swapped = swap & (other < far)
    value = near - np.where(swapped, other, far) + margin
    counts = np.where(value > 0, 1.0, 0 * value)
    by_anchor = to_near - np.where(swapped, 0.0, to_far)
    by_positive = -to_near - np.where(swapped, from_positive, 0.0)
    by_negative = np.where(swapped, from_positive, to_far)
    grads = tuple(counts * slope for slope in (by_anchor, by_positive, by_negative))
    return Result(np.maximum(0, value).squeeze(axis), grads, None)
