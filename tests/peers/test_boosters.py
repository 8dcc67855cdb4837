"""What the adapters of boosters share: derivatives, Hessians, links, errors."""

import pickle
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pytest
from boosting_losses import derivatives, exact, raw_losses, scores, truth

import pyloss
from pyloss.adapters import catboost, lightgbm, xgboost
from pyloss.adapters._boosting_curvature import BOUNDS, FLAT, STRAIGHT

ADAPTERS = {"xgboost": xgboost, "lightgbm": lightgbm, "catboost": catboost}
every_adapter = pytest.mark.parametrize("adapter", list(ADAPTERS.values()), ids=list(ADAPTERS))
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers(monkeypatch):
    """In every test, whichever were run before."""
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(0))


Z = np.linspace(-9, 9, 2001)


def boosted():
    for loss in raw_losses():
        try:
            yield xgboost.objective(loss)
        except (TypeError, ValueError):
            continue


# Every loss ------------------------------------------------------------------------------------------------------------


NEED_A_NUMBER = {"nll", "cosine_distance"}
NOT_OF_ANY_NUMBER = {"kl_divergence", "js_divergence", "total_variation", "msle"}
NOT_BY_ITSELF = {"rmse", "dice", "jaccard", "tversky", "soft_mcc", "lovasz", "nt_xent", "info_nce", "multilabel_margin"}
NOT_BY_ITSELF |= {"gaussian_nll", "laplace_nll", "crps_normal", "margin_ranking", "cosine_embedding", "triplet"}
MESSAGES = {
    **dict.fromkeys(NEED_A_NUMBER, (ValueError, "no bound of the second derivative .* give a number as hessian")),
    **dict.fromkeys(NOT_OF_ANY_NUMBER, (ValueError, "raw scores are any numbers, and this loss takes y_pred >")),
    **dict.fromkeys(NOT_BY_ITSELF, (TypeError, "boosting needs a loss of each sample by itself")),
}


def test_the_losses_that_can_be_boosted():
    """All but these."""
    names = {objective.loss.name for objective in boosted()}
    assert names == set(pyloss.LOSSES) - set(MESSAGES)


@pytest.mark.parametrize("loss", [loss for loss in raw_losses() if loss.name in MESSAGES], ids=lambda loss: loss.name)
@every_adapter
def test_the_losses_that_cannot_be_boosted(loss, adapter):
    error, message = MESSAGES[loss.name]
    with pytest.raises(error, match=f"^{loss.name}: {message}"):
        adapter.objective(loss)


@pytest.mark.parametrize("objective", list(boosted()), ids=lambda objective: objective.loss.name)
def test_the_default_is_the_gradient_and_a_hessian_that_is_not_negative(objective):
    loss = objective.loss
    y, raw, weight = truth(loss, 500), scores(loss, 500).astype(np.float32), RNG.random(500)
    y = y.astype(np.float32) if y.dtype == float else y
    grad, hess = derivatives(objective, y, raw, weight)
    np.testing.assert_array_equal(grad, loss.grad(y, raw, weight, out=np.empty(raw.shape)))
    assert (hess >= 0).all()
    assert hess.sum() > 0
    if hasattr(loss, "grad_and_hess") and type(loss) not in {*FLAT, *STRAIGHT}:
        factor = 2 if isinstance(loss, pyloss.CCE) else 1
        np.testing.assert_array_equal(hess, np.abs(exact(loss, y, raw, weight)) * factor)


@every_adapter
def test_reduction_does_not_matter(adapter):
    y, raw = truth(pyloss.Huber(), 50), RNG.normal(size=50)
    for reduction in ("none", "mean", "batchmean"):
        objective = adapter.objective(pyloss.Huber(reduction=reduction))
        assert objective.loss == pyloss.Huber(reduction="sum")
        np.testing.assert_array_equal(derivatives(objective, y, raw)[0], np.clip(raw - y, -1, 1))


# The Hessian -----------------------------------------------------------------------------------------------------------


