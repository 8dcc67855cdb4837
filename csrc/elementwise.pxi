# The pipeline of everything that is made of points: load, check, point, weigh, sum, store.

cdef struct Work:
    # What one thread keeps in its L1 cache: blocks of its own, and where this block's numbers are.
    real[BLOCK] y_buffer
    real[BLOCK] p_buffer
    real[BLOCK] value
    real[BLOCK] grad_buffer
    real[BLOCK] hess_buffer
    double[BLOCK] weight_buffer
    const real* y
    const real* p
    const double* weight    # NULL where every weight is 1
    real* grad
    real* hess


cdef bint load_block(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work, Partial* partial) noexcept nogil:
    """Load and check a block; false if it is faulty."""
    work.y = load(&call.y_true, start, n, work.y_buffer)
    work.p = load(&call.y_pred, start, n, work.p_buffer)
    work.weight = load_weights(call, start, n, work.weight_buffer)
    cdef bint bad = find_outside(work.y, &call.y_true_domain, work.weight, start, n, Y_TRUE_FAULT, partial)
    return not (find_outside(work.p, &call.y_pred_domain, work.weight, start, n, Y_PRED_FAULT, partial) or bad)


cdef void evaluate(const Call* call, Py_ssize_t n, Work* work) noexcept nogil:
    """The point, and the weights of its derivatives; the value's are for the sum."""
    cdef Outputs outputs = call.outputs
    cdef bint weighs = work.weight != NULL and not call.statistics
    POINTS[call.point][<int>outputs](work.y, work.p, call.parameters, 1 if weighs else call.scale, work.value, work.grad, work.hess, n)
    if weighs and outputs != VALUE:
        weigh(work.grad, work.weight, call.scale, n)
    if weighs and outputs == GRAD_HESS:
        weigh(work.hess, work.weight, call.scale, n)


cdef void evaluate_block(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work) noexcept nogil:
    """Evaluate a block, its derivatives in the caller's arrays if they can be."""
    work.grad = <real*>call.grad.data + start if call.grad.direct else work.grad_buffer
    work.hess = <real*>call.hess.data + start if call.hess.direct else work.hess_buffer
    evaluate(call, n, work)


cdef void store_derivatives(const Call* call, Py_ssize_t start, Py_ssize_t n, const Work* work) noexcept nogil:
    """Store those that are not in their place yet: last of all, for they may take an input's."""
    if call.grad.present and not call.grad.direct:
        store(&call.grad, start, n, work.grad)
    if call.hess.present and not call.hess.direct:
        store(&call.hess, start, n, work.hess)


cdef double resum(int point, const double* y, const double* p, const double* weight, const double* parameters,
                  Py_ssize_t n) noexcept nogil:
    """The sum of a block's values. Only the float64 kernels' is called: for a block that overflows in float32."""
    cdef real[BLOCK] value
    POINTS[point][<int>VALUE](<const real*>y, <const real*>p, parameters, 1, value, NULL, NULL, n)
    return total_of(value, weight, n)


cdef double widened_sum(const Call* call, const Work* work, Py_ssize_t n) noexcept nogil:
    cdef double[BLOCK] y, p
    cdef Py_ssize_t i
    for i in range(n):
        y[i] = work.y[i]
        p[i] = work.p[i]
    return call.wide.resum(call.point, y, p, work.weight, call.parameters, n)


cdef double value_sum(const Call* call, const Work* work, Py_ssize_t n) noexcept nogil:
    cdef double total = total_of(work.value, work.weight, n)
    if sizeof(real) == sizeof(double) or isfinite(total):
        return total
    return widened_sum(call, work, n)


cdef void sum_or_store_values(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work, Partial* partial) noexcept nogil:
    """Sum or store the values of a block."""
    if not gives_value(call.outputs):
        return
    if call.summed:
        exact_add(&partial.sums[0], value_sum(call, work, n))
        return
    if work.weight != NULL:
        weigh(work.value, work.weight, 1, n)
    store(&call.value, start, n, work.value)


cdef void elementwise(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef Work work
    cdef Py_ssize_t block, start, n
    for block in range(first, last):
        start = block * BLOCK
        n = min(<Py_ssize_t>BLOCK, call.size - start)
        if not load_block(call, start, n, &work, partial):
            return
        if call.outputs == NOTHING:
            continue
        evaluate_block(call, start, n, &work)
        sum_or_store_values(call, start, n, &work, partial)
        if call.statistics:
            exact_add(&partial.sums[1], total_of(work.grad, work.weight, n))
            exact_add(&partial.sums[2], total_of(work.hess, work.weight, n))
        store_derivatives(call, start, n, &work)


cdef void rowsums(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """One value a row: the sum of the values of its elements. The operands walk the elements, a row's side by side."""
    cdef Work work
    cdef real value
    cdef ExactSum total
    cdef Py_ssize_t row, start, end, n
    for row in range(first, last):
        exact_clear(&total)
        start = row * call.classes
        end = start + call.classes
        while start < end:
            n = min(<Py_ssize_t>BLOCK, end - start)
            if not load_block(call, start, n, &work, partial):
                return
            evaluate_block(call, start, n, &work)
            exact_add(&total, value_sum(call, &work, n))
            store_derivatives(call, start, n, &work)
            start += n
        value = <real>exact_round(&total)
        store(&call.value, row, 1, &value)
