"""scikit-learn's compiled losses, played by pyloss's."""

from collections.abc import Callable
from functools import lru_cache, partial, wraps
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import BCE, SSE, Exponential, GammaNLL, Huber, Pinball, PoissonNLL, SparseCCE
from .._loss import CurvedLoss
from ._sklearn_threads import one_thread, outruns

Array = NDArray[Any]
Make = Callable[..., CurvedLoss]


class Twin:
    """A loss of pyloss with the methods of scikit-learn's compiled ones, which fill the arrays that they are given.

    It stands for the loss object around the compiled one too: a method of scikit-learn that is given a twin as its `self` makes its
    arrays as ever, and has them filled by pyloss. They are memory maps where the data are.
    """

    left_alone: ClassVar[tuple[str, ...]] = ()
    """The methods of scikit-learn that are the faster ones."""

    may_refuse = False
    """Whether it raises a ValueError where scikit-learn's loss is to take its place again."""

    def __init__(self, make: Make) -> None:
        self.closs = self
        # scikit-learn checks the truth itself, and its predictions may be anything.
        self._each = make(reduction="none", check=self.may_refuse)
        self._sum = make(reduction="sum", check=self.may_refuse)

    def loss(
        self, y_true: Array, raw_prediction: Array, sample_weight: Array | None, loss_out: Array, n_threads: int = 1
    ) -> None:
        with one_thread(raw_prediction.size):
            self._each(self._truth(y_true), raw_prediction, sample_weight, out=np.asarray(loss_out))

    def loss_gradient(
        self,
        y_true: Array,
        raw_prediction: Array,
        sample_weight: Array | None,
        loss_out: Array,
        gradient_out: Array,
        n_threads: int = 1,
    ) -> None:
        out = np.asarray(loss_out), np.asarray(gradient_out)
        with one_thread(raw_prediction.size):
            self._each.value_and_grad(self._truth(y_true), raw_prediction, sample_weight, out=out)

    def gradient(
        self, y_true: Array, raw_prediction: Array, sample_weight: Array | None, gradient_out: Array, n_threads: int = 1
    ) -> None:
        with one_thread(raw_prediction.size):
            self._each.grad(self._truth(y_true), raw_prediction, sample_weight, out=np.asarray(gradient_out))

    def gradient_hessian(
        self,
        y_true: Array,
        raw_prediction: Array,
        sample_weight: Array | None,
        gradient_out: Array,
        hessian_out: Array,
        n_threads: int = 1,
    ) -> None:
        out = np.asarray(gradient_out), np.asarray(hessian_out)
        with one_thread(raw_prediction.size):
            self._each.grad_and_hess(self._truth(y_true), raw_prediction, sample_weight, out=out)

    def total_and_gradient(self, y_true: Array, raw_prediction: Array, sample_weight: Array | None) -> float:
        """The sum of the losses; each one's gradient takes the place of its prediction."""
        truth = self._truth(y_true)
        total, _ = self._sum.value_and_grad(truth, raw_prediction, sample_weight, out=raw_prediction)
        return float(total)

    def _truth(self, y_true: Array) -> Array:
        return y_true


class TwinOfLabels(Twin):
    """One of a loss of classes, whose labels are floats in scikit-learn."""

    def _truth(self, y_true: Array) -> Array:
        return y_true.astype(np.int32)


class TwinOfSquares(Twin):
    """One that saves nothing where all there is to do is to move the numbers."""

    left_alone = ("loss", "gradient", "gradient_hessian")


class TwinOfBits(Twin):
    """One that refuses a truth between 0 and 1, for which scikit-learn has an answer."""

    may_refuse = True


