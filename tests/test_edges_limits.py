"""What is infinite gives the limit: rows 9, 10, 18, 25, 51 to 57, 75 of the contract, for every loss that takes such numbers."""

import re
from math import inf, log, nan

import numpy as np
import pytest
from comparing import answers
from everything import each, parts, sample
from test_edges_kinks import RESIDUALS
from variants import ELEMENTWISE, PAIRED, PER_CLASS, ROWWISE, data

import pyloss

FLOATS = {np.float32: (1e18, 1e37), np.float64: (1e150, 1e300)}
both_precisions = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)


def limit(far, farther):
    """Where numbers tend to that are these at two arguments on the way to infinity, the second a power of the first."""
    far, farther = np.asarray(far, np.float64), np.asarray(farther, np.float64)
    settled = np.isclose(far, farther, rtol=1e-5, atol=0) | (np.isnan(far) & np.isnan(farther))
    growing = np.abs(farther) > np.abs(far)
    return np.where(settled, farther, np.where(growing, np.copysign(inf, farther), 0))


def at_the_end(loss, y, p, sign, dtype, place):
    """All answers where some numbers are infinite, and where they are large instead."""

    def given(number):
        pred = p.astype(dtype)
        pred[place] = sign * number
        return answers(loss, y, pred)

    return given(inf), tuple(given(number) for number in FLOATS[dtype])


def assert_limits(got, on_the_way, dtype):
    for name, answer in got.items():
        expected = limit(*(answers[name] for answers in on_the_way))
        np.testing.assert_allclose(answer, expected, rtol=1e-5 if dtype == np.float32 else 1e-12, err_msg=name)


UNBOUNDED = [variant for variant in ELEMENTWISE if variant().y_pred_domain.high == inf]


@both_precisions
@pytest.mark.parametrize("variant", UNBOUNDED, ids=str)
def test_rows_10_18_75_infinite_predictions(variant, dtype):
    """Value, gradient and Hessian at inf and -inf, of every truth."""
    y, p = data(variant, (40,))
    y = y.astype(dtype)
    loss = variant(reduction="none")
    for sign in (1, -1) if variant().y_pred_domain.low == -inf else (1,):
        assert_limits(*at_the_end(loss, y, p, sign, dtype, slice(None)), dtype)


@both_precisions
@pytest.mark.parametrize("variant", RESIDUALS, ids=str)
def test_rows_9_10_infinite_truths(variant, dtype):
    """An infinite residual is the same from either side; inf - inf is nan, and so are its derivatives."""
    loss, ends = variant(reduction="none"), np.array([inf, -inf], dtype)
    p = np.zeros(2, dtype)
    for name, answer in answers(loss, ends, p).items():
        np.testing.assert_array_equal(answer, answers(loss, p, -ends)[name], err_msg=name)
    for name, answer in answers(loss, ends, ends).items():
        assert np.isnan(answer).all() or name.endswith("hess"), name


@both_precisions
@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_rows_7_8_15_nan_is_no_sign(variant, dtype):
    """A nan in the truth or in the prediction: value and gradient are nan, never a sign; so is a Hessian that depends on it."""
    y, p = (array.astype(dtype) for array in data(variant, (40,)))
    loss = variant(reduction="none")
    hess = loss.grad_and_hess(y, p)[1]
    for place, given in enumerate(((y * nan, p), (y, p * nan))):
        other = (y[::-1].copy(), p) if place == 0 else (y, p[::-1].copy())
        regardless = np.array_equal(loss.grad_and_hess(*other)[1], hess)
        for name, answer in answers(loss, *given).items():
            assert np.isnan(answer).all() or (name.endswith("hess") and regardless), name


def takes_infinite_scores(variant):
    return (
        variant().y_pred_domain.low == -inf
        and variant().y_pred_domain.high == inf
        and variant.stem != "cosine_distance"
    )


SCORED = [variant for variant in [*ROWWISE, *PER_CLASS] if takes_infinite_scores(variant)]


@both_precisions
@pytest.mark.parametrize("variant", SCORED, ids=str)
def test_rows_51_52_53_54_56_57_infinite_scores(variant, dtype):
    """One score of a row is infinite, at a label or elsewhere: the answers are the limits, and no other row is changed."""
    y, p = sample(variant)
    if y.dtype.kind == "f":  # rows that sum to 1, with zeros in them, or one truth a row
        y = np.resize([0.5, 0.25, 0.25, 0, 0, 0, 0, 1, 0.75, 0, 0.25, 0], y.shape).astype(dtype)
    loss = variant(reduction="none")
    for sign in (1, -1):
        for k in range(p.shape[1]):
            place = (slice(0, 12, 2), k)
            got, on_the_way = at_the_end(loss, y, p, sign, dtype, place)
            assert_limits(got, on_the_way, dtype)


