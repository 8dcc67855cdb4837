"""Losses on arrays between pages that the process may not touch: run by tests, since a fault ends the process.

    python guarded.py STEP TURNS [STEM ...]

takes every STEP-th size, each in so many of the layouts, dtypes and offsets, or in one of them where the work is NumPy's; the next size
and the next form go on with the next of them.
"""

import ctypes
import mmap
import sys
from functools import cache, lru_cache

import ml_dtypes
import numpy as np
from comparing import bits
from inputs import holds_labels, inputs, into_outs, leaves
from variants import CONTRASTIVE, PAIRED, PER_CLASS, SORTED, WAYS

COMPILED = [*WAYS, *PAIRED, *PER_CLASS]
FORMS = [*COMPILED, *SORTED, *CONTRASTIVE]
PAGE = mmap.PAGESIZE
PATTERN = 0x55
SIZES = (*range(258), 1023, 1025, 2049)
libc = ctypes.CDLL(None, use_errno=True)

FLOATS = ("f4", "f8", "f2", ml_dtypes.bfloat16, ">f4", ">f8", ">f2")
INTEGERS = ("i1", "i2", ">i2", "i4", ">i4", "i8", ">i8")
WEIGHTS = (*FLOATS, "u1", "?", ">u4", "i2")
PREDICTIONS = (*FLOATS, *FLOATS, "i1", ">i4", "u8")

# From a shape and the bytes of a number to strides.
LAYOUTS = (
    lambda shape, size: np.empty(shape, f"V{size}").strides,
    lambda shape, size: np.empty(shape, f"V{size}", order="F").strides,
    lambda shape, size: tuple(2 * step for step in np.empty([2 * n for n in shape], f"V{size}").strides),
    lambda shape, size: tuple(-step for step in np.empty(shape, f"V{size}").strides),
    lambda shape, size: np.empty(shape, f"V{size + 3}").strides,
)
TURNS = 2 * len(LAYOUTS)
"""With so many, every size is in every layout right at a guard and at an offset from it; and over all forms in every dtype at each."""


