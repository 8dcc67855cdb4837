# Softmax cross-entropy of few classes: the rows of a tile lie side by side, and every loop over them vectorises.

cdef void tile_tops(Tile* tile, Py_ssize_t classes) noexcept nogil:
    """A nan may be passed over here: it comes back by its own e."""
    cdef Py_ssize_t i, k
    cdef real z
    cdef bint infinite = False
    for i in range(ROW_BLOCK):
        tile.top[i] = tile.e[i]
    for k in range(1, classes):
        for i in range(ROW_BLOCK):
            z = tile.e[k * ROW_BLOCK + i]
            tile.top[i] = select(z > tile.top[i], z, tile.top[i])
    for i in range(ROW_BLOCK):
        infinite |= tile.top[i] > LARGE
    if infinite:
        tile_limits(tile, classes)


cdef void tile_limits(Tile* tile, Py_ssize_t classes) noexcept nogil:
    """Under an infinite top the logits are replaced by those of the softmax's limit."""
    cdef Py_ssize_t i, k, count
    for i in range(ROW_BLOCK):
        if tile.top[i] > LARGE:
            count = 0
            for k in range(classes):
                count += tile.e[k * ROW_BLOCK + i] > LARGE
            for k in range(classes):
                tile.e[k * ROW_BLOCK + i] = limit_of(tile.e[k * ROW_BLOCK + i], count)
            tile.top[i] = 0


cdef void tile_gaps(Tile* tile, Py_ssize_t rows, Py_ssize_t classes, const Py_ssize_t* label) noexcept nogil:
    cdef double[ROW_BLOCK] lost_gap, lost_mass
    cdef Py_ssize_t i, k
    cdef double t, gap
    if label != NULL:
        for i in range(rows):
            tile.gap[i] = <double>tile.top[i] - <double>tile.e[label[i] * ROW_BLOCK + i]
            tile.mass[i] = 1
        return
    for i in range(ROW_BLOCK):
        tile.gap[i] = tile.mass[i] = lost_gap[i] = lost_mass[i] = 0
    for k in range(classes):
        for i in range(ROW_BLOCK):
            t = tile.t[k * ROW_BLOCK + i]
            gap = <double>tile.top[i] - <double>tile.e[k * ROW_BLOCK + i]
            gap = select_double(t != 0, t * gap, 0)
            if sizeof(real) == sizeof(double):  # of floats so few sums are as good as exact
                add_carefully(gap, &tile.gap[i], &lost_gap[i])
                add_carefully(t, &tile.mass[i], &lost_mass[i])
            else:
                tile.gap[i] += gap
                tile.mass[i] += t
    for i in range(ROW_BLOCK):
        tile.gap[i] = in_one(tile.gap[i], lost_gap[i])
        tile.mass[i] = in_one(tile.mass[i], lost_mass[i])


cdef inline void add_up(double* total, real* terms) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(LANES):
        total[j] += terms[j]
        terms[j] = 0


cdef inline void lane_exps(real* e, const real* top, Py_ssize_t classes, real* others, double* sum) noexcept nogil:
    """Of as many rows as there are lanes, so that registers hold what is added up."""
    cdef double[LANES] total
    cdef real[LANES] four, ones
    cdef Py_ssize_t j, k
    for j in range(LANES):
        total[j] = four[j] = 0
        ones[j] = -1
    for k in range(classes):
        for j in range(LANES):
            e[j] = exp_below(e[j], top[j])
            ones[j] += select(e[j] == 1, 1, 0)
            four[j] += select(e[j] == 1, 0, e[j])
        e += ROW_BLOCK
        if k % 4 == 3:
            add_up(total, four)
    add_up(total, four)
    for j in range(LANES):
        others[j] = <real>(total[j] + ones[j])
        sum[j] = 1 + (total[j] + ones[j])


