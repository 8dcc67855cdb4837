"""Labels: what kind of truth an array holds, which classes there are, and which of them each label is."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._inputs import Array, check_finite, extremes, pieces, plain
from ._parameters import is_sparse, warn

CLASSES = "classes"
INDICATOR = "multilabel-indicator"
CONTINUOUS = "continuous"
UNKNOWN = "unknown"
SEVERAL = "-multioutput"

SPAN = 65_536
"""Integers that lie as close together are found in a table, without sorting or looking up."""


def kind_of(given: Any, name: str = "") -> tuple[str, Any]:
    """What kind of truth it is, and the array behind it; a sparse one stays as it is.

    One of `CLASSES`, of one label a row; `INDICATOR`, of a 0 or 1 for each label; `CONTINUOUS` numbers; `UNKNOWN`. The first and the
    third of several columns are so many outputs.
    """
    if is_sparse(given):
        return (INDICATOR if _is_indicator(given.tocsr().data, given.shape) else CLASSES + SEVERAL), given.tocsr()
    if isinstance(given, str) or not (isinstance(given, Sequence) or hasattr(given, "__array__")):
        raise ValueError(f"Expected array-like (array or non-string sequence), got {given!r}")
    array = plain(given)
    _refuse_old_formats(array)
    if array.ndim == 2 and _is_indicator(array, array.shape):
        return INDICATOR, array
    if array.ndim not in (1, 2) or (array.ndim == 2 and not array.size):
        return UNKNOWN, array
    if array.dtype == object and array.size and not isinstance(array.flat[0], str):
        return UNKNOWN, array
    suffix = SEVERAL if array.ndim == 2 and array.shape[1] > 1 else ""
    if not _is_integral(array):
        check_finite(array, name)
        return CONTINUOUS + suffix, array
    return CLASSES + suffix, array


def _refuse_old_formats(array: Array) -> None:
    first = array[0] if array.ndim and len(array) else None
    if isinstance(first, bytes):
        raise TypeError(
            "Support for labels represented as bytes is not supported. Convert the labels to a string or integer format."
        )
    if isinstance(first, Sequence) and not isinstance(first, str):
        raise ValueError(
            "You appear to be using a legacy multi-label data representation. Sequence of sequences are no longer supported; "
            "use a binary array or sparse matrix instead."
        )


def _is_integral(array: Array) -> bool:
    """Whether all numbers are whole, and within the range of integers; so are things that are no floats."""
    if array.dtype.kind != "f":
        return True
    parts = (array[rows] for rows in pieces(len(array), array[0].size if len(array) else 1))
    return all(bool(((np.floor(part) == part) & (np.abs(part) < 2**63)).all()) for part in parts)


def _is_indicator(values: Array, shape: tuple[int, ...]) -> bool:
    """Whether numbers are but two in several columns; a sparse array has zeros too."""
    if shape[1] < 2 or values.dtype.kind not in "biuf" or not _is_integral(values):
        return False
    found = distinct(values.reshape(-1))
    return len(found) < 3 and (values.ndim == 2 or len(found) < 2 or 0 in found)


def name_of(kind: str, array: Array) -> str:
    """scikit-learn's name of a kind, which tells two classes from more."""
    if kind != CLASSES and kind != CLASSES + SEVERAL:
        return kind
    if kind == CLASSES and len(distinct(array.reshape(-1))) <= 2:
        return "binary"
    return kind.replace(CLASSES, "multiclass")


def distinct(labels: Array) -> Array:
    """The labels that there are, in order."""
    if not labels.size:
        return labels
    if labels.dtype == bool:
        return distinct(labels.view(np.uint8)).astype(bool)
    if labels.dtype.kind in "iu":
        low, high = map(int, extremes(labels))
        if high - low <= 1:
            return np.array(sorted({low, high}), labels.dtype)
        if high - low < SPAN and high < 2**63:
            return _tabled(labels, low, high)
    return _gathered(labels)


def _tabled(labels: Array, low: int, high: int) -> Array:
    seen = np.zeros(high - low + 1, bool)
    for rows in pieces(len(labels)):
        seen[np.subtract(labels[rows], low, dtype=np.int64)] = True
    return (np.flatnonzero(seen) + low).astype(labels.dtype)


def _gathered(labels: Array) -> Array:
    """Piece by piece: only what is not yet known has to be sorted."""
    known = labels[:0]
    for rows in pieces(len(labels)):
        fresh = labels[rows]
        if known.size:
            fresh = fresh[known[places(fresh, known)] != fresh]
        if fresh.size:
            known = np.union1d(known, fresh)
    return known


def places(labels: Array, classes: Array) -> Array:
    """Which of the classes, in order, each label is; any other gets some place."""
    return np.minimum(np.searchsorted(classes, labels), len(classes) - 1)


def coder(labels: Array, classes: Array) -> Callable[[Array], Array] | None:
    """What turns labels into the places of their classes; None, where they are that already."""
    if labels.dtype.kind in "biu" and classes.dtype.kind in "biu":
        if np.array_equal(classes, np.arange(len(classes))):
            return None if labels.dtype.kind != "b" else lambda part: part.view(np.uint8)
        low = int(classes[0])
        if int(classes[-1]) - low == len(classes) - 1 and int(classes[-1]) < 2**63:
            return lambda part: np.subtract(part, low, dtype=np.int64)
    return lambda part: places(part, classes)


def classes_of(given: Any) -> tuple[str, Array, Array]:
    """The kind of labels, the array of them, and their classes."""
    kind, array = kind_of(given, "y")
    if kind.endswith(SEVERAL):
        raise ValueError("Multioutput target data is not supported with label binarization")
    if not array.shape[0]:
        raise ValueError(f"y has 0 samples: {given!r}")
    if kind == INDICATOR:
        return kind, array, np.arange(array.shape[1])
    if kind != CLASSES:
        raise ValueError(f"Unknown label type: {(given,)!r}")
    return kind, array.reshape(-1), distinct(array.reshape(-1))


def declared(labels: Any, y_true: Any) -> tuple[str, Array, Array]:
    """The same with the classes that `labels` names, to which all labels must belong; of those that are there, if it is None."""
    kind, array, found = classes_of(y_true)
    if labels is None:
        if len(found) == 1:
            raise ValueError(
                f"y_true contains only one label ({found[0]}). Please provide the list of all expected class labels explicitly "
                "through the labels argument."
            )
        return kind, array, found
    classes = classes_of(labels)[2]
    if not np.array_equal(classes, np.asarray(labels)):
        warn(
            f"Labels passed were {labels}. But this function assumes labels are ordered lexicographically. "
            f"Pass the ordered labels={classes.tolist()} and ensure that the columns of y_prob correspond to this ordering.",
            UserWarning,
        )
    if strangers := _strangers(y_true, found, labels):
        raise ValueError(f"y_true contains values {strangers} not belonging to the passed labels {labels}.")
    if len(classes) == 1:
        raise ValueError(f"The labels array needs to contain at least two labels, got {classes}.")
    if kind == INDICATOR:
        raise ValueError("The object was not fitted with multilabel input.")
    return kind, array, classes


def _strangers(y_true: Any, found: Array, labels: Any) -> set[Any]:
    """Labels that are there and not declared, in the type in which they were given."""
    return set(found.tolist() if isinstance(y_true, list) else found) - set(labels)
