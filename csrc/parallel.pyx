# cython: language_level=3, wraparound=False
"""The only file that knows OpenMP: run a range function over many units on several threads. Loaded on the first parallel call."""
from cpython.pycapsule cimport PyCapsule_New
from cython.parallel cimport parallel, threadid

from pipeline cimport *

cdef extern from *:
    """
    #if defined(_WIN32)
    #include <intrin.h>
    static volatile long pyloss_busy = 0;
    #define pyloss_acquire() (!_InterlockedExchange(&pyloss_busy, 1))
    #define pyloss_release() ((void)_InterlockedExchange(&pyloss_busy, 0))
    #define pyloss_next(counter, n) (_InterlockedExchangeAdd64((volatile long long *)(counter), (n)))
    #else
    static int pyloss_busy = 0;
    #define pyloss_acquire() (!__atomic_exchange_n(&pyloss_busy, 1, __ATOMIC_ACQUIRE))
    #define pyloss_release() __atomic_store_n(&pyloss_busy, 0, __ATOMIC_RELEASE)
    #define pyloss_next(counter, n) __atomic_fetch_add((counter), (n), __ATOMIC_RELAXED)
    #endif
    """
    bint acquire "pyloss_acquire"() noexcept nogil      # false while another call has the threads
    void release "pyloss_release"() noexcept nogil
    Py_ssize_t next_units "pyloss_next"(Py_ssize_t* counter, Py_ssize_t n) noexcept nogil

cdef extern from "threads.h":
    int startable_threads "pyloss_startable"(int threads) noexcept nogil


cdef void work(range_fn run, const Call* call, Py_ssize_t* counter, Py_ssize_t last, Py_ssize_t grain, Partial* partial) noexcept nogil:
    """Take the next units until none is left. After a fault only later ones could follow, which do not matter any more."""
    cdef Py_ssize_t first = next_units(counter, grain)
    while first < last and partial.fault == NO_FAULT:
        run(call, first, min(first + grain, last), partial)
        first = next_units(counter, grain)


cdef void run_parallel(range_fn run, const Call* call, Py_ssize_t first, Py_ssize_t last, Py_ssize_t grain,
                       Partial* partials, int threads) noexcept nogil:
    """The sums are exact, so it does not matter which thread takes which units."""
    cdef Py_ssize_t counter = first
    if not acquire():
        run(call, first, last, &partials[0])
        return
    threads = startable_threads(threads)
    with parallel(num_threads=threads):
        work(run, call, &counter, last, grain, &partials[threadid()])
    release()


def entry():
    return PyCapsule_New(<void*>run_parallel, b"pyloss.parallel", NULL)
