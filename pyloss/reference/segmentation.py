"""Overlap of two masks."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Result, floats, oracle, spread, weighed


@oracle
def dice(
    y_true: ArrayLike, y_pred: ArrayLike, *, smooth: float = 1.0, sample_weight: ArrayLike | None = None
) -> Result:
    """1 - (2 I + s) / (P + T + s) with I = sum w min(t, p), P = sum w p, T = sum w t; 0 / 0 counts as 1.

    For t in {0, 1} and p in [0, 1] min(t, p) = t p; for soft targets only the minimum has its lowest loss at p = t.
    """
    t, p = floats(y_true, y_pred)
    w = spread(sample_weight, p.shape)
    numerator = 2 * weighed(np.minimum(t, p), w).sum() + smooth
    denominator = weighed(p, w).sum() + weighed(t, w).sum() + smooth
    if w.sum() == 0:
        return Result(np.asarray(np.nan), np.zeros_like(p), None)
    if denominator == 0:
        return Result(np.asarray(0.0), np.zeros_like(p), None)
    slope = np.select([p < t, p > t], [1.0, 0.0], t)
    grad = weighed(numerator / denominator - 2 * slope, w) / denominator
    return Result(np.asarray(1 - numerator / denominator), grad, None)
