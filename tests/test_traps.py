"""Bugs that users reported in other libraries, by their numbers in the list of traps; those that are a row of the contract are there."""

import mmap
from math import log

import numpy as np
import pytest
from comparing import answers, methods
from variants import ELEMENTWISE, REDUCTIONS, ROWWISE, VARIANTS, data, weights

from pyloss import (
    BCE,
    CCE,
    MAE,
    MSE,
    RMSE,
    CosineDistance,
    GaussianNLL,
    Huber,
    KLDivergence,
    LogCosh,
    Logistic,
    SparseCCE,
    Triplet,
)

every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
LOGITS = BCE(from_logits=True)
SOFTMAX = SparseCCE(from_logits=True)


@pytest.mark.parametrize("variant", [*ELEMENTWISE, *ROWWISE], ids=str)
def test_trap_2_reductions_agree(variant):
    """ "none" is neither summed nor broadcast, and the others are its sum over their divisors."""
    y, p = data(variant, (30, 4))
    values = variant(reduction="none")(y, p)
    assert values.shape == variant.values_shape(p.shape)
    total = variant(reduction="sum")(y, p)
    assert total == pytest.approx(values.sum(), rel=1e-13, abs=1e-13)
    ignored = variant.parameters.get("ignore_index")
    count = values.size if ignored is None or not variant.labels else np.count_nonzero(y != ignored)
    assert variant(reduction="mean")(y, p) == pytest.approx(total / count, rel=1e-15, abs=0)
    assert variant(reduction="batchmean")(y, p) == pytest.approx(total / 30, rel=1e-15, abs=0)


@pytest.mark.parametrize("variant", [*ELEMENTWISE, *ROWWISE], ids=str)
def test_trap_5_unreduced_values_of_what_is_ignored_are_zero(variant):
    """Not what the memory held before."""
    y, p = data(variant, (70, 4))
    w = weights((70,))
    loss = variant(reduction="none")
    out = np.full(variant.values_shape(p.shape), 7.0)
    loss(y, p, w, out=out)
    assert not out[w == 0].any()


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("variant", [v for v in VARIANTS if v.labels], ids=str)
def test_trap_13_checks_for_every_reduction_and_method(variant, reduction):
    y, p = data(variant, (30, 4))
    y[29] = 4
    loss = variant(reduction=reduction)
    for ask in methods(loss):
        with pytest.raises(IndexError):
            getattr(loss, ask)(y, p)


