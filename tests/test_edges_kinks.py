"""Derivatives at kinks, rows 28 to 33 of the contract: at each kink that a docstring names, what it says."""

import inspect
import re
from math import inf, log, pi

import numpy as np
import pytest
from variants import ELEMENTWISE, data

import pyloss
from pyloss import LOSSES

FLOATS = (np.float32, np.float64)
both_precisions = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)


def names_a_kink(cls):
    """Whether its docstring, or that of what it is made from, tells of one."""
    documentation = " ".join(base.__doc__ or "" for base in inspect.getmro(cls) if base.__module__.startswith("pyloss"))
    return re.search(r"\bkinks?\b|derivatives? jumps?\b(?! nor)", documentation) is not None


KINKED = [stem for stem, cls in LOSSES.items() if names_a_kink(cls)]

# Row, loss, truth, prediction, value, gradient, Hessian (None where the loss has none); halves and quarters, which are exact.
ELEMENTS = [
    (28, pyloss.Huber(delta=2), 0, 2, 2, 2, 1),
    (28, pyloss.Huber(delta=2), 0, -2, 2, -2, 1),
    (28, pyloss.SmoothL1(beta=2), 0, 2, 1, 1, 0),
    (28, pyloss.SmoothL1(beta=2), 0, -2, 1, -1, 0),
    (28, pyloss.EpsilonInsensitive(epsilon=0.5), 1, 1.5, 0, 0, 0),
    (28, pyloss.EpsilonInsensitive(epsilon=0.5), 1, 0.5, 0, 0, 0),
    (28, pyloss.SquaredEpsilonInsensitive(epsilon=0.5), 1, 1.5, 0, 0, 0),
    (28, pyloss.SquaredEpsilonInsensitive(epsilon=0.5), 1, 0.5, 0, 0, 0),
    (28, pyloss.Wing(width=2, curvature=1), 0, 2, 2 * log(3), 1, 0),
    (28, pyloss.Wing(width=2, curvature=1), 0, -2, 2 * log(3), -1, 0),
    (28, pyloss.Hinge(margin=2), 1, 2, 0, 0, 0),
    (28, pyloss.Hinge(margin=2), -1, -2, 0, 0, 0),
    (28, pyloss.SquaredHinge(margin=2), -1, -2, 0, 0, 0),
    (28, pyloss.ModifiedHuber(), 1, 1, 0, 0, 0),
    (28, pyloss.ModifiedHuber(), 1, -1, 4, -4, 2),
    (28, pyloss.HingeEmbedding(margin=2), -1, 2, 0, 0, 0),
    (29, pyloss.Huber(), 3, 3, 0, 0, 1),
    (30, pyloss.MAE(), 3, 3, 0, 0, 0),
    (30, pyloss.SmoothL1(beta=0), 3, 3, 0, 0, 0),
    (30, pyloss.EpsilonInsensitive(epsilon=0), 3, 3, 0, 0, 0),
    (30, pyloss.Lq(q=1), 3, 3, 0, 0, 0),
    (30, pyloss.Lq(q=1.5), 3, 3, 0, 0, inf),
    (30, pyloss.Lq(q=3), 3, 3, 0, 0, 0),
    (30, pyloss.Wing(width=2, curvature=1), 3, 3, 0, 0, -2),
    (30, pyloss.MAPE(), -2, -2, 0, 0, 0),
    (30, pyloss.MAPE(), 0, 0, 0, 0, 0),
    (30, pyloss.SMAPE(), 2, 2, 0, 0, 0),
    (30, pyloss.SMAPE(), 2, 0, 2, -1, 0),
    (30, pyloss.SMAPE(), 0, 0, 0, 0, 0),
    (30, pyloss.Perceptron(), 1, 0, 0, 0, 0),
    (30, pyloss.AsymmetricBCE(clip=0.5), 0, 0, 0, 0, 0),
    (31, pyloss.Pinball(quantile=0.25), 3, 3, 0, 0, 0),
    (31, pyloss.Expectile(quantile=0.25), 3, 3, 0, 0, 1.5),
    (33, pyloss.RMSE(), 3, 3, 0, 0, None),
    # Of a truth of 0 it is the derivative from above, of 1 that from below, of 1/2 their mean.
    (28, pyloss.Dice(smooth=1), 0, 0, 0, 1, None),
    (28, pyloss.Dice(smooth=1), 1, 1, 0, -1 / 3, None),
    (28, pyloss.Jaccard(smooth=1), 0, 0, 0, 1, None),
    (28, pyloss.Jaccard(smooth=1), 1, 1, 0, -1 / 2, None),
    (28, pyloss.Tversky(alpha=0.5, beta=0.25, smooth=1), 0, 0, 0, 0.5, None),
    (28, pyloss.Tversky(alpha=0.5, beta=0.25, smooth=1), 1, 1, 0, -1 / 8, None),
    (28, pyloss.Lovasz(), 1, 1, 0, 0, None),
]

