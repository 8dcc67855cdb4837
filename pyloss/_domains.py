"""Where a loss is defined: domains are data on the class, and the engine checks them on every block."""

import re
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Domain:
    """An interval of numbers, or of whole numbers; nan is always let through."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False
    integral: bool = False
    accepts_bool: bool = False

    @property
    def bounded(self) -> bool:
        """Whether every whole number in it is exact in float32, so that integer labels need not be promoted."""
        return max(abs(self.low), abs(self.high)) <= 2**24

    def contains(self, number: float) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below and (not self.integral or number == round(number))

    def __str__(self) -> str:
        if self.integral:
            return f"one of {', '.join(str(number) for number in range(int(self.low), int(self.high) + 1))}"
        if self.low == -inf and self.high == inf:
            return {(False, False): "any number", (False, True): "< inf", (True, False): "> -inf"}.get(
                (self.low_open, self.high_open), "finite"
            )
        if self.high == inf and not self.high_open:
            return f"{'>' if self.low_open else '>='} {self.low:g}"
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"in {left}{self.low:g}, {self.high:g}{right}"


REAL = Domain()
FINITE = Domain(low_open=True, high_open=True)
POSITIVE = Domain(low=0, low_open=True)
FINITE_POSITIVE = Domain(low=0, low_open=True, high_open=True)
NOT_NEGATIVE = Domain(low=0)
FINITE_NOT_NEGATIVE = Domain(low=0, high_open=True)
INSIDE_UNIT = Domain(low=0, high=1, low_open=True, high_open=True)
FROM_MINUS_ONE = Domain(low=-1, high_open=True)
FRACTION = Domain(low=0, high=1, low_open=True)
ABOVE_MINUS_ONE = Domain(low=-1, low_open=True)
PROBABILITY = Domain(low=0, high=1)
BINARY = Domain(low=0, high=1, accepts_bool=True)
SIGN = Domain(low=-1, high=1, integral=True, accepts_bool=True)


def interval(text: str) -> Domain | None:
    """What is written as "[0, 1]" or "(0, inf)"; None if it is no interval."""
    match = re.fullmatch(r"\s*([\[(])([^,]+),([^,]+)([\])])\s*", text)
    if not match:
        return None
    left, low, high, right = match.groups()
    try:
        domain = Domain(float(low), float(high), low_open=left == "(", high_open=right == ")")
    except ValueError:
        return None
    return domain if domain.low < domain.high or domain.contains(domain.low) else None