class TwinOfQuantile(Twin):
    """One whose derivatives differ: where the residual is 0 scikit-learn takes the slope below the truth, and its Hessian is 1."""

    def loss_gradient(
        self,
        y_true: Array,
        raw_prediction: Array,
        sample_weight: Array | None,
        loss_out: Array,
        gradient_out: Array,
        n_threads: int = 1,
    ) -> None:
        super().loss_gradient(y_true, raw_prediction, sample_weight, loss_out, gradient_out, n_threads)
        self._settle(y_true == raw_prediction, sample_weight, gradient_out)

    def gradient(
        self, y_true: Array, raw_prediction: Array, sample_weight: Array | None, gradient_out: Array, n_threads: int = 1
    ) -> None:
        super().gradient(y_true, raw_prediction, sample_weight, gradient_out, n_threads)
        self._settle(y_true == raw_prediction, sample_weight, gradient_out)

    def gradient_hessian(
        self,
        y_true: Array,
        raw_prediction: Array,
        sample_weight: Array | None,
        gradient_out: Array,
        hessian_out: Array,
        n_threads: int = 1,
    ) -> None:
        self.gradient(y_true, raw_prediction, sample_weight, gradient_out, n_threads)
        hessian_out[...] = 1 if sample_weight is None else sample_weight

    def total_and_gradient(self, y_true: Array, raw_prediction: Array, sample_weight: Array | None) -> float:
        ties = y_true == raw_prediction
        total = super().total_and_gradient(y_true, raw_prediction, sample_weight)
        self._settle(ties, sample_weight, raw_prediction)
        return total

    def _settle(self, ties: Array, sample_weight: Array | None, gradient: Array) -> None:
        if ties.any():
            gradient[ties] = -self._each.parameters["quantile"] * (1 if sample_weight is None else sample_weight[ties])


class _Entry(NamedTuple):
    make: Make
    parameter: str | None = None
    """What scikit-learn's loss and pyloss's both call it."""
    twin: type[Twin] = Twin


def _tweedie(power: float, **options: Any) -> CurvedLoss:
    """With the powers that have a loss of their own: of the others, whose exponents pyloss carries in two numbers, it is slower."""
    own: dict[float, Make] = {1.0: PoissonNLL, 2.0: GammaNLL}
    if power not in own:
        raise ValueError(f"tweedie: power must be 1 or 2, got {power}")
    return own[power](**options)


_COMPILED = "sklearn._loss._loss"
_ENTRIES = {
    "CyHalfSquaredError": _Entry(SSE, twin=TwinOfSquares),
    "CyPinballLoss": _Entry(Pinball, "quantile", TwinOfQuantile),
    "CyHuberLoss": _Entry(Huber, "delta"),
    "CyHalfPoissonLoss": _Entry(PoissonNLL),
    "CyHalfGammaLoss": _Entry(GammaNLL),
    "CyHalfTweedieLoss": _Entry(_tweedie, "power"),
    "CyHalfBinomialLoss": _Entry(partial(BCE, from_logits=True)),
    "CyHalfMultinomialLoss": _Entry(partial(SparseCCE, from_logits=True), twin=TwinOfLabels),
    "CyExponentialLoss": _Entry(Exponential, twin=TwinOfBits),
}


def twin_of(compiled: Any) -> Twin | None:
    """The twin of a compiled loss of scikit-learn, if it has one."""
    kind: Any = type(compiled)
    entry = _entry_of(kind)
    if entry is None:
        return None
    return _twin(entry, getattr(compiled, entry.parameter) if entry.parameter else None)


@lru_cache(maxsize=64)
def _entry_of(kind: type) -> _Entry | None:
    return _ENTRIES.get(kind.__name__) if kind.__module__ == _COMPILED else None


@lru_cache(maxsize=64)
def _twin(entry: _Entry, parameter: float | None) -> Twin | None:
    make = partial(entry.make, **{entry.parameter: parameter}) if entry.parameter else entry.make
    try:
        return entry.twin(make)
    except ValueError:  # a parameter that pyloss's loss does not take, such as Huber's delta 0
        return None


def with_twins(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of scikit-learn's losses, which has the twin of its compiled loss do the work where that is faster."""

    @wraps(method)
    def patched(self: Any, y_true: Array, raw_prediction: Array, *arguments: Any, **named: Any) -> Any:
        twin = twin_of(self.closs)
        if twin is None or method.__name__ in twin.left_alone:
            return method(self, y_true, raw_prediction, *arguments, **named)
        if not outruns(named.get("n_threads", 1), raw_prediction.size):
            return method(self, y_true, raw_prediction, *arguments, **named)
        try:
            return method(twin, y_true, raw_prediction, *arguments, **named)
        except ValueError:
            if not twin.may_refuse:
                raise
        return method(self, y_true, raw_prediction, *arguments, **named)

    return patched
