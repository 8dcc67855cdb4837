"""Counts and amounts: a mean, or its logarithm, for each element."""

from math import lgamma

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import ratio, times_log, zero


def _mean(prediction: Array, log_input: bool) -> Array:
    return np.exp(prediction) if log_input else prediction


def _log_gamma(number: float) -> float:
    try:
        return lgamma(number)
    except OverflowError:
        return np.inf


@oracle
def poisson_nll(
    y_true: ArrayLike, y_pred: ArrayLike, *, log_input: bool = True, full: bool = False, eps: float = 0.0
) -> Result:
    """mean - y log(mean + eps), with 0 log 0 = 0; `full` adds log gamma(y + 1)."""
    y, p = floats(y_true, y_pred)
    mean = _mean(p, log_input)
    logarithm = p if log_input else np.log(p + eps)
    value = mean - np.where(np.isinf(mean), zero(y), times_log(y, logarithm))
    if full:
        value = value + np.vectorize(_log_gamma, otypes=[float])(y + 1)
    if log_input:
        return Result(value, mean - y, mean)
    return Result(value, 1 - ratio(y, p + eps), ratio(ratio(y, p + eps), p + eps))


@oracle
def gamma_nll(y_true: ArrayLike, y_pred: ArrayLike, *, log_input: bool = True) -> Result:
    """log mean + y / mean."""
    y, p = floats(y_true, y_pred)
    if log_input:
        share = y * np.exp(-p)
        return Result(np.where(np.isinf(share), share, p + share), 1 - share, share)
    return Result(np.log(p) + y / p, 1 / p - y / p**2, 2 * y / p**3 - 1 / p**2)


@oracle
def inverse_gaussian_nll(y_true: ArrayLike, y_pred: ArrayLike, *, log_input: bool = True) -> Result:
    """y / (2 mean^2) - 1 / mean."""
    y, p = floats(y_true, y_pred)
    if log_input:
        first, second = np.exp(-p), y * np.exp(-2 * p)
        return Result(second / 2 - first, first - second, 2 * second - first)
    return Result(y / (2 * p**2) - 1 / p, 1 / p**2 - y / p**3, 3 * y / p**4 - 2 / p**3)


@oracle
def tweedie_nll(y_true: ArrayLike, y_pred: ArrayLike, *, power: float = 1.5, log_input: bool = True) -> Result:
    """mean^(2 - power) / (2 - power) - y mean^(1 - power) / (1 - power); half the squared error at 0, Poisson at 1, gamma at 2."""
    if power == 1:
        return poisson_nll(y_true, y_pred, log_input=log_input)
    if power == 2:
        return gamma_nll(y_true, y_pred, log_input=log_input)
    y, p = floats(y_true, y_pred)
    a, b = 2 - power, 1 - power
    if power == 0:
        mean = _mean(p, log_input)
        slope, bend = (mean, mean) if log_input else (np.ones_like(p), zero(p))
        return Result((mean - y) ** 2 / 2, (mean - y) * slope, slope**2 + (mean - y) * bend)
    if log_input:
        first, second = np.exp(a * p), y * np.exp(b * p)
        return Result(first / a - second / b, first - second, a * first - b * second)
    return Result(p**a / a - y * p**b / b, p**b - y * p**-power, b * p**-power + power * y * p ** (-power - 1))


@oracle
def negative_binomial_nll(y_true: ArrayLike, y_pred: ArrayLike, *, theta: float = 1.0) -> Result:
    """(y + 1 / theta) log(mean + 1 / theta) - y log mean, from log mean."""
    y, z = floats(y_true, y_pred)
    share, rest = 1 / (1 + theta * np.exp(z)), 1 / (1 + np.exp(-z) / theta)
    value = (y + 1 / theta) * np.logaddexp(z, -np.log(theta)) - times_log(y, z)
    return Result(value, rest / theta - y * share, rest / theta * share * (1 + theta * y))
