"""The same numbers in every layout that NumPy has."""

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def c_order(a: Array) -> Array:
    return a.copy(order="C")


def fortran_order(a: Array) -> Array:
    return a.copy(order="F")


def step_two(a: Array) -> Array:
    big = np.full([2 * n for n in a.shape], 77, a.dtype)
    view = big[..., *(slice(None, None, 2) for _ in a.shape)]
    view[...] = a
    return view


def step_two_rows(a: Array) -> Array:
    """Only the first axis has gaps."""
    big = np.full((2 * a.shape[0], *a.shape[1:]) if a.ndim else (), 77, a.dtype)
    view = big[::2] if a.ndim else big
    view[...] = a
    return view


def negative(a: Array) -> Array:
    everywhere = (..., *(slice(None, None, -1) for _ in a.shape))
    return a[everywhere].copy()[everywhere]


def swapped(a: Array) -> Array:
    return a.astype(a.dtype.newbyteorder()) if a.dtype.kind in "iuf" else a


def unaligned(a: Array) -> Array:
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = np.ndarray(a.shape, a.dtype, raw.data, 1)
    view[...] = a
    return view


def read_only(a: Array) -> Array:
    a = a.copy()
    a.flags.writeable = False
    return a


def moved(a: Array) -> Array:
    """The last axis first in memory."""
    return np.moveaxis(np.moveaxis(a, -1, 0).copy(), 0, -1) if a.ndim else a


def in_a_record(a: Array) -> Array:
    """A field of a packed record: odd strides, unaligned."""
    records = np.zeros(a.shape, np.dtype([("before", "u1"), ("number", a.dtype), ("after", "u2")]))
    records["number"] = a
    return records["number"]


def swapped_step(a: Array) -> Array:
    return step_two(swapped(a))


def transposed(a: Array) -> Array:
    return a.T.copy().T


# These hold the same numbers as what they are made of.
LAYOUTS: dict[str, Callable[[Array], Array]] = {
    function.__name__: function
    for function in (
        c_order,
        fortran_order,
        step_two,
        step_two_rows,
        negative,
        swapped,
        swapped_step,
        unaligned,
        read_only,
        moved,
        in_a_record,
        transposed,
    )
}


def repeated(a: Array) -> Array:
    """Zero strides: the first row for all rows."""
    return np.broadcast_to(a[:1], a.shape) if a.ndim else a


def one_number(a: Array) -> Array:
    """Zero strides everywhere."""
    return np.broadcast_to(a.reshape(-1)[:1].reshape(()), a.shape) if a.size else a
