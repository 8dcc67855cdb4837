"""The shapes of elementwise losses, for `pyloss plot`: parsed, sampled, and not yet drawn."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyloss import LOSSES, Loss
from pyloss._domains import REAL
from pyloss._loss import CurvedLoss

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
    """A loss from its stem, or from stem:parameter=value,..."""
    stem, _, options = text.partition(":")
    known = ", ".join(drawable())
    if stem not in LOSSES:
        raise ValueError(f"there is no loss {stem!r}; those that can be drawn are {known}")
    if stem not in drawable():
        raise ValueError(f"{stem} is a {LOSSES[stem].family} loss and has no curve; those with one are {known}")
    parameters = dict(_option(stem, option) for option in options.split(",") if option)
    try:
        return _build(drawable()[stem], parameters)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _option(stem: str, option: str) -> tuple[str, float | bool]:
    name, _, text = option.partition("=")
    names = list(LOSSES[stem]().parameters)
    if name not in names:
        has = f"its parameters are {', '.join(names)}" if names else "it has none"
        raise ValueError(f"{stem} has no parameter {name!r}; {has}")
    if text.lower() in ("true", "false"):
        return name, text.lower() == "true"
    try:
        return name, float(text)
    except ValueError:
        raise ValueError(f"{stem}: {name} must be a number, true or false, got {text!r}") from None


def label(loss: Loss) -> str:
    """The stem, and the parameters that are not the default."""
    defaults = type(loss)().parameters
    changed = {name: given for name, given in loss.parameters.items() if given != defaults[name]}
    options = ", ".join(_written(name, given) for name, given in changed.items())
    return f"{loss.name} ({options})" if options else loss.name


def _written(name: str, given: float | bool) -> str:
    if given is True:
        return name
    return f"{name}=False" if given is False else f"{name}={given:g}"


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
