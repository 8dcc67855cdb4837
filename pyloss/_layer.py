"""Softmax cross-entropy of a linear layer in tiles of rows: matrix products are NumPy's, and the logits of a tile become its gradient."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _arrays, _errors
from ._engine import exact_sum
from ._errors import NARROW, REALS
from ._loss import Array

if TYPE_CHECKING:
    from .losses.multiclass import SparseCCE

LARGEST = 64 * 2**20
"""How many bytes of logits exist at a time."""

FEWEST = 256
"""Rows of a tile, whatever their length: with fewer, adding up the gradient by the weight would take longer than the products."""


class Layer(NamedTuple):
    """What logits are made of, or gradients by it; the bias may be None."""

    hidden: Array
    weight: Array
    bias: Array | None


class Rows(NamedTuple):
    """The rows that count: their labels, their weights, and which they are (None for all)."""

    labels: Array
    weights: Array
    kept: Array | None


# The front door -------------------------------------------------------------------------------------------------------


def opened(
    loss: "SparseCCE", y_true: Any, hidden: Any, weight: Any, bias: Any, sample_weight: Any
) -> tuple[Array, Layer, Array]:
    """Plain arrays of fitting shapes and dtypes: the labels, the layer, and one weight for each label."""
    masks: list[Array] = []
    labels = _arrays.taken(loss, "y_true", y_true, masks)
    layer = Layer(
        _arrays.taken(loss, "hidden", hidden, masks),
        unmasked(loss, "weight", weight),
        None if bias is None else unmasked(loss, "bias", bias),
    )
    weights = None if sample_weight is None else _arrays.taken(loss, "sample_weight", sample_weight, masks)
    check_layer(loss, labels, layer)
    factors = np.ones(labels.shape) if weights is None else _arrays.spread(loss, weights, labels.shape)
    for mask in masks:
        row_mask = mask.any(axis=-1) if mask.shape == layer.hidden.shape else mask
        factors[row_mask] = 0
    return labels, layer, factors.ravel()


def unmasked(loss: "SparseCCE", name: str, given: Any) -> Array:
    if np.ma.is_masked(given):
        raise TypeError(f"{loss.name}: {name} must not be masked: every row uses all of it")
    return _arrays.as_array(loss, name, given)


def check_layer(loss: "SparseCCE", labels: Array, layer: Layer) -> None:
    hidden, weight, bias = layer
    if labels.dtype.kind not in "iu":
        raise _errors.bad_dtype(loss, "y_true", labels, labels=True)
    for name, array in named(layer):
        if array.dtype.kind not in "iu" and array.dtype.name not in REALS:
            raise _errors.bad_dtype(loss, name, array)
    if weight.ndim != 2 or not hidden.ndim or hidden.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"{loss.name}: hidden must have the shape (..., size) and weight (classes, size), got {hidden.shape} and {weight.shape}"
        )
    if not len(weight):
        raise ValueError(f"{loss.name}: weight needs at least 1 class, got the shape {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"{loss.name}: bias must have the shape {weight.shape[:1]}, got {bias.shape}")
    if labels.shape != hidden.shape[:-1]:
        raise ValueError(
            f"{loss.name}: y_true must have the shape of hidden without the last axis, got {labels.shape} and {hidden.shape}"
        )
    if loss.class_weight is not None and len(loss.class_weight) != len(weight):
        raise _errors.bad_class_factors(loss, "class_weight", weight, 0)


def named(layer: Layer) -> Iterator[tuple[str, Array]]:
    return ((name, array) for name, array in zip(Layer._fields, layer, strict=True) if array is not None)


def counted(loss: "SparseCCE", reduction: str, labels: Array, factors: Array, classes: int) -> tuple[Rows, float]:
    """The rows that count, their weights divided by what the reduction divides by; and this number, 0 where it is nothing."""
    flat = labels.ravel()
    kept = np.flatnonzero((factors != 0) & (True if loss.ignore_index is None else flat != loss.ignore_index))
    check_labels(loss, labels, flat, kept, classes)
    own = np.ones(len(kept)) if loss.class_weight is None else np.array(loss.class_weight)[flat[kept]]
    if not loss.label_smoothing:
        kept, own = kept[own != 0], own[own != 0]
    factors, divisor = factors[kept], 1.0
    if reduction == "mean":
        factors = _arrays.tamed(factors, exact_sum(factors))
        divisor = exact_sum(factors * own)
    elif reduction == "batchmean":
        divisor = float(len(labels)) if labels.ndim else 1.0
    if divisor == 0:
        if loss.on_empty == "raise":
            raise _errors.nothing_to_average(loss)
        kept, factors = kept[:0], factors[:0]
    everything = len(kept) == len(flat)
    weights = factors / divisor if divisor else factors
    return Rows(flat[kept].astype(np.int64), weights, None if everything else kept), divisor


def check_labels(loss: "SparseCCE", labels: Array, flat: Array, kept: Array, classes: int) -> None:
    wrong = kept[(flat[kept] < 0) | (flat[kept] >= classes)]
    if len(wrong):
        where = _errors.position(int(wrong[0]), labels.shape)
        raise _errors.bad_label(loss, flat[wrong[0]], classes, _errors.place(where), "")


def matrices(layer: Layer, rows: int) -> Layer:
    """In one dtype, and as BLAS takes them."""
    narrow = all(array.dtype.name in NARROW for _, array in named(layer))
    dtype = np.dtype(np.float32 if narrow else np.float64)
    hidden = layer.hidden.reshape(rows, layer.weight.shape[1])
    bias = None if layer.bias is None else np.asarray(layer.bias, dtype)
    return Layer(matrix(hidden, dtype), matrix(layer.weight, dtype), bias)


def matrix(array: Array, dtype: np.dtype[Any]) -> Array:
    array = np.require(array, dtype, "A")
    direct = dtype.itemsize in array.strides and min(array.strides) >= dtype.itemsize
    return array if direct else np.ascontiguousarray(array)


# Where gradients go ---------------------------------------------------------------------------------------------------


def checked_outs(loss: "SparseCCE", layer: Layer, outs: Any) -> tuple[Array | None, ...]:
    if not isinstance(outs, tuple) or len(outs) != len(Layer._fields):
        raise TypeError(
            f"{loss.name}: out must be a tuple of 3 arrays (hidden, weight, bias; any may be None), got {type(outs).__name__}"
        )
    given = [out for out in outs if out is not None]
    for name, out, array in zip(Layer._fields, outs, layer, strict=True):
        if out is None:
            continue
        if array is None:
            raise ValueError(f"{loss.name}: out has an array for the {name}, and there is no {name}")
        _errors.check_out(loss, out, array.shape)
    _arrays.check_apart(loss, given)
    return outs


def destinations(outs: tuple[Array | None, ...], given: Layer, layer: Layer) -> Layer:
    """Matrices for the gradients: those of `outs` that can be written to directly, and new ones."""
    inputs = [array for _, array in named(given)]

    def place(out: Array | None, array: Array | None) -> Array | None:
        if array is None:
            return None
        direct = out is not None and out.dtype == array.dtype and out.flags.c_contiguous and out.flags.aligned
        if out is None or not direct or any(_arrays.share_memory(out, other) for other in inputs):
            return np.empty(array.shape, array.dtype)
        return out.reshape(array.shape)

    hidden, weight, bias = (place(out, array) for out, array in zip(outs, layer, strict=True))
    assert hidden is not None
    assert weight is not None
    return Layer(hidden, weight, bias)


def stored(grads: Layer, outs: tuple[Array | None, ...], given: Layer) -> Layer:
    """The gradients in the shape and dtype of what they belong to, in the arrays that were given for them."""
    hidden, weight, bias = (
        None if grad is None or array is None else in_place(grad, out, array)
        for grad, out, array in zip(grads, outs, given, strict=True)
    )
    assert hidden is not None
    assert weight is not None
    return Layer(hidden, weight, bias)


def in_place(grad: Array, out: Array | None, array: Array) -> Array:
    grad = grad.reshape(array.shape)
    if out is None:
        return grad.astype(array.dtype.newbyteorder("="), copy=False) if array.dtype.name in NARROW else grad
    if not np.may_share_memory(out, grad):
        np.copyto(out, grad, casting="same_kind")
    return out


# The work -------------------------------------------------------------------------------------------------------------


def tiles(layer: Layer, count: int) -> list[slice]:
    step = max(FEWEST, LARGEST // (max(layer.weight.shape) * layer.weight.itemsize))
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]


def run(loss: "SparseCCE", layer: Layer, rows: Rows, values: Array | None, grads: Layer | None) -> list[float]:
    """The sum of each tile, or with `values` nothing but the value of each row into these. `grads` are filled, if they are given."""
    spans = tiles(layer, len(rows.labels))
    logits = np.empty(
        (max((span.stop - span.start for span in spans), default=0), len(layer.weight)), layer.weight.dtype
    )
    sums = []
    if grads is not None:
        clear(grads, rows)
    for span in spans:
        kept = span if rows.kept is None else rows.kept[span]
        hidden, tile = layer.hidden[kept], logits[: span.stop - span.start]
        np.matmul(hidden, layer.weight.T, out=tile)
        if layer.bias is not None:
            tile += layer.bias
        value = forward(loss, rows, span, tile, grads is not None)
        if values is None:
            sums.append(value)
        else:
            values[kept] = value
        if grads is not None:
            backward(grads, layer, hidden, tile, kept)
    return sums


def clear(grads: Layer, rows: Rows) -> None:
    """What is added up, and the rows that count nothing."""
    grads.weight.fill(0)
    if grads.bias is not None:
        grads.bias.fill(0)
    if rows.kept is not None:
        grads.hidden.fill(0)


def forward(loss: "SparseCCE", rows: Rows, span: slice, tile: Array, with_grad: bool) -> Any:
    """The value of a tile of logits, which the gradient replaces if it is asked for."""
    labels, weights = rows.labels[span], rows.weights[span]
    if not with_grad:
        return loss(labels, tile, weights)
    return loss.value_and_grad(labels, tile, weights, out=(None, tile) if loss.reduction == "none" else tile)[0]


def backward(grads: Layer, layer: Layer, hidden: Array, tile: Array, kept: slice | Array) -> None:
    """Through the layer."""
    add_product(grads.weight, tile, hidden)
    if grads.bias is not None:
        np.add(grads.bias, np.ones(len(tile), tile.dtype) @ tile, out=grads.bias)
    if isinstance(kept, slice):
        np.matmul(tile, layer.weight, out=grads.hidden[kept])
    else:
        grads.hidden[kept] = tile @ layer.weight


def add_product(total: Array, tile: Array, hidden: Array) -> None:
    """total += tile.T @ hidden, without a second array of that size."""
    step = max(1, LARGEST // 4 // max(1, total.shape[1] * total.itemsize))
    product = np.empty((min(step, len(total)), total.shape[1]), total.dtype)
    for first in range(0, len(total), step):
        part = product[: min(step, len(total) - first)]
        np.matmul(tile[:, first : first + step].T, hidden, out=part)
        total[first : first + step] += part
