/* Exponentials and logarithms with the digits that their rounding takes: for what is to be subtracted from them or multiplied with them.
   See duo.h; here the high part is the rounded number itself. */
#ifndef PYLOSS_EXPONENTIALS_H
#define PYLOSS_EXPONENTIALS_H
#include "special.h"
#include "duo.h"

/* beyond these the power of two is 0 or infinite; 2^n by its exponent field: the field's bias and a number that brings n to the last bits */
#if REAL_BITS == 32
static const real WIDEST = 250, POWER_OF = 12583039.0f;     /* 1.5 * 2^23 + 127 */
#else
static const real WIDEST = 2000, POWER_OF = 6755399441056767.0;
#endif

INLINED real finite_or_zero(real x, real criterion)
{
    return to_real(to_word(x) & mask(criterion <= LARGE) & mask(criterion >= -LARGE));
}

/* exp(x): as vector_exp, whose number is the high part */
INLINED Duo duo_exp(real x)
{
    word sign = to_word(x) & SIGN;
    real size = to_real(to_word(x) ^ sign), clamped = EXP_LIMIT < size ? EXP_LIMIT : size;
    x = to_real(to_word(clamped) | sign);
    real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
    real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, x));
    real less_1 = multiply_add(exp_tail(r, r * r), r * r, r), y = 1 + less_1;
    real first = to_real((to_word(shifted) << MANTISSA_BITS) + (sign >> 1)), second = to_real(HALF_SCALE ^ (sign >> 1));
    return duo(y * first * second, (less_1 - (y - 1)) * first * second);
}

/* 2^n for a whole n of a normal power */
INLINED real two_to(real n)
{
    return to_real(to_word(n + POWER_OF) << MANTISSA_BITS);
}

INLINED real within_widest(real n)
{
    n = n > WIDEST ? WIDEST : n;
    return n < -WIDEST ? -WIDEST : n;
}

/* a whole number near n / 2 */
INLINED real half_of(real n)
{
    return multiply_add(n, (real)0.5, ROUND_TO_WHOLE) - ROUND_TO_WHOLE;
}

/* x 2^n for a whole n, in two factors of one sign */
INLINED real times_two_to(real x, real n)
{
    real within = within_widest(n), half = half_of(within);
    return x * two_to(half) * two_to(within - half);
}

typedef struct {
    real high, low, first, second;
} Product;

/* y exp(x + rest), where `rest` is what rounding took from x, as (high + low) first second. y is brought near 1, and the power of two
   applied in two factors of one sign: so no step leaves the range before the result does. Of y = 0 and infinite x it is 0. */
INLINED Product exp_product(real x, real rest, real y)
{
    const real bound = 2 * EXP_LIMIT;
    real clamped = x > bound ? bound : x;
    clamped = clamped < -bound ? -bound : clamped;
    real k = multiply_add(clamped, LOG2_E, ROUND_TO_WHOLE) - ROUND_TO_WHOLE;
    real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, clamped)) + to_real(to_word(rest) & mask(x == clamped));
    real less_1 = multiply_add(exp_tail(r, r * r), r * r, r), power = 1 + less_1;
    real size = to_real(to_word(y) & ~SIGN);
    word small = mask(size < TINY), great = mask(size > GREAT);
    real near = y * blend(small, LIFT, blend(great, DROP, 1));
    real n = k - blend(small, LIFTED, blend(great, -LIFTED, 0));
    n = within_widest(n);
    real half = half_of(n);
    real high = near * power;
    Product product = {
        high,
        finite_or_zero(product_rest(near, power, high) + near * (less_1 - (power - 1)), high),
        two_to(half),
        two_to(n - half),
    };
    return product;
}

INLINED real times_exp(real x, real rest, real y)
{
    Product product = exp_product(x, rest, y);
    return (product.high + product.low) * product.first * product.second;
}

INLINED Duo duo_times_exp(real x, real y)
{
    Product product = exp_product(x, 0, y);
    real high = product.high * product.first * product.second, low = product.low * product.first * product.second;
    return duo(high, finite_or_zero(low, high));
}

/* log(y) - x: what the exponent of y contributes is subtracted exactly where both are close */
INLINED Duo duo_log_less(real y, real x)
{
    real n, normal = y < LEAST_NORMAL ? y * (real)((word)1 << MANTISSA_BITS) : y;
    word field = normalise(normal, &n);
    n += to_real(to_word(MANTISSA_BITS) & mask(y < LEAST_NORMAL));
    real f = to_real(to_word(normal) + field) - 1;
    real scale = multiply_add(n, -LOG_2, -x), lower = multiply_add(n, -LOG_2_REST, log_tail(f));
    real sum = scale + f, shadow = sum - scale;
    real low = finite_or_zero((scale - (sum - shadow)) + (f - shadow) + lower, sum), high = sum + low;
    word regular = mask(y > 0) & mask(y <= LARGE);
    return duo(blend(regular, high, vector_log(y) - x), to_real(to_word(low - (high - sum)) & regular));
}

