"""scikit-learn's estimators with pyloss behind their losses, and without.

    OMP_NUM_THREADS=1 python benchmarks/dropins/estimators.py [losses] [logistic] [fits]

Both sides take turns; the figures are medians. BLAS and scikit-learn take the threads of OMP_NUM_THREADS.
"""

import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any
from unittest import mock

import numpy as np
from sklearn._loss import loss as losses
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor, TweedieRegressor
from sklearn.linear_model._linear_loss import LinearModelLoss

from pyloss.adapters.sklearn import patched

Call = Callable[[], object]


def seconds(call: Call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def in_turn(call: Call, rounds: int) -> tuple[float, float]:
    """Medians without and with the patch."""
    without, within = [], []
    for _ in range(rounds):
        without.append(seconds(call))
        with patched():
            within.append(seconds(call))
    return median(without), median(within)


# The losses by themselves ---------------------------------------------------------------------------------------------

LOSSES: dict[str, Callable[[], Any]] = {
    "HalfSquaredError": losses.HalfSquaredError,
    "PinballLoss": lambda: losses.PinballLoss(quantile=0.8),
    "HuberLoss": lambda: losses.HuberLoss(delta=1.0),
    "HalfPoissonLoss": losses.HalfPoissonLoss,
    "HalfGammaLoss": losses.HalfGammaLoss,
    "HalfBinomialLoss": losses.HalfBinomialLoss,
    "HalfMultinomialLoss": lambda: losses.HalfMultinomialLoss(n_classes=10),
    "ExponentialLoss": losses.ExponentialLoss,
}
METHODS = ("loss", "loss_gradient", "gradient", "gradient_hessian")
SIZES = (100, 10_000, 1_000_000)


def table_of_losses() -> None:
    print(f"| times as fast, float64 | {' | '.join(f'{size:,}' for size in SIZES)} |")
    print("| --- |" + " ---: |" * len(SIZES))
    for name, make in LOSSES.items():
        for method in METHODS:
            ratios = [ratio_of_loss(make(), method, size) for size in SIZES]
            print(f"| {name}.{method} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |", flush=True)


def ratio_of_loss(loss: Any, method: str, size: int) -> float:
    """Into arrays that are there; predictions and gradients of several classes are in columns, as boosting has them."""
    rng = np.random.default_rng(0)
    y, shape = rng.integers(2, size=size).astype(float), (size, loss.n_classes) if loss.is_multiclass else (size,)
    raw = np.asfortranarray(rng.normal(size=shape))
    outs = {"loss_out": np.zeros(size), "gradient_out": np.zeros_like(raw), "hessian_out": np.zeros_like(raw)}
    outs = {name: out for name, out in outs.items() if name.removesuffix("_out") in method.split("_")}
    repeat = max(1, 20_000 // raw.size)

    def call() -> None:
        for _ in range(repeat):
            getattr(loss, method)(y, raw, **outs)

    without, within = in_turn(call, 21 if size > 100_000 else 201)
    return without / within


# One fit, taken apart -------------------------------------------------------------------------------------------------


@contextmanager
def clocked(owner: type, name: str) -> Iterator[list[float]]:
    """The seconds that the calls of a method take."""
    original, took = getattr(owner, name), []

    def timed(*arguments: Any, **named: Any) -> Any:
        start = perf_counter()
        result = original(*arguments, **named)
        took.append(perf_counter() - start)
        return result

    with mock.patch.object(owner, name, timed):
        yield took


def classes_of(n: int, features: int, classes: int = 2) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, features))
    score = X @ rng.normal(size=features) + rng.logistic(size=n)
    return X, np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))


def products_of(X: Any, rounds: int = 21) -> float:
    """Seconds for the two products without which no gradient can be had, into arrays that are there."""
    weights, raw, by_weights = np.ones(X.shape[1]), np.empty(len(X)), np.empty(X.shape[1])

    def call() -> None:
        np.matmul(X, weights, out=raw)
        np.matmul(raw, X, out=by_weights)

    return median(seconds(call) for _ in range(rounds))


