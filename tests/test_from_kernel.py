"""A loss of one's own: a kernel of the same arithmetic gives the same bits as a loss of pyloss, whatever it is asked."""

import copy
import ctypes
import dataclasses
import gc
import math
import pickle
import weakref
from itertools import pairwise

import numpy as np
import pytest
from comparing import answers, assert_same_bits, bits, hint, methods
from layouts import LAYOUTS, one_number, repeated
from own_kernels import callback, compiles, kernel, library
from scipy import LowLevelCallable
from variants import REDUCTIONS, data, weights
from variants import Variant as Form

import pyloss
from pyloss._block_kernel import SIGNATURES
from pyloss._domains import Domain, interval

BITS = 8 * np.intp(0).itemsize

SHAPE = (70, 31)
DTYPES = ["float16", "float32", "float64", "int8", "int32", "uint64"]


def own(name, parameters=None, domains=(), single=True, **common):
    """A loss made of a kernel of the library."""
    return pyloss.from_kernel(
        kernel(name),
        name=name,
        kernel32=kernel(f"{name}32") if single else None,
        parameters=parameters,
        **dict(zip(("y_true_domain", "y_pred_domain"), domains, strict=False)),
        **common,
    )


def both(name, **common):
    """A loss of pyloss, and its double."""
    delta = {"delta": 0.75}
    if name == "huber":
        return pyloss.Huber(**delta, **common), own("huber", delta, **common)
    return pyloss.Brier(**common), own("brier", domains=("[0, 1]", "[0, 1]"), **common)


def for_every_double(test):
    return compiles(pytest.mark.parametrize("name", ["huber", "brier"])(test))


def cases(name, shape=SHAPE):
    return data(Form(name), shape)


# The same bits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@for_every_double
def test_every_layout(name, reduction):
    builtin, double = both(name, reduction=reduction)
    y, p = cases(name)
    w = weights(SHAPE)
    for layout in [*LAYOUTS.values(), repeated, one_number]:
        given = layout(y), layout(p), layout(w)
        assert_same_bits(answers(double, *given), answers(builtin, *given))
        assert_same_bits(answers(double, *given[:2]), answers(builtin, *given[:2]))


@pytest.mark.parametrize("dtype", DTYPES)
@for_every_double
def test_every_dtype(name, dtype):
    builtin, double = both(name)
    y, p = cases(name)
    for truth, pred in ((y.astype(dtype), p.astype(dtype)), (y.astype(dtype), p), (y, p.astype(dtype))):
        assert_same_bits(answers(double, truth, pred), answers(builtin, truth, pred))


@for_every_double
def test_shapes(name):
    for shape in ((), (0,), (1,), (3, 0), (1023,), (1024,), (1025,), (2, 3, 4, 5)):
        for reduction in REDUCTIONS:
            for on_empty in ("nan", "zero"):
                builtin, double = both(name, reduction=reduction, on_empty=on_empty)
                assert_same_bits(answers(double, *cases(name, shape)), answers(builtin, *cases(name, shape)))


@for_every_double
def test_weights_and_masks(name):
    builtin, double = both(name)
    y, p = cases(name)
    p[3, 4] = np.nan
    masked = np.ma.array(p, mask=np.random.default_rng(1).random(SHAPE) < 0.1)
    for given in (
        (y, p, weights(SHAPE)),
        (y, p, weights(SHAPE[:1])),
        (y, masked),
        (y, p, np.zeros(SHAPE)),
        (y.tolist(), p),
    ):
        assert_same_bits(answers(double, *given), answers(builtin, *given))


@for_every_double
def test_booleans_are_truths_of_two_classes(name):
    builtin, double = both(name)
    y, p = cases(name)
    if name == "brier":
        assert_same_bits(answers(double, y > 0.5, p), answers(builtin, y > 0.5, p))
    else:
        with pytest.raises(TypeError, match="huber: y_true must hold real numbers"):
            double(y > 0.5, p)


@for_every_double
def test_threads(name):
    builtin, double = both(name)
    for y, p in (cases(name, (400_000,)), [a.astype(np.float32) for a in cases(name, (400_000,))]):
        expected = answers(builtin, y, p)
        for count in (1, 2, 3):
            with pyloss.threads(count):
                assert_same_bits(answers(double, y, p), expected)


@compiles
def test_a_sum_beyond_float32():
    """The block is summed again in double, by the kernel for float64."""
    builtin, double = pyloss.Huber(delta=math.inf), own("huber", {"delta": math.inf})
    y, p = np.zeros(3000, np.float32), np.full(3000, 1e30, np.float32)
    assert bits(double(y, p)) == bits(builtin(y, p))
    assert np.isfinite(double(y, p))


