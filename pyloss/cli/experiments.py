"""The experiments of the demo: the data, the losses that suit them, and what is scored. No terminal and no pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.model_selection import train_test_split

from pyloss import LOSSES, Loss
from pyloss.losses.binary import BCE
from pyloss.losses.multiclass import CCE
from pyloss.losses.regression import MAE, MSE, Huber

from .shapes import compares_residuals
from .training import Array, Data, Descent, Fit, OnEpoch, Trainer, fit, predict, train_apart, train_together

SEED = 42
Watch = Callable[[str, str, int], OnEpoch]
"""Told an experiment, a loss and how many epochs are to come; answers what is to be called after each."""


def r_squared(y_true: NDArray[Any], y_pred: Array) -> float:
    return float(1 - np.square(y_true - y_pred).sum() / np.square(y_true - y_true.mean()).sum())


def binary_accuracy(y_true: NDArray[Any], logits: Array) -> float:
    return float(np.mean((logits > 0) == y_true))


def class_accuracy(y_true: NDArray[Any], logits: Array) -> float:
    return float(np.mean(logits.argmax(axis=1) == y_true))


@dataclass(frozen=True)
class Experiment:
    """Data, what to train on them and how; `fits` holds a training run for each loss once it has run."""

    name: str
    data: Data
    losses: Sequence[Loss]
    train: Trainer
    descent: Descent
    score_format: str
    score_of: Callable[[NDArray[Any], Array], float]
    fits: tuple[Fit, ...] = ()

    def run(self, watch: Watch, n_epochs: int | None = None) -> "Experiment":
        """The same experiment with its fits; every loss starts at the same point."""
        descent = replace(self.descent, n_epochs=n_epochs or self.descent.n_epochs)
        runs = [(loss, watch(self.name, loss.name, 2 * descent.n_epochs)) for loss in self.losses]
        fits = tuple(fit(loss, self.train, self.data, descent, on_epoch) for loss, on_epoch in runs)
        return replace(self, descent=descent, fits=fits)

    def predictions(self, fit: Fit) -> Array:
        """For the held-out samples."""
        return predict(fit.course.weights, self.data.x_test)

    def score_text(self, fit: Fit) -> str:
        return self.score_format.format(self.score(fit))

    def score(self, fit: Fit) -> float:
        return self.score_of(self.data.y_test, self.predictions(fit))


def movement(clean: Experiment, spoiled: Experiment) -> dict[str, float]:
    """For each loss, how far its coefficients lie from those of the clean data."""
    pairs = zip(clean.fits, spoiled.fits, strict=True)
    return {a.loss.name: float(np.linalg.norm(a.course.weights - b.course.weights)) for a, b in pairs}


def _standardised(x_train: Array, x_test: Array) -> tuple[Array, Array]:
    mean, scale = x_train.mean(axis=0), x_train.std(axis=0)
    scale[scale == 0] = 1.0
    return (x_train - mean) / scale, (x_test - mean) / scale


def _bundled(load: Callable[..., Any], classes: bool) -> tuple[Array, Array, NDArray[Any], NDArray[Any], Any]:
    bunch = load()
    stratify = bunch.target if classes else None
    parts = train_test_split(bunch.data, bunch.target, test_size=0.25, random_state=SEED, stratify=stratify)
    x_train, x_test, y_train, y_test = parts
    return *_standardised(x_train, x_test), y_train, y_test, bunch


def line_data(outliers: bool) -> Data:
    """scikit-learn's `make_regression`; with outliers, one training target in ten is pulled far down on the right."""
    x, y = datasets.make_regression(n_samples=300, n_features=1, noise=1, random_state=SEED)
    y = y.reshape(-1, 1)
    x_train, x_test, y_train, y_test = x[:200], x[200:], y[:200].copy(), y[200:]
    if outliers:
        right = np.flatnonzero(x_train[:, 0] > 0.5)
        chosen = np.random.default_rng(SEED).choice(right, len(x_train) // 10, replace=False)
        y_train[chosen] -= 5 * y_train.std()
    return Data(x_train, y_train, x_test, y_test)


def line(outliers: bool) -> Experiment:
    """Linear regression by three losses from the same start: the outliers move the squared error, the others hardly."""
    name = "line, outliers" if outliers else "line, clean"
    losses = [MSE(), MAE(), Huber()]
    return Experiment(name, line_data(outliers), losses, train_apart, Descent(300, 0.1), "R² {:.3f}", r_squared)


def regression_losses() -> list[Loss]:
    """Every loss of residuals; averaged, so that one step suits all. Relative errors mean little for data around 0."""
    losses = [LOSSES[stem](reduction="mean") for stem in LOSSES if LOSSES[stem].family == "elementwise"]
    return [loss for loss in losses if compares_residuals(loss)]


def diabetes() -> Experiment:
    x_train, x_test, y_train, y_test, bunch = _bundled(datasets.load_diabetes, classes=False)
    mean, scale = float(y_train.mean()), float(y_train.std())
    y_train, y_test = ((y.reshape(-1, 1) - mean) / scale for y in (y_train, y_test))
    data = Data(x_train, y_train, x_test, y_test, 1, tuple(bunch.feature_names), mean, scale)
    return Experiment("diabetes", data, regression_losses(), train_together, Descent(300, 0.05), "R² {:.3f}", r_squared)


def breast_cancer() -> Experiment:
    x_train, x_test, y_train, y_test, bunch = _bundled(datasets.load_breast_cancer, classes=True)
    data = Data(x_train, y_train.reshape(-1, 1), x_test, y_test.reshape(-1, 1), 1, tuple(bunch.feature_names))
    losses = [BCE(from_logits=True)]
    return Experiment("breast cancer", data, losses, train_together, Descent(150, 0.1), "{:.1%}", binary_accuracy)


def digits() -> Experiment:
    x_train, x_test, y_train, y_test, _ = _bundled(datasets.load_digits, classes=True)
    data = Data(x_train, y_train, x_test, y_test, outputs=10)
    losses = [CCE(from_logits=True)]
    return Experiment("digits", data, losses, train_together, Descent(200, 0.1), "{:.1%}", class_accuracy)
