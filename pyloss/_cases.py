"""Totals of several cases: the sums run over some of the axes, and what is left of the shape is separate cases."""

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _errors
from ._engine import Plan, Sums, exact_sum, grad_cases, sum_cases

if TYPE_CHECKING:
    from ._loss import Loss

Array = NDArray[Any]

SUMS = 4
"""What a case adds up: three sums of its point, and its weight."""

PARAMETERS = 4
"""How many numbers reach a point."""


def places(loss: "Loss", axis: int | tuple[int, ...] | None, argument: str, array: Array) -> tuple[int, ...]:
    """The axes of an array that are summed over, counted from the first; None is all."""
    if axis is None:
        return tuple(range(array.ndim))
    named = axis if isinstance(axis, tuple) else (axis,)
    found = sorted({place % array.ndim for place in named if -array.ndim <= place < array.ndim})
    if len(found) < len(named):
        raise _errors.bad_axes(loss, axis, argument, array)
    return tuple(found)


def divisor(loss: "Loss", shape: tuple[int, ...], counts: Array) -> int:
    """What the sum over the cases that count is divided by; 0 where there is nothing to average."""
    counted = int(counts.sum())
    return divisor_of_rows(loss, shape[0] if shape else counted, counted)


def divisor_of_rows(loss: "Loss", rows: int, counted: int) -> int:
    """The same, of cases in so many rows."""
    number = {"mean": counted, "batchmean": rows}.get(loss.reduction, 1)
    if not number and loss.on_empty == "raise":
        raise _errors.nothing_to_average(loss)
    return number


def averaged(loss: "Loss", shape: tuple[int, ...], values: Array, counts: Array) -> Any:
    """The values of all cases, or the number that they are reduced to."""
    if loss.reduction == "none":
        return np.where(counts, values, loss._empty).reshape(shape)
    number = divisor(loss, shape, counts)
    return exact_sum(values[counts]) / number if number else loss._empty


class Cases:
    """The arrays of one call. Neither they nor their weights are copied: they are walked case by case."""

    def __init__(
        self,
        loss: "Loss",
        axis: int | tuple[int, ...],
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None,
    ) -> None:
        self.loss = loss
        self.given = y_true, y_pred, sample_weight
        self.truth, (self.pred,), self.weight, self.masks = _arrays.plain(loss, y_true, y_pred, sample_weight, None)
        lengths = self.pred.shape
        summed = places(loss, axis, "y_pred", self.pred)
        kept = tuple(place for place in range(self.pred.ndim) if place not in summed)
        self.order = (*kept, *summed)
        self.shape = tuple(lengths[place] for place in kept)
        self.size = prod(lengths[place] for place in summed)
        self.kept = kept

    def sums(self, plan: Plan, parameters: tuple[float, ...]) -> tuple[Array, ...]:
        """What each case adds up, and its weight."""
        sums = np.empty((prod(self.shape), SUMS))
        try:
            sum_cases(plan, self.order, self.size, sums, *self.spread(), parameters)
        except ValueError:
            self.name_offence(plan)
            raise
        return tuple(sums.T)

    def grad(self, plan: Plan, scale: Any, parameters: tuple[Any, ...], out: Any) -> Array:
        table = np.zeros((prod(self.shape), 1 + PARAMETERS))
        for column, numbers in enumerate((scale, *parameters)):
            table[:, column] = numbers
        return grad_cases(plan, self.order, self.size, table, *self.spread(), out)

    def name_offence(self, plan: Plan) -> None:
        """Raise the error of a call on all of the data, which names the first offence in the caller's own order."""
        plan.add_to(Sums(), *self.given)

    @property
    def in_rows(self) -> bool:
        """Whether each case lies in one row."""
        return 0 in self.kept

    def apart(self) -> Iterator[tuple[Any, Any, Any]]:
        """The arrays of one case after the other, in their own order."""
        arrays = tuple(map(_arrays.sliceable, self.given))
        for case in np.ndindex(self.shape):
            places = dict(zip(self.kept, case, strict=True))
            index = tuple(places.get(axis, slice(None)) for axis in range(self.pred.ndim))
            truth, pred, weight = (
                array if array is None or array.ndim < len(index) else array[index] for array in arrays
            )
            yield truth, pred, weight

    def spread(self) -> tuple[Any, Any, Any, Any]:
        """The arrays in one shape."""
        weight = None if self.weight is None else self.over_rows(self.weight)
        return self.truth, self.pred, weight, tuple(self.over_rows(mask) for mask in self.masks)

    def over_rows(self, array: Array) -> Array:
        """One number per row repeated along the row, without a copy."""
        lengths = self.pred.shape
        if array.shape == lengths:
            return array
        if array.shape != lengths[:1]:
            raise _errors.bad_weight_shape(self.loss, array, lengths)
        return np.broadcast_to(array.reshape(lengths[:1] + (1,) * (len(lengths) - 1)), lengths)
