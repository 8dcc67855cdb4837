"""Losses whose predictions are probabilities, or the logits that they come from."""

from . import _errors
from ._domains import FINITE_NOT_NEGATIVE, REAL
from ._loss import CurvedLoss, choice, parameter


class ProbabilityLoss(CurvedLoss):
    """A loss of probabilities, or with `from_logits` of logits. `eps` is added to probabilities inside the logarithm."""

    from_logits: bool = choice(default=False, choices=(True, False))
    eps: float = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.from_logits:
            return
        if self.eps:
            raise _errors.bad_parameter(self.name, "eps", "0 with from_logits: it is added to probabilities", self.eps)
        object.__setattr__(self, "y_pred_domain", REAL)
