/* Drives parallel.pyx without Python and without libgomp, whose synchronisation ThreadSanitizer does not see: gcc turns `omp parallel`
 * into a call of GOMP_parallel, which is here, on threads that it does see.
 *
 * Several callers at once, of which one gets the threads; each compares its sums, its stored numbers and its first fault with those of a
 * serial run. */
#include PARALLEL_C
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLERS = 4, THREADS = 3, CALLS = 60, UNITS = 4000, GRAIN = 7 };

typedef struct __pyx_t_8pipeline_Call Call;
typedef struct __pyx_t_8pipeline_Partial Partial;
#define run_parallel __pyx_f_6pyloss_9_parallel_run_parallel
#define Y_TRUE_FAULT __pyx_e_8pipeline_Y_TRUE_FAULT
#define NO_FAULT __pyx_e_8pipeline_NO_FAULT

/* What Cython calls around a parallel block: nobody here holds a GIL. */
int PyGILState_Check(void) { return 0; }
PyThreadState *PyEval_SaveThread(void) { abort(); }
void PyEval_RestoreThread(PyThreadState *state) { (void)state; abort(); }

static __thread int thread_number = 0;

int omp_get_max_threads(void) { return THREADS; }

int omp_get_thread_num(void)
{
#ifdef SHARED_PARTIAL
    return 0;
#else
    return thread_number;
#endif
}

typedef struct {
    void (*work)(void *);
    void *data;
    int number;
} Start;

static void *start(void *argument)
{
    Start *self = argument;
    thread_number = self->number;
    self->work(self->data);
    return NULL;
}

void GOMP_parallel(void (*work)(void *), void *data, unsigned threads, unsigned flags)
{
    pthread_t others[THREADS];
    Start starts[THREADS];
    (void)flags;
    for (unsigned i = 1; i < threads; i++) {
        starts[i] = (Start){work, data, (int)i};
        if (pthread_create(&others[i], NULL, start, &starts[i]))
            abort();
    }
    work(data);
    for (unsigned i = 1; i < threads; i++)
        pthread_join(others[i], NULL);
}

typedef struct {
    double terms[UNITS], stored[UNITS];
    Py_ssize_t fault;
} Job;

static void range(const Call *call, Py_ssize_t first, Py_ssize_t last, Partial *partial)
{
    Job *job = (Job *)call;
    for (Py_ssize_t i = first; i < last; i++) {
        if (i == job->fault) {
            partial->fault = Y_TRUE_FAULT;
            partial->fault_index = i;
            return;
        }
        exact_add(&partial->sums[0], job->terms[i]);
        job->stored[i] += job->terms[i];
    }
}

static double call_once(Job *job, int threads)
{
    Partial *partials = calloc(THREADS, sizeof *partials);
    ExactSum total;
    Py_ssize_t fault = -1;
    for (int i = 0; i < THREADS; i++)
        partials[i].fault = NO_FAULT;
    run_parallel(range, (const Call *)job, 0, UNITS, GRAIN, partials, threads);
    exact_clear(&total);
    for (int i = 0; i < THREADS; i++) {
        exact_merge(&total, &partials[i].sums[0]);
        if (partials[i].fault != NO_FAULT)
            fault = partials[i].fault_index;
    }
    free(partials);
    if (fault != job->fault) {
        fprintf(stderr, "the fault was found at %zd, not at %zd\n", fault, job->fault);
        exit(2);
    }
    return exact_round(&total);
}

static void *caller(void *argument)
{
    unsigned seed = (unsigned)(size_t)argument;
    Job *job = calloc(1, sizeof *job);
    ExactSum expected;
    exact_clear(&expected);
    job->fault = -1;
    for (int i = 0; i < UNITS; i++) {
        job->terms[i] = ldexp((double)rand_r(&seed) - RAND_MAX / 2, (int)(rand_r(&seed) % 200) - 100);
        exact_add(&expected, job->terms[i]);
    }
    double sum = exact_round(&expected);
    for (int k = 1; k <= CALLS; k++)
        if (call_once(job, THREADS) != sum) {
            fprintf(stderr, "the sum has other bits\n");
            exit(2);
        }
    for (int i = 0; i < UNITS; i++)
        if (fabs(job->stored[i] - CALLS * job->terms[i]) > 1e-12 * fabs(job->stored[i])) {
            fprintf(stderr, "unit %d did not run once a call\n", i);
            exit(2);
        }
    job->fault = UNITS / 2;
    for (int k = 0; k < CALLS; k++)
        call_once(job, THREADS);
    free(job);
    return NULL;
}

int main(void)
{
    pthread_t callers[CALLERS];
    for (size_t i = 0; i < CALLERS; i++)
        if (pthread_create(&callers[i], NULL, caller, (void *)(i + 1)))
            abort();
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    return 0;
}
