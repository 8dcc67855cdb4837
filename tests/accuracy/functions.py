"""The worst error of every vector function: over all 2^32 floats, and over random doubles and the borders."""

from collections.abc import Iterator
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accuracy.truths import of_doubles, of_singles
from accuracy.vector_functions import COMPOSED, FUNCTIONS, arguments, compute

Array = NDArray[np.floating]

NAMES = (*FUNCTIONS, *COMPOSED)
PATTERNS = 2**32
BLOCK = 2**18
"""Of floats that are computed at once: what one needs stays in the cache."""
TASK = 2**25
DOUBLES = 10_000_000
"""Random doubles for each function, of all its ranges together."""
POSITIVE = (0.0, np.inf)
DOMAINS = {"log1p_of_unit": (0.0, 1.0)} | {
    name: POSITIVE for name in NAMES if name.startswith(("exp_of_minus", "power_of"))
}
"""Of the functions that are not asked for other numbers; those of the others are all floats."""


def gate(name: str, precision: str) -> float:
    """What a loss itself gives has the gates of losses."""
    if name in ("softplus", "sigmoid"):
        return 2.0 if precision == "float32" else 4.0
    return 2.0 if name in ("erf", "log_of_factorial") else 1.5


class Worst(NamedTuple):
    """The largest error seen, in units in the last place, and where; and of how many numbers."""

    ulp: float
    at: float
    count: int


NOTHING = Worst(-1.0, np.nan, 0)


def worse(a: Worst, b: Worst) -> Worst:
    """The worst of both; of equals that of the smaller number, whatever the order."""
    first = min(a, b, key=lambda x: (-x.ulp, abs(x.at), x.at))
    return first._replace(count=a.count + b.count)


def units(truth: Array, dtype: type) -> Array:
    """One in the last place of numbers that are given with more digits."""
    info = np.finfo(dtype)
    if truth.dtype == np.float64:
        powers = (truth.view(np.int64) & np.int64(0x7FF << 52)).view(np.float64)
        found = powers * 2.0**-info.nmant
    else:
        found = np.ldexp(truth.dtype.type(1), np.frexp(truth)[1] - 1 - info.nmant)
    least, most = (np.ldexp(truth.dtype.type(1), e - info.nmant) for e in (info.minexp, info.maxexp - 1))
    return np.clip(found, least, most, out=found)


def distances(got: Array, want: Array) -> Array:
    """In units in the last place of the truth. What overflows is taken for the next power of two, on both sides; a NaN is near none."""
    beyond = np.ldexp(want.dtype.type(1), np.finfo(got.dtype).maxexp)
    truth = np.clip(want, -beyond, beyond)
    apart = got.astype(want.dtype)
    np.clip(apart, -beyond, beyond, out=apart)
    apart -= truth
    np.abs(apart, out=apart)
    apart /= units(truth, got.dtype.type)
    undefined = np.isnan(apart)
    if undefined.any():
        apart[undefined] = np.where(np.isnan(got) & np.isnan(want), 0, np.inf)[undefined]
    return apart


def worst_of(x: Array, got: Array, want: Array) -> Worst:
    """Most answers are the truth rounded, which is off by 0.5 at most: what the others are off by is computed."""
    if not len(x):
        return NOTHING
    wrong = np.flatnonzero((got != want.astype(got.dtype)) & ((got == got) | (want == want)))
    apart = distances(got[wrong], want[wrong])
    place = int(np.argmax(apart)) if len(wrong) else 0
    largest = float(apart[place]) if len(wrong) else 0.0
    return Worst(largest, float(x[wrong[place]]), len(x)) if largest > 0.5 else Worst(0.5, float(x[0]), len(x))


def judged(name: str, levels: tuple[str, ...], x: Array, want: Array) -> dict[str, Worst]:
    return {level: worst_of(x, compute(name, level, 8 * x.itemsize, x), want) for level in levels}


def of_patterns(name: str, levels: tuple[str, ...], patterns: NDArray[np.uint32]) -> dict[str, Worst]:
    """Of the floats with these bits, if they are in the function's domain; a NaN must give a NaN."""
    x = patterns.view(np.float32)
    if name in DOMAINS:
        low, high = DOMAINS[name]
        x = x[((x >= low) & (x <= high)) | np.isnan(x)]
    with np.errstate(all="ignore"):
        return judged(name, levels, x, of_singles(name)(x.astype(np.float64)))


def of_range(task: tuple[str, tuple[str, ...], int]) -> tuple[str, dict[str, Worst]]:
    """Of TASK floats from one bit pattern on."""
    name, levels, start = task
    found = dict.fromkeys(levels, NOTHING)
    for first in range(start, start + TASK, BLOCK):
        patterns = np.arange(first, first + BLOCK, dtype=np.uint64).astype(np.uint32)
        block = of_patterns(name, levels, patterns)
        found = {level: worse(found[level], block[level]) for level in levels}
    return name, found


def count_of_floats(name: str) -> int:
    """How many there are in the function's domain, NaNs included."""
    if name not in DOMAINS:
        return PATTERNS
    low, high = (np.float32(end).view(np.uint32) for end in DOMAINS[name])
    nans = 2 * (2**23 - 1)
    return int(high) - int(low) + 1 + 1 + nans  # and the other zero


def every_float(
    names: tuple[str, ...], levels: tuple[str, ...], processes: int
) -> Iterator[tuple[str, int, dict[str, Worst]]]:
    """The worst so far and the floats done so far, function by function."""
    tasks = [(name, levels, start) for name in names for start in range(0, PATTERNS, TASK)]
    with get_context("spawn").Pool(processes) as pool:
        name, done, found = "", 0, dict[str, Worst]()
        for task, part in pool.imap(of_range, tasks):
            if task != name:
                name, done, found = task, 0, dict.fromkeys(levels, NOTHING)
            done += TASK
            found = {level: worse(found[level], part[level]) for level in levels}
            yield name, done, found


def doubles(name: str, count: int) -> Array:
    """Random ones of all sizes, and the borders; where a function has no probe, those of exp or of its own power."""
    if name.startswith("power_of"):
        return np.abs(arguments("exp", 64, count // 3, 64))
    like = FUNCTIONS[name] if name in FUNCTIONS else FUNCTIONS["exp"]
    return arguments(name if name in FUNCTIONS else "exp", 64, count // len(like.ranges), 64)


def of_random_doubles(name: str, levels: tuple[str, ...], count: int = DOUBLES) -> dict[str, Worst]:
    found = dict.fromkeys(levels, NOTHING)
    numbers = doubles(name, count)
    for start in range(0, len(numbers), BLOCK):
        x = numbers[start : start + BLOCK]
        with np.errstate(all="ignore"):
            block = judged(name, levels, x, of_doubles(name)(x.astype(np.longdouble)))
        found = {level: worse(found[level], block[level]) for level in levels}
    return found


def has_extended() -> bool:
    """Whether this platform's long double has more digits than a double."""
    return bool(np.finfo(np.longdouble).nmant >= 63)


def sample(step: int) -> NDArray[np.uint32]:
    """Every so many floats; the limits, and where one exponent gives way to the next."""
    exponents = np.arange(2**9, dtype=np.uint64) << 23
    return np.concatenate([np.arange(0, PATTERNS, step, dtype=np.uint64), exponents, exponents + (2**23 - 1)]).astype(
        np.uint32
    )
