"""torch.nn.functional's losses of single elements."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .._domains import Domain
from .._loss import Array, Loss
from ..losses.binary import BCE, Hinge, Logistic
from ..losses.counts import PoissonNLL
from ..losses.distributions import GaussianNLL
from ..losses.divergences import KLDivergence
from ..losses.regression import MAE, MSE, Huber, SmoothL1
from ..losses.similarity import HingeEmbedding
from ._torch_graph import PLAIN, Elsewhere, check_alike, evaluated, made, or_torch, torch

if TYPE_CHECKING:
    from torch import Tensor

REDUCTIONS = ("mean", "sum", "none")


class SafeBCE(BCE):
    """Where none of torch's clamps acts: of logarithms at -100, and of p (1 - p) at 1e-12 in the gradient."""

    y_pred_domain = Domain(low=2e-12, high=1 - 2**-24)


class UnclampedGaussianNLL(GaussianNLL):
    """Where torch's clamp of the variance does not act, whose gradient passes through it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.eps:
            object.__setattr__(self, "predictions", {**self.predictions, "variance": Domain(low=self.eps)})


def asked(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction. The deprecated arguments are torch's matter, which warns of them, and so is what is no reduction."""
    if size_average is None and reduce is None and reduction in REDUCTIONS:
        return reduction
    raise Elsewhere


def signs(target: "Tensor") -> Array:
    """Labels of -1 and 1: 0, which is -1 to pyloss, is a label of its own in torch."""
    labels: Array = target.numpy()
    if not np.logical_and.reduce(labels, axis=None):
        raise Elsewhere
    return labels


@lru_cache
def past(margin: float, dtype: Any) -> float:
    """The next number above: torch's hinges still have their slope at the kink, where pyloss's have none."""
    if not isinstance(margin, int | float):
        raise Elsewhere
    kind: Any = np.float64 if dtype is torch.float64 else np.float32
    above, least = float(np.nextafter(kind(margin), kind(np.inf))), float(np.finfo(kind).tiny)
    return least if abs(above) < least else above


def _of_residuals(loss: Loss, input: "Tensor", target: "Tensor", weight: "Tensor | None" = None) -> "Tensor":
    """A loss of input - target, by either of which torch gives the gradient."""
    check_alike(input, target) if weight is None else check_alike(input, target, weight)
    weights = None if weight is None else weight.numpy()
    if target.requires_grad:
        return evaluated(loss, target.data.numpy(), input.data.numpy(), input, target, weight=weights)
    return evaluated(loss, target.numpy(), input.data.numpy(), input, weight=weights)


def _weights(weight: "Tensor", like: "Tensor") -> Array:
    """One for each element, without a copy where they broadcast."""
    weight = weight.expand(like.shape)
    check_alike(like, weight)
    weights: Array = weight.numpy()
    return weights


def _by_count(
    kind: type[Loss], reduction: str, input: "Tensor", truth: Array, weight: "Tensor | None", **options: Any
) -> "Tensor":
    """A loss whose mean divides by the number of elements, weights or not: pyloss's own divides by the sum of the weights."""
    pred = input.data.numpy()
    if weight is None:
        return evaluated(made(kind, reduction, **options), truth, pred, input)
    if reduction != "mean":
        return evaluated(made(kind, reduction, **options), truth, pred, input, weight=_weights(weight, input))
    count = _count(input.numel())
    return evaluated(made(kind, "sum", **options), truth, pred, input, weight=_weights(weight, input), divisor=count)


def _count(elements: int) -> int:
    if not elements:
        raise Elsewhere
    return elements


@or_torch
def mse_loss(
    input: "Tensor",
    target: "Tensor",
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: "Tensor | None" = None,
) -> "Tensor":
    """The squared error. The mean divides by the sum of the weights."""
    return _of_residuals(made(MSE, asked(size_average, reduce, reduction)), input, target, weight)


@or_torch
def l1_loss(
    input: "Tensor",
    target: "Tensor",
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: "Tensor | None" = None,
) -> "Tensor":
    """The absolute error. The mean divides by the sum of the weights."""
    return _of_residuals(made(MAE, asked(size_average, reduce, reduction)), input, target, weight)


