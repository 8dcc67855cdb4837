"""Where a step on the way to an answer may leave the range, or lose its digits, and the answer does not: against the second oracle."""

from itertools import product
from math import inf, log, nan

import numpy as np
import pytest
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
