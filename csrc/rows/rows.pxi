# What the kernels that see whole rows share: labels, chunks of a row, and tiles of rows with the classes outermost.

cdef extern from "transpose.h" nogil:
    void transpose(const real* source, Py_ssize_t source_stride, real* target, Py_ssize_t target_stride,
                   Py_ssize_t rows, Py_ssize_t columns)


cdef bint load_labels(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, Py_ssize_t* label,
                      Partial* partial) noexcept nogil:
    """Class indices are always checked; a row of weight 0 counts nothing and gets the class 0."""
    cdef double[BLOCK] buffer
    cdef const double* number = call.wide.load(&call.y_true, start, rows, buffer)
    cdef Py_ssize_t i
    for i in range(rows):
        if weight != NULL and weight[i] == 0:
            label[i] = 0
        elif number[i] >= 0 and number[i] < <double>call.classes:
            label[i] = <Py_ssize_t>number[i]
        else:
            partial.fault = LABEL_FAULT
            partial.fault_index = start + i
            return False
    return True


cdef inline char* row_of(const Operand* a, Py_ssize_t row) noexcept nogil:
    cdef Walk walk
    walk_to(a, row, &walk)
    return walk.data


cdef inline bint rows_are_direct(const Operand* a) noexcept nogil:
    """Rows of the kernel's own type whose classes lie side by side."""
    return a.direct and a.class_stride == sizeof(real)


cdef inline const real* load_classes(const Operand* a, const char* row, Py_ssize_t first, Py_ssize_t n, real* buffer) noexcept nogil:
    """Classes `first` to `first + n` of one row."""
    if rows_are_direct(a):
        return <const real*>row + first
    gather_run(a, row + first * a.class_stride, a.class_stride, buffer, n)
    return buffer


cdef inline void store_classes(const Operand* a, char* row, Py_ssize_t first, Py_ssize_t n, const real* source) noexcept nogil:
    scatter_run(a, source, row + first * a.class_stride, a.class_stride, n)


cdef void load_tile(const Operand* a, Py_ssize_t start, Py_ssize_t rows, Py_ssize_t classes, real* tile) noexcept nogil:
    """tile[k][i]: class k of row start + i."""
    cdef real[BLOCK] buffer
    cdef Walk walk
    cdef Py_ssize_t i, k, run, done = 0
    walk_to(a, start, &walk)
    if rows_are_direct(a) and a.ndim == 1 and a.strides[0] == classes * <Py_ssize_t>sizeof(real):
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
    if rows_are_direct(a) and a.ndim == 1 and a.strides[0] == classes * <Py_ssize_t>sizeof(real):
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


cdef inline Py_ssize_t magnitude_of(Py_ssize_t stride) noexcept nogil:
    return stride if stride >= 0 else -stride


cdef void sum_or_store_rows(const Call* call, double* value, const double* weight, Py_ssize_t start, Py_ssize_t rows,
                            Partial* partial) noexcept nogil:
    """Sum or store one value a row; rows of weight 0 count nothing."""
    cdef real[ROW_BLOCK] stored
    cdef Py_ssize_t i
    if not gives_value(call.outputs):
        return
    if weight != NULL:
        for i in range(rows):
            value[i] = value[i] * weight[i] if weight[i] != 0 else 0
    if call.summed:
        exact_add(&partial.sums[0], sum_of_doubles(value, rows))
    elif call.value.present:
        for i in range(rows):
            stored[i] = <real>value[i]
        store(&call.value, start, rows, stored)


cdef inline double row_scale(const Call* call, const double* weight, Py_ssize_t i) noexcept nogil:
    return call.scale if weight == NULL else call.scale * weight[i]


cdef inline const double* weight_of(const double* weight, Py_ssize_t i) noexcept nogil:
    """The weight of one row, where there are weights."""
    if weight == NULL:
        return NULL
    return weight + i
