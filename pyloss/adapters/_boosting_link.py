"""From raw scores to predictions: the inverse link that goes with a loss."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .._loss import Array, Loss
from .._sum import AnyLoss, leaves
from ..losses.binary import BCE, Brier, Exponential, Logistic
from ..losses.counts import LinkedLoss, NegativeBinomialNLL
from ..losses.divergences import GeneralizedKL
from ..losses.focal import AsymmetricBCE, BinaryFocal
from ..losses.margins import Sparsemax
from ..losses.multiclass import CCE, SparseCCE
from ..losses.softmax import CategoricalFocal, GeneralizedCE, Poly1
from ._boosting_curvature import entry

Link: TypeAlias = Callable[[ArrayLike], Array]
"""From raw scores to predictions."""

InPlace = Callable[[Any, Array], Array]
"""The same for a loss, in the place of the scores."""


def predicted(loss: AnyLoss, raw: ArrayLike) -> Array:
    """What raw scores predict, as a new array: terms of a sum that predict by different links leave scores as they are."""
    given = np.asarray(raw)
    scores = given.astype(np.result_type(given, np.float32))
    parts = [part for _, part in leaves(loss)]
    links = {_link_of(part) for part in parts}
    return links.pop()(parts[0], scores) if len(links) == 1 else scores


def _link_of(loss: Loss) -> InPlace:
    if isinstance(loss, LinkedLoss):
        return _exp if loss.log_input else _identity
    return entry(LINKS, loss) or _identity


def is_exponential(loss: Loss) -> bool:
    """Whether it predicts the exponential of a raw score."""
    return _link_of(loss) is _exp


def _identity(_: Any, scores: Array) -> Array:
    return scores


def _exp(_: Any, scores: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.exp(scores, out=scores)


def _sigmoid(_: Any, scores: Array) -> Array:
    with np.errstate(over="ignore"):
        np.exp(np.negative(scores, out=scores), out=scores)
    return np.reciprocal(np.add(scores, 1, out=scores), out=scores)


def _sigmoid_of_twice(loss: Any, scores: Array) -> Array:
    return _sigmoid(loss, np.multiply(scores, 2, out=scores))


def _softmax(_: Any, scores: Array) -> Array:
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def _tempered_softmax(loss: Any, scores: Array) -> Array:
    if loss.softcap is not None:
        scores = loss.softcap * np.tanh(scores / loss.softcap)
    return _softmax(loss, np.divide(scores, loss.temperature, out=scores))


def _projection(loss: Any, scores: Array) -> Array:
    """Its gradient is the projection less the truth."""
    loss.grad(np.zeros(len(scores), np.int64), scores, out=scores)
    scores[:, 0] += 1
    return scores


LINKS: dict[type[Loss], InPlace] = {
    **dict.fromkeys((BCE, Brier, Logistic, BinaryFocal, AsymmetricBCE), _sigmoid),
    **dict.fromkeys((CCE, SparseCCE), _tempered_softmax),
    **dict.fromkeys((CategoricalFocal, Poly1, GeneralizedCE), _softmax),
    **dict.fromkeys((NegativeBinomialNLL, GeneralizedKL), _exp),
    Exponential: _sigmoid_of_twice,
    Sparsemax: _projection,
}
"""By the loss; for those that are not here, a raw score is the prediction."""
