"""The slow lane of the front door: whatever is not a plain NumPy array, and questions that are rarely asked."""

from math import frexp, isfinite, ldexp
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _errors

if TYPE_CHECKING:
    from ._loss import Loss

Array = NDArray[Any]

SMALLEST = 5e-324

OVERLAP_WORK: Any = 10_000
"""How hard to look for an overlap. NumPy's stubs know only -1 and 0."""


def plain(
    loss: "Loss", y_true: object, y_pred: object, sample_weight: object, axis: int | None
) -> tuple[Array | None, tuple[Array, ...], Array | None, tuple[Array, ...]]:
    """Plain arrays, without a copy where there is one behind the object, and the masks of those that are masked.

    The predictions are a tuple also where there is but one. A row with a masked entry is masked; `axis` is that of the classes.
    """
    masks: list[Array] = []

    def take(argument: str, given: object) -> Array:
        return taken(loss, argument, given, masks)

    if loss.labels == "none":
        _errors.check_no_truth(loss, y_true)
    truth = None if loss.labels == "none" else take("y_true", y_true)
    given = _errors.predictions(loss, y_pred) if loss.predictions else (y_pred,)
    preds = tuple(take(_errors.prediction(loss, place), array) for place, array in enumerate(given))
    weight = None if sample_weight is None else take("sample_weight", sample_weight)
    return truth, preds, weight, tuple(rows_of(loss, mask, preds[0], axis) for mask in masks)


def taken(loss: "Loss", argument: str, given: object, masks: list[Array]) -> Array:
    """A plain array; its mask goes to the others, if it has one."""
    if isinstance(given, np.ma.MaskedArray):
        mask = np.ma.getmask(given)
        if mask is not np.ma.nomask:
            masks.append(as_mask(loss, argument, mask, given.shape))
        given = np.ma.getdata(given)
    return as_array(loss, argument, given)


def as_array(loss: "Loss", argument: str, given: object) -> Array:
    if given is None:
        raise TypeError(f"{loss.name}: {argument} must be an array, got None")
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:  # as torch's of a tensor that has a gradient
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"{loss.name}: {argument} must be an array, or lists that make one: {error}") from error
    if array.dtype == object and not array.ndim:
        raise TypeError(f"{loss.name}: {argument} must be an array, got {given!r}")
    if argument == "y_true" and isinstance(given, list | tuple) and not array.size:
        return array.astype(np.int64)  # it may be the labels of no rows, and no number says so
    return array


def sliceable(given: Any) -> Any:
    """An array that keeps its mask, if it has one; None for nothing."""
    return given if given is None or isinstance(given, np.ma.MaskedArray) else np.asarray(given)


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


def spread(loss: "Loss", weight: Array, shape: tuple[int, ...]) -> Array:
    """Weights in the shape of the values: one for each, or for each row of the first axis."""
    if weight.dtype.kind not in "biu" and weight.dtype.name not in _errors.REALS:
        raise _errors.bad_dtype(loss, "sample_weight", weight)
    if weight.shape not in (shape, shape[:1]):
        raise _errors.bad_weight_shape(loss, weight, shape)
    weight = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
    weights = np.broadcast_to(weight, shape).astype(np.float64)
    if loss.check and (weights < 0).any():
        raise _errors.negative_weight(loss, weight, shape, int(np.argmax(weights.ravel() < 0)))
    return weights


def tamed(weight: Array, total: float) -> Array:
    """Weights of a tiny or huge total in other units, which change no mean: what is made of them stays in the range of floats.

    A weight that is not 0 does not become 0: what it belongs to still counts, if it is nan, and is still checked.
    """
    numbers = np.ma.getdata(weight).astype(np.float64)
    with np.errstate(all="ignore"):
        tame = np.ldexp(numbers, -frexp(total)[1] if isfinite(total) else -1024)
    tame = np.where((tame == 0) & (numbers != 0), np.copysign(SMALLEST, numbers), tame)
    return np.ma.masked_array(tame, weight.mask) if isinstance(weight, np.ma.MaskedArray) else tame


def evened(factors: tuple[float, ...]) -> tuple[float, ...]:
    """Class weights that are all tiny, or some of them huge, in other units, which change no mean."""
    most = max(factors)
    if not isfinite(most) or most == 0 or 1e-30 < most < 1e30:
        return factors
    return tuple(ldexp(factor, -frexp(most)[1]) for factor in factors)


def share_memory(a: Array, b: Array) -> bool:
    """Whether two arrays whose extents meet have a byte in common; yes, if it is too hard to tell."""
    return np.may_share_memory(a, b, max_work=OVERLAP_WORK)


def check_apart(loss: "Loss", outs: list[Array]) -> None:
    """No two results may share memory."""
    for k, out in enumerate(outs):
        if any(share_memory(out, other) for other in outs[:k]):
            raise _errors.shared_outputs(loss)
