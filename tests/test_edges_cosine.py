"""Rows 34 to 37 of the contract: angles of vectors of any length, in every loss of cosines."""

import numpy as np
import pytest
from everything import parts

import pyloss

FLOATS = (np.float32, np.float64)
both_precisions = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)

# Losses of two arrays of vectors as functions of them that are the cosine distance, and their gradients by both.
ALIKE = {
    "cosine_distance": lambda a, b: pyloss.CosineDistance(reduction="none").value_and_grad(a, b),
    "cosine_embedding": lambda a, b: pyloss.CosineEmbedding(reduction="none").value_and_grad(
        np.ones(len(a), int), (a, b)
    ),
}


@pytest.fixture(params=ALIKE)
def distance(request):
    return ALIKE[request.param]


def test_every_loss_of_cosines_is_here():
    """Those of batches have tests of their own: test_contrastive.py."""
    named = {stem for stem, cls in pyloss.LOSSES.items() if "zero vector" in (cls.__doc__ or "").lower()}
    assert named == {*ALIKE, "nt_xent", "info_nce"}


@both_precisions
def test_row34_zero_vectors_have_no_direction(distance, dtype):
    """Distance 0 and gradient 0, on either side and on both."""
    zero, some = np.zeros((1, 2), dtype), np.array([[1, 2]], dtype)
    for a, b in ((zero, some), (some, zero), (zero, zero)):
        value, grad = distance(a, b)
        assert value == 0
        assert not np.any(grad)


@both_precisions
@pytest.mark.parametrize("size", [1e-44, 1e-38, 1e-30, 1, 49, 1e30, 3e38])
def test_rows_35_36_lengths_do_not_matter(distance, size, dtype):
    v, w = np.array([[size, 0]], dtype), np.array([[0, size]], dtype)
    assert distance(v, v)[0] == 0
    assert distance(v, -v)[0] == 2
    value, grad = distance(v, w)
    assert value == 1
    with np.errstate(over="ignore"):
        slope = (-1 / v[0, 0].astype(float)).astype(dtype)
    expected = [[[0, slope]], [[slope, 0]]][2 - len(parts(grad)) :]
    np.testing.assert_allclose(np.array(parts(grad)), expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("size", [5e-324, 1e-310, 3e-162, 1e-158, 1e158, 8e307])
@pytest.mark.parametrize("classes", [2, 40])
def test_rows_35_36_squares_beyond_the_range_of_doubles(distance, classes, size):
    """Some vanish, some keep a few digits, some are infinite."""
    v, w = np.zeros((2, 1, classes))
    v[0, 0] = w[0, 0] = w[0, 1] = size
    assert distance(v, w)[0] == pytest.approx(1 - np.sqrt(0.5), rel=4e-15, abs=0)


@both_precisions
@pytest.mark.parametrize("classes", [1, 7, 32, 33])
def test_no_row_depends_on_its_neighbours(distance, dtype, classes, rng):
    """Few classes are taken in tiles of 64 rows, of which those beyond the range are taken alone."""
    v, w = (rng.normal(size=(64 + 7, classes)).astype(dtype) for _ in range(2))
    with np.errstate(all="ignore"):
        for row, unusual in enumerate((0.0, np.nan, np.inf, 1e-30, 1e30, np.finfo(dtype).max, np.finfo(dtype).tiny)):
            v[9 * row] *= dtype(unusual)
            w[9 * row + 1] *= dtype(unusual)
        values, grads = distance(v, w)
        for row in range(len(v)):
            value, grad = distance(v[row : row + 1], w[row : row + 1])
            np.testing.assert_array_equal(values[row], value[0])
            for whole, alone in zip(parts(grads), parts(grad), strict=True):
                np.testing.assert_array_equal(whole[row], alone[0])


@both_precisions
def test_row37_a_distance_is_in_its_interval(distance, dtype, rng):
    v = rng.normal(size=(5000, 3)).astype(dtype)
    same, opposite = distance(v, v * dtype(1.1))[0], distance(v, -v * dtype(0.9))[0]
    eps = np.finfo(dtype).eps
    assert (same >= 0).all()
    assert (same <= 4 * eps**2).all()
    assert (opposite <= 2).all()
    np.testing.assert_allclose(opposite, 2, rtol=2 * eps)


def test_row37_similarities_of_a_batch_are_in_their_interval(rng):
    """The best that a pair can have is 1, and its anchor's loss not below that of the exact cosines."""
    u = rng.normal(size=(40, 3))
    least = np.log1p(39 * np.exp(-2 / 0.07))
    assert (pyloss.InfoNCE(reduction="none")(None, (u, u * 1.1)) >= least * (1 - 1e-12)).all()
