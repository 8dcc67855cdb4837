"""The same bits: on any number of threads, in any layout, in any order of a stream, from every method."""

import hashlib
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from comparing import answers, assert_same_bits, bits
from layouts import LAYOUTS
from strategies import base, each, like
from variants import CONTRASTIVE, ELEMENTWISE, EVERY, REDUCTIONS, ROWWISE, SORTED, VARIANTS, WAYS, data, weights

import pyloss

every_way = pytest.mark.parametrize("variant", WAYS, ids=str)
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
not_totals = pytest.mark.parametrize("variant", [*ELEMENTWISE, *ROWWISE], ids=str)
# Contrastive losses have the bits of NumPy's BLAS.
OTHERS = [variant for variant in EVERY if variant not in (*VARIANTS, *CONTRASTIVE)]
BLOCK = 1024
ROW_BLOCK = 64


def noisy(variant, shape, dtype, seed=0):
    """Data whose sums round: with the usual ones many are exact."""
    y, p = data(variant, shape, seed)
    rng = np.random.default_rng(seed)
    p = p * rng.uniform(0.7, 1, p.shape)
    return (y if variant.labels else y.astype(dtype)), p.astype(dtype)


@pytest.mark.optimized  # slow under the sanitizer, where concurrent callers start threads for every loss
@both_precisions
@every_way
def test_threads(variant, dtype):
    """Many enough elements for several threads, which do start."""
    shape = (40_000, 10) if variant.rowwise else (400_000,)
    y, p = noisy(variant, shape, dtype)
    w = weights(shape[:1])
    turned = (y[::-1], LAYOUTS["negative"](p), w[::2].repeat(2))
    for arguments, numbers in (((y, p), (2, 7)), ((y, p, w), (3, 7)), (turned, (2, 3))):
        for reduction in ("mean", "none"):
            loss = variant(reduction=reduction)
            with pyloss.threads(1):
                expected = answers(loss, *arguments)
            for number in numbers:
                with pyloss.threads(number):
                    assert_same_bits(answers(loss, *arguments), expected)


def other_data(variant, rows, dtype=np.float64):
    """Truth, prediction and weights of losses of several predictions, of sorted errors, and with a number for each class."""
    several = variant not in SORTED or variant().kind != "hinge"
    y, p = base(variant, (rows, 4) if several else (rows,), 0)
    p = like(p, ((part * np.linspace(0.7, 1, part.size).reshape(part.shape)).astype(dtype) for part in each(p)))
    return y, p, weights((rows,))


@pytest.mark.optimized
@pytest.mark.parametrize("variant", OTHERS, ids=str)
def test_threads_of_the_others(variant):
    arguments = other_data(variant, 40_000)
    with pyloss.threads(1):
        expected = answers(variant(), *arguments)
    for number in (2, 3, 7) if variant not in SORTED else (3,):  # sorting is the work, and it is NumPy's
        with pyloss.threads(number):
            assert_same_bits(answers(variant(), *arguments), expected)


@both_precisions
@pytest.mark.parametrize("variant", OTHERS, ids=str)
def test_layouts_methods_and_repetitions_of_the_others(variant, dtype):
    y, p, w = other_data(variant, 333, dtype)
    for reduction in REDUCTIONS:
        loss = variant(reduction=reduction)
        expected = answers(loss, y, p, w)
        for name, answer in expected.items():
            plain = name.split(maxsplit=1)[-1]
            assert bits(answer) == bits(expected.get(plain, answer)), name
        assert_same_bits(answers(loss, y, p, w), expected)
        assert_same_bits(answers(variant(reduction=reduction), y, p, w), expected)
    for layout in LAYOUTS.values():
        views = (like(argument, map(layout, each(argument))) for argument in (y, p, w))
        assert_same_bits(answers(loss, *views), expected)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_way
def test_layouts(variant, layout):
    for shape, dtype in product(((41, 5, 7), (70, 35)), (np.float32, np.float64)):
        y, p = noisy(variant, shape, dtype)
        w = weights(variant.values_shape(shape))
        for reduction in REDUCTIONS:
            loss = variant(reduction=reduction)
            assert_same_bits(answers(loss, layout(y), layout(p)), answers(loss, y, p))
            assert_same_bits(answers(loss, layout(y), layout(p), layout(w)), answers(loss, y, p, w))


@pytest.mark.parametrize("axis", [0, 1])
@both_precisions
@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_the_place_of_the_class_axis(variant, dtype, axis):
    y, p = noisy(variant, (200, 9), dtype)
    w = weights((200,))
    rows = answers(variant(), y, p, w)
    other = y if variant.row_truth else np.moveaxis(y, -1, axis)
    columns = answers(variant(axis=axis), other, np.moveaxis(p, -1, axis), w)
    for name, answer in columns.items():
        expected = rows[name] if isinstance(answer, float) else np.moveaxis(rows[name], -1, axis)
        assert bits(answer) == bits(expected), name


@both_precisions
@every_variant
def test_every_method_gives_the_same(variant, dtype):
    y, p = noisy(variant, (333, 5), dtype)
    for weight in (None, weights((333,))):
        for reduction in REDUCTIONS:
            given = answers(variant(reduction=reduction), y, p, weight)
            for name, answer in given.items():
                assert bits(answer) == bits(given.get(name.split()[-1], answer)), name
            if "grad_and_hess hess" in given:
                again = variant(reduction=reduction).grad_and_hess(y, p, weight)[1]
                assert bits(again) == bits(given["grad_and_hess hess"])


@both_precisions
@not_totals
def test_weights_of_one_are_no_weights(variant, dtype):
    y, p = noisy(variant, (60, 5), dtype)
    loss = variant(reduction="none")
    assert_same_bits(answers(loss, y, p, np.ones(variant.values_shape(p.shape))), answers(loss, y, p))


@every_variant
def test_repeated_calls(variant):
    """An object keeps nothing of a call."""
    y, p = noisy(variant, (333, 5), np.float64)
    loss = variant()
    first = answers(loss, y, p)
    answers(loss, y[:7], p[:7])
    assert_same_bits(answers(loss, y, p), first)
    assert_same_bits(answers(variant(), y, p), first)


@both_precisions
@not_totals
def test_a_value_does_not_depend_on_its_place(variant, dtype):
    """Vector bodies and scalar tails compute the same, and so do tiles of rows and single rows."""
    y, p = noisy(variant, (ROW_BLOCK + 36, 3), dtype)
    loss = variant(reduction="none")
    whole = answers(loss, y, p)
    for n in (*range(1, 35), 63, 64, 65):
        for name, answer in answers(loss, y[n:], p[n:]).items():
            assert bits(answer) == bits(whole[name][n:]), (name, n)


def digests():
    """A line for every form of every loss: all its answers, in a few bytes."""
    for variant in (*VARIANTS, *OTHERS):
        arguments = base(variant, (70, 3), 0)
        summary = hashlib.sha256()
        for name, answer in sorted(answers(variant(), *arguments).items()):
            summary.update(name.encode() + bits(answer))
        yield f"{variant} {summary.hexdigest()[:16]}"


def test_another_process_gives_the_same():
    code = "import test_bits; print(*test_bits.digests(), sep='\\n')"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYLOSS_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == list(digests())
