/* Functions of the field's rarer losses, built on real.h and written as it is: every level and precision runs the same operations, selects
   instead of branches. A number that needs more digits than `real` has is a sum of two: `high`, whose lower half is empty wherever it is a
   factor (see `chop`), so that products are exact without a fused multiply-add, and a small `rest`.
   Errors are the worst seen, in units in the last place, over every float or 10^7 doubles for a function of one number. */
#ifndef PYLOSS_SPECIAL_H
#define PYLOSS_SPECIAL_H
#include "real.h"

#if REAL_BITS == 32
static const word UPPER_HALF = 0xfffff000u;         /* 12 bits of 24 */
static const word HALF_OF_SCALE = 0x1f800000u; /* added to the low bits of a sum with ROUND_TO_SCALE: the exponent field of 2^(k - 1) */
static const real EXPM1_LOWEST = -20, EXPM1_HIGHEST = 89; /* beyond them expm1 is -1 or infinite */
static const real LINEAR = 0x1p-26f;                /* below it expm1(x), tanh(x) and the like are x */
static const real TWO_THIRDS = 0x1.554p-1f, TWO_THIRDS_REST = 0x1.555556p-13f; /* the first chopped */
static const real POWER_LIMIT = 0x1p32f;            /* x to this power is 0, 1 or infinite */
static const real ERF_LIMIT = 4;                     /* erf is 1 from here on */
static const real STIRLING = 0x1.6b4p+0f, STIRLING_REST = -0x1.c6f368p-18f; /* (1 + log(2 pi)) / 2 */
#else
static const word UPPER_HALF = 0xfffffffff8000000u; /* 26 bits of 53 */
static const word HALF_OF_SCALE = 0x1ff0000000000000u;
static const real EXPM1_LOWEST = -40, EXPM1_HIGHEST = 710;
static const real LINEAR = 0x1p-55;
static const real TWO_THIRDS = 0x1.555555p-1, TWO_THIRDS_REST = 0x1.5555555555555p-27;
static const real POWER_LIMIT = 0x1p64;
static const real ERF_LIMIT = 6;
static const real STIRLING = 0x1.6b3f8e8p+0, STIRLING_REST = -0x1.e6d052d65b5a2p-27;
#endif

/* x without the lower half of its digits */
INLINED real chop(real x)
{
    return to_real(to_word(x) & UPPER_HALF);
}

/* (a + a_rest) / (b + b_rest) as a chopped number, returned, and a rest */
INLINED real divide(real a, real a_rest, real b, real b_rest, real *rest)
{
    real inverse = 1 / b, quotient = chop(a * inverse), high = chop(b);
    real left = multiply_add(-quotient, high, a) - quotient * ((b - high) + b_rest) + a_rest;
    *rest = left * inverse;
    return quotient;
}

/* Half of expm1(x), which is (2^(k-1) - 1/2) + 2^(k-1) (r + r^2 exp_tail(r)), as a sum of two; half because 2^k may be infinite when the
   function is not. */
INLINED real half_expm1(real x, real *rest)
{
    real shifted = multiply_add(x, LOG2_E, ROUND_TO_SCALE), k = shifted - ROUND_TO_SCALE;
    real high = multiply_add(k, -LOG_2, x), low = k * -LOG_2_REST, r = high + low;
    real square = multiply_add(high, high, (high + r) * low);   /* r * r would have the error of r doubled */
    real scale = to_real((to_word(shifted) << MANTISSA_BITS) + HALF_OF_SCALE);
    real power = scale - (real)0.5, linear = scale * high, sum = power + linear;
    real lost = scale - (power + (real)0.5);
    *rest = (linear - (sum - power)) + lost + scale * multiply_add(exp_tail(r, square), square, low);
    return sum;
}

/* Error: 1.20 (without FMA 1.37) in float, 1.32 (1.23) in double. */
INLINED real vector_expm1(real x)
{
    real clamped = x < EXPM1_LOWEST ? EXPM1_LOWEST : x, rest;
    real high = half_expm1(clamped > EXPM1_HIGHEST ? EXPM1_HIGHEST : clamped, &rest);
    real y = (high + rest) * 2, size = to_real(to_word(x) & ~SIGN);
    return size < LINEAR ? x : y;
}

/* With h = expm1(-2 |x|) / 2 it is -h / (1 + h): numerator and denominator are sums of two, else their roundings
   would show. Error: 0.99 in float and double. */
