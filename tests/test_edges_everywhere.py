"""The rows of the contract that are about all losses, for the forms that test_edges.py and its like leave out, or for every form."""

import re
import warnings
from math import inf, nan

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from comparing import answers, assert_same_bits, methods
from everything import OTHERS, each, filled, names_classes, parts, same, sample
from layouts import LAYOUTS, repeated
from numpy.lib.stride_tricks import as_strided
from variants import CONTRASTIVE, EVERY, PAIRED, PER_CLASS, REDUCTIONS, ROWWISE, SORTED, TOTALS, VARIANTS, weights

import pyloss

N = 12
every_other = pytest.mark.parametrize("variant", OTHERS, ids=str)
every_form = pytest.mark.parametrize("variant", EVERY, ids=str)


# Nothing, and what counts nothing --------------------------------------------------------------------------------------


@every_other
def test_rows_1_2_3_107_nothing(variant):
    y, p = sample(variant, 0)
    value, grad = variant(reduction="mean").value_and_grad(y, p)
    assert np.isnan(value)
    assert [part.shape for part in parts(grad)] == [part.shape for part in parts(p)]
    assert variant(reduction="mean", on_empty="zero")(y, p) == 0
    with pytest.raises(ValueError, match=f"^{variant.stem}: there is nothing to average"):
        variant(reduction="mean", on_empty="raise")(y, p)
    total = variant(reduction="sum", on_empty="raise")(y, p)
    assert (total, np.signbit(total)) == (0, False)


@every_other
def test_rows_38_39_42_zero_weights(variant):
    y, p = sample(variant)
    zeros = np.zeros(N)
    for reduction in REDUCTIONS:
        assert not np.any(variant(reduction=reduction).grad(y, p, zeros))
    assert np.isnan(variant(reduction="mean")(y, p, zeros))
    assert variant(reduction="mean", on_empty="zero")(y, p, zeros) == variant(reduction="sum")(y, p, zeros) == 0
    with pytest.raises(ValueError, match="nothing to average"):
        variant(reduction="mean", on_empty="raise").grad(y, p, zeros)


IGNORING = [variant for variant in EVERY if hasattr(variant(), "ignore_index") and names_classes(variant)]


@pytest.mark.parametrize("variant", IGNORING, ids=str)
def test_rows_38_39_40_ignored_labels(variant):
    y, p = sample(variant)
    loss = variant(ignore_index=-7, reduction="mean")
    everything = np.full_like(y, -7)
    assert np.isnan(loss(everything, p))
    assert not loss.grad(everything, p).any()
    assert variant(ignore_index=-7, on_empty="zero")(everything, p) == 0
    assert variant(ignore_index=-7, reduction="sum")(everything, p) == 0
    some, spoiled = y.copy(), filled(p, nan, slice(0, N, 3))
    some[::3] = -7
    left = np.arange(N) % 3 != 0
    value, grad = loss.value_and_grad(some, spoiled)
    assert value == pytest.approx(loss(y[left], p[left]), rel=1e-14, abs=0)
    assert not grad[~left].any()


@pytest.mark.parametrize("poison", [nan, inf, -inf])
@every_other
def test_rows_40_41_what_weighs_nothing_may_hold_anything(variant, poison):
    y, p = sample(variant)
    w = weights((N,))
    spoiled = filled(p, poison, w == 0)
    wrong = y
    if y is not None:
        wrong = filled(y, 99 if y.dtype.kind == "i" else poison, w == 0)
    for reduction in REDUCTIONS:
        loss = variant(reduction=reduction)
        expected = loss.value_and_grad(y, p, w)
        for truth in (y, wrong):
            value, grad = loss.value_and_grad(truth, spoiled, w)
            np.testing.assert_array_equal(value, expected[0])
            same(grad, expected[1])
            assert not any(part[w == 0].any() for part in parts(grad))


@every_other
def test_row43_negative_weights(variant):
    y, p = sample(variant)
    w = np.ones(N)
    w[[7, 9]] = -0.5
    for ask in methods(variant()):
        with pytest.raises(ValueError, match=rf"^{variant.stem}: sample_weight must be >= 0, got -0\.5 at index \(?7"):
            getattr(variant(), ask)(y, p, w)
        getattr(variant(check=False), ask)(y, p, w)


def test_row43_the_root_of_an_unchecked_mean_below_0():
    value, grad = pyloss.RMSE(check=False).value_and_grad([0.0, 1.0], [0.0, 3.0], [1.0, -0.25])
    assert np.isnan(value)
    assert np.isnan(grad).all()


