"""The slow lane of the front door: whatever is not a plain NumPy array, and questions that are rarely asked."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _errors

if TYPE_CHECKING:
    from ._loss import Loss

Array = NDArray[Any]

OVERLAP_WORK: Any = 10_000
"""How hard to look for an overlap. NumPy's stubs know only -1 and 0."""


def plain(
    loss: "Loss", y_true: object, y_pred: object, sample_weight: object, axis: int | None
) -> tuple[Array, Array, Array | None, tuple[Array, ...]]:
    """Plain arrays, without a copy where there is one behind the object, and the masks of those that are masked.

    A row with a masked entry is masked; `axis` is that of the classes.
    """
    masks: list[Array] = []
    arrays: list[Array | None] = []
    for argument, given in (("y_true", y_true), ("y_pred", y_pred), ("sample_weight", sample_weight)):
        if isinstance(given, np.ma.MaskedArray):
            mask = np.ma.getmask(given)
            if mask is not np.ma.nomask:
                masks.append(as_mask(loss, argument, mask, given.shape))
            given = np.ma.getdata(given)
        arrays.append(None if given is None and argument == "sample_weight" else as_array(loss, argument, given))
    truth, pred, weight = arrays
    assert truth is not None
    assert pred is not None
    return truth, pred, weight, tuple(rows_of(loss, mask, pred, axis) for mask in masks)


def as_array(loss: "Loss", argument: str, given: object) -> Array:
    if given is None:
        raise TypeError(f"{loss.name}: {argument} must be an array, got None")
    return np.asarray(given)


def as_mask(loss: "Loss", argument: str, mask: object, shape: tuple[int, ...]) -> Array:
    """The engine walks a mask in the shape of its data."""
    array = np.asarray(mask)
    if array.dtype.names:  # the data have fields too, and are refused for that
        return np.zeros(shape, bool)
    if array.shape != shape or array.dtype != bool:
        raise ValueError(
            f"{loss.name}: the mask of {argument} must hold booleans of the shape {shape}, got {array.dtype} {array.shape}"
        )
    return array


def rows_of(loss: "Loss", mask: Array, y_pred: Array, axis: int | None) -> Array:
    """The mask of the values: one of elements is gathered over the classes."""
    if axis is None or mask.ndim != y_pred.ndim:
        return mask
    if not -mask.ndim <= axis < mask.ndim:
        raise _errors.bad_axis(loss, y_pred)
    return np.asarray(mask.any(axis=axis))


def share_memory(a: Array, b: Array) -> bool:
    """Whether two arrays whose extents meet have a byte in common; yes, if it is too hard to tell."""
    return np.may_share_memory(a, b, max_work=OVERLAP_WORK)


def import_parallel() -> ModuleType | None:
    """OpenMP's extension; None where there is none, or no OpenMP runtime."""
    try:
        return importlib.import_module("pyloss._parallel")
    except ImportError:
        return None
