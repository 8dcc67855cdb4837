"""The scores that boosting starts at are the best constants."""

import numpy as np
import pytest
from boosting_losses import truth

import pyloss
from pyloss.adapters import lightgbm, xgboost

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers(monkeypatch):
    """In every test, whichever were run before."""
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(0))


STARTED = [
    pyloss.MSE(),
    pyloss.SSE(),
    pyloss.MAE(),
    pyloss.Pinball(quantile=0.8),
    pyloss.Expectile(quantile=0.8),
    pyloss.Huber(delta=0.3),
    pyloss.SmoothL1(beta=0.2),
    pyloss.LogCosh(),
    pyloss.Tukey(c=1.0),
    pyloss.Welsch(c=0.5),
    pyloss.EpsilonInsensitive(epsilon=0.2),
    pyloss.MAPE(eps=0.1),
    pyloss.SMAPE(),
    pyloss.Lq(q=1.5),
    pyloss.PoissonNLL(),
    pyloss.GammaNLL(),
    pyloss.InverseGaussianNLL(),
    pyloss.TweedieNLL(power=1.5),
    pyloss.TweedieNLL(power=0.0, log_input=False),
    pyloss.NegativeBinomialNLL(theta=2.0),
    pyloss.BCE(from_logits=True),
    pyloss.BCE(from_logits=True, pos_weight=3.0, label_smoothing=0.2),
    pyloss.Brier(from_logits=True),
    pyloss.BinaryFocal(from_logits=True, gamma=1.5, alpha=0.3),
    pyloss.AsymmetricBCE(),
    pyloss.Logistic(),
    pyloss.Exponential(),
    pyloss.Hinge(),
    pyloss.SquaredHinge(),
    pyloss.ModifiedHuber(),
    pyloss.Sum([(1.0, pyloss.Huber()), (0.5, pyloss.MAE())]),
]