@for_every_double
def test_without_a_kernel_for_float32(name):
    """All is computed in float64 then."""
    _, double = both(name)
    wide = dataclasses.replace(double, kernel32=None)
    y, p = (a.astype(np.float32) for a in cases(name))
    expected = answers(double, y.astype(np.float64), p.astype(np.float64))
    for part, answer in answers(wide, y, p).items():
        wanted = expected[part] if isinstance(answer, float) else expected[part].astype(np.float32)
        assert bits(answer) == bits(wanted)


@for_every_double
def test_out(name):
    y, p = cases(name)
    for reduction in ("mean", "none"):
        builtin, double = both(name, reduction=reduction)
        expected = answers(builtin, y, p)
        for layout in (np.copy, LAYOUTS["step_two"], LAYOUTS["swapped"]):
            grad, hess = layout(np.zeros(SHAPE)), layout(np.zeros(SHAPE))
            got = double.grad_and_hess(y, p, out=(grad, hess))
            assert got[0] is grad
            assert got[1] is hess
            np.testing.assert_array_equal(grad, expected["grad_and_hess grad"])
            np.testing.assert_array_equal(hess, expected["grad_and_hess hess"])
        in_place = p.copy()
        double.grad(y, in_place, out=in_place)
        assert bits(in_place) == bits(expected["grad"])
        shared = np.concatenate([p.ravel(), [0.0]])
        double.grad(y.ravel(), shared[:-1], out=shared[1:])
        if reduction == "none":
            assert bits(shared[1:]) == bits(expected["grad"].ravel())


@compiles
def test_errors_are_those_of_the_twin():
    y, p = cases("brier")
    bad = p.copy()
    bad[5, 6] = 1.5
    faulty = [
        (y, bad),
        (bad, p),
        (y[1:], p),
        (y, p, -weights(SHAPE)),
        (y, p, weights((3,))),
        (y.astype(complex), p),
        (None, p),
    ]
    builtin, double = both("brier")
    for given in faulty:
        for method in methods(builtin):
            with pytest.raises((TypeError, ValueError)) as expected:
                getattr(builtin, method)(*given)
            with pytest.raises(type(expected.value)) as got:
                getattr(double, method)(*given)
            advice = hint(builtin, "y_pred")  # which is of a parameter that a kernel does not have
            assert str(got.value) == str(expected.value).removesuffix(advice)
    with pytest.raises(ValueError, match=r"brier: y_pred must be in \[0, 1\], got 1.5 at index \(5, 6\)"):
        double(y, bad)
    _, unchecked = both("brier", check=False)
    assert_same_bits(answers(unchecked, y, bad), answers(both("brier", check=False)[0], y, bad))
    with pytest.raises(ValueError, match="brier: there is nothing to average"):
        both("brier", on_empty="raise")[1](y[:0], p[:0])


@compiles
def test_in_sums_and_checked():
    y, p = cases("huber")
    builtin, double = both("huber")
    expected = answers(pyloss.Sum([(0.5, builtin), (2.0, pyloss.LogCosh())]), y, p)
    assert_same_bits(answers(pyloss.Sum([(0.5, double), (2.0, pyloss.LogCosh())]), y, p), expected)
    report = pyloss.check(double, y, p)
    assert report
    assert str(report) == str(pyloss.check(builtin, y, p))


@compiles
def test_without_a_second_derivative():
    _, double = both("huber")
    y, p = cases("huber")
    plain = own("huber", {"delta": 0.75}, hess=False)
    assert not hasattr(plain, "grad_and_hess")
    expected = answers(double, y, p)
    assert_same_bits(answers(plain, y, p), {name: part for name, part in expected.items() if "hess" not in name})
    assert pyloss.check(plain, y, p).hessian is None
    with pytest.raises(AttributeError, match="huber has no diagonal second derivative"):
        _ = pyloss.Sum([(1.0, plain)]).grad_and_hess


# What a kernel is given -------------------------------------------------------------------------------------------------


