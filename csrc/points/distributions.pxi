# Points of one class of a distribution: t its true probability, p the predicted one. A class with t = 0 counts nothing.

cdef inline Point cce(real t, real p, const real* parameter) noexcept nogil:
    cdef real eps = parameter[0], a = p + eps
    cdef real log_a = vector_log_sum(a, rounded_off(p, eps, a))
    cdef real u = t / a
    return Point(select(t != 0, -t * log_a, nil(p)), select(t != 0, -u, nil(p)), select(t != 0, u / a, nil(p)))


cdef inline real log_ratio(real t, real p) noexcept nogil:
    """log(t / p): from t - p where the two are close, since that is exact; with powers of two where t / p leaves the normal range."""
    cdef real ratio = t / p
    cdef bint close = (ratio > <real>0.5) & (ratio < 2), high = ratio > LARGE, low = ratio < SMALL
    cdef real x = (t - p) / p
    cdef real u = 1 + x
    cdef real lifted = (t * select(low, LIFT, 1)) / (p * select(high, LIFT, 1))
    cdef real shift = select(high, LOG_LIFT, select(low, -LOG_LIFT, 0))
    return vector_log_sum(select(close, u, lifted), select(close, x - (u - 1), 0)) + shift


cdef inline Point kl_divergence(real t, real p, const real* parameter) noexcept nogil:
    cdef real u = t / p
    return Point(select(t != 0, t * log_ratio(t, p), nil(p)), select(t != 0, -u, nil(p)), select(t != 0, u / p, nil(p)))