INLINED real log_less(real y, real x)
{
    return duo_log_less(y, x).high;
}

/* exp(-(size + rest)) as exp_minus_sum, but the last rounding of its series is kept: errors below 0.5 instead of 1.07 */
INLINED Duo duo_exp_minus(real size, real rest)
{
    real clamped = EXP_LIMIT < size ? EXP_LIMIT : size, x = -clamped;
    real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
    real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, x)) - to_real(to_word(rest) & mask(size < EXP_LIMIT));
    real tail = multiply_add(exp_tail(r, r * r), r * r, r), y = 1 + tail;
    real first = to_real((to_word(shifted) << MANTISSA_BITS) + (SIGN >> 1)), second = to_real(HALF_SCALE ^ (SIGN >> 1));
    return duo(y * first * second, (tail - (y - 1)) * first * second);
}

static const real LEAST_LIFT = (real)((word)1 << MANTISSA_BITS);     /* makes every number normal */

/* t log(2^k a / b) for normal a and b of one sign, by one division: with s = (a - q) / (a + q) for the q = b 2^n nearest a the logarithm is
   (n + k) log(2) + 2 atanh(s), and |s| <= 1/5. The difference of the bits of a and b is nearly that of their logarithms. Both are
   brought to [2/3, 3); what rounding takes from their sum, twice a less their difference tells, which is exact. */
INLINED real times_log_of_normals(real t, word a_bits, word b_bits, real k)
{
    word steps = a_bits - b_bits + ((word)1 << (MANTISSA_BITS - 1)) + WIDE_SHIFT, down = ONE - (a_bits & EXPONENT_MASK);
    real n = exponent_of(steps) - WIDE_BIAS + k;
    real a = to_real(a_bits + down), q = to_real(b_bits + down + (steps & EXPONENT_MASK) - WIDE_SHIFT);
    real difference = a - q, sum = a + q, lost = ((a + a) - sum) - difference;
    real inverse = 1 / sum, s = difference * inverse, z = s * s;
    real rest = multiply_add(-s, lost, remainder_of(difference, s, sum)) * inverse;
    real whole = n * LOG_2, high = whole + (s + s), low = (s + s) - (high - whole);
    low += multiply_add(n, LOG_2_REST, multiply_add(s * z, gap_tail(z), rest + rest));
    return multiply_add(t, high, t * low);
}

/* t log(t / p) of what is finite, not 0 and of one sign */
INLINED real finite_times_log_ratio(real t, real p)
{
    const real bits = MANTISSA_BITS;
    word small_t = mask(magnitude(t) < LEAST_NORMAL), small_p = mask(magnitude(p) < LEAST_NORMAL);
    word t_bits = to_word(t * blend(small_t, LEAST_LIFT, 1)), p_bits = to_word(p * blend(small_p, LEAST_LIFT, 1));
    return times_log_of_normals(t, t_bits, p_bits, to_real(to_word(bits) & small_p) - to_real(to_word(bits) & small_t));
}

/* The same for t and p >= 0 that may be lifted, and p = 0 only with t = 0, of which the logarithm is wrong, but finite. Else a nan. */
INLINED real usual_times_log_ratio(real t, real p)
{
    const word infinite = EXPONENT_MASK & ~SIGN;
    word t_bits = to_word(t * LEAST_LIFT), p_bits = to_word(p * LEAST_LIFT);
    word usual = mask(t_bits < infinite) & mask(p_bits - (mask(t_bits != 0) & 1) < infinite - 1);
    return to_real(to_word(times_log_of_normals(t, t_bits, p_bits, 0)) | ~usual);
}

/* t log(t / p), where t is not 0 */
INLINED real times_log_ratio(real t, real p)
{
    real t_size = magnitude(t), p_size = magnitude(p), limit = (t_size - p_size) * (real)INFINITY;
    word opposite = mask(sign_bit(to_real(to_word(t) ^ to_word(p))));
    word regular = mask((t_size > p_size ? t_size : p_size) <= LARGE) & mask(p != 0) & ~opposite;
    return blend(regular, finite_times_log_ratio(t, p), t * to_real(to_word(limit) | opposite));
}
#endif
