"""What the losses of two classes promise beyond what every loss does: limits, kinship, kinks and tails."""

import platform
from ctypes import CDLL
from math import exp, inf, log, log1p

import numpy as np
import pytest

from pyloss import (
    BCE,
    AsymmetricBCE,
    BinaryFocal,
    Brier,
    Exponential,
    HingeEmbedding,
    Logistic,
    ModifiedHuber,
    Perceptron,
    SquaredHinge,
)

FLOATS = (np.float32, np.float64)
SIGNED = (Logistic(), SquaredHinge(), ModifiedHuber(), Perceptron(), Exponential(), HingeEmbedding())


def answers(loss, y, p) -> list:
    unreduced = type(loss)(**loss.parameters, reduction="none")
    value, grad = unreduced.value_and_grad(y, p)
    return [value, grad, unreduced.grad_and_hess(y, p)[1]]


def assert_same(got, expected):
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def assert_near(got, expected, eps: float = 1e-15, size: float = 0.0):
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=8 * eps, atol=8 * eps * size)


@pytest.fixture(params=[False, True], ids=("probabilities", "logits"))
def linked(request, rng):
    """Whether predictions are logits, truths that are certain or not, and predictions."""
    y = np.where(rng.random(500) < 0.5, rng.integers(0, 2, 500), rng.random(500))
    return request.param, y, rng.normal(size=500) * 5 if request.param else rng.random(500)


# BCE ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_weight_of_one_and_no_smoothing_change_no_bit(linked, dtype):
    from_logits, y, p = linked
    y, p = y.astype(dtype), p.astype(dtype)
    assert_same(
        answers(BCE(from_logits=from_logits, pos_weight=1.0, label_smoothing=0.0), y, p),
        answers(BCE(from_logits=from_logits), y, p),
    )


def test_pos_weight_weighs_what_is_true(linked):
    from_logits, y, p = linked
    hard = np.round(y)
    weighted = BCE(from_logits=from_logits, pos_weight=3.0)
    expected = [a * np.where(hard == 1, 3, 1) for a in answers(BCE(from_logits=from_logits), hard, p)]
    assert_near(answers(weighted, hard, p), expected)


def test_smoothing_is_another_truth(linked):
    from_logits, y, p = linked
    smoothed = answers(BCE(from_logits=from_logits, label_smoothing=0.25), y, p)
    expected = answers(BCE(from_logits=from_logits), y * 0.75 + 0.125, p)
    assert_near(smoothed, expected, size=1 if from_logits else 1 / min(p.min(), 1 - p.max()))


@pytest.mark.parametrize("dtype", FLOATS)
def test_weighted_tails(dtype):
    loss = BCE(from_logits=True, pos_weight=2.0)
    z = np.array([-1e4, -60, 60, 1e4, inf, -inf], dtype)
    value, grad, hess = answers(loss, np.ones(6, dtype), z)
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(value, [2e4, 120, 2 * exp(-60), 0, 0, inf], rtol=2 * eps)
    np.testing.assert_allclose(grad, [-2, -2, -2 * exp(-60), 0, 0, -2], rtol=2 * eps)
    np.testing.assert_allclose(hess, [0, 2 * exp(-60), 2 * exp(-60), 0, 0, 0], rtol=2 * eps)
    no = answers(BCE(from_logits=True, pos_weight=0.0), np.ones(6, dtype), z)
    assert all(not x.any() for x in no)


def test_a_smoothed_truth_is_never_certain():
    assert BCE(label_smoothing=0.5)([1.0], [1.0]) == inf
    assert BCE(label_smoothing=1.0, from_logits=True).grad([1.0], [0.0]) == 0


@pytest.mark.parametrize("parameter", [{"pos_weight": -1.0}, {"pos_weight": inf}, {"label_smoothing": 1.5}])
def test_what_bce_refuses(parameter):
    with pytest.raises(ValueError, match=f"^bce: {next(iter(parameter))} must be "):
        BCE(**parameter)


