"""Losses of pairs and triples: of two scores, or of vectors that belong together or do not."""

from collections.abc import Mapping
from math import inf
from typing import ClassVar

from .._domains import FINITE_NOT_NEGATIVE, REAL, SIGN, Domain
from .._engine import Plan
from .._loss import Labels, Number, choice, integer, parameter
from .._paired import CurvedPairedLoss, PairedLoss


class MarginRanking(CurvedPairedLoss, stem="margin_ranking"):
    """Margin ranking loss: the hinge of the difference of two scores that should come in a given order.

    y_pred is the pair (first, second). value max(0, margin - y (first - second)), gradient -y by the first and y by the second where the
    margin is missed, else 0, second derivatives 0. At the kink the gradient is 0.

    y_true is 1 where the first should be the larger, else -1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); scores are any
    numbers.

    Reference: R. Herbrich, T. Graepel and K. Obermayer, Large margin rank boundaries for ordinal regression, 2000.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"first": REAL, "second": REAL}
    y_true_domain = SIGN

    margin: Number = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)


class CosineEmbedding(PairedLoss, stem="cosine_embedding"):
    """Cosine embedding loss: pulls two vectors to one direction, or pushes them apart beyond a margin.

    y_pred is the pair (first, second) of vectors along `axis`, y_true has one axis less. With the cosine c of the angle between a row's
    vectors: value 1 - c for the label 1 and max(0, c - margin) for the label -1, gradients those of the cosine, see `CosineDistance`. At
    the kink c = margin the gradient is 0. A zero vector has no direction: value and gradients are 0. Lengths do not matter, be they 1e-30
    or 1e30.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); vectors hold any numbers. `margin` is in [-1, 1].

    Reference: R. Hadsell, S. Chopra and Y. LeCun, Dimensionality reduction by learning an invariant mapping, 2006.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"first": REAL, "second": REAL}
    labels: ClassVar[Labels] = "rows"
    y_true_domain = SIGN

    margin: Number = parameter(default=0.0, domain=Domain(low=-1, high=1))
    axis: int = integer(default=-1)

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.margin,), rowwise=True, labels=self.labels, axis=self.axis)


class Triplet(PairedLoss, stem="triplet"):
    """Triplet margin loss: an anchor should be nearer to its positive than to its negative, by a margin.

    y_true is None, y_pred the triple (anchor, positive, negative) of vectors along `axis`. With the p-norm d of differences: value
    max(0, d(anchor, positive) - d(anchor, negative) + margin), gradients by all three the unit slopes of the distances. With `swap` the
    positive's distance from the negative counts where it is the smaller one. At the kink the gradient is 0, as is a distance's slope
    at 0; the slope of the maximum norm, p = inf, is shared by the entries that are as large as the largest.

    Vectors hold any numbers. Nothing is added to differences.

    Reference: V. Balntas, E. Riba, D. Ponsa and K. Mikolajczyk, Learning local feature descriptors with triplets and shallow
    convolutional neural networks, 2016.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"anchor": REAL, "positive": REAL, "negative": REAL}
    labels: ClassVar[Labels] = "none"

    margin: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)
    p: Number = parameter(default=2.0, domain=Domain(low=1, high=inf), examples=(1.0, inf))
    swap: bool = choice(default=False, choices=(True, False))
    axis: int = integer(default=-1)

    def _make_plan(self) -> Plan:
        return Plan(
            self,
            self.name,
            parameters=(self.margin, self.p, float(self.swap)),
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
        )
