# Points of one class of a distribution: t its true probability, p the predicted one. A class with t = 0 counts nothing.

cdef inline Point cce(real t, real p, const real* parameter) noexcept nogil:
    cdef real eps = parameter[0], a = p + eps
    cdef real log_a = vector_log_sum(a, rounded_off(p, eps, a))
    cdef real u = t / a
    return Point(select(t != 0, <real>0 - t * log_a, nil(p)), select(t != 0, -u, nil(p)), select(t != 0, u / a, nil(p)))


cdef inline real log_ratio(real t, real p) noexcept nogil:
    """log(t / p) by one division: of t - p where the two are close, since that is exact; else of both brought near 1, since t / p may leave
    the range."""
    cdef word close = mask((t > p * <real>0.5) & (t * <real>0.5 < p))
    cdef real quotient = blend(close, t - p, t * tame(t)) / blend(close, p, p * tame(p))
    cdef real u = blend(close, <real>1 + quotient, quotient)
    cdef real rest = blend(close, quotient - (u - <real>1), 0)
    return vector_log_sum(u, rest) + blend(close, 0, log_tame(p) - log_tame(t))


cdef inline Point kl_divergence(real t, real p, const real* parameter) noexcept nogil:
    """A probability of -0 is 0."""
    p += 0
    cdef real u = t / p
    return Point(select(t != 0, t * log_ratio(t, p), nil(p)), select(t != 0, -u, nil(p)), select(t != 0, u / p, nil(p)))
