# The links of many classes: row by row, each in chunks. Few are in softmax_links.pxi.

cdef struct LinkRow:
    Row softmax
    bint exact_exps          # e in two numbers; float32's results do not show what the second adds
    real* kept              # e of the row, or NULL where there is no room for it
    Duo others
    real log_total
    double scale
    double top_slopes
    double low_slopes
    double top_bends
    double low_bends


cdef struct Kept:
    # What a second reading of a distribution's row would give, where the row fits.
    real[BLOCK] e
    real[BLOCK] slope
    real[BLOCK] bend


cdef inline bint is_double(const Operand* a) noexcept nogil:
    return a.number == FLOAT64 or a.number < HALF


cdef void exact_others(const Call* call, LinkRow* row) noexcept nogil:
    """The sum of what is not 1, in lanes, and the number of what is, less the one that is left out. e is kept where there is room.

    The last lanes are filled up with zeros: with a number of steps that the compiler knows, and arrays that nothing else can see, both
    loops vectorise.
    """
    cdef Logits logits
    cdef real[CHUNK] e, e_low
    cdef real[LANES] high, low, ones
    cdef const real* z
    cdef real shift = shift_of(&row.softmax)
    cdef Py_ssize_t first = 0, n, k, j
    cdef Duo sum
    for j in range(LANES):
        high[j] = low[j] = ones[j] = 0
    while first < call.classes:
        n = min(<Py_ssize_t>CHUNK, call.classes - first)
        z = load_logits(call, &row.softmax, first, n, &logits)
        for k in range(n):
            sum = duo_exp_below(z[k], shift)
            e[k] = sum.high
            e_low[k] = sum.low
        if row.kept != NULL:
            memcpy(row.kept + first, e, n * sizeof(real))
        for k in range(n, CHUNK):
            e[k] = e_low[k] = 0
        k = 0
        while k < n:
            for j in range(LANES):
                ones[j] += select(e[k + j] == 1, 1, 0)
                sum = duo_sum(duo(high[j], low[j]), select(e[k + j] == 1, 0, e[k + j]), select(e[k + j] == 1, 0, e_low[k + j]))
                high[j] = sum.high
                low[j] = sum.low
            k += LANES
        first += n
    row.others = duo(0, 0)
    for j in range(1, LANES):
        ones[0] += ones[j]
    for j in range(LANES):
        row.others = duo_sum(row.others, high[j], low[j])
    row.others = duo_sum(row.others, ones[0] - 1, 0)


cdef void short_others(const Call* call, LinkRow* row) noexcept nogil:
    """Likewise, in one number."""
    cdef real[BLOCK] buffer
    cdef real* e = buffer
    cdef double total = 0, ones = -1
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        if row.kept != NULL:
            e = row.kept + first
        exps(call, &row.softmax, first, n, e)
        total += sum_below_one(e, n, &ones)
        first += n
    row.others = duo(<real>(total + ones), 0)


cdef void link_others(const Call* call, LinkRow* row) noexcept nogil:
    if row.exact_exps:
        exact_others(call, row)
    else:
        short_others(call, row)
    row.log_total = vector_log1p(row.others.high)


# Labels: one class has a share, and the gradient of the others is a multiple of e

cdef void label_exps(const Call* call, const LinkRow* row, Py_ssize_t first, Py_ssize_t n, real* e) noexcept nogil:
    """What was not kept, with the same digits."""
    cdef Logits logits
    cdef const real* z
    cdef real shift = shift_of(&row.softmax)
    cdef Py_ssize_t k
    if not row.exact_exps:
        exps(call, &row.softmax, first, n, e)
        return
    z = load_logits(call, &row.softmax, first, n, &logits)
    for k in range(n):
        e[k] = duo_exp_below(z[k], shift).high


