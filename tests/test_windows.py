"""Arrays in Fortran order and in steps of 2, so large that several windows of blocks are laid out: the bits of the plain call."""

from itertools import product

import numpy as np
import pytest
from comparing import answers, assert_same_bits
from layouts import LAYOUTS
from variants import weights

import pyloss

LOSSES = [pyloss.MSE(), pyloss.Huber(), pyloss.Expectile(), pyloss.LogCosh(), pyloss.PoissonNLL(), pyloss.GaussianNLL()]
OF_LABELS = [pyloss.Hinge(), pyloss.Brier()]
# Rows that are shorter than a window, as long, and longer; so few that none is transposed; one block; a class axis before the last.
SHAPES = [(9_000, 5), (5_000, 20), (700, 100), (70, 1_024), (7, 10_000), (3, 30_000), (20, 50), (5, 60, 300)]
FORTRAN = LAYOUTS["fortran_order"]
all_losses = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)


def numbers(shape, dtype, count=3):
    rng = np.random.default_rng(shape)
    return [rng.uniform(0.1, 2, shape).astype(dtype) for _ in range(count)]


def columns_of_more(a):
    """The rows in the middle of an array in Fortran order."""
    return np.asfortranarray(np.pad(a, ((3, 5), *[(0, 0)] * (a.ndim - 1))))[3:-5]


def across(a):
    """Neighbours along the last axis but one, as in Fortran order."""
    return np.moveaxis(np.moveaxis(a, -1, -2).copy(), -2, -1)


def every_second(a):
    wide = np.full((*a.shape[:-1], 2 * a.shape[-1]), 77, a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def several(loss, p, q):
    return (p, q) if loss.predictions else p


@pytest.mark.parametrize("layout", [across, every_second])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@all_losses
def test_answers(loss, shape, layout):
    for dtype, threads in product((np.float32, np.float64), (1, 3)):
        y, p, q = numbers(shape, dtype)
        w = weights(shape[:1])
        for laid_out in ((layout(y), layout(p), layout(q)), (y, layout(p), q), (layout(y), p, layout(q))):
            with pyloss.threads(threads):
                given = laid_out[0], several(loss, *laid_out[1:])
                assert_same_bits(answers(loss, *given), answers(loss, y, several(loss, p, q)))
                assert_same_bits(answers(loss, *given, w), answers(loss, y, several(loss, p, q), w))


@pytest.mark.parametrize("layout", [across, every_second])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@all_losses
def test_outs(loss, shape, layout):
    """Into an array laid out alike, into one that is not, and in the place of an input; what lies between is left alone."""
    for dtype in (np.float32, np.float64):
        y, p, q = numbers(shape, dtype)
        value, grads = loss.value_and_grad(y, several(loss, p, q))
        expected = grads if isinstance(grads, tuple) else (grads,)
        views = [layout(y), layout(p), layout(q)]
        for place in (layout, np.copy, None):
            outs = [np.copy(p) if place is None else place(np.zeros(shape, dtype)) for _ in expected]
            if place is None:
                outs = views[1 : 1 + len(expected)]
            got, _ = loss.value_and_grad(views[0], several(loss, *views[1:]), out=several(loss, outs[0], outs[-1]))
            assert got == value
            for out, grad in zip(outs, expected, strict=True):
                np.testing.assert_array_equal(out, grad)
                if layout is every_second and place is not np.copy:
                    assert (out.base[..., 1::2] == 77).all()


@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_values_of_their_own(reduction):
    y, p, _ = numbers((700, 100), np.float32)
    loss = pyloss.LogCosh(reduction=reduction)
    assert_same_bits(answers(loss, FORTRAN(y), FORTRAN(p)), answers(loss, y, p))
    if reduction == "none":
        values, grad = across(np.zeros_like(y)), across(np.zeros_like(y))
        loss.value_and_grad(FORTRAN(y), p, out=(values, grad))
        for got, expected in zip((values, grad), loss.value_and_grad(y, p), strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1_024, 1_025, 1_031, 4_999])
