"""A batch against itself: the whole matrix of similarities, and each positive pair one by one."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, counting, floats, oracle, spread


def _cosines(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """The similarities of all rows of one to all of the other, and both arrays of unit vectors; 0 for a zero vector."""
    u, v = (x / np.where((x == 0).all(axis=1), 1.0, np.linalg.norm(x, axis=1))[:, np.newaxis] for x in (a, b))
    return u @ v.T, u, v


def _by_rows(a: Array, u: Array, by_units: Array) -> Array:
    """Through x / |x|; 0 for a zero vector."""
    norms = np.linalg.norm(a, axis=1, keepdims=True)
    grad = by_units - u * (u * by_units).sum(axis=1, keepdims=True)
    by_rows: Array = np.where(norms == 0, 0.0, grad / norms)
    return by_rows


def _softmax(s: Array) -> Array:
    e = np.exp(s - s.max())
    q: Array = e / e.sum()
    return q


@oracle
def nt_xent(
    y_true: ArrayLike, y_pred: ArrayLike, *, temperature: float = 0.5, sample_weight: ArrayLike | None = None
) -> Result:
    """The sum over j of -log(exp s_ij / (exp s_ij + sum exp s_ik)) for each i; j != i of its label, k of other labels.

    A row of weight 0 is no one's positive or negative. The derivatives are those of the sum of values times weights: a row is in the
    values of others, so that no weight can be multiplied to it afterwards.
    """
    (x,), labels = floats(y_pred), np.asarray(y_true)
    w = spread(sample_weight, labels.shape)
    s, u, _ = _cosines(x, x)
    s = s / temperature
    values, by_s = np.zeros(len(x)), np.zeros_like(s)
    for i in np.flatnonzero(w):
        others = np.flatnonzero((labels != labels[i]) & (w != 0))
        for j in np.flatnonzero((labels == labels[i]) & (w != 0)):
            if j == i:
                continue
            one = np.append(others, j)
            q = _softmax(s[i, one])
            values[i] -= np.log(q[-1])
            by_s[i, one] += w[i] * q
            by_s[i, j] -= w[i]
    grad = _by_rows(x, u, (by_s + by_s.T) @ u / temperature)
    return Result(values, np.where(w[:, np.newaxis] == 0, 0.0, grad), None)


@counting("nt_xent")
def _positives(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None, **_: object) -> Array:
    """How many rows of a weight have the label of each, but itself."""
    labels = np.asarray(y_true)
    there = spread(sample_weight, labels.shape) != 0
    positives: Array = ((labels[:, np.newaxis] == labels) & there).sum(axis=1) - 1.0
    return positives


@oracle
def info_nce(
    y_true: None,
    y_pred: tuple[ArrayLike, ArrayLike],
    *,
    temperature: float = 0.07,
    sample_weight: ArrayLike | None = None,
) -> Result:
    """-log softmax(s_i)_i over the similarities of query i to all keys; the derivatives are those of the weighted sum."""
    a, b = floats(*y_pred)
    w = spread(sample_weight, a.shape[:1])
    there = np.flatnonzero(w)
    s, u, v = _cosines(a, b)
    s = s / temperature
    values, by_s = np.zeros(len(a)), np.zeros_like(s)
    for i in there:
        q = _softmax(s[i, there])
        values[i] = -np.log(q[there == i].item())
        by_s[i, there] = w[i] * q
        by_s[i, i] -= w[i]
    by_s /= temperature
    absent = w[:, np.newaxis] == 0
    grads = _by_rows(a, u, by_s @ v), _by_rows(b, v, by_s.T @ u)
    return Result(values, tuple(np.where(absent, 0.0, grad) for grad in grads), None)
