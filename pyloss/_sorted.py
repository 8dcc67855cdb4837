"""Losses of sorted errors, whose front door is in Python, since sorting is the work."""

from abc import ABC, abstractmethod
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _errors
from ._batch import floating
from ._cases import averaged, divisor, places
from ._engine import Sums
from ._formulas import silent
from ._loss import Array, Axes, Loss, Value, axes
from ._tallies import SortedTally, Tally


def lovasz_slopes(errors: Array, hits: Array, weights: Array) -> Array:
    """The slope of the Lovasz extension of the Jaccard loss in each error.

    Taking the errors from the largest down, it is what the Jaccard loss of the set of wrong elements grows by when the element joins it:
    w / U for one of the mask, which leaves the intersection, and w I / (U (U - w)) for another, which joins the union. Among equal errors
    the first comes first. Every weight is > 0, and their unit does not matter.
    """
    weights = np.ldexp(weights, -np.frexp(weights.max())[1])
    order = np.argsort(-errors, kind="stable")
    slopes = np.zeros_like(errors)
    if not hits.any():  # an empty mask: the first wrong element alone makes the loss 1
        slopes[order[0]] = 1
        return slopes
    hit, weight = hits[order], weights[order]
    inside = np.where(hit, weight, 0)
    union = np.cumsum(np.concatenate([inside.sum(keepdims=True), weight - inside]))
    left = np.cumsum(inside[::-1])[::-1]  # of the mask: a sum, where a difference would cancel
    slopes[order] = np.where(hit, weight, weight * (left / union[:-1])) / union[1:]
    return slopes


class Opened(NamedTuple):
    """The arrays of one call, one row for each case and in it one number for each element; predictions may have classes behind."""

    truth: Array
    pred: Array
    weight: Array
    shape: tuple[int, ...]
    """Of the cases."""
    back: tuple[int, ...]
    """The shape of y_pred with its axes in the order of the cases."""
    order: tuple[int, ...]
    """That order."""
    given: Array

    @property
    def counts(self) -> Array:
        """Which cases have any weight."""
        return np.asarray((self.weight != 0).any(axis=1))


