"""The losses of overlap in mpmath: of one case, whose truths and predictions are lists."""

from typing import Any

from mpmath import mpf, sqrt
from oracle_mpmath import _weights, oracle


def _sums(y: list[mpf], p: list[mpf], sample_weight: list[mpf] | None) -> tuple[mpf, ...]:
    """The weighted sums of what both masks have, the second alone, the first alone, and neither."""
    triples = list(zip(_weights(sample_weight, p), y, p, strict=True))
    return (
        sum((w * min(t, x) for w, t, x in triples), mpf(0)),
        sum((w * max(x - t, 0) for w, t, x in triples), mpf(0)),
        sum((w * max(t - x, 0) for w, t, x in triples), mpf(0)),
        sum((w * min(1 - t, 1 - x) for w, t, x in triples), mpf(0)),
    )


def _grad(y: list[mpf], p: list[mpf], sample_weight: list[mpf] | None, above: mpf, below: mpf) -> list[mpf]:
    """From the derivative where p > t and the one where p < t; the tie lies between."""
    return [
        w * (above if x > t else below if x < t else (1 - t) * above + t * below)
        for w, t, x in zip(_weights(sample_weight, p), y, p, strict=True)
    ]


@oracle
def jaccard(y: list[mpf], p: list[mpf], *, smooth: mpf | float = 1.0, sample_weight: list[mpf] | None = None) -> Any:
    return tversky(y, p, alpha=mpf(1), beta=mpf(1), smooth=smooth, sample_weight=sample_weight)


@oracle
def tversky(
    y: list[mpf],
    p: list[mpf],
    *,
    alpha: mpf | float = 0.5,
    beta: mpf | float = 0.5,
    gamma: mpf | float = 1.0,
    smooth: mpf | float = 1.0,
    sample_weight: list[mpf] | None = None,
) -> Any:
    tp, fp, fn, _ = _sums(y, p, sample_weight)
    errors = alpha * fp + beta * fn
    size = tp + errors + smooth
    if errors == 0 and (gamma != 1 or size == 0):
        return mpf(0), [mpf(0)] * len(p), None
    focus = 1 if gamma == 1 else gamma * (errors / size) ** (gamma - 1)
    # d(errors) / size - errors d(size) / size^2, where d(size) is alpha above the truth and 1 - beta below it.
    above = focus * (alpha * size - errors * alpha) / size**2
    below = focus * (-beta * size - errors * (1 - beta)) / size**2
    return (errors / size) ** gamma, _grad(y, p, sample_weight, above, below), None


@oracle
def soft_mcc(y: list[mpf], p: list[mpf], *, sample_weight: list[mpf] | None = None) -> Any:
    tp, fp, fn, tn = _sums(y, p, sample_weight)
    pred, truth, not_pred, not_truth = tp + fp, tp + fn, tn + fn, tn + fp
    if 0 in (pred, truth, not_pred, not_truth):
        return mpf(1), [mpf(0)] * len(p), None
    spreads = sqrt(pred * truth * not_pred * not_truth)
    covariance = tp * tn - fp * fn
    drift = covariance / 2 * (1 / pred - 1 / not_pred)
    above, below = (drift + tp + fn) / spreads, (drift - tn - fp) / spreads
    return 1 - covariance / spreads, _grad(y, p, sample_weight, above, below), None
