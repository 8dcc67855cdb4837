"""Losses of several classes."""

from typing import ClassVar

from .. import _errors
from .._domains import FINITE_NOT_NEGATIVE, FINITE_POSITIVE, NOT_NEGATIVE, PROBABILITY
from .._engine import Plan
from .._loss import CurvedLoss, Labels, MaybeNumber, MaybeNumbers, Number, RowwiseLoss, integer, numbers, parameter
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

    The options go together in any combination:

    - `class_weight`, one number >= 0 for each class: class k costs class_weight_k times as much. A row's value is
      -sum class_weight_k t_k log q_k, and the mean divides by the sum of the rows' own weights, class_weight of the label or
      sum class_weight_k t_k. (torch does so for labels; for distributions it divides by their number.)
    - `ignore_index`: rows of this label count nothing, be it a class (which stays in the softmax of the other rows) or not. Of
      distributions no row is ignored.
    - `label_smoothing` e in [0, 1]: t becomes (1 - e) t + e / classes. `class_weight` applies to the smoothed truth.
    - With `from_logits`: `z_loss`, which adds z_loss (log sum exp z)^2 times the row's own weight; `softcap`, by which the logits are
      softcap tanh(z / softcap) first; then `temperature`, by which they are divided.

    Reference: I. J. Good, Rational decisions, 1952; J. S. Bridle, Probabilistic interpretation of feedforward classification network
    outputs, 1990; C. Szegedy et al., Rethinking the Inception architecture, 2016 (smoothing); A. Chowdhery et al., PaLM, 2022 (z-loss).
    """

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE
    labels: ClassVar[Labels] = "maybe"

    class_weight: MaybeNumbers = numbers(default=None, domain=FINITE_NOT_NEGATIVE)
    ignore_index: int | None = integer(default=None)
    label_smoothing: Number = parameter(default=0.0, domain=PROBABILITY, examples=(1.0,))
    z_loss: Number = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)
    softcap: MaybeNumber = parameter(default=None, domain=FINITE_POSITIVE, examples=(30.0,))
    temperature: Number = parameter(default=1.0, domain=FINITE_POSITIVE)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_logits:
            return
        for name, rule, given in (
            ("z_loss", 0.0, self.z_loss),
            ("softcap", None, self.softcap),
            ("temperature", 1.0, self.temperature),
        ):
            if given != rule:
                raise _errors.bad_parameter(self.name, name, f"{rule} with probabilities: it is about logits", given)

    def _make_plan(self) -> Plan:
        return Plan(
            self,
            "softmax" if self.from_logits else "cce",
            parameters=(self.z_loss, self.softcap or 0.0, self.temperature) if self.from_logits else (self.eps,),
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
            class_factors="class_weight",
            weighs_rows=True,
            ignored=self.ignore_index,
            smoothing=self.label_smoothing,
        )


class SparseCCE(CCE, stem="sparse_cce"):
    """Categorical cross-entropy of integer labels alone: `CCE` that takes no other truth, so that no one-hot array is made by mistake.

    From probabilities: value -log(p + eps) of the label's class. From logits z, with `from_logits`: value log(sum exp z) - z of the label's
    class. Labels of any integer dtype in 0 ... classes - 1, with one axis less than y_pred. All parameters are those of `CCE`.

    Reference: as `CCE`.
    """

    labels: ClassVar[Labels] = "always"


class NLL(RowwiseLoss, CurvedLoss, stem="nll"):
    """Negative log-likelihood of the label's class, from log-probabilities: what `SparseCCE` computes when the logarithm is already taken.

    value -x of the label's class, gradient -1 there and 0 elsewhere, second derivative 0; with `class_weight`, one number >= 0 for each
    class, all that times the label's, and the mean divides by the sum of these. Rows of the label `ignore_index` count nothing.

    y_true holds integer labels in 0 ... classes - 1, with one axis less than y_pred (IndexError for any other); y_pred holds
    log-probabilities x, of which only the label's is read. They should be <= 0 and normalised, as those of a log-softmax are, but nothing
    is checked: a positive one gives a negative loss. -inf costs inf. `axis` is that of the classes.

    Reference: R. A. Fisher, On the mathematical foundations of theoretical statistics, 1922.
    """

    labels: ClassVar[Labels] = "always"

    class_weight: MaybeNumbers = numbers(default=None, domain=FINITE_NOT_NEGATIVE)
    ignore_index: int | None = integer(default=None)

    def _make_plan(self) -> Plan:
        return Plan(
            self,
            self.name,
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
            class_factors="class_weight",
            weighs_rows=True,
            ignored=self.ignore_index,
        )
