"""Divergences between distributions."""

from .._domains import NOT_NEGATIVE
from .._engine import Plan
from .._loss import CurvedLoss, RowwiseLoss


class KLDivergence(RowwiseLoss, CurvedLoss, stem="kl_divergence"):
    """Kullback-Leibler divergence of y_true from y_pred: what coding with the wrong distribution costs, in nats.

    For the distributions t and p of a row: value sum t log(t / p), gradient -t / p, diagonal second derivative t / p^2. A class with t = 0
    counts nothing; one with p = 0 < t costs inf.

    Both arrays hold probabilities >= 0 (ValueError for a negative one), which need not sum to 1. `axis` is that of the classes.

    Reference: S. Kullback and R. A. Leibler, On information and sufficiency, 1951.
    """

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, rowwise=True, axis=self.axis)
