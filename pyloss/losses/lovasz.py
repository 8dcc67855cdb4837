"""Losses of sorted errors."""

from typing import Literal, NamedTuple

import numpy as np

from .. import _errors
from .._domains import PROBABILITY, REAL, SIGN
from .._engine import Plan, exact_sum
from .._loss import Array, choice, integer
from .._sorted import SortedLoss, lovasz_slopes


class Lovasz(SortedLoss, stem="lovasz"):
    """Lovasz loss: the Jaccard loss of the set of wrong elements, extended to errors of any size.

    With the errors e of a case in falling order and J_k the Jaccard loss sum(wrong) / sum(mask or wrong) of the first k as the wrong ones,
    in weights: value sum e_k (J_k - J_(k-1)), gradient that difference times the derivative of the error. Among equal errors the one that
    comes first in y_true counts first: the value does not depend on it, the gradient is one of several then. An empty mask costs its
    largest error.

    `kind="hinge"`: two classes. y_true is -1, 0 (for -1), 1 or a bool, y_pred holds scores of its shape (logits; any numbers): the error is
    max(0, 1 - y p), with the gradient 0 at the kink. `kind="softmax"`: y_true holds integer labels, y_pred logits with one axis more,
    `class_axis`. For each class present among the labels of a case (of weight > 0) the error is 1 - q where it is the label and q
    elsewhere, with q = softmax(p), and the case's value is the mean over these classes. `kind="probabilities"`: the same for y_pred = q in
    [0, 1].

    `axis` counts in y_true: None is one case of all, for images (n, h, w) `axis=(1, 2)` is the `per_image` of Berman's code. There
    lovasz_hinge is "hinge" and lovasz_softmax is "probabilities"; in segmentation_models_pytorch the modes "binary" and "multilabel" are
    "hinge", "multiclass" is "softmax" with class_axis=1. IndexError for a label that is not in 0 ... classes - 1, ValueError for data out
    of their domain.

    Reference: M. Berman, A. Rannen Triki and M. B. Blaschko, The Lovasz-softmax loss, 2018.
    """

    y_true_domain = SIGN

    kind: Literal["hinge", "softmax", "probabilities"] = choice(
        default="hinge", choices=("hinge", "softmax", "probabilities")
    )
    class_axis: int = integer(default=-1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind == "hinge" and self.class_axis != -1:
            raise _errors.bad_parameter(
                self.name, "class_axis", "-1 with kind='hinge': no axis is one of classes", self.class_axis
            )
        if self.kind != "hinge":
            object.__setattr__(self, "y_true_domain", REAL)
            object.__setattr__(self, "labels", "always")
        object.__setattr__(self, "y_pred_domain", PROBABILITY if self.kind == "probabilities" else REAL)

    def _make_plan(self) -> Plan:
        """What checks the data: a loss of the same arguments."""
        if self.kind == "hinge":
            return Plan(self, "hinge", parameters=(1.0,))
        return Plan(self, "softmax", rowwise=True, labels="always", axis=self.class_axis)

    @property
    def _classes_at(self) -> int | None:
        return None if self.kind == "hinge" else self.class_axis

    def _case(self, truth: Array, pred: Array, weight: Array, slopes: bool) -> tuple[float, Array | None]:
        if self.kind == "hinge":
            return _hinge(np.where(truth > 0, 1.0, -1.0), pred, weight)
        if self.kind == "probabilities":
            return _classes(truth.astype(np.intp), pred, weight, _complements(truth, pred))
        softmax, labels = Softmax.of(pred), truth.astype(np.intp)
        value, grad = _classes(labels, softmax.shares, weight, softmax.misses(labels))
        return value, softmax.through(grad) if slopes else None


def _hinge(sign: Array, pred: Array, weight: Array) -> tuple[float, Array]:
    errors = 1 - sign * pred
    steps = lovasz_slopes(errors, sign > 0, weight)
    grad = np.where(errors > 0, -sign * steps, np.where(np.isnan(errors), errors, 0))
    return _dot(np.maximum(errors, 0), steps), grad


def _classes(labels: Array, shares: Array, weight: Array, misses: Array) -> tuple[float, Array]:
    """The mean over the classes present, from the probabilities and one minus that of the label."""
    present = np.unique(labels)
    grad = np.zeros(shares.shape)
    values = []
    for k in present:
        hits = labels == k
        errors = np.where(hits, misses, shares[:, k])
        steps = lovasz_slopes(errors, hits, weight)
        values.append(_dot(errors, steps))
        grad[:, k] = np.where(np.isnan(errors), errors, np.where(hits, -steps, steps)) / len(present)
    return exact_sum(np.array(values)) / len(present), grad


def _dot(errors: Array, steps: Array) -> float:
    """Exactly summed: the same bits on every machine. What counts nothing counts nothing, however large its error is."""
    return exact_sum(np.where((steps == 0) & ~np.isnan(errors), 0, errors * steps))


def _complements(labels: Array, shares: Array) -> Array:
    return np.asarray(1 - np.take_along_axis(shares, labels.astype(np.intp)[:, np.newaxis], axis=1)[:, 0])


class Softmax(NamedTuple):
    """The softmax of rows, without what cancels."""

    powers: Array
    """exp(z - top)"""
    at_top: Array
    """Where it is 1: the first of those."""
    others: Array
    """For each class the sum of the others' powers."""
    total: Array

    @classmethod
    def of(cls, logits: Array) -> "Softmax":
        top = logits.max(axis=1, keepdims=True)
        gaps = logits - top
        shadow = gaps - logits
        # What rounding took from the gaps: the exponential would show it.
        lost = (logits - (gaps - shadow)) - (top + shadow)
        lost[~np.isfinite(lost)] = 0
        endless = np.isposinf(logits)
        gaps[endless & (endless.sum(axis=1, keepdims=True) == 1)] = 0  # a single infinite logit takes all
        powers = np.exp(gaps)
        powers += powers * lost
        at_top = powers.argmax(axis=1)[:, np.newaxis]
        others = _sums_of_others(powers, at_top)
        return cls(powers, at_top, others, 1 + np.take_along_axis(others, at_top, axis=1))

    @property
    def shares(self) -> Array:
        return np.asarray(self.powers / self.total)

    def misses(self, labels: Array) -> Array:
        """One minus the probability of the label."""
        return np.asarray((np.take_along_axis(self.others, labels[:, np.newaxis], axis=1) / self.total)[:, 0])

    def through(self, grad: Array) -> Array:
        """The gradient by the logits: q_k sum_j q_j (g_k - g_j)."""
        slopes = grad * self.others - _sums_of_others(grad * self.powers, self.at_top)
        return np.asarray(self.shares * (slopes / self.total))


def _sums_of_others(terms: Array, at_top: Array) -> Array:
    """For each class the sum of the other classes' terms: a difference where its own is at most half of the whole, else a sum."""
    below = terms.copy()
    np.put_along_axis(below, at_top, 0, axis=1)
    sums = below.sum(axis=1, keepdims=True)
    others = (sums - below) + np.take_along_axis(terms, at_top, axis=1)
    np.put_along_axis(others, at_top, sums, axis=1)
    return np.asarray(others)
