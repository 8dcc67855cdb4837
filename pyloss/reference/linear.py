"""The cross-entropy of a linear layer."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._formulas import silent
from ._result import Result, _counts, floats, reduce
from .multiclass import sparse_cce


@silent
def linear_cce(
    y_true: ArrayLike,
    hidden: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    empty: float = np.nan,
    **parameters: Any,
) -> Result:
    """`sparse_cce` of z = hidden @ weight.T + bias, weighed and reduced; its gradient G by z gives G @ weight by hidden, G.T @ hidden by
    weight and the sum of G over the rows by bias. A row that counts nothing is left out, even if it holds nan."""
    x, w = floats(hidden, weight)
    z = x @ w.T + (0.0 if bias is None else np.asarray(bias, np.float64))
    counts = _counts["sparse_cce"](y_true, z, **parameters)
    rows = sparse_cce(y_true, z, from_logits=True, **parameters)
    value, by_z, _ = reduce(rows, reduction, sample_weight, empty=empty, counts=counts)
    flat = by_z.reshape(-1, len(w))
    vectors = np.where((flat == 0).all(axis=1, keepdims=True), 0.0, x.reshape(len(flat), w.shape[1]))
    return Result(value, (by_z @ w, flat.T @ vectors, flat.sum(axis=0)), None)