def curved():
    """Every bounded loss whose second derivative can reach its bound, at another parameter too."""
    for cls in BOUNDS:
        if cls not in FLAT and cls not in (pyloss.CCE, pyloss.SparseCCE, pyloss.Sparsemax):
            options = {"from_logits": True} if "from_logits" in cls.__signature__.parameters else {}
            yield cls(reduction="sum", **options)
    yield from (pyloss.SmoothL1(reduction="sum", beta=0.5), pyloss.Lq(reduction="sum", q=2.0))
    yield from (pyloss.Expectile(reduction="sum", quantile=0.8), pyloss.Barron(reduction="sum", alpha=-1.0, c=2.0))
    yield pyloss.BCE(reduction="sum", from_logits=True, pos_weight=3.0, label_smoothing=0.1)


@pytest.mark.parametrize("loss", list(curved()), ids=repr)
def test_the_bound_is_the_largest_second_derivative(loss):
    objective = xgboost.objective(loss, hessian="bound")
    largest = 0.0
    for y in (0.0, 1.0):
        hess = derivatives(objective, np.full(Z.shape, y), Z)[1]
        assert (hess == hess[0]).all()
        second = exact(loss, np.full(Z.shape, y), Z)
        assert (second <= hess).all()
        largest = max(largest, second.max())
    slack = 0.11 if isinstance(loss, pyloss.BCE) and loss.label_smoothing else 0.001
    assert largest >= (1 - slack) * hess[0]


def test_the_bound_of_a_softmax_holds_for_the_whole_matrix():
    objective = xgboost.objective(pyloss.CCE(from_logits=True, temperature=2.0), hessian="bound")
    number = derivatives(objective, np.array([0]), np.zeros((1, 2)))[1][0, 0]
    q = np.array([0.5, 0.5])
    assert number == pytest.approx(np.linalg.eigvalsh(np.diag(q) - np.outer(q, q)).max() / 4, rel=1e-12)


def test_the_bound_of_sparsemax():
    """The gradient never moves farther than the scores."""
    ours = xgboost.objective(pyloss.Sparsemax())
    labels, here, there = np.zeros(300, int), *RNG.normal(size=(2, 300, 3))
    (grad, hess), (other, _) = derivatives(ours, labels, here), derivatives(ours, labels, there)
    assert (hess == 1).all()
    moved = np.linalg.norm(grad - other, axis=1) / np.linalg.norm(here - there, axis=1)
    assert 0.95 < moved.max() <= 1 + 1e-12


FAMILIES = [
    pyloss.PoissonNLL(),
    pyloss.GammaNLL(),
    pyloss.InverseGaussianNLL(),
    pyloss.TweedieNLL(power=1.3),
    pyloss.TweedieNLL(power=-1.0),
    pyloss.NegativeBinomialNLL(theta=0.5),
    pyloss.BCE(from_logits=True),
    pyloss.Logistic(),
]


