"""The edge contract, row by row: a value | gradient for each condition. The numbers are those of the contract's table."""

import warnings
from math import exp, inf, log, nan

import numpy as np
import pytest
from variants import ELEMENTWISE, EVERY, REDUCTIONS, ROWWISE, VARIANTS, data, least, weights

import pyloss
from pyloss import (
    BCE,
    CCE,
    LOSSES,
    MAE,
    MSE,
    RMSE,
    CosineDistance,
    Dice,
    Hinge,
    Huber,
    KLDivergence,
    Pinball,
    SparseCCE,
)

every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
FLOATS = (np.float32, np.float64)
LOGITS = BCE(from_logits=True)
SOFTMAX = CCE(from_logits=True)
SMALL = 1e-30


def rows_of(*table):
    """A parameter for each line (row, condition, loss, y_true, y_pred, value, gradient)."""
    return [pytest.param(*line[2:], id=f"row{line[0]}-{line[1]}") for line in table]


ELEMENTS = rows_of(
    (6, "nan prediction", MSE(), 0, nan, nan, nan),
    (7, "nan residual", MAE(), 0, nan, nan, nan),
    (7, "nan truth", MAE(), nan, 0, nan, nan),
    (8, "nan residual", Huber(), 0, nan, nan, nan),
    (9, "inf - inf", MSE(), inf, inf, nan, nan),
    (9, "inf - inf", MAE(), inf, inf, nan, nan),
    (9, "inf - inf", Huber(), -inf, -inf, nan, nan),
    (9, "inf - inf", Pinball(), inf, inf, nan, nan),
    (10, "r = inf", Huber(), 0, inf, inf, 1),
    (10, "r = -inf", Huber(delta=2), 0, -inf, inf, -2),
    (11, "p = 0, y = 1", BCE(), 1, 0, inf, -inf),
    (11, "p = 1, y = 0", BCE(), 0, 1, inf, inf),
    (11, "p = 0, y = 1, eps", BCE(eps=2.0**-10), 1, 0, 10 * log(2), -1024),
    (12, "p = 0, y = 0", BCE(), 0, 0, 0, 1),
    (12, "p = 1, y = 1", BCE(), 1, 1, 0, -1),
    (13, "p = 1e-30, y = 1", BCE(), 1, SMALL, 69.07755278982137, -1e30),
    (14, "p > 1, unchecked", BCE(check=False), 0, 1.5, nan, -2),
    (15, "p = nan", BCE(), 1, nan, nan, nan),
    (15, "p = nan", BCE(), 0, nan, nan, nan),
    (17, "logit 1e4, y = 0", LOGITS, 0, 1e4, 1e4, 1),
    (17, "logit -1e4, y = 1", LOGITS, 1, -1e4, 1e4, -1),
    (17, "logit 1e4, y = 1", LOGITS, 1, 1e4, 0, 0),
    (18, "logit inf, y = 1", LOGITS, 1, inf, 0, 0),
    (18, "logit -inf, y = 0", LOGITS, 0, -inf, 0, 0),
    (18, "logit inf, y = 0", LOGITS, 0, inf, inf, 1),
    (18, "logit -inf, y = 1", LOGITS, 1, -inf, inf, -1),
    (19, "logit -30, y = 1", LOGITS, 1, -30, 30.000000000000092, -0.9999999999999064),
    (28, "|r| = delta", Huber(), 0, 1, 0.5, 1),
    (28, "|r| = delta", Huber(delta=2), 3, 1, 2, -2),
    (30, "r = 0", MAE(), 3, 3, 0, 0),
    (31, "r = 0", Pinball(quantile=0.25), 3, 3, 0, 0),
    (65, "delta = inf", Huber(delta=inf), 0, 3, 4.5, 3),
    (68, "label 0 is -1", Hinge(), 0, 0.25, 1.25, 1),
    (68, "label -1", Hinge(), -1, 0.25, 1.25, 1),
    (68, "label 1", Hinge(), 1, 0.25, 0.75, -1),
    (68, "at the kink", Hinge(), 1, 1, 0, 0),
)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("loss", "y", "p", "value", "grad"), ELEMENTS)
def test_elements(loss, y, p, value, grad, dtype):
    """Alone, and in every place among harmless neighbours, which keep their own numbers."""
    tolerance = 4 * np.finfo(dtype).eps
    got = loss.value_and_grad(np.array([y], dtype), np.array([p], dtype))
    np.testing.assert_allclose([got[0], got[1][0]], [value, grad], rtol=tolerance)
    unreduced = type(loss)(**{**loss.parameters, "check": loss.check, "reduction": "none"})
    for n in (3, 9, 40):
        for i in range(0, n, 3):
            truth, pred = np.zeros(n, dtype), np.full(n, 0.5, dtype)
            values, grads = (a.copy() for a in unreduced.value_and_grad(truth, pred))
            truth[i], pred[i], values[i], grads[i] = y, p, value, grad
            got = unreduced.value_and_grad(truth, pred)
            np.testing.assert_allclose(got[0], values.astype(dtype), rtol=tolerance)
            np.testing.assert_allclose(got[1], grads.astype(dtype), rtol=tolerance)


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_row6_nan_stays_where_it_is(variant):
    y, p = data(variant, (100,))
    p[17] = nan
    assert np.isnan(variant()(y, p))
    values, grad = variant(reduction="none").value_and_grad(y, p)
    assert np.flatnonzero(np.isnan(values)).tolist() == np.flatnonzero(np.isnan(grad)).tolist() == [17]


