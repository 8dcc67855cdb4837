"""Totals: losses of sums over all samples, whose gradient depends on the sums too."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _errors
from ._engine import Plan, Sums
from ._loss import Array, Loss, Value


class TotalLoss(Loss, ABC):
    """A loss of sums over all samples: a first reading of the data makes the sums, a second the gradient.

    There is one value for all samples, so every reduction but "none" gives the same, and "none" gives an array without dimensions. The
    computation is in float64, whatever the arrays hold.

    A subclass says how the value and the gradient follow from the sums of its plan's point; the last of the sums is the total weight.
    """

    family = "total"

    @abstractmethod
    def _value_of(self, sums: tuple[Any, ...]) -> Any:
        """The value that follows from the sums."""

    @abstractmethod
    def _slope_of(self, sums: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """What the point of the second reading is given: the scale of its gradient, and its parameters."""

    @cached_property
    def _grad_plan(self) -> Plan:
        """That of the second reading."""
        return self._plan

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Value:
        self._check_value_out(out)
        return self._shaped(self._reduced(self._sums(y_true, y_pred, sample_weight)), out)

    def grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Array:
        return self._second(self._sums(y_true, y_pred, sample_weight), y_true, y_pred, sample_weight, out)

    def value_and_grad(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Value, Array]:
        value_out, grad_out = self._split(out)
        self._check_value_out(value_out, grad_out)
        sums = self._sums(y_true, y_pred, sample_weight)
        grad = self._second(sums, y_true, y_pred, sample_weight, grad_out)
        return self._shaped(self._reduced(sums), value_out), grad

    def _sums(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Any, ...]:
        return self._measure(y_true, y_pred, sample_weight, ())

    def _measure(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, parameters: tuple[float, ...]
    ) -> tuple[float, ...]:
        """The first reading of the data, with these parameters of the point."""
        sums = Sums()
        self._plan.add_to(sums, y_true, y_pred, sample_weight, parameters)
        rounded = sums.rounded()
        if not rounded[-1] and self.reduction in ("mean", "batchmean") and self.on_empty == "raise":
            raise _errors.nothing_to_average(self)
        return rounded

    def _second(
        self, sums: tuple[Any, ...], y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, out: Any
    ) -> Array:
        """The gradient: the second reading of the data."""
        scale, parameters = self._slope_of(sums)
        return self._grad_plan.scaled_grad(scale, y_true, y_pred, sample_weight, out, parameters)

    def _reduced(self, sums: tuple[Any, ...]) -> float:
        if sums[-1]:
            return self._value_of(sums)  # type: ignore[no-any-return]
        return 0.0 if self.reduction == "sum" else self._empty

    def _split(self, out: Any) -> tuple[Any, Any]:
        """What takes the value, and what takes the gradient."""
        return _errors.pair(self, out) if self.reduction == "none" and out is not None else (None, out)

    def _check_value_out(self, out: Any, other: Any = None, shape: tuple[int, ...] = ()) -> None:
        """Before any work: an array for the values."""
        if out is None:
            return
        if self.reduction != "none":
            raise _errors.out_for_number(self)
        _errors.check_out(self, out, shape)
        if isinstance(other, np.ndarray) and _arrays.share_memory(out, other):
            raise _errors.shared_outputs(self)

    def _shaped(self, value: Any, out: Any) -> Value:
        if self.reduction != "none":
            return value
        if out is None:
            return np.asarray(value)
        out[...] = value
        return out
