# Who runs the blocks: this thread, or several; in stretches short enough for Ctrl-C.

cdef enum:
    UNLOCKED_WORK = 8192        # elements from which on other Python threads may run meanwhile: below, releasing the GIL costs more
    PROBED_WORK = 32768         # elements from which on threads may pay: the first of them tell
    PROBE = 8192
    AWAKE_WORTH = 20000         # nanoseconds of work that are worth sharing with threads that look for it,
    ASLEEP_WORTH = 100000       # of one call that are worth waking them,
    BURST_WORTH = 400000        # or of several that follow at once,
    WAKING = 100000             # of which the first may take longer by so much before it is doubted that it pays
    AT_ONCE = 25000             # nanoseconds between calls that keep threads awake: LOOKS of pool.h are about as long
    FEW_DOUBTS = 16             # short calls that are not shared after some that took longer for it; twice as many each time, up to
    MOST_DOUBTS = 256           # these, until one has taken less
    STRETCH = 1 << 16           # elements between two looks at the clock: some 10 to 30 ms of the slowest losses
    PATIENCE = 20000000         # nanoseconds between two looks at pending signals
    GROWTH = 8                  # of a stretch, at most
    GRAIN = 32768               # elements that one of several threads takes at a time,
    GRAINS = 8                  # and how many times at least

cdef const Kernels* kernels32 = NULL
cdef const Kernels* kernels64 = NULL
cdef dict POINT_NUMBERS = {}
cdef dict PAIR_NUMBERS = {}
cdef dict ROW_NUMBERS = {}
cdef int thread_count = 1
cdef Py_ssize_t shared_work = 1 << 19   # elements from which on threads pay, or cost nothing
# Of the short calls, whose work is shared where it pays; for all callers, under the GIL.
cdef int64_t burst = 0              # nanoseconds of work that threads could have shared since calls follow at once,
cdef int64_t burst_end = 0          # and when the last of it would have been done by one thread
cdef int64_t saved = 0              # nanoseconds that sharing has saved lately
cdef int doubts = 0                 # how many calls will not be shared
cdef int next_doubts = FEW_DOUBTS   # and how many after the next that takes longer
cdef int64_t shares = 0             # how often work has been shared, for tests


cdef extern from "cpu.h":
    int cpu_level() noexcept nogil

cdef extern from "pool.h" nogil:
    void watch_forks "pyloss_watch_forks"()
    bint share "pyloss_share"(void (*task)(void* job) noexcept nogil, void* job, int threads)
    bint are_awake "pyloss_are_awake"()
    void take_lock "pyloss_lock"()
    void leave_lock "pyloss_unlock"()
    Py_ssize_t take_units "POOL_TAKE"(Py_ssize_t* counter, Py_ssize_t n)

cdef extern from "<fenv.h>" nogil:
    ctypedef struct fenv_t:
        pass
    int fegetenv(fenv_t* environment)
    int fesetenv(const fenv_t* environment)

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


def set_shared_work(Py_ssize_t elements):
    """For tests: share the work of calls on so many elements, whatever time it takes."""
    global shared_work
    shared_work = elements


def count_shares():
    """For tests: how often work has been shared."""
    return shares


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


cdef struct Job:
    # Units that several threads share.
    range_fn run
    const Call* call
    Py_ssize_t next, last, grain
    int64_t start           # the time
    Partial* total
    fenv_t environment      # the caller's rounding, on every thread


cdef void take_part(void* given) noexcept nogil:
    """Take the next units until none is left. After a fault only later ones could follow, which do not matter any more. The sums are
    exact, so it does not matter which thread takes which units, and which ends first."""
    cdef Job* job = <Job*>given
    cdef Py_ssize_t first = take_units(&job.next, job.grain)
    cdef Partial mine
    fesetenv(&job.environment)
    clear_partial(&mine)
    while first < job.last and mine.fault == NO_FAULT:
        job.run(job.call, first, min(first + job.grain, job.last), &mine)
        if is_late(job.start):
            break
        first = take_units(&job.next, job.grain)
    take_lock()
    merge_partial(job.total, &mine)
    leave_lock()


