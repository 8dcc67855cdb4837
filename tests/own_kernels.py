"""Block kernels of the tests' own: a few losses of pyloss written again in C, for both precisions, and a compiler to build them."""

import ctypes
import functools
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import pytest

COMPILER = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
compiles = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which(COMPILER) is None, reason=f"there is no C compiler {COMPILER}"
)

BUILDING = {**os.environ, "CFLAGS": "-O0 -g0", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
"""The environment in which a package is built against the pyloss that is tested, without delay."""

# The arithmetic is that of csrc/points, operation by operation. What is not asked for is made nan.
SOURCE = """
#include <math.h>
#include <stddef.h>

#define EACH(name, real, statements)                                                                              \\
    void name(const real *y_true, const real *y_pred, const double *parameters, int outputs, real *value,         \\
              real *grad, real *hess, ptrdiff_t n)                                                                \\
    {                                                                                                             \\
        for (ptrdiff_t i = 0; i < n; i++) {                                                                       \\
            const real y = y_true[i], p = y_pred[i], r = p - y;                                                   \\
            real v, g, h;                                                                                         \\
            (void)y, (void)parameters;                                                                            \\
            statements                                                                                            \\
            value[i] = outputs & 1 ? v : NAN;                                                                     \\
            grad[i] = outputs & 2 ? g : NAN;                                                                      \\
            hess[i] = outputs & 4 ? h : NAN;                                                                      \\
        }                                                                                                         \\
    }

#define HUBER(real)                                                                                               \\
    const real delta = (real)parameters[0];                                                                       \\
    real c = r > delta ? delta : r;                                                                               \\
    c = c < -delta ? -delta : c;                                                                                  \\
    v = c == r ? c * (c * (real)0.5) : c * (r - c * (real)0.5);                                                   \\
    g = c;                                                                                                        \\
    h = c == r ? 1 : r == r ? 0 : r;

#define BRIER(real)                                                                                               \\
    v = r * r;                                                                                                    \\
    g = r + r;                                                                                                    \\
    h = 2;

EACH(huber, double, HUBER(double))
EACH(huber32, float, HUBER(float))
EACH(brier, double, BRIER(double))
EACH(brier32, float, BRIER(float))
"""

ARGUMENTS = {
    real: [
        *(ctypes.POINTER(array) for array in (real, real, ctypes.c_double)),
        ctypes.c_int,
        *(ctypes.POINTER(real) for _ in ("value", "grad", "hess")),
        ctypes.c_ssize_t,
    ]
    for real in (ctypes.c_float, ctypes.c_double)
}
"""Of a kernel for float32 and of one for float64."""


@functools.cache
def library() -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp())
    source, made = folder / "kernels.c", folder / "kernels.so"
    source.write_text(SOURCE)
    flags = ["-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([COMPILER, *flags, str(source), "-o", str(made), "-lm"], check=True)
    loaded = ctypes.CDLL(str(made))
    shutil.rmtree(folder)
    return loaded


def kernel(name: str) -> Any:
    """A function of the library, as ctypes has it: a new object each time."""
    function = library()[name]
    function.argtypes = ARGUMENTS[ctypes.c_float if name.endswith("32") else ctypes.c_double]
    function.restype = None
    return function


def callback(function: Any, number: type = ctypes.c_double) -> Any:
    """A kernel in Python: ctypes takes the GIL for it."""
    return ctypes.CFUNCTYPE(None, *ARGUMENTS[number])(function)
