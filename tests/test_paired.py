"""Losses of several predictions: tuples in, tuples out, and all that holds for losses of one."""

import re

import numpy as np
import pytest
from comparing import answers, assert_same_bits, check, methods
from layouts import LAYOUTS
from variants import PAIRED, REDUCTIONS, data, weights

import pyloss

every_variant = pytest.mark.parametrize("variant", PAIRED, ids=str)
DTYPES = (np.float16, np.float32, np.float64)


def cast(y, preds, dtype):
    """Truth and predictions in one dtype; labels and no truth stay what they are."""
    return y, tuple(pred.astype(dtype) for pred in preds)


def refused(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@every_variant
def test_against_the_reference(variant, dtype):
    for shape in ((1, 1), (3, 7), (200, 11), (70, 40), (5, 1030), (4, 3, 5)):
        y, preds = cast(*data(variant, shape), dtype)
        for reduction in REDUCTIONS:
            check(variant(reduction=reduction), y, preds)
            check(variant(reduction=reduction), y, preds, weights(shape[:1]))
        check(variant(), y, preds, weights(variant.values_shape(shape)))


@every_variant
def test_sizes(variant):
    for n in (*range(40), 1023, 1024, 1025, 2049):
        y, preds = data(variant, (n, 2))
        check(variant(), y, preds)
        check(variant(reduction="none"), y, preds, weights((n,)))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_variant
def test_layouts(variant, layout):
    y, preds = data(variant, (41, 5, 7))
    other = None if y is None else layout(y)
    for reduction in ("mean", "none"):
        loss = variant(reduction=reduction)
        assert_same_bits(answers(loss, other, tuple(map(layout, preds))), answers(loss, y, preds))
        assert_same_bits(answers(loss, other, (layout(preds[0]), *preds[1:])), answers(loss, y, preds))


@every_variant
def test_threads(variant):
    shape = (40_000, 10)
    y, preds = data(variant, shape)
    with pyloss.threads(1):
        expected = answers(variant(), y, preds, weights(shape[:1]))
    for number in (2, 7):
        with pyloss.threads(number):
            assert_same_bits(answers(variant(), y, preds, weights(shape[:1])), expected)


@every_variant
def test_dtypes_mix(variant):
    """Each derivative has the dtype of its own prediction."""
    y, (first, *others) = data(variant, (30, 4))
    check(variant(), y, (first.astype(np.float32), *others))
    check(variant(), y, (first, *(other.astype(np.float16) for other in others)))


@every_variant
def test_lists_are_arrays(variant):
    y, preds = data(variant, (3, 2))
    assert variant()(None if y is None else y.tolist(), [pred.tolist() for pred in preds]) == variant()(y, preds)


@every_variant
def test_out(variant):
    """Fresh arrays, the predictions themselves, and None for a derivative that may be fresh."""
    y, preds = data(variant, (9, 6))
    w = weights((9,))
    expected = variant().grad(y, preds, w)
    out = tuple(np.full(pred.shape, np.nan) for pred in preds)
    assert variant().grad(y, preds, w, out=out)[0] is out[0]
    own = tuple(pred.copy() for pred in preds)
    turned = (own[-1], *own[:-1])
    in_place = variant().grad(y, own, w, out=turned)
    some = variant().value_and_grad(y, preds, w, out=(None, *out[1:]))[1]
    for got in (out, in_place, some):
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    values = np.empty(variant.values_shape((9, 6)))
    loss = variant(reduction="none")
    assert loss.value_and_grad(y, preds, out=(values, None))[0] is values
    np.testing.assert_array_equal(values, loss(y, preds))


@every_variant
def test_out_of_the_wrong_kind(variant):
    y, preds = data(variant, (9, 6))
    count, names = len(preds), ", ".join(variant().predictions)
    message = f"{variant.stem}: out must be a tuple of {count} arrays ({names}; any may be None), got"
    for out, kind in ((np.empty((9, 6)), "ndarray"), ((None,) * (count + 1), "tuple"), ([None] * count, "list")):
        with refused(TypeError, f"{message} {kind}"):
            variant().grad(y, preds, out=out)
    with refused(ValueError, f"{variant.stem}: the arrays of out share memory"):
        variant().grad(y, preds, out=(*[np.empty((9, 6))] * 2, None)[:count])


@every_variant
def test_predictions_of_the_wrong_kind(variant):
    y, preds = data(variant, (9, 6))
    names, count = list(variant().predictions), len(preds)
    message = f"{variant.stem}: y_pred must be a tuple of {count} arrays ({', '.join(names)}), got"
    for ask in methods(variant()):
        for wrong, got in (
            (preds[0], "ndarray"),
            (preds[:1], "1 of them"),
            ((*preds, preds[0]), f"{count + 1} of them"),
        ):
            with refused(TypeError, f"{message} {got}"):
                getattr(variant(), ask)(y, wrong)
        with pytest.raises(ValueError, match=f"^{variant.stem}: {' and '.join(names)} must have the same shape, got "):
            getattr(variant(), ask)(y, (*preds[:-1], preds[-1][:5]))
        with pytest.raises(TypeError, match=rf"^{variant.stem}: y_pred\[1\] \({names[1]}\) must hold real numbers"):
            getattr(variant(), ask)(y, (preds[0], preds[1].astype(complex), *preds[2:]))
        with refused(TypeError, f"{variant.stem}: y_pred[1] ({names[1]}) must be an array, got None"):
            getattr(variant(), ask)(y, (preds[0], None, *preds[2:]))


@every_variant
def test_domains(variant):
    """The error names the prediction; what has weight 0 is not looked at."""
    y, preds = data(variant, (9, 6))
    for place, (name, domain) in enumerate(variant().predictions.items()):
        if domain.low == -np.inf:
            continue
        bad = tuple(pred.copy() for pred in preds)
        bad[place][4, 2] = -1.0
        with refused(
            ValueError, f"{variant.stem}: y_pred[{place}] ({name}) must be {domain}, got -1.0 at index (4, 2)"
        ):
            variant()(y, bad)
        assert np.isfinite(variant()(y, bad, np.arange(9) != 4))


@every_variant
def test_nan_stays_where_it_is(variant):
    y, preds = data(variant, (9, 6))
    clean = variant(reduction="none")(y, preds)
    for place in range(len(preds)):
        bad = tuple(pred.copy() for pred in preds)
        bad[place][4, 2] = np.nan
        values = variant(reduction="none")(y, bad)
        hit = np.isnan(values)
        assert hit[4].any()
        np.testing.assert_array_equal(values[~hit], clean[~hit])
        assert np.isfinite(variant()(y, bad, np.arange(9) != 4))
        for grad in variant().grad(y, bad, np.arange(9) != 4):
            assert not grad[4].any()


@every_variant
def test_masks(variant):
    y, (first, *others) = data(variant, (9, 6))
    mask = np.zeros((9, 6), bool)
    mask[3] = True
    masked = (np.ma.masked_array(first, mask), *others)
    assert variant()(y, masked) == variant()(y, (first, *others), ~mask[:, 0])


@every_variant
def test_nothing(variant):
    y, preds = data(variant, (0, 4))
    assert np.isnan(variant()(y, preds))
    assert [grad.shape for grad in variant().grad(y, preds)] == [(0, 4)] * len(preds)
    assert variant(on_empty="zero")(y, preds) == variant(reduction="sum")(y, preds) == 0
    with pytest.raises(ValueError, match="there is nothing to average"):
        variant(on_empty="raise")(y, preds)


@every_variant
def test_functions(variant):
    y, preds = data(variant, (5, 3))
    assert getattr(pyloss, variant.stem)(y, preds, **variant.parameters) == variant()(y, preds)


@pytest.mark.parametrize("variant", [v for v in PAIRED if v().labels == "none"], ids=str)
def test_no_truth(variant):
    _, preds = data(variant, (5, 3))
    for truth, kind in ((0, "int"), (preds[0], "ndarray")):
        with refused(TypeError, f"{variant.stem}: y_true must be None, since the loss has no truth, got {kind}"):
            variant()(truth, preds)


# The particular claims ------------------------------------------------------------------------------------------------


def test_gaussian_nll_has_a_floor():
    loss = pyloss.GaussianNLL(eps=0.5, reduction="none")
    value, (by_mean, by_variance) = loss.value_and_grad([0.0, 0], ([1.0, 1], [0.0, 0.5]))
    assert value.tolist() == [0.5 * (np.log(0.5) + 2)] * 2
    assert by_mean.tolist() == [2, 2]
    assert by_variance.tolist() == [0, 0.5 * (2 - 4)]


def test_gaussian_nll_in_full_is_the_density():
    value = pyloss.GaussianNLL(full=True)([0.3], ([1.0], [2.0]))
    assert value == pytest.approx(0.5 * np.log(2 * np.pi * 2) + 0.7**2 / 4, rel=1e-15, abs=0)


def test_crps_of_a_narrow_forecast_is_the_absolute_error():
    assert pyloss.CRPSNormal()([1.0], ([4.0], [1e-12])) == pytest.approx(3, rel=1e-12, abs=0)
    assert pyloss.CRPSNormal()([np.inf], ([0.0], [1.0])) == np.inf


def test_margin_ranking_is_the_hinge_of_the_difference():
    rng = np.random.default_rng(0)
    y, first, second = rng.choice([-1, 1], 50), rng.normal(size=50), rng.normal(size=50)
    value = pyloss.MarginRanking(margin=0.5)(y, (first, second))
    assert value == pyloss.Hinge(margin=0.5)(y, first - second)


def test_cosine_embedding_of_labels():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 20, 5))
    far = pyloss.CosineDistance(reduction="none")(first, second)
    ones = np.ones(20, int)
    loss = pyloss.CosineEmbedding(margin=0.25, reduction="none")
    np.testing.assert_array_equal(loss(ones, (first, second)), far)
    # 0.75 - far has the roundings of numbers near 1, however small it is.
    np.testing.assert_allclose(loss(-ones, (first, second)), np.maximum(0, 0.75 - far), rtol=0, atol=4e-16)
    np.testing.assert_array_equal(loss(0 * ones, (first, second)), loss(-ones, (first, second)))
    with refused(ValueError, "cosine_embedding: y_true must be one of -1, 0, 1, got 0.5 at index 3"):
        loss(np.where(np.arange(20) == 3, 0.5, 1), (first, second))


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 7.0, np.inf])
def test_triplet_of_any_size(p, scale):
    rng = np.random.default_rng(0)
    anchor, positive, negative = rng.normal(size=(3, 6, 5))
    loss, unit = pyloss.Triplet(p=p, margin=0.0, reduction="none"), pyloss.Triplet(p=p, margin=0.0, reduction="none")
    value, grads = loss.value_and_grad(None, (anchor * scale, positive * scale, negative * scale))
    expected, slopes = unit.value_and_grad(None, (anchor, positive, negative))
    np.testing.assert_allclose(value / scale, expected, rtol=1e-13)
    for grad, slope in zip(grads, slopes, strict=True):
        np.testing.assert_allclose(grad, slope, rtol=1e-13)


def test_triplet_at_rest():
    """Equal vectors have no slope, be they at a distance of 0 or at the kink."""
    x = np.ones((2, 3))
    value, grads = pyloss.Triplet().value_and_grad(None, (x, x, x))
    assert value == 1
    assert not np.any(grads)


def test_triplet_of_a_large_power():
    """The norm is in range where its powers are not."""
    far, near = np.array([[4e-7, 0.0]]), np.zeros((1, 2))
    value = pyloss.Triplet(p=50.0, margin=0.0)(None, (far, near, far))
    assert value == pytest.approx(4e-7, rel=1e-13, abs=0)
