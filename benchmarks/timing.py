"""Clocks: medians of calls that take turns, and the time that moving the bytes takes at least."""

from statistics import median
from time import perf_counter
from timeit import Timer

import numpy as np
from cases import Data

SHORTEST_ROUND = 50e-6


def medians(*timers: Timer, budget: float, rounds: int = 5) -> list[float]:
    """Median seconds of each call. The calls take turns, so that what disturbs one disturbs all."""
    numbers = [1 + int(SHORTEST_ROUND / min(timer.repeat(2, 1))) for timer in timers]
    times: list[list[float]] = [[] for _ in timers]
    stop = perf_counter() + budget
    while perf_counter() < stop or len(times[0]) < rounds:
        for timer, number, record in zip(timers, numbers, times, strict=True):
            record.append(timer.timeit(number) / number)
    return [median(record) for record in times]


def floor(data: Data, call: str, budget: float = 0.04) -> float:
    """Seconds in which one thread reads the inputs, and writes the gradient if there is one: the faster of two ways.

    A BLAS dot, or an addition, moves two inputs at once; a maximum, and a copy, which may use streaming stores, one
    at a time. On small data this is the time of NumPy's calls.
    """
    y_true, y_pred, grad = data.y_true.ravel(), data.y_pred.ravel(), data.grad.ravel()
    if call == "value":
        together, apart = (lambda: y_true.dot(y_pred)), (lambda: (y_true.max(), y_pred.max()))
    else:
        together, apart = (lambda: np.add(y_true, y_pred, grad)), (lambda: (y_true.max(), np.copyto(grad, y_pred)))
    ways = [together, apart] if y_true.shape == y_pred.shape else [apart]
    return min(medians(*map(Timer, ways), budget=budget))
