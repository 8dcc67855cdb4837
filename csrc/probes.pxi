# Entries for tests and for the curious: one kernel on plain arrays, without the pipeline, so that all ISA levels can be compared
# in one process.

ctypedef real (*unary_fn)(real x) noexcept nogil


cdef inline void each_number(unary_fn function, const real[::1] x, real[::1] out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = function(x[i])


cdef int check_room(const real[::1] x, const real[::1] out, str name="out") except -1:
    if out.shape[0] < x.shape[0]:
        raise ValueError(f"{name} must have the length of x, {x.shape[0]}, got {out.shape[0]}")
    return 0


def exp(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(vector_exp, x, out)


def exp_of_minus(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(exp_minus, x, out)


def log(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(vector_log, x, out)


def log1p(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(vector_log1p, x, out)


def log1p_of_unit(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(log1p_unit, x, out)


def expm1(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(vector_expm1, x, out)


def tanh(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(vector_tanh, x, out)


def erf(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(vector_erf, x, out)


def log_of_factorial(const real[::1] x not None, real[::1] out not None):
    check_room(x, out)
    with nogil:
        each_number(log_factorial, x, out)


def power_of(const real[::1] x not None, const real[::1] a not None, real[::1] out not None):
    check_room(x, a, "a")
    check_room(x, out)
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            out[i] = vector_pow(x[i], a[i])


def surely_within(const real[::1] x not None, double low, double high, bint integral):
    """The quick look at a domain."""
    cdef Domain domain = Domain(checked=True, integral=integral, low=low, high=high)
    return x.shape[0] == 0 or surely_inside(&x[0], &domain, x.shape[0])


def points():
    """The names of all points; a point's place is its number."""
    return POINT_NAMES


def pairs():
    """The names of all points of two predictions, likewise."""
    return PAIR_NAMES


def row_kernels():
    """The names of all kernels of rows, likewise."""
    return ROW_NAMES


def point(int number, const real[::1] y not None, const real[::1] p not None, const double[::1] parameters not None,
          real[::1] value not None, real[::1] grad not None, real[::1] hess not None):
    """Value, gradient and second derivative of every pair, unweighted."""
    cdef Py_ssize_t n = y.shape[0]
    if not 0 <= number < len(POINT_NAMES):
        raise IndexError(f"no point has the number {number}")
    if parameters.shape[0] < PARAMETERS:
        raise ValueError(f"a point takes {<int>PARAMETERS} parameters, got {parameters.shape[0]}")
    if min(p.shape[0], value.shape[0], grad.shape[0], hess.shape[0]) < n:
        raise ValueError("every array must have the length of y")
    if n:
        with nogil:
            POINTS[number][<int>ALL](&y[0], &p[0], &parameters[0], 1, &value[0], &grad[0], &hess[0], n)
