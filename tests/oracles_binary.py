"""The second oracle of the losses of two classes: see oracle_mpmath.py."""

from typing import Any

from mpmath import exp, inf, log, log1p, mpf
from oracle_mpmath import _ratio, _sigmoid, _softplus, _times, oracle

Jet = tuple[mpf, mpf, mpf]
"""A value with its two derivatives."""


def _label(y: mpf) -> mpf:
    return mpf(-1) if y == 0 else y


def _product(a: Jet, b: Jet) -> Jet:
    return a[0] * b[0], a[1] * b[0] + a[0] * b[1], a[2] * b[0] + 2 * a[1] * b[1] + a[0] * b[2]


def _power(m: Jet, gamma: mpf) -> Jet:
    if gamma == 0:
        return mpf(1), mpf(0), mpf(0)
    curve = gamma * (gamma - 1) * m[0] ** (gamma - 2) * m[1] ** 2 if gamma != 1 else mpf(0)
    return m[0] ** gamma, gamma * m[0] ** (gamma - 1) * m[1], curve + gamma * m[0] ** (gamma - 1) * m[2]


def _mixed(y: mpf, yes: Jet, no: Jet) -> Jet:
    a, b, c = (_times(y, a) + _times(1 - y, b) for a, b in zip(yes, no, strict=True))
    return a, b, c


def _cross_entropy(y: mpf, p: mpf, from_logits: bool) -> tuple[Jet, Jet]:
    """What the truth did not get, and the cross-entropy."""
    if not from_logits:
        yes = -log(p), _ratio(mpf(-1), p), _ratio(mpf(1), p**2)
        no = -log1p(-p), _ratio(mpf(1), 1 - p), _ratio(mpf(1), (1 - p) ** 2)
        return (y * (1 - p) + (1 - y) * p, 1 - 2 * y, mpf(0)), _mixed(y, yes, no)
    up, down = _sigmoid(p), _sigmoid(-p)
    slope, curve = up * down, up * down * (down - up)
    missed = y * down + (1 - y) * up, (1 - 2 * y) * slope, (1 - 2 * y) * curve
    return missed, _mixed(y, (_softplus(-p), -down, slope), (_softplus(p), up, slope))


@oracle
def binary_focal(
    y: mpf, p: mpf, *, from_logits: bool = False, gamma: mpf | float = 2.0, alpha: mpf | None = None
) -> Any:
    missed, loss = _cross_entropy(y, p, from_logits)
    balance = mpf(1) if alpha is None else alpha * y + (1 - alpha) * (1 - y)
    if missed[0] == 0 and gamma:
        answer = mpf(0), mpf(0), mpf(0) if gamma > 1 else mpf(2) if gamma == 1 else inf
    elif loss[0] == inf:
        answer = loss
    else:
        answer = _product(_power(missed, mpf(gamma)), loss)
    return tuple(balance * x for x in answer)


@oracle
def asymmetric_bce(
    y: mpf, p: mpf, *, gamma_neg: mpf | float = 4.0, gamma_pos: mpf | float = 1.0, clip: mpf | float = 0.05
) -> Any:
    up, down = _sigmoid(p), _sigmoid(-p)
    slope, curve = up * down, up * down * (down - up)
    yes = _product(_power((down, -slope, -curve), mpf(gamma_pos)), (_softplus(-p), -down, slope))
    if up <= clip:
        return _mixed(y, yes, (mpf(0), mpf(0), mpf(0)))
    rest = down + clip
    first = slope / rest
    # Without a clip it is up (down - up) + up^2, whose terms cancel down to 0 for large p.
    second = (curve * rest + slope**2) / rest**2 if clip else slope
    loss = (_softplus(p), up, slope) if not clip else (-log1p(clip - up), first, second)
    return _mixed(y, yes, _product(_power((up - clip, slope, curve), mpf(gamma_neg)), loss))


@oracle
def brier(y: mpf, p: mpf, *, from_logits: bool = False) -> Any:
    if not from_logits:
        return (p - y) ** 2, 2 * (p - y), mpf(2)
    up, down = _sigmoid(p), _sigmoid(-p)
    slope, off = up * down, (1 - y) * up - y * down
    return off**2, 2 * off * slope, 2 * slope * (slope + off * (down - up))


@oracle
def logistic(y: mpf, p: mpf) -> Any:
    label = _label(y)
    return _softplus(-label * p), -label * _sigmoid(-label * p), _sigmoid(p) * _sigmoid(-p)


@oracle
def squared_hinge(y: mpf, p: mpf, *, margin: mpf | float = 1.0) -> Any:
    gap = max(margin - _label(y) * p, mpf(0))
    return gap**2, -2 * _label(y) * gap, mpf(2 * (gap > 0))


@oracle
def modified_huber(y: mpf, p: mpf) -> Any:
    label = _label(y)
    score = label * p
    if score < -1:
        return -4 * score, -4 * label, mpf(0)
    gap = max(1 - score, mpf(0))
    return gap**2, -2 * label * gap, mpf(2 * (gap > 0))


@oracle
def perceptron(y: mpf, p: mpf) -> Any:
    label = _label(y)
    return (-label * p, -label, mpf(0)) if label * p < 0 else (mpf(0), mpf(0), mpf(0))


@oracle
def exponential(y: mpf, p: mpf) -> Any:
    label = _label(y)
    return exp(-label * p), -label * exp(-label * p), exp(-label * p)


@oracle
def hinge_embedding(y: mpf, p: mpf, *, margin: mpf | float = 1.0) -> Any:
    if y > 0:
        return p, mpf(1), mpf(0)
    return (margin - p, mpf(-1), mpf(0)) if p < margin else (mpf(0), mpf(0), mpf(0))
