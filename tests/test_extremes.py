"""Numbers at the ends of their range, results in the place of every input, small stacks."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from comparing import answers, assert_same_bits
from variants import VARIANTS, data, weights

from pyloss import BCE, RMSE, Dice, threads

HERE = Path(__file__).parent
CURVED = [variant for variant in VARIANTS if variant.has_hess]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_as_many_axes_as_numpy_has(variant):
    """Axes of length 1 change no bit."""
    y, p = data(variant, (7, 5))
    w = weights(variant.values_shape(p.shape))
    many = (7,) + (1,) * (62 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 30)
    got = answers(variant(), y.reshape(many + y.shape[1:]), p.reshape(*many, 5), w.reshape(many + w.shape[1:]))
    got = {name: answer if isinstance(answer, float) else answer.reshape(7, 5) for name, answer in got.items()}
    assert_same_bits(got, answers(variant(), y, p, w))


@pytest.mark.parametrize("classes", [3, 40, 1030])
@pytest.mark.parametrize("variant", CURVED, ids=str)
def test_every_result_in_every_place(variant, classes):
    y, p = data(variant, (70, classes))
    expected = variant().grad_and_hess(y, p)
    for places in product((None, 0, 1), repeat=2):
        if places[0] == places[1] or (variant.labels and 0 in places):
            continue
        arrays = [y.copy(), p.copy()]
        out = tuple(None if place is None else arrays[place] for place in places)
        for got, right in zip(variant().grad_and_hess(*arrays, out=out), expected, strict=True):
            np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("loss", [Dice(reduction="none"), RMSE(reduction="none")])
def test_a_total_is_written_last(loss):
    y, p = np.array([1.0, 0, 1]), np.array([0.9, 0.2, 0.8])
    value, grad = loss.value_and_grad(y, p)
    pred = p.copy()
    place = pred[0:1].reshape(())
    got = loss.value_and_grad(y, pred, out=(place, None))
    np.testing.assert_array_equal(got[1], grad)
    assert got[0] == place == value
    with pytest.raises(ValueError, match="share memory"):
        loss.value_and_grad(y, p, out=(place, pred))


MAGNITUDES = [
    (np.float32, 1e-44),
    (np.float32, 1e-25),
    (np.float32, 1e-21),
    (np.float32, 3e38),
    (np.float64, 1e-200),
    (np.float64, 1e200),
]


@pytest.mark.parametrize("n", [1, 4, 100_000])
@pytest.mark.parametrize(("dtype", "r"), MAGNITUDES)
def test_rmse_of_any_magnitude(dtype, r, n):
    p = np.full(n, r, dtype)
    value, grad = RMSE().value_and_grad(np.zeros(n, dtype), p)
    assert value == pytest.approx(float(p[0]), rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, 1 / n, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("w", [1e-300, 1e-250, 1e250])
def test_rmse_with_weights_of_any_magnitude(w):
    value, grad = RMSE().value_and_grad(np.zeros(3), np.ones(3), np.full(3, w))
    assert value == pytest.approx(1, rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, 1 / 3, rtol=1e-14)


@pytest.mark.parametrize(("t", "p", "smooth"), [(1.0, 0.5, 1e200), (1.0, 0.5, 1e-200), (0.5, 1.0, 1e300)])
def test_dice_with_any_smooth(t, p, smooth):
    value, grad = Dice(smooth=smooth).value_and_grad([t], [p])
    assert value == pytest.approx(abs(t - p) / (t + p + smooth), rel=1e-15, abs=0)
    assert np.isfinite(grad).all()


STACK = """
import threading
import numpy as np
from variants import VARIANTS, data

def call():
    for variant in VARIANTS:
        few, many = data(variant, (130, 5)), data(variant, (10, 200))
        for y, p in ((few[0], few[1].astype(few[1].dtype.newbyteorder())), tuple(map(np.asfortranarray, many))):
            variant().value_and_grad(y, p)
            variant.has_hess and variant().grad_and_hess(y, p)

call()
threading.stack_size({size})
thread = threading.Thread(target=call)
thread.start()
thread.join()
"""


@pytest.mark.optimized
def test_small_stacks():
    """256 KB is what threads have where they have little."""
    code = STACK.format(size=256 << 10)
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode} {done.stderr}"


def test_the_same_answers_after_an_error():
    y, p = np.zeros(200_000), np.full(200_000, 0.5)
    expected = answers(BCE(), y, p)
    wrong = y.copy()
    wrong[150_000] = 2
    with threads(2):
        for _ in range(5):
            with pytest.raises(ValueError, match="at index 150000"):
                BCE()(wrong, p)
        assert_same_bits(answers(BCE(), y, p), expected)
