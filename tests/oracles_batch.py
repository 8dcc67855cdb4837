"""The second oracle of the losses in which elements meet one another: sorted errors, and a batch against itself.

The gradient of a matrix is its entries, row by row. The sizes are those of the terms: a similarity is a sum of products, and what is
added to an exponent is multiplied with the exponential.
"""

from collections.abc import Sequence
from typing import Any

from mpmath import exp, log, mpf, sqrt
from oracle_mpmath import ORACLES, SIZES, _dot, _weights

Vector = list[mpf]
Matrix = list[Vector]


def _extension(errors: Vector, mask: list[bool], weight: Vector) -> tuple[mpf, Vector]:
    """The sum of falling errors, each times what the Jaccard loss of the errors so far grows by; and these slopes."""
    inside, outside = (sum((w for w, m in zip(weight, mask, strict=True) if m is x), mpf(0)) for x in (True, False))
    slopes, value, before, outside = [mpf(0)] * len(errors), mpf(0), mpf(0), mpf(0)
    left = inside
    for k in sorted(range(len(errors)), key=lambda k: -errors[k]):
        if mask[k]:
            left -= weight[k]
        else:
            outside += weight[k]
        jaccard = 1 - left / (inside + outside)
        slopes[k], before = jaccard - before, jaccard
        value += max(errors[k], mpf(0)) * slopes[k]
    return value, slopes


def _softmax(z: Vector) -> Vector:
    e = [exp(x - max(z)) for x in z]
    return [x / sum(e) for x in e]


def _lovasz(y: Vector, p: Any, kind: str, weight: Vector | None) -> tuple[mpf, Matrix]:
    """The value, and for each entry of the gradient its terms."""
    w = _weights(weight, y)
    if kind == "hinge":
        signs = [mpf(1) if t > 0 else mpf(-1) for t in y]
        errors = [1 - s * x for s, x in zip(signs, p, strict=True)]
        value, slopes = _extension(errors, [t > 0 for t in y], w)
        return value, [[-s * x if e > 0 else mpf(0)] for s, x, e in zip(signs, slopes, errors, strict=True)]
    shares = [_softmax(z) for z in p] if kind == "softmax" else p
    present, value, grad = sorted(set(y)), mpf(0), [[mpf(0)] * len(q) for q in shares]
    for label in present:
        k, mask = int(label), [t == label for t in y]
        own, slopes = _extension([abs(m - q[k]) for m, q in zip(mask, shares, strict=True)], mask, w)
        value += own / len(present)
        for row, m, slope in zip(grad, mask, slopes, strict=True):
            row[k] = (-slope if m else slope) / len(present)
    if kind == "probabilities":
        return value, [[x] for row in grad for x in row]
    rows = zip(shares, grad, strict=True)
    return value, [
        [a * x, *(-a * b * z for b, z in zip(q, g, strict=True))] for q, g in rows for a, x in zip(q, g, strict=True)
    ]


def _registered_lovasz(form: Any) -> Any:
    def answers(y: Vector, p: Any, *, kind: str = "hinge", sample_weight: Vector | None = None) -> Any:
        value, grad = _lovasz(y, p, kind, sample_weight)
        return value, [sum(map(form, terms), mpf(0)) for terms in grad], None

    return answers


ORACLES["lovasz"], SIZES["lovasz"] = _registered_lovasz(mpf), _registered_lovasz(abs)


def _units(a: Matrix) -> tuple[Matrix, Vector]:
    norms = [sqrt(_dot(x, x)) for x in a]
    return [[entry / (norm or 1) for entry in x] for x, norm in zip(a, norms, strict=True)], norms


def _size(u: Vector, v: Vector) -> mpf:
    return sum((abs(a * b) for a, b in zip(u, v, strict=True)), mpf(0))


def _contrasts(anchor: Vector, keys: Matrix, positive: int, temperature: mpf) -> tuple[mpf, Vector]:
    """-log softmax of the similarities at the positive, and the derivative by each of them."""
    scores = [_dot(anchor, key) / temperature for key in keys]
    rest = sum((exp(s - scores[positive]) for k, s in enumerate(scores) if k != positive), mpf(0))
    by_scores = [exp(s - scores[positive]) / (1 + rest) for s in scores]
    by_scores[positive] = -rest / (1 + rest)
    return log(1 + rest), [x / temperature for x in by_scores]


Pairs = Sequence[tuple[int, int, list[int]]]
"""An anchor, its positive, and the keys that it is compared with, the positive the last."""


def _batch(a: Matrix, b: Matrix, pairs: Pairs, temperature: mpf, sized: bool) -> tuple[Vector, Matrix, Matrix]:
    (u, norms), (v, others) = _units(a), _units(b)
    values, by_u, by_v = [mpf(0)] * len(a), [[mpf(0)] * len(x) for x in a], [[mpf(0)] * len(x) for x in b]
    for i, _, keys in pairs:
        value, by_scores = _contrasts(u[i], [v[k] for k in keys], len(keys) - 1, temperature)
        sizes = [_size(u[i], v[k]) / temperature for k in keys]
        values[i] += value + max(sizes) + sizes[-1] if sized else value
        for k, slope, size in zip(keys, by_scores, sizes, strict=True):
            for place in range(len(u[i])):
                if sized:
                    most = abs(slope) * (1 + size)
                    by_u[i][place] += most * (abs(v[k][place]) + _size(u[i], v[k]) * abs(u[i][place])) / norms[i]
                    by_v[k][place] += most * (abs(u[i][place]) + _size(u[i], v[k]) * abs(v[k][place])) / others[k]
                else:
                    cosine = _dot(u[i], v[k])
                    by_u[i][place] += slope * (v[k][place] - cosine * u[i][place]) / norms[i]
                    by_v[k][place] += slope * (u[i][place] - cosine * v[k][place]) / others[k]
    return values, by_u, by_v


def _registered_nt_xent(sized: bool) -> Any:
    def answers(y: Vector, p: Matrix, *, temperature: mpf | float = 0.5) -> Any:
        n = range(len(p))
        pairs = [(i, j, [*(k for k in n if y[k] != y[i]), j]) for i in n for j in n if i != j and y[i] == y[j]]
        values, by_u, by_v = _batch(p, p, pairs, mpf(temperature), sized)
        return (
            values,
            [x + z for own, other in zip(by_u, by_v, strict=True) for x, z in zip(own, other, strict=True)],
            None,
        )

    return answers


def _registered_info_nce(sized: bool) -> Any:
    def answers(_y: None, p: tuple[Matrix, Matrix], *, temperature: mpf | float = 0.07) -> Any:
        n = range(len(p[0]))
        pairs = [(i, i, [*(k for k in n if k != i), i]) for i in n]
        values, *grads = _batch(*p, pairs, mpf(temperature), sized)
        return values, tuple([x for row in grad for x in row] for grad in grads), None

    return answers


ORACLES["nt_xent"], SIZES["nt_xent"] = _registered_nt_xent(False), _registered_nt_xent(True)
ORACLES["info_nce"], SIZES["info_nce"] = _registered_info_nce(False), _registered_info_nce(True)
