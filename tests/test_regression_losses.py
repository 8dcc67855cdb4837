"""What the regression losses claim beside what holds for all: limits, losses that contain others, kinks, the ends of the range."""

from math import inf, log, nan, pi, sqrt

import numpy as np
import oracles_regression  # noqa: F401
import pytest
from oracle_mpmath import _evaluate
from oracle_ulps import GATES, HESS_GATES, ulps

import pyloss
from pyloss import (
    MAE,
    MAPE,
    MSE,
    MSLE,
    SMAPE,
    SSE,
    AndrewWave,
    Arctan,
    Barron,
    Cauchy,
    EpsilonInsensitive,
    Expectile,
    Fair,
    GemanMcClure,
    Huber,
    LogCosh,
    Lq,
    PseudoHuber,
    SmoothL1,
    SquaredEpsilonInsensitive,
    StudentT,
    Tukey,
    Welsch,
    Wing,
)

FLOATS = (np.float32, np.float64)
ROBUST = (
    PseudoHuber,
    LogCosh,
    Fair,
    Cauchy,
    Welsch,
    GemanMcClure,
    Tukey,
    Arctan,
    StudentT,
    Barron,
    AndrewWave,
)
RESIDUALS = np.concatenate([np.linspace(-30, 30, 241), [-1e-3, 1e-3, 1e-9, -1e-9, 1e4, -1e4]])


def three(loss, r=RESIDUALS, dtype=np.float64):
    """Value, gradient and second derivative of residuals."""
    loss = type(loss)(**{**loss.parameters, "reduction": "none"})
    y, p = np.zeros(len(r), dtype), np.asarray(r, dtype)
    return np.array([loss(y, p), *loss.grad_and_hess(y, p)])


CONTAINED = [
    (SmoothL1(beta=0.5), Huber(delta=0.5), 2),
    (SmoothL1(beta=3), Huber(delta=3), 1 / 3),
    (SmoothL1(beta=1), Huber(delta=1), 1),
    (SmoothL1(beta=0), MAE(), 1),
    (EpsilonInsensitive(epsilon=0), MAE(), 1),
    (SquaredEpsilonInsensitive(epsilon=0), MSE(), 1),
    (Expectile(quantile=0.5), MSE(), 0.5),
    (Lq(q=1), MAE(), 1),
    (Lq(q=2), MSE(), 1),
    (StudentT(c=1.5, df=4), Cauchy(c=3), 1),
    (StudentT(c=2, df=1), Cauchy(c=2), 1),
    (Barron(alpha=2, c=0.75), SSE(), 1 / 0.75**2),
    (Barron(alpha=1, c=0.75), PseudoHuber(delta=0.75), 1 / 0.75**2),
    (Barron(alpha=0, c=0.75), Cauchy(c=0.75 * sqrt(2)), 1 / 0.75**2),
    (Barron(alpha=-2, c=0.75), GemanMcClure(c=1.5), 1 / 0.75**2),
    (Barron(alpha=-inf, c=0.75), Welsch(c=0.75 * sqrt(2)), 1 / 0.75**2),
]


