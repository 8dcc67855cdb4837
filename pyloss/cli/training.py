"""Linear models trained by accelerated gradient, and the time that their losses take."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyloss import Loss, reference

Array = NDArray[np.float64]
OnEpoch = Callable[[], object]


class Criterion(Protocol):
    """What the training loops ask of a loss."""

    def forward(self, y_true: ArrayLike, y_pred: ArrayLike) -> Any: ...
    def backward(self, y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[Any]: ...
    def value_and_grad(self, y_true: ArrayLike, y_pred: ArrayLike, *, out: Array) -> tuple[Any, NDArray[Any]]: ...


@dataclass(frozen=True)
class Oracle:
    """The same questions, answered by the textbook NumPy of `pyloss.reference`."""

    loss: Loss

    def forward(self, y_true: ArrayLike, y_pred: ArrayLike) -> Any:
        return reference.evaluate(self.loss, y_true, y_pred).value

    def backward(self, y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[Any]:
        grad: NDArray[Any] = reference.evaluate(self.loss, y_true, y_pred).grad
        return grad

    def value_and_grad(self, y_true: ArrayLike, y_pred: ArrayLike, *, out: Array) -> tuple[Any, NDArray[Any]]:
        value, out[...], _ = reference.evaluate(self.loss, y_true, y_pred)
        return value, out


class Stopwatch:
    """Times its `with` blocks."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._times.append(perf_counter() - self._start)

    @property
    def seconds(self) -> float:
        """All of them, at the median: what else the machine did meanwhile is not counted."""
        return float(np.median(self._times)) * len(self._times)


@dataclass(frozen=True)
class Data:
    """Standardised features, and targets shaped as the loss takes them, times `y_scale` plus `y_mean` in their unit."""

    x_train: Array
    y_train: NDArray[Any]
    x_test: Array
    y_test: NDArray[Any]
    outputs: int = 1
    features: tuple[str, ...] = ()
    y_mean: float = 0.0
    y_scale: float = 1.0


@dataclass(frozen=True)
class Descent:
    """Nesterov's accelerated gradient: how many steps, how long, and how much of the last one is kept."""

    n_epochs: int
    step: float
    momentum: float = 0.9


@dataclass(frozen=True)
class Course:
    """What one training run leaves behind: weights (the intercepts in the last row), and the losses of every epoch."""

    weights: Array
    train_losses: Array
    test_losses: Array
    loss_seconds: float


Trainer = Callable[[Criterion, Data, Descent, OnEpoch], Course]


@dataclass(frozen=True)
class Fit:
    """A loss and its training run, once with the compiled loss and once with the oracle in the same loop."""

    loss: Loss
    course: Course
    oracle: Course

    @property
    def speedup(self) -> float:
        return self.oracle.loss_seconds / self.course.loss_seconds


def fit(loss: Loss, train: Trainer, data: Data, descent: Descent, on_epoch: OnEpoch) -> Fit:
    for criterion in (loss, Oracle(loss)):  # what a first call sets up is not to be timed
        train(criterion, data, replace(descent, n_epochs=1), lambda: None)
    return Fit(loss, train(loss, data, descent, on_epoch), train(Oracle(loss), data, descent, on_epoch))


def predict(weights: Array, x: Array) -> Array:
    y_pred: Array = x @ weights[:-1] + weights[-1]
    return y_pred


def train_apart(criterion: Criterion, data: Data, descent: Descent, on_epoch: OnEpoch) -> Course:
    """Accelerated gradient for w, plain gradient for b, `forward` and `backward` called one after the other."""
    x, y, clock = data.x_train, data.y_train, Stopwatch()
    w, b = np.zeros((x.shape[1], data.outputs)), np.zeros(data.outputs)
    velocity = np.zeros_like(w)
    losses = np.empty((2, descent.n_epochs))
    for epoch in range(descent.n_epochs):
        y_pred = x @ (w + descent.momentum * velocity) + b
        with clock:
            grad = criterion.backward(y, y_pred)
        velocity = descent.momentum * velocity - descent.step * (x.T @ grad)
        w += velocity
        b -= descent.step * grad.sum(axis=0)
        y_pred = x @ w + b
        with clock:
            losses[0, epoch] = criterion.forward(y, y_pred)
        losses[1, epoch] = criterion.forward(data.y_test, data.x_test @ w + b)
        on_epoch()
    return Course(np.vstack([w, b]), losses[0], losses[1], clock.seconds)


def train_together(criterion: Criterion, data: Data, descent: Descent, on_epoch: OnEpoch) -> Course:
    """Accelerated gradient for all parameters; value and gradient from one call, into one buffer.

    The training loss of an epoch is that at the point where its gradient is taken, a step ahead.
    """
    x, clock = np.column_stack([data.x_train, np.ones(len(data.x_train))]), Stopwatch()
    weights = np.zeros((x.shape[1], data.outputs))
    velocity = np.zeros_like(weights)
    y_pred = np.empty((len(x), data.outputs))
    grad = np.empty_like(y_pred)
    losses = np.empty((2, descent.n_epochs))
    for epoch in range(descent.n_epochs):
        np.matmul(x, weights + descent.momentum * velocity, out=y_pred)
        with clock:
            losses[0, epoch], _ = criterion.value_and_grad(data.y_train, y_pred, out=grad)
        velocity = descent.momentum * velocity - descent.step * (x.T @ grad)
        weights += velocity
        losses[1, epoch] = criterion.forward(data.y_test, predict(weights, data.x_test))
        on_epoch()
    return Course(weights, losses[0], losses[1], clock.seconds)
