"""Every answer of every loss against the reference: dtypes, layouts, weights, reductions, sizes."""

from itertools import product

import ml_dtypes
import numpy as np
import pytest
from comparing import check, computed_in
from layouts import LAYOUTS, one_number, repeated
from variants import ELEMENTWISE, REDUCTIONS, ROWWISE, TOTALS, VARIANTS, WAYS, Variant, data, weights

import pyloss

FLOATS = (np.float16, np.float32, np.float64, ml_dtypes.bfloat16)
INTEGERS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)
BLOCK_BORDERS = (1023, 1024, 1025, 2048, 4097)
ROW_BORDERS = (63, 64, 65, 129)

every_way = pytest.mark.parametrize("variant", WAYS, ids=str)
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)


def shape_of(variant: Variant, n: int = 40) -> tuple[int, ...]:
    return (n, 7) if variant.rowwise else (n,)


def cast(variant: Variant, arrays: tuple, truth: type, pred: type) -> tuple:
    """Labels keep a dtype of theirs."""
    y, p = arrays
    return (y if variant.labels else y.astype(truth)), p.astype(pred)


@pytest.mark.parametrize("truth", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@every_way
def test_floating_dtypes(variant, truth):
    for pred, reduction in product(FLOATS, REDUCTIONS):
        check(variant(reduction=reduction), *cast(variant, data(variant, shape_of(variant)), truth, pred))


@pytest.mark.parametrize("truth", INTEGERS, ids=lambda dtype: np.dtype(dtype).name)
@every_way
def test_integer_truth(variant, truth):
    y, p = data(variant, shape_of(variant))
    y = np.ceil(y) if variant().y_true_domain.low_open else np.round(y)
    y = np.abs(y) if np.dtype(truth).kind == "u" else y
    for pred in (np.float32, np.float64):
        check(variant(), y.astype(truth), p.astype(pred))


@pytest.mark.parametrize("pred", INTEGERS, ids=lambda dtype: np.dtype(dtype).name)
@every_way
def test_integer_prediction(variant, pred):
    """They are numbers like any other; the derivatives are float64."""
    y, p = data(variant, shape_of(variant))
    check(variant(), y, np.abs(np.ceil(p)).astype(pred))


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v().y_true_domain.accepts_bool], ids=str)
def test_bool_truth(variant):
    y, p = data(variant, shape_of(variant))
    check(variant(), y > 0.5, p.astype(np.float32))
    assert variant()(y > 0.5, p) == variant()((y > 0.5).astype(float), p)


@every_variant
def test_the_computation_is_double_where_promotion_says_so(variant):
    """A float32 prediction beside a float64 truth loses nothing, and the other way round."""
    y, p = data(variant, shape_of(variant))
    if not variant.labels and not variant().y_true_domain.integral:
        y = np.clip(y + np.ldexp(1.0, -40) * (y < 0.9), 0, None) if variant().y_true_domain.low == 0 else y + 2.0**-40
    assert computed_in(variant(), y.astype(np.float64), p) == np.float64
    check(variant(), y, p.astype(np.float32))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_way
def test_layouts(variant, layout):
    for dtype, reduction in product([np.float32, np.float64], REDUCTIONS):
        y, p = cast(variant, data(variant, (5, 6, 7)), dtype, dtype)
        check(variant(reduction=reduction), layout(y), layout(p), layout(weights(variant.values_shape(p.shape))))


@pytest.mark.parametrize("layout", [repeated, one_number])
@every_way
def test_zero_strides(variant, layout):
    y, p = data(variant, (9, 7))
    check(variant(), layout(y), layout(p))
    check(variant(), y, layout(p), layout(weights(variant.values_shape(p.shape)) + 1))


@every_reduction
@every_way
def test_mixed_layouts_and_dtypes(variant, reduction):
    y, p = cast(variant, data(variant, (6, 5, 7)), np.float16, np.float32)
    w = weights(variant.values_shape(p.shape)).astype(np.float16)
    check(variant(reduction=reduction), LAYOUTS["step_two"](y), LAYOUTS["swapped"](p), LAYOUTS["negative"](w))


