# The cosine distance of rows, in double. With the unit vectors u of y_pred and v of y_true it is |u - v|^2 / 2: 1 - u v would lose
# everything where the two are close. Its gradient is ((u - v) - value u) / |y_pred|.
#
# Rows of few classes are taken in tiles, many row by row.

cdef enum:
    Y_LIFT, P_LIFT, Y_NORM, P_NORM, Y_INVERSE, P_INVERSE


cdef struct Angle:
    # Two rows, and what makes unit vectors of them: a power of two that keeps every square in range, the norm behind it and its inverse.
    const Operand* y
    const Operand* p
    const char* y_row
    const char* p_row
    double[GIVEN] given
    double distance         # needed for the gradients
    bint counts             # both have a direction, for neither is zero, and the loss is not 0 beyond a margin


cdef inline double lifted(double x, double lift) noexcept nogil:
    return x * lift if sizeof(real) == sizeof(double) else x


cdef inline double unit_y(double y, const double* given) noexcept nogil:
    return divided(lifted(y, given[Y_LIFT]), given[Y_NORM], given[Y_INVERSE])


cdef inline double unit_p(double p, const double* given) noexcept nogil:
    return divided(lifted(p, given[P_LIFT]), given[P_NORM], given[P_INVERSE])


cdef inline double square_of_lifted(double x, double same, const double* given) noexcept nogil:
    return lifted(x, given[0]) * lifted(x, given[0])


cdef inline double square_of_difference(double y, double p, const double* given) noexcept nogil:
    cdef double difference = unit_p(p, given) - unit_y(y, given)
    return difference * difference


cdef inline double product_of_units(double y, double p, const double* given) noexcept nogil:
    return unit_p(p, given) * unit_y(y, given)


cdef double norm(const Operand* a, const char* row, Py_ssize_t classes, double lift) noexcept nogil:
    """The Euclidean norm of a row times the lift."""
    cdef real[BLOCK] buffer
    cdef double[GIVEN] given
    cdef const real* x
    cdef double total = 0
    cdef Py_ssize_t first = 0, n
    give_one(lift, given)
    while first < classes:      # the row is one: it is not to be gathered twice
        n = min(<Py_ssize_t>BLOCK, classes - first)
        x = load_classes(a, row, first, n, buffer)
        total += sum_terms(square_of_lifted, x, x, given, n)
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


cdef inline double total_of_units(term_fn term, const Angle* angle, Py_ssize_t classes) noexcept nogil:
    """The sum of terms of both vectors' entries."""
    return sum_of_rows(term, angle.y, angle.y_row, angle.p, angle.p_row, angle.given, classes)


cdef inline double half(double total) noexcept nogil:
    """Of the squares of a difference of unit vectors: their distance."""
    return select_double(total > 4, 2, total / 2)


cdef inline double angle_slope(double u, double v, double distance) noexcept nogil:
    """The distance's gradient by |x| u."""
    return (u - v) - distance * u


cdef double distance_of(const Angle* angle, Py_ssize_t classes) noexcept nogil:
    return half(total_of_units(square_of_difference, angle, classes))


cdef inline bint no_direction(double own, double other) noexcept nogil:
    """A zero vector; but a nan in the other is not to be lost."""
    return own == 0 and other == other


cdef inline const Operand* first_vector(const Call* call) noexcept nogil:
    if call.further[0].y_pred.present:
        return &call.y_pred
    return &call.y_true


cdef inline const Operand* second_vector(const Call* call) noexcept nogil:
    if call.further[0].y_pred.present:
        return &call.further[0].y_pred
    return &call.y_pred


cdef void open_angle(const Call* call, Py_ssize_t index, Angle* angle) noexcept nogil:
    """A zero vector has no direction: value and gradient are 0."""
    cdef double* given = angle.given
    angle.y = first_vector(call)
    angle.p = second_vector(call)
    angle.y_row = row_of(angle.y, index)
    angle.p_row = row_of(angle.p, index)
    given[Y_NORM] = norm_and_lift(angle.y, angle.y_row, call.classes, &given[Y_LIFT])
    given[P_NORM] = norm_and_lift(angle.p, angle.p_row, call.classes, &given[P_LIFT])
    given[Y_INVERSE] = 1 / given[Y_NORM]
    given[P_INVERSE] = 1 / given[P_NORM]
    angle.counts = not (no_direction(given[Y_NORM], given[P_NORM]) or no_direction(given[P_NORM], given[Y_NORM]))


