"""Contrast: similarities of unit vectors in tiles of rows, each positive pair against all negatives of its anchor."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ._errors import NARROW
from ._loss import Array

LARGEST = 64 * 2**20
"""How many bytes of similarities exist at a time."""

STRIP = 2**17
"""How many similarities are worked on at a time, so that they stay in the cache."""


class Units(NamedTuple):
    """The directions of vectors, and their lengths as two factors, since a product of them may leave the range.

    The zero vector has no direction: its unit vector is 0, and its length infinite, so that its gradient is 0.
    """

    vectors: Array
    scales: Array
    norms: Array


class Contrast(NamedTuple):
    """The value of each anchor, and the gradients by the unit vectors of the anchors and of the others, if they were asked for."""

    values: Array
    anchors: Array | None
    others: Array | None


def precision(temperature: float, *arrays: Array) -> type[np.floating]:
    """What the matrix products are computed in: float32 must hold the temperature too."""
    narrow = all(array.dtype.name in NARROW for array in arrays)
    return np.float32 if narrow and 1e-30 < temperature < 1e30 else np.float64


def directions(vectors: Array) -> Units:
    """In the place of the vectors."""
    scales = np.max(vectors, axis=1, keepdims=True, initial=0.0)
    scales = np.maximum(scales, -np.min(vectors, axis=1, keepdims=True, initial=0.0))
    vectors /= np.where(scales == 0, 1, scales)
    norms = np.sqrt(dots(vectors, vectors))
    vectors /= np.where(norms == 0, 1, norms)
    return Units(vectors, np.where(scales == 0, np.inf, scales), np.where(norms == 0, 1, norms))


def dots(a: Array, b: Array) -> Array:
    """The products of rows with rows, without an array of the products of numbers."""
    products: Array = np.einsum("ij,ij->i", a, b, dtype=np.float64)
    return products[:, np.newaxis]


def through_norms(units: Units, gradient: Array) -> Iterator[tuple[slice, Array]]:
    """The gradient by the vectors that follows from that by their directions: what points along them changes nothing.

    In float64, a strip of rows at a time, since lengths may take it out of the range of the products.
    """
    count, size = gradient.shape
    for first, last in spans(count, STRIP, size):
        rows = slice(first, last)
        part = gradient[rows].astype(np.float64)
        part -= units.vectors[rows] * dots(units.vectors[rows], part)
        part /= units.norms[rows]
        part /= units.scales[rows]
        yield rows, part


def contrast(
    anchors: Array, others: Array, labels: Array, temperature: float, factors: Array | None, itself: bool
) -> Contrast:
    """Row i of `anchors` against all rows of `others`: those of its label are its positives, the rest its negatives.

    An anchor's value is the sum over its positives of log(1 + sum exp(s_negative - s_positive)). `itself` says whether row i of `others`
    is the positive of row i of `anchors`, the only one; else it is nothing to it. Gradients by both are added up in one array where the
    others are the anchors themselves. `factors` multiply the anchors' gradients; None asks for none.
    """
    count = len(anchors)
    values = np.zeros(count)
    by_anchors = by_others = None
    if factors is not None:
        by_anchors = np.zeros_like(anchors)
        by_others = by_anchors if others is anchors else np.zeros_like(others)
    for first, last in spans(count, LARGEST // anchors.itemsize):
        tile = anchors[first:last] @ others.T
        for start, stop in spans(last - first, STRIP, count):
            rows = slice(first + start, first + stop)
            values[rows] = strip(
                tile[start:stop],
                first + start,
                labels,
                temperature,
                None if factors is None else factors[rows],
                itself,
            )
        if by_anchors is not None and by_others is not None:
            tile /= temperature
            by_anchors[first:last] += tile @ others
            for start, stop in spans(count, 8 * STRIP, anchors.shape[1]):
                by_others[start:stop] += tile[:, start:stop].T @ anchors[first:last]
    return Contrast(values, by_anchors, by_others)


def spans(rows: int, most: int, length: int = 0) -> Iterator[tuple[int, int]]:
    """Ranges of rows of a length (as many as there are rows) that hold at most so many entries together, but at least one row."""
    step = max(1, most // max(1, length or rows))
    return ((first, min(first + step, rows)) for first in range(0, rows, step))


def strip(similar: Array, first: int, labels: Array, temperature: float, factors: Array | None, itself: bool) -> Array:
    """The values of some anchors, of which `first` is the first. With `factors` the similarities over the temperature become the gradients
    by them. They are divided by it as differences, which are 0 where it would take them out of range.
    """
    own = np.arange(len(similar)), np.arange(first, first + len(similar))
    anchors, others = own if itself else pairs(labels, own)
    alike = similar[anchors, others].astype(np.float64)
    similar[anchors, others] = -np.inf
    similar[own] = -np.inf
    top = np.max(similar, axis=1, keepdims=True, initial=-np.inf)
    top = np.where(np.isneginf(top), 0, top)
    np.subtract(similar, top, out=similar)
    similar /= temperature
    np.exp(similar, out=similar)
    total = similar.sum(axis=1, dtype=np.float64)
    gap = np.where(total[anchors] == 0, -np.inf, (top[anchors, 0] - alike) / temperature + np.log(total)[anchors])
    decay = np.exp(-np.abs(gap))
    values = np.bincount(anchors, np.maximum(gap, 0) + np.log1p(decay), len(similar))
    if factors is not None:
        miss = np.where(gap > 0, 1, decay) / (1 + decay)
        misses = np.bincount(anchors, miss, len(similar))
        share = factors * misses / np.where(total == 0, 1, total)
        similar *= share[:, np.newaxis].astype(similar.dtype)
        similar[anchors, others] = -factors[anchors] * miss
    return values


def pairs(labels: Array, own: tuple[Array, Array]) -> tuple[Array, Array]:
    """The positive pairs but those of an anchor with itself."""
    positive = labels[own[1], np.newaxis] == labels
    positive[own] = False
    anchors, others = np.nonzero(positive)
    return anchors, others
