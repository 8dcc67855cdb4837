"""Losses of a batch against itself: against the pair-by-pair reference, in tiles and in one matrix, at every edge."""

import tracemalloc

import ml_dtypes
import numpy as np
import pytest
from comparing import bits
from layouts import LAYOUTS
from variants import CONTRASTIVE

import pyloss
from pyloss import InfoNCE, NTXent, _contrastive

every_variant = pytest.mark.parametrize("variant", CONTRASTIVE, ids=str)
FLOATS = (np.float16, np.float32, np.float64, ml_dtypes.bfloat16)
REDUCTIONS = ("mean", "sum", "batchmean", "none")
N, SIZE = 24, 5


def embeddings(variant, n=N, size=SIZE, dtype=np.float64, seed=0):
    """Truth and prediction: groups of one to five rows, negative labels among them; multiples of 1/8, exact in half precision."""
    rng = np.random.default_rng((seed, n, size))
    arrays = tuple((np.round(rng.normal(size=(n, size)) * 8) / 8 + 1 / 16).astype(dtype) for _ in range(2))
    if variant().predictions:
        return None, arrays
    return rng.integers(-4, 4, n) * 1000, arrays[0]


def parts(gradient):
    return gradient if isinstance(gradient, tuple | list) else (gradient,)


def mapped(function, pred):
    return tuple(map(function, pred)) if isinstance(pred, tuple) else function(pred)


def assert_parts(got, expected, **tolerance):
    for a, b in zip(parts(got), parts(expected), strict=True):
        np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), **tolerance)


def weights(n=N):
    return np.where(np.arange(n) % 5 == 0, 0.0, np.arange(n) / 8 + 0.25)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@every_variant
