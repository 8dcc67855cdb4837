"""What counts and divergences promise beyond the gates: limits, kinship, and their digits where terms cancel."""

from math import exp, inf, log, nan

import mpmath
import numpy as np
import pytest

import pyloss
from pyloss import (
    GammaNLL,
    GeneralizedKL,
    InverseGaussianNLL,
    JSDivergence,
    KLDivergence,
    NegativeBinomialNLL,
    PoissonNLL,
    TotalVariation,
    TweedieNLL,
)

FLOATS = (np.float32, np.float64)
every_float = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
MEAN = {"log_input": False}


def everything(loss, y, p, dtype=np.float64):
    """Value, gradient and second derivative of each element, from every method that gives them."""
    y, p = np.asarray(y, dtype), np.asarray(p, dtype)
    unreduced = type(loss)(**{**loss.parameters, "reduction": "none", "check": loss.check})
    value, grad = unreduced.value_and_grad(y, p)
    np.testing.assert_array_equal(unreduced(y, p), value)
    np.testing.assert_array_equal(unreduced.grad(y, p), grad)
    twin, hess = unreduced.grad_and_hess(y, p)
    np.testing.assert_array_equal(twin, grad)
    return value, grad, hess


# Limits ---------------------------------------------------------------------------------------------------------------


LIMITS = (
    (PoissonNLL(), 0, -inf, 0, 0, 0),
    (PoissonNLL(), 2, -inf, inf, -2, 0),
    (PoissonNLL(), 2, inf, inf, inf, inf),
    (PoissonNLL(), 0, inf, inf, inf, inf),
    (PoissonNLL(), 3, 1e4, inf, inf, inf),
    (PoissonNLL(), 3, -1e4, 3e4, -3, 0),
    (PoissonNLL(full=True), 0, -inf, 0, 0, 0),
    (PoissonNLL(**MEAN), 0, 0, 0, 1, 0),
    (PoissonNLL(**MEAN), 2, 0, inf, -inf, inf),
    (PoissonNLL(**MEAN), 2, inf, inf, 1, 0),
    (PoissonNLL(**MEAN), 0, inf, inf, 1, 0),
    (PoissonNLL(**MEAN, eps=2.0**-10), 1, 0, 10 * log(2), -1023, 2**20),
    (GammaNLL(), 2, -inf, inf, -inf, inf),
    (GammaNLL(), 2, inf, inf, 1, 0),
    (GammaNLL(**MEAN), 2, inf, inf, 0, 0),
    (InverseGaussianNLL(), 2, -inf, inf, -inf, inf),
    (InverseGaussianNLL(), 2, inf, 0, 0, 0),
    (InverseGaussianNLL(**MEAN), 2, inf, 0, 0, 0),
    (TweedieNLL(), 0, -inf, 0, 0, 0),
    (TweedieNLL(), 2, -inf, inf, -inf, inf),
    (TweedieNLL(), 2, inf, inf, inf, inf),
    (TweedieNLL(power=3), 2, -inf, inf, -inf, inf),
    (TweedieNLL(power=3), 2, inf, 0, 0, 0),
    (TweedieNLL(power=-1), 2, inf, inf, inf, inf),
    (TweedieNLL(power=-1), 2, -inf, 0, 0, 0),
    (TweedieNLL(power=0), -3, -inf, 4.5, 0, 0),
    (TweedieNLL(power=0), 3, inf, inf, inf, inf),
    (TweedieNLL(**MEAN), 2, inf, inf, 0, 0),
    (TweedieNLL(**MEAN, power=3), 2, inf, 0, 0, 0),
    (TweedieNLL(**MEAN, power=-1), 2, inf, inf, inf, inf),
    (NegativeBinomialNLL(), 0, -inf, 0, 0, 0),
    (NegativeBinomialNLL(theta=0.5), 3, -inf, inf, -3, 0),
    (NegativeBinomialNLL(theta=0.5), 3, inf, inf, 2, 0),
    (NegativeBinomialNLL(), 3, 1e4, 1e4, 1, 0),
)


