"""Arrays that every form of every loss takes, also those whose truth `variants.data` does not draw; and all that it can be asked."""

from collections.abc import Callable
from typing import Any

import numpy as np
from variants import Array, Variant, data, weights

Inputs = tuple[Array | None, Any, Array]


def inputs(variant: Variant, shape: tuple[int, ...], seed: int = 0) -> Inputs:
    """Truth, prediction, and one weight a row."""
    truth, pred = data(variant, shape, seed)
    if labels_rows(variant):
        truth = np.random.default_rng((seed, *shape)).integers(0, max(1, shape[-1]), shape[:-1])
    return truth, pred, weights(shape[:1], seed)


def labels_rows(variant: Variant) -> bool:
    """Whether the truth must be one label a row, though the loss declares no labels."""
    return variant.stem == "nt_xent" or variant.parameters.get("kind") in ("softmax", "probabilities")


def holds_labels(variant: Variant) -> bool:
    return variant.labels or labels_rows(variant)


def leaves(answer: Any) -> list[Any]:
    """The arrays and numbers of an answer, which may be tuples of tuples."""
    return [leaf for part in answer for leaf in leaves(part)] if isinstance(answer, tuple) else [answer]


def into_outs(loss: Any, given: Inputs, new: Callable[[Any, str], Any]) -> list[Callable[[], Any]]:
    """Every call that writes into arrays of the caller's: `new(like, role)` makes one, to take what has the shape of `like`."""
    grads, values = derivatives(given[1], new, "grad"), loss(*given)
    if isinstance(values, np.ndarray):
        taken = new(values, "value")
        return [lambda: loss.value_and_grad(*given, out=(taken, grads))]
    calls = [lambda: loss.value_and_grad(*given, out=grads)]
    if hasattr(loss, "grad_and_hess"):
        hessians = derivatives(given[1], new, "hess")
        calls.append(lambda: loss.grad_and_hess(*given, out=(grads, hessians)))
    return calls


def derivatives(pred: Any, new: Callable[[Any, str], Any], role: str) -> Any:
    if isinstance(pred, tuple):
        return tuple(new(part, f"{role} {place}") for place, part in enumerate(pred))
    return new(pred, role)
