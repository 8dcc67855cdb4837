"""Custom objectives of boosters: pyloss's against NumPy's, the objective alone and whole trainings.

python benchmarks/dropins/boosters.py
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import catboost
import lightgbm
import numpy as np
import xgboost

import pyloss
from pyloss.adapters import catboost as for_catboost
from pyloss.adapters import lightgbm as for_lightgbm
from pyloss.adapters import xgboost as for_xgboost

Array = np.ndarray
Derivatives = tuple[Array, Array]
CLASSES = 5
FEATURES = 10


# NumPy, written with care: no temporary that can be avoided, in the precision of the scores -----------------------------


def sigmoid(z: Array) -> Array:
    out = np.exp(-z)
    out += 1
    return np.reciprocal(out, out=out)


def logistic(y: Array, z: Array) -> Derivatives:
    p = sigmoid(z)
    hess = 1 - p
    hess *= p
    return np.subtract(p, y, out=p), hess


def poisson(y: Array, z: Array) -> Derivatives:
    hess = np.exp(z)
    return hess - y, hess


def huber(y: Array, z: Array) -> Derivatives:
    grad = z - y
    return np.clip(grad, -1, 1, out=grad), np.ones_like(grad)


def pinball(y: Array, z: Array) -> Derivatives:
    grad = np.where(z > y, z.dtype.type(0.1), z.dtype.type(-0.9))
    return grad, np.ones_like(grad)


def focal(y: Array, z: Array) -> Derivatives:
    """With gamma 2, of t = z where y is 1 and -z where it is 0; by exp(-|t|), so that no certain mistake gives a nan."""
    sign = 2 * y.astype(z.dtype, copy=False) - 1
    t = sign * z
    small = np.exp(-np.abs(t))
    larger = np.reciprocal(1 + small)
    log_p = np.minimum(t, 0)
    log_p -= np.log1p(small)
    small *= larger
    right = t > 0
    p, q = np.where(right, larger, small), np.where(right, small, larger)
    inner = 2 * p * log_p - q
    squared = q * q
    hess = squared * (p * q * (2 * log_p + 3) - 2 * p * inner)
    grad = np.multiply(squared, inner, out=inner)
    grad *= sign
    return grad, np.abs(hess, out=hess)


def softmax(y: Array, z: Array, factor: float) -> Derivatives:
    p = z - z.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    hess = 1 - p
    hess *= p
    hess *= factor
    p[np.arange(len(y)), y.astype(np.int64)] -= 1
    return p, hess


@dataclass(frozen=True)
class Case:
    """A loss, the same in NumPy, and how its truths are drawn from a signal."""

    loss: pyloss.Loss
    twin: Callable[[Array, Array], Derivatives]
    draw: Callable[[np.random.Generator, Array], Array]


def bits(rng: np.random.Generator, signal: Array) -> Array:
    return (rng.random(len(signal)) < sigmoid(signal)).astype(np.float32)


def amounts(rng: np.random.Generator, signal: Array) -> Array:
    return (signal + rng.normal(size=len(signal))).astype(np.float32)


CASES = {
    "logistic": Case(pyloss.BCE(from_logits=True), logistic, bits),
    "focal": Case(pyloss.BinaryFocal(from_logits=True, gamma=2.0), focal, bits),
    "Poisson": Case(pyloss.PoissonNLL(), poisson, lambda rng, signal: rng.poisson(np.exp(signal)).astype(np.float32)),
    "Huber": Case(pyloss.Huber(delta=1.0), huber, amounts),
    "quantile": Case(pyloss.Pinball(quantile=0.9), pinball, amounts),
}
SOFTMAX = f"softmax, {CLASSES} classes"
EVERY = [*CASES, SOFTMAX]


def data(name: str, rows: int) -> tuple[Array, Array, Array]:
    """Points, truths and raw scores."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, FEATURES)).astype(np.float32)
    signal = x[:, 0] - 0.5 * x[:, 1]
    if name == SOFTMAX:
        y = np.clip(np.floor(1.2 * signal + 2.5 + 0.5 * rng.normal(size=rows)), 0, CLASSES - 1).astype(np.float32)
        return x, y, rng.normal(size=(rows, CLASSES))
    return x, CASES[name].draw(rng, signal), rng.normal(size=rows)


# The libraries ---------------------------------------------------------------------------------------------------------


