"""Losses of several predictions: they come as a tuple, and so do their derivatives."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from ._engine import Plan
from ._loss import Array, CurvedLoss, Loss, Value

Arrays = tuple[Array, ...]
Outs = tuple[Array | None, ...]


class PairedLoss(Loss):
    """A loss of several predictions, all of one shape: `y_pred` is the tuple of them, the gradient the tuple of the derivatives by each.

    `out` takes such a tuple too, in which any array may be None. Each derivative has the floating dtype of its own prediction; the
    computation is in float64 if any of the arrays asks for it.
    """

    family = "paired"

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=tuple(self.parameters.values()))

    def __call__(  # type: ignore[override]
        self,
        y_true: ArrayLike | None,
        y_pred: Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | None = None,
    ) -> Value:
        return self._plan.value(y_true, y_pred, sample_weight, out)

    def grad(  # type: ignore[override]
        self,
        y_true: ArrayLike | None,
        y_pred: Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        *,
        out: Outs | None = None,
    ) -> Arrays:
        """The gradients of the reduced loss, one for each prediction; into the arrays of `out` if they are given."""
        grad: Arrays = self._plan.grad(y_true, y_pred, sample_weight, out)
        return grad

    def value_and_grad(  # type: ignore[override]
        self,
        y_true: ArrayLike | None,
        y_pred: Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        *,
        out: Any = None,
    ) -> tuple[Value, Arrays]:
        """The value and the gradients from one reading of the data. `out` takes the gradients; with reduction="none", the pair of an array
        for the values and the tuple for the gradients.
        """
        result: tuple[Value, Arrays] = self._plan.value_and_grad(y_true, y_pred, sample_weight, out)
        return result


class CurvedPairedLoss(PairedLoss, CurvedLoss):
    """One with the diagonal second derivatives by each prediction."""

    def grad_and_hess(  # type: ignore[override]
        self,
        y_true: ArrayLike | None,
        y_pred: Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        *,
        out: tuple[Outs | None, Outs | None] | None = None,
    ) -> tuple[Arrays, Arrays]:
        """The gradients and the diagonals of the Hessian. `out` is a pair of tuples, of which either may be None."""
        result: tuple[Arrays, Arrays] = self._plan.grad_and_hess(y_true, y_pred, sample_weight, out)
        return result
