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
    ctypedef real* output           # what is written through it, nothing else reads or writes meanwhile
    ctypedef unsigned int word      # as many bits as `real`
    const real LEAST_NORMAL
    word mask(bint condition)       # all bits, or none
    double divided(double x, double y, double inverse)      # x / y, given 1 / y
    real vector_exp(real x)
    real exp_minus(real size)               # exp(-size) for size >= 0
    real exp_minus_sum(real size, real rest)    # exp(-(size + rest)), rest being what rounding took from size
    real vector_log(real x)
    real vector_log1p(real x)
    real log1p_unit(real u)                 # log(1 + u) for 0 <= u <= 1

cdef extern from "domains.h" nogil:
    bint within_0_and(real high, const real* x, Py_ssize_t n)
    bint are_signs(const real* x, Py_ssize_t n)
    ctypedef enum Look:         # what a loop that reads the numbers anyhow finds out about them
        NO_LOOK
        LOOK_AT_SIGNS           # whether y is -1 or 1
        LOOK_FROM_0             # whether y and p are >= 0
        LOOK_FROM_0_TO          # whether they are from 0 to a number
        LOOKS
    bint HAS_MAXIMUM
    enum:
        LOOKED_AT
    void look_at_round(Look look, word* lane, const real* y, const real* p)     # SUM_LANES numbers of each
    void look_at_rest(Look look, word* lane, const real* y, const real* p, Py_ssize_t n)
    word all_seen(Look look, const word* lane)
    bint proves(Look look, word seen, real high)

cdef extern from "ahead.h" nogil:
    enum:
        AHEAD                   # bytes
    bint STORES_WAIT            # where several arrays are written to
    void ask_for(const void* address, Py_ssize_t ahead, Py_ssize_t bytes)

cdef extern from "special.h" nogil:
    real vector_expm1(real x)
    real vector_tanh(real x)
    real vector_pow(real x, real a)         # x^a for x >= 0
    real vector_erf(real x)
    real log_factorial(real x)              # log gamma(1 + x) for x >= 0
    const real LOG_COSH_NEAR
    real log_cosh_tail(real z, real square)     # of z = x^2: log cosh x = z / 2 + z^2 log_cosh_tail below LOG_COSH_NEAR
    real tanh_tail(real z, real square)     # likewise: tanh x = x + x z tanh_tail

cdef extern from "math.h" nogil:
    bint isfinite(double x)
    bint isinf(double x)
    double frexp(double x, int* exponent)
    double ldexp(double x, int exponent)
    double double_log "log"(double x)
    double double_pow "pow"(double x, double y)
    double fma(double x, double y, double z)
    double sqrt(double x)
    const float INFINITY, NAN

include "scalars.pxi"
include "duo.pxi"
include "fine.pxi"
include "exponentials.pxi"
include "numbers.pxi"


cdef struct Point:
    real value
    real grad
    real hess

ctypedef Point Light        # of so few operations that its values are summed as they come: to store and read them takes as long
# NAME_usual sums up the blocks of NAME that hold nothing unusual, with the same bits. Else, and of what is below 0, its value is a nan.
ctypedef Point Usual

ctypedef Point (*point_fn)(real y, real p, const real* parameter) noexcept nogil
ctypedef void (*block_fn)(const real* y, const real* p, const double* parameters, double scale,
                          output value, output grad, output hess, Py_ssize_t n) noexcept nogil
ctypedef double (*sum_fn)(const real* y, const real* p, const double* parameters, double scale, output grad, Py_ssize_t n, bint far,
                          word* seen) noexcept nogil


cdef inline void each(point_fn point, Outputs outputs, const real* y, const real* p, const double* parameters, double scale,
                      output value, output grad, output hess, Py_ssize_t n) noexcept nogil:
    cdef real[PARAMETERS] parameter     # a copy of its own: nothing that the loop writes can alias it
    cdef real factor = <real>scale
    cdef Py_ssize_t i
    cdef Point out
    for i in range(PARAMETERS):
        parameter[i] = <real>parameters[i]
    for i in range(n):
        out = point(y[i], p[i], parameter)
        if gives_value(outputs):
            value[i] = out.value
        if gives_grad(outputs):
            grad[i] = out.grad * factor
        if gives_hess(outputs):
            hess[i] = out.hess * factor