def test_what_a_kernel_is_asked():
    """Whatever the arrays are: blocks of at most 1024, all parameters, the outputs that are read, arrays that do not overlap."""
    asked, overlaps = [], []

    def record(y, p, parameters, outputs, value, grad, hess, n):
        asked.append((outputs, n, parameters[0], parameters[5]))
        starts = sorted(ctypes.cast(a, ctypes.c_void_p).value for a in (y, p, value, grad, hess))
        overlaps.extend(b - a < 8 * n for a, b in pairwise(starts))
        for array in (value, grad, hess):
            np.ctypeslib.as_array(array, (n,))[:] = 3

    loss = pyloss.from_kernel(callback(record), name="three", parameters={f"k{i}": i / 4 for i in range(6)})
    y, p = np.zeros(1500), np.ones(1500)
    for method, outputs in zip(methods(loss), (1, 2, 3, 6), strict=True):
        asked.clear()
        getattr(loss, method)(y, p)
        assert asked == [(outputs, 1024, 0.0, 1.25), (outputs, 476, 0.0, 1.25)]
    loss.grad_and_hess(y, p, out=(p, np.empty_like(p)))
    loss.grad(y[::2], y[::2], out=y[::2])
    assert overlaps
    assert not any(overlaps)


def test_faulty_and_weightless_elements():
    """What is out of a domain never reaches the kernel; what has weight 0 counts nothing, whatever the kernel makes of it."""
    seen = []

    def count(y, p, parameters, outputs, value, grad, hess, n):
        seen.append(n)
        for array in (value, grad, hess):
            np.ctypeslib.as_array(array, (n,))[:] = np.where(np.ctypeslib.as_array(p, (n,)) > 0, 1, np.nan)

    loss = pyloss.from_kernel(callback(count), name="counted", y_pred_domain="[0, inf)", reduction="sum")
    assert loss([1, 1], [1.0, 0.0], [2.0, 0.0]) == 2
    np.testing.assert_array_equal(loss.grad([1, 1], [1.0, 0.0], [2.0, 0.0]), [2, 0])
    seen.clear()
    with pytest.raises(ValueError, match=r"counted: y_pred must be in \[0, inf\), got inf at index 1"):
        loss([1, 1], [1.0, np.inf])
    assert not seen


def test_a_kernel_lives_as_long_as_its_loss():
    function = callback(lambda y, p, parameters, outputs, value, grad, hess, n: None)
    alive = weakref.ref(function)
    loss = pyloss.from_kernel(function, name="idle")
    loss([0.0], [0.0])
    del function
    gc.collect()
    assert alive() is not None
    del loss
    gc.collect()
    assert alive() is None


# Where kernels come from ------------------------------------------------------------------------------------------------


def numba_huber(number):
    """The same arithmetic once more, in a precision."""
    numba = pytest.importorskip("numba", reason="numba has no release for this Python")
    reals, doubles = (numba.types.CPointer(numba.from_dtype(np.dtype(kind))) for kind in (number, np.float64))
    half, one, zero = number(0.5), number(1), number(0)

    @numba.cfunc(numba.void(reals, reals, doubles, numba.int32, reals, reals, reals, numba.intp), error_model="numpy")
    def huber(y_true, y_pred, parameters, outputs, value, grad, hess, n):
        delta = number(parameters[0])
        for i in range(n):
            r = y_pred[i] - y_true[i]
            c = delta if r > delta else r
            c = -delta if c < -delta else c
            value[i] = c * (c * half) if c == r else c * (r - c * half)
            grad[i] = c
            hess[i] = one if c == r else (zero if r == r else r)

    return huber


@pytest.mark.optimized
def test_cfuncs_of_numba():
    loss = pyloss.from_kernel(
        numba_huber(np.float64), name="huber", kernel32=numba_huber(np.float32), parameters={"delta": 0.75}
    )
    y, p = cases("huber", (300_000,))
    p[7] = np.nan
    for dtype in (np.float64, np.float32):
        given = y.astype(dtype), p.astype(dtype), weights(p.shape)
        with pyloss.threads(2):
            assert_same_bits(answers(loss, *given), answers(pyloss.Huber(delta=0.75), *given))


SPELLINGS = [
    ("double *", "double *", "ptrdiff_t"),
    ("const double *", "double *", "Py_ssize_t"),
    ("double const*", "double*", "npy_intp"),
    ("double*", "double  *", "long long" if np.intp(0).itemsize == 8 else "int"),
]


@compiles
def test_every_way_to_hand_over_a_kernel():
    function = kernel("huber")
    capsule = tuple.__getitem__(LowLevelCallable(function), 0)
    address = ctypes.cast(function, ctypes.c_void_p).value
    texts = [f"void ({r}, {r}, {r}, int, {w}, {w}, {w}, {n})" for r, w, n in SPELLINGS]
    handed = [function, LowLevelCallable(function), capsule, LowLevelCallable(capsule), *((address, t) for t in texts)]
    y, p = cases("huber")
    first = own("huber", {"delta": 0.75}, single=False)
    for given in handed:
        loss = pyloss.from_kernel(given, name="huber", parameters={"delta": 0.75})
        assert_same_bits(answers(loss, y, p), answers(first, y, p))
        assert loss == first


