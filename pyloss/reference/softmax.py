"""Losses of the softmax's probabilities: sum_k phi(T_k, q_k), from the probabilities themselves or from logits."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import times_log, zero
from .multiclass import _log_softmax, _one_hot

Shape = Callable[[Array, Array, Array], tuple[Array, Array, Array]]
"""Of q, 1 - q and log q: phi, and its first and second derivative by q."""


def _times(x: Array, y: Array) -> Array:
    """x y, where 0 times an infinite number counts as 0; NaN stays NaN."""
    return times_log(x, y)


def _row(y_true: ArrayLike, y_pred: ArrayLike, alpha: Sequence[float] | None, axis: int) -> tuple[Array, Array, Array]:
    """The truth as a distribution times alpha, the predictions, and which of them count."""
    (p,) = floats(y_pred)
    labels = np.ndim(y_true) != p.ndim
    t = _one_hot(y_true, p.shape[axis], axis) if labels else floats(y_true)[0]
    counts = np.broadcast_to(~np.asarray(labels & (t == 0)), p.shape)
    if alpha is not None:
        t = np.moveaxis(np.moveaxis(t, axis, -1) * np.asarray(alpha), -1, axis)
    return t, p, counts


def _of_probabilities(phi: Shape, t: Array, p: Array, counts: Array, axis: int) -> Result:
    p = np.where(counts, p, 0.5)  # with labels only the label's probability is read
    parts = phi(p, 1 - p, np.log(p))
    value, grad, hess = (_times(t, np.where((t == 0) & ~np.isnan(p), 0.0, part)) for part in parts)
    return Result(value.sum(axis=axis), grad, hess)


def _of_logits(phi: Shape, t: Array, z: Array, axis: int) -> Result:
    """By the chain rule: dq_k / dz_j is q_k (1 - q_k) where j = k, else -q_k q_j.

    The terms have both signs and cancel, so that this is done in the longest float there is.
    """
    t, z = t.astype(np.longdouble), z.astype(np.longdouble)
    log_q = _log_softmax(z, axis)
    q, rest = np.exp(log_q), -np.expm1(log_q)
    value, *_ = phi(q, rest, log_q)
    # Beside an infinite logit the others' q is 0, where the derivatives are a limit: there q is a number whose square has an inverse.
    least = np.finfo(np.longdouble).tiny ** np.longdouble(0.25)
    q, log_q = np.where(q == 0, least, q), np.where(q == 0, np.log(least), log_q)
    _, first, second = phi(q, rest, log_q)
    second = np.where(rest == 0, 0.0, second)  # all that it is multiplied with vanishes there, and faster
    u = _times(t * q, first)
    v = u + _times(t * q, _times(q, second))
    total_u, total_v = u.sum(axis=axis, keepdims=True), v.sum(axis=axis, keepdims=True)
    grad = u - q * total_u
    hess = v * (1 - 2 * q) - q * rest * total_u + q**2 * total_v
    values = _times(t, np.where((t == 0) & ~np.isnan(q), 0.0, value)).sum(axis=axis)
    return Result(*(answer.astype(np.float64) for answer in (values, grad, hess)))


@oracle
def categorical_focal(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    gamma: float = 2.0,
    alpha: Sequence[float] | None = None,
    axis: int = -1,
) -> Result:
    """-sum alpha T (1 - p)^gamma log p, with 0 log 0 = 0; from logits p = softmax(z)."""

    def phi(q: Array, rest: Array, log_q: Array) -> tuple[Array, Array, Array]:
        one, two = (rest ** (gamma - k) for k in (1, 2))
        first = gamma * _times(log_q, one) if gamma else np.zeros_like(q)
        bent = 2 * gamma * one / q if gamma else np.zeros_like(q)
        twice = gamma * (1 - gamma) * two * log_q if gamma * (1 - gamma) else np.zeros_like(q)
        return -(rest**gamma) * log_q, first - rest**gamma / q, rest**gamma / q**2 + bent + twice

    t, p, counts = _row(y_true, y_pred, alpha, axis)
    return _of_logits(phi, t, p, axis) if from_logits else _of_probabilities(phi, t, p, counts, axis)


@oracle
def poly1(y_true: ArrayLike, y_pred: ArrayLike, *, epsilon: float = 2.0, axis: int = -1) -> Result:
    """sum T (-log q + epsilon (1 - q)) with q = softmax(z)."""

    def phi(q: Array, rest: Array, log_q: Array) -> tuple[Array, Array, Array]:
        return epsilon * rest - log_q, -1 / q - epsilon, 1 / q**2

    t, z, _ = _row(y_true, y_pred, None, axis)
    return _of_logits(phi, t, z, axis)


@oracle
def generalized_ce(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False, q: float = 0.7, axis: int = -1
) -> Result:
    """sum T (1 - p^Q) / Q for Q = `q`; from logits p = softmax(z)."""

    def phi(p: Array, _: Array, log_p: Array) -> tuple[Array, Array, Array]:
        slope, bend = -(p ** (q - 1)), (1 - q) * p ** (q - 2) if q < 1 else 0.0
        return -np.expm1(q * log_p) / q, slope + zero(p), bend + zero(p)

    t, p, counts = _row(y_true, y_pred, None, axis)
    return _of_logits(phi, t, p, axis) if from_logits else _of_probabilities(phi, t, p, counts, axis)
