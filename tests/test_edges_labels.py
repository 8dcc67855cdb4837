"""Class labels, rows 45 to 50 of the contract: in every loss that takes them, the forms that test_errors.py leaves out among them."""

import re

import numpy as np
import pytest
from comparing import answers, assert_same_bits, methods
from everything import OTHERS, names_classes, sample
from layouts import LAYOUTS
from variants import CONTRASTIVE, EVERY

LABELLED = [variant for variant in OTHERS if names_classes(variant)]
INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
GROUPED = [variant for variant in CONTRASTIVE if variant().labels == "rows"]
every_labelled = pytest.mark.parametrize("variant", LABELLED, ids=str)


@every_labelled
def test_rows_45_46_labels_of_no_class(variant):
    """Always checked, with `check=False` too; in any layout; before anything is written."""
    y, p = sample(variant)
    place = (7,) if y.ndim == 1 else (7, 2)
    at = re.escape(f"index {place[0] if len(place) == 1 else place}")
    for label in (4, 5, -1, 2**40, -(2**62), 2**63 - 1):
        wrong, out = y.copy(), np.full(p.shape, 7.0)
        wrong[place] = label
        for check in (True, False):
            for ask in methods(variant()):
                with pytest.raises(
                    IndexError, match=rf"^{variant.stem}: class labels must be in 0 \.\.\. 3, got {label} at {at}"
                ):
                    getattr(variant(check=check), ask)(LAYOUTS["negative"](wrong), p)
        in_place = p.copy()
        for given in (out, in_place):
            with pytest.raises(IndexError):
                variant().grad(wrong, in_place, out=given)
        np.testing.assert_array_equal(in_place, p)
    for dtype, label in ((np.uint64, 2**64 - 1), (np.uint8, 255), (np.int8, -128)):
        wrong = y.astype(dtype)
        wrong[place] = label
        with pytest.raises(IndexError, match=f"got {label} at "):
            variant()(wrong, p)


@pytest.mark.parametrize("variant", [*LABELLED, *GROUPED], ids=str)
def test_rows_47_48_50_labels_are_integers(variant):
    """Whole floats are none, and neither are nan, 1e9, 1.7 or a bool."""
    y, p = sample(variant)
    for labels in (y.astype(float), y + 0.7, y * np.nan, y * 1e9, y.astype(np.float16), y > 0, y.astype(complex)):
        for check in (True, False):
            for ask in methods(variant()):
                with pytest.raises(
                    TypeError, match=rf"^{variant.stem}: y_true must hold integer class labels, got {labels.dtype}$"
                ):
                    getattr(variant(check=check), ask)(labels, p)


@pytest.mark.parametrize("variant", [variant for variant in EVERY if names_classes(variant)] + GROUPED, ids=str)
def test_row49_integers_of_any_kind(variant):
    """The same bits, in either byte order, and as a list."""
    y, p = sample(variant)
    for dtype in INTEGERS:
        if np.dtype(dtype).kind == "u":  # no -1 ends a list then: it has the row's length
            y = np.abs(y)
        expected = answers(variant(), y, p)
        for labels in (y.astype(dtype), LAYOUTS["swapped"](y.astype(dtype)), y.astype(dtype).tolist()):
            assert_same_bits(answers(variant(), labels, p), expected)


@pytest.mark.parametrize("variant", [v for v in EVERY if names_classes(v) and sample(v)[0].ndim == 1], ids=str)
def test_no_labels(variant):
    """An empty list says nothing of its numbers, and may be the labels of no rows; an empty array of floats is none."""
    y, p = sample(variant)
    assert_same_bits(answers(variant(), [], p[:0]), answers(variant(), y[:0], p[:0]))
    if variant().labels == "always":
        with pytest.raises(TypeError, match="integer class labels"):
            variant()(np.array([]), p[:0])
