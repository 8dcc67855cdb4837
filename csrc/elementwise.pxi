# The pipeline of everything that is made of points: load, check, point, weigh, sum, store.

cdef struct Work:
    # What one thread keeps in its L1 cache.
    real[BLOCK] y
    real[BLOCK] p
    real[BLOCK] value
    real[BLOCK] grad
    real[BLOCK] hess
    double[BLOCK] weight


cdef inline real* target(const Operand* out, Py_ssize_t start, real* buffer) noexcept nogil:
    """Where a result is computed: in the caller's array if it can be."""
    return <real*>out.data + start if out.direct else buffer


cdef inline bint gives_value(Outputs outputs) noexcept nogil:
    return outputs == VALUE or outputs == VALUE_GRAD or outputs == ALL


cdef void evaluate(const Call* call, const real* y, const real* p, const double* weight,
                   real* value, real* grad, real* hess, Py_ssize_t n) noexcept nogil:
    """The point, and the weights of its derivatives; the value's are for the sum."""
    cdef Outputs outputs = call.outputs
    cdef bint weighs = weight != NULL and not call.statistics
    POINTS[call.point][<int>outputs](y, p, call.parameters, 1 if weighs else call.scale, value, grad, hess, n)
    if weighs and outputs != VALUE:
        weigh(grad, weight, call.scale, n)
    if weighs and (outputs == GRAD_HESS or outputs == ALL):
        weigh(hess, weight, call.scale, n)


cdef double resum(int point, const double* y, const double* p, const double* weight, const double* parameters,
                  Py_ssize_t n) noexcept nogil:
    """The sum of a block's values. Only the float64 kernels' is called: for a block that overflows in float32."""
    cdef real[BLOCK] value
    POINTS[point][<int>VALUE](<const real*>y, <const real*>p, parameters, 1, value, NULL, NULL, n)
    return block_sum(value, n) if weight == NULL else weighted_sum(value, weight, n)


cdef double widened_sum(const Call* call, const real* y, const real* p, const double* weight, Py_ssize_t n) noexcept nogil:
    cdef double[BLOCK] wide_y, wide_p
    cdef Py_ssize_t i
    for i in range(n):
        wide_y[i] = y[i]
        wide_p[i] = p[i]
    return call.wide.resum(call.point, wide_y, wide_p, weight, call.parameters, n)


cdef double summed(const Call* call, const real* y, const real* p, const double* weight, const real* value,
                   Py_ssize_t n) noexcept nogil:
    cdef double total = block_sum(value, n) if weight == NULL else weighted_sum(value, weight, n)
    if sizeof(real) == sizeof(double) or isfinite(total):
        return total
    return widened_sum(call, y, p, weight, n)


cdef void keep(const Call* call, Work* work, const double* weight, const real* value, const real* grad, const real* hess,
               const real* y, const real* p, Py_ssize_t start, Py_ssize_t n, Partial* partial) noexcept nogil:
    """Sum what is summed and store what is not yet in its place."""
    if call.summed and gives_value(call.outputs):
        exact_add(&partial.sums[0], summed(call, y, p, weight, value, n))
    if call.statistics:
        exact_add(&partial.sums[1], block_sum(grad, n) if weight == NULL else weighted_sum(grad, weight, n))
        exact_add(&partial.sums[2], block_sum(hess, n) if weight == NULL else weighted_sum(hess, weight, n))
    if call.value.present and not call.summed:
        if weight != NULL:
            weigh(work.value, weight, 1, n)
        store(&call.value, start, n, work.value)
    if call.grad.present and not call.grad.direct:
        store(&call.grad, start, n, grad)
    if call.hess.present and not call.hess.direct:
        store(&call.hess, start, n, hess)


cdef void elementwise(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef Work work
    cdef const real* y
    cdef const real* p
    cdef const double* weight
    cdef real* grad
    cdef real* hess
    cdef Py_ssize_t block, start, n
    for block in range(first, last):
        start = block * BLOCK
        n = min(<Py_ssize_t>BLOCK, call.size - start)
        y = load(&call.y_true, start, n, work.y)
        p = load(&call.y_pred, start, n, work.p)
        weight = load_weights(call, start, n, work.weight)
        if faulty(call, y, p, weight, start, n, partial):
            return
        if call.outputs == NOTHING:
            continue
        grad = target(&call.grad, start, work.grad)
        hess = target(&call.hess, start, work.hess)
        evaluate(call, y, p, weight, work.value, grad, hess, n)
        keep(call, &work, weight, work.value, grad, hess, y, p, start, n, partial)


cdef void rowsums(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """One value a row: the sum of the values of its elements. The operands walk the elements, a row's side by side."""
    cdef Work work
    cdef const real* y
    cdef const real* p
    cdef const double* weight
    cdef real* grad
    cdef real* hess
    cdef real value
    cdef ExactSum total
    cdef Py_ssize_t row, start, end, n
    for row in range(first, last):
        exact_clear(&total)
        start = row * call.classes
        end = start + call.classes
        while start < end:
            n = min(<Py_ssize_t>BLOCK, end - start)
            y = load(&call.y_true, start, n, work.y)
            p = load(&call.y_pred, start, n, work.p)
            weight = load_weights(call, start, n, work.weight)
            if faulty(call, y, p, weight, start, n, partial):
                return
            grad = target(&call.grad, start, work.grad)
            hess = target(&call.hess, start, work.hess)
            evaluate(call, y, p, weight, work.value, grad, hess, n)
            exact_add(&total, summed(call, y, p, weight, work.value, n))
            if call.grad.present and not call.grad.direct:
                store(&call.grad, start, n, grad)
            if call.hess.present and not call.hess.direct:
                store(&call.hess, start, n, hess)
            start += n
        value = <real>exact_round(&total)
        store(&call.value, row, 1, &value)
