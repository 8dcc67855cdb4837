"""The speed that was promised, on one thread of an AVX2 or AVX-512 machine. The end of the run says how near it is.

A ratio is to NumPy at its best if it is reached there, else to NumPy as people write it: the line at the end says which.
"""

import subprocess
import sys
from collections.abc import Callable
from statistics import median
from timeit import Timer
from typing import Any

import numpy as np
import pytest
from cases import CALLS, Array, Case, data, forms, shapes
from conftest import verdict
from numpy_best import TWINS
from timing import floor, medians

import pyloss

HAS_AVX2 = pyloss._runtime.LEVEL in ("v3", "v4")
pytestmark = pytest.mark.skipif(not HAS_AVX2, reason="the targets are for AVX2 and AVX-512")

SPEED = {  # times NumPy's speed, value_and_grad in float32
    ("mse", (10_000_000,)): 3.5,
    ("huber", (10_000_000,)): 12,
    ("bce_from_logits", (10_000_000,)): 5,
    ("sparse_cce_from_logits", (100_000, 10)): 6,
}
LATENCY = {"value": 1.5e-6, "value_and_grad": 2e-6}
IMPORT = 15e-3


def plain_mse(loss: Any, y: Array, p: Array) -> tuple[Any, Array]:
    r = p - y
    return np.mean(r**2), 2 * r / r.size


def plain_huber(loss: Any, y: Array, p: Array) -> tuple[Any, Array]:
    r = p - y
    a, d = np.abs(r), loss.delta
    return np.where(a <= d, 0.5 * r**2, d * (a - 0.5 * d)).mean(), np.where(a <= d, r, d * np.sign(r)) / r.size


def plain_bce_from_logits(loss: Any, y: Array, z: Array) -> tuple[Any, Array]:
    value = (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).mean()
    return value, (1 / (1 + np.exp(-z)) - y) / z.size


def plain_sparse_cce_from_logits(loss: Any, y: Array, z: Array) -> tuple[Any, Array]:
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    sums = e.sum(axis=1, keepdims=True)
    grad = e / sums
    grad[rows, y] -= 1
    return np.mean(np.log(sums[:, 0]) - shifted[rows, y]), grad / len(z)


@pytest.mark.parametrize(("form", "shape"), SPEED, ids=[form for form, _ in SPEED])
def test_speed_of_value_and_grad(announce: Callable[[str], None], form: str, shape: tuple[int, ...]) -> None:
    target = SPEED[form, shape]
    case = Case(form, forms()[form], np.float32, shape)
    y_true, y_pred, grad, scratch = data(case)
    plain, best = globals()[f"plain_{form}"], TWINS[form]
    fast = case.loss.value_and_grad(y_true, y_pred)
    slow = plain(case.loss, y_true, y_pred)
    assert fast[0] == pytest.approx(float(slow[0]), rel=1e-5)
    np.testing.assert_allclose(fast[1], slow[1], rtol=1e-3, atol=1e-5 * np.abs(slow[1]).max())
    ours, numpy_best, numpy_plain = medians(
        Timer(lambda: case.loss.value_and_grad(y_true, y_pred, out=grad)),
        Timer(lambda: best(case.loss, y_true, y_pred, grad, scratch)),
        Timer(lambda: plain(case.loss, y_true, y_pred)),
        budget=4,
        rounds=9,
    )
    against_best, against_plain = numpy_best / ours, numpy_plain / ours
    announce(
        f"{form} value_and_grad {case.size} float32: {ours * 1e3:.2f} ms, "
        f"{against_best:.1f}x NumPy at its best ({numpy_best * 1e3:.1f} ms), "
        f"{against_plain:.1f}x plain NumPy ({numpy_plain * 1e3:.1f} ms), "
        f"memory floor {floor(data(case), 'value_and_grad') * 1e3:.1f} ms; "
        f"target {target}x: {verdict(against_best >= target, against_plain >= target)}"
    )
    assert max(against_best, against_plain) >= target


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("form", forms())
def test_latency(announce: Callable[[str], None], form: str, call: str) -> None:
    """Of a call on 32 elements through the public method."""
    loss = forms()[form]
    y_true, y_pred, grad, _ = data(Case(form, loss, np.float32, shapes(form, loss)[0]))
    statement = "loss(y_true, y_pred)" if call == "value" else "loss.value_and_grad(y_true, y_pred, out=grad)"
    (seconds,) = medians(Timer(statement, globals=locals()), budget=0.1)
    target = LATENCY[call]
    reached = verdict(seconds <= target)
    announce(f"{form} {call} 32 float32: {seconds * 1e6:.2f} us; target {target * 1e6:g} us: {reached}")
    assert seconds <= target


IMPORTS = """
from time import perf_counter as now
start = now()
import numpy
numpys = now()
import pyloss
package = now()
pyloss.Huber
print(numpys - start, package - numpys, now() - package)
"""


def test_import(announce: Callable[[str], None]) -> None:
    """Beyond NumPy's own, in fresh interpreters; and what the first loss takes, with which the others come."""
    runs = [subprocess.check_output([sys.executable, "-c", IMPORTS], text=True).split() for _ in range(25)]
    numpy, package, first = (median(map(float, seconds)) for seconds in zip(*runs, strict=True))
    reached = verdict(package <= IMPORT)
    announce(
        f"import pyloss: {package * 1e3:.1f} ms beyond NumPy's {numpy * 1e3:.1f} ms, the first loss {first * 1e3:.1f} ms more; "
        f"target {IMPORT * 1e3:g} ms: {reached}"
    )
    assert package <= IMPORT
