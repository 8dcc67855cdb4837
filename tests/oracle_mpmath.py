"""The second oracle: every loss in mpmath at 100 digits, from the exact float inputs, in forms that keep the tails.

The functions take floats for an elementwise loss, lists for a row or for a total; the answers, value, gradient and Hessian, are mpf
numbers, or lists of them. The inputs may be infinite, but NaN is the business of `pyloss.reference`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from mpmath import exp, inf, log, log1p, mp, mpf, sign, sqrt

DIGITS = 100


@contextmanager
def more_digits(count: int) -> Iterator[None]:
    """Within the block, the oracles compute with so many."""
    global DIGITS
    before, DIGITS = DIGITS, count
    try:
        yield
    finally:
        DIGITS = before


ORACLES: dict[str, Callable[..., Any]] = {}
SIZES: dict[str, Callable[..., Any]] = {}
"""For each answer the sum of the absolute values of its terms."""


def oracle(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function that gives (value, grad, hess), where hess may be None."""
    ORACLES[function.__name__] = function
    return function


def oracle_of_terms(terms: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function that gives for each answer its terms: one that is a sum of both signs cannot be better than they are."""

    def sums(*data: Any, **params: Any) -> Any:
        return tuple(_each(answer, mpf) for answer in terms(*data, **params))

    def sizes(*data: Any, **params: Any) -> Any:
        return tuple(_each(answer, abs) for answer in terms(*data, **params))

    ORACLES[terms.__name__], SIZES[terms.__name__] = sums, sizes
    return terms


def _each(terms: Any, form: Callable[[mpf], mpf]) -> Any:
    """The sum of one list of terms, or those of one list for each class."""
    if terms and isinstance(terms[0], list):
        return [_each(own, form) for own in terms]
    return sum(map(form, terms), mpf(0))


def _evaluate(
    stem: str, y: Any, p: Any, params: dict[str, Any], oracles: dict[str, Callable[..., Any]] = ORACLES
) -> Any:
    with mp.workdps(DIGITS):
        return oracles[stem](_exact(y), _exact(p), **{name: _exact(param) for name, param in params.items()})


def _exact(x: Any) -> Any:
    if x is None or isinstance(x, bool | str):
        return x
    if isinstance(x, tuple) and any(np.ndim(part) for part in x):
        return tuple(_exact(part) for part in x)  # several predictions, not one number for each class
    return mpf(float(x)) if not np.ndim(x) else [_exact(element) for element in x]


def _times(x: mpf, y: mpf) -> mpf:
    """x y, where 0 times anything is 0."""
    return mpf(0) if x == 0 else x * y


def _ratio(x: mpf, y: mpf) -> mpf:
    """x / y, where 0 / 0 is 0 and anything else / 0 is infinite."""
    if x == 0:
        return mpf(0)
    return x / y if y != 0 else sign(x) * inf


def _softplus(z: mpf) -> mpf:
    return z + log1p(exp(-z)) if z > 0 else log1p(exp(z))


def _sigmoid(z: mpf) -> mpf:
    return 1 / (1 + exp(-z))


@oracle
def mse(y: mpf, p: mpf) -> Any:
    return (p - y) ** 2, 2 * (p - y), mpf(2)


@oracle
def sse(y: mpf, p: mpf) -> Any:
    return (p - y) ** 2 / 2, p - y, mpf(1)


@oracle
def mae(y: mpf, p: mpf) -> Any:
    return abs(p - y), sign(p - y), mpf(0)


@oracle
def huber(y: mpf, p: mpf, *, delta: mpf | float = 1.0) -> Any:
    r = p - y
    if abs(r) <= delta:
        return r**2 / 2, r, mpf(1)
    return delta * (abs(r) - delta / 2), delta * sign(r), mpf(0)


@oracle
def pinball(y: mpf, p: mpf, *, quantile: mpf | float = 0.5) -> Any:
    if p == y:
        return mpf(0), mpf(0), mpf(0)
    slope = 1 - quantile if p > y else -quantile
    return slope * (p - y), slope, mpf(0)


@oracle_of_terms
def bce(
    y: mpf,
    p: mpf,
    *,
    from_logits: bool = False,
    eps: mpf | float = 0.0,
    pos_weight: mpf | float = 1.0,
    label_smoothing: mpf | float = 0.0,
) -> Any:
    y = y * (1 - label_smoothing) + mpf(label_smoothing) / 2
    yes, no = pos_weight * y, 1 - y
    if from_logits:
        up, down = _sigmoid(p), _sigmoid(-p)
        values = [_times(yes, _softplus(-p)), _times(no, _softplus(p))]
        return values, [no * up, -yes * down], [yes * up * down, no * up * down]
    a, b = p + eps, 1 - p + eps
    values = [-_times(yes, log(a)), -_times(no, log1p(eps - p))]
    return values, [_ratio(no, b), -_ratio(yes, a)], [_ratio(no, b**2), _ratio(yes, a**2)]


@oracle
def hinge(y: mpf, p: mpf, *, margin: mpf | float = 1.0) -> Any:
    label = mpf(-1) if y == 0 else y
    inside = label * p < margin
    return (margin - label * p, -label, mpf(0)) if inside else (mpf(0), mpf(0), mpf(0))


def _dot(a: Sequence[mpf], b: Sequence[mpf]) -> mpf:
    return sum((x * y for x, y in zip(a, b, strict=True)), mpf(0))


@oracle
def cosine_distance(y: list[mpf], p: list[mpf]) -> Any:
    yy, pp, yp = _dot(y, y), _dot(p, p), _dot(y, p)
    if yy == 0 or pp == 0:
        return mpf(0), [mpf(0)] * len(p), None
    norms = sqrt(yy) * sqrt(pp)
    # The cross products are exact and vanish for parallel vectors, where 1 - cos would leave the rounding of the roots.
    crosses = [[y[i] * p[j] - y[j] * p[i] for j in range(len(p))] for i in range(len(p))]
    squares = sum(x**2 for row in crosses for x in row) / 2
    loss = squares / (norms * (norms + yp)) if yp > 0 else 1 - yp / norms
    return loss, [-_dot(row, p) / (pp * norms) for row in crosses], None


def _weights(sample_weight: list[mpf] | None, p: list[mpf]) -> list[mpf]:
    return [mpf(1)] * len(p) if sample_weight is None else sample_weight


@oracle
def rmse(y: list[mpf], p: list[mpf], *, sample_weight: list[mpf] | None = None) -> Any:
    w = _weights(sample_weight, p)
    r = [a - b for a, b in zip(p, y, strict=True)]
    root = sqrt(sum(a * x**2 for a, x in zip(w, r, strict=True)) / sum(w))
    return root, [_ratio(a * x, sum(w) * root) for a, x in zip(w, r, strict=True)], None


@oracle
def dice(y: list[mpf], p: list[mpf], *, smooth: mpf | float = 1.0, sample_weight: list[mpf] | None = None) -> Any:
    w = _weights(sample_weight, p)
    numerator = 2 * _dot(w, [min(t, x) for t, x in zip(y, p, strict=True)]) + smooth
    denominator = _dot(w, p) + _dot(w, y) + smooth
    if denominator == 0:
        return mpf(0), [mpf(0)] * len(p), None
    slopes = [t if t == x else mpf(x < t) for t, x in zip(y, p, strict=True)]
    slope_terms = [2 * s * denominator - numerator for s in slopes]
    return (
        1 - numerator / denominator,
        [-a * term / denominator**2 for a, term in zip(w, slope_terms, strict=True)],
        None,
    )
