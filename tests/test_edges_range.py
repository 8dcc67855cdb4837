"""Where a step on the way to an answer may leave the range, or lose its digits, and the answer does not: against the second oracle."""

from itertools import product
from math import inf, log, nan

import numpy as np
import pytest
from mpmath import mp
from oracle_ulps import ALL_GATES, answers, judge
from variants import Variant

import pyloss

# Numbers alone: other tests walk the memory.
pytestmark = pytest.mark.optimized
every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
POWERS = (0.375, 1.0, 2.0, 2.5, 7.0)
ASYMMETRIC = (
    {},
    {"clip": 0.0},
    {"clip": 0.0, "gamma_neg": 1.0, "gamma_pos": 0.0},
    {"gamma_neg": 0.375, "gamma_pos": 2.0},
)
LOGITS = [
    *(Variant("binary_focal", {"from_logits": True, "gamma": gamma}) for gamma in POWERS),
    *(Variant("asymmetric_bce", parameters) for parameters in ASYMMETRIC),
]
RESIDUALS = [
    *(Variant(stem, {"c": c}) for stem in ("cauchy", "student_t", "geman_mcclure") for c in (0.375, 100.0)),
    *(Variant("barron", {"alpha": a, "c": c}) for a in (0.0, 0.375, 1.0, 1.9375, -2.0, 3.0) for c in (0.375, 100.0)),
]


