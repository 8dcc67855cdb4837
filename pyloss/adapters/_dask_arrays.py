"""The arrays of one call as dask arrays in the chunks of the prediction, and what is evaluated in each chunk."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from math import isnan
from operator import getitem
from typing import Any

import numpy as np

from .. import _arrays
from .._loss import Loss
from .._sum import AnyLoss, leaves
from . import _dask_chunks as chunks
from ._library import require

dask: Any = require("dask", "dask")
da: Any = require("dask.array", "dask")
delayed: Any = require("dask.delayed", "dask")

Axes = tuple[int, ...]


def all_leaves(losses: Sequence[AnyLoss]) -> list[Loss]:
    """The losses that are no sums."""
    return [leaf for loss in losses for _, leaf in leaves(loss)]


class Operands:
    """Truth, predictions and weights of one call. Nothing of them is computed; what can be known of them is checked."""

    def __init__(self, losses: Sequence[AnyLoss], y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        self.losses, self.name = losses, losses[0].name
        self.several = isinstance(y_pred, tuple | list) and any(loss.predictions for loss in all_leaves(losses))
        preds = [_as_dask(pred) for pred in (y_pred if self.several else [y_pred])]
        self.pred = preds[0]
        self.axes: Axes = tuple(range(self.pred.ndim))
        self.axis = self._class_axis()
        self.value_axes = tuple(axis for axis in self.axes if axis != self.axis)
        self.others: list[tuple[Any, Axes | None]] = [(pred, self.axes) for pred in preds[1:]]
        self.truth, self.weight = (self._placed(_as_dask(given)) for given in (y_true, sample_weight))
        self._check_kinds()
        self._check_chunks()
        self.others = [self._unified("y_pred", *other) for other in self.others]
        self.truth = self._unified("y_true", *self.truth)
        self.weight = self._unified("sample_weight", *self.weight)

    # What is known before anything is computed -------------------------------------------------------------------------

    @property
    def lengths_are_known(self) -> bool:
        return not any(isnan(length) for length in self.pred.shape)

    @property
    def is_weighted(self) -> bool:
        return self.weight[0] is not None

    @property
    def may_be_masked(self) -> bool:
        arrays = [array for array, _ in self._all() if array is not None]
        return any(isinstance(array._meta, np.ma.MaskedArray) for array in arrays)

    @property
    def rows(self) -> int:
        return self.pred.shape[self.value_axes[0]] if self.value_axes else 1

    @property
    def count(self) -> int:
        """Of values."""
        count = 1
        for axis in self.value_axes:
            count *= self.pred.shape[axis]
        return count

    def _class_axis(self) -> int | None:
        """That of the losses of rows."""
        given = {_axis(loss) for loss in all_leaves(self.losses) if loss.family in ("rowwise", "paired")} - {None}
        axes = {axis % max(1, self.pred.ndim) for axis in given}
        if len(axes) > 1:
            raise ValueError(
                f"{self.name}: all losses of rows must have one axis for their classes, got {sorted(axes)}"
            )
        return axes.pop() if axes else None

    def _placed(self, array: Any) -> tuple[Any, Axes | None]:
        """An array, and which axes of the prediction its own are."""
        if array is None:
            return None, None
        if array.ndim == len(self.axes):
            return array, self.axes
        return array, self.value_axes if array.ndim == len(self.value_axes) else self.value_axes[: array.ndim]

    def _all(self) -> list[tuple[Any, Axes | None]]:
        return [(self.pred, self.axes), *self.others, self.truth, self.weight]

    def _check_kinds(self) -> None:
        """Dtypes, dimensions and lengths but that of rows: by evaluating the losses of no rows."""
        if not self.value_axes:
            return
        pred, *others, truth, weight = (self._without_rows(array, axes) for array, axes in self._all())
        for loss in self.losses:
            loss._tally().add(truth, (pred, *others) if self.several else pred, weight)

    def _without_rows(self, array: Any, axes: Axes | None) -> Any:
        if array is None:
            return None
        lengths = [0 if isnan(length) else length for length in array.shape]
        for place, axis in enumerate(axes or ()):
            if axis == self.value_axes[0] and place < len(lengths):
                lengths[place] = 0
        return np.empty(lengths, array.dtype)

    def _check_chunks(self) -> None:
        cut = [axis for axis in self.axes if self.pred.numblocks[axis] > 1]
        if self.axis in cut:
            advice = f"write y_pred.rechunk({{{self.axis}: -1}})"
            raise ValueError(f"{self.name}: a row must lie in one chunk, got y_pred in {self.pred.numblocks}: {advice}")
        if all(axis == self.value_axes[0] for axis in cut):
            return
        for loss in all_leaves(self.losses):
            if loss.reduction == "batchmean" or (loss.family in ("total", "sorted") and _axis(loss) is not None):
                rest = {axis: -1 for axis in self.value_axes[1:]}
                raise ValueError(
                    f"{loss.name}: it may be cut along the first axis only: write y_pred.rechunk({rest}), "
                    f"got y_pred in {self.pred.numblocks} chunks"
                )

    def _unified(self, argument: str, array: Any, axes: Axes | None) -> tuple[Any, Axes | None]:
        """An array in the chunks of the prediction."""
        if array is None:
            return None, None
        lengths = tuple(self.pred.shape[axis] for axis in axes or ())
        wanted = tuple(self.pred.chunks[axis] for axis in axes or ())
        known = not any(map(isnan, chain(lengths, array.shape)))
        if known and array.shape != lengths:
            raise ValueError(f"{self.name}: {argument} must have the lengths {lengths}, got {array.shape}")
        if known:
            return array.rechunk(wanted), axes
        if array.numblocks != tuple(map(len, wanted)):
            raise ValueError(
                f"{self.name}: the chunks of y_pred and {argument} have unknown lengths, and must be as many, got "
                f"{self.pred.numblocks} and {array.numblocks}: write compute_chunk_sizes() first"
            )
        return array, axes

    # What is evaluated -------------------------------------------------------------------------------------------------

    def over_chunks(self, task: Callable[..., Any], *first: Any, dtype: Any = object, **changed: Any) -> Any:
        """What a task gives for each chunk, as the chunks of an array of which only they are used if they hold no numbers."""
        arrays = chain.from_iterable((array, axes) for array, axes in self._all())
        leading = chain.from_iterable((argument, None) for argument in first)
        return _blockwise(task, self.axes, *leading, *arrays, dtype=dtype, **changed)

    def accumulated(self, losses: "AnyLoss | Sequence[AnyLoss]") -> Any:
        """The accumulator of all chunks, as a Delayed."""
        return folded(self.over_chunks(partial(chunks.accumulated, losses, self.several)))

    def weighed(self) -> Any:
        """The accumulator of the weights alone, as a Delayed."""
        weight, axes = self.weight
        shape = tuple(self.pred.shape[axis] for axis in self.value_axes)
        if axes != self.value_axes:
            weight = weight[(..., *[None] * (len(shape) - weight.ndim))]
            weight = da.broadcast_to(weight, shape, chunks=tuple(self.pred.chunks[axis] for axis in self.value_axes))
        return folded(_blockwise(chunks.weighed, self.value_axes, weight, self.value_axes))

    @property
    def gradient_dtype(self) -> Any:
        """Of what a task finds: of an array, or of a tuple of them."""
        return np.dtype(object) if self.several else chunks.gradient_dtype(self.pred)

    def gradients(self, found: Any) -> Any:
        """A dask array of what the tasks have found, or a tuple of them for several predictions."""
        if not self.several:
            return found
        preds = [self.pred, *(pred for pred, _ in self.others)]
        return tuple(item(found, k, self.axes, chunks.gradient_dtype(pred)) for k, pred in enumerate(preds))


def item(found: Any, k: int, axes: Axes, dtype: Any = object) -> Any:
    """The k-th part of what is in each chunk."""
    return _blockwise(getitem, axes, found, axes, k, None, dtype=dtype)


def folded(accumulators: Any) -> Any:
    """Merged in a tree."""
    merged = da.reduction(
        accumulators,
        chunk=_as_is,
        aggregate=chunks.merged,
        combine=chunks.merged,
        concatenate=False,
        dtype=object,
        meta=np.empty((), object),
    )
    return merged.to_delayed(optimize_graph=False).item()


def _as_is(accumulator: Any, axis: Any, keepdims: bool) -> Any:
    return accumulator


def _blockwise(task: Callable[..., Any], axes: Axes, *arguments: Any, dtype: Any = object, **changed: Any) -> Any:
    meta = np.empty((0,) * len(axes), dtype)
    return da.blockwise(task, axes, *arguments, dtype=dtype, meta=meta, align_arrays=False, **changed)


def _as_dask(given: Any) -> Any:
    """A dask array; columns of a dataframe without computing them."""
    if given is None or isinstance(given, da.Array):
        return given
    if not dask.is_dask_collection(given):
        return da.from_array(_arrays.sliceable(given))
    if isinstance(given, delayed.Delayed) or not hasattr(given, "to_dask_array"):
        raise TypeError(f"a dask array or columns of a dask dataframe are needed, got {type(given).__name__}")
    return given.to_dask_array()


def _axis(loss: Loss) -> Any:
    """That of the classes, where a loss is one of rows; of a total, those that are summed over."""
    return getattr(loss, "axis", None)
