"""Derivatives by differences of values, with an estimate of their error."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, isnan, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._formulas import silent

EPS = float(np.finfo(np.float64).eps)
MOST_STEPS = 30
ORDERS = 6
"""How many powers of the step are extrapolated away."""

SLACK = 4
"""An error of an extrapolation is known to a factor only."""

Numbers = NDArray[np.float64]
Function = Callable[[float], "Numbers | None"]
"""The numbers that depend on one entry, for a value of that entry; None where there are none."""


class Slope(NamedTuple):
    """A derivative, and how far it may be off."""

    slope: float
    error: float


UNKNOWN = Slope(nan, inf)


@dataclass(frozen=True)
class Differences:
    """The slope of a function at a point, from both sides and from each."""

    central: Slope
    left: Slope
    right: Slope
    kink: float | None
    """Within what distance of the point the slope changes abruptly; None if it does not."""


class Samples:
    """A function about a point: what has been evaluated is kept. `size` is that of the point, and no less than 1 unless it is given."""

    def __init__(self, function: Function, point: float, size: float = 0.0):
        self.function = function
        self.point = point
        self.known: dict[float, Numbers | None] = {}
        step = 2.0 ** (np.ceil(np.log2(size or max(1.0, abs(point)))) - 3)
        self.steps = [step * 2.0**-k for k in range(MOST_STEPS)]

    def at(self, offset: float) -> Numbers | None:
        where = self.point + offset
        if where not in self.known:
            self.known[where] = self.function(where)
        return self.known[where]

    @silent
    def rise(self, left: float, right: float) -> Slope:
        """The difference quotient between two offsets, and what rounding does to it."""
        low, high = self.at(left), self.at(right)
        width = (self.point + right) - (self.point + left)
        if low is None or high is None or not width > 0:
            return UNKNOWN
        moved = ~((low == high) | (np.isnan(low) & np.isnan(high)))
        there = moved if moved.any() else np.full(low.shape, bool(np.isfinite(low).all()))
        rounding = EPS * float(np.max(np.abs(low) + np.abs(high), initial=0.0, where=there))
        if not there.any() or not np.isfinite(rounding):
            return UNKNOWN
        return Slope(float((high[there] - low[there]).sum()) / width, 2 * rounding / width)

    def central(self) -> Slope:
        return extrapolate([(-step, step) for step in self.steps], self, power=2)

    def one_sided(self, side: int) -> Slope:
        return extrapolate([(min(0.0, side * step), max(0.0, side * step)) for step in self.steps], self, power=1)

    def beside(self, side: int) -> Slope:
        """The slope that a side comes in with, without the value at the point itself: for a function that jumps there."""
        return extrapolate([tuple(sorted((side * step, side * step / 2))) for step in self.steps], self, power=1)

    def kink(self) -> float | None:
        """The least step over which the slopes of both sides do not come together as those of a smooth function do."""
        found = None
        bends = [self.bend(step) for step in self.steps]
        for step, (bend, error), (half, half_error) in zip(self.steps, bends, bends[1:], strict=False):
            if abs(bend) <= SLACK * error:
                continue
            if half_error > abs(bend) / 4:
                break
            if abs(half) > 0.7 * abs(bend):
                found = step / 2
            elif abs(half) < 0.05 * abs(bend):  # it lies between the two steps
                found = step
        return found

    def has_kink(self) -> bool:
        """Whether the slopes of both sides stay apart over small steps."""
        (bend, error), (quarter, _) = (self.bend(self.steps[k]) for k in (20, 22))
        return abs(bend) > SLACK * error and abs(quarter) > 0.7 * abs(bend)

    def bend(self, step: float) -> tuple[float, float]:
        left, right = self.rise(-step, 0.0), self.rise(0.0, step)
        return right.slope - left.slope, left.error + right.error + EPS * (abs(left.slope) + abs(right.slope))

    def jumps(self) -> bool:
        """Whether the function itself is discontinuous at the point: its slope grows as the step shrinks."""
        quotients = [self.rise(-step, step) for step in self.steps[8:20:4]]
        sizes = [abs(quotient.slope) for quotient in quotients]
        return all(isfinite(size) and size > 0 for size in sizes) and all(8 < b / a < 32 for a, b in pairwise(sizes))

    def jumps_here(self) -> bool:
        """Whether most of a jump lies within a few units of the point's last place: else it may be a steep rise, or elsewhere."""
        unit = 4 * max(float(np.spacing(abs(self.point))), float(np.finfo(np.float64).tiny))
        near, far = self.rise(-unit, unit), self.rise(-self.steps[16], self.steps[16])
        return bool(abs(near.slope) * unit > 0.5 * abs(far.slope) * self.steps[16])


def extrapolate(spans: list[tuple[float, ...]], samples: Samples, power: int) -> Slope:
    """Ridders' method: the quotients of halved steps, extrapolated to the step 0; the one whose neighbours are nearest."""
    best = UNKNOWN
    before: list[float] = []
    for left, right in spans:
        quotient = samples.rise(left, right)
        if isnan(quotient.slope):
            before = []
            continue
        if quotient.error > best.error:
            break
        row = [quotient.slope]
        for order, older in enumerate(before[:ORDERS], 1):
            factor = 2.0 ** (power * order)
            row.append((factor * row[-1] - older) / (factor - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - older)) + SLACK * quotient.error
            if error < best.error:
                best = Slope(row[-1], error)
        before = row
    return best


def differences(samples: Samples) -> Differences:
    """The slopes about a point. A function that jumps there has a kink at the distance 0, and the slopes are those beside it."""
    if samples.jumps():
        return Differences(UNKNOWN, samples.beside(-1), samples.beside(1), 0.0)
    return Differences(samples.central(), samples.one_sided(-1), samples.one_sided(1), samples.kink())


def changed(answer: Any) -> Numbers:
    """An answer as a row of numbers."""
    return np.asarray(answer, np.float64).reshape(-1)
