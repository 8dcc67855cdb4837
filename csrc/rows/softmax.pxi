# Softmax cross-entropy. With `top` the largest logit of a row, e_k = exp(z_k - top) and S = sum e_k, the value is
# sum_k t_k (top - z_k) + mass log S, and its gradient mass e_k / S - t_k, where mass = sum t_k.
#
# The largest term of S is 1 and would drown the others where they are small, so it is left out of the sum: `others` is S - 1, log S is
# log1p(others), and S - e_k is `others` again where e_k = 1. So nothing cancels in the gradient that does not cancel in truth.

cdef enum:
    FEW = 32                # up to here a tile of rows with the classes outermost; above, row by row
    LANES = 32


cdef inline real rest_of(real e, real others) noexcept nogil:
    """S - e."""
    return select(e == 1, others, (<real>1 - e) + others)


cdef inline real exp_below(real z, real top) noexcept nogil:
    """exp(z - top). What rounding takes from the difference would be seen in the tails."""
    cdef real gap = top - z
    return exp_minus_sum(gap, rounded_off(top, -z, gap))


cdef inline real limit_of(real z, Py_ssize_t infinities) noexcept nogil:
    """The logit that stands for z in a row whose largest is inf: all of the mass is there, or nowhere if there are two."""
    cdef real infinity = LARGE * 2
    return select(z > LARGE, 0 if infinities == 1 else infinity - infinity, select(z == z, -infinity, z))


cdef inline real softmax_grad(real e, real t, real elsewhere, real others) noexcept nogil:
    """S times the gradient; `elsewhere` is the mass of the other classes."""
    return elsewhere * e - t * rest_of(e, others)


cdef inline real softmax_hess(real e, real mass, real others, real factor) noexcept nogil:
    """The second derivative, for the factor 1 / S^2. A tiny e comes last: it is rounded once then."""
    return (mass * rest_of(e, others) * factor) * e


# Few classes: the rows of a tile lie side by side, and every loop over them vectorises -----------------------------------------------

cdef struct Tile:
    real[FEW * ROW_BLOCK] e         # first the logits
    real[FEW * ROW_BLOCK] t         # the targets, unless they are labels
    real[ROW_BLOCK] top
    real[ROW_BLOCK] others
    double[ROW_BLOCK] gap           # sum_k t_k (top - z_k)
    double[ROW_BLOCK] mass


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
    cdef Py_ssize_t i, k
    cdef double t, gap
    if label != NULL:
        for i in range(rows):
            tile.gap[i] = <double>tile.top[i] - <double>tile.e[label[i] * ROW_BLOCK + i]
            tile.mass[i] = 1
        return
    for i in range(ROW_BLOCK):
        tile.gap[i] = tile.mass[i] = 0
    for k in range(classes):
        for i in range(ROW_BLOCK):
            t = tile.t[k * ROW_BLOCK + i]
            gap = <double>tile.top[i] - <double>tile.e[k * ROW_BLOCK + i]
            tile.gap[i] += select_double(t != 0, t * gap, 0)
            tile.mass[i] += t


cdef void tile_exps(Tile* tile, Py_ssize_t classes) noexcept nogil:
    """The logits become e; `others` is the sum of what is not 1 and the number of what is, less the one that is left out.

    Four terms at a time are added in `real`, which costs a third of what adding each in double does.
    """
    cdef double[ROW_BLOCK] total
    cdef real[ROW_BLOCK] four, ones
    cdef Py_ssize_t i, k
    cdef real e
    for i in range(ROW_BLOCK):
        total[i] = four[i] = 0
        ones[i] = -1
    for k in range(classes):
        for i in range(ROW_BLOCK):
            e = exp_below(tile.e[k * ROW_BLOCK + i], tile.top[i])
            tile.e[k * ROW_BLOCK + i] = e
            ones[i] += select(e == 1, 1, 0)
            four[i] += select(e == 1, 0, e)
        if k % 4 == 3 or k == classes - 1:
            for i in range(ROW_BLOCK):
                total[i] += four[i]
                four[i] = 0
    for i in range(ROW_BLOCK):
        tile.others[i] = <real>(total[i] + ones[i])


cdef void tile_values(const Tile* tile, double* value) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        value[i] = tile.gap[i] + tile.mass[i] * <double>vector_log1p(tile.others[i])


