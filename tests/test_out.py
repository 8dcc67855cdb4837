"""Results in the caller's arrays: of any dtype and layout, in place, overlapping, interleaved."""

import re

import ml_dtypes
import numpy as np
import pytest
from comparing import assert_close, bits, hint, stored_as, wider
from layouts import LAYOUTS
from variants import ELEMENTWISE, REDUCTIONS, ROWWISE, VARIANTS, WAYS, data, weights

import pyloss

every_way = pytest.mark.parametrize("variant", WAYS, ids=str)
every_elementwise_way = pytest.mark.parametrize(
    "variant", [variant for variant in WAYS if variant in ELEMENTWISE], ids=str
)
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
FLOATS = (np.float16, np.float32, np.float64, ml_dtypes.bfloat16)
SHAPE = (70, 9)
# What can be written to: everything but what is read-only.
WRITABLE = {name: layout for name, layout in LAYOUTS.items() if name != "read_only"}


def array_calls(variant, loss, y, p, w):
    """Every result that is an array: what it is, how it is asked for with an out, and the outs."""
    calls = {
        "grad": (lambda out: loss.grad(y, p, w, out=out), lambda result: result),
        "value_and_grad": (
            (lambda out: loss.value_and_grad(y, p, w, out=(None, out)), lambda result: result[1])
            if loss.reduction == "none"
            else (lambda out: loss.value_and_grad(y, p, w, out=out), lambda result: result[1])
        ),
    }
    if variant.has_hess:
        calls["grad of both"] = (lambda out: loss.grad_and_hess(y, p, w, out=(out, None)), lambda result: result[0])
        calls["hess"] = (lambda out: loss.grad_and_hess(y, p, w, out=(None, out)), lambda result: result[1])
    return calls


@pytest.mark.parametrize("layout", WRITABLE.values(), ids=WRITABLE)
@every_way
def test_every_layout(variant, layout):
    y, p = data(variant, SHAPE)
    for reduction in ("mean", "none"):
        for call, pick in array_calls(variant, variant(reduction=reduction), y, p, weights((70,))).values():
            expected = pick(call(None))
            out = layout(np.full(SHAPE, 7.0))
            given = pick(call(out))
            assert given is out
            np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@every_way
def test_every_dtype(variant, dtype):
    """The result is rounded once more, from the precision of the computation to that of `out`."""
    y, p = data(variant, SHAPE)
    for call, pick in array_calls(variant, variant(reduction="sum"), y, p, None).values():
        out = np.full(SHAPE, 7, dtype)
        call(out)
        assert_close(out, stored_as(pick(call(None)), out.dtype), wider(np.dtype(np.float64), out.dtype), 0.0)


HALVES = {np.dtype(np.float16): 10, np.dtype(ml_dtypes.bfloat16): 7}
every_half = pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)


@every_half
def test_doubles_are_rounded_to_halves_once(dtype):
    """By way of float32 what is next to a tie would become one."""
    bit = 2.0 ** -HALVES[dtype]
    number = np.array([1 + bit / 2 + 2.0**-50, 1 + bit / 2, 1 + bit / 2 - 2.0**-50, 1 + 1.5 * bit - 2.0**-50])
    for sign in (1, -1):
        out = np.empty(4, dtype)
        pyloss.SSE(reduction="sum").grad(np.zeros(4), sign * number, out=out)
        assert (sign * out.astype(float)).tolist() == [1 + bit, 1, 1, 1 + bit]


@pytest.mark.parametrize("kind", [np.float32, np.float64], ids=lambda kind: kind.__name__)
@every_half
def test_halves_of_any_number_in_any_place(dtype, kind):
    """Some places are converted by vectors, some alone."""
    ends = [np.nan, -np.nan, np.inf, -np.inf, -0.0, 6e-8, 65519.0, 65520.0, -1e5, 3e38]
    for n in (*range(1, 20), 40):
        given = np.resize(np.array(ends, kind), n)
        for step in (1, 3):
            out = np.empty(step * n, dtype)[::step]
            pyloss.SSE(reduction="sum").grad(np.zeros(n, kind), given, out=out)
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(out.astype(float), given.astype(dtype).astype(float))


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", [*ELEMENTWISE, *ROWWISE], ids=str)
def test_values(variant, dtype):
    y, p = data(variant, SHAPE)
    loss = variant(reduction="none")
    expected = loss(y, p)
    for layout in WRITABLE.values():
        out, again = (layout(np.full(expected.shape, 7, dtype)) for _ in range(2))
        assert loss(y, p, out=out) is out
        values, grad = loss.value_and_grad(y, p, out=(again, None))
        assert values is again
        assert bits(grad) == bits(loss.grad(y, p))
        np.testing.assert_array_equal(out, again)
        assert_close(out, stored_as(expected, out.dtype), wider(np.dtype(np.float64), np.dtype(dtype)), 0.0)


