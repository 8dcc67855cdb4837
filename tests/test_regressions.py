"""What a review found in pyloss itself, each once."""

from math import inf, nan, ulp

import numpy as np
import pytest

import pyloss
from pyloss import _engine, _kernels, _runtime


@pytest.mark.parametrize("size", [1, 1000, 1025])
@pytest.mark.parametrize("taken", ["y_true", "y_pred"])
def test_an_overflowing_block_is_summed_before_its_input_is_overwritten(size, taken):
    arrays = {"y_true": np.full(size, -1e30, np.float32), "y_pred": np.full(size, 1e30, np.float32)}
    truth = pyloss.MSE()(**arrays)
    value, _ = pyloss.MSE().value_and_grad(**arrays, out=arrays[taken])
    assert value == truth == pytest.approx(4e60, rel=1e-6, abs=0)


@pytest.mark.parametrize("classes", [3, 40, 1500])
def test_second_derivatives_may_take_the_place_of_the_targets(classes):
    rng = np.random.default_rng(0)
    t, z = rng.dirichlet(np.ones(classes), 70), rng.normal(size=(70, classes))
    loss = pyloss.CCE(from_logits=True)
    grad, hess = loss.grad_and_hess(t, z)
    place = t.copy()
    got, _ = loss.grad_and_hess(place, z, out=(None, place))
    np.testing.assert_array_equal(got, grad)
    np.testing.assert_array_equal(place, hess)


@pytest.mark.parametrize(
    ("dtype", "r"),
    [(np.float32, 1e-25), (np.float32, 3e38), (np.float64, 1e200), (np.float64, 1e-200), (np.float64, 1e308)],
)
def test_rmse_has_the_range_of_its_values(dtype, r):
    p = np.full(4, r, dtype)
    value, grad = pyloss.RMSE().value_and_grad(np.zeros(4, dtype), p)
    assert value == pytest.approx(float(p[0]), rel=4e-16, abs=0)
    np.testing.assert_allclose(grad, 0.25, rtol=1e-7)


def test_rmse_of_tiny_weights():
    assert pyloss.RMSE()([0.0], [1.0], [1e-250]) == 1


def test_rmse_of_equal_residuals_is_the_residual():
    for r in range(1, 30):
        for n in range(1, 60):
            assert pyloss.RMSE()(np.zeros(n), np.full(n, float(r))) == r


@pytest.mark.parametrize(("smooth", "weight"), [(1.0, 1e200), (0.0, 1e-200), (1e200, 1.0)])
def test_dice_scales(smooth, weight):
    grad = pyloss.Dice(smooth=smooth).grad([1.0], [0.5], [weight])
    size = 1.5 * weight + smooth
    agreement = (size - 0.5 * weight) / size
    assert grad[0] == pytest.approx(weight / size * (agreement - 2), rel=1e-14, abs=0)


def test_dice_does_not_cancel_near_a_perfect_prediction():
    assert pyloss.Dice(smooth=0)([0.5], [0.5 + 2**-40]) == pytest.approx(2**-40 / (1 + 2**-40), rel=4e-16, abs=0)


def test_huber_of_an_infinite_delta_and_residual():
    value, grad = pyloss.Huber(delta=inf).value_and_grad([0.0], [inf])
    assert (value, grad[0]) == (inf, inf)


@pytest.mark.parametrize("rows", [([[nan, 1.0]], [[0.0, 0.0]]), ([[0.0, 0.0]], [[nan, 1.0]])])
def test_a_zero_vector_does_not_swallow_a_nan(rows):
    assert np.isnan(pyloss.CosineDistance()(*rows))


def test_a_negative_zero_is_a_probability_of_zero():
    value, grad = pyloss.KLDivergence().value_and_grad([[0.5, 0.5]], [[-0.0, 1.0]])
    assert value == inf
    np.testing.assert_array_equal(grad, [[-inf, -0.5]])


