"""Several classes that keep a margin, and the projection onto the simplex."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import times_log, zero
from .multiclass import _one_hot


def _own(t: Array, z: Array, axis: int) -> Array:
    """The score of the label's class, one for each row."""
    own: Array = np.where(t == 0, 0.0, t * z).sum(axis=axis, keepdims=True)
    return own


@oracle
def multiclass_hinge(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """max(0, 1 + the largest z of the other classes - z[label]); where both are equal, the lower class has the maximum."""
    (z,) = floats(y_pred)
    t = _one_hot(y_true, z.shape[axis], axis)
    others = np.where(t == 0, z, -np.inf)
    rival, label = (np.argmax(x, axis=axis, keepdims=True) for x in (others, t))
    lead = others.max(axis=axis, keepdims=True) - _own(t, z, axis) + 1
    winner = np.where((lead > 0) | ((lead == 0) & (rival < label)), rival, label)
    grad = np.zeros_like(z)
    np.put_along_axis(grad, winner, 1.0, axis)
    return Result(np.maximum(0, lead).squeeze(axis), grad - t + zero(lead), np.zeros_like(z) + zero(lead))


@oracle
def multi_margin(y_true: ArrayLike, y_pred: ArrayLike, *, p: int = 1, margin: float = 1.0, axis: int = -1) -> Result:
    """sum max(0, margin - z[label] + z)^p / C over the other of C classes."""
    (z,) = floats(y_pred)
    t = _one_hot(y_true, z.shape[axis], axis)
    own, share = _own(t, z, axis), 1 / z.shape[axis]
    u = np.where(t == 0, np.maximum(0, margin - own + z), zero(own))
    counts = np.where(u > 0, 1.0, u)
    slopes = p * np.where(u > 0, u ** (p - 1), u) * share
    curves = 2 * (p - 1) * counts * share
    sums = (terms.sum(axis=axis, keepdims=True) for terms in (slopes, curves))
    slope, curve = (np.where(t == 0, terms, total) for terms, total in zip((slopes, curves), sums, strict=True))
    return Result((u**p * share).sum(axis=axis), np.where(t == 0, slope, -slope), curve)


def _times_listed(labels: Array, classes: int) -> Array:
    """How often a list names each class before its first -1; NaN if it names what is no class."""
    names = labels[: np.argmax(labels == -1)] if (labels == -1).any() else labels
    known = ((names >= 0) & (names < classes)).all()
    return np.bincount(names.astype(int), minlength=classes).astype(float) if known else np.full(classes, np.nan)


@oracle
def multilabel_margin(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """sum max(0, 1 - z_j + z_i) / C over the labels j of a list, each as often as it is there, and the other classes i."""
    z, lists = (np.moveaxis(array, axis, -1) for array in (floats(y_pred)[0], np.asarray(y_true)))
    classes = z.shape[-1]
    value, grad = np.zeros(z.shape[:-1]), np.zeros_like(z)
    for row in np.ndindex(value.shape):
        times = _times_listed(lists[row], classes)
        listed, others = np.flatnonzero(times), np.flatnonzero(times == 0)
        u = np.maximum(0, 1 - z[row][listed, None] + z[row][None, others])
        slope = np.where(u > 0, 1.0, u) * times[listed, None]
        value[row] = (times[listed, None] * u).sum() / classes + zero(times).sum()
        grad[(*row, others)] = slope.sum(axis=0) / classes
        grad[(*row, listed)] = -slope.sum(axis=1) / classes
    grad = np.moveaxis(grad, -1, axis)
    return Result(value, grad, zero(grad))


def _project(z: Array, axis: int) -> Array:
    """The nearest point of the simplex: with the scores in falling order, the first k are in, as long as 1 + k z_k > their sum."""
    endless = np.isposinf(z)
    alone = endless.sum(axis=axis, keepdims=True) == 1  # a single infinite score takes all
    z = np.where(alone, np.where(endless, 0, -np.inf), z)
    falling = -np.sort(-z, axis=axis)
    sums = falling.cumsum(axis=axis)
    count = np.arange(1, z.shape[axis] + 1).reshape([-1 if d == axis % z.ndim else 1 for d in range(z.ndim)])
    size = (1 + count * falling > sums).sum(axis=axis, keepdims=True)
    tau = (np.take_along_axis(sums, size - 1, axis) - 1) / size
    unknown = np.isnan(z) | (endless & ~alone)
    p: Array = np.where(unknown.any(axis=axis, keepdims=True), np.nan, np.maximum(0, z - tau))
    return p


@oracle
def sparsemax(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """Omega*(z) + Omega(t) - <t, z> for Omega(p) = |p|^2 / 2 on the simplex, whose conjugate is <p, z> - Omega(p) at p = proj(z)."""
    (z,) = floats(y_pred)
    labels = np.ndim(y_true) != z.ndim
    t = _one_hot(y_true, z.shape[axis], axis) if labels else floats(y_true)[0]
    p = _project(z, axis)
    return Result(times_log(p - t, z - (p + t) / 2).sum(axis=axis), p - t, None)
