"""Losses of overlap: by hand, over any axes, against a loop over cases, and as other libraries have them."""

import math
import re

import numpy as np
import pytest
from comparing import bits
from layouts import LAYOUTS
from mpmath import mp, mpf
from variants import REDUCTIONS, TOTALS, weights

import pyloss
from pyloss import Dice, Jaccard, SoftMCC, Tversky

SHAPE = (4, 3, 6, 5)
LONG = 140_000
"""More elements than what threads pay for, and no multiple of a block."""

LOSSES = [variant for variant in TOTALS if hasattr(variant(), "axis") and not variant.names_axes]
every_loss = pytest.mark.parametrize("variant", LOSSES, ids=str)
every_axis = pytest.mark.parametrize(
    "axis", [0, 1, -1, (2, 3), (-2, -1), (0, 2), (3, 0), (0, 1, 2), (1, 2, 3)], ids=str
)


def masks(shape=SHAPE, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, shape).astype(float), rng.random(shape)


def cases(axis, *arrays):
    """The arrays of every case, and where it is; the plain way."""
    ndim = arrays[0].ndim
    summed = {place % ndim for place in np.atleast_1d(axis)}
    kept = [place for place in range(ndim) if place not in summed]
    for index in np.ndindex(*(arrays[0].shape[place] for place in kept)):
        where = [slice(None)] * ndim
        for place, i in zip(kept, index, strict=True):
            where[place] = i
        yield index, tuple(where), tuple(array[tuple(where)] for array in arrays)


# By hand --------------------------------------------------------------------------------------------------------------

# What both have: 0.5 + 0.75; the prediction alone: 0.25; the truth alone: 0.5 + 0.25; neither: 0.75 + 1.
TRUTH, PRED = [1.0, 1, 0, 0], [0.5, 0.75, 0.25, 0.0]


def test_dice_by_hand():
    assert Dice(smooth=0)(TRUTH, PRED) == pytest.approx(1 - 2.5 / 3.5, rel=1e-15, abs=0)
    assert Dice()(TRUTH, PRED) == pytest.approx(1 - 3.5 / 4.5, rel=1e-15, abs=0)
    np.testing.assert_allclose(
        Dice(smooth=0).grad(TRUTH, PRED), np.array([2.5 - 7, 2.5 - 7, 2.5, 2.5]) / 3.5**2, rtol=1e-15
    )


def test_jaccard_by_hand():
    assert Jaccard(smooth=0)(TRUTH, PRED) == pytest.approx(1 - 1.25 / 2.25, rel=1e-15, abs=0)
    assert Jaccard()(TRUTH, PRED) == pytest.approx(1 - 2.25 / 3.25, rel=1e-15, abs=0)
    np.testing.assert_allclose(
        Jaccard(smooth=0).grad(TRUTH, PRED), [-1 / 2.25, -1 / 2.25, 1.25 / 2.25**2, 1.25 / 2.25**2], rtol=1e-15
    )


def test_tversky_by_hand():
    """alpha is the price of what is added, beta of what is left out."""
    size = 1.25 + 0.3 * 0.25 + 0.7 * 0.75
    assert Tversky(alpha=0.3, beta=0.7, smooth=0)(TRUTH, PRED) == pytest.approx(1 - 1.25 / size, rel=1e-15, abs=0)
    focal = Tversky(alpha=0.3, beta=0.7, smooth=0, gamma=0.75)
    assert focal(TRUTH, PRED) == pytest.approx((1 - 1.25 / size) ** 0.75, rel=1e-15, abs=0)


