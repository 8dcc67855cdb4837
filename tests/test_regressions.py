"""What a review found in pyloss itself, each once."""

import decimal
import pickle
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan, ulp

import numpy as np
import pytest
from mpmath import mp, mpf

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


def test_entropy_refuses_masks():
    """A row that is taken out has the value 0: that of certainty."""
    p, hidden = np.array([0.25, 0.25, 0.5]), np.ma.array([0.25, 0.25, 0.5], mask=[0, 0, 1])
    with pytest.raises(TypeError, match=r"^entropy: p must not be masked"):
        pyloss.entropy(hidden)
    with pytest.raises(TypeError, match=r"^cross_entropy: q must not be masked"):
        pyloss.cross_entropy(p, hidden)
    assert pyloss.entropy(np.ma.array(p)) == pyloss.entropy(p)


def test_entropy_refuses_what_losses_refuse():
    for p in (np.array([1j]), np.array(["0.5"]), np.array([0.5], object)):
        with pytest.raises(TypeError, match="must hold real numbers"):
            pyloss.entropy(p)
    assert pyloss.entropy([1, 0]) == 0
    with pytest.raises(ValueError, match=r"^entropy: p must be >= 0, got -0\.5 at index 1$"):
        pyloss.entropy([0.5, -0.5])
    with pytest.raises(ValueError, match=r"^cross_entropy: q must be >= 0, got -1\.0 at index 1$"):
        pyloss.cross_entropy([0.5, 0.5], [1.0, -1.0])


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


def test_the_caller_s_decimal_context_changes_nothing():
    expected = pyloss.StudentT(df=3.0)([0.0, 1, 2], [1.0, 3, -2])
    with decimal.localcontext() as context:
        context.prec, context.traps[decimal.Inexact] = 4, True
        assert pyloss.StudentT(df=3.0)([0.0, 1, 2], [1.0, 3, -2]) == expected


def test_the_caller_s_error_state_stays():
    terms = pyloss.Sum([(2.0, pyloss.MSE()), (1.0, pyloss.Sum([(1.0, pyloss.MAE()), (1.0, pyloss.Dice())]))])
    for loss in (terms, pyloss.NTXent(), pyloss.Lovasz(), pyloss.RMSE(), pyloss.Tversky(axis=0)):
        y = np.array([0, 0, 1, 1])
        p = np.full((4, 2), 0.25) if loss.name == "nt_xent" else np.array([0.25, 0.5, 0.75, 1])
        with np.errstate(all="raise"):
            before = np.geterr()
            loss.value_and_grad(y, p, np.full(4, 1e308))
            assert np.geterr() == before


def test_the_error_state_of_a_thread_is_its_own():
    """Before NumPy 2, np.errstate as a decorator left it to another."""
    losses, y, p = (pyloss.Lovasz(), pyloss.Tversky(axis=0)), np.array([0, 0, 1, 1]), np.array([0.25, 0.5, 0.75, 1])

    def stays(mode):
        with np.errstate(all=mode):
            before = np.geterr()
            for _ in range(200):
                for loss in losses:
                    loss(y, p)
                    pyloss.reference.evaluate(loss, y, p)
                if np.geterr() != before:
                    return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(stays, ["raise", "warn", "print", "ignore"] * 2))


@pytest.mark.parametrize("weight", [5e-324, 1e-163, 1.0, 1e154, 1e308])
def test_the_scale_of_lovasz_weights_does_not_matter(weight):
    value = pyloss.Lovasz()([1, -1, 1, -1], [0.3, 0.2, -0.5, 0.9], [weight] * 4)
    assert value == pytest.approx(1.4083333333333333, rel=1e-14, abs=0)


def test_a_single_infinite_logit_takes_all_of_lovasz():
    assert pyloss.Lovasz(kind="softmax")([0, 1], [[np.inf, 0], [0, 1]]) == pytest.approx(0.75 / (1 + np.e), rel=1e-14)


@pytest.mark.parametrize("temperature", [1e-50, 1e50])
def test_temperatures_beyond_float32(temperature):
    x, labels = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32), [0, 0, 1, 1, 2, 2]
    loss = pyloss.NTXent(temperature=temperature)
    assert loss(labels, x) == pytest.approx(loss(labels, x.astype(np.float64)), rel=1e-6)
    assert not np.isnan(loss.grad(labels, x)).any()


