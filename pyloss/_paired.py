"""Losses of several predictions: they come as a tuple, and so do their derivatives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ._engine import Plan
from ._loss import Array, CurvedLoss, Loss, Value

Arrays = tuple[Array, ...]
Outs = tuple[Array | None, ...]


class PairedLoss(Loss):
    """A loss of several predictions, all of one shape: `y_pred` is the tuple of them, the gradient the tuple of the derivatives by each.

    `out` takes such a tuple too, in which any array may be None; with reduction="none" that of `value_and_grad` is the pair of an array
    for the values and the tuple for the gradients, and that of `grad_and_hess` is a pair of tuples in any case. Each derivative has the
    floating dtype of its own prediction; the computation is in float64 if any of the arrays asks for it.
    """

    family = "paired"

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=tuple(self.parameters.values()))

    if TYPE_CHECKING:

        def __call__(  # type: ignore[override]
            self,
            y_true: ArrayLike | None,
            y_pred: Sequence[ArrayLike],
            sample_weight: ArrayLike | None = None,
            *,
            out: Array | None = None,
        ) -> Value: ...

        def grad(  # type: ignore[override]
            self,
            y_true: ArrayLike | None,
            y_pred: Sequence[ArrayLike],
            sample_weight: ArrayLike | None = None,
            *,
            out: Outs | None = None,
        ) -> Arrays: ...

        def value_and_grad(  # type: ignore[override]
            self,
            y_true: ArrayLike | None,
            y_pred: Sequence[ArrayLike],
            sample_weight: ArrayLike | None = None,
            *,
            out: Any = None,
        ) -> tuple[Value, Arrays]: ...


class CurvedPairedLoss(PairedLoss, CurvedLoss):
    """One with the diagonal second derivatives by each prediction."""

    if TYPE_CHECKING:

        def grad_and_hess(  # type: ignore[override]
            self,
            y_true: ArrayLike | None,
            y_pred: Sequence[ArrayLike],
            sample_weight: ArrayLike | None = None,
            *,
            out: tuple[Outs | None, Outs | None] | None = None,
        ) -> tuple[Arrays, Arrays]: ...