@pytest.mark.parametrize("dtype", FLOATS)
def test_row28_huber_hess_at_the_kink_is_one(dtype):
    r = np.array([-1.25, -1, -0.5, 0, 1, 1.5], dtype)
    grad, hess = Huber(reduction="none").grad_and_hess(np.zeros(6, dtype), r)
    assert hess.tolist() == [0, 1, 1, 1, 1, 0]
    assert grad.tolist() == [-1, -1, -0.5, 0, 1, 1]


def test_row29_huber_of_zero_has_the_sign_of_r():
    grad = Huber(reduction="none").grad([0.0, 0.0], [0.0, -0.0])
    assert np.signbit(grad).tolist() == [False, True]


@every_variant
def test_row1_empty_mean(variant):
    y, p = data(variant, (0, 4))
    value, grad = variant(reduction="mean").value_and_grad(y, p)
    assert np.isnan(value)
    assert grad.shape == (0, 4)
    assert variant(reduction="mean", on_empty="zero")(y, p) == 0
    for ask in ("__call__", "grad", "value_and_grad"):
        with pytest.raises(ValueError, match=f"^{variant.stem}: there is nothing to average"):
            getattr(variant(reduction="mean", on_empty="raise"), ask)(y, p)


@every_variant
def test_row2_and_107_empty_sum_is_plus_zero(variant):
    value = variant(reduction="sum", on_empty="raise")(*data(variant, (0, 4)))
    assert (value, np.signbit(value)) == (0, False)


@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_row3_no_rows(variant):
    assert np.isnan(variant()(*data(variant, (0, 7))))
    assert variant(reduction="none")(*data(variant, (0, 7))).shape == (0,)


@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_row4_no_classes(variant):
    y = np.zeros(3, int) if variant.labels else np.zeros((3, 0))
    with pytest.raises(ValueError, match=r"needs at least 1 class, got the shape \(3, 0\)"):
        variant()(y, np.zeros((3, 0)))


def test_row5_one_class():
    for y in (np.zeros(3, int), np.ones((3, 1))):
        value, grad = SOFTMAX.value_and_grad(y, np.array([[3.0], [-7], [1e4]]))
        assert (value, grad.tolist()) == (0, [[0], [0], [0]])


ROWS = rows_of(
    (21, "t = 0, p = 0", KLDivergence(), [0, 1], [0, 1], 0, [0, -1]),
    (22, "t = .5, p = 0", KLDivergence(), [0.5, 0.5], [0, 0.5], inf, [-inf, -1]),
    (34, "zero vector", CosineDistance(), [0, 0], [1, 2], 0, [0, 0]),
    (34, "zero vector", CosineDistance(), [1, 2], [0, 0], 0, [0, 0]),
    (35, "1e30", CosineDistance(), [1e30, 0], [1e30, 0], 0, [0, 0]),
    (35, "1e30", CosineDistance(), [1e30, 0], [0, 1e30], 1, [-1e-30, 0]),
    (36, "1e-30", CosineDistance(), [1e-30, 0], [1e-30, 0], 0, [0, 0]),
    (36, "1e-30", CosineDistance(), [1e-30, 0], [0, 1e-30], 1, [-1e30, 0]),
    (51, "-inf logit elsewhere", SOFTMAX, [1, 0], [0, -inf], 0, [0, 0]),
    (51, "-inf logit elsewhere", SOFTMAX, 0, [0, -inf], 0, [0, 0]),
    (52, "-inf logit at the label", SOFTMAX, 0, [-inf, 0], inf, [-1, 1]),
    (52, "-inf logit at the label", SOFTMAX, [1, 0], [-inf, 0], inf, [-1, 1]),
    (54, "soft target 0 x -inf", SOFTMAX, [0.5, 0.5, 0], [0, 0, -inf], log(2), [0, 0, 0]),
    (55, "all -inf", SOFTMAX, 0, [-inf, -inf], nan, [nan, nan]),
    (56, "inf at the label", SOFTMAX, 1, [0, inf, 3], 0, [0, 0, 0]),
    (56, "two infs", SOFTMAX, 1, [inf, inf, 3], nan, [nan, nan, nan]),
    (56, "inf elsewhere", SOFTMAX, 0, [0, inf, 3], inf, [-1, 1, 0]),
    (57, "logits +-1e4", SOFTMAX, 0, [-1e4, 1e4], 2e4, [-1, 1]),
    (57, "logits +-1e4", SOFTMAX, 1, [-1e4, 1e4], 0, [0, 0]),
    (60, "targets not summing to 1", CCE(), [2, 1], [0.5, 0.25], 4 * log(2), [-4, -4]),
    (61, "probabilities not summing to 1", CCE(), [0, 1], [0.5, 0.25], 2 * log(2), [0, -4]),
    (62, "all-zero probabilities", CCE(), [1, 0], [0, 0], inf, [-inf, 0]),
    (62, "all-zero probabilities", CCE(), 1, [0, 0], inf, [0, -inf]),
)


