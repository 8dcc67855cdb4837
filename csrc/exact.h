/* ExactSum: a sum of doubles without rounding, so that the order of the additions cannot matter.
 *
 * The sum is one wide fixed-point number cut into 32-bit digits, each held in 64 bits. An addition touches three digits and
 * propagates no carry; 2^29 of them fit before the carries must be settled. The result is rounded once, to nearest even. */
#ifndef PYLOSS_EXACT_H
#define PYLOSS_EXACT_H
#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    EXACT_DIGITS = 72,          /* 2^-1074 ... 2^1088, the largest product, is 68 digits; what 2^60 of them carry takes two, the sign one */
    EXACT_BYTES = 4 * EXACT_DIGITS,
    EXACT_UNSETTLED = 1 << 29   /* additions before the carries are settled */
};

typedef struct {
    double first;               /* a single term is kept as it is: most calls have one block */
    int64_t terms;
    int64_t unsettled;
    double special;             /* the sum of the terms that are inf or nan */
    int64_t digit[EXACT_DIGITS];
} ExactSum;

static inline void exact_clear(ExactSum *sum)
{
    sum->first = sum->special = 0.0;
    sum->terms = sum->unsettled = 0;
}

static inline void exact_settle(ExactSum *sum)
{
    for (int i = 0; i < EXACT_DIGITS - 1; i++) {
        int64_t low = sum->digit[i] & 0xffffffff;
        sum->digit[i + 1] += (sum->digit[i] - low) >> 32;
        sum->digit[i] = low;
    }
    sum->unsettled = 0;
}

/* term 2^(32 places) */
static inline void exact_add_digits(ExactSum *sum, double term, int places)
{
    uint64_t bits, mantissa;
    int exponent, shift;
    int64_t sign;
    memcpy(&bits, &term, sizeof bits);
    exponent = (int)(bits >> 52) & 0x7ff;
    mantissa = bits & 0xfffffffffffffULL;
    if (exponent == 0x7ff) {
        sum->special += term;
        return;
    }
    if (exponent)
        mantissa |= 1ULL << 52;
    else
        exponent = 1;
    shift = (exponent - 1) & 31;
    sign = bits >> 63 ? -1 : 1;
    int64_t *digit = sum->digit + ((exponent - 1) >> 5) + places;
    uint64_t low = (mantissa & 0xffffffff) << shift, high = (mantissa >> 32) << shift;
    digit[0] += sign * (int64_t)(low & 0xffffffff);
    digit[1] += sign * (int64_t)((low >> 32) + (high & 0xffffffff));
    digit[2] += sign * (int64_t)(high >> 32);
    if (++sum->unsettled == EXACT_UNSETTLED)
        exact_settle(sum);
}

static inline void exact_spread(ExactSum *sum)
{
    memset(sum->digit, 0, sizeof sum->digit);
    exact_add_digits(sum, sum->first, 0);
}

static inline void exact_add(ExactSum *sum, double term)
{
    if (sum->terms++ == 0) {
        sum->first = term;
        return;
    }
    if (sum->terms == 2)
        exact_spread(sum);
    exact_add_digits(sum, term, 0);
}

/* a b, which may be 2^64 times beyond the range */
static inline void exact_add_product(ExactSum *sum, double a, double b)
{
    if (!isinf(a * b) || isinf(a) || isinf(b)) {
        exact_add(sum, a * b);
        return;
    }
    if (sum->terms == 0)
        exact_add(sum, 0.0);
    if (sum->terms++ == 1)
        exact_spread(sum);
    exact_add_digits(sum, a * 0x1p-64 * b, 2);
}

static inline void exact_merge(ExactSum *sum, ExactSum *other)
{
    if (other->terms <= 1) {
        if (other->terms)
            exact_add(sum, other->first);
        return;
    }
    if (sum->terms == 0) {
        *sum = *other;
        return;
    }
    if (sum->terms == 1)
        exact_spread(sum);
    exact_settle(sum);
    exact_settle(other);
    for (int i = 0; i < EXACT_DIGITS; i++)
        sum->digit[i] += other->digit[i];
    sum->terms += other->terms;
    sum->special += other->special;
    exact_settle(sum);
}

