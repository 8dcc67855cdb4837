"""What an oracle answers, and how its answers are weighed and reduced."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._formulas import silent
from .._from_kernel import KernelLoss

Array: TypeAlias = NDArray[np.float64]
Axes: TypeAlias = int | tuple[int, ...] | None

_NOT_PARAMETERS = {"reduction", "on_empty", "check"}


class Result(NamedTuple):
    """A value (or one per element or row), its derivative by `y_pred`, and the diagonal second one if there is one.

    The derivatives by several predictions are tuples.
    """

    value: Array | float
    grad: Any
    hess: Any


_Oracle = TypeVar("_Oracle", bound=Callable[..., Result])
_oracles: dict[str, Callable[..., Result]] = {}


def oracle(function: _Oracle) -> _Oracle:
    """Register a textbook function under its stem; what it divides by zero or overflows, it does without a warning."""
    quiet = silent(function)
    _oracles[function.__name__] = quiet
    return quiet


_Count = TypeVar("_Count", bound=Callable[..., Any])
_counts: dict[str, Callable[..., Any]] = {}


def counting(*stems: str) -> Callable[[_Count], _Count]:
    """Register what each row counts in the mean's divisor, where that is not 1; it takes what the oracle does."""

    def register(function: _Count) -> _Count:
        _counts.update(dict.fromkeys(stems, function))
        return function

    return register


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


def weighed(terms: Array, weight: Array, divisor: float = 1.0) -> Array:
    """Terms times weights; a term of weight 0 is left out, even if it is NaN."""
    return np.where(weight == 0, 0.0, terms * weight / divisor)


def _divisor(reduction: str, weight: Array, counts: ArrayLike) -> float:
    count = weight.shape[0] if weight.ndim else 1
    mean = float(weighed(np.broadcast_to(counts, weight.shape), weight).sum())
    return {"none": 1.0, "sum": 1.0, "mean": mean, "batchmean": float(count)}[reduction]


@silent
def reduce(
    result: Result,
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    empty: float = np.nan,
    counts: ArrayLike = 1.0,
) -> Result:
    """Weigh and reduce an elementwise or rowwise result; the derivatives become those of the number returned.

    `axis` is the class axis, which a row's derivatives have and its value has not; `empty` is the mean of nothing; `counts` is what
    each value counts in the mean's divisor beside its weight.
    """
    weight = spread(sample_weight, np.shape(result.value))
    divisor = _divisor(reduction, weight, counts)

    def scaled(terms: Any) -> Any:
        if terms is None or isinstance(terms, tuple):
            return terms and tuple(scaled(part) for part in terms)
        rows = weight if terms.ndim == weight.ndim else np.expand_dims(weight, axis)
        return weighed(terms, rows, divisor) if divisor else np.zeros_like(terms)

    grad, hess = scaled(result.grad), scaled(result.hess)
    values = weighed(np.asarray(result.value), weight)
    if reduction == "none":
        return Result(values, grad, hess)
    return Result(float(values.sum()) / divisor if divisor else empty, grad, hess)


def evaluate(loss: Any, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Result:
    """All that a loss object answers, from the oracle of its name; `on_empty="raise"` is taken for "nan".

    Of a `pyloss.Sum` the weighted sum of its terms' answers. The mask of a masked array is ignored: give what is masked the weight 0.
    """
    if isinstance(loss, KernelLoss):
        raise TypeError(f"{loss.name}: a loss made of a kernel has no textbook to evaluate")
    if loss.name == "sum":
        return _total([(weight, evaluate(term, y_true, y_pred, sample_weight)) for weight, term in loss.terms])
    if loss.name not in _oracles:
        raise TypeError(f"{loss.name}: evaluate is for losses of (y_true, y_pred)")
    function = _oracles[loss.name]
    fields = (field.name for field in dataclasses.fields(loss))
    parameters = {name: getattr(loss, name) for name in fields if name not in _NOT_PARAMETERS}
    empty = 0.0 if loss.on_empty == "zero" else np.nan
    if loss.family not in ("total", "contrastive", "sorted"):
        result = function(y_true, y_pred, **parameters)
        counts = _counts[loss.name](y_true, y_pred, **parameters) if loss.name in _counts else 1.0
        return reduce(
            result, loss.reduction, sample_weight, axis=parameters.get("axis", -1), empty=empty, counts=counts
        )
    parameters["sample_weight"] = sample_weight
    result = function(y_true, y_pred, **parameters)
    if loss.family == "contrastive":
        counts = _counts[loss.name](y_true, y_pred, **parameters) if loss.name in _counts else 1.0
        return reduce_batch(result, loss.reduction, sample_weight, empty, counts)
    shape = np.shape(y_true) if loss.family == "sorted" else result.grad.shape
    counts = spread(sample_weight, shape).any(axis=parameters.get("axis"))
    return reduce_cases(result, loss.reduction, np.asarray(counts), empty)


def _total(terms: list[tuple[float, Result]]) -> Result:
    """The weighted sum of results; a term of weight 0 is left out, but for the shape."""

    def added(parts: list[Any]) -> Any:
        if any(part is None for part in parts):
            return None
        if isinstance(parts[0], tuple):
            return tuple(added(list(same)) for same in zip(*parts, strict=True))
        return sum(
            weight * part if weight else np.zeros_like(part) for (weight, _), part in zip(terms, parts, strict=True)
        )

    value, grad, hess = (added([result[k] for _, result in terms]) for k in range(3))
    return Result(value, grad, hess)


def reduce_batch(
    result: Result, reduction: str, sample_weight: ArrayLike | None, empty: float, counts: ArrayLike
) -> Result:
    """Reduce the values of rows of which each depends on the others: the weights are in the derivatives already."""
    divisor = _divisor(reduction, spread(sample_weight, np.shape(result.value)), counts)
    value = reduce(result._replace(grad=None), reduction, sample_weight, empty=empty, counts=counts).value
    grads = result.grad if isinstance(result.grad, tuple) else (result.grad,)
    scaled = tuple(grad / divisor if divisor else np.zeros_like(grad) for grad in grads)
    return Result(value, scaled if isinstance(result.grad, tuple) else scaled[0], None)


def reduce_cases(result: Result, reduction: str, counts: NDArray[np.bool_], empty: float) -> Result:
    """Reduce the values of separate cases, of which some count."""
    values = np.where(counts, result.value, empty)
    if reduction == "none":
        return result._replace(value=values)
    rows = values.shape[0] if values.ndim else counts.sum()
    divisor = {"mean": float(counts.sum()), "sum": 1.0, "batchmean": float(rows)}[reduction]
    if not divisor:
        return result._replace(value=empty)
    return result._replace(value=float(values[counts].sum()) / divisor, grad=result.grad / divisor)
