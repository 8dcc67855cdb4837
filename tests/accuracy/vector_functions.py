"""The functions of real.h and special.h: what each should compute, and how well, on which numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf, nan

import mpmath
import numpy as np
from mpmath import mpf
from numpy.typing import NDArray

from pyloss._kernels import load

FLOATS = {32: np.float32, 64: np.float64}
Array = NDArray[np.floating]


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


def inside(function: Function, numbers: Array, dtype: type) -> Array:
    """What of the numbers is in the function's domain."""
    low = min(low for low, _ in function.ranges)
    high = max(high for _, high in function.ranges)
    numbers = numbers[np.isfinite(numbers)]
    return numbers[(numbers >= low) & (numbers <= high)].astype(dtype)


def neighbours(places: Array, steps: int = 3) -> Array:
    found = [places]
    for direction in (-np.inf, np.inf):
        step = places
        for _ in range(steps):
            step = np.nextafter(step, places.dtype.type(direction))
            found.append(step)
    return np.concatenate(found)


def tiny(dtype: type, n: int, rng: np.random.Generator) -> Array:
    """Of every size below 1, denormals included."""
    info = np.finfo(dtype)
    least = float(np.log2(info.smallest_subnormal))
    return np.exp2(rng.uniform(least, 0, n)).astype(dtype)


def arguments(name: str, bits: int, count: int, seed: int) -> Array:
    """So many random numbers from each range, the borders with their neighbours, and numbers of every size below 1."""
    function, dtype = FUNCTIONS[name], FLOATS[bits]
    rng = np.random.default_rng(seed)
    small = tiny(dtype, count // 4, rng)
    with np.errstate(over="ignore"):
        parts = [rng.uniform(low, high, count).astype(dtype) for low, high in function.ranges]
        parts += [neighbours(np.array(function.borders, dtype)), small, -small]
    return inside(function, np.concatenate(parts), dtype)


def probe(name: str, level: str, bits: int, *arrays: Array) -> Array:
    """A function of one ISA level on plain arrays."""
    out = np.full(len(arrays[0]) + 1, 7, FLOATS[bits])
    getattr(load(level, bits), name)(*arrays, out)
    assert out[-1] == 7, "written beyond the end"
    return out[:-1]


def of_logits(place: int, level: str, bits: int, x: Array) -> Array:
    """What the cross-entropy of a logit whose truth is 0 gives: the value is softplus, the gradient the sigmoid."""
    kernels, outputs = load(level, bits), [np.empty_like(x) for _ in range(3)]
    kernels.point(kernels.points().index("bce_logits"), np.zeros_like(x), x, np.ones(4), *outputs)
    return outputs[place]


def power(exponent: float, level: str, bits: int, x: Array) -> Array:
    return probe("power_of", level, bits, x, np.full_like(x, exponent))


POWERS = (0.7,)
COMPOSED: dict[str, Callable[[str, int, Array], Array]] = {
    "softplus": partial(of_logits, 0),
    "sigmoid": partial(of_logits, 1),
    **{f"power_of({exponent})": partial(power, exponent) for exponent in POWERS},
}
"""Functions of one number that have no probe of their own."""


def compute(name: str, level: str, bits: int, x: Array) -> Array:
    return COMPOSED[name](level, bits, x) if name in COMPOSED else probe(name, level, bits, x)
