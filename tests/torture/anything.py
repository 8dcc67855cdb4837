"""Whatever Python can hand over where a loss means an array, a tuple of arrays or a number."""

import datetime
import decimal
import fractions
from collections.abc import Sequence
from functools import cache
from typing import Any

import layouts
import ml_dtypes
import numpy as np
from hypothesis import strategies as st

Array = np.ndarray


class Broken(Exception):
    """What the objects here raise themselves."""


def broken(*_given: Any, **_options: Any) -> Any:
    raise Broken


def returning(answer: Any) -> Any:
    return lambda *_given, **_options: answer


def made(**methods: Any) -> Any:
    """An object with these methods and attributes."""
    return type("Made", (), methods)()


class Refusing(np.ndarray):
    """A subclass with which nothing may be done."""

    __array_ufunc__ = __array_function__ = __getitem__ = __len__ = broken


class Floating(float):
    """A float whose conversions fail."""

    __float__ = __index__ = __repr__ = broken


INTERFACE = {"version": 3, "shape": (2,), "typestr": "<f8", "data": b"0123456789abcdef"}
"""Of an array in a buffer, whose size NumPy checks; addresses, strides and objects in it, it has to believe."""

BROKEN = [
    lambda: made(__array__=broken),
    lambda: made(__array__=returning("numbers")),
    lambda: made(__array__=returning(np.array([None]))),
    lambda: made(__array__=returning(np.zeros((2, 3), "f4"))),
    lambda: made(__len__=broken, __getitem__=broken),
    lambda: made(__len__=returning(-1), __getitem__=lambda _, i: [0.5][i]),
    lambda: made(__len__=returning(2**62), __getitem__=broken),
    lambda: made(__len__=returning(3), __getitem__=lambda _, i: [[0.5], [0.25]][i]),
    lambda: made(__float__=broken, __index__=broken, __bool__=broken),
    lambda: made(__float__=returning("1"), __index__=returning(1.0)),
    lambda: made(__eq__=broken, __hash__=None),
    lambda: made(__repr__=broken),
    lambda: made(__getattr__=broken),
    lambda: made(__iter__=broken, __len__=returning(2)),
    lambda: made(shape=(2, 3), dtype=np.dtype("f8"), ndim=2),
    lambda: made(__array_interface__=INTERFACE),
    lambda: made(__array_interface__={**INTERFACE, "shape": (3,)}),
    lambda: made(__array_interface__={**INTERFACE, "shape": (-1,)}),
    lambda: made(__array_interface__={}),
    lambda: made(__array_interface__=property(broken)),
    lambda: made(__array_struct__=broken),
    lambda: made(__array_struct__=object()),
    lambda: made(__dlpack__=broken),
    lambda: np.zeros((2, 3)).view(Refusing),
    lambda: Floating(0.5),
    lambda: iter([0.5]),
]


def nested_in_itself() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


NO_ARRAYS = [
    *(None, ..., NotImplemented, "", "numbers", "0.5", b"0.5", bytearray(8), 1j, 10**400, -1, 0.5, True, range(3)),
    *(decimal.Decimal("0.5"), fractions.Fraction(1, 2), datetime.date(2024, 6, 7), slice(2), object, int, len, np),
    *(
        [],
        (),
        {},
        set(),
        [[]],
        [None],
        [[1.0], [1.0, 2.0]],
        [[0.5, 0.25], 1.0],
        ["a", 1.0],
        {"y": 1.0},
        {0.5},
        [np.zeros(2), 1.0],
    ),
    *(np.float32(0.5), np.int8(1), np.bool_(True), np.complex64(1), np.str_("a"), np.datetime64("NaT"), np.nan, np.inf),
    *(np.float64, np.dtype("f4"), np.random.default_rng(0), memoryview(b"01234567"), memoryview(np.zeros((2, 3)))),
    *(np.ma.masked, np.zeros((1, 2)).view(np.matrix), np.rec.array([(1.0, 2)], "f8,i4"), nested_in_itself()),
]


def picked(things: Sequence[Any]) -> Any:
    """One of them; some cannot be hashed, as `sampled_from` asks, and it is slow to ask."""
    return st.integers(0, len(things) - 1).map(things.__getitem__)


# Beyond any memory, and of different shapes, so that they meet no partner and a call cannot take an age.
HUGE_ROWS = [(2**40, 3), (2**20, 2**20, 2**19), (2**59 - 1, 0)]
# One row meets a single label, and a loss of rows then reads all its classes before it sees that it is interrupted.
HUGE = [*HUGE_ROWS, (2**59,), (1, 2**58 + 1)]