@pytest.mark.parametrize(
    "loss",
    [
        pyloss.Poly1(),
        pyloss.CategoricalFocal(from_logits=True),
        pyloss.GeneralizedCE(from_logits=True),
        pyloss.Sparsemax(),
    ],
)
@pytest.mark.parametrize("logits", [[0, np.inf, 1], [np.inf, 0, 1], [-np.inf, 0, 1], [0, -np.inf, 2]])
def test_the_textbook_knows_infinite_logits(loss, logits):
    expected = pyloss.reference.evaluate(loss, [0], [logits])
    value, grad = loss.value_and_grad([0], np.array([logits]))
    assert value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(grad, expected.grad, rtol=1e-12)


@pytest.mark.parametrize("loss", [pyloss.MSE, pyloss.CCE, pyloss.RMSE, pyloss.Dice, pyloss.Lovasz])
def test_the_batchmean_of_no_rows_is_the_mean_of_nothing(loss):
    y = np.zeros((0, 3), int)
    assert np.isnan(loss(reduction="batchmean")(y, y * 0.5))
    with pytest.raises(ValueError, match="nothing to average"):
        loss(reduction="batchmean", on_empty="raise")(y, y * 0.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_leaves_the_range_is_infinite_and_not_nan(dtype):
    """Of a sum of two as well: its rest is -inf then."""
    rng, top = np.random.default_rng(0), np.finfo(dtype).max ** dtype(0.75)
    y, p = (rng.random(500).astype(dtype) * top for _ in range(2))
    for loss in (pyloss.Expectile(reduction="none"), pyloss.SquaredEpsilonInsensitive(reduction="none")):
        with np.errstate(over="ignore"):
            expected = (p - y) ** 2
        assert (np.isinf(loss(y, p)) | (np.abs(p - y) < top / 100)).all()
        assert not np.isnan(loss(y, p)).any()
        assert np.isinf(expected).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_smape_of_denormals(dtype):
    least = np.finfo(dtype).smallest_subnormal
    value, grad = pyloss.SMAPE(reduction="none").value_and_grad(np.array([least, 3 * least]), np.array([3 * least] * 2))
    assert value.tolist() == [1, 0]
    assert not np.isnan(grad).any()


def test_limits_of_derivatives():
    assert pyloss.MSLE().grad([0.0], [np.inf]) == 0
    assert pyloss.TweedieNLL(power=0.0).grad_and_hess([1.0], [709.5])[1] == np.inf
    assert pyloss.Barron(c=1e-160).grad([1.0], [0.0]) == pytest.approx(-1e160, rel=1e-14)
    assert pyloss.SSE(reduction="none")(np.float32([1e19]), np.float32([-1e19])) == np.float32(2e38)


def test_a_tiny_weight_among_huge_ones_still_counts():
    """Weights are brought into range for a mean: none becomes 0, which would hide a nan or a fault."""
    for weight in ([1e300, 1e-300], [1e80, 1e-300]):
        value, grad = pyloss.MSE().value_and_grad([1.0, 2], [0.0, np.nan], weight)
        assert np.isnan(value)
        assert np.isnan(grad[1])
        with pytest.raises(ValueError, match=r"^bce: y_pred must be in \[0, 1\], got 7.0 at index 1"):
            pyloss.BCE()([1.0, 0], [0.5, 7], weight)


@pytest.mark.parametrize("unit", [1e-310, 1e-80, 1e80, 1e300])
def test_totals_do_not_depend_on_the_unit_of_weights(unit):
    weight = np.ma.masked_array(np.array([1.0, 3, 2]), [False, False, True])
    truth, pred = np.array([0.0, 1, 1]), np.array([0.25, 0.5, 0.75])
    for loss in (pyloss.RMSE(), pyloss.SoftMCC()):
        expected = loss.value_and_grad(truth, pred, weight)
        got = loss.value_and_grad(truth, pred, weight * unit)
        assert got[0] == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-14)
        assert not got[1][2]


def test_products_of_weights_and_values_stay_in_range():
    assert pyloss.MSE()([0.0], [1e120], [1e80]) == pytest.approx(1e240, rel=1e-14)
    assert pyloss.MSE()([0.0], [1e-130], [1e-80]) == pytest.approx(1e-260, rel=1e-14, abs=0)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, inf])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("place", range(3))
def test_a_nan_in_any_of_a_triplet_is_in_all_derivatives(p, swap, place):
    rows = tuple(np.random.default_rng(k).normal(size=(2, 3)) for k in range(3))
    rows[place][0, 1] = nan
    value, grads = pyloss.Triplet(p=p, swap=swap, margin=9.0, reduction="none").value_and_grad(None, rows)
    assert np.isnan(value).tolist() == [True, False]
    for grad in grads:
        assert np.isnan(grad).tolist() == [[True] * 3, [False] * 3]