@pytest.mark.parametrize("loss", FAMILIES, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_expected_hessian_is_that_at_the_mean(loss, dtype):
    """The second derivative of these is linear in the truth."""
    z = np.linspace(-3, 3, 101).astype(dtype)
    objective = lightgbm.objective(loss, hessian="expected")
    hess = objective(np.ones(z.shape, dtype), z)[1]
    mean = objective.predict(z.astype(float))
    if isinstance(loss, pyloss.Logistic):
        wanted = mean * (1 - mean)
    else:
        wanted = exact(type(loss)(**{**loss.parameters, "reduction": "sum"}), mean, z.astype(float))
    np.testing.assert_allclose(hess, wanted, rtol=1e-6)


@pytest.mark.parametrize("loss", [pyloss.Cauchy(c=2.0), pyloss.StudentT(c=2.0, df=5.0)], ids=repr)
def test_the_expected_hessian_of_heavy_tails(loss):
    """By the integral over their distribution."""
    df = loss.parameters.get("df", 1.0)
    u = np.pi * ((np.arange(200_000) + 0.5) / 200_000 - 0.5)
    r = 2.0 * np.sqrt(df) * np.tan(u)
    density = (1 + (r / 2) ** 2 / df) ** (-(df + 1) / 2) / np.cos(u) ** 2
    summed = type(loss)(**{**loss.parameters, "reduction": "sum"})
    wanted = (exact(summed, np.zeros(r.shape), r) * density).sum() / density.sum()
    hess = derivatives(xgboost.objective(loss, hessian="expected"), np.zeros(3), np.zeros(3))[1]
    np.testing.assert_allclose(hess, wanted, rtol=1e-6)


@pytest.mark.parametrize("weight", [None, RNG.random(400)], ids=["", "weighted"])
def test_modes_of_what_is_not_convex(weight):
    loss = pyloss.BinaryFocal(from_logits=True, gamma=2.0, reduction="sum")
    y, raw = truth(loss, 400).astype(np.float32), RNG.normal(0, 4, 400).astype(np.float32)
    second = exact(loss, y, raw, weight)
    assert second.min() < 0
    w = 1 if weight is None else weight
    wanted = {"exact": second, "abs": np.abs(second), None: np.abs(second), 0.05: np.maximum(second, 0.05 * w)}
    for hessian, expected in wanted.items():
        grad, hess = derivatives(catboost.objective(loss, hessian=hessian), y, raw, weight)
        np.testing.assert_array_equal(hess, expected)
        np.testing.assert_array_equal(grad, loss.grad(y, raw, weight, out=np.empty(raw.shape)))


@pytest.mark.parametrize("loss", [pyloss.BinaryFocal(from_logits=True, gamma=1.5), pyloss.AsymmetricBCE()], ids=repr)
def test_logits_of_dear_losses_are_rounded(loss):
    """So little that float32 derivatives hardly show it."""
    y, raw = np.arange(801, dtype=np.float32) % 2, np.linspace(-40, 40, 801)
    grad, hess = derivatives(xgboost.objective(loss, hessian="exact"), y, raw)
    summed = type(loss)(**{**loss.parameters, "reduction": "sum"})
    wide_grad, wide_hess = summed.grad_and_hess(y, raw)
    np.testing.assert_allclose(grad, wide_grad, rtol=3e-5, atol=1e-6)
    np.testing.assert_allclose(hess, wide_hess, rtol=3e-5, atol=1e-6)


def test_a_number_is_the_hessian_of_what_has_none():
    y, raw, weight = RNG.normal(size=(3, 20))
    weight = np.abs(weight)
    for loss in (pyloss.MAE(), pyloss.Pinball(quantile=0.9), pyloss.Hinge()):
        admitted = np.sign(y) if isinstance(loss, pyloss.Hinge) else y
        np.testing.assert_array_equal(
            derivatives(xgboost.objective(loss, hessian=0.25), admitted, raw, weight)[1], 0.25 * weight
        )
        np.testing.assert_array_equal(derivatives(xgboost.objective(loss), admitted, raw)[1], np.ones(20))
    rows = np.zeros((20, 3))
    sparsemax = xgboost.objective(pyloss.Sparsemax(), hessian=0.5)
    np.testing.assert_array_equal(
        derivatives(sparsemax, np.zeros(20, int), rows, weight)[1], np.outer(weight, np.full(3, 0.5))
    )


def test_sums():
    y, raw = RNG.normal(size=(2, 30))
    both = pyloss.Sum([(2.0, pyloss.MAE()), (0.5, pyloss.Huber())])
    grad, hess = derivatives(xgboost.objective(both), y, raw)
    np.testing.assert_allclose(grad, 2 * np.sign(raw - y) + 0.5 * np.clip(raw - y, -1, 1), rtol=1e-15)
    np.testing.assert_array_equal(hess, np.full(30, 2.5))
    mixed = xgboost.objective(pyloss.Sum([(1.0, pyloss.MAE()), (0.5, pyloss.MSE())]))
    np.testing.assert_array_equal(derivatives(mixed, y, raw)[1], np.ones(30))
    less = xgboost.objective(pyloss.Sum([(1.0, pyloss.SSE()), (-3.0, pyloss.LogCosh())]))
    np.testing.assert_allclose(
        derivatives(less, y, raw)[1], np.abs(1 - 3 / np.cosh(raw - y) ** 2), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize(
    ("loss", "hessian", "message"),
    [
        (pyloss.MAE(), "exact", "mae: hessian must be 'bound' or a number, since its second derivative is 0"),
        (pyloss.MAE(), "abs", "its second derivative is 0 or infinite"),
        (pyloss.Lq(q=1.5), "exact", "lq: hessian must be 'bound' or a number"),
        (pyloss.Lq(q=3.0), "bound", "lq: no bound"),
        (pyloss.Sparsemax(), "exact", "it has no diagonal Hessian"),
        (pyloss.PoissonNLL(), "bound", "poisson_nll: no bound"),
        (pyloss.CCE(from_logits=True, class_weight=(1, 2)), "bound", "cce: no bound"),
        (pyloss.Sum([(-1.0, pyloss.MSE())]), "bound", "no bound"),
        (pyloss.Huber(), "expected", "huber: no expected Hessian"),
        (pyloss.BCE(from_logits=True, pos_weight=2.0), "expected", "bce: no expected Hessian"),
        (pyloss.Sum([(1.0, pyloss.MSE())]), "expected", "sum: no expected Hessian"),
        (
            pyloss.MSE(),
            "fisher",
            "mse: hessian must be 'exact', 'expected', 'bound', 'abs', None or a finite number > 0",
        ),
        (pyloss.MSE(), 0.0, "a finite number > 0, got 0.0"),
        (pyloss.MSE(), float("nan"), "a finite number > 0, got nan"),
        (pyloss.MSE(), float("inf"), "a finite number > 0, got inf"),
    ],
)
def test_hessians_that_there_are_not(loss, hessian, message):
    with pytest.raises(ValueError, match=message):
        xgboost.objective(loss, hessian=hessian)


@pytest.mark.parametrize("hessian", [True, [1.0], b"abs"])
def test_what_is_no_hessian(hessian):
    with pytest.raises(TypeError, match="mse: hessian must be"):
        xgboost.objective(pyloss.MSE(), hessian=hessian)


# Links -----------------------------------------------------------------------------------------------------------------


def test_predictions():
    raw = np.array([-800.0, -1.0, 0.0, 2.0, 800.0])
    sigmoid = [0, 1 / (1 + np.e), 0.5, 1 / (1 + np.exp(-2)), 1]
    for loss in (pyloss.BCE(from_logits=True), pyloss.BinaryFocal(from_logits=True), pyloss.Logistic()):
        np.testing.assert_allclose(xgboost.objective(loss).predict(raw), sigmoid, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(
        xgboost.objective(pyloss.Exponential()).predict(raw / 2), sigmoid, rtol=1e-14, atol=1e-300
    )
    np.testing.assert_allclose(xgboost.objective(pyloss.TweedieNLL()).predict(raw[:4]), np.exp(raw[:4]), rtol=1e-15)
    np.testing.assert_array_equal(xgboost.objective(pyloss.Huber()).predict(raw), raw)
    assert raw[0] == -800.0
    rows = RNG.normal(size=(4, 3)).astype(np.float32)
    shares = xgboost.objective(pyloss.CCE(from_logits=True, temperature=2.0, softcap=5.0)).predict(rows)
    wanted = np.exp(2.5 * np.tanh(rows / 5))
    np.testing.assert_allclose(shares, wanted / wanted.sum(axis=1, keepdims=True), rtol=1e-6)
    assert shares.dtype == np.float32
    sparse = xgboost.objective(pyloss.Sparsemax()).predict([[2.0, 0.0, 0.0], [0.5, 0.3, 0.2]])
    np.testing.assert_allclose(sparse, [[1, 0, 0], [0.5, 0.3, 0.2]], atol=1e-15)


def test_predictions_of_sums():
    both = pyloss.Sum([(1.0, pyloss.BCE(from_logits=True)), (1.0, pyloss.BinaryFocal(from_logits=True))])
    assert xgboost.objective(both).predict([0.0]) == 0.5
    mixed = pyloss.Sum([(1.0, pyloss.BCE(from_logits=True)), (1.0, pyloss.PoissonNLL())])
    assert xgboost.objective(mixed).predict([0.25]) == 0.25


def test_a_subclass_is_boosted_like_its_loss():
    """By its link, its Hessian, its bound and its start."""
    for loss in raw_losses():
        if loss.name in MESSAGES:
            continue
        own = type("Own", (type(loss),), {})(**loss.parameters)
        theirs, ours = xgboost.objective(loss), xgboost.objective(own)
        y, raw = truth(loss, 60), scores(loss, 60)
        np.testing.assert_array_equal(derivatives(ours, y, raw), derivatives(theirs, y, raw))
        np.testing.assert_array_equal(ours.predict(raw), theirs.predict(raw))
        np.testing.assert_array_equal(ours.init_score(y), theirs.init_score(y))
    for loss in (pyloss.TweedieNLL(), pyloss.Cauchy(), pyloss.BCE(from_logits=True)):
        own = type("Own", (type(loss),), {})(**loss.parameters)
        z = RNG.normal(size=60)
        wanted, found = (
            derivatives(xgboost.objective(of, hessian="expected"), (abs(z) < 1) * 1.0, z) for of in (loss, own)
        )
        np.testing.assert_array_equal(found, wanted)


# Objects ---------------------------------------------------------------------------------------------------------------


@every_adapter
def test_what_is_no_loss(adapter):
    for make in (adapter.objective, adapter.metric):
        with pytest.raises(TypeError, match=r"boosting needs a loss of pyloss, got .*MSE.*: write MSE()"):
            make(pyloss.MSE)
        with pytest.raises(TypeError, match="boosting needs a loss of pyloss, got 'mse'"):
            make("mse")


@every_adapter
def test_losses_of_probabilities(adapter):
    with pytest.raises(ValueError, match=r"bce: raw scores are any numbers, .* in \[0, 1\]: write from_logits=True"):
        adapter.objective(pyloss.BCE())
    with pytest.raises(ValueError, match=r"poisson_nll: .*: write log_input=True"):
        adapter.objective(pyloss.PoissonNLL(log_input=False))
    with pytest.raises(ValueError, match=r"msle: raw scores are any numbers, and this loss takes y_pred > -1$"):
        adapter.objective(pyloss.MSLE())


def test_losses_that_catboost_has_no_scores_for():
    with pytest.raises(TypeError, match="multi_quantile: CatBoost has one score for one number; take a Pinball"):
        catboost.objective(pyloss.MultiQuantile())


@every_adapter
def test_losses_of_classes_with_one_score(adapter):
    objective = adapter.objective(pyloss.CCE(from_logits=True))
    with pytest.raises(
        ValueError, match="cce: it takes several scores for each sample, and there is one: with two classes"
    ):
        derivatives(objective, np.zeros(5), np.zeros(5))


@every_adapter
def test_losses_that_are_no_metric(adapter):
    with pytest.raises(ValueError, match="mse: a metric is one number"):
        adapter.metric(pyloss.MSE(reduction="none"))
    with pytest.raises(TypeError, match="gaussian_nll: a metric needs a loss of one truth"):
        adapter.metric(pyloss.GaussianNLL())


@every_adapter
def test_the_library_is_not_imported(adapter):
    name = adapter.__name__.rpartition(".")[2]
    code = f"import sys, pyloss.adapters.{name} as adapter; adapter.objective(__import__('pyloss').MSE()); print({name!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@every_adapter
def test_objects_are_copied_and_pickled(adapter):
    y, raw = RNG.normal(size=(2, 9))
    objective = adapter.objective(pyloss.Huber(delta=0.5), hessian=0.5)
    metric = adapter.metric(pyloss.MSE(), name="error", link=objective.predict)
    for copied in (pickle.loads(pickle.dumps(objective)), deepcopy(objective)):
        np.testing.assert_array_equal(derivatives(copied, y, raw), derivatives(objective, y, raw))
        assert repr(copied) == repr(objective) == f"{adapter.__name__}.objective({objective.loss!r}, hessian=0.5)"
    for copied in (pickle.loads(pickle.dumps(metric)), deepcopy(metric)):
        assert copied.value(y, raw, None) == metric.value(y, raw, None) == pyloss.mse(y, raw)
        assert copied.__name__ == "error"
    assert repr(metric).startswith(f"{adapter.__name__}.metric(MSE(")


def test_metrics_of_sums_have_a_name():
    metric = xgboost.metric(pyloss.Sum([(1.0, pyloss.MSE()), (1.0, pyloss.MAE())]))
    assert metric.__name__ == "mse_mae"
    assert metric([0.0, 0.0], [1.0, -3.0]) == 7.0


def test_a_link_of_a_metric():
    """Root mean squared error of counts whose logarithm is predicted."""
    poisson = xgboost.objective(pyloss.PoissonNLL())
    y, raw, weight = RNG.poisson(3, 30).astype(float), RNG.normal(size=30), RNG.random(30)
    metric = xgboost.metric(pyloss.RMSE(), link=poisson.predict)
    assert metric(y, raw, weight) == pytest.approx(
        np.sqrt(np.average((y - np.exp(raw)) ** 2, weights=weight)), rel=1e-12
    )
