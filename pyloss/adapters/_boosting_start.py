"""Where boosting starts: the constant raw score that a loss likes best."""

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._loss import Array, Loss
from .._sum import AnyLoss, leaves
from ..losses.binary import BCE, Brier, Exponential, Logistic
from ..losses.counts import LinkedLoss, NegativeBinomialNLL
from ..losses.multiclass import CCE
from ..losses.regression import MAE, MSE, SSE, MultiQuantile, Pinball
from ..losses.similarity import CosineDistance
from ._boosting_curvature import entry
from ._boosting_link import is_exponential

Floats = NDArray[np.float64]

RAREST = float(np.finfo(np.float64).eps)
"""What a class that never occurs, or a mean of 0, counts for: the score would be infinite."""
FARTHEST = -log(RAREST)
CANDIDATES = 65
TRIALS = 1_000_000
"""Losses of one number that may be computed, where more candidates than these are of use."""
DIPS = 8
"""How many of the candidates that are better than their neighbours are looked at closely."""
BISECTIONS = 60
ROUNDING = 1e-13
NEWTON_STEPS = 500
HALVINGS = 40


def best_start(loss: AnyLoss, y: Array, weight: Array | None, classes: int | None) -> Any:
    """A float; of several scores for each sample an array of them."""
    if y.ndim not in (1, 2):
        raise ValueError(f"{loss.name}: y must hold a number or a row for each sample, got the shape {y.shape}")
    if weight is not None and not np.isfinite(weight).all():
        raise _no_best(loss, "sample_weight holds nan or inf")
    by_rows = weight if weight is None or weight.shape == y.shape[:1] else None
    columns = _columns(loss, y, by_rows, classes)
    # Refuses what is out of its domain, and what does not fit.
    loss(y, np.broadcast_to(0.0, (len(y), *columns)), weight)
    if y.ndim == 2 and not takes_classes(loss) and not _has(CosineDistance, loss):
        by_columns = [weight] * columns[0] if weight is by_rows else weight.T  # type: ignore[union-attr]
        return np.array([_best_constant(loss, *_counted(loss, *one)) for one in zip(y.T, by_columns, strict=True)])
    y, weight = _counted(loss, y, by_rows)
    if takes_classes(loss):
        return _best_of_classes(loss, y, weight, columns[0])
    if isinstance(loss, MultiQuantile):
        return finite(loss, np.array([weighted_quantile(y, weight, quantile) for quantile in loss.quantiles]))
    if y.ndim == 2:
        return _newton(loss, finite(loss, y), weight, np.average(y.astype(np.float64), axis=0, weights=weight))
    return _best_constant(loss, y, weight)


def _no_best(loss: AnyLoss, why: str) -> ValueError:
    return ValueError(f"{loss.name}: {why}, so that no score is the best")


def _has(kind: type[Loss], loss: AnyLoss) -> bool:
    return any(isinstance(part, kind) for _, part in leaves(loss))


def _counted(loss: AnyLoss, y: Array, weight: Array | None) -> tuple[Array, Array | None]:
    """The samples whose weight is not 0."""
    if weight is not None:
        y, weight = y[weight != 0], weight[weight != 0]
    if not y.size:
        raise _no_best(loss, "no sample counts")
    finite(loss, y[np.isnan(y)])
    return y, weight


def _columns(loss: AnyLoss, y: Array, weight: Array | None, classes: int | None) -> tuple[int, ...]:
    """How many scores a sample has, where it has several."""
    if y.ndim == 1 and takes_classes(loss):
        return (classes or max(1, int(_counted(loss, y, weight)[0].max()) + 1),)
    if isinstance(loss, MultiQuantile):
        return (len(loss.quantiles),)
    if _has(MultiQuantile, loss):
        raise TypeError(f"{loss.name}: no best constant of quantiles in a sum is known; take that of MultiQuantile")
    return y.shape[1:]


def _best_constant(loss: AnyLoss, y: Array, weight: Array | None) -> float:
    """That of one score per sample: by a formula where there is one, else by descent."""
    formula = _formula(loss) if isinstance(loss, Loss) else None
    if formula is _median or formula is _quantile:
        return float(finite(loss, formula(loss, y.astype(np.float64), weight)))
    finite(loss, y)
    return formula(loss, y.astype(np.float64), weight) if formula else _descended(loss, y, weight)


