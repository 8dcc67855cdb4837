"""One row of the porting tables, and how it is read and run."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import pyloss

NAMES = {name: getattr(pyloss, name) for name in pyloss.__all__} | {"np": np}


@dataclass(frozen=True)
class Entry:
    """A peer's loss as it is written there, and the pyloss object that gives the same number for the same arrays."""

    theirs: str
    """An expression of y, p (q and r, where there are several predictions) and weights w in the peer's arrays."""
    ours: str
    """The object."""
    data: str
    """A name in `cases.CASES`."""
    why: str = ""
    """In what they differ, and why."""
    arguments: str = "y, p"
    """What the object is called with, in NumPy arrays of the same names."""
    less: str = ""
    """What is taken from the value, and does not depend on the prediction."""
    grad: str | bool = True
    """Whether gradients agree too; for a peer without autograd an expression that gives them, for one prediction."""
    tolerance: float = 1e-9
    """Relative, of what the peer's own epsilon leaves."""

    def made(self, names: dict[str, Any] = NAMES) -> pyloss.Loss:
        return eval(self.ours, dict(names))

    def answer(self, arrays: dict[str, Any]) -> tuple[float, tuple[np.ndarray, ...]]:
        """Value and gradients by pyloss."""
        names = NAMES | arrays
        loss = self.made(names)
        value, grad = loss.value_and_grad(*eval(f"({self.arguments},)", names))
        value -= eval(self.less, names) if self.less else 0.0
        return value, grad if isinstance(grad, tuple) else (grad,)


@dataclass(frozen=True)
class Peer:
    """All of one library."""

    name: str
    intro: str
    entries: tuple[Entry, ...]
    without: dict[str, str]
    """What there is no loss for, and why."""
