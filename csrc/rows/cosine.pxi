# The cosine distance of rows, in double. With the unit vectors u of y_pred and v of y_true it is |u - v|^2 / 2: 1 - u v would lose
# everything where the two are close. Its gradient is ((u - v) - value u) / |y_pred|.

cdef struct Angle:
    # Two rows, and what makes unit vectors of them: a power of two that keeps every square in range, and the norm behind it.
    const Operand* y
    const Operand* p
    const char* y_row
    const char* p_row
    double y_lift
    double p_lift
    double y_norm
    double p_norm
    double value            # the distance
    bint directed           # both have a direction: neither is zero


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


cdef double total_of_units(const Angle* angle, Py_ssize_t classes, bint products) noexcept nogil:
    """The sum of the products of both unit vectors' entries, or of the squares of their differences."""
    cdef real[BLOCK] y_buffer, p_buffer
    cdef double[BLOCK] term
    cdef const real* y
    cdef const real* p
    cdef double total = 0, y_lift = angle.y_lift, p_lift = angle.p_lift, y_norm = angle.y_norm, p_norm = angle.p_norm, u, v
    cdef Py_ssize_t first = 0, n, k
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        y = load_classes(angle.y, angle.y_row, first, n, y_buffer)
        p = load_classes(angle.p, angle.p_row, first, n, p_buffer)
        for k in range(n):
            u = (p[k] * p_lift) / p_norm
            v = (y[k] * y_lift) / y_norm
            term[k] = u * v if products else (u - v) * (u - v)
        total += sum_of_doubles(term, n)
        first += n
    return total


cdef double distance(const Angle* angle, Py_ssize_t classes) noexcept nogil:
    cdef double total = total_of_units(angle, classes, False)
    return 2 if total > 4 else total / 2


cdef inline bint no_direction(double own, double other) noexcept nogil:
    """A zero vector; but a nan in the other is not to be lost."""
    return own == 0 and other == other


cdef void measure_angle(const Operand* y, const Operand* p, Py_ssize_t index, Py_ssize_t classes, Angle* angle) noexcept nogil:
    """A zero vector has no direction: value and gradient are 0."""
    angle.y = y
    angle.p = p
    angle.y_row = row_of(y, index)
    angle.p_row = row_of(p, index)
    angle.y_norm = norm_and_lift(y, angle.y_row, classes, &angle.y_lift)
    angle.p_norm = norm_and_lift(p, angle.p_row, classes, &angle.p_lift)
    angle.directed = not (no_direction(angle.y_norm, angle.p_norm) or no_direction(angle.p_norm, angle.y_norm))
    angle.value = distance(angle, classes) if angle.directed else 0


cdef void angle_grads(const Angle* angle, Py_ssize_t first, Py_ssize_t n, double scale, real* grad_y, real* grad_p) noexcept nogil:
    """The distance's gradients by both vectors, for some classes; that by y only where there is room for it."""
    cdef real[BLOCK] y_buffer, p_buffer
    cdef const real* y = load_classes(angle.y, angle.y_row, first, n, y_buffer)
    cdef const real* p = load_classes(angle.p, angle.p_row, first, n, p_buffer)
    cdef double y_lift = angle.y_lift, p_lift = angle.p_lift, y_norm = angle.y_norm, p_norm = angle.p_norm, value = angle.value, u, v
    cdef double y_factor = scale * y_lift / y_norm, p_factor = scale * p_lift / p_norm
    cdef Py_ssize_t k
    for k in range(n):
        u = (p[k] * p_lift) / p_norm
        v = (y[k] * y_lift) / y_norm
        grad_p[k] = <real>(((u - v) - value * u) * p_factor)
    if grad_y == NULL:
        return
    for k in range(n):
        u = (p[k] * p_lift) / p_norm
        v = (y[k] * y_lift) / y_norm
        grad_y[k] = <real>(((v - u) - value * v) * y_factor)


cdef void store_angle_grads(const Call* call, const Angle* angle, Py_ssize_t index, double scale) noexcept nogil:
    """By y_pred, and by the second prediction if that is the other vector: the angle's y is then the first prediction."""
    cdef real[BLOCK] grad_y, grad_p
    cdef bint both = call.further[0].grad.present
    cdef const Operand* target = &call.grad
    cdef char* y_row = row_of(&call.grad, index)
    cdef char* p_row
    cdef Py_ssize_t first = 0, n
    if both:
        target = &call.further[0].grad
    p_row = row_of(target, index)
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        angle_grads(angle, first, n, scale, grad_y if both else NULL, grad_p)
        store_classes(target, p_row, first, n, grad_p)
        if both:
            store_classes(&call.grad, y_row, first, n, grad_y)
        first += n


cdef double cosine_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef Angle angle
    measure_angle(&call.y_true, &call.y_pred, index, call.classes, &angle)
    if not angle.directed:
        clear_derivatives(call, index)
    elif call.grad.present:
        store_angle_grads(call, &angle, index, scale)
    return angle.value


cdef double exact_cosine(const Angle* angle, Py_ssize_t classes) noexcept nogil:
    """The cosine from exact products, whose sum is rounded once."""
    cdef real[BLOCK] y_buffer, p_buffer
    cdef double[BLOCK] product, rest
    cdef const real* y
    cdef const real* p
    cdef PairSum total
    cdef Py_ssize_t first = 0, n, k
    total.sum = total.rest = 0
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        y = load_classes(angle.y, angle.y_row, first, n, y_buffer)
        p = load_classes(angle.p, angle.p_row, first, n, p_buffer)
        for k in range(n):
            product[k] = (y[k] * angle.y_lift) * (p[k] * angle.p_lift)
            rest[k] = fma(y[k] * angle.y_lift, p[k] * angle.p_lift, -product[k])
        add_pairs(product, rest, n, &total)
        first += n
    return min(<double>1, (total.sum + total.rest) / (angle.y_norm * angle.p_norm))


cdef double excess_of_cosine(const Angle* angle, Py_ssize_t classes, double margin) noexcept nogil:
    """Its own sum, since 1 less the distance would lose a small one. Beside the kink the last bit would decide, unless it is exact."""
    cdef double excess = total_of_units(angle, classes, True) - margin, doubt = 4e-16 * (8 + classes)
    return exact_cosine(angle, classes) - margin if -doubt <= excess <= doubt else excess


cdef double embedding_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    """Of the label 1 the distance; of the label -1, for which 0 may stand, the cosine's excess over the margin. A nan stays."""
    cdef Angle angle
    cdef double value
    measure_angle(&call.y_pred, &call.further[0].y_pred, index, call.classes, &angle)
    value = (angle.value if truth > 0 else excess_of_cosine(&angle, call.classes, call.parameters[0])) + 0 * truth
    if value <= 0 or not angle.directed:
        clear_derivatives(call, index)
        return 0
    if call.grad.present:
        store_angle_grads(call, &angle, index, (scale if truth > 0 else -scale) + 0 * truth)
    return value


cdef void cosine(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(cosine_row, call, first, last, partial)


cdef void cosine_embedding(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(embedding_row, call, first, last, partial)
