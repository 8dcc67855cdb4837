/* Fine: a number with more digits than `real`, for losses that raise or cancel what a function has given. Where `real` is float it is a
   double, whose range no power of a float's leaves, and the processor's own arithmetic; where it is double it is a sum of two (duo.h).
   coefficients.py prints the polynomials. */
#ifndef PYLOSS_FINE_H
#define PYLOSS_FINE_H
#include "duo.h"

#if REAL_BITS == 32
enum { FINE_IS_WIDE = 1 };      /* its range is so wide that nothing has to be lifted */

INLINED uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINED double of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINED uint64_t double_mask(int condition)
{
    return (uint64_t)0 - (uint64_t)condition;
}

INLINED double double_blend(uint64_t where, double a, double b)
{
    return of_bits((bits_of(a) & where) | (bits_of(b) & ~where));
}

/* A choice by ?: costs more: gcc proves of each comparison what it leaves for the next. */
INLINED double no_more(double x, double bound)
{
    return double_blend(double_mask(x > bound), bound, x);
}

INLINED double no_less(double x, double bound)
{
    return double_blend(double_mask(x < bound), bound, x);
}

enum { NO_FLOAT = 700 };    /* exp(700) and exp(-700) are beyond every float, and far from the ends of a double's range */

INLINED double exp_in_range(double x)
{
    const double round_to_whole = 0x1.8p+52;
    double shifted = multiply_add_double(x, 1.4426950408889634, round_to_whole), k = shifted - round_to_whole;
    double r = multiply_add_double(k, -0.69314718055994531, x), square = r * r;
    double even = multiply_add_double(0.00139454887146, square, 0.0416662831901);
    double odd = multiply_add_double(0.00019821216909, square, 0.00833345068262);
    even = multiply_add_double(even, square, 0.500000007126);
    odd = multiply_add_double(odd, square, 0.166666660243);
    double y = 1 + multiply_add_double(square, multiply_add_double(odd, r, even), r);
    return of_bits(bits_of(y) + (bits_of(shifted) << 52));
}

/* exp(-size) for size >= 0: a float is bounded in half the time */
INLINED double double_exp_minus(real size)
{
    return exp_in_range(-(double)(size > NO_FLOAT ? NO_FLOAT : size));
}

/* As log1p_unit. Error: 2^-33 */
INLINED double double_log1p(double x)
{
    const double split = 0.41421356237309505, shrink = 0.70710678118654752, growth = 0.34657359027997265;
    uint64_t beyond = double_mask(x > split);
    double f = double_blend(beyond, multiply_add_double(x, shrink, shrink - 1), x), square = f * f;
    double even = multiply_add_double(-0.07757225533442, square, -0.1630537330577);
    double odd = multiply_add_double(0.02595331916406, square, 0.1262449372353);
    odd = multiply_add_double(odd, square, 0.1995260490087);
    even = multiply_add_double(even, square, -0.249964923962);
    odd = multiply_add_double(odd, square, 0.3333320625859);
    even = multiply_add_double(even, square, -0.4999999841358);
    return multiply_add_double(square, multiply_add_double(odd, f, even), f) + of_bits(bits_of(growth) & beyond);
}

typedef struct {
    double all;
} Fine;

INLINED Fine fine_of(double x)
{
    Fine result = {x};
    return result;
}

INLINED Fine fine(real x)
{
    return fine_of(x);
}

INLINED real leading(Fine a)
{
    return (real)a.all;
}

INLINED real nearest(Fine a)
{
    return (real)a.all;
}

INLINED real nearest_product(Fine a, Fine b)
{
    return (real)(a.all * b.all);
}

INLINED Fine fine_mix(real y, real a, real b)
{
    return fine_of(multiply_add_double(a, y, b * (1 - (double)y)));
}

INLINED Fine fine_sum(real a, real b)
{
    return fine_of((double)a + b);
}

INLINED Fine fine_scaled(Fine a, real factor)
{
    return fine_of(a.all * factor);
}

INLINED Fine fine_plus(Fine a, Fine b)
{
    return fine_of(a.all + b.all);
}

/* 1 + a for 0 <= a <= 1 */
INLINED Fine fine_above_1(Fine a)
{
    return fine_of(1 + a.all);
}

INLINED Fine fine_times(Fine a, Fine b)
{
    return fine_of(a.all * b.all);
}

INLINED Fine fine_times_plus(Fine a, Fine b, Fine c)
{
    return fine_of(multiply_add_double(a.all, b.all, c.all));
}

INLINED Fine fine_over(Fine a, Fine b)
{
    return fine_of(a.all / b.all);
}

INLINED Fine fine_ratio(real factor, Fine a, Fine b)
{
    return fine_of(factor * (a.all / b.all));
}

INLINED real fine_mean(real y, Fine a, Fine b)
{
    double first = double_blend(double_mask(y != 0), y * a.all, 0);
    return (real)(first + double_blend(double_mask(y != 1), (1 - (double)y) * b.all, 0));
}

INLINED Fine fine_blend(word where, Fine a, Fine b)
{
    return fine_of(double_blend((uint64_t)(int64_t)(int32_t)where, a.all, b.all));
}

/* An infinite |z| is one whose product with 0 is 0, with other floats infinite as a float, and with exp(-NO_FLOAT) nothing. */
INLINED Fine fine_size(real z)
{
    return fine_of(no_more(magnitude(z), 1e200));
}

/* Error: 2^-34. Far out, where no float tells it from 0 or infinity, it stays where it is. */
INLINED Fine fine_exp(Fine exponent)
{
    return fine_of(exp_in_range(no_less(no_more(exponent.all, NO_FLOAT), -NO_FLOAT)));
}

INLINED Fine fine_exp_minus(real size)
{
    return fine_of(double_exp_minus(size));
}