@or_torch
def smooth_l1_loss(
    input: "Tensor",
    target: "Tensor",
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> "Tensor":
    """The absolute error with a parabola within `beta`; `huber_loss` divided by beta."""
    reduction = asked(size_average, reduce, reduction)
    loss = made(Huber, reduction) if beta == 1 else made(SmoothL1, reduction, beta=beta)  # the same, by a faster kernel
    return _of_residuals(loss, input, target)


@or_torch
def huber_loss(
    input: "Tensor",
    target: "Tensor",
    reduction: str = "mean",
    delta: float = 1.0,
    weight: "Tensor | None" = None,
) -> "Tensor":
    """Half the squared error within `delta`, linear beyond. The mean divides by the number of elements, weights or not."""
    reduction = asked(None, None, reduction)
    if weight is None:
        return _of_residuals(made(Huber, reduction, delta=delta), input, target)
    check_alike(input, target, weight)
    return _by_count(Huber, reduction, input, target.numpy(), weight, delta=delta)


@or_torch
def binary_cross_entropy(
    input: "Tensor",
    target: "Tensor",
    weight: "Tensor | None" = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """The cross-entropy of probabilities. The mean divides by the number of elements, weights or not."""
    check_alike(input, target)
    return _by_count(SafeBCE, asked(size_average, reduce, reduction), input, target.numpy(), weight)


@or_torch
def binary_cross_entropy_with_logits(
    input: "Tensor",
    target: "Tensor",
    weight: "Tensor | None" = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: "Tensor | None" = None,
) -> "Tensor":
    """The cross-entropy of logits. The mean divides by the number of elements, whatever both kinds of weights are."""
    check_alike(input, target)
    truth: Array = target.numpy()
    options: dict[str, Any] = {"from_logits": True}
    if pos_weight is not None and pos_weight.numel() == 1 and pos_weight.dim() <= input.dim():
        options["pos_weight"] = _number(pos_weight, input)
    elif pos_weight is not None:
        truth, weight = _with_positives(truth, pos_weight, weight, input)
    return _by_count(BCE, asked(size_average, reduce, reduction), input, truth, weight, **options)


def _number(tensor: "Tensor", like: "Tensor") -> float:
    if type(tensor) not in PLAIN or tensor.dtype is not like.dtype:
        raise Elsewhere
    number: float = tensor.numpy().item()
    return number


def _with_positives(
    truth: Array, pos_weight: "Tensor", weight: "Tensor | None", like: "Tensor"
) -> tuple[Array, "Tensor"]:
    """The truth and the weights that stand for a factor w of the positive term.

    w y log q + (1 - y) log(1 - q) is s (t log q + (1 - t) log(1 - q)) with s = w y + 1 - y and t = w y / s.
    """
    if pos_weight.dtype is not like.dtype:
        raise Elsewhere
    with np.errstate(over="ignore", invalid="ignore"):  # where s is 0, nothing counts
        positive = np.broadcast_to(pos_weight.numpy(), truth.shape) * truth
        total = positive + (1 - truth)
        positive /= total
    factors: Tensor = torch.from_numpy(total)
    return positive, factors if weight is None else factors * weight


@or_torch
def multilabel_soft_margin_loss(
    input: "Tensor",
    target: "Tensor",
    weight: "Tensor | None" = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """`binary_cross_entropy_with_logits`, the mean over the last axis; reduction="none" is torch's own."""
    check_alike(input, target)
    reduction = asked(size_average, reduce, reduction)
    if reduction == "none" or input.dim() == 0:
        raise Elsewhere
    if reduction == "mean":
        return _by_count(BCE, reduction, input, target.numpy(), weight, from_logits=True)
    loss, classes = made(BCE, "sum", from_logits=True), _count(input.shape[-1])
    weights = None if weight is None else _weights(weight, input)
    return evaluated(loss, target.numpy(), input.data.numpy(), input, weight=weights, divisor=classes)


@or_torch
def soft_margin_loss(
    input: "Tensor",
    target: "Tensor",
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """The logistic loss of scores, for the labels -1 and 1."""
    check_alike(input, target)
    loss = made(Logistic, asked(size_average, reduce, reduction))
    return evaluated(loss, signs(target), input.data.numpy(), input)


@or_torch
def hinge_embedding_loss(
    input: "Tensor",
    target: "Tensor",
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """The distance of what is alike, and how far it falls short of the margin for what is not."""
    check_alike(input, target)
    loss = made(HingeEmbedding, asked(size_average, reduce, reduction), margin=past(margin, input.dtype))
    return evaluated(loss, signs(target), input.data.numpy(), input)


@or_torch
def margin_ranking_loss(
    input1: "Tensor",
    input2: "Tensor",
    target: "Tensor",
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """The hinge of the difference of two scores that should come in a given order."""
    check_alike(input1, input2, target)
    loss = made(Hinge, asked(size_average, reduce, reduction), margin=past(margin, input1.dtype))
    difference = input1.data - input2.data
    return evaluated(loss, signs(target), difference.numpy(), input1, input2)


@or_torch
def kl_div(
    input: "Tensor",
    target: "Tensor",
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> "Tensor":
    """The divergence of log-probabilities from the target. "mean" divides by the number of elements, without a warning;
    reduction="none" is torch's own."""
    check_alike(input, target)
    if reduction != "batchmean" and asked(size_average, reduce, reduction) == "none":
        raise Elsewhere
    loss = made(KLDivergence, reduction, log_pred=True, log_true=log_target)
    return evaluated(loss, target.numpy()[..., np.newaxis], input.data.numpy()[..., np.newaxis], input)


@or_torch
def poisson_nll_loss(
    input: "Tensor",
    target: "Tensor",
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """The likelihood of counts. `full`, of which torch has an approximation, is torch's own."""
    check_alike(input, target)
    if full:
        raise Elsewhere
    loss = made(PoissonNLL, asked(size_average, reduce, reduction), log_input=log_input, eps=0.0 if log_input else eps)
    return evaluated(loss, target.numpy(), input.data.numpy(), input)


@or_torch
def gaussian_nll_loss(
    input: "Tensor",
    target: "Tensor",
    var: "Tensor | float",
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> "Tensor":
    """The likelihood of a mean and a variance for each element; other shapes of `var` are torch's own."""
    if not isinstance(var, torch.Tensor):
        raise Elsewhere
    check_alike(input, target, var)
    loss = made(UnclampedGaussianNLL, asked(None, None, reduction), full=full, eps=eps)
    return evaluated(loss, target.numpy(), (input.data.numpy(), var.data.numpy()), input, var)
