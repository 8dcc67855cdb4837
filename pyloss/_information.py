"""Entropy and cross-entropy of distributions."""

import numpy as np
from numpy.typing import ArrayLike

from ._engine import Plan
from ._loss import Value
from .losses.multiclass import CCE


def cross_entropy(p: ArrayLike, q: ArrayLike) -> Value:
    """Cross-entropy -sum p log q of the distribution q under p, in nats, over the last axis; 0 log 0 is 0.

    A float for two distributions; for arrays of them, an array with the last axis gone. Raises as `CCE` does; whole numbers are
    probabilities here, not labels.
    """
    value = Plan(CCE(reduction="none"), "cce", parameters=(0.0,), rowwise=True).value(p, q)
    return value if np.ndim(value) else float(value)


def entropy(p: ArrayLike) -> Value:
    """Entropy -sum p log p of a distribution, in nats, over the last axis; 0 log 0 is 0. See `cross_entropy`."""
    return cross_entropy(p, p)
