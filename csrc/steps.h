/* Numbers in steps of 2: read by shuffles, and written where the processor writes under a mask. What lies between may be another thread's,
 * and is left alone; behind the last number the array may end. */
#ifndef PYLOSS_STEPS_H
#define PYLOSS_STEPS_H
#include <stddef.h>
#include <string.h>
#include "real.h"
#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { SUM_LANES = 32 }; /* in which a block is summed: four registers of eight doubles, or more of fewer */

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE
#endif
#endif

#ifdef HAS_SHUFFLE
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#if VECTOR_BYTES * 8 / REAL_BITS == 16
#define EVERY_SECOND(first) first, first + 2, first + 4, first + 6, first + 8, first + 10, first + 12, first + 14, first + 16, \
    first + 18, first + 20, first + 22, first + 24, first + 26, first + 28, first + 30
#elif VECTOR_BYTES * 8 / REAL_BITS == 8
#define EVERY_SECOND(first) first, first + 2, first + 4, first + 6, first + 8, first + 10, first + 12, first + 14
#elif VECTOR_BYTES * 8 / REAL_BITS == 4
#define EVERY_SECOND(first) first, first + 2, first + 4, first + 6
#else
#define EVERY_SECOND(first) first, first + 2
#endif
typedef real vector_of_reals __attribute__((vector_size(VECTOR_BYTES)));

/* As many numbers as a round of lanes has. The last two vectors are read one number earlier: they end with the last that counts. */
INLINED void load_every_second(const real *source, real *target)
{
    enum { SIDE = VECTOR_BYTES / sizeof(real) };
    vector_of_reals a, b, picked;
#pragma GCC unroll 16
    for (int i = 0; i < SUM_LANES; i += SIDE) {
        int early = i + SIDE == SUM_LANES;
        memcpy(&a, source + 2 * i - early, sizeof a);
        memcpy(&b, source + 2 * i - early + SIDE, sizeof b);
        picked = early ? __builtin_shufflevector(a, b, EVERY_SECOND(1)) : __builtin_shufflevector(a, b, EVERY_SECOND(0));
        memcpy(target + i, &picked, sizeof picked);
    }
}
#undef VECTOR_BYTES
#undef EVERY_SECOND
#undef HAS_SHUFFLE
#else
static inline void load_every_second(const real *source, real *target)
{
    for (int i = 0; i < SUM_LANES; i++)
        target[i] = source[2 * i];
}
#endif

/* Nothing is said of the target's alignment. */
static inline void store_every_second(const real *source, char *target, ptrdiff_t n)
{
    ptrdiff_t i = 0;
#if defined(__AVX512F__) && REAL_BITS == 32
    const __m512i low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i high = _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    for (; i + 16 <= n; i += 16) {
        __m512 numbers = _mm512_loadu_ps(source + i);
        _mm512_mask_storeu_ps(target + 8 * i, 0x5555, _mm512_permutexvar_ps(low, numbers));
        _mm512_mask_storeu_ps(target + 8 * i + 64, 0x5555, _mm512_permutexvar_ps(high, numbers));
    }
#elif defined(__AVX512F__)
    const __m512i low = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3), high = _mm512_setr_epi64(4, 4, 5, 5, 6, 6, 7, 7);
    for (; i + 8 <= n; i += 8) {
        __m512d numbers = _mm512_loadu_pd(source + i);
        _mm512_mask_storeu_pd(target + 16 * i, 0x55, _mm512_permutexvar_pd(low, numbers));
        _mm512_mask_storeu_pd(target + 16 * i + 64, 0x55, _mm512_permutexvar_pd(high, numbers));
    }
#endif
    for (; i < n; i++)
        memcpy(target + 2 * i * (ptrdiff_t)sizeof(real), source + i, sizeof(real));
}
#endif