def test_soft_mcc_by_hand():
    tp, fp, fn, tn = 1.25, 0.25, 0.75, 1.75
    correlation = (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    assert SoftMCC()(TRUTH, PRED) == pytest.approx(1 - correlation, rel=1e-14, abs=0)


def test_relatives():
    t, p = masks()
    assert Tversky(smooth=0.5)(t, p) == Dice()(t, p)
    assert Tversky(alpha=1, beta=1)(t, p) == Jaccard()(t, p)
    dice = Dice(smooth=0)(t, p)
    assert Jaccard(smooth=0)(t, p) == pytest.approx(2 * dice / (1 + dice), rel=1e-14, abs=0)


def test_gamma_belongs_to_each_case():
    t, p = masks()
    plain = Tversky(axis=(2, 3), reduction="none")(t, p)
    np.testing.assert_allclose(Tversky(axis=(2, 3), gamma=1.5, reduction="none")(t, p), plain**1.5, rtol=1e-14)


# As others have them --------------------------------------------------------------------------------------------------


def test_the_conventions_of_others():
    """Hard truths, for which the sums of products are the same."""
    t, p = masks()
    both, of_truth, of_pred = (t * p).sum((2, 3)), t.sum((2, 3)), p.sum((2, 3))
    keras = 1 - 2 * (t * p).sum() / (t.sum() + p.sum())
    assert Dice(smooth=0)(t, p) == pytest.approx(keras, rel=1e-13, abs=0)
    monai = 1 - (2 * both + 1e-5) / (of_truth + of_pred + 1e-5)
    np.testing.assert_allclose(Dice(smooth=1e-5, axis=(2, 3), reduction="none")(t, p), monai, rtol=1e-13)
    smp = 1 - 2 * (t * p).sum((0, 2, 3)) / (t.sum((0, 2, 3)) + p.sum((0, 2, 3)))
    assert Dice(smooth=0, axis=(0, 2, 3))(t, p) == pytest.approx(smp.mean(), rel=1e-13, abs=0)
    optax = 1 - (2 * both + 1) / (of_truth + of_pred + 1)
    assert Dice(axis=(2, 3))(t, p) == pytest.approx(optax.mean(), rel=1e-13, abs=0)
    monai_jaccard = 1 - (both + 0.5) / (of_truth + of_pred - both + 0.5)
    assert Jaccard(smooth=0.5, axis=(2, 3))(t, p) == pytest.approx(monai_jaccard.mean(), rel=1e-13, abs=0)


def test_soft_truths_have_their_best_at_the_truth():
    t = np.random.default_rng(4).random(50)
    for loss in (Dice(), Jaccard(), Tversky(alpha=0.3, beta=0.9), SoftMCC()):
        assert loss(t, t) == 0
        assert loss(t, np.clip(t + 0.01, 0, 1)) > 0
        assert loss(t, t * 0.99) > 0


# Over axes ------------------------------------------------------------------------------------------------------------


@every_axis
@every_loss
def test_a_case_is_a_call(variant, axis):
    """To the last bit; and the reductions are those of the values one by one."""
    t, p = masks()
    for w in (None, weights(SHAPE) + 0.125, weights((4,)) + 0.125):
        full = np.broadcast_to(1.0 if w is None else w.reshape(w.shape + (1,) * (4 - w.ndim)), SHAPE)
        values, grad = variant(axis=axis, reduction="none").value_and_grad(t, p, w)
        for index, where, (truth, pred, weight) in cases(axis, t, p, full):
            value, slope = variant().value_and_grad(truth, pred, weight)
            np.testing.assert_allclose(values[index], value, rtol=1e-15)
            np.testing.assert_allclose(grad[where], slope, rtol=4e-15)
        for reduction, divisor in (("mean", values.size), ("sum", 1), ("batchmean", values.shape[0])):
            loss = variant(axis=axis, reduction=reduction)
            value, slope = loss.value_and_grad(t, p, w)
            assert value == pytest.approx(values.sum() / divisor, rel=1e-14, abs=0)
            assert value == loss(t, p, w)
            np.testing.assert_allclose(slope, grad / divisor, rtol=4e-15)
            assert bits(slope) == bits(loss.grad(t, p, w))


@pytest.mark.parametrize("order", ["C", "F"])
@every_loss
def test_a_long_case_is_a_call(variant, order):
    """Cut for several threads, which change no bit; what is wrong in it is named where it is."""
    t, p = (np.asarray(array, order=order) for array in masks((2, LONG, 2)))
    loss = variant(axis=1, reduction="none")
    for w in (None, np.array([0.5, 2])):
        masked = np.ma.array(p, mask=t + p > 1.9)
        full = np.broadcast_to(1.0 if w is None else w.reshape(2, 1, 1), t.shape)
        full = np.where(masked.mask, 0, full)
        values, grad = loss.value_and_grad(t, masked, w)
        for index, where, (truth, pred, weight) in cases(1, t, p, full):
            value, slope = variant().value_and_grad(truth, pred, weight)
            np.testing.assert_allclose(values[index], value, rtol=1e-15)
            np.testing.assert_allclose(grad[where], slope, rtol=4e-15)
        for threads in (1, 3):
            with pyloss.threads(threads):
                again = loss.value_and_grad(t, masked, w, out=(np.empty_like(values), np.empty_like(grad)))
                assert [*map(bits, again)] == [bits(values), bits(grad)]
    p[1, LONG - 5, 1] = 1.5
    with pytest.raises(ValueError, match=rf"y_pred must be in \[0, 1\], got 1.5 at index \(1, {LONG - 5}, 1\)"):
        loss.grad(t, p)


@every_loss
def test_all_axes_are_one_case(variant):
    t, p = masks()
    expected = variant().value_and_grad(t, p)
    for axis in ((0, 1, 2, 3), (-1, -2, -3, -4)):
        value, grad = variant(axis=axis).value_and_grad(t, p)
        assert value == expected[0]
        assert bits(grad) == bits(expected[1])
    assert variant(axis=0)(t.ravel(), p.ravel()) == expected[0]


@every_loss
def test_against_mpmath(variant):
    """Each case by its own; a bad one next to a good one costs no digits."""
    import oracle_mpmath
    import oracles_totals  # noqa: F401

    t, p = masks((5, 9))
    p[0] = np.abs(t[0] - 1e-9)
    p[1] = 1 - 1e-12
    w = weights((5, 9)) + 0.5
    given = {name: x for name, x in variant().parameters.items() if name != "axis"}
    values, grad = variant(axis=1, reduction="none").value_and_grad(t, p, w)
    for i in range(5):
        want, slopes, _ = oracle_mpmath._evaluate(variant.stem, t[i], p[i], {**given, "sample_weight": w[i]})
        with mp.workdps(50):
            assert abs(mpf(float(values[i])) - want) <= 1e-14 * abs(want)
            assert all(
                abs(mpf(float(a)) - b) <= 2e-14 * max(map(abs, slopes)) for a, b in zip(grad[i], slopes, strict=True)
            )


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_axis
def test_layouts(axis, layout):
    t, p = masks()
    w = weights(SHAPE)
    for dtype in (np.float16, np.float32, np.float64):
        loss = Dice(axis=axis)
        value, grad = loss.value_and_grad(t, p.astype(dtype), w)
        got = loss.value_and_grad(layout(t), layout(p.astype(dtype)), layout(w))
        assert got[0] == value
        assert bits(got[1]) == bits(grad)
        assert grad.dtype == dtype
        assert grad.flags.c_contiguous
        out = LAYOUTS["moved"](np.zeros(SHAPE, dtype))
        assert loss.grad(t, p.astype(dtype), w, out=out) is out
        np.testing.assert_array_equal(out, grad)


@pytest.mark.parametrize("shape", [(3, 200_000), (200_000, 3), (300, 40, 50)])
def test_threads(shape):
    t, p = masks(shape)
    w = weights(shape[:1])
    for loss in (Dice(axis=1), SoftMCC(axis=0), Tversky(axis=-1, reduction="none", gamma=1.5)):
        with pyloss.threads(1):
            expected = [bits(answer) for answer in loss.value_and_grad(t, p, w)]
        for number in (2, 5):
            with pyloss.threads(number):
                assert [bits(answer) for answer in loss.value_and_grad(t, p, w)] == expected


def test_in_place_and_overlapping():
    t, p = masks()
    loss = Jaccard(axis=(1, 3))
    expected = loss.grad(t, p)
    for which in (0, 1):
        arrays = [t.copy(), p.copy()]
        assert loss.grad(*arrays, out=arrays[which]) is arrays[which]
        np.testing.assert_array_equal(arrays[which], expected)
    buffer = np.zeros(p.size + 7)
    pred, out = buffer[: p.size].reshape(SHAPE), buffer[7:].reshape(SHAPE)
    pred[...] = p
    np.testing.assert_array_equal(loss.grad(t, pred, out=out), expected)
    values = np.zeros((4, 6))
    loss = Jaccard(axis=(1, 3), reduction="none")
    got = loss.value_and_grad(t, p, out=(values, None))
    assert got[0] is values
    np.testing.assert_array_equal(values, loss(t, p))
    with pytest.raises(ValueError, match=re.escape("jaccard: out must have the shape (4, 6), got (4, 3)")):
        loss(t, p, out=np.zeros((4, 3)))


# Edges ----------------------------------------------------------------------------------------------------------------


@every_loss
def test_an_empty_case_does_not_count(variant):
    t, p = masks((4, 9))
    w = np.array([1.0, 0, 2, 0])
    p[1], t[3] = np.nan, 7
    value, grad = variant(axis=1).value_and_grad(t, p, w)
    assert value == pytest.approx(variant(axis=1)(t[::2], p[::2], w[::2]), rel=1e-15, abs=0)
    assert not grad[1::2].any()
    values = variant(axis=1, reduction="none")(t, p, w)
    assert np.isnan(values).tolist() == [False, True, False, True]
    assert variant(axis=1, reduction="none", on_empty="zero")(t, p, w)[1] == 0
    assert variant(axis=1, on_empty="raise")(t, p, w) == value


def test_a_long_case_has_weights_of_its_own():
    t, p = masks((2, LONG))
    values = Dice(axis=1, reduction="none")(t, p, np.array([0.0, 2.0]))
    assert np.isnan(values[0])
    assert values[1] == Dice()(t[1], p[1], np.full(LONG, 2.0))


@every_loss
def test_nothing_counts(variant):
    t, p = masks((4, 9))
    for shape in ((4, 9), (0, 9), (4, 0)):
        truth, pred = t[: shape[0], : shape[1]], p[: shape[0], : shape[1]]
        for reduction in REDUCTIONS:
            value, grad = variant(axis=1, reduction=reduction).value_and_grad(truth, pred, np.zeros(shape[0]))
            counted = reduction == "sum" or (reduction == "batchmean" and shape[0])
            assert value == 0 if counted else np.isnan(value).all()
            assert grad.shape == shape
            assert not grad.any()
        assert variant(axis=1, on_empty="zero")(truth, pred, np.zeros(shape[0])) == 0
        with pytest.raises(ValueError, match="there is nothing to average"):
            variant(axis=1, on_empty="raise")(truth, pred, np.zeros(shape[0]))


def test_empty_masks():
    """Two of them agree, but for the correlation, which is not defined: it counts as 0."""
    zeros, ones, some = np.zeros(5), np.ones(5), np.full(5, 0.5)
    for loss in (Dice(smooth=0), Jaccard(smooth=0), Tversky(smooth=0), Tversky(smooth=0, gamma=0.5)):
        assert loss(zeros, zeros) == 0
        assert not loss.grad(zeros, zeros).any()
    for pair in ((zeros, zeros), (ones, ones), (zeros, some), (some, ones)):
        value, grad = SoftMCC().value_and_grad(*pair)
        assert value == 1
        assert not grad.any()


def test_the_focal_loss_of_a_perfect_mask_has_no_gradient():
    t, _ = masks((9,))
    assert not Tversky(gamma=0.5).grad(t, t).any()
    assert not Tversky(gamma=1.5).grad(t, t).any()
    assert Tversky().grad(t, t).any()


def test_soft_mcc_keeps_its_digits():
    """Near agreement, near the opposite, and where nearly everything is foreground."""
    t = np.array([1.0, 0, 1, 0])
    assert SoftMCC()(t, np.abs(t - 1e-12)) == pytest.approx(2e-12, rel=1e-4, abs=0)
    assert SoftMCC()(t, 1 - t) == 2
    mostly = np.array([1.0, 1, 1, 1 - 1e-9])
    assert SoftMCC()(mostly, mostly) == 0
    for scale in (5e-324, 1e-200, 1e200, 1e308):
        w = np.full(4, scale)
        value, grad = SoftMCC().value_and_grad(t, [0.9, 0.2, 0.7, 0.4], w)
        assert value == pytest.approx(SoftMCC()(t, [0.9, 0.2, 0.7, 0.4]), rel=1e-14, abs=0)
        np.testing.assert_allclose(grad, SoftMCC().grad(t, [0.9, 0.2, 0.7, 0.4]), rtol=1e-13)


def test_smooth_is_in_the_unit_of_the_weights():
    """So they keep theirs: beside it tiny ones count nothing, beside huge ones it does."""
    t, p = masks((4,))
    for loss in (Dice, Jaccard, Tversky):
        assert loss(smooth=1.0)(t, p, np.full(4, 1e-200)) < 1e-198
        assert loss(smooth=1.0)(t, p, np.full(4, 1e200)) == pytest.approx(loss(smooth=0.0)(t, p), rel=1e-14)


@pytest.mark.parametrize("size", [1024, 1023, 993, 33])
def test_no_lane_of_a_sum_loses_digits(size):
    """A block is summed in 32 lanes: what rounding takes from each comes back at the end."""
    for lane in range(32):
        p = np.zeros(size)
        p[lane::32] = 2.0**-54
        p[lane] = 1
        assert Dice()._plan.sums_of(np.ones(size), p)[0] == math.fsum(p)


def test_a_nan_stays_in_its_case():
    t, p = masks((3, 5))
    p[1, 2] = np.nan
    values, grad = Dice(axis=1, reduction="none").value_and_grad(t, p)
    assert np.isnan(values).tolist() == [False, True, False]
    assert np.isfinite(grad[::2]).all()


def test_bad_axes():
    for axis in ((), (0, 0), [1, 1]):
        with pytest.raises(ValueError, match="dice: axis must be None, an axis or different axes"):
            Dice(axis=axis)
    for axis in ("0", 1.0, True, (0, None)):
        with pytest.raises(TypeError, match="dice: axis must be an integer"):
            Dice(axis=axis)
    assert Dice(axis=[0, 1]) == Dice(axis=(0, 1))
    assert isinstance(hash(Dice(axis=[0, 1])), int)
    t, p = masks((3, 5))
    for axis in (2, -3, (0, 2), (1, -1)):
        with pytest.raises(ValueError, match="dice: axis must name axes of y_pred, each once"):
            Dice(axis=axis)(t, p)
    with pytest.raises(ValueError, match="axis must name axes of y_pred"):
        Dice(axis=0)(1.0, 0.5)


def test_the_first_offence_in_the_callers_order():
    t, p = masks()
    p[3, 0, 0, 0] = p[1, 2, 3, 4] = 1.5
    for loss in (Dice(axis=0), SoftMCC(axis=(1, 2))):
        for ask in (loss, loss.grad, loss.value_and_grad):
            with pytest.raises(ValueError, match=re.escape("y_pred must be in [0, 1], got 1.5 at index (1, 2, 3, 4)")):
                ask(t, p)
    w = np.ones(SHAPE)
    w[2, 1, 0, 0] = -1
    with pytest.raises(ValueError, match=re.escape("sample_weight must be >= 0, got -1.0 at index (2, 1, 0, 0)")):
        Dice(axis=0)(*masks(), w)
    with pytest.raises(ValueError, match="sample_weight must have the shape"):
        Dice(axis=0)(*masks(), np.ones(3))


def test_masked_arrays():
    t, p = masks((6, 7))
    mask = np.arange(42).reshape(6, 7) % 3 == 0
    expected = Dice(axis=0).value_and_grad(t, p, ~mask)
    got = Dice(axis=0).value_and_grad(np.ma.array(t, mask=mask), p)
    assert got[0] == expected[0]
    np.testing.assert_array_equal(got[1], expected[1])
    assert Dice(axis=0)(t.tolist(), p.tolist()) == Dice(axis=0)(t, p)