def finite(loss: AnyLoss, numbers: Any) -> Any:
    """What a score is made of: the truth, or quantiles of it, of which some may be infinite."""
    if not np.isfinite(numbers).all():
        raise _no_best(loss, "y holds nan or inf")
    return numbers


def takes_classes(loss: AnyLoss) -> bool:
    """Whether class labels may be the truth."""
    return any(part.labels in ("maybe", "always") for _, part in leaves(loss))


# Formulas --------------------------------------------------------------------------------------------------------------


def weighted_quantile(y: Array, weight: Array | None, quantile: float) -> float:
    """A minimiser of the quantile loss; where an interval is as good, its middle."""
    order = np.argsort(y, kind="stable")
    ordered = y[order].astype(np.float64)
    below = np.cumsum(np.ones(len(y)) if weight is None else weight[order], dtype=np.float64)
    wanted = quantile * below[-1]
    first, after = np.searchsorted(below, wanted, "left"), np.searchsorted(below, wanted, "right")
    return float(ordered[first] + ordered[min(after, len(y) - 1)]) / 2


def _mean(_: Any, y: Floats, weight: Array | None) -> float:
    return float(np.average(y, weights=weight))


def _median(_: Any, y: Floats, weight: Array | None) -> float:
    return weighted_quantile(y, weight, 0.5)


def _quantile(loss: Any, y: Floats, weight: Array | None) -> float:
    return weighted_quantile(y, weight, loss.quantile)


def _log_mean(loss: Any, y: Floats, weight: Array | None) -> float:
    return log(max(_mean(loss, y, weight), RAREST))


def _logit(share: float) -> float:
    share = min(max(share, RAREST), 1 - RAREST)
    return log(share) - log(1 - share)


def _logit_of_mean(loss: Any, y: Floats, weight: Array | None) -> float:
    return _logit(_mean(loss, y, weight))


def _logit_of_signs(loss: Any, y: Floats, weight: Array | None) -> float:
    return _logit(_mean(loss, (y > 0).astype(np.float64), weight))


def _half_logit_of_signs(loss: Any, y: Floats, weight: Array | None) -> float:
    return _logit_of_signs(loss, y, weight) / 2


def _logit_of_weighted_mean(loss: Any, y: Floats, weight: Array | None) -> float:
    smoothed = (1 - loss.label_smoothing) * _mean(loss, y, weight) + loss.label_smoothing / 2
    yes = loss.pos_weight * smoothed
    both = yes + 1 - smoothed
    return _logit(yes / both) if both else 0.0


Formula = Callable[[Any, Floats, "Array | None"], float]

FORMULAS: dict[type[Loss], Formula] = {
    MSE: _mean,
    SSE: _mean,
    MAE: _median,
    Pinball: _quantile,
    BCE: _logit_of_weighted_mean,
    Brier: _logit_of_mean,
    Logistic: _logit_of_signs,
    Exponential: _half_logit_of_signs,
    NegativeBinomialNLL: _log_mean,
}


def _formula(loss: Loss) -> Formula | None:
    if isinstance(loss, LinkedLoss):
        return _log_mean if loss.log_input else _mean
    return entry(FORMULAS, loss)


# One score -------------------------------------------------------------------------------------------------------------


