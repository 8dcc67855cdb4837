"""The second oracle of the losses of the softmax's probabilities.

A shape gives phi, u = q dphi/dq and v = q du/dq of one class from q, 1 - q and log q, none of them found by a cancelling
difference. v has terms of both signs, and so has the second derivative: its size is the sum of what they are.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from mpmath import exp, expm1, inf, log, log1p, mpf
from oracle_mpmath import SIZES, _ratio, _times, oracle

Shape = Callable[[mpf, mpf, mpf], tuple[mpf, mpf, mpf, mpf]]
"""phi, u, v, and the size of v."""


def _of_labels(y: Any, classes: int) -> list[mpf]:
    return y if isinstance(y, list) else [mpf(k == y) for k in range(classes)]


def _without(terms: list[mpf], j: int) -> mpf:
    return sum((term for k, term in enumerate(terms) if k != j), mpf(0))


def _softmax(z: list[mpf]) -> list[tuple[mpf, mpf, mpf]]:
    """q, 1 - q and log q of every class."""
    rest = [_without([exp(other - own) for other in z], k) for k, own in enumerate(z)]
    q = [1 / (1 + x) for x in rest]
    return [(own, _without(q, k), -log1p(x)) for k, (own, x) in enumerate(zip(q, rest, strict=True))]


def _links(t: list[mpf], z: list[mpf], shape: Shape, *, sized: bool = False) -> Any:
    shares = _softmax(z)
    phi, u, v, size = zip(*(shape(*share) for share in shares), strict=True)
    u, v, size = ([a * b for a, b in zip(t, x, strict=True)] for x in (u, v, size))
    grads, hesses = [], []
    for j, (q, rest, _) in enumerate(shares):
        grads.append(-rest * u[j] - q * _without(u, j) if sized else rest * u[j] - q * _without(u, j))
        if sized:
            hesses.append(
                rest * (rest * size[j] + q * abs(u[j])) + q * (q * _without(size, j) + rest * -_without(u, j))
            )
        else:
            hesses.append(rest * (rest * v[j] - q * u[j]) + q * (q * _without(v, j) - rest * _without(u, j)))
    return sum(_times(a, b) for a, b in zip(t, phi, strict=True)), grads, hesses


def _focal(gamma: mpf) -> Shape:
    def shape(q: mpf, rest: mpf, log_q: mpf) -> tuple[mpf, mpf, mpf, mpf]:
        power, ratio = rest**gamma, _ratio(q * -log_q, rest)
        terms = [gamma * power / rest * q * x if rest else mpf(0) for x in (2, (gamma - 1) * ratio, log_q)]
        return -power * log_q, -power * (1 + gamma * ratio), sum(terms), sum(map(abs, terms))

    return shape


def _generalized(exponent: mpf) -> Shape:
    def shape(q: mpf, rest: mpf, log_q: mpf) -> tuple[mpf, mpf, mpf, mpf]:
        power = exp(exponent * log_q)
        return -expm1(exponent * log_q) / exponent, -power, -exponent * power, exponent * power

    return shape


def _poly1(epsilon: mpf) -> Shape:
    def shape(q: mpf, rest: mpf, log_q: mpf) -> tuple[mpf, mpf, mpf, mpf]:
        return epsilon * rest - log_q, -1 - epsilon * q, -epsilon * q, abs(epsilon) * q

    return shape


def _of_probabilities(t: list[mpf], p: list[mpf], parts: Callable[[mpf], tuple[mpf, mpf, mpf]]) -> Any:
    """A class with t = 0 counts nothing."""
    value, grad, hess = zip(
        *([a * x for x in parts(b)] if a else [mpf(0)] * 3 for a, b in zip(t, p, strict=True)), strict=True
    )
    return sum(value), list(grad), list(hess)


def _focal_parts(gamma: mpf) -> Callable[[mpf], tuple[mpf, mpf, mpf]]:
    def parts(p: mpf) -> tuple[mpf, mpf, mpf]:
        rest, log_p = 1 - p, log(p)
        if rest == 0:
            second = {0: mpf(1), 1: mpf(2)}.get(gamma, mpf(0) if gamma > 1 else inf)
            return mpf(0), -mpf(gamma == 0), second
        first = gamma * rest ** (gamma - 1) * log_p - rest**gamma / p
        second = rest**gamma / p**2 + 2 * gamma * rest ** (gamma - 1) / p
        return -(rest**gamma) * log_p, first, second - gamma * (gamma - 1) * rest ** (gamma - 2) * log_p

    return parts


def _weighted(y: Any, alpha: list[mpf] | None, classes: int) -> list[mpf]:
    t = _of_labels(y, classes)
    return t if alpha is None else [a * b for a, b in zip(t, alpha, strict=True)]


@oracle
def categorical_focal(
    y: Any,
    p: list[mpf],
    *,
    from_logits: bool = False,
    gamma: mpf | float = 2.0,
    alpha: list[mpf] | None = None,
    sized: bool = False,
) -> Any:
    t = _weighted(y, alpha, len(p))
    if from_logits:
        return _links(t, p, _focal(mpf(gamma)), sized=sized)
    return _of_probabilities(t, p, _focal_parts(mpf(gamma)))


@oracle
def poly1(y: Any, p: list[mpf], *, epsilon: mpf | float = 2.0, sized: bool = False) -> Any:
    return _links(_of_labels(y, len(p)), p, _poly1(mpf(epsilon)), sized=sized)


@oracle
def generalized_ce(
    y: Any, p: list[mpf], *, from_logits: bool = False, q: mpf | float = 0.7, sized: bool = False
) -> Any:
    t, exponent = _of_labels(y, len(p)), mpf(q)
    if from_logits:
        return _links(t, p, _generalized(exponent), sized=sized)

    def parts(x: mpf) -> tuple[mpf, mpf, mpf]:
        power = exp(exponent * log(x))
        return -expm1(exponent * log(x)) / exponent, -power / x, (1 - exponent) * power / x**2

    return _of_probabilities(t, p, parts)


SIZES.update(
    {function.__name__: partial(function, sized=True) for function in (categorical_focal, poly1, generalized_ce)}
)
