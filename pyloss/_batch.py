"""Contrastive losses: those of a batch against itself, whose front door is in Python, since matrix products are the work."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from . import _arrays, _contrastive, _errors
from ._contrastive import Units
from ._domains import FINITE_POSITIVE
from ._engine import exact_sum
from ._errors import REALS
from ._formulas import silent
from ._loss import Array, Loss, Number, Value, parameter
from ._tallies import Tally


class Batch(NamedTuple):
    """The rows that count: those of a weight that is not 0."""

    units: tuple[Units, ...]
    labels: Array
    weights: Array
    counts: Array
    """In how many pairs each row is the anchor."""
    present: Array
    """Which rows of the arrays these are."""


class ContrastiveLoss(Loss, ABC):
    """A loss of the cosine similarities of embeddings, one a row: each row is told from the others of the batch.

    The similarities are computed by NumPy's matrix product, in float32 where all embeddings are of float32 or less, in tiles of rows that
    hold at most 64 MB; sums are in float64. There is one value per row.

    Matrix products are those of the BLAS that NumPy was built with, and in its threads, which `pyloss.threads` does not limit (the
    threadpoolctl package does). So the last bits of value and gradient may differ with their number, with the machine and with the
    order of rows, unlike those of all other losses. A value takes the memory of one copy of the embeddings beside the tiles,
    a gradient that of two, and itself.
    """

    family = "contrastive"

    temperature: Number = parameter(default=1.0, domain=FINITE_POSITIVE)

    def _tally(self) -> Tally[Any]:
        raise TypeError(
            f"{self.name}: it compares the rows of a batch with one another, so that no stream can be added up"
        )

    @abstractmethod
    def _pairs(self, truth: Array | None, count: int) -> tuple[Array, Array]:
        """A label of each row, by which it knows its positives, and how many they are."""

    @abstractmethod
    def _contrast(self, batch: Batch, factors: Array | None) -> tuple[Array, tuple[Array, ...]]:
        """The value of each row, and with `factors` the gradients by the unit vectors of each prediction."""

    @silent
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, out: Array | None = None) -> Value:
        """The reduced loss, a float; with reduction="none" an array of one number a row, which goes into `out` if that is given."""
        if out is not None and self.reduction != "none":
            raise _errors.out_for_number(self)
        preds, batch = self._open(y_true, y_pred, sample_weight)
        self._check_outs(out, (), preds)
        divisor = self._divisor(batch, len(preds[0]))
        values, _ = self._contrast(batch, None)
        return self._value(batch, values, divisor, preds, out)

    def grad(self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, out: Any = None) -> Any:
        """The gradient of the reduced loss by the embeddings; into `out` if that is given, which may be the embeddings themselves.

        For a loss of several predictions it is a tuple, and `out` one too.
        """
        return self._both(y_true, y_pred, sample_weight, None, out)[1]

    def value_and_grad(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, out: Any = None
    ) -> tuple[Value, Any]:
        """The value and the gradient from the same similarities. `out` takes the gradient; with reduction="none", a pair."""
        value_out, grad_out = _errors.pair(self, out) if self.reduction == "none" and out is not None else (None, out)
        return self._both(y_true, y_pred, sample_weight, value_out, grad_out)

    @silent
    def _both(self, y_true: Any, y_pred: Any, sample_weight: Any, value_out: Any, grad_out: Any) -> tuple[Value, Any]:
        preds, batch = self._open(y_true, y_pred, sample_weight)
        outs = _errors.parts(self, grad_out) if self.predictions else (grad_out,)
        self._check_outs(value_out, outs, preds)
        divisor = self._divisor(batch, len(preds[0]))
        values, gradients = self._contrast(batch, batch.weights * (1 / divisor if divisor else 0.0))
        value = self._value(batch, values, divisor, preds, value_out)
        stored = tuple(
            store(batch, units, gradient, pred, out)
            for units, gradient, pred, out in zip(batch.units, gradients, preds, outs, strict=True)
        )
        return value, stored if self.predictions else stored[0]

    def _open(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[tuple[Array, ...], Batch]:
        """Plain arrays, checked; the rows that count, as unit vectors."""
        truth, preds, weight, masks = _arrays.plain(self, y_true, y_pred, sample_weight, 1)
        for place, pred in enumerate(preds):
            argument = _errors.prediction(self, place)
            if pred.dtype.kind not in "iu" and pred.dtype.name not in REALS:
                raise _errors.bad_dtype(self, argument, pred)
            if pred.ndim != 2:
                raise ValueError(f"{self.name}: {argument} must hold one embedding a row, got the shape {pred.shape}")
        count = len(preds[0])
        if any(pred.shape != preds[0].shape for pred in preds):
            raise _errors.unequal_predictions(self, preds)
        if truth is not None and truth.dtype.kind not in "iu":
            raise _errors.bad_dtype(self, "y_true", truth, labels=True)
        if truth is not None and truth.shape != (count,):
            raise ValueError(f"{self.name}: y_true must hold one label a row: the shape {(count,)}, got {truth.shape}")
        weights = self._weights(weight, masks, count)
        if self.reduction == "mean":
            weights = _arrays.tamed(weights, exact_sum(weights))
        present = np.flatnonzero(weights)
        everything = len(present) == count
        dtype = _contrastive.precision(self.temperature, *preds)
        units = tuple(
            _contrastive.directions(
                pred.astype(dtype, order="C") if everything else pred[present].astype(dtype, order="C", copy=False)
            )
            for pred in preds
        )
        labels, counts = self._pairs(None if truth is None else truth[present], len(present))
        return preds, Batch(units, labels, weights[present], counts, present)

    def _weights(self, weight: Array | None, masks: tuple[Array, ...], count: int) -> Array:
        weights = np.ones(count) if weight is None else _arrays.spread(self, weight, (count,))
        for mask in masks:
            weights[mask] = 0
        return weights

    def _check_outs(self, value_out: Any, outs: tuple[Any, ...], preds: tuple[Array, ...]) -> None:
        """Before any work is done."""
        given = [(out, pred.shape) for out, pred in zip(outs, preds, strict=False) if out is not None]
        given += [(value_out, preds[0].shape[:1])] if value_out is not None else []
        for out, shape in given:
            _errors.check_out(self, out, shape)
        _arrays.check_apart(self, [out for out, _ in given])

    def _divisor(self, batch: Batch, rows: int) -> float:
        """What the reduction divides the sum and derivatives by; 0 where there is nothing to average."""
        divisor = exact_sum(batch.weights * batch.counts) if self.reduction == "mean" else 1.0
        if self.reduction == "batchmean":
            divisor = float(rows)
        if divisor == 0 and self.on_empty == "raise":
            raise _errors.nothing_to_average(self)
        return divisor

    def _value(self, batch: Batch, values: Array, divisor: float, preds: tuple[Array, ...], out: Any) -> Value:
        values = values * batch.weights
        if self.reduction != "none":
            if divisor == 0:
                return self._empty
            return exact_sum(values) / divisor
        if out is None:
            out = np.empty(len(preds[0]), floating(preds))
        out[...] = 0
        out[batch.present] = values
        return out


def floating(preds: tuple[Array, ...]) -> np.dtype[Any]:
    """The dtype of unreduced values: that of the first predictions, if it is a floating one."""
    return preds[0].dtype.newbyteorder("=") if preds[0].dtype.name in REALS else np.dtype(np.float64)


def store(batch: Batch, units: Units, gradient: Array, pred: Array, out: Any) -> Array:
    """The gradient of the rows that count in the place of all."""
    stored: Array = np.empty(pred.shape, floating((pred,))) if out is None else out
    if len(batch.present) < len(pred):
        stored[...] = 0
    for rows, part in _contrastive.through_norms(units, gradient):
        stored[batch.present[rows]] = part
    return stored
