"""The second oracle: values, gradients and Hessians against mpmath at 100 digits, in units in the last place: see oracle_ulps.py.

test_accuracy.py goes over tails and borders too, and keeps the record.
"""

from itertools import pairwise

import numpy as np
import oracle_mpmath
import pytest
from mpmath import diff, mp, mpf
from oracle_points import POINTS, elements, hard_truth, numbers, row, several
from oracle_ulps import ALL_GATES, answers, ask, judge, parameters
from variants import ELEMENTWISE, PAIRED, PER_CLASS, ROWWISE, TOTALS, VARIANTS, draw, labels

import pyloss

# Half an hour of mpmath; the memory is walked alike by the tests against the textbook.
pytestmark = pytest.mark.optimized
DTYPES = (np.float32, np.float64)


def assert_within(variant, dtype, *call, summed=False) -> None:
    """A sum of rounded terms rounds once more when it is stored."""
    with np.errstate(over="ignore"):
        for found in judge(variant, dtype, *call)(answers(variant, *call)):
            assert found.ulp <= ALL_GATES[found.place][dtype] + 0.5 * (summed and found.place == 0), (str(found), call)


def test_every_loss_has_a_second_oracle():
    assert set(oracle_mpmath.ORACLES) == set(pyloss.LOSSES)


@pytest.mark.parametrize("soft", [False, True], ids=("hard", "soft"))
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_elements(variant, dtype, soft):
    assert_within(variant, dtype, *elements(variant, dtype, soft, np.random.default_rng(5), POINTS))


@pytest.mark.parametrize("soft", [False, True], ids=("hard", "soft"))
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", [*ROWWISE, *(v for v in PER_CLASS if v().labels != "rows")], ids=str)
def test_rows(variant, dtype, soft):
    if variant.labels and soft:
        return
    rng = np.random.default_rng(6)
    for classes in (*range(1, 8), 3, 2, 4, 3, 2, 33) * 4:
        assert_within(variant, dtype, *row(variant, variant.classes or classes, rng, dtype, soft), summed=soft)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", PAIRED, ids=str)
def test_several_predictions(variant, dtype):
    rng = np.random.default_rng(13)
    shapes = [(n,) for n in (*range(1, 8), 33)] * 4 if hasattr(variant(), "axis") else [()] * 4 * POINTS
    for shape in shapes:
        assert_within(variant, dtype, *several(variant, shape, rng, dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", [v for v in PER_CLASS if v().labels == "rows"], ids=str)
def test_rows_of_one_truth(variant, dtype):
    """Each class of a row has a number of its own; the truth is one for all."""
    rng = np.random.default_rng(14)
    for _ in range(POINTS):
        assert_within(variant, dtype, *row(variant, variant.classes, rng, dtype, True))


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
            value, *derivatives = judge(variant, dtype, y, p, weight)(answers(variant, y, p, weight))
            assert abs(value.number - value.truth) <= abs(value.truth) * 1e-14, (y, p, weight)
            assert max(found.ulp for found in derivatives) <= ALL_GATES[1][dtype], (y, p, weight)


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