INLINED real vector_tanh(real x)
{
    word sign = to_word(x) & SIGN;
    real size = to_real(to_word(x) ^ sign), argument = size * -2, rest;
    real high = half_expm1(argument < EXPM1_LOWEST ? EXPM1_LOWEST : argument, &rest);
    real h = high + rest, h_rest = rest - (h - high), b = 1 + h, b_rest = (h - (b - 1)) + h_rest, quotient_rest;
    real quotient = divide(-h, -h_rest, b, b_rest, &quotient_rest), y = quotient + quotient_rest;
    return to_real(to_word(size < LINEAR ? size : y) | sign);
}

/* erf(x) = x + x erf_tail(x^2) for x <= 3/4, and -log(1 - erf(x)) = x log_erfc_ratio(x) from there to ERF_LIMIT */
#if REAL_BITS == 32
INLINED real erf_tail(real z, real square)
{
    real even = 0.005114345313f, odd = -0.0006749514894f;
    odd = multiply_add(odd, square, -0.02683462415f);
    even = multiply_add(even, square, 0.1128337656f);
    odd = multiply_add(odd, square, -0.3761261875f);
    even = multiply_add(even, square, 0.1283791655f);
    return multiply_add(odd, z, even);
}

INLINED real log_erfc_ratio(real x, real square)
{
    real even = 2.729314594e-6f, odd = -0.0002413137974f;
    even = multiply_add(even, square, 0.003326200557f);
    odd = multiply_add(odd, square, -0.0231256794f);
    even = multiply_add(even, square, 0.1055361633f);
    odd = multiply_add(odd, square, 0.6355519747f);
    even = multiply_add(even, square, 1.128555444f);
    return multiply_add(odd, x, even);
}
#else
INLINED real erf_tail(real z, real square)
{
    real even = 1.146375615670111405e-8, odd = -1.593759937818167279e-7;
    even = multiply_add(even, square, 1.643038811784406179e-6);
    odd = multiply_add(odd, square, -0.00001492417662922212562);
    even = multiply_add(even, square, 0.0001205528877683888563);
    odd = multiply_add(odd, square, -0.0008548326169079893955);
    even = multiply_add(even, square, 0.005223977615122078249);
    odd = multiply_add(odd, square, -0.02686617064440245438);
    even = multiply_add(even, square, 0.1128379167095248058);
    odd = multiply_add(odd, square, -0.3761263890318371493);
    even = multiply_add(even, square, 0.128379167095512573);
    return multiply_add(odd, z, even);
}

INLINED real log_erfc_ratio(real x, real square)
{
    real even = -1.547087768641711831e-12, odd = 3.952761784317884583e-14;
    odd = multiply_add(odd, square, 2.607736565408528874e-11);
    even = multiply_add(even, square, -2.277873770524334022e-10);
    odd = multiply_add(odd, square, 6.844286997921156775e-10);
    even = multiply_add(even, square, 8.1391530325501059e-9);
    odd = multiply_add(odd, square, -1.324168366654961863e-7);
    even = multiply_add(even, square, 1.039072309532467708e-6);
    odd = multiply_add(odd, square, -5.53262366472065939e-6);
    even = multiply_add(even, square, 0.00002143872170704566717);
    odd = multiply_add(odd, square, -0.00005977697863172435534);
    even = multiply_add(even, square, 0.0001042413184665339499);
    odd = multiply_add(odd, square, -0.00001612117562458983546);
    even = multiply_add(even, square, -0.0005548149844802566119);
    odd = multiply_add(odd, square, 0.001672880454304568784);
    even = multiply_add(even, square, -0.0001973537181232521545);
    odd = multiply_add(odd, square, -0.01913290188080088305);
    even = multiply_add(even, square, 0.1027737722895791202);
    odd = multiply_add(odd, square, 0.6366195815701741969);
    even = multiply_add(even, square, 1.128379181664505192);
    return multiply_add(odd, x, even);
}
#endif

/* Above 3/4 what is taken from 1 is smaller than the result, and so is its error. Error: 1.52 in float, 1.50 in double. */
INLINED real vector_erf(real x)
{
    word sign = to_word(x) & SIGN;
    real size = to_real(to_word(x) ^ sign), clamped = size > ERF_LIMIT ? ERF_LIMIT : size, square = clamped * clamped;
    real small = multiply_add(size, erf_tail(square, square * square), size);
    real large = 1 - exp_minus(clamped * log_erfc_ratio(clamped, square));
    return to_real(to_word(size < (real)0.75 ? small : large) | sign);
}

