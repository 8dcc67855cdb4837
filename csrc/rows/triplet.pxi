# The triplet loss of an anchor, a positive and a negative vector, in double: max(0, d(a, p) - d(a, n) + margin) for a p-norm d.

cdef struct Gap:
    # The difference of two rows, a - b, in units of `top` where its powers would leave the range.
    const Operand* a
    const Operand* b
    const char* a_row
    const char* b_row
    double unit
    double length           # its norm, in that unit
    double by               # what entries are divided by before they are raised to other powers than 1 and 2: the largest of them
    double steep            # what these powers are multiplied with in its derivatives
    double tops             # how many entries are as large as the largest


cdef void load_gap(const Gap* gap, Py_ssize_t first, Py_ssize_t n, double* difference) noexcept nogil:
    cdef real[BLOCK] a_buffer, b_buffer
    cdef const real* a = load_classes(gap.a, gap.a_row, first, n, a_buffer)
    cdef const real* b = load_classes(gap.b, gap.b_row, first, n, b_buffer)
    cdef double unit = gap.unit
    cdef Py_ssize_t k
    for k in range(n):
        difference[k] = <double>a[k] * unit - <double>b[k] * unit


cdef void load_rests(const Gap* gap, Py_ssize_t first, Py_ssize_t n, const double* difference, double* rest) noexcept nogil:
    """What rounding took from the differences."""
    cdef real[BLOCK] a_buffer, b_buffer
    cdef const real* a = load_classes(gap.a, gap.a_row, first, n, a_buffer)
    cdef const real* b = load_classes(gap.b, gap.b_row, first, n, b_buffer)
    cdef Py_ssize_t k
    for k in range(n):
        rest[k] = rest_of_sum(<double>a[k] * gap.unit, -<double>b[k] * gap.unit, difference[k])


cdef inline double size_of(double x) noexcept nogil:
    return x if x >= 0 else -x


cdef inline double raised(double x, double rest, double by, double power) noexcept nogil:
    """|(x + rest) / by|^power: the power multiplies what is lost in a rounding."""
    cdef double ratio = x / by, result = double_pow(size_of(ratio), power)
    return result + result * power * ((fma(-ratio, by, x) + rest) / x) if x != 0 and isfinite(x) else result


cdef void raise_sizes(const Gap* gap, Py_ssize_t first, double* x, double power, Py_ssize_t n) noexcept nogil:
    """|x|^power."""
    cdef double[BLOCK] rest
    cdef Py_ssize_t k
    load_rests(gap, first, n, x, rest)
    for k in range(n):
        x[k] = raised(x[k], rest[k], gap.by, power)


cdef double largest_gap(const Gap* gap, Py_ssize_t classes) noexcept nogil:
    """The largest absolute difference; a nan, if there is one."""
    cdef double[BLOCK] x
    cdef double top = 0
    cdef Py_ssize_t first = 0, n, k
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        load_gap(gap, first, n, x)
        for k in range(n):
            top = select_double(size_of(x[k]) > top, size_of(x[k]), top) + 0 * select_double(x[k] == x[k], 0, x[k])
        first += n
    return top


cdef inline double size_of_gap(double a, double b, const double* given) noexcept nogil:
    return size_of(a * given[0] - b * given[0])


cdef inline double square_of_gap(double a, double b, const double* given) noexcept nogil:
    cdef double difference = a * given[0] - b * given[0]
    return difference * difference


cdef inline double sum_of_gaps(term_fn term, const Gap* gap, Py_ssize_t classes) noexcept nogil:
    """Without arrays between: of the powers that people use."""
    cdef double[GIVEN] given
    give_one(gap.unit, given)
    return sum_of_rows(term, gap.a, gap.a_row, gap.b, gap.b_row, given, classes)


cdef double sum_of_powers(const Gap* gap, double power, Py_ssize_t classes) noexcept nogil:
    cdef double[BLOCK] x
    cdef double total = 0
    cdef Py_ssize_t first = 0, n
    if power == 1:
        return sum_of_gaps(size_of_gap, gap, classes)
    if power == 2:
        return sum_of_gaps(square_of_gap, gap, classes)
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        load_gap(gap, first, n, x)
        raise_sizes(gap, first, x, power, n)
        total += sum_of_doubles(x, n)
        first += n
    return total


