"""Losses of dask arrays, and of the columns of dask dataframes, on any scheduler.

    from pyloss.adapters import dask as losses

    value, grad = losses.value_and_grad(pyloss.Huber(), y_true, y_pred)  # lazy: compute them together
    mse, mae = losses.value([pyloss.MSE(), pyloss.MAE()], frame["y"], frame["p"]).compute()

Every function takes `(loss, y_true, y_pred, sample_weight=None)` and computes nothing. Arrays of NumPy beside those of dask are cut as
these are, and all of them in the chunks of `y_pred`. Of each chunk an accumulator of a few kilobytes is left, and these are merged in a
tree. Sums are exact, so that neither the scheduler nor the order matters; where the chunks end at multiples of 1024 rows, and only the
first axis is cut, the bits are those of one call on the whole. Threads and processes are the scheduler's.

A row of a loss of rows must lie in one chunk, and the first axis alone may be cut for reduction="batchmean" and for totals that have an
`axis`. The place that an error names is that in a chunk.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .._accumulator import Accumulator
from .._loss import Loss
from .._sum import AnyLoss, Sum
from .._tallies import ReducedTally, TotalTally
from . import _dask_chunks as chunks
from ._dask_arrays import Operands, all_leaves, da, dask, folded, item

__all__ = ["accumulate", "grad", "value", "value_and_grad"]

LazyArray = Any
"""A dask array."""


def accumulate(losses: "AnyLoss | Sequence[AnyLoss]", y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
    """A Delayed `pyloss.Accumulator` of all data: for what comes from elsewhere, or later, to be merged with."""
    return Operands(_listed(losses), y_true, y_pred, sample_weight).accumulated(losses)


def value(losses: "AnyLoss | Sequence[AnyLoss]", y_true: Any, y_pred: Any, sample_weight: Any = None) -> LazyArray:
    """The value, an array without dimensions; for a sequence of losses an array of their values, from one reading of the data.

    With reduction="none" an array in the chunks of `y_pred`, of one number for each element or row.
    """
    operands = Operands(_listed(losses), y_true, y_pred, sample_weight)
    if isinstance(losses, Loss | Sum) and losses._unreduced:
        return _values(losses, operands)
    return _value_of(operands.accumulated(losses), losses)


def grad(loss: AnyLoss, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
    """The gradient, an array in the chunks of `y_pred` and of its floating dtype; a tuple of them for several predictions.

    A mean is divided by what counts in all chunks. If that is their lengths or the sum of `sample_weight`, the data are read once. Else
    (masks, unknown lengths, class weights, ignored labels, totals such as `RMSE`) they are read for it first.
    """
    operands = _differentiable(loss, y_true, y_pred, sample_weight)
    return _gradient(loss, operands, _slopes(loss, operands))


def value_and_grad(loss: AnyLoss, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[LazyArray, Any]:
    """The pair of both, from one reading of the data where one is enough for the gradient: `dask.compute(value, grad)`."""
    operands = _differentiable(loss, y_true, y_pred, sample_weight)
    if loss._unreduced:
        return _values(loss, operands), _gradient(loss, operands, _slopes(loss, operands))
    if _is_read_first(loss, operands):
        accumulator = operands.accumulated(loss)
        slopes = _delayed(chunks.slopes)(accumulator)
        return _value_of(accumulator, loss), _gradient(loss, operands, slopes)
    task = partial(chunks.accumulated_and_gradient, loss, operands.several, _counts(loss, operands))
    both = operands.over_chunks(task, _slopes(loss, operands))
    accumulator = folded(item(both, 0, operands.axes))
    return _value_of(accumulator, loss), operands.gradients(item(both, 1, operands.axes, operands.gradient_dtype))


# Values ----------------------------------------------------------------------------------------------------------------


def _listed(losses: Any) -> Sequence[AnyLoss]:
    """The losses as a sequence; an error of the accumulator for what is none, but reduction="none" alone."""
    if isinstance(losses, Loss | Sum) and losses._unreduced:
        return [losses]
    return Accumulator(losses).losses


def _value_of(accumulator: Any, losses: Any) -> LazyArray:
    shape = () if isinstance(losses, Loss | Sum) else (len(losses),)
    return da.from_delayed(_delayed(chunks.result)(accumulator), shape, np.float64)


def _values(loss: AnyLoss, operands: Operands) -> LazyArray:
    for part in all_leaves([loss]):
        if part.family in ("total", "sorted"):
            raise ValueError(
                f"{part.name}: a total has no value of each element or row, which reduction='none' asks for"
            )
    axis = operands.axis
    task = partial(chunks.values, loss, operands.several, axis)
    dtype = chunks.gradient_dtype(operands.pred)
    if axis is None:
        return operands.over_chunks(task, dtype=dtype)
    return operands.over_chunks(task, dtype=dtype, adjust_chunks={axis: 1}).squeeze(axis)


# Gradients -------------------------------------------------------------------------------------------------------------


def _differentiable(loss: AnyLoss, y_true: Any, y_pred: Any, sample_weight: Any) -> Operands:
    if not isinstance(loss, Loss | Sum):
        raise TypeError(f"pyloss.adapters.dask: a gradient is that of one loss of pyloss, got {loss!r}")
    for part in all_leaves([loss]):
        if not isinstance(part._tally(), ReducedTally | TotalTally):
            raise TypeError(
                f"{part.name}: of separate cases, as axis={getattr(part, 'axis', None)} makes them, there is a value and no gradient: "
                "take that of computed arrays, or of each chunk by itself, with map_blocks"
            )
    return Operands([loss], y_true, y_pred, sample_weight)


def _gradient(loss: AnyLoss, operands: Operands, slopes: Any) -> Any:
    task = partial(chunks.gradient, loss, operands.several, _counts(loss, operands))
    return operands.gradients(operands.over_chunks(task, slopes, dtype=operands.gradient_dtype))


def _slopes(loss: AnyLoss, operands: Operands) -> Any:
    """What the gradient of a chunk needs to know of all, which may be a Delayed."""
    if _is_read_first(loss, operands):
        return _delayed(chunks.slopes)(operands.accumulated(loss))
    if operands.is_weighted and _is_mean(loss):
        return _delayed(partial(chunks.slopes_of_weights, loss, operands.rows))(operands.weighed())
    return chunks.slopes_of_counts(loss, operands.rows, operands.count)


def _is_read_first(loss: AnyLoss, operands: Operands) -> bool:
    """Whether only the sums of all data say what the gradient is divided by."""
    parts = all_leaves([loss])
    if any(isinstance(part._tally(), TotalTally) for part in parts):
        return True
    if not operands.lengths_are_known:
        return any(part.reduction in ("mean", "batchmean") for part in parts)
    choosy = any(
        getattr(part, option, None) is not None for part in parts for option in ("class_weight", "ignore_index")
    )
    return _is_mean(loss) and (operands.may_be_masked or choosy)


def _is_mean(loss: AnyLoss) -> bool:
    return any(part.reduction == "mean" for part in all_leaves([loss]))


def _counts(loss: AnyLoss, operands: Operands) -> bool:
    """Whether the gradient is divided by a number of elements that are taken to be there."""
    return _is_mean(loss) and not _is_read_first(loss, operands)


def _delayed(task: Any) -> Any:
    return dask.delayed(task, pure=True, traverse=False)
