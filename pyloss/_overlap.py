"""Losses of the overlap of two masks, over all samples or in separate cases."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _errors
from ._cases import Cases, averaged, divisor
from ._domains import BINARY, PROBABILITY
from ._engine import Plan
from ._formulas import silent
from ._loss import Array, Axes, Value, axes
from ._tallies import CasesTally, Tally, TotalTally
from ._total import Read, Sums, TotalLoss


class OverlapLoss(TotalLoss):
    """A loss of the overlap of two masks: of what they share, what the prediction adds and what it leaves out.

    `axis` says over which axes the sums run: one, a tuple of them, or None for all. The other axes hold separate cases, whose losses are
    averaged ("mean"), summed ("sum"), summed and divided by the length of the first of those axes ("batchmean"), or given one by one
    ("none": an array of their shape). Weights act within the sums of a case and not between cases: the mean is the plain average of the
    cases that have any weight. A case whose weights are all 0 counts nothing: it is left out of mean and sum, its own value is that of the
    mean of nothing and its gradient 0.

    What the sums are made of: the shared part TP is the sum of w min(t, p), what is added FP that of w max(p - t, 0), what is left out FN
    that of w max(t - p, 0). Where the truth is 0 or 1 these are the sums of w t p, w (1 - t) p and w t (1 - p); for soft truths they have
    their best at p = t, which the products have not. Their derivatives jump at p = t: there the gradient is (1 - t) of the one above plus
    t of the one below, so that a hard truth has that of the products. The computation is in float64, whatever the arrays hold.
    """

    axis: Axes = axes(default=None)

    y_true_domain = BINARY
    y_pred_domain = PROBABILITY

    def _make_plan(self) -> Plan:
        return Plan(self, "overlap", statistics=True, double_only=True)

    @cached_property
    def _grad_plan(self) -> Plan:
        return Plan(self, "overlap_grad", double_only=True)

    def _tally(self) -> Tally[Any]:
        return TotalTally(self) if self.axis is None else CasesTally(self)

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Value:
        if self.axis is None or not (cases := Cases(self, self.axis, y_true, y_pred, sample_weight)).shape:
            return super().__call__(y_true, y_pred, sample_weight, out=out)
        self._check_value_out(out, shape=cases.shape)
        return self._shaped(self._averaged(cases.shape, self._read_cases(cases)), out)

    def grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Array:
        if self.axis is None or not (cases := Cases(self, self.axis, y_true, y_pred, sample_weight)).shape:
            return super().grad(y_true, y_pred, sample_weight, out=out)
        self._check_grad_out(out, cases)
        return self._gradient(cases, self._read_cases(cases), out)

    def value_and_grad(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Value, Array]:
        if self.axis is None or not (cases := Cases(self, self.axis, y_true, y_pred, sample_weight)).shape:
            return super().value_and_grad(y_true, y_pred, sample_weight, out=out)
        value_out, grad_out = self._split(out)
        self._check_grad_out(grad_out, cases)
        self._check_value_out(value_out, grad_out, cases.shape)
        sums = self._read_cases(cases)
        grad = self._gradient(cases, sums, grad_out)
        return self._shaped(self._averaged(cases.shape, sums), value_out), grad

    def _read_cases(self, cases: Cases) -> Sums:
        return self._sums_of(cases.shape, lambda reading: cases.sums(self._plan, reading))

    @silent
    def _sums_of(self, shape: tuple[int, ...], read: Read) -> Sums:
        sums = self._gathered(read)
        divisor(self, shape, sums[-1] != 0)
        return sums

    @silent
    def _averaged(self, shape: tuple[int, ...], sums: Sums) -> Any:
        return averaged(self, shape, self._value_of(sums), sums[-1] != 0)

    @silent
    def _values_of(self, cases: Cases) -> tuple[Array, Array]:
        """That of each case, and which of them count."""
        sums = self._gathered(lambda reading: cases.sums(self._plan, reading))
        return self._value_of(sums), sums[-1] != 0

    @silent
    def _gradient(self, cases: Cases, sums: Sums, out: Any) -> Array:
        counts = sums[-1] != 0
        scale, parameters = self._slope_of(sums)
        share = np.where(counts, scale / max(1, divisor(self, cases.shape, counts)), 0)
        return cases.grad(self._grad_plan, share, parameters, out)

    def _check_grad_out(self, out: Any, cases: Cases) -> None:
        if out is not None:
            _errors.check_out(self, out, cases.pred.shape)