# Labels that are signs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", SIGNED, ids=lambda loss: loss.name)
def test_zero_stands_for_minus_one(loss, rng):
    z, yes = rng.normal(size=100) * 2, rng.random(100) < 0.5
    expected = answers(loss, np.where(yes, 1.0, -1.0), z)
    assert_same(answers(loss, yes, z), expected)
    for dtype in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64):
        assert_same(answers(loss, yes.astype(dtype), z), expected)
    with pytest.raises(ValueError, match=rf"^{loss.name}: y_true must be one of -1, 0, 1, got 0\.5 at index 0"):
        loss([0.5], [1.0])


def test_logistic_is_bce_of_logits(rng):
    z, yes = rng.normal(size=1000) * 20, rng.random(1000) < 0.5
    assert_near(answers(Logistic(), yes, z), answers(BCE(from_logits=True), yes, z))


@pytest.mark.parametrize("dtype", FLOATS)
def test_row20_logistic_tails(dtype):
    """exp(1e4) is infinite, and its quotient by itself is nan."""
    value, grad, hess = answers(Logistic(), np.ones(4, dtype), np.array([-1e4, 1e4, -inf, inf], dtype))
    assert value.tolist() == [1e4, 0, inf, 0]
    assert grad.tolist() == [-1, 0, -1, 0]
    assert not hess.any()


KINKS = [
    (SquaredHinge(margin=2.0), 2.0, (0, 0, 0)),
    (ModifiedHuber(), 1.0, (0, 0, 0)),
    (ModifiedHuber(), -1.0, (4, -4, 2)),
    (Perceptron(), 0.0, (0, 0, 0)),
    (HingeEmbedding(margin=2.0), 2.0, (2, 1, 0)),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("loss", "z", "expected"), KINKS)
def test_kinks(loss, z, expected, dtype):
    assert [x.item() for x in answers(loss, np.ones(1, dtype), np.array([z], dtype))] == list(expected)


def test_a_distance_at_the_margin():
    assert [x.item() for x in answers(HingeEmbedding(margin=2.0), [-1], [2.0])] == [0, 0, 0]
    assert [x.item() for x in answers(HingeEmbedding(margin=2.0), [-1], [-3.0])] == [5, -1, 0]
    assert [x.item() for x in answers(HingeEmbedding(margin=2.0), [1], [-3.0])] == [-3, 1, 0]


def test_modified_huber_overflows_only_when_its_value_does():
    big = np.array([-1e30, 1e30], np.float32)
    value, grad, hess = answers(ModifiedHuber(), np.ones(2), big)
    np.testing.assert_allclose(value, [4e30, 0], rtol=1e-7)
    assert (grad.tolist(), hess.tolist()) == ([-4, 0], [0, 0])


@pytest.mark.parametrize("loss", SIGNED, ids=lambda loss: loss.name)
def test_nan_is_no_sign(loss):
    for y, z in ((np.nan, 1.0), (1.0, np.nan), (-1.0, np.nan)):
        assert all(np.isnan(x).all() for x in answers(loss, [y], [z])[:2])


# Brier ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_brier_tails(dtype):
    """1 - sigmoid(40) would be 0."""
    z = np.array([40.0, -40, inf, -inf], dtype)
    value, grad, hess = answers(Brier(from_logits=True), np.array([1, 0, 1, 0], dtype), z)
    eps, small = float(np.finfo(dtype).eps), exp(-80)
    np.testing.assert_allclose(value, [small, small, 0, 0], rtol=2 * eps)
    np.testing.assert_allclose(grad, [-2 * small, 2 * small, 0, 0], rtol=2 * eps)
    np.testing.assert_allclose(hess, [4 * small, 4 * small, 0, 0], rtol=4 * eps)


# Focal ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_focal_loss_without_a_power_is_bce(linked, dtype):
    from_logits, y, p = linked
    y, p = y.astype(dtype), p.astype(dtype)
    assert_same(
        answers(BinaryFocal(gamma=0, from_logits=from_logits), y, p), answers(BCE(from_logits=from_logits), y, p)
    )


