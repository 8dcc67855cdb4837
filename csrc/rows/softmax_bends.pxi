# What the options of softmax cross-entropy add to a tile of few classes.

cdef void cap_tile(Tile* tile, Bends* bends, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    cdef Py_ssize_t k, i, at
    memcpy(bends.z, tile.e, classes * ROW_BLOCK * sizeof(real))
    for k in range(classes):
        for i in range((rows + LANES - 1) // LANES):
            at = k * ROW_BLOCK + i * LANES
            cap_round(bends.z + at, bends.cap, tile.e + at, bends.low + at)


cdef void open_bends(const Call* call, Tile* tile, Bends* bends, Py_ssize_t rows) noexcept nogil:
    """The logits are capped."""
    bends.cap = cap_of(call)
    bends.temperature = inside(call.parameters[2])
    memset(bends.low, 0, call.classes * ROW_BLOCK * sizeof(real))
    if bends.cap != 0:
        cap_tile(tile, bends, rows, call.classes)


cdef void bend_tops(const Tile* tile, Bends* bends, Py_ssize_t classes) noexcept nogil:
    """The largest of what comes with the top; the infinite ones."""
    cdef Py_ssize_t k, i, at
    cdef real low
    for i in range(ROW_BLOCK):
        bends.size[i] = select_double(tile.top[i] > LARGE, INFINITY, 0)
    if bends.cap == 0:
        memset(bends.top_low, 0, sizeof(bends.top_low))
        return
    for i in range(ROW_BLOCK):
        bends.top_low[i] = -LARGE
    for k in range(classes):
        for i in range(ROW_BLOCK):
            at = k * ROW_BLOCK + i
            low = bends.low[at]
            bends.top_low[i] = select((tile.e[at] == tile.top[i]) & (low > bends.top_low[i]), low, bends.top_low[i])


cdef Py_ssize_t class_of_one(const Tile* tile, Py_ssize_t i, Py_ssize_t classes) noexcept nogil:
    """The first whose e is 1; -1 where there is none."""
    cdef Py_ssize_t k
    for k in range(classes):
        if tile.e[k * ROW_BLOCK + i] == 1:
            return k
    return -1


cdef void bend_gaps(const Call* call, Tile* tile, Bends* bends, const Py_ssize_t* label, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    """In units of the temperature; and the z-loss of each row."""
    cdef Py_ssize_t i
    cdef double size
    cdef bint endless = False
    for i in range(ROW_BLOCK):
        tile.gap[i] /= bends.temperature
        bends.curl[i] = 2 * call.parameters[0]
    if call.class_factors != NULL:
        for i in range(rows):
            bends.curl[i] *= row_weight(call, -1 if label == NULL else label[i], start + i)
    for i in range(ROW_BLOCK):
        size = (<double>tile.top[i] + bends.top_low[i]) / bends.temperature + <double>vector_log1p(tile.others[i]) + bends.size[i]
        bends.size[i] = size
        bends.pull[i] = select_double((bends.curl[i] != 0) & (size != INFINITY), bends.curl[i] * size, 0)
        bends.addition[i] = select_double(bends.curl[i] != 0, bends.curl[i] * size * size / 2, 0)
        bends.endless[i] = -1
        endless |= size == INFINITY
    if endless:
        for i in range(rows):
            if bends.size[i] == INFINITY and bends.curl[i] != 0:
                bends.endless[i] = class_of_one(tile, i, call.classes)


cdef void endless_grads(const Bends* bends, const double* factor, Py_ssize_t rows, real* grad) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(rows):
        if bends.endless[i] >= 0:
            grad[bends.endless[i] * ROW_BLOCK + i] = <real>(factor[i] * INFINITY)


cdef inline void bend_round(const real* z, real cap, real* grad, real* hess) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(LANES):
        bend(z[j], cap, grad + j, NULL if hess == NULL else hess + j)


cdef void bend_tile(const Bends* bends, real* grad, real* hess, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    """From the derivatives by the capped logits to those by the logits."""
    cdef Py_ssize_t k, i, at
    for k in range(classes):
        for i in range((rows + LANES - 1) // LANES):
            at = k * ROW_BLOCK + i * LANES
            if hess == NULL:
                bend_round(bends.z + at, bends.cap, grad + at, NULL)
            else:
                bend_round(bends.z + at, bends.cap, grad + at, hess + at)


cdef void bent_tile(const Call* call, const Py_ssize_t* label, const double* weight, double* value, Py_ssize_t start,
                    Py_ssize_t rows) noexcept nogil:
    cdef Bends bends
    softmax_tile(call, &bends, label, weight, value, start, rows)
