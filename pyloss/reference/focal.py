"""Two classes, with less weight for what is easy."""

import numpy as np
from numpy.typing import ArrayLike

from ._result import Array, Result, floats, oracle
from ._textbook import sigmoid, times_log


def _powered(m: list[Array], c: list[Array], gamma: float) -> tuple[Array, Array, Array]:
    """m^gamma c, where m and c are each a value with its two derivatives."""
    power = m[0] ** gamma
    first = gamma * m[0] ** (gamma - 1) if gamma else 0.0
    # m^(gamma - 2) c in an order in which a tiny m does not overflow.
    second = (gamma - 1) * first * (c[0] / m[0]) if gamma not in (0, 1) else 0.0
    slope, curve = first * m[1], first * m[2]
    return (
        power * c[0],
        slope * c[0] + power * c[1],
        second * m[1] ** 2 + curve * c[0] + 2 * slope * c[1] + power * c[2],
    )


def _mixed(y: Array, yes: Array, no: Array) -> Array:
    """y yes + (1 - y) no, where what has no share counts nothing."""
    return times_log(y, yes) + times_log(1 - y, no)


@oracle
def binary_focal(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    gamma: float = 2.0,
    alpha: float | None = None,
) -> Result:
    """a (1 - p_t)^gamma (-y log p - (1 - y) log(1 - p)) with p_t = y p + (1 - y) (1 - p); from logits p = 1 / (1 + exp(-z)).

    a = alpha y + (1 - alpha) (1 - y), or 1 without alpha.
    """
    y, p = floats(y_true, y_pred)
    if from_logits:
        z, p, q = p, sigmoid(p), sigmoid(-p)
        w = p * q
        c = [_mixed(y, np.logaddexp(0, -z), np.logaddexp(0, z)), p - y, w]
        m = [y * q + (1 - y) * p, (1 - 2 * y) * w, (1 - 2 * y) * w * (q - p)]
    else:
        p, q = p + 0.0, 1 - p  # -0 becomes 0, whose inverse has the other sign
        c = [_mixed(y, -np.log(p), -np.log(q)), _mixed(y, -1 / p, 1 / q), _mixed(y, 1 / p**2, 1 / q**2)]
        m = [y * q + (1 - y) * p, 1 - 2 * y, np.zeros_like(y)]
    a = np.ones_like(y) if alpha is None else alpha * y + (1 - alpha) * (1 - y)
    value, grad, hess = _powered(m, c, gamma)
    if gamma:  # the limit of what is certain and right
        hess = np.where(m[0] == 0, 0.0 if from_logits or gamma > 1 else 2.0 if gamma == 1 else np.inf, hess)
        value, grad = (np.where(m[0] == 0, 0.0, x) for x in (value, grad))
    # What is certain and wrong costs as much without the power.
    value, grad, hess = (np.where(np.isinf(c[0]), plain, x) for plain, x in zip(c, (value, grad, hess), strict=True))
    return Result(a * value, a * grad, a * hess)


@oracle
def asymmetric_bce(
    y_true: ArrayLike, y_pred: ArrayLike, *, gamma_neg: float = 4.0, gamma_pos: float = 1.0, clip: float = 0.05
) -> Result:
    """-y (1 - P)^gamma_pos log P - (1 - y) x^gamma_neg log(1 - x) with P = 1 / (1 + exp(-z)) and x = max(P - clip, 0).

    Where P <= clip, the second term is 0 with all its derivatives.
    """
    y, z = floats(y_true, y_pred)
    p, q = sigmoid(z), sigmoid(-z)
    w, bend = p * q, p * q * (q - p)
    yes = _powered([q, -w, -bend], [np.logaddexp(0, -z), -q, w], gamma_pos)
    # Powers below 1 magnify what rounding leaves of this difference, near the kink without bounds.
    x = (sigmoid(z.astype(np.longdouble)) - clip).astype(np.float64)
    u = q + clip
    loss = -np.log1p(-x) if clip else np.logaddexp(0, z)
    slope = w / u if clip else p
    no = _powered([x, w, bend], [loss, slope, slope**2 + (bend / u if clip else p * (q - p))], gamma_neg)
    inside = (x > 0) | np.isnan(x)
    terms = [_mixed(y, a, np.where(inside, b, 0.0)) for a, b in zip(yes, no, strict=True)]
    return Result(*terms)