/* log(1 + f) for -1/4 <= f <= 1/2: a division takes longer than the terms it would save. Error: 2^-33 */
INLINED double log_near_1(double f)
{
    double square = f * f;
    double even = multiply_add_double(-0.03124359228839, square, -0.105812655888);
    double odd = multiply_add_double(0.08003880328695, square, 0.1140575248908);
    even = multiply_add_double(even, square, -0.1249932645503);
    odd = multiply_add_double(odd, square, 0.1426749391602);
    even = multiply_add_double(even, square, -0.1666526931265);
    odd = multiply_add_double(odd, square, 0.2000042912994);
    even = multiply_add_double(even, square, -0.2500003725489);
    odd = multiply_add_double(odd, square, 0.3333333002176);
    even = multiply_add_double(even, square, -0.4999999980943);
    return multiply_add_double(square, multiply_add_double(odd, f, even), f);
}

/* log(x), or where x is so near 1 that its digits are lost log(1 + f) of an f that has them; with the limits of the logarithm */
INLINED Fine log_of(double x, uint64_t near, double f)
{
    const uint64_t shift = 0x4000000000000000u, mask_of_exponent = 0xfff0000000000000u;
    uint64_t shifted = 0x3ff8000000000000u + shift - bits_of(x);
    double n = of_bits(shifted >> 52 | (uint64_t)0x433 << 52) - 0x1.00000000004p+52;    /* 2^52 + 1024 */
    double reduced = of_bits(bits_of(x) + (shifted & mask_of_exponent) - shift) - 1;
    double y = multiply_add_double(-n, 0.69314718055994531, log_near_1(double_blend(near, f, reduced)));
    double limit = of_bits(bits_of(-(double)INFINITY) | double_mask(x < 0));
    return fine_of(double_blend(double_mask(x < (double)INFINITY), double_blend(double_mask(x > 0), y, limit), x));
}

INLINED Fine fine_log(Fine a)
{
    return log_of(a.all, 0, 0);
}

INLINED Fine fine_log_rest(Fine rest, Fine x)
{
    return log_of(rest.all, double_mask(x.all > -0.25 && x.all < 0.25), -x.all);
}

INLINED Fine fine_log1p(Fine a)
{
    return fine_of(double_log1p(a.all));
}

/* (x 2^k)^exponent for a positive x, as a number times 2^n; k is 0 here */
INLINED Fine fine_raised(Fine x, real k, Fine exponent, real *n)
{
    *n = k;
    return fine_exp(fine_times(exponent, fine_log(x)));
}

INLINED Fine fine_normalised(Fine x, real *n)
{
    *n = 0;
    return x;
}
#else
enum { FINE_IS_WIDE = 0 };

typedef Duo Fine;

INLINED Fine fine(real x)
{
    return duo(x, 0);
}

INLINED real leading(Fine a)
{
    return a.high;
}

INLINED real nearest(Fine a)
{
    return rounded(a);
}

INLINED real nearest_product(Fine a, Fine b)
{
    return rounded(a) * rounded(b);
}

INLINED Fine fine_mix(real y, real a, real b)
{
    return fine(a * y + b * (1 - y));
}

INLINED Fine fine_sum(real a, real b)
{
    return exact_sum(a, b);
}

INLINED Fine fine_scaled(Fine a, real factor)
{
    return duo_scaled(a, factor);
}

INLINED Fine fine_plus(Fine a, Fine b)
{
    return duo_plus(a, b);
}

INLINED Fine fine_above_1(Fine a)
{
    real sum = 1 + a.high;
    return duo(sum, (a.high - (sum - 1)) + a.low);
}

INLINED Fine fine_times(Fine a, Fine b)
{
    return duo_times(a, b);
}

INLINED Fine fine_times_plus(Fine a, Fine b, Fine c)
{
    return duo_plus(duo_times(a, b), c);
}

INLINED Fine fine_over(Fine a, Fine b)
{
    return duo_over(a, b);
}

INLINED Fine fine_ratio(real factor, Fine a, Fine b)
{
    return duo(factor * (a.high / b.high), 0);
}

INLINED real fine_mean(real y, Fine a, Fine b)
{
    real q = 1 - y;
    return (y != 0 ? y * rounded(a) : 0) + (q != 0 ? q * rounded(b) : 0);
}

INLINED Fine fine_blend(word where, Fine a, Fine b)
{
    return duo_blend(where, a, b);
}

/* |z|, but no larger than it has to be for exp(-|z|) to vanish */
INLINED Fine fine_size(real z)
{
    real size = magnitude(z);
    return fine(size > 8192 ? 8192 : size);
}

INLINED Fine fine_exp(Fine exponent)
{
    Power power = exp_in_parts(exponent);
    Duo one = exact_sum(1, power.rest.high);
    return duo(one.high * power.scale * power.again, (one.low + power.rest.low) * power.scale * power.again);
}

INLINED Fine fine_exp_minus(real size)
{
    return fine_exp(fine(size > 8192 ? -8192 : -size));
}

INLINED Fine fine_log(Fine a)
{
    return duo_log_of(a);
}

INLINED Fine fine_log_rest(Fine rest, Fine x)
{
    return duo_log_of(rest);
}

INLINED Fine fine_log1p(Fine a)
{
    return duo_log1p_unit(a);
}

INLINED Fine fine_raised(Fine x, real k, Fine exponent, real *n)
{
    Wide power = wide_exp(duo_times(exponent, duo_log_shifted(x.high, x.low, 0, k)));
    *n = power.exponent;
    return power.factor;
}

/* x 2^n near 1 */
INLINED Fine fine_normalised(Fine x, real *n)
{
    return duo_scaled(x, to_real(ONE + normalise(x.high, n)));
}
#endif
#endif
