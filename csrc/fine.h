/* Fine: a number with more digits than `real`, for losses that raise or cancel what a function has given. Where `real` is float it is a
   double, whose range no power of a float's leaves, and the processor's own arithmetic; where it is double it is a sum of two (duo.h).
   coefficients.py prints the polynomials. */
#ifndef PYLOSS_FINE_H
#define PYLOSS_FINE_H
#include "duo.h"
#include "wide.h"

#if REAL_BITS == 32
enum { FINE_IS_WIDE = 1 };      /* its range is so wide that nothing has to be lifted */

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
    return fine_of(fused(a.all, b.all, c.all));
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
    return fine_of(wide_exp_minus(size));
}

/* log(1 + f) for -1/4 <= f <= 1/2: a division takes longer than the terms it would save. Error: 2^-33 */
INLINED double log_near_1(double f)
{
    double square = f * f;
    double even = fused(-0.03124359228839, square, -0.105812655888), odd = fused(0.08003880328695, square, 0.1140575248908);
    even = fused(even, square, -0.1249932645503);
    odd = fused(odd, square, 0.1426749391602);
    even = fused(even, square, -0.1666526931265);
    odd = fused(odd, square, 0.2000042912994);
    even = fused(even, square, -0.2500003725489);
    odd = fused(odd, square, 0.3333333002176);
    even = fused(even, square, -0.4999999980943);
    return fused(square, fused(odd, f, even), f);
}

/* log(x), or where x is so near 1 that its digits are lost log(1 + f) of an f that has them; with the limits of the logarithm */
INLINED Fine log_of(double x, uint64_t near, double f)
{
    const uint64_t shift = 0x4000000000000000u, mask_of_exponent = 0xfff0000000000000u;
    uint64_t shifted = 0x3ff8000000000000u + shift - bits_of(x);
    double n = of_bits(shifted >> 52 | (uint64_t)0x433 << 52) - 0x1.00000000004p+52;    /* 2^52 + 1024 */
    double reduced = of_bits(bits_of(x) + (shifted & mask_of_exponent) - shift) - 1;
    double y = fused(-n, 0.69314718055994531, log_near_1(double_blend(near, f, reduced)));
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
    return fine_of(wide_log1p(a.all));
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
