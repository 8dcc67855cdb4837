"""Losses whose predictions are probabilities, or the logits that they come from."""

from . import _errors
from ._domains import FINITE_NOT_NEGATIVE, REAL
from ._loss import CurvedLoss, choice, parameter


class LogitLoss(CurvedLoss):
    """A loss of probabilities, or with `from_logits` of logits, which may be any numbers."""

    from_logits: bool = choice(default=False, choices=(True, False))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_logits:
            object.__setattr__(self, "y_pred_domain", REAL)


class ProbabilityLoss(LogitLoss):
    """One in which `eps` is added to probabilities inside the logarithm."""

    eps: float = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_logits and self.eps:
            raise _errors.bad_parameter(self.name, "eps", "0 with from_logits: it is added to probabilities", self.eps)
