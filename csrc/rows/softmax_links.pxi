# Losses of the softmax's probabilities: the value of a row is sum_k phi(t_k, q_k), and a link gives phi, u = q dphi/dq and v = q du/dq.
# With the sums U and V over the other classes than j, and r = 1 - q, the derivatives by the logits are
#
#     gradient  r_j u_j - q_j U,        second  r_j (r_j v_j - q_j u_j) + q_j (q_j V - r_j U),
#
# in which nothing cancels that does not cancel in truth. U and V must be good to the last digit beside the class that has nearly all
# of the probability, so its own part stays out of the sum of the rest, as in `others`. With labels every other u and v is 0.

cdef inline void follow(const Call* call, const link_block_fn* link, Shares* shares, Py_ssize_t n) noexcept nogil:
    link[<int>call.outputs](shares, call.parameters, n)


cdef inline double elsewhere(real e, real own, double tops, double lows) noexcept nogil:
    """A sum over the other classes, of which `tops` is the part where e = 1."""
    return select_double(e == 1, (tops - own) + lows, tops + (lows - own))


cdef inline real linked_grad(real q, real rest, real slope, double slopes) noexcept nogil:
    return <real>(rest * slope - q * slopes)


cdef inline real linked_hess(real q, real rest, real slope, real bend, double slopes, double bends) noexcept nogil:
    return <real>(rest * (rest * bend - q * slope) + q * (q * bends - rest * slopes))


cdef inline real unlabelled_hess(real e, real others, real slope, real bend) noexcept nogil:
    """Of a class that is not the label, whose slope and bend these are."""
    cdef real total = <real>1 + others, q = e / total
    return q * (q * bend - rest_of(e, others) / total * slope)


cdef inline double label_factor(const Call* call, Py_ssize_t label) noexcept nogil:
    return 1 if call.class_factors == NULL else call.class_factors[label]


# Few classes: the rows of a tile lie side by side ------------------------------------------------------------------------------------

cdef struct LinkTile:
    Tile softmax
    real[FEW * ROW_BLOCK] z             # then the bends, then the second derivatives
    real[FEW * ROW_BLOCK] e_low         # what rounding took from e, and from others
    real[ROW_BLOCK] others_low
    double[ROW_BLOCK] scale             # of the derivatives
    double[ROW_BLOCK] top_slopes
    double[ROW_BLOCK] low_slopes
    double[ROW_BLOCK] top_bends
    double[ROW_BLOCK] low_bends


cdef void exact_tile_exps(LinkTile* tile, Py_ssize_t classes) noexcept nogil:
    """The logits become e. The sum of what is not 1, and the number of what is, less the one that is left out."""
    cdef real[ROW_BLOCK] high, low, ones
    cdef Py_ssize_t i, k
    cdef Duo e, sum
    for i in range(ROW_BLOCK):
        high[i] = low[i] = 0
        ones[i] = -1
    for k in range(classes):
        for i in range(ROW_BLOCK):
            e = duo_exp_below(tile.softmax.e[k * ROW_BLOCK + i], tile.softmax.top[i])
            tile.softmax.e[k * ROW_BLOCK + i] = e.high
            tile.e_low[k * ROW_BLOCK + i] = e.low
            ones[i] += select(e.high == 1, 1, 0)
            sum = duo_sum(duo(high[i], low[i]), select(e.high == 1, 0, e.high), select(e.high == 1, 0, e.low))
            high[i] = sum.high
            low[i] = sum.low
    for i in range(ROW_BLOCK):
        sum = duo_sum(duo(high[i], low[i]), ones[i], 0)
        tile.softmax.others[i] = sum.high
        tile.others_low[i] = sum.low