cdef void tile_grads(Tile* tile, Py_ssize_t rows, Py_ssize_t classes, const Py_ssize_t* label, const real* factor) noexcept nogil:
    """e becomes the gradient."""
    cdef real[ROW_BLOCK] at_label
    cdef Py_ssize_t i, k
    cdef real e, t
    if label != NULL:
        for i in range(rows):
            at_label[i] = tile.e[label[i] * ROW_BLOCK + i]
        for i in range(ROW_BLOCK):
            at_label[i] = softmax_grad(at_label[i], 1, 0, tile.others[i]) * factor[i]
        for k in range(classes):
            for i in range(ROW_BLOCK):
                tile.e[k * ROW_BLOCK + i] *= factor[i]
        for i in range(rows):
            tile.e[label[i] * ROW_BLOCK + i] = at_label[i]
        return
    for k in range(classes):
        for i in range(ROW_BLOCK):
            e = tile.e[k * ROW_BLOCK + i]
            t = tile.t[k * ROW_BLOCK + i]
            tile.e[k * ROW_BLOCK + i] = softmax_grad(e, t, <real>(tile.mass[i] - t), tile.others[i]) * factor[i]


cdef void tile_hesses(const Tile* tile, Py_ssize_t classes, const real* factor, real* hess) noexcept nogil:
    cdef Py_ssize_t i, k
    for k in range(classes):
        for i in range(ROW_BLOCK):
            hess[k * ROW_BLOCK + i] = softmax_hess(tile.e[k * ROW_BLOCK + i], <real>tile.mass[i], tile.others[i], factor[i])


cdef void drop_weightless(real* tile, const double* weight, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    """A row of weight 0 has the gradient 0 even where it holds nan."""
    cdef Py_ssize_t i, k
    if weight == NULL:
        return
    for i in range(rows):
        if weight[i] == 0:
            for k in range(classes):
                tile[k * ROW_BLOCK + i] = 0


cdef void tile_derivatives(const Call* call, Tile* tile, const Py_ssize_t* label, const double* weight, Py_ssize_t start,
                           Py_ssize_t rows) noexcept nogil:
    cdef real[FEW * ROW_BLOCK] hess
    cdef real[ROW_BLOCK] factor
    cdef double[ROW_BLOCK] scale
    cdef Py_ssize_t i
    for i in range(ROW_BLOCK):
        scale[i] = call.scale
    if weight != NULL:
        for i in range(rows):
            scale[i] *= weight[i]
    if call.hess.present:
        for i in range(ROW_BLOCK):
            factor[i] = <real>(scale[i] / ((1 + <double>tile.others[i]) * (1 + <double>tile.others[i])))
        tile_hesses(tile, call.classes, factor, hess)
        drop_weightless(hess, weight, rows, call.classes)
        store_tile(&call.hess, start, rows, call.classes, hess)
    for i in range(ROW_BLOCK):
        factor[i] = <real>(scale[i] / (1 + <double>tile.others[i]))
    tile_grads(tile, rows, call.classes, label, factor)
    drop_weightless(tile.e, weight, rows, call.classes)
    store_tile(&call.grad, start, rows, call.classes, tile.e)


cdef void softmax_tile(const Call* call, const Py_ssize_t* label, const double* weight, double* value, Py_ssize_t start,
                       Py_ssize_t rows) noexcept nogil:
    cdef Tile tile
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_pred, start, rows, call.classes, tile.e)
    if label == NULL:
        load_tile(&call.y_true, start, rows, call.classes, tile.t)
    tile_tops(&tile, call.classes)
    tile_gaps(&tile, rows, call.classes, label)
    tile_exps(&tile, call.classes)
    if gives_value(call.outputs):
        tile_values(&tile, value)
    if call.outputs != VALUE:
        tile_derivatives(call, &tile, label, weight, start, rows)


# Many classes: row by row, each in chunks, with three readings of the row while it is in the cache -----------------------------------

cdef struct Row:
    const char* z
    const char* t
    char* grad
    char* hess
    Py_ssize_t label        # -1 where the target is a distribution
    real top
    Py_ssize_t infinities   # how many logits are inf
    real others
    double mass
    double gap
    bint keeps              # e stays in the caller's gradient


