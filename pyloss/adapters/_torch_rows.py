"""torch.nn.functional's losses of rows: of classes, and of vectors."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..losses.multiclass import CCE, SparseCCE
from ..losses.ranking import CosineEmbedding, Triplet
from ._torch_elements import asked, past, signs
from ._torch_graph import PLAIN, Elsewhere, check_alike, evaluated, made, needs_gradient, or_torch, torch

if TYPE_CHECKING:
    from torch import Tensor

SHORT = 1e-5
"""The squared length of a vector."""

LARGE = 10_000
"""How many numbers."""

EUCLIDEAN = torch.nn.PairwiseDistance()


def _class_weight(weight: "Tensor | None", input: "Tensor") -> tuple[float, ...] | None:
    if weight is None:
        return None
    if type(weight) not in PLAIN or weight.dtype is not input.dtype:
        raise Elsewhere
    return tuple(weight.numpy().tolist())


@or_torch
def cross_entropy(
    input: "Tensor",
    target: "Tensor",
    weight: "Tensor | None" = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> "Tensor":
    """The cross-entropy of logits with labels, whose mean divides by the sum of the labels' weights, or with distributions, whose
    mean divides by the number of rows."""
    reduction, axis = asked(size_average, reduce, reduction), 1 if input.dim() > 1 else 0
    options: dict[str, Any] = {"class_weight": _class_weight(weight, input), "label_smoothing": label_smoothing}
    kind: type[CCE] = CCE
    if type(target) in PLAIN and target.dtype is torch.int64:
        check_alike(input)
        kind, options["ignore_index"] = SparseCCE, ignore_index
    else:
        check_alike(input, target)
        if ignore_index >= 0 or (weight is not None and input.dim() > 2):
            raise Elsewhere
        if weight is not None and reduction == "mean":
            reduction = "batchmean"
    loss = made(kind, reduction, from_logits=True, axis=axis, **options)
    return evaluated(loss, target.numpy(), input.data.numpy(), input, axis=axis)


def _check_vectors(*inputs: "Tensor") -> None:
    """pyloss measures vectors in float64: of large ones the value alone is torch's own, which is faster as long as it need not keep
    anything for a gradient."""
    check_alike(*inputs)
    if inputs[0].numel() > LARGE and not needs_gradient(*inputs):
        raise Elsewhere


@or_torch
def cosine_embedding_loss(
    input1: "Tensor",
    input2: "Tensor",
    target: "Tensor",
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """One minus the cosine of vectors that belong together, and how far it exceeds the margin for others.

    torch adds 1e-12 to squared lengths, which shows where they are short: then it is torch's own.
    """
    _check_vectors(input1, input2)
    if input1.dim() > 2:
        raise Elsewhere
    loss = made(CosineEmbedding, asked(size_average, reduce, reduction), margin=-past(-margin, input1.dtype))
    preds = input1.data.numpy(), input2.data.numpy()
    if any((np.einsum("...i,...i", vectors, vectors) < SHORT).any() for vectors in preds):
        raise Elsewhere
    return evaluated(loss, signs(target), preds, input1, input2, axis=-1)


@or_torch
def triplet_margin_loss(
    anchor: "Tensor",
    positive: "Tensor",
    negative: "Tensor",
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> "Tensor":
    """An anchor should be nearer to its positive than to its negative, by a margin; `swap` is torch's own unless eps is 0.

    torch adds eps to the differences of the anchor from both others: so it is added to the anchor here.
    """
    return _triplet(anchor, positive, negative, asked(size_average, reduce, reduction), margin, p, eps, swap)


def _triplet(
    anchor: "Tensor",
    positive: "Tensor",
    negative: "Tensor",
    reduction: str,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
) -> "Tensor":
    _check_vectors(anchor, positive, negative)
    if margin <= 0 or (swap and eps):
        raise Elsewhere
    loss = made(Triplet, reduction, margin=margin, p=p, swap=swap)
    shifted = anchor.data.numpy() + eps if eps else anchor.data.numpy()
    preds = shifted, positive.data.numpy(), negative.data.numpy()
    return evaluated(loss, None, preds, anchor, positive, negative, axis=-1)


@or_torch
def triplet_margin_with_distance_loss(
    anchor: "Tensor",
    positive: "Tensor",
    negative: "Tensor",
    *,
    distance_function: "Callable[[Tensor, Tensor], Tensor] | None" = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> "Tensor":
    """`triplet_margin_loss`, of the Euclidean distance unless another `torch.nn.PairwiseDistance` is given; another function is
    torch's own matter."""
    distance: Any = EUCLIDEAN if distance_function is None else distance_function
    if type(distance) is not type(EUCLIDEAN) or distance.keepdim:
        raise Elsewhere
    return _triplet(anchor, positive, negative, asked(None, None, reduction), margin, distance.norm, distance.eps, swap)
