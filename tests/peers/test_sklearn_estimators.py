"""pyloss behind scikit-learn's estimators: they fit what they fit without the patch. And the examples of the page."""

import pickle
import re
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor, TweedieRegressor
from sklearn.linear_model._linear_loss import LinearModelLoss
from sklearn_patching import LOSSES, ORIGINALS, both, current, data

from pyloss.adapters._sklearn_linear import TILE
from pyloss.adapters.sklearn import patched, unpatch

PAGE = (Path(__file__).parents[2] / "docs" / "drop-ins" / "scikit-learn.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def _unpatched_afterwards():
    yield
    unpatch()
    assert current() == ORIGINALS


# Linear models --------------------------------------------------------------------------------------------------------


def linear_problem(name, dtype, order="C", n=90_000, features=7):
    rng = np.random.default_rng(5)
    y, _, weight = data(name, dtype, n)
    return np.asarray(rng.normal(size=(n, features)), dtype, order=order), y, weight


def linear_loss(name, fit_intercept, features=7):
    loss = LinearModelLoss(LOSSES[name](), fit_intercept)
    shape = (features + fit_intercept,) if name != "multinomial" else (4, features + fit_intercept)
    return loss, 0.3 * np.random.default_rng(6).normal(size=shape)


@pytest.mark.parametrize("name", ["binomial", "multinomial", "poisson", "gamma", "tweedie 1.5", "exponential"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("order", "n_threads"), [("C", 1), ("F", 1), ("C", 2), ("C", 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_linear_loss(name, fit_intercept, weighted, order, n_threads, dtype):
    """In tiles, where there are few threads and one score a row; else in one piece."""
    X, y, weight = linear_problem(name, dtype, order)
    assert X.size > 2 * TILE
    loss, coef = linear_loss(name, fit_intercept)
    sample_weight = weight if weighted else None
    for given in (coef, coef.ravel(order="F")):
        before, after = both(lambda given=given: loss.loss_gradient(given, X, y, sample_weight, 0.1, n_threads))
        tolerance = 1e-12 if dtype == np.float64 else 2e-5
        assert type(after[0]) is float
        assert after[0] == pytest.approx(before[0], rel=tolerance)
        assert after[1].dtype == before[1].dtype
        assert after[1].flags.f_contiguous
        np.testing.assert_allclose(after[1], before[1], rtol=tolerance, atol=tolerance)


def test_sparse_data_and_given_predictions():
    X, y, _ = linear_problem("binomial", np.float64)
    loss, coef = linear_loss("binomial", True)
    for given, raw in ((sparse.csr_array(X), None), (X, X @ coef[:-1])):
        before, after = both(lambda given=given, raw=raw: loss.loss_gradient(coef, given, y, raw_prediction=raw))
        assert after[0] == pytest.approx(before[0], rel=1e-13)
        np.testing.assert_allclose(after[1], before[1], rtol=1e-11, atol=1e-15)


def test_no_array_is_as_long_as_the_data():
    X, y, weight = linear_problem("binomial", np.float64, n=400_000)
    loss, coef = linear_loss("binomial", True)

    def peak():
        tracemalloc.start()
        loss.loss_gradient(coef, X, y, weight)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    before, after = both(peak)
    assert before > 2 * y.nbytes
    assert after < y.nbytes / 8


# Estimators -----------------------------------------------------------------------------------------------------------

EXACT = {"tol": 1e-8, "max_iter": 1000}
LINEAR = {
    "binary": (LogisticRegression(**EXACT), "binomial"),
    "binary, newton-cg": (LogisticRegression(solver="newton-cg", **EXACT), "binomial"),
    "binary, newton-cholesky": (LogisticRegression(solver="newton-cholesky", **EXACT), "binomial"),
    "classes": (LogisticRegression(**EXACT), "multinomial"),
    "classes, newton-cg": (LogisticRegression(solver="newton-cg", **EXACT), "multinomial"),
    "poisson": (PoissonRegressor(**EXACT), "poisson"),
    "poisson, newton-cholesky": (PoissonRegressor(solver="newton-cholesky", **EXACT), "poisson"),
    "gamma": (GammaRegressor(**EXACT), "gamma"),
    "tweedie": (TweedieRegressor(power=1.5, **EXACT), "tweedie 1.5"),
    "normal": (TweedieRegressor(power=0, **EXACT), "squared"),
}
TREES = {
    "hist binary": (HistGradientBoostingClassifier(max_iter=20, early_stopping=True), "binomial"),
    "hist classes": (HistGradientBoostingClassifier(max_iter=10), "multinomial"),
    "hist squared": (HistGradientBoostingRegressor(max_iter=20), "squared"),
    "hist absolute": (HistGradientBoostingRegressor(max_iter=20, loss="absolute_error"), "absolute"),
    "hist quantile": (HistGradientBoostingRegressor(max_iter=20, loss="quantile", quantile=0.8), "pinball"),
    "hist poisson": (HistGradientBoostingRegressor(max_iter=20, loss="poisson"), "poisson"),
    "hist gamma": (HistGradientBoostingRegressor(max_iter=20, loss="gamma"), "gamma"),
    "binary": (GradientBoostingClassifier(n_estimators=10), "binomial"),
    "exponential": (GradientBoostingClassifier(n_estimators=10, loss="exponential"), "exponential"),
    "classes": (GradientBoostingClassifier(n_estimators=5), "multinomial"),
    "squared": (GradientBoostingRegressor(n_estimators=10), "squared"),
    "huber": (GradientBoostingRegressor(n_estimators=10, loss="huber"), "huber"),
    "quantile": (GradientBoostingRegressor(n_estimators=10, loss="quantile"), "pinball"),
}


def problem(name, n=2000):
    """Features, and a truth that follows from them, of the kind that the loss takes."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(n, 5))
    score = X @ [0.5, -0.5, 0.25, 0.0, 0.1] + 0.2 * rng.normal(size=n)
    if name in ("binomial", "exponential"):
        return X, (score > 0).astype(int)
    if name == "multinomial":
        return X, np.digitize(score, [-0.5, 0, 0.5])
    if name == "poisson":
        return X, rng.poisson(np.exp(score)).astype(float)
    return X, rng.gamma(2.0, np.exp(score)) if name != "squared" else score


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", LINEAR)
def test_a_linear_model(case, weighted):
    estimator, name = LINEAR[case]
    X, y = problem(name)
    weight = np.random.default_rng(8).random(len(y)) if weighted else None
    before, after = both(lambda: clone(estimator).fit(X, y, weight))
    np.testing.assert_allclose(after.coef_, before.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(after.intercept_, before.intercept_, rtol=1e-6, atol=1e-8)
    assert after.score(X, y) == pytest.approx(before.score(X, y), rel=1e-9)


@pytest.mark.parametrize("case", TREES)
def test_boosted_trees(case):
    estimator, name = TREES[case]
    X, y = problem(name)
    before, after = both(lambda: clone(estimator).set_params(random_state=0).fit(X, y))
    np.testing.assert_allclose(after.predict(X), before.predict(X), rtol=1e-6)
    if hasattr(before, "predict_proba"):
        np.testing.assert_allclose(after.predict_proba(X), before.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("estimator", [PoissonRegressor(), HistGradientBoostingRegressor(loss="poisson", max_iter=3)])
def test_estimators_outlive_the_patch(estimator):
    """Pickled, cloned and warm-started on either side of it; and nothing of pyloss is in the pickle."""
    X, y = problem("poisson")
    with patched():
        fitted = clone(estimator).fit(X, y)
        inside = fitted.predict(X)
        kept = pickle.dumps(fitted)
    assert b"pyloss" not in kept
    restored = pickle.loads(kept)
    np.testing.assert_array_equal(restored.predict(X), inside)
    restored.fit(X, y)
    with patched():
        again = clone(pickle.loads(pickle.dumps(restored))).fit(X, y)
    np.testing.assert_allclose(again.predict(X), restored.predict(X), rtol=1e-6)


# The page -------------------------------------------------------------------------------------------------------------


def test_the_examples_of_the_page():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    names = {}
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(block, "scikit-learn.md", "exec"), names)
        unpatch()
    assert current() == ORIGINALS
