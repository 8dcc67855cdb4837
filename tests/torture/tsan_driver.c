/* Drives csrc/pool.h without Python, as csrc/schedule.pxi does.
 *
 * Several callers at once, of which one gets the threads; each compares its sum and what its units stored with those of a serial run. */
#include "pool.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLERS = 4, THREADS = 3, CALLS = 200, UNITS = 4000, GRAIN = 7 };

typedef struct {
    long next, total, terms[UNITS], stored[UNITS];
} Job;

static void take_part(void *argument)
{
    Job *job = argument;
    long mine = 0;
    static __thread unsigned turns;
    for (long first = POOL_TAKE(&job->next, GRAIN); first < UNITS; first = POOL_TAKE(&job->next, GRAIN)) {
        for (long i = first; i < first + GRAIN && i < UNITS; i++) {
            mine += job->terms[i];
            job->stored[i] += job->terms[i];
        }
        if (++turns % 16 == 0)  /* threads meet in many ways, on one processor too */
            sched_yield();
    }
    pyloss_lock();
    job->total += mine;
    pyloss_unlock();
}

static void *caller(void *argument)
{
    unsigned seed = (unsigned)(size_t)argument;
    Job *job = calloc(1, sizeof *job);
    long sum = 0;
    for (int i = 0; i < UNITS; i++)
        sum += job->terms[i] = rand_r(&seed) % 1000;
    for (int k = 1; k <= CALLS; k++) {
        job->next = 0;
        job->total = 0;
        pyloss_share(take_part, job, 1 + k % THREADS);
        if (job->total != sum) {
            fprintf(stderr, "the sum is %ld, not %ld\n", job->total, sum);
            exit(2);
        }
    }
    for (int i = 0; i < UNITS; i++)
        if (job->stored[i] != CALLS * job->terms[i]) {
            fprintf(stderr, "unit %d did not run once a call\n", i);
            exit(2);
        }
    free(job);
    return NULL;
}

int main(void)
{
    pthread_t callers[CALLERS];
    pyloss_watch_forks();
    for (size_t i = 0; i < CALLERS; i++)
        if (pthread_create(&callers[i], NULL, caller, (void *)(i + 1)))
            abort();
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    return pyloss_are_awake() < 0 || pool.threads != THREADS - 1;
}