# Where all elements are compared with one another a second copy is not a second weight.
SEPARATE = [variant for variant in EVERY if variant not in CONTRASTIVE and not variant.names_axes]


@pytest.mark.parametrize("variant", SEPARATE, ids=str)
def test_row44_the_mean_divides_by_the_weights(variant):
    """A row of weight 2 counts as two rows; and a common factor of all weights changes no mean."""
    y, p = sample(variant)
    w = np.arange(N) % 4
    mean = variant(reduction="mean")
    twice = mean(each(lambda a: np.repeat(a, w, axis=0), y), each(lambda a: np.repeat(a, w, axis=0), p))
    assert mean(y, p, w) == pytest.approx(twice, rel=1e-13, abs=1e-15)
    if not getattr(variant(), "smooth", 0):  # which is a weight of its own
        assert mean(y, p, w * 0.125) == pytest.approx(twice, rel=1e-13, abs=1e-15)


# The means; totals, which are quotients of sums, have the range of these sums: test_extremes.py is about them.
AVERAGED = [variant for variant in EVERY if variant().family not in ("total", "sorted")]


@pytest.mark.parametrize("variant", AVERAGED, ids=str)
def test_rows_42_44_weights_of_any_size(variant):
    """Their total may be subnormal or leave the range; the mean and its derivatives do not. Numbers for each class are factors of their
    own, which make 0 of the least weight.
    """
    y, p = sample(variant)
    mean = variant(reduction="mean")
    expected = answers(mean, y, p, np.ones(N))
    for size in ([] if variant.classes else [5e-324]) + [1e-310, 1e-200, 1e200, 1e308]:
        for name, answer in answers(mean, y, p, np.full(N, size)).items():
            np.testing.assert_allclose(answer, expected[name], rtol=1e-12, atol=1e-16, err_msg=f"{name} {size}")


@pytest.mark.parametrize("size", [5e-324, 1e308])
def test_row44_one_weight_of_any_size(size):
    value, grad = pyloss.MSE().value_and_grad(1.0, 3.0, size)
    assert (value, grad.item()) == (4, 4)


# Numbers ---------------------------------------------------------------------------------------------------------------


def read_by_rows(variant):
    """Whether a nan in the whole of a row's prediction is read, and stays in that row."""
    return variant not in CONTRASTIVE + SORTED + TOTALS and not variant.lists


@pytest.mark.parametrize("variant", [variant for variant in EVERY if read_by_rows(variant)], ids=str)
def test_row6_a_nan_stays_in_its_row(variant):
    y, p = sample(variant)
    for dtype in (np.float32, np.float64):
        clean = each(lambda a: a.astype(dtype), p)  # noqa: B023
        loss = variant(reduction="none")
        values, grad = loss.value_and_grad(y, filled(clean, nan, 7))
        expected = loss.value_and_grad(y, clean)
        assert np.isnan(values[7]).all()
        assert any(np.isnan(part[7]).any() for part in parts(grad))
        np.testing.assert_array_equal(np.delete(values, 7, 0), np.delete(expected[0], 7, 0))
        same(each(lambda a: np.delete(a, 7, 0), grad), each(lambda a: np.delete(a, 7, 0), expected[1]))
        assert np.isnan(variant()(y, filled(clean, nan, 7)))


@pytest.mark.parametrize("variant", [*TOTALS, *SORTED, *CONTRASTIVE], ids=str)
def test_row6_a_nan_reaches_the_total(variant):
    """Of its case, where there are several."""
    y, p = sample(variant)
    value, grad = variant().value_and_grad(y, filled(p, nan, 7))
    assert np.isnan(value)
    assert all(np.isnan(part[7]).any() for part in parts(grad))


@every_other
def test_row108_no_floating_point_warnings(variant):
    y, p = sample(variant)
    for number in (nan, 1.0, inf, -inf, 1e300):
        spoiled = filled(p, number, slice(0, N, 2))
        loss = variant(check=False)
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            for ask in methods(loss):
                getattr(loss, ask)(y, spoiled)
                getattr(loss, ask)(y, p, np.full(N, 1e308))


# Shapes ----------------------------------------------------------------------------------------------------------------

MATCHED = [variant for variant in [*TOTALS, *OTHERS] if variant().labels != "none"]