# Rows of a matrix, and what there are several of: lists.
ROWS = [
    (30, pyloss.TotalVariation(), [[0.25, 0.75]], [[0.25, 0.75]], 0, [[0, 0]], [[0, 0]]),
    (30, pyloss.TotalVariation(), [[0.25, 0.75]], [[0.5, 0.75]], 0.125, [[0.5, 0]], [[0, 0]]),
    (31, pyloss.MultiQuantile(quantiles=(0.25, 0.5)), [3], [[3, 4]], 0.25, [[0, 0.25]], [[0, 0]]),
    (28, pyloss.MultiMargin(), [1], [[0, 1, -3]], 0, [[0, 0, 0]], [[0, 0, 0]]),
    (28, pyloss.MultiMargin(p=2), [1], [[0, 1, -3]], 0, [[0, 0, 0]], [[0, 0, 0]]),
    (28, pyloss.MultilabelMargin(), [[0, -1, 0]], [[1, 0, -4]], 0, [[0, 0, 0]], [[0, 0, 0]]),
    (28, pyloss.MulticlassHinge(), [2], [[0, 1, 2]], 0, [[0, 1, -1]], [[0, 0, 0]]),
    (28, pyloss.Sparsemax(), [0], [[1, 0]], 0, [[0, 0]], None),
    (28, pyloss.MarginRanking(margin=0.5), [1], ([2.5], [2]), 0, ([0], [0]), ([0], [0])),
    (28, pyloss.MarginRanking(margin=0), [-1], ([2], [2]), 0, ([0], [0]), ([0], [0])),
    (30, pyloss.LaplaceNLL(), [3], ([3], [2]), log(4), ([0], [0.5]), ([0], [-0.25])),
    (28, pyloss.CosineEmbedding(margin=0), [-1], ([[1, 0]], [[0, 1]]), 0, ([[0, 0]], [[0, 0]]), None),
    (30, pyloss.Triplet(margin=1), None, ([[1, 2]], [[1, 2]], [[1, 2]]), 1, ([[0, 0]],) * 3, None),
    (28, pyloss.Triplet(margin=1), None, ([[0, 0]], [[0, 1]], [[0, 2]]), 0, ([[0, 0]],) * 3, None),
]


def listed(table):
    return [pytest.param(*line[1:], id=f"row{line[0]}-{line[1].name}-{line[2]}-{line[3]}") for line in table]


@both_precisions
@pytest.mark.parametrize(("loss", "y", "p", "value", "grad", "hess"), listed(ELEMENTS))
def test_elements(loss, y, p, value, grad, hess, dtype):
    answer(loss, np.array([y], dtype), np.array([p], dtype), value, [grad], None if hess is None else [hess], dtype)


@both_precisions
@pytest.mark.parametrize(("loss", "y", "p", "value", "grad", "hess"), listed(ROWS))
def test_rows(loss, y, p, value, grad, hess, dtype):
    pred = tuple(np.array(part, dtype) for part in p) if isinstance(p, tuple) else np.array(p, dtype)
    truth = None if y is None else np.array(y, dtype if loss.labels in ("never", "rows") else int)
    answer(loss, truth, pred, value, grad, hess, dtype)


def answer(loss, y, p, value, grad, hess, dtype):
    tolerance = 4 * float(np.finfo(dtype).eps)
    got = loss.value_and_grad(y, p)
    assert got[0] == pytest.approx(value, rel=tolerance, abs=0)
    np.testing.assert_allclose(got[1], grad, rtol=tolerance, atol=0)
    assert hasattr(loss, "grad_and_hess") == (hess is not None)
    if hess is not None:
        np.testing.assert_allclose(loss.grad_and_hess(y, p)[1], hess, rtol=tolerance, atol=0)


