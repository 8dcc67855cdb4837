"""What an oracle answers, and how its answers are weighed and reduced."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]

_NOT_PARAMETERS = {"reduction", "on_empty", "check"}


class Result(NamedTuple):
    """A value (or one per element or row), its derivative by `y_pred`, and the diagonal second one if there is one."""

    value: Array | float
    grad: Array
    hess: Array | None


_Oracle = TypeVar("_Oracle", bound=Callable[..., Result])
_oracles: dict[str, Callable[..., Result]] = {}


def oracle(function: _Oracle) -> _Oracle:
    """Register a textbook function under its stem; what it divides by zero or overflows, it does without a warning."""
    quiet = np.errstate(all="ignore")(function)
    _oracles[function.__name__] = quiet
    return quiet


def floats(*arrays: ArrayLike) -> tuple[Array, ...]:
    return tuple(np.asarray(array, dtype=np.float64) for array in arrays)


def spread(sample_weight: ArrayLike | None, shape: tuple[int, ...]) -> Array:
    """The weights in the given shape: ones for None, and one number per row (first axis) repeated along the row."""
    if sample_weight is None:
        return np.ones(shape)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != shape and weight.shape == shape[:1]:
        weight = weight.reshape(shape[:1] + (1,) * (len(shape) - 1))
    return np.broadcast_to(weight, shape)


def weighed(terms: Array, weight: Array) -> Array:
    """Terms times weights; a term of weight 0 is left out, even if it is NaN."""
    return np.where(weight == 0, 0.0, terms * weight)


@np.errstate(all="ignore")
def reduce(
    result: Result,
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    empty: float = np.nan,
) -> Result:
    """Weigh and reduce an elementwise or rowwise result; the derivatives become those of the number returned.

    `axis` is the class axis, which a row's derivatives have and its value has not; `empty` is the mean of nothing.
    """
    weight = spread(sample_weight, np.shape(result.value))
    rows = weight if result.grad.ndim == weight.ndim else np.expand_dims(weight, axis)
    count = weight.shape[0] if weight.ndim else 1
    divisor = {"none": 1.0, "sum": 1.0, "mean": float(weight.sum()), "batchmean": float(count)}[reduction]

    def scaled(terms: Array) -> Array:
        return weighed(terms, rows) / divisor if divisor else np.zeros_like(terms)

    grad, hess = scaled(result.grad), None if result.hess is None else scaled(result.hess)
    values = weighed(np.asarray(result.value), weight)
    if reduction == "none":
        return Result(values, grad, hess)
    return Result(float(values.sum()) / divisor if divisor else empty, grad, hess)


def evaluate(loss: Any, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Result:
    """All that a loss object answers, from the oracle of its name; `on_empty="raise"` is taken for "nan"."""
    function = _oracles[loss.name]
    fields = (field.name for field in dataclasses.fields(loss))
    parameters = {name: getattr(loss, name) for name in fields if name not in _NOT_PARAMETERS}
    empty = 0.0 if loss.on_empty == "zero" else np.nan
    if loss.family != "total":
        result = function(y_true, y_pred, **parameters)
        return reduce(result, loss.reduction, sample_weight, axis=parameters.get("axis", -1), empty=empty)
    result = function(y_true, y_pred, sample_weight=sample_weight, **parameters)
    nothing = not spread(sample_weight, result.grad.shape).any()
    return result._replace(value=empty if nothing else float(result.value))
