# Numbers as sums of two: for losses that multiply, square or cancel what a function has given. See duo.h.

cdef extern from "duo.h" nogil:
    ctypedef struct Duo:
        real high
        real low
    ctypedef struct Log:                    # a logarithm: sum - gap
        Duo sum
        Duo gap
    ctypedef struct Power:                  # an exponential: (1 + rest) scale again
        Duo rest
        real scale
        real again
    ctypedef struct Wide:                   # factor 2^exponent, whatever the range
        Duo factor
        real exponent
    const real PI, PI_REST, LOG_2, LOG_2_REST, EXP_LIMIT
    real product_rest(real a, real b, real product)
    real remainder_of(real a, real quotient, real b)    # a - quotient b for a quotient near a / b
    Duo duo(real high, real low)
    real rounded(Duo a)
    Duo exact_sum(real a, real b)
    Duo duo_blend(word where, Duo a, Duo b)
    Duo duo_scaled(Duo a, real factor)   # by a power of two, or -1
    Duo duo_size(Duo a)                  # its absolute value
    Duo duo_plus(Duo a, Duo b)
    Duo duo_times(Duo a, Duo b)
    Duo duo_over(Duo a, Duo b)
    Duo duo_divided(Duo a, Duo b)       # a / b, of a b of any size
    Duo duo_root(Duo a)
    Log log_in_parts(real u, real c, real d, real k)    # log((u + c + d) 2^k), ever smaller terms
    Duo duo_log_shifted(real u, real c, real d, real k)
    Duo duo_log_of(Duo x)
    Duo duo_log1p(Duo x)
    Wide wide_exp(Duo x)
    Power exp_in_parts(Duo exponent)
    real times_power(Duo factor, Power power)
    Power expm1_in_parts(Duo x)
    Duo duo_one_minus_exp(Duo x)              # for x >= 0
    Duo duo_sin(Duo x)                   # for |x| <= pi / 2
    Duo duo_versine(Duo x)               # 1 - cos x, likewise
    Duo duo_atan(Duo x)                  # for x >= 0


cdef inline Duo residual(real y, real p) noexcept nogil:
    """p - y exactly."""
    cdef Duo r = exact_sum(p, -y)
    return duo(r.high, select(r.low == r.low, r.low, 0))


cdef inline Duo half_square(Duo r) noexcept nogil:
    return duo_scaled(duo_times(r, r), <real>0.5)


cdef inline Duo finite(Duo r) noexcept nogil:
    """Infinite residuals become the largest: what vanishes there is 0 and not inf * 0."""
    return duo(select(r.high > LARGE, LARGE, select(r.high < -LARGE, -LARGE, r.high)), r.low)


cdef inline Duo scale_of(real c) noexcept nogil:
    """A parameter that is divided by, within the numbers whose inverse is a normal one: float32 may have made it 0 or infinite."""
    cdef real most = <real>1 / LEAST_NORMAL
    return duo(select(c < LEAST_NORMAL, LEAST_NORMAL, select(c > most, most, c)), 0)


cdef inline Duo with_sign(Duo size, real x) noexcept nogil:
    return duo_scaled(size, select(x < 0, -1, 1))


cdef inline Duo duo_where(bint condition, Duo a, Duo b) noexcept nogil:
    return duo_blend(mask(condition), a, b)
