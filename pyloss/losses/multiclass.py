"""Losses of several classes."""

from typing import ClassVar

from .._domains import NOT_NEGATIVE
from .._engine import Plan
from .._loss import RowwiseLoss
from .._probability import ProbabilityLoss


class CCE(ProbabilityLoss, RowwiseLoss, stem="cce"):
    """Categorical cross-entropy: minus the log-likelihood of one class of several, in nats.

    For the true distribution t of a row, from probabilities: value -sum t log(p + eps), gradient -t / (p + eps), diagonal second derivative
    t / (p + eps)^2. From logits z with q = softmax(z): value -sum t log q, gradient sum(t) q - t, diagonal sum(t) q (1 - q), exact also
    where the label's logit is far above the others. 0 log 0 is 0.

    y_true holds integer labels, with one axis less than y_pred, or a distribution of y_pred's shape (one-hot or soft, >= 0; it need not sum
    to 1); y_pred holds probabilities >= 0, never renormalised, or with `from_logits` any numbers. `axis` is that of the classes. `eps` is
    part of the function: without it a class that is true but has the probability 0 costs inf. IndexError for a label that is not in
    0 ... classes - 1, ValueError for a negative probability.

    Reference: I. J. Good, Rational decisions, 1952; J. S. Bridle, Probabilistic interpretation of feedforward classification network
    outputs, 1990.
    """

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE
    labels: ClassVar[str] = "maybe"

    def _make_plan(self) -> Plan:
        kernel = "softmax" if self.from_logits else "cce"
        return Plan(self, kernel, parameters=(self.eps,), rowwise=True, labels=self.labels, axis=self.axis)


class SparseCCE(CCE, stem="sparse_cce"):
    """Categorical cross-entropy of integer labels alone: `CCE` that takes nothing else, so that no one-hot array is made by mistake.

    From probabilities: value -log(p + eps) of the label's class. From logits z: value log(sum exp z) - z of the label's class. Labels of
    any integer dtype in 0 ... classes - 1, with one axis less than y_pred.

    Reference: as `CCE`.
    """

    labels: ClassVar[str] = "always"