LOGITS = [variant for variant in SCORED if getattr(variant(), "from_logits", variant.stem == "poly1")]
UNCAPPED = [variant for variant in LOGITS if not getattr(variant(), "softcap", None)]


@both_precisions
@pytest.mark.parametrize("variant", UNCAPPED, ids=str)
def test_rows_55_56_no_score_stands_out(variant, dtype):
    """All at -inf, or two at inf: such a row is nan, the others are what they were."""
    y, p = sample(variant)
    y[5] = 1 if variant.labels else y[5]  # no label that is ignored
    loss, clean = variant(reduction="none"), p.astype(dtype)
    expected = answers(loss, y, clean)
    for row in ([-inf] * 4, [inf, inf, 0, -inf], [inf] * 4):
        spoiled = clean.copy()
        spoiled[5] = row
        for name, answer in answers(loss, y, spoiled).items():
            assert np.isnan(answer[5]).all(), name
            np.testing.assert_array_equal(np.delete(answer, 5, 0), np.delete(expected[name], 5, 0))


def test_row53_minus_inf_under_smoothing_is_inf():
    """Every class has a share of a smoothed truth. An option that smooths over finite logits alone, of which the row speaks, is not there:
    a class that cannot be is a class less, and `class_weight` of 0 takes it out.
    """
    z = [[0.0, 0, -inf]]
    assert pyloss.CCE(from_logits=True, label_smoothing=0.25)([0], z) == inf
    without = pyloss.CCE(from_logits=True, label_smoothing=0.25, class_weight=(1, 1, 0))
    value, grad = without.value_and_grad([0], z)
    assert value == pytest.approx((1 - 0.25 / 3) * log(2), rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, [[-0.375, 0.375, 0]], rtol=1e-15)


# Squares that overflow float32 ----------------------------------------------------------------------------------------


def real(variant):
    """Whether truth and predictions are any numbers, so that a scale of 1e30 has a meaning."""
    domains = list(variant().predictions.values()) or [variant().y_pred_domain]
    return all(domain.low == -inf for domain in domains[:1])


LARGE = [variant for variant in [*ELEMENTWISE, *ROWWISE, *PER_CLASS, *PAIRED] if real(variant)]


@pytest.mark.parametrize("scale", [1e19, 1e30, 3e37])
@pytest.mark.parametrize("variant", LARGE, ids=str)
def test_rows_25_26_27_no_sum_overflows_before_its_value(variant, scale):
    """The reduced value of float32 numbers is that of the same numbers in float64, which hold their squares."""
    y, p = sample(variant)
    narrow = each(lambda a: (a * scale).astype(np.float32), p[:1] if isinstance(p, tuple) else p)
    if isinstance(p, tuple):
        narrow = (*narrow, *(part.astype(np.float32) for part in p[1:]))
    wide = each(lambda a: a.astype(np.float64), narrow)
    for reduction in ("mean", "sum"):
        loss = variant(reduction=reduction)
        truth = y.astype(np.float32) if y is not None and y.dtype.kind == "f" else y
        value, expected = loss(truth, narrow), loss(y, wide)
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        assert all(part.dtype == np.float32 for part in parts(loss.grad(truth, narrow)))


# Units -----------------------------------------------------------------------------------------------------------------


def in_units_of_y(variant):
    """The parameters that have the unit of y, as the docstring says."""
    sentences = [part for part in re.split(r"[.;]\s", pyloss.LOSSES[variant.stem].__doc__) if "unit of y" in part]
    return {
        name: given for name, given in variant().parameters.items() if any(f"`{name}`" in part for part in sentences)
    }


MEASURED = [variant for variant in RESIDUALS if any(in_units_of_y(variant).values())]


@both_precisions
@pytest.mark.parametrize("variant", MEASURED, ids=str)
def test_rows_25_106_units_do_not_matter(variant, dtype):
    """Residuals and parameters in units of y that are far from 1: nothing is lost on the way to a gradient that is in range."""
    r = np.array([-8, -3, -1, -0.25, -(2.0**-9), 2.0**-20, 0.5, 1.5, 6], dtype)
    given, zeros = in_units_of_y(variant), np.zeros(9, dtype)

    def grad(scale):
        scaled = {name: number * scale for name, number in given.items()}
        return variant(**scaled, reduction="none").grad(zeros, r * dtype(scale))

    plain, doubled = grad(1.0), grad(2.0)
    (power,) = np.unique(np.log2(doubled[plain != 0] / plain[plain != 0]).round(3))  # of the unit, in a derivative
    far = 90 if dtype == np.float32 else 700
    for exponent in (-far, far):
        expected = plain * dtype(2.0) ** dtype(exponent * power)
        np.testing.assert_allclose(grad(2.0**exponent), expected, rtol=8 * np.finfo(dtype).eps)