ANOTHER_WAY = "it is written in another way, as 'result (arguments)' without names"
R = "double *"


@pytest.mark.parametrize(
    ("signature", "wrong"),
    [
        (f"void ({R}, {R}, {R}, int, {R}, {R}, {R})", "it has 7 arguments, not 8"),
        (f"void ({R}, {R}, {R}, int, {R}, {R}, {R}, short)", f"argument 8 is short, not int{BITS}"),
        (f"void ({R}, {R}, {R}, int, {R}, {R}, {R}, unsigned long)", f"argument 8 is unsigned long, not int{BITS}"),
        (f"void ({R}, {R}, {R}, long long, {R}, {R}, {R}, ptrdiff_t)", "argument 4 is int64, not int32"),
        (f"int ({R}, {R}, {R}, int, {R}, {R}, {R}, ptrdiff_t)", "it returns int32, not void"),
        (f"void ({R}, {R}, {R}*, int, {R}, {R}, {R}, ptrdiff_t)", f"argument 3 is {R} *, not {R}"),
        (SIGNATURES[32], "argument 1 is float *, not double *"),
        ("double *", ANOTHER_WAY),
        ("", ANOTHER_WAY),
    ],
)
def test_other_signatures_are_refused(signature, wrong):
    with pytest.raises(TypeError) as error:
        pyloss.from_kernel((4096, signature), name="mine")
    expected = f"mine: kernel must have the signature {SIGNATURES[64]!r}, but {wrong}: got {signature!r}"
    assert str(error.value) == expected


def test_what_is_no_kernel_is_refused():
    other = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(abs)
    for given in (4096, None, "kernel", abs, (4096,), (4096, 8, 15), (4096, None), np.zeros(3)):
        with pytest.raises(TypeError, match=r"mine: kernel must be a pair \(address, 'void .*, got "):
            pyloss.from_kernel(given, name="mine")
    with pytest.raises(TypeError, match=r"mine: kernel must have the signature .*: got 'double \(double\)'"):
        pyloss.from_kernel(other, name="mine")
    data_too = LowLevelCallable(callback(abs), user_data=ctypes.c_void_p(4096))
    with pytest.raises(TypeError, match="mine: kernel must have no user data"):
        pyloss.from_kernel(data_too, name="mine")
    for address in (0, -1, 2**64):
        with pytest.raises(ValueError, match=f"mine: kernel must be at the address of a function, got {address}"):
            pyloss.from_kernel((address, SIGNATURES[64]), name="mine")
    with pytest.raises(TypeError, match=r"mine: kernel32 must have the signature 'void \(float"):
        pyloss.from_kernel((4096, SIGNATURES[64]), name="mine", kernel32=(4096, SIGNATURES[64]))


@compiles
def test_undeclared_functions_of_ctypes_are_refused():
    bare = library()["brier"]
    with pytest.raises(TypeError, match="mine: kernel must have its argtypes and restype declared"):
        pyloss.from_kernel(bare, name="mine")


@compiles
def test_functions_that_need_the_gil_are_refused():
    function = ctypes.PyDLL(None, handle=library()._handle)["brier"]
    function.argtypes, function.restype = kernel("brier").argtypes, None
    with pytest.raises(TypeError, match="mine: kernel must be able to run without the GIL"):
        pyloss.from_kernel(function, name="mine")


@compiles
def test_what_a_kernel_forgets_is_nan():
    """The parameters that it was not given, and the results that it does not write."""
    y, p = cases("huber")
    seen = []
    reader = callback(lambda *given: seen.extend(given[2][:4]))
    pyloss.from_kernel(reader, name="reader", parameters={"a": 2.5})(y[:1], p[:1])
    assert (seen[0], np.isnan(seen[1:]).all()) == (2.5, True)
    silent = callback(lambda *_: None)
    value, grad = pyloss.from_kernel(silent, name="silent", reduction="none").value_and_grad(y, p)
    assert np.isnan(value).all()
    assert np.isnan(grad).all()
    single = callback(lambda *_: None, ctypes.c_float)
    both = pyloss.from_kernel(silent, kernel32=single, name="silent", reduction="sum")
    for dtype in (np.float32, np.float64):
        pyloss.MSE()(np.zeros(5000, dtype), np.ones(5000, dtype))  # leaves numbers behind
        assert np.isnan(both(np.zeros(5000, dtype), np.ones(5000, dtype)))


