"""The memory floor: ways to read the inputs, and to write as much as a gradient, on the same threads. The fastest counts.

numba's loops, on one thread and on all; and NumPy's, on small data the time of a call, on large data in a pool of threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import numba
import numpy as np
from cases import Array, Data

Way = Callable[[], object]


@cache
def loops(parallel: bool, paired: bool) -> tuple[Any, Any]:
    """Read; read and write; with a truth for each prediction, or with fewer labels."""
    jit = numba.njit(fastmath=True, parallel=parallel)
    return jit(read_paired if paired else read_labelled), jit(write_paired if paired else write_labelled)


def read_paired(y: Array, p: Array) -> Any:
    total = p[0]
    for i in numba.prange(p.size):
        total += y[i] * p[i]
    return total


def write_paired(y: Array, p: Array, out: Array) -> None:
    for i in numba.prange(p.size):
        out[i] = y[i] + p[i]


def read_labelled(y: Array, p: Array) -> Any:
    labels, total = y[0], p[0]
    for i in numba.prange(y.size):
        labels += y[i]
    for i in numba.prange(p.size):
        total += p[i]
    return labels, total


def write_labelled(y: Array, p: Array, out: Array) -> Any:
    labels = y[0]
    for i in numba.prange(y.size):
        labels += y[i]
    for i in numba.prange(p.size):
        out[i] = p[i]
    return labels


@cache
def pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def ways(data: Data, call: str, threads: int) -> dict[str, Way]:
    y, p = data.y_true.ravel(), data.y_pred.ravel()
    grad = None if call == "value" else data.grad.ravel()
    paired = len(y) == len(p)
    steps = {f"numpy {name}": partial(in_threads, threads, step) for name, step in NUMPY[grad is None, paired].items()}
    for parallel in {False, threads > 1}:
        read, write = loops(parallel, paired)
        steps["numba, parallel" if parallel else "numba"] = read if grad is None else write
    if grad is None:
        return {name: partial(step, y, p) for name, step in steps.items()}
    if call == "value_and_grad":
        return {name: partial(step, y, p, grad) for name, step in steps.items()}
    return {name: partial(into_new, step, y, p) for name, step in steps.items()}


def into_new(step: Callable[..., object], y: Array, p: Array) -> None:
    step(y, p, np.empty(p.shape, p.dtype))  # half the time of empty_like


def read(y: Array, p: Array) -> None:
    y.max()
    p.max()


def copy(y: Array, p: Array, out: Array) -> None:
    """A copy may use streaming stores."""
    y.max()
    np.copyto(out, p)


NUMPY: dict[tuple[bool, bool], dict[str, Callable[..., object]]] = {
    (True, True): {"dot": np.dot, "read": read},
    (True, False): {"read": read},
    (False, True): {"add": np.add, "copy": copy},
    (False, False): {"copy": copy},
}
"""By whether only the value is wanted, and whether there is a truth for each prediction."""


def in_threads(threads: int, step: Callable[..., object], *arrays: Array) -> None:
    """Each thread has its part of the arrays."""
    if threads == 1:
        step(*arrays)
    else:
        list(pool(threads).map(step, *(np.array_split(array, threads) for array in arrays)))
