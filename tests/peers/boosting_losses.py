"""Losses for the boosters' tests, with data that they admit."""

import numpy as np

import pyloss


def raw_losses():
    """Every loss that takes raw scores, by one that does."""
    for cls in pyloss.LOSSES.values():
        names = set(cls.__signature__.parameters)
        yield cls(**{option: True for option in ("from_logits", "log_input") if option in names})


def derivatives(objective, y, raw, weight=None):
    grad, hess = np.empty(raw.shape), np.empty(raw.shape)
    objective.put(y, raw, weight, grad, hess)
    return grad, hess


def exact(loss, y, raw, weight=None):
    """The loss's own Hessian."""
    return loss.grad_and_hess(y, raw, weight, out=(None, np.empty(raw.shape)))[1]


def truth(loss, n, classes=3):
    """Truths that the loss admits."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, classes, n)
    if loss.labels in ("maybe", "always"):
        return labels
    if loss.y_true_domain.accepts_bool:
        return (labels > 0).astype(float)
    if loss.family == "rowwise" and loss.labels == "never":
        return rng.random((n, classes))
    return rng.gamma(2.0, size=n)


def scores(loss, n, classes=3):
    return np.random.default_rng(2).normal(size=n if loss.family == "elementwise" else (n, classes))
