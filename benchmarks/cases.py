"""What is timed: every loss of the registry, over dtypes and shapes, on data drawn from its declared domains."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import product
from math import isfinite, prod
from typing import Any, NamedTuple

import numpy as np
import numpy_best
from numpy.typing import NDArray

import pyloss

Array = NDArray[Any]

SIZES = (32, 1_000, 100_000, 10_000_000)
SOFTMAX_SHAPES = ((100_000, 10), (10_000, 1_000))
DTYPES = (np.float32, np.float64)
CALLS = ("value", "value_and_grad")


@dataclass(frozen=True)
class Case:
    form: str
    loss: pyloss.Loss
    dtype: type
    shape: tuple[int, ...]

    @property
    def size(self) -> str:
        return "x".join(map(str, self.shape))

    @property
    def elements(self) -> int:
        return prod(self.shape)


class Data(NamedTuple):
    y_true: Array
    y_pred: Array
    grad: Array
    scratch: numpy_best.Scratch

    def bytes_moved(self, call: str) -> tuple[int, int]:
        """Bytes read and written if each array moves once."""
        return self.y_true.nbytes + self.y_pred.nbytes, self.grad.nbytes * (call != "value")


@cache
def forms() -> dict[str, pyloss.Loss]:
    """Every loss by its stem, and beside it the form from logits where there is one."""
    found = {}
    for stem, loss in pyloss.LOSSES.items():
        found[stem] = loss()
        if any(field.name == "from_logits" for field in fields(loss)):
            found[f"{stem}_from_logits"] = loss(from_logits=True)
    return found


def cases() -> Iterator[Case]:
    for (form, loss), dtype in product(forms().items(), DTYPES):
        for shape in shapes(loss):
            yield Case(form, loss, dtype, shape)


def shapes(loss: pyloss.Loss) -> list[tuple[int, ...]]:
    if loss.family != "rowwise":
        return [(size,) for size in SIZES]
    rows = [(size // 8, 8) if size % 10 else (size // 10, 10) for size in SIZES]
    return rows + list(SOFTMAX_SHAPES) * getattr(loss, "from_logits", False)


@lru_cache(maxsize=1)
def data(case: Case) -> Data:
    rng = np.random.default_rng(0)
    y_pred = draw(rng, case.loss, case.loss.y_pred_domain, case)
    if getattr(case.loss, "labels", "") == "always":
        y_true = rng.integers(case.shape[-1], size=case.shape[:-1])
    else:
        y_true = draw(rng, case.loss, case.loss.y_true_domain, case)
    return Data(y_true, y_pred, np.zeros_like(y_pred), numpy_best.scratch_for(y_pred))


def draw(rng: np.random.Generator, loss: pyloss.Loss, domain: Any, case: Case) -> Array:
    """Random numbers from inside a domain: off its borders, where derivatives are infinite."""
    if domain.integral:
        return rng.choice(np.array([domain.low, domain.high], case.dtype), case.shape)
    if isfinite(domain.low) and isfinite(domain.high):
        array = rng.random(case.shape, case.dtype)
        array *= 0.98 * (domain.high - domain.low)
        array += domain.low + 0.01 * (domain.high - domain.low)
        return array
    if isfinite(domain.low):
        array = rng.standard_exponential(case.shape, case.dtype)
        array += domain.low + 0.01
        if loss.family == "rowwise":
            array /= array.sum(axis=-1, keepdims=True)
        return array
    return rng.standard_normal(case.shape, case.dtype)