/* The digits of |sum|, and its sign: two's complement digits are negated when the topmost is negative. */
static inline int exact_magnitude(ExactSum *sum, int64_t *digit)
{
    exact_settle(sum);
    int negative = sum->digit[EXACT_DIGITS - 1] < 0;
    int64_t carry = 0;
    for (int i = 0; i < EXACT_DIGITS; i++) {
        int64_t value = (negative ? -sum->digit[i] : sum->digit[i]) + carry;
        digit[i] = i == EXACT_DIGITS - 1 ? value : value & 0xffffffff;
        carry = (value - digit[i]) >> 32;
    }
    return negative;
}

/* The sum times 2^exponent, rounded once. */
static inline double exact_scaled(ExactSum *sum, int exponent)
{
    int64_t digit[EXACT_DIGITS];
    int negative, top = EXACT_DIGITS - 1, sticky = 0;
    if (sum->terms <= 1 && !isnan(sum->first))
        return !sum->terms ? 0.0 : exponent ? ldexp(sum->first, exponent) : sum->first + 0.0;
    if (sum->terms <= 1 || isnan(sum->special))
        return NAN;             /* of many, which comes first depends on the threads, and so its sign */
    if (sum->special != 0)
        return sum->special;
    negative = exact_magnitude(sum, digit);
    while (top > 2 && digit[top] == 0)
        top--;
    /* 64 bits below the leading one, and whether anything lies under them, decide the rounding to 53. */
    int64_t rest = top >= 3 ? digit[top - 3] : 0;
    for (int i = 0; i < top - 3; i++)
        sticky |= digit[i] != 0;
    uint64_t head = ((uint64_t)digit[top] << 32) | (uint64_t)digit[top - 1];
    uint64_t tail = ((uint64_t)digit[top - 2] << 32) | (uint64_t)rest;
    int scale = 32 * (top - 1) - 1074 + exponent;
    if (head == 0 && tail == 0)
        return 0.0;
    int lift = 0;
    while (!(head >> 63)) {
        head = (head << 1) | (tail >> 63);
        tail <<= 1;
        lift++;
    }
    scale -= lift;
    /* Every sum is a multiple of 2^-1074, and times a power of two only beyond the range: of a denormal result nothing is cut off. */
    const int cut = 11;
    uint64_t kept = head >> cut, below = head & ((1ULL << cut) - 1), half = 1ULL << (cut - 1);
    sticky |= tail != 0;
    if (below > half || (below == half && (sticky || (kept & 1))))
        kept++;
    double magnitude = ldexp((double)kept, scale + cut);
    return negative ? -magnitude : magnitude;
}

static inline double exact_round(ExactSum *sum)
{
    return exact_scaled(sum, 0);
}

enum { EXACT_REACH = 128 };     /* no sum is 2^EXACT_REACH times beyond the range */

/* The sum over divisor 2^unit: in the range where the sum, or that divisor, may not be. */
static inline double exact_over(ExactSum *sum, double divisor, int unit)
{
    double total = exact_round(sum);
    if (!isinf(total))
        return unit ? ldexp(total / divisor, -unit) : total / divisor;
    return ldexp(exact_scaled(sum, -EXACT_REACH) / divisor, EXACT_REACH - unit);
}

/* The digits as one number in two's complement, the lowest byte first: what is kept between processes. */
static inline void exact_pack(ExactSum *sum, unsigned char *bytes)
{
    memset(bytes, 0, EXACT_BYTES);
    if (sum->terms < 2)
        return;
    exact_settle(sum);
    for (int i = 0; i < EXACT_BYTES; i++)
        bytes[i] = (unsigned char)(sum->digit[i / 4] >> 8 * (i % 4));
}

static inline void exact_unpack(ExactSum *sum, const unsigned char *bytes)
{
    memset(sum->digit, 0, sizeof sum->digit);
    for (int i = 0; i < EXACT_BYTES; i++)
        sum->digit[i / 4] |= (int64_t)bytes[i] << 8 * (i % 4);
    sum->digit[EXACT_DIGITS - 1] = (int32_t)sum->digit[EXACT_DIGITS - 1];
    sum->unsettled = 0;
}
#endif
