"""The second oracle of the regression losses. Forms that keep the tails; at 100 digits cancellation of squares costs nothing that shows."""

from typing import Any

from mpmath import atan, cos, exp, expm1, inf, log, log1p, mp, mpf, pi, sign, sin, sqrt, tanh
from oracle_mpmath import mae, mse, oracle

Number = mpf | float


@oracle
def smooth_l1(y: mpf, p: mpf, *, beta: Number = 1.0) -> Any:
    r = p - y
    if abs(r) < beta:
        return r**2 / (2 * beta), r / beta, 1 / beta
    return abs(r) - beta / 2, sign(r), mpf(0)


@oracle
def expectile(y: mpf, p: mpf, *, quantile: Number = 0.5) -> Any:
    weight = quantile if p < y else 1 - quantile
    return weight * (p - y) ** 2, 2 * weight * (p - y), 2 * weight


@oracle
def epsilon_insensitive(y: mpf, p: mpf, *, epsilon: Number = 0.1) -> Any:
    gap = abs(p - y) - epsilon
    return (gap, sign(p - y), mpf(0)) if gap > 0 else (mpf(0), mpf(0), mpf(0))


@oracle
def squared_epsilon_insensitive(y: mpf, p: mpf, *, epsilon: Number = 0.1) -> Any:
    gap = abs(p - y) - epsilon
    return (gap**2, 2 * gap * sign(p - y), mpf(2)) if gap > 0 else (mpf(0), mpf(0), mpf(0))


@oracle
def mape(y: mpf, p: mpf, *, eps: Number = 0.0) -> Any:
    size = max(abs(y), eps)
    if p == y:
        return mpf(0), mpf(0), mpf(0)
    return (abs(p - y) / size, sign(p - y) / size, mpf(0)) if size else (inf, sign(p - y) * inf, mpf(0))


@oracle
def smape(y: mpf, p: mpf) -> Any:
    total = abs(y) + abs(p)
    if total == 0:
        return mpf(0), mpf(0), mpf(0)
    slope = sign(p - y) * total - abs(p - y) * sign(p)
    return 2 * abs(p - y) / total, 2 * slope / total**2, -4 * sign(p) * slope / total**3


@oracle
def msle(y: mpf, p: mpf) -> Any:
    ratio = log1p((p - y) / (1 + y)) if 2 * abs(p - y) < 1 + y else log((1 + p) / (1 + y))
    return ratio**2, 2 * ratio / (1 + p), 2 * (1 - ratio) / (1 + p) ** 2


@oracle
def pseudo_huber(y: mpf, p: mpf, *, delta: Number = 1.0) -> Any:
    r = p - y
    root = sqrt(1 + (r / delta) ** 2)
    return r**2 / (1 + root), r / root, root**-3


@oracle
def log_cosh(y: mpf, p: mpf) -> Any:
    a, e = abs(p - y), exp(-2 * abs(p - y))
    value = a + log1p(e) - log(mpf(2)) if a > 1 else log1p(expm1(-a) ** 2 / (2 * exp(-a)))
    return value, tanh(p - y), 4 * e / (1 + e) ** 2


@oracle
def fair(y: mpf, p: mpf, *, c: Number = 1.0) -> Any:
    r = p - y
    with mp.workdps(2 * mp.dps):
        gap = abs(r) / c - log1p(abs(r) / c)
    return c**2 * gap, c * r / (abs(r) + c), (c / (abs(r) + c)) ** 2


@oracle
def cauchy(y: mpf, p: mpf, *, c: Number = 1.0) -> Any:
    r, s = p - y, ((p - y) / c) ** 2
    return c**2 * log1p(s) / 2, r / (1 + s), (1 - s) / (1 + s) ** 2


@oracle
def welsch(y: mpf, p: mpf, *, c: Number = 1.0) -> Any:
    r, s = p - y, ((p - y) / c) ** 2
    return -(c**2) * expm1(-s) / 2, r * exp(-s), (1 - 2 * s) * exp(-s)


@oracle
def geman_mcclure(y: mpf, p: mpf, *, c: Number = 1.0) -> Any:
    r, s = p - y, ((p - y) / c) ** 2
    return r**2 / 2 / (1 + s), r / (1 + s) ** 2, (1 - 3 * s) / (1 + s) ** 3


@oracle
def tukey(y: mpf, p: mpf, *, c: Number = 4.685) -> Any:
    r, s = p - y, ((p - y) / c) ** 2
    if s > 1:
        return mpf(c) ** 2 / 6, mpf(0), mpf(0)
    return r**2 * (3 - 3 * s + s**2) / 6, r * (1 - s) ** 2, (1 - s) * (1 - 5 * s)


@oracle
def arctan(y: mpf, p: mpf, *, c: Number = 1.0) -> Any:
    r, s = p - y, ((p - y) / c) ** 2
    return c**2 * atan(s) / 2, r / (1 + s**2), (1 - 3 * s**2) / (1 + s**2) ** 2


@oracle
def student_t(y: mpf, p: mpf, *, c: Number = 1.0, df: Number = 4.0) -> Any:
    r, s = p - y, ((p - y) / c) ** 2
    return c**2 * df * log1p(s / df) / 2, r * df / (df + s), df * (df - s) / (df + s) ** 2


@oracle
def barron(y: mpf, p: mpf, *, alpha: Number = 1.0, c: Number = 1.0) -> Any:
    r, half = p - y, ((p - y) / c) ** 2 / 2
    if alpha == 2:
        return half, r / c**2, 1 / mpf(c) ** 2
    if alpha == 0:
        return log1p(half), r / c**2 / (1 + half), (1 - half) / (1 + half) ** 2 / c**2
    if alpha == -inf:
        return -expm1(-half), r / c**2 * exp(-half), (1 - 2 * half) * exp(-half) / c**2
    alpha = mpf(alpha)
    b = abs(alpha - 2)
    share = 2 * half / b
    growth = log1p(share) / 2
    slope = exp((alpha - 2) * growth) / c**2
    return b / alpha * expm1(alpha * growth), r * slope, slope * (1 + (alpha - 1) * share) / (1 + share)


@oracle
def andrew_wave(y: mpf, p: mpf, *, c: Number = 1.339) -> Any:
    u = (p - y) / c
    if abs(u) > pi:
        return 2 * mpf(c) ** 2, mpf(0), mpf(0)
    return 2 * mpf(c) ** 2 * sin(u / 2) ** 2, c * sin(u), cos(u)


@oracle
def wing(y: mpf, p: mpf, *, width: Number = 5.0, curvature: Number = 0.5) -> Any:
    a, s = abs(p - y), sign(p - y)
    if a < width:
        return width * log1p(a / curvature), s * width / (curvature + a), -width / (curvature + a) ** 2
    return a - width + width * log1p(mpf(width) / curvature), s, mpf(0)


@oracle
def lq(y: mpf, p: mpf, *, q: Number = 1.5) -> Any:
    if q == 1:
        return mae(y, p)
    if q == 2:
        return mse(y, p)
    a = abs(p - y)
    if a == 0:
        return mpf(0), mpf(0), inf if q < 2 else mpf(0)
    return a**q, q * a ** (q - 1) * sign(p - y), q * (q - 1) * a ** (q - 2)
