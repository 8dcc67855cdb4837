/* Doubles, whatever `real` is, for losses that a float has too few digits for and that need no more than a double's. */
#ifndef PYLOSS_WIDE_H
#define PYLOSS_WIDE_H
#include "real.h"

/* rounds once where the processor can */
INLINED double fused(double a, double b, double c)
{
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

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

#if REAL_BITS == 32
enum { NO_FLOAT = 700 };    /* exp(700) and exp(-700) are beyond every float, and far from the ends of a double's range */

INLINED double exp_in_range(double x)
{
    const double round_to_whole = 0x1.8p+52;
    double shifted = fused(x, 1.4426950408889634, round_to_whole), k = shifted - round_to_whole;
    double r = fused(k, -0.69314718055994531, x), square = r * r;
    double even = fused(0.00139454887146, square, 0.0416662831901), odd = fused(0.00019821216909, square, 0.00833345068262);
    even = fused(even, square, 0.500000007126);
    odd = fused(odd, square, 0.166666660243);
    double y = 1 + fused(square, fused(odd, r, even), r);
    return of_bits(bits_of(y) + (bits_of(shifted) << 52));
}

/* exp(-size) for size >= 0: a float is bounded in half the time */
INLINED double wide_exp_minus(real size)
{
    return exp_in_range(-(double)(size > NO_FLOAT ? NO_FLOAT : size));
}

/* As log1p_unit. Error: 2^-33 */
INLINED double wide_log1p(double x)
{
    const double split = 0.41421356237309505, shrink = 0.70710678118654752, growth = 0.34657359027997265;
    uint64_t beyond = double_mask(x > split);
    double f = double_blend(beyond, fused(x, shrink, shrink - 1), x), square = f * f;
    double odd = fused(0.02595331916406, square, 0.1262449372353), even = fused(-0.07757225533442, square, -0.1630537330577);
    odd = fused(odd, square, 0.1995260490087);
    even = fused(even, square, -0.249964923962);
    odd = fused(odd, square, 0.3333320625859);
    even = fused(even, square, -0.4999999841358);
    return fused(square, fused(odd, f, even), f) + of_bits(bits_of(growth) & beyond);
}

#else
INLINED double wide_exp_minus(real size)
{
    return exp_minus(size);
}

INLINED double wide_log1p(double x)
{
    return log1p_unit(x);
}
#endif
#endif
