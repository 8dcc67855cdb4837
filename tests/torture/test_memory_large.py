"""More than 2^31 elements, rows and bytes: by zero strides, by zeros that no page has been given for, and by memory that repeats itself."""

import ctypes
import mmap
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from guarded import FORMS
from inputs import inputs, into_outs, leaves
from variants import ELEMENTWISE, PAIRED, ROWWISE, TOTALS, kernel

import pyloss

MANY = 2**31 + 9
CLASSES = 16
"""Of a row: few enough for the kernels of short rows, which with two of them would take half an hour."""
STEP = 2**31 + 24
TILE = 1 << 26
LARGEST = 4 * STEP
"""Bytes of an array. Next to none of its pages are written to, but Linux refuses what is more than it has."""
MAP_NORESERVE = 0x4000
MAP_FIXED = 0x10

pytestmark = [
    pytest.mark.large,
    pytest.mark.optimized,
    pytest.mark.skipif(sys.platform != "linux" or sys.maxsize < 2**32, reason="maps memory as Linux does, 8 GiB of it"),
]


def available():
    """In bytes."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))


@pytest.fixture(autouse=True)
def enough_memory():
    if available() < LARGEST:
        pytest.skip(f"needs {LARGEST >> 30} GiB of free memory, and there are {available() >> 30}")


@pytest.fixture(autouse=True)
def two_threads():
    with pyloss.threads(2):
        yield


def each_kernel(forms):
    """One form for each kernel, by its name alone, and each kind of truth."""
    kinds = {(kernel(form())[0][0], form.labels): form for form in reversed(forms)}
    return pytest.mark.parametrize("form", kinds.values(), ids=str)


def by_rows(form):
    return form.row_truth or form.values_shape((1, 2)) == (1,)


def repeated(form, count, classes=2):
    """The arrays of one row (or element) in single precision, and the same over and over."""
    one = in_single(inputs(form, (1, classes) if by_rows(form) else (1,))[:2])
    return one, many(one, count)


def many(part, count):
    if isinstance(part, tuple):
        return tuple(many(each, count) for each in part)
    return None if part is None else np.broadcast_to(part, (count, *part.shape[1:]))


def in_single(part):
    if isinstance(part, tuple):
        return tuple(map(in_single, part))
    return part.astype(np.float32) if part is not None and part.dtype == np.float64 else part


def assert_the_mean_is_that_of_one(form):
    one, every = repeated(form, -(-MANY // CLASSES) if by_rows(form) else MANY, CLASSES)
    assert form()(*every) == pytest.approx(form()(*one), rel=1e-9, abs=0)


@pytest.mark.parametrize("form", [ELEMENTWISE[0], TOTALS[0], TOTALS[-1]], ids=str)
def test_elements(form):
    assert_the_mean_is_that_of_one(form)


@each_kernel([form for form in (*ROWWISE, *PAIRED) if not form.lists])
def test_entries_of_rows_and_pairs(form):
    assert_the_mean_is_that_of_one(form)


def test_rows():
    """Of labels, whose index is that of the row."""
    labels, logits = np.broadcast_to(np.uint8(0), MANY), np.broadcast_to(np.float32(0.5), (MANY, 1))
    assert pyloss.SparseCCE()(labels, logits) == pytest.approx(np.log(2), rel=1e-7, abs=0)
    assert pyloss.SparseCCE(from_logits=True)(labels, logits) == 0


def test_classes():
    """A row of more than 2^31 classes, all of one logit: log of their number."""
    logits = np.broadcast_to(np.float32(0.5), (1, MANY))
    assert pyloss.CCE(from_logits=True)(np.array([MANY - 1]), logits) == pytest.approx(np.log(MANY), rel=1e-6, abs=0)


def test_cases():
    truth, pred = (np.broadcast_to(np.float32(part), (3, 2**30)) for part in (1, 0.5))
    assert (pyloss.Dice(axis=1, smooth=0, reduction="none")(truth, pred) == pyloss.Dice(smooth=0)([1.0], [0.5])).all()


def test_weights_and_masks():
    loss, one = pyloss.MAE(), np.broadcast_to(1.0, MANY)
    weights = np.zeros(MANY, np.uint8)
    weights[-3:] = 2
    assert loss(np.broadcast_to(0.0, MANY), one, weights) == 1
    masked = np.ma.masked_array(one, np.zeros(MANY, bool))
    masked.mask[:4] = True
    assert pyloss.MAE(reduction="sum")(np.broadcast_to(0.0, MANY), masked) == MANY - 4


def test_contiguous_numbers_used_in_place():
    pred = np.zeros(MANY, np.float32)
    pred[-2:] = 3, 4
    assert pyloss.MAE(reduction="sum")(np.broadcast_to(np.float32(0), MANY), pred) == 7


FAULTS = {
    "y_true must be": lambda bad: pyloss.BCE(from_logits=True)(bad, np.broadcast_to(np.float32(0), MANY)),
    "sample_weight must be": lambda bad: pyloss.MAE()(*[np.broadcast_to(np.float32(0), MANY)] * 2, bad),
    "class labels must be": lambda bad: pyloss.SparseCCE()(bad, np.broadcast_to(np.float32(0.5), (MANY, 1))),
    "y_pred must be": lambda bad: pyloss.BCE()(np.broadcast_to(np.float32(0), MANY), bad),
}


@pytest.mark.parametrize("words", FAULTS)
def test_the_place_of_a_fault(words):
    """The first of two, both beyond 2^31."""
    bad = np.zeros(MANY, np.int8)
    bad[[-4, -2]] = -1
    with pytest.raises((ValueError, IndexError), match=rf"{words}.*, got -1 at index {MANY - 4}( \(.*\))?$"):
        FAULTS[words](bad)


def test_the_place_of_a_fault_in_a_row():
    bad = np.zeros((2**30 + 5, 2), np.int8)
    bad[-2:, 1] = -1
    pred = np.broadcast_to(np.float32(0.5), bad.shape)
    with pytest.raises(ValueError, match=rf"y_true must be .*, got -1 at index \({2**30 + 3}, 1\)"):
        pyloss.KLDivergence()(bad, pred)


@contextmanager
def repeating(shape, dtype):
    """An array to write to that is larger than the memory behind it, which is one tile again and again."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    tile = os.memfd_create("tile")
    os.ftruncate(tile, TILE)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    whole = -(-size // TILE) * TILE
    access = mmap.PROT_READ | mmap.PROT_WRITE
    start = libc.mmap(None, whole, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    for at in range(start, start + whole, TILE):
        assert libc.mmap(at, TILE, access, mmap.MAP_SHARED | MAP_FIXED, tile, 0) == at
    yield np.frombuffer((ctypes.c_char * size).from_address(start), dtype).reshape(shape)
    libc.munmap(start, whole)
    os.close(tile)


@pytest.mark.parametrize("form", [ELEMENTWISE[0], TOTALS[0], ROWWISE[0]], ids=str)
def test_gradients(form):
    one, every = repeated(form, 2**30 + 9 if form.rowwise else MANY)
    loss = form(reduction="sum")
    with repeating(every[1].shape, np.float32) as out:
        loss.grad(*every, out=out)
        tile, expected = out[-(TILE // 8) :], loss.grad(*one)
        assert (tile == expected if form in (ELEMENTWISE[0], ROWWISE[0]) else np.ptp(tile) == 0).all()


@pytest.mark.parametrize("form", [ELEMENTWISE[0], ROWWISE[0]], ids=str)
def test_values(form):
    """Unreduced: of rows, each the sum of its entries."""
    one, every = repeated(form, MANY)
    loss = form(reduction="none")
    with repeating((MANY,), np.float16) as out:
        loss(*every, out=out)
        assert (out[-(TILE // 2) :] == loss(*one).astype(np.float16)).all()


@pytest.fixture(scope="module")
def ocean():
    """Zeros, of which only what is written to takes memory."""
    return np.zeros(LARGEST, np.uint8)


def far_apart(ocean, values, place, sign):
    """A copy in which the first axis takes steps of more than 2^31 bytes."""
    if values is None:
        return None
    strides = (sign * STEP, *np.empty(values.shape).strides[1:])
    start = place * 1024 + (len(values) - 1) * STEP * (sign < 0)
    copy = np.ndarray(values.shape, np.float64 if values.dtype.kind == "f" else np.int64, ocean.data, start, strides)
    copy[...] = values
    return copy


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_strides(form, sign, ocean):
    given = inputs(form, (3, 3))
    truth, pred, weight = given
    preds = pred if isinstance(pred, tuple) else (pred,)
    moved = [far_apart(ocean, part, place, sign) for place, part in enumerate((truth, weight, *preds))]
    far = moved[0], tuple(moved[2:]) if isinstance(pred, tuple) else moved[2], moved[1]
    taken = iter(range(20, 40))
    for call, alike in zip(
        into_outs(form(), far, lambda like, role: far_apart(ocean, np.zeros(np.shape(like)), next(taken), sign)),
        into_outs(form(), given, lambda like, role: np.zeros(np.shape(like))),
        strict=True,
    ):
        for got, expected in zip(leaves(call()), leaves(alike()), strict=True):
            np.testing.assert_array_equal(got, expected)
