"""The arguments of a regression metric: truths, predictions and weights that fit, and how several outputs are averaged."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._fractions import over_outputs
from ._inputs import FLOAT64, Array, DType, check_finite, check_lengths, divisor, floating_dtype, numbers, weights
from ._streams import Criterion, Plain

AVERAGES = ("raw_values", "uniform_average", "variance_weighted")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Truths and predictions of one axis; of two, if there are several outputs."""

    y_true: Array
    y_pred: Array
    weight: Array | None
    multioutput: Any
    dtype: DType

    @property
    def rows(self) -> int:
        return len(self.y_true)

    @property
    def several(self) -> bool:
        return self.y_true.ndim > 1

    @property
    def divisor(self) -> float:
        """What sums over rows are divided by."""
        return divisor(self.weight, self.rows)

    def check_finite(self) -> None:
        for array in (self.y_true, self.y_pred):
            check_finite(array, dtype=self.dtype)

    def vouched(self, result: Any) -> Any:
        """A result that is finite proves that all data are: so they are looked at only if it is not."""
        if not np.all(np.isfinite(result)):
            self.check_finite()
        return result

    def sum(self, criterion: Criterion | Plain) -> float:
        if criterion.hides:
            self.check_finite()
        result: float = self.vouched(criterion.sum(self.y_true, self.y_pred, self.weight))
        return result

    def column_sums(self, criterion: Criterion | Plain) -> Array:
        if criterion.hides:
            self.check_finite()
        result: Array = self.vouched(criterion.column_sums(self.y_true, self.y_pred, self.weight))
        return result

    def column_means(self, criterion: Criterion | Plain) -> Array:
        return self.column_sums(criterion) / self.divisor

    def mean(self, criterion: Criterion | Plain) -> Any:
        """The mean error; of several outputs, what `multioutput` asks for."""
        if isinstance(self.multioutput, str) and self.multioutput == "uniform_average":
            return self.sum(criterion) / (self.divisor * self.y_true.size / self.rows)
        return over_outputs(self.column_means(criterion), self.multioutput, self.dtype)

    def check_one_output(self, metric: str) -> None:
        if self.several:
            self.check_finite()
            raise ValueError(f"Multioutput not supported in {metric}")

    def check_above(self, least: float, words: str) -> None:
        """Refuse numbers down to one at which the metric ends."""
        if min(self.y_true.min(), self.y_pred.min()) <= least:
            self.check_finite()
            raise ValueError(words)


def outputs(
    y_true: Any, y_pred: Any, sample_weight: Any, multioutput: Any, dtype: DType | None = None, text: bool = True
) -> Outputs:
    """What a regression metric is given, checked but for nan and infinities in the data."""
    dtype = dtype or floating_dtype(y_true, y_pred, sample_weight)
    check_lengths(y_true, y_pred, sample_weight)
    truth, pred = (numbers(array, dtype, text) for array in (y_true, y_pred))
    try:
        weight = weights(sample_weight, len(truth), dtype)
        columns = _columns(truth, pred)
        multioutput = _averaging(multioutput, columns)
    except ValueError:  # of several faults nan and infinities are named first
        for array in (truth, pred):
            check_finite(array, dtype=dtype)
        raise
    if columns == 1:
        truth, pred = truth.reshape(-1), pred.reshape(-1)
    given = Outputs(truth, pred, weight, multioutput, dtype)
    if weight is not None and weight.min() <= 0:
        given.check_finite()  # what has weight 0 does not show in a result
    return given


def _columns(truth: Array, pred: Array) -> int:
    own, other = (array.shape[1] if array.ndim > 1 else 1 for array in (truth, pred))
    if own != other:
        raise ValueError(f"y_true and y_pred have different number of output ({own}!={other})")
    return own


def _averaging(multioutput: Any, columns: int) -> Any:
    """How outputs are averaged: a word, one weight for each, or None."""
    if multioutput is None:
        return None
    if isinstance(multioutput, str):
        if multioutput not in AVERAGES:
            raise ValueError(
                f"Allowed 'multioutput' string values are {AVERAGES}. You provided multioutput={multioutput!r}"
            )
        return multioutput
    weight = numbers(multioutput, FLOAT64, text=False)
    check_finite(weight)
    if columns == 1:
        raise ValueError("Custom weights are useful only in multi-output cases.")
    if len(weight) != columns:
        raise ValueError(f"There must be equally many custom weights ({len(weight)}) as outputs ({columns}).")
    return weight
