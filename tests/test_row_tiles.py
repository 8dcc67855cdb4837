"""Rows of up to 32 numbers are taken in tiles of 64 or held at once, longer ones are walked by themselves: nobody may see that."""

import numpy as np
import pytest
from everything import parts

import pyloss

CLASSES = (1, 2, 9, 32, 33)
ROWS = 64 + 7
LABELS = np.resize([1, -1, 0, np.nan], ROWS)
LOSSES = {
    "embedding": pyloss.CosineEmbedding(margin=0.1, reduction="none"),
    "triplet": pyloss.Triplet(reduction="none"),
    "triplet_swap": pyloss.Triplet(swap=True, reduction="none"),
    "triplet_manhattan": pyloss.Triplet(p=1, swap=True, margin=3.0, reduction="none"),
    "triplet_cubes": pyloss.Triplet(p=3, reduction="none"),
    "multiclass_hinge": pyloss.MulticlassHinge(reduction="none"),
    "multilabel_margin": pyloss.MultilabelMargin(reduction="none"),
    "multi_margin": pyloss.MultiMargin(reduction="none"),
    "multi_margin_squared": pyloss.MultiMargin(p=2, margin=0.5, reduction="none"),
}


@pytest.fixture(params=LOSSES)
def loss(request):
    return LOSSES[request.param]


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return request.param


def truth_for(loss, classes):
    if isinstance(loss, pyloss.Triplet):
        return None
    if loss.labels == "lists":
        return lists_for(classes)
    return np.arange(ROWS) % classes if loss.labels == "always" else LABELS


def lists_for(classes):
    """Of every length, in any order; some have a class several times."""
    rows, places = np.arange(ROWS)[:, None], np.arange(classes)
    lists = (places * (1 + rows % 3) + rows) % classes
    return np.where(places < 7 * rows % (classes + 1), lists, -1)


def vectors(loss, rng, classes, dtype):
    """As many arrays as the loss has predictions. Some rows are beyond the range of squares, or hold no numbers, or equal others."""
    arrays = [rng.normal(size=(ROWS, classes)).astype(dtype) for _ in loss.predictions or (None,)]
    with np.errstate(all="ignore"):
        for row, unusual in enumerate((0.0, np.nan, np.inf, 1e-30, 1e30, np.finfo(dtype).max, np.finfo(dtype).tiny)):
            for place, array in enumerate(arrays):
                array[9 * row + place] *= dtype(unusual)
    for array in arrays[1:]:
        array[8::9] = arrays[0][8::9]
    return arrays


def shaped(loss, arrays):
    return tuple(arrays) if loss.predictions else arrays[0]


def rows_of(truth, arrays, rows):
    return truth if truth is None else truth[rows], [array[rows] for array in arrays]


def calls(loss):
    """Everything that gives derivatives of rows."""
    return [loss.value_and_grad, *([loss.grad_and_hess] if hasattr(loss, "grad_and_hess") else [])]


@pytest.mark.parametrize("classes", CLASSES)
def test_no_row_depends_on_its_neighbours(loss, dtype, classes, rng):
    truth, arrays = truth_for(loss, classes), vectors(loss, rng, classes, dtype)
    for call in calls(loss):
        whole = parts(call(truth, shaped(loss, arrays)))
        for row in range(ROWS):
            one, alone = rows_of(truth, arrays, slice(row, row + 1))
            for every, own in zip(whole, parts(call(one, shaped(loss, alone))), strict=True):
                for many, few in zip(parts(every), parts(own), strict=True):
                    np.testing.assert_array_equal(many[row], few[0], err_msg=f"row {row}")