cdef const real* load_logits(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, real* buffer) noexcept nogil:
    """Under an infinite top, those of the softmax's limit."""
    cdef const real* z = load_classes(&call.y_pred, row.z, first, n, buffer)
    cdef Py_ssize_t k
    if not row.top > LARGE:
        return z
    for k in range(n):
        buffer[k] = limit_of(z[k], row.infinities)
    return buffer


cdef inline real shift_of(const Row* row) noexcept nogil:
    """What is taken from the logits before exp."""
    return 0 if row.top > LARGE else row.top


cdef real lane_top(const real* z, Py_ssize_t n, real top) noexcept nogil:
    """The largest of n numbers and `top`, in lanes; a nan is passed over."""
    cdef real[LANES] tops
    cdef Py_ssize_t k = 0, j
    for j in range(LANES):
        tops[j] = top
    while k + LANES <= n:
        for j in range(LANES):
            tops[j] = select(z[k + j] > tops[j], z[k + j], tops[j])
        k += LANES
    for j in range(LANES):
        top = select(tops[j] > top, tops[j], top)
    while k < n:
        top = select(z[k] > top, z[k], top)
        k += 1
    return top


cdef Py_ssize_t infinities(const Call* call, const Row* row) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* z
    cdef Py_ssize_t first = 0, n, k, count = 0
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_classes(&call.y_pred, row.z, first, n, buffer)
        for k in range(n):
            count += z[k] > LARGE
        first += n
    return count


cdef void row_top(const Call* call, Row* row) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef real top = -2 * LARGE
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        top = lane_top(load_classes(&call.y_pred, row.z, first, n, buffer), n, top)
        first += n
    row.top = top
    if top > LARGE:
        row.infinities = infinities(call, row)


cdef double sum_below_one(const real* e, Py_ssize_t n, double* ones) noexcept nogil:
    """The sum of what is not 1, and how many are. Four terms are added in `real`, then in double."""
    cdef double[LANES] total
    cdef real[LANES] four, count
    cdef double result = 0
    cdef Py_ssize_t k = 0, i, j
    for j in range(LANES):
        total[j] = count[j] = 0
    while k + 4 * LANES <= n:
        for j in range(LANES):
            four[j] = 0
        for i in range(4):
            for j in range(LANES):
                count[j] += select(e[k + j] == 1, 1, 0)
                four[j] += select(e[k + j] == 1, 0, e[k + j])
            k += LANES
        for j in range(LANES):
            total[j] += four[j]
    while k < n:
        ones[0] += select(e[k] == 1, 1, 0)
        result += select(e[k] == 1, 0, e[k])
        k += 1
    for j in range(LANES):
        result += total[j]
        ones[0] += count[j]
    return result


cdef inline void exps(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, real* e) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* z = load_logits(call, row, first, n, buffer)
    cdef real shift = shift_of(row)
    cdef Py_ssize_t k
    for k in range(n):
        e[k] = exp_below(z[k], shift)


cdef void row_gap(const Call* call, Row* row) noexcept nogil:
    """gap and mass of the row."""
    cdef real[BLOCK] z_buffer, t_buffer
    cdef const real* z
    cdef const real* t
    cdef Py_ssize_t first = 0, n, k
    cdef double mass = 0, gap, shift = shift_of(row)
    if row.label >= 0:
        z = load_logits(call, row, row.label, 1, z_buffer)
        row.gap = shift - z[0]
        row.mass = 1
        return
    row.gap = 0
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_logits(call, row, first, n, z_buffer)
        t = load_classes(&call.y_true, row.t, first, n, t_buffer)
        for k in range(n):
            gap = shift - z[k]
            row.gap += select_double(t[k] != 0, t[k] * gap, 0)
            mass += t[k]
        first += n
    row.mass = mass


cdef void row_others(const Call* call, Row* row) noexcept nogil:
    """Where the gradient goes straight into the caller's array, e is kept there and not computed again."""
    cdef real[BLOCK] buffer
    cdef real* e = buffer
    cdef Py_ssize_t first = 0, n
    cdef double total = 0, ones = -1
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        if row.keeps:
            e = <real*>row.grad + first
        exps(call, row, first, n, e)
        total += sum_below_one(e, n, &ones)
        first += n
    row.others = <real>(total + ones)