@pytest.mark.parametrize("variant", MATCHED, ids=str)
def test_rows_76_77_78_shapes(variant):
    """Nothing broadcasts: neither a column, nor a truth of another length, nor one of fewer or more axes."""
    y, p = sample(variant)
    for wrong in (y[:-1], y[..., np.newaxis], y[:, np.newaxis], y[:1], y.ravel()[:1].reshape(()), y[np.newaxis]):
        for ask in methods(variant()):
            with pytest.raises(ValueError, match=rf"^{variant.stem}: .*shape.*{re.escape(str(wrong.shape))}"):
                getattr(variant(), ask)(wrong, p)


ALONG = [variant for variant in EVERY if hasattr(variant(), "axis") and variant().family in ("rowwise", "paired")]


@pytest.mark.parametrize("variant", ALONG, ids=str)
def test_row4_no_classes(variant):
    y, p = sample(variant)
    none = each(lambda a: a[:, :0], p)
    truth = y if y is None or y.ndim == 1 else y[:, :0]
    with pytest.raises(ValueError, match=rf"^{variant.stem}: y_pred needs at least 1 class, got the shape \(12, 0\)"):
        variant()(truth, none)


@pytest.mark.parametrize("variant", [v for v in SORTED if names_classes(v)], ids=str)
def test_row4_no_classes_of_sorted_errors(variant):
    y, p = sample(variant)
    with pytest.raises(ValueError, match=r"^lovasz: y_pred needs at least 1 class, got the shape \(12, 5, 0\)"):
        variant()(y, p[..., :0])


def shifts(variant):
    """Whether a common shift of all scores changes nothing."""
    if variant not in ROWWISE or not variant.labels or variant().y_pred_domain.low == 0:
        return False
    y, p = sample(variant)
    return variant()(y, p) == pytest.approx(variant()(y, p + 4), rel=1e-12)


@pytest.mark.parametrize(
    "variant", [v for v in VARIANTS if shifts(v) and v.parameters.get("ignore_index") != 0], ids=str
)
def test_row5_one_class(variant):
    """What compares scores has nothing to compare."""
    truth = np.zeros((3, 1) if variant.lists else 3, int)
    value, grad = variant().value_and_grad(truth, np.array([[3.0], [-7], [1e4]]))
    assert (value, grad.tolist()) == (0, [[0], [0], [0]])


@pytest.mark.parametrize("variant", [v for v in [*PAIRED, *SORTED] if v not in ALONG and not names_classes(v)], ids=str)
def test_row86_no_dimensions(variant):
    """They are one element."""
    if variant.names_axes:
        with pytest.raises(ValueError, match="axis must name axes of"):
            variant()(1, 0.5)
        return
    y, p = 1.0, (0.5,) * len(variant().predictions) or 0.5
    value, grad = variant().value_and_grad(y, p)
    expected = variant().value_and_grad([y], each(lambda number: [number], p))
    assert value == expected[0]
    assert all(part.shape == () for part in parts(grad))
    assert [part.item() for part in parts(grad)] == [part.item() for part in parts(expected[1])]


# Layouts and dtypes ----------------------------------------------------------------------------------------------------

ROW_OF_LAYOUT = {
    79: "step_two",
    80: "negative",
    82: "fortran_order",
    83: "swapped",
    84: "read_only",
    85: "unaligned",
}


@every_form
def test_rows_79_80_82_83_84_85_layouts(variant):
    """The bits of a contiguous copy; but for the contrastive losses, whose sums are those of NumPy's matrix product."""
    y, p = sample(variant)
    w = weights((N,)) + 0.25
    loss = variant(reduction="none")
    expected = answers(loss, y, p, w)
    for layout in map(LAYOUTS.get, ROW_OF_LAYOUT.values()):
        got = answers(loss, each(layout, y), each(layout, p), layout(w))
        if variant not in CONTRASTIVE:
            assert_same_bits(got, expected)
        for name, answer in expected.items():
            np.testing.assert_allclose(got[name], answer, rtol=1e-13, atol=1e-15, err_msg=name)


@every_form
def test_row81_views_of_stride_zero(variant):
    y, p = sample(variant)
    views = each(repeated, y), each(repeated, p)
    assert_same_bits(answers(variant(), *views), answers(variant(), *(each(np.array, view) for view in views)))


def table(array):
    """What has columns and no more is a DataFrame."""
    return pd.DataFrame(array) if array.ndim <= 2 else array.tolist()


