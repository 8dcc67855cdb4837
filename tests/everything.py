"""Data for every form of every loss: those of several predictions, of batches and of sorted errors too."""

from collections.abc import Callable
from typing import Any

import numpy as np
from variants import CLASSES, EVERY, VARIANTS, Variant, data

Array = np.ndarray

# What most files leave to files of their own.
OTHERS = [variant for variant in EVERY if variant not in VARIANTS]


def sample(variant: Variant, n: int = 12, seed: int = 0) -> tuple[Any, Any]:
    """Truth and prediction of n rows in float64; a tuple where there are several predictions, None where there is no truth."""
    rng = np.random.default_rng((seed, n))
    if variant().family == "contrastive":
        vectors = tuple(np.round(rng.normal(size=(n, 3)) * 8) / 8 + 1 / 16 for _ in range(2))
        return (None, vectors) if variant().predictions else (np.arange(n) // 3, vectors[0])
    if variant().family == "sorted" and names_classes(variant):
        logits = np.round(rng.normal(size=(n, 5, CLASSES)) * 8) / 8
        bounded = variant().y_pred_domain.high == 1
        return rng.integers(0, CLASSES, (n, 5)), 1 / (1 + np.exp(-logits)) if bounded else logits
    return data(variant, (n, CLASSES), seed)


def names_classes(variant: Variant) -> bool:
    """Whether the truth holds labels of classes, one a row or in lists."""
    return variant.labels or (variant().family == "sorted" and variant().labels == "always")


def parts(arrays: Any) -> tuple[Array, ...]:
    """Predictions or derivatives one by one."""
    return arrays if isinstance(arrays, tuple) else (arrays,)


def each(change: Callable[[Array], Any], arrays: Any) -> Any:
    """A change of every prediction, or of the truth where there is one."""
    if arrays is None:
        return None
    return tuple(map(change, arrays)) if isinstance(arrays, tuple) else change(arrays)


def filled(pred: Any, number: float, where: Any) -> Any:
    """A copy of the predictions, with another number in all of them."""

    def fill(array: Array) -> Array:
        array = array.copy()
        array[where] = number
        return array

    return each(fill, pred)


def same(got: Any, expected: Any) -> None:
    for one, other in zip(parts(got), parts(expected), strict=True):
        np.testing.assert_array_equal(one, other)