class Guarded:
    """Some pages between two without access."""

    def __init__(self, pages: int) -> None:
        self.memory = mmap.mmap(-1, (pages + 2) * PAGE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + PAGE
        self.bytes = np.frombuffer(self.memory, np.uint8)[PAGE:-PAGE]
        self.allow(-PAGE, PAGE, 0)
        self.allow(pages * PAGE, PAGE, 0)

    def allow(self, at: int, length: int, access: int) -> None:
        assert libc.mprotect(ctypes.c_void_p(self.start + at), ctypes.c_size_t(length), access) == 0

    def array(self, shape, dtype, strides, at_end: bool, gap: int) -> np.ndarray:
        """An array that ends, or begins, `gap` bytes from a guard; around its elements lies a pattern."""
        self.allow(0, len(self.bytes), mmap.PROT_READ | mmap.PROT_WRITE)
        self.bytes[...] = PATTERN
        low, high = extent(shape, dtype, strides)
        start = PAGE + (len(self.bytes) - high - gap if at_end else gap - low)
        return np.ndarray(shape, dtype, self.memory, start, strides)

    def has_its_pattern(self, array: np.ndarray) -> bool:
        """Whether nothing but the elements of an array was written."""
        array.view(f"u{array.itemsize}")[...] = int.from_bytes([PATTERN] * array.itemsize)
        return bool((self.bytes == PATTERN).all())


def extent(shape, dtype, strides) -> tuple[int, int]:
    """From the first byte of an array to behind the last, counted from its first element."""
    if 0 in shape:
        return 0, 0
    reaches = [(length - 1) * stride for length, stride in zip(shape, strides, strict=True)]
    return sum(min(0, reach) for reach in reaches), sum(max(0, reach) for reach in reaches) + np.dtype(dtype).itemsize


@cache
def pages_for(role: str, pages: int) -> Guarded:
    return Guarded(pages)


arrays_for = lru_cache(maxsize=8)(inputs)


@lru_cache(maxsize=8)
def loss_for(variant, reduction: str, check: bool):
    return variant(reduction=reduction, check=check)


class Turn:
    """One choice of layouts, dtypes and distances from the guards, in which each array has its own."""

    def __init__(self, number: int, at_end: bool) -> None:
        self.number, self.at_end = number, at_end
        self.outs: list[tuple[Guarded, np.ndarray]] = []

    def place(self, role: str, shape, dtype) -> tuple[Guarded, np.ndarray]:
        size = np.dtype(dtype).itemsize
        turn, layout = divmod(self.number + len(role), len(LAYOUTS))
        strides = LAYOUTS[layout](shape, size)
        low, high = extent(shape, dtype, strides)
        guarded = pages_for(role, (high - low) // PAGE + 1)
        return guarded, guarded.array(shape, dtype, strides, self.at_end, turn // 2 % size if turn % 2 else 0)

    def input(self, role: str, values, dtype):
        """A copy that cannot be written to."""
        if values is None:
            return None
        if isinstance(values, tuple):
            return tuple(self.input(f"{role} {place}", part, dtype) for place, part in enumerate(values))
        guarded, array = self.place(role, values.shape, dtype)
        array[...] = values
        guarded.allow(0, len(guarded.bytes), mmap.PROT_READ)
        return array

    def out(self, like, role: str) -> np.ndarray:
        guarded, array = self.place(role, np.shape(like), self.kind(role))
        self.outs.append((guarded, array))
        return array

    def plain_out(self, like, role: str) -> np.ndarray:
        return np.zeros(np.shape(like), self.kind(role))

    def kind(self, role: str):
        return FLOATS[(self.number + len(role)) % len(FLOATS)]


def plain(given):
    """The same numbers where there is room around them."""
    return tuple(map(plain, given)) if isinstance(given, tuple) else None if given is None else given.copy()


def outcome(call):
    """The bits of an answer, or the error."""
    try:
        return [bits(leaf) for leaf in leaves(call())]
    except (ValueError, IndexError) as error:
        return repr(error)


@cache
def truths(variant):
    return INTEGERS if holds_labels(variant) or variant().y_true_domain.integral else FLOATS


def dtypes(variant, number: int):
    """Those of truth, prediction and weight, and whether their numbers are in the domains of the loss."""
    pred = np.dtype(PREDICTIONS[number % len(PREDICTIONS)])
    truth = truths(variant)[(number // 2) % len(FLOATS)]
    return (truth, pred, WEIGHTS[number % len(WEIGHTS)]), pred.kind not in "iu"


def check(variant, shape, number: int, at_end: bool) -> None:
    turn = Turn(number, at_end)
    kinds, checked = dtypes(variant, number)
    given = tuple(
        turn.input(role, values, dtype)
        for role, values, dtype in zip(("truth", "pred", "weight"), arrays_for(variant, shape), kinds, strict=True)
    )
    loss = loss_for(variant, "none" if number % 3 == 0 else "mean", checked)
    same = plain(given)
    expected = outcome(lambda: loss(*same))
    assert outcome(lambda: loss(*given)) == expected
    if isinstance(expected, str):
        return
    for call, alike in zip(into_outs(loss, given, turn.out), into_outs(loss, same, turn.plain_out), strict=True):
        assert outcome(call) == outcome(alike)
        assert all(guarded.has_its_pattern(array) for guarded, array in turn.outs)


def shapes(variant, n: int) -> list[tuple[int, ...]]:
    """Of n elements, of n rows and of n classes."""
    elements = variant().family in ("elementwise", "total") or variant in PAIRED
    return (
        [(n,)]
        if elements and variant.values_shape((1, 3)) == (1, 3) and not variant.classes
        else [(n, 3), (2, max(1, n))]
    )


def main(step: int, turns: int, stems: list[str]) -> None:
    for place, variant in enumerate(FORMS):
        if stems and variant.stem not in stems:
            continue
        print(variant, flush=True)
        each = turns if variant in COMPILED else 1
        for n in SIZES[place % step :: step]:
            for shape in shapes(variant, n):
                for number in range(each * (n + place), each * (n + place + 1)):
                    for at_end in (False, True):
                        check(variant, shape, number, at_end)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
