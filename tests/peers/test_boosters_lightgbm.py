"""LightGBM with losses of pyloss: its own trees where it has the loss, weights, classes, metrics, estimators."""

import pickle
import re

import lightgbm
import numpy as np
import pytest
from boosting_data import counts, split, weights
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, mean_pinball_loss
from sklearn.model_selection import GridSearchCV

import pyloss
from pyloss.adapters.lightgbm import metric, objective

COMMON = {"num_leaves": 15, "learning_rate": 0.2, "num_threads": 2, "seed": 0, "verbosity": -1, "deterministic": True}
ROUNDS = 20


def structure(booster):
    """The splits of all trees."""
    return re.findall(
        r"^(?:num_leaves|split_feature|threshold|left_child|right_child)=.*$", booster.model_to_string(), re.M
    )


MATCHES = {
    "regression": (pyloss.SSE(), "diabetes", {}),
    "binary": (pyloss.BCE(from_logits=True), "cancer", {}),
    "cross_entropy": (pyloss.BCE(from_logits=True), "cancer", {}),
    "poisson": (pyloss.PoissonNLL(), "counts", {"poisson_max_delta_step": 1e-12}),
    "multiclass": (pyloss.CCE(from_logits=True), "iris", {"num_class": 3}),
    "gamma": (pyloss.GammaNLL(), "diabetes", {}),
    "tweedie": (pyloss.TweedieNLL(power=1.5), "counts", {}),
    "fair": (pyloss.Fair(c=1.0), "counts", {}),
    "huber": (pyloss.Huber(delta=0.9), "counts", {}),
}


def dataset(x, y, start, weight=None, reference=None):
    """One that starts there."""
    init = np.broadcast_to(start, (len(y), *np.shape(start))).copy()
    return lightgbm.Dataset(x, y, weight=weight, init_score=init, reference=reference, free_raw_data=False)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("theirs", list(MATCHES))
def test_the_trees_of_the_builtin_objective(theirs, weighted):
    """Both start at our score; the built-in one would add its own to the first tree."""
    loss, name, options = MATCHES[theirs]
    x, y = counts() if name == "counts" else split(name)[:2]
    weight = weights(len(y)) if weighted else None
    ours = objective(loss)
    start = ours.init_score(y, weight)
    settings = {**COMMON, **options, "boost_from_average": False}
    builtin = lightgbm.train({**settings, "objective": theirs}, dataset(x, y, start, weight), ROUNDS)
    own = lightgbm.train({**settings, "objective": ours}, dataset(x, y, start, weight), ROUNDS)
    assert structure(own) == structure(builtin)
    raw = [booster.predict(x, raw_score=True) for booster in (own, builtin)]
    np.testing.assert_allclose(*raw, rtol=1e-5, atol=1e-5)
    assert np.ptp(raw[0]) > 0.5


def test_the_starting_score_is_that_of_boost_from_average():
    for name, loss, theirs in (
        ("diabetes", pyloss.SSE(), "regression"),
        ("cancer", pyloss.BCE(from_logits=True), "binary"),
    ):
        x, y = split(name)[:2]
        ours = objective(loss)
        start = ours.init_score(y)
        builtin = lightgbm.train({**COMMON, "objective": theirs}, lightgbm.Dataset(x, y), ROUNDS)
        own = lightgbm.train({**COMMON, "objective": ours}, dataset(x, y, start), ROUNDS)
        np.testing.assert_allclose(own.predict(x) + start, builtin.predict(x, raw_score=True), rtol=1e-5, atol=1e-5)


