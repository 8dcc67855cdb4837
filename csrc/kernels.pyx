# cython: language_level=3, wraparound=False, cdivision=True
"""The loops. This source is compiled once for each precision and ISA level; `real` is float or double.

A loss is a point here: one pair in; value, gradient and second derivative out. `each` takes the point as an argument that is
constant at every call, so the compiler inlines it, drops what is not asked for and vectorises the loop.

Numbers in expressions are written <real>1: Cython makes doubles of bare ones, and the float loops would compute in double.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t
from libc.string cimport memcpy, memset

from pipeline cimport *

cdef extern from "real.h" nogil:
    ctypedef float real             # float or double: REAL_BITS decides in C
    ctypedef unsigned int word      # as many bits as `real`
    word mask(bint condition)       # all bits, or none
    real vector_exp(real x)
    real exp_minus(real size)               # exp(-size) for size >= 0
    real exp_minus_sum(real size, real rest)    # exp(-(size + rest)), rest being what rounding took from size
    real vector_log(real x)
    real vector_log1p(real x)
    real log1p_unit(real u)                 # log(1 + u) for 0 <= u <= 1

cdef extern from "math.h" nogil:
    bint isfinite(double x)
    double frexp(double x, int* exponent)
    double ldexp(double x, int exponent)
    double sqrt(double x)

include "scalars.pxi"
include "numbers.pxi"


cdef struct Point:
    real value
    real grad
    real hess

ctypedef Point (*point_fn)(real y, real p, const real* parameter) noexcept nogil
ctypedef void (*block_fn)(const real* y, const real* p, const double* parameters, double scale,
                          real* value, real* grad, real* hess, Py_ssize_t n) noexcept nogil


cdef inline void each(point_fn point, Outputs outputs, const real* y, const real* p, const double* parameters, double scale,
                      real* value, real* grad, real* hess, Py_ssize_t n) noexcept nogil:
    cdef real[PARAMETERS] parameter     # a copy of its own: nothing that the loop writes can alias it
    cdef real factor = <real>scale
    cdef Py_ssize_t i
    cdef Point out
    for i in range(PARAMETERS):
        parameter[i] = <real>parameters[i]
    if outputs == VALUE:
        for i in range(n):
            value[i] = point(y[i], p[i], parameter).value
    elif outputs == GRAD:
        for i in range(n):
            grad[i] = point(y[i], p[i], parameter).grad * factor
    elif outputs == VALUE_GRAD:
        for i in range(n):
            out = point(y[i], p[i], parameter)
            value[i] = out.value
            grad[i] = out.grad * factor
    elif outputs == GRAD_HESS:
        for i in range(n):
            out = point(y[i], p[i], parameter)
            grad[i] = out.grad * factor
            hess[i] = out.hess * factor
    else:
        for i in range(n):
            out = point(y[i], p[i], parameter)
            value[i] = out.value
            grad[i] = out.grad * factor
            hess[i] = out.hess * factor


include "points.pxi"                    # written by setup.py: it includes csrc/points/*.pxi and fills POINTS and POINT_NAMES
include "blocks.pxi"
include "elementwise.pxi"
include "rows/rows.pxi"
include "rows/picked.pxi"
include "rows/softmax.pxi"
include "rows/cosine.pxi"


cdef Kernels kernels = Kernels(
    elementwise=elementwise, rowsums=rowsums, picked=picked, softmax=softmax, cosine=cosine, weights=sum_weights,
    load=load_double, resum=resum,
)


def table():
    """The kernels' addresses, for the front door."""
    return PyCapsule_New(&kernels, b"pyloss.kernels", NULL)


include "probes.pxi"
