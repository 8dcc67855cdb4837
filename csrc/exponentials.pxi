# Exponentials with the digits that their rounding takes: for what is to be subtracted from them or multiplied with them.

cdef extern from *:
    """
    #if REAL_BITS == 32
    static const real WIDEST = 250, POWER_OF = 12583039.0f;     /* 1.5 * 2^23 + 127 */
    #else
    static const real WIDEST = 2000, POWER_OF = 6755399441056767.0;
    #endif

    /* the sum of both is the number, and `head` is that sum rounded */
    typedef struct { real head, rest; } Split;

    INLINED real square_root(real x)
    {
    #if REAL_BITS == 32
        return sqrtf(x);
    #else
        return sqrt(x);
    #endif
    }

    INLINED real finite_or_zero(real x, real criterion)
    {
        return to_real(to_word(x) & mask(criterion <= LARGE) & mask(criterion >= -LARGE));
    }

    /* exp(x): as vector_exp, whose number is the head */
    INLINED Split exp_split(real x)
    {
        word sign = to_word(x) & SIGN;
        real size = to_real(to_word(x) ^ sign), clamped = EXP_LIMIT < size ? EXP_LIMIT : size;
        x = to_real(to_word(clamped) | sign);
        real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
        real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, x));
        real less_1 = multiply_add(exp_tail(r, r * r), r * r, r), y = 1 + less_1;
        real first = to_real((to_word(shifted) << MANTISSA_BITS) + (sign >> 1)), second = to_real(HALF_SCALE ^ (sign >> 1));
        Split split = {y * first * second, (less_1 - (y - 1)) * first * second};
        return split;
    }

    typedef struct { real head, rest, first, second; } Product;

    /* y exp(x + rest), where `rest` is what rounding took from x, as (head + rest) first second. y is brought near 1, and the power of two
       applied in two factors of one sign: so no step leaves the range before the result does. Of y = 0 and infinite x it is 0. */
    INLINED Product exp_product(real x, real rest, real y)
    {
        const real bound = 2 * EXP_LIMIT;
        real clamped = x > bound ? bound : x;
        clamped = clamped < -bound ? -bound : clamped;
        real k = multiply_add(clamped, LOG2_E, ROUNDER) - ROUNDER;
        real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, clamped)) + to_real(to_word(rest) & mask(x == clamped));
        real less_1 = multiply_add(exp_tail(r, r * r), r * r, r), power = 1 + less_1;
        real size = to_real(to_word(y) & ~SIGN);
        word small = mask(size < TINY), great = mask(size > GREAT);
        real near = y * blend(small, LIFT, blend(great, DROP, 1));
        real n = k - blend(small, LIFTED, blend(great, -LIFTED, 0));
        n = n > WIDEST ? WIDEST : n;
        n = n < -WIDEST ? -WIDEST : n;
        real half = multiply_add(n, (real)0.5, ROUNDER) - ROUNDER;
        real head = near * power;
        Product product = {
            head,
            finite_or_zero(product_rest(near, power, head) + near * (less_1 - (power - 1)), head),
            to_real(to_word(half + POWER_OF) << MANTISSA_BITS),
            to_real(to_word((n - half) + POWER_OF) << MANTISSA_BITS),
        };
        return product;
    }

    INLINED real times_exp(real x, real rest, real y)
    {
        Product product = exp_product(x, rest, y);
        return (product.head + product.rest) * product.first * product.second;
    }

    INLINED Split times_exp_split(real x, real y)
    {
        Product product = exp_product(x, 0, y);
        real head = product.head * product.first * product.second, rest = product.rest * product.first * product.second;
        Split split = {head, finite_or_zero(rest, head)};
        return split;
    }

    /* log(y) - x: what the exponent of y contributes is subtracted exactly where both are close */
    INLINED Split log_less_split(real y, real x)
    {
        real n, normal = y < LEAST_NORMAL ? y * (real)((word)1 << MANTISSA_BITS) : y;
        word field = normalise(normal, &n);
        n += to_real(to_word(MANTISSA_BITS) & mask(y < LEAST_NORMAL));
        real f = to_real(to_word(normal) + field) - 1;
        real scale = multiply_add(n, -LOG_2, -x), lower = multiply_add(n, -LOG_2_REST, log_tail(f));
        real sum = scale + f, shadow = sum - scale;
        real rest = finite_or_zero((scale - (sum - shadow)) + (f - shadow) + lower, sum), head = sum + rest;
        word regular = mask(y > 0) & mask(y <= LARGE);
        Split split = {blend(regular, head, vector_log(y) - x), to_real(to_word(rest - (head - sum)) & regular)};
        return split;
    }

    INLINED real log_less(real y, real x)
    {
        return log_less_split(y, x).head;
    }
    """
    ctypedef struct Split:
        real head, rest
    const real INFINITE "((real)INFINITY)"
    real multiply_add(real a, real b, real c) noexcept nogil
    real square_root(real x) noexcept nogil
    real exp_tail(real r, real square) noexcept nogil       # (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2
    real log_tail(real f) noexcept nogil                    # log(1 + f) - f for -1/4 <= f <= 1/2
    real log_parts(real x, real* rest) noexcept nogil       # log(x) for finite x > 0, as a number of few bits and a rest
    Split exp_split(real x) noexcept nogil
    real times_exp(real x, real rest, real y) noexcept nogil    # y exp(x + rest)
    Split times_exp_split(real x, real y) noexcept nogil          # y exp(x)
    Split log_less_split(real y, real x) noexcept nogil
    real log_less(real y, real x) noexcept nogil                # log(y) - x


cdef inline real exp_less(real x, real y) noexcept nogil:
    """exp(x) - y: where both are close, the difference of the heads is exact."""
    cdef Split e = exp_split(x)
    return (e.head - y) + e.rest
