# Points of a distribution of which a location p and a spread q are predicted; r = p - y.

cdef inline PairPoint gaussian_nll(real y, real p, real q, const real* parameter) noexcept nogil:
    """The variance is floored by eps, below which it has no slope. r^2 / v keeps its digits: they count where it is close to 1 or 1/2."""
    cdef Duo r = residual(y, p)
    cdef word floored = mask(q < parameter[0])
    cdef real v = blend(floored, parameter[0], q)
    cdef Duo u = duo_divided(r, duo(v, 0))
    cdef Duo half = duo_times(duo_scaled(r, <real>0.5), u), minus = duo(<real>-0.5, 0)
    return PairPoint(vector_log(v) * <real>0.5 + rounded(half) + parameter[1], u.high, <real>1 / v,
                     blend(floored, 0, -rounded(duo_plus(half, minus)) / v),
                     blend(floored, 0, rounded(duo_plus(duo_scaled(half, 2), minus)) / v / v))


cdef inline PairPoint laplace_nll(real y, real p, real q, const real* parameter) noexcept nogil:
    cdef Duo r = residual(y, p), one = duo(1, 0)
    cdef Duo size = duo_divided(duo_size(r), duo(q, 0))
    return PairPoint(vector_log(q + q) + size.high, sign(r.high) / q, nil(r.high), rounded(duo_plus(one, duo_scaled(size, -1))) / q,
                     rounded(duo_plus(duo_scaled(size, 2), duo(-1, 0))) / q / q)


cdef inline PairPoint crps_normal(real y, real p, real q, const real* parameter) noexcept nogil:
    """With w = r / q and the density phi it is r erf(w / sqrt(2)) + q (2 phi(w) - 1 / sqrt(pi)). The bracket is its value at w = 0 less
    what phi loses from there, so that little cancels. phi itself takes w^2 with all its digits: its exponential would magnify an error."""
    cdef Duo r = residual(y, p)
    cdef Duo w = duo_divided(r, duo(q, 0))
    cdef Power density = exp_in_parts(duo_scaled(half_square(w), -1))
    cdef real slope = vector_erf(rounded(duo_times(w, duo(parameter[2], parameter[3]))))
    cdef real spread = parameter[0] + vector_expm1(-rounded(half_square(w))) * parameter[1]
    # Far out phi vanishes, however large its factor. A small q divides first, so that phi is not rounded as a denormal; the smallest
    # ones last, so that nothing overflows.
    cdef word least = mask(q < TINY * TINY)
    cdef Duo near = duo_where(magnitude(w.high) > 64, duo(64, 0), w)
    cdef Duo rate = duo_divided(duo(parameter[1], 0), duo(blend(least, 1, q), 0))
    cdef real hess_p = times_power(rate, density), hess_q = times_power(duo_times(rate, duo_times(near, near)), density)
    return PairPoint(r.high * slope + q * spread, slope, blend(least, hess_p / q, hess_p), spread, blend(least, hess_q / q, hess_q))
