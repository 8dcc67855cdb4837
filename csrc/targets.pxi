# The truth of a row as a distribution: labels spread out, smoothed, and weighed by class.

cdef inline bint bends_truth(const Call* call) noexcept nogil:
    """Whether the truth is not taken as it is. Factors of labels that are not smoothed weigh the row instead."""
    return call.shared != 0 or (call.class_factors != NULL and not call.labels)


cdef inline real bent(const Call* call, real t, Py_ssize_t k) noexcept nogil:
    """The truth of class k."""
    cdef double factor = 1 if call.class_factors == NULL else call.class_factors[k]
    return <real>((call.kept * t + call.shared) * factor)


cdef const real* load_targets(const Call* call, const char* row, Py_ssize_t label, Py_ssize_t first, Py_ssize_t n,
                              real* buffer) noexcept nogil:
    """Classes `first` to `first + n` of a row, or of the label that stands for it."""
    cdef const real* t = buffer
    cdef Py_ssize_t k
    if call.labels:
        for k in range(n):
            buffer[k] = 0
        if first <= label < first + n:
            buffer[label - first] = 1
    else:
        t = load_classes(&call.y_true, row, first, n, buffer)
    if not bends_truth(call):
        return t
    for k in range(n):
        buffer[k] = bent(call, t[k], first + k)
    return buffer


cdef void load_target_tile(const Call* call, const Py_ssize_t* label, Py_ssize_t start, Py_ssize_t rows, real* tile) noexcept nogil:
    """tile[k][i]: class k of row start + i, or of the label that stands for it."""
    cdef Py_ssize_t i, k
    if label == NULL:
        load_tile(&call.y_true, start, rows, call.classes, tile)
    else:
        memset(tile, 0, call.classes * ROW_BLOCK * sizeof(real))
        for i in range(rows):
            tile[label[i] * ROW_BLOCK + i] = 1
    if not bends_truth(call):
        return
    for k in range(call.classes):
        for i in range(ROW_BLOCK):
            tile[k * ROW_BLOCK + i] = bent(call, tile[k * ROW_BLOCK + i], k)


cdef const double* weigh_by_label(const Call* call, const Py_ssize_t* label, const double* weight, Py_ssize_t rows,
                                  double* buffer) noexcept nogil:
    """The weights of rows times their labels' factors."""
    cdef Py_ssize_t i
    if call.class_factors == NULL or call.shared != 0:
        return weight
    for i in range(rows):
        buffer[i] = (1 if weight == NULL else weight[i]) * call.class_factors[label[i]]
    return buffer


cdef bint surely_sound_classes(const Call* call, const Operand* operand, const Domain* domain, Py_ssize_t start,
                               Py_ssize_t rows) noexcept nogil:
    """A look at one class after the other, each of rows side by side."""
    cdef real[ROW_BLOCK] buffer
    cdef const char* row = row_of(operand, start)
    cdef Py_ssize_t k
    for k in range(call.classes):
        gather_run(operand, row + k * operand.class_stride, operand.size, buffer, rows)
        if not surely_inside(buffer, domain, rows):
            return False
    return True


cdef bint surely_sound_entries(const Call* call, const Operand* operand, const Domain* domain, Py_ssize_t start,
                               Py_ssize_t rows) noexcept nogil:
    """A look at many at once, where they are side by side."""
    cdef real[BLOCK] buffer
    cdef const char* row = row_of(operand, start)
    cdef Py_ssize_t first = 0, n, entries = rows * call.classes
    if operand.ndim > 1:
        return False
    if operand.class_stride != operand.size or (rows > 1 and operand.strides[0] != call.classes * operand.size):
        return operand.strides[0] == operand.size and rows >= LEAST_ROWS and surely_sound_classes(call, operand, domain, start, rows)
    while first < entries:
        n = min(<Py_ssize_t>BLOCK, entries - first)
        if not surely_inside(load_classes(operand, row, first, n, buffer), domain, n):
            return False
        first += n
    return True


cdef bint faulty_entries(const Call* call, const Operand* operand, const Domain* domain, Fault fault, Py_ssize_t start, Py_ssize_t rows,
                         const double* weight, Partial* partial) noexcept nogil:
    """Whether an entry of rows that count is out of its domain; noted by its place among all entries."""
    cdef real[BLOCK] buffer
    cdef const real* x
    cdef Py_ssize_t row, first, n
    if not domain.checked or surely_sound_entries(call, operand, domain, start, rows):
        return False
    for row in range(rows):
        first = 0
        while first < call.classes and (weight == NULL or weight[row] != 0):
            n = min(<Py_ssize_t>BLOCK, call.classes - first)
            x = load_classes(operand, row_of(operand, start + row), first, n, buffer)
            if find_outside(x, domain, NULL, (start + row) * call.classes + first, n, fault, partial):
                return True
            first += n
    return False
