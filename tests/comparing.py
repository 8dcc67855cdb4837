"""How answers are compared with the reference: everything a loss can be asked, within what rounding explains."""

from typing import Any

import numpy as np

import pyloss

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
    single = {"float16", "bfloat16", "float32"}
    small = {"bool", "int8", "uint8", "int16", "uint16"}
    truth, pred = np.asarray(y_true), np.asarray(y_pred)
    labels = truth.ndim < pred.ndim or (truth.dtype.kind in "iu" and loss.y_true_domain.bounded)
    narrow = pred.dtype.name in single | small and (labels or truth.dtype.name in single | small)
    return np.dtype(np.float32 if narrow else np.float64)


def assert_close(got: Any, expected: Any, dtype: np.dtype, scale: float, note: str = "") -> None:
    """Equal but for roundings in `dtype`; infinities and nans must be where they are expected."""
    eps = ROUNDINGS * eps_of(dtype)
    np.testing.assert_allclose(
        np.asarray(got, np.float64), expected, rtol=eps, atol=eps * scale + least_of(dtype), err_msg=note
    )


def largest(numbers: Any) -> float:
    numbers = np.abs(np.asarray(numbers, np.float64))
    return float(np.max(numbers, initial=1.0, where=np.isfinite(numbers)))


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
    return given


def check(loss: Any, y_true: Any, y_pred: Any, weight: Any = None, given: tuple[Any, Any, Any] | None = None) -> None:
    """Compare all answers with the reference. `given` is what the loss gets instead of the plain arrays."""
    expected = pyloss.reference.evaluate(loss, y_true, y_pred, weight)
    computed, stored = computed_in(loss, y_true, y_pred), floating(y_pred)
    classes = np.shape(y_pred)[loss.axis] if loss.family == "rowwise" else 1
    for name, answer in answers(loss, *(given or (y_true, y_pred, weight))).items():
        truth = getattr(expected, name.split()[-1])
        if isinstance(answer, float):
            assert_close(answer, truth, computed, classes, f"{loss} {name}")
            continue
        assert type(answer) is np.ndarray
        assert answer.shape == np.shape(truth)
        one_value = loss.family == "total" and name.endswith("value")
        assert answer.dtype == (np.dtype(np.float64) if one_value else stored), name
        scale = classes if name.endswith("value") else largest(truth)
        assert_close(answer, truth, wider(computed, stored), scale, f"{loss} {name}")


def bits(array: Any) -> bytes:
    """What two answers of the same bits have in common: dtype, shape and bytes."""
    array = np.asarray(array)
    return repr((array.dtype, array.shape)).encode() + array.tobytes()


def assert_same_bits(got: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, answer in expected.items():
        if bits(got[name]) != bits(answer):
            np.testing.assert_array_equal(np.asarray(got[name]), np.asarray(answer), err_msg=name, strict=True)
            raise AssertionError(f"{name}: the same numbers but not the same bits")
