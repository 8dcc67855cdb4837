"""The second oracle of the losses of several classes that are no softmax."""

from typing import Any

from mpmath import mpf
from oracle_mpmath import oracle


def _others(label: int, z: list[mpf]) -> list[int]:
    return [k for k in range(len(z)) if k != label]


@oracle
def nll(y: mpf, x: list[mpf], *, class_weight: list[mpf] | None = None, ignore_index: mpf | None = None) -> Any:
    weight = class_weight[int(y)] if class_weight else mpf(1)
    weight = mpf(0) if y == ignore_index else weight
    return -weight * x[int(y)], [-weight * (k == y) for k in range(len(x))], [mpf(0)] * len(x)


@oracle
def multiclass_hinge(y: mpf, z: list[mpf]) -> Any:
    scores = [x + (k != y) for k, x in enumerate(z)]
    winner = scores.index(max(scores))
    grad = [mpf(k == winner) - mpf(k == y) for k in range(len(z))]
    return scores[winner] - z[int(y)], grad, [mpf(0)] * len(z)


@oracle
def multi_margin(y: mpf, z: list[mpf], *, p: mpf | int = 1, margin: mpf | float = 1.0) -> Any:
    label, classes = int(y), len(z)
    leads = {k: z[k] - z[label] + margin for k in _others(label, z)}
    leads = {k: u for k, u in leads.items() if u > 0}
    slopes = {k: p * u ** (p - 1) / classes for k, u in leads.items()}
    curve = 2 * (p - 1) / mpf(classes)
    grad = [slopes.get(k, mpf(0)) for k in range(classes)]
    hess = [curve if k in leads else mpf(0) for k in range(classes)]
    grad[label], hess[label] = -sum(slopes.values(), mpf(0)), curve * len(leads)
    return sum((u**p / classes for u in leads.values()), mpf(0)), grad, hess


@oracle
def multilabel_margin(y: list[mpf], z: list[mpf]) -> Any:
    classes = len(z)
    names = [int(x) for x in y]
    names = names[: names.index(-1)] if -1 in names else names
    value, grad = mpf(0), [mpf(0)] * classes
    for j in names:
        for i in range(classes):
            lead = 1 - z[j] + z[i]
            if i not in names and lead > 0:
                value += lead / classes
                grad[i] += mpf(1) / classes
                grad[j] -= mpf(1) / classes
    return value, grad, [mpf(0)] * classes


def _project(z: list[mpf]) -> list[mpf]:
    """The threshold of the largest set of scores that all lie above it."""
    falling = sorted(z, reverse=True)
    taus = [(sum(falling[: k + 1]) - 1) / (k + 1) for k in range(len(z))]
    tau = next(tau for tau, x in reversed(list(zip(taus, falling, strict=True))) if x > tau)
    return [max(mpf(0), x - tau) for x in z]


@oracle
def sparsemax(y: list[mpf] | mpf, z: list[mpf]) -> Any:
    t = y if isinstance(y, list) else [mpf(k == y) for k in range(len(z))]
    p = _project(z)
    value = sum(a * x - a**2 / 2 + b**2 / 2 - b * x for a, b, x in zip(p, t, z, strict=True))
    return value, [a - b for a, b in zip(p, t, strict=True)], None