@pytest.mark.parametrize("z", [-120.0, -1000.0, 1e38])
def test_trap_18_and_33_methods_agree_in_the_tails(z):
    for loss, y, p in ((LOGITS, [1.0], [z]), (SOFTMAX, [0], [[z, 0.0]])):
        given = answers(loss, np.array(y, int), np.array(p))
        assert given["value"] == given["value_and_grad value"]
        assert np.array_equal(given["grad"], given["value_and_grad grad"])
        assert np.array_equal(given["grad"], given["grad_and_hess grad"])
        assert np.isfinite(given["grad_and_hess hess"]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trap_19_logits_at_zero(dtype):
    value, grad = BCE(from_logits=True, reduction="none").value_and_grad(
        np.array([0, 1, 0.25], dtype), np.zeros(3, dtype)
    )
    np.testing.assert_allclose(value, log(2), rtol=np.finfo(dtype).eps)
    assert grad.tolist() == [0.5, -0.5, 0.25]


def test_trap_20_and_47_probabilities_and_logits_agree(rng):
    z, y = rng.normal(size=(500, 3)) * 3, rng.random((500, 3))
    p = 1 / (1 + np.exp(-z))
    assert BCE()(y, p) == pytest.approx(LOGITS(y, z), rel=1e-13, abs=0)
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert CCE()(y, softmax) == pytest.approx(CCE(from_logits=True)(y, z), rel=1e-13, abs=0)


def test_trap_21_logits_of_1e8():
    assert SOFTMAX([0, 0], [[1e8, 1e8], [-1e8, -1e8]]) == pytest.approx(log(2), rel=1e-15, abs=0)
    assert SOFTMAX([0], [[1e8, 1e8 + 1]]) == pytest.approx(1 + np.log1p(np.exp(-1)), rel=1e-15, abs=0)


def test_trap_22_and_60_kl_gradient_at_target_zero():
    for p in (0.0, 1e-300, 0.5):
        assert KLDivergence().grad([[0.0, 1]], [[p, 1]]).tolist() == [[0, -1]]


def test_trap_23_and_57_a_kl_may_be_negative():
    """Where its arguments are no distributions: no clipping."""
    assert KLDivergence()([[0.25]], [[0.5]]) == pytest.approx(-0.25 * log(2), rel=1e-15, abs=0)


@pytest.mark.parametrize("scale", [5e37, 1e19, 1, 1e-20, 1e-38, 1e-44])
def test_trap_25_cosine_of_any_length(scale):
    v = np.array([[1, 2, 2], [3, 0, 4]], np.float32) * np.float32(scale)
    assert CosineDistance()(v, v) == 0
    assert CosineDistance()(v, v[:, ::-1].copy()) == CosineDistance()(v[:, ::-1], v)
    assert CosineDistance()(v, -v) == 2


def test_trap_25_small_vectors_keep_their_angle():
    tiny, large = np.array([[3e-30, 4e-30]]), np.array([[4e30, 3e30]])
    assert CosineDistance()(tiny, large) == pytest.approx(1 - 24 / 25, rel=1e-14, abs=0)


@pytest.mark.parametrize("delta", [0.5, 1, 2])
def test_trap_65_huber_is_symmetric(delta):
    r = np.arange(-50, 51) / 10
    values, grads = Huber(delta=delta, reduction="none").value_and_grad(np.zeros(101), r)
    np.testing.assert_array_equal(values, values[::-1])
    np.testing.assert_array_equal(grads, -grads[::-1])


def test_trap_32_multi_label_gradients_in_the_tail():
    """Sigmoid and logarithm one after the other give 0 here."""
    grad = BCE(from_logits=True, reduction="batchmean").grad(np.ones((1, 10)), np.full((1, 10), -1000.0))
    assert (grad == -1).all()


@pytest.mark.parametrize("p", [1 - 1e-15, 1.0, np.float32(1 - 1e-9)])
def test_trap_35_36_and_46_probabilities_next_to_one(p):
    assert np.isfinite(BCE()(np.ones(1, np.float32), np.array([p], np.float32)))
    assert BCE().grad([1.0], [float(p)]) == pytest.approx(-1)
    assert BCE()(np.ones(1, int), np.ones(1, int)) == 0


def test_trap_38_the_mean_is_over_rows():
    y, p = np.zeros(50, int), np.full((50, 4), 0.25)
    assert SparseCCE()(y, p) == pytest.approx(log(4), rel=1e-15, abs=0)


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_trap_39_and_43_unaligned_memory_maps(variant, tmp_path):
    y, p = data(variant, (2000,))
    with (tmp_path / "numbers").open("w+b") as file:
        file.write(b"odd" + y.tobytes() + p.tobytes())
        file.flush()
        with mmap.mmap(file.fileno(), 0) as memory:
            truth = np.frombuffer(memory, float, 2000, 3)
            pred = np.frombuffer(memory, float, 2000, 3 + y.nbytes)
            assert not pred.flags.aligned
            assert variant()(truth, pred) == variant()(y, p)
            del truth, pred
        assert variant()(np.memmap(file, float, "r", 3, 2000), p) == variant()(y, p)


def test_trap_45_eps_is_added_once():
    assert BCE(eps=1e-7)([1.0], [0.0]) == pytest.approx(-log(1e-7), rel=1e-15, abs=0)
    assert CCE(eps=1e-7)([[0.0, 1]], [[1, 0.0]]) == pytest.approx(-log(1e-7), rel=1e-15, abs=0)
    assert BCE(eps=1e-7).grad([1.0], [0.0]) == pytest.approx(-1e7, rel=1e-15, abs=0)


@every_variant
def test_trap_49_to_51_masks_and_weights(variant):
    """Huge numbers under a mask are not 0 times inf, and the scale of the weights does not matter to a mean."""
    y, p = data(variant, (60, 4))
    w = weights((60,))
    mean = variant(reduction="mean", check=False)
    big = p.copy()
    big[w == 0] = 1e300
    assert mean(y, big, w) == mean(y, p, w)
    if not getattr(variant(), "smooth", 0):  # which is a weight of its own
        assert mean(y, p, w * 1024) == pytest.approx(mean(y, p, w), rel=1e-14, abs=0)


def test_trap_55_parameters_keep_their_digits_in_float64():
    assert Huber(delta=0.1)([0.0], [5.0]) == pytest.approx(0.1 * (5 - 0.05), rel=1e-15, abs=0)
    assert Huber(delta=0.1).grad([0.0], [5.0]) == 0.1


def test_trap_58_and_62_norms_at_zero():
    assert not RMSE().grad(np.ones(3), np.ones(3)).any()
    assert not CosineDistance().grad(np.zeros((2, 3)), np.ones((2, 3))).any()
    assert not CosineDistance().grad(np.ones((2, 3)), np.zeros((2, 3))).any()


def test_trap_59_minus_inf_where_the_target_is_zero():
    value, grad = CCE(from_logits=True).value_and_grad([[0.5, 0, 0.5]], [[1.0, -np.inf, 1.0]])
    assert value == pytest.approx(log(2), rel=1e-15, abs=0)
    assert grad.tolist() == [[0, 0, 0]]


def test_trap_69_read_only_series_of_any_kind():
    frozen = np.arange(5.0)
    frozen.flags.writeable = False
    assert MSE()(frozen, frozen) == MAE()(frozen, frozen) == 0


@pytest.mark.parametrize("shape", [(), (1,), (5,), (5, 1), (2, 3, 4)])
def test_trap_3_variances_of_any_shape_that_the_mean_has(shape):
    """And of no other: not of one that has as many numbers, or a 1 for an axis."""
    rng = np.random.default_rng(0)
    y, mean, variance = rng.normal(size=shape), rng.normal(size=shape), rng.random(shape) + 0.5
    values = GaussianNLL(reduction="none")(y, (mean, variance))
    np.testing.assert_allclose(values, (np.log(variance) + (mean - y) ** 2 / variance) / 2, rtol=1e-13)
    for other in ((*shape, 1), (1, *shape), (*shape[:-1], 7)):
        with pytest.raises(ValueError, match="mean and variance must have the same shape, got"):
            GaussianNLL()(y, (mean, np.ones(other)))


def test_trap_9_weights_and_smoothing_and_ignored_labels():
    """All at once, with a label that names no class."""
    z, y = np.log([[1.0, 2, 5], [4, 4, 8], [1, 1, 2]]), np.array([0, -100, 2])
    loss = SparseCCE(from_logits=True, class_weight=(1, 2, 3), label_smoothing=0.25, ignore_index=-100)
    shares = np.array([[1, 2, 5], [2, 2, 4]]) / 8
    truth = np.array([[1, 0, 0], [0, 0, 1]]) * 0.75 + 0.25 / 3
    expected = -(truth * (1, 2, 3) * np.log(shares)).sum() / (1 + 3)
    value, grad = loss.value_and_grad(y, z)
    assert value == pytest.approx(expected, rel=1e-14, abs=0)
    assert not grad[1].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trap_52_log_cosh_neither_overflows_nor_cancels(dtype):
    r = np.array([0, 1e-30, -1e-20, 1e-4, -1e-4, 1e4, -1e30], dtype)
    values, grads = LogCosh(reduction="none").value_and_grad(np.zeros_like(r), r)
    exact = r.astype(np.float64)
    expected = np.where(np.abs(exact) < 1, exact**2 / 2 - exact**4 / 12, np.abs(exact) - log(2))
    np.testing.assert_allclose(
        values, expected, rtol=4 * np.finfo(dtype).eps, atol=float(np.finfo(dtype).smallest_subnormal)
    )
    np.testing.assert_allclose(grads, np.tanh(exact), rtol=4 * np.finfo(dtype).eps)
    assert (values >= 0).all()


def test_trap_63_logistic_curvature_has_no_floor():
    """Below 1e-16 too it is the true one."""
    hess = BCE(from_logits=True, reduction="none").grad_and_hess(np.zeros(3), np.array([-50.0, 50, 700]))[1]
    np.testing.assert_allclose(hess, np.exp([-50.0, -50, -700]), rtol=1e-15)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_trap_66_margins_of_any_size(scale):
    """Neither the soft margin of two distances nor the hard one overflows where the distances do not."""
    near, far = np.float32([[scale, 0]]), np.float32([[0, 3 * scale]])
    zero = np.zeros((1, 2), np.float32)
    assert Triplet(margin=0.0)(None, (zero, far, near)) == pytest.approx(2 * scale, rel=1e-6, abs=0)
    value = Logistic()(np.ones(1), np.float32([-2 * scale]))
    assert value == pytest.approx(np.logaddexp(0, 2 * scale), rel=1e-6, abs=0)
