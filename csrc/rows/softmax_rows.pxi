# Softmax cross-entropy row by row, each in chunks, with three readings of the row while it is in the cache.

cdef inline Duo capped(real z, real cap) noexcept nogil:
    """cap tanh(z / cap), of which exp would show the roundings: in two numbers. The tanh is m / (2 - m) for m = 1 - exp(-2 |z / cap|)."""
    cdef Duo u = duo_divided(duo(z, 0), duo(cap, 0))
    cdef Duo m = duo_one_minus_exp(duo_scaled(duo_size(u), 2))
    cdef Duo size = duo_times(duo(cap, 0), duo_over(m, duo_plus(duo(2, 0), duo_scaled(m, -1))))
    cdef real high = rounded(size)
    return with_sign(duo(high, select(high <= LARGE, (size.high - high) + size.low, 0)), z)


cdef struct Logits:
    # Some logits of a row: as they are, and capped ones in two numbers.
    real[BLOCK] plain, high, low


cdef inline void cap_round(const real* z, real cap, output high, output low) noexcept nogil:
    cdef Duo number
    cdef Py_ssize_t j
    for j in range(LANES):
        number = capped(z[j], cap)
        high[j] = number.high
        low[j] = number.low


cdef void cap_all(const real* z, real cap, Logits* logits, Py_ssize_t n) noexcept nogil:
    """In lanes, of which the last are filled up: a number alone takes as long as a register full of them."""
    cdef real[LANES] last
    cdef Py_ssize_t k = 0, j
    while k + LANES <= n:
        cap_round(z + k, cap, logits.high + k, logits.low + k)
        k += LANES
    if k < n:
        for j in range(LANES):
            last[j] = 0
        memcpy(last, z + k, (n - k) * sizeof(real))
        cap_round(last, cap, logits.high + k, logits.low + k)


cdef const real* load_capped(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, Logits* logits) noexcept nogil:
    cdef const real* z = load_classes(&call.y_pred, row.z, first, n, logits.plain)
    if row.cap == 0:
        return z
    cap_all(z, row.cap, logits, n)
    return logits.high


cdef inline const real* lows_of(const Row* row, const Logits* logits) noexcept nogil:
    """What rounding took from capped logits; NULL where there is no cap."""
    if row.cap == 0:
        return NULL
    return logits.low


cdef const real* load_logits(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, Logits* logits) noexcept nogil:
    """Under an infinite top, those of the softmax's limit."""
    cdef const real* z = load_capped(call, row, first, n, logits)
    cdef Py_ssize_t k
    if not row.top > LARGE:
        return z
    for k in range(n):
        logits.plain[k] = limit_of(z[k], row.infinities)
    return logits.plain


cdef inline real shift_of(const Row* row) noexcept nogil:
    """What is taken from the logits before exp."""
    return 0 if row.top > LARGE else row.top


cdef inline void raise_tops(real* tops, const real* z) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(LANES):
        tops[j] = select(z[j] > tops[j], z[j], tops[j])


cdef inline real top_of_lanes(const real* tops) noexcept nogil:
    """Of LANES numbers, by halves."""
    cdef real[LANES] half
    cdef Py_ssize_t j
    for j in range(16):
        half[j] = select(tops[16 + j] > tops[j], tops[16 + j], tops[j])
    for j in range(8):
        half[j] = select(half[8 + j] > half[j], half[8 + j], half[j])
    for j in range(4):
        half[j] = select(half[4 + j] > half[j], half[4 + j], half[j])
    for j in range(1, 4):
        half[0] = select(half[j] > half[0], half[j], half[0])
    return half[0]


cdef real lane_top(const real* z, Py_ssize_t n, real top) noexcept nogil:
    """The largest of n numbers and `top`, in lanes, of which the last may overlap; a nan is passed over."""
    cdef real[LANES] tops
    cdef Py_ssize_t k = 0, j
    for j in range(LANES):
        tops[j] = top
    if n < LANES:
        for j in range(n):
            tops[0] = select(z[j] > tops[0], z[j], tops[0])
        return tops[0]
    while k + LANES <= n:
        raise_tops(tops, z + k)
        k += LANES
    raise_tops(tops, z + n - LANES)
    return top_of_lanes(tops)


