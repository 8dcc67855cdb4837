"""How answers are compared with the reference: everything a loss can be asked, within what rounding explains."""

from math import prod
from typing import Any

import numpy as np
from variants import FIRST

import pyloss
from pyloss import _errors

Array = np.ndarray

# Of the precision of the computation: a residual, a product, a polynomial, a weight, a scale and a store each round once.
ROUNDINGS = 6


def floating(array: Any) -> np.dtype:
    """The dtype of what has the shape and kind of a prediction."""
    dtype = np.asarray(array).dtype
    return dtype.newbyteorder("=") if dtype.kind == "f" or dtype.name == "bfloat16" else np.dtype(np.float64)


def eps_of(dtype: np.dtype) -> float:
    return 2.0**-8 if dtype.name == "bfloat16" else float(np.finfo(dtype).eps)


def least_of(dtype: np.dtype) -> float:
    return 1e-40 if dtype.name == "bfloat16" else float(np.finfo(dtype).smallest_subnormal)


def computed_in(loss: Any, y_true: Any, y_pred: Any) -> np.dtype:
    """The precision of a computation, as the documentation has it."""
    if isinstance(y_pred, tuple):
        truth = y_pred[0] if y_true is None else y_true
        return min((computed_in(loss, truth, part) for part in y_pred), key=eps_of)
    single = {"float16", "bfloat16", "float32"}
    small = {"bool", "int8", "uint8", "int16", "uint16"}
    truth, pred = np.asarray(y_true), np.asarray(y_pred)
    labels = truth.ndim < pred.ndim or (truth.dtype.kind in "iu" and loss.y_true_domain.bounded)
    narrow = pred.dtype.name in single | small and (labels or truth.dtype.name in single | small)
    return np.dtype(np.float32 if narrow else np.float64)


def assert_close(got: Any, expected: Any, dtype: np.dtype, scale: float, note: str = "") -> None:
    """Equal but for roundings in `dtype`, and for the textbook's own of numbers near 1; infinities and nans must be where they belong."""
    eps, own = ROUNDINGS * eps_of(dtype), ROUNDINGS * eps_of(np.dtype(np.float64))
    atol = max(eps * scale, own) + least_of(dtype)
    np.testing.assert_allclose(np.asarray(got, np.float64), expected, rtol=eps, atol=atol, err_msg=note)


def largest(numbers: Any) -> float:
    numbers = np.abs(np.asarray(numbers, np.float64))
    return float(np.max(numbers, initial=0.0, where=np.isfinite(numbers)))


def stored_as(numbers: Any, dtype: np.dtype) -> Array:
    """What is beyond the range of a dtype is infinite in it."""
    numbers, end = np.asarray(numbers, np.float64), 3e38 if dtype.name == "bfloat16" else float(np.finfo(dtype).max)
    return np.where(np.abs(numbers) > end, np.copysign(np.inf, numbers), numbers)


def wider(a: np.dtype, b: np.dtype) -> np.dtype:
    """The one of less precision."""
    return a if eps_of(a) >= eps_of(b) else b


def methods(loss: Any) -> list[str]:
    return ["__call__", "grad", "value_and_grad", *["grad_and_hess"] * hasattr(loss, "grad_and_hess")]


