"""What the textbook formulas share."""

import numpy as np

from ._result import Array


def times_log(x: Array, log: Array) -> Array:
    """x log, where 0 times an infinite logarithm counts as 0; NaN stays NaN."""
    return np.where((x == 0) & ~np.isnan(log), 0.0, x * log)


def ratio(x: Array, y: Array) -> Array:
    """x / y, where 0 / 0 counts as 0."""
    return np.where((x == 0) & (y == 0), 0.0, x / y)


def zero(x: Array) -> Array:
    """0 everywhere, but NaN where x is NaN."""
    return np.where(np.isnan(x), x, 0.0)


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))
