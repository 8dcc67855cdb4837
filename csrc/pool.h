/* Threads that wait for the work of large calls; one call at a time has them.
 *
 * The caller works itself, and waits only for threads that have begun: one that wakes late finds its place gone, and delays nobody. Under
 * OpenMP, whose barrier waits for all, a call of 0.1 ms took 10 where a thread did not get a processor at once. After work a thread looks
 * for more during some microseconds, then it sleeps: it takes no processor from other libraries between calls.
 *
 * A forked child has none of its parent's threads, and starts its own. */
#ifndef PYLOSS_POOL_H
#define PYLOSS_POOL_H

typedef void (*pyloss_task)(void *job);

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#include <intrin.h>

typedef SRWLOCK PoolLock;
typedef CONDITION_VARIABLE PoolEvent;
typedef volatile long PoolCount;
#define POOL_LOCK_INIT SRWLOCK_INIT
#define POOL_EVENT_INIT CONDITION_VARIABLE_INIT
#define POOL_LOCK(lock) AcquireSRWLockExclusive(lock)
#define POOL_UNLOCK(lock) ReleaseSRWLockExclusive(lock)
#define POOL_SLEEP(event, lock) ((void)SleepConditionVariableSRW((event), (lock), INFINITE, 0))
#define POOL_WAKE(event) WakeConditionVariable(event)
#define POOL_LOOK(count) (*(count))
#define POOL_SET(count, n) ((void)_InterlockedExchange((count), (n)))
#define POOL_TAKE(counter, n) _InterlockedExchangeAdd64((volatile long long *)(counter), (n))
#else
#include <pthread.h>
#include <sched.h>
#include <signal.h>

typedef pthread_mutex_t PoolLock;
typedef pthread_cond_t PoolEvent;
typedef int PoolCount;
#define POOL_LOCK_INIT PTHREAD_MUTEX_INITIALIZER
#define POOL_EVENT_INIT PTHREAD_COND_INITIALIZER
#define POOL_LOCK(lock) pthread_mutex_lock(lock)
#define POOL_UNLOCK(lock) pthread_mutex_unlock(lock)
#define POOL_SLEEP(event, lock) pthread_cond_wait((event), (lock))
#define POOL_WAKE(event) pthread_cond_signal(event)
#define POOL_LOOK(count) __atomic_load_n((count), __ATOMIC_RELAXED)
#define POOL_SET(count, n) __atomic_store_n((count), (n), __ATOMIC_RELAXED)
#define POOL_TAKE(counter, n) __atomic_fetch_add((counter), (n), __ATOMIC_RELAXED)
#endif

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define POOL_BREATHE() _mm_pause()
#elif defined(_M_ARM64)
#define POOL_BREATHE() __yield()
#elif defined(__aarch64__)
#define POOL_BREATHE() __asm__ volatile("isb")
#else
#define POOL_BREATHE() ((void)0)
#endif

/* How often a thread looks, awake, for work or for the end of it: some 25 to 50 microseconds. AT_ONCE of schedule.pxi is as long. */
#ifndef LOOKS
#define LOOKS 1000
#endif

enum { POOL_MOST = 1024 };      /* MOST_THREADS of _runtime.py */
#if defined(__linux__) && defined(CPU_COUNT) && !defined(__ANDROID__)
#define POOL_CAN_PLACE
#endif

/* What the threads read is written under the lock. A count may be looked at without it, as a hint: what is to be done is decided again
 * under it. Who has the job has `threads`, `thread` and `processors_given`. */
typedef struct {
    PoolLock lock;
    PoolEvent work, rest;
    pyloss_task task;
    void *job;          /* of the call that has the threads; NULL while none has them */
    int threads;        /* that have been started, by a call that had them */
    PoolCount places;   /* for threads that have not begun */
    PoolCount busy;     /* threads that have begun and not ended */
    PoolCount awake;    /* threads that look for work */
#ifdef POOL_CAN_PLACE
    pthread_t thread[POOL_MOST];
    cpu_set_t processors_given;     /* where all of them may run; nowhere, if that is not known */
#endif
} Pool;

#define POOL_INIT {.lock = POOL_LOCK_INIT, .work = POOL_EVENT_INIT, .rest = POOL_EVENT_INIT}
static Pool pool = POOL_INIT;

/* Look, without the lock, while `count` is 0, or while it is not; not for long. */
static void look_while(const PoolCount *count, int is_zero)
{
    POOL_UNLOCK(&pool.lock);
    for (int i = 0; i < LOOKS && (POOL_LOOK(count) == 0) == is_zero; i++)
        POOL_BREATHE();
    POOL_LOCK(&pool.lock);
}

