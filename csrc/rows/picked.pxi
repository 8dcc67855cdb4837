# Losses of the label's class alone, by its point with y = 1 (times the class's factor): every other class of the row has the gradient 0.

cdef void spread(const Operand* a, Py_ssize_t start, Py_ssize_t rows, Py_ssize_t classes, const Py_ssize_t* label,
                 const real* source) noexcept nogil:
    """Rows of zeros but for the label's class."""
    cdef Walk walk
    cdef Py_ssize_t i
    walk_to(a, start, &walk)
    if classes <= FEW and rows_are_adjacent(a, classes):
        memset(walk.data, 0, rows * a.strides[0])
        for i in range(rows):
            (<real*>walk.data)[i * classes + label[i]] = source[i]
        return
    for i in range(rows):
        fill_zero(a, walk.data, classes)
        if rows_are_direct(a):
            (<real*>walk.data)[label[i]] = source[i]
        else:
            store_classes(a, walk.data, label[i], 1, source + i)
        walk_on(a, 1, &walk)


cdef void pick_predictions(const Operand* a, Py_ssize_t start, Py_ssize_t n, const Py_ssize_t* label, real* picked) noexcept nogil:
    cdef Walk walk
    cdef Py_ssize_t i
    walk_to(a, start, &walk)
    if a.direct and a.ndim == 1:
        for i in range(n):
            picked[i] = (<const real*>(walk.data + i * a.strides[0] + label[i] * a.class_stride))[0]
        return
    for i in range(n):
        gather_run(a, walk.data + label[i] * a.class_stride, 0, picked + i, 1)
        walk_on(a, 1, &walk)


cdef void pick(const Call* call, Py_ssize_t start, Py_ssize_t n, const Py_ssize_t* label, Work* work) noexcept nogil:
    """Gather the label's class of every row."""
    cdef Py_ssize_t i
    pick_predictions(&call.y_pred, start, n, label, work.p_buffer)
    for i in range(n):
        work.y_buffer[i] = 1 if call.class_factors == NULL else <real>call.class_factors[label[i]]
    work.y = work.y_buffer
    work.p = work.p_buffer
    work.value = work.value_buffer
    work.grad = work.grad_buffer
    work.hess = work.hess_buffer


cdef inline bint faulty_pick(const Call* call, Py_ssize_t start, Py_ssize_t n, const Py_ssize_t* label, const Work* work,
                             Partial* partial) noexcept nogil:
    """Noted by its place among all entries, as the faults of whole rows are."""
    if not find_outside(work.p, &call.y_pred_domain, work.weight, 0, n, Y_PRED_FAULT, partial):
        return False
    partial.fault_index = (start + partial.fault_index) * call.classes + label[partial.fault_index]
    return True


cdef void picked(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef Work work
    cdef Py_ssize_t[BLOCK] label
    cdef Py_ssize_t block, start, n
    for block in range(first, last):
        start = block * BLOCK
        n = min(<Py_ssize_t>BLOCK, call.size - start)
        work.weight = load_weights(call, start, n, work.weight_buffer)
        if not load_labels(call, start, n, work.weight, label, partial):
            return
        pick(call, start, n, label, &work)
        if faulty_pick(call, start, n, label, &work, partial):
            return
        if call.outputs == NOTHING:
            continue
        evaluate(call, n, &work)
        sum_or_store_values(call, start, n, &work, partial)
        if call.grad.present:
            spread(&call.grad, start, n, call.classes, label, work.grad)
        if call.hess.present:
            spread(&call.hess, start, n, call.classes, label, work.hess)
