/* Memory that runs out when it is told to: loaded before glibc's own allocator by tests/test_faults.py. */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

enum { ARMED, FIRST, LAST, SEEN, LIVE, FIELDS };
long control[FIELDS]; /* requests from FIRST to before LAST fail; LIVE counts the large blocks that are in use */

/* As large as arrays and sums: small ones of its own CPython loses here and there, when memory runs out. */
enum { LARGE = 1024 };

static int fails(void)
{
    if (!control[ARMED])
        return 0;
    long number = __atomic_fetch_add(&control[SEEN], 1, __ATOMIC_RELAXED);
    if (number < control[FIRST] || number >= control[LAST])
        return 0;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *block, int number)
{
    if (block && malloc_usable_size(block) >= LARGE)
        __atomic_fetch_add(&control[LIVE], number, __ATOMIC_RELAXED);
    return block;
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size), 1);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size), 1);
}

void *realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    counted(block, -1);
    void *moved = __libc_realloc(block, size);
    counted(moved ? moved : block, 1);
    return moved;
}

void free(void *block)
{
    counted(block, -1);
    __libc_free(block);
}
