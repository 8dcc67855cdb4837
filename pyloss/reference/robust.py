"""Robust regression: functions of the residual r = y_pred - y_true, and of u = r / c, that bound what an outlier can do."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import zero
from .regression import mae


def _residual(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    y, p = floats(y_true, y_pred)
    return p - y


@oracle
def pseudo_huber(y_true: ArrayLike, y_pred: ArrayLike, *, delta: float = 1.0) -> Result:
    """delta^2 (sqrt(1 + (r / delta)^2) - 1)."""
    r = _residual(y_true, y_pred)
    root = np.sqrt(1 + (r / delta) ** 2)
    return Result(delta**2 * (root - 1), r / root, root**-3)


@oracle
def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Result:
    """log(cosh(r)); derivative tanh(r)."""
    r = _residual(y_true, y_pred)
    return Result(np.logaddexp(r, -r) - np.log(2), np.tanh(r), 1 - np.tanh(r) ** 2)


@oracle
def fair(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.0) -> Result:
    """c^2 (|u| - log(1 + |u|))."""
    r = _residual(y_true, y_pred)
    u = np.abs(r) / c
    return Result(c**2 * (u - np.log1p(u)), r / (1 + u), (1 + u) ** -2)


@oracle
def cauchy(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.0) -> Result:
    """c^2 / 2 log(1 + u^2)."""
    r = _residual(y_true, y_pred)
    s = (r / c) ** 2
    return Result(0.5 * c**2 * np.log1p(s), r / (1 + s), (1 - s) / (1 + s) ** 2)


@oracle
def welsch(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.0) -> Result:
    """c^2 / 2 (1 - exp(-u^2))."""
    r = _residual(y_true, y_pred)
    s = (r / c) ** 2
    return Result(0.5 * c**2 * (1 - np.exp(-s)), r * np.exp(-s), (1 - 2 * s) * np.exp(-s))


@oracle
def geman_mcclure(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.0) -> Result:
    """r^2 / 2 / (1 + u^2)."""
    r = _residual(y_true, y_pred)
    s = (r / c) ** 2
    return Result(0.5 * r**2 / (1 + s), r / (1 + s) ** 2, (1 - 3 * s) / (1 + s) ** 3)


@oracle
def tukey(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 4.685) -> Result:
    """c^2 / 6 (1 - (1 - u^2)^3) where |r| <= c, else c^2 / 6: with s = u^2 that is c^2 / 2 s (1 - s + s^2 / 3)."""
    r = _residual(y_true, y_pred)
    inside = np.abs(r) <= c
    s = np.where(inside, (r / c) ** 2, 1 + zero(r))
    w = np.where(inside, 1 - s, zero(r))
    hess = np.where(inside, w * (1 - 5 * (r / c) ** 2), zero(r))
    return Result(c**2 / 2 * s * (1 - s + s**2 / 3), np.where(inside, r * w**2, zero(r)), hess)


@oracle
def arctan(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.0) -> Result:
    """c^2 / 2 atan(u^2)."""
    r = _residual(y_true, y_pred)
    s = (r / c) ** 2
    return Result(0.5 * c**2 * np.arctan(s), r / (1 + s**2), (1 - 3 * s**2) / (1 + s**2) ** 2)


@oracle
def student_t(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.0, df: float = 4.0) -> Result:
    """c^2 df / 2 log(1 + u^2 / df)."""
    r = _residual(y_true, y_pred)
    s = (r / c) ** 2
    value = 0.5 * c**2 * df * np.log1p(s / df)
    return Result(value, r * df / (df + s), df * (df - s) / (df + s) ** 2)


@oracle
def barron(y_true: ArrayLike, y_pred: ArrayLike, *, alpha: float = 1.0, c: float = 1.0) -> Result:
    """b / alpha ((1 + u^2 / b)^(alpha / 2) - 1) with b = |alpha - 2|, and its limits at alpha = 2, 0 and -inf."""
    u = _residual(y_true, y_pred) / c
    if alpha == 2:
        return Result(0.5 * u**2, u / c, np.ones_like(u) / c**2 + zero(u))
    if alpha == 0:
        q = 1 + 0.5 * u**2
        return Result(np.log(q), u / q / c, (1 - 0.5 * u**2) / q**2 / c**2)
    if alpha == -np.inf:
        well = np.exp(-0.5 * u**2)
        return Result(1 - well, u / c * well, (1 - u**2) * well / c**2)
    b = abs(alpha - 2)
    q = u**2 / b + 1
    hess = q ** (alpha / 2 - 2) * (q + (alpha - 2) * u**2 / b) / c**2
    return Result(b / alpha * np.expm1(alpha / 2 * np.log1p(u**2 / b)), u / c * q ** (alpha / 2 - 1), hess)


@oracle
def andrew_wave(y_true: ArrayLike, y_pred: ArrayLike, *, c: float = 1.339) -> Result:
    """c^2 (1 - cos u) where |u| <= pi, else 2 c^2."""
    r = _residual(y_true, y_pred)
    inside = np.abs(r) <= c * np.pi
    value = np.where(inside, c**2 * (1 - np.cos(r / c)), 2 * c**2 + zero(r))
    return Result(value, np.where(inside, c * np.sin(r / c), zero(r)), np.where(inside, np.cos(r / c), zero(r)))


@oracle
def wing(y_true: ArrayLike, y_pred: ArrayLike, *, width: float = 5.0, curvature: float = 0.5) -> Result:
    """width log(1 + |r| / curvature) where |r| < width, else |r| shifted to meet it."""
    r = _residual(y_true, y_pred)
    a = np.abs(r)
    inside = a < width
    shift = width - width * np.log1p(width / curvature)
    return Result(
        np.where(inside, width * np.log1p(a / curvature), a - shift),
        np.sign(r) * np.where(inside, width / (curvature + a), 1.0),
        np.where(inside, -width / (curvature + a) ** 2, zero(r)),
    )


@oracle
def lq(y_true: ArrayLike, y_pred: ArrayLike, *, q: float = 1.5) -> Result:
    """|r|^q; the absolute error for q = 1."""
    if q == 1:
        return mae(y_true, y_pred)
    r = _residual(y_true, y_pred)
    a = np.abs(r)
    return Result(a**q, q * a ** (q - 1) * np.sign(r), q * (q - 1) * a ** (q - 2))