@pytest.mark.parametrize("neighbours", [0, 1, 70], ids=lambda n: f"{n}_rows_more")
@pytest.mark.parametrize("classes", [0, 40], ids=lambda n: f"{n}_classes_more")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("loss", "y", "p", "value", "grad"), ROWS)
def test_rows(loss, y, p, value, grad, dtype, classes, neighbours):
    """Alone or under other rows, which keep their numbers; in few classes or many, of which those added count nothing."""
    rest = -inf if loss == SOFTMAX else 0
    pred = np.full((neighbours + 1, len(p) + classes), 0.5, dtype)
    pred[0], pred[0, : len(p)] = rest, p
    if np.ndim(y) == 0:
        truth = np.zeros(neighbours + 1, int)
        truth[0] = y
    else:
        truth = np.zeros(pred.shape, dtype)
        truth[0, : len(p)] = y
    unreduced = type(loss)(**loss.parameters, reduction="none")
    values, grads = unreduced.value_and_grad(truth, pred)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(values[0], value, rtol=tolerance)
    np.testing.assert_allclose(grads[0, : len(p)], grad, rtol=tolerance, atol=0)
    extra = grads[0, len(p) :]
    assert np.isnan(extra).all() if np.isnan(value) else not extra.any()
    alone = unreduced.value_and_grad(truth[1:], pred[1:])
    np.testing.assert_array_equal(values[1:], alone[0])
    np.testing.assert_array_equal(grads[1:], alone[1])


def test_rows_13_and_24_kl_mean_is_over_rows():
    t, p = np.full((4, 2), 0.5), np.full((4, 2), 0.25)
    assert KLDivergence()(t, p) == pytest.approx(log(2), rel=1e-15, abs=0)
    assert KLDivergence(reduction="batchmean")(t, p) == KLDivergence()(t, p)


@pytest.mark.parametrize("n", [1, 33, 5000])
def test_row25_squares_that_overflow_float32(n):
    y, p = np.full(n, -1e30, np.float32), np.full(n, 1e30, np.float32)
    value, grad = MSE(reduction="sum").value_and_grad(y, p)
    assert value == pytest.approx(4e60 * n, rel=1e-6, abs=0)
    assert value == pytest.approx(n * float(p[0] - y[0]) ** 2, rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, 4e30, rtol=1e-6)
    assert RMSE()(y, p) == pytest.approx(2e30, rel=1e-6, abs=0)
    assert MSE()(y, p, np.arange(n) + 1) == pytest.approx(4e60, rel=1e-6, abs=0)


def test_row26_and_27_huber_overflows_when_the_truth_does():
    big = np.array([1e30], np.float32)
    assert Huber()(-big, big) == pytest.approx(2e30, rel=1e-6, abs=0)
    assert Huber().grad(-big, big) == 1
    value, grad = Huber(delta=1e30).value_and_grad(big * 0, big)
    assert value == pytest.approx(5e59, rel=1e-6, abs=0)
    assert grad == big
    assert Huber(delta=1e300)(np.zeros(1), np.array([1e305])) == inf


@every_variant
def test_rows_38_39_42_zero_weights(variant):
    y, p = data(variant, (6, 4))
    zeros = np.zeros(6)
    assert np.isnan(variant(reduction="mean")(y, p, zeros))
    assert variant(reduction="mean", on_empty="zero")(y, p, zeros) == 0
    for reduction in REDUCTIONS:
        grad = variant(reduction=reduction).grad(y, p, zeros)
        assert not grad.any()
    assert variant(reduction="sum")(y, p, zeros) == 0


