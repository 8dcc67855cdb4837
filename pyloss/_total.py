"""Totals: losses of sums over all samples, whose gradient depends on the sums too."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _errors
from ._engine import Sums
from ._loss import Array, Loss, Value


class TotalLoss(Loss, ABC):
    """A loss of sums over all samples: a first reading of the data makes the sums, a second the gradient.

    There is one value for all samples, so every reduction but "none" gives the same, and "none" gives an array without dimensions. The
    computation is in float64, whatever the arrays hold.

    A subclass says how the value and the gradient follow from the sums of its plan's point; the last of the sums is the total weight.
    """

    family = "total"

    @abstractmethod
    def _value_of(self, sums: tuple[float, ...]) -> float:
        """The value that follows from the sums."""

    @abstractmethod
    def _grad_of(
        self, sums: tuple[float, ...], y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, out: Any
    ) -> Array:
        """The gradient that follows from the sums and a second reading of the data."""

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Value:
        self._check_value_out(out)
        return self._shaped(self._reduced(self._sums(y_true, y_pred, sample_weight)), out)

    def grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Array:
        return self._grad_of(self._sums(y_true, y_pred, sample_weight), y_true, y_pred, sample_weight, out)

    def value_and_grad(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Value, Array]:
        value_out, grad_out = _errors.pair(self, out) if self.reduction == "none" and out is not None else (None, out)
        self._check_value_out(value_out, grad_out)
        sums = self._sums(y_true, y_pred, sample_weight)
        grad = self._grad_of(sums, y_true, y_pred, sample_weight, grad_out)
        return self._shaped(self._reduced(sums), value_out), grad

    def _sums(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None) -> tuple[float, ...]:
        return self._measure(y_true, y_pred, sample_weight, ())

    def _measure(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, parameters: tuple[float, ...]
    ) -> tuple[float, ...]:
        """The first reading of the data, with these parameters of the point."""
        sums = Sums()
        self._plan.add_to(sums, y_true, y_pred, sample_weight, parameters)
        rounded = sums.rounded()
        if not rounded[-1] and self.on_empty == "raise":
            raise _errors.nothing_to_average(self)
        return rounded

    def _reduced(self, sums: tuple[float, ...]) -> float:
        if sums[-1]:
            return self._value_of(sums)
        return 0.0 if self.on_empty == "zero" else float("nan")

    def _check_value_out(self, out: Any, other: Any = None) -> None:
        """Before any work: an array for the value, which has no dimensions."""
        if out is None:
            return
        if self.reduction != "none":
            raise _errors.out_for_number(self)
        _errors.check_out(self, out, ())
        if isinstance(other, np.ndarray) and _arrays.share_memory(out, other):
            raise _errors.shared_outputs(self)

    def _shaped(self, value: float, out: Any) -> Value:
        if self.reduction != "none":
            return value
        if out is None:
            return np.array(value)
        out[...] = value
        return out
