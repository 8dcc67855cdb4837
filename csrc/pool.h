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
#include <windows.h>
#include <intrin.h>

typedef SRWLOCK Lock;
typedef CONDITION_VARIABLE Event;
typedef volatile long Count;
#define FRESH_LOCK SRWLOCK_INIT
#define FRESH_EVENT CONDITION_VARIABLE_INIT
#define LOCK(lock) AcquireSRWLockExclusive(lock)
#define UNLOCK(lock) ReleaseSRWLockExclusive(lock)
#define SLEEP(event, lock) ((void)SleepConditionVariableSRW((event), (lock), INFINITE, 0))
#define WAKE(event) WakeAllConditionVariable(event)
#define LOOK(count) (*(count))
#define SET(count, n) ((void)_InterlockedExchange((count), (n)))
#define TAKE(counter, n) _InterlockedExchangeAdd64((volatile long long *)(counter), (n))
#else
#include <pthread.h>
#include <signal.h>

typedef pthread_mutex_t Lock;
typedef pthread_cond_t Event;
typedef int Count;
#define FRESH_LOCK PTHREAD_MUTEX_INITIALIZER
#define FRESH_EVENT PTHREAD_COND_INITIALIZER
#define LOCK(lock) pthread_mutex_lock(lock)
#define UNLOCK(lock) pthread_mutex_unlock(lock)
#define SLEEP(event, lock) pthread_cond_wait((event), (lock))
#define WAKE(event) pthread_cond_broadcast(event)
#define LOOK(count) __atomic_load_n((count), __ATOMIC_RELAXED)
#define SET(count, n) __atomic_store_n((count), (n), __ATOMIC_RELAXED)
#define TAKE(counter, n) __atomic_fetch_add((counter), (n), __ATOMIC_RELAXED)
#endif

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define BREATHE() _mm_pause()
#elif defined(__aarch64__) && defined(__GNUC__)
#define BREATHE() __asm__ volatile("isb")
#else
#define BREATHE() ((void)0)
#endif

/* How often a thread looks, awake, for work or for the end of it: some 50 microseconds. */
#ifndef LOOKS
#define LOOKS 1000
#endif

typedef struct {
    Lock lock;
    Event work, rest;
    pyloss_task task;
    void *job;      /* NULL while no call has the threads */
    int threads;    /* that have been started */
    Count places;   /* for threads that have not begun */
    Count busy;     /* threads that have begun and not ended */
    Count awake;    /* threads that look for work */
} Pool;

#define FRESH_POOL {FRESH_LOCK, FRESH_EVENT, FRESH_EVENT, 0, 0, 0, 0, 0, 0}
static Pool pool = FRESH_POOL;

/* Look, without the lock, while `count` is 0, or while it is not; not for long. */
static void look_while(const Count *count, int is_zero)
{
    UNLOCK(&pool.lock);
    for (int i = 0; i < LOOKS && (LOOK(count) == 0) == is_zero; i++)
        BREATHE();
    LOCK(&pool.lock);
}

static void serve(void)
{
    LOCK(&pool.lock);
    for (;;) {
        SET(&pool.awake, pool.awake + 1);
        look_while(&pool.places, 1);
        SET(&pool.awake, pool.awake - 1);
        while (!pool.places)
            SLEEP(&pool.work, &pool.lock);
        pyloss_task task = pool.task;
        void *job = pool.job;
        SET(&pool.places, pool.places - 1);
        SET(&pool.busy, pool.busy + 1);
        UNLOCK(&pool.lock);
        task(job);
        LOCK(&pool.lock);
        SET(&pool.busy, pool.busy - 1);
        if (!pool.busy)
            WAKE(&pool.rest);
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

/* Signals are for the program's own threads. Where nobody names a size, some systems give a stack of 128 KB. */
static int start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes))
        return 0;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 22);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, serve_on_thread, 0);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    pthread_attr_destroy(&attributes);
    return !failed;
}

static void forget_threads(void)
{
    static const Pool fresh = FRESH_POOL;
    pool = fresh;
}

static void pyloss_watch_forks(void) { pthread_atfork(0, 0, forget_threads); }
#endif

/* Whether a thread would take work at once. */
static int pyloss_are_awake(void) { return LOOK(&pool.awake) > 0; }

static void pyloss_lock(void) { LOCK(&pool.lock); }
static void pyloss_unlock(void) { UNLOCK(&pool.lock); }

/* Run `task` here and on up to `threads` - 1 others, until it has ended on all that have begun it; here alone while another call has the
 * others, and on fewer where no more can be started. */
static void pyloss_share(pyloss_task task, void *job, int threads)
{
    LOCK(&pool.lock);
    if (pool.job) {
        UNLOCK(&pool.lock);
        task(job);
        return;
    }
    while (pool.threads < threads - 1 && start_thread())
        pool.threads++;
    pool.task = task;
    pool.job = job;
    SET(&pool.places, pool.threads < threads - 1 ? pool.threads : threads - 1);
    UNLOCK(&pool.lock);
    WAKE(&pool.work);
    task(job);
    LOCK(&pool.lock);
    SET(&pool.places, 0);
    look_while(&pool.busy, 0);
    while (pool.busy)
        SLEEP(&pool.rest, &pool.lock);
    pool.job = 0;
    UNLOCK(&pool.lock);
}
#endif