/* 2 atanh(s) = 2 s + s^3 (2/3 + z atanh_fifth(z)) for z = s^2 <= 1/25 */
#if REAL_BITS == 32
INLINED real atanh_fifth(real z, real square)
{
    real even = 0.2215204566f, odd = 0.1995804263f;
    even = multiply_add(even, square, 0.3999999363f);
    odd = multiply_add(odd, square, 0.2857257208f);
    return multiply_add(odd, z, even);
}
#else
INLINED real atanh_fifth(real z, real square)
{
    real even = 0.1159253355893875429, odd = 0.1257042041158667852;
    even = multiply_add(even, square, 0.1538440711570929266);
    odd = multiply_add(odd, square, 0.1334113203072196345);
    even = multiply_add(even, square, 0.2222222219136182615);
    odd = multiply_add(odd, square, 0.1818182151623206979);
    even = multiply_add(even, square, 0.3999999999999972614);
    odd = multiply_add(odd, square, 0.2857142857157665102);
    return multiply_add(odd, z, even);
}
#endif

/* log(x) for a positive and finite x as a chopped number and a rest, good to 2^-34 of it in float and 2^-64 in double. As log_tail:
   log(1 + f) = 2 atanh(s) with s = f / (2 + f), but what stands before atanh_fifth is a sum of two throughout. */
INLINED real log_parts(real x, real *rest)
{
    real n, normal = x < LEAST_NORMAL ? x * (real)((word)1 << MANTISSA_BITS) : x;
    word field = normalise(normal, &n);
    n += to_real(to_word(MANTISSA_BITS) & mask(x < LEAST_NORMAL));
    real f = to_real(to_word(normal) + field) - 1, b = 2 + f, s_rest, s = divide(f, 0, b, f - (b - 2), &s_rest);
    real square = s * s, square_rest = s_rest * (s + s + s_rest), z = chop(square + square_rest);
    real z_rest = (square - z) + square_rest, whole_z = z + z_rest, fourth = whole_z * whole_z;
    real tail = multiply_add(z_rest, TWO_THIRDS + TWO_THIRDS_REST, fourth * atanh_fifth(whole_z, fourth));
    real third = z * TWO_THIRDS, third_rest = multiply_add(z, TWO_THIRDS_REST, tail), factor = chop(third + third_rest);
    real cubic = s * factor, cubic_rest = multiply_add(s, (third - factor) + third_rest, s_rest * (third + third_rest));
    real whole = n * -LOG_2, linear = s + s, sum = whole + linear, total = sum + cubic, high;
    real low = (linear - (sum - whole)) + (cubic - (total - sum));
    low += multiply_add(n, -LOG_2_REST, s_rest + s_rest + cubic_rest);
    high = chop(total + low);
    *rest = (total - high) + low;
    return high;
}

/* x^a for x >= 0, and as C has it at the limits, but a NaN stays a NaN. The product of a and the logarithm is a sum of two, so the error
   does not grow with the exponent. Error: 1.20 in float, 1.22 in double. */
INLINED real vector_pow(real x, real a)
{
    word downwards = to_word(a) & SIGN;
    real low, high = log_parts(x, &low), steep = to_real(to_word(a) ^ downwards);
    real power = to_real(to_word(steep > POWER_LIMIT ? POWER_LIMIT : steep) | downwards);
    real factor = chop(power), product = factor * high, product_rest = multiply_add(power - factor, high, power * low);
    real sum = product + product_rest, sum_rest = product_rest - (sum - product);
    word sign = to_word(sum) & SIGN;
    real y = exp_of_sum(to_real(to_word(sum) ^ sign), sign, to_real(to_word(sum_rest) ^ SIGN));
    /* the powers of 0 and of infinity are these two again */
    real limit = to_real(to_word(x + 0) ^ (EXPONENT_MASK & ~SIGN & (0 - (downwards >> (REAL_BITS - 1))))) + (power - power);
    y = blend((mask(x == 0) | mask(x == (real)INFINITY)) & mask(power != 0), limit, y);
    return to_real(to_word(y) | mask(!(x >= 0)));
}
/* log gamma(2 + t) = t (1 + t) (7/16 + gamma_ratio(t)) for -1 <= t <= 1, and the rest of Stirling's formula is stirling_series(1 / x^2) / x
   for x >= 2 */
