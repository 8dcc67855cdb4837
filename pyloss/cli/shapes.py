"""The shapes of elementwise losses, for `pyloss plot`: parsed, sampled, and not yet drawn."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyloss import LOSSES, Loss
from pyloss._domains import REAL
from pyloss._loss import CurvedLoss

from ._losses import check_names, read

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """What a loss is drawn against: the predictions from `low` to `high`; curves that run to infinity there are cut."""

    label: str
    low: float
    high: float
    cut: bool = False


@dataclass(frozen=True)
class Shape:
    """Value, gradient and Hessian of a loss, each of shape (truths, predictions)."""

    label: str
    axis: Axis
    truths: tuple[float, ...]
    x: Array
    value: Array
    grad: Array
    hess: Array


def drawable() -> dict[str, type[CurvedLoss]]:
    """The losses of the registry that have a value and both derivatives for each pair of numbers."""
    curved = {stem: loss for stem, loss in LOSSES.items() if issubclass(loss, CurvedLoss)}
    return {stem: loss for stem, loss in curved.items() if loss.family == "elementwise"}


def all_losses() -> list[CurvedLoss]:
    """All that can be drawn, and those with switches (as from_logits) in every position."""
    losses = []
    for loss in drawable().values():
        switches = [name for name, given in loss().parameters.items() if isinstance(given, bool)]
        for positions in product((False, True), repeat=len(switches)):
            losses.append(_build(loss, dict(zip(switches, positions, strict=True))))
    return losses


def _build(loss: type[CurvedLoss], parameters: dict[str, Any]) -> CurvedLoss:
    return loss(reduction="none", **parameters)


def parse(text: str) -> CurvedLoss:
    """One that can be drawn, from its name, or from NAME:parameter=value,..."""
    try:
        loss, parameters = read(text)
    except ValueError as error:
        raise ValueError(f"{error}; those that can be drawn are {', '.join(drawable())}") from None
    if loss.name not in drawable():
        known = ", ".join(drawable())
        raise ValueError(f"{loss.name} is a {loss.family} loss and has no curve; those with one are {known}")
    curved = drawable()[loss.name]
    check_names(curved, parameters, list(curved().parameters))
    try:
        return _build(curved, parameters)
    except TypeError as error:
        raise ValueError(str(error)) from None


def label(loss: Loss) -> str:
    """The stem, and the parameters that are not the default."""
    defaults = type(loss)().parameters
    changed = {name: given for name, given in loss.parameters.items() if given != defaults[name]}
    options = ", ".join(_written(name, given) for name, given in changed.items())
    return f"{loss.name} ({options})" if options else loss.name


def _written(name: str, given: object) -> str:
    if given is True:
        return name
    is_number = isinstance(given, int | float) and given is not False
    return f"{name}={given:g}" if is_number else f"{name}={given}"


def axis_of(loss: Loss) -> tuple[Axis, tuple[float, ...]]:
    """By where the loss declares truth and prediction to lie; and the truths that each get a curve."""
    truth, prediction = loss.y_true_domain, loss.y_pred_domain
    if prediction.bounded:
        inset = 0.02 * (prediction.high - prediction.low)
        low, high = prediction.low + inset, prediction.high - inset
        return Axis("predicted probability p", low, high, cut=True), (truth.low, truth.high)
    if truth.bounded:
        return Axis("logit z", -4.0, 4.0, cut=True), (truth.low, truth.high)
    if compares_residuals(loss):
        return Axis("residual r = y_pred - y_true", -3.0, 3.0), (0.0,)
    low = max(prediction.low + 0.05, -1.0 if truth == prediction else -3.0)
    return Axis("prediction, where the truth is 1", low, low + 4.0, cut=True), (1.0,)


def compares_residuals(loss: Loss) -> bool:
    """Whether both numbers may be any, and their difference alone counts: that of relative errors changes when both move."""
    return loss.y_true_domain == loss.y_pred_domain == REAL and bool(loss([0.0], [0.5]) == loss([64.0], [64.5]))


def sample(loss: CurvedLoss, points: int = 1001) -> Shape:
    axis, truths = axis_of(loss)
    x = np.linspace(axis.low, axis.high, points)
    y_pred = np.tile(x, (len(truths), 1))
    y_true = np.broadcast_to(np.array(truths)[:, None], y_pred.shape)
    grad, hess = loss.grad_and_hess(y_true, y_pred)
    return Shape(label(loss), axis, truths, x, loss(y_true, y_pred), grad, hess)
