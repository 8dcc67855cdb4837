# Small things that points are made of.

cdef extern from "real.h" nogil:
    const real LARGE                # the largest finite number
    const real ROUND_TO_WHOLE       # a sum with it has no room for a fraction
    const real TINY, GREAT  # beyond these a number is multiplied with LIFT or DROP, powers of two, before it is divided
    const real LIFT, DROP, LIFTED   # LIFT is 2^LIFTED
    const real GREAT_BITS           # GREAT is 2^GREAT_BITS, and TINY its inverse
    real log_sum_shifted(real u, real c, real k)
    real vector_log_sum(real u, real c)
    real blend(word where, real a, real b)
    real multiply_add(real a, real b, real c)
    real magnitude(real x)
    bint sign_bit(real x)           # by its sign, which zeros and nans have too
    real with_sign_of(real size, real x)    # a size with the sign of x
    real turned_against(real y, real x)     # -x where y > 0, else x: -label x, where the label 0 stands for -1. A nan is overlooked
    real lesser_size(real a, real b)        # of two that are not negative; a nan is more than all
    real positive_part(real x)      # 0 where x is not above it; a nan stays


cdef inline real select(bint condition, real a, real b) noexcept nogil:
    """Both arms are computed before the choice: `x * w if w != 0 else 0` may become a product under a condition, two of which in one loop
    gcc 12 vectorises wrongly."""
    return a if condition else b


cdef inline double select_double(bint condition, double a, double b) noexcept nogil:
    return a if condition else b


cdef inline real sign(real x) noexcept nogil:
    """A zero and a nan are their own sign."""
    return select(x > 0, 1, select(x < 0, -1, x))


cdef inline real nil(real x) noexcept nogil:
    """Zero, unless x is nan."""
    return select(x == x, 0, x)


cdef inline real whole(real x) noexcept nogil:
    """The nearest whole number, for small x."""
    return (x + ROUND_TO_WHOLE) - ROUND_TO_WHOLE


cdef inline real rest_of_double(double x, real high) noexcept nogil:
    """What rounding x to `high` took; nothing where it left the range."""
    return <real>select_double(magnitude(high) <= LARGE, x - high, 0)


cdef inline real times_pair(real x, real factor, real rest) noexcept nogil:
    """x times a factor in two numbers, rounded once where the processor can. A double has no rest."""
    return x * factor if sizeof(real) == sizeof(double) else multiply_add(x, factor, x * rest)


cdef inline real tame(real x) noexcept nogil:
    """The power of two that brings x > 0 near enough to 1 for any quotient of two such numbers."""
    return select(x < TINY, LIFT, select(x > GREAT, DROP, 1))


cdef inline real tamed_by(real x) noexcept nogil:
    """The exponent of that power."""
    return select(x < TINY, LIFTED, select(x > GREAT, -LIFTED, 0))


cdef inline real rounded_off(real a, real b, real total) noexcept nogil:
    """What is missing in total = a + b, exactly (Knuth's two-sum)."""
    cdef real shadow = total - a
    return (a - (total - shadow)) + (b - shadow)
