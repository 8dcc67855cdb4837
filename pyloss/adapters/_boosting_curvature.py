"""The Hessian that a booster is given: a loss's own, or what stands in for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import numpy as np

from .._loss import Array, Loss
from .._sum import AnyLoss, leaves
from ..losses.binary import (
    BCE,
    Brier,
    Exponential,
    Hinge,
    Logistic,
    ModifiedHuber,
    Perceptron,
    SquaredHinge,
)
from ..losses.counts import GammaNLL, InverseGaussianNLL, NegativeBinomialNLL, PoissonNLL, TweedieNLL
from ..losses.divergences import GeneralizedKL
from ..losses.margins import MulticlassHinge, MultiMargin, Sparsemax
from ..losses.multiclass import CCE, NLL, SparseCCE
from ..losses.regression import (
    MAE,
    MAPE,
    MSE,
    SSE,
    EpsilonInsensitive,
    Expectile,
    Huber,
    MultiQuantile,
    Pinball,
    SmoothL1,
    SquaredEpsilonInsensitive,
)
from ..losses.robust import (
    AndrewWave,
    Arctan,
    Barron,
    Cauchy,
    Fair,
    GemanMcClure,
    LogCosh,
    Lq,
    PseudoHuber,
    StudentT,
    Tukey,
    Welsch,
)
from ..losses.similarity import HingeEmbedding

Entry = TypeVar("Entry")
Mode = Literal["exact", "expected", "bound", "abs"]
Hessian: TypeAlias = "Mode | float | None"

STEEPEST_BRIER = 0.15411
"""Of 2 p^2 (1 - p) (2 - 3 p), the second derivative by the logit where y is 0; rounded up."""


def entry(table: Mapping[type[Loss], Entry], loss: AnyLoss) -> Entry | None:
    """What a table has for a loss, or for what it is a subclass of."""
    return next((table[kind] for kind in type(loss).__mro__ if kind in table), None)


@dataclass(frozen=True)
class Curvature:
    """Where a Hessian comes from, and the number that goes with it."""

    source: Literal["exact", "abs", "floor", "expected", "constant"]
    number: float = 0.0

    def put(self, loss: AnyLoss, y: Array, raw: Array, weight: Array | None, grad: Array, hess: Array) -> None:
        """Fill the gradient and the Hessian."""
        if self.source in ("expected", "constant"):
            loss.grad(y, raw, weight, out=grad)
            self._put_known(loss, raw, _in_rows(weight, raw), hess)
            return
        loss.grad_and_hess(y, raw, weight, out=(grad, hess))  # type: ignore[union-attr]
        if self.source == "abs":
            np.absolute(hess, out=hess)
        elif self.source == "floor":
            floor = self.number if weight is None else self.number * _in_rows(weight, raw)
            np.maximum(hess, floor, out=hess)

    def _put_known(self, loss: AnyLoss, raw: Array, weight: Any, hess: Array) -> None:
        """What does not depend on the truth, times the weight."""
        if self.source == "constant":
            hess[...] = self.number if weight is None else self.number * weight
            return
        put_information(loss, raw, hess)
        if weight is not None:
            np.multiply(hess, weight, out=hess)


def _in_rows(weight: Array | None, raw: Array) -> Any:
    """Weights of rows in a shape that broadcasts over their columns."""
    return weight if weight is None or weight.ndim == raw.ndim else weight[:, np.newaxis]


def curvature(loss: AnyLoss, hessian: Hessian) -> Curvature:
    """What `hessian` asks for, or an error that says what this loss has instead."""
    if hessian is None:
        return _usual(loss)
    if isinstance(hessian, str):
        return _of_mode(loss, hessian)
    if isinstance(hessian, bool) or not isinstance(hessian, int | float | np.integer | np.floating):
        raise TypeError(f"{loss.name}: hessian must be {_CHOICES}, got {hessian!r}")
    if not (isfinite(hessian) and hessian > 0):
        raise ValueError(f"{loss.name}: hessian must be {_CHOICES}, got {hessian!r}")
    return Curvature("floor" if _curves(loss) else "constant", float(hessian))


_CHOICES = ", ".join(map(repr, get_args(Mode))) + ", None or a finite number > 0"


def _of_mode(loss: AnyLoss, mode: str) -> Curvature:
    if mode == "bound":
        return Curvature("constant", bound(loss))
    if mode == "expected":
        return _expected(loss)
    if mode not in ("exact", "abs"):
        raise ValueError(f"{loss.name}: hessian must be {_CHOICES}, got {mode!r}")
    if not _curves(loss):
        what = (
            "its second derivative is 0 or infinite" if hasattr(loss, "grad_and_hess") else "it has no diagonal Hessian"
        )
        raise ValueError(f"{loss.name}: hessian must be 'bound' or a number, since {what}; got {mode!r}")
    return Curvature("exact" if mode == "exact" else "abs")


def _usual(loss: AnyLoss) -> Curvature:
    """The exact one where it serves: a bound where the loss has straight pieces, the size of it where it may be negative."""
    parts = leaves(loss)
    if not _curves(loss) or all(_is_flat(part) or isinstance(part, STRAIGHT) for _, part in parts):
        return Curvature("constant", bound(loss))
    convex = all(factor >= 0 and (_is_flat(part) or isinstance(part, CONVEX)) for factor, part in parts)
    return Curvature("exact" if convex else "abs")


# What has no curvature -------------------------------------------------------------------------------------------------

FLAT: dict[type[Loss], Callable[[Any], bool]] = {
    **dict.fromkeys((MAE, MAPE, Pinball, MultiQuantile, EpsilonInsensitive), lambda _: True),
    **dict.fromkeys((Hinge, Perceptron, HingeEmbedding, MulticlassHinge, NLL), lambda _: True),
    SmoothL1: lambda loss: loss.beta == 0,
    Lq: lambda loss: loss.q < 2,
    MultiMargin: lambda loss: loss.p == 1,
}
"""Losses whose second derivative is 0 wherever it is defined, or infinite somewhere, and when they are that."""

STRAIGHT = (Huber, SmoothL1, ModifiedHuber)
"""Losses with straight pieces: there the gradient is not 0, but the second derivative is."""

CONVEX: tuple[type[Loss], ...] = (
    *(MSE, SSE, Expectile, SquaredEpsilonInsensitive, Huber, SmoothL1, PseudoHuber, LogCosh, Fair),
    *(BCE, Logistic, Exponential, SquaredHinge, ModifiedHuber, CCE, SparseCCE),
    *(PoissonNLL, GammaNLL, NegativeBinomialNLL, GeneralizedKL),
)
"""Losses whose second derivative by a raw score is nowhere negative."""


def _is_flat(loss: Loss) -> bool:
    rule = entry(FLAT, loss)
    return rule is not None and rule(loss)


def _curves(loss: AnyLoss) -> bool:
    return hasattr(loss, "grad_and_hess") and not all(_is_flat(part) for _, part in leaves(loss))


# Bounds ----------------------------------------------------------------------------------------------------------------

BOUNDS: dict[type[Loss], Callable[[Any], float | None]] = {
    **dict.fromkeys((MSE, SquaredHinge, SquaredEpsilonInsensitive, ModifiedHuber), lambda _: 2.0),
    **dict.fromkeys((SSE, Huber, PseudoHuber, LogCosh, Fair), lambda _: 1.0),
    **dict.fromkeys((Cauchy, Welsch, GemanMcClure, Tukey, Arctan, StudentT, AndrewWave), lambda _: 1.0),
    **dict.fromkeys((MAE, MAPE, Pinball, EpsilonInsensitive), lambda _: 1.0),
    **dict.fromkeys((Hinge, Perceptron, HingeEmbedding, MulticlassHinge), lambda _: 1.0),
    MultiQuantile: lambda loss: 1 / len(loss.quantiles),
    Sparsemax: lambda _: 1.0,
    MultiMargin: lambda loss: 1.0 if loss.p == 1 else None,
    SmoothL1: lambda loss: 1 / loss.beta if loss.beta else 1.0,
    Expectile: lambda loss: 2 * max(loss.quantile, 1 - loss.quantile),
    Lq: lambda loss: 1.0 if loss.q < 2 else 2.0 if loss.q == 2 else None,
    Barron: lambda loss: loss.c**-2 if loss.alpha <= 2 else None,
    Logistic: lambda _: 0.25,
    BCE: lambda loss: max(1.0, loss.pos_weight) / 4,
    Brier: lambda _: STEEPEST_BRIER,
    CCE: lambda loss: _bound_of_softmax(loss),
    SparseCCE: lambda loss: _bound_of_softmax(loss),
}
"""The largest second derivative by a raw score; for flat losses the 1 that boosters take for them, a step of the gradient's size.

