"""CatBoost with losses of pyloss: its own predictions where it has the loss, weights, classes, metrics."""

import pickle
from copy import deepcopy

import catboost
import numpy as np
import pytest
from boosting_data import counts, split, weights
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error

import pyloss
from pyloss.adapters.catboost import metric, objective

COMMON = {"iterations": 20, "depth": 4, "learning_rate": 0.2, "random_seed": 0, "verbose": False, "thread_count": 2}
COMMON |= {"allow_writing_files": False, "bootstrap_type": "No", "boosting_type": "Plain", "random_strength": 0}

MATCHES = {
    "RMSE": (pyloss.SSE(), "diabetes", "Newton", {}),
    "Logloss": (pyloss.BCE(from_logits=True), "cancer", "Newton", {}),
    "Poisson": (pyloss.PoissonNLL(), "counts", "Newton", {}),
    "MultiClass": (pyloss.CCE(from_logits=True), "iris", "Newton", {"classes_count": 3}),
}


def pool(x, y, start, weight=None):
    """One that starts there."""
    return catboost.Pool(x, y, weight=weight, baseline=np.broadcast_to(start, (len(y), *np.shape(start))).copy())


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("theirs", list(MATCHES))
def test_the_predictions_of_the_builtin_loss(theirs, weighted):
    loss, name, method, options = MATCHES[theirs]
    x, y = counts() if name == "counts" else split(name)[:2]
    weight = weights(len(y)) if weighted else None
    ours = objective(loss)
    start = ours.init_score(y, weight)
    settings = {**COMMON, **options, "leaf_estimation_method": method, "leaf_estimation_iterations": 1}
    data = pool(x, y, start, weight)
    builtin = catboost.CatBoost({**settings, "loss_function": theirs}).fit(data)
    own = catboost.CatBoost({**settings, "loss_function": ours, "eval_metric": metric(loss)}).fit(data)
    raw = [model.predict(data, prediction_type="RawFormulaVal") for model in (own, builtin)]
    np.testing.assert_allclose(*raw, rtol=1e-5, atol=1e-5)
    assert np.ptp(raw[0]) > 0.5


def test_what_is_handed_over():
    """Pairs of derivatives of what is to be maximised."""
    y, raw, weight = np.random.default_rng(0).normal(size=(3, 50))
    weight = np.abs(weight).astype(np.float32)
    pairs = objective(pyloss.SSE()).calc_ders_range(raw, y.astype(np.float32), weight)
    assert type(pairs) is np.ndarray
    assert pairs.dtype == np.float64
    np.testing.assert_allclose(pairs, np.stack([weight * (y.astype(np.float32) - raw), -weight], axis=1), rtol=1e-12)


@pytest.mark.parametrize("weight", [1.0, 2.5, 0.0])
def test_the_matrix_of_a_softmax(weight):
    raw = np.array([0.5, -1.0, 2.0])
    q = np.exp(raw) / np.exp(raw).sum()
    grad, matrix = objective(pyloss.CCE(from_logits=True)).calc_ders_multi(raw, 2.0, weight)
    np.testing.assert_allclose(grad, weight * (np.eye(3)[2] - q), rtol=1e-12)
    np.testing.assert_allclose(matrix, weight * (np.outer(q, q) - np.diag(q)), rtol=1e-12, atol=1e-16)


def test_the_matrix_of_another_loss_is_diagonal():
    raw = np.array([0.5, -1.0, 2.0])
    loss = pyloss.CategoricalFocal(from_logits=True, reduction="sum")
    grad, hess = loss.grad_and_hess([2], raw[None], [3.0])
    own_grad, matrix = objective(loss).calc_ders_multi(raw, 2.0, 3.0)
    np.testing.assert_allclose(own_grad, -grad[0], rtol=1e-15)
    np.testing.assert_allclose(matrix, -np.diag(np.abs(hess[0])), rtol=1e-15)


