"""Errors of predicted numbers: 0 is best."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import MAE, MAPE, MSLE, Pinball
from ._deviances import SQUARED, check_powers, mean_deviance
from ._fractions import over_outputs
from ._inputs import ELEMENTS, FLOAT64, Array, pieces, plain
from ._outputs import outputs
from ._parameters import ARRAY, NONE, POWERS, UNIT, checked, one_of
from ._quantiles import quantile
from ._streams import Criterion, Plain

Value = Any
"""A float; with multioutput="raw_values" an array of one for each output."""

ABSOLUTE = Criterion(MAE)
SQUARED_LOG = Criterion(MSLE)
RELATIVE = Criterion(MAPE, eps=float(np.finfo(np.float64).eps))

OUTPUTS = (one_of("raw_values", "uniform_average"), ARRAY)
WEIGHTS = (ARRAY, NONE)


def under(y_true: Array, y_pred: Array, *, out: Array) -> Array:
    """By how much a prediction is below the truth."""
    np.subtract(y_true, y_pred, out=out, dtype=np.float64)
    return np.maximum(out, 0, out=out)


def over(y_true: Array, y_pred: Array, *, out: Array) -> Array:
    return under(y_pred, y_true, out=out)


@lru_cache(maxsize=64)
def pinball(alpha: float) -> Criterion | Plain:
    """At the ends, where one side costs nothing, it is no loss of a quantile: `Pinball` refuses them."""
    return Plain(over if alpha == 0 else under, hides=True) if alpha in (0, 1) else Criterion(Pinball, quantile=alpha)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The mean of the squared errors."""
    return outputs(y_true, y_pred, sample_weight, multioutput).mean(SQUARED)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def root_mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The root of the mean of the squared errors, of each output by itself."""
    given = outputs(y_true, y_pred, sample_weight, "raw_values")
    return over_outputs(np.sqrt(given.column_means(SQUARED)), multioutput, given.dtype)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def mean_absolute_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The mean of the absolute errors."""
    return outputs(y_true, y_pred, sample_weight, multioutput).mean(ABSOLUTE)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, alpha=(UNIT,), multioutput=OUTPUTS)
def mean_pinball_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    alpha: float = 0.5,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The mean of the errors, of which those below the truth cost `alpha` a unit and those above it the rest."""
    return outputs(y_true, y_pred, sample_weight, multioutput).mean(pinball(float(alpha)))


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def mean_absolute_percentage_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The mean of the absolute errors as fractions of the truth, which counts for at least 2.2e-16."""
    return outputs(y_true, y_pred, sample_weight, multioutput).mean(RELATIVE)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def mean_squared_log_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The mean of the squared errors of log(1 + y)."""
    given = outputs(y_true, y_pred, sample_weight, multioutput)
    given.check_above(-1, f"Mean Squared Logarithmic Error {_NO_LOGARITHM}")
    return given.mean(SQUARED_LOG)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def root_mean_squared_log_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> Value:
    """The root of the mean of the squared errors of log(1 + y), of each output by itself."""
    given = outputs(y_true, y_pred, sample_weight, multioutput)
    given.check_above(-1, f"Root Mean Squared Logarithmic Error {_NO_LOGARITHM}")
    return over_outputs(np.sqrt(given.column_means(SQUARED_LOG)), given.multioutput, given.dtype)


_NO_LOGARITHM = "cannot be used when targets contain values less than or equal to -1."


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, multioutput=OUTPUTS)
def median_absolute_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    multioutput: str | ArrayLike = "uniform_average",
    sample_weight: ArrayLike | None = None,
) -> Value:
    """The median of the absolute errors, which some outliers do not move."""
    given = outputs(y_true, y_pred, sample_weight, multioutput, _of_arithmetic(y_true, y_pred), text=False)
    with np.errstate(all="ignore"):
        errors = np.subtract(given.y_true, given.y_pred, dtype=given.dtype)
    np.abs(given.vouched(errors), out=errors)
    errors = errors.reshape(given.rows, -1)
    if given.weight is None:
        return over_outputs(np.median(errors, axis=0, overwrite_input=True), given.multioutput, given.dtype)
    medians = [quantile(of_output, given.weight, 50) for of_output in errors.T]
    return over_outputs(np.array(medians), given.multioutput, given.dtype)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,))
def max_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """The greatest absolute error."""
    given = outputs(y_true, y_pred, None, None, _of_arithmetic(y_true, y_pred), text=False)
    given.check_one_output("max_error")
    buffer = np.empty(min(given.rows, ELEMENTS), given.dtype)
    greatest = given.dtype.type(0)
    for rows in pieces(given.rows):
        errors = buffer[: rows.stop - rows.start]
        with np.errstate(all="ignore"):
            np.subtract(given.y_true[rows], given.y_pred[rows], out=errors, dtype=given.dtype)
        greatest = np.maximum(greatest, np.abs(errors, out=errors).max())
    return float(given.vouched(greatest))


def _of_arithmetic(y_true: Any, y_pred: Any) -> np.dtype[Any]:
    """The dtype of a difference: a floating one."""
    common = np.result_type(*(plain(array).dtype for array in (y_true, y_pred)))
    return common.newbyteorder("=") if common.kind == "f" and common.itemsize <= 8 else FLOAT64


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS, power=POWERS)
def mean_tweedie_deviance(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None, power: float = 0
) -> float:
    """The mean deviance of a Tweedie distribution, whose variance is the mean to a power.

    Powers 0, 1, 2 and 3 are those of the normal, Poisson, gamma and inverse Gaussian distributions.
    """
    given = outputs(y_true, y_pred, sample_weight, None)
    given.check_one_output("mean_tweedie_deviance")
    check_powers(given, power)
    return mean_deviance(given, given.y_pred, power)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS)
def mean_poisson_deviance(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """The mean deviance of Poisson distributions, of counts."""
    return mean_tweedie_deviance(y_true, y_pred, sample_weight=sample_weight, power=1)


@checked(y_true=(ARRAY,), y_pred=(ARRAY,), sample_weight=WEIGHTS)
def mean_gamma_deviance(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """The mean deviance of gamma distributions, of positive amounts: errors count as fractions of the truth."""
    return mean_tweedie_deviance(y_true, y_pred, sample_weight=sample_weight, power=2)
