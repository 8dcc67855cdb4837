"""scikit-learn's private losses, which its estimators are trained with: one number and one slope per sample, added up afterwards."""

from collections.abc import Callable
from typing import Any

import numpy as np
from cases import Array, Case, Data
from sklearn._loss import _loss

from peers.cells import PARALLEL_FROM, Calls

LOSSES: dict[str, tuple[Callable[[Any], Any], int]] = {  # and by what pyloss's is larger
    "mse": (lambda loss: _loss.CyHalfSquaredError(), 2),
    "mae": (lambda loss: _loss.CyAbsoluteError(), 1),
    "huber": (lambda loss: _loss.CyHuberLoss(loss.delta), 1),
    "pinball": (lambda loss: _loss.CyPinballLoss(loss.quantile), 1),
    "poisson_nll": (lambda loss: _loss.CyHalfPoissonLoss(), 1),
    "bce_from_logits": (lambda loss: _loss.CyHalfBinomialLoss(), 1),
    "sparse_cce_from_logits": (lambda loss: _loss.CyHalfMultinomialLoss(), 1),
}


def prepare(case: Case, data: Data, threads: int) -> Calls | None:
    if case.form not in LOSSES:
        return None
    make, factor = LOSSES[case.form]
    loss, y, p = make(case.loss), data.y_true.astype(case.dtype), data.y_pred
    scale, few = factor / len(p), threads if case.elements >= PARALLEL_FROM else 1
    per_sample = np.zeros_like(y)

    def value() -> float:
        loss.loss(y, p, None, per_sample, few)
        return per_sample.sum() * scale

    def into(values: Array, grad: Array) -> tuple[float, Array]:
        loss.loss_gradient(y, p, None, values, grad, few)
        grad *= scale
        return values.sum() * scale, grad

    return Calls(value, lambda: into(per_sample, data.grad), lambda: into(np.empty_like(y), np.empty_like(p)))
