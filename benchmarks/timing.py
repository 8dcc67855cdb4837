"""Clocks: medians of calls that take turns, and the time that moving the bytes takes at least."""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter, sleep
from timeit import Timer

import numpy as np
from cases import Data, several

SHORTEST_ROUND = 50e-6


def medians(*timers: Timer, budget: float, rounds: int = 5, pause: float = 0) -> list[float]:
    """Median seconds of each call. The calls take turns, so that what disturbs one disturbs all.

    After a pause, short calls run once untimed: so each finds its own threads awake, and those of others asleep.
    """
    once = [min(timer.repeat(2, 1)) for timer in timers]
    numbers = [1 + int(SHORTEST_ROUND / seconds) for seconds in once]
    times: list[list[float]] = [[] for _ in timers]
    stop = perf_counter() + budget
    while perf_counter() < stop or len(times[0]) < rounds:
        for timer, seconds, number, record in zip(timers, once, numbers, times, strict=True):
            if pause:
                sleep(pause)
                if seconds < pause:
                    timer.timeit(1)
            record.append(timer.timeit(number) / number)
    return [median(record) for record in times]


def floor(data: Data, call: str, budget: float = 0.04) -> float:
    """Seconds in which one thread reads the inputs, and writes the gradient if there is one: the faster of two ways.

    A BLAS dot, or an addition, moves two inputs at once; a maximum, and a copy, which may use streaming stores, one
    at a time. On small data this is the time of NumPy's calls.
    """
    inputs = [array.ravel() for array in data.inputs()]
    grads = [array.ravel() for array in several(data.grad)] if call != "value" else []
    only_read, copied = inputs[: len(inputs) - len(grads)], inputs[len(inputs) - len(grads) :]

    def apart() -> None:
        for array in only_read:
            array.max()
        for grad, array in zip(grads, copied, strict=True):
            np.copyto(grad, array)

    ways: list[Callable[[], object]] = [apart]
    if len(inputs) == 2 and len(grads) < 2 and inputs[0].shape == inputs[1].shape:
        ways.append(partial(np.add, *inputs, *grads) if grads else partial(np.dot, *inputs))
    return min(medians(*map(Timer, ways), budget=budget))