@pytest.mark.parametrize("loss", STARTED, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_starting_score_is_the_best_constant(loss, weighted):
    """Nothing is better, of a fine grid and of what is close."""
    y = truth(loss if isinstance(loss, pyloss.Loss) else pyloss.MSE(), 101)
    weight = RNG.random(101) if weighted else None
    start = xgboost.objective(loss).init_score(y, weight)
    assert isinstance(start, float)
    others = np.concatenate([np.linspace(-12, 12, 2001), start + np.linspace(-1e-3, 1e-3, 21)])
    values = np.array([loss(y, np.full(101, other), weight) for other in others])
    best = loss(y, np.full(101, start), weight)
    assert best <= values.min() + 1e-13 * abs(values.min())


UNEVEN = {
    "two clusters": np.repeat([0.5, 9.0], [50, 51]),
    "a cluster and its outliers": np.concatenate([RNG.normal(2, 0.1, 90), RNG.normal(8, 0.5, 60)]),
    "mostly zeros": np.concatenate([np.zeros(90), RNG.gamma(2.0, size=30)]),
    "whole numbers": RNG.poisson(1.5, 100).astype(float),
    "many zeros": np.concatenate([np.zeros(2500), RNG.gamma(2.0, size=20)]),
}
UNEVEN_LOSSES = [
    *(
        loss
        for loss in STARTED
        if loss.name in ("huber", "smooth_l1", "epsilon_insensitive", "mape", "smape", "lq", "sum")
    ),
    *(robust(c=c) for robust in (pyloss.Tukey, pyloss.Welsch, pyloss.AndrewWave, pyloss.Cauchy) for c in (0.5, 2.0)),
    *(pyloss.GemanMcClure(), pyloss.StudentT(), pyloss.Arctan(), pyloss.Wing(), pyloss.Barron(alpha=-2.0)),
    pyloss.Sum([(1.0, pyloss.PoissonNLL()), (0.5, pyloss.MSE())]),
]


@pytest.mark.parametrize("y", UNEVEN.values(), ids=UNEVEN)
@pytest.mark.parametrize("loss", UNEVEN_LOSSES, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_starting_score_is_the_best_of_several_minima(loss, y, weighted):
    """Nothing is better, of a fine grid, of the truths and of what is close."""
    weight = RNG.random(len(y)) if weighted else None
    start = xgboost.objective(loss, hessian=1.0).init_score(y, weight)
    others = np.concatenate([np.linspace(-3, 12, 601), np.unique(y), start + np.linspace(-1e-3, 1e-3, 21)])
    least = min(loss(y, np.full(len(y), other), weight) for other in others)
    assert loss(y, np.full(len(y), start), weight) <= least + 1e-13 * abs(least)


def test_the_starting_score_of_a_log_is_no_truth():
    """Where the scores are logarithms of means, so are the candidates."""
    for loss in (pyloss.GeneralizedKL(), pyloss.Sum([(1.0, pyloss.PoissonNLL()), (2.0, pyloss.GammaNLL())])):
        assert xgboost.objective(loss).init_score([1000.0, 2000.0]) == pytest.approx(np.log(1500), rel=1e-12)


SEVERAL = [
    pyloss.CCE(from_logits=True),
    pyloss.SparseCCE(from_logits=True),
    pyloss.CCE(from_logits=True, class_weight=(1.0, 2.0, 0.5), label_smoothing=0.1, temperature=2.0),
    pyloss.CCE(from_logits=True, z_loss=0.1),
    pyloss.CategoricalFocal(from_logits=True, gamma=2.0),
    pyloss.GeneralizedCE(from_logits=True, q=0.3),
    pyloss.Poly1(epsilon=1.0),
]


@pytest.mark.parametrize("loss", SEVERAL, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_starting_scores_of_classes(loss, weighted):
    """The gradient is 0 there, and nothing close is better."""
    labels = RNG.choice(3, 200, p=[0.5, 0.3, 0.2])
    weight = RNG.random(200) if weighted else None
    start = lightgbm.objective(loss).init_score(labels, weight)
    assert start.shape == (3,)

    def value(row):
        return loss(labels, np.broadcast_to(row, (200, 3)), weight)

    assert np.abs(loss.grad(labels, np.tile(start, (200, 1)), weight).sum(axis=0)).max() < 1e-7
    for _ in range(100):
        assert value(start) <= value(start + RNG.normal(0, 0.5, 3)) + 1e-12
    assert value(start) <= value(np.zeros(3))


def test_the_starting_scores_of_distributions():
    truths = RNG.dirichlet((3, 1, 1), 50)
    start = xgboost.objective(pyloss.CCE(from_logits=True)).init_score(truths)
    np.testing.assert_allclose(np.exp(start), truths.mean(axis=0), rtol=1e-12)


def test_the_starting_scores_of_quantiles_and_of_columns():
    y, weight = RNG.normal(size=40), RNG.random(40)
    start = xgboost.objective(pyloss.MultiQuantile(quantiles=(0.2, 0.9))).init_score(y, weight)
    wanted = [xgboost.objective(pyloss.Pinball(quantile=quantile)).init_score(y, weight) for quantile in (0.2, 0.9)]
    np.testing.assert_array_equal(start, wanted)
    columns = xgboost.objective(pyloss.MSE()).init_score(np.stack([y, 2 * y], axis=1), weight)
    np.testing.assert_allclose(columns, np.average(y, weights=weight) * np.array([1, 2]), rtol=1e-12)


def test_a_class_that_never_occurs():
    binary = xgboost.objective(pyloss.BCE(from_logits=True))
    assert -37 < binary.init_score(np.zeros(5)) < -36
    assert 36 < binary.init_score(np.ones(5)) < 37
    several = xgboost.objective(pyloss.CCE(from_logits=True)).init_score(np.array([0, 0, 1]), classes=4)
    np.testing.assert_allclose(several[:2], np.log([2 / 3, 1 / 3]))
    assert (several[2:] < -36).all()
    assert np.isfinite(several).all()


def test_a_quantile_may_lie_below_infinite_truths():
    y = [1.0, 2.0, 2.5, 4.0, np.inf]
    assert xgboost.objective(pyloss.MAE(), hessian=1.0).init_score(y) == 2.5
    assert xgboost.objective(pyloss.Pinball(quantile=0.3), hessian=1.0).init_score(y) == 2.0
    with pytest.raises(ValueError, match="pinball: y holds nan or inf, so that no score is the best"):
        xgboost.objective(pyloss.Pinball(quantile=0.95), hessian=1.0).init_score(y)


def test_what_cannot_be_started():
    objective = xgboost.objective(pyloss.PoissonNLL())
    for nothing in (([],), ([1.0, 2.0], [0.0, 0.0])):
        with pytest.raises(ValueError, match="poisson_nll: no sample counts"):
            objective.init_score(*nothing)
    for number in (np.nan, np.inf):
        with pytest.raises(ValueError, match="poisson_nll: y holds nan or inf, so that no score is the best"):
            objective.init_score([1.0, number])
    with pytest.raises(ValueError, match=r"sample_weight must be >= 0, got -1.0"):
        objective.init_score([1.0, 2.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="sample_weight must have the shape"):
        objective.init_score([1.0, 2.0], [1.0, 1.0, 1.0])
    with pytest.raises(TypeError, match="poisson_nll: y must hold numbers, got <U1"):
        objective.init_score(["a", "b"])
    assert objective.init_score([1.0, np.nan], [2.0, 0.0]) == 0.0
    several = xgboost.objective(pyloss.CCE(from_logits=True))
    with pytest.raises(IndexError, match=r"class labels must be in 0 ... 1, got -1"):
        several.init_score([1, -1])
    with pytest.raises(IndexError, match=r"class labels must be in 0 ... 1, got 2"):
        several.init_score([1, 2], classes=2)
    with pytest.raises(ValueError, match=r"y_true must be >= 0, got -1.0 at index 1"):
        objective.init_score([1.0, -1.0])
    with pytest.raises(ValueError, match=r"class labels must be whole numbers, got 0.5 at index 1"):
        xgboost.objective(pyloss.CCE(from_logits=True)).init_score([1.0, 0.5])


def test_labels_that_are_ignored_do_not_count():
    ignoring = xgboost.objective(pyloss.CCE(from_logits=True, ignore_index=-100))
    start = ignoring.init_score([0, 1, 1, -100])
    np.testing.assert_allclose(np.exp(start) / np.exp(start).sum(), [1 / 3, 2 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "y", "weight", "message"),
    [
        (
            pyloss.BCE(from_logits=True),
            [[0.0, 2.0], [1.0, 3.0]],
            None,
            r"bce: y_true must be in \[0, 1\], got 2.0 at index \(0, 1\)",
        ),
        (pyloss.PoissonNLL(), [[1.0, -2.0]], None, r"poisson_nll: y_true must be >= 0, got -2.0 at index \(0, 1\)"),
        (pyloss.CCE(from_logits=True), [[1.0, -0.5]], None, r"cce: y_true must be >= 0, got -0.5 at index \(0, 1\)"),
        (pyloss.MSE(), [[1.0, 2.0], [3.0, 4.0]], [1.0, -1.0], "mse: sample_weight must be >= 0, got -1.0 at index 1"),
        (pyloss.CCE(from_logits=True), [0, 1], [1.0, -1.0], "cce: sample_weight must be >= 0, got -1.0 at index 1"),
        (pyloss.MultiQuantile(), [1.0, 2.0], [1.0, 2.0, 3.0], "multi_quantile: sample_weight must have the shape"),
        (pyloss.MultiQuantile(), [1.0, 2.0], [1.0], "multi_quantile: sample_weight must have the shape"),
        (pyloss.MultiQuantile(), [[1.0, 2.0]], None, "multi_quantile: y_true must hold one number per row"),
        (pyloss.MSE(), [1.0, 2.0], [1.0, np.nan], "mse: sample_weight holds nan or inf, so that no score is the best"),
        (pyloss.MSE(), [[1.0], [np.inf]], None, "mse: y holds nan or inf, so that no score is the best"),
        (pyloss.MSE(), [[1.0, 2.0]], [[1.0, 0.0]], "mse: no sample counts"),
        (pyloss.MSE(), np.zeros((1, 2, 3)), None, r"mse: y must hold a number or a row for each sample, got the shape"),
        (pyloss.CCE(from_logits=True, ignore_index=-1), [-1, -1], None, "cce: no sample counts"),
        (pyloss.MSE(), np.ma.array([1.0, 9.0], mask=[0, 1]), None, "mse: y has masked elements: leave them out"),
        (pyloss.MSE(), [1.0, 9.0], np.ma.array([1.0, 1.0], mask=[0, 1]), "mse: sample_weight has masked elements"),
    ],
)
def test_what_one_column_refuses_several_do(loss, y, weight, message):
    with pytest.raises(ValueError, match=message):
        xgboost.objective(loss).init_score(y, weight)


def test_quantiles_in_a_sum_have_no_start():
    both = pyloss.Sum([(1.0, pyloss.MultiQuantile()), (1.0, pyloss.MultiQuantile(quantiles=(0.2, 0.3, 0.4)))])
    with pytest.raises(TypeError, match="no best constant of quantiles in a sum"):
        xgboost.objective(both).init_score([1.0, 2.0])


def test_what_does_not_count_is_not_looked_at():
    """Neither its label, nor whether it is nan, in one column and in several."""
    assert xgboost.objective(pyloss.CCE(from_logits=True)).init_score([0, 1, 7], [1.0, 1.0, 0.0]).shape == (2,)
    start = xgboost.objective(pyloss.MSE()).init_score([[1.0, np.nan], [2.0, 5.0]], [[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(start, [1.5, 5.0])
    np.testing.assert_array_equal(xgboost.objective(pyloss.MSE()).init_score(np.ma.array([1.0, 2.0])), 1.5)


def test_a_loss_that_is_always_0_starts_at_0():
    assert xgboost.objective(pyloss.BCE(from_logits=True, pos_weight=0.0)).init_score([1.0, 1.0]) == 0.0


def test_the_starting_scores_of_directions():
    """A direction that no other is nearer to, on average."""
    y, weight = RNG.normal(1, 1, (50, 3)), RNG.random(50)
    start = xgboost.objective(pyloss.CosineDistance(), hessian=1.0).init_score(y, weight)
    best = np.average(y / np.linalg.norm(y, axis=1, keepdims=True), axis=0, weights=weight)
    np.testing.assert_allclose(start / np.linalg.norm(start), best / np.linalg.norm(best), atol=1e-6)