@pytest.mark.parametrize("axis", [0, 1, 2, -3])
@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_axis(variant, axis):
    for reduction in REDUCTIONS:
        y, p = data(variant, (6, 5, 7), axis=axis)
        loss = variant(axis=axis, reduction=reduction)
        check(loss, y, p)
        rows = np.empty(p.shape).take(0, axis).shape
        check(loss, y, LAYOUTS["step_two"](p.astype(np.float32)), weights(rows))
        check(loss, y, p, weights(rows[:1]))


@every_variant
def test_weights(variant):
    """For each element, and for each row."""
    y, p = data(variant, (70, 4, 5))
    shape = variant.values_shape(p.shape)
    dtypes = (np.float16, np.float32, np.float64, np.uint8, np.int64, bool)
    for given, dtype, reduction in product((shape, shape[:1]), dtypes, REDUCTIONS):
        w = weights(given).astype(dtype)
        check(variant(reduction=reduction), y, p, w)
        check(variant(reduction=reduction), *cast(variant, (y, p), np.float32, np.float32), w)


@pytest.mark.parametrize("on_empty", ["nan", "zero"])
@every_variant
def test_zero_weights(variant, on_empty):
    y, p = data(variant, (70, 4))
    for reduction in REDUCTIONS:
        loss = variant(reduction=reduction, on_empty=on_empty)
        check(loss, y, p, np.zeros(70))
        assert not loss.grad(y, p, np.zeros(70)).any()


@every_variant
def test_nothing(variant):
    y, p = data(variant, (0, 4))
    for reduction in REDUCTIONS:
        check(variant(reduction=reduction), y, p)
        check(variant(reduction=reduction, on_empty="zero"), y, p, np.ones(0))


@every_reduction
@pytest.mark.parametrize("variant", [v for v in [*ELEMENTWISE, *TOTALS] if not v.names_axes], ids=str)
def test_row86_one_number(variant, reduction):
    """An array without dimensions is one element."""
    y, p = data(variant, ())
    check(variant(reduction=reduction), y, p)
    check(variant(reduction=reduction), y, p, np.array(2.0))
    check(variant(reduction=reduction), float(y), float(p))


@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_one_row(variant):
    y, p = data(variant, (7,))
    for reduction in REDUCTIONS:
        check(variant(reduction=reduction), y, p)
        check(variant(reduction=reduction), y, p, np.array(2.0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", [*ELEMENTWISE, *TOTALS], ids=str)
def test_sizes(variant, dtype):
    for n in (*range(131), *BLOCK_BORDERS):
        y, p = cast(variant, data(variant, (n,)), dtype, dtype)
        check(variant(), y, p)
        check(variant(), LAYOUTS["step_two"](y), p, weights((n,)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_row_sizes(variant, dtype):
    classes = [*range(1, 41), 1023, 1024, 1025, 1030]
    sizes = [(3, c) for c in classes] + [(n, c) for n in (*range(20), *ROW_BORDERS) for c in (1, 2, 10, 33)]
    for n, c in [*sizes, (BLOCK_BORDERS[0], 3), (BLOCK_BORDERS[2], 2)]:
        y, p = cast(variant, data(variant, (n, c)), dtype, dtype)
        check(variant(reduction="none" if n % 2 else "mean"), y, p)
        check(variant(), y, LAYOUTS["moved"](p), weights((n,)))


@pytest.mark.parametrize("variant", [*ELEMENTWISE, *TOTALS], ids=str)
def test_many_axes(variant):
    shape = (1, 2, 1, 3, 2, 1, 2, 3, 1)
    y, p = data(variant, shape)
    for layout in LAYOUTS.values():
        check(variant(), layout(y), layout(p))
        check(variant(reduction="none"), y, layout(p), layout(weights(shape)))


@pytest.mark.parametrize("layout", [LAYOUTS["c_order"], LAYOUTS["step_two"]])
def test_every_number_of_half_precision(layout):
    """Read as it is, whatever its place among others, and rounded as NumPy rounds."""
    absolute = pyloss.MAE(reduction="none")
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for first in (*range(2**16 - 20, 2**16), 0):
        part = layout(halves[first:])
        np.testing.assert_array_equal(absolute(np.zeros_like(part), part), np.abs(part))
    between = (
        halves.astype(np.float32).view(np.uint32) + np.array([[0], [0x0FFF], [0x1000], [0x1001]], np.uint32)
    ).view(np.float32)
    rounded = layout(np.zeros(between.shape, np.float16))
    absolute(np.zeros_like(between), between, out=rounded)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(rounded, np.abs(between).astype(np.float16))
