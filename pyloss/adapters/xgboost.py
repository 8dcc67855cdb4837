"""Losses as objectives and metrics of XGBoost.

    from pyloss.adapters.xgboost import metric, objective

    focal = objective(pyloss.BinaryFocal(from_logits=True))
    booster = xgboost.train({"base_score": focal.init_score(y)}, data, obj=focal, custom_metric=metric(pyloss.BCE(from_logits=True)))
    probabilities = focal.predict(booster.predict(data, output_margin=True))

The same objects are the `objective` and the `eval_metric` of XGBoost's scikit-learn estimators.
"""

from typing import Any

from numpy.typing import ArrayLike

from .._sum import AnyLoss
from ._boosting import ArrayObjective, Metric, unpacked
from ._boosting_curvature import Hessian
from ._boosting_link import Link


class XGBoostObjective(ArrayObjective):
    __doc__ = ArrayObjective.__doc__

    def _factor_of_softmax(self, classes: int) -> float:
        return 2.0


class XGBoostMetric(Metric):
    __doc__ = Metric.__doc__

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> Any:
        """The value alone for an estimator, and with its name for a booster."""
        value = self.value(*unpacked(y_true, y_pred, sample_weight))
        return (self.__name__, value) if hasattr(y_pred, "get_label") else value


def objective(loss: AnyLoss, *, hessian: Hessian = None) -> XGBoostObjective:
    """What `xgboost.train(obj=...)` and `XGBRegressor(objective=...)` take: float32 arrays in the order of XGBoost's scores.

    `hessian` is "exact", "abs", "expected", "bound", a number or None: see docs/drop-ins/boosters.md. With None the Hessian of
    `CCE` is twice its diagonal, as XGBoost's own. XGBoost leaves weights to a custom objective; so they are multiplied here, once.

    `init_score(y, w)` gives the `base_score` of one score per sample, `predict(margins)` turns margins into predictions.
    """
    return XGBoostObjective(loss, hessian)


def metric(loss: AnyLoss, *, name: str | None = None, link: Link | None = None) -> XGBoostMetric:
    """What `xgboost.train(custom_metric=...)` and `XGBRegressor(eval_metric=...)` take; less is better.

    With an objective of one's own XGBoost hands margins to a metric, else predictions. `link` is applied first, if it is given:
    `objective(...).predict` makes predictions of margins.
    """
    return XGBoostMetric(loss, name=name, link=link)
