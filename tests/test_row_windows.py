"""Rows of many classes that lie side by side, as in Fortran order: windows of them are laid out, with the bits of plain rows."""

import numpy as np
import pytest
from comparing import answers, assert_same_bits
from variants import PAIRED, ROWWISE, data, weights

import pyloss

# A block and more; longer rows, of which a block has fewer; the longest that are laid out, and longer ones.
SHAPES = [(150, 40), (40, 1_100), (19, 2_048), (17, 2_100)]
LOSSES = [variant for variant in (*ROWWISE, *PAIRED) if hasattr(variant(), "axis") and not variant.classes]
every_loss = pytest.mark.parametrize("variant", LOSSES, ids=str)


def typed(given, dtype):
    """As floats of a type; labels stay what they are."""
    if isinstance(given, tuple):
        return tuple(typed(a, dtype) for a in given)
    return given if given is None or given.dtype.kind in "iu" else given.astype(dtype)


def across(given):
    if isinstance(given, tuple):
        return tuple(map(across, given))
    return given if given is None else np.asfortranarray(given)


def zeros_like(given):
    return tuple(map(zeros_like, given)) if isinstance(given, tuple) else np.zeros_like(given)


def assert_equal(got, expected):
    for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (got, expected)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@every_loss
def test_answers(variant, dtype):
    for shape, threads in zip(SHAPES, (3, 1, 2, 3), strict=True):
        y, p = typed(data(variant, shape), dtype)
        w = weights(shape[:1])
        loss = variant(reduction="none")
        with pyloss.threads(threads):
            for given in ((across(y), across(p)), (y, across(p)), (across(y), p)):
                assert_same_bits(answers(loss, *given), answers(loss, y, p))
                assert_same_bits(answers(variant(), *given, w), answers(variant(), y, p, w))


@every_loss
def test_outs(variant):
    """Into arrays laid out alike, into plain ones, and in the place of the predictions."""
    y, p = data(variant, (150, 40))
    loss = variant()
    value, grad = loss.value_and_grad(y, p)
    for inputs, out in ((across(p), across(zeros_like(p))), (across(p), zeros_like(p)), (p, across(zeros_like(p)))):
        assert loss.value_and_grad(y, inputs, out=out)[0] == value
        assert_equal(out, grad)
    place = across(p)
    assert loss.value_and_grad(across(y), place, out=place)[0] == value
    assert_equal(place, grad)


def every_second(given):
    if isinstance(given, tuple):
        return tuple(map(every_second, given))
    return np.full((len(given), 2 * given.shape[1]), 77.0)[:, ::2]


@every_loss
def test_outs_in_steps(variant):
    """The derivatives of a class are not beside those of the next; what lies between is left alone."""
    for classes in (40, 1_100):
        y, p = data(variant, (5, classes))
        out = every_second(p)
        value, _ = variant().value_and_grad(y, p, out=out)
        expected = variant().value_and_grad(y, p)
        assert value == expected[0]
        assert_equal(out, expected[1])
        for array in out if isinstance(out, tuple) else (out,):
            assert (array.base[:, 1::2] == 77).all()


@every_loss
def test_the_class_axis_first(variant):
    y, p = data(variant, (150, 40))
    turned = tuple(a.T.copy() for a in p) if isinstance(p, tuple) else p.T.copy()
    truth = y.T.copy() if y is not None and y.ndim == 2 else y
    got, expected = variant(axis=0).value_and_grad(truth, turned), variant().value_and_grad(y, p)
    assert got[0] == expected[0]
    assert_equal(tuple(a.T for a in got[1]) if isinstance(p, tuple) else got[1].T, expected[1])


@pytest.mark.parametrize(
    "options", [{"label_smoothing": 0.25}, {"temperature": 2.0}, {"softcap": 3.0}, {"z_loss": 0.5}], ids=str
)
def test_options(options):
    rng = np.random.default_rng(0)
    loss = pyloss.CCE(from_logits=True, class_weight=tuple(rng.uniform(0, 2, 40)), ignore_index=3, **options)
    labels, truth, z = rng.integers(0, 40, 150), rng.dirichlet(np.ones(40), 150), rng.normal(size=(150, 40))
    for y in (labels, truth):
        assert_same_bits(answers(loss, across(y), across(z)), answers(loss, y, z))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_row_that_is_faulty_is_named(threads):
    rng = np.random.default_rng(0)
    truth, z = rng.dirichlet(np.ones(40), 150), rng.normal(size=(150, 40))
    truth[101, 7] = truth[140, 3] = -1
    labels = rng.integers(0, 40, 150)
    labels[[77, 99]] = 40
    out = across(np.zeros_like(z))
    with pyloss.threads(threads):
        with pytest.raises(ValueError, match=r"got -1.0 at index \(101, 7\)"):
            pyloss.CCE(from_logits=True).value_and_grad(across(truth), across(z), out=out)
        with pytest.raises(IndexError, match="got 40 at index 77"):
            pyloss.CCE(from_logits=True).value_and_grad(labels, across(z), out=out)
