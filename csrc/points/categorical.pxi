# Points of one class of several, like those of distributions: t is its true probability, p the predicted one; with t = 0 it counts nothing.

cdef inline Point categorical_focal(real t, real p, const real* parameter) noexcept nogil:
    """Everything is a multiple of (1 - p)^gamma. In the second derivative stands gamma (1 - p)^(gamma - 1), whose limit where p = 1 is a
    parameter, and in both -log(p) / (1 - p), whose limit there is 1."""
    cdef real gamma = parameter[0], rest = <real>1 - p, cost = -vector_log(p)
    cdef real power = vector_pow(rest, gamma)
    cdef real ratio = select(rest > 0, cost / rest, nil(p) + <real>1)
    cdef real pull = select(rest > 0, gamma * (power / rest), parameter[1])
    cdef real hess = power / p / p + select((p > 0) & (pull != 0), pull * (<real>2 / p + (gamma - <real>1) * ratio), nil(p))
    return Point(select(t != 0, t * power * cost, nil(p)),
                 select(t != 0, -(t * power) * (<real>1 / p + select(p > 0, gamma * ratio, nil(p))), nil(p)),
                 select(t != 0, t * hess, nil(p)))


cdef inline Point generalized_ce(real t, real p, const real* parameter) noexcept nogil:
    """(1 - p^Q) / Q as expm1, which keeps its digits where Q log p is small. Where p = 0 the derivatives are infinite unless Q = 1."""
    cdef real exponent = parameter[0], log_p = vector_log(p)
    cdef real value = -vector_expm1(exponent * log_p) / exponent
    cdef real power = vector_pow(p, exponent)
    cdef real u = select(exponent == 1, nil(p) + <real>1, power / p)
    cdef real v = select(exponent == 1, nil(p), (<real>1 - exponent) * (u / p))
    cdef real infinity = LARGE * 2
    u = select((p == 0) & (exponent < 1), infinity, u)
    v = select((p == 0) & (exponent < 1), infinity, v)
    return Point(select(t != 0, t * value, nil(p)), select(t != 0, -(t * u), nil(p)), select(t != 0, t * v, nil(p)))
