"""What the adapters of boosters share: a loss as the objective of raw scores, and as a metric."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import _errors
from .._domains import REAL
from .._loss import Array, Loss
from .._sum import AnyLoss, Sum, leaves
from ..losses.focal import AsymmetricBCE, BinaryFocal
from ..losses.multiclass import CCE
from ._boosting_curvature import Curvature, Hessian, curvature
from ._boosting_link import Link, predicted
from ._boosting_start import best_start, takes_classes

DEAR = (BinaryFocal, AsymmetricBCE)
"""Losses that take ten times as long in float64. Logits rounded to float32 change their derivatives by less than a millionth."""


class Objective:
    """A loss as what a booster minimises: derivatives by the raw score of each sample, times its weight and divided by nothing.

    `hessian` says where the second derivatives come from:

    - "exact": the loss's own, which may be negative.
    - "abs": their size.
    - "expected": their expectation under the model (Fisher's information), for likelihoods that have one.
    - "bound": the largest that they can be, a constant: steps that are small and safe. For a loss whose second derivative is 0 (`MAE`,
      `Pinball`, `Hinge`, ...) it is 1: a leaf's step is the mean gradient then, whatever the unit of the truth.
    - a number: the least that they may be; for a loss that has none, or whose are 0, the constant itself.
    - None: "exact" for convex losses, "bound" for those with straight pieces, "abs" for the rest.
    """

    def __init__(self, loss: AnyLoss, hessian: Hessian = None) -> None:
        self.loss = summed(checked(loss))
        self.hessian = hessian
        self._curvature: Curvature = curvature(self.loss, hessian)
        self._truths = Truths(self.loss)
        self._is_dear = any(isinstance(part, DEAR) for _, part in leaves(self.loss))

    def __repr__(self) -> str:
        return f"{type(self).__module__}.objective({self.loss!r}, hessian={self.hessian!r})"

    def init_score(self, y: ArrayLike, sample_weight: ArrayLike | None = None, *, classes: int | None = None) -> Any:
        """The best constant raw score: a float, or with several scores for each sample an array of them.

        Of a loss with many minima, as robust ones have, it is the best of those near numbers that the truth holds. Where it is
        infinite, as for a class that never occurs, that class counts as the smallest share that float64 tells from 0 beside 1.
        `classes` says how many classes there are, where the last of them does not occur.
        """
        return best_start(self.loss, self._truths.read(y), weights(self.loss, sample_weight), classes)

    def predict(self, raw: ArrayLike) -> Array:
        """What raw scores predict, as a new array: probabilities, means, or the scores themselves where the loss has no link."""
        return predicted(self.loss, raw)

    def put(self, y: ArrayLike, raw: Array, sample_weight: ArrayLike | None, grad: Array, hess: Array) -> None:
        """Fill the gradient and the Hessian, in whatever layout and precision they have."""
        truth, weight = self._truths.read(y, raw.shape), weights(self.loss, sample_weight)
        if self._is_dear and raw.dtype == np.float64:
            raw = raw.astype(np.float32)
        factor = 1.0
        if self.hessian is None and isinstance(self.loss, CCE):
            factor = self._factor_of_softmax(raw.shape[-1])
        # Rounded twice, equally good splits would be told apart otherwise than by the library.
        unscaled = hess if factor in (1, 2) else np.empty_like(hess, dtype=np.float64)
        self._curvature.put(self.loss, truth, raw, weight, grad, unscaled)
        if factor != 1:
            np.multiply(unscaled, factor, out=hess, casting="same_kind")

    def _factor_of_softmax(self, classes: int) -> float:
        """What the library multiplies the diagonal of a softmax's Hessian with, so that the default gives its trees."""
        return 1.0


class ArrayObjective(Objective):
    """One that gives two arrays, called with (y_true, y_pred, sample_weight) or with (y_pred, the library's dataset)."""

    _order: ClassVar[Literal["C", "F"]] = "C"

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> tuple[Array, Array]:
        y, raw, weight = unpacked(y_true, y_pred, sample_weight)
        grad = np.empty(raw.shape, np.float32, order=self._order)
        hess = np.empty_like(grad)
        self.put(y, raw, weight, grad, hess)
        return grad, hess


class Metric:
    """A loss as a metric of what the booster predicts: raw scores, where its objective is one of these."""

    def __init__(self, loss: AnyLoss, *, name: str | None = None, link: Link | None = None) -> None:
        parts = checked_for_metric(loss)
        self.loss, self.link, self._truths = loss, link, Truths(loss)
        self.__name__ = name or (loss.name if len(parts) == 1 else "_".join(part.name for part in parts))

    def __repr__(self) -> str:
        return f"{type(self).__module__}.metric({self.loss!r}, name={self.__name__!r}, link={self.link!r})"

    def value(self, y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None) -> float:
        scores = np.asarray(predictions) if self.link is None else self.link(predictions)
        return float(self.loss(self._truths.read(y, scores.shape), scores, weights(self.loss, sample_weight)))


# What comes in ---------------------------------------------------------------------------------------------------------


def unpacked(y_true: Any, y_pred: Any, sample_weight: ArrayLike | None) -> tuple[ArrayLike, Array, ArrayLike | None]:
    """Truth, predictions and weights, which come apart, or as predictions and a dataset."""
    if hasattr(y_pred, "get_label"):
        return y_pred.get_label(), np.asarray(y_true), y_pred.get_weight()
    return y_true, np.asarray(y_pred), sample_weight


def weights(loss: AnyLoss, given: ArrayLike | None) -> Array | None:
    """Weights, if there are any: of no weights at all some libraries make an empty array."""
    if given is None:
        return None
    array = unmasked(loss.name, "sample_weight", given)
    return array if array.size else None


def unmasked(name: str, argument: str, given: ArrayLike) -> Array:
    """A plain array; a mask would be forgotten by what boosters make of it."""
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise ValueError(f"{name}: {argument} has masked elements: leave them out, or give them the weight 0")
    return np.asarray(given)


class Truths:
    """How the truths of a loss are read."""

    def __init__(self, loss: AnyLoss) -> None:
        self.name = loss.name
        self.are_classes = takes_classes(loss)
        self.in_rows = self.are_classes or any(part.labels == "rows" for _, part in leaves(loss))
        """Whether a sample has several scores and one truth."""

    def read(self, y: ArrayLike, shape: tuple[int, ...] = ()) -> Array:
        """The truth for predictions of that shape: class labels as integers, and the columns that a library has strung together."""
        truth = unmasked(self.name, "y", y)
        if truth.dtype.kind not in "biuf":
            raise TypeError(f"{self.name}: y must hold numbers, got {truth.dtype}")
        if self.in_rows and len(shape) == 1:
            advice = "with two classes take BCE, else say how many there are (num_class, classes_count)"
            raise ValueError(f"{self.name}: it takes several scores for each sample, and there is one: {advice}")
        if len(shape) == 2 and truth.size == shape[0] * shape[1] and not (self.in_rows and shape[1] == 1):
            truth = truth.reshape(shape)
        return self.labels(truth) if self.are_classes and truth.ndim == 1 else truth

    def labels(self, y: Array) -> Array:
        if y.dtype.kind in "iu":
            return y
        with np.errstate(invalid="ignore"):
            labels = y.astype(np.int32)
        unlike = labels != y
        if unlike.any():
            index = int(unlike.argmax())
            raise ValueError(f"{self.name}: class labels must be whole numbers, got {y[index]} at index {index}")
        return labels


# What can be boosted ---------------------------------------------------------------------------------------------------


def summed(loss: AnyLoss) -> AnyLoss:
    """The same loss, not divided by anything."""
    if isinstance(loss, Sum):
        return Sum([(factor, summed(term)) for factor, term in loss.terms])
    return replace(loss, reduction="sum")


def checked(loss: object) -> AnyLoss:
    """A loss of each sample by itself, from raw scores; an error that says why not."""
    own = a_loss(loss)
    for _, part in leaves(own):
        if part.family not in ("elementwise", "rowwise") or part.labels in ("lists", "none"):
            raise TypeError(
                f"{part.name}: boosting needs a loss of each sample by itself, with a truth and one prediction"
            )
        if part.y_pred_domain != REAL:
            advice = "".join(
                f": write {option}=True" for option in ("from_logits", "log_input") if hasattr(part, option)
            )
            raise ValueError(
                f"{part.name}: raw scores are any numbers, and this loss takes y_pred {part.y_pred_domain}{advice}"
            )
    return own


def checked_for_metric(loss: object) -> list[Loss]:
    parts = [part for _, part in leaves(a_loss(loss))]
    for part in parts:
        if part.family in ("paired", "contrastive") or part.labels in ("lists", "none"):
            raise TypeError(f"{part.name}: a metric needs a loss of one truth and one prediction for each sample")
        if part.reduction == "none":
            raise ValueError(f"{part.name}: a metric is one number: its reduction must not be 'none'")
    return parts


def a_loss(loss: Any) -> AnyLoss:
    _errors.check_loss(loss, "boosting needs")
    return loss  # type: ignore[no-any-return]
