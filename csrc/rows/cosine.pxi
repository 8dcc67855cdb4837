# The cosine distance of rows, in double. With the unit vectors u of y_pred and v of y_true it is |u - v|^2 / 2: 1 - u v would lose
# everything where the two are close. Its gradient is ((u - v) - value u) / |y_pred|.

cdef struct Pair:
    # Two rows, and what has been found out about them.
    const char* y
    const char* p
    double y_norm
    double p_norm
    double y_lift           # powers of two that bring the largest entry near 1, so that no square overflows or vanishes
    double p_lift


cdef double largest(const Operand* a, const char* row, Py_ssize_t classes) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* x
    cdef real top = 0
    cdef Py_ssize_t first = 0, n, k
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        x = load_classes(a, row, first, n, buffer)
        for k in range(n):
            top = magnitude(x[k]) if magnitude(x[k]) > top else top
        first += n
    return top


cdef double lift_of(double top) noexcept nogil:
    cdef int exponent = 0
    if top == 0 or not isfinite(top):
        return 1
    frexp(top, &exponent)
    return ldexp(1, -exponent if exponent > -1000 else 1000)


cdef double norm(const Operand* a, const char* row, Py_ssize_t classes, double lift) noexcept nogil:
    """The Euclidean norm, times the lift."""
    cdef real[BLOCK] buffer
    cdef double[BLOCK] square
    cdef const real* x
    cdef double total = 0
    cdef Py_ssize_t first = 0, n, k
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        x = load_classes(a, row, first, n, buffer)
        for k in range(n):
            square[k] = (x[k] * lift) * (x[k] * lift)
        total += sum_of_doubles(square, n)
        first += n
    return sqrt(total)


cdef double distance(const Call* call, const Pair* pair) noexcept nogil:
    cdef real[BLOCK] y_buffer, p_buffer
    cdef double[BLOCK] square
    cdef const real* y
    cdef const real* p
    cdef double total = 0, gap
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        y = load_classes(&call.y_true, pair.y, first, n, y_buffer)
        p = load_classes(&call.y_pred, pair.p, first, n, p_buffer)
        for k in range(n):
            gap = (p[k] * pair.p_lift) / pair.p_norm - (y[k] * pair.y_lift) / pair.y_norm
            square[k] = gap * gap
        total += sum_of_doubles(square, n)
        first += n
    return 2 if total > 4 else total / 2


cdef void cosine_grad(const Call* call, const Pair* pair, Py_ssize_t index, double value, double scale) noexcept nogil:
    cdef real[BLOCK] y_buffer, p_buffer, grad
    cdef const real* y
    cdef const real* p
    cdef char* row = row_of(&call.grad, index)
    cdef double u, v
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        y = load_classes(&call.y_true, pair.y, first, n, y_buffer)
        p = load_classes(&call.y_pred, pair.p, first, n, p_buffer)
        for k in range(n):
            u = (p[k] * pair.p_lift) / pair.p_norm
            v = (y[k] * pair.y_lift) / pair.y_norm
            grad[k] = <real>(((u - v) - value * u) / pair.p_norm * pair.p_lift * scale)
        store_classes(&call.grad, row, first, n, grad)
        first += n


cdef double cosine_row(const Call* call, Py_ssize_t index, const double* weight) noexcept nogil:
    """A zero vector has no direction: value and gradient are 0."""
    cdef Pair pair
    cdef double value
    pair.y = row_of(&call.y_true, index)
    pair.p = row_of(&call.y_pred, index)
    pair.y_lift = lift_of(largest(&call.y_true, pair.y, call.classes))
    pair.p_lift = lift_of(largest(&call.y_pred, pair.p, call.classes))
    pair.y_norm = norm(&call.y_true, pair.y, call.classes, pair.y_lift)
    pair.p_norm = norm(&call.y_pred, pair.p, call.classes, pair.p_lift)
    if (weight != NULL and weight[0] == 0) or pair.y_norm == 0 or pair.p_norm == 0:
        if call.grad.present:
            fill_zero(&call.grad, row_of(&call.grad, index), call.classes)
        return 0
    value = distance(call, &pair)
    if call.grad.present:
        cosine_grad(call, &pair, index, value, row_scale(call, weight, 0))
    return value


cdef void cosine(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef double[ROW_BLOCK] buffer, value
    cdef const double* weight
    cdef Py_ssize_t block, start, rows, i
    for block in range(first, last):
        start = block * ROW_BLOCK
        rows = min(<Py_ssize_t>ROW_BLOCK, call.size - start)
        weight = load_weights(call, start, rows, buffer)
        if call.outputs == NOTHING:
            continue
        for i in range(rows):
            value[i] = cosine_row(call, start + i, weight_of(weight, i))
        keep_rows(call, value, weight, start, rows, partial)
