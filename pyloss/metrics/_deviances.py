"""Tweedie deviances: twice what a prediction costs beyond a perfect one."""

from collections.abc import Callable
from math import fsum

import numpy as np

from .. import MSE, GammaNLL, KLDivergence
from ._inputs import ELEMENTS, Array, pieces
from ._outputs import Outputs
from ._streams import Criterion, Plain, Pointwise, column_sums, row_sum

NORMAL, POISSON, GAMMA = 0, 1, 2

Deviance = Callable[[Array, Array, Array | None], float]

SQUARED = Criterion(MSE)
CODING = KLDivergence(reduction="sum", check=False)
RATIO = Criterion(GammaNLL, log_input=False)


def check_powers(given: Outputs, power: float) -> None:
    """Refuse truths and predictions for which the distribution has no place."""
    truth, rule = given.y_true, ""
    if power < 0:
        rule = "strictly positive y_pred."
        wrong = bool(given.y_pred.min() <= 0)
    elif power >= 2:
        rule = "strictly positive y and y_pred."
        wrong = bool(truth.min() <= 0 or given.y_pred.min() <= 0)
    else:
        rule = "non-negative y and strictly positive y_pred."
        wrong = power != NORMAL and bool(truth.min() < 0 or given.y_pred.min() <= 0)
    if wrong:
        given.check_finite()
        raise ValueError(f"Mean Tweedie deviance error with power={power} can only be used on {rule}")


def mean_deviance(given: Outputs, y_pred: Array, power: float) -> float:
    """The mean deviance of given truths from predictions."""
    deviances: dict[float, Deviance] = {NORMAL: SQUARED.sum, POISSON: _poisson, GAMMA: _gamma}
    deviance = deviances.get(power) or Plain(_tweedie(float(power))).sum
    with np.errstate(all="ignore"):
        total: float = given.vouched(deviance(given.y_true, y_pred, given.weight))
    return total / given.divisor


def _poisson(y_true: Array, y_pred: Array, weight: Array | None) -> float:
    """y log(y / p), digits kept where both are close, and p - y: the sums of both are small where the deviance is."""
    rows = (1, -1) if weight is None else (-1, 1)
    coding = CODING(y_true.reshape(rows), y_pred.reshape(rows), weight)
    return 2 * float(coding + column_sums(_excess, y_true, y_pred, weight)[0])


def _excess(y_true: Array, y_pred: Array, *, out: Array) -> Array:
    return np.subtract(y_pred, y_true, out=out, dtype=np.float64)


def _gamma(y_true: Array, y_pred: Array, weight: Array | None) -> float:
    """The deviance is one of the ratio p / y alone, log(p / y) + y / p - 1: twice a likelihood of the truth 1, less 1."""
    ones, buffer = np.ones((2, min(len(y_true), ELEMENTS)))
    sums = []
    for rows in pieces(len(y_true)):
        count = rows.stop - rows.start
        ratio = np.divide(y_pred[rows], y_true[rows], out=buffer[:count], dtype=np.float64)
        part = None if weight is None else weight[rows]
        sums += [RATIO.sum(ones[:count], ratio, part), -row_sum(ones[:count], part)]
    return 2 * fsum(sums)


def _tweedie(power: float) -> Pointwise:
    """Of any other power k: y^(2 - k) / ((1 - k) (2 - k)), where y is positive, and p^(1 - k) (p / (2 - k) - y / (1 - k)).

    The second is `TweedieNLL`, but in float64 whatever the arrays hold: the two nearly cancel where a prediction is good.
    """
    first, second = 1 - power, 2 - power

    def each(y_true: Array, y_pred: Array, *, out: Array) -> Array:
        perfect = np.power(np.maximum(y_true, 0), second, dtype=np.float64) / (first * second)
        np.power(y_pred, first, out=out, dtype=np.float64)
        slope = np.divide(y_pred, second, dtype=np.float64) - np.divide(y_true, first, dtype=np.float64)
        np.multiply(out, slope, out=out)
        np.add(out, perfect, out=out)
        return np.multiply(out, 2, out=out)

    return each
