# The general robust loss, and its limits in alpha.

cdef inline real times_wide(Duo x, Wide factor) noexcept nogil:
    """Their product, which may be within the range where neither is."""
    cdef real size = magnitude(x.high)
    return times_two_to(rounded(duo_times(duo_scaled(x, tame(size)), factor.factor)), factor.exponent - tamed_by(size))


cdef inline Point barron(real y, real p, const real* parameter) noexcept nogil:
    """With b = |alpha - 2| and L = log(1 + u^2 / b): b / alpha (exp(alpha L / 2) - 1), in which neither b nor alpha near 0 cancels."""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), one = duo(1, 0)
    cdef real alpha = parameter[1]
    cdef Duo distance = exact_sum(alpha, -2), size = duo_size(distance)
    cdef Duo b = duo(scale_of(size.high).high, size.low), u = duo_over(r, c)      # float32 may have made alpha 2
    cdef Duo steep = duo_over(u, c)
    cdef Curve curve = curve_of(r, duo_times(c, duo_root(b)))
    cdef Power rise = expm1_in_parts(duo_times(duo(alpha * <real>0.5, 0), curve.log))
    cdef Wide slope = wide_exp(duo_times(duo_scaled(distance, <real>0.5), curve.log))
    cdef real value = rounded(duo_times(duo_over(b, duo(alpha, 0)), rise.rest)) * rise.scale * rise.again
    cdef Duo share = duo_blend(curve.far, duo_times(curve.inverse, curve.inverse), curve.inverse)     # 1 / (1 + u^2 / b)
    cdef Duo bend = duo_plus(exact_sum(alpha, -1), duo_times(duo_scaled(distance, -1), share))
    cdef real endless = select(alpha < 1, 0, select(alpha > 1, <real>INFINITY, <real>1 / c.high))
    # Of r / c / c no more is divided before the power than the range allows.
    cdef word twice = mask(magnitude(steep.high) <= LARGE), once = mask(magnitude(u.high) <= LARGE)
    cdef real grad = times_wide(duo_blend(twice, steep, duo_blend(once, u, r)), slope)
    return Point(select(curve.s.high < TINY, rounded(half_square(u)), value),
                 select(magnitude(r.high) > LARGE, endless * sign(r.high), grad / blend(twice, 1, c.high) / blend(once, 1, c.high)),
                 times_wide(duo_over(duo_over(bend, c), c), slope))


cdef inline Point barron_square(real y, real p, const real* parameter) noexcept nogil:
    """alpha = 2"""
    cdef Duo c = scale_of(parameter[0]), u = duo_over(residual(y, p), c)
    return Point(rounded(half_square(u)), rounded(duo_over(u, c)), rounded(duo_over(duo_over(duo(1, 0), c), c)) + nil(u.high))


cdef inline Point barron_log(real y, real p, const real* parameter) noexcept nogil:
    """alpha = 0: log(1 + u^2 / 2), whose slope is 2 / r far out, whatever c is."""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), u = duo_over(r, c), one = duo(1, 0)
    cdef Curve curve = curve_of(r, duo_times(c, duo_root(duo(2, 0))))
    cdef Duo bend = duo_plus(duo_scaled(curve.inverse, 2), duo(-1, 0))
    cdef Duo first = duo_over(bend, c), second = duo_over(curve.inverse, c)
    cdef real steep = <real>2 / r.high
    return Point(rounded(duo_where(curve.s.high < TINY, half_square(u), curve.log)),
                 blend(curve.far, steep, rounded(duo_over(duo_times(u, curve.inverse), c))),
                 blend(curve.far, -steep / r.high, rounded(duo_times(first, second))))


cdef inline Point barron_exp(real y, real p, const real* parameter) noexcept nogil:
    """alpha = -inf: 1 - exp(-u^2 / 2)"""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), u = duo_over(r, c), s = exponent_within(half_square(u))
    cdef Power power = exp_in_parts(duo_scaled(s, -1))
    cdef Duo bend = duo_plus(duo(1, 0), duo_scaled(s, -2))
    cdef word gone = mask(s.high >= <real>4 * EXP_LIMIT)    # what is divided by c is infinite there, and not 0, if c < 1
    return Point(rounded(duo_one_minus_exp(s)), blend(gone, 0, times_power(duo_over(finite(u), c), power)),
                 blend(gone, 0, times_power(duo_over(duo_over(bend, c), c), power)))
