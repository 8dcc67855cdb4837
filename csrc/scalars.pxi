# Small things that points are made of.

cdef extern from *:
    """
    #if REAL_BITS == 32
    static const real LARGE = 3.4028235e38f, ROUNDER = 12582912.0f;
    static const real TINY = 0x1p-40f, GREAT = 0x1p40f, LIFT = 0x1p100f, DROP = 0x1p-100f, LIFTED = 100;
    #else
    static const real LARGE = 1.7976931348623157e308, ROUNDER = 6755399441055744.0;
    static const real TINY = 0x1p-300, GREAT = 0x1p300, LIFT = 0x1p700, DROP = 0x1p-700, LIFTED = 700;
    #endif

    /* log((u + c) 2^k) for a c that rounding took from u and a whole k: c joins when u is already reduced to a number near 1, and k is
       added to the exponent */
    static inline real log_sum_shifted(real u, real c, real k)
    {
        real n, lift = u < LEAST_NORMAL ? (real)((word)1 << MANTISSA_BITS) : 1, normal = u * lift;
        word field = normalise(normal, &n);
        real power = to_real(ONE + field);
        power = power > 0 ? power : 0;
        n += to_real(to_word(MANTISSA_BITS) & mask(u < LEAST_NORMAL));
        return log_of_parts(to_real(to_word(normal) + field) - 1 + c * lift * power, n - k, u);
    }

    static inline real vector_log_sum(real u, real c)
    {
        return log_sum_shifted(u, c, 0);
    }
    """
    const real LARGE                # the largest finite number
    const real ROUNDER              # a sum with it has no room for a fraction
    const real TINY, GREAT  # beyond these a number is multiplied with LIFT or DROP, powers of two, before it is divided
    const real LIFT, DROP, LIFTED   # LIFT is 2^LIFTED
    real log_sum_shifted(real u, real c, real k) noexcept nogil
    real vector_log_sum(real u, real c) noexcept nogil
    real blend(word where, real a, real b) noexcept nogil


cdef inline real select(bint condition, real a, real b) noexcept nogil:
    """Both arms are computed before the choice: `x * w if w != 0 else 0` may become a product under a condition, two of which in one loop
    gcc 12 vectorises wrongly."""
    return a if condition else b


cdef inline double select_double(bint condition, double a, double b) noexcept nogil:
    return a if condition else b


cdef inline real magnitude(real x) noexcept nogil:
    return select(x >= 0, x, -x)


cdef inline real sign(real x) noexcept nogil:
    """A zero and a nan are their own sign."""
    return select(x > 0, 1, select(x < 0, -1, x))


cdef inline real nil(real x) noexcept nogil:
    """Zero, unless x is nan."""
    return select(x == x, 0, x)


cdef inline real whole(real x) noexcept nogil:
    """The nearest whole number, for small x."""
    return (x + ROUNDER) - ROUNDER


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