cdef void chunk_grads(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, real factor, real* e) noexcept nogil:
    """e becomes the gradient of the classes from `first` on."""
    cdef real[BLOCK] buffer
    cdef const real* t
    cdef Py_ssize_t k, label = row.label - first
    cdef real at_label = 0
    if row.label < 0:
        t = load_classes(&call.y_true, row.t, first, n, buffer)
        for k in range(n):
            e[k] = softmax_grad(e[k], t[k], <real>(row.mass - t[k]), row.others) * factor
        return
    if 0 <= label < n:
        at_label = softmax_grad(e[label], 1, 0, row.others) * factor
    for k in range(n):
        e[k] *= factor
    if 0 <= label < n:
        e[label] = at_label


cdef void chunk_derivatives(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, real factor, real square,
                            real* e) noexcept nogil:
    """The targets are read before the second derivatives are stored, which may take their place."""
    cdef real[BLOCK] hess
    cdef Py_ssize_t k
    if not call.hess.present:
        chunk_grads(call, row, first, n, factor, e)
        return
    for k in range(n):
        hess[k] = softmax_hess(e[k], <real>row.mass, row.others, square)
    chunk_grads(call, row, first, n, factor, e)
    store_classes(&call.hess, row.hess, first, n, hess)


cdef void row_derivatives(const Call* call, const Row* row, double scale) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef double total = 1 + <double>row.others
    cdef real factor = <real>(scale / total), square = <real>(scale / (total * total))
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        if row.keeps:
            chunk_derivatives(call, row, first, n, factor, square, <real*>row.grad + first)
        else:
            exps(call, row, first, n, buffer)
            chunk_derivatives(call, row, first, n, factor, square, buffer)
            store_classes(&call.grad, row.grad, first, n, buffer)
        first += n


cdef double softmax_row(const Call* call, Py_ssize_t index, Py_ssize_t label, const double* weight) noexcept nogil:
    """The value of a row; its derivatives are stored. `weight` points to the row's own, or is NULL."""
    cdef Row row
    cdef double value
    row.label = label
    row.z = row_of(&call.y_pred, index)
    row.t = row_of(&call.y_true, index)
    row.grad = row_of(&call.grad, index) if call.grad.present else NULL
    row.hess = row_of(&call.hess, index) if call.hess.present else NULL
    row.keeps = call.grad.present and rows_are_direct(&call.grad)
    if weight != NULL and weight[0] == 0:
        clear_row(call, &row)
        return 0
    row_top(call, &row)
    row_gap(call, &row)
    row_others(call, &row)
    value = row.gap + row.mass * <double>vector_log1p(row.others)
    if call.outputs != VALUE:
        row_derivatives(call, &row, row_scale(call, weight, 0))
    return value


cdef void clear_row(const Call* call, const Row* row) noexcept nogil:
    if call.grad.present:
        fill_zero(&call.grad, row.grad, call.classes)
    if call.hess.present:
        fill_zero(&call.hess, row.hess, call.classes)


# The blocks ---------------------------------------------------------------------------------------------------------------------

cdef bint faulty_targets(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, Partial* partial) noexcept nogil:
    """Whether a distribution has an entry out of its domain; noted by its place among all entries."""
    cdef real[BLOCK] buffer
    cdef const real* t
    cdef Py_ssize_t row, first, n
    if not call.y_true_domain.checked:
        return False
    for row in range(rows):
        first = 0
        while first < call.classes and (weight == NULL or weight[row] != 0):
            n = min(<Py_ssize_t>BLOCK, call.classes - first)
            t = load_classes(&call.y_true, row_of(&call.y_true, start + row), first, n, buffer)
            if find_outside(t, &call.y_true_domain, NULL, (start + row) * call.classes + first, n, Y_TRUE_FAULT, partial):
                return True
            first += n
    return False


cdef void softmax(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
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
        elif faulty_targets(call, start, rows, weight, partial):
            return
        if call.outputs == NOTHING:
            continue
        if call.classes <= FEW:
            softmax_tile(call, label, weight, value, start, rows)
        else:
            for i in range(rows):
                value[i] = softmax_row(call, start + i, labels[i] if call.labels else -1, weight_of(weight, i))
        sum_or_store_rows(call, value, weight, start, rows, partial)
