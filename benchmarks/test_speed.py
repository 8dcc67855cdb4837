"""Every loss, value and value_and_grad, against its twin in NumPy: the same results first, then the times."""

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from agreement import ORACLE_TOLERANCE, TWIN_TOLERANCE, assert_same
from cases import CALLS, Case, cases, data, forms
from numpy_best import TWINS, twin_of
from timing import floor

import pyloss

SIDES = ("pyloss", "numpy")
SMALL = 1_000
CELLS = [
    pytest.param(case, call, side, id=f"{case.form}-{call}-{case.dtype.__name__}-{case.size}-{side}")
    for case in cases()
    for call in CALLS
    for side in SIDES
]


def test_every_twin_has_a_loss() -> None:
    assert set(TWINS) <= set(forms())


@pytest.mark.parametrize(("case", "call", "side"), CELLS)
@pytest.mark.benchmark(min_rounds=9, max_time=0.1, disable_gc=True)
def test_speed(benchmark: Any, thread_count: int, case: Case, call: str, side: str) -> None:
    floor_seconds = check_and_measure_floor(case, call)
    read, written = data(case).bytes_moved(call)
    benchmark.group = f"{case.form}-{call}-{case.dtype.__name__}-{case.size}"
    benchmark.extra_info.update(
        form=case.form, call=call, dtype=case.dtype.__name__, size=case.size, elements=case.elements, side=side,
        bytes_read=read, bytes_written=written, floor_seconds=floor_seconds,
        threads=thread_count, isa=pyloss._runtime.LEVEL, out="reused", numpy=np.__version__,
    )  # fmt: skip
    function, arguments, keywords = timed(case, call, side)
    benchmark(function, *arguments, **keywords)
    if benchmark.stats is not None:  # None under --benchmark-disable
        benchmark.extra_info["ratio_to_floor"] = benchmark.stats.stats.median / floor_seconds


def timed(case: Case, call: str, side: str) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    y_true, y_pred, grad, scratch = data(case)
    if side == "numpy":
        return twin_of(case.form), (case.loss, y_true, y_pred, grad if call != "value" else None, scratch), {}
    if call == "value":
        return case.loss, (y_true, y_pred), {}
    return case.loss.value_and_grad, (y_true, y_pred), {"out": grad}


@lru_cache(maxsize=1)
def check_and_measure_floor(case: Case, call: str) -> float:
    """Once for both sides."""
    y_true, y_pred, grad, scratch = data(case)
    ours = case.loss.value_and_grad(y_true, y_pred) if call != "value" else (case.loss(y_true, y_pred), None)
    into = grad if call != "value" else None
    value = twin_of(case.form)(case.loss, y_true, y_pred, into, scratch)
    assert_same(case, ours, (value, into), TWIN_TOLERANCE[case.dtype])
    if case.elements <= SMALL:
        truth = pyloss.reference.evaluate(case.loss, y_true, y_pred)
        assert_same(case, ours, (truth.value, truth.grad), ORACLE_TOLERANCE[case.dtype])
    return floor(data(case), call)
