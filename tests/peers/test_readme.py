"""The README's example of other libraries with pyloss inside."""

import re
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import torch
import xgboost
from sklearn.linear_model import LogisticRegression

import pyloss

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SECTION = README.partition("\n## Where people already are\n")[2].partition("\n## ")[0]
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def test_where_people_already_are():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ [1.0, -2.0, 0.5] + rng.normal(size=200)
    logits = torch.tensor(x, requires_grad=True)
    loss = pyloss.MSE()
    fits = []

    def value_and_grad(w):
        value, grad = loss.value_and_grad(y, x @ w)
        fits.append(value)
        return value, grad @ x

    scope = {"pyloss": pyloss, "xgboost": xgboost, "scipy": scipy, "LogisticRegression": LogisticRegression}
    scope |= {"x": x, "data": xgboost.DMatrix(x, y), "value_and_grad": value_and_grad, "start": np.zeros(3)}
    scope |= {"logits": logits, "labels": torch.from_numpy(rng.integers(0, 3, 200))}
    exec(EXAMPLE, scope)

    assert logits.grad.abs().sum() > 0
    assert scope["booster"].num_boosted_rounds() == 10
    assert min(fits) == pytest.approx(np.square(y - x @ np.linalg.lstsq(x, y)[0]).mean(), rel=1e-6)
