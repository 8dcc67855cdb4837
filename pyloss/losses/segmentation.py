"""Losses of overlap."""

from functools import cached_property
from typing import Any

from numpy.typing import ArrayLike

from .._domains import BINARY, FINITE_NOT_NEGATIVE, PROBABILITY
from .._engine import Plan
from .._loss import Array, parameter
from .._total import TotalLoss


class Dice(TotalLoss, stem="dice"):
    """Dice loss: one minus the overlap of two soft masks, over all samples together.

    With the weighted sums I of min(t, p), P of p and T of t, N = 2 I + smooth and D = P + T + smooth: value 1 - N / D, gradient
    w (N - 2 D d) / D^2, where d is 1 for p < t, 0 for p > t, and t at the kink p = t. min(t, p) is t p where t is 0 or 1, and for soft
    targets the form whose minimum lies at the target. Two empty masks agree: with smooth = 0 their loss is 0.

    y_true is in [0, 1] or a bool, y_pred in [0, 1]; ValueError for anything else.

    Reference: F. Milletari, N. Navab and S. Ahmadi, V-Net, 2016.
    """

    smooth: float = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = BINARY
    y_pred_domain = PROBABILITY

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, statistics=True, double_only=True)

    @cached_property
    def _grad_plan(self) -> Plan:
        return Plan(self, "dice_grad", double_only=True)

    def _value_of(self, sums: tuple[float, ...]) -> float:
        difference, pred, truth, _ = sums
        size = pred + truth + self.smooth
        return difference / size if size else 0.0

    def _grad_of(
        self, sums: tuple[float, ...], y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, out: Any
    ) -> Array:
        difference, pred, truth, _ = sums
        size = pred + truth + self.smooth
        scale, agreement = (1 / size, (size - difference) / size) if size else (0.0, 0.0)
        return self._grad_plan.scaled_grad(scale, y_true, y_pred, sample_weight, out, (agreement,))