@pytest.mark.parametrize("poison", [nan, inf, -inf])
@every_variant
def test_rows_40_41_what_weighs_nothing_may_hold_anything(variant, poison):
    """A number that no domain allows, and a label that names no class, too."""
    y, p = data(variant, (150, 3))
    w = weights((150,))
    spoiled, wrong = p.copy(), y.copy()
    spoiled[w == 0] = poison
    wrong[w == 0] = 99 if variant.labels else poison
    for reduction in REDUCTIONS:
        loss = variant(reduction=reduction)
        expected = loss.value_and_grad(y, p, w)
        for got in (loss.value_and_grad(y, spoiled, w), loss.value_and_grad(wrong, spoiled, w)):
            np.testing.assert_array_equal(got[0], expected[0])
            np.testing.assert_array_equal(got[1], expected[1])
        assert not got[1][w == 0].any()


def test_row44_mean_divides_by_the_weights():
    assert MAE()([0.0, 0], [1.0, 3], [3.0, 1]) == 1.5
    assert SOFTMAX([0, 1], [[0.0, 0], [0, 0]], [1e-3, 3]) == pytest.approx(log(2), rel=1e-15, abs=0)


def test_row82_order_is_logical(rng):
    p = rng.normal(size=(300, 7))
    assert MSE()(np.zeros(p.shape), np.asfortranarray(p)) == MSE()(np.zeros(p.shape), p)


def test_row86_no_dimensions_is_one_element():
    assert MSE()(np.array(1.0), np.array(3.0)) == 4
    assert MSE().grad(np.array(1.0), np.array(3.0)).shape == ()


def test_row94_mixed_precision_promotes():
    y = np.array([1 + 2.0**-40])
    assert MAE()(y, np.ones(1, np.float32)) == 2.0**-40
    assert MAE().grad(y, np.ones(1, np.float32)).dtype == np.float32


@pytest.mark.large
@pytest.mark.optimized
def test_row101_more_than_2_to_31_elements():
    n = 2**31 + 1
    ones = np.broadcast_to(np.float32(1), n)
    assert MAE(reduction="sum")(np.broadcast_to(np.uint8(0), n), ones) == n


def test_row106_denormals_are_numbers():
    tiny = np.array([1e-40], np.float32)
    assert MSE().value_and_grad(np.zeros(1, np.float32), tiny)[1] == 2 * tiny
    assert MAE()(np.zeros(1, np.float32), tiny) == float(tiny[0])
    assert MAE()(np.zeros(1), np.array([5e-324])) == 5e-324


@every_variant
def test_row108_no_floating_point_warnings(variant):
    y, p = data(variant, (70, 3))
    domain = variant().y_pred_domain
    p[::2, :3] = [nan, inf, 0 if domain.contains(0) else least(domain)] if domain.high == inf else [nan, 0, 1]
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for ask in ("__call__", "grad", "value_and_grad"):
            getattr(variant(), ask)(y, p)
            getattr(variant(), ask)(y.astype(int) if variant.labels else y.astype(np.float16), p.astype(np.float32))


def test_dice_of_two_empty_masks():
    assert Dice(smooth=0)(np.zeros(5), np.zeros(5)) == 0
    assert not Dice(smooth=0).grad(np.zeros(5), np.zeros(5)).any()


def test_sparse_cce_is_cce_of_labels(rng):
    z, y = rng.normal(size=(200, 9)), rng.integers(0, 9, 200)
    assert (
        SparseCCE(from_logits=True)(y, z) == SOFTMAX(y, z) == pytest.approx(SOFTMAX(np.eye(9)[y], z), rel=1e-14, abs=0)
    )


def test_the_label_far_above_the_others():
    """Where 1 - p cancels to nothing, value and gradient keep all their digits."""
    for z in ([40.0, 0, 0], [40.0, 0, 0] + [-inf] * 40):
        value, grad = SOFTMAX.value_and_grad([0], [z])
        assert value == pytest.approx(2 * exp(-40), rel=1e-15, abs=0)
        assert grad[0, 0] == -value
        assert grad[0, 1] == pytest.approx(value / 2, rel=1e-15, abs=0)


@pytest.mark.parametrize("stem", LOSSES)
def test_functions_know_the_edges_too(stem):
    function, loss = getattr(pyloss, stem), LOSSES[stem]()
    y, p = data(next(v for v in EVERY if v() == loss), (6, 4))
    y = y.astype(int) if stem == "nt_xent" else y  # labels that name groups, not classes
    assert function(y, p) == loss(y, p)
    assert function(y, p, np.zeros(6), reduction="mean", on_empty="zero") == 0