cdef void label_hesses(const Call* call, const LinkRow* row, const Shares* shares, Py_ssize_t first, Py_ssize_t n,
                       const real* e) noexcept nogil:
    cdef real[BLOCK] hess
    cdef real slope = shares.slope[0], bend = shares.bend[0], others = row.others.high
    cdef double total = 1 + <double>others, factor = row.scale / total / total
    cdef Py_ssize_t k, label = row.softmax.label - first
    for k in range(n):
        hess[k] = <real>(e[k] * (e[k] * bend - rest_of(e[k], others) * slope) * factor)
    if 0 <= label < n:
        hess[label] = <real>(linked_hess(shares.q[0], shares.rest[0], slope, bend, 0, 0) * row.scale)
    store_classes(&call.hess, row.softmax.hess, first, n, hess)


cdef void label_derivatives(const Call* call, const LinkRow* row, const Shares* shares) noexcept nogil:
    """Second derivatives first: e becomes the gradient."""
    cdef real[BLOCK] buffer
    cdef real* e = buffer
    cdef real slope = <real>(shares.slope[0] * row.scale), factor = -slope / (<real>1 + row.others.high)
    cdef Py_ssize_t first = 0, n, k, label
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        label = row.softmax.label - first
        if row.kept != NULL:
            e = row.kept + first
        else:
            label_exps(call, row, first, n, e)
        if call.hess.present:
            label_hesses(call, row, shares, first, n, e)
        for k in range(n):
            e[k] *= factor
        if 0 <= label < n:
            e[label] = shares.rest[0] * slope
        if not row.softmax.keeps:
            store_classes(&call.grad, row.softmax.grad, first, n, e)
        first += n


cdef double label_row(const Call* call, const link_block_fn* link, LinkRow* row) noexcept nogil:
    """Of the row's classes the label alone has a share."""
    cdef Logits logits
    cdef real[BLOCK] room
    cdef Shares shares
    cdef real shift = shift_of(&row.softmax), z = load_logits(call, &row.softmax, row.softmax.label, 1, &logits)[0]
    cdef Duo e = duo_exp_below(z, shift)
    row.softmax.keeps = call.outputs != VALUE and rows_are_direct(&call.grad)
    row.kept = NULL
    if row.softmax.keeps:
        row.kept = <real*>row.softmax.grad
    elif call.classes <= BLOCK:
        row.kept = room
    link_others(call, row)
    shares.t[0] = <real>label_factor(call, row.softmax.label)
    keep_share(&shares, 0, e.high, share_of(e, z, shift, row.others, row.log_total))
    follow(call, link, &shares, 1)
    if call.outputs != VALUE:
        label_derivatives(call, row, &shares)
    return shares.value[0] if gives_value(call.outputs) else 0


# Distributions: every class has a share

cdef void load_shares(const Call* call, const LinkRow* row, Py_ssize_t first, Py_ssize_t n, Shares* shares) noexcept nogil:
    cdef Logits logits
    cdef real[BLOCK] buffer
    cdef const real* z = load_logits(call, &row.softmax, first, n, &logits)
    cdef real shift = shift_of(&row.softmax), log_total = row.log_total
    cdef Duo others = row.others, e
    cdef Py_ssize_t k
    for k in range(n):
        e = duo_exp_below(z[k], shift)
        keep_share(shares, k, e.high, share_of(e, z[k], shift, others, log_total))
    memcpy(shares.t, load_targets(call, row.softmax.t, -1, first, n, buffer), n * sizeof(real))


cdef double sum_where(const real* e, const real* x, bint top, Py_ssize_t n) noexcept nogil:
    """The sum of x where e is 1, or where it is not."""
    cdef double[CHUNK] term
    cdef Py_ssize_t k
    for k in range(n):
        term[k] = select_double((e[k] == 1) == top, x[k], 0)
    return sum_of_doubles(term, n)


cdef void add_shares(const Call* call, LinkRow* row, const Shares* shares, Py_ssize_t n) noexcept nogil:
    row.top_slopes += sum_where(shares.e, shares.slope, True, n)
    row.low_slopes += sum_where(shares.e, shares.slope, False, n)
    if call.hess.present:
        row.top_bends += sum_where(shares.e, shares.bend, True, n)
        row.low_bends += sum_where(shares.e, shares.bend, False, n)