@every_float
@pytest.mark.parametrize(("loss", "y", "p", "value", "grad", "hess"), LIMITS, ids=str)
def test_rows_71_75_limits(loss, y, p, value, grad, hess, dtype):
    got = np.ravel(everything(loss, [y], [p], dtype))
    np.testing.assert_allclose(got, [value, grad, hess], rtol=4 * np.finfo(dtype).eps)


ROWS = (
    (KLDivergence(log_pred=True), [0, 1], [-inf, 0], 0, [0, -1], [0, 0]),
    (KLDivergence(log_pred=True), [0.5, 0.5], [-inf, log(0.5)], inf, [-0.5, -0.5], [0, 0]),
    (KLDivergence(log_true=True), [-inf, 0], [0, 1], 0, [0, -1], [0, 1]),
    (KLDivergence(log_true=True), [-1e4, 0], [0, 1], inf, [-inf, -1], [inf, 1]),
    (KLDivergence(log_true=True, log_pred=True), [-inf, 0], [-inf, 0], 0, [0, -1], [0, 0]),
    (KLDivergence(log_true=True, log_pred=True), [0, 0], [-inf, 0], inf, [-1, -1], [0, 0]),
    (GeneralizedKL(), [0, 1], [-inf, 0], 0, [0, 0], [0, 1]),
    (GeneralizedKL(), [0, 1], [0, -inf], inf, [1, -1], [1, 0]),
    (GeneralizedKL(), [0, 1], [0, inf], inf, [1, inf], [1, inf]),
    (JSDivergence(), [0, 1], [0, 1], 0, [log(2) / 2, 0], [0, 0.25]),
    (JSDivergence(), [0, 1], [1, 0], log(2), [log(2) / 2, -inf], [0, inf]),
    (JSDivergence(beta=0.25), [0, 1], [1, 0], log(4) / 4 - 0.75 * log(0.75), [-0.75 * log(0.75), -inf], [0, inf]),
    (TotalVariation(), [0.25, 0.75], [0.5, 0.75], 0.125, [0.5, 0], [0, 0]),
)


