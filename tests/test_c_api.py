"""The C API, from a Cython module that is built here: a loss's kernels, called without the GIL, give the bits that the loss gives."""

import ctypes
import gc
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from comparing import answers, assert_same_bits, bits
from own_kernels import BUILDING, COMPILER, callback, compiles
from variants import ELEMENTWISE, EVERY, data

import pyloss

HEADER = Path(pyloss.get_include(), "pyloss.h")
SETUP = """
from Cython.Build import cythonize
from setuptools import Extension, setup

import pyloss

setup(ext_modules=cythonize(Extension("c_api", ["c_api.pyx"], include_dirs=[pyloss.get_include()])))
"""

pytestmark = compiles


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The module, built as any package would build it."""
    folder = tmp_path_factory.mktemp("c_api")
    shutil.copy(Path(__file__).with_name("c_api.pyx"), folder)
    (folder / "setup.py").write_text(SETUP)
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(command, cwd=folder, check=True, env=BUILDING, capture_output=True)
    path = folder / f"c_api{sysconfig.get_config_var('EXT_SUFFIX')}"
    spec = importlib.util.spec_from_file_location("c_api", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def evaluate(opened, y, p, value=None, grad=None, hess=None):
    """A status and the index of the first fault; the results go into the arrays."""
    ask = opened.evaluate32 if p.dtype == np.float32 else opened.evaluate
    return ask(p.size, *(0 if array is None else array.ctypes.data for array in (y, p, value, grad, hess)))


def total(opened, y, p):
    """A status and the sum."""
    ask = opened.sum32 if p.dtype == np.float32 else opened.sum
    return ask(p.size, y.ctypes.data, p.ctypes.data)


def flat(variant, size, dtype):
    return [np.ascontiguousarray(a, dtype) for a in data(variant, (size,))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_every_elementwise_loss(built, variant, dtype):
    opened = built.Opened(variant())
    assert opened.name == variant.stem
    assert opened.has_hess
    for size in (0, 1, 1500):
        y, p = flat(variant, size, dtype)
        expected = answers(variant(reduction="none"), y, p)
        value, grad, hess = (np.empty(size, dtype) for _ in range(3))
        assert evaluate(opened, y, p, value, grad, hess) == (0, -1)
        got = {"value": value, "grad": grad, "grad_and_hess hess": hess}
        assert_same_bits(got, {name: expected[name] for name in got})
        assert total(opened, y, p) == (0, variant(reduction="sum")(y, p))


def test_any_results(built):
    """Whichever are asked for, they are the same."""
    opened, (y, p) = built.Opened(pyloss.LogCosh()), flat(ELEMENTWISE[0], 1500, np.float64)
    expected = [np.empty(1500) for _ in range(3)]
    evaluate(opened, y, p, *expected)
    for asked in product((False, True), repeat=3):
        results = [np.empty(1500) if wanted else None for wanted in asked]
        assert evaluate(opened, y, p, *results) == (0, -1)
        for result, whole in zip(results, expected, strict=True):
            assert result is None or bits(result) == bits(whole)


def test_numbers_out_of_their_domain(built):
    y, p = np.zeros(1500), np.full(1500, 0.5)
    for array, status in ((y, "y_true"), (p, "y_pred")):
        array[1200] = 2
        opened = built.Opened(pyloss.BCE())
        assert evaluate(opened, y, p, np.empty(1500)) == (built.STATUS[status], 1200)
        assert evaluate(opened, y, p) == (built.STATUS[status], 1200)
        assert total(opened, y, p) == (built.STATUS[status], -1)
        grad, unchecked = np.empty(1500), pyloss.BCE(check=False, reduction="none")
        assert evaluate(built.Opened(unchecked), y, p, grad=grad) == (0, -1)
        assert bits(grad) == bits(unchecked.grad(y, p))
        array[1200] = 0.25


def test_other_losses_are_refused(built):
    others = {variant.stem: variant() for variant in EVERY if variant().family != "elementwise"}
    assert len(others) > 20
    borrowed = SimpleNamespace(family="elementwise", _plan=pyloss.MSE()._plan)
    for other in (*others.values(), pyloss.Sum([(1.0, pyloss.MSE())]), borrowed, pyloss.MSE, None, "mse"):
        with pytest.raises(TypeError, match="pyloss_open: the loss must be an elementwise one of pyloss, got "):
            built.Opened(other)


def test_threads(built):
    """One handle, without the GIL, from several threads at once."""
    loss = pyloss.Huber(reduction="none")
    opened, (y, p) = built.Opened(loss), flat(ELEMENTWISE[0], 200_000, np.float64)
    grads = np.empty((2, 5, p.size))

    def work(k):
        return [evaluate(opened, y, p, grad=grad) + total(opened, y, p) for grad in grads[k]]

    with ThreadPoolExecutor(2) as pool:
        statuses = {status for answers in pool.map(work, range(2)) for status in answers}
    assert statuses == {(0, -1, 0, pyloss.Huber(reduction="sum")(y, p))}
    assert {bits(grad) for grad in grads.reshape(10, -1)} == {bits(loss.grad(y, p))}


def test_a_handle_keeps_its_loss_alive(built):
    loss = pyloss.Huber(delta=0.25)
    alive, y, p = weakref.ref(loss), np.zeros(3), np.ones(3)
    expected, opened = pyloss.Huber(delta=0.25, reduction="sum")(y, p), built.Opened(loss)
    del loss
    gc.collect()
    assert alive() is not None
    assert total(opened, y, p) == (0, expected)
    del opened
    gc.collect()
    assert alive() is None


def test_a_kernel_of_ones_own(built):
    """It comes from Cython's table of C functions, and goes out again by the C API, where it is asked in float32 too."""
    own = pyloss.from_kernel(built.__pyx_capi__["brier"], name="own", y_pred_domain="[0, 1]", reduction="none")
    brier = pyloss.Brier(reduction="none")
    y, p = (np.random.default_rng(0).random((2, 1500)) * 64).round() / 64
    assert_same_bits(answers(own, y, p), answers(brier, y, p))
    opened = built.Opened(own)
    assert opened.name == "own"
    for dtype in (np.float64, np.float32):
        value, grad, hess = np.empty((3, 1500), dtype)
        assert evaluate(opened, y.astype(dtype), p.astype(dtype), value, grad, hess) == (0, -1)
        np.testing.assert_array_equal([value, grad, hess], [brier(y, p), *brier.grad_and_hess(y, p)])
        assert total(opened, y.astype(dtype), p.astype(dtype)) == (0, brier(y, p).sum())
    assert evaluate(opened, y, p + 1, value.astype(float)) == (built.STATUS["y_pred"], np.argmax(p > 0))