def test_whole_powers_and_others_meet(linked):
    """Multiplied and by logarithms."""
    from_logits, y, p = linked
    for gamma in (1, 2, 3, 4, 7):
        near = answers(BinaryFocal(gamma=np.nextafter(gamma, 9), from_logits=from_logits), y, p)
        size = 1 if from_logits else 1e3
        assert_near(answers(BinaryFocal(gamma=gamma, from_logits=from_logits), y, p), near, eps=1e-14, size=size)


def test_focal_probabilities_and_logits_agree(rng):
    z, y = rng.normal(size=500) * 3, rng.random(500)
    p = 1 / (1 + np.exp(-z))
    for gamma in (0.5, 1, 2, 3.5):
        of_p, of_z = answers(BinaryFocal(gamma=gamma), y, p), answers(BinaryFocal(gamma=gamma, from_logits=True), y, z)
        w = p * (1 - p)
        chained = [of_p[0], of_p[1] * w, of_p[2] * w**2 + of_p[1] * w * (1 - 2 * p)]
        assert_near(of_z, chained, eps=1e-12, size=1)


def test_focal_of_a_soft_truth_is_optax():
    """p_t mixes both classes: (1 - p_t)^gamma times the cross-entropy."""
    y, z = 0.25, 1.5
    p = 1 / (1 + exp(-z))
    missed = 1 - (p * y + (1 - p) * (1 - y))
    loss = log1p(exp(z)) - y * z
    assert BinaryFocal(from_logits=True)([y], [z]) == pytest.approx(missed**2 * loss, rel=1e-14, abs=0)
    assert BinaryFocal(from_logits=True, alpha=0.25)([y], [z]) == pytest.approx(
        (0.25 * y + 0.75 * (1 - y)) * missed**2 * loss, rel=1e-14, abs=0
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_focal_tails(dtype):
    z = np.array([20.0, -1e4, inf, -inf], dtype)
    value, grad, hess = answers(BinaryFocal(from_logits=True), np.ones(4, dtype), z)
    eps, q = float(np.finfo(dtype).eps), 1 / (1 + exp(20))
    np.testing.assert_allclose(value, [q**2 * log1p(exp(-20)), 1e4, 0, inf], rtol=2 * eps)
    np.testing.assert_allclose(grad, [-3 * q**3, -1, 0, -1], rtol=max(2 * eps, 1e-8))
    np.testing.assert_allclose(hess, [9 * q**3, 0, 0, 0], rtol=max(4 * eps, 1e-8))


@pytest.mark.parametrize("dtype", FLOATS)
def test_focal_of_far_logits_and_small_powers(dtype):
    """The power leaves the range of a float32, its product with the logit does not."""
    z = np.array([-1e30, 1e30, -1e38, -inf], dtype)
    value = BinaryFocal(from_logits=True, gamma=100, reduction="none")(np.array([0.25, 0.75, 0.25, 0.25], dtype), z)
    expected = 0.25**101 * np.abs(z.astype(np.float64))
    np.testing.assert_allclose(value, expected, rtol=2 * float(np.finfo(dtype).eps))


def test_focal_in_float32_is_rounded_once(rng):
    """Its balance too belongs to what is computed in doubles. Derivatives of labels between 0 and 1 are left out: they cancel."""
    loss = BinaryFocal(from_logits=True, gamma=1.5, alpha=float(np.float32(0.3)), reduction="none")
    z, soft = (4 * rng.normal(size=20_000)).astype(np.float32), rng.random(20_000).astype(np.float32)
    for y, count in ((soft, 1), (np.round(soft), 3)):
        exact = answers(loss, y.astype(float), z.astype(float))
        for result, expected in zip(answers(loss, y, z)[:count], exact[:count], strict=True):
            np.testing.assert_array_max_ulp(result, expected.astype(np.float32), maxulp=1)


@pytest.mark.parametrize(("gamma", "hess"), [(0.5, inf), (1, 2), (1.5, 0), (2, 0)])
def test_focal_of_certainty(gamma, hess):
    """What is certain and right, and what is certain and wrong."""
    for y in (0.0, 1.0):
        assert [x.item() for x in answers(BinaryFocal(gamma=gamma), [y], [y])] == [0, 0, hess]
        assert [x.item() for x in answers(BinaryFocal(gamma=gamma), [y], [1 - y])] == [inf, -inf if y else inf, inf]
        assert [x.item() for x in answers(BinaryFocal(gamma=gamma), [0.75], [y])][::2] == [inf, inf]


# Asymmetric -----------------------------------------------------------------------------------------------------------


def test_asymmetric_without_clip_and_with_equal_powers_is_focal(rng):
    z, y = rng.normal(size=500) * 5, rng.integers(0, 2, 500)
    for gamma in (0, 1, 2, 2.5):
        both = AsymmetricBCE(gamma_neg=gamma, gamma_pos=gamma, clip=0)
        assert_near(answers(both, y, z), answers(BinaryFocal(gamma=gamma, from_logits=True), y, z), size=1e-1)


def test_asymmetric_is_timm():
    """xs_neg = min(1 - sigmoid + clip, 1), and the weight (1 - pt)^gamma outside the logarithm."""
    for z in (-2.0, 0.5, 3.0):
        p = 1 / (1 + exp(-z))
        kept = min(1 - p + 0.05, 1)
        assert AsymmetricBCE()([0.0], [z]) == pytest.approx(-((1 - kept) ** 4) * log(kept), rel=1e-12, abs=0)
        assert AsymmetricBCE()([1.0], [z]) == pytest.approx(-(1 - p) * log(p), rel=1e-14, abs=0)


def test_an_easy_no_costs_nothing():
    """Below the clip, at the kink and at minus infinity."""
    for clip, z in ((0.5, 0.0), (0.05, -4.0), (0.05, -1e4), (0.05, -inf), (1.0, 50.0), (1.0, inf)):
        for gamma in (0.0, 0.5, 4.0):
            assert [x.item() for x in answers(AsymmetricBCE(clip=clip, gamma_neg=gamma), [0.0], [z])] == [0, 0, 0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_asymmetric_tails(dtype):
    loss = AsymmetricBCE(clip=0)
    value, grad, hess = answers(loss, np.zeros(3, dtype), np.array([1e4, inf, -inf], dtype))
    assert (value.tolist(), grad.tolist(), hess.tolist()) == ([1e4, inf, 0], [1, 1, 0], [0, 0, 0])
    value, grad, hess = answers(loss, np.ones(3, dtype), np.array([-1e4, -inf, inf], dtype))
    assert (value.tolist(), grad.tolist(), hess.tolist()) == ([1e4, inf, 0], [-1, -1, 0], [0, 0, 0])
    # A probability whose inverse overflows.
    for y, slope in ((1, -1), (0, 0)):
        _, grad, hess = answers(loss, np.array([y], dtype), np.array([-88.5 if dtype is np.float32 else -709.5], dtype))
        assert (grad.item(), abs(hess.item()) < 1e-35) == (slope, True)
    # With a clip, a certain wrong yes costs a finite number.
    assert AsymmetricBCE()(np.zeros(1, dtype), np.array([inf], dtype)) == pytest.approx(
        -(0.95**4) * log(0.05), rel=4 * float(np.finfo(dtype).eps), abs=0
    )


@pytest.mark.skipif(platform.system() != "Linux" or platform.machine() != "x86_64", reason="modes have other numbers")
@pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00])
@pytest.mark.parametrize("loss", SIGNED, ids=lambda loss: loss.name)
def test_the_label_0_stands_for_minus_1_however_is_rounded(loss, mode):
    z = np.linspace(-1, 3, 40)
    libm = CDLL("libm.so.6")
    before = libm.fegetround()
    libm.fesetround(mode)
    try:
        got, expected = (np.concatenate(answers(loss, np.full(40, label), z)) for label in (0.0, -1.0))
    finally:
        libm.fesetround(before)
    np.testing.assert_array_equal(got, expected)