cdef inline double root_of(double total, double power) noexcept nogil:
    """The exponent 1 / power is rounded, which the power of a large total would show."""
    cdef double exponent = 1 / power, root
    if power == 1 or power == 2:
        return total if power == 1 else sqrt(total)
    root = double_pow(total, exponent)
    if not 0 < total < 1e200:
        return root
    return root + root * double_log(total) * exponent * fma(-exponent, power, 1)


cdef inline bint norm_in_range(double total, bint squared) noexcept nogil:
    """Of sizes all but 0: there are none where a power is to be tried without a unit."""
    return (total > 1e-200) & (total < 1e200) if squared else (total > 0) & (total < <double>INFINITY)


cdef void measure_gap(const Operand* a, const Operand* b, Py_ssize_t index, double power, Py_ssize_t classes, Gap* gap) noexcept nogil:
    """The unit is a power of two that brings the largest difference near 1, where squares of differences leave the range without. For other
    powers than 1 and 2 there is always one. Their entries are |x|^(power - 1) length^(1 - power), which is the length over the sum."""
    cdef double top, total, root
    cdef int exponent = 0
    gap.a = a
    gap.b = b
    gap.a_row = row_of(a, index)
    gap.b_row = row_of(b, index)
    gap.unit = gap.by = 1
    total = sum_of_powers(gap, power, classes) if power == 1 or power == 2 else 0
    gap.length = root_of(total, power)
    if norm_in_range(total, power == 2):
        return
    gap.unit = 0.5
    top = largest_gap(gap, classes)
    gap.unit = 1
    gap.length = top * 2
    gap.steep = 0 if top == top else top
    if top > 0 and isfinite(top):
        frexp(top, &exponent)
        gap.unit = ldexp(1, min(-exponent, 1000))
        gap.by = largest_gap(gap, classes)
        total = sum_of_powers(gap, power, classes) if isfinite(power) else 1
        root = root_of(total, power) if isfinite(power) else 1
        gap.length = root if power == 1 or power == 2 else gap.by * root
        gap.steep = root / total


cdef double count_tops(const Gap* gap, Py_ssize_t classes) noexcept nogil:
    cdef double[BLOCK] x
    cdef double count = 0
    cdef Py_ssize_t first = 0, n, k
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        load_gap(gap, first, n, x)
        for k in range(n):
            count += select_double(size_of(x[k]) == gap.length, 1, 0)
        first += n
    return count


cdef double length_of(const Gap* gap) noexcept nogil:
    return gap.length / gap.unit


cdef void gap_slopes(const Gap* gap, double power, Py_ssize_t first, Py_ssize_t n, double scale, double* slope) noexcept nogil:
    """The derivatives of the norm by the first vector; 0 where the difference is, the largest entry's sign for the maximum norm."""
    cdef double[BLOCK] rest
    cdef double length = gap.length, inverse = 1 / length, size
    cdef Py_ssize_t k
    load_gap(gap, first, n, slope)
    if length == 0:
        for k in range(n):
            slope[k] = 0
    elif power == 2:
        for k in range(n):
            slope[k] = divided(slope[k], length, inverse) * scale
    else:
        if power != 1 and isfinite(power):
            load_rests(gap, first, n, slope, rest)
        for k in range(n):
            size = size_of(slope[k])
            if isfinite(power):
                size = 1 if power == 1 else raised(size, rest[k] if slope[k] > 0 else -rest[k], gap.by, power - 1) * gap.steep
            else:
                size = 1 / gap.tops if size == length else 0
            slope[k] = (size if slope[k] > 0 else (-size if slope[k] < 0 else slope[k])) * scale


cdef void store_slopes(const Operand* target, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, const double* slope) noexcept nogil:
    cdef real[BLOCK] grad
    cdef Py_ssize_t k
    for k in range(n):
        grad[k] = <real>slope[k]
    store_classes(target, row_of(target, index), first, n, grad)


cdef inline double slope_at_anchor(double to_positive, double to_negative, bint swapped) noexcept nogil:
    """The gap to the negative starts here, or with a swap at the positive."""
    return to_positive - select_double(swapped, 0, to_negative)


cdef inline double slope_at_positive(double to_positive, double to_negative, bint swapped) noexcept nogil:
    return -to_positive - select_double(swapped, to_negative, 0)


