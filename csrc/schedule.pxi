# Who runs the blocks: this thread, or several; in stretches short enough for Ctrl-C.

ctypedef void (*parallel_fn)(range_fn run, const Call* call, Py_ssize_t first, Py_ssize_t last, Py_ssize_t grain,
                             Partial* partials, int threads) noexcept nogil

cdef enum:
    UNLOCKED_WORK = 8192        # elements from which on other Python threads may run meanwhile: below, releasing the GIL costs more
    PARALLEL_WORK = 131072      # elements from which on threads pay
    STRETCH = 1 << 16           # elements until the first look at pending signals: some 10 to 30 ms of the slowest losses
    PATIENCE = 20000            # microseconds between two looks
    GRAIN = 32768               # elements that a thread takes at a time

cdef const Kernels* kernels32 = NULL
cdef const Kernels* kernels64 = NULL
cdef dict POINT_NUMBERS = {}
cdef dict PAIR_NUMBERS = {}
cdef dict ROW_NUMBERS = {}
cdef parallel_fn run_parallel = NULL
cdef bint parallel_was_sought = False
cdef int thread_count = 1


cdef extern from "cpu.h":
    int cpu_level() noexcept nogil

cdef extern from *:
    """
    static int pyloss_forked = 0;
    #if defined(_WIN32)
    #define pyloss_watch_forks() ((void)0)
    #else
    #include <pthread.h>
    static void pyloss_after_fork(void) { pyloss_forked = 1; }
    #define pyloss_watch_forks() ((void)pthread_atfork(NULL, NULL, pyloss_after_fork))
    #endif
    """
    bint is_forked "pyloss_forked"
    void watch_forks "pyloss_watch_forks"() noexcept nogil

watch_forks()

cdef extern from "<time.h>" nogil:
    struct timespec:
        int64_t tv_sec
        int64_t tv_nsec
    enum:
        TIME_UTC
    int timespec_get(timespec* time, int base)


def supported_levels():
    """The ISA levels that this processor runs: the baseline, and those of x86-64 from v2 on."""
    return ["base", "v2", "v3", "v4"][:max(1, cpu_level())]


def use_kernels(module32, module64):
    """Take the kernels of one ISA level."""
    global kernels32, kernels64
    kernels32 = <const Kernels*>PyCapsule_GetPointer(module32.table(), b"pyloss.kernels")
    kernels64 = <const Kernels*>PyCapsule_GetPointer(module64.table(), b"pyloss.kernels")
    POINT_NUMBERS.update({name: number for number, name in enumerate(module64.points())})
    PAIR_NUMBERS.update({name: number for number, name in enumerate(module64.pairs())})
    ROW_NUMBERS.update({name: number for number, name in enumerate(module64.row_kernels())})


def set_thread_count(int count):
    global thread_count
    thread_count = count


def get_thread_count():
    return thread_count


cdef bint find_parallel():
    """Load OpenMP's extension when it is first needed; without it everything is serial."""
    global run_parallel, parallel_was_sought
    if not parallel_was_sought:
        module = _arrays.import_parallel()
        if module is not None:
            run_parallel = <parallel_fn>PyCapsule_GetPointer(module.entry(), b"pyloss.parallel")
        parallel_was_sought = True
    return run_parallel != NULL


cdef void clear_partial(Partial* partial) noexcept nogil:
    cdef int i
    for i in range(STATISTICS):
        exact_clear(&partial.sums[i])
    partial.fault = NO_FAULT
    partial.fault_index = 0


cdef void merge_partial(Partial* total, Partial* part) noexcept nogil:
    cdef int i
    for i in range(STATISTICS):
        exact_merge(&total.sums[i], &part.sums[i])
    if part.fault != NO_FAULT and (total.fault == NO_FAULT or part.fault_index < total.fault_index):
        total.fault = part.fault
        total.fault_index = part.fault_index


cdef int usable_threads(Py_ssize_t grains) except -1:
    """Not more than there are grains; one in a forked child, where OpenMP would hang if the parent has used it."""
    cdef int threads = <int>min(<Py_ssize_t>thread_count, grains)
    if threads > 1 and not is_forked and find_parallel():
        return threads
    return 1


cdef int execute_parallel(range_fn run, const Call* call, Py_ssize_t first, Py_ssize_t last, Py_ssize_t grain, Partial* total,
                          int threads) except -1:
    cdef Partial* partials = <Partial*>malloc(threads * sizeof(Partial))
    cdef int i
    if partials == NULL:
        raise MemoryError
    with nogil:
        for i in range(threads):
            clear_partial(&partials[i])
        run_parallel(run, call, first, last, grain, partials, threads)
        for i in range(threads):
            merge_partial(total, &partials[i])
    free(partials)
    return 0


cdef inline Py_ssize_t blocks_of(Py_ssize_t elements) noexcept nogil:
    return (elements + BLOCK - 1) // BLOCK


cdef int64_t microseconds() noexcept nogil:
    """Of the day's time: unlike the processor's it is told without a call into the kernel. Where it is set back, a stretch grows."""
    cdef timespec now
    timespec_get(&now, TIME_UTC)
    return now.tv_sec * 1000000 + now.tv_nsec // 1000


cdef Py_ssize_t next_stretch(Py_ssize_t stretch, int64_t took) noexcept nogil:
    """An element of one loss takes a thousand times as long as one of another: the last stretch tells."""
    if took > PATIENCE:
        return max(<Py_ssize_t>1, stretch // 2)
    return 2 * stretch if took < PATIENCE // 2 else stretch


cdef int execute(range_fn run, const Call* call, Py_ssize_t units, Py_ssize_t unit_work, Partial* total) except -1:
    """Run over all units, each of about `unit_work` elements, until one is faulty."""
    cdef Py_ssize_t first = 0, last, stretch, grain
    cdef int threads = 1
    cdef int64_t start
    clear_partial(total)
    if units * unit_work < UNLOCKED_WORK and call.own.blocks[1] == NULL:    # others' code may wait for other threads
        run(call, 0, units, total)
        return 0
    grain = max(<Py_ssize_t>1, GRAIN // unit_work)
    if units * unit_work >= PARALLEL_WORK:
        threads = usable_threads((units + grain - 1) // grain)
    stretch = max(<Py_ssize_t>1, STRETCH // unit_work) * threads
    while first < units and total.fault == NO_FAULT:
        last = min(units, first + stretch)
        start = microseconds()
        if threads > 1:
            execute_parallel(run, call, first, last, grain, total, threads)
        else:
            with nogil:
                run(call, first, last, total)
        first = last
        if first < units:
            stretch = next_stretch(stretch, microseconds() - start)
            PyErr_CheckSignals()
    return 0
