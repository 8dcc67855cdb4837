"""The vector functions in more digits than their precision has: in float64 for float32, in 80-bit numbers for float64."""

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray
from scipy import special

from accuracy.vector_functions import POWERS, log_factorial

Array = NDArray[np.floating]
Truth = Callable[[Array], Array]
STEP = 0.25
"""How far the centres of Taylor's series lie apart."""
TERMS = 26
STIRLING_FROM = 16


def extended(x: mpf) -> np.longdouble:
    """An 80-bit number as the sum of two doubles."""
    return np.longdouble(float(x)) + np.longdouble(float(x - mpf(float(x))))


def erf_coefficients(c: mpf) -> list[mpf]:
    """Those of the density d, by d' = -2 x d, integrated term by term."""
    density = [2 * mpmath.exp(-(c**2)) / mpmath.sqrt(mpmath.pi)]
    for k in range(TERMS):
        density.append(-2 * (c * density[-1] + (density[-2] if k else 0)) / (k + 1))
    return [mpmath.erf(c), *(x / (k + 1) for k, x in enumerate(density))]


def log_factorial_coefficients(c: mpf) -> list[mpf]:
    return [log_factorial(c), *(mpmath.psi(n - 1, 1 + c) / mpmath.factorial(n) for n in range(1, TERMS))]


Coefficients = Callable[[mpf], list[mpf]]


@cache
def series(coefficients: Coefficients, end: float) -> NDArray[np.longdouble]:
    """Taylor's coefficients, a row for each power, around 0, STEP, 2 STEP and so on up to `end`."""
    with mp.workdps(60):
        rows = [coefficients(mpf(k) * STEP) for k in range(round(end / STEP) + 1)]
    return np.array([[extended(x) for x in row] for row in rows]).T


def by_series(coefficients: Coefficients, end: float, x: Array) -> Array:
    """The function from 0 to `end`; relatively exact next to a root, which is a centre."""
    place = np.rint(x / STEP).astype(np.intp)
    distance = x - place * x.dtype.type(STEP)
    total = np.zeros_like(distance)
    for row in series(coefficients, end)[::-1].astype(x.dtype):
        total *= distance
        total += row[place]
    return total


def erf(x: Array) -> Array:
    size = np.abs(x)
    return np.copysign(by_series(erf_coefficients, 7, np.minimum(size, x.dtype.type(7))), x)


def stirling(x: Array) -> Array:
    """log x! = (x + 1/2) log x - x + log(2 pi) / 2 + 1/(12 x) - 1/(360 x^3) + ..."""
    tail, inverse_square = np.zeros_like(x), 1 / x**2
    for k in range(10, 0, -1):
        tail = tail * inverse_square + extended(mpmath.bernoulli(2 * k) / (2 * k * (2 * k - 1)))
    with mp.workdps(40):
        half_log = extended(mpmath.log(2 * mpmath.pi) / 2)
    return x * (np.log(x) - 1) + np.log(x) / 2 + half_log + tail / x


def log_of_factorial(x: Array) -> Array:
    wide = x.astype(np.longdouble)
    near = by_series(log_factorial_coefficients, STIRLING_FROM, np.clip(wide, 0, STIRLING_FROM))
    far = stirling(np.maximum(wide, STIRLING_FROM))
    return np.where(x < 0, np.nan, np.where(x < STIRLING_FROM, near, far))


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, np.ones_like(e)) / (1 + e)


def power(exponent: Any) -> Truth:
    return lambda x: x ** x.dtype.type(exponent)


TRUTHS: dict[str, Truth] = {
    "exp": np.exp,
    "exp_of_minus": lambda x: np.exp(-x),
    "log": np.log,
    "log1p": np.log1p,
    "log1p_of_unit": np.log1p,
    "expm1": np.expm1,
    "tanh": np.tanh,
    "erf": erf,
    "log_of_factorial": log_of_factorial,
    "softplus": softplus,
    "sigmoid": sigmoid,
}


def fast_log_of_factorial(x: Array) -> Array:
    """In float64, good to 2^-45: between its zeros and around them from their own series."""
    found = np.full_like(x, np.nan)
    near, far = (x >= 0) & (x < 3), x >= 3
    found[near] = by_series(log_factorial_coefficients, 3, x[near])
    found[far] = special.gammaln(1 + x[far])
    return found


def of_singles(name: str) -> Truth:
    """In float64 for float32 arguments."""
    fast = {"erf": special.erf, "log_of_factorial": fast_log_of_factorial}
    fast |= {f"power_of({a})": power(np.float32(a)) for a in POWERS}
    return fast.get(name) or TRUTHS[name]


def of_doubles(name: str) -> Truth:
    """In 80-bit numbers for float64 arguments."""
    powers = {f"power_of({a})": power(np.float64(a)) for a in POWERS}
    return powers.get(name) or TRUTHS[name]
