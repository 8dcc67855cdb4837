/* Numbers that C has no portable type for, in bit operations that every SIMD level vectorises: the two half precisions, swapped bytes. */
#ifndef PYLOSS_NUMBERS_H
#define PYLOSS_NUMBERS_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __F16C__
#include <immintrin.h>
#endif

static inline float float_of_bits(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline uint32_t bits_of_float(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* The exponent is moved by a multiplication, which is exact and takes denormals along. */
static inline float float_of_half(uint16_t half)
{
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t finite = bits_of_float(float_of_bits(magnitude) * 5.192296858534828e+33f);   /* 2^112 */
    uint32_t special = magnitude | 0x7f800000;
    return float_of_bits((magnitude >= 0x0f800000 ? special : finite) | sign);
}

/* Round to nearest even. A normal half is rounded in integers; a denormal one by adding 1/2, whose last bit is worth 2^-24. */
static inline uint16_t half_of_float(float number)
{
    uint32_t bits = bits_of_float(number), magnitude = bits & 0x7fffffff, sign = (bits >> 16) & 0x8000;
    uint32_t normal = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    uint32_t denormal = bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000;
    uint32_t half = magnitude < 0x38800000 ? denormal : normal;
    half = magnitude >= 0x477ff000 ? 0x7c00 : half;
    half = magnitude > 0x7f800000 ? 0x7e00 : half;
    return (uint16_t)(half | sign);
}

/* Side by side; nothing is said of alignment. The processor's own conversions have the same bits, of nans too: those of loads are quieted
 * by the first operation. */
static inline void floats_of_halves(const char *source, float *target, ptrdiff_t n)
{
    ptrdiff_t i = 0;
#ifdef __F16C__
#pragma GCC unroll 4
    for (; i + 8 <= n; i += 8) {
        __m128i halves = _mm_loadu_si128((const __m128i *)(source + 2 * i));
        _mm256_storeu_ps(target + i, _mm256_cvtph_ps(halves));
    }
#endif
    for (; i < n; i++) {
        uint16_t half;
        memcpy(&half, source + 2 * i, sizeof half);
        target[i] = float_of_half(half);
    }
}

static inline void halves_of_floats(const float *source, char *target, ptrdiff_t n)
{
    ptrdiff_t i = 0;
#if defined(__F16C__) && defined(__AVX512DQ__)
    const __m512 wide_sign = _mm512_set1_ps(-0.0f), wide_nan = _mm512_set1_ps(NAN);
    for (; i + 16 <= n; i += 16) {
        __m512 number = _mm512_loadu_ps(source + i);
        __mmask16 unordered = _mm512_cmp_ps_mask(number, number, _CMP_UNORD_Q);
        number = _mm512_mask_or_ps(number, unordered, _mm512_and_ps(number, wide_sign), wide_nan);
        _mm256_storeu_si256((__m256i *)(target + 2 * i), _mm512_cvtps_ph(number, _MM_FROUND_TO_NEAREST_INT));
    }
#endif
#ifdef __F16C__
    const __m256 sign = _mm256_set1_ps(-0.0f), nan = _mm256_set1_ps(NAN);
    for (; i + 8 <= n; i += 8) {
        __m256 number = _mm256_loadu_ps(source + i);
        __m256 quiet = _mm256_or_ps(_mm256_and_ps(number, sign), nan);
        number = _mm256_blendv_ps(number, quiet, _mm256_cmp_ps(number, number, _CMP_UNORD_Q));
        _mm_storeu_si128((__m128i *)(target + 2 * i), _mm256_cvtps_ph(number, _MM_FROUND_TO_NEAREST_INT));
    }
#endif
    for (; i < n; i++) {
        uint16_t half = half_of_float(source[i]);
        memcpy(target + 2 * i, &half, sizeof half);
    }
}

static inline float float_of_bfloat16(uint16_t number)
{
    return float_of_bits((uint32_t)number << 16);
}

static inline uint16_t bfloat16_of_float(float number)
{
    uint32_t bits = bits_of_float(number);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded);
}

/* Its last bit is set where something is cut off: rounded once more, to fewer bits, it is what the double is at once. */
static inline float float_to_odd(double number)
{
    float nearest = (float)number;
    uint32_t bits = bits_of_float(nearest) - (fabs((double)nearest) > fabs(number));
    return float_of_bits((double)nearest == number ? bits : bits | 1);
}

static inline uint16_t swap16(uint16_t x)
{
    return (uint16_t)((x << 8) | (x >> 8));
}

static inline uint32_t swap32(uint32_t x)
{
    return (x << 24) | ((x & 0xff00) << 8) | ((x >> 8) & 0xff00) | (x >> 24);
}

static inline uint64_t swap64(uint64_t x)
{
    return ((uint64_t)swap32((uint32_t)x) << 32) | swap32((uint32_t)(x >> 32));
}
#endif
