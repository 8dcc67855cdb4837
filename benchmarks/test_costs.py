"""What an array that is not a plain one costs, what the checks cost, and what a second thread is worth. The end of the run tells."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from timeit import Timer
from typing import Any

import numpy as np
import pytest
from cases import Array, Case, Data, data, forms, shapes
from conftest import verdict
from peers.cells import FORMS, SOFTMAX
from timing import floor, medians

import pyloss

MOST_FOR_LAYOUT = 2.0
MOST_FOR_CHECKS = 1.05
LEAST_BY_THREADS = 1.8
BOUND_BY_MEMORY = 3.0
"""Times the floor: who is nearer on one thread waits for memory, which a second one does not hurry."""
ROWS, CLASSES = 1_000, 100
CPUS = pyloss._runtime.available_cpus()


def with_steps(array: Array) -> Array:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "steps of 2": with_steps,
    "Fortran order": np.asfortranarray,
    "float16": lambda array: array.astype(np.float16 if array.dtype == np.float32 else array.dtype),
}


def table(form: str, shape: tuple[int, int] = (ROWS, CLASSES)) -> Case:
    return Case(form, FORMS[form], np.float32, shape)


def call(loss: pyloss.Loss, inputs: tuple[Any, Any], out: Array) -> Timer:
    return Timer(lambda: loss.value_and_grad(*inputs, out=out))


@pytest.mark.parametrize("out", ["a plain gradient", "a gradient like them"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", FORMS)
def test_layout(announce: Callable[[str], None], form: str, layout: str, out: str) -> None:
    """100,000 elements, which float16 holds exactly."""
    loss, lay = FORMS[form], LAYOUTS[layout]
    plain = tuple(LAYOUTS["float16"](array).astype(array.dtype) for array in data(table(form)).inputs())
    grad = np.zeros((ROWS, CLASSES), np.float32)
    laid_out = tuple(map(lay, plain))
    name = f"{form}: {layout}, {out}"
    compare_layouts(announce, name, loss, plain, grad, laid_out, lay(grad) if "like" in out else grad.copy())


@pytest.mark.parametrize(
    "form", [form for form, loss in FORMS.items() if loss.y_true_domain.bounded or form == SOFTMAX]
)
def test_labels(announce: Callable[[str], None], form: str) -> None:
    """int64, against float32 or, where they are the numbers of classes, int32."""
    loss, (y_true, y_pred, grad, _) = FORMS[form], data(table(form))
    plain = y_true.astype(np.int32) if form == SOFTMAX else np.rint(y_true).astype(np.float32)
    labels = plain.astype(np.int64)
    compare_layouts(announce, f"{form} of int64 labels", loss, (plain, y_pred), grad, (labels, y_pred), grad)


def compare_layouts(
    announce: Callable[[str], None],
    name: str,
    loss: pyloss.Loss,
    plain: Any,
    plain_out: Array,
    other: Any,
    other_out: Array,
) -> None:
    expected, gradient = loss.value_and_grad(*plain)
    value, same = loss.value_and_grad(*other, out=other_out)
    assert value == pytest.approx(expected, rel=1e-2)
    np.testing.assert_allclose(same, gradient, rtol=1e-1, atol=1e-2 * np.abs(gradient).max())
    contiguous, laid_out = medians(call(loss, plain, plain_out), call(loss, other, other_out), budget=0.3, rounds=9)
    ratio = laid_out / contiguous
    reached = verdict(ratio <= MOST_FOR_LAYOUT)
    announce(f"{name}: {ratio:.2f}x the contiguous float32 call; target {MOST_FOR_LAYOUT}x: {reached}")
    assert ratio <= MOST_FOR_LAYOUT


@pytest.mark.parametrize("form", forms())
def test_checks(announce: Callable[[str], None], form: str) -> None:
    """Of every loss, on up to 100,000 elements."""
    loss = forms()[form]
    shape = max((shape for shape in shapes(form, loss) if prod(shape) <= ROWS * CLASSES), key=prod)
    y_true, y_pred, grad, _ = data(Case(form, loss, np.float32, shape))
    bare = replace(loss, check=False)
    checked, unchecked = medians(*(call(one, (y_true, y_pred), grad) for one in (loss, bare)), budget=0.5, rounds=25)
    ratio = checked / unchecked
    reached = verdict(ratio <= MOST_FOR_CHECKS)
    announce(f"{form}: with checks {ratio:.3f}x the time without; target {MOST_FOR_CHECKS}x: {reached}")
    assert ratio <= MOST_FOR_CHECKS


@pytest.mark.skipif(CPUS < 2, reason="there is one processor")
@pytest.mark.parametrize("form", FORMS)
def test_two_threads(announce: Callable[[str], None], form: str) -> None:
    """Of 4,000,000 elements, by losses that memory does not bound."""
    case = table(form, (40 * ROWS, CLASSES))
    one, two = medians(by_threads(case, data(case), 1), by_threads(case, data(case), 2), budget=1, rounds=9, pause=0.01)
    over_floor = one / floor(data(case), "value_and_grad")
    if over_floor < BOUND_BY_MEMORY:
        pytest.skip(f"bound by memory: {over_floor:.1f}x the floor on one thread")
    reached = verdict(one / two >= LEAST_BY_THREADS)
    announce(f"{form}: two threads {one / two:.2f}x as fast as one; target {LEAST_BY_THREADS}x: {reached}")
    assert one / two >= LEAST_BY_THREADS


def by_threads(case: Case, given: Data, threads: int) -> Timer:
    def run() -> None:
        with pyloss.threads(threads):
            case.loss.value_and_grad(given.y_true, given.y_pred, out=given.grad)

    return Timer(run)
