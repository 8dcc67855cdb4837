"""Predicted probabilities beside the classes that they are of: checked, and summed up some rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum, isfinite, sqrt
from typing import Any

import numpy as np

from .. import CCE, Brier, GammaNLL
from ._inputs import (
    ELEMENTS,
    FLOAT64,
    Array,
    check_finite,
    check_lengths,
    column,
    divisor,
    extremes,
    numbers,
    pieces,
    weights,
)
from ._parameters import warn
from ._streams import Coder, Criterion, coded_sum, row_sum
from ._targets import CLASSES, INDICATOR, coder, declared, distinct, kind_of, name_of

LOGARITHM = Criterion(GammaNLL, log_input=False)
"""Of the truth 0, for which the likelihood is the logarithm of the prediction alone."""
CODING = CCE(reduction="sum", check=False)
SQUARES = Criterion(Brier)


@dataclass(frozen=True, slots=True)
class Binary:
    """The probability of one of two classes, in one axis."""

    y_true: Array
    y_prob: Array
    weight: Array | None
    positive: Any
    clips: bool
    coded: bool
    """Whether the labels are 0 and 1 themselves."""

    classes = 2

    def log_sum(self) -> float:
        """The sum of the logarithms of the probabilities of what is true, clipped where the dtype has no next one to 0 and 1."""
        return _log_sum(self._of_truth(), self.y_prob.dtype, self.clips)

    def _of_truth(self) -> Iterator[tuple[Array, Array | None]]:
        buffer = np.empty(min(len(self.y_prob), ELEMENTS))
        for rows in pieces(len(self.y_prob)):
            prob = buffer[: rows.stop - rows.start]
            np.copyto(prob, self.y_true[rows] != self.positive)
            np.abs(np.subtract(self.y_prob[rows], prob, out=prob), out=prob)
            yield prob, None if self.weight is None else self.weight[rows]

    def square_sum(self) -> float:
        """The sum of the squared distances of both probabilities from the truth."""
        code = None if self.coded else lambda labels: labels == self.positive
        return 2 * coded_sum(SQUARES, self.y_true, code, self.y_prob, self.weight)

    def frequencies(self) -> Array:
        """The share of each class among the truths."""
        parts = ((self.y_true[rows] == self.positive, rows) for rows in pieces(len(self.y_true)))
        count = fsum(row_sum(hit, None if self.weight is None else self.weight[rows]) for hit, rows in parts)
        share = count / divisor(self.weight, len(self.y_true))
        return np.array([1 - share, share])


@dataclass(frozen=True, slots=True)
class Multiclass:
    """The probability of each class, in rows; the truths are labels, or, where there is no code, indicators of the classes."""

    y_true: Array
    y_prob: Array
    weight: Array | None
    code: Coder | None
    clips: bool

    @property
    def classes(self) -> int:
        return int(self.y_prob.shape[1])

    def log_sum(self) -> float:
        if self.code is not None:
            return _log_sum(self._of_truth(), self.y_prob.dtype, self.clips)
        eps = _epsilon(self.y_prob.dtype)
        parts = ((truth, np.clip(prob, eps, 1 - eps), weight) for truth, prob, weight in self._pieces())
        return -fsum(CODING(truth, prob, weight) for truth, prob, weight in parts)

    def _of_truth(self) -> Iterator[tuple[Array, Array | None]]:
        for places, prob, weight in self._pieces():
            yield prob[np.arange(len(prob)), places].astype(np.float64), weight

    def square_sum(self) -> float:
        """As `Brier` of two classes; of labels without the rows of 0 and 1 that `SSE` would need."""
        sums = []
        for truth, prob, weight in self._pieces():
            errors = prob.astype(np.float64)
            if self.code is None:
                errors -= truth
            else:
                errors[np.arange(len(prob)), truth] -= 1
            sums.append(row_sum(np.einsum("ij,ij->i", errors, errors), weight))
        return fsum(sums)

    def frequencies(self) -> Array:
        count = np.zeros(self.classes)
        for truth, _, weight in self._pieces():
            if self.code is None:
                count += row_sum(truth, weight)
            else:
                count += np.bincount(truth, weight, self.classes)
        return count / divisor(self.weight, len(self.y_true))

    def _pieces(self) -> Iterator[tuple[Array, Array, Array | None]]:
        for rows in pieces(len(self.y_prob), self.classes):
            truth = self.y_true[rows]
            coded = truth if self.code is None else self.code(truth)
            yield coded, self.y_prob[rows], None if self.weight is None else self.weight[rows]


Chances = Binary | Multiclass


def _epsilon(dtype: Any) -> float:
    return float(np.finfo(dtype).eps)


def _log_sum(parts: Iterator[tuple[Array, Array | None]], dtype: Any, clips: bool) -> float:
    eps, zeros = _epsilon(dtype), np.zeros(ELEMENTS)
    sums = []
    for prob, weight in parts:
        if clips:
            np.clip(prob, eps, 1 - eps, out=prob)
        sums.append(LOGARITHM.sum(zeros[: len(prob)], prob, weight))
    return fsum(sums)


def chances(y_true: Any, y_proba: Any, sample_weight: Any, labels: Any) -> Chances:
    """Probabilities of all classes, or of the greater of two, beside truths of these classes."""
    prob = probabilities(y_proba)
    clips = _clips(prob, "lower")
    check_lengths(prob, y_true, sample_weight)
    weight = weights(sample_weight, len(prob))
    kind, truth, classes = declared(labels, y_true)
    if prob.ndim == 2 and prob.shape[1] == 1:
        prob = prob.reshape(-1)
    if prob.ndim == 1 and kind == INDICATOR:
        prob = np.stack((1 - prob, prob), axis=1)
    _check_sums(prob)
    _check_number_of_classes(prob, classes, labels is None)
    if prob.ndim == 1:
        return Binary(truth, prob, weight, classes[1], clips, _are_bits(classes, classes[1]))
    code = coder(truth, classes) or np.asarray
    return Multiclass(truth, prob, weight, None if kind == INDICATOR else code, clips)


def probabilities(given: Any) -> Array:
    """Numbers of a floating dtype."""
    prob = numbers(given, FLOAT64)
    return prob if prob.dtype.kind == "f" else prob.astype(np.float64)


def _clips(prob: Array, word: str) -> bool:
    """Whether some are so close to 0 or 1 that they are clipped; an error for those that are no probabilities."""
    low, high = extremes(prob)
    if not isfinite(low) or not isfinite(high):
        check_finite(prob)
    if high > 1:
        raise ValueError(f"y_prob contains values greater than 1: {high}")
    if low < 0:
        raise ValueError(f"y_prob contains values {word} than 0: {low}")
    eps = _epsilon(prob.dtype)
    return bool(low < eps or high > 1 - eps)


def _check_sums(prob: Array) -> None:
    if prob.ndim == 1:
        return
    tolerance = 1e-8 + sqrt(_epsilon(prob.dtype))
    ones = np.ones(prob.shape[1], prob.dtype)
    if all((np.abs(prob[rows] @ ones - 1) <= tolerance).all() for rows in pieces(len(prob), prob.shape[1])):
        return
    warn("The y_prob values do not sum to one. Make sure to pass probabilities.", UserWarning)


def _check_number_of_classes(prob: Array, classes: Array, are_found: bool) -> None:
    columns = 2 if prob.ndim == 1 else prob.shape[1]
    if len(classes) == columns:
        return
    if are_found:
        raise ValueError(
            f"y_true and y_prob contain different number of classes: {len(classes)} vs {columns}. Please provide the true labels "
            f"explicitly through the labels argument. Classes found in y_true: {classes}"
        )
    raise ValueError(
        f"The number of classes in labels is different from that in y_prob. Classes found in labels: {classes}"
    )


def binary_chances(y_true: Any, prob: Array, sample_weight: Any, pos_label: Any) -> Binary:
    """Probabilities of the class `pos_label` beside truths of two classes."""
    truth, prob = column(y_true), column(prob)
    _check_labels(truth)
    check_finite(prob)
    check_lengths(prob, truth, sample_weight)
    weight = weights(sample_weight, len(prob))
    kind, _ = kind_of(truth, "y_true")
    classes = distinct(truth) if kind == CLASSES else truth[:0]
    if not 0 < len(classes) < 3:
        raise ValueError(
            f"The type of the target inferred from y_true is {name_of(kind, truth)} but should be binary according to the shape "
            "of y_prob."
        )
    clips = _clips(prob, "less")
    positive = _positive(classes, pos_label)
    return Binary(truth, prob, weight, positive, clips, _are_bits(classes, positive))


def _are_bits(classes: Array, positive: Any) -> bool:
    return classes.dtype.kind in "biu" and positive == 1 and set(classes.tolist()) <= {0, 1}


def _check_labels(truth: Array) -> None:
    if truth.dtype == object and (truth != truth).any():  # a nan is not itself
        raise ValueError("Input contains NaN")
    check_finite(truth)


def _positive(classes: Array, pos_label: Any) -> Any:
    """The class whose probability is meant: that of the greater number, if nothing else is said."""
    if pos_label is not None:
        return pos_label
    if classes.dtype.kind in "OUS":
        raise ValueError(
            f"y_true takes value in {{{', '.join(map(repr, classes.tolist()))}}} and pos_label is not specified: either make y_true "
            "take value in {0, 1} or {-1, 1} or pass pos_label explicitly."
        )
    return 1 if set(classes.tolist()) <= {0, 1} or set(classes.tolist()) <= {-1, 1} else classes[-1]
