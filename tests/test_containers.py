"""Whatever holds numbers is an array: lists, columns of tables, masked arrays, subclasses."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from comparing import answers, assert_same_bits, check
from variants import ELEMENTWISE, REDUCTIONS, ROWWISE, TOTALS, VARIANTS, WAYS, data, weights

import pyloss

every_way = pytest.mark.parametrize("variant", WAYS, ids=str)
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)


class Subclass(np.ndarray):
    """Refuses to be computed with: pyloss must look at the array behind it."""

    def __array_ufunc__(self, *_args, **_kwargs):
        raise AssertionError("nothing may be computed with a subclass")


class ArrayLike:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype)


COLUMNS = {
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(a.tolist()),
    "pandas Series": pd.Series,
    "polars Series": lambda a: pl.Series("numbers", a),
    "subclass": lambda a: a.view(Subclass),
    "memoryview": lambda a: memoryview(np.ascontiguousarray(a)),
    "__array__": ArrayLike,
    "masked": np.ma.masked_array,
}
TABLES = {
    "list": lambda a: a.tolist(),
    "pandas DataFrame": pd.DataFrame,
    "polars DataFrame": pl.DataFrame,
    "subclass": lambda a: a.view(Subclass),
    "masked": np.ma.masked_array,
}


@pytest.mark.parametrize("container", COLUMNS)
@pytest.mark.parametrize("variant", [*ELEMENTWISE, *TOTALS], ids=str)
def test_row88_columns(variant, container):
    y, p = data(variant, (50,))
    w = weights((50,))
    given = tuple(COLUMNS[container](array) for array in (y, p, w))
    for reduction in REDUCTIONS:
        check(variant(reduction=reduction), y, p, w, given=given)
        assert_same_bits(answers(variant(reduction=reduction), *given), answers(variant(reduction=reduction), y, p, w))


@pytest.mark.parametrize("container", TABLES)
@every_way
def test_tables(variant, container):
    y, p = data(variant, (30, 4))
    w = weights((30,))
    check(
        variant(),
        y,
        p,
        w,
        given=((COLUMNS if variant.row_truth else TABLES)["list"](y), TABLES[container](p), w.tolist()),
    )


@every_variant
def test_torch_tensors(variant):
    torch = pytest.importorskip("torch")
    y, p = data(variant, (30, 4))
    check(variant(), y, p, given=(torch.from_numpy(y), torch.from_numpy(p), None))


def masked(array, mask):
    """The numbers under the mask are nan, where the dtype has it, or refused by every domain."""
    array = array.copy()
    array[mask] = np.nan if array.dtype.kind == "f" else -100
    return np.ma.masked_array(array, mask)


@pytest.mark.parametrize("which", ["y_true", "y_pred", "sample_weight", "all"])
@pytest.mark.parametrize("variant", [*ELEMENTWISE, *TOTALS], ids=str)
def test_row87_masked_elements_weigh_nothing(variant, which, rng):
    y, p = data(variant, (80, 3))
    w = weights(p.shape) + 0.5
    masks = {
        name: rng.random(p.shape) < 0.3 * (which in (name, "all")) for name in ("y_true", "y_pred", "sample_weight")
    }
    given = tuple(masked(array, mask) for array, mask in zip((y, p, w), masks.values(), strict=True))
    left = np.where(np.logical_or.reduce([*masks.values()]), 0, w)
    for reduction in REDUCTIONS:
        check(variant(reduction=reduction), y, p, left, given=given)
        assert not variant(reduction=reduction).grad(*given)[left == 0].any()
    check(
        variant(),
        y,
        p,
        (left > 0).astype(float),
        given=(*given[:2], np.ma.masked_array(np.ones(p.shape), masks["sample_weight"])),
    )


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_row87_a_row_with_a_masked_entry_is_masked(variant, axis, rng):
    y, p = data(variant, (20, 6, 4), axis=axis)
    truth_mask, pred_mask = rng.random(y.shape) < 0.05, rng.random(p.shape) < 0.05
    rows = truth_mask if variant.row_truth else truth_mask.any(axis=axis)
    kept = 1.0 - (rows | pred_mask.any(axis=axis))
    assert 0 < kept.sum() < kept.size
    for reduction in REDUCTIONS:
        loss = variant(reduction=reduction, axis=axis)
        check(loss, y, p, kept, given=(masked(y, truth_mask), masked(p, pred_mask), None))


@every_way
def test_everything_masked_is_nothing(variant):
    y, p = data(variant, (5, 4))
    hidden = np.ma.masked_array(p, np.ones(p.shape, bool))
    assert np.isnan(variant(reduction="mean")(y, hidden))
    assert variant(on_empty="zero")(y, hidden) == 0
    assert not variant().grad(y, hidden).any()
    with pytest.raises(ValueError, match="nothing to average"):
        variant(reduction="mean", on_empty="raise").grad(y, hidden)


@every_variant
def test_no_mask_is_no_weight(variant):
    y, p = data(variant, (5, 4))
    assert_same_bits(answers(variant(), np.ma.array(y), np.ma.array(p)), answers(variant(), y, p))


class Refusing:
    """As a tensor of torch that needs a gradient, or holds bfloat16."""

    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error("write detach()")


@pytest.mark.parametrize("error", [RuntimeError, TypeError, ValueError])
@pytest.mark.parametrize("place", range(3))
def test_what_refuses_to_be_an_array_is_named(place, error):
    arguments = [np.zeros(3), np.ones(3), np.ones(3)]
    arguments[place] = Refusing(error)
    name = ("y_true", "y_pred", "sample_weight")[place]
    raised = ValueError if error is ValueError else TypeError
    message = f"^mse: {name} must be an array, or lists that make one: write detach\\(\\)$"
    for ask in (pyloss.MSE(), pyloss.MSE().accumulator().update, pyloss.Accumulator([pyloss.MSE()] * 2).update):
        with pytest.raises(raised, match=message) as info:
            ask(*arguments)
        assert isinstance(info.value.__cause__, error)


@pytest.mark.parametrize("given", [object(), {1.0: 2.0}, {1.0}, lambda: 1.0], ids=lambda given: type(given).__name__)
def test_an_object_is_no_array(given):
    for name, arrays in {
        "y_true": (given, [1.0]),
        "y_pred": ([1.0], given),
        "sample_weight": ([1.0], [1.0], given),
    }.items():
        with pytest.raises(TypeError, match=f"^mse: {name} must be an array, got {re.escape(repr(given))}$"):
            pyloss.MSE()(*arrays)


def test_a_masked_record_is_no_number():
    records = np.ma.array([(1.0,), (2.0,)], mask=[(True,), (False,)], dtype=[("a", float)])
    with pytest.raises(TypeError, match=r"^mse: y_true must hold real numbers"):
        pyloss.MSE()(records, [1.0, 2.0])
