"""Losses as objectives and metrics of CatBoost.

from pyloss.adapters.catboost import metric, objective

focal = objective(pyloss.BinaryFocal(from_logits=True))
model = catboost.CatBoost({"loss_function": focal, "eval_metric": metric(pyloss.BCE(from_logits=True))})
model.fit(catboost.Pool(x, y, baseline=np.full(len(y), focal.init_score(y))))
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._loss import Array
from .._sum import AnyLoss
from ..losses.multiclass import CCE
from ._boosting import Metric, Objective
from ._boosting_curvature import Hessian
from ._boosting_link import Link
from ._boosting_start import is_plain


class CatBoostObjective(Objective):
    """A loss as what CatBoost maximises the negative of: both derivatives come with the other sign.

    Of one score per sample all pairs are asked for at once; of several, one sample's at a time, with the matrix of second derivatives. That
    of `CCE` without options is the whole one, as CatBoost's own; of other losses the diagonal.
    """

    no_jit = True
    """CatBoost would try to compile the methods with numba."""

    def __init__(self, loss: AnyLoss, hessian: Hessian = None) -> None:
        super().__init__(loss, hessian)
        if self._truths.in_rows and not self._truths.are_classes:
            raise TypeError(
                f"{self.loss.name}: CatBoost has one score for one number; take a Pinball for each quantile"
            )
        self._is_softmax = isinstance(self.loss, CCE) and is_plain(self.loss) and self._curvature.source == "exact"

    def calc_ders_range(self, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> Array:
        raw = np.asarray(approxes)
        pairs = np.empty((len(raw), 2))
        self.put(targets, raw, weights, pairs[:, 0], pairs[:, 1])
        return np.negative(pairs, out=pairs)

    def calc_ders_multi(self, approxes: ArrayLike, target: Any, weight: float) -> tuple[Array, Array]:
        raw = np.asarray(approxes)[np.newaxis]
        truth = np.array((self._label(target),))
        grad, hess = np.empty(raw.shape), np.empty(raw.shape)
        self.put(truth, raw, None, grad, hess)
        matrix = self._off_diagonal(grad[0], truth[0]) if self._is_softmax else np.zeros((raw.size, raw.size))
        matrix.ravel()[:: raw.size + 1] = -hess[0]
        grad *= -weight
        if weight != 1:
            matrix *= weight
        return grad[0], matrix

    def _label(self, target: Any) -> Any:
        """A whole number as an integer, which needs no look at arrays."""
        return int(target) if self._truths.are_classes and float(target).is_integer() else target

    @staticmethod
    def _off_diagonal(grad: Array, label: int) -> Array:
        """Of a softmax: the products of two probabilities."""
        shares = grad.copy()
        shares[label] += 1
        return np.asarray(np.multiply(shares[:, np.newaxis], shares))


class CatBoostMetric(Metric):
    __doc__ = Metric.__doc__

    no_jit = True

    def __init__(self, loss: AnyLoss, *, name: str | None = None, link: Link | None = None) -> None:
        super().__init__(loss, name=name, link=link)
        # CatBoost reports a metric by the name of its class.
        self.__class__ = type(self.__name__, (type(self),), {"__module__": __name__, "__doc__": self.__doc__})

    def __reduce__(self) -> Any:
        return partial(metric, name=self.__name__, link=self.link), (self.loss,)

    def evaluate(
        self, approxes: Sequence[ArrayLike], target: ArrayLike, weight: ArrayLike | None
    ) -> tuple[float, float]:
        """The value times the total weight, and that weight."""
        columns = [np.asarray(column) for column in approxes]
        scores = columns[0] if len(columns) == 1 else np.array(columns).T
        total = float(len(scores) if weight is None else np.sum(weight, dtype=np.float64))
        return self.value(target, scores, weight) * total, total

    def get_final_error(self, error: float, weight: float) -> float:
        return error / weight if weight else 0.0

    def is_max_optimal(self) -> bool:
        return False


def objective(loss: AnyLoss, *, hessian: Hessian = None) -> CatBoostObjective:
    """What `loss_function` takes: pairs of derivatives, of what is to be maximised.

    `hessian` is "exact", "abs", "expected", "bound", a number or None: see docs/drop-ins/boosters.md. CatBoost leaves weights
    to a custom objective; so they are multiplied here, once.

    CatBoost starts a custom objective at 0: `init_score(y, w)` gives the constant for `Pool(baseline=...)`, which CatBoost adds to
    predictions only where their pool has one too. `predict(raw)` turns raw scores into predictions.
    """
    return CatBoostObjective(loss, hessian)


def metric(loss: AnyLoss, *, name: str | None = None, link: Link | None = None) -> CatBoostMetric:
    """What `eval_metric` takes, under its name in the results; less is better.

    CatBoost hands raw scores to a metric, whatever the objective. `link` is applied first, if it is given: `objective(...).predict` makes
    predictions of raw scores.
    """
    return CatBoostMetric(loss, name=name, link=link)
