"""What a task of dask does: the losses of one chunk, and what all chunks together say about a gradient. Nothing here knows dask."""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from math import frexp, isinf, ldexp, prod
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from .. import _arrays, _errors
from .._accumulator import Accumulator
from .._batch import floating
from .._engine import is_tame
from .._loss import Array
from .._sum import AnyLoss, Sum, added, scaled
from .._tallies import ReducedTally, SumTally, Tally, TotalTally, common_step
from .._total import TotalLoss
from ..losses.regression import MAE

Piece = slice | EllipsisType

SERIAL = 131_072
"""Fewer elements than these stay in the cache, and wake no thread, unless a loss is slow: the parallelism is the scheduler's."""


class Chunk:
    """The arrays of one chunk: the predictions, of which there may be several, the truth and the weights."""

    def __init__(self, arrays: Sequence[Any], several: bool) -> None:
        *preds, truth, weight = map(_arrays.sliceable, arrays)
        self.preds, self.truth, self.weight, self.several = preds, truth, weight, several

    def operands(self, piece: Piece = ...) -> tuple[Any, Any, Any]:
        """Truth, predictions and weights, as losses take them."""
        truth, weight = (None if array is None else array[piece] for array in (self.truth, self.weight))
        preds = tuple(pred[piece] for pred in self.preds)
        return truth, preds if self.several else preds[0], weight

    def each_piece(self, losses: Sequence[AnyLoss], work: Callable[[Piece], object]) -> None:
        """Piece by piece; after an error all at once, which names the offence by its place in the chunk."""
        try:
            for piece in self._pieces(losses):
                work(piece)
        except (ValueError, IndexError):
            work(...)
            raise

    def _pieces(self, losses: Sequence[AnyLoss]) -> Iterator[Piece]:
        """Cut where no sum can tell it from the whole."""
        shape = self.preds[0].shape
        others = [array for array in (*self.preds, self.truth, self.weight) if array is not None]
        alike = shape and all(array.shape[:1] == shape[:1] for array in others)
        step = common_step([loss._tally() for loss in losses], shape) if alike else 0
        if not step or not prod(shape):
            yield ...
            return
        rows = max(1, (SERIAL - 1) // (step * prod(shape[1:]))) * step
        for first in range(0, shape[0], rows):
            yield slice(first, first + rows)

    def empty_gradients(self) -> tuple[Array, ...]:
        return tuple(np.empty(pred.shape, gradient_dtype(pred)) for pred in self.preds)


def gradient_dtype(pred: Any) -> Any:
    """That of the engine's own results."""
    return floating((pred,))


# Values ----------------------------------------------------------------------------------------------------------------


def accumulated(losses: "AnyLoss | Sequence[AnyLoss]", several: bool, *arrays: Any) -> Accumulator[Any]:
    """What one chunk adds to the losses."""
    chunk, accumulator = Chunk(arrays, several), _accumulator(losses)
    chunk.each_piece(accumulator.losses, lambda piece: accumulator.update(*chunk.operands(piece)))
    return accumulator


def merged(parts: Any, axis: Any = None, keepdims: bool = False) -> Accumulator[Any]:
    """A new accumulator: a task that is done twice, as one of a lost worker is, must find its inputs as they were."""
    first, *others = accumulators_in(parts)
    total = _accumulator(first.losses[0] if first._alone else first.losses)
    for part in (first, *others):
        total.merge(part)
    return total


def accumulators_in(parts: Any) -> list[Accumulator[Any]]:
    """Those in nested lists, one level for each axis that is cut."""
    return [leaf for part in parts for leaf in accumulators_in(part)] if isinstance(parts, list) else [parts]


def _accumulator(losses: Any) -> Accumulator[Any]:
    return Accumulator(losses)


def result(accumulator: Accumulator[Any]) -> Array:
    return np.asarray(accumulator.result())


def values(loss: AnyLoss, several: bool, axis: int | None, *arrays: Any) -> Array:
    """One for each element or row. An axis of classes is kept, with the length 1."""
    found = loss(*Chunk(arrays, several).operands())
    return found if axis is None else np.expand_dims(found, axis)


# Gradients -------------------------------------------------------------------------------------------------------------


class Slope(NamedTuple):
    """What the gradient of a loss, which is no sum of others, needs to know of all chunks."""

    scale: float
    parameters: tuple[float, ...] = ()
    total: float = 1.0
    """The weight of all that counts, where the scale is one over it: if it is tiny or huge, weights are taken in other units."""


Slopes = Slope | list[Any]
"""Of a sum: those of its terms, in their order."""


def slopes_of_counts(loss: AnyLoss, rows: int, weight: float) -> Slopes:
    """For losses that are divided by the number of rows, by the total weight or not at all."""
    if isinstance(loss, Sum):
        return [slopes_of_counts(term, rows, weight) for _, term in loss.terms]
    divisor = {"mean": weight, "batchmean": float(rows)}.get(loss.reduction, 1.0)
    if isinf(divisor):
        raise ValueError(f"{loss.name}: the sum of sample_weight is beyond the range of floats")
    if not divisor and loss.on_empty == "raise":
        raise _errors.nothing_to_average(loss)
    return Slope(1 / divisor if divisor else 0.0, total=weight if loss.reduction == "mean" else 1.0)


def slopes(accumulator: Accumulator[Any]) -> Slopes:
    """For any loss whose sums an accumulator of it alone has seen."""
    return _slopes_of(accumulator._tallies[0])


def _slopes_of(tally: Tally[Any]) -> Slopes:
    if isinstance(tally, SumTally):
        return [_slopes_of(term) for term in tally.tallies]
    if isinstance(tally, ReducedTally):
        return slopes_of_counts(tally.loss, tally.rows, tally.sums.rounded()[-1])
    assert isinstance(tally, TotalTally)
    return Slope(*tally.loss._slope_of(tally.gathered()))


def weighed(weight: Any) -> Accumulator[float]:
    """The weights alone, summed up in the blocks in which a loss would: those of a loss that is 0 everywhere."""
    zeros = np.broadcast_to(np.float32(0), weight.shape)
    return accumulated(MAE(), False, zeros, zeros, weight)


def slopes_of_weights(loss: AnyLoss, rows: int, accumulator: Accumulator[float]) -> Slopes:
    tally = accumulator._tallies[0]
    assert isinstance(tally, ReducedTally)
    return slopes_of_counts(loss, rows, tally.sums.rounded()[-1])


def gradient(loss: AnyLoss, several: bool, counted: bool, slopes: Slopes, *arrays: Any) -> Any:
    """The gradient of a chunk; a tuple for several predictions. Where elements were counted before, none may be masked."""
    chunk = Chunk(arrays, several)
    _check_counted(loss, counted, arrays)
    found = chunk.empty_gradients()
    chunk.each_piece([loss], lambda piece: _fill(loss, slopes, chunk, piece, found))
    return found if several else found[0]


def accumulated_and_gradient(
    loss: AnyLoss, several: bool, counted: bool, slopes: Slopes, *arrays: Any
) -> tuple[Accumulator[float], Any]:
    """Both from one reading, where the gradient needs nothing that only the values of all chunks tell."""
    chunk, accumulator = Chunk(arrays, several), _accumulator(loss)
    _check_counted(loss, counted, arrays)
    found = chunk.empty_gradients()

    def work(piece: Piece) -> None:
        accumulator.update(*chunk.operands(piece))
        _fill(loss, slopes, chunk, piece, found)

    chunk.each_piece([loss], work)
    return accumulator, found if several else found[0]


def _check_counted(loss: AnyLoss, counted: bool, arrays: Sequence[Any]) -> None:
    *data, _ = arrays
    if counted and any(np.ma.is_masked(array) for array in data):
        raise ValueError(f"{loss.name}: a chunk is masked, and the meta of its dask array does not say so")


def _fill(loss: AnyLoss, slopes: Slopes, chunk: Chunk, piece: Piece, found: tuple[Array, ...]) -> None:
    outs = tuple(out[piece] for out in found)
    _descend(loss, slopes, *chunk.operands(piece), outs if chunk.several else outs[0])


def _descend(loss: AnyLoss, slopes: Slopes, y_true: Any, y_pred: Any, weight: Any, out: Any) -> Any:
    """The gradient; that of a sum in the order in which `Sum` adds up."""
    if isinstance(loss, Sum):
        assert isinstance(slopes, list)
        terms = (
            scaled(_descend(term, slope, y_true, y_pred, weight, out if k == 0 else None), factor)
            for k, ((factor, term), slope) in enumerate(zip(loss.terms, slopes, strict=True))
        )
        return reduce(added, terms)
    assert isinstance(slopes, Slope)
    scale = slopes.scale
    if weight is not None and not is_tame(slopes.total):
        weight = _arrays.tamed(weight, slopes.total)
        scale = 1 / ldexp(slopes.total, -frexp(slopes.total)[1])
    plan = loss._grad_plan if isinstance(loss, TotalLoss) else loss._plan
    return plan.scaled_grad(scale, y_true, y_pred, weight, out, slopes.parameters)