def assert_true(variant, dtype, y, p):
    y, p = np.array(y, dtype), np.array(p, dtype)
    with np.errstate(all="ignore"):
        for i, found in enumerate(judge(variant, dtype, y, p)(answers(variant, y, p))):
            assert found.ulp <= ALL_GATES[found.place][dtype], (y[i // 3], p[i // 3], str(found))


@every_precision
@pytest.mark.parametrize("gamma", POWERS)
def test_focal_of_tiny_probabilities(gamma, dtype):
    """Truth and prediction from the smallest denormal on: 1 / p^2 overflows, and a power of what was missed does the contrary."""
    info = np.finfo(dtype)
    least = float(info.tiny)
    tiny = [1e-3, least**0.25, least**0.5, least**0.75, 16 * least, least, least / 4, info.smallest_subnormal]
    y, p = zip(*product([0, 1, 0.5, *tiny], [0, 1, 0.5, *tiny]), strict=True)
    assert_true(Variant("binary_focal", {"gamma": gamma}), dtype, y, p)


@every_precision
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("t", [0.3, 0.0, -0.0, nan, inf, "least", "largest", -0.3])
@pytest.mark.parametrize("p", [0.3, 0.0, -0.0, nan, inf, "least", "largest", -0.3])
def test_an_unusual_number_in_a_sum(t, p, check, dtype):
    """Blocks of usual numbers are summed by a point of their own; with weights of 1 it is that of all numbers."""
    if check and -0.3 in (t, p):
        pytest.skip("is refused")
    info = np.finfo(dtype)
    named = {"least": info.smallest_subnormal, "largest": info.max}
    truth, pred = (np.linspace(low, 0.9, 3000, dtype=dtype).reshape(-1, 3) for low in (0.0, 0.2))
    truth[600, 1], pred[600, 1] = named.get(t, t), named.get(p, p)
    loss = pyloss.KLDivergence(reduction="sum", check=check)
    value, grad = loss.value_and_grad(truth, pred)
    expected, gradient = loss.value_and_grad(truth, pred, np.ones(len(truth)))
    np.testing.assert_array_equal([value, loss(truth, pred)], expected)
    np.testing.assert_array_equal(grad, gradient)
    _, place = loss.value_and_grad(truth, pred, out=pred)
    np.testing.assert_array_equal(place, gradient)


@every_precision
@pytest.mark.parametrize("variant", LOGITS, ids=str)
def test_products_of_a_denormal_exponential(variant, dtype):
    """exp(-|z|) has lost its digits where |z| exp(-|z|) has not."""
    end = -log(np.finfo(dtype).smallest_subnormal)
    sizes = np.linspace(0.7 * end, 1.1 * end, 15)
    y, p = zip(*product([0, 1, 0.5, 1e-3], [*sizes, *-sizes]), strict=True)
    assert_true(variant, dtype, y, p)


@every_precision
@pytest.mark.parametrize("variant", RESIDUALS, ids=str)
def test_residuals_up_to_the_largest(variant, dtype):
    """In units of c they are beyond the range, or their squares are."""
    most = float(np.finfo(dtype).max)
    r = [most, most**0.8, most**0.5, most**0.35, most**0.3, -most]
    assert_true(variant, dtype, np.zeros(len(r)), r)


@every_precision
def test_msle_of_the_largest(dtype):
    """The inverse of what is near the largest number is denormal."""
    most = float(np.finfo(dtype).max)
    numbers = [0, -0.75, 1e-3, 1, most**0.3, most**0.5, 0.9 * most, most]
    y, p = zip(*product(numbers, repeat=2), strict=True)
    assert_true(Variant("msle"), dtype, y, p)


@every_precision
def test_infinite_counts_and_amounts(dtype):
    """An infinite truth costs infinitely much at any finite prediction, and a nan is one beside an infinite prediction too."""
    y, z = np.full(5, inf, dtype), np.array([-200, -1, 0, 1, 80], dtype)
    amounts = answers(Variant("tweedie_nll", {"power": 0.0, "check": False}), y, z)
    counts = answers(Variant("negative_binomial_nll", {"check": False}), y, z)
    assert [set(x.tolist()) for x in amounts] == [{inf}, {-inf}, {-inf}]
    assert [set(x.tolist()) for x in counts] == [{inf}, {-inf}, {inf}]
    mean = pyloss.PoissonNLL(log_input=False, reduction="none", check=False)
    assert np.isnan(mean.grad(np.array([nan], dtype), np.array([inf], dtype)))


@every_precision
@pytest.mark.parametrize("gamma", POWERS)
def test_a_tiny_truth_of_a_certain_no(gamma, dtype):
    """The power may be 0, but an infinite loss stays infinite."""
    y, end = np.full(1, np.finfo(dtype).tiny / 4, dtype), np.array([-inf], dtype)
    value, grad, hess = answers(Variant("binary_focal", {"gamma": gamma}), y, np.zeros(1, dtype))
    assert (value, grad, hess) == (inf, -inf, inf)
    assert pyloss.BinaryFocal(gamma=gamma, from_logits=True)(y, end) == inf


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps, atol=0)


@every_precision
@pytest.mark.parametrize("rest", [1e-3, 1e-8])
def test_what_a_quantile_leaves_over_is_not_rounded_twice(rest, dtype):
    """1 - quantile, in the kernel's own precision, would be 0 or have a few digits."""
    loss, y, p = pyloss.Expectile(quantile=1 - rest, reduction="none"), np.zeros(1, dtype), np.ones(1, dtype)
    over = 1 - (1 - rest)
    for got, expected in zip((loss(y, p), *loss.grad_and_hess(y, p)), (over, 2 * over, 2 * over), strict=True):
        close(got, [expected], dtype)


@every_precision
@pytest.mark.parametrize("power", [1.5, 100.0, 2000.0, 1e6, 1e17, 1e300, inf])
@pytest.mark.parametrize("scale", [1.0, "tiny", "large"])
def test_norms_of_any_power(power, scale, dtype):
    """Of one coordinate each is its size, and the largest of two that differ far is the norm of a high power."""
    info = np.finfo(dtype)
    unit = {"tiny": 64 * float(info.tiny), "large": float(info.max) / 64}.get(scale, scale)
    anchor, positive, negative = (np.array([[x * unit]], dtype) for x in (3.0, 8.0, 3.5))
    value, grads = pyloss.Triplet(p=power, margin=0.0).value_and_grad(None, (anchor, positive, negative))
    close(value, 4.5 * unit, dtype)
    close(grads, [[[0.0]], [[1.0]], [[-1.0]]], dtype)
    if power > 99:
        wide = [np.hstack([part, part / 2]) for part in (anchor, positive, negative)]
        close(pyloss.Triplet(p=power, margin=0.0)(None, wide), 4.5 * unit, dtype)


@every_precision
@pytest.mark.parametrize("c", [1e-20, 0.5, 1.0, 100.0])
def test_barron_without_end_far_out(c, dtype):
    """Where r / c, or what is divided by c once more, leaves the range, the exponential has long vanished."""
    loss, r = pyloss.Barron(alpha=-inf, c=c, reduction="none"), np.array([inf, -inf, np.finfo(dtype).max, 1e4], dtype)
    value, grad = loss.value_and_grad(np.zeros(4, dtype), r)
    _, hess = loss.grad_and_hess(np.zeros(4, dtype), r)
    assert value.tolist() == [1.0] * 4
    assert not grad.any()
    assert not hess.any()


def test_a_second_derivative_of_far_logarithms():
    """exp(s) / p^2 where the square, or its inverse, leaves the range."""
    loss = pyloss.KLDivergence(log_true=True, reduction="sum")
    for dtype, s, p in ((np.float32, -192.3, 8.6557e-31), (np.float32, 150.0, 1e30), (np.float64, -1500.0, 1e-300)):
        s, p = dtype(s), dtype(p)
        expected = mp.exp(mp.mpf(float(s))) / mp.mpf(float(p)) ** 2
        close(loss.grad_and_hess([s], np.array([p]))[1], [float(expected)], dtype)


@every_precision
def test_js_of_the_tiniest(dtype):
    """Denormals lose no digits that count, and nothing is divided by a mixture that has become 0."""
    info = np.finfo(dtype)
    least, normal = float(info.smallest_subnormal), 4 * float(info.tiny)
    loss = pyloss.JSDivergence(reduction="sum")
    value, grad = loss.value_and_grad(np.array([[least, 1]], dtype), np.array([[0, 1]], dtype))
    assert (value, grad.tolist()) == (0.0, [[-inf, 0.0]])
    assert not loss.grad(np.array([[least, 1]], dtype), np.array([[least, 1]], dtype)).any()
    pair = np.array([[normal, 1]], dtype), np.array([[normal * 1.5, 1]], dtype)
    usual = np.array([[0.25]], dtype), np.array([[0.375]], dtype)
    close(loss.grad(*pair)[0, 0], loss.grad(*usual)[0, 0], dtype)


@every_precision
@pytest.mark.parametrize("c", [1.0, 1e5, 1e10])
def test_a_wave_of_residuals_that_are_denormal_in_its_unit(c, dtype):
    r = np.array([64, 1e6, 1e12], dtype) * np.finfo(dtype).tiny
    assert np.array_equal(pyloss.AndrewWave(c=c, reduction="sum").grad(np.zeros(3, dtype), r), r)


@pytest.mark.parametrize("kind", [pyloss.SparseCCE, pyloss.CCE])
def test_a_smoothed_sum_beyond_float32(kind):
    """A row's smoothed value is added up in double, where a block of it leaves float32's range too."""
    weighted = kind(class_weight=(2e37,) * 3, label_smoothing=0.1, reduction="sum")
    truth, p = np.zeros(3, int), np.array([[1e-30, 0.5, 0.5]] * 3)
    truth = truth if kind is pyloss.SparseCCE else np.eye(3)[truth]
    expected = weighted(truth, p)
    assert expected > float(np.finfo(np.float32).max)
    assert weighted(truth, p.astype(np.float32)) == pytest.approx(expected, rel=1e-6)


def test_a_weightless_nan_beside_sums_that_overflow_on_both_sides():
    y, z, weight = np.zeros(64), np.zeros(64), np.ones(64)
    y[[0, 1, 8, 9]] = 1e308
    z[[0, 8]], z[[1, 9]] = -1.2, 1.2
    weight[40] = 0
    loss = pyloss.PoissonNLL(reduction="sum")
    expected = loss(y, z, weight)
    z[40] = nan
    assert np.isfinite(expected)
    assert loss(y, z, weight) == expected


def test_a_row_overflows_no_earlier_than_the_sum():
    t, q = np.zeros((1, 64)), np.ones((1, 64))
    t[0, [0, 8]], q[0, [0, 8]] = 1.2e305, 1e-320
    t[0, 16:24], q[0, 16:24] = 5e307, 1.7e308
    expected = pyloss.KLDivergence(reduction="sum", check=False)(t, q)
    assert np.isfinite(expected)
    assert pyloss.KLDivergence(reduction="none", check=False)(t, q)[0] == pytest.approx(expected, rel=1e-14)