cdef double sum_chunks(const Call* call, const link_block_fn* link, LinkRow* row, Kept* kept) noexcept nogil:
    """The value of a row, and the sums of its slopes and bends. What the derivatives need is kept, if there is room."""
    cdef Shares shares
    cdef Py_ssize_t first = 0, n
    cdef double value = 0
    row.top_slopes = row.low_slopes = row.top_bends = row.low_bends = 0
    while first < call.classes:
        n = min(<Py_ssize_t>CHUNK, call.classes - first)
        load_shares(call, row, first, n, &shares)
        follow(call, link, &shares, n)
        if gives_value(call.outputs):
            value += block_sum(shares.value, n)
        if call.outputs != VALUE:
            add_shares(call, row, &shares, n)
            if call.classes <= BLOCK:
                memcpy(kept.e + first, shares.e, n * sizeof(real))
                memcpy(kept.slope + first, shares.slope, n * sizeof(real))
                if call.hess.present:
                    memcpy(kept.bend + first, shares.bend, n * sizeof(real))
        first += n
    return value


cdef void truth_derivatives(const Call* call, const LinkRow* row, Py_ssize_t first, Py_ssize_t n, const real* e, const real* slope,
                            const real* bend) noexcept nogil:
    """Store those of some classes, all inputs of which have been read. With e for q and S - e for 1 - q they are S or S^2 times larger."""
    cdef real[BLOCK] grad, hess
    cdef real others = row.others.high
    cdef double total = 1 + <double>others, factor = row.scale / total, slopes, bends
    cdef double top_slopes = row.top_slopes, low_slopes = row.low_slopes, top_bends = row.top_bends, low_bends = row.low_bends
    cdef Py_ssize_t k
    for k in range(n):
        slopes = elsewhere(e[k], slope[k], top_slopes, low_slopes)
        grad[k] = <real>(linked_grad(e[k], rest_of(e[k], others), slope[k], slopes) * factor)
    if call.hess.present:
        factor /= total
        for k in range(n):
            slopes = elsewhere(e[k], slope[k], top_slopes, low_slopes)
            bends = elsewhere(e[k], bend[k], top_bends, low_bends)
            hess[k] = <real>(linked_hess(e[k], rest_of(e[k], others), slope[k], bend[k], slopes, bends) * factor)
        store_classes(&call.hess, row.softmax.hess, first, n, hess)
    store_classes(&call.grad, row.softmax.grad, first, n, grad)


cdef void follow_again(const Call* call, const link_block_fn* link, const LinkRow* row) noexcept nogil:
    """The derivatives of a row too long to be kept."""
    cdef Shares shares
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>CHUNK, call.classes - first)
        load_shares(call, row, first, n, &shares)
        follow(call, link, &shares, n)
        truth_derivatives(call, row, first, n, shares.e, shares.slope, shares.bend)
        first += n


cdef double truth_row(const Call* call, const link_block_fn* link, LinkRow* row) noexcept nogil:
    cdef Kept kept
    cdef double value
    row.kept = NULL
    link_others(call, row)
    value = sum_chunks(call, link, row, &kept)
    if call.outputs == VALUE:
        return value
    if call.classes <= BLOCK:
        truth_derivatives(call, row, 0, call.classes, kept.e, kept.slope, kept.bend)
    else:
        follow_again(call, link, row)
    return value


cdef double softmax_links_row(const Call* call, const link_block_fn* link, Py_ssize_t index, Py_ssize_t label,
                              const double* weight) noexcept nogil:
    """The value of a row; its derivatives are stored. `weight` points to the row's own, or is NULL."""
    cdef LinkRow row
    row.softmax.label = label
    row.softmax.cap = 0
    row.softmax.temperature = 1
    row.softmax.z = row_of(&call.y_pred, index)
    row.softmax.t = row_of(&call.y_true, index)
    row.softmax.grad = row_of(&call.grad, index) if call.grad.present else NULL
    row.softmax.hess = row_of(&call.hess, index) if call.hess.present else NULL
    row.scale = row_scale(call, weight, 0)
    row.exact_exps = is_double(&call.y_pred) or (label < 0 and is_double(&call.y_true))
    if weight != NULL and weight[0] == 0:
        fill_derivatives(call, index, 0)
        return 0
    row_top(call, &row.softmax)
    return truth_row(call, link, &row) if label < 0 else label_row(call, link, &row)