class SortedLoss(Loss, ABC):
    """A loss of the sorted errors of a case: `axis` says over which axes of `y_true` a case runs, None over all of them.

    The other axes hold separate cases, whose losses are averaged ("mean"), summed ("sum"), summed and divided by the length of the first
    of those axes ("batchmean"), or given one by one ("none"). A case whose weights are all 0 counts nothing. The computation is in float64,
    whatever the arrays hold.
    """

    family = "sorted"

    axis: Axes = axes(default=None)

    @property
    def _classes_at(self) -> int | None:
        """The class axis of y_pred; None where there is none."""
        return None

    @abstractmethod
    def _case(self, truth: Array, pred: Array, weight: Array, slopes: bool) -> tuple[float, Array | None]:
        """The value of a case whose weights are all > 0, and the gradient if it is asked for."""

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Value:
        return self._both(y_true, y_pred, sample_weight, out, None, False)[0]

    def grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Array:
        gradient: Array = self._both(y_true, y_pred, sample_weight, None, out, True)[1]
        return gradient

    def value_and_grad(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Value, Array]:
        value_out, grad_out = _errors.pair(self, out) if self.reduction == "none" and out is not None else (None, out)
        return self._both(y_true, y_pred, sample_weight, value_out, grad_out, True)

    @silent
    def _both(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None,
        value_out: Any,
        grad_out: Any,
        slopes: bool,
    ) -> tuple[Value, Any]:
        if value_out is not None and self.reduction != "none":
            raise _errors.out_for_number(self)
        opened = self._open(y_true, y_pred, sample_weight)
        self._check_outs(value_out, grad_out, opened)
        counts = opened.counts
        number = divisor(self, opened.shape, counts)
        values, grads = self._each_case(opened, counts, slopes)
        stored = None if grads is None else self._stored(opened, grads, max(1, number), grad_out)
        value = averaged(self, opened.shape, values, counts)
        if value_out is None:
            return value, stored
        value_out[...] = value
        return value_out, stored

    def _each_case(self, opened: Opened, counts: Array, slopes: bool) -> tuple[Array, Array | None]:
        """The values, and the gradients if they are asked for; 0 where a case counts nothing."""
        values = np.zeros(len(opened.weight))
        grads = np.zeros(opened.pred.shape) if slopes else None
        for i in np.flatnonzero(counts):
            there = np.flatnonzero(opened.weight[i])
            values[i], grad = self._case(opened.truth[i][there], opened.pred[i][there], opened.weight[i][there], slopes)
            if grads is not None:
                grads[i][there] = grad
        return values, grads

    def _tally(self) -> Tally[Any]:
        if self.axis is None or 0 in np.atleast_1d(self.axis):
            raise self._endless()
        return SortedTally(self)

    @silent
    def _values_of(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Array, Array, int]:
        """That of each case, which of them count, and the number of rows, in which the cases must lie."""
        opened = self._open(y_true, y_pred, sample_weight)
        if opened.order[0] != 0 or not opened.shape:
            raise self._endless()
        counts = opened.counts
        return self._each_case(opened, counts, False)[0], counts, opened.shape[0]

    def _endless(self) -> ValueError:
        return ValueError(
            f"{self.name}: in an accumulator, axis must leave out the first axis, since the errors of a case are sorted together; "
            f"got {self.axis!r}"
        )

    def _open(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None) -> Opened:
        """Checked by the engine, and cut into cases."""
        self._plan.add_to(Sums(), y_true, y_pred, sample_weight)
        at = self._classes_at
        truth, (given,), weight, masks = _arrays.plain(self, y_true, y_pred, sample_weight, at)
        assert truth is not None
        pred = given if at is None else np.moveaxis(given, at, -1)
        summed = places(self, self.axis, "y_true", truth)
        kept = tuple(place for place in range(truth.ndim) if place not in summed)
        rows = (*kept, *summed)
        shape, classes = tuple(truth.shape[place] for place in kept), pred.shape[truth.ndim :]
        size = prod(truth.shape[place] for place in summed)
        weights = np.ones(truth.shape)
        for factor in (weight, *(~mask for mask in masks)):
            if factor is not None:
                rows_of = factor.reshape(factor.shape + (1,) * (truth.ndim - factor.ndim)).astype(np.float64)
                weights = np.where(rows_of == 0, 0, weights * rows_of)
        if self.check and at is not None:
            self._check_classes(given, np.moveaxis(np.broadcast_to(weights[..., np.newaxis], pred.shape), -1, at))
        order = (*rows, truth.ndim)[: pred.ndim]
        moved = pred.transpose(order)
        return Opened(
            truth.transpose(rows).reshape(prod(shape), size),
            moved.reshape(prod(shape), size, *classes).astype(np.float64),
            weights.transpose(rows).reshape(prod(shape), size),
            shape,
            moved.shape,
            order,
            given,
        )

    def _check_classes(self, pred: Array, weights: Array) -> None:
        """The engine's kernel of rows looks at logits, which may be any numbers."""
        domain = self.y_pred_domain
        outside = ((pred < domain.low) | (pred > domain.high)) & (weights != 0)
        if outside.any():
            raise _errors.out_of_domain(self, pred, int(np.argmax(outside)))

    def _check_outs(self, value_out: Any, grad_out: Any, opened: Opened) -> None:
        if value_out is not None:
            _errors.check_out(self, value_out, opened.shape)
        if grad_out is not None:
            _errors.check_out(self, grad_out, opened.given.shape)
            if value_out is not None and _arrays.share_memory(value_out, grad_out):
                raise _errors.shared_outputs(self)

    def _stored(self, opened: Opened, grads: Array, number: int, out: Any) -> Array:
        grads /= number
        stored: Array = np.empty(opened.given.shape, floating((opened.given,))) if out is None else out
        target = stored if self._classes_at is None else np.moveaxis(stored, self._classes_at, -1)
        target.transpose(opened.order)[...] = grads.reshape(opened.back)
        return stored
