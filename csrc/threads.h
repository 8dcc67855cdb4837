/* OpenMP ends the process where a thread cannot be started: for want of memory for its stack, or by a limit of processes. So a call that
 * would start some tries first, with stacks of the default size; what could be started a moment ago is what it may use. */
#ifndef PYLOSS_THREADS_H
#define PYLOSS_THREADS_H

#if defined(_WIN32)
static int pyloss_startable(int threads) { return threads; }
#else
#include <pthread.h>

enum { MOST_STARTED = 1024 };

static void *pyloss_wait(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return 0;
}

/* OpenMP keeps a team for each thread that calls it, and of that team what the last call used. */
static int pyloss_startable(int threads)
{
    static __thread int kept = 1;
    if (threads > kept) {
        pthread_t trial[MOST_STARTED];
        pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
        int started = kept;
        pthread_mutex_lock(&gate);
        while (started < threads && started < MOST_STARTED && !pthread_create(&trial[started], 0, pyloss_wait, &gate))
            started++;
        pthread_mutex_unlock(&gate);
        for (int i = kept; i < started; i++)
            pthread_join(trial[i], 0);
        threads = started;
    }
    kept = threads;
    return threads;
}
#endif
#endif