def test_reference(variant, weighted, reduction):
    y, p = embeddings(variant)
    w = weights() if weighted else None
    loss = variant(reduction=reduction)
    expected = pyloss.reference.evaluate(loss, y, p, w)
    value, grad = loss.value_and_grad(y, p, w)
    np.testing.assert_allclose(value, expected.value, rtol=1e-13)
    np.testing.assert_array_equal(loss(y, p, w), value)
    assert_parts(grad, expected.grad, rtol=1e-12, atol=1e-15 * np.abs(parts(expected.grad)[0]).max())
    assert_parts(loss.grad(y, p, w), grad, rtol=0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("on_empty", ["nan", "zero"])
@every_variant
def test_reference_of_nothing(variant, on_empty, reduction):
    y, p = embeddings(variant)
    loss = variant(reduction=reduction, on_empty=on_empty)
    expected = pyloss.reference.evaluate(loss, y, p, np.zeros(N))
    value, grad = loss.value_and_grad(y, p, np.zeros(N))
    np.testing.assert_array_equal(value, expected.value)
    assert_parts(grad, expected.grad, rtol=0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@every_variant
def test_differences(variant, reduction):
    y, p = embeddings(variant, 10, 3)
    report = pyloss.check(variant(reduction=reduction), y, p, np.arange(10) % 4)
    assert report, str(report)
    assert not report.gradient.unresolved


@every_variant
def test_reductions(variant):
    """The mean is over positive pairs; unreduced values are weighted, and their derivatives unscaled."""
    y, p = embeddings(variant)
    w = weights()
    present = w != 0
    positives = np.ones(N) if y is None else np.array([(y[present] == label).sum() - 1 for label in y])
    none, mean, total, batch = (
        variant(reduction=r).value_and_grad(y, p, w) for r in ("none", "mean", "sum", "batchmean")
    )
    assert none[0].shape == (N,)
    assert (none[0][~present] == 0).all()
    assert total[0] == pytest.approx(none[0].sum(), rel=1e-14, abs=0)
    assert mean[0] == pytest.approx(total[0] / (w * positives)[present].sum(), rel=1e-14, abs=0)
    assert batch[0] == pytest.approx(total[0] / N, rel=1e-14, abs=0)
    scale = (w * positives)[present].sum()
    assert_parts(total[1], none[1], rtol=1e-14)
    assert_parts([part * scale for part in parts(mean[1])], parts(total[1]), rtol=1e-13, atol=1e-16)
    assert_parts([part * N for part in parts(batch[1])], parts(total[1]), rtol=1e-13, atol=1e-16)
    assert type(mean[0]) is float
    assert variant().forward(y, p, w) == mean[0]
    assert_parts(variant().backward(y, p, w), mean[1], rtol=0)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@every_variant
def test_dtypes(variant, dtype):
    y, p = embeddings(variant, dtype=dtype)
    exact = mapped(lambda a: a.astype(float), p)
    value, grad = variant().value_and_grad(y, p)
    expected = pyloss.reference.evaluate(variant(), y, exact)
    similar = similarity_error(variant, np.float64 if dtype == np.float64 else np.float32)
    assert value == pytest.approx(float(expected.value), rel=1e-14, abs=similar)
    eps = float(ml_dtypes.finfo(dtype).eps)
    for part, truth in zip(parts(grad), parts(expected.grad), strict=True):
        assert part.dtype == dtype
        np.testing.assert_allclose(part.astype(float), truth, rtol=eps, atol=2 * similar * np.abs(truth).max())


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@every_variant
def test_dtypes_of_rows(variant, dtype):
    """An anchor is off by what its similarities are, over the temperature, for each of its positives; then by one rounding."""
    y, p = embeddings(variant, dtype=dtype)
    values = variant(reduction="none")(y, p)
    assert values.dtype == dtype
    expected = pyloss.reference.evaluate(variant(reduction="none"), y, mapped(lambda a: a.astype(float), p)).value
    pairs = np.ones(N) if y is None else np.array([(y == label).sum() - 1 for label in y])
    similar = similarity_error(variant, np.float64 if dtype == np.float64 else np.float32)
    eps = float(ml_dtypes.finfo(dtype).eps)
    assert (np.abs(values.astype(float) - expected) <= pairs * similar + eps * np.abs(expected)).all()


def similarity_error(variant, dtype):
    """How far a similarity over the temperature is off: SIZE products of unit vectors of which each coordinate is rounded three times.

    A value is off by that of its positive and that of its negatives.
    """
    return 2 * 4 * float(np.finfo(dtype).eps) / variant().temperature


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16])
@every_variant
def test_integers(variant, dtype):
    y, p = embeddings(variant)
    p = mapped(lambda a: np.abs(a * 8).astype(dtype), p)
    value, grad = variant().value_and_grad(y, p)
    assert all(part.dtype == np.float64 for part in parts(grad))
    assert value == variant()(y, mapped(lambda a: a.astype(float), p))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_variant
def test_layouts(variant, layout):
    y, p = embeddings(variant)
    expected = variant().value_and_grad(y, p, weights())
    given = variant().value_and_grad(y, mapped(layout, p), layout(weights()))
    assert given[0] == pytest.approx(expected[0], rel=1e-15, abs=0)
    assert_parts(given[1], expected[1], rtol=1e-13, atol=1e-16)
    if layout is not LAYOUTS.get("read_only"):
        outs = mapped(lambda a: layout(np.full(a.shape, 7.0)), p)
        assert variant().grad(y, p, weights(), out=outs) is outs or isinstance(outs, tuple)
        assert_parts(outs, expected[1], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64, np.uint8, ">i4"])
def test_labels_of_any_integers(dtype):
    y = np.array([0, 1, 1, 7, 0, 100], dtype)
    p = embeddings(CONTRASTIVE[0], 6)[1]
    assert NTXent()(y, p) == NTXent()(y.tolist(), p) == NTXent()(y.astype(int) * 10**9 - 5, p)


@pytest.mark.parametrize("rows", [1, 3, 7, 1000])
@every_variant
def test_tiles(variant, rows, monkeypatch):
    """As many similarities at a time as one likes."""
    y, p = embeddings(variant, 60, 4)
    expected = variant().value_and_grad(y, p, weights(60))
    monkeypatch.setattr(_contrastive, "LARGEST", rows * 60 * 8)
    monkeypatch.setattr(_contrastive, "STRIP", rows * 20)
    value, grad = variant().value_and_grad(y, p, weights(60))
    assert value == pytest.approx(expected[0], rel=1e-14, abs=0)
    assert_parts(grad, expected[1], rtol=1e-12, atol=1e-15)