@pytest.mark.parametrize("which", ["y_pred", "y_true"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@every_variant
def test_row98_in_place(variant, dtype, which):
    """The gradient in the place of what it is computed from, in any layout."""
    if variant.labels and which == "y_true":
        return
    for shape in (SHAPE, (3000, 2), (50, 40)):
        y, p = data(variant, shape)
        y, p = (y if variant.labels else y.astype(dtype)), p.astype(dtype)
        for reduction in REDUCTIONS:
            loss, w = variant(reduction=reduction), weights(shape[:1])
            expected = loss.value_and_grad(y, p, w)
            for layout in WRITABLE.values():
                truth, pred = layout(y.copy()), layout(p.copy())
                out = pred if which == "y_pred" else truth
                value, grad = loss.value_and_grad(truth, pred, w, out=(None, out) if reduction == "none" else out)
                assert grad is out
                assert bits(value) == bits(expected[0])
                np.testing.assert_array_equal(grad, expected[1])


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v.has_hess], ids=str)
def test_both_in_place(variant):
    y, p = data(variant, SHAPE)
    expected = variant().grad_and_hess(y, p)
    truth, pred = np.zeros(SHAPE), p.copy()
    if not variant.labels:
        truth[...] = y
    variant().grad_and_hess(y if variant.labels else truth, pred, out=(pred, truth))
    np.testing.assert_array_equal(pred, expected[0])
    np.testing.assert_array_equal(truth, expected[1])


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_values_in_place(variant):
    y, p = data(variant, (3000,))
    loss, w = variant(reduction="none"), weights((3000,))
    expected = loss.value_and_grad(y, p, w)
    for place in range(3):
        arrays = [y.copy(), p.copy(), w.copy()]
        np.testing.assert_array_equal(loss(*arrays, out=arrays[place]), expected[0])
    arrays = [y.copy(), p.copy(), w.copy()]
    loss.value_and_grad(*arrays, out=(arrays[0], arrays[1]))
    np.testing.assert_array_equal(arrays[0], expected[0])
    np.testing.assert_array_equal(arrays[1], expected[1])


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_gradient_in_the_place_of_the_weights(variant):
    y, p = data(variant, (3000,))
    w = weights((3000,))
    expected = variant().grad(y, p, w)
    np.testing.assert_array_equal(variant().grad(y, p, w, out=w), expected)


def overlapping(array, shift, stride=1):
    """A copy of the array in a larger one, and an `out` of the same shape that begins some numbers later in it."""
    n = array.size
    buffer = np.zeros(stride * n + abs(shift) + stride, array.dtype)
    start, out_start = max(0, -shift), max(0, shift)
    view = buffer[start : start + stride * n : stride][:n]
    view[...] = array
    return view, buffer[out_start : out_start + stride * n : stride][:n]


@pytest.mark.parametrize("shift", [1, -1, 7, -33, 1024, -1500])
@every_elementwise_way
def test_row99_partial_overlap_works_as_none(variant, shift):
    y, p = data(variant, (3000,))
    expected = variant().grad(y, p)
    pred, out = overlapping(p, shift)
    np.testing.assert_array_equal(variant().grad(y, pred, out=out), expected)
    truth, out = overlapping(y, shift)
    np.testing.assert_array_equal(variant().grad(truth, p, out=out), expected)
    w = weights((3000,))
    expected = variant().grad(y, p, w)
    weight, out = overlapping(w, shift)
    np.testing.assert_array_equal(variant().grad(y, p, weight, out=out), expected)


def test_overlap_in_a_single_element():
    """The first number of a result in the place of the last that is read, blocks later."""
    y, p = np.zeros(3000), np.arange(3000.0)
    room = np.empty(5999)
    room[:3000] = p
    pyloss.SSE(reduction="sum").grad(y, room[:3000], out=room[2999:])
    np.testing.assert_array_equal(room[2999:], p)


