# Arrays that lie across the walk, all of them alike, as where everything is in Fortran order: columns are evaluated where they lie, and
# the values alone are laid out for the sum, which is of blocks in the order of the walk.

cdef enum:
    LEAST_COLUMN = 64       # rows that are worth it: to begin with, a column takes as long as some twenty numbers;
    GOOD_COLUMN = 512       # and those that a window should have
    VECTOR = 16             # numbers of the largest
    SUMMED_AT_ONCE = 8      # blocks of values: 32 KB of floats stay in the nearest cache


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
    """What changes numbers before or after a point goes the way of all others, as do kernels of the caller's own, which are asked for
    first since they are no points, and points of which usual blocks have faster ones."""
    if checked_first(call) or USUAL[call.point] or call.weighted or call.pair or call.statistics:
        return False
    if not call.y_true.present or not lies_like(&call.y_true, &call.y_true) or not lies_like(&call.y_pred, &call.y_true):
        return False
    return ((not gives_value(call.outputs) or call.summed or result_lies_like(call, &call.value))
            and (not gives_grad(call.outputs) or result_lies_like(call, &call.grad))
            and (not gives_hess(call.outputs) or result_lies_like(call, &call.hess)))


cdef inline real* number_at(const Operand* a, Py_ssize_t row, Py_ssize_t column) noexcept nogil:
    return <real*>(a.data + row * a.strides[0] + column * a.strides[1]) if a.present else NULL


cdef inline void evaluate_rows(const Call* call, Py_ssize_t row, Py_ssize_t column, Py_ssize_t n, const Operand* values) noexcept nogil:
    POINTS[call.point][<int>call.outputs](
        number_at(&call.y_true, row, column), number_at(&call.y_pred, row, column), call.parameters, call.scale,
        number_at(values, row, column), number_at(&call.grad, row, column), number_at(&call.hess, row, column), n)


cdef inline void evaluate_column(const Call* call, Py_ssize_t row, Py_ssize_t column, Py_ssize_t n, const Operand* values) noexcept nogil:
    """What vectors leave over are the last numbers of one that begins earlier. Some are computed twice then, of inputs that no result has
    touched."""
    cdef Py_ssize_t rest = n % VECTOR
    if rest and n > VECTOR:
        evaluate_rows(call, row + n - VECTOR, column, VECTOR, values)
        n -= rest
    evaluate_rows(call, row, column, n, values)


cdef inline bint column_outside(const Operand* a, const Domain* domain, Py_ssize_t row, Py_ssize_t column, Py_ssize_t n) noexcept nogil:
    cdef const real* x = number_at(a, row, column)
    return domain.checked and not surely_inside(x, domain, n) and any_outside(x, domain, n)


cdef inline void ask_for_column(const Operand* a, Py_ssize_t row, Py_ssize_t column, Py_ssize_t n) noexcept nogil:
    if a.present:
        ask_for(number_at(a, row, column), 0, n * a.size)


cdef bint evaluate_columns(const Call* call, Py_ssize_t start, Py_ssize_t n, const Operand* values) noexcept nogil:
    """Of the elements from `start` on each column holds some rows; false where one is out of its domain."""
    cdef Py_ssize_t columns = call.y_true.shape[1], top = start // columns, bottom = (start + n) // columns, column, row, rows
    cdef Py_ssize_t before = start - top * columns, behind = start + n - bottom * columns
    cdef bint several = STORES_WAIT and is_light(call) and values.present + call.grad.present + call.hess.present > 1
    for column in range(columns):
        row = top + (column < before)
        rows = bottom + (column < behind) - row
        if several:
            ask_for_column(values, row, column, rows)
            ask_for_column(&call.grad, row, column, rows)
            ask_for_column(&call.hess, row, column, rows)
        evaluate_column(call, row, column, rows, values)
        if (column_outside(&call.y_true, &call.y_true_domain, row, column, rows)
                or column_outside(&call.y_pred, &call.y_pred_domain, row, column, rows)):
            return False
    return True


cdef bint sum_columns(const Operand* values, Py_ssize_t start, Py_ssize_t n, real* plain, ExactSum* sum) noexcept nogil:
    """False where a block's sum leaves the range, and before anything is added."""
    cdef double[MOST_WINDOW] totals
    cdef Py_ssize_t block, first, blocks = (n + BLOCK - 1) // BLOCK
    for block in range(blocks):
        first = block % SUMMED_AT_ONCE
        if first == 0:
            gather_block(values, start + block * BLOCK, min(<Py_ssize_t>SUMMED_AT_ONCE * BLOCK, n - block * BLOCK), plain)
        totals[block] = block_sum(plain + first * BLOCK, min(<Py_ssize_t>BLOCK, n - block * BLOCK))
        if not isfinite(totals[block]):
            return False
    for block in range(blocks):
        exact_add(sum, totals[block])
    return True


cdef inline bint sums_values(const Call* call) noexcept nogil:
    return gives_value(call.outputs) and call.summed


cdef inline Py_ssize_t stride_of(Py_ssize_t rows) noexcept nogil:
    """An odd number of lines: neighbours across columns of powers of two would want the same places in the cache."""
    cdef Py_ssize_t lines = (rows * <Py_ssize_t>sizeof(real) + LINE - 1) // LINE
    return (lines | 1) * LINE


cdef bint by_columns(const Call* call, Py_ssize_t first, Py_ssize_t last, real* memory, Partial* partial) noexcept nogil:
    """Some blocks; false, and nothing added, where something is not as usual. Values that are summed go to an operand of their own."""
    cdef Py_ssize_t columns = call.y_true.shape[1], start = call.origin + first * BLOCK
    cdef Py_ssize_t n = min(last * BLOCK, call.size) - first * BLOCK, top = start // columns
    cdef Operand values
    if not sums_values(call):
        return evaluate_columns(call, start, n, &call.value)
    values = call.y_true
    values.strides[1] = stride_of((start + n - 1) // columns + 1 - top)
    values.data = <char*>(<size_t>(memory + SUMMED_AT_ONCE * BLOCK) - top * values.size)
    return evaluate_columns(call, start, n, &values) and sum_columns(&values, start, n, memory, &partial.sums[0])


cdef inline Py_ssize_t blocks_of_columns(const Call* call, Py_ssize_t blocks) noexcept nogil:
    """Of a window; 0 where it were too large, or columns too short."""
    cdef Py_ssize_t columns = call.y_true.shape[1], good = columns * GOOD_COLUMN // BLOCK
    cdef Py_ssize_t window = min(blocks, max(<Py_ssize_t>LEAST_WINDOW, good))
    return 0 if good > MOST_WINDOW or window * BLOCK < columns * LEAST_COLUMN else window


cdef real* open_columns(const Call* call, Py_ssize_t window) noexcept nogil:
    """Memory for the values of a window, some more rows at its ends included, and for some of its blocks."""
    return <real*>malloc((SUMMED_AT_ONCE + window) * BLOCK * sizeof(real) + call.y_true.shape[1] * 4 * LINE)


cdef void across(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Blocks of operands of which some lie across. Where something is not as usual, there may be more of it: the rest is laid out."""
    cdef Py_ssize_t end, window = blocks_of_columns(call, last - first) if all_alike(call) else 0
    cdef bint sums = window > 0 and sums_values(call)
    cdef real* memory = open_columns(call, window) if sums else NULL
    if window > 0 and (memory != NULL or not sums):
        end = min(first + window, last)
        while first < last and by_columns(call, first, end, memory, partial):
            first, end = end, min(end + window, last)
    free(memory)
    if first < last:
        in_windows(call, False, each_block, first, last, partial)
