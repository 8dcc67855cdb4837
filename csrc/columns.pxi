# Arrays that lie across the walk, all of them alike, as where everything is in Fortran order: columns are evaluated where they lie, and
# the values alone are laid out for the sum, which is of blocks in the order of the walk.

cdef enum:
    LEAST_COLUMN = 512      # rows of a window that are worth it: to begin with a column takes as long as some twenty numbers
    AT_ONCE = 16            # the numbers of the largest vector

cdef inline bint lies_like(const Operand* a, const Operand* other) noexcept nogil:
    return (lies_across(a) and a.ndim == 2 and a.strides[1] > 0 and a.strides[1] == other.strides[1]
            and a.shape[0] == other.shape[0] and a.shape[1] == other.shape[1])


cdef inline bint apart(const Operand* a, const Operand* other) noexcept nogil:
    """Whether two that lie alike share no memory."""
    cdef Py_ssize_t distance = a.data - other.data
    cdef Py_ssize_t extent = (a.shape[1] - 1) * a.strides[1] + a.shape[0] * a.size
    return distance >= extent or distance <= -extent


cdef inline bint result_lies_like(const Call* call, const Operand* target) noexcept nogil:
    return target.present and lies_like(target, &call.y_true) and apart(target, &call.y_true) and apart(target, &call.y_pred)


cdef bint all_alike(const Call* call) noexcept nogil:
    """What changes numbers before or after a point goes the way of all others."""
    if call.outputs == NOTHING or call.weighted or call.pair or call.statistics or checked_first(call):
        return False
    if not lies_like(&call.y_true, &call.y_true) or not lies_like(&call.y_pred, &call.y_true):
        return False
    return ((not gives_value(call.outputs) or call.summed or result_lies_like(call, &call.value))
            and (not gives_grad(call.outputs) or result_lies_like(call, &call.grad))
            and (not gives_hess(call.outputs) or result_lies_like(call, &call.hess)))


cdef inline bint may_be_outside(const real* x, const Domain* domain, Py_ssize_t n) noexcept nogil:
    return domain.checked and not surely_inside(x, domain, n) and any_outside(x, domain, n)


cdef inline real* below(const Operand* a, Py_ssize_t place) noexcept nogil:
    return <real*>(a.data + place) if a.present else NULL


cdef inline void evaluate_at(const Call* call, Py_ssize_t place, Py_ssize_t n, real* value) noexcept nogil:
    POINTS[call.point][<int>call.outputs](below(&call.y_true, place), below(&call.y_pred, place), call.parameters, call.scale, value,
                                          below(&call.grad, place), below(&call.hess, place), n)


cdef inline void evaluate_column(const Call* call, Py_ssize_t place, Py_ssize_t n, real* value) noexcept nogil:
    """The numbers left over by vectors are the last of one that begins earlier."""
    cdef Py_ssize_t rest = n % AT_ONCE, early = n - AT_ONCE
    if rest and early > 0:
        evaluate_at(call, place + early * <Py_ssize_t>sizeof(real), AT_ONCE, value + early)
        n -= rest
    evaluate_at(call, place, n, value)


cdef bint evaluate_columns(const Call* call, Py_ssize_t start, Py_ssize_t n, const Operand* values) noexcept nogil:
    """Of the elements from `start` on each column holds some rows; false where one is out of its domain."""
    cdef const Operand* truth = &call.y_true
    cdef Py_ssize_t columns = truth.shape[1], top = start // columns, bottom = (start + n) // columns, column, row, rows, place
    cdef Py_ssize_t before = start - top * columns, behind = start + n - bottom * columns
    for column in range(columns):
        row = top + (column < before)
        rows = bottom + (column < behind) - row
        place = row * truth.size + column * truth.strides[1]
        evaluate_column(call, place, rows, below(values, row * values.size + column * values.strides[1]))
        if (may_be_outside(below(&call.y_true, place), &call.y_true_domain, rows)
                or may_be_outside(below(&call.y_pred, place), &call.y_pred_domain, rows)):
            return False
    return True


cdef bint sum_columns(const Operand* values, Py_ssize_t start, Py_ssize_t n, real* plain, ExactSum* sum) noexcept nogil:
    """False where a block's sum leaves the range, and before anything is added."""
    cdef double[MOST_WINDOW] totals
    cdef Py_ssize_t block, first, blocks = (n + BLOCK - 1) // BLOCK
    for block in range(blocks):
        first = block % LEAST_WINDOW
        if first == 0:
            gather_block(values, start + block * BLOCK, min(<Py_ssize_t>LEAST_WINDOW * BLOCK, n - block * BLOCK), plain)
        totals[block] = block_sum(plain + first * BLOCK, min(<Py_ssize_t>BLOCK, n - block * BLOCK))
        if not isfinite(totals[block]):
            return False
    for block in range(blocks):
        exact_add(sum, totals[block])
    return True


cdef inline Py_ssize_t stride_of(Py_ssize_t size) noexcept nogil:
    """An odd number of lines: neighbours across columns of powers of two would want the same places in the cache."""
    return ((size + LINE - 1) // LINE | 1) * LINE


cdef bint by_columns(const Call* call, Py_ssize_t first, Py_ssize_t last, real* memory, Partial* partial) noexcept nogil:
    """Some blocks; false, and nothing added, where something is not as usual. Values that are summed go to an operand of their own."""
    cdef bint sums = gives_value(call.outputs) and call.summed
    cdef Operand values = call.y_true if sums else call.value
    cdef Py_ssize_t columns = call.y_true.shape[1], start = call.origin + first * BLOCK
    cdef Py_ssize_t n = min(last * BLOCK, call.size) - first * BLOCK, top = start // columns
    if sums:
        values.strides[1] = stride_of(((start + n - 1) // columns + 1 - top) * values.size)
        values.data = <char*>(<size_t>(memory + LEAST_WINDOW * BLOCK) - top * values.size)
    if not evaluate_columns(call, start, n, &values):
        return False
    return not sums or sum_columns(&values, start, n, memory, &partial.sums[0])


cdef inline Py_ssize_t blocks_of_columns(const Call* call) noexcept nogil:
    """Of a window; 0 where it would be too large."""
    cdef Py_ssize_t blocks = call.y_true.shape[1] // (BLOCK // LEAST_COLUMN)
    return 0 if blocks > MOST_WINDOW else max(<Py_ssize_t>LEAST_WINDOW, blocks)


cdef void across(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Blocks of operands of which some lie across."""
    cdef Py_ssize_t end, window = blocks_of_columns(call) if all_alike(call) else 0
    cdef real* memory = NULL
    if window:
        memory = <real*>malloc((LEAST_WINDOW + window) * BLOCK * sizeof(real) + call.y_true.shape[1] * 4 * LINE)
    if memory == NULL:
        in_windows(call, False, each_block, first, last, partial)
        return
    while first < last and partial.fault == NO_FAULT:
        end = min(first + window, last)
        if not by_columns(call, first, end, memory, partial):
            in_windows(call, False, each_block, first, end, partial)
        first = end
    free(memory)
