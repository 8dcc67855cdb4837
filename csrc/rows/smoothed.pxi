# Sums over rows of a point of (truth, probability), where the truth is smoothed: every class counts then, of labels too.

cdef double smoothed_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef real[BLOCK] t_buffer, p_buffer, value, grad, hess
    cdef const real* t
    cdef const real* p
    cdef double total = 0
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        t = load_targets(call, NULL if call.labels else row_of(&call.y_true, index), <Py_ssize_t>truth, first, n, t_buffer)
        p = load_classes(&call.y_pred, row_of(&call.y_pred, index), first, n, p_buffer)
        POINTS[call.point][<int>call.outputs](t, p, call.parameters, scale, value, grad, hess, n)
        if gives_value(call.outputs):
            total += sum_in_range(block_sum(value, n), call, t, p, NULL, NULL, n)
        if call.grad.present:
            store_classes(&call.grad, row_of(&call.grad, index), first, n, grad)
        if call.hess.present:
            store_classes(&call.hess, row_of(&call.hess, index), first, n, hess)
        first += n
    return total


cdef void smoothed(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(smoothed_row, call, first, last, partial)
