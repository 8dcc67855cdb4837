"""The second oracle: values, gradients and Hessians against mpmath at 100 digits, in units in the last place.

A sum of terms of both signs cannot be better than its terms. So the unit is that of the `size`: the sum of the absolute
values of what the answer is made of. Where the truth is 0 or 1, that is the answer itself.
"""

import importlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import oracle_mpmath
import pytest
from mpmath import diff, exp, inf, isfinite, mp, mpf, sign
from variants import ELEMENTWISE, PAIRED, PER_CLASS, ROWWISE, TOTALS, VARIANTS, Variant, draw, labels, least

import pyloss

for family in sorted(Path(__file__).parent.glob("oracles_*.py")):
    importlib.import_module(family.stem)

# Half an hour of mpmath; the memory is walked alike by the tests against the textbook.
pytestmark = pytest.mark.optimized
DTYPES = (np.float32, np.float64)
GATES = {np.float32: 2, np.float64: 4}
# The Hessians divide by a rounded square.
HESS_GATES = {np.float32: 4, np.float64: 6}
ALL_GATES = (GATES, GATES, HESS_GATES)
POINTS = 150


def parameters(variant: Variant, dtype: type) -> dict:
    """Those that are in the kernel: rounded to its type. From logits there is no eps."""
    dtype = np.float64 if variant()._plan.double_only else dtype
    given = {
        name: dtype(x) if isinstance(x, float) else x for name, x in variant().parameters.items() if name != "axis"
    }
    if given.get("from_logits") and "eps" in given:
        given["eps"] = 0.0
    return given


def ask(variant: Variant, y, p, dtype: type = np.float64, oracles=oracle_mpmath.ORACLES) -> tuple:
    """Value, gradient and Hessian as lists of exact numbers."""
    answers = oracle_mpmath._evaluate(variant.stem, y, p, parameters(variant, dtype), oracles) or ()
    return tuple(x if isinstance(x, list) or x is None else [x] for x in answers)


def numbers(domain, shape, rng, dtype):
    """Of every magnitude, and close to the ends of the domain."""
    if domain.low == -np.inf:
        wide = rng.normal(size=shape) * 10.0 ** rng.integers(-4, 3, shape)
    else:
        wide = rng.random(shape) ** rng.choice([0.5, 1, 4, 30], shape)
        if domain.high == 1:
            wide = np.where(rng.random(shape) < 0.3, 1 - wide * 2.0**-12, wide)
    return np.maximum(wide.astype(dtype), np.finfo(dtype).tiny) if domain.low_open else wide.astype(dtype)


def hard_truth(domain, shape, rng):
    if domain.integral:
        return draw(domain, shape, rng)
    return np.maximum(rng.integers(0, 2, shape), least(domain))


def elements(variant, dtype, soft):
    rng = np.random.default_rng(5)
    loss = variant()
    p = numbers(loss.y_pred_domain, POINTS, rng, dtype)
    if loss.y_true_domain.integral or (loss.y_true_domain.low == 0 and not soft):
        return hard_truth(loss.y_true_domain, POINTS, rng).astype(dtype), p
    return numbers(loss.y_true_domain, POINTS, rng, dtype), p


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
    # A denormal has lost digits before it is multiplied by the sum of the targets.
    least = mpf(float(np.finfo(dtype).tiny)) * max(1, float(np.abs(y).sum()))
    sizes = [[least] * len(x) if x else None for x in ask(variant, y, p, dtype)]
    for k in np.flatnonzero(y):
        alone = ask(variant, np.where(np.arange(len(y)) == k, y, 0), p, dtype)
        sizes = [a and [x + abs(z) for x, z in zip(a, b, strict=True)] for a, b in zip(sizes, alone, strict=True)]
    return sizes


def ulps(got, want, size, dtype) -> float:
    """The distance of a number from the truth in units in the last place of `size`."""
    largest = float(np.finfo(dtype).max)
    if not isfinite(want) or abs(want) > largest:
        return 0.0 if float(got) == np.sign(float(want)) * np.inf else inf
    unit = np.spacing(dtype(min(float(max(size, abs(want))), largest / 2)))
    with mp.workdps(60):
        return float(abs(mpf(float(got)) - want) / mpf(float(unit)))


