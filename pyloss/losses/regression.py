"""Losses of the residual r = y_pred - y_true."""

from math import frexp, inf, isfinite, nan, sqrt
from typing import ClassVar

from .._domains import ABOVE_MINUS_ONE, FINITE_NOT_NEGATIVE, INSIDE_UNIT, Domain
from .._engine import Plan
from .._loss import CurvedLoss, ElementwiseLoss, Labels, Number, Numbers, Reduction, RowwiseLoss, numbers, parameter
from .._total import Read, Sums, TotalLoss

MOST_SCALED = 60
"""Powers of two up to this, and down to its inverse, scale no sensible residual out of a float's range."""


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

    _is_unit_free = True
    _readings = ((1.0,), (2.0**-600,), (2.0**600,))

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, double_only=True)

    def _gathered(self, read: Read) -> Sums:
        """The value times a lift, the lift, and the total weight. Where squares leave the range, residuals are lifted."""
        reading, smaller, larger = self._readings
        mean, weight = self._mean_of(read(reading))
        if weight and not 1e-200 <= mean < inf:
            reading = larger if mean < 1e-200 else smaller
            mean, weight = self._mean_of(read(reading))
        return sqrt(mean) if mean >= 0 else nan, *reading, weight

    @staticmethod
    def _mean_of(sums: Sums) -> tuple[float, float]:
        """Of the squares, which negative weights may make negative where they are not checked."""
        squares, *_, weight = sums
        return squares / weight if weight else nan, weight

    def _value_of(self, sums: Sums) -> float:
        lifted, lift, _ = sums
        return float(lifted / lift)

    def _slope_of(self, sums: Sums) -> tuple[float, tuple[float, ...]]:
        lifted, lift, weight = sums
        return 1 / lifted / weight if lifted and weight else 0.0, (lift,)


class Huber(ElementwiseLoss, stem="huber"):
    """Quadratic near zero, linear beyond delta: the mean for the many, the median for the outliers.

    value r^2 / 2 for |r| <= delta, else delta (|r| - delta / 2); gradient r clipped to +-delta; second derivative 1 for |r| <= delta, the
    kink included, else 0. `delta` has the unit of y; delta = inf gives r^2 / 2 everywhere.

    Reference: P. J. Huber, Robust estimation of a location parameter, 1964.
    """

    delta: Number = parameter(default=1.0, domain=Domain(low=0, high=inf, low_open=True))

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.delta,)) if isfinite(self.delta) else Plan(self, "sse")


class Pinball(ElementwiseLoss, stem="pinball"):
    """Quantile loss: under-prediction costs `quantile` a unit, over-prediction the rest.

    value max(quantile (y - p), (quantile - 1) (y - p)), gradient -quantile below and 1 - quantile above the truth, second derivative 0. At
    the kink r = 0 the gradient is 0. In units of y.

    Reference: R. Koenker and G. Bassett, Regression quantiles, 1978.
    """

    quantile: Number = parameter(default=0.5, domain=INSIDE_UNIT)

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.quantile, 1 - self.quantile))


class MultiQuantile(RowwiseLoss, CurvedLoss, stem="multi_quantile"):
    """Quantile loss of several quantiles at once, one column for each: twice it is nearly the continuous ranked probability score.

    y_true has one axis less than y_pred. For the k-th of the `quantiles` and r = p_k - y: value the mean over k of
    max(-quantile_k r, (1 - quantile_k) r), gradient -quantile_k / K below and (1 - quantile_k) / K above the truth for K quantiles, second
    derivative 0. At a kink p_k = y the gradient is 0. Nothing is done about quantiles that cross. In units of y.

    `axis` is that of the quantiles, which must be as many as the entries along it (ValueError).

    Reference: R. Koenker and G. Bassett, Regression quantiles, 1978.
    """

    labels: ClassVar[Labels] = "rows"

    quantiles: Numbers = numbers(default=(0.1, 0.5, 0.9), domain=INSIDE_UNIT)

    def _make_plan(self) -> Plan:
        signed = tuple(quantile if quantile <= 0.5 else quantile - 1 for quantile in self.quantiles)
        return Plan(
            self,
            self.name,
            parameters=(1 / len(signed),),
            rowwise=True,
            labels=self.labels,
            axis=self.axis,
            class_factors="quantiles",
            factors=signed,
        )


