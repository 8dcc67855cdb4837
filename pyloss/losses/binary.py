"""Losses of two classes."""

from .._domains import BINARY, FINITE_NOT_NEGATIVE, PROBABILITY, SIGN
from .._engine import Plan
from .._loss import ElementwiseLoss, parameter
from .._probability import ProbabilityLoss


class BCE(ProbabilityLoss, ElementwiseLoss, stem="bce"):
    """Binary cross-entropy: minus the log-likelihood of a yes or no, in nats.

    From probabilities: value -y log(p + eps) - (1 - y) log(1 - p + eps), gradient (1 - y) / (1 - p + eps) - y / (p + eps), second
    derivative y / (p + eps)^2 + (1 - y) / (1 - p + eps)^2. From logits z: value log(1 + exp(z)) - y z, gradient sigmoid(z) - y, second
    derivative sigmoid(z) sigmoid(-z), exact in both tails. 0 log 0 is 0.

    y_true is a probability in [0, 1] or a bool; y_pred is one in [0, 1], or with `from_logits` any number; ValueError for anything else.
    `eps` is part of the function: without it a certain prediction of the wrong class costs inf. With reduction="batchmean" on (n, c) this
    is the multi-label form, summed over the classes.

    Reference: I. J. Good, Rational decisions, 1952.
    """

    y_true_domain = BINARY
    y_pred_domain = PROBABILITY

    def _make_plan(self) -> Plan:
        return Plan(self, "bce_logits" if self.from_logits else "bce", parameters=(self.eps,))


class Hinge(ElementwiseLoss, stem="hinge"):
    """Hinge loss: nothing beyond the margin, linear before it; the support vector machine's.

    value max(0, margin - y z), gradient -y where y z < margin, else 0, second derivative 0. At the kink y z = margin the gradient is 0.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number.

    Reference: C. Cortes and V. Vapnik, Support-vector networks, 1995.
    """

    margin: float = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = SIGN
