"""The losses of torch.nn.functional and torch.nn for tensors on the CPU, computed by pyloss: value and gradient in one pass.

    from pyloss.adapters import torch as losses

    loss = losses.cross_entropy(logits, labels, label_smoothing=0.1)
    loss.backward()
    criterion = losses.CrossEntropyLoss(label_smoothing=0.1)

Functions have the names, arguments and answers of torch.nn.functional, classes those of torch.nn, which they are subclasses of.
What is not of one shape and one floating dtype on the CPU, and the options that docs/drop-ins/torch.md names, go to torch's own.
"""

from inspect import signature
from typing import Any

from .. import _runtime
from ._torch_elements import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multilabel_soft_margin_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
)
from ._torch_graph import torch
from ._torch_rows import (
    cosine_embedding_loss,
    cross_entropy,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cross_entropy",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

# Torch computes the first as fast as pyloss does, or faster; the others are not wrapped yet.
nll_loss = torch.nn.functional.nll_loss
multi_margin_loss = torch.nn.functional.multi_margin_loss
multilabel_margin_loss = torch.nn.functional.multilabel_margin_loss
NLLLoss = torch.nn.NLLLoss
MultiMarginLoss = torch.nn.MultiMarginLoss
MultiLabelMarginLoss = torch.nn.MultiLabelMarginLoss


def _module(name: str, function: Any, *options: str) -> Any:
    """The module of this name in torch.nn, with pyloss's function in the place of torch's."""
    theirs = getattr(torch.nn, name)
    parameters = signature(theirs.forward)

    def forward(self: Any, *tensors: Any, **named: Any) -> Any:
        if named:
            tensors = parameters.bind(self, *tensors, **named).args[1:]
        return function(*tensors, **{option: getattr(self, option) for option in options})

    document = f"torch.nn.{name}, computed by `{function.__name__}` of this module."
    return type(name, (theirs,), {"forward": forward, "__module__": __name__, "__doc__": document})


L1Loss = _module("L1Loss", l1_loss, "reduction")
MSELoss = _module("MSELoss", mse_loss, "reduction")
SmoothL1Loss = _module("SmoothL1Loss", smooth_l1_loss, "reduction", "beta")
HuberLoss = _module("HuberLoss", huber_loss, "reduction", "delta")
BCELoss = _module("BCELoss", binary_cross_entropy, "weight", "reduction")
BCEWithLogitsLoss = _module("BCEWithLogitsLoss", binary_cross_entropy_with_logits, "weight", "pos_weight", "reduction")
SoftMarginLoss = _module("SoftMarginLoss", soft_margin_loss, "reduction")
MultiLabelSoftMarginLoss = _module("MultiLabelSoftMarginLoss", multilabel_soft_margin_loss, "weight", "reduction")
HingeEmbeddingLoss = _module("HingeEmbeddingLoss", hinge_embedding_loss, "margin", "reduction")
MarginRankingLoss = _module("MarginRankingLoss", margin_ranking_loss, "margin", "reduction")
KLDivLoss = _module("KLDivLoss", kl_div, "reduction", "log_target")
PoissonNLLLoss = _module("PoissonNLLLoss", poisson_nll_loss, "log_input", "full", "eps", "reduction")
GaussianNLLLoss = _module("GaussianNLLLoss", gaussian_nll_loss, "full", "eps", "reduction")
CrossEntropyLoss = _module("CrossEntropyLoss", cross_entropy, "weight", "ignore_index", "reduction", "label_smoothing")
CosineEmbeddingLoss = _module("CosineEmbeddingLoss", cosine_embedding_loss, "margin", "reduction")
TripletMarginLoss = _module("TripletMarginLoss", triplet_margin_loss, "margin", "p", "eps", "swap", "reduction")
TripletMarginWithDistanceLoss = _module(
    "TripletMarginWithDistanceLoss",
    triplet_margin_with_distance_loss,
    "distance_function",
    "margin",
    "swap",
    "reduction",
)

# Who has limited torch, as a launcher of several processes does, has not thought of pyloss.
_runtime.set_num_threads(min(_runtime.get_num_threads(), torch.get_num_threads()))
