# Points of the residual r = p - y that bound what an outlier can do. They compute with sums of two (duo.h): a quotient r / c that is
# squared, a logarithm that is multiplied and a difference that vanishes would each be a unit in the last place or more from the truth.
# u is r / c, s its square. Where u is beyond GREAT, 1 + s is s, and s may overflow: there the limit's own form is taken.

cdef struct Curve:
    # What the losses of 1 + s share.
    Duo s                   # beyond GREAT any large number
    Duo inverse             # 1 / (1 + s); beyond GREAT 1 / |u|
    Duo log                 # log(1 + s)
    word far                # beyond GREAT


cdef inline Curve curve_of(Duo r, Duo c) noexcept nogil:
    """Beyond GREAT u is made smaller by that much: below a c of 1 the quotient of large residuals would be infinite."""
    cdef Curve curve
    cdef Duo size = duo_size(r), u, total, one = duo(1, 0)
    cdef word far = mask(size.high > GREAT * c.high)
    cdef real drop = blend(far, TINY, 1)
    u = duo_over(duo_scaled(size, drop), c)
    curve.s = duo_times(u, u)
    total = exact_sum(1, curve.s.high)
    curve.inverse = duo_over(duo(drop, 0), duo_blend(far, u, duo_plus(one, curve.s)))
    curve.log = duo_log_shifted(blend(far, u.high, total.high), blend(far, u.low, total.low), blend(far, 0, curve.s.low),
                                blend(far, GREAT_BITS, 0))
    curve.log = duo_scaled(curve.log, blend(far, 2, 1))
    curve.far = far
    return curve


cdef inline real value_of_scale(Duo c, Duo curve, Duo s, Duo r) noexcept nogil:
    """c^2 curve / 2, in an order in which nothing leaves the range; r^2 / 2 where s would underflow."""
    return rounded(duo_where(s.high < TINY, half_square(r), duo_scaled(duo_times(c, duo_times(c, curve)), <real>0.5)))


cdef inline Point cauchy_of(Duo r, Duo c) noexcept nogil:
    cdef Curve curve = curve_of(r, c)
    cdef Duo one = duo(1, 0), inverse = curve.inverse
    cdef Duo bend = duo_plus(duo_scaled(inverse, 2), duo(-1, 0))       # (1 - s) / (1 + s)
    return Point(value_of_scale(c, curve.log, curve.s, r),
                 rounded(duo_times(duo_blend(curve.far, with_sign(c, r.high), r), inverse)),
                 rounded(duo_times(duo_blend(curve.far, duo_scaled(inverse, -1), bend), inverse)))


cdef inline Point cauchy(real y, real p, const real* parameter) noexcept nogil:
    return cauchy_of(residual(y, p), scale_of(parameter[0]))


cdef inline Point student_t(real y, real p, const real* parameter) noexcept nogil:
    """The Cauchy loss of the scale c sqrt(df). The root is a number of the plan's, in two parts: taken here it would keep gcc from
    vectorising."""
    cdef Duo c = duo_times(scale_of(parameter[0]), exact_sum(parameter[1], parameter[2]))
    return cauchy_of(residual(y, p), duo(scale_of(c.high).high, c.low))


cdef inline Point geman_mcclure(real y, real p, const real* parameter) noexcept nogil:
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), one = duo(1, 0)
    cdef Curve curve = curve_of(r, c)
    cdef Duo inverse = curve.inverse, square = duo_times(inverse, inverse)
    cdef Duo once = duo_blend(curve.far, square, inverse)        # 1 / (1 + s) everywhere, but it may underflow
    cdef Duo steep = duo_times(duo_times(duo_blend(curve.far, with_sign(c, r.high), r), inverse), inverse)
    cdef Duo bend = duo_plus(duo_scaled(once, 4), duo(-3, 0))          # (1 - 3 s) / (1 + s)
    return Point(rounded(duo_scaled(duo_blend(curve.far, duo_times(c, c), duo_times(r, duo_times(r, inverse))), <real>0.5)),
                 rounded(duo_times(steep, duo_blend(curve.far, inverse, one))), rounded(duo_times(duo_times(bend, once), once)))