def test_what_is_handed_over():
    """float32, class after class, so that LightGBM copies nothing; weights multiplied once."""
    x, y = split("iris")[:2]
    weight = weights(len(y))
    data = lightgbm.Dataset(x, y, weight=weight).construct()
    raw = np.asfortranarray(np.random.default_rng(2).normal(size=(len(y), 3)))
    grad, hess = objective(pyloss.CCE(from_logits=True))(raw, data)
    for array in (grad, hess):
        assert array.dtype == np.float32
        assert array.flags.f_contiguous
        assert np.shares_memory(array, array.ravel(order="F"))
    p = np.exp(raw)
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(grad, weight[:, None] * (p - np.eye(3)[y.astype(int)]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(hess, weight[:, None] * 1.5 * p * (1 - p), rtol=1e-5)


METRICS = {
    "rmse": (pyloss.RMSE(), pyloss.SSE(), "regression", "diabetes", {}),
    "l1": (pyloss.MAE(), pyloss.SSE(), "regression", "diabetes", {}),
    "binary_logloss": (pyloss.BCE(from_logits=True), pyloss.BCE(from_logits=True), "binary", "cancer", {}),
    "multi_logloss": (
        pyloss.CCE(from_logits=True),
        pyloss.CCE(from_logits=True),
        "multiclass",
        "iris",
        {"num_class": 3},
    ),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("theirs", list(METRICS))
def test_metrics_are_the_builtin_ones(theirs, weighted):
    measure, loss, builtin, name, options = METRICS[theirs]
    x, y, x_test, y_test = split(name)
    ours = objective(loss)
    start = ours.init_score(y)

    def run(told, **settings):
        train = dataset(x, y, start, weights(len(y)) if weighted else None)
        test = dataset(x_test, y_test, start, weights(len(y_test)) if weighted else None, reference=train)
        params = {**COMMON, **options, "boost_from_average": False, **settings.pop("params")}
        callbacks = [lightgbm.record_evaluation(told)]
        lightgbm.train(params, train, ROUNDS, [train, test], ["train", "test"], callbacks=callbacks, **settings)

    told, own_told = {}, {}
    run(told, params={"objective": builtin, "metric": theirs})
    run(own_told, params={"objective": ours, "metric": "None"}, feval=metric(measure, name=theirs))
    for which in ("train", "test"):
        assert len(own_told[which][theirs]) == ROUNDS
        np.testing.assert_allclose(own_told[which][theirs], told[which][theirs], rtol=1e-5, atol=1e-6)


def test_a_metric_of_predictions_beside_a_builtin_objective():
    x, y, x_test, y_test = split("cancer")
    train = lightgbm.Dataset(x, y)
    test = lightgbm.Dataset(x_test, y_test, reference=train)
    told = {}
    params = {**COMMON, "objective": "binary", "metric": "binary_logloss"}
    callbacks = [lightgbm.record_evaluation(told)]
    lightgbm.train(params, train, 5, [test], feval=metric(pyloss.BCE()), callbacks=callbacks)
    np.testing.assert_allclose(told["valid_0"]["bce"], told["valid_0"]["binary_logloss"], rtol=1e-9)


# Losses that LightGBM does not have ------------------------------------------------------------------------------------


def test_focal_on_real_data():
    x, y, x_test, y_test = split("cancer")
    ours = objective(pyloss.BinaryFocal(from_logits=True, gamma=2.0))
    start = ours.init_score(y)
    booster = lightgbm.train({**COMMON, "objective": ours}, dataset(x, y, start), 60)
    predictions = ours.predict(start + booster.predict(x_test))
    assert ((predictions > 0.5) == y_test).mean() > 0.95
    assert pyloss.BinaryFocal()(y_test, predictions) < 0.05


def test_welsch_on_real_data_with_outliers():
    x, y, x_test, y_test = split("diabetes")
    spoilt = y.copy()
    spoilt[::10] += 2000
    errors = {}
    for loss in (pyloss.Welsch(c=150.0), pyloss.SSE()):
        ours = objective(loss, hessian="bound")
        start = ours.init_score(spoilt)
        booster = lightgbm.train({**COMMON, "learning_rate": 0.1, "objective": ours}, dataset(x, spoilt, start), 50)
        errors[loss.name] = mean_absolute_error(y_test, start + booster.predict(x_test))
    assert errors["welsch"] < 60 < errors["sse"]


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_quantile_on_real_data(quantile):
    x, y, x_test, y_test = split("diabetes")
    ours = objective(pyloss.Pinball(quantile=quantile), hessian=1 / y.std())
    start = ours.init_score(y)
    params = {**COMMON, "num_leaves": 4, "learning_rate": 0.1, "objective": ours}
    predictions = start + lightgbm.train(params, dataset(x, y, start), 100).predict(x_test)
    constant = np.full(len(y_test), start)
    assert mean_pinball_loss(y_test, predictions, alpha=quantile) < mean_pinball_loss(y_test, constant, alpha=quantile)
    assert (y_test < predictions).mean() == pytest.approx(quantile, abs=0.12)


def test_several_quantiles_of_one_booster():
    x, y, x_test, y_test = split("diabetes")
    quantiles = (0.1, 0.5, 0.9)
    ours = objective(pyloss.MultiQuantile(quantiles=quantiles), hessian=1 / y.std() / 3)
    start = ours.init_score(y)
    params = {**COMMON, "num_leaves": 4, "learning_rate": 0.1, "objective": ours, "num_class": 3}
    predictions = start + lightgbm.train(params, dataset(x, y, start), 100).predict(x_test)
    assert predictions.shape == (len(y_test), 3)
    for column, quantile in zip(predictions.T, quantiles, strict=True):
        assert (y_test < column).mean() == pytest.approx(quantile, abs=0.12)


# Estimators ------------------------------------------------------------------------------------------------------------

ESTIMATOR = {"n_estimators": ROUNDS, "num_leaves": 15, "n_jobs": 2, "verbose": -1, "random_state": 0}


def test_a_classifier():
    x, y, x_test, _ = split("cancer")
    ours = objective(pyloss.BCE(from_logits=True))
    weight, start = weights(len(y)), np.full(len(y), ours.init_score(y))
    own = lightgbm.LGBMClassifier(**ESTIMATOR, objective=ours).fit(x, y, sample_weight=weight, init_score=start)
    builtin = lightgbm.LGBMClassifier(**ESTIMATOR, boost_from_average=False)
    builtin.fit(x, y, sample_weight=weight, init_score=start)
    raw = [estimator.predict(x_test, raw_score=True) for estimator in (own, builtin)]
    np.testing.assert_allclose(*raw, rtol=1e-5, atol=1e-5)


def test_a_classifier_of_several_classes():
    x, y, x_test, y_test = split("iris")
    ours = objective(pyloss.CategoricalFocal(from_logits=True))
    own = lightgbm.LGBMClassifier(**ESTIMATOR, objective=ours).fit(x, y)
    assert (own.predict(x_test, raw_score=True).argmax(axis=1) == y_test).mean() > 0.9


def test_a_regressor_stops_early():
    x, y, x_test, y_test = split("diabetes")
    ours = objective(pyloss.Huber(delta=40.0))
    start = ours.init_score(y)
    regressor = lightgbm.LGBMRegressor(
        **{**ESTIMATOR, "n_estimators": 300}, learning_rate=0.1, objective=ours, metric="None"
    )
    regressor.fit(
        x,
        y,
        sample_weight=weights(len(y)),
        init_score=np.full(len(y), start),
        eval_X=x_test,
        eval_y=y_test,
        eval_init_score=[np.full(len(y_test), start)],
        eval_sample_weight=[weights(len(y_test))],
        eval_metric=metric(pyloss.MAE()),
        callbacks=[lightgbm.early_stopping(5, verbose=False)],
    )
    told = regressor.evals_result_["valid_0"]["mae"]
    assert regressor.best_iteration_ == np.argmin(told) + 1 < 300
    predictions = start + regressor.predict(x_test)
    wanted = mean_absolute_error(y_test, predictions, sample_weight=weights(len(y_test)))
    assert told[regressor.best_iteration_ - 1] == pytest.approx(wanted, rel=1e-6)


def test_estimators_are_cloned_searched_and_pickled():
    x, y, x_test, _ = split("diabetes")
    regressor = lightgbm.LGBMRegressor(
        **{**ESTIMATOR, "n_estimators": 5, "n_jobs": 1}, objective=objective(pyloss.SSE())
    )
    grid = {"objective": [objective(pyloss.SSE()), objective(pyloss.LogCosh(), hessian="bound")]}
    search = GridSearchCV(clone(regressor), grid, cv=2, scoring="neg_mean_squared_error").fit(x, y)
    assert search.best_params_["objective"].loss.name == "sse"
    fitted = regressor.fit(x, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(x_test), fitted.predict(x_test))


def test_bad_labels_are_said():
    x, _ = split("iris")[:2]
    labels = np.full(len(x), 0.5)
    ours = objective(pyloss.CCE(from_logits=True))
    with pytest.raises(ValueError, match=r"cce: class labels must be whole numbers, got 0.5 at index 0"):
        lightgbm.train({**COMMON, "objective": ours, "num_class": 3}, lightgbm.Dataset(x, labels), 1)