cdef inline const real* round_of(const real* x, Py_ssize_t first, Py_ssize_t step, real* buffer) noexcept nogil:
    """As many numbers as there are lanes, side by side."""
    if step == 1:
        return x + first
    load_every_second(x + step * first, buffer)
    return buffer


cdef inline double sum_each(point_fn point, Outputs outputs, Py_ssize_t step, Look look, const real* y, const real* p,
                            const double* parameters, double scale, output grad, Py_ssize_t n, bint far, word* seen) noexcept nogil:
    """The sum of the values, with the bits of `lane_sum`, and what was seen of the numbers, which may be far away. The step, 1 or 2, and
    the look are constant at every call."""
    cdef real[PARAMETERS] parameter
    cdef double[SUM_LANES] lane
    cdef real[SUM_LANES] rest, y_buffer, p_buffer
    cdef real factor = <real>scale
    cdef Py_ssize_t i, j, k, rounds = n // SUM_LANES, full = rounds * SUM_LANES
    cdef const real* y_round
    cdef const real* p_round
    cdef Point out
    cdef word[LOOKED_AT] looked
    for i in range(PARAMETERS):
        parameter[i] = <real>parameters[i]
    for j in range(SUM_LANES):
        lane[j] = 0
    if look != NO_LOOK:
        for j in range(LOOKED_AT):
            looked[j] = 0
    for k in range(rounds):
        y_round = round_of(y, k * SUM_LANES, step, y_buffer)
        p_round = round_of(p, k * SUM_LANES, step, p_buffer)
        if far:
            ask_for(y + step * k * SUM_LANES, AHEAD, step * SUM_LANES * sizeof(real))
            ask_for(p + step * k * SUM_LANES, AHEAD, step * SUM_LANES * sizeof(real))
            if gives_grad(outputs):
                ask_for(grad + k * SUM_LANES, AHEAD, SUM_LANES * sizeof(real))
        for j in range(SUM_LANES):
            out = point(y_round[j], p_round[j], parameter)
            lane[j] += out.value
            if gives_grad(outputs):
                grad[k * SUM_LANES + j] = out.grad * factor
        if look != NO_LOOK:
            look_at_round(look, looked, y_round, p_round)
    if look != NO_LOOK:
        look_at_rest(look, looked, y + full, p + full, n - full)
        seen[0] = all_seen(look, looked)
    for i in range(full, n):
        out = point(y[step * i], p[step * i], parameter)
        rest[i - full] = out.value
        if gives_grad(outputs):
            grad[i] = out.grad * factor
    return fold(lane, rest, n - full)


# A point of two predictions p and q, with the derivatives by both.
cdef struct PairPoint:
    real value
    real grad_p
    real hess_p
    real grad_q
    real hess_q

ctypedef PairPoint (*pair_fn)(real y, real p, real q, const real* parameter) noexcept nogil
ctypedef void (*pair_block_fn)(const real* y, const real* p, const real* q, const double* parameters, double scale, output value,
                               output grad_p, output hess_p, output grad_q, output hess_q, Py_ssize_t n) noexcept nogil


cdef inline void each_pair(pair_fn point, Outputs outputs, const real* y, const real* p, const real* q, const double* parameters,
                           double scale, output value, output grad_p, output hess_p, output grad_q, output hess_q,
                           Py_ssize_t n) noexcept nogil:
    cdef real[PARAMETERS] parameter
    cdef real factor = <real>scale
    cdef Py_ssize_t i
    cdef PairPoint out
    for i in range(PARAMETERS):
        parameter[i] = <real>parameters[i]
    for i in range(n):
        out = point(y[i], p[i], q[i], parameter)
        if gives_value(outputs):
            value[i] = out.value
        if gives_grad(outputs):
            grad_p[i] = out.grad_p * factor
            grad_q[i] = out.grad_q * factor
        if gives_hess(outputs):
            hess_p[i] = out.hess_p * factor
            hess_q[i] = out.hess_q * factor