cdef void open_link_tile(const Call* call, LinkTile* tile, const double* weight, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t i
    if rows < ROW_BLOCK:
        memset(tile, 0, sizeof(tile[0]))
    load_tile(&call.y_pred, start, rows, call.classes, tile.softmax.e)
    if tile_tops(&tile.softmax, call.classes):
        tile_limits(&tile.softmax, call.classes)
    memcpy(tile.z, tile.softmax.e, call.classes * ROW_BLOCK * sizeof(real))
    exact_tile_exps(tile, call.classes)
    tile_logs(&tile.softmax)
    for i in range(ROW_BLOCK):
        tile.scale[i] = call.scale
    if weight != NULL:
        for i in range(rows):
            tile.scale[i] *= weight[i]


cdef void label_shares(const Call* call, const LinkTile* tile, const Py_ssize_t* label, Py_ssize_t rows, Shares* shares) noexcept nogil:
    """Those of the label's class in each row."""
    cdef real[ROW_BLOCK] e, low, z
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        shares.t[i] = e[i] = low[i] = z[i] = 0
    for i in range(rows):
        e[i] = tile.softmax.e[label[i] * ROW_BLOCK + i]
        low[i] = tile.e_low[label[i] * ROW_BLOCK + i]
        z[i] = tile.z[label[i] * ROW_BLOCK + i]
        shares.t[i] = <real>label_factor(call, label[i])
    for i in range(ROW_BLOCK):
        keep_share(shares, i, e[i], share_of(duo(e[i], low[i]), z[i], tile.softmax.top[i],
                                             duo(tile.softmax.others[i], tile.others_low[i]), tile.softmax.log_total[i]))


cdef void label_tile_hesses(LinkTile* tile, const Py_ssize_t* label, const Shares* shares, Py_ssize_t rows,
                            Py_ssize_t classes) noexcept nogil:
    cdef Py_ssize_t i, k
    for k in range(classes):
        for i in range(ROW_BLOCK):
            tile.z[k * ROW_BLOCK + i] = unlabelled_hess(tile.softmax.e[k * ROW_BLOCK + i], tile.softmax.others[i], shares.slope[i],
                                                        shares.bend[i])
    for i in range(rows):
        tile.z[label[i] * ROW_BLOCK + i] = linked_hess(shares.q[i], shares.rest[i], shares.slope[i], shares.bend[i], 0, 0)


cdef void label_tile_grads(LinkTile* tile, const Py_ssize_t* label, const Shares* shares, Py_ssize_t rows,
                           Py_ssize_t classes) noexcept nogil:
    cdef real[ROW_BLOCK] factor
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        factor[i] = -shares.slope[i] / (<real>1 + tile.softmax.others[i])
    for k in range(classes):
        for i in range(ROW_BLOCK):
            tile.softmax.e[k * ROW_BLOCK + i] *= factor[i]
    for i in range(rows):
        tile.softmax.e[label[i] * ROW_BLOCK + i] = shares.rest[i] * shares.slope[i]


cdef void label_tile(const Call* call, const link_block_fn* link, LinkTile* tile, const Py_ssize_t* label, double* value,
                     Py_ssize_t rows) noexcept nogil:
    """Values, gradients in e and second derivatives in z."""
    cdef Shares shares
    cdef Py_ssize_t i
    label_shares(call, tile, label, rows, &shares)
    follow(call, link, &shares, ROW_BLOCK)
    if gives_value(call.outputs):
        for i in range(ROW_BLOCK):
            value[i] = shares.value[i]
    if call.outputs == VALUE:
        return
    for i in range(ROW_BLOCK):
        shares.slope[i] = <real>(shares.slope[i] * tile.scale[i])
    if call.hess.present:
        for i in range(ROW_BLOCK):
            shares.bend[i] = <real>(shares.bend[i] * tile.scale[i])
        label_tile_hesses(tile, label, &shares, rows, call.classes)
    label_tile_grads(tile, label, &shares, rows, call.classes)


cdef void follow_class(const Call* call, const link_block_fn* link, LinkTile* tile, Py_ssize_t k, double* value,
                       Shares* shares) noexcept nogil:
    """The link of one class; its slope takes the place of the truth, its bend that of the logit."""
    cdef real* t = tile.softmax.t + k * ROW_BLOCK
    cdef const real* e = tile.softmax.e + k * ROW_BLOCK
    cdef const real* low = tile.e_low + k * ROW_BLOCK
    cdef real* z = tile.z + k * ROW_BLOCK
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        shares.t[i] = t[i]
        keep_share(shares, i, e[i], share_of(duo(e[i], low[i]), z[i], tile.softmax.top[i],
                                             duo(tile.softmax.others[i], tile.others_low[i]), tile.softmax.log_total[i]))
    follow(call, link, shares, ROW_BLOCK)
    if gives_value(call.outputs):
        for i in range(ROW_BLOCK):
            value[i] += shares.value[i]
    if call.outputs == VALUE:
        return
    for i in range(ROW_BLOCK):
        t[i] = shares.slope[i]
        tile.top_slopes[i] += select_double(e[i] == 1, t[i], 0)
        tile.low_slopes[i] += select_double(e[i] == 1, 0, t[i])
    if call.hess.present:
        for i in range(ROW_BLOCK):
            z[i] = shares.bend[i]
            tile.top_bends[i] += select_double(e[i] == 1, z[i], 0)
            tile.low_bends[i] += select_double(e[i] == 1, 0, z[i])


cdef void truth_tile_hesses(LinkTile* tile, Py_ssize_t classes) noexcept nogil:
    cdef Py_ssize_t i, k, at
    cdef real e, others, slope, bend
    cdef double slopes, bends
    for k in range(classes):
        for i in range(ROW_BLOCK):
            at = k * ROW_BLOCK + i
            e = tile.softmax.e[at]
            others = tile.softmax.others[i]
            slope = tile.softmax.t[at]
            bend = tile.z[at]
            slopes = elsewhere(e, slope, tile.top_slopes[i], tile.low_slopes[i])
            bends = elsewhere(e, bend, tile.top_bends[i], tile.low_bends[i])
            tile.z[at] = <real>(linked_hess(e / (<real>1 + others), rest_of(e, others) / (<real>1 + others), slope, bend, slopes, bends)
                                * tile.scale[i])


cdef void truth_tile_grads(LinkTile* tile, Py_ssize_t classes) noexcept nogil:
    cdef Py_ssize_t i, k, at
    cdef real e, others, slope
    cdef double slopes
    for k in range(classes):
        for i in range(ROW_BLOCK):
            at = k * ROW_BLOCK + i
            e = tile.softmax.e[at]
            others = tile.softmax.others[i]
            slope = tile.softmax.t[at]
            slopes = elsewhere(e, slope, tile.top_slopes[i], tile.low_slopes[i])
            tile.softmax.e[at] = <real>(linked_grad(e / (<real>1 + others), rest_of(e, others) / (<real>1 + others), slope, slopes)
                                        * tile.scale[i])


cdef void truth_tile(const Call* call, const link_block_fn* link, LinkTile* tile, double* value) noexcept nogil:
    """As label_tile, for distributions."""
    cdef Shares shares
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        value[i] = tile.top_slopes[i] = tile.low_slopes[i] = tile.top_bends[i] = tile.low_bends[i] = 0
    for k in range(call.classes):
        follow_class(call, link, tile, k, value, &shares)
    if call.outputs == VALUE:
        return
    if call.hess.present:
        truth_tile_hesses(tile, call.classes)
    truth_tile_grads(tile, call.classes)


cdef void softmax_links_tile(const Call* call, const link_block_fn* link, const Py_ssize_t* label, const double* weight, double* value,
                             Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    cdef LinkTile tile
    open_link_tile(call, &tile, weight, start, rows)
    if label != NULL:
        label_tile(call, link, &tile, label, value, rows)
    else:
        load_target_tile(call, NULL, start, rows, tile.softmax.t)
        truth_tile(call, link, &tile, value)
    if call.outputs == VALUE:
        return
    if call.hess.present:
        store_counting(&call.hess, start, rows, call.classes, tile.z, weight)
    store_counting(&call.grad, start, rows, call.classes, tile.softmax.e, weight)


# The blocks ---------------------------------------------------------------------------------------------------------------------

cdef void softmax_links(const Call* call, const link_block_fn* link, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """The kernel of every link; `link` holds its loops, by the outputs."""
    cdef double[ROW_BLOCK] buffer, value
    cdef Py_ssize_t[ROW_BLOCK] labels
    cdef Py_ssize_t* label = labels if call.labels else NULL
    cdef const double* weight
    cdef Py_ssize_t block, start, rows, i
    for block in range(first, last):
        start = block * rows_of_block(call.classes)
        rows = min(rows_of_block(call.classes), call.size - start)
        weight = load_weights(call, start, rows, buffer)
        if label != NULL:
            if not load_labels(call, start, rows, weight, labels, partial):
                return
        elif faulty_entries(call, &call.y_true, &call.y_true_domain, Y_TRUE_FAULT, start, rows, weight, partial):
            return
        if call.outputs == NOTHING:
            continue
        if call.classes <= FEW:
            softmax_links_tile(call, link, label, weight, value, start, rows)
        else:
            for i in range(rows):
                value[i] = softmax_links_row(call, link, start + i, labels[i] if call.labels else -1, weight_of(weight, i))
        sum_or_store_rows(call, value, weight, start, rows, partial)
