"""Losses of the softmax's probabilities that are not cross-entropy, but a link away from it."""

from math import inf
from typing import ClassVar

from .._domains import FINITE_NOT_NEGATIVE, FRACTION, FROM_MINUS_ONE, NOT_NEGATIVE, PROBABILITY
from .._engine import Plan
from .._loss import CurvedLoss, Labels, MaybeNumbers, Number, RowwiseLoss, numbers, parameter
from .._probability import LogitLoss


class CategoricalFocal(LogitLoss, RowwiseLoss, stem="categorical_focal"):
    """Focal loss of several classes: cross-entropy that loses interest in what is classified well already.

    For the true distribution t of a row and w = t alpha: value -sum w (1 - p)^gamma log p. From probabilities: gradient
    -w (1 - p)^gamma (1 / p - gamma log(p) / (1 - p)), and the diagonal second derivative is that of each class by itself. From logits z,
    with p = softmax(z), A = p times that gradient and B = p dA/dp: gradient A - p sum(A), diagonal second derivative
    B (1 - 2 p) - p (1 - p) sum(A) + p^2 sum(B), which may be negative. 0 log 0 is 0. `gamma` = 0 is `CCE`. Where p = 1 and 0 < gamma < 1
    the second derivative by p is inf.

    y_true holds integer labels, with one axis less than y_pred, or a distribution of y_pred's shape (one-hot or soft, >= 0; it need not sum
    to 1); y_pred holds probabilities in [0, 1], never renormalised, or with `from_logits` any numbers. `axis` is that of the classes.
    `gamma` >= 0; `alpha` holds one number >= 0 for each class, or is None for 1 each (ValueError if there are not as many as classes; a
    number for all classes, as in Keras, is a factor of the loss). It is computed in float64 whatever the arrays hold: a power multiplies
    what rounding took from 1 - q. IndexError for a label that is not in 0 ... classes - 1.

    Reference: T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar, Focal loss for dense object detection, 2017.
    """

    gamma: Number = parameter(default=2.0, domain=FINITE_NOT_NEGATIVE, examples=(0.0, 1.0))
    alpha: MaybeNumbers = numbers(default=None, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = PROBABILITY
    labels: ClassVar[Labels] = "maybe"

    def _make_plan(self) -> Plan:
        return Plan(
            self,
            "categorical_focal_logits" if self.from_logits else "categorical_focal",
            parameters=(self.gamma, _power_rule_at_0(self.gamma)),
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
            double_only=True,
            class_factors="alpha",
        )


def _power_rule_at_0(gamma: float) -> float:
    """gamma x^(gamma - 1) at x = 0."""
    if gamma < 1:
        return inf if gamma else 0.0
    return 1.0 if gamma == 1 else 0.0


class Poly1(CurvedLoss, RowwiseLoss, stem="poly1"):
    """Cross-entropy with another first coefficient: the first term of its expansion in powers of 1 - q is weighted by itself.

    From logits z with q = softmax(z), for the true distribution t of a row: value sum t (epsilon (1 - q) - log q), gradient with
    A = -t (1 + epsilon q) is A - q sum(A), diagonal second derivative B (1 - 2 q) - q (1 - q) sum(A) + q^2 sum(B) with B = -t epsilon q; it
    may be negative. 0 log 0 is 0. `epsilon` = 0 is `CCE`.

    y_true holds integer labels, with one axis less than y_pred, or a distribution of y_pred's shape (one-hot or soft, >= 0; it need not sum
    to 1); y_pred holds logits, any numbers. `axis` is that of the classes. `epsilon` >= -1, below which the loss would grow with q. It is
    computed in float64 whatever the arrays hold. IndexError for a label that is not in 0 ... classes - 1.

    Reference: Z. Leng, M. Tan, C. Liu, E. D. Cubuk, X. Shi, S. Cheng and D. Anguelov, PolyLoss: a polynomial expansion perspective of
    classification loss functions, 2022.
    """

    epsilon: Number = parameter(default=2.0, domain=FROM_MINUS_ONE, examples=(0.0, -1.0))

    y_true_domain = NOT_NEGATIVE
    labels: ClassVar[Labels] = "maybe"

    def _make_plan(self) -> Plan:
        return Plan(
            self,
            "poly1",
            parameters=(self.epsilon, 1 + self.epsilon),
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
            double_only=True,
        )


class GeneralizedCE(LogitLoss, RowwiseLoss, stem="generalized_ce"):
    """Generalised cross-entropy, which mislabelled rows cannot draw far: between cross-entropy and the absolute error.

    With Q for the parameter `q`, and the true distribution t of a row: value sum t (1 - p^Q) / Q. From probabilities: gradient
    -t p^(Q - 1), diagonal second derivative t (1 - Q) p^(Q - 2). From logits z with p = softmax(z): gradient A - p sum(A) with A = -t p^Q,
    diagonal B (1 - 2 p) - p (1 - p) sum(A) + p^2 sum(B) with B = Q A; it may be negative. `q` in (0, 1]: 1 is 1 - p, and towards 0 it
    becomes `CCE`, whose digits the smallest q keeps. At p = 0 the derivatives of a true class are infinite unless `q` is 1.

    y_true holds integer labels, with one axis less than y_pred, or a distribution of y_pred's shape (one-hot or soft, >= 0; it need not sum
    to 1); y_pred holds probabilities in [0, 1], never renormalised, or with `from_logits` any numbers. `axis` is that of the classes. It is
    computed in float64 whatever the arrays hold. IndexError for a label that is not in 0 ... classes - 1.

    Reference: Z. Zhang and M. R. Sabuncu, Generalized cross entropy loss for training deep neural networks with noisy labels, 2018.
    """

    q: Number = parameter(default=0.7, domain=FRACTION, examples=(1.0, 2.0**-30))

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = PROBABILITY
    labels: ClassVar[Labels] = "maybe"

    def _make_plan(self) -> Plan:
        return Plan(
            self,
            "generalized_ce_logits" if self.from_logits else "generalized_ce",
            parameters=(self.q,),
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
            double_only=True,
        )
