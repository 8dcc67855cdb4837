# The options of softmax cross-entropy in a tile of few classes.

cdef void cap_tile(Tile* tile, Options* options, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    cdef Py_ssize_t k, i, at
    memcpy(options.z, tile.e, classes * ROW_BLOCK * sizeof(real))
    for k in range(classes):
        for i in range((rows + LANES - 1) // LANES):
            at = k * ROW_BLOCK + i * LANES
            cap_round(options.z + at, options.cap, tile.e + at, options.low + at)


cdef void open_options(const Call* call, Tile* tile, Options* options, Py_ssize_t rows) noexcept nogil:
    """With a cap, the logits of the tile are capped."""
    options.cap = cap_of(call)
    options.temperature = inside(call.parameters[2])
    if options.cap != 0:
        cap_tile(tile, options, rows, call.classes)


cdef void tops_of_options(const Tile* tile, Options* options, Py_ssize_t classes) noexcept nogil:
    """Of what comes with the top, the largest; before infinite tops are replaced."""
    cdef Py_ssize_t k, i, at
    cdef real low
    for i in range(ROW_BLOCK):
        options.limit[i] = select_double(tile.top[i] > LARGE, INFINITY, 0)
    if options.cap == 0:
        memset(options.top_low, 0, sizeof(options.top_low))
        return
    for i in range(ROW_BLOCK):
        options.top_low[i] = -LARGE
    for k in range(classes):
        for i in range(ROW_BLOCK):
            at = k * ROW_BLOCK + i
            low = options.low[at]
            options.top_low[i] = select((tile.e[at] == tile.top[i]) & (low > options.top_low[i]), low, options.top_low[i])


cdef void load_curls(const Call* call, Options* options, const Py_ssize_t* hot, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        options.curl[i] = 2 * call.parameters[0]
    if call.class_factors == NULL:
        return
    for i in range(rows):
        options.curl[i] *= row_weight(call, -1 if hot == NULL else hot[i], start + i)


cdef void without_z_loss(Options* options) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        options.pull[i] = options.curl[i] = options.z_loss[i] = 0
        options.endless[i] = -1


cdef void tile_z_loss(const Call* call, const Tile* tile, Options* options, const Py_ssize_t* hot, Py_ssize_t start,
                      Py_ssize_t rows) noexcept nogil:
    """As `add_z_loss`, of a row."""
    cdef double[ROW_BLOCK] log_sum
    cdef double curl, size
    cdef Py_ssize_t i
    cdef bint endless = False
    load_curls(call, options, hot, start, rows)
    for i in range(ROW_BLOCK):
        curl = options.curl[i]
        size = (<double>tile.top[i] + options.top_low[i]) / options.temperature + tile.log_total[i] + options.limit[i]
        options.pull[i] = select_double((curl != 0) & (size != INFINITY), curl * size, 0)
        options.z_loss[i] = select_double(curl != 0, curl * size * size / 2, 0)
        options.endless[i] = -1
        log_sum[i] = size
        endless |= size == INFINITY
    if endless:
        for i in range(rows):
            if log_sum[i] == INFINITY and options.curl[i] != 0:
                options.endless[i] = place_of_one(tile.e + i, ROW_BLOCK, call.classes)


cdef void endless_grads(const Options* options, const double* factor, Py_ssize_t rows, real* grad) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(rows):
        if options.endless[i] >= 0:
            grad[options.endless[i] * ROW_BLOCK + i] = <real>(factor[i] * INFINITY)


cdef inline void uncap_round(const real* z, real cap, real* grad, real* hess) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(LANES):
        uncap(z[j], cap, grad + j, NULL if hess == NULL else hess + j)


cdef void uncap_tile(const Options* options, real* grad, real* hess, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    cdef Py_ssize_t k, i, at
    for k in range(classes):
        for i in range((rows + LANES - 1) // LANES):
            at = k * ROW_BLOCK + i * LANES
            if hess == NULL:
                uncap_round(options.z + at, options.cap, grad + at, NULL)
            else:
                uncap_round(options.z + at, options.cap, grad + at, hess + at)


cdef void softmax_tile_with_options(const Call* call, const Py_ssize_t* hot, const double* weight, double* value, Py_ssize_t start,
                                    Py_ssize_t rows) noexcept nogil:
    cdef Options options
    softmax_tile(call, &options, hot, weight, value, start, rows)
