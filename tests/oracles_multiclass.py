"""The second oracle of cross-entropy, with all its options.

Its terms have both signs where there is a z-loss or a cap. `sized=True` gives the sums of their absolute values, and counts what
rounding the capped logits once may cost: an exponential magnifies it by the logits' own size.
"""

from typing import Any

from mpmath import exp, log, log1p, mpf, sech, tanh
from oracle_mpmath import SIZES, _ratio, _times, oracle

Numbers = list[mpf]
LEAST = mpf(2) ** -126
"""A denormal of float32 has lost digits before the next factor comes."""


def _without(terms: Numbers, k: int) -> mpf:
    return sum((term for j, term in enumerate(terms) if j != k), mpf(0))


def _from_probabilities(t: Numbers, p: Numbers) -> Any:
    pairs = list(zip(t, p, strict=True))
    return (
        sum(-_times(a, log(b)) for a, b in pairs),
        [-_ratio(a, b) for a, b in pairs],
        [_ratio(a, b**2) for a, b in pairs],
    )


def _from_logits(t: Numbers, own: mpf, z: Numbers, z_loss: mpf, heat: mpf, signs: int) -> Any:
    """By z / heat; `signs` is -1, or 1 where the terms' sizes are asked for. rest[k] is the sum of exp(z_j - z_k) over the other classes:
    -log q_k = log1p(rest[k]), and nothing cancels.
    """
    z = [x / heat for x in z]
    rest = [_without([exp(x - y) for x in z], k) for k, y in enumerate(z)]
    q = [1 / (1 + x) for x in rest]
    not_q = [_without(q, k) for k in range(len(z))]
    size = max(z) + log(sum(exp(x - max(z)) for x in z))
    pull = 2 * z_loss * own
    if signs > 0:
        size = abs(size)
    value = sum(_times(a, log1p(x)) for a, x in zip(t, rest, strict=True)) + pull * size**2 / 2
    grads = [_without(t, k) * q[k] + signs * t[k] * not_q[k] + pull * size * q[k] for k in range(len(z))]
    hesses = [sum(t) * a * b + pull * a * (a + size * b) for a, b in zip(q, not_q, strict=True)]
    return value, [g / heat for g in grads], [h / heat**2 for h in hesses]


def _capped(answer: Any, z: Numbers, softcap: mpf, t: Numbers, heat: mpf, sized: bool) -> Any:
    """From the derivatives by softcap tanh(z / softcap) to those by z."""
    value, grads, hesses = answer
    slopes = [sech(x / softcap) ** 2 for x in z]
    bends = [-2 * tanh(x / softcap) * s / softcap for x, s in zip(z, slopes, strict=True)]
    bends = [abs(bend) if sized else bend for bend in bends]
    hesses = [h * s**2 + g * b for g, h, s, b in zip(grads, hesses, slopes, bends, strict=True)]
    grads = [g * s for g, s in zip(grads, slopes, strict=True)]
    if not sized:
        return value, grads, hesses
    cost = 1 + 2 * max(abs(x) for x in z) / heat
    return value + cost * sum(t), [g * cost for g in grads], [h * cost for h in hesses]


def cce(
    y: Any,
    p: Numbers,
    *,
    from_logits: bool = False,
    eps: mpf | float = 0.0,
    class_weight: Numbers | None = None,
    ignore_index: mpf | None = None,
    label_smoothing: mpf | float = 0.0,
    z_loss: mpf | float = 0.0,
    softcap: mpf | None = None,
    temperature: mpf | float = 1.0,
    sized: bool = False,
) -> Any:
    labels = not isinstance(y, list)
    if labels and ignore_index is not None and y == ignore_index:
        return mpf(0), [mpf(0)] * len(p), [mpf(0)] * len(p)
    t = [mpf(k == y) for k in range(len(p))] if labels else y
    weight = class_weight or [mpf(1)] * len(p)
    own = sum(a * b for a, b in zip(t, weight, strict=True)) if class_weight else mpf(1)
    e = mpf(label_smoothing)
    t = [w * ((1 - e) * x + e / len(p)) for w, x in zip(weight, t, strict=True)]
    if not from_logits:
        value, *derivatives = _from_probabilities(t, [x + eps for x in p])
        return (sum(abs(_times(a, log(b + eps))) for a, b in zip(t, p, strict=True)) if sized else value, *derivatives)
    z = p if softcap is None else [softcap * tanh(x / softcap) for x in p]
    answer = _from_logits(t, own, z, mpf(z_loss), mpf(temperature), 1 if sized else -1)
    return answer if softcap is None else _capped(answer, p, softcap, t, mpf(temperature), sized)


def sparse_cce(y: mpf, p: Numbers, **options: Any) -> Any:
    return cce(y, p, **options)


PLAIN = {"eps": 0.0, "class_weight": None, "label_smoothing": 0.0, "z_loss": 0.0, "softcap": None}


def sizes(y: Any, p: Numbers, **options: Any) -> Any:
    """None where every option is off: the terms of a class have one sign then."""
    if all(options.get(name, off) == off for name, off in PLAIN.items()):
        return None
    value, *derivatives = cce(y, p, **options, sized=True)
    return (value, *([x + magnified(p, **options) for x in numbers] for numbers in derivatives))


def magnified(p: Numbers, *, z_loss: mpf = 0, softcap: mpf | None = None, **_: Any) -> mpf:
    """`LEAST`, times what a denormal may be multiplied with: the z-loss's slope, and the cap's bend."""
    return LEAST * (1 + 2 * z_loss * max(abs(x) for x in p)) * (1 + 2 / softcap if softcap else 1)


for function in (cce, sparse_cce):
    oracle(function)
    SIZES[function.__name__] = sizes
