"""Divergences between distributions."""

from math import log1p

from .._domains import INSIDE_UNIT, NOT_NEGATIVE, REAL
from .._engine import Plan
from .._loss import CurvedLoss, Number, RowwiseLoss, choice, parameter


class KLDivergence(RowwiseLoss, CurvedLoss, stem="kl_divergence"):
    """Kullback-Leibler divergence of y_true from y_pred: what coding with the wrong distribution costs, in nats.

    For the distributions t and p of a row: value sum t log(t / p), gradient -t / p, diagonal second derivative t / p^2. A class with t = 0
    counts nothing; one with p = 0 < t costs inf. With `log_pred` y_pred holds x = log p: value sum t (log t - x), gradient -t, second
    derivative 0. With `log_true` y_true holds log t.

    Probabilities are >= 0 (ValueError for a negative one) and need not sum to 1; logarithms are any numbers, -inf for a probability of 0.
    `axis` is that of the classes.

    Reference: S. Kullback and R. A. Leibler, On information and sufficiency, 1951.
    """

    log_true: bool = choice(default=False, choices=(True, False))
    log_pred: bool = choice(default=False, choices=(True, False))

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.log_true:
            object.__setattr__(self, "y_true_domain", REAL)
        if self.log_pred:
            object.__setattr__(self, "y_pred_domain", REAL)

    def _make_plan(self) -> Plan:
        points = ("kl_divergence", "kl_divergence_log_pred", "kl_divergence_log_true", "kl_divergence_logs")
        return Plan(self, points[2 * self.log_true + self.log_pred], rowwise=True, axis=self.axis)


class GeneralizedKL(RowwiseLoss, CurvedLoss, stem="generalized_kl"):
    """Kullback-Leibler divergence of measures that need not sum to 1, from logarithms: 0 where they agree, else positive.

    For a row's truth t and prediction x = log p: value sum t (log t - x) + exp(x) - t, gradient exp(x) - t, diagonal second derivative
    exp(x). A class with t = 0 costs exp(x); one with x = -inf and t > 0 costs inf.

    y_true is >= 0 (ValueError for a negative one); y_pred is any number. `axis` is that of the classes.

    Reference: I. Csiszar, Why least squares and maximum entropy?, 1991.
    """

    y_true_domain = NOT_NEGATIVE

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, rowwise=True, axis=self.axis)


class JSDivergence(RowwiseLoss, CurvedLoss, stem="js_divergence"):
    """Jensen-Shannon divergence: of both distributions from their mixture, so that it is finite where they do not overlap.

    For the distributions t and p of a row and their mixture m = beta t + (1 - beta) p: value
    sum beta t log(t / m) + (1 - beta) p log(p / m), gradient (1 - beta) log(p / m), diagonal second derivative
    beta (1 - beta) t / (p m), with 0 log 0 = 0. It is symmetric for `beta` = 1/2. A class with p = 0 < t has a finite value and the
    gradient -inf; one with t = 0 has everywhere, p = 0 included, the gradient -(1 - beta) log(1 - beta) and the second derivative 0.

    Both arrays hold probabilities >= 0 (ValueError for a negative one), which need not sum to 1. `axis` is that of the classes.

    Reference: J. Lin, Divergence measures based on the Shannon entropy, 1991.
    """

    beta: Number = parameter(default=0.5, domain=INSIDE_UNIT)

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE

    def _make_plan(self) -> Plan:
        shares = (self.beta, 1 - self.beta, log1p(-self.beta))
        return Plan(self, self.name, rowwise=True, axis=self.axis, parameters=shares)


class TotalVariation(RowwiseLoss, CurvedLoss, stem="total_variation"):
    """Total variation distance: the largest difference in probability that two distributions give to one event.

    For the distributions t and p of a row: value sum |p - t| / 2, gradient sign(p - t) / 2, diagonal second derivative 0. At the kink p = t
    the gradient is 0.

    Both arrays hold probabilities >= 0 (ValueError for a negative one), which need not sum to 1. `axis` is that of the classes.

    Reference: D. A. Levin, Y. Peres and E. L. Wilmer, Markov Chains and Mixing Times, 2009, chapter 4.
    """

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, rowwise=True, axis=self.axis)
