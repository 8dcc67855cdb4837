# What the kernels that see whole rows share: labels, chunks of a row, and tiles of rows with the classes outermost.

cdef enum:
    FEW = 32                # up to here rows are taken in tiles with the classes outermost, and cleared together; above, row by row
    LANES = 32


cdef inline bint is_label(double number, double classes) noexcept nogil:
    return (number >= 0) & (number < classes)


cdef bint all_labels(const double* number, Py_ssize_t rows, double classes) noexcept nogil:
    cdef Py_ssize_t i
    cdef int good = 1
    for i in range(rows):
        good &= is_label(number[i], classes)
    return good != 0


cdef bint load_labels(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, Py_ssize_t* label,
                      Partial* partial) noexcept nogil:
    """Class indices are always checked; a row of weight 0 counts nothing and gets the class 0."""
    cdef double[BLOCK] buffer
    cdef const double* number = call.wide.load(&call.y_true, start, rows, buffer)
    cdef double classes = <double>call.classes
    cdef Py_ssize_t i
    if weight == NULL and all_labels(number, rows, classes):
        for i in range(rows):
            label[i] = <Py_ssize_t>number[i]
        return True
    for i in range(rows):
        if weight != NULL and weight[i] == 0:
            label[i] = 0
        elif is_label(number[i], classes):
            label[i] = <Py_ssize_t>number[i]
        else:
            partial.fault = LABEL_FAULT
            partial.fault_index = (start + i) * call.classes
            return False
    return True


cdef inline char* row_of(const Operand* a, Py_ssize_t row) noexcept nogil:
    cdef Walk walk
    walk_to(a, row, &walk)
    return walk.data


cdef inline bint rows_are_direct(const Operand* a) noexcept nogil:
    """Rows of the kernel's own type whose classes lie side by side."""
    return a.direct and a.class_stride == sizeof(real)


cdef inline bint rows_are_adjacent(const Operand* a, Py_ssize_t classes) noexcept nogil:
    """Direct rows that follow on one another."""
    return rows_are_direct(a) and a.ndim == 1 and a.strides[0] == classes * <Py_ssize_t>sizeof(real)


cdef inline const real* load_classes(const Operand* a, const char* row, Py_ssize_t first, Py_ssize_t n, real* buffer) noexcept nogil:
    """Classes `first` to `first + n` of one row."""
    if rows_are_direct(a):
        return <const real*>row + first
    gather_run(a, row + first * a.class_stride, a.class_stride, buffer, n)
    return buffer


cdef inline void store_classes(const Operand* a, char* row, Py_ssize_t first, Py_ssize_t n, const real* source) noexcept nogil:
    scatter_run(a, source, row + first * a.class_stride, a.class_stride, n)


cdef void fill_zero(const Operand* a, char* row, Py_ssize_t classes) noexcept nogil:
    cdef real[BLOCK] zero
    cdef Py_ssize_t first = 0, n
    if rows_are_direct(a):
        memset(row, 0, classes * sizeof(real))
        return
    memset(zero, 0, sizeof(zero))
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        store_classes(a, row, first, n, zero)
        first += n


cdef inline bint rows_are_far(const Call* call) noexcept nogil:
    return call.size > CACHED // <Py_ssize_t>sizeof(real) // call.classes


cdef inline void ask_for_row(const Call* call, const Operand* a, Py_ssize_t index) noexcept nogil:
    """As much of it as is soon needed."""
    if a.present and rows_are_adjacent(a, call.classes):
        ask_for(a.data, index * a.strides[0], min(a.strides[0], <Py_ssize_t>AHEAD))


cdef void ask_for_inputs(const Call* call, Py_ssize_t index) noexcept nogil:
    cdef int k
    ask_for_row(call, &call.y_pred, index)
    if call.truth_in_rows:
        ask_for_row(call, &call.y_true, index)
    for k in range(FURTHER):
        ask_for_row(call, &call.further[k].y_pred, index)


cdef void load_tile(const Operand* a, Py_ssize_t start, Py_ssize_t rows, Py_ssize_t classes, real* tile) noexcept nogil:
    """tile[k][i]: class k of row start + i."""
    cdef real[BLOCK] buffer
    cdef Walk walk
    cdef Py_ssize_t i, k, run, done = 0
    walk_to(a, start, &walk)
    if rows_are_adjacent(a, classes):
        transpose(<const real*>walk.data, classes, tile, ROW_BLOCK, rows, classes)
        return
    while done < rows:
        run = run_length(a, &walk, rows - done)
        if magnitude_of(a.strides[a.ndim - 1]) < magnitude_of(a.class_stride):
            for k in range(classes):
                gather_run(a, walk.data + k * a.class_stride, a.strides[a.ndim - 1], tile + k * ROW_BLOCK + done, run)
        else:
            for i in range(run):
                gather_run(a, walk.data + i * a.strides[a.ndim - 1], a.class_stride, buffer, classes)
                for k in range(classes):
                    tile[k * ROW_BLOCK + done + i] = buffer[k]
        walk_on(a, run, &walk)
        done += run


