# Points of a distribution of which a location p and a spread q are predicted; r = p - y.

cdef inline PairPoint gaussian_nll(real y, real p, real q, const real* parameter) noexcept nogil:
    """The variance is floored by eps, below which it has no slope. Everything but the logarithm is a multiple of r / v."""
    cdef real r = p - y, eps = parameter[0]
    cdef word floored = mask(q < eps)
    cdef real v = blend(floored, eps, q)
    cdef real u = r / v, rate = <real>1 / v
    cdef real square = r * u
    return PairPoint((vector_log(v) + square) * <real>0.5 + parameter[1], u, rate,
                     blend(floored, 0, (<real>1 - square) * <real>0.5 * rate),
                     blend(floored, 0, (square - <real>0.5) * rate * rate))


cdef inline PairPoint laplace_nll(real y, real p, real q, const real* parameter) noexcept nogil:
    cdef real r = p - y, rate = <real>1 / q
    cdef real size = magnitude(r) * rate
    return PairPoint(vector_log(q + q) + size, sign(r) * rate, nil(r), (<real>1 - size) * rate,
                     (size + size - <real>1) * rate * rate)


cdef inline PairPoint crps_normal(real y, real p, real q, const real* parameter) noexcept nogil:
    """With w = r / q and the density phi it is r erf(w / sqrt(2)) + q (2 phi(w) - 1 / sqrt(pi)). The bracket is its value at w = 0 less
    what phi loses from there, so that little cancels."""
    cdef real r = p - y, w = r / q
    cdef real half = w * w * <real>0.5
    cdef real density = exp_minus(half) * parameter[1]
    cdef real slope = vector_erf(w * parameter[2])
    cdef real spread = parameter[0] + vector_expm1(-half) * parameter[1]
    # Of an infinite w the density is 0, and so are its products.
    cdef real second = select(density != 0, density / q, nil(density))
    return PairPoint(r * slope + q * spread, slope, second, spread, select(second != 0, second * w * w, nil(second)))
