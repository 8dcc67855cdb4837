"""A Poisson and a logistic regression by scipy's L-BFGS-B: the loss from pyloss, and from NumPy. Prints a table of medians."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import pyloss

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]

ROWS, COLUMNS, PENALTY, REPEATS = 500_000, 10, 1e-4, 7


def by_pyloss(loss: Any, x: Array, y: Array) -> Objective:
    grad = np.empty(len(y))

    def objective(w: Array) -> tuple[float, Array]:
        value, _ = loss.value_and_grad(y, x @ w, out=grad)
        return value + PENALTY / 2 * float(w @ w), grad @ x + PENALTY * w

    return objective


def poisson_by_numpy(x: Array, y: Array) -> Objective:
    mean = np.empty(len(y))

    def objective(w: Array) -> tuple[float, Array]:
        z = x @ w
        np.exp(z, out=mean)
        value = (mean.sum() - y @ z) / len(y)
        np.subtract(mean, y, out=mean)
        return value + PENALTY / 2 * float(w @ w), mean @ x / len(y) + PENALTY * w

    return objective


def logistic_by_numpy(x: Array, y: Array) -> Objective:
    tail = np.empty(len(y))

    def objective(w: Array) -> tuple[float, Array]:
        z = x @ w
        np.abs(z, out=tail)
        np.negative(tail, out=tail)
        np.exp(tail, out=tail)
        value = (np.log1p(tail).sum() + np.maximum(z, 0).sum() - y @ z) / len(y)
        p = np.where(z > 0, 1, tail) / (1 + tail)
        p -= y
        return value + PENALTY / 2 * float(w @ w), p @ x / len(y) + PENALTY * w

    return objective


def seconds(objective: Objective) -> float:
    start = perf_counter()
    minimize(objective, np.zeros(COLUMNS), jac=True, method="L-BFGS-B")
    return perf_counter() - start


def loss_alone(objective: Objective, w: Array) -> float:
    start = perf_counter()
    objective(w)
    return perf_counter() - start


def compare(name: str, ours: Objective, theirs: Objective) -> None:
    """Interleaved, so that a slow moment of the machine is both's."""
    fits = [minimize(objective, np.zeros(COLUMNS), jac=True, method="L-BFGS-B") for objective in (ours, theirs)]
    assert np.abs(fits[0].x - fits[1].x).max() < 1e-4, "not the same fit"
    whole = [(seconds(ours), seconds(theirs)) for _ in range(REPEATS)]
    step = [(loss_alone(ours, fits[0].x), loss_alone(theirs, fits[0].x)) for _ in range(5 * REPEATS)]
    for what, pairs in (("fit", whole), ("one call of the objective", step)):
        mine, other = (median(pair[k] for pair in pairs) for k in range(2))
        print(f"| {name}, {what} | {mine * 1e3:.1f} ms | {other * 1e3:.1f} ms | {other / mine:.1f}x |")


def main() -> None:
    rng = np.random.default_rng(0)
    x, true = rng.normal(size=(ROWS, COLUMNS)), rng.normal(size=COLUMNS) / 4
    counts = rng.poisson(np.exp(x @ true)).astype(np.float64)
    bits = (rng.random(ROWS) < 1 / (1 + np.exp(-(x @ true)))).astype(np.float64)
    print("| | pyloss | NumPy | gain |\n| --- | ---: | ---: | ---: |")
    compare("Poisson", by_pyloss(pyloss.PoissonNLL(), x, counts), poisson_by_numpy(x, counts))
    compare("logistic", by_pyloss(pyloss.BCE(from_logits=True), x, bits), logistic_by_numpy(x, bits))


if __name__ == "__main__":
    main()
