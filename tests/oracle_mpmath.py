"""The second oracle: every loss in mpmath at 100 digits, from the exact float inputs, in forms that keep the tails.

`value`, `grad` and `hess` take a stem and floats for an elementwise loss, lists for a row or for a total; the answers
are mpf numbers, or lists of them. The inputs may be infinite, but NaN is the business of `pyloss.reference`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mpmath import exp, inf, log, log1p, mp, mpf, sign, sqrt

DIGITS = 100

ORACLES: dict[str, Callable[..., Any]] = {}


def oracle(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function that gives (value, grad, hess), where hess may be None."""
    ORACLES[function.__name__] = function
    return function


def value(stem: str, y: Any, p: Any, **params: Any) -> Any:
    return _evaluate(stem, y, p, params)[0]


def grad(stem: str, y: Any, p: Any, **params: Any) -> Any:
    return _evaluate(stem, y, p, params)[1]


def hess(stem: str, y: Any, p: Any, **params: Any) -> Any:
    return _evaluate(stem, y, p, params)[2]


def _evaluate(stem: str, y: Any, p: Any, params: dict[str, Any]) -> Any:
    with mp.workdps(DIGITS):
        return ORACLES[stem](_exact(y), _exact(p), **{name: _exact(param) for name, param in params.items()})


def _exact(x: Any) -> Any:
    if x is None or isinstance(x, bool):
        return x
    return mpf(float(x)) if not np.ndim(x) else [mpf(float(element)) for element in x]


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


@oracle
def bce(y: mpf, p: mpf, *, from_logits: bool = False, eps: mpf | float = 0.0) -> Any:
    if from_logits:
        up, down = _sigmoid(p), _sigmoid(-p)
        return _times(y, _softplus(-p)) + _times(1 - y, _softplus(p)), (1 - y) * up - y * down, up * down
    a, b = p + eps, 1 - p + eps
    loss = -_times(y, log(a)) - _times(1 - y, log1p(eps - p))
    return loss, _ratio(1 - y, b) - _ratio(y, a), _ratio(1 - y, b**2) + _ratio(y, a**2)


@oracle
def hinge(y: mpf, p: mpf, *, margin: mpf | float = 1.0) -> Any:
    label = mpf(-1) if y == 0 else y
    inside = label * p < margin
    return (margin - label * p, -label, mpf(0)) if inside else (mpf(0), mpf(0), mpf(0))


def _cross_entropy(t: list[mpf], p: list[mpf], from_logits: bool, eps: mpf | float) -> Any:
    if not from_logits:
        s = [x + eps for x in p]
        return (
            sum(-_times(a, log(b)) for a, b in zip(t, s, strict=True)),
            [-_ratio(a, b) for a, b in zip(t, s, strict=True)],
            [_ratio(a, b**2) for a, b in zip(t, s, strict=True)],
        )
    others = [[j for j in range(len(p)) if j != k] for k in range(len(p))]
    # rest[k] = sum of exp(z_j - z_k) over the other classes: -log q_k = log1p(rest[k]), and nothing cancels.
    rest = [sum((exp(p[j] - p[k]) for j in js), mpf(0)) for k, js in enumerate(others)]
    q = [1 / (1 + x) for x in rest]
    not_q = [sum((q[j] for j in js), mpf(0)) for js in others]
    other_t = [sum((t[j] for j in js), mpf(0)) for js in others]
    return (
        sum(_times(a, log1p(x)) for a, x in zip(t, rest, strict=True)),
        [a * x - b * y for a, x, b, y in zip(other_t, q, t, not_q, strict=True)],
        [sum(t) * a * b for a, b in zip(q, not_q, strict=True)],
    )


@oracle
def cce(y: list[mpf] | mpf, p: list[mpf], *, from_logits: bool = False, eps: mpf | float = 0.0) -> Any:
    t = y if isinstance(y, list) else [mpf(k == y) for k in range(len(p))]
    return _cross_entropy(t, p, from_logits, eps)


@oracle
def sparse_cce(y: mpf, p: list[mpf], *, from_logits: bool = False, eps: mpf | float = 0.0) -> Any:
    return _cross_entropy([mpf(k == y) for k in range(len(p))], p, from_logits, eps)


@oracle
def kl_divergence(y: list[mpf], p: list[mpf]) -> Any:
    pairs = list(zip(y, p, strict=True))
    terms = [_times(t, log(t) - log(x)) if t != 0 else mpf(0) for t, x in pairs]
    return sum(terms), [-_ratio(t, x) for t, x in pairs], [_ratio(t, x**2) for t, x in pairs]


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