@pytest.mark.parametrize("loss", LOSSES + OF_LABELS, ids=lambda loss: loss.name)
def test_columns_of_larger_arrays(loss, rows, dtype):
    """Columns of any length, some of them left over by vectors, with a gradient like them or in a place that overlaps."""
    y, p, q = numbers((rows, 11), dtype)
    if loss in OF_LABELS:
        y, p = np.rint(y / 2), p / 2
    laid_out = columns_of_more(y), several(loss, columns_of_more(p), columns_of_more(q))
    assert_same_bits(answers(loss, *laid_out), answers(loss, y, several(loss, p, q)))
    if loss.predictions:
        return
    value, grad = loss.value_and_grad(y, p)
    for shift in (0, 1, 9, 16, rows + 7):
        room = np.full(shift + (rows + 8) * 11, 77, dtype)
        pred, out = (room[at : at + (rows + 8) * 11].reshape(11, rows + 8).T[3:-5] for at in (0, shift))
        pred[:] = p
        before = room.copy()
        got, _ = loss.value_and_grad(columns_of_more(y), pred, out=out)
        assert got == value
        np.testing.assert_array_equal(out, grad)
        written = np.zeros(room.size, bool)
        written[shift:].reshape(11, rows + 8).T[3:-5] = True
        np.testing.assert_array_equal(room[~written], before[~written])


def spaced(a):
    """Columns that begin a byte more than a multiple of their numbers' size apart."""
    rows, columns = a.shape
    room = np.zeros((a.itemsize * rows + 1) * columns, np.uint8)
    view = np.ndarray(a.shape, a.dtype, room, strides=(a.itemsize, a.itemsize * rows + 1))
    view[:] = a
    return view


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(90, 9), (1_100, 11), (300, 40)], ids=str)
def test_columns_that_are_not_aligned(shape, dtype):
    y, p, _ = numbers(shape, dtype)
    for loss in (pyloss.MSE(), pyloss.KLDivergence(), pyloss.CosineDistance()):
        assert_same_bits(answers(loss, spaced(y), spaced(p)), answers(loss, y, p))
        out = spaced(np.zeros_like(p))
        loss.grad(y, p, out=out)
        np.testing.assert_array_equal(out, loss.grad(y, p))


@pytest.mark.parametrize("rows", [1_031, 4_999])
def test_columns_in_the_place_of_the_truth(rows):
    """What vectors leave over is not computed again of what has been overwritten."""
    y, p, _ = numbers((rows, 11), np.float32)
    for loss in (pyloss.MSE(), pyloss.MSE(reduction="none"), pyloss.LogCosh()):
        for layout in (across, lambda a: across(a[:, ::-1])[:, ::-1]):
            place = layout(y)
            loss.grad(place, layout(p), out=place)
            np.testing.assert_array_equal(place, loss.grad(y, p))


def test_a_result_that_lies_otherwise_than_the_columns():
    y, p, _ = numbers((4_999, 11), np.float32)
    expected = pyloss.LogCosh().grad_and_hess(y, p)
    for layouts in product((across, np.copy, every_second), repeat=2):
        outs = tuple(layout(np.zeros_like(p)) for layout in layouts)
        for out, right in zip(pyloss.LogCosh().grad_and_hess(across(y), across(p), out=outs), expected, strict=True):
            np.testing.assert_array_equal(out, right)


def test_columns_too_many_for_a_window():
    y, p, _ = numbers((600, 200), np.float32)
    for loss in (pyloss.MSE(), pyloss.LogCosh()):
        assert_same_bits(answers(loss, across(y), across(p)), answers(loss, y, p))


def test_columns_of_several_matrices():
    """A block goes on from one matrix to the next, in the middle of what is transposed."""
    for shape in ((200, 30, 7), (3, 700, 11), (20, 3, 50, 6)):
        y, p, q = numbers(shape, np.float32)
        for loss in LOSSES:
            given = across(y), several(loss, across(p), across(q))
            assert_same_bits(answers(loss, *given), answers(loss, y, several(loss, p, q)))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_that_is_out_of_the_domain_is_named(threads):
    y, p, _ = numbers((700, 100), np.float32)
    y[123, 45] = y[600, 7] = -1
    with pyloss.threads(threads), pytest.raises(ValueError, match=r"\[123, 45\]|\(123, 45\)"):
        pyloss.PoissonNLL().value_and_grad(FORTRAN(y), FORTRAN(p), out=FORTRAN(np.zeros_like(p)))


@pytest.mark.parametrize("shape", [(700, 100), (5_000, 20)], ids=str)
def test_sums_that_leave_the_range(shape):
    """A block whose sum is infinite in float32 goes the way of all others; a nan and an infinity stay what they are."""
    y, p, _ = numbers(shape, np.float32)
    p[300, 3] = 3e38
    for wrong in (1e38, np.inf, np.nan):
        y[-17, 5] = wrong
        for layout in (across, every_second):
            assert_same_bits(answers(pyloss.MSE(), layout(y), layout(p)), answers(pyloss.MSE(), y, p))