@every_other
def test_row88_lists_and_tables(variant):
    y, p = sample(variant)
    w = weights((N,)) + 0.25
    expected = answers(variant(), y, p, w)
    assert_same_bits(answers(variant(), each(np.ndarray.tolist, y), each(np.ndarray.tolist, p), w.tolist()), expected)
    assert_same_bits(answers(variant(), y, each(table, p), pd.Series(w)), expected)
    assert all(type(part) is np.ndarray for part in parts(variant().grad(y, each(table, p))))


@pytest.mark.parametrize("variant", [*PER_CLASS, *SORTED], ids=str)
def test_row87_masked_rows(variant):
    y, p = sample(variant)
    mask = np.arange(N) % 3 == 0
    hidden = np.ma.array(p, mask=np.broadcast_to(mask.reshape(-1, *[1] * (p.ndim - 1)), p.shape))
    value, grad = variant().value_and_grad(y, hidden)
    assert value == variant()(y, p, ~mask)
    assert not grad[mask].any()


@every_other
def test_rows_89_93_94_real_dtypes(variant):
    """Integers and narrow floats are widened; each derivative has its own prediction's dtype, float64 for integers."""
    y, p = sample(variant)
    for dtype in (np.int8, np.int64, np.uint16, np.float16, np.float32, ml_dtypes.bfloat16):
        least = dtype(0 if variant().y_pred_domain.high == 1 else 1)
        given = each(lambda a: np.abs(a).round().astype(dtype) + least, p)  # noqa: B023
        loss = variant()
        value, grad = loss.value_and_grad(y, given)
        wide = each(lambda a: a.astype(np.float64), given)
        np.testing.assert_allclose(value, loss(y, wide), rtol=1e-5, atol=1e-6)
        expected = np.dtype(dtype) if np.dtype(dtype).kind not in "iu" else np.dtype(np.float64)
        assert all(part.dtype == expected for part in parts(grad))
    if isinstance(p, tuple):
        first = variant().grad(y, (p[0].astype(np.float32), *p[1:]))
        assert [part.dtype for part in first] == [np.float32] + [np.float64] * (len(p) - 1)


NO_NUMBERS = {
    91: np.dtype(complex),
    92: np.dtype(object),
    93: np.dtype(np.longdouble),
    96: np.dtype([("x", "f8")]),
    97: np.dtype("M8[s]"),
}


@every_other
def test_rows_91_92_93_96_97_what_holds_no_numbers(variant):
    y, p = sample(variant)
    rule = re.escape("real numbers (float16, float32, float64 or integers)")
    for dtype in NO_NUMBERS.values():
        bad = each(lambda a: np.zeros(a.shape, dtype), p)  # noqa: B023
        for ask in methods(variant()):
            with pytest.raises(TypeError, match=rf"^{variant.stem}: y_pred.* must hold {rule}, got "):
                getattr(variant(), ask)(y, bad)
            with pytest.raises(TypeError, match=rf"^{variant.stem}: sample_weight must hold {rule}, got "):
                getattr(variant(), ask)(y, p, np.zeros(N, dtype))
            if y is not None:
                with pytest.raises(
                    TypeError, match=rf"^{variant.stem}: y_true must hold (integer class labels|{rule}), got"
                ):
                    getattr(variant(), ask)(np.zeros(y.shape, dtype), p)


@every_other
def test_rows_50_90_bool(variant):
    """As the truth of two classes alone; of a prediction never, of a weight always."""
    y, p = sample(variant)
    with pytest.raises(TypeError, match=rf"^{variant.stem}: y_pred.* must hold real numbers .* got bool$"):
        variant()(y, each(lambda a: a > 0, p))
    flags = np.arange(N) % 3 > 0
    assert variant()(y, p, flags) == variant()(y, p, flags.astype(float))
    if y is None:
        return
    if variant().y_true_domain.accepts_bool:
        assert variant()(y > 0, p) == variant()((y > 0).astype(float), p)
    else:
        with pytest.raises(TypeError, match=rf"^{variant.stem}: y_true must hold .* got bool$"):
            variant()(y > 0, p)


@every_other
def test_row95_none(variant):
    y, p = sample(variant)
    for ask in methods(variant()):
        with pytest.raises(TypeError, match=rf"^{variant.stem}: y_pred.* must be .*array"):
            getattr(variant(), ask)(y, None)
        with pytest.raises(TypeError, match=rf"^{variant.stem}: y_pred.* must be an array, got None$"):
            getattr(variant(), ask)(y, each(lambda _: None, p))
        if y is not None:
            with pytest.raises(TypeError, match=rf"^{variant.stem}: y_true must be an array, got None$"):
                getattr(variant(), ask)(None, p)