def peak(call: Call) -> float:
    """MB of NumPy's arrays at most."""
    tracemalloc.start()
    call()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def logistic(n: int = 1_000_000, features: int = 10, rounds: int = 9) -> None:
    """Where the time of a fit goes, and what the best possible patch would leave of it."""
    X, y = classes_of(n, features)

    def fit() -> LogisticRegression:
        return LogisticRegression().fit(X, y)

    fit()
    without, within, calls, evaluations, loss, evaluations_within = [], [], [], [], [], []
    for _ in range(rounds):
        without.append(seconds(fit))
        with clocked(LinearModelLoss, "loss_gradient") as outer, clocked(losses.BaseLoss, "loss_gradient") as inner:
            fit()
        calls.append(len(outer))
        evaluations.append(sum(outer))
        loss.append(sum(inner))
        with patched():
            within.append(seconds(fit))
            with clocked(LinearModelLoss, "loss_gradient") as outer:
                fit()
            evaluations_within.append(sum(outer))
    before, after, number = median(without), median(within), median(calls)
    in_evaluations, in_loss, products = median(evaluations), median(loss), products_of(X)
    rest = before - in_evaluations
    least = rest + number * products
    print(f"LogisticRegression().fit, {n:,} x {features}, float64: {1e3 * before:.0f} ms -> {1e3 * after:.0f} ms")
    print(f"  {before / after:.2f}x as fast; quartiles of the fits' ratios {quartiles(without, within)}")
    print(
        f"  {number:.0f} evaluations of {1e3 * in_evaluations / number:.1f} ms -> "
        f"{1e3 * median(evaluations_within) / number:.1f} ms; the rest of a fit takes {1e3 * rest:.0f} ms"
    )
    print(
        f"  of the unpatched fit: the loss {in_loss / before:.0%}, around it {(in_evaluations - in_loss) / before:.0%}"
    )
    print(f"  X @ w and X.T @ g: {1e3 * products:.1f} ms; with a loss that costs nothing {before / least:.2f}x as fast")
    with patched():
        most = peak(fit)
    print(f"  arrays at most: {peak(fit):.0f} MB -> {most:.0f} MB (X has {X.nbytes / 1e6:.0f} MB)")


def quartiles(without: list[float], within: list[float]) -> str:
    ratios = np.quantile(np.array(without) / np.array(within), [0.25, 0.75])
    return " to ".join(f"{ratio:.2f}" for ratio in ratios)


# Every estimator ------------------------------------------------------------------------------------------------------


def counts_of(n: int, features: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, features))
    return X, rng.poisson(np.exp(0.3 * X @ rng.normal(size=features))).astype(float)


def fits() -> None:
    binary, several, counts = classes_of(1_000_000, 10), classes_of(200_000, 20, 10), counts_of(500_000, 10)
    narrow, trees, trees_of_several = (binary[0].astype(np.float32), binary[1]), classes_of(200_000, 10), several
    positive = counts[0], counts[1] + 0.5
    cases = {
        "LogisticRegression, 1,000,000 x 10": (LogisticRegression(), binary),
        "LogisticRegression, 1,000,000 x 10, float32": (LogisticRegression(), narrow),
        "LogisticRegression, 1,000,000 x 10, newton-cholesky": (LogisticRegression(solver="newton-cholesky"), binary),
        "LogisticRegression, 200,000 x 20, 10 classes": (LogisticRegression(max_iter=30), several),
        "LogisticRegression, 20,000 x 500": (LogisticRegression(), classes_of(20_000, 500)),
        "PoissonRegressor, 500,000 x 10": (PoissonRegressor(), counts),
        "GammaRegressor, 500,000 x 10": (GammaRegressor(), positive),
        "TweedieRegressor(power=1.5), 500,000 x 10": (TweedieRegressor(power=1.5), counts),
        "HistGradientBoostingClassifier, 200,000 x 10": (HistGradientBoostingClassifier(max_iter=20), trees),
        "the same, 10 classes, x 20": (HistGradientBoostingClassifier(max_iter=5), trees_of_several),
        "HistGradientBoostingRegressor(poisson), 500,000 x 10": (
            HistGradientBoostingRegressor(loss="poisson", max_iter=20),
            counts,
        ),
        "HistGradientBoostingRegressor(quantile), 500,000 x 10": (
            HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=20),
            positive,
        ),
        "GradientBoostingClassifier, 200,000 x 10": (GradientBoostingClassifier(n_estimators=2), trees),
    }
    print("| fit | scikit-learn | with pyloss | times as fast |\n| --- | ---: | ---: | ---: |")
    for name, (estimator, (X, y)) in cases.items():
        with np.errstate(all="ignore"):
            before, after = in_turn(lambda e=estimator, X=X, y=y: quietly(e, X, y), 5)
        print(f"| {name} | {1e3 * before:.0f} ms | {1e3 * after:.0f} ms | {before / after:.2f} |", flush=True)


def quietly(estimator: Any, X: Any, y: Any) -> None:
    """Without the warning that so few iterations are not enough."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X, y)


PARTS = {"losses": table_of_losses, "logistic": logistic, "fits": fits}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
