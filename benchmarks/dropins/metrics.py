"""pyloss.metrics beside sklearn.metrics on the same arrays: median times of calls that take turns, and peaks of memory.

    PYTHONPATH=. .venv-peers/bin/python benchmarks/dropins/metrics.py --rows 5000000 --rounds 7

Prints the table of docs/drop-ins/metrics.md.
"""

import argparse
import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import sklearn.metrics

import pyloss
import pyloss.metrics

Arguments = tuple[np.ndarray, np.ndarray]


def cases(rows: int) -> Iterator[tuple[str, Arguments, dict[str, Any]]]:
    """The functions, each with data of its kind."""
    rng = np.random.default_rng(0)
    truth = rng.gamma(2.0, size=rows)
    amounts = truth, truth * rng.uniform(0.5, 1.5, rows)
    scores = truth - 2, amounts[1] - 2
    bits, labels = rng.integers(0, 2, rows), rng.integers(0, 10, rows // 10)
    odds = rng.uniform(0.01, 0.99, rows)
    table = rng.dirichlet(np.ones(10), rows // 10)
    yield "log_loss", (bits, odds), {}
    yield "log_loss", (bits, odds), {"sample_weight": truth}
    yield "log_loss", (labels, table), {}
    yield "brier_score_loss", (bits, odds), {}
    yield "d2_log_loss_score", (bits, odds), {}
    yield "mean_squared_error", scores, {}
    yield "mean_squared_error", tuple(array.astype(np.float32) for array in scores), {}
    yield "mean_squared_error", scores, {"sample_weight": truth}
    yield "mean_squared_error", tuple(array.reshape(-1, 5) for array in scores), {"multioutput": "raw_values"}
    for name in ("root_mean_squared_error", "mean_absolute_error", "mean_pinball_loss", "max_error", "r2_score"):
        yield name, scores, {}
    yield "explained_variance_score", scores, {}
    yield "median_absolute_error", scores, {}
    yield "d2_absolute_error_score", scores, {}
    for name in (
        "mean_absolute_percentage_error",
        "mean_squared_log_error",
        "mean_poisson_deviance",
        "mean_gamma_deviance",
    ):
        yield name, amounts, {}
    yield "mean_tweedie_deviance", amounts, {"power": 1.5}
    yield "hinge_loss", (bits, scores[1]), {}
    yield "hinge_loss", (labels, table), {}
    yield "zero_one_loss", (bits, bits[::-1].copy()), {}
    yield "hamming_loss", (labels, labels[::-1].copy()), {}
    yield "mean_squared_error", tuple(array[:100] for array in scores), {}
    yield "log_loss", (bits[:100], odds[:100]), {}


def seconds(call: Callable[[], object], times: int) -> float:
    start = perf_counter()
    for _ in range(times):
        call()
    return (perf_counter() - start) / times


def peak(call: Callable[[], object]) -> float:
    """Megabytes that are allocated at the same time; NumPy reports its arrays."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def shown(milliseconds: float) -> str:
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"


def on_threads(count: int, call: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        with pyloss.threads(count):
            return call()

    return run


def measured(name: str, arrays: Arguments, options: dict[str, Any], rounds: int) -> str:
    def peer() -> object:
        return getattr(sklearn.metrics, name)(*arrays, **options)

    def own() -> object:
        return getattr(pyloss.metrics, name)(*arrays, **options)

    calls = [peer, on_threads(1, own), on_threads(2, own)]
    memory = [peak(call) for call in calls[:2]]
    number = 100 if len(arrays[0]) <= 100 else 1
    times = [[seconds(call, number) for call in calls] for _ in range(rounds)]
    theirs, one, two = (1e3 * median(of_call) for of_call in zip(*times, strict=True))
    shape = " x ".join(f"{length:,}" for length in arrays[1].shape)
    said = ", ".join(
        [
            shape,
            str(arrays[1].dtype),
            *(option if isinstance(value, np.ndarray) else f"{option}={value!r}" for option, value in options.items()),
        ]
    )
    return (
        f"| `{name}` | {said} | {shown(theirs)} | {shown(one)} ({theirs / one:.1f}x) | {shown(two)} ({theirs / two:.1f}x) "
        f"| {memory[0]:.0f} | {memory[1]:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="a part of a function's name")
    given = parser.parse_args()
    print("| function | data | scikit-learn, ms | pyloss, 1 thread | 2 threads | MB | pyloss, MB |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, arrays, options in cases(given.rows):
        if given.only in name:
            print(measured(name, arrays, options, given.rounds), flush=True)


if __name__ == "__main__":
    main()