def assert_within(got: tuple, want: tuple, sizes: tuple, dtype, note, summed=False) -> None:
    """A sum of rounded terms rounds once more when it is stored."""
    for place, (gates, numbers_got, truths, limits) in enumerate(zip(ALL_GATES, got, want, sizes, strict=True)):
        if numbers_got is None or truths is None:
            continue
        for number, truth, size in zip(np.ravel(numbers_got), truths, limits, strict=True):
            distance = ulps(number, truth, abs(size), dtype)
            limit = gates[dtype] + 0.5 * (summed and place == 0)
            assert distance <= limit, miss(place, number, truth, distance, note)


def miss(place: int, number, truth, distance: float, note) -> str:
    return f"{('value', 'grad', 'hess')[place]} {number} is {distance:.2f} ULP from {mp.nstr(truth, 20)} at {note}"


def answers(variant, y, p) -> tuple:
    loss = variant(reduction="none")
    value, grad = loss.value_and_grad(y, p)
    return value, grad, loss.grad_and_hess(y, p)[1] if variant.has_hess else None


ONE_ORACLE = {
    "lovasz": "a sum over sorted errors without a tail: test_lovasz.py has its own exact sums",
    "nt_xent": "the products of a batch with itself are BLAS's, whose order of sums is not ours: test_contrastive.py bounds them",
    "info_nce": "as for nt_xent",
}


def test_every_loss_has_a_second_oracle():
    """Or a reason to have none."""
    assert set(pyloss.LOSSES) - set(oracle_mpmath.ORACLES) == set(ONE_ORACLE)
    assert set(oracle_mpmath.ORACLES) <= set(pyloss.LOSSES)


@pytest.mark.parametrize("soft", [False, True], ids=("hard", "soft"))
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_elements(variant, dtype, soft):
    y, p = elements(variant, dtype, soft)
    with np.errstate(over="ignore"):
        for truth, pred, *got in zip(y, p, *answers(variant, y, p), strict=True):
            wants = ask(variant, truth, pred, dtype)
            known = own_size(variant, truth, pred, dtype)
            for place, (gates, number, want) in enumerate(zip(ALL_GATES, got, wants, strict=True)):
                distance = ulps(number, want[0], abs((known or wants)[place][0]), dtype)
                if distance > gates[dtype] and not known:
                    distance = ulps(number, want[0], size_of_element(variant, truth, pred, place, dtype), dtype)
                assert distance <= gates[dtype], miss(place, number, want[0], distance, (truth, pred))


def row(variant, classes, rng, dtype, soft):
    loss = variant()
    p = numbers(loss.y_pred_domain, classes, rng, dtype)
    if loss.y_pred_domain.low == 0:
        p = np.maximum(p, np.finfo(dtype).tiny)
    if variant.labels:
        return labels(variant, (classes,), rng), p
    if loss.y_true_domain.low == -np.inf:
        return numbers(loss.y_true_domain, classes, rng, dtype), p
    return (
        rng.random(classes) * (rng.random(classes) < 0.7) if soft else np.eye(classes)[rng.integers(0, classes)]
    ).astype(dtype), p


@pytest.mark.parametrize("soft", [False, True], ids=("hard", "soft"))
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", [*ROWWISE, *(v for v in PER_CLASS if v().labels != "rows")], ids=str)
def test_rows(variant, dtype, soft):
    if variant.labels and soft:
        return
    rng = np.random.default_rng(6)
    for classes in (*range(1, 8), 3, 2, 4, 3, 2, 33) * 4:
        y, p = row(variant, variant.classes or classes, rng, dtype, soft)
        got, want = answers(variant, y, p), ask(variant, y, p, dtype)
        sizes = size_of_row(variant, y, p, dtype)
        if not variant.labels and variant().y_true_domain.low == -np.inf and not own_size(variant, y, p, dtype):
            # Not a sum over classes but the difference of two unit vectors, which in float64 are rounded themselves.
            unit = max(map(abs, want[1])) if dtype is np.float32 else (2 + want[0][0]) / mpf(float(np.linalg.norm(p)))
            sizes = [sizes[0], [unit] * classes, None]
        with np.errstate(over="ignore"):
            assert_within(got, want, sizes, dtype, (y, p), summed=soft)