#if REAL_BITS == 32
INLINED real gamma_ratio(real t, real square)
{
    real even = 1.931934124e-5f, odd = -3.8743624e-5f;
    even = multiply_add(even, square, 2.021853211e-5f);
    odd = multiply_add(odd, square, -5.23935641e-5f);
    even = multiply_add(even, square, 0.0001958329014f);
    odd = multiply_add(odd, square, -0.000425597228f);
    even = multiply_add(even, square, 0.0009104897959f);
    odd = multiply_add(odd, square, -0.00210205028f);
    even = multiply_add(even, square, 0.004999484145f);
    odd = multiply_add(odd, square, -0.01238497714f);
    even = multiply_add(even, square, 0.03296494659f);
    odd = multiply_add(odd, square, -0.100317273f);
    even = multiply_add(even, square, -0.01471566434f);
    return multiply_add(odd, t, even);
}

INLINED real stirling_series(real z, real square)
{
    real even = 0.0002649649956f, odd = -0.0004784948625f;
    even = multiply_add(even, square, 0.0007804368541f);
    odd = multiply_add(odd, square, -0.002777052017f);
    even = multiply_add(even, square, 0.08333331917f);
    return multiply_add(odd, z, even);
}
#else
INLINED real gamma_ratio(real t, real square)
{
    real even = 1.582430594296645605e-9, odd = -8.21280436026365454e-10;
    odd = multiply_add(odd, square, 2.484727552903824156e-9);
    even = multiply_add(even, square, -4.362871413550026594e-9);
    odd = multiply_add(odd, square, -8.997729002377587628e-9);
    even = multiply_add(even, square, 1.633878905663588774e-8);
    odd = multiply_add(odd, square, -7.061594275277467668e-10);
    even = multiply_add(even, square, 5.669529628171814818e-9);
    odd = multiply_add(odd, square, -5.212939499000595762e-8);
    even = multiply_add(even, square, 1.044635382010384732e-7);
    odd = multiply_add(odd, square, -1.860614610810952403e-7);
    even = multiply_add(even, square, 3.957057666553422737e-7);
    odd = multiply_add(odd, square, -8.555193048189512328e-7);
    even = multiply_add(even, square, 1.811484454174763472e-6);
    odd = multiply_add(odd, square, -3.846500233985391167e-6);
    even = multiply_add(even, square, 8.221202538292379903e-6);
    odd = multiply_add(odd, square, -0.00001766185904244705083);
    even = multiply_add(even, square, 0.00003816908386615377552);
    odd = multiply_add(odd, square, -0.00008309509934587100701);
    even = multiply_add(even, square, 0.0001825526143330202983);
    odd = multiply_add(odd, square, -0.0004057074000018368454);
    even = multiply_add(even, square, 0.0009153769241313245374);
    odd = multiply_add(odd, square, -0.002108130833825401991);
    even = multiply_add(even, square, 0.004998641164622947377);
    odd = multiply_add(odd, square, -0.01238419219337445862);
    even = multiply_add(even, square, 0.0329650006211569828);
    odd = multiply_add(odd, square, -0.1003173016743538981);
    even = multiply_add(even, square, -0.01471566490153286359);
    return multiply_add(odd, t, even);
}

INLINED real stirling_series(real z, real square)
{
    real even = 0.9539152951526596527, odd = -0.4618577472856577469;
    odd = multiply_add(odd, square, -0.9130258766122222357);
    even = multiply_add(even, square, 0.5427303918145797151);
    odd = multiply_add(odd, square, -0.2284672611355909886);
    even = multiply_add(even, square, 0.07484737083845875478);
    odd = multiply_add(odd, square, -0.02110068797456440822);
    even = multiply_add(even, square, 0.005849971818172033844);
    odd = multiply_add(odd, square, -0.001888936189474665291);
    even = multiply_add(even, square, 0.0008406929988250119549);
    odd = multiply_add(odd, square, -0.0005952115627898588211);
    even = multiply_add(even, square, 0.0007936503828200827087);
    odd = multiply_add(odd, square, -0.002777777774423034082);
    even = multiply_add(even, square, 0.08333333333332317708);
    return multiply_add(odd, z, even);
}
#endif

