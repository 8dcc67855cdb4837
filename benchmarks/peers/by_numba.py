"""numba: the loops that one would write by hand, with fastmath; several threads where there are enough elements.

Constants have the dtype of the data: a bare literal would make everything float64.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numba
import numpy as np
from cases import Array, Case, Data

from peers.cells import PARALLEL_FROM, SOFTMAX, Calls

BLOCK = 4096
"""Elements that are added up in the dtype of the data; 10^7 of them in float32 would not be right to three digits."""

Point = Callable[[Any, Any], tuple[Any, Any]]
"""One truth and one prediction; value and slope."""


def mse(real: type, loss: Any) -> Point:
    two = real(2)
    return lambda y, p: ((p - y) * (p - y), two * (p - y))


def mae(real: type, loss: Any) -> Point:
    return lambda y, p: (abs(p - y), np.sign(p - y))


def huber(real: type, loss: Any) -> Point:
    delta, half = real(loss.delta), real(0.5)

    def point(y: Any, p: Any) -> tuple[Any, Any]:
        r = p - y
        c = min(max(r, -delta), delta)
        return c * (r - half * c), c

    return point


def pinball(real: type, loss: Any) -> Point:
    above, below = real(1 - loss.quantile), real(-loss.quantile)

    def point(y: Any, p: Any) -> tuple[Any, Any]:
        slope = above if p > y else below
        return slope * (p - y), slope

    return point


def log_cosh(real: type, loss: Any) -> Point:
    one, two, log_2 = real(1), real(2), real(np.log(2))

    def point(y: Any, p: Any) -> tuple[Any, Any]:
        r = p - y
        e = np.exp(-two * abs(r))
        return abs(r) + np.log1p(e) - log_2, np.copysign((one - e) / (one + e), r)

    return point


def poisson_nll(real: type, loss: Any) -> Point:
    def point(y: Any, z: Any) -> tuple[Any, Any]:
        e = np.exp(z)
        return e - y * z, e - y

    return point


def bce_from_logits(real: type, loss: Any) -> Point:
    zero, one = real(0), real(1)

    def point(y: Any, z: Any) -> tuple[Any, Any]:
        e = np.exp(-abs(z))
        p = (one if z > zero else e) / (one + e)
        return max(z, zero) - y * z + np.log1p(e), p - y

    return point


def binary_focal_from_logits(real: type, loss: Any) -> Point:
    zero, one, two = real(0), real(1), real(2)

    def point(y: Any, z: Any) -> tuple[Any, Any]:
        e = np.exp(-abs(z))
        p = (one if z > zero else e) / (one + e)
        c = max(z, zero) - y * z + np.log1p(e)
        side = one - two * y
        m = y + side * p
        return m * m * c, m * (m * (p - y) + two * side * p * (one - p) * c)

    return point


def kl_divergence(real: type, loss: Any) -> Point:
    def point(y: Any, p: Any) -> tuple[Any, Any]:
        ratio = y / p
        return y * np.log(ratio), -ratio

    return point


POINTS = {
    point.__name__: point
    for point in (
        mse,
        mae,
        huber,
        pinball,
        log_cosh,
        poisson_nll,
        bce_from_logits,
        binary_focal_from_logits,
        kl_divergence,
    )
}


@cache
def elementwise(form: str, real: type, loss: Any, parallel: bool) -> tuple[Any, Any]:
    point, zero = numba.njit(fastmath=True)(POINTS[form](real, loss)), real(0)

    @numba.njit(fastmath=True)
    def costs(y: Array, p: Array) -> Any:
        total = zero
        for i in range(p.size):
            total += point(y[i], p[i])[0]
        return total

    @numba.njit(fastmath=True)
    def costs_and_slopes(y: Array, p: Array, scale: Any, grad: Array) -> Any:
        total = zero
        for i in range(p.size):
            cost, slope = point(y[i], p[i])
            total += cost
            grad[i] = slope * scale
        return total

    @numba.njit(fastmath=True, parallel=parallel)
    def value(y: Array, p: Array, scale: Any) -> Any:
        total = 0.0
        for start in numba.prange((p.size + BLOCK - 1) // BLOCK):
            block = slice(start * BLOCK, (start + 1) * BLOCK)
            total += costs(y[block], p[block])
        return total * scale

    @numba.njit(fastmath=True, parallel=parallel)
    def value_and_grad(y: Array, p: Array, scale: Any, grad: Array) -> Any:
        total = 0.0
        for start in numba.prange((p.size + BLOCK - 1) // BLOCK):
            block = slice(start * BLOCK, (start + 1) * BLOCK)
            total += costs_and_slopes(y[block], p[block], scale, grad[block])
        return total * scale

    return value, value_and_grad


@cache
def softmax(real: type, parallel: bool) -> tuple[Any, Any]:
    zero = real(0)

    @numba.njit(fastmath=True)
    def largest_of(row: Array) -> Any:
        largest = row[0]
        for j in range(row.size):
            largest = max(largest, row[j])
        return largest

    @numba.njit(fastmath=True, parallel=parallel)
    def value(y: Array, z: Array, scale: Any) -> Any:
        total = 0.0
        for i in numba.prange(len(z)):
            row, largest, sum_ = z[i], largest_of(z[i]), zero
            for j in range(row.size):
                sum_ += np.exp(row[j] - largest)
            total += np.log(sum_) + largest - row[y[i]]
        return total * scale

    @numba.njit(fastmath=True, parallel=parallel)
    def value_and_grad(y: Array, z: Array, scale: Any, grad: Array) -> Any:
        total = 0.0
        for i in numba.prange(len(z)):
            row, slope, largest, sum_ = z[i], grad[i], largest_of(z[i]), zero
            for j in range(row.size):
                e = np.exp(row[j] - largest)
                slope[j] = e
                sum_ += e
            factor = scale / sum_
            for j in range(row.size):
                slope[j] *= factor
            slope[y[i]] -= scale
            total += np.log(sum_) + largest - row[y[i]]
        return total * scale

    return value, value_and_grad


def prepare(case: Case, data: Data, threads: int) -> Calls:
    parallel = threads > 1 and case.elements >= PARALLEL_FROM
    scale = case.dtype(1 / len(data.y_pred))
    if case.form == SOFTMAX:
        only, both = softmax(case.dtype, parallel)
        y, p, grad = data.y_true, data.y_pred, data.grad
    else:
        only, both = elementwise(case.form, case.dtype, case.loss, parallel)
        y, p, grad = data.y_true.ravel(), data.y_pred.ravel(), data.grad.ravel()

    def into(grad: Array) -> tuple[Any, Array]:
        return both(y, p, scale, grad), grad

    return Calls(partial(only, y, p, scale), partial(into, grad), lambda: into(np.empty(p.shape, p.dtype)))
