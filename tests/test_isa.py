"""Every ISA level computes the same: bit by bit where a loss is made of + - * / and comparisons, within 2 ULP elsewhere.

A compiler has been seen to vectorise a conditional product wrongly, at one level and not at another.
"""

import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import oracles_counts  # noqa: F401
import pytest
from comparing import assert_close, largest
from oracle_mpmath import SIZES
from variants import CONTRASTIVE, EVERY, VARIANTS, Variant

from pyloss import LOSSES
from pyloss._kernels import load
from pyloss._runtime import available_levels

LEVELS = available_levels()
OTHERS = LEVELS[1:]
FLOATS = {32: np.float32, 64: np.float64}
POINTS = load(LEVELS[0], 32).points()
# Logarithms and exponentials round as the level's fused multiply-adds do; everything else is exact arithmetic.
ULPS = 2

pytestmark = pytest.mark.skipif(not OTHERS, reason="there is one ISA level on this processor")


def pairs(dtype: type, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ordinary numbers, kinks, ties, zeros of both signs, denormals, infinities and nans, in all combinations."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    special = [
        0,
        -0.0,
        1,
        -1,
        0.5,
        2,
        0.375,
        np.nan,
        np.inf,
        -np.inf,
        info.tiny,
        info.smallest_subnormal,
        info.max,
        info.eps,
    ]
    ordinary = [rng.random(n), rng.normal(size=n), np.round(rng.normal(size=n)), 10.0 ** rng.integers(-30, 30, n)]
    y, p = (np.choose(rng.integers(0, 4, n), ordinary) for _ in range(2))
    for numbers in (y, p):
        numbers[:] = np.where(rng.random(n) < 0.3, rng.choice(special, n), numbers)
    p[:] = np.where(rng.random(n) < 0.1, y, p)
    return y.astype(dtype), p.astype(dtype)


def hard(y: np.ndarray) -> np.ndarray:
    """Truths of 0 and 1, and nans: between them the terms of a logarithmic loss cancel, and so would the digits in common."""
    return np.where(np.isnan(y), y, y > 0.5).astype(y.dtype)


@cache
def evaluated(level: str, bits: int, number: int, n: int, parameters: tuple[float, ...]) -> tuple[np.ndarray, ...]:
    y, p = pairs(FLOATS[bits], n, n)
    if transcendental(POINTS[number]):
        y = hard(y)
    outputs = [np.full(n + 1, 7, FLOATS[bits]) for _ in range(3)]
    load(level, bits).point(number, y, p, np.array(parameters), *outputs)
    assert all(output[-1] == 7 for output in outputs), "written beyond the end"
    return tuple(output[:-1] for output in outputs)


def distance(a: np.ndarray, b: np.ndarray, least: float = 0.0) -> float:
    """The largest distance in units in the last place; nan is next to nan alone, and inf may follow the largest number.

    The units are those of a number of at least `least`.
    """
    assert (np.isnan(a) == np.isnan(b)).all()
    with np.errstate(all="ignore"):
        sizes = np.clip(np.abs(a), least, np.finfo(a.dtype).max)
        steps = np.abs(a.astype(np.longdouble) - b) / np.spacing(sizes)
    return float(np.max(steps, initial=0, where=~(np.isnan(a) | (a == b))))


def least_size(point: str) -> float:
    """A loss whose second oracle names terms of both signs may be near 0 as a difference of numbers near 1, which no two levels round
    alike."""
    return float(any(point.startswith(stem) for stem in SIZES))


@cache
def transcendental(point: str) -> bool:
    """Whether a point takes a logarithm or an exponential: then its value at dyadic numbers is not dyadic.

    The sum, product and quotient of small dyadic numbers need few bits; a transcendental function's value needs all.
    """
    y, p = np.array([0.5, 1, 0]), np.array([0.25, 0.5, 0.75])
    outputs = [np.zeros(3) for _ in range(3)]
    load(LEVELS[0], 64).point(POINTS.index(point), y, p, np.array([0.5, 0.5, 0, 0]), *outputs)
    value = outputs[0]
    return bool((value * 2**20 != np.round(value * 2**20)).any())


PARAMETERS = [(1.0, 0.5, 0.0, 0.0), (0.375, 0.625, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0), (np.inf, 1.0, 0.0, 0.0)]
# With the others a term of these has no weight.
OF_POINT = {point: [(0.0, 0.75, 0.125, 3.0)] for point in ("bce_weighted", "bce_logits_weighted")}


@pytest.mark.parametrize("level", OTHERS)
@pytest.mark.parametrize("bits", FLOATS)
@pytest.mark.parametrize("point", POINTS)
def test_points(point, bits, level):
    number, exact = POINTS.index(point), not transcendental(point)
    for parameters in (*PARAMETERS, *OF_POINT.get(point, [])):
        for n in (*range(131), 1023, 1024):
            for got, expected in zip(
                evaluated(level, bits, number, n, parameters),
                evaluated(LEVELS[0], bits, number, n, parameters),
                strict=True,
            ):
                if exact:
                    np.testing.assert_array_equal(got, expected, strict=True)
                    assert (np.signbit(got) == np.signbit(expected))[~np.isnan(got)].all()
                else:
                    assert distance(got, expected, least_size(point)) <= ULPS, (n, parameters)


def test_some_points_are_exact_and_some_are_not():
    assert {transcendental(point) for point in POINTS} == {False, True}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("bits", FLOATS)
@pytest.mark.parametrize("point", POINTS)
def test_a_point_does_not_depend_on_its_place(point, bits, level):
    """Vector bodies and scalar tails agree to the bit."""
    number = POINTS.index(point)
    y, p = pairs(FLOATS[bits], 100, 3)
    whole = [np.zeros(100, FLOATS[bits]) for _ in range(3)]
    load(level, bits).point(number, y, p, np.ones(4) / 4, *whole)
    for i in range(1, 67):
        parts = [np.zeros(100 - i, FLOATS[bits]) for _ in range(3)]
        load(level, bits).point(number, y[i:], p[i:], np.ones(4) / 4, *parts)
        for part, expected in zip(parts, whole, strict=True):
            np.testing.assert_array_equal(part, expected[i:])


SCRIPT = Path(__file__).with_name("isa_answers.py")


@cache
def answers_of(level: str) -> dict[str, list]:
    """All answers of all losses at a level, in a process of its own: a level is chosen at import."""
    done = subprocess.run(
        [sys.executable, SCRIPT], env={**os.environ, "PYLOSS_ISA": level}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


def exact(variant: Variant) -> bool:
    """Whether all points of a loss's stem are; those without one take roots or exponentials."""
    points = [point for point in POINTS if point.startswith(variant.stem)]
    return bool(points) and not any(map(transcendental, points))


@pytest.mark.parametrize("level", OTHERS)
@pytest.mark.parametrize("variant", [v for v in EVERY if v not in CONTRASTIVE], ids=str)
def test_losses(variant, level):
    base, other = answers_of(LEVELS[0])[str(variant)], answers_of(level)[str(variant)]
    assert len(base) == len(other) > 20
    for (name, dtype, expected), (same_name, _, got) in zip(base, other, strict=True):
        assert name == same_name
        if exact(variant):
            np.testing.assert_array_equal(got, expected, err_msg=name, strict=True)
        else:
            assert_close(got, expected, dtype, largest(expected), name)


def test_exact_losses_are_found():
    found = {variant.stem for variant in VARIANTS if exact(variant)}
    assert set(LOSSES) - found
    assert len(found) >= 7
