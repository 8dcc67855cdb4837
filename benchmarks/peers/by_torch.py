"""PyTorch as it is written: eager, and autograd's backward. It has no out=."""

from collections.abc import Callable
from math import log
from typing import Any

import torch
import torch.nn.functional as F
from cases import Case, Data

from peers.cells import Calls

Tensor = torch.Tensor


def pinball(loss: Any, y: Tensor, p: Tensor) -> Tensor:
    r = y - p
    return torch.maximum(loss.quantile * r, (loss.quantile - 1) * r).mean()


def log_cosh(loss: Any, y: Tensor, p: Tensor) -> Tensor:
    r = p - y
    return (r + F.softplus(-2 * r)).mean() - log(2)


def binary_focal(loss: Any, y: Tensor, z: Tensor) -> Tensor:
    """As torchvision has it."""
    p = torch.sigmoid(z)
    m = y * (1 - p) + (1 - y) * p
    return (F.binary_cross_entropy_with_logits(z, y, reduction="none") * m**2).mean()


LOSSES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "mse": lambda loss, y, p: F.mse_loss(p, y),
    "mae": lambda loss, y, p: F.l1_loss(p, y),
    "huber": lambda loss, y, p: F.huber_loss(p, y, delta=loss.delta),
    "pinball": pinball,
    "log_cosh": log_cosh,
    "poisson_nll": lambda loss, y, p: F.poisson_nll_loss(p, y, log_input=True),
    "bce_from_logits": lambda loss, y, z: F.binary_cross_entropy_with_logits(z, y),
    "binary_focal_from_logits": binary_focal,
    "kl_divergence": lambda loss, y, p: F.kl_div(p.log(), y, reduction="batchmean"),
    "sparse_cce_from_logits": lambda loss, y, z: F.cross_entropy(z, y),
}


def prepare(case: Case, data: Data, threads: int) -> Calls:
    torch.set_num_threads(threads)
    loss, function = case.loss, LOSSES[case.form]
    y, p = torch.from_numpy(data.y_true), torch.from_numpy(data.y_pred)
    leaf = p.detach().requires_grad_()

    @torch.no_grad()
    def value() -> Tensor:
        return function(loss, y, p)

    def value_and_grad() -> tuple[Tensor, Tensor | None]:
        leaf.grad = None
        value = function(loss, y, leaf)
        value.backward()
        return value.detach(), leaf.grad

    return Calls(value, value_and_grad, value_and_grad)
