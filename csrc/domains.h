/* A quick look at the bits of many numbers, which proves of most that they are in their domain. */
#ifndef PYLOSS_DOMAINS_H
#define PYLOSS_DOMAINS_H
#include <stddef.h>
#include "real.h"

/* the inverse, modulo all words, of the bits of 1 without the zeros at their end */
#if REAL_BITS == 32
static const word INVERSE_OF_ONE = 0xefdfbf7fu;
#else
static const word INVERSE_OF_ONE = 0xeffbfeffbfeffbffu;
#endif
enum { LOOKED_AT = 128 / sizeof(real) }; /* numbers at once: two registers, or more of fewer */

#if REAL_BITS == 32 || defined(__AVX512F__)
enum { HAS_MAXIMUM = 1 };
#else
enum { HAS_MAXIMUM = 0 }; /* of words of 64 bits */
#endif

/* no less than either */
static inline word join(word a, word b)
{
    return !HAS_MAXIMUM ? a | b : a > b ? a : b;
}

static inline word join_bits(const real *x, ptrdiff_t n)
{
    word lane[LOOKED_AT] = {0}, all = 0;
    ptrdiff_t i = 0;
    for (; i + LOOKED_AT <= n; i += LOOKED_AT)
        for (int j = 0; j < LOOKED_AT; j++)
            lane[j] = join(lane[j], to_word(x[i + j]));
    for (int j = 0; j < LOOKED_AT; j++)
        all = join(all, lane[j]);
    for (; i < n; i++)
        all = join(all, to_word(x[i]));
    return all;
}

/* From +0 on the order of the bits is that of the numbers, and those of what is negative follow. Without a maximum the bits of fractions are
 * soon too many, and of whole numbers seldom: the first tell. */
static inline int within_0_and(real high, const real *x, ptrdiff_t n)
{
    ptrdiff_t first = HAS_MAXIMUM ? 0 : n < LOOKED_AT ? n : LOOKED_AT;
    return join_bits(x, first) <= to_word(high) && join_bits(x, n) <= to_word(high);
}

/* Whether all are -1, 0 or 1. Products with an odd number differ where the words do: with this one only 0 and 1 give no bit but one, beside
 * the sign. */
static inline int are_signs(const real *x, ptrdiff_t n)
{
    const word one = (word)1 << MANTISSA_BITS;
    word lane[LOOKED_AT] = {0}, all = 0;
    ptrdiff_t i = 0;
    for (; i + LOOKED_AT <= n; i += LOOKED_AT)
        for (int j = 0; j < LOOKED_AT; j++)
            lane[j] |= to_word(x[i + j]) * INVERSE_OF_ONE;
    for (int j = 0; j < LOOKED_AT; j++)
        all |= lane[j];
    for (; i < n; i++)
        all |= to_word(x[i]) * INVERSE_OF_ONE;
    return (all & ~(SIGN | one)) == 0;
}
#endif