@pytest.mark.parametrize("p", [10.0, 50.0, 300.0])
def test_a_large_power_of_a_triplet_does_not_show_what_rounding_took(p):
    """p = 50 was off by 69 ULP."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200, 3))
    loss = pyloss.Triplet(p=p, margin=100.0, reduction="none")
    grad = loss.value_and_grad(None, (a, b, a))[1][0]
    with mp.workdps(50):
        for row, first, second in zip(grad, a, b, strict=True):
            gaps = [mpf(x) - mpf(y) for x, y in zip(first, second, strict=True)]
            total = sum(abs(x) ** mpf(p) for x in gaps)
            slopes = [mp.sign(x) * abs(x) ** mpf(p - 1) * total ** (1 / mpf(p) - 1) for x in gaps]
            for got, slope in zip(row, slopes, strict=True):
                assert abs(mpf(got) - slope) <= 4 * mpf(ulp(float(slope)))


ORTHOGONAL = [([1, 2, 2], [2, 1, -2]), ([0.1, 0.3, 0], [0.3, -0.1, 0]), ([3, 1e-9, 7], [1e-9, -3, 0])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1, 1e30])
def test_vectors_that_are_orthogonal_are_at_the_kink(dtype, scale):
    first, second = (
        np.array(rows, dtype) * dtype(2.0 ** np.round(np.log2(scale))) for rows in zip(*ORTHOGONAL, strict=True)
    )
    label, loss = -np.ones(len(first)), pyloss.CosineEmbedding(reduction="none")
    value, grads = loss.value_and_grad(label, (first, second))
    assert not np.any(value)
    assert not np.any(grads)
    assert not np.any(pyloss.reference.evaluate(loss, label, (first.astype(float), second.astype(float))).grad)
    assert np.all(loss.value_and_grad(label, (first + second * dtype(2**-20), second))[1][0].any(axis=1))


@pytest.mark.parametrize(
    "truth", [[0.5, 0.6, 0.1], [1, 0.5, 0.25], [1.5, 0, 0], [0.5, 0, 0], [1.5, 0.25, 0], [1, 0, 0]]
)
@pytest.mark.parametrize("scores", [[inf, 1, 2], [inf, -inf, 0], [1, 2, -inf]])
def test_sparsemax_of_an_infinite_score_and_any_truth(truth, scores):
    """The infinite terms are counted together: one of either sign is not nan."""
    value, grad = pyloss.Sparsemax().value_and_grad([truth], [scores])
    expected = pyloss.reference.evaluate(pyloss.Sparsemax(), [truth], [scores])
    assert value == pytest.approx(expected.value, rel=1e-14, nan_ok=True)
    np.testing.assert_array_equal(grad, expected.grad)


HUGE = 1.5e308


@pytest.mark.parametrize("size", [2, 1000, 5000])
@pytest.mark.parametrize("weight", [None, 3.0, 1e-300, 1e308])
def test_a_mean_is_in_the_range_of_its_terms(size, weight):
    """Where their sum is not, nor a product with a weight, nor the sum of the weights."""
    weights = None if weight is None else np.full(size, weight)
    assert pyloss.MAE()(np.zeros(size), np.full(size, HUGE), weights) == pytest.approx(HUGE, rel=1e-14)
    labels, logits = np.ones(size, int), np.tile([HUGE, 0], (size, 1))
    assert pyloss.SparseCCE(from_logits=True)(labels, logits, weights) == pytest.approx(HUGE, rel=1e-14)
    assert pyloss.MAE(reduction="sum")(np.zeros(size), np.full(size, HUGE)) == inf


def test_what_counts_nothing_is_not_in_a_huge_mean():
    y, p, w = np.zeros(4), np.array([HUGE, inf, nan, HUGE]), [3, 0, 0, 3]
    assert pyloss.MAE()(y, p, w) == pytest.approx(HUGE, rel=1e-14)
    assert pyloss.MAE()(y, [HUGE, HUGE, inf, 0.0]) == inf
    assert np.isnan(pyloss.MAE()(y, [HUGE, HUGE, nan, 0.0]))


@pytest.mark.parametrize(("p", "weight"), [(HUGE, None), (3.0, 1e308), (HUGE, 1e10)])
def test_an_accumulator_of_a_huge_mean(p, weight):
    whole, parts = pyloss.MAE().accumulator(), [pyloss.MAE().accumulator() for _ in range(5)]
    for part in parts:
        part.update(np.zeros(3), np.full(3, p), None if weight is None else np.full(3, weight))
        whole.merge(part)
    assert whole.result() == pytest.approx(p, rel=1e-14)


# Beyond the range on the way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [11_000, 1_000_000])
def test_the_sums_of_an_accumulator_may_be_far_beyond_the_range(count):
    """Each term is 2^64 times the largest number; what is kept between processes holds as much."""
    stream = pyloss.MAE().accumulator()
    stream.update(np.zeros(count), np.full(count, 1.7e308), np.full(count, 1.7e19))
    assert stream.result() == pytest.approx(1.7e308, rel=4e-16)
    assert pickle.loads(pickle.dumps(stream)).result() == stream.result()


def test_terms_of_both_signs_may_leave_the_range():
    """Whatever their order: the sums of some lanes are inf, of others -inf."""
    y_true, y_pred = np.tile([1e308, 0], 64), np.tile([np.e, 1e308], 64)
    loss = pyloss.PoissonNLL(log_input=False)
    grouped = np.argsort(y_true, kind="stable")
    assert loss(y_true, y_pred) == loss(y_true[grouped], y_pred[grouped])
    assert abs(loss(y_true, y_pred)) < 1e293
    assert np.isnan(loss(y_true, np.where(np.arange(128) == 5, np.nan, y_pred)))


@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e307])
@pytest.mark.parametrize("make", [pyloss.SparseCCE, pyloss.CCE], ids=["sparse_cce", "cce"])
def test_the_unit_of_class_weights_does_not_matter(make, unit):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(5, size=20), rng.normal(size=(20, 5))
    expected_value, expected = make(from_logits=True).value_and_grad(y_true, y_pred)
    loss = make(from_logits=True, class_weight=(unit,) * 5)
    value, grad = loss.value_and_grad(y_true, y_pred)
    assert value == pytest.approx(expected_value, rel=1e-12)
    np.testing.assert_allclose(grad, expected, rtol=1e-12)
    stream = loss.accumulator()
    stream.update(y_true, y_pred)
    assert stream.result() == pytest.approx(expected_value, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
def test_kl_divergence_of_numbers_of_any_size(dtype):
    """The quotient of two of them may be far beyond the range, and the logarithm of it is a small number."""
    rng, limits = np.random.default_rng(0), np.finfo(dtype)
    bits = np.uint32 if dtype == np.float32 else np.uint64
    t, p = rng.integers(1, int(np.array(limits.max, dtype).view(bits)), (2, 3000), dtype=bits).view(dtype)
    pairs = [(1e-300, 1e10), (0.5, limits.max), (limits.max, limits.smallest_subnormal), (1.0, 1.0)]
    with np.errstate(over="ignore", under="ignore"):
        t, p = (
            np.append(numbers, np.array(more, dtype))
            for numbers, more in zip((t, p), zip(*pairs, strict=True), strict=True)
        )
    counts = (t > 0) & (p > 0)
    t, p = t[counts], p[counts]
    values = pyloss.KLDivergence(reduction="none")(t[:, None], p[:, None])
    with mp.workdps(40):
        truths = [mpf(float(a)) * mp.log(mpf(float(a)) / mpf(float(b))) for a, b in zip(t, p, strict=True)]
    for got, truth in zip(values, truths, strict=True):
        nearest = dtype(float(truth)) if abs(truth) <= float(limits.max) else dtype(inf if truth > 0 else -inf)
        assert got == nearest or abs(mpf(float(got)) - truth) <= 1.5 * float(np.spacing(abs(nearest)))


def test_long_units_run_side_by_side():
    """Of a row of 10 ms each thread has one, not all of them the next."""
    rows = np.broadcast_to(np.linspace(0.1, 1, 1_000_000), (8, 1_000_000))
    loss = pyloss.CosineDistance(reduction="none")
    with pyloss.threads(1):
        alone = loss(rows, rows[:, ::-1])
    with pyloss.threads(4):
        before = _engine.count_shares()
        assert np.array_equal(loss(rows, rows[:, ::-1]), alone)
        assert 1 <= _engine.count_shares() - before <= 3


def test_one_unit_wakes_nobody():
    before = _engine.count_shares()
    with pyloss.threads(4):
        pyloss.CCE(from_logits=True)(np.zeros(1, int), np.zeros((1, 1 << 20)))
    assert _engine.count_shares() == before