def answers(loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
    """Every number that a loss gives about one input, by the method and the number's name."""
    given = {"value": loss(y_true, y_pred, sample_weight), "grad": loss.grad(y_true, y_pred, sample_weight)}
    value, grad = loss.value_and_grad(y_true, y_pred, sample_weight)
    given |= {"value_and_grad value": value, "value_and_grad grad": grad}
    if hasattr(loss, "grad_and_hess"):
        grad, hess = loss.grad_and_hess(y_true, y_pred, sample_weight)
        given |= {"grad_and_hess grad": grad, "grad_and_hess hess": hess}
    return {name: part for whole, answer in given.items() for name, part in parts(whole, answer)}


def parts(name: str, answer: Any) -> list[tuple[str, Any]]:
    """The derivatives by several predictions one by one, each with its place."""
    if not isinstance(answer, tuple):
        return [(name, answer)]
    return [(f"{name} {place}", part) for place, part in enumerate(answer)]


def truth_of(expected: Any, name: str) -> Any:
    *_, kind, place = f"x {name}".split() if name[-1].isdecimal() else f"{name} 0".split()
    answer = getattr(expected, kind)
    return answer[int(place)] if isinstance(answer, tuple) else answer


def stored_in(y_pred: Any, name: str) -> np.dtype:
    """The dtype of an answer: that of its prediction."""
    if not isinstance(y_pred, tuple):
        return floating(y_pred)
    return floating(y_pred[int(name[-1]) if name[-1].isdecimal() else 0])


def differs(loss: Any, values: Any) -> bool:
    """Whether values are differences of larger terms: those below 0 are. The first losses are sums, but for what eps takes off them."""
    return loss.name not in FIRST and bool(np.any(np.asarray(values) < 0))


def check(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    weight: Any = None,
    given: tuple[Any, Any, Any] | None = None,
    limits: bool = False,
    terms: float = 1.0,
    summed: float = 1.0,
) -> None:
    """Compare all answers with the reference. `given` is what the loss gets instead of the plain arrays.

    With `limits` the reference may come to inf - inf or 0 nan: its nan says nothing then. `terms` is how large those
    are whose difference a number of the reference may be, and `summed` how many values its reduction adds up without
    dividing by them: where numbers repeat, all of them are rounded to the same side.
    """
    expected = pyloss.reference.evaluate(loss, y_true, y_pred, weight)
    computed = computed_in(loss, y_true, y_pred)
    shape = np.shape(y_pred[0] if isinstance(y_pred, tuple) else y_pred)
    classes = shape[loss.axis] if hasattr(loss, "axis") and loss.family in ("rowwise", "paired") else 1
    # A derivative may be the small difference of terms, shared among the elements; without a reduction, among those of a row.
    shared = terms * summed / max(1, classes if loss.reduction == "none" else prod(shape))
    if loss.family == "paired":  # a value is the difference of what the predictions sum up to
        classes *= max(1.0, largest(y_pred))
    classes *= terms * summed
    for name, answer in answers(loss, *(given or (y_true, y_pred, weight))).items():
        truth, stored = truth_of(expected, name), stored_in(y_pred, name)
        if limits:
            truth = np.where(np.isnan(truth), answer, truth)
        if isinstance(answer, float):
            assert_close(answer, truth, computed, classes, f"{loss} {name}")
            continue
        assert type(answer) is np.ndarray
        assert answer.shape == np.shape(truth)
        one_value = loss.family == "total" and name.endswith("value")
        assert answer.dtype == (np.dtype(np.float64) if one_value else stored), name
        scale = classes if name.endswith("value") else max(largest(truth), shared)
        if loss.family == "paired" or differs(loss, truth):
            scale = max(scale, largest(truth))
        assert_close(answer, stored_as(truth, stored), wider(computed, stored), scale, f"{loss} {name}")


def bits(array: Any) -> bytes:
    """What two answers of the same bits have in common: dtype, shape and bytes."""
    array = np.asarray(array)
    return repr((array.dtype, array.shape)).encode() + array.tobytes()


def assert_same_bits(got: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, answer in expected.items():
        if bits(got[name]) != bits(answer):
            np.testing.assert_array_equal(np.asarray(got[name]), np.asarray(answer), err_msg=name, strict=True)
            raise AssertionError(f"{name}: the same numbers but not the same bits")


def hint(loss: Any, argument: str) -> str:
    """What an error says to write for numbers that are of another kind."""
    return _errors.other_numbers(loss, argument)


def hint_at_label(loss: Any, label: int) -> str:
    if getattr(loss, "ignore_index", 0) is None and (label == 255 or -(2**53) < label < 0):
        return f" (write ignore_index={label} if it marks what is not to be counted)"
    return ""
