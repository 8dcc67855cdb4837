# Points of the residual r = p - y.

cdef inline Light mse(real y, real p, const real* parameter) noexcept nogil:
    cdef real r = p - y
    return Point(r * r, r + r, 2)


cdef inline Light sse(real y, real p, const real* parameter) noexcept nogil:
    cdef real r = p - y
    return Point(r * <real>0.5 * r, r, 1)


cdef inline Light mae(real y, real p, const real* parameter) noexcept nogil:
    cdef real r = p - y
    return Point(magnitude(r), sign(r), nil(r))


cdef inline Light huber(real y, real p, const real* parameter) noexcept nogil:
    """With c = |r| cut at delta the value is c (|r| - c/2) on both pieces of a finite delta, and the gradient has the size c."""
    cdef real delta = parameter[0], r = p - y, size = magnitude(r), c = lesser_size(size, delta)
    cdef real slope = select(size > delta, delta, size)     # in this order a nan stays a nan
    return Point(c * multiply_add(c, -<real>0.5, size), with_sign_of(slope, r), select(size <= delta, 1, nil(r)))


cdef inline Light pinball(real y, real p, const real* parameter) noexcept nogil:
    """Over-prediction costs 1 - quantile a unit, under-prediction the quantile. A nan is its own slope, and a zero."""
    cdef real under = parameter[0], over = parameter[1], r = p - y
    cdef real slope = select(sign_bit(r), -under, over)
    return Point(slope * r, select((r < 0) | (r > 0), slope, r), nil(r))


cdef inline real corrected(real x, real change) noexcept nogil:
    """x and what the rounding of the residual took from it, which is nothing where x is infinite."""
    cdef real sum = x + change
    return select(sum == sum, sum, x)


cdef inline Point smooth_l1(real y, real p, const real* parameter) noexcept nogil:
    """Where beta is 0 no residual is inside: what was divided by it is not chosen."""
    cdef real beta = parameter[0]
    cdef Duo r = residual(y, p)
    cdef real a = magnitude(r.high), quotient = r.high / beta
    cdef word inside = mask(a < beta)
    return Point(blend(inside, corrected(r.high * quotient * <real>0.5, r.low * quotient),
                       corrected(a - beta * <real>0.5, select(r.high < 0, -r.low, r.low))),
                 blend(inside, quotient, sign(r.high)), blend(inside, <real>1 / beta, nil(r.high)))


cdef inline Light smooth_l1_scaled(real y, real p, const real* parameter) noexcept nogil:
    """As `huber`, for a beta that is a power of two: what is multiplied by its inverse is not rounded. The value is the gradient's size
    times a distance, to which the rounding of the residual returns."""
    cdef real beta = parameter[0], inverse = parameter[1]
    cdef Duo r = residual(y, p)
    cdef real size = magnitude(r.high), u = size * inverse, distance = multiply_add(lesser_size(size, beta), -<real>0.5, size)
    return Point(lesser_size(u, 1) * (distance + select(r.high < 0, -r.low, r.low)),
                 with_sign_of(select(u > 1, 1, u), r.high), select(u < 1, inverse, nil(r.high)))


cdef inline Light expectile(real y, real p, const real* parameter) noexcept nogil:
    cdef real under = parameter[0], over = parameter[1]
    cdef Duo r = residual(y, p)
    cdef real weight = select(r.high < 0, under, over), half = weight * r.high
    return Point(corrected(half * r.high, half * (r.low + r.low)), half + half, weight + weight + nil(r.high))


cdef inline Point epsilon_insensitive(real y, real p, const real* parameter) noexcept nogil:
    """With what rounding took from the residual the gap is right next to the border too."""
    cdef Duo r = residual(y, p)
    cdef real gap = corrected(magnitude(r.high) - parameter[0], select(r.high < 0, -r.low, r.low))
    return Point(positive_part(gap), select(gap > 0, sign(r.high), nil(gap)), nil(gap))


cdef inline Point squared_epsilon_insensitive(real y, real p, const real* parameter) noexcept nogil:
    cdef Duo gap = duo_plus(duo_size(residual(y, p)), duo(-parameter[0], 0))
    cdef real slope = gap.high + gap.high
    cdef word outside = mask(gap.high > 0)
    return Point(blend(outside, corrected(gap.high * gap.high, slope * gap.low), nil(gap.high)),
                 blend(outside, select(p < y, -slope, slope), nil(gap.high)), blend(outside, 2, nil(gap.high)))


