"""Losses as objectives and metrics of LightGBM.

    from pyloss.adapters.lightgbm import metric, objective

    focal = objective(pyloss.BinaryFocal(from_logits=True))
    data = lightgbm.Dataset(x, y, init_score=np.full(len(y), focal.init_score(y)))
    booster = lightgbm.train({"objective": focal}, data, feval=metric(pyloss.BCE(from_logits=True)))

The same objects are the `objective` and the `eval_metric` of LightGBM's scikit-learn estimators.
"""

from typing import Any, ClassVar, Literal

from numpy.typing import ArrayLike

from .._sum import AnyLoss
from ._boosting import ArrayObjective, Metric, unpacked
from ._boosting_curvature import Hessian
from ._boosting_link import Link


class LightGBMObjective(ArrayObjective):
    __doc__ = ArrayObjective.__doc__

    _order: ClassVar[Literal["C", "F"]] = "F"

    def _factor_of_softmax(self, classes: int) -> float:
        return classes / (classes - 1) if classes > 1 else 1.0


class LightGBMMetric(Metric):
    __doc__ = Metric.__doc__

    def __call__(self, y_true: Any, y_pred: Any, weight: ArrayLike | None = None) -> tuple[str, float, bool]:
        """Name, value, and that more is not better."""
        return self.__name__, self.value(*unpacked(y_true, y_pred, weight)), False


def objective(loss: AnyLoss, *, hessian: Hessian = None) -> LightGBMObjective:
    """What `{"objective": ...}` of `lightgbm.train` and `LGBMRegressor(objective=...)` take: float32 arrays, class after class.

    `hessian` is "exact", "abs", "expected", "bound", a number or None: see docs/drop-ins/boosters.md. With None the Hessian of
    `CCE` is K / (K - 1) times its diagonal for K classes, as LightGBM's own. LightGBM leaves weights to a custom objective; so they are
    multiplied here, once.

    LightGBM starts a custom objective at 0: `init_score(y, w)` gives the constant to start from, which LightGBM does not add to
    predictions afterwards. `predict(raw)` turns raw scores into predictions.
    """
    return LightGBMObjective(loss, hessian)


def metric(loss: AnyLoss, *, name: str | None = None, link: Link | None = None) -> LightGBMMetric:
    """What `lightgbm.train(feval=...)` and `LGBMRegressor().fit(eval_metric=...)` take; less is better.

    With an objective of one's own LightGBM hands raw scores to a metric, else predictions. `link` is applied first, if it is given:
    `objective(...).predict` makes predictions of raw scores.
    """
    return LightGBMMetric(loss, name=name, link=link)
