# The cosine distance of rows, in double. With the unit vectors u of y_pred and v of y_true it is |u - v|^2 / 2: 1 - u v would lose
# everything where the two are close. Its gradient is ((u - v) - value u) / |y_pred|.

cdef struct Pair:
    # Two rows, and what makes unit vectors of them: a power of two that keeps every square in range, and the reciprocal norm behind it.
    const char* y
    const char* p
    double y_lift
    double p_lift
    double y_norm
    double p_norm


cdef double norm(const Operand* a, const char* row, Py_ssize_t classes, double lift) noexcept nogil:
    """The Euclidean norm of a row times the lift."""
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


cdef double largest(const Operand* a, const char* row, Py_ssize_t classes) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* x
    cdef double top = 0
    cdef Py_ssize_t first = 0, n, k
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        x = load_classes(a, row, first, n, buffer)
        for k in range(n):
            top = select_double(magnitude(x[k]) > top, magnitude(x[k]), top)
        first += n
    return top


cdef double norm_and_lift(const Operand* a, const char* row, Py_ssize_t classes, double* lift) noexcept nogil:
    """Squares of float32 never leave the range of double; those of float64 may, and then the row is lifted."""
    cdef double length = norm(a, row, classes, 1), top
    cdef int exponent = 0
    lift[0] = 1
    if 1e-140 < length < 1e140:
        return length
    top = largest(a, row, classes)
    if top == 0 or not isfinite(top):
        return length
    frexp(top, &exponent)
    lift[0] = ldexp(1, -exponent if exponent > -1000 else 1000)
    return norm(a, row, classes, lift[0])


cdef double distance(const Call* call, const Pair* pair) noexcept nogil:
    cdef real[BLOCK] y_buffer, p_buffer
    cdef double[BLOCK] square
    cdef const real* y
    cdef const real* p
    cdef double total = 0, y_lift = pair.y_lift, p_lift = pair.p_lift, y_norm = pair.y_norm, p_norm = pair.p_norm, gap
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        y = load_classes(&call.y_true, pair.y, first, n, y_buffer)
        p = load_classes(&call.y_pred, pair.p, first, n, p_buffer)
        for k in range(n):
            gap = (p[k] * p_lift) / p_norm - (y[k] * y_lift) / y_norm
            square[k] = gap * gap
        total += sum_of_doubles(square, n)
        first += n
    return 2 if total > 4 else total / 2


cdef void cosine_grad(const Call* call, const Pair* pair, char* row, double value, double scale) noexcept nogil:
    cdef real[BLOCK] y_buffer, p_buffer, grad
    cdef const real* y
    cdef const real* p
    cdef double y_lift = pair.y_lift, p_lift = pair.p_lift, y_norm = pair.y_norm, p_norm = pair.p_norm, u, v
    cdef double factor = scale * p_lift / p_norm
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        y = load_classes(&call.y_true, pair.y, first, n, y_buffer)
        p = load_classes(&call.y_pred, pair.p, first, n, p_buffer)
        for k in range(n):
            u = (p[k] * p_lift) / p_norm
            v = (y[k] * y_lift) / y_norm
            grad[k] = <real>(((u - v) - value * u) * factor)
        store_classes(&call.grad, row, first, n, grad)
        first += n


cdef inline bint no_direction(double own, double other) noexcept nogil:
    """A zero vector; but a nan in the other is not to be lost."""
    return own == 0 and other == other


cdef double cosine_row(const Call* call, Py_ssize_t index, const double* weight) noexcept nogil:
    """A zero vector has no direction: value and gradient are 0."""
    cdef Pair pair
    cdef double value
    cdef char* grad = row_of(&call.grad, index) if call.grad.present else NULL
    pair.y = row_of(&call.y_true, index)
    pair.p = row_of(&call.y_pred, index)
    pair.y_norm = norm_and_lift(&call.y_true, pair.y, call.classes, &pair.y_lift)
    pair.p_norm = norm_and_lift(&call.y_pred, pair.p, call.classes, &pair.p_lift)
    if (weight != NULL and weight[0] == 0) or no_direction(pair.y_norm, pair.p_norm) or no_direction(pair.p_norm, pair.y_norm):
        if grad != NULL:
            fill_zero(&call.grad, grad, call.classes)
        return 0
    value = distance(call, &pair)
    if grad != NULL:
        cosine_grad(call, &pair, grad, value, row_scale(call, weight, 0))
    return value


cdef void cosine(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef double[ROW_BLOCK] buffer, value
    cdef const double* weight
    cdef Py_ssize_t block, start, rows, i
    for block in range(first, last):
        start = block * rows_of_block(call.classes)
        rows = min(rows_of_block(call.classes), call.size - start)
        weight = load_weights(call, start, rows, buffer)
        if call.outputs == NOTHING:
            continue
        for i in range(rows):
            value[i] = cosine_row(call, start + i, weight_of(weight, i))
        sum_or_store_rows(call, value, weight, start, rows, partial)
