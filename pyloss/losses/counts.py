"""Losses of counts and amounts: negative log-likelihoods of a mean, which is predicted itself or by its logarithm."""

from math import fsum

import numpy as np

from .. import _errors
from .._domains import FINITE, FINITE_NOT_NEGATIVE, FINITE_POSITIVE, NOT_NEGATIVE, POSITIVE, REAL
from .._engine import Plan
from .._loss import ElementwiseLoss, Number, choice, parameter


class LinkedLoss(ElementwiseLoss):
    """A loss of a mean: with `log_input` y_pred is its logarithm, any number; else the mean itself."""

    log_input: bool = choice(default=True, choices=(True, False))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.log_input:
            object.__setattr__(self, "y_pred_domain", REAL)

    def _make_plan(self) -> Plan:
        return Plan(self, self.name if self.log_input else f"{self.name}_mean")


class PoissonNLL(LinkedLoss, stem="poisson_nll"):
    """Half the Poisson deviance up to what y alone decides: the loss of counts, whose variance is their mean.

    With `log_input`, from z = log mean: value exp(z) - y z, gradient exp(z) - y, second derivative exp(z); at z = -inf, the mean 0, it is
    0 for y = 0 and inf for y > 0. Else from the mean p: value p - y log(p + eps), gradient 1 - y / (p + eps), second derivative
    y / (p + eps)^2; where y = 0 the logarithm counts nothing. `full` adds log(y!) = lgamma(y + 1), exact for every y: the value is then
    minus the log-likelihood itself.

    y_true is a count or a rate >= 0, whole or not; y_pred is any number, or with log_input=False one >= 0; ValueError for anything else.
    `eps` is part of the function; without it a mean of 0 costs inf where y > 0.

    Reference: P. McCullagh and J. A. Nelder, Generalized Linear Models, 1989, chapter 6.
    """

    full: bool = choice(default=False, choices=(True, False))
    eps: float = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = NOT_NEGATIVE
    y_pred_domain = NOT_NEGATIVE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.log_input and self.eps:
            raise _errors.bad_parameter(self.name, "eps", "0 with log_input: it is added to the mean", self.eps)

    def _make_plan(self) -> Plan:
        link, constant = "" if self.log_input else "_mean", "_full" if self.full else ""
        return Plan(self, f"{self.name}{link}{constant}", parameters=(self.eps,))


class GammaNLL(LinkedLoss, stem="gamma_nll"):
    """Half the gamma deviance up to what y alone decides: for positive amounts whose error is relative.

    With `log_input`, from z = log mean: value z + y exp(-z), gradient 1 - y exp(-z), second derivative y exp(-z). Else from the mean p:
    value log p + y / p, gradient 1 / p - y / p^2, second derivative 2 y / p^3 - 1 / p^2, which is negative for p > 2 y.

    y_true is > 0; y_pred is any number, or with log_input=False one > 0; ValueError for anything else.

    Reference: P. McCullagh and J. A. Nelder, Generalized Linear Models, 1989, chapter 8.
    """

    y_true_domain = POSITIVE
    y_pred_domain = POSITIVE


class InverseGaussianNLL(LinkedLoss, stem="inverse_gaussian_nll"):
    """Half the inverse Gaussian deviance up to what y alone decides: for waiting times, whose variance is the mean cubed.

    With `log_input`, from z = log mean: value y exp(-2 z) / 2 - exp(-z), gradient exp(-z) - y exp(-2 z), second derivative
    2 y exp(-2 z) - exp(-z). Else from the mean p: value y / (2 p^2) - 1 / p, gradient 1 / p^2 - y / p^3, second derivative
    3 y / p^4 - 2 / p^3. Neither is convex: the second derivative is negative for means above 2 y, and above 3 y / 2.

    y_true is > 0; y_pred is any number, or with log_input=False one > 0; ValueError for anything else.

    Reference: M. C. K. Tweedie, Statistical properties of inverse Gaussian distributions, 1957.
    """

    y_true_domain = POSITIVE
    y_pred_domain = POSITIVE


