"""The Lovasz extension of the Jaccard loss, as in algorithm 1 of the paper."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._result import Array, Axes, Result, floats, oracle, spread


def _extension(errors: Array, mask: NDArray[np.bool_], weight: Array) -> tuple[float, Array]:
    """The value, and its slopes: what the Jaccard loss of the elements of the k largest errors grows by from k - 1 to k."""
    order = np.argsort(-errors, kind="stable")
    inside, outside = np.where(mask, weight, 0)[order], np.where(mask, 0, weight)[order]
    jaccard = 1 - (inside.sum() - np.cumsum(inside)) / (inside.sum() + np.cumsum(outside))
    slopes = np.empty_like(errors)
    slopes[order] = np.diff(jaccard, prepend=0.0)
    return float(np.dot(np.maximum(errors, 0), slopes)), slopes


def _of_scores(y: Array, p: Array, weight: Array) -> tuple[float, Array]:
    sign = np.where(y > 0, 1.0, -1.0)
    errors = 1 - sign * p
    value, slopes = _extension(errors, y > 0, weight)
    return value, np.where(errors > 0, -sign * slopes, 0.0)


def _of_classes(labels: Array, q: Array, weight: Array) -> tuple[float, Array]:
    """The mean over the classes that are somebody's label."""
    value, grad = 0.0, np.zeros_like(q)
    present = np.unique(labels)
    for k in present:
        mask = labels == k
        part, slopes = _extension(np.abs(mask - q[:, k]), mask, weight)
        value += part / len(present)
        grad[:, k] = np.where(mask, -slopes, slopes) / len(present)
    return value, grad


def _of_logits(labels: Array, z: Array, weight: Array) -> tuple[float, Array]:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    q = e / e.sum(axis=1, keepdims=True)
    value, by_q = _of_classes(labels, q, weight)
    return value, q * (by_q - (q * by_q).sum(axis=1, keepdims=True))


@oracle
def lovasz(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    axis: Axes = None,
    kind: str = "hinge",
    class_axis: int = -1,
    sample_weight: ArrayLike | None = None,
) -> Result:
    """sum e_k (J_k - J_(k-1)) over the falling errors e of each case, J_k = 1 - intersection / union without the first k.

    The errors are 1 - y p, or |1[k == label] - q_k| for each class present, whose losses are averaged.
    """
    (p,) = floats(y_pred)
    y = np.asarray(y_true)
    w = spread(sample_weight, y.shape)
    if kind != "hinge":
        p = np.moveaxis(p, class_axis, -1)
    summed = np.atleast_1d(np.arange(y.ndim) if axis is None else axis) % max(1, y.ndim)
    kept = [place for place in range(y.ndim) if place not in summed]
    shape = tuple(y.shape[place] for place in kept)
    value, grad = np.full(shape, np.nan), np.zeros_like(p)
    formula = {"hinge": _of_scores, "probabilities": _of_classes, "softmax": _of_logits}[kind]
    for index in np.ndindex(shape):
        where: list[int | slice] = [slice(None)] * y.ndim
        for place, i in zip(kept, index, strict=True):
            where[place] = i
        present = w[tuple(where)] != 0
        if present.any():
            part = formula(y[tuple(where)][present], p[tuple(where)][present], w[tuple(where)][present])
            value[index], grad[tuple(where)][present] = part
    return Result(value, grad if kind == "hinge" else np.moveaxis(grad, -1, class_axis), None)
