/* A quick look at the bits of many numbers, which proves of most that they are in their domain. */
#ifndef PYLOSS_DOMAINS_H
#define PYLOSS_DOMAINS_H
#include <stddef.h>
#include "real.h"
#include "steps.h"

#if defined(_MSC_VER)
typedef uint16_t part_of_word;
#else
typedef uint16_t __attribute__((may_alias)) part_of_word;
#endif

/* Modulo 2^16, of the upper 16 bits of 1 without the zeros at their end. It is volatile, lest gcc makes shifts and additions of the product. */
#if REAL_BITS == 32
static const volatile uint16_t INVERSE_OF_ONE = 0xbf7f;
#else
static const volatile uint16_t INVERSE_OF_ONE = 0xfbff;
#endif
enum { LOOKED_AT = 128 / sizeof(real), PARTS = 128 / sizeof(part_of_word) }; /* at once: two registers, or more of fewer */

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

/* The first number that begins a cache line, if they are aligned: a vector that lies across two lines is read twice. */
static inline const real *first_whole_line(const real *x)
{
    return x + (0 - (uintptr_t)x) % 64 / sizeof(real);
}

INLINED void join_these(word *lane, const real *x)
{
    for (int j = 0; j < LOOKED_AT; j++)
        lane[j] = join(lane[j], to_word(x[j]));
}

static inline word join_lanes(const word *lane)
{
    word all = 0;
    for (int j = 0; j < LOOKED_AT; j++)
        all = join(all, lane[j]);
    return all;
}

static inline word join_bits(const real *x, ptrdiff_t n)
{
    word lane[LOOKED_AT] = {0}, all = 0;
    if (n < LOOKED_AT) {
        for (ptrdiff_t i = 0; i < n; i++)
            all = join(all, to_word(x[i]));
        return all;
    }
    const real *last = x + n - LOOKED_AT;
    join_these(lane, x);
    join_these(lane, last);
    for (const real *some = first_whole_line(x); some < last; some += LOOKED_AT)
        join_these(lane, some);
    return join_lanes(lane);
}

/* From +0 on the order of the bits is that of the numbers, and those of what is negative follow. A nan is data: without an end every number
   that has no sign is inside. */
static inline word last_inside(real high)
{
    return high > LARGE ? ~SIGN : to_word(high);
}

/* Without a maximum the bits of fractions are soon too many, and of whole numbers seldom: the first tell. */
static inline int within_0_and(real high, const real *x, ptrdiff_t n)
{
    const word last = last_inside(high);
    ptrdiff_t first = HAS_MAXIMUM ? 0 : n < LOOKED_AT ? n : LOOKED_AT;
    return join_bits(x, first) <= last && join_bits(x, n) <= last;
}

/* Beside its sign, what a number has of bits that 1 has not, and the other way round. */
static inline word apart_from_one(real x)
{
    return to_word(x) ^ ONE;
}

static inline int no_bit_but_sign(word bits)
{
    return (bits & ~SIGN) == 0;
}

INLINED void join_apart_from_one(word *lane, const real *x)
{
    for (int j = 0; j < LOOKED_AT; j++)
        lane[j] |= apart_from_one(x[j]);
}

static inline word any_bits(const word *lane)
{
    word all = 0;
    for (int j = 0; j < LOOKED_AT; j++)
        all |= lane[j];
    return all;
}

/* Whether all are -1 or 1. The first tell. */
static inline int are_ones(const real *x, ptrdiff_t n)
{
    word lane[LOOKED_AT] = {0};
    if (n < LOOKED_AT) {
        for (ptrdiff_t i = 0; i < n; i++)
            lane[i] = apart_from_one(x[i]);
        return no_bit_but_sign(any_bits(lane));
    }
    const real *last = x + n - LOOKED_AT;
    join_apart_from_one(lane, x);
    if (!no_bit_but_sign(any_bits(lane)))
        return 0;
    join_apart_from_one(lane, last);
    for (x = first_whole_line(x); x < last; x += LOOKED_AT)
        join_apart_from_one(lane, x);
    return no_bit_but_sign(any_bits(lane));
}

/* Products with an odd number differ where the factors do: with this one, 16 bits at a time, those of 0 and 1 alone have no bit but one,
 * beside the sign. There is no faster product. */
INLINED void join_products(uint16_t *lane, const real *x, unsigned inverse)
{
    const part_of_word *part = (const part_of_word *)x;
    for (int j = 0; j < PARTS; j++)
        lane[j] |= (uint16_t)(part[j] * inverse);
}

/* Whether all are -1, 0 or 1. */
static inline int are_signs(const real *x, ptrdiff_t n)
{
    if (are_ones(x, n))
        return 1;
    const word allowed = SIGN | (word)1 << MANTISSA_BITS;
    const unsigned inverse = INVERSE_OF_ONE;
    uint16_t lane[PARTS] = {0};
    word joined[LOOKED_AT];
    if (n < LOOKED_AT) {
        real some[LOOKED_AT] = {0};
        memcpy(some, x, n * sizeof(real));
        join_products(lane, some, inverse);
    } else {
        const real *last = x + n - LOOKED_AT;
        join_products(lane, x, inverse);
        join_products(lane, last, inverse);
        for (x = first_whole_line(x); x < last; x += LOOKED_AT)
            join_products(lane, x, inverse);
    }
    memcpy(joined, lane, sizeof joined);
    return (any_bits(joined) & ~allowed) == 0;
}

/* What a loop that reads the numbers anyhow, in rounds of SUM_LANES, finds out about them; the lanes are LOOKED_AT. */
typedef enum { NO_LOOK, LOOK_AT_SIGNS, LOOK_FROM_0, LOOK_FROM_0_TO, LOOKS } Look;

/* One instruction for a vector of y alone, for one of both y and p, or for each. */
static inline word look_at(Look look, word seen, real y, real p)
{
    if (look == LOOK_AT_SIGNS)
        return seen | apart_from_one(y);
    if (look == LOOK_FROM_0)
        return seen | to_word(y) | to_word(p);
    return join(seen, join(to_word(y), to_word(p)));
}

INLINED void look_at_round(Look look, word *lane, const real *y, const real *p)
{
    for (int i = 0; i < SUM_LANES; i += LOOKED_AT)
        for (int j = 0; j < LOOKED_AT; j++)
            lane[j] = look_at(look, lane[j], y[i + j], p[i + j]);
}

/* Of the numbers that make no round: fewer, one by one. */
INLINED void look_at_rest(Look look, word *lane, const real *y, const real *p, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        lane[0] = look_at(look, lane[0], y[i], p[i]);
}

static inline word all_seen(Look look, const word *lane)
{
    return look == LOOK_FROM_0_TO ? join_lanes(lane) : any_bits(lane);
}

/* Whether what was seen proves that all numbers are in their domain. */
static inline int proves(Look look, word seen, real high)
{
    return look == LOOK_AT_SIGNS ? no_bit_but_sign(seen) : seen <= last_inside(high);
}
#endif
