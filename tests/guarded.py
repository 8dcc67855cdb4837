"""Every loss on arrays that end (or begin) where the process may not read: run by test_memory.py, since a fault ends the process."""

import ctypes
import mmap

import numpy as np
from comparing import answers, assert_same_bits
from variants import ROWWISE, VARIANTS, data, weights

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)


def between_guards(array: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy that touches a page without access."""
    pages = -(-max(array.nbytes, 1) // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for guard in (base, base + (pages + 1) * PAGE):
        assert libc.mprotect(ctypes.c_void_p(guard), PAGE, mmap.PROT_READ & 0) == 0
    start = PAGE + (pages * PAGE - array.nbytes if at_end else 0)
    copy = np.ndarray(array.shape, array.dtype, memory, start)
    copy[...] = array
    return copy


def check(variant, shape, dtype, at_end):
    y, p = data(variant, shape)
    arrays = [y if variant.labels else y.astype(dtype), p.astype(dtype), weights(shape[:1])]
    guarded = [between_guards(array, at_end) for array in arrays]
    loss = variant()
    assert_same_bits(answers(loss, *guarded), answers(loss, *arrays))
    assert_same_bits(answers(loss, *(a[::-1] for a in guarded)), answers(loss, *(a[::-1].copy() for a in arrays)))
    out = between_guards(np.zeros(shape, dtype), at_end)
    np.testing.assert_array_equal(loss.grad(*arrays, out=out), loss.grad(*arrays))


for variant in VARIANTS:
    shapes = (
        [(n, 3) for n in (1, 5, 64, 65, 130)] + [(2, 33), (3, 1025)]
        if variant in ROWWISE
        else [(n,) for n in (1, 7, 33, 130, 1025)]
    )
    for dtype in (np.float16, np.float32, np.float64):
        for shape in shapes:
            for at_end in (False, True):
                check(variant, shape, dtype, at_end)