def test_every_kink_is_in_a_table():
    """But for that of soft_mcc, whose slope is a quotient of sums: test_soft_truths_have_their_best_at_the_truth is about it."""
    assert {*KINKED} - {"soft_mcc"} <= {line[1].name for line in [*ELEMENTS, *ROWS]} | {"andrew_wave"}
    assert len(KINKED) > 25


@both_precisions
def test_row28_the_border_of_a_wave(dtype):
    """c pi is no number: what is next to it on either side."""
    loss = pyloss.AndrewWave(c=1, reduction="none")
    inside, beyond = np.nextafter(dtype(pi), dtype(0)), np.nextafter(dtype(pi), dtype(4))
    values, grads = loss.value_and_grad(np.zeros(2, dtype), np.array([inside, beyond]))
    hess = loss.grad_and_hess(np.zeros(2, dtype), np.array([inside, beyond]))[1]
    tolerance = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(values, [2, 2], rtol=tolerance)
    np.testing.assert_allclose(hess, [-1, 0], rtol=tolerance, atol=0)
    np.testing.assert_allclose(grads, [0, 0], atol=tolerance)
    assert grads[1] == 0


# Kinks at r = 0, of whatever loss ------------------------------------------------------------------------------------


def sees_residuals(variant):
    """Whether a common shift of truth and prediction changes nothing."""
    if variant().y_true_domain.integral or variant().y_true_domain.low > -inf or variant().y_pred_domain.low > -inf:
        return False
    y, p = data(variant, (200,))
    return variant()(y, p) == pytest.approx(variant()(y + 0.5, p + 0.5), rel=1e-12, abs=0)


RESIDUALS = [variant for variant in ELEMENTWISE if sees_residuals(variant)]


@both_precisions
@pytest.mark.parametrize("variant", RESIDUALS, ids=str)
def test_rows_29_30_31_no_residual_no_slope(variant, dtype):
    """Both zeros are one number, and no loss has a value or a slope there."""
    y = np.array([0, 0, -0.0, 3, -1e30, 1e-30], dtype)
    p = np.array([0, -0.0, 0, 3, -1e30, 1e-30], dtype)
    values, grads = variant(reduction="none").value_and_grad(y, p)
    assert not values.any()
    assert not grads.any()


@pytest.mark.parametrize("variant", RESIDUALS, ids=str)
def test_row32_the_hessian_is_the_true_one(variant):
    """Where the gradient is constant around a residual it is 0, not a number made up for boosting."""
    r = np.linspace(-6, 6, 193) + 2.0**-7
    loss, step = variant(reduction="none"), 2.0**-20
    before, after = (loss.grad(np.zeros(193), r + side) for side in (-step, step))
    flat = before == after
    hess = loss.grad_and_hess(np.zeros(193), r)[1]
    assert not hess[flat].any()
    np.testing.assert_allclose((after - before) / (2 * step), hess, rtol=1e-6, atol=1e-6)


@both_precisions
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2000, 3)])
def test_row33_the_root_at_zero(shape, dtype):
    y = np.full(shape, 3, dtype)
    for weight in (None, np.full(shape, 0.25), np.full(shape, 1e-300)):
        for reduction in ("mean", "sum", "batchmean"):
            value, grad = pyloss.RMSE(reduction=reduction).value_and_grad(y, y, weight)
            assert value == 0
            assert not grad.any()


@both_precisions
def test_row66_smooth_l1_without_a_curve_is_the_absolute_error(dtype):
    y, p = (np.round(np.random.default_rng(0).normal(size=(2, 500)) * 2).astype(dtype) for _ in range(2))
    y, p = np.concatenate([y[0], [0, 0, inf]]), np.concatenate([p[1], [-0.0, 1e-45, 3]])
    y, p = y.astype(dtype), p.astype(dtype)
    for reduction in ("mean", "none"):
        got, expected = (
            cls(reduction=reduction, **kind) for cls, kind in ((pyloss.SmoothL1, {"beta": 0.0}), (pyloss.MAE, {}))
        )
        np.testing.assert_array_equal(got(y, p), expected(y, p))
        for one, other in zip(got.grad_and_hess(y, p), expected.grad_and_hess(y, p), strict=True):
            np.testing.assert_array_equal(one, other)