cdef Py_ssize_t infinities(const Call* call, const Row* row) noexcept nogil:
    cdef Logits logits
    cdef const real* z
    cdef Py_ssize_t first = 0, n, k, count = 0
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_capped(call, row, first, n, &logits)
        for k in range(n):
            count += z[k] > LARGE
        first += n
    return count


cdef real largest_low(const real* z, const real* low, Py_ssize_t n, real top, real most) noexcept nogil:
    """Of those that come with the top."""
    cdef Py_ssize_t k
    for k in range(n):
        most = select((z[k] == top) & (low[k] > most), low[k], most)
    return most


cdef void row_top(const Call* call, Row* row) noexcept nogil:
    cdef Logits logits
    cdef const real* z
    cdef real top
    cdef Py_ssize_t first = 0, n
    row.top = -2 * LARGE
    row.top_low = -LARGE
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_capped(call, row, first, n, &logits)
        top = lane_top(z, n, row.top)
        if row.cap != 0:
            row.top_low = largest_low(z, logits.low, n, top, row.top_low if top == row.top else -LARGE)
        row.top = top
        first += n
    if row.top > LARGE:
        row.infinities = infinities(call, row)
    if row.top > LARGE or row.cap == 0:
        row.top_low = 0


cdef inline void add_below_one(real* four, real* count, const real* e) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(LANES):
        count[j] += select(e[j] == 1, 1, 0)
        four[j] += select(e[j] == 1, 0, e[j])