/* log gamma(1 + x) for x >= 0. Below 2 the two zeros are factors, from there on it is x (log(x) - 1) + (log(x) - 1) / 2 + STIRLING + the
   series; in both the leading term is a sum of two. Error: 1.39 in float, 1.28 in double. */
INLINED real log_factorial(real x)
{
    real t = x - 1, t_rest = x - (t + 1), x_high = chop(x), x_low = x - x_high, t_high = chop(t);
    real product = x_high * t_high, product_rest = multiply_add(x_low, t, x_high * ((t - t_high) + t_rest));
    real zeros = product + product_rest, zeros_high = chop(zeros), zeros_rest = (product - zeros_high) + product_rest;
    real small = zeros_high * (real)0.4375 + multiply_add(zeros_rest, (real)0.4375, zeros * gamma_ratio(t, t * t));
    real log_rest, log_less = log_parts(x, &log_rest) - 1, inverse = 1 / x, z = inverse * inverse;
    real high = x_high * log_less, sum = high + STIRLING, part = sum - high, sum_rest = (high - (sum - part)) + (STIRLING - part);
    real low = multiply_add(x_low + (real)0.5, log_less, (x + (real)0.5) * log_rest);
    low += multiply_add(inverse, stirling_series(z, z * z), STIRLING_REST + sum_rest);
    real large = sum < (real)INFINITY ? sum + low : sum;
    return to_real(to_word(x < 2 ? small : large) | mask(!(x >= 0)));
}

/* Of z = x^2 for |x| <= LOG_COSH_NEAR: log cosh x = z / 2 + z^2 log_cosh_tail and tanh x = x + x z tanh_tail. From there on
   log cosh x = |x| - log 2 + log(1 + exp(-2 |x|)), in which the difference is exact and not much smaller than the logarithm. */
#if REAL_BITS == 32
static const real LOG_COSH_NEAR = 1;

INLINED real log_cosh_tail(real z, real square)
{
    real even = -0.000559994899f, odd = 8.772388735e-5f;
    odd = multiply_add(odd, square, 0.002082076528f);
    even = multiply_add(even, square, -0.006713276794f);
    odd = multiply_add(odd, square, 0.02221739813f);
    even = multiply_add(even, square, -0.0833330934f);
    return multiply_add(odd, z, even);
}

INLINED real tanh_tail(real z, real square)
{
    real even = -0.0003580145251f, odd = 0.002299955725f;
    even = multiply_add(even, square, -0.007944341767f);
    odd = multiply_add(odd, square, 0.02148557681f);
    even = multiply_add(even, square, -0.05387947033f);
    odd = multiply_add(odd, square, 0.1333233991f);
    even = multiply_add(even, square, -0.3333329522f);
    return multiply_add(odd, z, even);
}
#else
static const real LOG_COSH_NEAR = 0.69;

INLINED real log_cosh_tail(real z, real square)
{
    real even = -6.002144336796271578e-7, odd = 3.347169278262495966e-6;
    even = multiply_add(even, square, -0.00001127081688702916601);
    odd = multiply_add(odd, square, 0.00003248573844454951556);
    even = multiply_add(even, square, -0.00009090500883973035748);
    odd = multiply_add(odd, square, 0.0002565641465744356337);
    even = multiply_add(even, square, -0.0007386008563891357271);
    odd = multiply_add(odd, square, 0.002186948683262037471);
    even = multiply_add(even, square, -0.006746031737992545118);
    odd = multiply_add(odd, square, 0.02222222222203257185);
    even = multiply_add(even, square, -0.08333333333333177527);
    return multiply_add(odd, z, even);
}

INLINED real tanh_tail(real z, real square)
{
    real even = -0.00002735806372998139008, odd = 4.904777100850792509e-6;
    odd = multiply_add(odd, square, 0.00008847746030006474751);
    even = multiply_add(even, square, -0.0002350833581899024001);
    odd = multiply_add(odd, square, 0.0005886864737743547747);
    even = multiply_add(even, square, -0.00145552552607327944);
    odd = multiply_add(odd, square, 0.003592079066830141202);
    even = multiply_add(even, square, -0.008863230321935479376);
    odd = multiply_add(odd, square, 0.02186948818204332063);
    even = multiply_add(even, square, -0.05396825395409911883);
    odd = multiply_add(odd, square, 0.1333333333330488424);
    even = multiply_add(even, square, -0.3333333333333313348);
    return multiply_add(odd, z, even);
}
#endif
#endif