@every_variant
def test_overlap_in_another_order(variant):
    """The same memory walked the other way: transposed, reversed, of another width."""
    square = (40, 40)
    y, p = data(variant, square)
    expected = variant().grad(y, p)
    for view in (np.transpose, lambda a: a[::-1], lambda a: a[:, ::-1]):
        pred = p.copy()
        np.testing.assert_array_equal(variant().grad(y, pred, out=view(pred)), expected)
        pred = p.copy()
        np.testing.assert_array_equal(variant().grad(y, view(view(pred)), out=view(pred)), expected)
    buffer = np.zeros(2 * p.size, np.float32)
    narrow, wide = buffer[: p.size].reshape(square), buffer.view(np.float64).reshape(square)
    narrow[...] = p
    np.testing.assert_array_equal(
        variant().grad(y, narrow, out=wide), variant().grad(y, p.astype(np.float32), out=np.empty(square))
    )


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_interleaved_arrays_do_not_overlap(variant):
    y, p = data(variant, (3000,))
    records = np.zeros(3000, [("y", float), ("p", float), ("grad", float), ("hess", float)])
    records["y"], records["p"] = y, p
    grad, hess = variant().grad_and_hess(records["y"], records["p"], out=(records["grad"], records["hess"]))
    np.testing.assert_array_equal(grad, variant().grad(y, p))
    np.testing.assert_array_equal(hess, variant().grad_and_hess(y, p)[1])
    np.testing.assert_array_equal(records["y"], y)
    np.testing.assert_array_equal(records["p"], p)


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v.has_hess], ids=str)
def test_outs_that_overlap_are_refused(variant):
    y, p = data(variant, SHAPE)
    buffer = np.full(p.size + 1, 7.0)
    first, second = buffer[:-1].reshape(SHAPE), buffer[1:].reshape(SHAPE)
    for pair in ((first, first), (first, second), (first, first[::-1])):
        with pytest.raises(ValueError, match=f"^{variant.stem}: the arrays of out share memory$"):
            variant().grad_and_hess(y, p, out=pair)
    assert (buffer == 7).all()


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_values_and_gradient_that_overlap_are_refused(variant):
    y, p = data(variant, SHAPE)
    out = np.full(SHAPE, 7.0)
    with pytest.raises(ValueError, match=f"^{variant.stem}: the arrays of out share memory$"):
        variant(reduction="none").value_and_grad(y, p, out=(out, out))
    assert (out == 7).all()


FAULTY = [v for v in VARIANTS if v.labels or v().y_true_domain.low > -np.inf]


def spoil(variant, y):
    """One wrong number far behind."""
    y[(-3, *[0] * (y.ndim - 1))] = 99 if variant.labels else -7
    return IndexError if variant.labels else ValueError


@pytest.mark.parametrize("variant", FAULTY, ids=str)
def test_nothing_is_written_in_place_on_an_error(variant):
    """An input that is the result's place too is what it was."""
    for shape in ((5000, 3), (700, 40)):
        y, p = data(variant, shape)
        error = spoil(variant, y)
        for layout in WRITABLE.values():
            pred = layout(p.copy())
            with pytest.raises(error, match=r"\d\)?" + re.escape(hint(variant(), "y_true")) + "$"):
                variant().grad(y, pred, out=pred)
            np.testing.assert_array_equal(pred, p)


@pytest.mark.parametrize("variant", FAULTY, ids=str)
def test_nothing_is_written_to_an_overlapping_input_on_an_error(variant):
    y, p = data(variant, (5000, 3))
    error = spoil(variant, y)
    buffer = np.zeros((5001, 3))
    buffer[:-1] = p
    with pytest.raises(error, match=r"\d\)?" + re.escape(hint(variant(), "y_true")) + "$"):
        variant().grad(y, buffer[:-1], out=buffer[1:])
    np.testing.assert_array_equal(buffer[:-1], p)


@pytest.mark.parametrize("variant", FAULTY, ids=str)
def test_an_error_says_when_out_may_be_partly_written(variant):
    y, p = data(variant, (5000, 3))
    error = spoil(variant, y)
    out = np.full(p.shape, 7.0)
    with pytest.raises(error) as caught:
        variant().grad(y, p, out=out)
    assert str(caught.value).endswith("; out may be partly written") or (out == 7).all()
    with pytest.raises(error) as caught:
        variant().grad(y, p)
    assert "out" not in str(caught.value)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_inputs_are_left_alone(variant):
    y, p = data(variant, SHAPE)
    w = weights((70,))
    before = [a.copy() for a in (y, p, w)]
    for reduction in REDUCTIONS:
        variant(reduction=reduction).value_and_grad(y, p, w)
    for array, copy in zip((y, p, w), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_values_of_totals():
    """Of one case they have no dimensions."""
    for variant in (v for v in VARIANTS if v().family == "total"):
        y, p = data(variant, SHAPE)
        loss, out = variant(reduction="none"), np.zeros(variant(reduction="none")(y, p).shape)
        assert variant.names_axes or out.shape == ()
        assert loss(y, p, out=out) is out
        assert out.mean() == pytest.approx(variant()(y, p), rel=1e-15, abs=0)
        values, grad = loss.value_and_grad(y, p, out=(out, p))
        assert values is out
        assert grad is p