cdef void triplet_slopes(const Gap* pull, const Gap* push, double power, Py_ssize_t first, Py_ssize_t n, double scale, double* anchor,
                         double* positive, double* negative) noexcept nogil:
    cdef double[BLOCK] to_positive
    cdef bint swapped = push.a != pull.a
    cdef Py_ssize_t k
    gap_slopes(pull, power, first, n, scale, to_positive)
    gap_slopes(push, power, first, n, scale, negative)
    for k in range(n):
        anchor[k] = slope_at_anchor(to_positive[k], negative[k], swapped)
        positive[k] = slope_at_positive(to_positive[k], negative[k], swapped)


cdef void triplet_grads(const Call* call, const Gap* pull, const Gap* push, Py_ssize_t index, double scale) noexcept nogil:
    """All three are read before the first is stored."""
    cdef double[BLOCK] anchor, positive, to_negative
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        triplet_slopes(pull, push, norm_power(call), first, n, scale, anchor, positive, to_negative)
        store_slopes(&call.grad, index, first, n, anchor)
        store_slopes(&call.further[0].grad, index, first, n, positive)
        store_slopes(&call.further[1].grad, index, first, n, to_negative)
        first += n


cdef inline double norm_power(const Call* call) noexcept nogil:
    """The norm of a power beyond the integers of a double is the maximum's to the last digit."""
    return call.parameters[1] if call.parameters[1] < 2.0**53 else <double>INFINITY


cdef double measure_triplet(const Call* call, Py_ssize_t index, Gap* pull, Gap* push) noexcept nogil:
    """The value, not above 0 where nothing counts."""
    cdef Gap swap
    cdef double power = norm_power(call)
    cdef const Operand* positive = &call.further[0].y_pred
    cdef const Operand* negative = &call.further[1].y_pred
    measure_gap(&call.y_pred, positive, index, power, call.classes, pull)
    measure_gap(&call.y_pred, negative, index, power, call.classes, push)
    if call.parameters[2] != 0:
        measure_gap(positive, negative, index, power, call.classes, &swap)
        if length_of(&swap) < length_of(push) or swap.length != swap.length:
            push[0] = swap
    if call.grad.present and not isfinite(power):
        pull.tops = count_tops(pull, call.classes)
        push.tops = count_tops(push, call.classes)
    return length_of(pull) - length_of(push) + call.parameters[0]


cdef double triplet_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef Gap pull, push
    cdef double value = measure_triplet(call, index, &pull, &push)
    if value <= 0:
        fill_derivatives(call, index, 0)
        return 0
    if value != value:      # whichever of the vectors it comes from
        fill_derivatives(call, index, value)
    elif call.grad.present:
        triplet_grads(call, &pull, &push, index, scale)
    return value


cdef struct TripletTile:
    real[FEW * ROW_BLOCK] anchor        # all three at last gradients
    real[FEW * ROW_BLOCK] positive
    real[FEW * ROW_BLOCK] negative
    double[ROW_BLOCK] pull              # the norms
    double[ROW_BLOCK] push
    double[ROW_BLOCK] swap
    double[ROW_BLOCK] scale
    bint[ROW_BLOCK] regular             # whether the sums stay in range: all others are taken as single rows


cdef inline void tile_norms(const real* a, const real* b, Py_ssize_t classes, bint squared, double* length, bint* regular) noexcept nogil:
    cdef double[ROW_BLOCK] total
    cdef double difference
    cdef Py_ssize_t k, i
    for i in range(ROW_BLOCK):
        total[i] = 0
    for k in range(classes):
        for i in range(ROW_BLOCK):
            difference = <double>a[k * ROW_BLOCK + i] - b[k * ROW_BLOCK + i]
            total[i] += difference * difference if squared else size_of(difference)
    for i in range(ROW_BLOCK):
        regular[i] &= norm_in_range(total[i], squared)
        length[i] = sqrt(total[i]) if squared else total[i]


cdef inline double slope_of_gap(double difference, double length, double inverse, bint squared) noexcept nogil:
    return divided(difference, length, inverse) if squared else select_double(difference > 0, 1, select_double(difference < 0, -1, 0))


