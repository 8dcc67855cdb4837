"""How far answers are from the second oracle, in units in the last place.

A sum of terms of both signs cannot be better than its terms. So the unit is that of the `size`: the sum of the absolute
values of what the answer is made of. Where the truth is 0 or 1, that is the answer itself.
"""

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import oracle_mpmath
from mpmath import diff, exp, inf, isfinite, mp, mpf, sign
from variants import Variant

for family in sorted(Path(__file__).parent.glob("oracles_*.py")):
    importlib.import_module(family.stem)

PLACES = ("value", "grad", "hess")
GATES = {np.float32: 2, np.float64: 4}
# The Hessians divide by a rounded square.
HESS_GATES = {np.float32: 4, np.float64: 6}
ALL_GATES = (GATES, GATES, HESS_GATES)


class Judged(NamedTuple):
    """A number of an answer: whether it is of the value, the gradient or the Hessian, and how far it is from the truth."""

    place: int
    number: float
    truth: mpf
    ulp: float

    def __str__(self) -> str:
        return f"{PLACES[self.place]} {self.number} is {self.ulp:.2f} ULP from {mp.nstr(self.truth, 20)}"


def parameters(variant: Variant, dtype: type) -> dict:
    """Those that are in the kernel: rounded to its type. From logits there is no eps."""
    loss = variant()
    dtype = np.float64 if loss.family in ("total", "sorted", "contrastive") or loss._plan.double_only else dtype
    given = {
        name: dtype(x) if isinstance(x, float) else x
        for name, x in loss.parameters.items()
        if name not in ("axis", "class_axis")
    }
    if given.get("from_logits") and "eps" in given:
        given["eps"] = 0.0
    return given


def ask(variant: Variant, y, p, dtype: type = np.float64, oracles=oracle_mpmath.ORACLES, **more) -> tuple:
    """Value, gradient and Hessian as lists of exact numbers."""
    given = {**parameters(variant, dtype), **more}
    answers = oracle_mpmath._evaluate(variant.stem, y, p, given, oracles) or ()
    return tuple(x if isinstance(x, list) or x is None else [x] for x in answers)


def ends(domain) -> list[float]:
    return [domain.low, domain.high] if np.isfinite([domain.low, domain.high]).all() and not domain.integral else []


LOGITS = sorted(mpf(s) * 2 ** mpf(k) for s in (-1, 0, 1) for k in np.arange(-2, 10, 0.25))
PROBABILITIES = sorted(1 / (1 + exp(z)) for z in LOGITS if abs(z) < 100)


def dips(answer, along) -> bool:
    """Whether an answer comes down to 0 or towards it along ordinary numbers: it changes its sign, or grows to either side."""
    found = [answer(x) for x in along]
    changes = len({sign(x) for x in found}) > 1
    return changes or any(abs(a) > abs(b) < abs(c) for a, b, c in zip(found, found[1:], found[2:], strict=False))


def size_of_element(variant, y, p, place, dtype):
    """The size of an answer, or of what it is the small difference of: where terms cancel, their size shows in how the answer moves.

    A kernel rounds the probabilities of both classes, be they the truth's or the prediction's. So where an answer dips along one of
    them, the size is not less than what it moves by when that changes by as much as itself: a logit by 1, a probability by the
    smaller one of itself and 1 - itself.
    """
    loss, given = variant(), parameters(variant, dtype)
    with mp.workdps(oracle_mpmath.DIGITS):
        y, p = mpf(float(y)), mpf(float(p))
        exact = {name: oracle_mpmath._exact(x) for name, x in given.items()}

        def answer(y, p):
            return oracle_mpmath.ORACLES[variant.stem](y, p, **exact)[place]

        sizes = [abs(answer(y, p))]
        for x, domain, form in (
            (y, loss.y_true_domain, lambda x: answer(x, p)),
            (p, loss.y_pred_domain, lambda x: answer(y, x)),
        ):
            reach = min(x, 1 - x) if ends(domain) else 1
            if ends(loss.y_true_domain) and reach and dips(form, PROBABILITIES if ends(domain) else LOGITS):
                sizes.append(reach * abs(diff(form, x)))
        return max(sizes)


def own_size(variant, y, p, dtype) -> tuple:
    """The size that the oracle knows, if it knows the terms."""
    return ask(variant, y, p, dtype, oracle_mpmath.SIZES) if variant.stem in oracle_mpmath.SIZES else ()


def size_of_row(variant, y, p, dtype) -> list:
    """The sum of what each class alone would cost, if it were the only true one."""
    own = own_size(variant, y, p, dtype)
    if own or variant.labels:
        return list(own or ask(variant, y, p, dtype))
    want = ask(variant, y, p, dtype)
    # A denormal has lost digits before it is multiplied by the sum of the targets.
    least = mpf(float(np.finfo(dtype).tiny)) * max(1, float(np.abs(y).sum()))
    sizes = [[least] * len(x) if x else None for x in want]
    for k in np.flatnonzero(y):
        alone = ask(variant, np.where(np.arange(len(y)) == k, y, 0), p, dtype)
        sizes = [a and [x + abs(z) for x, z in zip(a, b, strict=True)] for a, b in zip(sizes, alone, strict=True)]
    if variant().y_true_domain.low == -np.inf:
        # Not a sum over classes but the difference of two unit vectors, which in float64 are rounded themselves.
        unit = max(map(abs, want[1])) if dtype is np.float32 else (2 + want[0][0]) / mpf(float(np.linalg.norm(p)))
        sizes = [sizes[0], [unit] * len(p), None]
    return sizes


