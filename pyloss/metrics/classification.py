"""Losses of predicted classes, and of scores: 0 is best."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import Hinge, MulticlassHinge
from ._inputs import FLOAT64, Array, check_finite, check_lengths, column, divisor, numbers, pieces, row_count, weights
from ._parameters import ARRAY, BOOLEAN, NONE, SPARSE, checked, is_sparse
from ._streams import Criterion, coded_sum, row_sum
from ._targets import CLASSES, INDICATOR, classes_of, coder, distinct, kind_of, name_of

TARGETS = (ARRAY, SPARSE)
WEIGHTS = (ARRAY, NONE)

HINGE = Criterion(Hinge)
MULTICLASS_HINGE = Criterion(MulticlassHinge)


@checked(y_true=TARGETS, y_pred=TARGETS, normalize=(BOOLEAN,), sample_weight=WEIGHTS)
def zero_one_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, normalize: bool = True, sample_weight: ArrayLike | None = None
) -> float:
    """The fraction of samples that are classified wrongly; without `normalize`, their number or weight.

    A sample of several labels is right if all of them are.
    """
    truth, pred, weight = _comparable(y_true, y_pred, sample_weight)
    wrong = 0.0
    for rows, differ in _differences(truth, pred):
        any_wrong: Array = differ if differ.ndim == 1 else np.any(differ, axis=1)
        wrong += float(row_sum(any_wrong, None if weight is None else weight[rows]))
    return wrong / divisor(weight, truth.shape[0]) if normalize else wrong


@checked(y_true=TARGETS, y_pred=TARGETS, sample_weight=WEIGHTS)
def hamming_loss(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """The fraction of labels that are predicted wrongly."""
    truth, pred, weight = _comparable(y_true, y_pred, sample_weight)
    wrong = 0.0
    for rows, differ in _differences(truth, pred):
        count = differ if differ.ndim == 1 else np.add.reduce(differ, axis=1, dtype=np.float64)
        wrong += float(row_sum(count, None if weight is None else weight[rows]))
    return wrong / divisor(weight, truth.shape[0]) / (truth.shape[1] if truth.ndim > 1 else 1)


def _differences(truth: Any, pred: Any) -> Iterator[tuple[slice, Array]]:
    """Where labels are not those that are predicted, some rows at a time."""
    for rows in pieces(truth.shape[0], truth.shape[1] if truth.ndim > 1 else 1):
        yield rows, np.not_equal(*(part[rows].toarray() if is_sparse(part) else part[rows] for part in (truth, pred)))


def _comparable(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Array | None]:
    """Labels of one kind, be they classes or indicators, and their weights."""
    check_lengths(y_true, y_pred, sample_weight)
    kinds, arrays = zip(
        *(kind_of(given, name) for given, name in ((y_true, "y_true"), (y_pred, "y_pred"))), strict=True
    )
    rows = row_count(y_true)
    if rows < 1:
        raise ValueError(
            "Found empty input array (e.g., `y_true` or `y_pred`) while a minimum of 1 sample is required."
        )
    weight = weights(sample_weight, rows)
    if kinds[0] != kinds[1]:
        names = [name_of(kind, array) for kind, array in zip(kinds, arrays, strict=True)]
        raise ValueError(f"Classification metrics can't handle a mix of {names[0]} and {names[1]} targets")
    if kinds[0] not in (CLASSES, INDICATOR):
        raise ValueError(f"{name_of(kinds[0], arrays[0])} is not supported")
    if kinds[0] == CLASSES:
        arrays = tuple(array.reshape(-1) for array in arrays)
        _refuse_words_and_numbers(*arrays)
    elif arrays[0].shape[1] != arrays[1].shape[1]:
        raise ValueError("Multi-label binary indicator input with different numbers of labels")
    return *arrays, weight


def _refuse_words_and_numbers(truth: Array, pred: Array) -> None:
    if len({array.dtype.kind in "biuf" for array in (truth, pred)}) > 1:
        raise ValueError(f"Mix of label input types (string and number); Got {distinct(truth)} and {distinct(pred)}.")


@checked(y_true=(ARRAY,), pred_decision=(ARRAY,), labels=(ARRAY, NONE), sample_weight=WEIGHTS)
def hinge_loss(
    y_true: ArrayLike,
    pred_decision: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """The mean of what scores fall short of a margin of 1: the score of the greater of two classes, or that of the right class.

    Of several classes, it is the margin before the strongest rival (Crammer and Singer).
    """
    check_lengths(y_true, pred_decision, sample_weight)
    scores = numbers(pred_decision, FLOAT64, text=False)
    check_finite(scores)
    truth = column(y_true)
    classes = distinct(truth if labels is None else np.asarray(labels).reshape(-1))
    weight = None if sample_weight is None else numbers(sample_weight, FLOAT64)
    if weight is not None and weight.ndim > 1:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if len(classes) > 2:
        _check_scores(scores, len(truth), len(classes), labels is None)
        _check_classes(truth, classes)
        total = coded_sum(MULTICLASS_HINGE, truth, coder(truth, classes), scores, weight)
    else:
        scores, (_, truth, found) = column(scores), classes_of(truth)
        total = coded_sum(HINGE, truth, _signs(found), scores, weight)
    return total / divisor(weight, len(truth))


def _check_classes(truth: Array, classes: Array) -> None:
    if strangers := [label for label in distinct(truth) if label not in classes]:
        named = strangers if truth.dtype.kind in "biuf" else repr(strangers[0])
        raise ValueError(f"y contains previously unseen labels: {named}")


def _check_scores(scores: Array, rows: int, classes: int, labels_are_found: bool) -> None:
    """Several classes have one score each."""
    if scores.ndim < 2:
        raise ValueError(  # two words run together there too
            "The shape of pred_decision cannot be 1d arraywith a multiclass target. pred_decision shape must be "
            f"(n_samples, n_classes), that is ({rows}, {classes}). Got: {scores.shape}"
        )
    if scores.shape[1] == classes:
        return
    if labels_are_found:
        raise ValueError("Please include all labels in y_true or pass labels as third argument")
    raise ValueError(
        "The shape of pred_decision is not consistent with the number of classes. With a multiclass target, pred_decision "
        f"shape must be (n_samples, n_classes), that is ({rows}, {classes}). Got: {scores.shape}"
    )


def _signs(classes: Array) -> Any:
    """What tells the greater class from the other, as far as labels do not say it themselves; a class alone is the other."""
    if classes.dtype.kind in "biuf" and classes.tolist() in ([0, 1], [-1, 1]):
        return None
    if len(classes) == 1:
        return lambda part: np.zeros(len(part), bool)
    positive = (
        classes[1] if len(classes) == 2 else classes[0]
    )  # of more than were declared the first is told from the rest
    return lambda part: part == positive
