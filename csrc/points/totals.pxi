# Points of the totals. `value`, `grad` and `hess` of a first pass are three sums; the gradient of a second follows from them.

cdef inline Point rmse(real y, real p, const real* parameter) noexcept nogil:
    """The residual and its square, lifted by a power of two where squares would leave the range."""
    cdef real lifted = (p - y) * parameter[0]
    return Point(lifted * lifted, lifted, 0)


cdef inline Point dice(real t, real p, const real* parameter) noexcept nogil:
    """With |t - p| nothing cancels: it sums to P + T - 2 I, where I is the overlap min(t, p)."""
    return Point(magnitude(t - p), p, t)


cdef inline Point dice_grad(real t, real p, const real* parameter) noexcept nogil:
    """The derivative of min(t, p) is t at the tie, so that hard targets have that of t p."""
    cdef real overlap = select(p < t, 1, select(p > t, 0, t))
    return Point(0, parameter[0] - (overlap + overlap) + nil(p), 0)
