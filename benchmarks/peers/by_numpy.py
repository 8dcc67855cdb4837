"""NumPy: the twins of numpy_best.py, and in their manner the losses that have none there."""

from functools import partial
from typing import Any

import numpy as np
from cases import Array, Case, Data
from numpy_best import TWINS, Grad, Scratch, Twin

from peers.cells import Calls


def prepare(case: Case, data: Data, threads: int) -> Calls:
    y, p, grad, scratch = data
    loss, function = case.loss, MORE.get(case.form) or TWINS[case.form]

    def value_and_grad(grad: Array | None) -> tuple[float, Grad]:
        return function(loss, y, p, grad, scratch), grad

    return Calls(
        partial(function, loss, y, p, None, scratch),
        partial(value_and_grad, grad),
        lambda: value_and_grad(np.empty(p.shape, p.dtype)),
    )


def log_cosh(loss: Any, y: Array, p: Array, grad: Grad, scratch: Scratch) -> float:
    """|r| + log1p(exp(-2 |r|)) - log 2."""
    r = np.subtract(p, y, scratch.a)
    if grad is not None:
        np.tanh(r, grad)
        grad *= 1 / r.size
    size = np.abs(r, r)
    e = np.multiply(size, -2, scratch.b)
    total = np.log1p(np.exp(e, e), e).sum() + size.sum()
    return total / r.size - np.log(2)


def poisson_nll(loss: Any, y: Array, z: Array, grad: Grad, scratch: Scratch) -> float:
    e = np.exp(z, scratch.a if grad is None else grad)
    value = (e.sum() - y.dot(z)) / z.size
    if grad is not None:
        grad -= y
        grad *= 1 / z.size
    return value


def binary_focal_from_logits(loss: Any, y: Array, z: Array, grad: Grad, scratch: Scratch) -> float:
    """m^2 c, where m is the probability that the truth did not get and c the cross-entropy; gamma is 2."""
    a, b = scratch.a, scratch.b
    p = np.divide(1, np.add(np.exp(np.negative(z, a), a), 1, a), a)
    c = np.logaddexp(0, z, b)
    c -= y * z
    side = 1 - 2 * y
    m = side * p
    m += y
    value = np.square(m).ravel().dot(c) / z.size
    if grad is not None:
        np.subtract(p, y, grad)
        grad *= m
        p *= 1 - p
        c *= p
        c *= side
        c *= 2
        grad += c
        grad *= m
        grad *= 1 / z.size
    return value


MORE: dict[str, Twin] = {twin.__name__: twin for twin in (log_cosh, poisson_nll, binary_focal_from_logits)}
