# Totals of several cases. The elements of a case lie side by side in logical order; a unit is a case, call.classes elements.

cdef bint sum_case(const Call* call, Py_ssize_t case, Work* work, Partial* partial) noexcept nogil:
    """Its sums and, behind them, its weight, in the same blocks as if it were alone; false if it is faulty."""
    cdef ExactSum[STATISTICS + 1] sums
    cdef Py_ssize_t start = case * call.classes, end = start + call.classes, n
    cdef int k
    for k in range(STATISTICS + 1):
        exact_clear(&sums[k])
    while start < end:
        n = min(<Py_ssize_t>BLOCK, end - start)
        if not take_block(call, start, n, work, partial):
            return False
        add_statistics(work, n, sums)
        exact_add(&sums[<int>STATISTICS], n if work.weight == NULL else sum_of_doubles(work.weight, n))
        start += n
    for k in range(STATISTICS + 1):
        call.case_sums[case * (STATISTICS + 1) + k] = exact_round(&sums[k])
    return True


cdef void write_case(const Call* call, Py_ssize_t case, Work* work) noexcept nogil:
    """Its gradient, from a scale and parameters of its own. The sums have been made of the same numbers, and have checked them."""
    cdef const double* own = call.case_parameters + case * (PARAMETERS + 1)
    cdef Py_ssize_t start = case * call.classes, end = start + call.classes, n
    while start < end:
        n = min(<Py_ssize_t>BLOCK, end - start)
        load_block(call, start, n, work)
        work.grad = place_of(&call.grad, start, work.grad_buffer)
        POINTS[call.point][<int>GRAD](work.y, work.p, own + 1, own[0] if work.weight == NULL else 1, NULL, work.grad, NULL, n)
        if work.weight != NULL:
            weigh(work.grad, work.weight, own[0], n)
        put(&call.grad, start, n, work.grad)
        start += n


cdef void cases(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef Work work
    cdef Py_ssize_t case
    open_work(call, False, False, &work)
    for case in range(first, last):
        if not call.statistics:
            write_case(call, case, &work)
        elif not sum_case(call, case, &work, partial):
            return
