"""Divergences between two distributions along the class axis."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Result, floats, oracle
from ._textbook import ratio, times_log


@oracle
def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike, *, axis: int = -1) -> Result:
    """sum t (log t - log p), where a term with t = 0 is 0."""
    t, p = floats(y_true, y_pred)
    p = p + 0.0  # -0.0 becomes 0.0, so that t / p has the right sign
    terms = times_log(t, np.log(t)) - times_log(t, np.log(p))
    return Result(terms.sum(axis=axis), -ratio(t, p), ratio(ratio(t, p), p))