cdef bint run_shared(range_fn run, const Call* call, Py_ssize_t* first, Py_ssize_t last, Py_ssize_t unit_work, int threads,
                     int64_t start, Partial* total) noexcept nogil:
    """The units from `first` on, as many as there is time for; then that is the next. False where another call has the threads."""
    cdef Job job
    cdef bint had_threads
    job.run, job.call, job.next, job.last, job.start, job.total = run, call, first[0], last, start, total
    job.grain = max(<Py_ssize_t>1, min(GRAIN // unit_work, (last - first[0]) // (GRAINS * threads)))
    fegetenv(&job.environment)
    had_threads = share(take_part, &job, threads)
    first[0] = min(job.next, last)
    return had_threads


cdef void run_alone(range_fn run, const Call* call, Py_ssize_t* first, Py_ssize_t last, Py_ssize_t unit_work, int64_t start,
                    Partial* total) noexcept nogil:
    """Likewise."""
    cdef Py_ssize_t grain = max(<Py_ssize_t>1, STRETCH // unit_work), end
    while first[0] < last and total.fault == NO_FAULT:
        end = min(first[0] + grain, last)
        run(call, first[0], end, total)
        first[0] = end
        if is_late(start):
            break


cdef inline Py_ssize_t units_of(Py_ssize_t size, Py_ssize_t unit) noexcept nogil:
    return size // unit + (size % unit != 0)


cdef inline Py_ssize_t blocks_of(Py_ssize_t elements) noexcept nogil:
    return units_of(elements, BLOCK)


cdef int64_t nanoseconds() noexcept nogil:
    """Of the day's time: unlike the processor's it is told without a call into the kernel. Where it is set back, a stretch grows."""
    cdef timespec now
    timespec_get(&now, TIME_UTC)
    return now.tv_sec * 1000000000 + now.tv_nsec


cdef inline bint is_late(int64_t start) noexcept nogil:
    """Whether it is time to look at pending signals, or the clock has been set back."""
    cdef int64_t took = nanoseconds() - start
    return took > PATIENCE or took < 0


cdef Py_ssize_t next_stretch(Py_ssize_t stretch, int64_t took, int threads) noexcept nogil:
    """An element of one loss takes a thousand times as long as one of another: the last stretch tells. Every thread gets a unit."""
    if took > PATIENCE:
        return max(<Py_ssize_t>threads, stretch // 2)
    return max(<Py_ssize_t>threads, stretch * max(<int64_t>1, min(<int64_t>GROWTH, PATIENCE // 2 // max(<int64_t>1, took))))


cdef bint begin_sharing(int64_t left, int64_t now):
    """Whether to share so many nanoseconds of work. To wake a thread for one short call does not pay; to keep one awake does, where calls
    follow at once. What pays on one machine does not on another: `end_sharing` sees to that."""
    global burst, burst_end, doubts
    if left < AWAKE_WORTH:
        return False
    if doubts > 0:
        doubts -= 1
        return False
    burst = left if now - burst_end > AT_ONCE else burst + left
    burst_end = now + left
    return left > ASLEEP_WORTH or burst > BURST_WORTH or are_awake()


cdef void end_sharing(int64_t since, int64_t limit) noexcept:
    """Where the processors are busy with something else, sharing takes longer than working alone: than the limit, and more than the last
    calls have saved."""
    global burst_end, saved, doubts, next_doubts
    burst_end = nanoseconds()
    saved = min(limit, saved + limit - (burst_end - since))
    if saved < 0:
        saved = 0
        doubts = next_doubts
        next_doubts = min(2 * next_doubts, <int>MOST_DOUBTS)
    else:
        next_doubts = FEW_DOUBTS


cdef int execute(range_fn run, const Call* call, Py_ssize_t units, Py_ssize_t unit_work, Partial* total) except -1:
    """Run over all units, each of about `unit_work` elements, until one is faulty."""
    cdef Py_ssize_t first = 0, next = 0, last, stretch = STRETCH, work = units * unit_work
    cdef int threads = 1, most = <int>min(<Py_ssize_t>thread_count, units)
    cdef int64_t start, now, left, shared_since = 0, limit = 0
    cdef bint had_threads = True
    global shares
    clear_partial(total)
    if work < UNLOCKED_WORK and call.own.blocks[1] == NULL:     # others' code may wait for other threads
        run(call, 0, units, total)
        return 0
    if most > 1:
        if work >= shared_work:
            threads = most
        elif work >= PROBED_WORK:
            stretch = PROBE
    stretch = max(<Py_ssize_t>1, stretch // unit_work) * threads
    start = nanoseconds()
    while first < units and total.fault == NO_FAULT:
        last = min(units, first + stretch)
        shares += threads > 1
        with nogil:
            if threads > 1:
                had_threads &= run_shared(run, call, &next, last, unit_work, threads, start, total)
            else:
                run_alone(run, call, &next, last, unit_work, start, total)
        if next < units:
            now = nanoseconds()
            left = (now - start) // (next - first) * (units - next)
            if threads == 1 and most > 1 and begin_sharing(left, now):
                threads = most
                shared_since = now
                limit = left if burst == left or are_awake() else left + WAKING
            stretch = next_stretch(stretch, now - start, threads)
            start = now
            PyErr_CheckSignals()
        elif limit and had_threads:
            end_sharing(shared_since, limit)
        first = next
    return 0