cdef void tile_exps(Tile* tile, Py_ssize_t classes) noexcept nogil:
    """The logits become e; `others` is the sum of what is not 1 and the number of what is, less the one that is left out.

    Four terms at a time are added in `real`, which costs a third of what adding each in double does.
    """
    cdef Py_ssize_t k, i
    for k in range(ROW_BLOCK // LANES):
        i = k * LANES
        lane_exps(tile.e + i, tile.top + i, classes, tile.others + i, tile.total + i)


cdef void tile_values(const Tile* tile, double* value) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        value[i] = tile.gap[i] + tile.mass[i] * <double>vector_log1p(tile.others[i])


cdef void label_grads(Tile* tile, Py_ssize_t rows, Py_ssize_t classes, const Py_ssize_t* label, const double* factor) noexcept nogil:
    """e becomes the gradient. The factor, in two numbers, is rounded with the product."""
    cdef real[ROW_BLOCK] at_label, high, low
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        high[i] = <real>factor[i]
        low[i] = rest_of_double(factor[i], high[i])
        at_label[i] = 0
    for i in range(rows):
        at_label[i] = tile.e[label[i] * ROW_BLOCK + i]
    for i in range(ROW_BLOCK):
        at_label[i] = <real>(softmax_grad(at_label[i], 1, 0, tile.others[i]) * factor[i])
    for k in range(classes):
        for i in range(ROW_BLOCK):
            tile.e[k * ROW_BLOCK + i] = times_pair(tile.e[k * ROW_BLOCK + i], high[i], low[i])
    for i in range(rows):
        tile.e[label[i] * ROW_BLOCK + i] = at_label[i]


cdef struct Slopes:
    # What the gradients of a tile are made of: mass e / S - t, times a weight, and where e is 1 (mass - t) / S - t others / S, in which
    # nothing cancels. Elsewhere q is at most 1 / 2, and no term more than twice the gradient's parts.
    real[ROW_BLOCK] mass, mass_low
    real[ROW_BLOCK] share, share_low    # mass / S
    real[ROW_BLOCK] weight, weight_low
    real[ROW_BLOCK] top_share           # 1 / S
    real[ROW_BLOCK] top_weight          # others / S


cdef void set_slopes(const Tile* tile, const double* scale, const double* factor, Slopes* slopes) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        slopes.mass[i] = <real>tile.mass[i]
        slopes.mass_low[i] = rest_of_double(tile.mass[i], slopes.mass[i])
        slopes.share[i] = <real>(tile.mass[i] * factor[i])
        slopes.share_low[i] = rest_of_double(tile.mass[i] * factor[i], slopes.share[i])
        slopes.weight[i] = <real>scale[i]
        slopes.weight_low[i] = rest_of_double(scale[i], slopes.weight[i])
        slopes.top_share[i] = <real>factor[i]
        slopes.top_weight[i] = <real>(tile.others[i] * factor[i])


cdef void truth_grads_of_doubles(Tile* tile, Py_ssize_t classes, const double* factor) noexcept nogil:
    cdef Py_ssize_t i, k
    cdef real e, t
    for k in range(classes):
        for i in range(ROW_BLOCK):
            e = tile.e[k * ROW_BLOCK + i]
            t = tile.t[k * ROW_BLOCK + i]
            tile.e[k * ROW_BLOCK + i] = <real>(softmax_grad(e, t, <real>(tile.mass[i] - t), tile.others[i]) * factor[i])


cdef void truth_grads(Tile* tile, Py_ssize_t classes, const double* scale, const double* factor) noexcept nogil:
    """e becomes the gradient. It is rounded about once, after e."""
    cdef Slopes slopes
    cdef Py_ssize_t i, k
    cdef real e, t, x, share, weight, rest
    set_slopes(tile, scale, factor, &slopes)
    for k in range(classes):
        for i in range(ROW_BLOCK):
            e = tile.e[k * ROW_BLOCK + i]
            t = tile.t[k * ROW_BLOCK + i]
            x = select(e == 1, (slopes.mass[i] - t) + slopes.mass_low[i], e)
            share = select(e == 1, slopes.top_share[i], slopes.share[i])
            weight = select(e == 1, slopes.top_weight[i], slopes.weight[i])
            rest = multiply_add(t, weight, select(e == 1, 0, multiply_add(t, slopes.weight_low[i], -(e * slopes.share_low[i]))))
            tile.e[k * ROW_BLOCK + i] = multiply_add(x, share, -rest)


cdef void tile_hesses(const Tile* tile, Py_ssize_t classes, const real* factor, real* hess) noexcept nogil:
    cdef Py_ssize_t i, k
    for k in range(classes):
        for i in range(ROW_BLOCK):
            hess[k * ROW_BLOCK + i] = softmax_hess(tile.e[k * ROW_BLOCK + i], <real>tile.mass[i], tile.others[i], 0, factor[i])


cdef void tile_derivatives(const Call* call, Tile* tile, const Py_ssize_t* label, const double* weight, Py_ssize_t start,
                           Py_ssize_t rows) noexcept nogil:
    cdef real[FEW * ROW_BLOCK] hess
    cdef real[ROW_BLOCK] square
    cdef double[ROW_BLOCK] scale, factor
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        scale[i] = call.scale
    if weight != NULL:
        for i in range(rows):
            scale[i] *= weight[i]
    if call.hess.present:
        for i in range(ROW_BLOCK):
            square[i] = <real>(scale[i] / ((1 + <double>tile.others[i]) * (1 + <double>tile.others[i])))
        tile_hesses(tile, call.classes, square, hess)
        drop_weightless(hess, weight, rows, call.classes)
        store_tile(&call.hess, start, rows, call.classes, hess)
    for i in range(ROW_BLOCK):
        factor[i] = scale[i] / tile.total[i]
    if label != NULL:
        label_grads(tile, rows, call.classes, label, factor)
    elif sizeof(real) == sizeof(double):
        truth_grads_of_doubles(tile, call.classes, factor)
    else:
        truth_grads(tile, call.classes, scale, factor)
    drop_weightless(tile.e, weight, rows, call.classes)
    store_tile(&call.grad, start, rows, call.classes, tile.e)


cdef void softmax_tile(const Call* call, const Py_ssize_t* label, const double* weight, double* value, Py_ssize_t start,
                       Py_ssize_t rows) noexcept nogil:
    cdef Tile tile
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_pred, start, rows, call.classes, tile.e)
    if label == NULL or bends_truth(call):
        load_target_tile(call, label, start, rows, tile.t)
        label = NULL
    tile_tops(&tile, call.classes)
    tile_gaps(&tile, rows, call.classes, label)
    tile_exps(&tile, call.classes)
    if gives_value(call.outputs):
        tile_values(&tile, value)
    if call.outputs != VALUE:
        tile_derivatives(call, &tile, label, weight, start, rows)
