# Points of the residual r = p - y.

cdef inline Point mse(real y, real p, const real* parameter) noexcept nogil:
    cdef real r = p - y
    return Point(r * r, r + r, 2)


cdef inline Point sse(real y, real p, const real* parameter) noexcept nogil:
    cdef real r = p - y
    return Point(r * r * <real>0.5, r, 1)


cdef inline Point mae(real y, real p, const real* parameter) noexcept nogil:
    cdef real r = p - y
    return Point(magnitude(r), sign(r), nil(r))


cdef inline Point huber(real y, real p, const real* parameter) noexcept nogil:
    """c is the residual clipped to +-delta: c (r - c/2) is the value on both pieces, and c the gradient. Where c = r it is c c/2, which an
    infinite delta does not spoil."""
    cdef real delta = parameter[0], r = p - y
    cdef real c = select(r > delta, delta, r)       # in this order a nan stays a nan
    c = select(c < -delta, -delta, c)
    return Point(select(c == r, c * (c * <real>0.5), c * (r - c * <real>0.5)), c, select(c == r, 1, nil(r)))


cdef inline Point pinball(real y, real p, const real* parameter) noexcept nogil:
    """Over-prediction costs 1 - quantile a unit, under-prediction the quantile."""
    cdef real under = parameter[0], over = parameter[1], r = p - y
    cdef real slope = select(r > 0, over, select(r < 0, -under, r))
    return Point(slope * r, slope, nil(r))
