/* `real` for one compilation (REAL_BITS is 32 or 64) and functions of it that a compiler can vectorise: selects instead of branches, no libm,
   no division in float, no conversion between double and int64 (it needs AVX-512). coefficients.py prints the polynomials.
   A condition tested once is a `?:`; tested again it is a `mask`, else gcc joins both tests and computes all that lies between them twice.
   Errors are the worst seen, in units in the last place: over every float, and over 10^7 doubles and the borders. */
#ifndef PYLOSS_REAL_H
#define PYLOSS_REAL_H
#include <math.h>
#include <stdint.h>
#include <string.h>

/* For what is too large to be inlined on its own, and must be if the loop around it is to be vectorised. */
#if defined(_MSC_VER)
#define INLINED static __forceinline
#elif defined(__SANITIZE_ADDRESS__)
#define INLINED static inline   /* nothing is vectorised there, and at -O1 gcc sees no function behind a pointer */
#else
#define INLINED static inline __attribute__((always_inline))
#endif

#if REAL_BITS == 32
typedef float real;
typedef uint32_t word;
typedef int32_t signed_word;
enum { MANTISSA_BITS = 23 };
static const word SIGN = 0x80000000u, ONE = 0x3f800000u, EXPONENT_MASK = 0xff800000u;
static const real LEAST_NORMAL = 0x1p-126f;
static const real LOG2_E = 0x1.715476p+0f;
static const real LOG_2 = 0x1.62e4p-1f, LOG_2_REST = 0x1.7f7d1cp-20f; /* an exponent times LOG_2 is exact */
static const real LARGE = 0x1.fffffep+127f, ROUND_TO_WHOLE = 0x1.8p+23f;  /* the largest; a sum with that has no room for a fraction */
/* beyond TINY and GREAT a number is multiplied with LIFT or DROP, powers of two, before it is divided */
static const real TINY = 0x1p-40f, GREAT = 0x1p40f, LIFT = 0x1p100f, DROP = 0x1p-100f, GREAT_BITS = 40, LIFTED = 100;
static const real EXP_LIMIT = 104;                                    /* exp(-104) is 0 and exp(104) infinite */
static const real ROUND_TO_SCALE = 0x1.80007ep+23f; /* 1.5 * 2^23 + 127 - 64: a sum's low bits are the exponent field of 2^(k - 64) */
static const word HALF_SCALE = 0x5f800000u;         /* 2^64 */
static const word ANCHOR = 0x3fc00000u;             /* 1.5 */
static const word EXPONENT_SHIFT = 0;
static const word WIDE_SHIFT = 0;
static const real WIDE_BIAS = 0;
static const real SPLIT = 0x1.a8279ap-2f; /* sqrt(2) - 1 */
static const real SHRINK = 0x1.6a07f6p-1f, LOG_GROWTH = 0x1.62e9acp-2f; /* near sqrt(1/2), where -log(SHRINK) is a float to 2^-36 */
#elif REAL_BITS == 64
typedef double real;
typedef uint64_t word;
typedef int64_t signed_word;
enum { MANTISSA_BITS = 52 };
static const word SIGN = 0x8000000000000000u, ONE = 0x3ff0000000000000u, EXPONENT_MASK = 0xfff0000000000000u;
static const real LEAST_NORMAL = 0x1p-1022;
static const real LOG2_E = 0x1.71547652b82fep+0;
static const real LOG_2 = 0x1.62e42feep-1, LOG_2_REST = 0x1.a39ef35793c76p-33;
static const real LARGE = 0x1.fffffffffffffp+1023, ROUND_TO_WHOLE = 0x1.8p+52;
static const real TINY = 0x1p-300, GREAT = 0x1p300, LIFT = 0x1p700, DROP = 0x1p-700, GREAT_BITS = 300, LIFTED = 700;
static const real EXP_LIMIT = 746;
static const real ROUND_TO_SCALE = 0x1.80000000001ffp+52; /* 1.5 * 2^52 + 1023 - 512 */
static const word HALF_SCALE = 0x5ff0000000000000u;       /* 2^512 */
static const word ANCHOR = 0x3ff8000000000000u;
static const word EXPONENT_SHIFT = 0x4000000000000000u; /* keeps a difference of exponents positive: 64 bits have no arithmetic shift */
static const word WIDE_SHIFT = 0x8000000000000000u;     /* the same, between any two numbers, */
static const real WIDE_BIAS = 1024;                     /* and what it adds to exponent_of */
static const real SPLIT = 0x1.a827999fcef32p-2;
static const real SHRINK = 0x1.6a09e667f3573p-1, LOG_GROWTH = 0x1.62e42fefa4be5p-2; /* to 2^-68 */
#else
#error "REAL_BITS must be 32 or 64"
#endif

