/* Which x86-64 levels this processor and its operating system run; the compiler's runtime looks at both. */
#ifndef PYLOSS_CPU_H
#define PYLOSS_CPU_H

#if (defined(__x86_64__) || defined(_M_X64)) && defined(__GNUC__)
#include <cpuid.h>
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)

/* MOVBE, F16C and LZCNT belong to v3 and may be masked; not every compiler's runtime knows their names. */
static inline int has_lesser_v3(void)
{
    unsigned a, b, c = 0, d, extended = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    __get_cpuid(0x80000001, &a, &b, &extended, &d);
    return (c >> 22 & 1) && (c >> 29 & 1) && (extended >> 5 & 1);
}

static inline int cpu_level(void)
{
    __builtin_cpu_init();
    if (!(HAS("popcnt") && HAS("sse3") && HAS("ssse3") && HAS("sse4.1") && HAS("sse4.2")))
        return 1;
    if (!(HAS("avx") && HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma") && has_lesser_v3()))
        return 2;
    return HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && HAS("avx512vl") ? 4 : 3;
}
#undef HAS
#elif defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
static inline int cpu_level(void)
{
    int id[4], avx, avx512, lesser_v3;
    __cpuid(id, 1);
    if (!(id[2] & 1 << 23) || !(id[2] & 1 << 20))
        return 1;
    avx = (id[2] & 1 << 27) && (id[2] & 1 << 12) && (_xgetbv(0) & 6) == 6;
    avx512 = avx && (_xgetbv(0) & 0xe0) == 0xe0;
    lesser_v3 = (id[2] & 1 << 22) && (id[2] & 1 << 29);
    __cpuid(id, 0x80000001);
    lesser_v3 = lesser_v3 && (id[2] & 1 << 5);
    __cpuidex(id, 7, 0);
    if (!avx || !lesser_v3 || (id[1] & 0x128) != 0x128)
        return 2;
    return avx512 && ((unsigned)id[1] & 0xd0030000u) == 0xd0030000u ? 4 : 3;
}
#else
static inline int cpu_level(void)
{
    return 0;
}
#endif
#endif