cdef void angle_grads(const Angle* angle, Py_ssize_t first, Py_ssize_t n, double scale, real* grad_y, real* grad_p) noexcept nogil:
    """The distance's gradients by both vectors, for some classes; that by y only where there is room for it."""
    cdef real[BLOCK] y_buffer, p_buffer
    cdef const real* y = load_classes(angle.y, angle.y_row, first, n, y_buffer)
    cdef const real* p = load_classes(angle.p, angle.p_row, first, n, p_buffer)
    cdef double[GIVEN] given
    cdef double y_factor = scale / angle.given[Y_NORM], p_factor = scale / angle.given[P_NORM], distance = angle.distance
    cdef Py_ssize_t k
    memcpy(given, angle.given, sizeof(given))
    for k in range(n):
        grad_p[k] = <real>lifted(angle_slope(unit_p(p[k], given), unit_y(y[k], given), distance) * p_factor, given[P_LIFT])
    if grad_y == NULL:
        return
    for k in range(n):
        grad_y[k] = <real>lifted(angle_slope(unit_y(y[k], given), unit_p(p[k], given), distance) * y_factor, given[Y_LIFT])


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
            product[k] = lifted(y[k], angle.given[Y_LIFT]) * lifted(p[k], angle.given[P_LIFT])
            rest[k] = fma(lifted(y[k], angle.given[Y_LIFT]), lifted(p[k], angle.given[P_LIFT]), -product[k])
        add_pairs(product, rest, n, &total)
        first += n
    return min(<double>1, (total.sum + total.rest) / (angle.given[Y_NORM] * angle.given[P_NORM]))


cdef inline double doubt_of(Py_ssize_t classes) noexcept nogil:
    """What rounding may make of a cosine."""
    return 4e-16 * (8 + classes)


cdef double excess_of_cosine(const Angle* angle, Py_ssize_t classes, double margin) noexcept nogil:
    """Its own sum, since 1 less the distance would lose a small one. Beside the kink the last bit would decide, unless it is exact."""
    cdef double cosine = total_of_units(product_of_units, angle, classes), doubt = doubt_of(classes)
    cdef double excess = select_double(cosine > 1, 1, cosine) - margin
    return exact_cosine(angle, classes) - margin if -doubt <= excess <= doubt else excess


cdef double measure_loss(const Call* call, Py_ssize_t index, double truth, Angle* angle) noexcept nogil:
    """The value: of the label 1 the distance; of the label -1, for which 0 may stand, the cosine's excess over the margin. A nan stays."""
    cdef double value
    open_angle(call, index, angle)
    if not angle.counts:
        return nil_double(truth)
    if truth > 0:
        angle.distance = distance_of(angle, call.classes)
        return angle.distance
    value = excess_of_cosine(angle, call.classes, call.parameters[0]) + 0 * truth
    angle.counts = not value <= 0
    if angle.counts and call.grad.present:
        angle.distance = distance_of(angle, call.classes)
    return value if angle.counts else 0


cdef inline double turned(double scale, double truth) noexcept nogil:
    """What the label makes of the distance's gradient."""
    return select_double(truth > 0, scale, -scale) + 0 * truth


cdef double angle_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef Angle angle
    cdef double value = measure_loss(call, index, truth, &angle)
    if not angle.counts:
        fill_derivatives(call, index, nil_double(value))
    elif call.grad.present:
        store_angle_grads(call, &angle, index, turned(scale, truth))
    return value


cdef double cosine_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    return angle_row(call, index, 1, scale)


cdef struct AngleTile:
    real[FEW * ROW_BLOCK] y         # at last the gradients
    real[FEW * ROW_BLOCK] p
    double[ROW_BLOCK] y_norm
    double[ROW_BLOCK] p_norm
    double[ROW_BLOCK] y_inverse
    double[ROW_BLOCK] p_inverse
    double[ROW_BLOCK] distance
    double[ROW_BLOCK] cosine
    double[ROW_BLOCK] scale         # of the distance's gradient
    bint[ROW_BLOCK] regular         # whether the squares stay in range: all others are taken as single rows


cdef inline bint square_in_range(double square) noexcept nogil:
    return (square > 1e-280) & (square < 1e280)


cdef inline void lane_norms(const real* x, Py_ssize_t classes, double* norm, double* inverse, bint* regular) noexcept nogil:
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
        inverse[j] = 1 / norm[j]


cdef inline double unit_at(const real* x, const double* norm, const double* inverse, Py_ssize_t k, Py_ssize_t i) noexcept nogil:
    return divided(x[k * ROW_BLOCK + i], norm[i], inverse[i])


cdef inline void lane_angles(AngleTile* tile, bint labelled, Py_ssize_t first, Py_ssize_t classes) noexcept nogil:
    cdef double[LANES] total, cosine
    cdef double u, v
    cdef Py_ssize_t k, j
    lane_norms(tile.y + first, classes, tile.y_norm + first, tile.y_inverse + first, tile.regular + first)
    lane_norms(tile.p + first, classes, tile.p_norm + first, tile.p_inverse + first, tile.regular + first)
    for j in range(LANES):
        total[j] = cosine[j] = 0
    for k in range(classes):
        for j in range(LANES):
            u = unit_at(tile.p, tile.p_norm, tile.p_inverse, k, first + j)
            v = unit_at(tile.y, tile.y_norm, tile.y_inverse, k, first + j)
            total[j] += (u - v) * (u - v)
            if labelled:
                cosine[j] += u * v
    for j in range(LANES):
        tile.distance[first + j] = half(total[j])
        tile.cosine[first + j] = select_double(cosine[j] > 1, 1, cosine[j])