def test_a_loss_without_a_second_derivative(built):
    def ones(y, p, parameters, outputs, value, grad, hess, n):
        for i in range(n):
            value[i] = grad[i] = 1

    flat_loss = pyloss.from_kernel(callback(ones), name="flat", hess=False)
    opened, y, grad = built.Opened(flat_loss), np.zeros(3), np.empty(3)
    assert not opened.has_hess
    assert evaluate(opened, y, y, hess=grad) == (built.STATUS["no hess"], -1)
    assert evaluate(opened, y, y, grad=grad) == (0, -1)
    assert grad.tolist() == [1, 1, 1]


# The header -------------------------------------------------------------------------------------------------------------

USE = """
#include "pyloss.h"
int use(void) { return import_pyloss() == 0 && pyloss_open(Py_None) != NULL; }
"""


@pytest.mark.parametrize("language", ["c99", "c11", "c++11", "c++17"])
def test_the_header_is_plain_c_and_cpp(language, tmp_path):
    source = tmp_path / ("use.cpp" if "+" in language else "use.c")
    source.write_text(USE)
    compiler = shutil.which("c++") if "+" in language else COMPILER
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    strict = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-std={language}"]
    folders = [f"-I{pyloss.get_include()}", f"-isystem{sysconfig.get_path('include')}"]
    subprocess.run([compiler, *strict, *folders, str(source)], check=True)


def test_another_interface_is_an_import_error(tmp_path):
    """A module compiled against an interface of another number, or against a later one with more functions, says so."""
    changed = {
        "other": HEADER.read_text().replace("#define PYLOSS_ABI 1", "#define PYLOSS_ABI 2"),
        "later": HEADER.read_text().replace("} pyloss_api;", "void (*more)(void); } pyloss_api;"),
        "same": HEADER.read_text(),
    }
    assert len(set(changed.values())) == 3
    errors = {}
    for name, header in changed.items():
        (tmp_path / "pyloss.h").write_text(header)
        (tmp_path / "use.c").write_text('#include "pyloss.h"\nint start(void) { return import_pyloss(); }\n')
        folders = [f"-I{tmp_path}", f"-I{sysconfig.get_path('include')}"]
        made = tmp_path / f"{name}.so"
        subprocess.run([COMPILER, "-shared", "-fPIC", *folders, str(tmp_path / "use.c"), "-o", str(made)], check=True)
        start = ctypes.PyDLL(str(made)).start
        try:
            errors[name] = start()
        except ImportError as error:
            errors[name] = str(error)
    assert errors["same"] == 0
    assert "compiled against a pyloss with the C API 2 of" in errors["other"]
    assert "compiled against a pyloss with the C API 1 of" in errors["later"]