cdef double sum_below_one(const real* e, Py_ssize_t n, double* ones) noexcept nogil:
    """The sum of what is not 1, and how many are. Four terms are added in `real`, then in double."""
    cdef double[LANES] total, counted
    cdef real[LANES] four, count, last
    cdef Py_ssize_t k, i, j, rounds = n // LANES
    for j in range(LANES):
        total[j] = count[j] = 0
        last[j] = 0
    for k in range(rounds // 4):
        for j in range(LANES):
            four[j] = 0
        for i in range(4):
            add_below_one(four, count, e + (4 * k + i) * LANES)
        for j in range(LANES):
            total[j] += four[j]
    for j in range(LANES):
        four[j] = 0
    for k in range(rounds // 4 * 4, rounds):
        add_below_one(four, count, e + k * LANES)
    memcpy(last, e + rounds * LANES, (n - rounds * LANES) * sizeof(real))
    add_below_one(four, count, last)
    for j in range(LANES):
        total[j] += four[j]
        counted[j] = count[j]
    ones[0] += folded(counted)
    return folded(total)


cdef inline real exp_below_by(real z, real top, real temperature) noexcept nogil:
    """exp((z - top) / temperature), as exp_below."""
    cdef real gap = top - z, size = gap / temperature
    return exp_minus_sum(size, (remainder_of(gap, size, temperature) + rounded_off(top, -z, gap)) / temperature)


cdef inline real exp_below_capped(real z, real top, real low, real temperature) noexcept nogil:
    """exp((z - top - low) / temperature), where `low` is what rounding took from capped logits. If that is all that they differ by, and the
    temperature tiny, it is not small."""
    cdef real gap = top - z, size = gap / temperature
    cdef real rest = (remainder_of(gap, size, temperature) + (rounded_off(top, -z, gap) + low)) / temperature
    cdef real sum = select(size < EXP_LIMIT, size + rest, size)
    return exp_minus_sum(sum, rounded_off(size, rest, sum))


cdef inline void exps(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, real* e) noexcept nogil:
    cdef Logits logits
    cdef const real* z = load_logits(call, row, first, n, &logits)
    cdef const real* low = lows_of(row, &logits)
    cdef real shift = shift_of(row), temperature = row.temperature
    cdef Py_ssize_t k
    if low != NULL:
        for k in range(n):
            e[k] = exp_below_capped(z[k], shift, row.top_low - low[k], temperature)
    elif temperature == 1:
        for k in range(n):
            e[k] = exp_below(z[k], shift)
    else:
        for k in range(n):
            e[k] = exp_below_by(z[k], shift, temperature)


cdef inline real inside(double parameter) noexcept nogil:
    """A number > 0 in `real`, where it may neither vanish nor become infinite."""
    return <real>max(<double>LEAST_NORMAL, min(<double>LARGE, parameter))


cdef inline real cap_of(const Call* call) noexcept nogil:
    """0 where there is none."""
    return inside(call.parameters[1]) if call.parameters[1] != 0 else 0


cdef void label_gap(const Call* call, Row* row) noexcept nogil:
    cdef Logits logits
    cdef const real* z = load_logits(call, row, row.label, 1, &logits)
    cdef const real* low = lows_of(row, &logits)
    cdef double gap = <double>shift_of(row) - z[0]
    if low != NULL:
        gap += <double>row.top_low - low[0]
    row.gap = gap / row.temperature
    row.mass = 1


cdef void truth_gap(const Call* call, Row* row) noexcept nogil:
    cdef Logits logits
    cdef real[BLOCK] buffer
    cdef double[BLOCK] gaps, masses
    cdef const real* z
    cdef const real* low
    cdef const real* t
    cdef Py_ssize_t first = 0, n, k
    cdef double gap = 0, gap_rest = 0, mass = 0, mass_rest = 0, shift = shift_of(row), top_low = row.top_low
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_logits(call, row, first, n, &logits)
        low = lows_of(row, &logits)
        t = load_targets(call, row.t, row.hot, first, n, buffer)
        for k in range(n):
            gaps[k] = shift - z[k]
            masses[k] = t[k]
        if low != NULL:
            for k in range(n):
                gaps[k] += top_low - low[k]
        for k in range(n):
            gaps[k] = select_double(masses[k] != 0, masses[k] * gaps[k], 0)
        add_all_carefully(gaps, n, &gap, &gap_rest)
        add_all_carefully(masses, n, &mass, &mass_rest)
        first += n
    row.gap = in_one(gap, gap_rest) / row.temperature
    row.mass = in_one(mass, mass_rest)


cdef inline void row_gap(const Call* call, Row* row) noexcept nogil:
    """gap and mass of the row, in units of the temperature."""
    if row.label >= 0:
        label_gap(call, row)
    else:
        truth_gap(call, row)


cdef void row_others(const Call* call, Row* row) noexcept nogil:
    """Where the gradient goes straight into the caller's array, e is kept there and not computed again. Meanwhile the next row may come,
    of which the top is soon wanted."""
    cdef real[BLOCK] buffer
    cdef real* e = buffer
    cdef bint asks = rows_are_far(call) and rows_are_adjacent(&call.y_pred, call.classes)
    cdef Py_ssize_t first = 0, n
    cdef double total = 0, ones = -1
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        if row.keeps:
            e = <real*>row.grad + first
        if asks:
            ask_for(row.z, (call.classes + first) * sizeof(real), n * sizeof(real))
        exps(call, row, first, n, e)
        total += sum_below_one(e, n, &ones)
        first += n
    row.others = <real>(total + ones)
    row.total = 1 + (total + ones)


cdef void chunk_grads(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, double factor, real* e) noexcept nogil:
    """e becomes the gradient of the classes from `first` on."""
    cdef real[BLOCK] buffer
    cdef const real* t
    cdef Py_ssize_t k, label = row.label - first
    cdef double mass = row.mass, pull = row.pull, elsewhere = factor * (1 + pull)
    cdef real at_label = 0, high = <real>elsewhere, low = rest_of_double(elsewhere, high), others = row.others
    if row.label < 0:
        t = load_targets(call, row.t, row.hot, first, n, buffer)
        for k in range(n):
            e[k] = truth_grad(e[k], t[k], mass, pull, others, factor)
        return
    if 0 <= label < n:
        at_label = <real>(softmax_grad(e[label], 1, <real>pull, others) * factor)
    for k in range(n):
        e[k] = times_pair(e[k], high, low)
    if 0 <= label < n:
        e[label] = at_label


cdef Py_ssize_t place_of_one(const real* e, Py_ssize_t step, Py_ssize_t n) noexcept nogil:
    """Where the infinite logit is; -1 if it is not here."""
    cdef Py_ssize_t k
    for k in range(n):
        if e[k * step] == 1:
            return k
    return -1


cdef void chunk_derivatives(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, double factor, real square,
                            real* e) noexcept nogil:
    """The targets are read before the second derivatives are stored, which may take their place."""
    cdef real[BLOCK] hess
    cdef Py_ssize_t k, top = place_of_one(e, 1, n) if row.endless else -1
    if call.hess.present:
        for k in range(n):
            hess[k] = softmax_hess(e[k], <real>(row.mass + row.pull), row.others, <real>row.curl, square)
    chunk_grads(call, row, first, n, factor, e)
    if top >= 0:
        e[top] = <real>(factor * INFINITY)
    if row.cap != 0:
        uncap_derivatives(call, row, first, n, e, hess)
    if call.hess.present:
        store_classes(&call.hess, row.hess, first, n, hess)


cdef inline void uncap(real z, real cap, real* grad, real* hess) noexcept nogil:
    """From the derivatives by a capped logit to those by the logit. The slope 1 - tanh^2 is made of exp: it would cancel in the tails."""
    cdef Duo u = duo_scaled(duo_size(duo_divided(duo(z, 0), duo(cap, 0))), 2)
    cdef Duo e = duo_exp_minus(u.high, u.low)
    cdef Duo sum = duo_plus(duo(1, 0), e)
    cdef real slope = rounded(duo_over(duo_scaled(e, 4), duo_times(sum, sum)))
    if hess != NULL:
        hess[0] = hess[0] * slope * slope + grad[0] * (<real>-2 * vector_tanh(z / cap) * slope / cap)
    grad[0] *= slope


cdef void uncap_derivatives(const Call* call, const Row* row, Py_ssize_t first, Py_ssize_t n, real* grad, real* hess) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* z = load_classes(&call.y_pred, row.z, first, n, buffer)
    cdef real cap = row.cap
    cdef Py_ssize_t k
    if not call.hess.present:
        for k in range(n):
            uncap(z[k], cap, grad + k, NULL)
        return
    for k in range(n):
        uncap(z[k], cap, grad + k, hess + k)


cdef void row_derivatives(const Call* call, const Row* row, double scale) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef double heat = row.temperature, total = 1 + <double>row.others, factor = scale / (row.total * heat)
    cdef real square = <real>(scale / (total * heat) / (total * heat))
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


cdef double row_weight(const Call* call, Py_ssize_t label, Py_ssize_t index) noexcept nogil:
    """What a row counts beside its weight: the class factor of its label, or their mean under its distribution, where the label is -1.
    Of labels that are not smoothed the factor is in its weight."""
    if call.class_factors == NULL or not bends_truth(call):
        return 1
    if label >= 0:
        return call.class_factors[label]
    return weight_of_distribution(call, index)


cdef double add_z_loss(const Call* call, Row* row) noexcept nogil:
    """The value's part; `pull` and `curl` get the derivatives'."""
    cdef double size = (<double>row.top + row.top_low) / row.temperature + <double>vector_log1p(row.others)
    row.curl = 2 * call.parameters[0] * row_weight(call, row.hot, row.index)
    if row.curl == 0:
        return 0
    row.endless = size == <double>INFINITY
    row.pull = 0 if row.endless else row.curl * size
    return row.curl * size * size / 2


cdef double softmax_row(const Call* call, Py_ssize_t index, Py_ssize_t label, const double* weight) noexcept nogil:
    """The value of a row; its derivatives are stored. `weight` points to the row's own, or is NULL."""
    cdef Row row
    cdef double value
    row.index = index
    row.hot = label
    row.label = -1 if bends_truth(call) else label
    row.cap = cap_of(call)
    row.temperature = inside(call.parameters[2])
    row.z = row_of(&call.y_pred, index)
    row.t = row_of(&call.y_true, index)
    row.grad = row_of(&call.grad, index) if call.grad.present else NULL
    row.hess = row_of(&call.hess, index) if call.hess.present else NULL
    row.keeps = call.grad.present and rows_are_direct(&call.grad)
    if weight != NULL and weight[0] == 0:
        fill_derivatives(call, index, 0)
        return 0
    row_top(call, &row)
    row_gap(call, &row)
    row_others(call, &row)
    value = row.gap + row.mass * <double>vector_log1p(row.others)
    row.pull = row.curl = row.endless = 0
    if call.parameters[0] != 0:
        value += add_z_loss(call, &row)
    if call.outputs != VALUE:
        row_derivatives(call, &row, row_scale(call, weight, 0))
    return value