@compiles
def test_parameters_beyond_float32_do_not_change_the_kernel():
    seen = []
    single = callback(lambda *given: seen.append(given[-1]), ctypes.c_float)
    loss = pyloss.from_kernel(kernel("huber"), name="huber", kernel32=single, parameters={"delta": 1e-300})
    loss(np.zeros(3, np.float32), np.ones(3, np.float32))
    assert seen == [3]


# The object -------------------------------------------------------------------------------------------------------------

IDLE = (4096, SIGNATURES[64])


def test_arguments():
    with pytest.raises(TypeError, match="from_kernel: name must be a string, got None"):
        pyloss.from_kernel(IDLE, name=None)
    for name in ("", "\ud800", "k\0"):
        with pytest.raises(ValueError, match="from_kernel: name must be a word that can be printed, got"):
            pyloss.from_kernel(IDLE, name=name)
    with pytest.raises(TypeError, match="mine: hess must be True or False, got 0"):
        pyloss.from_kernel(IDLE, name="mine", hess=0)
    with pytest.raises(ValueError, match="mine: reduction must be 'mean' or"):
        pyloss.from_kernel(IDLE, name="mine", reduction="average")
    with pytest.raises(ValueError, match="mine: a must be a number, not nan, got nan"):
        pyloss.from_kernel(IDLE, name="mine", parameters={"a": math.nan})
    for wrong in ((1.0,), {1: 1.0}, 2.0):
        with pytest.raises(TypeError, match="mine: parameters must be a mapping of names to numbers, got"):
            pyloss.from_kernel(IDLE, name="mine", parameters=wrong)


def test_intervals():
    assert interval("[0, 1]") == Domain(0, 1)
    assert interval(" ( -inf ,1e3) ") == Domain(-math.inf, 1000, low_open=True, high_open=True)
    assert interval("[2, 2]") == Domain(2, 2)
    for wrong in (
        "",
        "0, 1",
        "[0; 1]",
        "[0, 1, 2]",
        "[1, 0]",
        "(1, 1]",
        "[a, b]",
        "[nan, 1]",
        "[0, 1",
        "> 0",
        None,
        (0, 1),
    ):
        with pytest.raises(ValueError, match=r"mine: y_pred_domain must be an interval, such as '\[0, 1\]' or"):
            pyloss.from_kernel(IDLE, name="mine", y_pred_domain=wrong)


def test_what_a_loss_is():
    """As the others, an immutable object that its fields tell; but no class of the registry."""
    loss = pyloss.from_kernel(IDLE, name="mine", parameters={"a": 2}, y_pred_domain="(0, 1]")
    assert isinstance(loss, pyloss.Loss)
    assert "mine" not in pyloss.LOSSES
    assert (loss.name, loss.parameters, str(loss.y_pred_domain)) == ("mine", {"a": 2.0}, "in (0, 1]")
    same = pyloss.from_kernel(IDLE, name="mine", parameters={"a": 2.0}, y_pred_domain="(0, 1]")
    assert loss == same
    assert hash(loss) == hash(same)
    assert copy.copy(loss) is copy.deepcopy(loss) is loss
    others = [
        dataclasses.replace(loss, reduction="sum"),
        pyloss.from_kernel((8192, SIGNATURES[64]), name="mine", parameters={"a": 2}, y_pred_domain="(0, 1]"),
        pyloss.from_kernel(IDLE, name="mine", parameters={"b": 2}, y_pred_domain="(0, 1]"),
        pyloss.from_kernel(IDLE, name="mine", parameters={"a": 2}),
        pyloss.from_kernel(IDLE, name="mine", parameters={"a": 2}, y_pred_domain="(0, 1]", hess=False),
        pyloss.from_kernel(
            IDLE, name="mine", parameters={"a": 2}, y_pred_domain="(0, 1]", kernel32=(8, SIGNATURES[32])
        ),
    ]
    assert len({loss, *others}) == 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.name = "yours"
    expected = "from_kernel(<kernel at 0x1000>, name='mine', parameters={'a': 2.0}, "
    assert repr(loss) == expected + "reduction='mean', on_empty='nan', check=True)"
    with pytest.raises(TypeError, match="mine: a loss made of a kernel cannot be pickled"):
        pickle.dumps(loss)
    with pytest.raises(TypeError, match="mine: a loss made of a kernel has no textbook"):
        pyloss.reference.evaluate(loss, [0.0], [0.0])
