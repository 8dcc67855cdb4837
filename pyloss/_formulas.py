"""What formulas are made of that hold for one case, in floats, and for many, in arrays: a small call must not pay for NumPy."""

import math
from collections.abc import Callable
from decimal import Context, Decimal
from functools import wraps
from typing import Any, TypeVar

import numpy as np

Numbers = Any
"""A float, or an array of one number for each case."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def silent(function: _Function) -> _Function:
    """What overflows or is divided by zero in it gives its inf or nan without a warning.

    np.errstate is a decorator too, but before NumPy 2 it is one object for all calls, which leaves the state of one thread to another.
    """

    @wraps(function)
    def quiet(*arguments: Any, **options: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arguments, **options)

    return quiet  # type: ignore[return-value]


def total(*terms: Numbers) -> Numbers:
    """The sum, rounded about once."""
    head: Numbers = terms[0]
    if isinstance(head, float):
        try:
            return math.fsum(terms)
        except (OverflowError, ValueError):  # beyond the range, or inf - inf
            return sum(terms)
    rest = 0.0
    for term in terms[1:]:
        longer = head + term
        shadow = longer - head
        rest = rest + ((head - (longer - shadow)) + (term - shadow))
        head = longer
    return np.where(np.isfinite(rest), head + rest, head)


def ratio(x: Numbers, y: Numbers) -> Numbers:
    """x / y, where a division by 0 gives 0."""
    if isinstance(y, float):
        return x / y if y else 0.0
    return np.divide(x, y, out=np.zeros_like(y), where=y != 0)


def root(x: Numbers) -> Numbers:
    """The square root; nan below 0."""
    if isinstance(x, float):
        return math.nan if x < 0 else math.sqrt(x)
    return np.sqrt(x)


def power(x: Numbers, exponent: float) -> Numbers:
    """x^exponent for x >= 0, where any power of 0 is 0; nan below 0."""
    if not isinstance(x, float):
        return np.where(x == 0, 0.0, np.power(x, exponent))
    if not x > 0:
        return 0.0 if x == 0 else math.nan
    try:
        return x**exponent
    except OverflowError:
        return math.inf


def choose(condition: Any, x: Numbers, y: Numbers) -> Numbers:
    if isinstance(condition, bool):
        return x if condition else y
    return np.where(condition, x, y)


def tame(x: Numbers) -> Numbers:
    """The power of two that brings x near 1, if there is one."""
    if isinstance(x, float):
        return math.ldexp(1.0, min(1023, -math.frexp(x)[1]))
    return np.ldexp(1.0, np.minimum(1023, -np.frexp(x)[1]))


EXACTLY = Context(prec=40)
"""The caller may have a decimal context of another precision."""


def root_in_two(number: float) -> tuple[float, float]:
    """The square root as a float that both precisions hold, and the rest: for a parameter that must not cost a rounding."""
    exact = EXACTLY.sqrt(Decimal(number))
    most = float(np.float32(exact)) if 1e-30 < exact < 1e30 else float(exact)
    return most, float(EXACTLY.subtract(exact, Decimal(most)))
