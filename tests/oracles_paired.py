"""The second oracle of losses of several predictions, and of one with a number for each class: y_pred and derivatives are tuples or lists.

Where terms of both signs add up, an oracle gives the terms: an answer is as good as they are.
"""

from typing import Any

from mpmath import erf, exp, inf, log, mpf, pi, sign, sqrt
from oracle_mpmath import ORACLES, SIZES, _dot, _ratio, oracle


def paired_terms(terms: Any) -> Any:
    """Register a function that gives for each answer (value, derivatives by each prediction, second ones) a list of its terms."""

    def summed(form: Any) -> Any:
        def answers(y: mpf, p: Any, **params: Any) -> Any:
            value, *derivatives = terms(y, p, **params)
            return sum(map(form, value)), *[tuple(sum(map(form, own), mpf(0)) for own in each) for each in derivatives]

        return answers

    ORACLES[terms.__name__], SIZES[terms.__name__] = summed(mpf), summed(abs)
    return terms


@paired_terms
def gaussian_nll(y: mpf, p: tuple[mpf, mpf], *, full: bool = False, eps: mpf | float = 0.0) -> Any:
    r, v = p[0] - y, max(p[1], mpf(eps))
    inside = mpf(p[1] >= eps)
    value = [log(v) / 2, r**2 / v / 2, *[log(2 * pi) / 2] * full]
    by_variance = [inside / (2 * v), -inside * r**2 / (2 * v**2)]
    return value, ([r / v], by_variance), ([1 / v], [inside * r**2 / v**3, -inside / (2 * v**2)])


@paired_terms
def laplace_nll(y: mpf, p: tuple[mpf, mpf]) -> Any:
    r, b = p[0] - y, p[1]
    grads = [sign(r) / b], [1 / b, -abs(r) / b**2]
    return [log(2 * b), abs(r) / b], grads, ([mpf(0)], [2 * abs(r) / b**3, -1 / b**2])


@paired_terms
def crps_normal(y: mpf, p: tuple[mpf, mpf]) -> Any:
    """The score itself is never negative: r (2 Phi - 1) is not, and the spread is the sum of two terms."""
    r, s = p[0] - y, p[1]
    w = r / s
    density = exp(-(w**2) / 2) / sqrt(2 * pi)
    slope, spread = erf(w / sqrt(mpf(2))), [2 * density, -1 / sqrt(pi)]
    return [r * slope, *(s * term for term in spread)], ([slope], spread), ([2 * density / s], [2 * density * w**2 / s])


@paired_terms
def margin_ranking(y: mpf, p: tuple[mpf, mpf], *, margin: mpf | float = 0.0) -> Any:
    label = mpf(1) if y > 0 else mpf(-1)
    if margin - label * (p[0] - p[1]) <= 0:
        return [mpf(0)], ([mpf(0)], [mpf(0)]), ([mpf(0)], [mpf(0)])
    return [margin, -label * (p[0] - p[1])], ([-label], [label]), ([mpf(0)], [mpf(0)])


@oracle
def cosine_embedding(y: mpf, p: tuple[list[mpf], list[mpf]], *, margin: mpf | float = 0.0) -> Any:
    first, second = p
    far, by_second, _ = ORACLES["cosine_distance"](first, second)
    _, by_first, _ = ORACLES["cosine_distance"](second, first)
    if y > 0:
        return far, (by_first, by_second), None
    near = 1 - far - margin
    if near <= 0 or not (_dot(first, first) and _dot(second, second)):
        return mpf(0), ([mpf(0)] * len(first), [mpf(0)] * len(first)), None
    return near, ([-x for x in by_first], [-x for x in by_second]), None


def _cosine_sizes(y: mpf, p: tuple[list[mpf], list[mpf]], *, margin: mpf | float = 0.0) -> Any:
    """The distance is the sum of (u - v) u / 2 and -(u - v) v / 2, the cosine one of products, the gradient (u - v - far u) / |p|."""
    far, *_ = ORACLES["cosine_distance"](*p)
    lengths = [sqrt(_dot(x, x)) for x in p]
    u, v = ([_ratio(entry, length) for entry in x] for x, length in zip(p, lengths, strict=True))
    size_of_far = sum(abs(a - b) * (abs(a) + abs(b)) for a, b in zip(u, v, strict=True)) / 2
    u, v = ([abs(entry) for entry in x] for x in (u, v))
    grads = tuple(
        [_ratio(a + b + far * a, length) for a, b in zip(own, other, strict=True)]
        for own, other, length in ((u, v, lengths[0]), (v, u, lengths[1]))
    )
    return size_of_far if y > 0 else _dot(u, v) + abs(margin), grads, None


SIZES["cosine_embedding"] = _cosine_sizes


def _distance(a: list[mpf], b: list[mpf], p: mpf | float) -> tuple[mpf, list[mpf]]:
    """The p-norm of a - b, and its derivatives by a."""
    gaps = [x - y for x, y in zip(a, b, strict=True)]
    top = max(map(abs, gaps))
    if top == 0 or p == inf:
        return top, [sign(gap) * (abs(gap) == top) for gap in gaps]
    length = sum(abs(gap) ** p for gap in gaps) ** (1 / mpf(p))
    return length, [sign(gap) * _ratio(abs(gap), length) ** (p - 1) for gap in gaps]


def _triplet(p: tuple, margin: Any, power: Any, swap: bool) -> Any:
    """The terms of the value and of each derivative."""
    anchor, positive, negative = p
    near, to_near = _distance(anchor, positive, power)
    far, to_far = _distance(anchor, negative, power)
    other, from_positive = _distance(positive, negative, power)
    swapped = swap and other < far
    value = [near, -other if swapped else -far, mpf(margin)]
    nothing = [mpf(0)] * len(anchor)
    if sum(value) <= 0:
        to_near = to_far = from_positive = nothing
        value = [mpf(0)]
    by_anchor = to_near, nothing if swapped else [-x for x in to_far]
    by_positive = [-x for x in to_near], [-x for x in from_positive] if swapped else nothing
    by_negative = from_positive if swapped else to_far, nothing
    return value, tuple(list(zip(*own, strict=True)) for own in (by_anchor, by_positive, by_negative))


def _registered(form: Any) -> Any:
    def answers(_y: None, given: tuple, *, margin: Any = 1.0, p: Any = 2.0, swap: bool = False) -> Any:
        value, derivatives = _triplet(given, margin, p, swap)
        return sum(map(form, value)), tuple([sum(map(form, x)) for x in own] for own in derivatives), None

    return answers


ORACLES["triplet"], SIZES["triplet"] = _registered(mpf), _registered(abs)


@oracle
def multi_quantile(y: mpf, p: list[mpf], *, quantiles: list[mpf]) -> Any:
    slopes = [
        mpf(0) if x == y else (1 - quantile if x > y else -quantile) / len(p)
        for x, quantile in zip(p, quantiles, strict=True)
    ]
    return sum(slope * (x - y) for slope, x in zip(slopes, p, strict=True)), slopes, [mpf(0)] * len(p)