class TweedieNLL(LinkedLoss, stem="tweedie_nll"):
    """Half the Tweedie deviance up to what y alone decides: one power of the mean, the variance, from the normal to the inverse Gaussian.

    With `log_input`, from z = log mean and k = `power`: value exp((2 - k) z) / (2 - k) - y exp((1 - k) z) / (1 - k), gradient
    exp((2 - k) z) - y exp((1 - k) z), second derivative (2 - k) exp((2 - k) z) - (1 - k) y exp((1 - k) z). Else from the mean p: value
    p^(2 - k) / (2 - k) - y p^(1 - k) / (1 - k), gradient p^(-k) (p - y), second derivative p^(-k - 1) ((1 - k) p + k y).

    Three powers are other functions, as in scikit-learn's HalfTweedieLoss, since the formula has no value there or a worse one: 0 is
    half the squared error, (mean - y)^2 / 2, with its term y^2 / 2; 1 is `PoissonNLL`; 2 is `GammaNLL`. The value jumps there by what y
    alone decides, and at 1 and 2 by a constant that grows without bound nearby; gradient and second derivative do not jump. Power 3 is
    `InverseGaussianNLL`. For powers between 0 and 1 there is no distribution: ValueError.

    y_true is any number for powers <= 0, >= 0 for 1 <= power < 2 (1 < power < 2: sums of claims, of which many are 0), and > 0 from
    2 on. y_pred is any number, or with log_input=False one > 0 (any for power 0); ValueError for anything else.

    Reference: B. Jorgensen, Exponential dispersion models, 1987.
    """

    power: Number = parameter(default=1.5, domain=FINITE, examples=(-0.75, 0.0, 1.0, 1.875, 2.0, 3.0))

    y_pred_domain = POSITIVE

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.power < 1:
            rule = "<= 0 or >= 1: no distribution goes with a power between them"
            raise _errors.bad_parameter(self.name, "power", rule, self.power)
        truth = REAL if self.power <= 0 else NOT_NEGATIVE if self.power < 2 else POSITIVE
        object.__setattr__(self, "y_true_domain", truth)
        if self.power == 0:
            object.__setattr__(self, "y_pred_domain", REAL)

    def _make_plan(self) -> Plan:
        named = {0.0: ("tweedie_nll_normal", "sse"), 1.0: ("poisson_nll", "poisson_nll_mean")}
        named[2.0] = ("gamma_nll", "gamma_nll_mean")
        with_log, of_mean = named.get(self.power, ("tweedie_nll", "tweedie_nll_mean"))
        exponents = () if self.power in named else (*_in_two(2, self.power), *_in_two(1, self.power))
        return Plan(self, with_log if self.log_input else of_mean, parameters=exponents)


class NegativeBinomialNLL(ElementwiseLoss, stem="negative_binomial_nll"):
    """Half the negative binomial deviance up to what y alone decides: for counts that scatter more than Poisson's.

    From z = log mean: value (y + 1 / theta) log(exp(z) + 1 / theta) - y z, gradient (mean - y) / (1 + theta mean), second derivative
    mean (1 + theta y) / (1 + theta mean)^2. The variance is mean + theta mean^2; for `theta` towards 0 the derivatives become those of
    `PoissonNLL`, while the value holds constants that grow without bound.

    y_true is a count >= 0, whole or not (ValueError for a negative one); y_pred is any number.

    Reference: J. M. Hilbe, Negative Binomial Regression, 2011.
    """

    theta: Number = parameter(default=1.0, domain=FINITE_POSITIVE, examples=(0.0625, 8.0))

    y_true_domain = NOT_NEGATIVE


def _in_two(whole: float, power: float) -> tuple[float, float]:
    """whole - power as a number of float32, if it has one of that size, and what is missing: exact in either precision."""
    first = whole - power
    if abs(first) < 1e38:
        first = float(np.float32(first))
    return first, fsum((whole, -power, -first))
