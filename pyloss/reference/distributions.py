"""Distributions of which two parameters are predicted."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import zero


@oracle
def gaussian_nll(
    y_true: ArrayLike, y_pred: tuple[ArrayLike, ArrayLike], *, full: bool = False, eps: float = 0.0
) -> Result:
    """-log of the normal density, without its constant unless `full`; the variance is at least eps."""
    y, mean, variance = floats(y_true, *y_pred)
    v, r = np.where(variance < eps, eps, variance), mean - y
    value = 0.5 * (np.log(v) + r**2 / v) + (0.5 * np.log(2 * np.pi) if full else 0)
    inside = np.where(variance < eps, 0.0, 1.0)
    return Result(value, (r / v, inside * 0.5 * (1 / v - r**2 / v**2)), (1 / v, inside * (r**2 / v**3 - 0.5 / v**2)))


@oracle
def laplace_nll(y_true: ArrayLike, y_pred: tuple[ArrayLike, ArrayLike]) -> Result:
    """-log of the Laplace density."""
    y, mean, scale = floats(y_true, *y_pred)
    r = mean - y
    grad = (np.sign(r) / scale, 1 / scale - np.abs(r) / scale**2)
    return Result(np.log(2 * scale) + np.abs(r) / scale, grad, (zero(r), 2 * np.abs(r) / scale**3 - 1 / scale**2))


def _normal_distribution(w: Array) -> Array:
    """Phi(w). NumPy has no erf; the complementary one keeps the tail."""
    return np.array([math.erfc(-x / math.sqrt(2)) / 2 for x in w.ravel()]).reshape(w.shape)


@oracle
def crps_normal(y_true: ArrayLike, y_pred: tuple[ArrayLike, ArrayLike]) -> Result:
    """The integral of the squared distance between the forecast's distribution and the step at y."""
    y, mean, std = floats(y_true, *y_pred)
    w = (mean - y) / std
    slope, density = 2 * _normal_distribution(w) - 1, np.exp(-(w**2) / 2) / np.sqrt(2 * np.pi)
    spread = 2 * density - 1 / np.sqrt(np.pi)
    curvature = 2 * density / std
    return Result(std * (w * slope + spread), (slope, spread), (curvature, np.where(density == 0, 0, curvature * w**2)))
