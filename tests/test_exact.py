"""Sums without rounding, and every loss as hypothesis finds it."""

import math
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from comparing import answers, assert_same_bits, check
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS
from variants import REDUCTIONS, VARIANTS, draw, labels

from pyloss._engine import exact_sum

finite = st.floats(allow_nan=False, allow_infinity=False)
LARGEST = float(np.finfo(float).max)


def rounded(terms) -> float:
    """The sum, rounded once to the nearest double, ties to even; infinite where that is beyond the largest."""
    total = sum(map(Fraction, terms), Fraction(0))
    try:
        return float(total)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def assert_sum(terms, expected: float) -> None:
    got = exact_sum(np.array(terms, float))
    assert got == expected or (math.isnan(got) and math.isnan(expected))
    assert expected or not math.copysign(1, got) < 0, "a zero sum is +0.0"


@given(st.lists(finite, max_size=30))
@example([1e308, 1e308, -1e308])
@example([LARGEST, LARGEST / 2**54])
@example([LARGEST, LARGEST / 2**53])
@example([5e-324] * 3)
@example([2.2250738585072014e-308, -5e-324])
@example([1, 2**-53, 2**-106])
@example([1, 2**-53, -(2**-106)])
@example([-0.0, -0.0])
def test_against_fractions(terms):
    assert_sum(terms, rounded(terms))


@given(st.lists(finite, min_size=1, max_size=12), st.integers(0, 4), st.randoms())
def test_cancellations(terms, copies, random):
    """Every term comes back with the other sign, but for a rest."""
    rest = terms[:copies]
    everything = terms + [-x for x in terms] + rest
    random.shuffle(everything)
    assert_sum(everything, rounded(rest))


@given(
    st.lists(st.integers(-(2**53), 2**53), min_size=2, max_size=8),
    st.lists(st.integers(-1074, 900), min_size=8, max_size=8),
)
def test_ties_and_denormals(mantissas, exponents):
    terms = [math.ldexp(m, e) for m, e in zip(mantissas, exponents, strict=False)]
    assume(all(map(math.isfinite, terms)))
    assert_sum(terms, rounded(terms))


@given(st.lists(st.sampled_from([0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308]), max_size=6))
def test_infinities_and_nans(terms):
    expected = sum(x for x in terms if not math.isfinite(x)) or rounded([x for x in terms if math.isfinite(x)])
    assert_sum(terms, expected)


@pytest.mark.parametrize("scale", [0, 100, 600])
def test_many_terms(scale, rng):
    terms = rng.normal(size=20_000) * np.exp(np.clip(rng.normal(size=20_000) * scale / 3, -700, 700))
    assert_sum(terms, math.fsum(terms))
    assert_sum(np.concatenate([terms, -terms[::-1]]), 0.0)


def test_a_number_alone_is_itself():
    for number in (5e-324, -1.5, LARGEST, math.inf, -math.inf):
        assert_sum([number], number)
    assert math.isnan(exact_sum(np.array([math.nan])))
    assert_sum([], 0.0)


# Every loss -----------------------------------------------------------------------------------------------------------


@st.composite
def arrays(draw_from, variant):
    """Arguments of a call, in any shape, dtype and layout, and a reduction."""
    dims = draw_from(st.lists(st.integers(0, 5), min_size=int(variant.names_axes), max_size=3).map(tuple))
    classes = draw_from(st.sampled_from([1, 2, 3, 10, 32, 33]))
    long = draw_from(st.sampled_from([None, None, 64, 127, 1025]))
    shape = (*((long,) if long else dims), *((classes,) if variant.rowwise else ()))
    rng = np.random.default_rng(draw_from(st.integers(0, 2**32)))
    loss = variant()
    dtypes = st.sampled_from([np.float16, np.float32, np.float64])
    pred = draw(loss.y_pred_domain, shape, rng)
    if loss.y_pred_domain.low == 0:
        pred = np.clip(pred, 1 / 64, loss.y_pred_domain.high - 1 / 64)
    if variant.labels:
        small = np.int8 if variant.lists else np.uint8
        truth = labels(variant, shape, rng).astype(draw_from(st.sampled_from([small, np.int32, np.int64])))
    else:
        truth = draw(loss.y_true_domain, shape, rng).astype(draw_from(dtypes))
    values = shape[:-1] if variant.rowwise else shape
    weight = {
        "none": None,
        "element": np.round(rng.uniform(0, 2, values) * 4) / 4,
        "row": rng.integers(0, 3, values[:1]),
        "ones": np.ones(values, np.float16),
    }[draw_from(st.sampled_from(["none", "element", "row", "ones"]))]
    layout = st.sampled_from(list(LAYOUTS.values()))
    plain = tuple(a if a is None else np.asarray(a) for a in (truth, pred.astype(draw_from(dtypes)), weight))
    given_arrays = tuple(a if a is None else draw_from(layout)(a) for a in plain)
    return plain, given_arrays, draw_from(st.sampled_from(REDUCTIONS))


@settings(max_examples=40)
@given(st.data())
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_any_call(variant, data):
    plain, given_arrays, reduction = data.draw(arrays(variant))
    loss = variant(reduction=reduction)
    check(loss, *plain, given=given_arrays)
    assert_same_bits(answers(loss, *given_arrays), answers(loss, *plain))


@settings(max_examples=40)
@given(st.data())
@pytest.mark.parametrize("variant", [v for v in VARIANTS if v().family != "total"], ids=str)
def test_parts_of_a_call(variant, data):
    """What an element, or a row, is asked alone is what it is among others."""
    (y, p, _), _, _ = data.draw(arrays(variant))
    assume(p.ndim > variant.rowwise and len(p))
    loss = variant(reduction="none")
    whole = answers(loss, y, p)
    i = data.draw(st.integers(0, len(p) - 1))
    for name, part in answers(loss, y[i : i + 1], p[i : i + 1]).items():
        np.testing.assert_array_equal(part, whole[name][i : i + 1], strict=True)


NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, 3e38])


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_any_number_gets_an_answer(variant, data):
    """Unchecked, whatever is in the arrays: no exception, no neighbour disturbed; checked, an error or the same answer."""
    shape = (data.draw(st.integers(1, 40)), 3)
    pred = np.array(data.draw(st.lists(NUMBERS, min_size=6, max_size=6)), np.float32)
    p = np.resize(pred, shape)
    y = (
        np.zeros(shape[0] if variant.row_truth else shape, int)
        if variant.labels
        else np.resize(data.draw(st.lists(NUMBERS, min_size=6, max_size=6)), shape).astype(np.float32)
    )
    unchecked = answers(variant(check=False), y, p)
    with suppress(ValueError):
        assert_same_bits(answers(variant(), y, p), unchecked)
