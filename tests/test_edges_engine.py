"""Rows of the contract about the machinery: 89, 105, 106 and 109, each with what it can mean in Python."""

import inspect
import threading

import numpy as np
import pytest
from everything import each, sample
from test_edges_kinks import RESIDUALS
from variants import EVERY

import pyloss
from pyloss import Loss

# Row 89 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_row89_integers_above_2_to_53_round(dtype):
    """To the nearest float64, as NumPy has it: the contract asks for a word about it, which the documentation of all losses has."""
    numbers = np.array([2**53 - 1, 2**53 + 1, 2**53 + 3, 2**62 + 1, 2**63 - 1], dtype)
    got = pyloss.MAE(reduction="none")(np.zeros(5, dtype), numbers)
    np.testing.assert_array_equal(got, numbers.astype(np.float64))
    assert pyloss.MAE()(numbers[:1], numbers[:1] - dtype(1)) == 1
    assert pyloss.MAE()(numbers[1:2], numbers[1:2] - dtype(1)) == 0
    assert "2^53" in Loss.__doc__


# Row 105 --------------------------------------------------------------------------------------------------------------


def test_row105_an_array_in_use_cannot_be_resized():
    """A call holds its arrays, so that NumPy refuses to move their memory. What another thread writes into them meanwhile is read, or not:
    of that there is no test, since any answer would do; nor of `resize(refcheck=False)`, which asks for what it gets.
    """
    holder = [np.zeros(200_000), np.ones(200_000)]
    stop, values = threading.Event(), []

    def call(y, p):
        while not stop.is_set():
            values.append(pyloss.log_cosh(y, p))

    thread = threading.Thread(target=call, args=holder)
    thread.start()
    try:
        for _ in range(50):
            with pytest.raises(ValueError, match="cannot resize"):
                holder[1].resize(400_000)
    finally:
        stop.set()
        thread.join()
    assert set(values) == {pyloss.log_cosh(holder[0], holder[1])}


def test_row105_memory_that_others_own_is_held():
    """Of a bytearray, which has no other guard than the buffer that an array exports."""
    memory = bytearray(8 * 1000)
    array = np.frombuffer(memory)
    assert pyloss.MSE()(array, array) == 0
    with pytest.raises(BufferError):
        memory.extend(b"more")
    del array
    memory.extend(b"more")


# Row 106 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("variant", RESIDUALS, ids=str)
def test_row106_denormal_residuals(variant, dtype):
    """Underflow is gradual: value and gradient of the least residuals are the textbook's, rounded."""
    least = np.finfo(dtype).smallest_subnormal
    p = (np.array([1, 2, 3, 1000, -1, -2, -1000, 2**20]) * least).astype(dtype)
    y = np.zeros(8, dtype)
    values, grads = variant(reduction="none").value_and_grad(y, p)
    expected = pyloss.reference.evaluate(variant(reduction="none"), y.astype(np.float64), p.astype(np.float64))
    for got, truth in ((values, expected.value), (grads, expected.grad)):
        np.testing.assert_allclose(got, truth, rtol=4 * np.finfo(dtype).eps, atol=2 * float(least))


# Row 109 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", EVERY, ids=str)
def test_row109_there_are_no_gradients_by_the_truth(variant):
    """The contract speaks of an explicit argument for them. There is none, and no derivative is given for another by mistake: a truth is
    data, for labels and domains it has no derivative at all, and where it has one it follows from that by the prediction.
    """
    y, p = sample(variant)
    methods = (variant().grad, variant().value_and_grad)
    assert all([*inspect.signature(ask).parameters] == ["y_true", "y_pred", "sample_weight", "out"] for ask in methods)
    grad = variant().grad(y, p)
    assert each(np.shape, grad) == each(np.shape, p)


@pytest.mark.parametrize("variant", RESIDUALS, ids=str)
def test_row109_the_gradient_by_the_truth_of_a_residual(variant):
    """Is minus that by the prediction: by finite differences of the truth."""
    p, step = np.linspace(-5, 5, 41) + 2.0**-7, 2.0**-20
    loss, y = variant(reduction="none"), np.zeros(41)
    by_truth = (loss(y + step, p) - loss(y - step, p)) / (2 * step)
    np.testing.assert_allclose(by_truth, -loss.grad(y, p), rtol=1e-6, atol=1e-8)
