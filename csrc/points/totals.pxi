# Points of the totals. `value`, `grad` and `hess` of a first pass are three sums; a second point turns them into a gradient.

cdef inline Point dice(real t, real p, const real* parameter) noexcept nogil:
    """min(t, p) is t p where t is 0 or 1, and for soft targets the form whose maximum lies at p = t."""
    return Point(select(t < p, t, p), p, t)


cdef inline Point dice_grad(real t, real p, const real* parameter) noexcept nogil:
    """The derivative of min(t, p) is t at the tie, so that hard targets have that of t p."""
    cdef real overlap = select(p < t, 1, select(p > t, 0, t))
    return Point(0, parameter[0] * overlap + parameter[1] + nil(p), 0)
