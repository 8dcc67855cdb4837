"""Run by test_wheels.py where there are NumPy and pyloss and nothing else: every loss, every kernel, threads."""

import os
import sys
from pathlib import Path

import numpy as np
from variants import EVERY, data

import pyloss
from pyloss._kernels import load
from pyloss._runtime import LEVEL, available_levels


def check_kernels() -> None:
    """Those that this processor can run; the losses are evaluated with one level in each run."""
    for level in available_levels():
        for bits in (32, 64):
            assert load(level, bits).points()


def check_losses() -> None:
    first = {variant.stem: variant for variant in reversed(EVERY)}
    assert set(first) == set(pyloss.LOSSES)
    for variant in first.values():
        y_true, y_pred = data(variant, (6, 4))
        loss = variant()
        if loss.family == "contrastive" and y_true is not None:
            y_true = y_true.astype(int)  # labels, of which only the equality counts
        value, grad = loss.value_and_grad(y_true, y_pred)
        expected = pyloss.reference.evaluate(loss, y_true, y_pred)
        np.testing.assert_allclose(value, expected.value, rtol=1e-12, err_msg=variant.stem)
        for ours, theirs in zip(*(g if isinstance(g, tuple) else (g,) for g in (grad, expected.grad)), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14, err_msg=variant.stem)


def count_threads() -> int:
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1


def check_threads() -> None:
    """A large call on two threads has the bits of the serial one, and needs no library."""
    y, p = np.random.default_rng(0).random((2, 1_000_000))
    with pyloss.threads(1):
        serial = pyloss.mse(y, p)
    before = count_threads()
    with pyloss.threads(2):
        assert pyloss.mse(y, p) == serial
    if sys.platform == "linux":
        assert count_threads() == before + 1
        assert "libgomp" not in Path("/proc/self/maps").read_text()


assert Path(pyloss.__file__).is_relative_to(sys.prefix)
check_kernels()
check_losses()
check_threads()
print(LEVEL)
