"""Totals: losses of sums over all samples, whose gradient depends on the sums too."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _engine, _errors
from ._engine import Plan
from ._loss import Array, Loss, Value
from ._tallies import Tally, TotalTally

Sums = tuple[Any, ...]
Read = Callable[[tuple[float, ...]], Sums]


class TotalLoss(Loss, ABC):
    """A loss of sums over all samples: a first reading of the data makes the sums, a second the gradient.

    There is one value for all samples, so every reduction but "none" gives the same, and "none" gives an array without dimensions. The
    computation is in float64, whatever the arrays hold.

    A subclass says how the value and the gradient follow from the sums of its plan's point; the last of the sums is the total weight.
    """

    family = "total"

    _is_unit_free: ClassVar[bool] = False
    """Whether nothing changes where all weights are multiplied with one number."""

    _readings: ClassVar[tuple[tuple[float, ...], ...]] = ((),)
    """What the point may be given when the data are read for their sums."""

    def _gathered(self, read: Read) -> Sums:
        """All that value and gradient follow from; `read` gives the sums of one reading, the last of which is the weight."""
        return read(())

    @abstractmethod
    def _value_of(self, sums: Sums) -> Any:
        """The value that follows from the sums."""

    @abstractmethod
    def _slope_of(self, sums: Sums) -> tuple[Any, tuple[Any, ...]]:
        """What the point of the second reading is given: the scale of its gradient, and its parameters."""

    def _tally(self) -> Tally[Any]:
        return TotalTally(self)

    @cached_property
    def _grad_plan(self) -> Plan:
        """That of the second reading."""
        return self._plan

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Value:
        self._check_value_out(out)
        return self._shaped(self._reduced(self._read(y_true, y_pred, sample_weight)[0]), out)

    def grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Array:
        sums, sample_weight = self._read(y_true, y_pred, sample_weight)
        return self._second(sums, y_true, y_pred, sample_weight, out)

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
        sums, sample_weight = self._read(y_true, y_pred, sample_weight)
        grad = self._second(sums, y_true, y_pred, sample_weight, grad_out)
        return self._shaped(self._reduced(sums), value_out), grad

    def _read(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Sums, ArrayLike | None]:
        """The sums, and the weights that they are of: in other units, where those do not matter and the total is tiny or huge."""
        sums = self._sums(y_true, y_pred, sample_weight)
        if sample_weight is None or not self._is_unit_free or _engine.is_tame(sums[-1]):
            return sums, sample_weight
        sample_weight = _arrays.tamed(_arrays.sliceable(sample_weight), sums[-1])
        return self._sums(y_true, y_pred, sample_weight), sample_weight

    def _sums(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None) -> Sums:
        return self._gathered(lambda reading: self._counted(self._plan.sums_of(y_true, y_pred, sample_weight, reading)))

    def _counted(self, sums: Sums) -> Sums:
        """The sums themselves, if there is anything to average."""
        if not sums[-1] and self.reduction in ("mean", "batchmean") and self.on_empty == "raise":
            raise _errors.nothing_to_average(self)
        return sums

    def _second(
        self, sums: Sums, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, out: Any
    ) -> Array:
        """The gradient: the second reading of the data."""
        scale, parameters = self._slope_of(sums)
        return self._grad_plan.scaled_grad(scale, y_true, y_pred, sample_weight, out, parameters, again=True)

    def _reduced(self, sums: Sums) -> float:
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
