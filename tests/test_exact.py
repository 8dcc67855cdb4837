"""Sums without rounding."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("scale", range(32))
def test_any_bit_below_a_tie_decides(scale):
    """Wherever it is among the digits of 32 bits."""
    for below in range(54, 300):
        for sign in (1, -1):
            terms = [math.ldexp(sign, scale), math.ldexp(sign, scale - 53), math.ldexp(sign, scale - below)]
            assert_sum(terms, math.ldexp(sign * (1 + 2.0**-52), scale))
            assert_sum([*terms[:2], -terms[2]], math.ldexp(sign, scale))


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
