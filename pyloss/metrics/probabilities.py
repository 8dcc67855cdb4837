"""Losses of predicted probabilities, and the scores made of them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._chances import Chances, binary_chances, chances, probabilities
from ._inputs import check_lengths, divisor, row_count
from ._parameters import ARRAY, BOOLEAN, HIDDEN_NONE, NONE, NUMBER, STRING, checked, one_of, warn
from .scores import undefined

WEIGHTS = LABELS = (ARRAY, NONE)
PROBABILITIES = (ARRAY, HIDDEN_NONE)
RENAMED = (ARRAY, STRING)
POSITIVE = (NUMBER, STRING, BOOLEAN, NONE)


@checked(
    y_true=(ARRAY,),
    y_proba=PROBABILITIES,
    normalize=(BOOLEAN,),
    sample_weight=WEIGHTS,
    labels=LABELS,
    y_pred=RENAMED,
)
def log_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike | None = None,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    y_pred: ArrayLike = "deprecated",
) -> float:
    """Minus the mean logarithm of the probabilities of what is true; without `normalize`, the sum.

    Probabilities are clipped to [eps, 1 - eps], eps being the machine epsilon of their dtype.
    """
    given = chances(y_true, _renamed(y_proba, y_pred), sample_weight, labels)
    total = -given.log_sum()
    return total / divisor(given.weight, len(given.y_true)) if normalize else total


def _renamed(y_proba: Any, y_pred: Any) -> Any:
    """The probabilities, by their name or by the one they had before scikit-learn 1.9."""
    if isinstance(y_pred, str) and y_pred == "deprecated":
        return y_proba
    if y_proba is not None:
        raise ValueError("Cannot use both `y_pred` and `y_proba`. `y_pred` is deprecated, use `y_proba` instead.")
    warn(
        "`y_pred` was renamed to `y_proba` in version 1.9 and will be removed in 1.11. Use `y_proba` instead.",
        FutureWarning,
    )
    return y_pred


@checked(
    y_true=(ARRAY,),
    y_proba=(ARRAY,),
    sample_weight=WEIGHTS,
    pos_label=POSITIVE,
    labels=LABELS,
    scale_by_half=(BOOLEAN, one_of("auto")),
)
def brier_score_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: float | str | None = None,
    labels: ArrayLike | None = None,
    scale_by_half: bool | str = "auto",
) -> float:
    """The mean of the squared distances of the probabilities from the truth, over all classes; of two classes half of it."""
    given = _chances(y_true, y_proba, sample_weight, pos_label, labels)
    score = given.square_sum() / divisor(given.weight, len(given.y_true))
    halves = given.classes < 3 if isinstance(scale_by_half, str) else scale_by_half
    return score / 2 if halves else score


def _chances(y_true: Any, y_proba: Any, sample_weight: Any, pos_label: Any, labels: Any) -> Chances:
    prob = probabilities(y_proba)
    if prob.ndim == 1 or prob.shape[1] == 1:
        return binary_chances(y_true, prob, sample_weight, pos_label)
    return chances(y_true, prob, sample_weight, labels)


@checked(y_true=(ARRAY,), y_proba=PROBABILITIES, sample_weight=WEIGHTS, labels=LABELS, y_pred=RENAMED)
def d2_log_loss_score(
    y_true: ArrayLike,
    y_proba: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    y_pred: ArrayLike = "deprecated",
) -> float:
    """The share of the log loss of the classes' frequencies that the probabilities account for."""
    proba = _renamed(y_proba, y_pred)
    check_lengths(proba, y_true, sample_weight)
    if row_count(proba) < 2:
        return undefined("D^2")
    given = chances(y_true, proba, sample_weight, labels)
    shares = given.frequencies()
    eps = np.finfo(np.float64).eps
    entropy = -float(shares @ np.log(np.clip(shares, eps, 1 - eps)))
    return 1 + given.log_sum() / (entropy * divisor(given.weight, len(given.y_true)))


@checked(y_true=(ARRAY,), y_proba=(ARRAY,), sample_weight=WEIGHTS, pos_label=POSITIVE, labels=LABELS)
def d2_brier_score(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: float | str | None = None,
    labels: ArrayLike | None = None,
) -> float:
    """The share of the Brier score of the classes' frequencies that the probabilities account for."""
    check_lengths(y_proba, y_true, sample_weight)
    if row_count(y_proba) < 2:
        return undefined("D^2")
    given = _chances(y_true, y_proba, sample_weight, pos_label, labels)
    shares = given.frequencies()
    score = given.square_sum() / divisor(given.weight, len(given.y_true))
    return float(1 - np.divide(score, shares @ (1 - shares)))
