"""XGBoost with losses of pyloss: its own trees where it has the loss, weights, classes, metrics, estimators."""

import pickle
import re

import numpy as np
import pytest
import xgboost
from boosting_data import counts, split, weights
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, mean_pinball_loss
from sklearn.model_selection import GridSearchCV

import pyloss
from pyloss.adapters.xgboost import metric, objective

COMMON = {"max_depth": 4, "eta": 0.3, "nthread": 2, "seed": 0}
ROUNDS = 20


def structure(booster):
    """The splits of all trees."""
    return [re.sub(r"leaf=\S+", "leaf", tree) for tree in booster.get_dump()]


def logit(p):
    return np.log(p / (1 - p))


MATCHES = {
    "reg:squarederror": (pyloss.SSE(), "diabetes", {}),
    "binary:logistic": (pyloss.BCE(from_logits=True), "cancer", {}),
    "reg:logistic": (pyloss.Logistic(), "cancer", {}),
    "count:poisson": (pyloss.PoissonNLL(), "counts", {"max_delta_step": 0.0}),
    "multi:softprob": (pyloss.CCE(from_logits=True), "iris", {"num_class": 3}),
    "reg:gamma": (pyloss.GammaNLL(), "diabetes", {}),
    "reg:tweedie": (pyloss.TweedieNLL(power=1.5), "counts", {}),
    "reg:pseudohubererror": (pyloss.PseudoHuber(delta=1.0), "counts", {}),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("theirs", list(MATCHES))
def test_the_trees_of_the_builtin_objective(theirs, weighted):
    loss, name, options = MATCHES[theirs]
    x, y = counts() if name == "counts" else split(name)[:2]
    data = xgboost.DMatrix(x, y, weight=weights(len(y)) if weighted else None)
    ours = objective(loss)
    start = ours.init_score(y, data.get_weight())
    data.set_base_margin(np.broadcast_to(start, (len(y), *np.shape(start))))
    builtin = xgboost.train({**COMMON, **options, "objective": theirs, "base_score": 0.5}, data, ROUNDS)
    own = xgboost.train({**COMMON, **options, "base_score": 0.0}, data, ROUNDS, obj=ours)
    assert structure(own) == structure(builtin)
    margins = [booster.predict(data, output_margin=True) for booster in (own, builtin)]
    np.testing.assert_allclose(*margins, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.predict(margins[0]), builtin.predict(data), rtol=1e-5, atol=1e-5)
    assert np.ptp(margins[0]) > 0.5


# Native training -------------------------------------------------------------------------------------------------------


def test_the_starting_score_is_a_base_score():
    x, y, x_test, _ = split("diabetes")
    ours = objective(pyloss.SSE())
    start = ours.init_score(y)
    assert start == pytest.approx(y.mean(), rel=1e-15)
    builtin = xgboost.train({**COMMON, "objective": "reg:squarederror"}, xgboost.DMatrix(x, y), ROUNDS)
    own = xgboost.train({**COMMON, "base_score": start}, xgboost.DMatrix(x, y), ROUNDS, obj=ours)
    test = xgboost.DMatrix(x_test)
    np.testing.assert_allclose(own.predict(test), builtin.predict(test), rtol=1e-5)


def test_what_is_handed_over():
    """float32 in the order of the margins, and weights multiplied once."""
    x, y = split("iris")[:2]
    weight = weights(len(y))
    data = xgboost.DMatrix(x, y, weight=weight)
    raw = np.random.default_rng(2).normal(size=(len(y), 3)).astype(np.float32)
    grad, hess = objective(pyloss.CCE(from_logits=True))(raw, data)
    for array in (grad, hess):
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert array.shape == raw.shape
    p = np.exp(raw.astype(float))
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(grad, weight[:, None] * (p - np.eye(3)[y.astype(int)]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(hess, weight[:, None] * 2 * p * (1 - p), rtol=1e-5)


def test_weights_are_repetitions():
    x, y = split("cancer")[:2]
    times = np.random.default_rng(0).integers(1, 4, len(y))
    ours = objective(pyloss.BinaryFocal(from_logits=True))
    weighted = xgboost.train(COMMON, xgboost.DMatrix(x, y, weight=times), ROUNDS, obj=ours)
    repeated = xgboost.train(
        {**COMMON, "tree_method": "exact"}, xgboost.DMatrix(x.repeat(times, 0), y.repeat(times)), 1, obj=ours
    )
    exact = xgboost.train({**COMMON, "tree_method": "exact"}, xgboost.DMatrix(x, y, weight=times), 1, obj=ours)
    assert structure(exact) == structure(repeated)
    plain = xgboost.train(COMMON, xgboost.DMatrix(x, y), ROUNDS, obj=ours)
    assert structure(weighted) != structure(plain)


METRICS = {
    "rmse": (pyloss.RMSE(), pyloss.SSE(), "reg:squarederror", "diabetes", {}),
    "mae": (pyloss.MAE(), pyloss.SSE(), "reg:squarederror", "diabetes", {}),
    "logloss": (pyloss.BCE(from_logits=True), pyloss.BCE(from_logits=True), "binary:logistic", "cancer", {}),
    "mlogloss": (
        pyloss.CCE(from_logits=True),
        pyloss.CCE(from_logits=True),
        "multi:softprob",
        "iris",
        {"num_class": 3},
    ),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("theirs", list(METRICS))
def test_metrics_are_the_builtin_ones(theirs, weighted):
    """Of margins with our objective, while their metric sees the predictions of theirs: both learn the same."""
    measure, loss, builtin, name, options = METRICS[theirs]
    x, y, x_test, y_test = split(name)
    ours = objective(loss)
    sets = []
    for points, truths in ((x, y), (x_test, y_test)):
        data = xgboost.DMatrix(points, truths, weight=weights(len(truths)) if weighted else None)
        start = ours.init_score(y)
        data.set_base_margin(np.broadcast_to(start, (len(truths), *np.shape(start))))
        sets.append((data, f"set{len(sets)}"))
    told, own_told = {}, {}
    settings = {"evals": sets, "verbose_eval": False}
    params = {**COMMON, **options, "objective": builtin, "eval_metric": theirs, "base_score": 0.5}
    xgboost.train(params, sets[0][0], ROUNDS, evals_result=told, **settings)
    params = {**COMMON, **options, "disable_default_eval_metric": True, "base_score": 0.0}
    xgboost.train(
        params,
        sets[0][0],
        ROUNDS,
        obj=ours,
        custom_metric=metric(measure, name=theirs),
        evals_result=own_told,
        **settings,
    )
    for which in ("set0", "set1"):
        assert len(own_told[which][theirs]) == ROUNDS
        np.testing.assert_allclose(own_told[which][theirs], told[which][theirs], rtol=1e-5, atol=2e-6)


def test_a_metric_of_predictions_beside_a_builtin_objective():
    x, y, x_test, y_test = split("cancer")
    train, test = xgboost.DMatrix(x, y), xgboost.DMatrix(x_test, y_test)
    told = {}
    params = {**COMMON, "objective": "binary:logistic", "eval_metric": "logloss"}
    xgboost.train(
        params,
        train,
        5,
        evals=[(test, "test")],
        custom_metric=metric(pyloss.BCE()),
        evals_result=told,
        verbose_eval=False,
    )
    np.testing.assert_allclose(told["test"]["bce"], told["test"]["logloss"], rtol=1e-5)


def test_early_stopping():
    x, y, x_test, y_test = split("diabetes")
    ours = objective(pyloss.Huber(delta=30.0))
    train, test = xgboost.DMatrix(x, y), xgboost.DMatrix(x_test, y_test)
    told = {}
    booster = xgboost.train(
        {**COMMON, "base_score": ours.init_score(y), "disable_default_eval_metric": True},
        train,
        200,
        obj=ours,
        evals=[(test, "test")],
        custom_metric=metric(pyloss.MAE()),
        early_stopping_rounds=5,
        evals_result=told,
        verbose_eval=False,
    )
    assert booster.best_iteration == np.argmin(told["test"]["mae"])
    assert len(told["test"]["mae"]) == booster.best_iteration + 6 < 200


# Losses that XGBoost does not have -------------------------------------------------------------------------------------


def test_focal_on_real_data():
    x, y, x_test, y_test = split("cancer")
    ours = objective(pyloss.BinaryFocal(from_logits=True, gamma=2.0))
    params = {**COMMON, "base_score": ours.init_score(y), "min_child_weight": 0.1}
    booster = xgboost.train(params, xgboost.DMatrix(x, y), 60, obj=ours)
    predictions = ours.predict(booster.predict(xgboost.DMatrix(x_test), output_margin=True))
    assert ((predictions > 0.5) == y_test).mean() > 0.95
    assert pyloss.BinaryFocal()(y_test, predictions) < 0.05


def test_huber_on_real_data_with_outliers():
    """Better than squared error, in the median of what is no outlier."""
    x, y, x_test, y_test = split("diabetes")
    spoilt = y.copy()
    spoilt[::10] += 2000
    train, test = xgboost.DMatrix(x, spoilt), xgboost.DMatrix(x_test)
    errors = {}
    for loss in (pyloss.Huber(delta=30.0), pyloss.SSE()):
        ours = objective(loss)
        params = {**COMMON, "eta": 0.1, "base_score": ours.init_score(spoilt)}
        errors[loss.name] = mean_absolute_error(y_test, xgboost.train(params, train, 100, obj=ours).predict(test))
    assert errors["huber"] < 60 < errors["sse"]


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_quantile_on_real_data(quantile):
    """As many truths below it as it says, and better than the best constant."""
    x, y, x_test, y_test = split("diabetes")
    ours = objective(pyloss.Pinball(quantile=quantile), hessian=1 / y.std())
    start = ours.init_score(y)
    params = {"max_depth": 2, "eta": 0.1, "min_child_weight": 0.3, "base_score": start}
    predictions = xgboost.train(params, xgboost.DMatrix(x, y), 100, obj=ours).predict(xgboost.DMatrix(x_test))
    constant = np.full(len(y_test), start)
    assert mean_pinball_loss(y_test, predictions, alpha=quantile) < mean_pinball_loss(y_test, constant, alpha=quantile)
    assert (y_test < predictions).mean() == pytest.approx(quantile, abs=0.12)


def test_several_quantiles_of_one_booster():
    x, y, x_test, y_test = split("diabetes")
    quantiles = (0.1, 0.5, 0.9)
    ours = objective(pyloss.MultiQuantile(quantiles=quantiles), hessian=1 / y.std() / 3)
    train, test = xgboost.DMatrix(x, y), xgboost.DMatrix(x_test, y_test)
    for data in (train, test):
        data.set_base_margin(np.tile(ours.init_score(y), (data.num_row(), 1)))
    params = {"max_depth": 2, "eta": 0.1, "min_child_weight": 0.1, "num_class": 3, "base_score": 0.0}
    predictions = xgboost.train(params, train, 100, obj=ours).predict(test, output_margin=True)
    assert predictions.shape == (len(y_test), 3)
    for column, quantile in zip(predictions.T, quantiles, strict=True):
        assert (y_test < column).mean() == pytest.approx(quantile, abs=0.12)


def test_several_outputs():
    """A truth of several columns: each is learnt as by itself."""
    x, y = counts()
    both = np.stack([y, np.sqrt(y)], axis=1)
    ours = objective(pyloss.LogCosh())
    params = {**COMMON, "base_score": 0.0}
    together = xgboost.train(params, xgboost.DMatrix(x, both), ROUNDS, obj=ours).predict(xgboost.DMatrix(x))
    for k in range(2):
        alone = xgboost.train(params, xgboost.DMatrix(x, both[:, k]), ROUNDS, obj=ours).predict(xgboost.DMatrix(x))
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-5, atol=1e-5)


# Estimators ------------------------------------------------------------------------------------------------------------


def test_a_classifier():
    x, y, x_test, y_test = split("cancer")
    ours = objective(pyloss.BCE(from_logits=True))
    common = {"n_estimators": ROUNDS, "max_depth": 4, "n_jobs": 2, "base_score": y.mean()}
    own = xgboost.XGBClassifier(**common, objective=ours).fit(x, y, sample_weight=weights(len(y)))
    builtin = xgboost.XGBClassifier(**common).fit(x, y, sample_weight=weights(len(y)))
    np.testing.assert_allclose(own.predict_proba(x_test), builtin.predict_proba(x_test), rtol=1e-5, atol=1e-6)
    assert own.score(x_test, y_test) > 0.93


def test_a_classifier_of_several_classes():
    x, y, x_test, y_test = split("iris")
    own = xgboost.XGBClassifier(objective=objective(pyloss.CategoricalFocal(from_logits=True)), n_estimators=ROUNDS)
    assert own.fit(x, y).score(x_test, y_test) > 0.9


def test_a_regressor_stops_early():
    x, y, x_test, y_test = split("diabetes")
    ours = objective(pyloss.PseudoHuber(delta=40.0))
    regressor = xgboost.XGBRegressor(
        objective=ours,
        base_score=ours.init_score(y),
        eval_metric=metric(pyloss.MAE()),
        early_stopping_rounds=5,
        n_estimators=300,
        learning_rate=0.1,
    )
    regressor.fit(
        x,
        y,
        sample_weight=weights(len(y)),
        eval_set=[(x_test, y_test)],
        sample_weight_eval_set=[weights(len(y_test))],
        verbose=False,
    )
    told = regressor.evals_result()["validation_0"]["mae"]
    assert regressor.best_iteration == np.argmin(told) < 299
    wanted = mean_absolute_error(y_test, regressor.predict(x_test), sample_weight=weights(len(y_test)))
    assert told[regressor.best_iteration] == pytest.approx(wanted, rel=1e-5)


def test_estimators_are_cloned_searched_and_pickled():
    x, y, x_test, _ = split("diabetes")
    regressor = xgboost.XGBRegressor(objective=objective(pyloss.SSE()), base_score=y.mean(), n_estimators=5, n_jobs=1)
    grid = {"objective": [objective(pyloss.SSE()), objective(pyloss.LogCosh(), hessian="bound")]}
    search = GridSearchCV(clone(regressor), grid, cv=2, scoring="neg_mean_squared_error").fit(x, y)
    assert search.best_params_["objective"].loss.name == "sse"
    fitted = regressor.fit(x, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(x_test), fitted.predict(x_test))


def test_bad_labels_are_said():
    x, _ = split("iris")[:2]
    labels = np.full(len(x), 0.5)
    with pytest.raises(ValueError, match=r"cce: class labels must be whole numbers, got 0.5 at index 0"):
        xgboost.train({"num_class": 3}, xgboost.DMatrix(x, labels), 1, obj=objective(pyloss.CCE(from_logits=True)))
    with pytest.raises(IndexError, match=r"class labels must be in 0 ... 2, got 3"):
        xgboost.train(
            {"num_class": 3}, xgboost.DMatrix(x, labels + 2.5), 1, obj=objective(pyloss.CCE(from_logits=True))
        )
    with pytest.raises(ValueError, match=r"logistic: y_true must be"):
        xgboost.train({}, xgboost.DMatrix(x, labels), 1, obj=objective(pyloss.Logistic()))


@pytest.mark.parametrize("outputs", ["num_class", "num_target"])
def test_quantiles_beside_evaluations_need_no_default_metric(outputs):
    """XGBoost's own would refuse the truth."""
    x, y, x_test, y_test = split("diabetes")
    loss, told = pyloss.MultiQuantile(quantiles=(0.1, 0.5, 0.9)), {}
    data = [xgboost.DMatrix(x, y), xgboost.DMatrix(x_test, y_test)]
    params = {outputs: 3, "base_score": 100.0, "disable_default_eval_metric": True}
    settings = {
        "evals": [(data[1], "test")],
        "evals_result": told,
        "verbose_eval": False,
        "custom_metric": metric(loss),
    }
    booster = xgboost.train(params, data[0], 3, obj=objective(loss), **settings)
    margins = booster.predict(data[1], output_margin=True)
    assert margins.shape == (len(y_test), 3)
    assert told["test"]["multi_quantile"][-1] == pytest.approx(loss(y_test, margins), rel=1e-5)
    with pytest.raises(xgboost.core.XGBoostError, match="label"):
        xgboost.train({**params, "disable_default_eval_metric": False}, data[0], 3, obj=objective(loss), **settings)
