"""Losses of the residual r = y_pred - y_true."""

from math import inf, nan, sqrt
from typing import Any

from numpy.typing import ArrayLike

from .._domains import Domain
from .._engine import Plan
from .._loss import Array, ElementwiseLoss, Reduction, parameter
from .._total import TotalLoss


class MSE(ElementwiseLoss, stem="mse"):
    """Squared error: the loss of the mean, in which large residuals weigh most.

    value r^2, gradient 2 r, second derivative 2. No factor 1/2: see `SSE`. In squared units of y.

    Reference: A. M. Legendre, Nouvelles methodes pour la determination des orbites des cometes, 1805.
    """


class SSE(ElementwiseLoss, stem="sse"):
    """Half the sum of squared errors: its gradient is the residual itself.

    value r^2 / 2, gradient r, second derivative 1; summed unless another reduction is asked for. In squared units of y.

    Reference: C. M. Bishop, Pattern Recognition and Machine Learning, 2006, section 3.1.
    """

    reduction: Reduction = "sum"


class MAE(ElementwiseLoss, stem="mae"):
    """Absolute error: the loss of the median, to which an outlier is one vote.

    value |r|, gradient sign(r), second derivative 0. At the kink r = 0 the gradient is 0. In units of y.

    Reference: P. S. Laplace, Memoire sur la probabilite des causes par les evenements, 1774.
    """


class RMSE(TotalLoss, stem="rmse"):
    """Root of the mean squared error: one number for all samples, in units of y.

    value sqrt(sum w r^2 / sum w), gradient w r / (value sum w). Where all residuals are 0 the gradient is 0. Any numbers; neither
    overflows unless the true value does.

    Reference: R. J. Hyndman and A. B. Koehler, Another look at measures of forecast accuracy, 2006.
    """

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, double_only=True)

    def _sums(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None) -> tuple[float, ...]:
        """The value times a lift, the lift, and the total weight. Where squares leave the range, residuals are lifted."""
        lift = 1.0
        mean, weight = self._mean_square(y_true, y_pred, sample_weight, lift)
        if weight and (mean == inf or mean < 1e-200):
            lift = 2.0**-600 if mean == inf else 2.0**600
            mean, weight = self._mean_square(y_true, y_pred, sample_weight, lift)
        return sqrt(mean), lift, weight

    def _mean_square(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, lift: float
    ) -> tuple[float, float]:
        squares, *_, weight = self._measure(y_true, y_pred, sample_weight, (lift,))
        return squares / weight if weight else nan, weight

    def _value_of(self, sums: tuple[float, ...]) -> float:
        return sums[0] / sums[1]

    def _grad_of(
        self, sums: tuple[float, ...], y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, out: Any
    ) -> Array:
        lifted, lift, weight = sums
        scale = 1 / lifted / weight if lifted and weight else 0.0
        return self._plan.scaled_grad(scale, y_true, y_pred, sample_weight, out, (lift,))


class Huber(ElementwiseLoss, stem="huber"):
    """Quadratic near zero, linear beyond delta: the mean for the many, the median for the outliers.

    value r^2 / 2 for |r| <= delta, else delta (|r| - delta / 2); gradient r clipped to +-delta; second derivative 1 for |r| <= delta, the
    kink included, else 0. `delta` has the unit of y; delta = inf gives r^2 / 2 everywhere.

    Reference: P. J. Huber, Robust estimation of a location parameter, 1964.
    """

    delta: float = parameter(default=1.0, domain=Domain(low=0, high=inf, low_open=True))


class Pinball(ElementwiseLoss, stem="pinball"):
    """Quantile loss: under-prediction costs `quantile` a unit, over-prediction the rest.

    value max(quantile (y - p), (quantile - 1) (y - p)), gradient -quantile below and 1 - quantile above the truth, second derivative 0. At
    the kink r = 0 the gradient is 0. In units of y.

    Reference: R. Koenker and G. Bassett, Regression quantiles, 1978.
    """

    quantile: float = parameter(default=0.5, domain=Domain(low=0, high=1, low_open=True, high_open=True))

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.quantile, 1 - self.quantile))