@every_float
@pytest.mark.parametrize(("loss", "t", "p", "value", "grad", "hess"), ROWS, ids=str)
def test_rows_21_22_limits_of_rows(loss, t, p, value, grad, hess, dtype):
    got = everything(loss, [t, t], [p, p], dtype)
    for answer, truth in zip(got, (value, grad, hess), strict=True):
        np.testing.assert_allclose(answer[1], truth, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("loss", [*{row[0]: 0 for row in LIMITS}, *{row[0]: 0 for row in ROWS}], ids=str)
def test_nan_stays_nan(loss):
    for y, p in ((nan, 0.5), (1.0, nan)):
        value, grad, _ = everything(loss, [[y]], [[p]])
        assert np.isnan(value).all()
        assert np.isnan(grad).all()
    if loss.y_true_domain.contains(0):
        value, grad, hess = everything(loss, [[0.0]], [[nan]])
        assert np.isnan([np.ravel(value), np.ravel(grad), np.ravel(hess)]).all()


# Likelihoods ----------------------------------------------------------------------------------------------------------


@every_float
@pytest.mark.parametrize("log_input", [True, False])
def test_row72_full_is_minus_the_logarithm_of_the_probability(log_input, dtype):
    """Of whole counts, and of the gamma function's continuation between them."""
    y = np.array([0, 0.25, 0.5, 1, 1.5, 2, 3, 10, 100, 1000.5], dtype)
    for mean in (0.125, 1.0, 2.5, 30.0):
        p = np.full(len(y), np.log(mean) if log_input else mean, dtype)
        got = everything(PoissonNLL(log_input=log_input, full=True), y, p, dtype)[0]
        with mpmath.workdps(50):
            rate = mpmath.exp(mpmath.mpf(float(p[0]))) if log_input else mpmath.mpf(mean)
            for count, value in zip(y, got, strict=True):
                terms = [rate, -float(count) * mpmath.log(rate), mpmath.loggamma(float(count) + 1)]
                bound = 2 * float(np.finfo(dtype).eps) * float(sum(map(abs, terms)))
                assert abs(float(value) - float(sum(terms))) <= bound, (count, mean)


@every_float
def test_probabilities_of_all_counts_sum_to_one(dtype):
    y = np.arange(60, dtype=dtype)
    values = PoissonNLL(full=True, reduction="none")(y, np.full(60, 1.25, dtype))
    assert np.exp(-values.astype(float)).sum() == pytest.approx(1, rel=8 * float(np.finfo(dtype).eps))


@every_float
@pytest.mark.parametrize("log_input", [True, False])
@pytest.mark.parametrize(
    ("power", "loss"), [(1, PoissonNLL), (2, GammaNLL), (3, InverseGaussianNLL)], ids=("poisson", "gamma", "gaussian")
)
def test_tweedie_holds_the_others(power, loss, log_input, dtype, rng):
    y, p = rng.gamma(1, 2, 500) + 0.01, rng.gamma(1, 2, 500) + 0.01
    p = np.log(p) if log_input else p
    got = everything(TweedieNLL(power=power, log_input=log_input), y, p, dtype)
    want = everything(loss(log_input=log_input), y, p, dtype)
    for a, b in zip(got, want, strict=True):
        if power == 3:
            size = np.abs(b) + 1 / np.exp(p if log_input else np.log(p)) ** 2 * (1 + y) ** 2
            assert (np.abs(a - b) <= 16 * np.finfo(dtype).eps * (size + size.max() * 1e-6)).all()
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("step", [-1e-7, 1e-7])
def test_tweedie_derivatives_do_not_jump(power, step):
    if power + step < 1:
        return
    y, z = np.array([0.5, 2, 7]), np.array([-1, 0.25, 3])
    here, near = everything(TweedieNLL(power=power), y, z), everything(TweedieNLL(power=power + step), y, z)
    np.testing.assert_allclose(near[1], here[1], rtol=1e-5)
    np.testing.assert_allclose(near[2], here[2], rtol=1e-5)


def test_tweedie_of_power_zero_is_half_the_squared_error(rng):
    y, p = rng.normal(size=100), rng.normal(size=100)
    for got, want in zip(everything(TweedieNLL(power=0, **MEAN), y, p), everything(pyloss.SSE(), y, p), strict=True):
        np.testing.assert_array_equal(got, want)
    value, grad, _ = everything(TweedieNLL(power=0), y, p)
    np.testing.assert_allclose(value, (np.exp(p) - y) ** 2 / 2, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grad, (np.exp(p) - y) * np.exp(p), rtol=1e-12, atol=1e-15)


def test_links_agree(rng):
    """The gradient by the logarithm is that by the mean, times the mean."""
    y, mean = rng.gamma(2, 1, 300) + 0.1, rng.gamma(2, 1, 300) + 0.1
    for make in (PoissonNLL, GammaNLL, InverseGaussianNLL, lambda **given: TweedieNLL(power=1.25, **given)):
        value, grad, _ = everything(make(), y, np.log(mean))
        value_of_mean, grad_of_mean, _ = everything(make(**MEAN), y, mean)
        np.testing.assert_allclose(value, value_of_mean, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(grad, grad_of_mean * mean, rtol=1e-11, atol=1e-11)


def test_negative_binomial_tends_to_poisson():
    y, z = np.array([0.0, 1, 5, 20]), np.array([-1.0, 0.5, 2, 3])
    near, poisson = everything(NegativeBinomialNLL(theta=1e-9), y, z), everything(PoissonNLL(), y, z)
    np.testing.assert_allclose(near[1], poisson[1], rtol=1e-6)
    np.testing.assert_allclose(near[2], poisson[2], rtol=1e-6)


@every_float
@pytest.mark.parametrize("loss", [PoissonNLL(), GammaNLL(), NegativeBinomialNLL(), TweedieNLL(power=0)], ids=str)
def test_the_gradient_near_the_optimum_keeps_its_digits(loss, dtype):
    """At y = 1 it is expm1(z) times something near 1, which a difference of rounded exponentials would lose."""
    z = np.array([1e-3, -1e-3, 1e-6, -1e-6, 2.0**-40, -(2.0**-60)], dtype)
    slope = {"gamma_nll": -1, "negative_binomial_nll": -0.5, "tweedie_nll": 1}.get(loss.name, 0)
    exact = [float(mpmath.expm1(float(x)) * mpmath.exp(slope * float(x))) for x in z]
    if loss.name == "negative_binomial_nll":
        exact = [float(mpmath.expm1(float(x)) / (1 + mpmath.exp(float(x)))) for x in z]
    got = everything(loss, np.ones(len(z)), z, dtype)[1]
    np.testing.assert_allclose(got, np.array(exact), rtol=2 * np.finfo(dtype).eps, atol=0)


EXTREMES = (
    (GammaNLL(), 1e-30, -100.0),
    (GammaNLL(), 1e30, 150.0),
    (InverseGaussianNLL(), 1e-30, -60.0),
    (TweedieNLL(), 1e-30, -160.0),
    (TweedieNLL(power=1.875), 1e-35, -170.0),
    (TweedieNLL(), 0.0, -150.0),
    (KLDivergence(log_true=True), [-100.0], [1e-30]),
)


@pytest.mark.parametrize(("loss", "y", "p"), EXTREMES, ids=str)
def test_what_is_representable_is_given(loss, y, p):
    """Though exp(z), or a quotient, is beyond the range of float32."""
    y, p = np.float32([y]), np.float32([p])
    single, double = everything(loss, y, p, np.float32), everything(loss, y, p)
    for got, want in zip(single, double, strict=True):
        fits = np.abs(want) < 3e38
        np.testing.assert_allclose(got[fits], want[fits], rtol=5e-7, atol=2e-45)
        assert np.isinf(got[~fits]).all()


REFUSED = (
    (lambda: TweedieNLL(power=0.5), r"^tweedie_nll: power must be <= 0 or >= 1: no distribution .*, got 0\.5$"),
    (lambda: PoissonNLL(eps=0.5), r"^poisson_nll: eps must be 0 with log_input: .*, got 0\.5$"),
    (lambda: NegativeBinomialNLL(theta=0), r"^negative_binomial_nll: theta must be "),
    (lambda: JSDivergence(beta=1), r"^js_divergence: beta must be in \(0, 1\), got 1$"),
    (lambda: GammaNLL()([0.0], [1.0]), r"^gamma_nll: y_true must be > 0, got 0\.0 at index 0$"),
    (lambda: TweedieNLL()([-1.0], [1.0]), r"^tweedie_nll: y_true must be >= 0, got -1\.0 at index 0$"),
    (lambda: TweedieNLL(power=2.5)([0.0], [1.0]), r"^tweedie_nll: y_true must be > 0, got 0\.0 at index 0$"),
    (lambda: TweedieNLL(**MEAN)([1.0], [0.0]), r"^tweedie_nll: y_pred must be > 0, got 0\.0 at index 0$"),
)


@pytest.mark.parametrize(("ask", "message"), REFUSED, ids=lambda given: given if isinstance(given, str) else "")
def test_refusals(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()


def test_powers_without_a_bound_take_any_truth():
    assert TweedieNLL(power=0, **MEAN)([-1.0], [-3.0]) == 2
    assert TweedieNLL(power=-1, **MEAN)([-1.0], [2.0]) == pytest.approx(8 / 3 + 2)


# Divergences ----------------------------------------------------------------------------------------------------------


def rows(rng, n=200, classes=7):
    return rng.dirichlet(np.ones(classes), n), rng.dirichlet(np.ones(classes), n)


@every_float
def test_the_four_forms_of_kl_agree(dtype, rng):
    t, p = rows(rng)
    t[:, 0] = 0
    with np.errstate(divide="ignore"):
        log_t, log_p = np.log(t), np.log(p)
    want = everything(KLDivergence(), t, p, dtype)
    for log_true in (False, True):
        for log_pred in (False, True):
            loss = KLDivergence(log_true=log_true, log_pred=log_pred)
            value, grad, hess = everything(loss, log_t if log_true else t, log_p if log_pred else p, dtype)
            np.testing.assert_allclose(value, want[0], rtol=64 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)
            chain = p.astype(dtype) if log_pred else 1
            np.testing.assert_allclose(grad, want[1] * chain, rtol=32 * np.finfo(dtype).eps)
            assert not hess.any() if log_pred else np.allclose(hess, want[2], rtol=64 * np.finfo(dtype).eps)


def test_generalized_kl_is_kl_of_distributions(rng):
    t, p = rows(rng)
    np.testing.assert_allclose(
        everything(GeneralizedKL(), t, np.log(p))[0], everything(KLDivergence(), t, p)[0], rtol=1e-12, atol=1e-14
    )


@every_float
def test_generalized_kl_is_never_negative(dtype, rng):
    """Where the prediction is right to the last digit but one, too."""
    t = rng.random((500, 3)).astype(dtype)
    for step in (0, 1e-7, 1e-3, 0.3, 0.4, 3):
        assert (everything(GeneralizedKL(), t, np.log(t) + dtype(step), dtype)[0] >= 0).all()
        assert (everything(GeneralizedKL(), t, np.log(t) - dtype(step), dtype)[0] >= 0).all()


@every_float
def test_js_of_half_is_symmetric(dtype, rng):
    t, p = rows(rng)
    np.testing.assert_array_equal(
        everything(JSDivergence(), t, p, dtype)[0], everything(JSDivergence(), p, t, dtype)[0]
    )


@every_float
def test_js_is_bounded(dtype, rng):
    t, p = np.eye(4)[rng.integers(0, 4, 50)], np.eye(4)[rng.integers(0, 4, 50)]
    values = everything(JSDivergence(), t, p, dtype)[0]
    assert set(np.unique(values)) == {0, dtype(log(2))}


@every_float
@pytest.mark.parametrize("beta", [0.5, 0.25, 0.8125])
def test_js_keeps_its_digits_where_both_are_close(beta, dtype, rng):
    """The entropies agree to twice as many digits as the distributions do: their difference would be noise."""
    t = rng.random((300, 1)).astype(dtype) + dtype(0.01)
    for step in (1e-6, 1e-4, 1e-2, 0.2):
        p = t * dtype(1 + step)
        got = everything(JSDivergence(beta=beta), t, p, dtype)[0]
        with mpmath.workdps(60):
            for a, b, value in zip(t.ravel(), p.ravel(), got, strict=True):
                x, q = mpmath.mpf(float(a)), mpmath.mpf(float(b))
                m = beta * x + (1 - beta) * q
                want = beta * x * mpmath.log(x / m) + (1 - beta) * q * mpmath.log(q / m)
                assert abs(float(value) - float(want)) <= 5 * float(np.finfo(dtype).eps) * float(want), (a, b)


def test_js_tends_to_kl(rng):
    t, p = rows(rng)
    beta = 1e-6
    np.testing.assert_allclose(
        everything(JSDivergence(beta=beta), t, p)[0] / beta, everything(KLDivergence(), t, p)[0], rtol=1e-3
    )


def test_total_variation_of_hard_labels_is_one_minus_the_share():
    p = np.array([[0.5, 0.25, 0.25]])
    assert TotalVariation()(np.array([[1.0, 0, 0]]), p) == 0.5
    assert TotalVariation().grad(p, p).tolist() == [[0, 0, 0]]


def test_gamma_is_least_at_the_truth():
    assert GammaNLL().grad([2.0], [log(2.0)]) == pytest.approx(0, abs=1e-15)
    assert InverseGaussianNLL(**MEAN).grad([2.0], [2.0]) == 0
    assert PoissonNLL()([1.0], [1.0]) == pytest.approx(exp(1) - 1, rel=1e-15)
