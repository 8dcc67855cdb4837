"""Entropy and cross-entropy of distributions."""

import numpy as np
from numpy.typing import ArrayLike

from ._engine import Plan
from ._loss import Value
from .losses.multiclass import CCE


class _CrossEntropy(CCE):
    """Whole numbers are no labels."""

    def _make_plan(self) -> Plan:
        return Plan(self, "cce", parameters=(0.0,), rowwise=True)


def cross_entropy(p: ArrayLike, q: ArrayLike) -> Value:
    """Cross-entropy -sum p log q of the distribution q under p, in nats, over the last axis; 0 log 0 is 0.

    A float for two distributions; for arrays of them, an array with the last axis gone. Raises as `CCE` does; whole numbers are
    probabilities here, not labels. What is masked is refused: without some of its probabilities a distribution is none.
    """
    return _cross_entropy("cross_entropy", p, q, "q")


def entropy(p: ArrayLike) -> Value:
    """Entropy -sum p log p of a distribution, in nats, over the last axis; 0 log 0 is 0. See `cross_entropy`."""
    return _cross_entropy("entropy", p, p, "p")


def _cross_entropy(name: str, p: ArrayLike, q: ArrayLike, second: str) -> Value:
    for argument, given in (("p", p), (second, q)):
        if np.ma.is_masked(given):
            raise TypeError(f"{name}: {argument} must not be masked, since a distribution is all of its probabilities")
    try:
        value = _CrossEntropy(reduction="none")(p, q)
    except (TypeError, ValueError) as error:  # in the words of the function that was called
        message, _, _ = str(error).partition(" (write ")
        for theirs, ours in (("cce:", f"{name}:"), ("y_true", "p"), ("y_pred", second)):
            message = message.replace(theirs, ours)
        raise type(error)(message) from None
    return value if np.ndim(value) else float(value)
