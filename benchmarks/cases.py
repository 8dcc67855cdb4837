"""What is timed: every loss of the registry, over dtypes and shapes, on data drawn from its declared domains."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
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
# Every row meets every other one.
BATCH_SHAPES = ((4, 8), (100, 10), (1_000, 100))
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
    """The arrays of a call. Losses of several predictions have tuples of them, and those without a truth have None."""

    y_true: Any
    y_pred: Any
    grad: Any
    scratch: numpy_best.Scratch

    def inputs(self) -> list[Array]:
        return [array for array in (self.y_true, *several(self.y_pred)) if array is not None]

    def bytes_moved(self, call: str) -> tuple[int, int]:
        """Bytes read and written if each array moves once."""
        written = sum(array.nbytes for array in several(self.grad))
        return sum(array.nbytes for array in self.inputs()), written * (call != "value")


def several(arrays: Any) -> tuple[Array, ...]:
    return arrays if isinstance(arrays, tuple) else (arrays,)


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
        for shape in shapes(form, loss):
            yield Case(form, loss, dtype, shape)


def shapes(form: str, loss: pyloss.Loss) -> list[tuple[int, ...]]:
    """An oracle, which stands in where there is no twin, would take minutes on the largest."""
    sizes = SIZES if form in numpy_best.TWINS else SIZES[:-1]
    if loss.family == "contrastive":
        return list(BATCH_SHAPES)
    if not has_rows(loss):
        return [(size,) for size in sizes]
    classes = next((len(given) for given in loss.parameters.values() if isinstance(given, tuple)), 0)
    rows = [(size // (classes or few(size)), classes or few(size)) for size in sizes]
    return rows + list(SOFTMAX_SHAPES) * (getattr(loss, "from_logits", False) and form in numpy_best.TWINS)


def few(size: int) -> int:
    return 8 if size % 10 else 10


def has_rows(loss: pyloss.Loss) -> bool:
    return loss.family == "rowwise" or (loss.family == "paired" and hasattr(loss, "axis"))


@lru_cache(maxsize=1)
def data(case: Case) -> Data:
    rng = np.random.default_rng(0)
    names = case.loss.predictions or {"": case.loss.y_pred_domain}
    predictions = tuple(draw(rng, case.loss, domain, case) for domain in names.values())
    grads = tuple(map(np.zeros_like, predictions))
    y_pred, grad = (predictions, grads) if case.loss.predictions else (predictions[0], grads[0])
    return Data(truth(rng, case), y_pred, grad, numpy_best.scratch_for(predictions[0]))


def truth(rng: np.random.Generator, case: Case) -> Array | None:
    """Labels, lists of labels, one number a row, or what has the shape of a prediction."""
    loss, rows = case.loss, case.shape[:-1]
    if loss.labels == "none":
        return None
    if loss.family == "contrastive":
        return rng.integers(rows[0] // 2, size=rows)
    if loss.labels == "always":
        return rng.integers(case.shape[-1], size=rows)
    if loss.labels == "lists":
        lists = rng.permuted(np.broadcast_to(np.arange(case.shape[-1]), case.shape), axis=-1)
        lists[..., 2:] = -1
        return lists
    if loss.labels == "rows":
        case = replace(case, shape=rows)
    return draw(rng, loss, loss.y_true_domain, case)


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
