/* A number as the sum of two `real`s, for what a power or a difference would magnify: a result and, by a pointer, what rounding took from it.
   Nothing here is rounded more than once by a fused multiply-add, so that the bits are the same with and without. */
#ifndef PYLOSS_EXTENDED_H
#define PYLOSS_EXTENDED_H
#include "duo.h"

/* (a + a_low) / (b + b_low) */
INLINED real long_quotient(real a, real a_low, real b, real b_low, real *low)
{
    real quotient = a / b, product = quotient * b;
    *low = (((a - product) - product_rest(quotient, b, product)) + (a_low - quotient * b_low)) / b;
    return quotient;
}

/* exp(-(size + rest)) as exp_minus_sum, but the last rounding of its series is kept: errors below 0.5 instead of 1.07 */
INLINED real long_exp_minus(real size, real rest, real *low)
{
    real clamped = EXP_LIMIT < size ? EXP_LIMIT : size, x = -clamped;
    real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
    real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, x)) - to_real(to_word(rest) & mask(size < EXP_LIMIT));
    real tail = multiply_add(exp_tail(r, r * r), r * r, r), y = 1 + tail;
    real scale = to_real((to_word(shifted) << MANTISSA_BITS) + (SIGN >> 1)), rest_of_scale = to_real(HALF_SCALE ^ (SIGN >> 1));
    *low = (tail - (y - 1)) * scale * rest_of_scale;
    return y * scale * rest_of_scale;
}
#endif