cdef inline Point arctan(real y, real p, const real* parameter) noexcept nogil:
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), one = duo(1, 0)
    cdef Duo u = duo_over(r, c), s = duo_times(u, u)
    cdef word far = mask(s.high > GREAT)
    cdef Duo inverse = duo_over(one, duo_blend(far, s, duo_plus(one, duo_times(s, s))))
    cdef Duo again = duo_blend(far, inverse, one), once = duo_times(inverse, again)
    cdef Duo bend = duo_plus(duo_scaled(once, 4), duo(-3, 0))          # (1 - 3 s^2) / (1 + s^2)
    return Point(value_of_scale(c, duo_atan(s), s, r), rounded(duo_times(duo_times(finite(r), inverse), again)),
                 rounded(duo_times(duo_times(bend, inverse), again)))


cdef inline Duo exponent_within(Duo s) noexcept nogil:
    """An s whose exponential vanishes may as well be less: its products are 0 then, not inf * 0."""
    return duo_where(s.high > <real>4 * EXP_LIMIT, duo(<real>4 * EXP_LIMIT, 0), s)


cdef inline Point welsch(real y, real p, const real* parameter) noexcept nogil:
    cdef Duo r = residual(y, p), c = scale_of(parameter[0])
    cdef Duo u = duo_over(r, c), s = exponent_within(duo_times(u, u))
    cdef Power power = exp_in_parts(duo_scaled(s, -1))
    return Point(value_of_scale(c, duo_one_minus_exp(s), s, r), times_power(finite(r), power),
                 times_power(duo_plus(duo(1, 0), duo_scaled(s, -2)), power))


cdef inline Point pseudo_huber(real y, real p, const real* parameter) noexcept nogil:
    """h is sqrt(1 + s): r^2 / (1 + h) is the value, in which nothing cancels."""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), one = duo(1, 0)
    cdef Duo u = duo_over(r, c)
    cdef word far = mask(magnitude(u.high) > GREAT)
    cdef Duo h = duo_blend(far, duo_size(u), duo_root(duo_plus(one, duo_times(u, u))))
    cdef Duo inverse = duo_over(one, h)
    cdef Duo value = duo_blend(far, duo_times(c, duo_size(r)), duo_times(r, duo_over(r, duo_plus(one, h))))
    return Point(rounded(value), rounded(duo_blend(far, with_sign(c, r.high), duo_times(r, inverse))),
                 rounded(duo_times(inverse, duo_times(inverse, inverse))))


cdef inline Point log_cosh(real y, real p, const real* parameter) noexcept nogil:
    """`size.low` is what rounding took from |r|. Where r is small it enters the value through the slope; further out, where the slope is
    near 1, it is added as it is."""
    cdef Duo r = residual(y, p), size = duo_size(r)
    cdef real x = size.high, z = x * x, square = z * z
    cdef real e = exp_minus_sum(x + x, size.low + size.low)
    cdef real steep = x + (size.low + x * z * tanh_tail(z, square)), flat = <real>1 - (e + e) / (<real>1 + e)
    cdef real lost = product_rest(x, x, z) * <real>0.5 + size.low * steep
    cdef real small = multiply_add(square, log_cosh_tail(z, square), z * <real>0.5) + lost
    cdef real large = (x - LOG_2) + (log1p_unit(e) + (size.low - LOG_2_REST))
    cdef word near = mask(x < LOG_COSH_NEAR)
    return Point(blend(near, small, large), blend(near, steep, flat) * select(r.high < 0, -1, 1),
                 <real>4 * e / ((<real>1 + e) * (<real>1 + e)))


cdef inline Point fair(real y, real p, const real* parameter) noexcept nogil:
    """u - log(1 + u) is the difference of two exact sums, which is 0 for u below 1/2, and the logarithm's gap."""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), one = duo(1, 0), size = duo_size(r)
    cdef Duo u = duo_over(size, c), total = exact_sum(1, u.high)
    cdef word far = mask(u.high > GREAT)
    cdef Log log = log_in_parts(total.high, total.low, u.low, 0)
    cdef Duo curve = duo_plus(duo_plus(u, duo_scaled(log.sum, -1)), log.gap)
    cdef Duo inverse = duo_over(one, duo_plus(one, u))
    cdef Duo value = duo_where(u.high < TINY, half_square(r), duo_times(c, duo_times(c, curve)))
    return Point(rounded(duo_blend(far, duo_times(c, size), value)),
                 rounded(duo_blend(far, with_sign(c, r.high), duo_times(r, inverse))), rounded(duo_times(inverse, inverse)))


