# The truth of a row as a distribution: labels spread out, smoothed, and weighed by class.

cdef inline bint bends_truth(const Call* call) noexcept nogil:
    """Whether the truth is not taken as it is. Factors of labels that are not smoothed weigh the row instead."""
    return call.shared != 0 or (call.class_factors != NULL and not call.labels)


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
    if call.shared != 0:
        for k in range(n):
            buffer[k] = <real>(call.kept * t[k] + call.shared)
        t = buffer
    if call.class_factors != NULL:
        for k in range(n):
            buffer[k] = <real>(t[k] * call.class_factors[first + k])
        t = buffer
    return t


cdef const double* weigh_by_label(const Call* call, const Py_ssize_t* label, const double* weight, Py_ssize_t rows,
                                  double* buffer) noexcept nogil:
    """The weights of rows times their labels' factors."""
    cdef Py_ssize_t i
    if call.class_factors == NULL or call.shared != 0:
        return weight
    for i in range(rows):
        buffer[i] = (1 if weight == NULL else weight[i]) * call.class_factors[label[i]]
    return buffer


cdef inline bint entries_are_adjacent(const Operand* a, Py_ssize_t classes) noexcept nogil:
    """Rows of numbers of any type that follow on one another."""
    return a.ndim == 1 and a.class_stride == a.size and a.strides[0] == classes * a.size


cdef bint surely_sound_entries(const Call* call, const Operand* operand, const Domain* domain, Py_ssize_t start,
                               Py_ssize_t rows) noexcept nogil:
    """A look at many rows at once."""
    cdef real[BLOCK] buffer
    cdef const real* x
    cdef const char* row = row_of(operand, start)
    cdef Py_ssize_t first = 0, n, entries = rows * call.classes
    if not entries_are_adjacent(operand, call.classes):
        return False
    while first < entries:
        n = min(<Py_ssize_t>BLOCK, entries - first)
        x = load_classes(operand, row, first, n, buffer)
        if not surely_inside(x, domain, n):
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