def _descended(loss: AnyLoss, y: Array, weight: Array | None) -> float:
    """The best of the minima beside those candidates that are better than their neighbours."""
    candidates = _candidates(loss, y)
    values = [loss(y, np.broadcast_to(score, y.shape), weight) for score in candidates]
    around = np.nan_to_num([np.inf, *values, np.inf], nan=np.inf)
    dips = np.flatnonzero((around[1:-1] < around[:-2]) & (around[1:-1] <= around[2:]))
    found = []
    for best in sorted(dips.tolist(), key=values.__getitem__)[:DIPS]:
        ends = candidates[max(0, best - 1)], candidates[min(len(candidates) - 1, best + 1)]
        found.append(_refined(loss, y, weight, (values[best], candidates[best]), ends))
    return float(min(found)[1] if found else candidates[len(candidates) // 2])


def _refined(
    loss: AnyLoss, y: Array, weight: Array | None, start: tuple[float, float], ends: tuple[float, float]
) -> tuple[float, float]:
    """The best of a start and the root of the slope between it and the end downhill, by bisection that never climbs.

    Scores come with their values before them.
    """
    grad = np.empty(y.shape)
    (value, near), slope = start, loss.grad(y, np.broadcast_to(start[1], y.shape), weight, out=grad).sum()
    far = near if slope == 0 else ends[int(slope < 0)]
    for _ in range(BISECTIONS):
        middle = (near + far) / 2
        if middle in (near, far):
            break
        there, _ = loss.value_and_grad(y, np.broadcast_to(middle, y.shape), weight, out=grad)
        if there <= value + ROUNDING * abs(value) and grad.sum() * slope >= 0:
            value, near = there, middle
        else:
            far = middle
    return min(start, (value, near), (loss(y, np.broadcast_to(far, y.shape), weight), far))


def _candidates(loss: AnyLoss, y: Array) -> Floats:
    """What the truth says the best score may be: of a class logits, else some of its numbers, or their logarithms."""
    parts = [part for _, part in leaves(loss)]
    scores: list[Floats] = []
    if any(part.y_true_domain.accepts_bool for part in parts):
        scores.append(np.linspace(-FARTHEST, FARTHEST, CANDIDATES))
    if not all(part.y_true_domain.accepts_bool for part in parts):
        scores += _some(y.astype(np.float64))
    if any(is_exponential(part) for part in parts):
        scores += [np.log(np.maximum(some, RAREST)) for some in scores]
    return np.unique(np.concatenate(scores))


def _some(numbers: Floats) -> list[Floats]:
    """Between them as well as of them: all, where that takes little time, since a loss with cusps is least at one of them; else
    quantiles, and not only of where most are.
    """
    different = np.unique(numbers)
    between = np.linspace(different[0], different[-1], CANDIDATES)
    most = max(CANDIDATES, TRIALS // len(numbers))
    if len(different) <= most:
        return [between, different]
    shares = np.linspace(0, 1, most)
    return [between, *(np.quantile(some, shares, method="inverted_cdf") for some in (numbers, different))]


# Several scores --------------------------------------------------------------------------------------------------------


def _best_of_classes(loss: AnyLoss, y: Array, weight: Array | None, columns: int) -> Floats:
    """With labels only as many rows as there are classes differ: descent is on these, each with the weight of its class."""
    if y.ndim == 1:
        theirs = (y >= 0) & (y < columns)  # what the loss ignores may be no class
        counts = np.bincount(y[theirs], weight if weight is None else weight[theirs], columns).astype(np.float64)
        y, weight = _counted(loss, np.arange(columns), counts / (counts.sum() or 1))
        shares = np.zeros(columns)
        shares[y] = weight
    else:
        shares = np.average(y.astype(np.float64), axis=0, weights=weight)
    start = np.log(np.maximum(shares / (shares.sum() or 1), RAREST))
    if isinstance(loss, CCE) and is_plain(loss):
        return np.asarray(start)
    found = [_newton(loss, y, weight, scores) for scores in (start, np.zeros_like(start))]
    best: Floats = min(found, key=lambda scores: _total(loss, y, weight, scores))
    return best


def is_plain(loss: CCE) -> bool:
    """Whether the shares of the classes are the answer."""
    shares = loss.class_weight is None and loss.ignore_index is None and loss.label_smoothing == 0
    return shares and loss.z_loss == 0 and loss.softcap is None and loss.temperature == 1


def _total(loss: AnyLoss, y: Array, weight: Array | None, scores: Floats) -> float:
    return float(loss(y, np.broadcast_to(scores, (len(y), len(scores))), weight))


def _newton(loss: AnyLoss, y: Array, weight: Array | None, scores: Floats) -> Floats:
    """Steps by the diagonal of the Hessian, each halved until it does not climb."""
    value = _total(loss, y, weight, scores)
    for _ in range(NEWTON_STEPS):
        step = _step(loss, y, weight, scores)
        for _ in range(HALVINGS):
            nearer = scores - step
            below = _total(loss, y, weight, nearer)
            if below < value:
                break
            step /= 2
        else:
            return scores
        scores, value = nearer, below
    return scores


def _step(loss: AnyLoss, y: Array, weight: Array | None, scores: Floats) -> Floats:
    raw = np.broadcast_to(scores, (len(y), len(scores)))
    if not hasattr(loss, "grad_and_hess"):
        return np.asarray(loss.grad(y, raw, weight).sum(axis=0))
    grad, hess = (by_row.sum(axis=0) for by_row in loss.grad_and_hess(y, raw, weight))
    return np.asarray(grad / np.where(hess > 0, hess, 1))