static void serve(void)
{
    POOL_LOCK(&pool.lock);
    for (;;) {
        POOL_SET(&pool.awake, pool.awake + 1);
        look_while(&pool.places, 1);
        POOL_SET(&pool.awake, pool.awake - 1);
        while (!pool.places)
            POOL_SLEEP(&pool.work, &pool.lock);
        pyloss_task task = pool.task;
        void *job = pool.job;
        POOL_SET(&pool.places, pool.places - 1);
        POOL_SET(&pool.busy, pool.busy + 1);
        POOL_UNLOCK(&pool.lock);
        task(job);
        POOL_LOCK(&pool.lock);
        POOL_SET(&pool.busy, pool.busy - 1);
        if (!pool.busy)
            POOL_WAKE(&pool.rest);
    }
}

#if defined(_WIN32)
static DWORD WINAPI serve_on_thread(void *nothing)
{
    (void)nothing;
    serve();
    return 0;
}

static int start_thread(void)
{
    HANDLE thread = CreateThread(0, 0, serve_on_thread, 0, 0, 0);
    return thread && CloseHandle(thread);
}

static void pyloss_watch_forks(void) {}
#else
static void *serve_on_thread(void *nothing)
{
    (void)nothing;
    serve();
    return 0;
}

/* Signals are for the program's own threads, but for faults, which are the thread's that makes them. Where nobody names a size, some
 * systems give a stack of 128 KB. */
static int start_thread(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t others, before;
    if (pthread_attr_init(&attributes))
        return 0;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 22);
    sigfillset(&others);
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&others, faults[i]);
    pthread_sigmask(SIG_SETMASK, &others, &before);
    int failed = pthread_create(&thread, &attributes, serve_on_thread, 0);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    pthread_attr_destroy(&attributes);
    if (failed)
        return 0;
#ifdef POOL_CAN_PLACE
    pool.thread[pool.threads] = thread;
    CPU_ZERO(&pool.processors_given);
#endif
    return 1;
}

static void forget_threads(void)
{
    static const Pool fresh = POOL_INIT;
    pool = fresh;
}

static void pyloss_watch_forks(void) { pthread_atfork(0, 0, forget_threads); }
#endif

#ifdef POOL_CAN_PLACE
/* The threads may run where the caller may, but not where it does, unless it may nowhere else: some kernels wake a thread on the processor
 * of the one that wakes it, where it would wait until the caller has done all the work. */
static void leave_processor_free(void)
{
    cpu_set_t processors;
    int own = sched_getcpu();
    if (own < 0 || pthread_getaffinity_np(pthread_self(), sizeof processors, &processors))
        return;
    CPU_CLR(own, &processors);
    if (!CPU_COUNT(&processors))
        CPU_SET(own, &processors);
    if (CPU_EQUAL(&processors, &pool.processors_given))
        return;
    pool.processors_given = processors;
    for (int i = 0; i < pool.threads; i++)
        pthread_setaffinity_np(pool.thread[i], sizeof processors, &processors);
}
#else
static void leave_processor_free(void) {}
#endif

/* Whether a thread would take work at once. */
static int pyloss_are_awake(void) { return POOL_LOOK(&pool.awake) > 0; }

static void pyloss_lock(void) { POOL_LOCK(&pool.lock); }
static void pyloss_unlock(void) { POOL_UNLOCK(&pool.lock); }

/* Run `task` here and on up to `threads` - 1 others, until it has ended on all that have begun it; here alone, and false, while another
 * call has the others, and on fewer where no more can be started. */
static int pyloss_share(pyloss_task task, void *job, int threads)
{
    POOL_LOCK(&pool.lock);
    if (pool.job) {
        POOL_UNLOCK(&pool.lock);
        task(job);
        return 0;
    }
    pool.job = job;
    POOL_UNLOCK(&pool.lock);
    while (pool.threads < threads - 1 && pool.threads < POOL_MOST && start_thread())
        pool.threads++;
    if (!pyloss_are_awake())
        leave_processor_free();
    POOL_LOCK(&pool.lock);
    pool.task = task;
    POOL_SET(&pool.places, pool.threads < threads - 1 ? pool.threads : threads - 1);
    int asleep = pool.places - pool.awake;
    POOL_UNLOCK(&pool.lock);
    for (; asleep > 0; asleep--)
        POOL_WAKE(&pool.work);
    task(job);
    POOL_LOCK(&pool.lock);
    POOL_SET(&pool.places, 0);
    look_while(&pool.busy, 0);
    while (pool.busy)
        POOL_SLEEP(&pool.rest, &pool.lock);
    pool.job = 0;
    POOL_UNLOCK(&pool.lock);
    return 1;
}
#endif
