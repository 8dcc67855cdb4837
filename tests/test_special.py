"""Functions of real.h and special.h against mpmath: random numbers, tails, borders, denormals, limits; every ISA level and precision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import inf, nan

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from pyloss._kernels import load
from pyloss._runtime import available_levels

# Numbers alone: the probes' memory is no more than two arrays.
pytestmark = pytest.mark.optimized
FLOATS = {32: np.float32, 64: np.float64}
RANDOM = 400  # numbers of each kind


def log_factorial(x: mpf) -> mpf:
    return mpmath.loggamma(1 + x)


@dataclass(frozen=True)
class Function:
    """What a probe should compute and how well, where it is tried, and what it should give exactly."""

    truth: Callable[..., mpf]
    gate: float
    ranges: tuple[tuple[float, float], ...]
    borders: tuple[float, ...]  # their neighbours are tried as well
    exact: dict[float, float]


# Odd functions keep the sign of zero. `borders` are where another form takes over, roots, and where the range ends.
FUNCTIONS = {
    "exp": Function(
        mpmath.exp, 1.25, ((-2, 2), (-110, 95), (-750, 715)), (0.3465735902799727,), {-inf: 0, inf: inf, 0: 1}
    ),
    "exp_of_minus": Function(lambda x: mpmath.exp(-x), 1.25, ((0, 2), (0, 110), (0, 750)), (), {inf: 0, 0: 1}),
    "log": Function(mpmath.log, 1.25, ((0, 2), (0, 1e30)), (0.75, 1, 1.5), {0: -inf, -1: nan, inf: inf, 1: 0}),
    "log1p": Function(mpmath.log1p, 1.25, ((-1, 1), (0, 1e30)), (-0.25, 0.5), {-1: -inf, -2: nan, inf: inf, 0: 0}),
    "log1p_of_unit": Function(mpmath.log1p, 1.5, ((0, 1),), (0.41421356237309503, 1), {0: 0}),
    "expm1": Function(
        mpmath.expm1,
        1.5,
        ((-2, 2), (0.34, 0.41), (-45, 5), (-110, 95), (-750, 715)),
        (0.34657359027997264, -0.34657359027997264, -20, -40, 88.72283905206835, 709.782712893384, 2**-26, 2**-55),
        {-inf: -1, inf: inf, 0: 0, 1e4: inf, -1e30: -1},
    ),
    "tanh": Function(
        mpmath.tanh,
        1.5,
        ((-2, 2), (-0.13, 0.13), (-22, 22)),
        (0.17328679513998632, 10, 20, 2**-26, 2**-55),
        {-inf: -1, inf: 1, 0: 0, 1e30: 1, -1e30: -1},
    ),
    "erf": Function(
        mpmath.erf,
        2,
        ((-1, 1), (0.74, 0.9), (-4, 4), (-7, 7)),
        (0.75, 4, 6, -6),
        {-inf: -1, inf: 1, 0: 0, 1e30: 1},
    ),
    "log_of_factorial": Function(
        log_factorial,
        2,
        ((0, 2), (0.99, 1.01), (0, 12), (0, 1e3), (0, 1e9)),
        (1, 2, 3e35, 2e305),
        {0: 0, 1: 0, inf: inf, -1: nan},
    ),
}
ODD = {"expm1", "tanh", "erf"}

every_precision = pytest.mark.parametrize("bits", FLOATS)
every_level = pytest.mark.parametrize("level", available_levels())
every_function = pytest.mark.parametrize("name", FUNCTIONS)


def inside(function: Function, numbers: np.ndarray, dtype: type) -> np.ndarray:
    """What of the numbers is in the function's domain."""
    low = min(low for low, _ in function.ranges)
    high = max(high for _, high in function.ranges)
    numbers = numbers[np.isfinite(numbers)]
    return numbers[(numbers >= low) & (numbers <= high)].astype(dtype)


def neighbours(places: np.ndarray, steps: int = 3) -> np.ndarray:
    found = [places]
    for direction in (-np.inf, np.inf):
        step = places
        for _ in range(steps):
            step = np.nextafter(step, places.dtype.type(direction))
            found.append(step)
    return np.concatenate(found)


def tiny(dtype: type, n: int, rng: np.random.Generator) -> np.ndarray:
    """Of every size below 1, denormals included."""
    info = np.finfo(dtype)
    least = float(np.log2(info.smallest_subnormal))
    return np.exp2(rng.uniform(least, 0, n)).astype(dtype)


@cache
def arguments(name: str, bits: int) -> np.ndarray:
    function, dtype = FUNCTIONS[name], FLOATS[bits]
    rng = np.random.default_rng(bits)
    small = tiny(dtype, RANDOM // 4, rng)
    with np.errstate(over="ignore"):
        parts = [rng.uniform(low, high, RANDOM).astype(dtype) for low, high in function.ranges]
        parts += [neighbours(np.array(function.borders, dtype)), small, -small]
    return inside(function, np.concatenate(parts), dtype)


@cache
def truths(name: str, bits: int) -> list[mpf]:
    numbers = [mpf(float(x)) for x in arguments(name, bits)]
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


def probe(name: str, level: str, bits: int, *arrays: np.ndarray) -> np.ndarray:
    out = np.full(len(arrays[0]) + 1, 7, FLOATS[bits])
    getattr(load(level, bits), name)(*arrays, out)
    assert out[-1] == 7, "written beyond the end"
    return out[:-1]


@every_level
@every_precision
@every_function
def test_accuracy(name, bits, level):
    x = arguments(name, bits)
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
