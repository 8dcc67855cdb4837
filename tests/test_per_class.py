"""Losses whose parameters hold a number for each class: the data must have that many classes."""

import re

import numpy as np
import pytest
from comparing import answers, assert_same_bits, check
from layouts import LAYOUTS
from variants import PER_CLASS, REDUCTIONS, data, weights

import pyloss

every_variant = pytest.mark.parametrize("variant", PER_CLASS, ids=str)
DTYPES = (np.float16, np.float32, np.float64)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@every_variant
def test_against_the_reference(variant, dtype):
    for shape in ((1, 1), (3, 1), (200, 1), (1030, 1), (4, 3, 1)):
        y, p = data(variant, shape)
        y, p = (y if variant.labels else y.astype(dtype)), p.astype(dtype)
        for reduction in REDUCTIONS:
            check(variant(reduction=reduction), y, p)
            check(variant(reduction=reduction), y, p, weights(shape[:1]))
        check(variant(), y, p, weights(variant.values_shape(shape)))


@every_variant
def test_sizes(variant):
    for n in (*range(40), 1023, 1024, 1025):
        y, p = data(variant, (n, 1))
        check(variant(), y, p)
        check(variant(reduction="none"), y, p, weights((n,)))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_variant
def test_layouts(variant, layout):
    y, p = data(variant, (41, 5, 1))
    for reduction in ("mean", "none"):
        loss = variant(reduction=reduction)
        assert_same_bits(answers(loss, layout(y), layout(p)), answers(loss, y, p))


@every_variant
def test_the_place_of_the_axis(variant):
    y, p = data(variant, (50, 1))
    other = y if variant.row_truth else y.T
    value, grad = variant(axis=0).value_and_grad(other, p.T)
    expected, slope = variant().value_and_grad(y, p)
    assert value == expected
    np.testing.assert_array_equal(grad.T, slope)


@every_variant
def test_threads(variant):
    y, p = data(variant, (100_000, 1))
    with pyloss.threads(1):
        expected = answers(variant(), y, p, weights((100_000,)))
    for number in (2, 7):
        with pyloss.threads(number):
            assert_same_bits(answers(variant(), y, p, weights((100_000,))), expected)


@every_variant
def test_in_place(variant):
    y, p = data(variant, (30, 1))
    expected = variant().grad(y, p)
    np.testing.assert_array_equal(variant().grad(y, p, out=p), expected)


@every_variant
def test_another_number_of_classes(variant):
    y, p = data(variant, (6, 1))
    classes = p.shape[1]
    more = np.concatenate([p, p[:, :1]], axis=1)
    truth = y if variant.row_truth else np.concatenate([y, y[:, :1]], axis=1)
    each = "column along axis" if variant().labels == "rows" else "class"
    message = f"must hold one number per {each}, {classes + 1} for the shape (6, {classes + 1}), got {classes}"
    for ask in (variant(), variant().grad, variant().value_and_grad):
        with pytest.raises(ValueError, match=f"^{variant.stem}: .* {re.escape(message)}$"):
            ask(truth, more)


SHAPED = memoryview(np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    "given", [0.5, "half", b"half", SHAPED, None, [[0.5]], [], ["a"], [np.nan]], ids=lambda given: type(given).__name__
)
def test_what_is_no_sequence_of_numbers(given):
    with pytest.raises((TypeError, ValueError), match=r"^multi_quantile: quantiles"):
        pyloss.MultiQuantile(quantiles=given)


def test_multi_quantile_is_the_mean_of_its_quantiles():
    rng = np.random.default_rng(0)
    y, p, quantiles = rng.normal(size=40), rng.normal(size=(40, 3)), (0.001, 0.5, 0.999)
    single = [pyloss.Pinball(quantile=q)(y, column) for q, column in zip(quantiles, p.T, strict=True)]
    assert pyloss.MultiQuantile(quantiles=quantiles)(y, p) == pytest.approx(np.mean(single), rel=1e-15, abs=0)
