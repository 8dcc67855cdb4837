/* What will be read soon is asked for before: processors that look ahead by themselves end at the end of a page, and wait at the next. */
#ifndef PYLOSS_AHEAD_H
#define PYLOSS_AHEAD_H
#include <stddef.h>
#include <stdint.h>

enum { AHEAD = 4096, LINE_OF_CACHE = 64 };

/* Whether stores that take turns between arrays wait for a line of the cache each, one after the other: of half a line they do not. */
#ifdef __AVX512F__
enum { STORES_WAIT = 1 };
#else
enum { STORES_WAIT = 0 };
#endif

/* So many bytes, from `ahead` bytes behind an address on: there need not be anything. */
static inline void ask_for(const void *address, ptrdiff_t ahead, ptrdiff_t bytes)
{
#if defined(_MSC_VER)
    (void)address, (void)ahead, (void)bytes;
#else
    const uintptr_t first = (uintptr_t)address + (uintptr_t)ahead;
    for (ptrdiff_t i = 0; i < bytes; i += LINE_OF_CACHE)
        __builtin_prefetch((const void *)(first + (uintptr_t)i));
    __asm__ volatile(""); /* without it gcc drops a call that only asks, as one that has no effect */
#endif
}
#endif
