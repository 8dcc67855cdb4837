"""Losses under scipy.optimize: the page's examples, gradients that its own check agrees with, and fits by several methods."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize

import pyloss

PAGE = (Path(__file__).parents[1] / "docs" / "drop-ins" / "scipy.md").read_text("utf-8")
X = np.column_stack([np.ones(400), np.random.default_rng(1).normal(size=(400, 2))])
TRUE = np.array([0.3, 0.7, -0.5])
PENALTY = 1e-3
MODELS = {
    "squared": (pyloss.MSE(), X @ TRUE + np.random.default_rng(2).normal(size=400)),
    "robust": (pyloss.PseudoHuber(delta=0.5), X @ TRUE + np.random.default_rng(3).standard_t(2, size=400)),
    "counts": (pyloss.PoissonNLL(), np.random.default_rng(4).poisson(np.exp(X @ TRUE))),
    "amounts": (pyloss.GammaNLL(), np.random.default_rng(5).gamma(2.0, np.exp(X @ TRUE) / 2)),
    "classes": (pyloss.BCE(from_logits=True), (np.random.default_rng(6).random(400) < 0.5).astype(float)),
}
WEIGHTS = np.random.default_rng(7).uniform(0, 2, 400)


def parts(name, weights):
    """The objective, its Hessian, and the product of that with a vector."""
    loss, y = MODELS[name]
    grad = np.empty(len(y))

    def objective(w):
        value, _ = loss.value_and_grad(y, X @ w, weights, out=grad)
        return value + PENALTY / 2 * (w @ w), grad @ X + PENALTY * w

    def matrix(w):
        return (X.T * loss.grad_and_hess(y, X @ w, weights)[1]) @ X + PENALTY * np.eye(len(w))

    def product(w, v):
        return (loss.grad_and_hess(y, X @ w, weights)[1] * (X @ v)) @ X + PENALTY * v

    return objective, matrix, product


def test_the_page(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    scope = {}
    for block in blocks:
        exec(block, scope)
    weights, agreement = capsys.readouterr().out.splitlines()
    np.testing.assert_allclose(scope["fit"].x, [0.5, 0.8, -0.4, 0.2], atol=0.05)
    assert weights == str(scope["fit"].x.round(2))
    assert agreement.startswith("True True ")
    assert len(blocks[0][blocks[0].index("rng =") :].strip().splitlines()) <= 15


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", MODELS)
def test_gradients(name, weights):
    objective, _, _ = parts(name, weights)
    assert check_grad(lambda w: objective(w)[0], lambda w: objective(w)[1], TRUE + 0.1) < 1e-6


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", MODELS)
def test_methods_agree(name, weights):
    objective, matrix, product = parts(name, weights)
    start = np.zeros(len(TRUE))
    first = minimize(objective, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-9, "ftol": 1e-15})
    newton = minimize(objective, start, jac=True, hess=matrix, method="Newton-CG", options={"xtol": 1e-10})
    by_products = minimize(objective, start, jac=True, hessp=product, method="trust-ncg", options={"gtol": 1e-9})
    for fit in (first, newton, by_products):
        assert np.abs(objective(fit.x)[1]).max() < 1e-5
        np.testing.assert_allclose(fit.x, first.x, atol=1e-4)


def test_newton_needs_few_steps():
    objective, matrix, _ = parts("counts", None)
    assert minimize(objective, np.zeros(3), jac=True, hess=matrix, method="Newton-CG").nit <= 10
