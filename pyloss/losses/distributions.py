"""Likelihoods and scores of a distribution whose location and spread are both predicted."""

from collections.abc import Mapping
from math import log, pi, sqrt
from typing import ClassVar

from .._domains import FINITE_NOT_NEGATIVE, NOT_NEGATIVE, POSITIVE, REAL, Domain
from .._engine import Plan
from .._formulas import root_in_two
from .._loss import choice, parameter
from .._paired import CurvedPairedLoss


class GaussianNLL(CurvedPairedLoss, stem="gaussian_nll"):
    """Gaussian likelihood of a predicted mean and variance: a squared error that knows its own uncertainty.

    y_pred is the pair (mean, variance). With r = mean - y and v = max(variance, eps): value (log v + r^2 / v) / 2, and log(2 pi) / 2 more
    with `full`; gradient r / v by the mean and (1 - r^2 / v) / (2 v) by the variance; second derivatives 1 / v and (r^2 / v - 1/2) / v^2.
    Below eps the derivatives by the variance are 0, as is right for a floor; at eps itself they are those of the formula.

    The variance is > 0, or >= 0 where `eps` > 0 (ValueError), in the squared unit of y.

    Reference: D. A. Nix and A. S. Weigend, Estimating the mean and variance of the target probability distribution, 1994.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"mean": REAL, "variance": POSITIVE}

    full: bool = choice(default=False, choices=(True, False))
    eps: float = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.eps:
            object.__setattr__(self, "predictions", {"mean": REAL, "variance": NOT_NEGATIVE})

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.eps, log(2 * pi) / 2 if self.full else 0.0))


class LaplaceNLL(CurvedPairedLoss, stem="laplace_nll"):
    """Laplace likelihood of a predicted mean and scale: an absolute error that knows its own uncertainty.

    y_pred is the pair (mean, scale). With r = mean - y and the scale b: value log(2 b) + |r| / b, gradient sign(r) / b by the mean and
    (1 - |r| / b) / b by the scale, second derivatives 0 and (2 |r| / b - 1) / b^2. At the kink r = 0 the gradient by the mean is 0.

    The scale is > 0 (ValueError), in the unit of y.

    Reference: P. S. Laplace, Memoire sur la probabilite des causes par les evenements, 1774.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"mean": REAL, "scale": POSITIVE}


class CRPSNormal(CurvedPairedLoss, stem="crps_normal"):
    """Continuous ranked probability score of a normal forecast: the absolute error of a distribution, in units of y.

    y_pred is the pair (mean, standard deviation). With r = mean - y, the standard deviation s, w = r / s, and the standard normal density
    phi and distribution Phi: value r (2 Phi(w) - 1) + s (2 phi(w) - 1 / sqrt(pi)), gradient 2 Phi(w) - 1 by the mean and
    2 phi(w) - 1 / sqrt(pi) by the standard deviation, second derivatives 2 phi(w) / s and 2 phi(w) w^2 / s.

    The standard deviation is > 0 (ValueError).

    Reference: T. Gneiting and A. E. Raftery, Strictly proper scoring rules, prediction, and estimation, 2007.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"mean": REAL, "std": POSITIVE}

    def _make_plan(self) -> Plan:
        at_zero = (sqrt(2) - 1) / sqrt(pi)
        return Plan(self, self.name, parameters=(at_zero, sqrt(2 / pi), *root_in_two(0.5)))
