# Softmax cross-entropy of few classes: the rows of a tile lie side by side, and every loop over them vectorises.

cdef inline void lane_tops(const real* z, Py_ssize_t classes, real* top) noexcept nogil:
    """Of as many rows as there are lanes, in registers."""
    cdef real[LANES] tops
    cdef Py_ssize_t j, k
    for j in range(LANES):
        tops[j] = z[j]
    for k in range(1, classes):
        raise_tops(tops, z + k * ROW_BLOCK)
    for j in range(LANES):
        top[j] = tops[j]


cdef bint tile_tops(Tile* tile, Py_ssize_t classes) noexcept nogil:
    """Whether one is infinite. A nan may be passed over here: it comes back by its own e."""
    cdef Py_ssize_t i
    cdef bint infinite = False
    for i in range(ROW_BLOCK // LANES):
        lane_tops(tile.e + i * LANES, classes, tile.top + i * LANES)
    for i in range(ROW_BLOCK):
        infinite |= tile.top[i] > LARGE
    return infinite


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


cdef inline double gap_below(const Tile* tile, const Options* capped, Py_ssize_t k, Py_ssize_t i) noexcept nogil:
    cdef double gap = <double>tile.top[i] - <double>tile.e[k * ROW_BLOCK + i]
    return gap if capped == NULL else gap + (<double>capped.top_low[i] - capped.low[k * ROW_BLOCK + i])


cdef void tile_gaps(Tile* tile, const Options* capped, Py_ssize_t rows, Py_ssize_t classes, const Py_ssize_t* label) noexcept nogil:
    cdef double[ROW_BLOCK] lost_gap, lost_mass
    cdef Py_ssize_t i, k
    cdef double t, gap
    if label != NULL:
        for i in range(rows):
            tile.gap[i] = gap_below(tile, capped, label[i], i)
            tile.mass[i] = 1
        return
    for i in range(ROW_BLOCK):
        tile.gap[i] = tile.mass[i] = lost_gap[i] = lost_mass[i] = 0
    for k in range(classes):
        for i in range(ROW_BLOCK):
            t = tile.t[k * ROW_BLOCK + i]
            gap = gap_below(tile, capped, k, i)
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


cdef enum Exponents:
    PLAIN, HEATED, CAPPED       # top - z, the same by a temperature, and of capped logits


cdef inline void lane_exps(Tile* tile, const Options* options, Exponents kind, Py_ssize_t first, Py_ssize_t classes) noexcept nogil:
    """Of as many rows as there are lanes, so that registers hold what is added up. The kind is constant at every call."""
    cdef real* e = tile.e + first
    cdef double[LANES] total
    cdef real[LANES] four, ones, top
    cdef real temperature = 1 if kind == PLAIN else options.temperature
    cdef Py_ssize_t j, k
    for j in range(LANES):
        top[j] = tile.top[first + j]    # to the compiler, e might be the top
        total[j] = four[j] = 0
        ones[j] = -1
    for k in range(classes):
        for j in range(LANES):
            if kind == PLAIN:
                e[j] = exp_below(e[j], top[j])
            elif kind == HEATED:
                e[j] = exp_below_by(e[j], top[j], temperature)
            else:
                e[j] = exp_below_capped(e[j], top[j], options.top_low[first + j] - options.low[k * ROW_BLOCK + first + j], temperature)
            ones[j] += select(e[j] == 1, 1, 0)
            four[j] += select(e[j] == 1, 0, e[j])
        e += ROW_BLOCK
        if k % 4 == 3:
            add_up(total, four)
    add_up(total, four)
    for j in range(LANES):
        tile.others[first + j] = <real>(total[j] + ones[j])
        tile.total[first + j] = 1 + (total[j] + ones[j])


cdef void tile_exps(Tile* tile, const Options* options, Py_ssize_t classes) noexcept nogil:
    """The logits become e; `others` is the sum of what is not 1 and the number of what is, less the one that is left out.

    Four terms at a time are added in `real`, which costs a third of what adding each in double does.
    """
    cdef Py_ssize_t k
    for k in range(ROW_BLOCK // LANES):
        if options == NULL or (options.cap == 0 and options.temperature == 1):
            lane_exps(tile, NULL, PLAIN, k * LANES, classes)
        elif options.cap == 0:
            lane_exps(tile, options, HEATED, k * LANES, classes)
        else:
            lane_exps(tile, options, CAPPED, k * LANES, classes)


cdef void tile_logs(Tile* tile) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        tile.log_total[i] = vector_log1p(tile.others[i])


cdef void tile_values(const Tile* tile, const Options* options, double* value) noexcept nogil:
    cdef Py_ssize_t i
    if options == NULL:
        for i in range(ROW_BLOCK):
            value[i] = tile.gap[i] + tile.mass[i] * tile.log_total[i]
        return
    for i in range(ROW_BLOCK):
        value[i] = tile.gap[i] / options.temperature + tile.mass[i] * tile.log_total[i] + options.z_loss[i]


cdef inline double pull_of(const Options* options, Py_ssize_t i) noexcept nogil:
    return 0 if options == NULL else options.pull[i]


cdef void label_grads(Tile* tile, const Options* options, Py_ssize_t rows, Py_ssize_t classes, const Py_ssize_t* label,
                      const double* factor) noexcept nogil:
    """e becomes the gradient. The factor, in two numbers, is rounded with the product."""
    cdef real[ROW_BLOCK] at_label, high, low
    cdef Py_ssize_t i, k
    cdef double others_factor
    for i in range(ROW_BLOCK):
        others_factor = factor[i] * (1 + pull_of(options, i))
        high[i] = <real>others_factor
        low[i] = rest_of_double(others_factor, high[i])
        at_label[i] = 0
    for i in range(rows):
        at_label[i] = tile.e[label[i] * ROW_BLOCK + i]
    for i in range(ROW_BLOCK):
        at_label[i] = <real>(softmax_grad(at_label[i], 1, <real>pull_of(options, i), tile.others[i]) * factor[i])
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


cdef void truth_grads_in_double(Tile* tile, const Options* options, Py_ssize_t classes, const double* factor) noexcept nogil:
    """e becomes the gradient, of a z-loss too."""
    cdef Py_ssize_t i, k, at
    for k in range(classes):
        for i in range(ROW_BLOCK):
            at = k * ROW_BLOCK + i
            tile.e[at] = truth_grad(tile.e[at], tile.t[at], tile.mass[i], pull_of(options, i), tile.others[i], factor[i])


cdef void truth_grads(Tile* tile, Py_ssize_t classes, const double* scale, const double* factor) noexcept nogil:
    """Without options, and with hardly a step in double: it is rounded about once, after e."""
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


cdef void tile_hesses(const Tile* tile, const Options* options, Py_ssize_t classes, const double* scale, real* hess) noexcept nogil:
    cdef real[ROW_BLOCK] mass, curl, factor
    cdef double heat = 1 if options == NULL else options.temperature, total
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        mass[i] = <real>(tile.mass[i] + pull_of(options, i))
        curl[i] = 0 if options == NULL else <real>options.curl[i]
        total = (1 + <double>tile.others[i]) * heat
        factor[i] = <real>(scale[i] / total / total)
    for k in range(classes):
        for i in range(ROW_BLOCK):
            hess[k * ROW_BLOCK + i] = softmax_hess(tile.e[k * ROW_BLOCK + i], mass[i], tile.others[i], curl[i], factor[i])


cdef void tile_derivatives(const Call* call, Tile* tile, const Options* options, const Py_ssize_t* label, const double* weight,
                           Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    cdef real[FEW * ROW_BLOCK] hess
    cdef double[ROW_BLOCK] scale, factor
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        scale[i] = call.scale
    if weight != NULL:
        for i in range(rows):
            scale[i] *= weight[i]
    if call.hess.present:
        tile_hesses(tile, options, call.classes, scale, hess)
    if options != NULL:
        for i in range(ROW_BLOCK):
            scale[i] /= options.temperature
    for i in range(ROW_BLOCK):
        factor[i] = scale[i] / tile.total[i]
    if label != NULL:
        label_grads(tile, options, rows, call.classes, label, factor)
    elif options != NULL or sizeof(real) == sizeof(double):
        truth_grads_in_double(tile, options, call.classes, factor)
    else:
        truth_grads(tile, call.classes, scale, factor)
    if options != NULL:
        endless_grads(options, factor, rows, tile.e)
    if options != NULL and options.cap != 0:
        uncap_tile(options, tile.e, hess if call.hess.present else NULL, rows, call.classes)
    if call.hess.present:
        store_counting(&call.hess, start, rows, call.classes, hess, weight)
    store_counting(&call.grad, start, rows, call.classes, tile.e, weight)


cdef inline void softmax_tile(const Call* call, Options* options, const Py_ssize_t* hot, const double* weight, double* value,
                              Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    """`options` is NULL where there are none, `hot` where the truth is a distribution, and `label` also where labels are smoothed."""
    cdef Tile tile
    cdef bint infinite
    cdef const Py_ssize_t* label = hot
    if bends_truth(call):
        label = NULL
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_pred, start, rows, call.classes, tile.e)
    if options != NULL:
        open_options(call, &tile, options, rows)
    if label == NULL:
        load_target_tile(call, hot, start, rows, tile.t)
    infinite = tile_tops(&tile, call.classes)
    if options != NULL:
        tops_of_options(&tile, options, call.classes)
    if infinite:
        tile_limits(&tile, call.classes)
    tile_gaps(&tile, NULL if call.parameters[1] == 0 else options, rows, call.classes, label)
    tile_exps(&tile, options, call.classes)
    if gives_value(call.outputs) or call.parameters[0] != 0:
        tile_logs(&tile)
    if call.parameters[0] != 0:
        tile_z_loss(call, &tile, options, hot, start, rows)
    elif options != NULL:
        without_z_loss(options)
    if gives_value(call.outputs):
        tile_values(&tile, options, value)
    if call.outputs != VALUE:
        tile_derivatives(call, &tile, options, label, weight, start, rows)
