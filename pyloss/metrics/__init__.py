"""The losses and scores of `sklearn.metrics`, without temporary arrays: the import line is the only change.

    from pyloss.metrics import log_loss, mean_squared_error

Names, signatures, defaults, numbers, errors and warnings are those of scikit-learn 1.9, which need not be installed.
docs/drop-ins/metrics.md says what differs.
"""

from ._parameters import InvalidParameterError, UndefinedMetricWarning
from .classification import hamming_loss, hinge_loss, zero_one_loss
from .probabilities import brier_score_loss, d2_brier_score, d2_log_loss_score, log_loss
from .regression import (
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    mean_squared_log_error,
    mean_tweedie_deviance,
    median_absolute_error,
    root_mean_squared_error,
    root_mean_squared_log_error,
)
from .scores import (
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    explained_variance_score,
    r2_score,
)

__all__ = [
    "InvalidParameterError",
    "UndefinedMetricWarning",
    "brier_score_loss",
    "d2_absolute_error_score",
    "d2_brier_score",
    "d2_log_loss_score",
    "d2_pinball_score",
    "d2_tweedie_score",
    "explained_variance_score",
    "hamming_loss",
    "hinge_loss",
    "log_loss",
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_gamma_deviance",
    "mean_pinball_loss",
    "mean_poisson_deviance",
    "mean_squared_error",
    "mean_squared_log_error",
    "mean_tweedie_deviance",
    "median_absolute_error",
    "r2_score",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "zero_one_loss",
]