DTYPES = [
    *"?bBhHiIlLqQefdgFDGO",
    *("S1", "S8", "U2", "V4", "M8[s]", "M8", "m8[ns]", "f8,i4", "(2,)f4", [("only", "f8")], [("nothing", "V0")]),
    *(">f2", ">f4", ">f8", ">i2", ">i8", ">u4", ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, np.dtypes.StringDType()),
]

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple) | st.sampled_from([(65,), (2, 65), (1,) * 33])


@st.composite
def bits(draw: Any, dtype: np.dtype, shape: tuple[int, ...]) -> Array:
    """An array of any bits at all, if they are not addresses."""
    array = np.zeros(shape, dtype)
    if dtype.hasobject:
        array.fill(draw(SOME_TEXT if dtype.kind == "T" else SOME_OBJECTS))
    elif array.size and array.dtype.itemsize and dtype.kind != "b":
        pattern = draw(PATTERNS)
        array.reshape(-1).view(np.uint8)[:] = np.resize(np.frombuffer(pattern, np.uint8), array.nbytes)
    return array


def overlapping(array: Array) -> Array:
    """Rows that begin inside one another; every entry is inside the array."""
    if array.ndim == 0 or array.size < 2:
        return array
    flat = array.reshape(-1)
    window = flat.size // 2 + 1
    strides = (flat.itemsize, flat.itemsize)
    return np.lib.stride_tricks.as_strided(flat, (flat.size - window + 1, window), strides)


def unaligned(array: Array) -> Array:
    return array if array.dtype.hasobject else layouts.unaligned(array)


def read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def shared_mask(array: Array) -> Any:
    """A mask that is not a mask any more: its shape was changed behind its back."""
    masked = np.ma.array(array.copy(), mask=np.zeros(array.shape, bool))
    masked._mask = np.zeros((3, 1), bool)
    return masked


VIEWS = [
    *(
        lambda a: a,
        lambda a: a,
        lambda a: a.T,
        lambda a: a[..., ::-1] if a.ndim else a,
        lambda a: a[::2] if a.ndim else a,
    ),
    *(
        lambda a: a[..., :0] if a.ndim else a,
        lambda a: a[None],
        lambda a: a[..., None],
        lambda a: a.reshape(-1),
        lambda a: a.squeeze(),
    ),
    *(lambda a: np.broadcast_to(a[:1], a.shape) if a.ndim else a, lambda a: np.broadcast_to(a, (2, *a.shape))),
    *(
        overlapping,
        unaligned,
        read_only,
        shared_mask,
        np.ma.array,
        np.asfortranarray,
        lambda a: a.tolist(),
        lambda a: (a, a),
        list,
    ),
    *(
        lambda a: np.ma.array(a, mask=np.ones(a.shape, bool)),
        lambda a: a.view(Refusing),
        lambda a: memoryview(a),
        lambda a: a.data,
    ),
]


SOME_VIEW, SOME_DTYPE = picked(VIEWS), picked(DTYPES)
SOME_OBJECTS, SOME_TEXT = picked(NO_ARRAYS[:9]), picked(["", "1"])
PATTERNS = st.binary(min_size=1, max_size=24)


@st.composite
def viewed(draw: Any, array: Array) -> Any:
    """An array, or what can be made of it; as it was, where that cannot be."""
    try:
        return draw(SOME_VIEW)(array)
    except (TypeError, ValueError, IndexError, AttributeError, NotImplementedError, BufferError, Broken):
        return array


@st.composite
def arrays(draw: Any, shapes: Any) -> Any:
    dtype = np.dtype(draw(SOME_DTYPE))
    return draw(viewed(draw(bits(dtype, draw(shapes)))))


@cache
def objects(shape: tuple[int, ...] | None = None) -> Any:
    """Anything; arrays of a shape, or of any."""
    shapes = SHAPES if shape is None else st.just(shape)
    lone = picked(NO_ARRAYS) | picked(BROKEN).map(lambda make: make()) | arrays(shapes)
    return lone | lone | st.lists(lone, max_size=4) | st.lists(lone, max_size=4).map(tuple)


@cache
def huge(one_row: bool) -> Any:
    """Arrays without memory that no result fits; of a single row, where that may be."""
    shapes = picked(HUGE if one_row else HUGE_ROWS)
    return st.builds(lambda shape, dtype: np.broadcast_to(np.zeros((), dtype), shape), shapes, picked("fdb"))
