"""Sums over rows: by a loss in one call on the arrays as they are, or some rows at a time where something is prepared."""

from collections.abc import Callable
from math import fsum
from typing import Any, Protocol

import numpy as np

from .._loss import Loss
from ._inputs import ELEMENTS, Array, pieces

Coder = Callable[[Array], Array]
"""What turns labels into what a loss takes."""


class Pointwise(Protocol):
    """One number for each pair of elements, put into `out`."""

    def __call__(self, y_true: Array, y_pred: Array, *, out: Array) -> Array: ...


class Criterion:
    """A loss of each pair of elements: its sum over all of them, and over each column.

    With weights its values are taken some rows at a time and multiplied by BLAS, which is faster than its own weighted sum.
    """

    hides = False

    def __init__(self, loss: Callable[..., Loss], **parameters: float) -> None:
        self.total = loss(reduction="sum", check=False, **parameters)
        self.each = loss(reduction="none", check=False, **parameters)

    def sum(self, y_true: Array, y_pred: Array, weight: Array | None) -> float:
        return float(self.total(y_true, y_pred) if weight is None else self.column_sums(y_true, y_pred, weight).sum())

    def column_sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        if weight is None and y_true.ndim == 1:
            return np.array([self.total(y_true, y_pred)])
        return column_sums(self.each, y_true, y_pred, weight)


class Plain:
    """The same of a formula in NumPy, for what is no loss of pyloss; `hides` says that it may be finite where data are not."""

    def __init__(self, each: Pointwise, hides: bool = False) -> None:
        self.each, self.hides = each, hides

    def sum(self, y_true: Array, y_pred: Array, weight: Array | None) -> float:
        return float(self.column_sums(y_true, y_pred, weight).sum())

    def column_sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        return column_sums(self.each, y_true, y_pred, weight)


def column_sums(each: Pointwise, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
    """The weighted sums of the columns; one of them for arrays of one axis."""
    width = y_true.shape[1] if y_true.ndim > 1 else 1
    buffer = np.empty((min(len(y_true), max(1, ELEMENTS // width)), *y_true.shape[1:]))
    sums = np.zeros(y_true.shape[1:])
    with np.errstate(all="ignore"):  # what is not finite shows in the result
        for rows in pieces(len(y_true), width):
            values = each(y_true[rows], y_pred[rows], out=buffer[: rows.stop - rows.start])
            sums += row_sum(values, None if weight is None else weight[rows])
    return np.atleast_1d(sums)


def row_sum(values: Array, weight: Array | None) -> Any:
    """The weighted sum over the first axis, in float64."""
    if weight is None and values.ndim == 1:
        return np.add.reduce(values, dtype=np.float64)
    factors = np.ones(len(values)) if weight is None else weight.astype(np.float64, copy=False)
    return factors @ values  # for few columns much faster than a sum


def averages(y: Array, weight: Array | None, total: float) -> Array:
    """The weighted average of each column."""
    width = y.shape[1] if y.ndim > 1 else 1
    parts = (row_sum(y[rows], None if weight is None else weight[rows]) for rows in pieces(len(y), width))
    return np.atleast_1d(np.sum([*parts], axis=0)) / total


def coded_sum(criterion: Criterion, y_true: Array, coder: Coder | None, y_pred: Array, weight: Array | None) -> float:
    """The sum of a loss whose labels have to be looked up: at once, if the loss takes them as they are."""
    if coder is None:
        return criterion.sum(y_true, y_pred, weight)
    return fsum(
        criterion.sum(coder(y_true[rows]), y_pred[rows], None if weight is None else weight[rows])
        for rows in pieces(len(y_true), y_pred.shape[1] if y_pred.ndim > 1 else 1)
    )
