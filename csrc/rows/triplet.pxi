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
    """|x|^power. The powers that people use need no logarithm."""
    cdef double[BLOCK] rest
    cdef Py_ssize_t k
    if power == 1:
        for k in range(n):
            x[k] = select_double(x[k] >= 0, x[k], -x[k])
    elif power == 2:
        for k in range(n):
            x[k] = x[k] * x[k]
    else:
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


cdef double sum_of_powers(const Gap* gap, double power, Py_ssize_t classes) noexcept nogil:
    cdef double[BLOCK] x
    cdef double total = 0
    cdef Py_ssize_t first = 0, n
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
    if 1e-200 < total < 1e200:
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
    cdef double length = gap.length, size
    cdef Py_ssize_t k
    load_gap(gap, first, n, slope)
    if length == 0:
        for k in range(n):
            slope[k] = 0
    elif power == 2:
        for k in range(n):
            slope[k] = slope[k] / length * scale
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


cdef void triplet_grads(const Call* call, const Gap* pull, const Gap* push, Py_ssize_t index, double scale) noexcept nogil:
    """`push` starts at the anchor, or with a swap at the positive. All three are read before the first is stored."""
    cdef double[BLOCK] to_positive, to_negative, anchor, positive
    cdef double power = norm_power(call)
    cdef bint swapped = push.a != pull.a
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        gap_slopes(pull, power, first, n, scale, to_positive)
        gap_slopes(push, power, first, n, scale, to_negative)
        for k in range(n):
            anchor[k] = to_positive[k] - select_double(swapped, 0, to_negative[k])
            positive[k] = -to_positive[k] - select_double(swapped, to_negative[k], 0)
        store_slopes(&call.grad, index, first, n, anchor)
        store_slopes(&call.further[0].grad, index, first, n, positive)
        store_slopes(&call.further[1].grad, index, first, n, to_negative)
        first += n


cdef inline double norm_power(const Call* call) noexcept nogil:
    """The norm of a power beyond the integers of a double is the maximum's to the last digit."""
    return call.parameters[1] if call.parameters[1] < 2.0**53 else <double>INFINITY


cdef double triplet_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef Gap pull, push, swap
    cdef double power = norm_power(call), value
    cdef const Operand* positive = &call.further[0].y_pred
    cdef const Operand* negative = &call.further[1].y_pred
    measure_gap(&call.y_pred, positive, index, power, call.classes, &pull)
    measure_gap(&call.y_pred, negative, index, power, call.classes, &push)
    if call.parameters[2] != 0:
        measure_gap(positive, negative, index, power, call.classes, &swap)
        if length_of(&swap) < length_of(&push) or swap.length != swap.length:
            push = swap
    value = length_of(&pull) - length_of(&push) + call.parameters[0]
    if value <= 0:
        fill_derivatives(call, index, 0)
        return 0
    if value != value:      # whichever of the vectors it comes from
        fill_derivatives(call, index, value)
        return value
    if call.grad.present and not isfinite(power):
        pull.tops = count_tops(&pull, call.classes)
        push.tops = count_tops(&push, call.classes)
    if call.grad.present:
        triplet_grads(call, &pull, &push, index, scale)
    return value


cdef void triplet(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(triplet_row, call, first, last, partial)