def several(variant, shape, rng, dtype) -> tuple:
    """Truth and predictions of a loss of several: a label where one is asked for, and every second time close to one another."""
    loss = variant()
    preds = [numbers(domain, shape, rng, dtype) for domain in loss.predictions.values()]
    if shape and rng.random() < 0.5:
        preds[1:] = [preds[0] + dtype(2.0**-8) * pred for pred in preds[1:]]
    if loss.labels == "none":
        return None, tuple(preds)
    rows = () if loss.labels == "rows" else shape
    if loss.y_true_domain.integral:
        return draw(loss.y_true_domain, rows, rng), tuple(preds)
    return numbers(loss.y_true_domain, rows, rng, dtype), tuple(preds)


def parts(answers: tuple) -> list[tuple]:
    """(value, gradient, Hessian) by each prediction, as lists of numbers."""
    value, grads, hess = answers
    count = len(grads)
    return [
        tuple(np.ravel(x) if x is not None else None for x in (value, grads[k], hess and hess[k])) for k in range(count)
    ]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", PAIRED, ids=str)
def test_several_predictions(variant, dtype):
    rng = np.random.default_rng(13)
    shapes = [(n,) for n in (*range(1, 8), 33)] * 4 if hasattr(variant(), "axis") else [()] * 4 * POINTS
    given = parameters(variant, dtype)
    for shape in shapes:
        y, p = several(variant, shape, rng, dtype)
        with np.errstate(over="ignore"):
            got = parts(answers(variant, y, p))
            want = parts(oracle_mpmath._evaluate(variant.stem, y, p, given))
            sizes = parts(oracle_mpmath._evaluate(variant.stem, y, p, given, oracle_mpmath.SIZES))
            for each in zip(
                got, want, map(alone, sizes, want) if dtype is np.float32 and shape else sizes, strict=True
            ):
                assert_within(*each, dtype, (y, p))


