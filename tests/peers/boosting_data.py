"""Real data for the boosters' tests."""

from functools import cache

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import train_test_split


@cache
def split(name: str) -> tuple[np.ndarray, ...]:
    """Points and truths of training, points and truths of a test."""
    load = {"cancer": load_breast_cancer, "diabetes": load_diabetes, "iris": load_iris}[name]
    x, y = load(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=0)
    return x_train, y_train.astype(float), x_test, y_test.astype(float)


@cache
def counts() -> tuple[np.ndarray, np.ndarray]:
    """Points and Poisson counts."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 5))
    return x, rng.poisson(np.exp(1 + 0.5 * x[:, 0] - 0.3 * x[:, 1])).astype(float)


def weights(n: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.2, 3.0, n)