For a softmax it is that of the whole matrix, not the 1/4 of its diagonal: all classes of a row take their step at once. A projection, the
gradient of `Sparsemax`, never moves farther than what it projects.
"""


def _bound_of_softmax(loss: CCE) -> float | None:
    plain = loss.class_weight is None and loss.ignore_index is None and loss.z_loss == 0 and loss.softcap is None
    return 0.5 / loss.temperature**2 if plain else None


def bound(loss: AnyLoss) -> float:
    """A constant that the second derivative never exceeds."""
    total = 0.0
    for factor, part in leaves(loss):
        rule = entry(BOUNDS, part)
        largest = rule(part) if rule else None
        if largest is None or factor < 0:
            raise ValueError(
                f"{loss.name}: no bound of the second derivative of {part!r} is known; give a number as hessian"
            )
        total += factor * largest
    return total


# Expectations ----------------------------------------------------------------------------------------------------------

IS_EXPECTED: dict[type[Loss], Callable[[Any], bool]] = {
    **dict.fromkeys((MSE, SSE, Logistic, PoissonNLL), lambda _: True),
    BCE: lambda loss: loss.pos_weight == 1,
    CCE: lambda loss: loss.class_weight is None and loss.z_loss == 0 and loss.softcap is None,
    SparseCCE: lambda loss: loss.class_weight is None and loss.z_loss == 0 and loss.softcap is None,
}
"""Likelihoods by their canonical link, whose second derivative does not depend on the truth."""

CONSTANT_INFORMATION: dict[type[Loss], Callable[[Any], float]] = {
    GammaNLL: lambda _: 1.0,
    StudentT: lambda loss: loss.df / (loss.df + 3),
    Cauchy: lambda _: 0.25,
}

POWERS: dict[type[Loss], Callable[[Any], float]] = {
    TweedieNLL: lambda loss: loss.power,
    InverseGaussianNLL: lambda _: 3.0,
}
"""Families whose variance is this power k of the mean: by the log of the mean, the information is mean^(2 - k)."""


def _expected(loss: AnyLoss) -> Curvature:
    is_expected, constant = entry(IS_EXPECTED, loss), entry(CONSTANT_INFORMATION, loss)
    if is_expected and is_expected(loss):
        return Curvature("exact")
    if constant:
        return Curvature("constant", constant(loss))
    if (entry(POWERS, loss) and getattr(loss, "log_input", False)) or isinstance(loss, NegativeBinomialNLL):
        return Curvature("expected")
    raise ValueError(f"{loss.name}: no expected Hessian of {loss!r} is known; take 'abs', or a number as a floor")


def put_information(loss: AnyLoss, raw: Array, out: Array) -> None:
    """The expected second derivative at the log of the mean."""
    with np.errstate(over="ignore"):
        if isinstance(loss, NegativeBinomialNLL):
            np.negative(raw, out=out)
            np.exp(out, out=out)
            np.add(out, loss.theta, out=out)
            np.reciprocal(out, out=out)
        else:
            power: Any = entry(POWERS, loss)
            np.multiply(raw, 2 - power(loss), out=out)
            np.exp(out, out=out)