class Pairs:
    """The twin as CatBoost takes it."""

    no_jit = True

    def __init__(self, twin: Callable[[Array, Array], Derivatives]) -> None:
        self.twin = twin

    def calc_ders_range(self, approxes: Array, targets: Array, weights: Array | None) -> Array:
        pairs = np.stack(self.twin(targets, approxes), axis=1)
        return np.negative(pairs, out=pairs)


def objectives(library: str, name: str) -> tuple[Any, Any]:
    """pyloss's and NumPy's, called with (y, raw)."""
    adapter = {"XGBoost": for_xgboost, "LightGBM": for_lightgbm, "CatBoost": for_catboost}[library]
    if name == SOFTMAX:
        factor = {"XGBoost": 2.0, "LightGBM": CLASSES / (CLASSES - 1)}[library]
        return adapter.objective(pyloss.CCE(from_logits=True)), lambda y, raw: softmax(y, raw, factor)
    case = CASES[name]
    return adapter.objective(case.loss), Pairs(case.twin) if library == "CatBoost" else case.twin


def called(objective: Any, y: Array, raw: Array) -> Callable[[], Any]:
    """One call, with what the library does to bring the answer into its form."""
    if hasattr(objective, "calc_ders_range"):
        return lambda: objective.calc_ders_range(raw, y, None)
    if raw.dtype == np.float32:
        return lambda: objective(y, raw)
    return lambda: [np.asarray(part.ravel(order="F"), np.float32) for part in objective(y, raw)]


def fits(library: str, name: str, x: Array, y: Array, rounds: int) -> list[Callable[[], Any]]:
    """Whole trainings, with our objective and with NumPy's, on one thread."""
    ours, twin = objectives(library, name)
    if library == "XGBoost":
        matrix = xgboost.QuantileDMatrix(x, y)
        params = {"nthread": 1, "max_depth": 6, "base_score": 0.0} | ({"num_class": CLASSES} if name == SOFTMAX else {})
        native = lambda raw, held: twin(held.get_label(), raw)  # noqa: E731
        return [lambda obj=obj: xgboost.train(params, matrix, rounds, obj=obj) for obj in (ours, native)]
    if library == "LightGBM":
        dataset = lightgbm.Dataset(x, y).construct()
        params = {"num_threads": 1, "verbosity": -1} | ({"num_class": CLASSES} if name == SOFTMAX else {})
        native = lambda raw, held: twin(held.get_label(), raw)  # noqa: E731
        return [lambda obj=obj: lightgbm.train({**params, "objective": obj}, dataset, rounds) for obj in (ours, native)]
    pool = catboost.Pool(x, y)
    params = {"iterations": rounds, "thread_count": 1, "verbose": False, "allow_writing_files": False}
    params |= {"learning_rate": 0.1, "metric_period": rounds, "eval_metric": for_catboost.metric(pyloss.MSE())}
    return [lambda obj=obj: catboost.CatBoost({**params, "loss_function": obj}).fit(pool) for obj in (ours, twin)]


# Measuring -------------------------------------------------------------------------------------------------------------


def seconds(calls: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Medians of calls that take turns, in seconds of the processor: a shared machine takes others from the clock on the wall."""
    times: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(repeats):
        for call, record in zip(calls, times, strict=True):
            start = process_time()
            call()
            record.append(process_time() - start)
    return [median(record) for record in times]


def compare(library: str, name: str, rows: int, rounds: int, repeats: int) -> str:
    """A row of the table."""
    x, y, raw = data(name, rows)
    raw = raw.astype(np.float32) if library == "XGBoost" else np.asfortranarray(raw)
    calls = [called(objective, y, raw) for objective in objectives(library, name)]
    for ours, theirs in zip(calls[0](), calls[1](), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-5)
    own, twin = seconds(calls, 5 * repeats)
    own_fit, twin_fit = seconds(fits(library, name, x, y, rounds), repeats)
    return (
        f"| {library}, {name} | {own * 1e3:.2f} ms | {twin * 1e3:.2f} ms ({twin / own:.1f}x) "
        f"| {own_fit:.2f} s | {twin_fit:.2f} s ({twin_fit / own_fit:.2f}x) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    pyloss.set_num_threads(1)
    print(f"{arguments.rows} rows, {FEATURES} columns, {arguments.rounds} rounds; one thread\n")
    print("| | pyloss | NumPy | training with pyloss | with NumPy |\n|---|---:|---:|---:|---:|")
    for library in ("XGBoost", "LightGBM", "CatBoost"):
        for name in CASES if library == "CatBoost" else EVERY:
            print(compare(library, name, arguments.rows, arguments.rounds, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