def ulps(got, want, size, dtype) -> float:
    """The distance of a number from the truth in units in the last place of `size`."""
    largest = float(np.finfo(dtype).max)
    if not isfinite(want) or abs(want) > largest:
        return 0.0 if float(got) == np.sign(float(want)) * np.inf else inf
    unit = np.spacing(dtype(min(float(max(size, abs(want))), largest / 2)))
    with mp.workdps(60):
        return float(abs(mpf(float(got)) - want) / mpf(float(unit)))


def parts(answers: tuple) -> list[tuple]:
    """(value, gradient, Hessian) by each prediction, as lists of numbers."""
    value, grads, hess = answers
    count = len(grads)
    return [
        tuple(np.ravel(x) if x is not None else None for x in (value, grads[k], hess and hess[k])) for k in range(count)
    ]


def alone(sizes: tuple, want: tuple) -> tuple:
    """Rows are computed in double: what cancels there leaves a float32 its digits, but for entries far below the others.

    As long as there are 29 more: a double's own rounding shows in what is smaller than its terms by more.
    """
    return tuple(
        own
        if own is None
        else np.maximum(np.minimum(own, max(map(abs, truths))), np.array([mpf(x) for x in own]) * mpf(2) ** -29)
        for own, truths in zip(sizes, want, strict=True)
    )


def answers(variant, y, p, weight=None) -> tuple:
    loss = variant(reduction="none")
    value, grad = loss.value_and_grad(y, p, weight)
    return value, grad, loss.grad_and_hess(y, p, weight)[1] if variant.has_hess else None


Judge = Callable[[tuple], Iterator[Judged]]
"""What measures the answers of any kernel to one call."""


def compare(got: tuple, want: tuple, sizes: tuple, dtypes: tuple) -> Iterator[Judged]:
    for place, (found, truths, limits, dtype) in enumerate(zip(got, want, sizes, dtypes, strict=True)):
        if found is not None and truths is not None:
            for number, truth, size in zip(np.ravel(found), truths, limits, strict=True):
                yield Judged(place, number, truth, ulps(number, truth, abs(size), dtype))


def judge_elements(variant, y, p, dtype) -> Judge:
    """Where the rule of the gate is not kept by an answer's own size, that of what cancels in it counts."""
    pairs = list(zip(y, p, strict=True))
    wants = [ask(variant, *pair, dtype) for pair in pairs]
    sizes = [own_size(variant, *pair, dtype) for pair in pairs]

    def judge(got: tuple) -> Iterator[Judged]:
        for i, (pair, want, own) in enumerate(zip(pairs, wants, sizes, strict=True)):
            numbers = tuple(None if x is None else x[i] for x in got)
            for found in compare(numbers, want, own or want, (dtype,) * 3):
                if found.ulp > ALL_GATES[found.place][dtype] and not own:
                    size = size_of_element(variant, *pair, found.place, dtype)
                    found = found._replace(ulp=ulps(found.number, found.truth, size, dtype))
                yield found

    return judge


def judge_row(variant, y, p, dtype) -> Judge:
    want = ask(variant, y, p, dtype)
    sizes = want if variant.row_truth and not variant.labels else size_of_row(variant, y, p, dtype)
    return partial(compare, want=want, sizes=sizes, dtypes=(dtype,) * 3)


def judge_total(variant, y, p, dtype, weight=None) -> Judge:
    """A value is a float64 whatever the arrays hold; an entry of the gradient has the digits that the largest one leaves it."""
    want = ask(variant, y, p, dtype, sample_weight=weight)
    sizes = [[max(abs(x), max(map(abs, part)) * 2**-40) for x in part] for part in want[:2]]
    return partial(compare, want=want, sizes=(*sizes, None), dtypes=(np.float64, dtype, dtype))


def judge_several(variant, y, p, dtype) -> Judge:
    given = parameters(variant, dtype)
    batch = variant().family == "contrastive"
    want = parts(oracle_mpmath._evaluate(variant.stem, y, p, given))
    sizes = parts(oracle_mpmath._evaluate(variant.stem, y, p, given, oracle_mpmath.SIZES))
    if dtype is np.float32 and np.ndim(p[0]) and not batch:
        sizes = list(map(alone, sizes, want))

    def judge(got: tuple) -> Iterator[Judged]:
        for each in zip(parts(got), want, sizes, strict=True):
            yield from compare(*each, (dtype,) * 3)

    return judge


def judge_sorted(variant, y, p, dtype, weight=None) -> Judge:
    want, size = (
        ask(variant, y, p, dtype, by, sample_weight=weight) for by in (oracle_mpmath.ORACLES, oracle_mpmath.SIZES)
    )
    return partial(compare, want=want, sizes=size, dtypes=(np.float64, dtype, dtype))


def judge(variant, dtype, y, p, weight=None) -> Judge:
    """By the rule of the loss's family."""
    family = variant().family
    if family == "sorted":
        return judge_sorted(variant, y, p, dtype, weight)
    if family == "total":
        return judge_total(variant, y, p, dtype, weight)
    if family == "elementwise":
        return judge_elements(variant, y, p, dtype)
    if family == "contrastive" and not variant().predictions:
        want = ask(variant, y, p, dtype)
        return partial(compare, want=want, sizes=own_size(variant, y, p, dtype), dtypes=(dtype,) * 3)
    return (judge_several if variant().predictions else judge_row)(variant, y, p, dtype)