cdef inline Point tukey(real y, real p, const real* parameter) noexcept nogil:
    """Inside, the value is r^2 (3 - 3 s + s^2) / 6, in which little cancels."""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), one = duo(1, 0)
    cdef Duo sixth = duo_over(one, duo(6, 0)), u = duo_over(r, c), s = duo_times(u, u)
    cdef word inside = mask(magnitude(r.high) <= c.high)
    cdef Duo shape = duo_plus(duo(3, 0), duo_times(s, duo_plus(s, duo(-3, 0))))
    cdef Duo weight = duo_plus(one, duo_scaled(s, -1))
    cdef Duo bend = duo_plus(one, duo_times(s, duo(-5, 0)))
    cdef real nothing = nil(r.high)
    return Point(blend(inside, rounded(duo_times(r, duo_times(r, duo_times(shape, sixth)))),
                       rounded(duo_times(c, duo_times(c, sixth))) + nothing),
                 blend(inside, rounded(duo_times(r, duo_times(weight, weight))), nothing),
                 blend(inside, rounded(duo_times(weight, bend)), nothing))


cdef inline Point andrew_wave(real y, real p, const real* parameter) noexcept nogil:
    """x is the distance of |u| from 0 or from pi, whichever is nearer; pi / 2 - x has the cosine for its sine."""
    cdef Duo r = residual(y, p), c = scale_of(parameter[0]), pi = duo(PI, PI_REST)
    cdef Duo u = duo_size(duo_over(r, c)), left = duo_plus(pi, duo_scaled(u, -1))
    cdef word inside = mask(left.high >= 0), upper = mask(u.high > PI * <real>0.5)
    cdef Duo x = duo_blend(inside, duo_blend(upper, left, u), duo(0, 0))
    cdef Duo versine = duo_versine(x), cosine = duo_sin(duo_plus(duo_scaled(pi, <real>0.5), duo_scaled(x, -1)))
    cdef Duo curve = duo_blend(inside, duo_blend(upper, duo_plus(duo(2, 0), duo_scaled(versine, -1)), versine), duo(2, 0))
    cdef Duo value = duo_where(u.high < TINY, half_square(r), duo_times(c, duo_times(c, curve)))
    cdef real nothing = nil(r.high), bend = rounded(cosine)
    cdef real slope = select(u.high < TINY, r.high, rounded(duo_times(c, with_sign(duo_sin(x), r.high))))
    return Point(rounded(value) + nothing, blend(inside, slope, nothing),
                 blend(inside, blend(upper, -bend, bend), nothing))


cdef inline Point wing(real y, real p, const real* parameter) noexcept nogil:
    """The logarithm is that of the residual clipped to the width; what is beyond adds to it, and nothing cancels."""
    cdef Duo r = residual(y, p), width = scale_of(parameter[0]), curvature = scale_of(parameter[1]), size = duo_size(r)
    cdef word inside = mask(size.high < width.high)
    cdef Duo clipped = duo_where(size.high >= width.high, width, size)
    cdef Duo beyond = duo_blend(inside, duo(0, 0), duo_plus(size, duo_scaled(width, -1)))
    cdef Duo inverse = duo_over(duo(1, 0), duo_plus(curvature, clipped))
    cdef Duo slope = duo_times(width, inverse)
    cdef real nothing = nil(r.high)
    return Point(rounded(duo_plus(duo_times(width, duo_log1p(duo_over(clipped, curvature))), beyond)),
                 blend(inside, select(r.high == 0, 0, rounded(with_sign(slope, r.high))), sign(r.high)),
                 blend(inside, -rounded(duo_times(slope, inverse)), nothing))


cdef inline Point lq(real y, real p, const real* parameter) noexcept nogil:
    """q > 1. The powers are exponentials of one logarithm; of 0 they are named."""
    cdef Duo r = residual(y, p), size = duo_size(r), one = duo(1, 0)
    cdef real q = parameter[0]
    cdef Duo log = duo_log_of(size)
    cdef Duo less = exact_sum(q, -1), least = exact_sum(q, -2)
    cdef bint zero = size.high == 0
    cdef real grad = times_power(duo(q, 0), exp_in_parts(duo_times(less, log)))
    cdef real hess = times_power(duo_times(duo(q, 0), less), exp_in_parts(duo_times(least, log)))
    return Point(select(zero, 0, times_power(one, exp_in_parts(duo_times(duo(q, 0), log)))), select(zero, 0, grad * sign(r.high)),
                 select(zero, select(q < 2, <real>INFINITY, 0), hess))