@pytest.mark.parametrize("classes", CLASSES[:-1])
def test_numbers_that_count_nothing_change_nothing(loss, dtype, classes, rng):
    """Vectors longer by zeros have the same lengths and angles, a class that leads nobody adds 0: and long rows are no tiles."""
    truth, arrays = truth_for(loss, classes), vectors(loss, rng, classes, dtype)
    scores = loss.labels in {"always", "lists"}
    nothing = -np.inf if scores else 0
    longer = [np.pad(array, ((0, 0), (0, 40 - classes)), constant_values=nothing) for array in arrays]
    divided_by = 40 / classes if isinstance(loss, pyloss.MultiMargin | pyloss.MultilabelMargin) else 1
    tolerance = {"rtol": 30 * np.finfo(dtype).eps, "atol": 500 * np.finfo(dtype).eps}
    value, grad = loss.value_and_grad(truth, shaped(loss, arrays))
    longer_truth = np.pad(truth, ((0, 0), (0, 40 - classes)), constant_values=-1) if loss.labels == "lists" else truth
    expected, slopes = loss.value_and_grad(longer_truth, shaped(loss, longer))
    counts = np.isfinite(value) & np.isfinite(expected)
    if not scores:  # of a label at -inf the added classes make a nan
        np.testing.assert_array_equal(np.isnan(value), np.isnan(expected))
    assert counts.sum() > ROWS / 2
    np.testing.assert_allclose(value[counts], expected[counts] * divided_by, **tolerance)
    for few, many in zip(parts(grad), parts(slopes), strict=True):
        np.testing.assert_allclose(few[counts], many[counts, :classes] * divided_by, **tolerance)


@pytest.mark.parametrize("classes", [2, 32])
def test_in_place(loss, dtype, classes, rng):
    """Irregular rows are read before their place is written."""
    truth, arrays = truth_for(loss, classes), vectors(loss, rng, classes, dtype)
    value, grad = loss.value_and_grad(truth, shaped(loss, arrays))
    again, _ = loss.value_and_grad(truth, shaped(loss, arrays), out=(None, shaped(loss, arrays)))
    np.testing.assert_array_equal(value, again)
    for fresh, written in zip(parts(grad), arrays, strict=True):
        np.testing.assert_array_equal(fresh, written)


@pytest.mark.parametrize("classes", [2, 32, 33])
def test_rows_of_weight_0_count_nothing(loss, dtype, classes, rng):
    truth, arrays = truth_for(loss, classes), vectors(loss, rng, classes, dtype)
    weight = np.resize([0.0, 2.0], ROWS)
    least = 2 * np.finfo(dtype).smallest_subnormal
    value, grad = loss.value_and_grad(truth, shaped(loss, arrays), weight)
    plain, slopes = loss.value_and_grad(truth, shaped(loss, arrays))
    assert not value[::2].any()
    np.testing.assert_array_equal(value[1::2], 2 * plain[1::2])
    for weighted, slope in zip(parts(grad), parts(slopes), strict=True):
        assert not weighted[::2].any()
        assert not np.signbit(weighted[::2]).any()
        np.testing.assert_allclose(weighted[1::2], 2 * slope[1::2], rtol=4 * np.finfo(dtype).eps, atol=least)


@pytest.mark.parametrize("classes", [3, 40])
def test_an_infinite_distance_has_a_direction(dtype, classes):
    """That of the infinite entry is unknown, the others count nothing beside it."""
    anchor, positive, negative = np.zeros((3, 1, classes), dtype)
    positive[0, :2] = np.inf, 1
    _, grads = pyloss.Triplet(reduction="none").value_and_grad(None, (anchor, positive, negative))
    for grad in grads[:2]:
        np.testing.assert_array_equal(np.isnan(grad[0]), [True] + [False] * (classes - 1))
        assert not grad[0, 1:].any()


@pytest.mark.parametrize("classes", [2, 40])
def test_sizes_of_any_magnitude_have_signs(classes):
    anchor, positive, negative = np.zeros((3, 1, classes))
    anchor[0, :2] = 1e250, 1e-100
    grad, _, _ = pyloss.Triplet(p=1, reduction="none").grad(None, (anchor, positive, negative + anchor))
    np.testing.assert_array_equal(grad[0, :2], 1)


@pytest.mark.parametrize("classes", [2, 40])
@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-160, 1e160])
def test_cosines_of_equal_vectors(classes, size):
    """At most 1, and flat."""
    vectors = np.zeros((1, classes))
    vectors[0, :2] = size, 3 * size
    for label, value in ((1, 0.0), (-1, 1.0)):
        got, grads = pyloss.CosineEmbedding(reduction="none").value_and_grad(np.array([label]), (vectors, vectors))
        assert value - 1e-15 <= got[0] <= value
        assert not np.isnan(np.array(grads)).any()
    assert not pyloss.CosineDistance().grad(vectors, vectors).any()