cdef inline real halved(real y, real p) noexcept nogil:
    """The power of two that keeps p - y within the range."""
    return select((magnitude(y) > LARGE * <real>0.5) | (magnitude(p) > LARGE * <real>0.5), 0.5, 1)


cdef inline Point mape(real y, real p, const real* parameter) noexcept nogil:
    """0 / 0 is 0: a prediction that is right costs nothing."""
    cdef real least = parameter[0], size = magnitude(y) + <real>0, half = halved(y, p)      # -0 becomes 0
    cdef real floor = select(size < least, least, size), r = p * half - y * half
    cdef real s = sign(p - y)
    return Point(select(r == 0, 0, magnitude(r) / (floor * half)), select(s == 0, 0, s / floor), nil(r))


cdef inline Point smape(real y, real p, const real* parameter) noexcept nogil:
    """Between numbers of different signs the value is 2 and flat. Else D s - |r| sign(p), D being |y| + |p|, is 2 |y| s; where p is 0 it is
    the mean of both, |y| s. Beside an infinite one the other counts nothing."""
    cdef bint small = (magnitude(y) < TINY) & (magnitude(p) < TINY)      # a denormal has no inverse
    cdef real half = select(small, LIFT, halved(y, p)), size = magnitude(y) * half, pred = magnitude(p) * half
    cdef Duo total = exact_sum(size, pred)
    cdef Duo distance = residual(y * half, p * half)
    cdef bint nothing = total.high == 0
    cdef bint endless = ((magnitude(y) > LARGE) | (magnitude(p) > LARGE)) & (y != p)
    cdef real flat = nil(y) + nil(p)
    cdef Duo sum = duo_where(nothing, duo(1, 0), total)
    cdef real share = select(p == 0, 1, select((p > 0) == (y > 0), 2, 0)) * sign(distance.high)
    cdef Duo slope = duo_over(duo_over(duo(size + size, 0), sum), sum)
    cdef real grad = select(endless, flat, rounded(duo_scaled(slope, share)) * half + nil(y))
    return Point(select(endless, <real>2 + flat, rounded(duo_scaled(duo_over(duo_size(distance), sum), 2))), grad,
                 select(nothing | endless | (p == 0), flat, <real>-2 * sign(p) * (grad / sum.high) * half))


cdef inline Point msle(real y, real p, const real* parameter) noexcept nogil:
    """The logarithm is one of the quotient (1 + p) / (1 + y): of its distance from 1, which is exact, where the two are close. What is
    beyond GREAT is dropped, for it has no inverse of full digits."""
    cdef Duo below = exact_sum(1, y), above = exact_sum(1, p)
    cdef word great = mask(below.high > GREAT), far = mask(above.high > GREAT)
    cdef real less = blend(great, DROP, 1), drop = blend(far, DROP, 1), shift = blend(far, LIFTED, 0) - blend(great, LIFTED, 0)
    cdef Duo lower = duo_scaled(below, less), upper = duo_scaled(above, drop)
    cdef Duo change = duo_over(duo_scaled(residual(y, p), less), lower), quotient = duo_over(upper, lower)
    cdef Duo near = exact_sum(1, change.high)
    cdef word close = mask(magnitude(change.high) < <real>0.5)
    cdef Duo log = duo_log_shifted(blend(close, near.high, quotient.high), blend(close, near.low, quotient.low),
                                   blend(close, change.low, 0), blend(close, 0, shift))
    log.high = select(below.high < 0, <real>NAN, log.high)     # the quotient of two negative numbers has one
    cdef bint endless = (p > LARGE) & (y <= LARGE)
    cdef Duo inverse = duo_over(duo(1, 0), upper)
    cdef Duo rest = duo_times(duo_plus(duo(1, 0), duo_scaled(log, -1)), inverse)
    return Point(rounded(duo_times(log, log)), select(endless, 0, rounded(duo_scaled(duo_times(log, inverse), 2)) * drop),
                 select(endless, 0, rounded(duo_scaled(duo_times(rest, inverse), 2)) * drop * drop))