@pytest.mark.parametrize(("loss", "other", "factor"), CONTAINED, ids=lambda x: str(x)[:40])
def test_one_contains_another(loss, other, factor):
    """At r = beta the second derivatives of smooth L1 and Huber differ: by definition the kink is outside of one, inside of the other.
    At r = 0 the square has a second derivative that what is insensitive up to 0 has not."""
    got, expected = three(loss), factor * three(other)
    np.testing.assert_allclose(got[:2], expected[:2], rtol=1e-12, atol=1e-300)
    kink = np.isin(np.abs(RESIDUALS), [0.0, loss.parameters.get("beta", nan)])
    np.testing.assert_allclose(got[2][~kink], expected[2][~kink], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", [cls() for cls in ROBUST], ids=lambda loss: loss.name)
def test_near_zero_all_are_half_a_square(loss):
    """Value to the last digit, where the textbook forms have none left."""
    r = np.array([1e-160, 1e-100, 1e-30, 1e-12])
    value, grad, hess = three(loss, r)
    np.testing.assert_allclose(value, r * r / 2, rtol=2e-12)
    np.testing.assert_allclose(grad, r, rtol=2e-12)
    np.testing.assert_allclose(hess, 1, rtol=4e-12)
    assert (three(loss, [0.0]).ravel() == [0, 0, 1]).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("r", [1e30, -1e30, 2e38, 1e19, -1e20])
def test_no_square_overflows_on_the_way(r, dtype):
    for loss, value, slope in [
        (PseudoHuber(), abs(r), 1),
        (LogCosh(), abs(r), 1),
        (Fair(), abs(r), 1),
        (Cauchy(), log(abs(r)), 1 / abs(r)),
        (StudentT(), 4 * log(abs(r) / 2), 4 / abs(r)),
        (Barron(alpha=0), 2 * log(abs(r)) - log(2), 2 / abs(r)),
        (Barron(), abs(r), 1),
        (Welsch(), 0.5, 0),
        (GemanMcClure(), 0.5, 0),
        (Tukey(c=3), 1.5, 0),
        (Arctan(), pi / 4, 0),
        (AndrewWave(c=3), 18, 0),
        (Barron(alpha=-inf), 1, 0),
        (Barron(alpha=-2), 2, 0),
        (Wing(), abs(r), 1),
        (SmoothL1(), abs(r), 1),
        (EpsilonInsensitive(), abs(r), 1),
    ]:
        got = three(loss, [r], dtype).ravel()
        assert got[0] == pytest.approx(value, rel=1e-6), loss
        assert got[1] == pytest.approx(slope * np.sign(r), rel=1e-6, abs=1e-36), loss
        assert abs(got[2]) <= 1e-18, loss


def test_infinite_residuals():
    for loss, value, slope in [
        (Huber(delta=2), inf, 2),
        (Huber(delta=inf), inf, inf),
        (PseudoHuber(delta=2), inf, 2),
        (LogCosh(), inf, 1),
        (Fair(c=2), inf, 2),
        (Cauchy(), inf, 0),
        (StudentT(), inf, 0),
        (Welsch(), 0.5, 0),
        (GemanMcClure(), 0.5, 0),
        (Tukey(c=3), 1.5, 0),
        (Arctan(), pi / 4, 0),
        (AndrewWave(c=3), 18, 0),
        (Barron(alpha=1, c=2), inf, 0.5),
        (Barron(alpha=0), inf, 0),
        (Barron(alpha=-inf), 1, 0),
        (Barron(alpha=-2), 2, 0),
        (Barron(alpha=1.5), inf, inf),
        (Wing(), inf, 1),
        (SmoothL1(), inf, 1),
        (Expectile(), inf, inf),
        (EpsilonInsensitive(), inf, 1),
        (SquaredEpsilonInsensitive(), inf, inf),
        (Lq(), inf, inf),
    ]:
        for dtype in FLOATS:
            got = three(loss, [inf, -inf], dtype)
            np.testing.assert_allclose(got[0], value, rtol=1e-6, err_msg=str(loss))
            np.testing.assert_allclose(got[1], [slope, -slope], rtol=1e-6, atol=1e-36, err_msg=str(loss))


def within_the_gates(loss, y, p, dtype):
    """Against mpmath, with parameters as the kernel holds them."""
    given = {name: dtype(number) for name, number in loss.parameters.items()}
    got = pyloss.LOSSES[loss.name](**loss.parameters, reduction="none")
    y, p = np.array([y], dtype), np.array([p], dtype)
    answers = got(y, p), *got.grad_and_hess(y, p)
    truths = _evaluate(loss.name, y[0], p[0], given)
    for answer, truth, gate in zip(answers, truths, (GATES, GATES, HESS_GATES), strict=True):
        assert ulps(answer[0], truth, truth, dtype) <= gate[dtype], (loss, y, p, answer, truth)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("alpha", [2 - 2.0**-22, 2 + 2.0**-20, 2.0**-20, -(2.0**-12), 2.0**-60, -3.5, 4.0, -64.0, 0.3])
def test_barron_near_its_limits(alpha, dtype):
    for r in (1e-7, 0.01, 0.3, 1.0, 1.7, 5.0, 60.0, -700.0):
        for c in (1.0, 0.375):
            within_the_gates(Barron(alpha=alpha, c=c), 0, r, dtype)


def test_barron_is_continuous_in_alpha():
    for limit, near in ((2, 2 - 1e-15), (2, 2 + 1e-15), (0, 1e-17), (0, -1e-300), (-inf, -1e20), (-inf, -1e300)):
        np.testing.assert_allclose(three(Barron(alpha=near)), three(Barron(alpha=limit)), rtol=1e-12, atol=1e-300)
    for near in (2 - 1e-12, 1e-9, -1e-9, 1e-40, 1e300, -1e300):
        got = three(Barron(alpha=near), dtype=np.float32)
        assert not np.isnan(got).any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_where_terms_cancel(dtype):
    """Roots of second derivatives, borders of pieces, truths that are close: relative to the answer, however small it is."""
    eps = float(np.finfo(dtype).eps)
    near = (1 - 8 * eps, 1 + 16 * eps, 1 - 1e-4, 1 + 1e-3)
    for factor in near:
        for loss, root in [
            (Cauchy(), 1),
            (StudentT(), 2),
            (Welsch(), sqrt(0.5)),
            (GemanMcClure(), sqrt(1 / 3)),
            (Tukey(c=3), 3 / sqrt(5)),
            (Tukey(c=3), 3),
            (Arctan(), 3**-0.25),
            (AndrewWave(c=1), pi / 2),
            (AndrewWave(c=1), pi),
            (EpsilonInsensitive(epsilon=0.5), 0.5),
            (SquaredEpsilonInsensitive(epsilon=0.5), 0.5),
            (SmoothL1(beta=0.5), 0.5),
            (Wing(), 5),
            (LogCosh(), 1),
            (Barron(alpha=-2), 2 / sqrt(3)),
        ]:
            within_the_gates(loss, 0, root * factor, dtype)
            within_the_gates(loss, 0.1, 0.1 + root * factor, dtype)
        for y in (-0.999, -0.5, 0.0, 1e-6, 0.7, 300.0, 1e9):
            within_the_gates(MSLE(), y, y * factor, dtype)
            within_the_gates(SMAPE(), y, y * factor, dtype)
            within_the_gates(MAPE(), y, y * factor, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_random_points(dtype):
    rng = np.random.default_rng(21)
    for loss in [cls(c=0.3) if "c" in cls().parameters else cls() for cls in ROBUST] + [Lq(), Wing(), Fair(), Welsch()]:
        for _ in range(60):
            y, p = rng.normal(size=2) * 10.0 ** rng.integers(-3, 2, 2)
            within_the_gates(loss, y, p, dtype)
    for _ in range(60):
        within_the_gates(MSLE(), *(rng.random(2) ** 4 * 100 - 0.999), dtype)


def test_kinks():
    assert three(SmoothL1(beta=2), [2.0, -2.0, 0.0]).tolist() == [[1, 1, 0], [1, -1, 0], [0, 0, 0.5]]
    assert three(SmoothL1(beta=0), [0.0, -0.5]).tolist() == [[0, 0.5], [0, -1], [0, 0]]
    assert three(Expectile(quantile=0.25), [0.0, 2.0, -2.0]).tolist() == [[0, 3, 1], [0, 3, -1], [1.5, 1.5, 0.5]]
    assert three(EpsilonInsensitive(epsilon=0.5), [0.5, -0.5, 1.0]).tolist() == [[0, 0, 0.5], [0, 0, 1], [0, 0, 0]]
    assert three(SquaredEpsilonInsensitive(epsilon=0.5), [0.5, -1.0]).tolist() == [[0, 0.25], [0, -1], [0, 2]]
    assert three(AndrewWave(c=1), [4.0, -4.0]).tolist() == [[2, 2], [0, 0], [0, 0]]
    assert three(Wing(width=2, curvature=1), [2.0, -2.0, 0.0])[1:].tolist() == [[1, -1, 0], [0, 0, -2]]
    assert three(Lq(q=1.5), [0.0])[:, 0].tolist() == [0, 0, inf]
    assert three(Lq(q=3), [0.0])[:, 0].tolist() == [0, 0, 0]
    assert three(Lq(q=1), [0.0])[:, 0].tolist() == [0, 0, 0]


def of_pair(loss, y, p):
    loss = type(loss)(**{**loss.parameters, "reduction": "none"})
    return [float(loss([y], [p])[0]), *(float(x[0]) for x in loss.grad_and_hess([y], [p]))]


def test_row73_relative_errors_at_zero():
    assert of_pair(MAPE(), 0.0, 0.0) == [0, 0, 0]
    assert of_pair(MAPE(), 0.0, -2.0) == of_pair(MAPE(), -0.0, -2.0) == [inf, -inf, 0]
    assert of_pair(MAPE(eps=0.5), 0.0, -2.0) == [4, -2, 0]
    assert of_pair(SMAPE(), 0.0, 0.0) == [0, 0, 0]
    assert of_pair(SMAPE(), 0.0, -2.0) == [2, 0, 0]
    assert of_pair(SMAPE(), 2.0, 0.0) == [2, -1, 0]
    assert of_pair(SMAPE(), 2.0, -1.0) == [2, 0, 0]
    assert of_pair(SMAPE(), 3.0, 1.0) == [1, -0.75, 0.375]
    assert of_pair(SMAPE(), 1e308, 1.5e308)[0] == pytest.approx(0.4)
    assert of_pair(MAPE(), -1e308, 1.5e308)[0] == pytest.approx(2.5)


@pytest.mark.parametrize("bad", [-1.0, -1.5])
def test_row74_msle_is_for_numbers_above_minus_one(bad):
    for y, p in ((bad, 0.0), (0.0, bad)):
        with pytest.raises(ValueError, match=r"msle: y_(true|pred) must be > -1, got -1"):
            MSLE()([y], [p])
    assert np.isnan(MSLE(check=False)([0.0], [-1.5]))


@pytest.mark.parametrize(("dtype", "y"), [(np.float32, 1e-20), (np.float64, 1e-200), (np.float64, 1.0)])
def test_smape_curves_nowhere_at_zero(dtype, y):
    """The gradient by p is beyond the range there, and its slope is 0 all the same."""
    _, hess = pyloss.SMAPE(reduction="none").grad_and_hess(np.array([y], dtype), np.zeros(1, dtype))
    assert hess.tolist() == [0]
