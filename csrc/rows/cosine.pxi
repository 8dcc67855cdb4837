# The cosine distance of rows, in double. With the unit vectors u of y_pred and v of y_true it is |u - v|^2 / 2: 1 - u v would lose
# everything where the two are close. Its gradient is ((u - v) - value u) / |y_pred|.
#
# Rows of few classes are taken in tiles, many row by row.

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


cdef inline double half(double total) noexcept nogil:
    """Of the squares of a difference of unit vectors: their distance."""
    return select_double(total > 4, 2, total / 2)


cdef inline double angle_slope(double u, double v, double value) noexcept nogil:
    """The distance's gradient by |x| u."""
    return (u - v) - value * u


cdef double distance(const Angle* angle, Py_ssize_t classes) noexcept nogil:
    return half(total_of_units(angle, classes, False))


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
    cdef double y_lift = angle.y_lift, p_lift = angle.p_lift, value = angle.value, u, v
    cdef double y_norm = angle.y_norm, p_norm = angle.p_norm
    cdef double y_factor = scale * y_lift / y_norm, p_factor = scale * p_lift / p_norm
    cdef Py_ssize_t k
    for k in range(n):
        u = (p[k] * p_lift) / p_norm
        v = (y[k] * y_lift) / y_norm
        grad_p[k] = <real>(angle_slope(u, v, value) * p_factor)
    if grad_y == NULL:
        return
    for k in range(n):
        u = (p[k] * p_lift) / p_norm
        v = (y[k] * y_lift) / y_norm
        grad_y[k] = <real>(angle_slope(v, u, value) * y_factor)


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
        fill_derivatives(call, index, 0)
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
        fill_derivatives(call, index, 0)
        return 0
    if call.grad.present:
        store_angle_grads(call, &angle, index, (scale if truth > 0 else -scale) + 0 * truth)
    return value


cdef struct AngleTile:
    real[FEW * ROW_BLOCK] y
    real[FEW * ROW_BLOCK] p         # at last the gradient
    double[ROW_BLOCK] y_norm
    double[ROW_BLOCK] p_norm
    double[ROW_BLOCK] scale
    bint[ROW_BLOCK] regular         # whether the squares stay in range: all others are taken as single rows


cdef inline bint square_in_range(double square) noexcept nogil:
    return (square > 1e-280) & (square < 1e280)


cdef inline void lane_norms(const real* x, Py_ssize_t classes, double* norm, bint* regular) noexcept nogil:
    """Of lanes of rows."""
    cdef double[LANES] square
    cdef Py_ssize_t k, j
    for j in range(LANES):
        square[j] = 0
    for k in range(classes):
        for j in range(LANES):
            square[j] += <double>x[k * ROW_BLOCK + j] * x[k * ROW_BLOCK + j]
    for j in range(LANES):
        regular[j] &= square_in_range(square[j])
        norm[j] = sqrt(square[j])


cdef inline void lane_angles(AngleTile* tile, Py_ssize_t first, Py_ssize_t classes, double* value) noexcept nogil:
    cdef const real* y = tile.y + first
    cdef const real* p = tile.p + first
    cdef double* y_norm = tile.y_norm + first
    cdef double* p_norm = tile.p_norm + first
    cdef double[LANES] total
    cdef double difference
    cdef Py_ssize_t k, j
    lane_norms(y, classes, y_norm, tile.regular + first)
    lane_norms(p, classes, p_norm, tile.regular + first)
    for j in range(LANES):
        total[j] = 0
    for k in range(classes):
        for j in range(LANES):
            difference = p[k * ROW_BLOCK + j] / p_norm[j] - y[k * ROW_BLOCK + j] / y_norm[j]
            total[j] += difference * difference
    for j in range(LANES):
        value[j] = half(total[j])


cdef void tile_angle_grads(AngleTile* tile, Py_ssize_t classes, const double* value) noexcept nogil:
    cdef double[ROW_BLOCK] factor
    cdef double u, v
    cdef Py_ssize_t k, i
    for i in range(ROW_BLOCK):
        factor[i] = tile.scale[i] / tile.p_norm[i]
    for k in range(classes):
        for i in range(ROW_BLOCK):
            u = tile.p[k * ROW_BLOCK + i] / tile.p_norm[i]
            v = tile.y[k * ROW_BLOCK + i] / tile.y_norm[i]
            tile.p[k * ROW_BLOCK + i] = <real>(angle_slope(u, v, value[i]) * factor[i])


cdef double irregular_angle(const Call* call, AngleTile* tile, Py_ssize_t start, Py_ssize_t i) noexcept nogil:
    """The value of a row; its gradient takes its place in the tile."""
    cdef Angle angle
    cdef real[FEW] grad
    cdef Py_ssize_t k
    measure_angle(&call.y_true, &call.y_pred, start + i, call.classes, &angle)
    memset(grad, 0, sizeof(grad))
    if angle.directed:
        angle_grads(&angle, 0, call.classes, tile.scale[i], NULL, grad)
    for k in range(call.classes):
        tile.p[k * ROW_BLOCK + i] = grad[k]
    return angle.value


cdef void angle_tile(const Call* call, const double* weight, double* value, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    cdef AngleTile tile
    cdef Py_ssize_t i, k
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_true, start, rows, call.classes, tile.y)
    load_tile(&call.y_pred, start, rows, call.classes, tile.p)
    for i in range(ROW_BLOCK):
        tile.regular[i] = True
        tile.scale[i] = row_scale(call, weight, i) if i < rows else 0
    for k in range(ROW_BLOCK // LANES):
        lane_angles(&tile, k * LANES, call.classes, value + k * LANES)
    if call.grad.present:
        tile_angle_grads(&tile, call.classes, value)
    for i in range(rows):
        if not tile.regular[i]:
            value[i] = irregular_angle(call, &tile, start, i)
    if call.grad.present:
        drop_weightless(tile.p, weight, rows, call.classes)
        store_tile(&call.grad, start, rows, call.classes, tile.p)


cdef void cosine(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Of vectors of any numbers: there is nothing to check."""
    cdef double[ROW_BLOCK] buffer, value
    cdef const double* weight
    cdef Py_ssize_t block, start, rows
    if call.classes > FEW:
        each_row(cosine_row, call, first, last, partial)
        return
    for block in range(first, last):
        start = block * ROW_BLOCK
        rows = min(<Py_ssize_t>ROW_BLOCK, call.size - start)
        if call.outputs == NOTHING:
            continue
        weight = load_weights(call, start, rows, buffer)
        angle_tile(call, weight, value, start, rows)
        sum_or_store_rows(call, value, weight, start, rows, partial)


cdef void cosine_embedding(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(embedding_row, call, first, last, partial)