class SmoothL1(ElementwiseLoss, stem="smooth_l1"):
    """Absolute error with its kink rounded off: a parabola within beta, the distance beyond it.

    value r^2 / (2 beta) for |r| < beta, else |r| - beta / 2; gradient r / beta clipped to +-1; second derivative 1 / beta for |r| < beta,
    else 0, at the kink |r| = beta too. It is `Huber(delta=beta)` divided by beta. `beta` and the value have the unit of y; beta = 0 gives
    `MAE` exactly.

    Reference: R. Girshick, Fast R-CNN, 2015.
    """

    beta: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE, examples=(0.0, 0.25))

    def _make_plan(self) -> Plan:
        significand, exponent = frexp(self.beta)
        if significand == 0.5 and abs(exponent) <= MOST_SCALED:
            return Plan(self, f"{self.name}_scaled", parameters=(self.beta, 1 / self.beta))
        return Plan(self, self.name, parameters=(self.beta,))


class Expectile(ElementwiseLoss, stem="expectile"):
    """Asymmetric squared error: under-prediction costs `quantile` times r^2, over-prediction the rest.

    value w r^2, gradient 2 w r, second derivative 2 w, where w = quantile for r < 0, else 1 - quantile; at r = 0, where the second
    derivative jumps, it is that of the right side. quantile = 0.5 gives half of `MSE`. In squared units of y.

    Reference: W. K. Newey and J. L. Powell, Asymmetric least squares estimation and testing, 1987.
    """

    quantile: Number = parameter(default=0.5, domain=INSIDE_UNIT)

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.quantile, 1 - self.quantile))


class EpsilonInsensitive(ElementwiseLoss, stem="epsilon_insensitive"):
    """Absolute error that forgives the first epsilon: the support vector regression's.

    value max(0, |r| - epsilon), gradient sign(r) for |r| > epsilon, else 0, second derivative 0. At the kink |r| = epsilon the gradient is
    0. `epsilon` and the value have the unit of y; epsilon = 0 gives `MAE`.

    Reference: V. N. Vapnik, The nature of statistical learning theory, 1995.
    """

    epsilon: Number = parameter(default=0.1, domain=FINITE_NOT_NEGATIVE, examples=(0.0,))


class SquaredEpsilonInsensitive(ElementwiseLoss, stem="squared_epsilon_insensitive"):
    """Squared error that forgives the first epsilon: flat inside the tube, smooth at its border.

    value g^2, gradient 2 g sign(r), where g = max(0, |r| - epsilon); second derivative 2 for |r| > epsilon, else 0, at |r| = epsilon too.
    `epsilon` has the unit of y, the value its square.

    Reference: V. N. Vapnik, The nature of statistical learning theory, 1995.
    """

    epsilon: Number = parameter(default=0.1, domain=FINITE_NOT_NEGATIVE)


class MAPE(ElementwiseLoss, stem="mape"):
    """Mean absolute percentage error: absolute error relative to the truth, as a fraction.

    value |r| / d, gradient sign(r) / d, second derivative 0, where d = max(|y|, eps): 0.05 is 5 %. At the kink r = 0 the gradient is 0.

    Where y = 0 and `eps`, the least that |y| counts for, is 0, both are infinite, but a prediction of 0 that is right costs 0 and has
    gradient 0. `eps` has the unit of y.

    Reference: J. S. Armstrong and F. Collopy, Error measures for generalizing about forecasting methods, 1992.
    """

    eps: float = parameter(default=0.0, domain=FINITE_NOT_NEGATIVE)


class SMAPE(ElementwiseLoss, stem="smape"):
    """Symmetric absolute percentage error: the distance relative to the mean size of both, a fraction in [0, 2].

    value 2 |r| / D with D = |y| + |p|, gradient 2 (D sign(r) - |r| sign(p)) / D^2, second derivative
    -4 sign(p) (D sign(r) - |r| sign(p)) / D^3. Where y and p have different signs the value is 2 and the gradient 0. At the kinks sign(0)
    is 0: at r = 0 the gradient is 0, at p = 0 it is 2 sign(r) / |y|, the mean of both sides. Where y and p are both 0 all three are 0.

    Reference: S. Makridakis, Accuracy measures: theoretical and practical concerns, 1993.
    """


class MSLE(ElementwiseLoss, stem="msle"):
    """Squared logarithmic error: squared error on the scale of log(1 + y), for what grows by factors.

    value L^2, gradient 2 L / (1 + p), second derivative 2 (1 - L) / (1 + p)^2, negative for L > 1, where L = log(1 + p) - log(1 + y). What
    is close is told apart to the last digit.

    y_true and y_pred are numbers above -1; ValueError for anything else.

    Reference: Kaggle, Root mean squared logarithmic error, 2011 (the evaluation of its competitions).
    """

    y_true_domain = ABOVE_MINUS_ONE
    y_pred_domain = ABOVE_MINUS_ONE