# Results ---------------------------------------------------------------------------------------------------------------


def array_out(variant, out):
    """An `out` for the gradient, in the form that the loss takes."""
    return (out, *(None,) * (len(variant().predictions) - 1)) if variant().predictions else out


@every_other
def test_rows_98_99_out_overlaps_the_input(variant):
    """Exactly, or shifted by one number: the answer is that of an array of its own."""
    y, p = sample(variant)
    w = weights((N,)) + 0.25
    first = parts(p)[0]
    expected = parts(variant().grad(y, p, w))[0]
    for shift in (0, 1, -1, first.size // 2):
        buffer = np.zeros(first.size + 2 * abs(shift))
        place = buffer[abs(shift) :][: first.size].reshape(first.shape)
        out = buffer[abs(shift) + shift :][: first.size].reshape(first.shape)
        place[...] = first
        given = (place, *p[1:]) if isinstance(p, tuple) else place
        got = parts(variant().grad(y, given, w, out=array_out(variant, out)))[0]
        assert got is out
        np.testing.assert_array_equal(out, expected)


def itself(shape):
    """Two neighbours along the first axis have a number in common, and no stride is 0."""
    steps = [8 * int(np.prod(shape[d + 1 :])) for d in range(len(shape))]
    return as_strided(np.zeros(int(np.prod(shape))), shape, (steps[0] - 8, *steps[1:]))


SHARED = "the elements of out share memory, with the strides "
BAD_OUTS = [
    (100, lambda shape: [0.0], TypeError, "out must be a numpy.ndarray, got list"),
    (100, lambda shape: np.zeros((*shape, 1)), ValueError, "out must have the shape"),
    (100, lambda shape: np.zeros(shape, int), ValueError, "out must hold float16, float32 or float64"),
    (84, lambda shape: LAYOUTS["read_only"](np.zeros(shape)), ValueError, "out is read-only"),
    (81, lambda shape: as_strided(np.zeros(1), shape, (0,) * len(shape)), ValueError, SHARED),
    (81, itself, ValueError, SHARED),
    (81, lambda shape: as_strided(np.zeros(4096), shape, (*[256] * (len(shape) - 1), 4)), ValueError, SHARED),
]


@every_form
def test_rows_81_84_100_outs_that_are_refused(variant):
    """Before any work: nothing is written."""
    y, p = sample(variant)
    for _, make, error, message in BAD_OUTS:
        out = make(parts(p)[0].shape)
        refusal = pytest.raises(error, match=f"^{variant.stem}: {re.escape(message)}")
        with refusal:
            variant().grad(y, p, out=array_out(variant, out))
        with refusal:
            variant(reduction="sum").value_and_grad(y, p, out=array_out(variant, out))
        if variant.has_hess and not variant().predictions:
            with refusal:
                variant().grad_and_hess(y, p, out=(None, out))
        assert not np.asarray(out).any()


@pytest.mark.parametrize(
    ("shape", "strides", "shared"),
    [
        ((3, 3), (24, 8), False),
        ((2, 2), (16, 24), False),  # 0, 16, 24, 40: no stride steps over the other
        ((3, 3), (16, 24), False),
        ((4, 3), (16, 24), True),  # 3 * 16 = 2 * 24
        ((3, 2, 2), (8, 24, 48), False),
        ((3, 2, 2), (8, 16, 48), True),
        ((5, 1, 0), (0, 0, 0), False),
        ((1, 3), (0, 8), False),
    ],
)
def test_row81_arrays_that_overlap_themselves(shape, strides, shared):
    array = as_strided(np.zeros(100), shape, strides)
    places = {int(np.dot(index, strides)) for index in np.ndindex(shape)}
    assert (len(places) < array.size) == shared
    loss = pyloss.MSE()
    if not shared:
        out = loss.grad(np.zeros(shape), np.ones(shape), out=array)
        np.testing.assert_array_equal(out, loss.grad(np.zeros(shape), np.ones(shape)))
        return
    with pytest.raises(
        ValueError, match=re.escape(f"mse: the elements of out share memory, with the strides {strides}")
    ):
        loss.grad(np.zeros(shape), np.ones(shape), out=array)