def test_an_infinite_logit_leaves_the_last_bits_of_other_rows():
    rng = np.random.default_rng(0)
    z, label = rng.normal(size=(64, 10)), rng.integers(0, 10, 64)
    loss = pyloss.CCE(from_logits=True, reduction="none")
    before = loss.grad(label, z)
    z[7, 3] = inf
    after = loss.grad(label, z)
    np.testing.assert_array_equal(np.delete(after, 7, 0), np.delete(before, 7, 0))


def test_as_many_dimensions_as_numpy_has():
    shape = (7,) + (1,) * (62 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 30) + (5,)
    rng = np.random.default_rng(0)
    p, w = rng.random(shape), rng.random(shape)
    assert pyloss.MSE()(np.zeros(shape), p, w) == pytest.approx((w * p * p).sum() / w.sum())


@pytest.mark.parametrize("probe", ["exp", "exp_of_minus", "log", "log1p", "log1p_of_unit", "expm1", "log_of_factorial"])
def test_a_probe_refuses_too_short_an_output(probe):
    kernels = _kernels.load(_runtime.LEVEL, 64)
    with pytest.raises(ValueError, match="out must have the length of x, 4, got 1"):
        getattr(kernels, probe)(np.ones(4), np.ones(1))


def test_the_probe_of_powers_refuses_too_short_arrays():
    kernels = _kernels.load(_runtime.LEVEL, 64)
    for arrays, name in (((np.ones(4), np.ones(1), np.ones(4)), "a"), ((np.ones(4), np.ones(4), np.ones(1)), "out")):
        with pytest.raises(ValueError, match=f"^{name} must have the length of x, 4, got 1"):
            kernels.power_of(*arrays)


def test_a_plan_refuses_too_many_parameters():
    with pytest.raises(ValueError, match="a point takes 4 parameters, got 7"):
        _engine.Plan(pyloss.MSE(), "mse").scaled_grad(1.0, [0.0], [1.0], parameters=(1.0,) * 7)


def test_a_mask_of_another_shape_is_refused():
    p = np.ma.masked_array(np.ones(1000), np.zeros(1000, bool))
    p._mask = np.ones(1, bool)
    with pytest.raises(ValueError, match=r"the mask of y_pred must hold booleans of the shape \(1000,\)"):
        pyloss.MSE()(np.zeros(1000), p)


def test_nothing_is_written_when_one_of_two_outputs_is_refused():
    value = np.zeros(())
    with pytest.raises(ValueError, match="out must have the shape"):
        pyloss.RMSE(reduction="none").value_and_grad([0.0], [1.0], out=(value, np.zeros(3)))
    assert value == 0


def test_entropy_refuses_what_losses_refuse():
    for p in (np.array([1j]), np.array(["0.5"]), np.array([0.5], object)):
        with pytest.raises(TypeError, match="must hold real numbers"):
            pyloss.entropy(p)
    assert pyloss.entropy([1, 0]) == 0


def test_an_eps_without_probabilities_is_refused():
    with pytest.raises(ValueError, match="bce: eps must be 0 with from_logits"):
        pyloss.BCE(from_logits=True, eps=0.1)


def test_few_long_rows_have_the_same_bits_on_threads():
    rng = np.random.default_rng(0)
    z, label = rng.normal(size=(9, 200_000)).astype(np.float32), rng.integers(0, 200_000, 9)
    loss = pyloss.SparseCCE(from_logits=True)
    answers = []
    for count in (1, 2, 7):
        with pyloss.threads(count):
            answers.append(loss.value_and_grad(label, z))
    for value, grad in answers[1:]:
        assert value == answers[0][0]
        np.testing.assert_array_equal(grad, answers[0][1])
    truth = pyloss.reference.evaluate(loss, label, z.astype(np.float64)).value
    assert abs(answers[0][0] - truth) <= 2**29 * ulp(truth)
