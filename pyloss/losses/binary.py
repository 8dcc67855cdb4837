"""Losses of two classes."""

from .._domains import BINARY, FINITE_NOT_NEGATIVE, PROBABILITY, SIGN
from .._engine import Plan
from .._loss import ElementwiseLoss, Number, parameter
from .._probability import LogitLoss, ProbabilityLoss


class BCE(ProbabilityLoss, ElementwiseLoss, stem="bce"):
    """Binary cross-entropy: minus the log-likelihood of a yes or no, in nats.

    From probabilities: value -w y log(p + eps) - (1 - y) log(1 - p + eps), gradient (1 - y) / (1 - p + eps) - w y / (p + eps), second
    derivative w y / (p + eps)^2 + (1 - y) / (1 - p + eps)^2. From logits z: value w y log(1 + exp(-z)) + (1 - y) log(1 + exp(z)), gradient
    (1 - y) sigmoid(z) - w y sigmoid(-z), second derivative (1 - y + w y) sigmoid(z) sigmoid(-z), exact in both tails. 0 log 0 is 0.

    y_true is a probability in [0, 1] or a bool; y_pred is one in [0, 1], or with `from_logits` any number; ValueError for anything else.
    w is `pos_weight`, what a yes counts beside a no; it does not change what the mean divides by. `label_smoothing` e puts
    y (1 - e) + e / 2 in the place of y. `eps` is part of the function: without it a certain prediction of the wrong class costs inf. With
    reduction="batchmean" on (n, c) this is the multi-label form, summed over the classes.

    Reference: I. J. Good, Rational decisions, 1952.
    """

    pos_weight: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)
    label_smoothing: Number = parameter(default=0.0, domain=PROBABILITY, examples=(1.0,))

    y_true_domain = BINARY
    y_pred_domain = PROBABILITY

    def _make_plan(self) -> Plan:
        point = "bce_logits" if self.from_logits else "bce"
        if self.pos_weight == 1 and self.label_smoothing == 0:
            return Plan(self, point, parameters=(self.eps,))
        e = self.label_smoothing
        return Plan(self, f"{point}_weighted", parameters=(self.eps, 1 - e, e / 2, self.pos_weight))


class Brier(LogitLoss, ElementwiseLoss, stem="brier"):
    """Brier score: the squared error of a probability.

    value (p - y)^2, gradient 2 (p - y), second derivative 2. From logits z, with p = sigmoid(z) and w = p (1 - p): gradient 2 (p - y) w,
    second derivative 2 w (w + (p - y) (1 - 2 p)), exact in both tails.

    y_true is a probability in [0, 1] or a bool; y_pred is one in [0, 1], or with `from_logits` any number.

    Reference: G. W. Brier, Verification of forecasts expressed in terms of probability, 1950.
    """

    y_true_domain = BINARY
    y_pred_domain = PROBABILITY

    def _make_plan(self) -> Plan:
        return Plan(self, "brier_logits" if self.from_logits else "mse")


class Logistic(ElementwiseLoss, stem="logistic"):
    """Logistic loss of a score, or soft margin: linear in a score that is wrong, exponentially small in one that is right.

    value log(1 + exp(-y z)), gradient -y sigmoid(-y z), second derivative sigmoid(z) sigmoid(-z), exact in both tails: it is BCE from
    logits with the labels -1 and 1.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number.

    Reference: D. R. Cox, The regression analysis of binary sequences, 1958.
    """

    y_true_domain = SIGN


class Hinge(ElementwiseLoss, stem="hinge"):
    """Hinge loss: nothing beyond the margin, linear before it; the support vector machine's.

    value max(0, margin - y z), gradient -y where y z < margin, else 0, second derivative 0. At the kink y z = margin the gradient is 0.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number.

    Reference: C. Cortes and V. Vapnik, Support-vector networks, 1995.
    """

    margin: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = SIGN


class SquaredHinge(ElementwiseLoss, stem="squared_hinge"):
    """Squared hinge loss: nothing beyond the margin, quadratic before it; the smooth support vector machine's.

    value max(0, margin - y z)^2, gradient -2 y max(0, margin - y z), second derivative 2 where y z < margin, else 0. At the kink
    y z = margin, where only the second derivative jumps, it is 0.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number.

    Reference: C. Cortes and V. Vapnik, Support-vector networks, 1995.
    """

    margin: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = SIGN


class ModifiedHuber(ElementwiseLoss, stem="modified_huber"):
    """Modified Huber loss of a score: a squared hinge that turns linear for a score that is badly wrong.

    With v = y z: value 0 where v >= 1, (1 - v)^2 where -1 <= v < 1, else -4 v; gradient 0, -2 y (1 - v) and -4 y; second derivative 0, 2
    and 0. Where the pieces meet only the second derivative jumps: at v = 1 it is 0, at v = -1 it is 2.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number.

    Reference: T. Zhang, Solving large scale linear prediction problems using stochastic gradient descent algorithms, 2004.
    """

    y_true_domain = SIGN


class Perceptron(ElementwiseLoss, stem="perceptron"):
    """Perceptron loss: a score of the wrong sign costs its size, one of the right sign nothing.

    value max(0, -y z), gradient -y where y z < 0, else 0, second derivative 0. At the kink z = 0 the gradient is 0.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number.

    Reference: F. Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the brain, 1958.
    """

    y_true_domain = SIGN


class Exponential(ElementwiseLoss, stem="exponential"):
    """Exponential loss of a score: AdaBoost's, merciless to what is confidently wrong.

    value exp(-y z), gradient -y exp(-y z), second derivative exp(-y z).

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a score z, any number. Half the log-odds
    minimise its mean.

    Reference: Y. Freund and R. E. Schapire, A decision-theoretic generalization of on-line learning and an application to boosting, 1997.
    """

    y_true_domain = SIGN
