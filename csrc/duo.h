/* Numbers as unevaluated sums of two, `high` rounded and `low` what is missing, with the functions that must be better than a rounded
   result: one that is squared, multiplied or cancelled further. Each rounds once, at the end; a result from here is within 0.1 to 0.4 ULP.

   An infinite `high` leaves a nan in `low`, which counts nothing: `rounded` and all that renormalises goes by `high` then. */
#ifndef PYLOSS_DUO_H
#define PYLOSS_DUO_H
#include "real.h"

typedef struct {
    real high, low;
} Duo;

/* What rounding took from product = a b. Without FMA by halves of the factors, whose products are exact (Dekker). */
INLINED real product_rest(real a, real b, real product)
{
#if defined(__FMA__) || defined(__FP_FAST_FMAF) || defined(__aarch64__)
    return multiply_add(a, b, -product);
#else
    const word upper = ~(((word)1 << ((MANTISSA_BITS + 2) / 2)) - 1);
    real a_high = to_real(to_word(a) & upper), a_low = a - a_high;
    real b_high = to_real(to_word(b) & upper), b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

/* a - quotient b for a quotient near a / b, exactly. Not by one FMA, whose digits differ below the normal numbers. */
INLINED real remainder_of(real a, real quotient, real b)
{
    real product = quotient * b;
    return (a - product) - product_rest(quotient, b, product);
}

INLINED real rounded(Duo a)
{
    real sum = a.high + a.low;
    return sum == sum ? sum : a.high;
}

INLINED Duo duo(real high, real low)
{
    Duo result = {high, low};
    return result;
}

/* for |high| >= |low| */
INLINED Duo renormalised(real high, real low)
{
    real sum = rounded(duo(high, low));
    return duo(sum, low - (sum - high));
}

/* a + b exactly (Knuth) */
INLINED Duo exact_sum(real a, real b)
{
    real sum = a + b, shadow = sum - a;
    return duo(sum, (a - (sum - shadow)) + (b - shadow));
}

INLINED Duo duo_blend(word where, Duo a, Duo b)
{
    return duo(to_real((to_word(a.high) & where) | (to_word(b.high) & ~where)),
                to_real((to_word(a.low) & where) | (to_word(b.low) & ~where)));
}

/* times a power of two, or -1 */
INLINED Duo duo_scaled(Duo a, real factor)
{
    return duo(a.high * factor, a.low * factor);
}

INLINED Duo duo_size(Duo a)
{
    word sign = to_word(a.high) & SIGN;
    return duo(to_real(to_word(a.high) ^ sign), to_real(to_word(a.low) ^ sign));
}

INLINED Duo duo_plus(Duo a, Duo b)
{
    Duo sum = exact_sum(a.high, b.high);
    return renormalised(sum.high, sum.low + (a.low + b.low));
}

INLINED Duo duo_times(Duo a, Duo b)
{
    real product = a.high * b.high;
    return duo(product, product_rest(a.high, b.high, product) + (a.high * b.low + a.low * b.high));
}

/* One division: the error of the multiplication by the inverse is what the remainder corrects. */
INLINED Duo duo_over(Duo a, Duo b)
{
    real inverse = 1 / b.high, quotient = a.high * inverse;
    return renormalised(quotient, (remainder_of(a.high, quotient, b.high) + (a.low - quotient * b.low)) * inverse);
}

/* a / b by divisions, as a rounded quotient and the rest of it: for a b whose inverse may leave the range */
INLINED Duo duo_divided(Duo a, Duo b)
{
    real quotient = a.high / b.high;
    return duo(quotient, (remainder_of(a.high, quotient, b.high) + (a.low - quotient * b.low)) / b.high);
}

INLINED Duo duo_root(Duo a)
{
    real root = square_root(a.high);
    return renormalised(root, (remainder_of(a.high, root, root) + a.low) / (root + root));
}

/* 2 atanh(s) = 2 s + s z gap_tail(z) with z = s^2, for s <= 1/5 */
#if REAL_BITS == 32
INLINED real gap_tail(real z)
{
    real y = multiply_add(0.2394907201f, z, 0.2851864272f);
    y = multiply_add(y, z, 0.4000059275f);
    return multiply_add(y, z, 0.6666666487f);
}
#else
INLINED real gap_tail(real z)
{
    real y = multiply_add(0.1373072181501680284, z, 0.1319136826489235436);
    y = multiply_add(y, z, 0.1538997327383236919);
    y = multiply_add(y, z, 0.1818170369739548522);
    y = multiply_add(y, z, 0.2222222360592753071);
    y = multiply_add(y, z, 0.2857142856257335258);
    y = multiply_add(y, z, 0.4000000000002542325);
    return multiply_add(y, z, 0.6666666666666664538);
}
#endif

/* f - log(1 + f) for -1/4 <= f <= 1/2 in which nothing cancels: f s - s z gap_tail(z) with s = f / (2 + f) */
INLINED Duo log_gap(Duo f)
{
    Duo s = duo_over(f, duo_plus(f, duo(2, 0))), square = duo_times(s, f);
    real z = s.high * s.high;
    return renormalised(square.high, square.low - s.high * z * gap_tail(z));
}

/* A logarithm as sum - gap: `gap` is positive and of second order where u + c is near 1; there `sum` is u + c - 1 and d. */
typedef struct {
    Duo sum, gap;
} Log;

/* log((u + c + d) 2^k) for a normal u > 0, what is ever smaller, and a whole k */
INLINED Log log_in_parts(real u, real c, real d, real k)
{
    real n;
    word field = normalise(u, &n);
    n -= k;
    real power = to_real(ONE + field);
    power = power > 0 ? power : 0;
    Duo f = exact_sum(to_real(to_word(u) + field) - 1, c * power);
    f.low += d * power;
    Duo sum = exact_sum(n * -LOG_2, f.high);
    Log result = {duo(sum.high, sum.low + (f.low - n * LOG_2_REST)), log_gap(f)};
    return result;
}

/* the same for any u, with the limits of the logarithm */
INLINED Duo duo_log_shifted(real u, real c, real d, real k)
{
    Log parts = log_in_parts(u, c, d, k);
    Duo y = duo_plus(parts.sum, duo_scaled(parts.gap, -1));
    real limit = u == 0 ? -(real)INFINITY : u < 0 ? (real)NAN : u;
    return duo(u > 0 && u < (real)INFINITY ? y.high : limit, y.low);
}

INLINED Duo duo_log(real u, real c, real d)
{
    return duo_log_shifted(u, c, d, 0);
}

/* log x for x > 0, a denormal one too */
INLINED Duo duo_log_of(Duo x)
{
    word small = mask(x.high < LEAST_NORMAL);
    Duo lifted = duo_blend(small, duo_scaled(x, (real)((word)1 << MANTISSA_BITS)), x);
    return duo_log_shifted(lifted.high, lifted.low, 0, -blend(small, MANTISSA_BITS, 0));
}

/* log(1 + x) for x > -1 that is not close to -1 */
INLINED Duo duo_log1p(Duo x)
{
    Duo u = exact_sum(1, x.high);
    return duo_log(u.high, u.low, x.low);
}

/* log(1 + x) for 0 <= x <= 1: beyond 1/2 it is log 2 + log(1 + (x - 1) / 2) */
INLINED Duo duo_log1p_unit(Duo x)
{
    const real half = (real)0.5;
    word beyond = mask(x.high > half);
    Duo f = duo_blend(beyond, duo_scaled(duo(x.high - 1, x.low), half), x), gap = log_gap(f);
    real growth = to_real(to_word(LOG_2) & beyond), sum = growth + f.high, high = sum - gap.high;
    real low = (f.high - (sum - growth)) + (f.low + to_real(to_word(LOG_2_REST) & beyond));
    return duo(high, ((sum - high) - gap.high) + (low - gap.low));
}

/* An exponential in parts: (1 + rest) scale again, of which scale and again are powers of two, or 0, or infinite. */
typedef struct {
    Duo rest;
    real scale, again, inverse;
} Power;

INLINED Power exp_in_parts(Duo exponent)
{
    word sign = to_word(exponent.high) & SIGN;
    real size = to_real(to_word(exponent.high) ^ sign), clamped = EXP_LIMIT < size ? EXP_LIMIT : size;
    real x = to_real(to_word(clamped) | sign);
    real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
    word inside = mask(size < EXP_LIMIT);
    real low = to_real(to_word(exponent.low) & inside);
    Duo r = exact_sum(multiply_add(k, -LOG_2, x), low - k * LOG_2_REST);
    real square = r.high * r.high;
    /* far out the sign decides: 0 or infinite */
    word limit = to_word((real)INFINITY) & ~mask(sign != 0);
    real scale = to_real((to_word(shifted) << MANTISSA_BITS) + (sign >> 1));
    /* the exponent field of 2^-k, from that of 2^(k - 64) or 2^(k - 512) */
    word opposite = (ONE >> MANTISSA_BITS << 1) - ((HALF_SCALE >> MANTISSA_BITS) - (ONE >> MANTISSA_BITS)) - to_word(shifted);
    real inverse = to_real(opposite << MANTISSA_BITS);
    Power result = {
        renormalised(r.high, exp_tail(r.high, square) * square + (r.low + r.low * r.high)),
        to_real((to_word(scale) & inside) | (limit & ~inside)), to_real(HALF_SCALE ^ (sign >> 1)), k < 64 ? inverse : 0
    };
    return result;
}

/* factor exp(x). Of the two powers of two the one that leads towards 1 comes first: neither a tiny nor a huge factor is lost on the way. */
INLINED real times_power(Duo factor, Power power)
{
    Duo one = exact_sum(1, power.rest.high);
    real product = rounded(duo_times(factor, renormalised(one.high, one.low + power.rest.low)));
    word early = mask((product > -1) & (product < 1)) ^ mask(power.again < 1);
    return product * blend(early, power.again, power.scale) * blend(early, power.scale, power.again);
}

/* A number that may be far beyond the range: factor 2^exponent, of a factor near 1 and a whole exponent. */
typedef struct {
    Duo factor;
    real exponent;
} Wide;

/* exp(x), within 2^-600 and 2^600 in float, 2^-4300 and 2^4300 in double */
INLINED Wide wide_exp(Duo x)
{
    const real bound = 4 * EXP_LIMIT;
    real clamped = x.high > bound ? bound : x.high;
    clamped = clamped < -bound ? -bound : clamped;
    real k = multiply_add(clamped, LOG2_E, ROUND_TO_WHOLE) - ROUND_TO_WHOLE;
    real low = to_real(to_word(x.low) & mask(x.high == clamped));
    Duo r = exact_sum(multiply_add(k, -LOG_2, clamped), low - k * LOG_2_REST);
    real square = r.high * r.high;
    Duo rest = renormalised(r.high, exp_tail(r.high, square) * square + (r.low + r.low * r.high)), one = exact_sum(1, rest.high);
    Wide result = {duo(one.high, one.low + rest.low), k};
    return result;
}

/* The parts of exp(x) - 1, to be multiplied by scale and again. Below -50 it is -1. */
INLINED Power expm1_in_parts(Duo x)
{
    Power power = exp_in_parts(duo_blend(mask(x.high < -50), duo(-50, 0), x));
    Duo head = exact_sum(1, -power.inverse), sum = exact_sum(head.high, power.rest.high);
    power.rest = renormalised(sum.high, sum.low + (head.low + power.rest.low));
    return power;
}

/* 1 - exp(-x) for x >= 0 */
INLINED Duo duo_one_minus_exp(Duo x)
{
    Power power = expm1_in_parts(duo_scaled(x, -1));
    return duo_scaled(duo_scaled(power.rest, -power.scale), power.again);
}

/* Of z = x^2: sin x = x + x^3 sine_tail and 1 - cos x = z / 2 + z^2 versine_tail for |x| <= pi / 2, and
   atan x = x + x^3 arctan_tail for |x| <= sqrt(2) - 1. */
#if REAL_BITS == 32
static const real PI = 3.14159274f, PI_REST = -8.74227766e-8f;

INLINED real sine_tail(real z)
{
    real y = multiply_add(-2.388878519e-8f, z, 2.752537737e-6f);
    y = multiply_add(y, z, -0.0001984086807f);
    y = multiply_add(y, z, 0.008333331108f);
    return multiply_add(y, z, -0.1666666663f);
}

INLINED real versine_tail(real z)
{
    real y = multiply_add(-2.005144718e-9f, z, 2.753490251e-7f);
    y = multiply_add(y, z, -2.480130931e-5f);
    y = multiply_add(y, z, 0.001388888738f);
    return multiply_add(y, z, -0.04166666664f);
}

INLINED real arctan_tail(real z)
{
    real y = multiply_add(-0.06078040992f, z, 0.1059374555f);
    y = multiply_add(y, z, -0.142435245f);
    y = multiply_add(y, z, 0.1999847106f);
    return multiply_add(y, z, -0.3333331518f);
}
#else
static const real PI = 3.141592653589793116, PI_REST = 1.2246467991473531772e-16;

INLINED real sine_tail(real z)
{
    real y = multiply_add(2.721167389004942973e-15, z, -7.642990792165832388e-13);
    y = multiply_add(y, z, 1.60589396800021781e-10);
    y = multiply_add(y, z, -2.505210687230580501e-8);
    y = multiply_add(y, z, 2.755731921113206726e-6);
    y = multiply_add(y, z, -0.0001984126984120919011);
    y = multiply_add(y, z, 0.00833333333333319423);
    return multiply_add(y, z, -0.1666666666666666557);
}

INLINED real versine_tail(real z)
{
    real y = multiply_add(1.517004404282152502e-16, z, -4.777415722133438128e-14);
    y = multiply_add(y, z, 1.147069455876492943e-11);
    y = multiply_add(y, z, -2.08767562534241336e-9);
    y = multiply_add(y, z, 2.755731921781585698e-7);
    y = multiply_add(y, z, -0.0000248015873015585668);
    y = multiply_add(y, z, 0.001388888888888882401);
    return multiply_add(y, z, -0.04166666666666666616);
}

INLINED real arctan_tail(real z)
{
    real y = multiply_add(0.01519314548966372915, z, -0.03347186347563053345);
    y = multiply_add(y, z, 0.04503409133415502407);
    y = multiply_add(y, z, -0.05218362100813283252);
    y = multiply_add(y, z, 0.05877013898048006607);
    y = multiply_add(y, z, -0.0666622580049111604);
    y = multiply_add(y, z, 0.07692282682584480677);
    y = multiply_add(y, z, -0.09090908140608421504);
    y = multiply_add(y, z, 0.1111111108805192704);
    y = multiply_add(y, z, -0.1428571428538567874);
    y = multiply_add(y, z, 0.1999999999999764778);
    return multiply_add(y, z, -0.3333333333333332745);
}
#endif

/* sin x for |x| <= pi / 2 */
INLINED Duo duo_sin(Duo x)
{
    real z = x.high * x.high;
    return renormalised(x.high, x.high * z * sine_tail(z) + x.low * (1 - z / 2 * (1 - z / 12)));
}

/* 1 - cos x for |x| <= pi / 2 */
INLINED Duo duo_versine(Duo x)
{
    Duo z = duo_times(x, x);
    return renormalised(z.high / 2, z.high * z.high * versine_tail(z.high) + z.low * ((real)0.5 - z.high / 12));
}

/* atan x for x >= 0: of x, of (x - 1) / (x + 1) beside pi / 4, or of -1 / x beside pi / 2 */
INLINED Duo duo_atan(Duo x)
{
    word beyond = mask(x.high > (real)0.41421356), far = mask(x.high > (real)2.4142135);
    Duo one = duo(1, 0);
    Duo above = duo_blend(far, duo(-1, 0), duo_plus(x, duo(-1, 0)));
    Duo below = duo_blend(far, x, duo_plus(x, one));
    Duo t = duo_over(duo_blend(beyond, above, x), duo_blend(beyond, below, one));
    real z = t.high * t.high, share = to_real(to_word((real)0.25) & beyond) + to_real(to_word((real)0.25) & far);
    Duo sum = exact_sum(PI * share, t.high);
    return renormalised(sum.high, sum.low + (PI_REST * share + (t.high * z * arctan_tail(z) + t.low * (1 - z * (1 - z)))));
}
#endif
