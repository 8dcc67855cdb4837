"""What comes in: array-likes made plain, checked as scikit-learn checks them, and copied only where NumPy has to."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .._tallies import BLOCK

Array = NDArray[Any]
DType = np.dtype[Any]

FLOAT64 = np.dtype(np.float64)
ELEMENTS = 16_384
"""How many go through at a time where something is prepared: they stay in the cache, and take no memory to speak of."""


def pieces(rows: int, width: int = 1) -> Iterator[slice]:
    """The rows of an array, some at a time: by multiples of a block, which are summed as the whole would be."""
    step = max(1, ELEMENTS // max(1, width))
    if step > BLOCK:
        step -= step % BLOCK
    for first in range(0, rows, step):
        yield slice(first, min(first + step, rows))


def row_count(given: Any) -> int:
    """The length of the first axis."""
    error = TypeError(f"Expected sequence or array-like, got {type(given)}")
    if callable(getattr(given, "fit", None)):  # an ensemble has a length too
        raise error
    shape = getattr(given, "shape", None)
    if shape is not None and len(shape) == 0:
        raise _scalar(given)
    if shape is not None and isinstance(shape[0], Integral):
        return int(shape[0])
    try:
        return len(given if hasattr(given, "__len__") else np.asarray(given))
    except TypeError:
        raise error from None


def _scalar(given: object) -> TypeError:
    return TypeError(
        f"Input should have at least 1 dimension i.e. satisfy `len(x.shape) > 0`, got scalar `{given!r}` instead."
    )


def check_lengths(*arrays: object) -> None:
    lengths = [row_count(array) for array in arrays if array is not None]
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")


def floating_dtype(*arrays: object) -> DType:
    """The widest of the floating dtypes among arrays, which is that of the result; lists and integers have no say."""
    held = [np.asarray(array).dtype for array in arrays if hasattr(array, "dtype")]
    floats = [dtype.newbyteorder("=") for dtype in held if dtype.kind == "f"]
    widest = np.result_type(*floats) if floats else FLOAT64
    return widest if widest.itemsize <= 8 else FLOAT64


def numbers(given: Any, dtype: DType, text: bool = True) -> Array:
    """A plain array of one or two axes: the one behind an object, if it holds numbers of pyloss; else a copy of the dtype.

    `text` says whether words that can be read as numbers will do.
    """
    if isinstance(given, np.matrix):
        raise TypeError("np.matrix is not supported. Please convert to a numpy array with np.asarray.")
    held = getattr(given, "dtype", None)
    if isinstance(held, np.dtype) and held.kind == "c":
        raise ValueError(f"Complex data not supported\n{given}\n")
    if isinstance(held, np.dtype) and held.kind in "biuf" and held.itemsize <= 8:
        array = np.asarray(given)
    else:
        array = _converted(given, dtype, text)
    check_shape(array)
    return array.view(np.uint8) if array.dtype == bool else array


def _converted(given: Any, dtype: DType, text: bool) -> Array:
    if not text and np.asarray(given).dtype.kind in "USV":
        raise ValueError("dtype='numeric' is not compatible with arrays of bytes/strings.")
    try:
        return np.asarray(given, dtype)
    except (TypeError, ValueError):
        if not hasattr(given, "iloc"):
            raise
    return np.asarray(given.astype(dtype))  # pandas makes nan of its missing values only if it is asked itself


def check_shape(array: Array) -> None:
    if not array.ndim:
        raise _scalar(array)
    if array.ndim > 2:
        raise ValueError(f"Found array with dim {array.ndim}, while dim <= 2 is required.")
    for axis, what in enumerate(("sample", "feature")[: array.ndim]):
        if not array.shape[axis]:
            raise ValueError(f"Found array with 0 {what}(s) (shape={array.shape}) while a minimum of 1 is required.")


def is_finite(array: Array) -> bool:
    """A finite sum has no nan and no infinity in it; one that overflows says nothing."""
    if array.dtype.kind != "f":
        return True
    with np.errstate(all="ignore"):
        total = np.add.reduce(array, axis=None)
    return bool(np.isfinite(total)) or all(
        np.isfinite(array[piece]).all() for piece in pieces(len(array), _width(array))
    )


def check_finite(array: Array, name: str = "", dtype: DType | None = None) -> None:
    if not is_finite(array):
        _refuse_not_finite(array, f"{name} " if name else "", dtype or array.dtype)


def _refuse_not_finite(array: Array, name: str, dtype: DType) -> NoReturn:
    offence = array[~np.isfinite(array)][0]
    what = "NaN" if np.isnan(offence) else f"infinity or a value too large for {dtype!r}"
    raise ValueError(f"Input {name}contains {what}.")


def _width(array: Array) -> int:
    return array.shape[1] if array.ndim > 1 else 1


def weights(given: Any, rows: int, dtype: DType = FLOAT64) -> Array | None:
    """One number for each row, not all of them 0; None for nothing."""
    if given is None:
        return None
    weight = numbers(given, dtype)
    check_finite(weight, "sample_weight")
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. "
            f"Expected either a scalar value or a 1D array of length {rows}."
        )
    if weight.shape != (rows,):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(rows,)}!")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def divisor(weight: Array | None, rows: int) -> float:
    """What a sum over rows is divided by for the mean."""
    total = float(rows if weight is None else np.add.reduce(weight, dtype=np.float64))
    if total == 0:
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    return total


def column(given: Any) -> Array:
    """A plain array of one axis, of whatever it holds; a column is taken for one."""
    array = plain(given)
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
        return array.reshape(-1)
    check_shape(array)
    raise ValueError(f"y should be a 1d array, got an array of shape {array.shape} instead.")


def plain(given: Any) -> Array:
    """The array behind an object, with pandas' own numbers as floats and ragged lists as objects."""
    if isinstance(given, np.matrix):
        raise TypeError("np.matrix is not supported. Please convert to a numpy array with np.asarray.")
    held = getattr(given, "dtype", None)
    if hasattr(given, "iloc") and not isinstance(held, np.dtype) and getattr(held, "kind", "O") in "biuf":
        return np.asarray(given.astype("float64"))
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.asarray(given, object)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{array}\n")
    return array


def extremes(array: Array) -> tuple[Any, Any]:
    """The least and the greatest number, nan if there is one, from one reading of the memory."""
    parts = [(part.min(), part.max()) for part in (array[rows] for rows in pieces(len(array), array[0].size))]
    return np.min([low for low, _ in parts]), np.max([high for _, high in parts])
