"""The worst error of every loss in all its forms: value, gradient and Hessian, over random points, tails and borders.

A call is one evaluation of a form, known by its number, so that what was worst can be asked again.
"""

import pickle
import subprocess
import sys
from collections.abc import Collection, Iterator
from os import environ
from typing import Any, NamedTuple

import numpy as np
from oracle_mpmath import DIGITS, ORACLES, more_digits
from oracle_points import elements, kinks, mixed, numbers, row, several
from oracle_ulps import ALL_GATES, PLACES, answers, judge
from variants import EVERY, Variant

from pyloss import LOSSES

DTYPES = (np.float32, np.float64)
FORMS = {str(variant): variant for variant in EVERY if variant.stem in ORACLES}
CALLS = 24
ELEMENTS = 8
"""In a call of an elementwise loss."""
CLASSES = (1, 2, 3, 5, 2, 3, 4, 7, 2, 17)
CONFIRMED = 6
"""Of so many calls one is confirmed in twice the digits."""


class Worst(NamedTuple):
    """The largest error seen in a form, and the number of the call."""

    ulp: float
    form: str
    call: int


Figures = dict[str, Worst]
"""By place: value, grad, hess."""


def call(variant: Variant, dtype: type, number: int) -> tuple[Any, ...]:
    """Truth, prediction and, of some, weights: ordinary numbers first, then hard ones among them, in turn."""
    rng = np.random.default_rng((17, number))
    family, hard, soft = variant().family, number % 2, number // 2 % 2
    if family in ("sorted", "contrastive"):
        return (of_sorted if family == "sorted" else of_batch)(variant, dtype, rng, number)
    if family == "total":
        return of_total(variant, dtype, rng, number)
    if variant().predictions:
        return of_several(variant, dtype, rng, number)
    if family == "elementwise":
        return of_elements(variant, dtype, rng, bool(hard), bool(soft))
    classes = variant.classes or CLASSES[number // 2 % len(CLASSES)]
    y, p = row(variant, classes, rng, dtype, bool(soft))
    if hard:
        # As `row`: a probability of 0 has an infinite slope.
        least = np.finfo(dtype).tiny if variant().y_pred_domain.low == 0 else -np.inf
        p = np.maximum(mixed(variant, variant().y_pred_domain, p.shape, rng, dtype), dtype(least))
    return y, p


def of_elements(variant: Variant, dtype: type, rng: np.random.Generator, hard: bool, soft: bool) -> tuple[Any, ...]:
    loss = variant()
    y, p = elements(variant, dtype, soft, rng, ELEMENTS)
    if hard:
        y, p = (mixed(variant, domain, ELEMENTS, rng, dtype) for domain in (loss.y_true_domain, loss.y_pred_domain))
        if loss.y_true_domain.low == loss.y_pred_domain.low == -np.inf:
            y, p = near_kinks(y, p, np.array(kinks(variant), dtype), rng)
    return y, p


def near_kinks(y: Any, p: Any, places: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Move some residuals to a kink or beside it; none falls on it by rounding alone, for the Hessian jumps there."""
    near = y + rng.choice([-1, 1], len(y)).astype(y.dtype) * rng.choice(places, len(y))
    p = np.where(rng.random(len(y)) < 0.3, np.nextafter(near, rng.choice(p, len(y))), p)
    rounded = p - y
    inexact = (p.astype(np.longdouble) - y != rounded) & np.isin(np.abs(rounded), np.abs(places))
    return np.where(inexact, y.dtype.type(0), y), p


def of_several(variant: Variant, dtype: type, rng: np.random.Generator, number: int) -> tuple[Any, ...]:
    shape = (CLASSES[number // 2 % len(CLASSES)],) if hasattr(variant(), "axis") else ()
    y, p = several(variant, shape, rng, dtype)
    if not number % 2:
        return y, p
    domains = list(variant().predictions.values())
    if shape:
        # Two rows of 1e30 leave no digit that says which is nearer.
        chosen = rng.integers(1, len(p))
        return y, tuple(
            mixed(variant, domain, shape, rng, dtype) if k == chosen else x
            for k, (x, domain) in enumerate(zip(p, domains, strict=True))
        )
    return y, tuple(mixed(variant, domain, shape, rng, dtype) for domain in domains)


def of_total(variant: Variant, dtype: type, rng: np.random.Generator, number: int) -> tuple[Any, ...]:
    """Good predictions and bad ones, weighted and not."""
    loss, n = variant(), (1, 2, 3, 10, 33)[number % 5]
    y = numbers(loss.y_true_domain, n, rng, dtype)
    preds = numbers(loss.y_pred_domain, n, rng, dtype), np.nextafter(y, dtype(0.5)), (y * dtype(0.999)).astype(dtype)
    weight = rng.integers(0, 4, n) + (np.arange(n) == 0)
    return y, preds[number // 2 % 3], weight if number % 2 else None


def of_sorted(variant: Variant, dtype: type, rng: np.random.Generator, number: int) -> tuple[Any, ...]:
    """Errors that differ: the gradient depends on the order of equal ones."""
    n, kind = (1, 2, 5, 20)[number % 4], variant().kind
    weight = rng.integers(1, 4, n) if number % 2 else None
    if kind == "hinge":
        return rng.integers(0, 2, n), rng.normal(size=n).astype(dtype), weight
    p = rng.normal(size=(n, 3)) if kind == "softmax" else rng.random((n, 3))
    return rng.integers(0, 3, n), p.astype(dtype), weight


def of_batch(variant: Variant, dtype: type, rng: np.random.Generator, number: int) -> tuple[Any, ...]:
    shape = (2 + number % 5, (2, 3, 8)[number % 3])
    arrays = tuple(rng.normal(size=shape).astype(dtype) for _ in range(2))
    return (None, arrays) if variant().predictions else (rng.integers(0, 3, len(arrays[0])), arrays[0])


def evaluated(variant: Variant, dtype: type, numbers: range) -> list[tuple[Any, ...]]:
    with np.errstate(all="ignore"):
        return [answers(variant, *call(variant, dtype, number)) for number in numbers]


def answers_of(level: str, stems: Collection[str]) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    """All answers of all forms at an ISA level, which is chosen at import: by a process of its own."""
    program = "from accuracy.losses import send_answers; send_answers()"
    done = subprocess.run(
        [sys.executable, "-c", program, *stems],
        env={**environ, "PYLOSS_ISA": level},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(pickle.loads(done.stdout))


def send_answers() -> None:
    found = {
        (form, np.dtype(dtype).name): evaluated(variant, dtype, range(CALLS))
        for form, variant in FORMS.items()
        for dtype in DTYPES
        if variant.stem in sys.argv
    }
    pickle.dump(found, sys.stdout.buffer)


def measured(form: str, dtype: type, number: int, got: dict[str, tuple[Any, ...]]) -> dict[str, Figures]:
    """By level, the worst of the places of one call."""
    given = call(FORMS[form], dtype, number)
    found: dict[str, Figures] = {}
    with np.errstate(all="ignore"):
        judged = judge(FORMS[form], dtype, *given)
        for level, answer in got.items():
            figures = found.setdefault(level, {})
            for one in judged(answer):
                figures[PLACES[one.place]] = max(
                    figures.get(PLACES[one.place], Worst(0.0, form, number)), Worst(one.ulp, form, number)
                )
    return found


def unconfirmed(form: str, dtype: type, number: int, got: tuple[Any, ...]) -> list[str]:
    """What would be another figure with truths of twice the digits."""
    given = call(FORMS[form], dtype, number)
    with np.errstate(all="ignore"):
        found = list(judge(FORMS[form], dtype, *given)(got))
        with more_digits(2 * DIGITS):
            again = list(judge(FORMS[form], dtype, *given)(got))
    pairs = zip(found, again, strict=True)
    different = [(one, other) for one, other in pairs if not (one.ulp == other.ulp or abs(one.ulp - other.ulp) < 1e-6)]
    return [f"{form} {np.dtype(dtype)} call {number}: {one}, in twice the digits {other}" for one, other in different]


def worst(a: Figures, b: Figures) -> Figures:
    """The worse of each place."""
    return {place: max(a.get(place, b.get(place)), b.get(place, a.get(place)), key=lambda x: x.ulp) for place in a | b}


Task = tuple[str, type, dict[str, list[tuple[Any, ...]]]]
"""A form, a precision, and what each ISA level answered to all calls."""


class Found(NamedTuple):
    """The worst of one form at each level, and what is wrong with the truths."""

    stem: str
    precision: str
    figures: dict[str, Figures]
    complaints: list[str]


def of_form(task: Task) -> Found:
    form, dtype, got = task
    found, complaints = dict[str, Figures].fromkeys(got, {}), []
    for number in range(CALLS):
        each = {level: numbers[number] for level, numbers in got.items()}
        if number % CONFIRMED == 0:
            complaints += unconfirmed(form, dtype, number, next(iter(each.values())))
        for level, figures in measured(form, dtype, number, each).items():
            found[level] = worst(found[level], figures)
    return Found(FORMS[form].stem, np.dtype(dtype).name, found, complaints)


def count_of_tasks(stems: Collection[str]) -> int:
    return len(DTYPES) * sum(variant.stem in stems for variant in FORMS.values())


def tasks(stems: Collection[str], levels: tuple[str, ...]) -> Iterator[Task]:
    got = {level: answers_of(level, stems) for level in levels}
    for form, variant in FORMS.items():
        for dtype in DTYPES if variant.stem in stems else ():
            yield form, dtype, {level: found[form, np.dtype(dtype).name] for level, found in got.items()}


def gate(stem: str, place: str, precision: str) -> float:
    """A value of a whole case is a reduced value, with a gate of 1e-14."""
    if place == "value" and LOSSES[stem].family in ("total", "sorted"):
        return 1e-14 / float(np.finfo(float).eps)
    return float(ALL_GATES[PLACES.index(place)][np.dtype(precision).type])
