"""Losses of dask arrays: by pyloss.adapters.dask, and in dask's own arithmetic. Prints a table: medians, peaks of memory."""

import tracemalloc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import dask
import dask.array as da
import numpy as np

import pyloss
from pyloss.adapters import dask as losses

ROWS, CHUNK, REPEATS = 20_000_000, 1 << 20, 5
CLASSES = 10


def mse(y: Any, p: Any) -> tuple[Any, Any]:
    r = p - y
    return (r * r).mean(), 2 / y.size * r


def huber(y: Any, p: Any) -> tuple[Any, Any]:
    r = p - y
    slope = da.clip(r, -1, 1)
    return (slope * (r - slope / 2)).mean(), slope / y.size


def logistic(y: Any, z: Any) -> tuple[Any, Any]:
    tail = da.exp(-abs(z))
    share = da.where(z > 0, 1, tail) / (1 + tail)
    return (da.maximum(z, 0) - y * z + da.log1p(tail)).mean(), (share - y) / y.size


def softmax(labels: Any, z: Any) -> tuple[Any, Any]:
    z = z - z.max(axis=1, keepdims=True)
    powers = da.exp(z)
    total = powers.sum(axis=1, keepdims=True)
    truth = labels[:, None] == np.arange(z.shape[1])
    value = (da.log(total[:, 0]) - da.where(truth, z, 0).sum(axis=1)).mean()
    return value, (powers / total - truth) / np.float32(len(z))


def in_chunks(array: Any) -> Any:
    return da.from_array(array, chunks=(CHUNK // (array.size // len(array)), *array.shape[1:]), name=False)


def cases() -> dict[str, tuple[Any, Callable[..., Any], Any, Any]]:
    rng = np.random.default_rng(0)
    y, p = rng.standard_normal(ROWS, np.float32), rng.standard_normal(ROWS, np.float32)
    bits = (y > 0).astype(np.float32)
    labels, z = rng.integers(0, CLASSES, ROWS // CLASSES), p.reshape(-1, CLASSES)
    labels = da.from_array(labels, chunks=CHUNK // CLASSES, name=False)
    return {
        "`MSE`": (pyloss.MSE(), mse, in_chunks(y), in_chunks(p)),
        "`Huber`": (pyloss.Huber(), huber, in_chunks(y), in_chunks(p)),
        "`BCE` from logits": (pyloss.BCE(from_logits=True), logistic, in_chunks(bits), in_chunks(p)),
        "`CCE` from logits, 10 classes": (pyloss.CCE(from_logits=True), softmax, labels, in_chunks(z)),
    }


def drained(gradient: Any) -> Any:
    """What takes a gradient in, chunk by chunk: its whole would be more memory than all that is measured."""
    return gradient.map_blocks(lambda chunk: np.ones((1,) * chunk.ndim), dtype=float, chunks=(1,) * gradient.ndim)


def seconds(graph: tuple[Any, ...], scheduler: str) -> float:
    start = perf_counter()
    dask.compute(*graph, scheduler=scheduler, num_workers=2)
    return perf_counter() - start


def megabytes(graph: tuple[Any, ...], scheduler: str) -> float:
    tracemalloc.start()
    dask.compute(*graph, scheduler=scheduler, num_workers=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def compare(name: str, what: str, ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    """Interleaved, so that a slow moment of the machine is both's."""
    mine, other = (float(dask.compute(graph[0], scheduler="threads")[0]) for graph in (ours, theirs))
    assert abs(mine - other) < 1e-4 * abs(mine), "not the same value"
    cells = []
    for scheduler in ("synchronous", "threads"):
        pairs = [(seconds(ours, scheduler), seconds(theirs, scheduler)) for _ in range(REPEATS)]
        mine, other = (median(pair[k] for pair in pairs) for k in range(2))
        cells.append(f"{mine * 1e3:.0f} ms | {other * 1e3:.0f} ms ({other / mine:.1f}x)")
    peaks = [f"{megabytes(graph, 'threads'):.0f} MB" for graph in (ours, theirs)]
    print(f"| {name}, {what} | {' | '.join((*cells, *peaks))} |", flush=True)


def main() -> None:
    print("| | one thread: pyloss | dask | two: pyloss | dask | memory, two threads: pyloss | dask |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, (loss, by_dask, y, p) in cases().items():
        value, gradient = by_dask(y, p)
        compare(name, "value", (losses.value(loss, y, p),), (value,))
        own_value, own_gradient = losses.value_and_grad(loss, y, p)
        compare(name, "both", (own_value, drained(own_gradient)), (value, drained(gradient)))


if __name__ == "__main__":
    main()