cdef inline void set_slopes_of_tile(TripletTile* tile, Py_ssize_t classes, bint squared) noexcept nogil:
    cdef double[ROW_BLOCK] length, inverse, pull_inverse
    cdef double a, p, n, pull, push
    cdef bint swapped
    cdef Py_ssize_t k, i, at
    for i in range(ROW_BLOCK):
        length[i] = select_double(tile.swap[i] < tile.push[i], tile.swap[i], tile.push[i])
        inverse[i] = 1 / length[i]
        pull_inverse[i] = 1 / tile.pull[i]
    for k in range(classes):
        for i in range(ROW_BLOCK):
            at = k * ROW_BLOCK + i
            a, p, n = tile.anchor[at], tile.positive[at], tile.negative[at]
            swapped = tile.swap[i] < tile.push[i]
            pull = slope_of_gap(a - p, tile.pull[i], pull_inverse[i], squared) * tile.scale[i]
            push = slope_of_gap(select_double(swapped, p, a) - n, length[i], inverse[i], squared) * tile.scale[i]
            tile.anchor[at] = <real>(slope_at_anchor(pull, push, swapped) + 0)
            tile.positive[at] = <real>(slope_at_positive(pull, push, swapped) + 0)
            tile.negative[at] = <real>(push + 0)


cdef inline void measure_tile(const Call* call, bint squared, const double* weight, TripletTile* tile, double* value,
                              Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t i
    tile_norms(tile.anchor, tile.positive, call.classes, squared, tile.pull, tile.regular)
    tile_norms(tile.anchor, tile.negative, call.classes, squared, tile.push, tile.regular)
    if call.parameters[2] != 0:
        tile_norms(tile.positive, tile.negative, call.classes, squared, tile.swap, tile.regular)
    for i in range(ROW_BLOCK):
        value[i] = tile.pull[i] - select_double(tile.swap[i] < tile.push[i], tile.swap[i], tile.push[i]) + call.parameters[0]
        value[i] = select_double(value[i] > 0, value[i], 0)
        tile.scale[i] = row_scale(call, weight, i) if i < rows and value[i] > 0 else 0
    if call.grad.present:
        set_slopes_of_tile(tile, call.classes, squared)


cdef double irregular_triplet(const Call* call, TripletTile* tile, Py_ssize_t start, Py_ssize_t i, double scale) noexcept nogil:
    """The value of a row; its gradients take their places in the tile."""
    cdef Gap pull, push
    cdef double[FEW] anchor, positive, negative
    cdef double value = measure_triplet(call, start + i, &pull, &push)
    cdef Py_ssize_t k
    if value > 0 and call.grad.present:
        triplet_slopes(&pull, &push, norm_power(call), 0, call.classes, scale, anchor, positive, negative)
    else:
        for k in range(call.classes):
            anchor[k] = positive[k] = negative[k] = nil_double(value)
    for k in range(call.classes):
        tile.anchor[k * ROW_BLOCK + i] = <real>anchor[k]
        tile.positive[k * ROW_BLOCK + i] = <real>positive[k]
        tile.negative[k * ROW_BLOCK + i] = <real>negative[k]
    return 0 if value <= 0 else value


cdef void triplet_tile(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                       Py_ssize_t rows) noexcept nogil:
    cdef TripletTile tile
    cdef Py_ssize_t i
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_pred, start, rows, call.classes, tile.anchor)
    load_tile(&call.further[0].y_pred, start, rows, call.classes, tile.positive)
    load_tile(&call.further[1].y_pred, start, rows, call.classes, tile.negative)
    for i in range(ROW_BLOCK):
        tile.regular[i] = True
        tile.swap[i] = INFINITY
    if norm_power(call) == 2:
        measure_tile(call, True, weight, &tile, value, rows)
    else:
        measure_tile(call, False, weight, &tile, value, rows)
    for i in range(rows):
        if not tile.regular[i]:
            value[i] = irregular_triplet(call, &tile, start, i, row_scale(call, weight, i))
    if call.grad.present:
        store_counting(&call.grad, start, rows, call.classes, tile.anchor, weight)
        store_counting(&call.further[0].grad, start, rows, call.classes, tile.positive, weight)
        store_counting(&call.further[1].grad, start, rows, call.classes, tile.negative, weight)


cdef void triplet(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    if norm_power(call) == 1 or norm_power(call) == 2:
        rows_or_tiles(triplet_row, triplet_tile, call, first, last, partial)
    else:
        each_row(triplet_row, call, first, last, partial)
