"""Losses of two classes that look away from what is easy."""

from math import inf

from .._domains import BINARY, FINITE_NOT_NEGATIVE, PROBABILITY, REAL
from .._engine import Plan
from .._loss import ElementwiseLoss, MaybeNumber, Number, parameter
from .._probability import LogitLoss

MOST_MULTIPLIED = 7
"""The largest whole exponent that a point raises to by multiplying."""


def _point(name: str, *exponents: float) -> str:
    """The point for these exponents: whole ones that are small have one of their own."""
    return name + "_whole" * all(x in range(MOST_MULTIPLIED + 1) for x in exponents)


class BinaryFocal(LogitLoss, ElementwiseLoss, stem="binary_focal"):
    """Focal loss of two classes: cross-entropy that fades as the truth gets its probability, so that hard examples count.

    With m = y (1 - p) + (1 - y) p, the probability that the truth did not get, c = -y log p - (1 - y) log(1 - p) and
    a = alpha y + (1 - alpha) (1 - y), or 1 where alpha is None: value a m^gamma c, gradient a (m^gamma c' + gamma m^(gamma - 1) m' c),
    second derivative a (m^gamma c'' + 2 gamma m^(gamma - 1) m' c' + gamma m^(gamma - 2) ((gamma - 1) m'^2 + m m'') c). They are by p, where
    m' = 1 - 2 y, m'' = 0 and c is the cross-entropy of BCE; from logits z, where p = sigmoid(z), by z: with w = p (1 - p) m' is
    (1 - 2 y) w, m'' is (1 - 2 y) (1 - 2 p) w, c' is p - y and c'' is w, exact in both tails. From logits the second derivative
    is negative where a prediction is badly wrong, unless `gamma` is 0; in p the loss is convex. Between 0 and 1 a truth mixes both in m and
    in c.

    y_true is a probability in [0, 1] or a bool; y_pred is one in [0, 1], or with `from_logits` any number. `gamma` = 0 is BCE. `alpha`,
    in [0, 1], weighs a yes and 1 - alpha a no.

    Reference: T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar, Focal loss for dense object detection, 2017.
    """

    gamma: Number = parameter(default=2.0, domain=FINITE_NOT_NEGATIVE, examples=(0.0, 1.0, 2.5))
    alpha: MaybeNumber = parameter(default=None, domain=PROBABILITY)

    y_true_domain = BINARY
    y_pred_domain = PROBABILITY

    def _make_plan(self) -> Plan:
        link = "_logits" * self.from_logits
        if self.gamma == 0 and self.alpha is None:
            return Plan(self, f"bce{link}")
        yes, no = (1.0, 1.0) if self.alpha is None else (self.alpha, 1 - self.alpha)
        usual = self.from_logits and self.gamma == 2
        point = f"binary_focal{link}"
        point = f"{point}_squared" if usual else _point(point, self.gamma - (not self.from_logits))
        return Plan(self, point, parameters=(self.gamma, yes, no, self._bend_of_certainty()))

    def _bend_of_certainty(self) -> float:
        """The second derivative where nothing was missed."""
        if self.gamma in (0, 1):
            return 1.0 + self.gamma
        return 0.0 if self.gamma > 1 else inf


class AsymmetricBCE(ElementwiseLoss, stem="asymmetric_bce"):
    """Asymmetric loss of many labels, mostly absent: focal on either side with powers of their own, and an easy no costs nothing.

    With P = sigmoid(z) and x = max(P - clip, 0): value -y (1 - P)^gamma_pos log P - (1 - y) x^gamma_neg log(1 - x). With w = P (1 - P):
    gradient -y (1 - P)^gamma_pos (1 - P - gamma_pos P log P) + (1 - y) w (x^gamma_neg / (1 - x) - gamma_neg x^(gamma_neg - 1) log(1 - x)).
    The second derivative is that of this very function by z; it may be negative. Where P <= clip a no has neither value nor gradient nor
    second derivative, at the kink P = clip too. All are exact in both tails.

    y_true is a probability in [0, 1] or a bool; y_pred is a logit z, any number. `gamma_neg` and `gamma_pos` are at least 0, `clip` is in
    [0, 1]: it is taken from the probability of a no alone. With reduction="batchmean" on (n, c) this is summed over the labels.

    Reference: T. Ridnik, E. Ben-Baruch, N. Zamir, A. Noy, I. Friedman, M. Protter and L. Zelnik-Manor, Asymmetric loss for multi-label
    classification, 2021.
    """

    gamma_neg: Number = parameter(default=4.0, domain=FINITE_NOT_NEGATIVE, examples=(0.0, 1.0))
    gamma_pos: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE, examples=(0.0, 2.5))
    clip: Number = parameter(default=0.05, domain=PROBABILITY, examples=(0.0,))

    y_true_domain = BINARY
    y_pred_domain = REAL

    def _make_plan(self) -> Plan:
        point = _point(self.name, self.gamma_neg, self.gamma_pos)
        return Plan(self, point, parameters=(self.gamma_neg, self.gamma_pos, self.clip))
