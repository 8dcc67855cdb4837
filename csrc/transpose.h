/* target[c][r] = source[r][c], in squares where the compiler has shuffles: one number at a time is limited by the stores, and took a third
 * of a softmax of ten classes. */
#ifndef PYLOSS_TRANSPOSE_H
#define PYLOSS_TRANSPOSE_H
#include <stddef.h>
#include <string.h>
#include "real.h"

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE
#endif
#endif

static inline void transpose_one_by_one(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride, ptrdiff_t rows,
                                        ptrdiff_t columns)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++)
            target[c * target_stride + r] = source[r * source_stride + c];
}

#ifdef HAS_SHUFFLE
typedef real four_reals __attribute__((vector_size(4 * sizeof(real))));

static inline void transpose_four(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride)
{
    four_reals a, b, c, d;
    memcpy(&a, source, sizeof a);
    memcpy(&b, source + source_stride, sizeof b);
    memcpy(&c, source + 2 * source_stride, sizeof c);
    memcpy(&d, source + 3 * source_stride, sizeof d);
    four_reals ac_low = __builtin_shufflevector(a, c, 0, 4, 1, 5), ac_high = __builtin_shufflevector(a, c, 2, 6, 3, 7);
    four_reals bd_low = __builtin_shufflevector(b, d, 0, 4, 1, 5), bd_high = __builtin_shufflevector(b, d, 2, 6, 3, 7);
    four_reals column[4] = {
        __builtin_shufflevector(ac_low, bd_low, 0, 4, 1, 5), __builtin_shufflevector(ac_low, bd_low, 2, 6, 3, 7),
        __builtin_shufflevector(ac_high, bd_high, 0, 4, 1, 5), __builtin_shufflevector(ac_high, bd_high, 2, 6, 3, 7),
    };
    for (int k = 0; k < 4; k++)
        memcpy(target + k * target_stride, &column[k], sizeof column[k]);
}

#if REAL_BITS == 32
typedef real eight_reals __attribute__((vector_size(8 * sizeof(real))));

/* Numbers, then pairs, then halves of two vectors change places: none but the last crosses the middle, which is slow. */
static inline void transpose_eight(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride)
{
    eight_reals row[8], pair[8], half[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++)
        memcpy(&row[k], source + k * source_stride, sizeof row[k]);
#pragma GCC unroll 8
    for (int k = 0; k < 8; k += 2) {
        pair[k] = __builtin_shufflevector(row[k], row[k + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pair[k + 1] = __builtin_shufflevector(row[k], row[k + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
#pragma GCC unroll 8
    for (int k = 0; k < 8; k += 4)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            half[k + 2 * j] = __builtin_shufflevector(pair[k + j], pair[k + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            half[k + 2 * j + 1] = __builtin_shufflevector(pair[k + j], pair[k + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
#pragma GCC unroll 8
    for (int k = 0; k < 4; k++) {
        eight_reals low = __builtin_shufflevector(half[k], half[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        eight_reals high = __builtin_shufflevector(half[k], half[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
        memcpy(target + k * target_stride, &low, sizeof low);
        memcpy(target + (k + 4) * target_stride, &high, sizeof high);
    }
}
#endif

/* In squares, of which the last of a row or column is moved back to where it ends. Down the rows first: columns that are a power of two
 * apart, as those of many an image, share few places of a cache, which does not keep the half of a line until the loop comes back. */
static inline void transpose_squares(void (*square)(const real *, ptrdiff_t, real *, ptrdiff_t), ptrdiff_t side, const real *source,
                                     ptrdiff_t source_stride, real *target, ptrdiff_t target_stride, ptrdiff_t rows, ptrdiff_t columns)
{
    for (ptrdiff_t c = 0; c < columns; c += side)
        for (ptrdiff_t r = 0; r < rows; r += side) {
            ptrdiff_t row = r + side <= rows ? r : rows - side, column = c + side <= columns ? c : columns - side;
            square(source + row * source_stride + column, source_stride, target + column * target_stride + row, target_stride);
        }
}
#endif

/* Not inlined: the loops around it would take its registers. */
#ifdef HAS_SHUFFLE
__attribute__((noinline))
#endif
static void transpose(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride, ptrdiff_t rows,
                             ptrdiff_t columns)
{
#ifdef HAS_SHUFFLE
    ptrdiff_t least = rows < columns ? rows : columns;
#if REAL_BITS == 32
    if (least >= 8) {
        transpose_squares(transpose_eight, 8, source, source_stride, target, target_stride, rows, columns);
        return;
    }
#endif
    if (least >= 4) {
        transpose_squares(transpose_four, 4, source, source_stride, target, target_stride, rows, columns);
        return;
    }
#endif
    transpose_one_by_one(source, source_stride, target, target_stride, rows, columns);
}
#undef HAS_SHUFFLE
#endif
