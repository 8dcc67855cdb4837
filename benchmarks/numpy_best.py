"""NumPy at its best: each loss as an expert would write it who cares for speed, and may not leave NumPy.

Ufuncs write into arrays that exist already, sums of products are BLAS dots, nothing is computed twice, and the dtype is
that of the data. A twin computes the function that pyloss computes, with concessions in NumPy's favour: it checks
nothing, knows no weights, adds up in the dtype of the data (a float32 dot of 10^7 terms is good for four digits), takes
either side where the gradient jumps at y_true = y_pred, and relies on it that no logarithm sees 0, that the true
probabilities of a row sum to 1 and that hinge labels are -1 or 1.

A twin has the name of what it computes, a stem or a stem with `_from_logits`. It returns the value, and fills `grad`
unless that is None. A loss that has no twin is timed against its oracle.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import pyloss

Array = NDArray[Any]
Grad = Array | None


class Scratch(NamedTuple):
    """Arrays to compute in, made before the clock starts."""

    a: Array
    b: Array
    inside: NDArray[np.bool_]
    row: Array
    row_sums: Array
    ones: Array
    row_starts: NDArray[np.int64]
    index: NDArray[np.int64]


Twin = Callable[[Any, Array, Array, Grad, Scratch], float]

TWINS: dict[str, Twin] = {}

FEW_CLASSES = 32


def twin(function: Twin) -> Twin:
    TWINS[function.__name__] = function
    return function


def textbook(loss: Any, y_true: Array, y_pred: Array, grad: Grad, scratch: Scratch) -> float:
    """What stands in where nobody has written a twin: the oracle."""
    result = pyloss.reference.evaluate(loss, y_true, y_pred)
    if isinstance(grad, tuple):
        for target, part in zip(grad, result.grad, strict=True):
            target[...] = part
    elif grad is not None:
        grad[...] = result.grad
    return float(result.value)


def twin_of(form: str) -> Twin:
    return TWINS.get(form, textbook)


def scratch_for(y_pred: Array) -> Scratch:
    classes = y_pred.shape[-1]
    rows = y_pred.size // classes
    return Scratch(
        a=np.zeros_like(y_pred),
        b=np.zeros_like(y_pred),
        inside=np.zeros(y_pred.shape, np.bool_),
        row=np.zeros(rows, y_pred.dtype),
        row_sums=np.zeros(rows, y_pred.dtype),
        ones=np.ones(classes, y_pred.dtype),
        row_starts=np.arange(rows) * classes,
        index=np.zeros(rows, np.int64),
    )


def residual(y: Array, p: Array, grad: Grad, scratch: Scratch) -> Array:
    """Computed where the gradient will be."""
    return np.subtract(p, y, scratch.a if grad is None else grad)


@twin
def mse(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    r = residual(y, p, grad, scratch)
    value = r.dot(r) / r.size
    if grad is not None:
        grad *= 2 / r.size
    return value


@twin
def sse(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    r = residual(y, p, grad, scratch)
    return r.dot(r) / 2


@twin
def rmse(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    r = residual(y, p, grad, scratch)
    value = np.sqrt(r.dot(r) / r.size)
    if grad is not None:
        grad *= 1 / (r.size * value)
    return value


@twin
def mae(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    r = np.subtract(p, y, scratch.a)
    if grad is None:
        return np.abs(r, r).sum() / r.size
    np.sign(r, grad)
    value = r.dot(grad) / r.size
    grad *= 1 / r.size
    return value


@twin
def huber(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    r = np.subtract(p, y, scratch.a)
    c = np.clip(r, -loss.delta, loss.delta, scratch.b if grad is None else grad)
    value = (r.dot(c) - c.dot(c) / 2) / r.size
    if grad is not None:
        grad *= 1 / r.size
    return value


@twin
def pinball(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    q = loss.quantile
    r = np.subtract(p, y, scratch.a)
    if grad is None:
        total = r.sum()
        return ((0.5 - q) * total + 0.5 * np.abs(r, r).sum()) / r.size
    np.subtract(np.greater(r, 0, scratch.inside), q, grad, dtype=grad.dtype)
    value = r.dot(grad) / r.size
    grad *= 1 / r.size
    return value


@twin
def hinge(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    gap = np.multiply(y, p, scratch.a)
    np.subtract(loss.margin, gap, gap)
    if grad is not None:
        np.multiply(y, np.greater(gap, 0, scratch.inside), grad)
        grad *= -1 / gap.size
    return np.maximum(gap, 0, out=gap).sum() / gap.size


@twin
def bce(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    q = np.subtract(1, p, scratch.b)
    if grad is not None:
        np.multiply(p, q, scratch.a)
        np.subtract(p, y, grad)
        grad /= scratch.a
        grad *= 1 / p.size
    log_p, log_q = np.log(p, scratch.a), np.log(q, q)
    return (y.dot(log_q) - y.dot(log_p) - log_q.sum()) / p.size


@twin
def bce_from_logits(loss: Any, y: Array, z: Array, grad: Grad, scratch: Scratch) -> float:
    """max(z, 0) is (z + |z|) / 2, and sigmoid(z) - 1/2 is odd: one exp(-|z|) serves the value and the gradient."""
    e = np.copysign(z, -1, scratch.a)
    value = (z.sum() - e.sum()) / 2 - y.dot(z)
    np.exp(e, e)
    value += np.log1p(e, scratch.b).sum()
    if grad is not None:
        e += 1
        np.divide(1, e, e)
        e -= 0.5
        np.copysign(e, z, grad)
        grad -= y
        grad += 0.5
        grad *= 1 / z.size
    return value / z.size


@twin
def dice(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    size = p.sum() + y.sum() + loss.smooth
    part = (2 * np.minimum(y, p, out=scratch.a).sum() + loss.smooth) / size
    if grad is not None:
        np.less(p, y, scratch.inside)
        np.multiply(scratch.inside, -2 / size, grad, dtype=grad.dtype)
        grad += part / size
    return 1 - part


@twin
def cce(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    log_p = np.log(p, scratch.a)
    if grad is not None:
        np.divide(y, p, grad)
        grad *= -1 / len(p)
    return -y.ravel().dot(log_p.ravel()) / len(p)


@twin
def sparse_cce(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    index = np.add(scratch.row_starts, y, scratch.index)
    p_label = p.ravel().take(index)
    if grad is not None:
        grad.fill(0)
        grad.ravel()[index] = np.divide(-1 / len(p), p_label, scratch.row)
    return -np.log(p_label, p_label).sum() / len(p)


@twin
def cce_from_logits(loss: Any, y: Array, z: Array, grad: Grad, scratch: Scratch) -> float:
    shifted = np.subtract(z, row_max(z, scratch)[:, None], scratch.a)
    label_logits = y.ravel().dot(shifted.ravel())
    value = softmax(shifted, grad, scratch) - label_logits
    if grad is not None:
        grad -= y
        grad *= 1 / len(z)
    return value / len(z)


@twin
def sparse_cce_from_logits(loss: Any, y: Array, z: Array, grad: Grad, scratch: Scratch) -> float:
    index = np.add(scratch.row_starts, y, scratch.index)
    shifted = np.subtract(z, row_max(z, scratch)[:, None], scratch.a)
    label_logits = shifted.ravel().take(index).sum()
    value = softmax(shifted, grad, scratch, factor=1 / len(z)) - label_logits
    if grad is not None:
        grad.ravel()[index] -= 1 / len(z)
    return value / len(z)


@twin
def kl_divergence(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    ratio = np.divide(y, p, scratch.a if grad is None else grad)
    log = np.log(ratio, scratch.a)
    if grad is not None:
        grad *= -1 / len(p)
    return y.ravel().dot(log.ravel()) / len(p)


@twin
def cosine_distance(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    squared = row_dots(p, p, scratch, scratch.row_sums)
    norms = np.sqrt(row_dots(y, y, scratch) * squared)
    cosine = row_dots(y, p, scratch) / norms
    if grad is not None:
        np.multiply(p, (cosine / (squared * len(p)))[:, None], grad)
        grad -= np.multiply(y, (1 / (norms * len(p)))[:, None], scratch.a)
    return 1 - cosine.sum() / len(p)


def softmax(shifted: Array, grad: Grad, scratch: Scratch, factor: float = 1) -> float:
    """The sum over rows of log sum exp; softmax times `factor` into `grad`."""
    e = np.exp(shifted, shifted)
    sums = e.dot(scratch.ones, scratch.row_sums)
    value = np.log(sums, scratch.row).sum()
    if grad is not None:
        np.multiply(e, np.divide(factor, sums, sums)[:, None], grad)
    return value


def row_max(z: Array, scratch: Scratch) -> Array:
    """With few classes by columns: `z.max(axis=1)` spends 80 ns on each row, however short."""
    largest = scratch.row
    if z.shape[1] > min(FEW_CLASSES, len(z)):
        return np.maximum.reduce(z, axis=1, out=largest)
    np.copyto(largest, z[:, 0])
    for column in z.T[1:]:
        np.maximum(largest, column, out=largest)
    return largest


def row_dots(x: Array, y: Array, scratch: Scratch, out: Array | None = None) -> Array:
    """By einsum, or, with few classes, a product and a matrix times ones."""
    if x.shape[1] > FEW_CLASSES:
        return np.einsum("ij,ij->i", x, y, out=out)
    return np.multiply(x, y, scratch.a).dot(scratch.ones, out)