def alone(sizes: tuple, want: tuple) -> tuple:
    """Rows are computed in double: what cancels there leaves a float32 its digits, but for entries far below the others."""
    return tuple(
        own if own is None else np.minimum(own, max(map(abs, truths))) for own, truths in zip(sizes, want, strict=True)
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", [v for v in PER_CLASS if v().labels == "rows"], ids=str)
def test_rows_of_one_truth(variant, dtype):
    """Each class of a row has a number of its own; the truth is one for all."""
    rng = np.random.default_rng(14)
    for _ in range(POINTS):
        y, p = (
            numbers(variant().y_true_domain, (), rng, dtype),
            numbers(variant().y_pred_domain, variant.classes, rng, dtype),
        )
        want = ask(variant, y, p, dtype)
        assert_within(answers(variant, y, p), want, want, dtype, (y, p))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", TOTALS, ids=str)
def test_totals(variant, dtype, weighted):
    """A value is a float64 whatever the arrays hold; good predictions and bad ones."""
    rng = np.random.default_rng(11)
    loss = variant()
    for n in (1, 2, 3, 10, 33) * 3:
        y = numbers(loss.y_true_domain, n, rng, dtype)
        for p in (numbers(loss.y_pred_domain, n, rng, dtype), np.nextafter(y, dtype(0.5)), (y * 0.999).astype(dtype)):
            weight = rng.integers(0, 4, n) + (np.arange(n) == 0) if weighted else None
            value, grad = loss.value_and_grad(y, p, weight)
            given = {**parameters(variant, float), "sample_weight": weight}
            want, want_grad, _ = oracle_mpmath._evaluate(variant.stem, y, p, given)
            assert abs(value - want) <= abs(want) * 1e-14, (y, p, weight)
            sizes = [max(abs(x), max(map(abs, want_grad)) * 2**-40) for x in want_grad]
            assert_within((None, grad, None), (None, want_grad, None), (None, sizes, None), dtype, (y, p, weight))


def entry(answer, k):
    return answer[k] if isinstance(answer, list) else answer


def slope(variant, y, p, k, place):
    """The difference quotient of an answer (0 the value, 1 the gradient) in the k-th prediction."""

    def answer(x):
        moved = [*p[:k], x, *p[k + 1 :]]
        form = moved[0] if variant().family == "elementwise" else moved
        given = parameters(variant, float)
        return entry(oracle_mpmath.ORACLES[variant.stem](oracle_mpmath._exact(y), form, **given)[place], k)

    return diff(answer, p[k])


def anywhere(variant, rng):
    """A truth and predictions, as floats."""
    loss = variant()
    if variant().family == "elementwise":
        truth = hard_truth if loss.y_true_domain.integral else lambda *given: numbers(*given, float)
        return float(truth(loss.y_true_domain, 1, rng)[0]), numbers(loss.y_pred_domain, 1, rng, float)
    if variant.labels:
        return row(variant, 4, rng, float, True)
    return numbers(loss.y_true_domain, 4, rng, float), numbers(loss.y_pred_domain, 4, rng, float)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_derivatives_are_those_of_the_value(variant):
    """Differences at 250 digits, which leave 40 right ones even of large values: the gradient of the value, the Hessian of the gradient."""
    rng = np.random.default_rng(8)
    for _ in range(10):
        y, p = anywhere(variant, rng)
        _, *derivatives = ask(variant, y, p if variant().family != "elementwise" else p[0])
        with mp.workdps(250):
            exact = [mpf(float(x)) for x in p]
            for place, derivative in enumerate(derivatives):
                for k in range(len(exact) if derivative else 0):
                    distance = abs(slope(variant, y, exact, k, place) - derivative[k])
                    assert distance <= mpf(10) ** -35 * (abs(derivative[k]) + 1), (place, y, p, k)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_two_oracles_agree(variant):
    rng = np.random.default_rng(9)
    loss = variant(reduction="none")
    for _ in range(15):
        classes = variant.classes or 5
        shape = () if loss.family == "elementwise" else (classes,)
        p = np.abs(draw(loss.y_pred_domain, shape, rng)) * 0.9375 + 1 / 64
        y = labels(variant, (classes,), rng) if variant.labels else draw(loss.y_true_domain, shape, rng)
        if loss.y_pred_domain.low == -np.inf:
            p = p * rng.choice([-1, 1], shape)
        expected = ask(variant, y, p)
        for got, want in zip(pyloss.reference.evaluate(loss, y, p), expected, strict=True):
            if want is not None:
                np.testing.assert_allclose(np.ravel(got), np.array(want, float), rtol=1e-12, atol=1e-13)


def test_the_complex_step():
    """A third way to the gradient, where a formula is analytic: the imaginary part after a step of i 1e-30, without cancellation."""
    step, z, y = 1e-30, np.linspace(-20, 20, 81), 0.25
    softplus = np.log(1 + np.exp(z + 1j * step)) - y * (z + 1j * step)
    np.testing.assert_allclose(
        pyloss.reference.bce(y, z, from_logits=True).grad, softplus.imag / step, rtol=1e-12, atol=1e-15
    )
    p = np.linspace(0.01, 0.99, 50)
    for reference, formula in (
        (pyloss.reference.mse(y, p), lambda x: (x - y) ** 2),
        (pyloss.reference.sse(y, p), lambda x: (x - y) ** 2 / 2),
        (pyloss.reference.bce(y, p), lambda x: -y * np.log(x) - (1 - y) * np.log(1 - x)),
        (pyloss.reference.kl_divergence(np.full((50, 1), y), p[:, None]), lambda x: y * np.log(y / x)),
        (pyloss.reference.cce(np.full((50, 1), y), p[:, None]), lambda x: -y * np.log(x)),
    ):
        np.testing.assert_allclose(reference.grad.ravel(), formula(p + 1j * step).imag / step, rtol=1e-12, atol=1e-15)


def test_derivatives_are_continuous_across_magnitudes():
    """No seam where one form of a formula gives way to another."""
    z = np.linspace(-40, 40, 20001)
    for y in (0.0, 1.0):
        values, grads = pyloss.BCE(from_logits=True, reduction="none").value_and_grad(np.full_like(z, y), z)
        assert all(a <= b for a, b in pairwise(grads))
        assert all((a >= b) if y else (a <= b) for a, b in pairwise(values))