METRICS = {
    "RMSE": (pyloss.RMSE(), "diabetes", {}),
    "MAE": (pyloss.MAE(), "diabetes", {}),
    "Logloss": (pyloss.BCE(from_logits=True), "cancer", {}),
    "MultiClass": (pyloss.CCE(from_logits=True), "iris", {"classes_count": 3}),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("theirs", list(METRICS))
def test_metrics_are_the_builtin_ones(theirs, weighted):
    measure, name, options = METRICS[theirs]
    x, y, x_test, y_test = split(name)
    train = catboost.Pool(x, y, weight=weights(len(y)) if weighted else None)
    test = catboost.Pool(x_test, y_test, weight=weights(len(y_test)) if weighted else None)
    told = []
    for own in (theirs, metric(measure)):
        model = catboost.CatBoost(
            {**COMMON, **options, "loss_function": theirs.replace("MAE", "RMSE"), "eval_metric": own}
        )
        model.fit(train, eval_set=test, use_best_model=False)
        results = model.get_evals_result()["validation"]
        told.append(results[theirs if own == theirs else own.__name__])
    np.testing.assert_allclose(*told, rtol=1e-6)


@pytest.mark.parametrize(("name", "reported"), [(None, "mae"), ("my error", "my error")])
def test_a_metric_is_reported_by_its_name(name, reported):
    own = metric(pyloss.MAE(), name=name)
    for given in (own, pickle.loads(pickle.dumps(own)), deepcopy(own)):
        model = catboost.CatBoost({**COMMON, "iterations": 2, "loss_function": "RMSE", "eval_metric": given})
        model.fit(np.arange(20.0).reshape(10, 2), np.arange(10.0))
        assert reported in model.get_evals_result()["learn"]


def test_metrics_of_many_samples():
    """Whole data at once, not in blocks: a root of a mean is not the mean of roots."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 2))
    y = x[:, 0] * rng.exponential(size=20_000) * np.arange(20_000)
    ours = objective(pyloss.SSE())
    model = catboost.CatBoost({**COMMON, "iterations": 2, "loss_function": ours, "eval_metric": metric(pyloss.RMSE())})
    model.fit(catboost.Pool(x, y), eval_set=catboost.Pool(x, y), use_best_model=False)
    told = model.get_evals_result()["validation"]["rmse"]
    assert told[-1] == pytest.approx(root_mean_squared_error(y, model.predict(x)), rel=1e-6)


def test_early_stopping():
    x, y, x_test, y_test = split("diabetes")
    ours = objective(pyloss.Huber(delta=40.0))
    start = ours.init_score(y)
    settings = {**COMMON, "iterations": 500, "loss_function": ours, "eval_metric": metric(pyloss.MAE())}
    model = catboost.CatBoost(settings)
    model.fit(pool(x, y, start), eval_set=pool(x_test, y_test, start), early_stopping_rounds=5)
    told = model.get_evals_result()["validation"]["mae"]
    assert model.get_best_iteration() == np.argmin(told) < 499
    assert min(told) == pytest.approx(mean_absolute_error(y_test, start + model.predict(x_test)), rel=1e-6)


# Losses that CatBoost does not have so ---------------------------------------------------------------------------------


def test_focal_on_real_data():
    x, y, x_test, y_test = split("cancer")
    ours = objective(pyloss.BinaryFocal(from_logits=True, gamma=2.0))
    start = ours.init_score(y)
    settings = {**COMMON, "iterations": 60, "loss_function": ours, "eval_metric": metric(pyloss.BCE(from_logits=True))}
    model = catboost.CatBoost(settings).fit(pool(x, y, start))
    predictions = ours.predict(start + model.predict(x_test))
    assert ((predictions > 0.5) == y_test).mean() > 0.95
    assert pyloss.BinaryFocal()(y_test, predictions) < 0.05


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_quantile_on_real_data(quantile):
    x, y, x_test, y_test = split("diabetes")
    loss = pyloss.Pinball(quantile=quantile)
    ours = objective(loss, hessian=1 / y.std())
    start = ours.init_score(y)
    settings = {**COMMON, "iterations": 100, "depth": 2, "learning_rate": 0.1, "leaf_estimation_method": "Newton"}
    model = catboost.CatBoost({**settings, "loss_function": ours, "eval_metric": metric(loss)})
    predictions = start + model.fit(pool(x, y, start)).predict(x_test)
    constant = np.full(len(y_test), start)
    assert mean_pinball_loss(y_test, predictions, alpha=quantile) < mean_pinball_loss(y_test, constant, alpha=quantile)
    assert (y_test < predictions).mean() == pytest.approx(quantile, abs=0.12)


def test_a_focal_loss_of_several_classes():
    x, y, x_test, y_test = split("iris")
    ours = objective(pyloss.CategoricalFocal(from_logits=True))
    settings = {
        **COMMON,
        "classes_count": 3,
        "loss_function": ours,
        "eval_metric": metric(pyloss.CCE(from_logits=True)),
    }
    model = catboost.CatBoost(settings).fit(catboost.Pool(x, y))
    raw = model.predict(x_test, prediction_type="RawFormulaVal")
    assert (raw.argmax(axis=1) == y_test).mean() > 0.9
    np.testing.assert_allclose(ours.predict(raw).sum(axis=1), 1)


def test_errors_come_through():
    x, _ = split("diabetes")[:2]
    settings = {**COMMON, "loss_function": objective(pyloss.PoissonNLL()), "eval_metric": metric(pyloss.PoissonNLL())}
    with pytest.raises(catboost.CatBoostError, match=r"poisson_nll: y_true must be >= 0, got -1.0"):
        catboost.CatBoost(settings).fit(catboost.Pool(x, np.arange(len(x)) - 1.0))
