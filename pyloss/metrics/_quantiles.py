"""Quantiles of weighted data."""

from math import ceil

import numpy as np

from ._inputs import Array


def quantile(values: Array, weight: Array | None, percent: float) -> float:
    """The least value that has a share of the weight at or below it; where it has exactly that, the middle to the next.

    That is the inverse of the distribution function, averaged where it jumps: for equal weights and 50 the median.
    """
    return _plain_quantile(values, percent) if weight is None else _weighted_quantile(values, weight, percent)


def _plain_quantile(values: Array, percent: float) -> float:
    level, last = percent / 100 * len(values), len(values) - 1
    at = max(0, min(ceil(level) - 1, last))
    after = at if at + 1 - level > np.finfo(values.dtype).eps else min(at + 1, last)
    ordered = np.partition(values, (at, after))
    return float((ordered[at] + ordered[after]) / 2)


def _weighted_quantile(values: Array, weight: Array, percent: float) -> float:
    order = np.argsort(values)
    ordered = weight[order].astype(np.float64)
    shares = np.cumsum(ordered)
    level = percent / 100 * shares[-1]
    if level == 0:
        level = np.nextafter(level, 1)  # what comes first but has no weight is not the least
    last = len(order) - 1
    at = min(int(np.searchsorted(shares, level)), last)
    value = values[order[at]]
    if shares[at] - level > np.finfo(values.dtype).eps:
        return float(value)
    after = min(at + 1, last)
    if ordered[after] == 0:
        after = int(np.searchsorted(shares, shares[at], side="right"))
    return float((value + values[order[after if after <= last else at]]) / 2)
