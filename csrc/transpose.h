/* target[c][r] = source[r][c], in squares of four by four where the compiler has shuffles: one number at a time is limited by the
 * stores, and took a third of a softmax of ten classes. */
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

#ifdef HAS_SHUFFLE
typedef real four_reals __attribute__((vector_size(4 * sizeof(real))));

static inline void transpose_square(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride)
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
#endif

static inline void transpose_one_by_one(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride, ptrdiff_t rows,
                                        ptrdiff_t columns)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++)
            target[c * target_stride + r] = source[r * source_stride + c];
}

static inline void transpose(const real *source, ptrdiff_t source_stride, real *target, ptrdiff_t target_stride, ptrdiff_t rows,
                             ptrdiff_t columns)
{
    ptrdiff_t full_rows = 0, full_columns = 0;
#ifdef HAS_SHUFFLE
    full_rows = rows & ~(ptrdiff_t)3;
    full_columns = columns & ~(ptrdiff_t)3;
    for (ptrdiff_t r = 0; r < full_rows; r += 4)
        for (ptrdiff_t c = 0; c < full_columns; c += 4)
            transpose_square(source + r * source_stride + c, source_stride, target + c * target_stride + r, target_stride);
#endif
    transpose_one_by_one(source + full_columns, source_stride, target + full_columns * target_stride, target_stride, full_rows,
                         columns - full_columns);
    transpose_one_by_one(source + full_rows * source_stride, source_stride, target + full_rows, target_stride, rows - full_rows, columns);
}
#undef HAS_SHUFFLE
#endif