# A loss of the softmax's probabilities, sum_k phi(t_k, q_k), as its link sees one class of it: phi, u = q dphi/dq and v = q du/dq. A link
# is given 1 - q and log q without cancellation, and what rounding took from them (of log q a nan, where it is infinite).
cdef struct Link:
    real value
    real slope
    real bend

ctypedef Link (*link_fn)(real t, real q, real rest, real rest_spill, real log_q, real log_spill,
                         const real* parameter) noexcept nogil
ctypedef void (*link_block_fn)(Shares* shares, const double* parameters, Py_ssize_t n) noexcept nogil


cdef enum:
    CHUNK = 256             # classes of a long row at a time


cdef struct Shares:
    # The parts of some classes, and what their link gives. In one struct the compiler sees that results do not overlap what is read:
    # between arrays of their own there would be more to check than gcc is ready to, and it would not vectorise.
    real[CHUNK] t
    real[CHUNK] e
    real[CHUNK] q
    real[CHUNK] rest
    real[CHUNK] rest_spill
    real[CHUNK] log_q
    real[CHUNK] log_spill
    real[CHUNK] value
    real[CHUNK] slope
    real[CHUNK] bend


cdef inline Link link_at(link_fn link, const Shares* shares, Py_ssize_t i, const real* parameter) noexcept nogil:
    return link(shares.t[i], shares.q[i], shares.rest[i], shares.rest_spill[i], shares.log_q[i], shares.log_spill[i], parameter)


cdef inline void each_link(link_fn link, Outputs outputs, Shares* shares, const double* parameters, Py_ssize_t n) noexcept nogil:
    cdef real[PARAMETERS] parameter
    cdef Py_ssize_t i
    cdef Link out
    for i in range(PARAMETERS):
        parameter[i] = <real>parameters[i]
    if outputs == VALUE:
        for i in range(n):
            shares.value[i] = link_at(link, shares, i, parameter).value
    elif outputs == GRAD:
        for i in range(n):
            shares.slope[i] = link_at(link, shares, i, parameter).slope
    elif outputs == VALUE_GRAD:
        for i in range(n):
            out = link_at(link, shares, i, parameter)
            shares.value[i] = out.value
            shares.slope[i] = out.slope
    else:
        for i in range(n):
            out = link_at(link, shares, i, parameter)
            shares.slope[i] = out.slope
            shares.bend[i] = out.bend


include "points.pxi"                    # written by setup.py: it includes csrc/points/*.pxi and fills POINTS, SUMS and POINT_NAMES
include "pairs.pxi"                     # likewise: csrc/pairs/*.pxi, PAIRS and PAIR_NAMES
include "links.pxi"                     # likewise: csrc/links/*.pxi, LINKS and LINK_NAMES
include "blocks.pxi"
include "windows.pxi"
include "elementwise.pxi"
include "columns.pxi"
include "cases.pxi"
include "rows.pxi"
include "targets.pxi"
include "row_kernels.pxi"               # likewise: csrc/rows/*.pxi, a kernel for each link, ROW_KERNELS and ROW_NAMES


cdef void rows(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """The kernel that the call names. Where there are few classes it reads tiles as they lie; of very long rows a block has few."""
    if call.classes > FEW and rows_of_block(call.classes) >= LEAST_ROWS and any_across(call, True):
        in_windows(call, True, ROW_KERNELS[call.row_kernel], first, last, partial)
    else:
        ROW_KERNELS[call.row_kernel](call, first, last, partial)


cdef Kernels kernels = Kernels(
    elementwise=elementwise, rowsums=rowsums, picked=picked, rows=rows, cases=cases, weights=sum_weights, load=load_double,
    resum=resum,
)


def table():
    """The kernels' addresses, for the front door."""
    return PyCapsule_New(&kernels, b"pyloss.kernels", NULL)


include "probes.pxi"