/* Without the promise the vectorised loops are preceded by tests of every pair of arrays. */
#if defined(_MSC_VER)
typedef real *__restrict output;
#else
typedef real *restrict output;
#endif

static inline word to_word(real x)
{
    word bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline real to_real(word bits)
{
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline real square_root(real x)
{
#if REAL_BITS == 32
    return sqrtf(x);
#else
    return sqrt(x);
#endif
}

static inline real magnitude(real x)
{
    return to_real(to_word(x) & ~SIGN);
}

static inline real with_sign_of(real size, real x)
{
    return to_real(to_word(size) | (to_word(x) & SIGN));
}

/* x, or -x where y > 0, by integers: rounding downward 0 - y were -0 for a y of 0. Of a nan y it may be either. */
static inline real turned_against(real y, real x)
{
    return to_real(to_word(x) ^ (~to_word(y) & (0 - to_word(y)) & SIGN));
}

/* A choice by the sign's bit needs no comparison. */
static inline int sign_bit(real x)
{
    return (signed_word)to_word(x) < 0;
}

/* all bits or none */
static inline word mask(int condition)
{
    return 0 - (word)condition;
}

/* A choice whose condition serves several choices: written as ?: each, gcc threads jumps through them and does not vectorise. */
static inline real blend(word where, real a, real b)
{
    return to_real((to_word(a) & where) | (to_word(b) & ~where));
}

/* 0 where x is not above it; a nan stays. Of a choice gcc makes one of all that follows: of each square, and of both doubles of a float. */
static inline real positive_part(real x)
{
    return to_real(to_word(x) & ~mask(x <= 0));
}

/* Of two that are not negative, by their bits: one instruction where a choice takes two. A nan is more than all. */
static inline real lesser_size(real a, real b)
{
    signed_word x = (signed_word)to_word(a), y = (signed_word)to_word(b);
    return to_real((word)(x < y ? x : y));
}

#if defined(__FMA__) || defined(__FP_FAST_FMAF) || defined(__aarch64__)
#define HAS_FMA
#endif

/* rounds once where the processor can, else twice */
static inline double multiply_add_double(double a, double b, double c)
{
#ifdef HAS_FMA
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* the same */
static inline real multiply_add(real a, real b, real c)
{
#if REAL_BITS == 64
    return multiply_add_double(a, b, c);
#elif defined(HAS_FMA)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* x / y for a 1 / y that serves many x. A quotient's remainder, exact by FMA, makes it what the division gives, which takes longer; below
   2^-1020 digits of the remainder are lost, and the last bit may differ. */
static inline double divided(double x, double y, double inverse)
{
#ifdef HAS_FMA
    double quotient = x * inverse, better = __builtin_fma(__builtin_fma(-quotient, y, x), inverse, quotient);
    return better == better ? better : quotient; /* infinities have no remainder */
#else
    (void)inverse;
    return x / y;
#endif
}

/* exp(r) = 1 + r + r^2 exp_tail(r) for |r| <= log(2)/2, log(1 + f) = f + log_tail(f) for -1/4 <= f <= 1/2 and
   log(1 + f) = f + f^2 unit_tail(f) for 0 <= f <= sqrt(2) - 1. Odd and even powers apart are two chains that run side by side. */
#if REAL_BITS == 32
static inline real exp_tail(real r, real square)
{
    real even = 0.001383743199f, odd = 0.008369152701f;
    even = multiply_add(even, square, 0.04166811979f);
    odd = multiply_add(odd, square, 0.1666651702f);
    even = multiply_add(even, square, 0.4999999401f);
    return multiply_add(odd, r, even);
}

static inline real unit_tail(real f, real square)
{
    real even = 0.09790356066f, odd = -0.03495863928f;
    odd = multiply_add(odd, square, -0.1532839494f);
    even = multiply_add(even, square, 0.1976749525f);
    odd = multiply_add(odd, square, -0.24977731f);
    even = multiply_add(even, square, 0.3333230447f);
    return multiply_add(multiply_add(odd, f, even), f, -0.4999998375f);
}

static inline real log_tail(real f)
{
    real square = f * f;
    real even = 0.1044815114f, odd = -0.04490826845f;
    odd = multiply_add(odd, square, -0.1316217172f);
    even = multiply_add(even, square, 0.1448207284f);
    odd = multiply_add(odd, square, -0.1664777476f);
    even = multiply_add(even, square, 0.1999060675f);
    odd = multiply_add(odd, square, -0.2500005431f);
    even = multiply_add(even, square, 0.3333345444f);
    return square * multiply_add(multiply_add(odd, f, even), f, -0.5000000083f);
}

static inline real exponent_of(word shifted)
{
    return (real)((int32_t)shifted >> MANTISSA_BITS);
}
#else
static inline real exp_tail(real r, real square)
{
    real even = 2.763128578391946582e-7, odd = 2.50410888788712992e-8;
    odd = multiply_add(odd, square, 2.755747188529424905e-6);
    even = multiply_add(even, square, 0.00002480149032581542998);
    odd = multiply_add(odd, square, 0.0001984126961728773787);
    even = multiply_add(even, square, 0.001388888894616031621);
    odd = multiply_add(odd, square, 0.00833333333345167083);
    even = multiply_add(even, square, 0.04166666666652115902);
    odd = multiply_add(odd, square, 0.1666666666666646586);
    even = multiply_add(even, square, 0.5000000000000011612);
    return multiply_add(odd, r, even);
}

static inline real unit_tail(real f, real square)
{
    real even = 0.01808099364428148625, odd = -0.004131360606714586988;
    odd = multiply_add(odd, square, -0.03988104548041053364);
    even = multiply_add(even, square, 0.06138276485829962456);
    odd = multiply_add(odd, square, -0.07756488495260048732);
    even = multiply_add(even, square, 0.0892978601059951928);
    odd = multiply_add(odd, square, -0.09966236302513662659);
    even = multiply_add(even, square, 0.111058438620444341);
    odd = multiply_add(odd, square, -0.1249939703425045404);
    even = multiply_add(even, square, 0.1428566480967860041);
    odd = multiply_add(odd, square, -0.1666666386008833096);
    even = multiply_add(even, square, 0.1999999989591811056);
    odd = multiply_add(odd, square, -0.2499999999769423168);
    even = multiply_add(even, square, 0.3333333333330737283);
    return multiply_add(multiply_add(odd, f, even), f, -0.4999999999999989722);
}

/* log(1 + f) = 2 atanh(s) with s = f / (2 + f), and 2 s = f - s f */
static inline real log_tail(real f)
{
    real s = f / (2 + f), z = s * s;
    real square = z * z;
    real even = 0.1536725981310878754, odd = 0.1525031714457954348;
    even = multiply_add(even, square, 0.1818634912592456556);
    odd = multiply_add(odd, square, 0.2222213868619762118);
    even = multiply_add(even, square, 0.2857142939280261307);
    odd = multiply_add(odd, square, 0.3999999999617715194);
    even = multiply_add(even, square, 0.6666666666667267835);
    real q = multiply_add(odd, z, even);
    return s * multiply_add(q, z, -f);
}

static inline real exponent_of(word shifted)
{
    return to_real(shifted >> 52 | (word)0x433 << 52) - (real)0x1.00000000004p+52; /* 2^52 + 1024 */
}
#endif

/* exp(x) = 2^k exp(r): adding and subtracting ROUND_TO_SCALE rounds x / log(2) to the integer k. 2^k is applied in two factors, HALF_SCALE (or
   its inverse for a negative x) and what remains: both are normal numbers, so the last product alone over- or underflows. */
static inline real exp_of_parts(real size, word sign, real rest)
{
    real clamped = EXP_LIMIT < size ? EXP_LIMIT : size, x = to_real(to_word(clamped) | sign);
    real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
    real r = multiply_add(k, -LOG_2_REST, multiply_add(k, -LOG_2, x)) - rest;
    real y = 1 + multiply_add(exp_tail(r, r * r), r * r, r);
    return y * to_real((to_word(shifted) << MANTISSA_BITS) + (sign >> 1)) * to_real(HALF_SCALE ^ (sign >> 1));
}

/* Error: 1.05 in float, 1.07 in double. */
static inline real vector_exp(real x)
{
    word sign = to_word(x) & SIGN;
    return exp_of_parts(to_real(to_word(x) ^ sign), sign, 0);
}

/* exp(-size) for size >= 0, and a little faster. Error: as vector_exp. log1p_unit of it: 1.75 (without FMA 1.95) in float, 1.8 (1.96) in double. */
static inline real exp_minus(real size)
{
    return exp_of_parts(size, SIGN, 0);
}

/* exp(x - rest), where x has this size and sign, and rounding took the rest from it; where exp leaves the range the rest may be a NaN. */
static inline real exp_of_sum(real size, word sign, real rest)
{
    return exp_of_parts(size, sign, to_real(to_word(rest) & mask(size < EXP_LIMIT)));
}

/* exp(-(size + rest)) for size >= 0 */
static inline real exp_minus_sum(real size, real rest)
{
    return exp_of_sum(size, SIGN, rest);
}

/* Finds n with 3/4 < 2^n u <= 3/2 and returns it as an addend to the exponent field. */
static inline word normalise(real u, real *n)
{
    word shifted = ANCHOR + EXPONENT_SHIFT - to_word(u);
    *n = exponent_of(shifted);
    return (shifted & EXPONENT_MASK) - EXPONENT_SHIFT;
}

/* log(argument), where argument = 2^-n (1 + f), and the limits where it is not positive and finite: all bits set is a NaN */
static inline real log_of_parts(real f, real n, real argument)
{
    real y = multiply_add(n, -LOG_2, f + multiply_add(n, -LOG_2_REST, log_tail(f)));
    real limit = to_real(to_word(-(real)INFINITY) | mask(argument < 0));
    y = argument > 0 ? y : limit;
    return argument < (real)INFINITY ? y : argument;
}

/* Error: 1.01 in float, 1.08 in double. */
static inline real vector_log(real x)
{
    real n, normal = x < LEAST_NORMAL ? x * (real)((word)1 << MANTISSA_BITS) : x;
    word field = normalise(normal, &n);
    n += to_real(to_word(MANTISSA_BITS) & mask(x < LEAST_NORMAL));
    return log_of_parts(to_real(to_word(normal) + field) - 1, n, x);
}

/* f = 2^n (1 + x) - 1 = 2^n x - (1 - 2^n) rounds once; 2^n may become 0 where it would be denormal. Error: 1.01 in float, 1.06 in double. */
static inline real vector_log1p(real x)
{
    real n, u = 1 + x;
    word field = normalise(u, &n);
    real power = to_real(ONE + field);
    power = power > 0 ? power : 0;
    return log_of_parts(to_real(to_word(x) + field) - (1 - power), n, u);
}

/* log(1 + u) for 0 <= u <= 1: above SPLIT it is log(SHRINK (1 + u)) - log(SHRINK). Error: 1.09 (without FMA 1.23) in float, 1.06 (1.3) in
   double. */
static inline real log1p_unit(real u)
{
    real f = u > SPLIT ? multiply_add(u, SHRINK, SHRINK - 1) : u;
    return multiply_add(unit_tail(f, f * f), f * f, f) + to_real(to_word(LOG_GROWTH) & mask(u > SPLIT));
}

/* log((u + c) 2^k) for a c that rounding took from u and a whole k: c joins when u is already reduced to a number near 1, and k is
   added to the exponent */
static inline real log_sum_shifted(real u, real c, real k)
{
    real n, lift = u < LEAST_NORMAL ? (real)((word)1 << MANTISSA_BITS) : 1, normal = u * lift;
    word field = normalise(normal, &n);
    real power = to_real(ONE + field);
    power = power > 0 ? power : 0;
    n += to_real(to_word(MANTISSA_BITS) & mask(u < LEAST_NORMAL));
    return log_of_parts(to_real(to_word(normal) + field) - 1 + c * lift * power, n - k, u);
}

static inline real vector_log_sum(real u, real c)
{
    return log_sum_shifted(u, c, 0);
}
#endif