cdef void tile_losses(const Call* call, AngleTile* tile, const double* truth, double* value) noexcept nogil:
    cdef double margin = call.parameters[0], doubt = doubt_of(call.classes), excess
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        excess = tile.cosine[i] - margin + 0 * truth[i]
        tile.regular[i] &= (truth[i] > 0) | (excess > doubt) | (excess < -doubt)
        value[i] = select_double(truth[i] > 0, tile.distance[i], select_double(excess > 0, excess, 0))
        tile.scale[i] = select_double((truth[i] > 0) | (excess > 0), turned(tile.scale[i], truth[i]), 0)


cdef void tile_angle_grads(AngleTile* tile, Py_ssize_t classes, bint both) noexcept nogil:
    cdef double[ROW_BLOCK] y_factor, p_factor
    cdef double u, v
    cdef Py_ssize_t k, i
    for i in range(ROW_BLOCK):
        y_factor[i] = tile.scale[i] / tile.y_norm[i]
        p_factor[i] = tile.scale[i] / tile.p_norm[i]
    for k in range(classes):
        for i in range(ROW_BLOCK):
            u = unit_at(tile.p, tile.p_norm, tile.p_inverse, k, i)
            v = unit_at(tile.y, tile.y_norm, tile.y_inverse, k, i)
            tile.p[k * ROW_BLOCK + i] = <real>(angle_slope(u, v, tile.distance[i]) * p_factor[i] + 0)
            if both:
                tile.y[k * ROW_BLOCK + i] = <real>(angle_slope(v, u, tile.distance[i]) * y_factor[i] + 0)


cdef double irregular_angle(const Call* call, AngleTile* tile, Py_ssize_t start, Py_ssize_t i, double truth, double scale,
                            bint both) noexcept nogil:
    """The value of a row; its gradients take their places in the tile."""
    cdef Angle angle
    cdef real[FEW] grad_y, grad_p
    cdef double value = measure_loss(call, start + i, truth, &angle)
    cdef Py_ssize_t k
    for k in range(call.classes):
        grad_y[k] = grad_p[k] = <real>nil_double(value)
    if angle.counts and call.grad.present:
        angle_grads(&angle, 0, call.classes, turned(scale, truth), grad_y if both else NULL, grad_p)
    for k in range(call.classes):
        tile.y[k * ROW_BLOCK + i] = grad_y[k]
        tile.p[k * ROW_BLOCK + i] = grad_p[k]
    return value


cdef void store_angle_tile(const Call* call, AngleTile* tile, const double* weight, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    if not call.further[0].grad.present:
        store_counting(&call.grad, start, rows, call.classes, tile.p, weight)
        return
    store_counting(&call.grad, start, rows, call.classes, tile.y, weight)
    store_counting(&call.further[0].grad, start, rows, call.classes, tile.p, weight)


cdef inline void angle_tile(const Call* call, bint labelled, const double* truth, const double* weight, double* value, Py_ssize_t start,
                            Py_ssize_t rows) noexcept nogil:
    """Without labels all are 1."""
    cdef AngleTile tile
    cdef bint both = call.further[0].grad.present
    cdef Py_ssize_t i, k
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(first_vector(call), start, rows, call.classes, tile.y)
    load_tile(second_vector(call), start, rows, call.classes, tile.p)
    for i in range(ROW_BLOCK):
        tile.regular[i] = True
        tile.scale[i] = row_scale(call, weight, i) if i < rows else 0
    for k in range(ROW_BLOCK // LANES):
        lane_angles(&tile, labelled, k * LANES, call.classes)
    if labelled:
        tile_losses(call, &tile, truth, value)
    else:
        memcpy(value, tile.distance, sizeof(tile.distance))
    if call.grad.present:
        tile_angle_grads(&tile, call.classes, both)
    for i in range(rows):
        if not tile.regular[i]:
            value[i] = irregular_angle(call, &tile, start, i, truth[i] if labelled else 1, row_scale(call, weight, i), both)
    if call.grad.present:
        store_angle_tile(call, &tile, weight, start, rows)


cdef void cosine_tile(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                      Py_ssize_t rows) noexcept nogil:
    angle_tile(call, False, truth, weight, value, start, rows)


cdef void embedding_tile(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                         Py_ssize_t rows) noexcept nogil:
    angle_tile(call, True, truth, weight, value, start, rows)


cdef void cosine(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    rows_or_tiles(cosine_row, cosine_tile, call, first, last, partial)


cdef void cosine_embedding(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    rows_or_tiles(angle_row, embedding_tile, call, first, last, partial)
