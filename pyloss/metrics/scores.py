"""Scores of predicted numbers beside those of the best constant: 1 is best, 0 is the constant's."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._deviances import SQUARED, check_powers, mean_deviance
from ._fractions import explained
from ._inputs import Array
from ._outputs import Outputs, outputs
from ._parameters import ARRAY, BOOLEAN, NONE, POWERS, UNIT, UndefinedMetricWarning, checked, one_of, warn
from ._quantiles import quantile
from ._streams import Plain, averages
from .regression import OUTPUTS, WEIGHTS, Value, pinball

VARIANCES = (one_of("raw_values", "uniform_average", "variance_weighted"), ARRAY)
FEW = "score is not well-defined with less than two samples."


@checked(
    y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=(*VARIANCES, NONE), force_finite=(BOOLEAN,)
)
def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike | None = "uniform_average",
    force_finite: bool = True,
) -> Value:
    """The share of the variation about the mean that the predictions account for."""
    given = outputs(y_true, y_pred, sample_weight, multioutput)
    if given.rows < 2:
        given.check_finite()
        return undefined("R^2")
    errors = given.column_sums(SQUARED)
    mean = averages(given.y_true, given.weight, given.divisor)
    return _explained(
        given, errors, SQUARED.column_sums(given.y_true, constant(mean, given), given.weight), force_finite
    )


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=VARIANCES, force_finite=(BOOLEAN,))
def explained_variance_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
    force_finite: bool = True,
) -> Value:
    """The share of the variance that the predictions account for; an error that all of them share costs nothing."""
    given = outputs(y_true, y_pred, sample_weight, multioutput)
    bias = given.column_means(Plain(_residual))
    mean = averages(given.y_true, given.weight, given.divisor)

    def about_bias(y_true: Array, y_pred: Array, *, out: Array) -> Array:
        np.subtract(_residual(y_true, y_pred, out=out), bias, out=out)
        return np.square(out, out=out)

    errors = given.column_means(Plain(about_bias))
    variance = SQUARED.column_sums(given.y_true, constant(mean, given), given.weight) / given.divisor
    return _explained(given, errors, variance, force_finite)


def _residual(y_true: Array, y_pred: Array, *, out: Array) -> Array:
    return np.subtract(y_true, y_pred, out=out, dtype=np.float64)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, power=POWERS)
def d2_tweedie_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None, power: float = 0
) -> float:
    """The share of the Tweedie deviance from the mean that the predictions account for."""
    given = outputs(y_true, y_pred, sample_weight, None)
    given.check_one_output("d2_tweedie_score")
    if given.rows < 2:
        given.check_finite()
        return undefined("D^2")
    check_powers(given, power)
    deviance = mean_deviance(given, given.y_pred, power)
    mean = averages(given.y_true, given.weight, given.divisor)
    return 1 - deviance / mean_deviance(given, constant(mean, given), power)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, alpha=(UNIT,), multioutput=OUTPUTS)
def d2_pinball_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    alpha: float = 0.5,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The share of the pinball loss of the quantile `alpha` that the predictions account for."""
    given = outputs(y_true, y_pred, sample_weight, multioutput)
    if given.rows < 2:
        given.check_finite()
        return undefined("D^2")
    loss = pinball(float(alpha))
    errors = given.column_sums(loss)
    columns = given.y_true.reshape(given.rows, -1).astype(given.dtype, copy=False).T
    quantiles = np.array([quantile(of_output, given.weight, alpha * 100) for of_output in columns])
    return _explained(given, errors, loss.column_sums(given.y_true, constant(quantiles, given), given.weight), True)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def d2_absolute_error_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The share of the absolute errors from the median that the predictions account for."""
    return d2_pinball_score(y_true, y_pred, sample_weight=sample_weight, alpha=0.5, multioutput=multioutput)


def _explained(given: Outputs, errors: Array, variation: Array, force_finite: bool) -> Any:
    return explained(errors, variation, given.multioutput, given.dtype, force_finite)


def constant(numbers: Array, given: Outputs) -> Array:
    """One number for each output in the shape of the truth, without a copy."""
    return np.broadcast_to(numbers if given.several else numbers[0], given.y_true.shape)


def undefined(score: str) -> float:
    """What no constant can be compared with."""
    warn(f"{score} {FEW}", UndefinedMetricWarning)
    return float("nan")