cdef void store_tile(const Operand* a, Py_ssize_t start, Py_ssize_t rows, Py_ssize_t classes, const real* tile) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef Walk walk
    cdef Py_ssize_t i, k, run, done = 0
    walk_to(a, start, &walk)
    if rows_are_adjacent(a, classes):
        transpose(tile, ROW_BLOCK, <real*>walk.data, classes, classes, rows)
        return
    while done < rows:
        run = run_length(a, &walk, rows - done)
        if magnitude_of(a.strides[a.ndim - 1]) < magnitude_of(a.class_stride):
            for k in range(classes):
                scatter_run(a, tile + k * ROW_BLOCK + done, walk.data + k * a.class_stride, a.strides[a.ndim - 1], run)
        else:
            for i in range(run):
                for k in range(classes):
                    buffer[k] = tile[k * ROW_BLOCK + done + i]
                scatter_run(a, buffer, walk.data + i * a.strides[a.ndim - 1], a.class_stride, classes)
        walk_on(a, run, &walk)
        done += run


cdef void drop_weightless(real* tile, const double* weight, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    """A row of weight 0 has the gradient 0 even where it holds nan."""
    cdef Py_ssize_t i, k
    if weight == NULL:
        return
    for i in range(rows):
        if weight[i] == 0:
            for k in range(classes):
                tile[k * ROW_BLOCK + i] = 0


cdef void store_counting(const Operand* target, Py_ssize_t start, Py_ssize_t rows, Py_ssize_t classes, real* tile,
                         const double* weight) noexcept nogil:
    """A tile of derivatives, of which those that count nothing become 0."""
    drop_weightless(tile, weight, rows, classes)
    store_tile(target, start, rows, classes, tile)


cdef inline double sum_of_rows(term_fn term, const Operand* a, const char* a_row, const Operand* b, const char* b_row, const double* given,
                               Py_ssize_t classes) noexcept nogil:
    """The sum of terms of the entries of two rows."""
    cdef real[BLOCK] a_buffer, b_buffer
    cdef double total = 0
    cdef Py_ssize_t first = 0, n
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        total += sum_terms(term, load_classes(a, a_row, first, n, a_buffer), load_classes(b, b_row, first, n, b_buffer), given, n)
        first += n
    return total


cdef inline Py_ssize_t magnitude_of(Py_ssize_t stride) noexcept nogil:
    return stride if stride >= 0 else -stride


cdef void sum_or_store_rows(const Call* call, const double* value, const double* weight, Py_ssize_t start, Py_ssize_t rows,
                            Partial* partial) noexcept nogil:
    """Sum or store one value a row; rows of weight 0 count nothing."""
    cdef real[ROW_BLOCK] stored
    cdef double[ROW_BLOCK] buffer
    cdef const double* weighted = value
    cdef double total
    cdef Py_ssize_t i
    if not gives_value(call.outputs):
        return
    if weight != NULL:
        for i in range(rows):
            buffer[i] = select_double(weight[i] != 0, value[i] * weight[i], 0)
        weighted = buffer
    if call.summed:
        total = sum_of_doubles(weighted, rows)
        if overflowed(total, value, weight, rows):
            add_each(&partial.sums[0], value, weight, rows)
        else:
            exact_add(&partial.sums[0], total)
    elif call.value.present:
        for i in range(rows):
            stored[i] = <real>weighted[i]
        store(&call.value, start, rows, stored)


cdef inline double row_scale(const Call* call, const double* weight, Py_ssize_t i) noexcept nogil:
    return call.scale if weight == NULL else call.scale * weight[i]


cdef inline const double* weight_of(const double* weight, Py_ssize_t i) noexcept nogil:
    """The weight of one row, where there are weights."""
    if weight == NULL:
        return NULL
    return weight + i


cdef void fill_row(const Operand* target, Py_ssize_t index, Py_ssize_t classes, double number) noexcept nogil:
    cdef real[BLOCK] same
    cdef char* row
    cdef Py_ssize_t first = 0, n, k
    if not target.present:
        return
    row = row_of(target, index)
    if number == 0:
        fill_zero(target, row, classes)
        return
    for k in range(BLOCK):
        same[k] = <real>number
    while first < classes:
        n = min(<Py_ssize_t>BLOCK, classes - first)
        store_classes(target, row, first, n, same)
        first += n


cdef void fill_derivatives(const Call* call, Py_ssize_t index, double number) noexcept nogil:
    """All of a row: 0 where it counts nothing."""
    cdef int k
    fill_row(&call.grad, index, call.classes, number)
    fill_row(&call.hess, index, call.classes, number)
    for k in range(FURTHER):
        fill_row(&call.further[k].grad, index, call.classes, number)
        fill_row(&call.further[k].hess, index, call.classes, number)


cdef inline bint load_truths(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, double* truth,
                             Partial* partial) noexcept nogil:
    """The truths, or labels, of rows that have one each; others are checked in place. False if one is faulty."""
    cdef real[ROW_BLOCK] buffer
    cdef Py_ssize_t[ROW_BLOCK] label
    cdef const real* number
    cdef Py_ssize_t i
    if call.lists:
        return not faulty_lists(call, start, rows, weight, partial)
    if call.labels:
        if not load_labels(call, start, rows, weight, label, partial):
            return False
        for i in range(rows):
            truth[i] = <double>label[i]
        return True
    if not call.row_truth:
        return not (call.y_true.present
                    and faulty_entries(call, &call.y_true, &call.y_true_domain, Y_TRUE_FAULT, start, rows, weight, partial))
    number = load(&call.y_true, start, rows, buffer)
    if find_outside(number, &call.y_true_domain, weight, start, rows, Y_TRUE_FAULT, partial):
        partial.fault_index *= call.classes
        return False
    for i in range(rows):
        truth[i] = number[i]
    return True


cdef bint faulty_predictions(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, Partial* partial) noexcept nogil:
    cdef int k
    if faulty_entries(call, &call.y_pred, &call.y_pred_domain, Y_PRED_FAULT, start, rows, weight, partial):
        return True
    for k in range(FURTHER):
        if faulty_entries(call, &call.further[k].y_pred, &call.further[k].domain, further_fault(k), start, rows, weight, partial):
            return True
    return False


cdef inline bint sound_rows(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, double* truth,
                            Partial* partial) noexcept nogil:
    return load_truths(call, start, rows, weight, truth, partial) and not faulty_predictions(call, start, rows, weight, partial)


# A kernel of one row at a time. It gives the value and stores the derivatives; `truth` is the row's, or its label, if there is one number
# a row.
ctypedef double (*row_fn)(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil


cdef inline void row_by_row(row_fn row, const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                            Py_ssize_t rows) noexcept nogil:
    """Rows of weight 0 count nothing."""
    cdef bint far = rows_are_far(call)
    cdef Py_ssize_t i
    for i in range(rows):
        if weight != NULL and weight[i] == 0:
            fill_derivatives(call, start + i, 0)
            value[i] = 0
        else:
            if far:
                ask_for_inputs(call, start + i + 1)
            value[i] = row(call, start + i, truth[i], row_scale(call, weight, i))


# A kernel of a tile of rows, of at most FEW classes. It stores the derivatives, and drops those of rows of weight 0.
ctypedef void (*tile_fn)(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                         Py_ssize_t rows) noexcept nogil


cdef inline void rows_or_tiles(row_fn row, tile_fn tile, const Call* call, Py_ssize_t first, Py_ssize_t last,
                               Partial* partial) noexcept nogil:
    """The loop over blocks of rows. Few classes leave most of a vector empty: then many rows lie side by side, if there is a tile."""
    cdef double[ROW_BLOCK] buffer, value, truth
    cdef const double* weight
    cdef Py_ssize_t block, start, rows
    memset(truth, 0, sizeof(truth))
    for block in range(first, last):
        start = block * rows_of_block(call.classes)
        rows = min(rows_of_block(call.classes), call.size - start)
        weight = load_weights(call, start, rows, buffer)
        if not sound_rows(call, start, rows, weight, truth, partial):
            return
        if call.outputs == NOTHING:
            continue
        if tile != NULL and call.classes <= FEW:
            tile(call, truth, weight, value, start, rows)
        else:
            row_by_row(row, call, truth, weight, value, start, rows)
        sum_or_store_rows(call, value, weight, start, rows, partial)


cdef inline void each_row(row_fn row, const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    rows_or_tiles(row, NULL, call, first, last, partial)
