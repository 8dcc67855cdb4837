"""Functions of real.h and special.h against mpmath: random numbers, tails, borders, denormals, limits; every ISA level and precision."""

from collections.abc import Callable
from functools import cache
from math import inf, nan

import mpmath
import numpy as np
import pytest
from accuracy.vector_functions import FLOATS, FUNCTIONS, arguments, neighbours, probe
from mpmath import mp, mpf

from pyloss._runtime import available_levels

# Numbers alone: the probes' memory is no more than two arrays.
pytestmark = pytest.mark.optimized
ODD = {"expm1", "tanh", "erf"}
RANDOM = 400  # numbers of each kind

every_precision = pytest.mark.parametrize("bits", FLOATS)
every_level = pytest.mark.parametrize("level", available_levels())
every_function = pytest.mark.parametrize("name", FUNCTIONS)


@cache
def tried(name: str, bits: int) -> np.ndarray:
    return arguments(name, bits, RANDOM, bits)


@cache
def truths(name: str, bits: int) -> list[mpf]:
    numbers = [mpf(float(x)) for x in tried(name, bits)]
    with mp.workdps(40):
        return [precise(FUNCTIONS[name].truth, x) for x in numbers]


def precise(function: Callable[..., mpf], x: mpf) -> mpf:
    """Next to a tiny x a 1 needs many digits."""
    with mp.workdps(40 if not x or abs(x) > 1e-10 else 380):
        return function(x)


def ulps(got: np.ndarray, want: list[mpf], dtype: type) -> np.ndarray:
    """Distances in units in the last place of the truth. What overflows is taken for the next power of two, on both sides."""
    info = np.finfo(dtype)
    beyond = mpf(2) ** info.maxexp
    distances = []
    for number, truth in zip(got.tolist(), want, strict=True):
        bounded = max(-beyond, min(beyond, truth))
        exponent = max(int(mpmath.frexp(bounded)[1]), info.minexp + 1) if bounded else info.minexp + 1
        shown = beyond * np.sign(number) if np.isinf(number) else mpf(number)
        distances.append(float(abs(shown - bounded) / mpf(2) ** (exponent - 1 - info.nmant)))
    return np.array(distances)


@every_level
@every_precision
@every_function
def test_accuracy(name, bits, level):
    x = tried(name, bits)
    distances = ulps(probe(name, level, bits, x), truths(name, bits), FLOATS[bits])
    worst = int(np.argmax(distances))
    assert distances[worst] <= FUNCTIONS[name].gate, f"{name}({x[worst]!r})"


@every_level
@every_precision
@every_function
def test_limits(name, bits, level):
    exact = FUNCTIONS[name].exact | {nan: nan, -nan: nan}
    got = probe(name, level, bits, np.array(list(exact), FLOATS[bits]))
    np.testing.assert_array_equal(got, np.array(list(exact.values()), FLOATS[bits]))


@every_level
@every_precision
@pytest.mark.parametrize("name", sorted(ODD))
def test_the_sign_of_zero(name, bits, level):
    got = probe(name, level, bits, np.array([0.0, -0.0], FLOATS[bits]))
    assert np.signbit(got).tolist() == [False, True]


@every_level
@every_precision
@pytest.mark.parametrize("name", sorted(ODD))
def test_the_smallest_numbers(name, bits, level):
    """Where the function is linear a denormal is not lost."""
    count, least = np.arange(-50, 51), np.finfo(FLOATS[bits]).smallest_subnormal
    slope = 2 / np.sqrt(np.pi) if name == "erf" else 1
    got = probe(name, level, bits, (count * least).astype(FLOATS[bits])) / least
    np.testing.assert_allclose(got, count * slope, atol=0.51 if name == "erf" else 0)


# Powers ----------------------------------------------------------------------------------------------------------------


@cache
def powers(bits: int) -> tuple[np.ndarray, np.ndarray, list[mpf]]:
    """Of ordinary numbers, of those near 1 to great powers, and of every size to what makes a result of every size."""
    dtype, rng = FLOATS[bits], np.random.default_rng(bits)
    info, n = np.finfo(dtype), 3 * RANDOM
    near = 1 + rng.choice([-1, 1], n) * np.exp2(rng.uniform(1 - info.nmant, -1, n))
    border = neighbours(np.array([0.75, 1, 1.5, 3, 0.375, info.tiny], dtype))
    every = np.exp2(rng.uniform(float(info.minexp) - info.nmant + 1, float(info.maxexp) - 0.001, n))
    x = np.concatenate([rng.uniform(0, 4, n), near, every, border]).astype(dtype)
    x = x[(x > 0) & (x != 1)]
    reach = 1.02 * info.maxexp * np.log(2) / np.abs(np.log(x.astype(np.float64)))
    a = rng.uniform(-1, 1, len(x)) * reach
    a[: n // 2] = rng.uniform(-3, 3, n // 2)
    a = a.astype(dtype)
    with mp.workdps(60):
        return x, a, [mpmath.power(mpf(float(u)), mpf(float(v))) for u, v in zip(x, a, strict=True)]


@every_level
@every_precision
def test_powers(bits, level):
    x, a, want = powers(bits)
    distances = ulps(probe("power_of", level, bits, x, a), want, FLOATS[bits])
    worst = int(np.argmax(distances))
    assert distances[worst] <= 1.5, f"power_of({x[worst]!r}, {a[worst]!r})"


@every_level
@every_precision
def test_limits_of_powers(bits, level):
    """As C has them, but that a nan stays a nan."""
    info = np.finfo(FLOATS[bits])
    base = [0.0, 1.0, inf, 0.5, 2.0, info.smallest_subnormal, info.max, 1 + info.eps, 1 - info.epsneg]
    exponents = [0.0, -0.0, inf, -inf, info.max, -info.max, info.smallest_subnormal, -info.smallest_subnormal]
    x, a = (grid.ravel() for grid in np.meshgrid(np.array(base, FLOATS[bits]), np.array(exponents, FLOATS[bits])))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(probe("power_of", level, bits, x, a), np.power(x, a))
    assert np.isnan(
        probe(
            "power_of",
            level,
            bits,
            np.array([nan, nan, 1, 0, inf, -1]).astype(x.dtype),
            np.array([0, 2, nan, nan, nan, 2]).astype(x.dtype),
        )
    ).all()
    negative_zero = probe("power_of", level, bits, np.array([-0.0, -0.0], x.dtype), np.array([0.5, -0.5], x.dtype))
    np.testing.assert_array_equal(negative_zero, [0, inf])


@every_level
@every_precision
def test_first_and_second_powers(bits, level):
    x = np.arange(1, 200).astype(FLOATS[bits])
    np.testing.assert_array_equal(probe("power_of", level, bits, x, np.ones_like(x)), x)
    got = probe("power_of", level, bits, x, np.full_like(x, 2))
    np.testing.assert_array_max_ulp(got, x * x, 1)