@pytest.mark.optimized
@pytest.mark.parametrize("labels", ["few", "one", "many"])
@every_variant
def test_memory(variant, labels, monkeypatch):
    """The whole matrix would take 9 MB, and is not there."""
    n = 1500
    monkeypatch.setattr(_contrastive, "LARGEST", 2**18)
    monkeypatch.setattr(_contrastive, "STRIP", 2**14)
    y, p = embeddings(variant, n, 8, np.float32)
    if y is not None:
        y = {"few": y, "one": np.zeros(n, int), "many": np.arange(n) // 2}[labels]
    tracemalloc.start()
    variant().value_and_grad(y, p)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 2**20


@pytest.mark.optimized
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@every_variant
def test_memory_of_the_embeddings(variant, dtype, monkeypatch):
    """A value takes one copy of the embeddings, a gradient another and itself."""
    monkeypatch.setattr(_contrastive, "LARGEST", 2**16)
    monkeypatch.setattr(_contrastive, "STRIP", 2**12)
    y, p = embeddings(variant, 200, 5000, dtype)
    size = sum(part.nbytes for part in parts(p))
    for call, copies in ((variant(), 1), (variant().value_and_grad, 3)):
        tracemalloc.start()
        call(y, p)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < copies * size + 2**20


@pytest.mark.parametrize("temperature", [1e-310, 1e-200])
def test_the_lowest_temperatures(temperature):
    """The best similarity takes all: 0 where it is the positive's, infinite or nearly so where it is not."""
    u = np.eye(3)
    loss = InfoNCE(temperature=temperature)
    assert loss(None, (u, u)) == 0
    assert loss(None, (u, -u)) == (1 / temperature if temperature > 1e-300 else np.inf)
    assert loss(None, (np.ones((2, 2)), np.ones((2, 2)))) == pytest.approx(np.log(2))
    assert NTXent(temperature=temperature)([0, 0, 0], u) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("exponent", [-300, -38, -20, 20, 37, 300])
@every_variant
def test_lengths_do_not_matter(variant, exponent, dtype):
    scale = np.ldexp(1.0, int(exponent / np.log10(2)))
    if not np.finfo(dtype).tiny < scale * 2**-4 < scale * 2**4 < np.finfo(dtype).max:
        return
    y, p = embeddings(variant, dtype=dtype)
    value, grad = variant().value_and_grad(y, p)
    scaled, slope = variant().value_and_grad(y, mapped(lambda a: a * dtype(scale), p))
    assert scaled == value
    with np.errstate(all="ignore"):
        least = 4 * float(np.finfo(dtype).smallest_subnormal)
        assert_parts(slope, [(part / dtype(scale)) for part in parts(grad)], rtol=1e-6, atol=least)


@every_variant
def test_row34_and_trap_61_zero_vectors(variant):
    """optax#946: no nan; what has no direction is like nothing, and has the gradient 0."""
    y, p = embeddings(variant)
    for array in p if isinstance(p, tuple) else (p,):
        array[[2, 11]] = 0
    value, grad = variant().value_and_grad(y, p)
    assert np.isfinite(value)
    for part in parts(grad):
        assert np.isfinite(part).all()
        assert (part[[2, 11]] == 0).all()
    assert value == pytest.approx(pyloss.reference.evaluate(variant(), y, p).value, rel=1e-13, abs=0)
    zeros = mapped(np.zeros_like, p)
    assert np.isfinite(variant()(y, zeros))
    assert_parts(variant().grad(y, zeros), zeros, rtol=0)


@every_variant
def test_weight_zero_is_not_there(variant):
    """Not as an anchor, and not as anyone's positive or negative; not even if it is nan."""
    y, p = embeddings(variant)
    w = weights()
    there = w != 0
    alone = variant().value_and_grad(y if y is None else y[there], mapped(lambda a: a[there], p), w[there])
    for array in p if isinstance(p, tuple) else (p,):
        array[~there] = np.nan
    value, grad = variant().value_and_grad(y, p, w)
    assert value == alone[0]
    assert_parts([part[there] for part in parts(grad)], parts(alone[1]), rtol=0)
    assert all((part[~there] == 0).all() for part in parts(grad))


def test_masks():
    y, p = embeddings(CONTRASTIVE[0])
    masked = np.ma.array(p, mask=np.zeros(p.shape, bool))
    masked[3, 1] = np.ma.masked
    w = np.ones(N)
    w[3] = 0
    assert NTXent()(y, masked) == NTXent()(y, p, w)
    assert NTXent()(np.ma.array(y, mask=w == 0), p) == NTXent()(y, p, w)


@every_variant
def test_tails(variant):
    """A low temperature: nothing overflows, and what is small stays exact."""
    u = np.eye(3)
    if variant().predictions:
        loss, args = InfoNCE(temperature=0.01), (None, (u, u))
        expected = np.log1p(2 * np.exp(-100.0))
    else:
        loss, args = NTXent(temperature=0.01), ([0, 0, 1, 2], np.vstack([u[:1], u]))
        expected = np.log1p(2 * np.exp(-100.0))
    value, grad = loss.value_and_grad(*args)
    assert value == pytest.approx(expected, rel=1e-13, abs=0)
    assert all(np.isfinite(part).all() for part in parts(grad))
    opposite, expected = np.vstack([u[:2], -u[:2]]), 100 + np.log(2)
    worst = loss(None, (u, -u)) if variant().predictions else loss([0, 1, 0, 1], opposite)
    assert worst == pytest.approx(expected, rel=1e-13, abs=0)


@every_variant
def test_nan_is_data(variant):
    y, p = embeddings(variant)
    (p[0] if isinstance(p, tuple) else p)[4, 2] = np.nan
    value, grad = variant().value_and_grad(y, p)
    assert np.isnan(value)
    assert np.isnan(parts(grad)[0][4]).all()


@every_variant
def test_nothing(variant):
    y, p = embeddings(variant)
    cases = [(y, p, np.zeros(N)), (y if y is None else y[:0], mapped(lambda a: a[:0], p), None)]
    if y is not None:
        cases.append((np.arange(N), p, None))  # no positives
    for args in cases:
        value, grad = variant().value_and_grad(*args)
        assert np.isnan(value)
        assert all((part == 0).all() for part in parts(grad))
        assert variant(on_empty="zero")(*args) == 0
        assert variant(reduction="sum")(*args) == 0
        for method in ("__call__", "grad", "value_and_grad"):
            with pytest.raises(ValueError, match="there is nothing to average"):
                getattr(variant(on_empty="raise"), method)(*args)


def test_anchors_without_negatives():
    assert NTXent()([1, 1, 1], np.eye(3)) == 0
    assert_parts(NTXent().grad([1, 1, 1], np.eye(3)), np.zeros((3, 3)), rtol=0)
    assert InfoNCE()(None, (np.eye(1), np.eye(1))) == 0


@every_variant
def test_out(variant):
    y, p = embeddings(variant)
    value, grad = variant().value_and_grad(y, p, weights())
    for dtype in FLOATS:
        outs = mapped(lambda a: np.full(a.shape, 7, dtype), p)  # noqa: B023
        given = variant().value_and_grad(y, p, weights(), out=outs)
        assert given[0] == value
        assert all(a is b for a, b in zip(parts(given[1]), parts(outs), strict=True))
        assert_parts(outs, [part.astype(dtype) for part in parts(grad)], rtol=0)
    values, out = np.full(N, 7.0), mapped(np.empty_like, p)
    loss = variant(reduction="none")
    assert loss(y, p, out=values) is values
    assert bits(values) == bits(loss(y, p))
    again = np.full(N, 7.0)
    assert loss.value_and_grad(y, p, out=(again, None))[0] is again
    loss.value_and_grad(y, p, out=(None, out))
    assert_parts(out, loss.grad(y, p), rtol=0)


@every_variant
def test_in_place(variant):
    y, p = embeddings(variant)
    expected = variant().grad(y, p, weights())
    own = mapped(np.copy, p)
    variant().grad(y, own, weights(), out=own)
    assert_parts(own, expected, rtol=0)
    memory = [np.zeros((N + 1, SIZE)) for _ in parts(p)]
    shifted = tuple(m[1:] for m in memory)
    for place, array in zip(shifted, parts(p), strict=True):
        place[...] = array
    outs = tuple(m[:-1] for m in memory)
    one = not isinstance(p, tuple)
    variant().grad(y, shifted[0] if one else shifted, weights(), out=outs[0] if one else outs)
    assert_parts(outs, parts(expected), rtol=0)


def test_a_sum_of_them():
    y, p = embeddings(CONTRASTIVE[0])
    both = pyloss.Sum([(1, NTXent()), (0.5, NTXent(temperature=0.1))])
    value, grad = both.value_and_grad(y, p)
    assert value == NTXent()(y, p) + 0.5 * NTXent(temperature=0.1)(y, p)
    np.testing.assert_allclose(grad, NTXent().grad(y, p) + 0.5 * NTXent(temperature=0.1).grad(y, p), rtol=1e-14)
    pair = p.copy(), p[::-1].copy()
    both = pyloss.Sum([(1, InfoNCE()), (0.5, InfoNCE(temperature=0.1)), (2, InfoNCE(temperature=1))])
    grads = both.grad(None, pair)
    assert_parts(both.grad(None, list(pair), out=pair), grads, rtol=1e-14, atol=1e-17)


P = np.ones((3, 2))
BAD = {
    "labels of floats": (
        lambda: NTXent()([0.0, 1.0, 0.0], P),
        TypeError,
        "nt_xent: y_true must hold integer class labels",
    ),
    "labels of booleans": (lambda: NTXent()([True, False, True], P), TypeError, "nt_xent: y_true must hold integer"),
    "no labels": (lambda: NTXent()(None, P), TypeError, "nt_xent: y_true must be an array, got None"),
    "too few labels": (lambda: NTXent()([1, 2], P), ValueError, r"one label a row: the shape \(3,\), got \(2,\)"),
    "a vector": (lambda: NTXent()([1, 2], [1.0, 2.0]), ValueError, r"one embedding a row, got the shape \(2,\)"),
    "complex": (lambda: NTXent()([1, 2, 3], P * 1j), TypeError, "nt_xent: y_pred must hold real numbers"),
    "labels for pairs": (lambda: InfoNCE()([1, 2, 3], (P, P)), TypeError, "info_nce: y_true must be None"),
    "no pair": (lambda: InfoNCE()(None, P[0]), TypeError, r"must be a tuple of 2 arrays \(queries, keys\)"),
    "unequal": (lambda: InfoNCE()(None, (P, P[:2])), ValueError, r"queries and keys must have the same shape"),
    "temperature 0": (lambda: NTXent(temperature=0), ValueError, r"temperature must be in \(0, inf\), got 0"),
    "weights": (
        lambda: NTXent()([1, 2, 3], P, [1, 2]),
        ValueError,
        r"sample_weight must have the shape \(3,\), got \(2,\)",
    ),
    "weights of cells": (lambda: NTXent()([1, 2, 3], P, P), ValueError, r"sample_weight must have the shape \(3,\)"),
    "negative weights": (
        lambda: NTXent()([1, 2, 3], P, [1, -2, 1]),
        ValueError,
        "sample_weight must be >= 0, got -2.* at index 1",
    ),
    "out for a number": (
        lambda: NTXent()([1, 2, 3], P, out=P),
        TypeError,
        "with reduction='mean' the value is a number",
    ),
    "out of another shape": (
        lambda: NTXent().grad([1, 2, 3], P, out=P[:2]),
        ValueError,
        r"out must have the shape \(3, 2\)",
    ),
    "out of integers": (lambda: NTXent().grad([1, 2, 3], P, out=P.astype(int)), ValueError, "out must hold float16"),
    "one out for two": (lambda: InfoNCE().grad(None, (P, P), out=P), TypeError, "out must be a tuple of 2 arrays"),
    "shared outs": (lambda: InfoNCE().grad(None, (P, P), out=(P, P)), ValueError, "the arrays of out share memory"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_negative_weights_unchecked():
    assert np.isfinite(NTXent(check=False)([1, 1, 3], P, [1, -2, 4]))
