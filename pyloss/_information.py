"""Entropy and cross-entropy of distributions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._loss import Value
from .losses.multiclass import CCE

_CROSS_ENTROPY = CCE(reduction="none")


def cross_entropy(p: ArrayLike, q: ArrayLike) -> Value:
    """Cross-entropy -sum p log q of the distribution q under p, in nats, over the last axis; 0 log 0 is 0.

    A float for two distributions; for arrays of them, an array with the last axis gone. Raises ValueError for negative probabilities.
    """
    value: Any = _CROSS_ENTROPY(_distribution(p), _distribution(q))
    return float(value) if value.ndim == 0 else value


def entropy(p: ArrayLike) -> Value:
    """Entropy -sum p log p of a distribution, in nats, over the last axis; 0 log 0 is 0. See `cross_entropy`."""
    return cross_entropy(p, p)


def _distribution(p: ArrayLike) -> np.ndarray[Any, Any]:
    """Whole numbers are probabilities here, not labels."""
    array = np.asanyarray(p)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
