# The stages of a block that are the same for every loss: check, weigh, sum.

cdef inline bint outside(real x, const Domain* domain) noexcept nogil:
    """Whether x violates the domain; a nan never does, and whole numbers are asked for in small intervals only."""
    cdef bint bad = (x < <real>domain.low) | (x > <real>domain.high)
    if domain.integral:
        bad |= (x == x) & (whole(x) != x)
    return bad


cdef inline bint is_sign(const Domain* domain) noexcept nogil:
    return domain.integral and domain.low == -1 and domain.high == 1


cdef bint surely_inside(const real* x, const Domain* domain, Py_ssize_t n) noexcept nogil:
    """An instruction or two for a vector. False of a -0 among fractions too, and of a nan if there is an end."""
    if domain.integral:
        return is_sign(domain) and are_signs(x, n)
    return domain.low == 0 and within_0_and(<real>domain.high, x, n)


cdef bint any_below(const real* x, real low, Py_ssize_t n) noexcept nogil:
    """By the least of each lane, which no nan changes."""
    cdef real[SUM_LANES] least
    cdef Py_ssize_t i, j, k, rounds = n // SUM_LANES
    cdef int bad = 0
    for j in range(SUM_LANES):
        least[j] = low
    for k in range(rounds):
        for j in range(SUM_LANES):
            least[j] = x[k * SUM_LANES + j] if x[k * SUM_LANES + j] < least[j] else least[j]
    for j in range(SUM_LANES):
        bad |= least[j] < low
    for i in range(rounds * SUM_LANES, n):
        bad |= x[i] < low
    return bad != 0


cdef bint any_above(const real* x, real high, Py_ssize_t n) noexcept nogil:
    """Apart from the least: the lanes of both are more than AVX2 has registers for."""
    cdef real[SUM_LANES] most
    cdef Py_ssize_t i, j, k, rounds = n // SUM_LANES
    cdef int bad = 0
    for j in range(SUM_LANES):
        most[j] = high
    for k in range(rounds):
        for j in range(SUM_LANES):
            most[j] = x[k * SUM_LANES + j] if x[k * SUM_LANES + j] > most[j] else most[j]
    for j in range(SUM_LANES):
        bad |= most[j] > high
    for i in range(rounds * SUM_LANES, n):
        bad |= x[i] > high
    return bad != 0


cdef bint any_outside(const real* x, const Domain* domain, Py_ssize_t n) noexcept nogil:
    cdef int bad = any_below(x, <real>domain.low, n) or any_above(x, <real>domain.high, n)
    cdef Py_ssize_t i
    if domain.integral:
        for i in range(n):
            bad |= (x[i] == x[i]) & (whole(x[i]) != x[i])
    return bad != 0


cdef bint find_outside(const real* x, const Domain* domain, const double* weight, Py_ssize_t first, Py_ssize_t n,
                       Fault fault, Partial* partial) noexcept nogil:
    """Note the first element that violates the domain and counts."""
    cdef Py_ssize_t i
    if not domain.checked or surely_inside(x, domain, n) or not any_outside(x, domain, n):
        return False
    for i in range(n):
        if outside(x[i], domain) and (weight == NULL or weight[i] != 0):
            if partial.fault == NO_FAULT or first + i < partial.fault_index:
                partial.fault = fault
                partial.fault_index = first + i
            return True
    return False


cdef inline Fault further_fault(int k) noexcept nogil:
    """A violation in a prediction beside the first."""
    return <Fault>(<int>Y_PRED_FAULT + 1 + k)


cdef const double* load_double(const Operand* source, Py_ssize_t first, Py_ssize_t n, double* buffer) noexcept nogil:
    """Only the float64 kernels' is called: weights and labels are doubles in either precision."""
    return <const double*>load(source, first, n, <real*>buffer)


cdef inline bint changes_weights(const Call* call) noexcept nogil:
    cdef int k
    for k in range(MASKS):
        if call.masks[k].present:
            return True
    return call.weighs_rows or (call.ignores and call.labels)


cdef const double* load_weights(const Call* call, Py_ssize_t first, Py_ssize_t n, double* buffer) noexcept nogil:
    """The weights of a block, 0 where a mask is set; the caller's own where nothing changes them, NULL where every weight is 1."""
    cdef const double* weight
    cdef Py_ssize_t i
    if not call.weighted:
        return NULL
    if call.weight.present:
        weight = call.wide.load(&call.weight, first, n, buffer)
        if not changes_weights(call):
            return weight
        if weight != buffer:
            memcpy(buffer, weight, n * sizeof(double))
    else:
        for i in range(n):
            buffer[i] = 1
    drop_masked(call, first, n, buffer)
    return buffer


cdef void drop_masked(const Call* call, Py_ssize_t first, Py_ssize_t n, double* weight) noexcept nogil:
    cdef double[BLOCK] flags
    cdef const double* masked
    cdef const double* label
    cdef Py_ssize_t i
    cdef int k
    for k in range(MASKS):
        if call.masks[k].present:
            masked = call.wide.load(&call.masks[k], first, n, flags)
            for i in range(n):
                weight[i] = select_double(masked[i] == 0, weight[i], 0)
    if call.ignores and call.labels:
        label = call.wide.load(&call.y_true, first, n, flags)
        for i in range(n):
            weight[i] = select_double(label[i] == call.ignored, 0, weight[i])


cdef void weigh(real* x, const double* weight, double scale, Py_ssize_t n) noexcept nogil:
    """What has weight 0 counts nothing, whatever it holds."""
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = <real>select_double(weight[i] != 0, x[i] * (weight[i] * scale), 0)


ctypedef fused term_type:
    real
    double


cdef enum:
    GIVEN = 6               # numbers that terms of sums may need


cdef inline double folded(const double* lane) noexcept nogil:
    """The sum of all lanes, by halves."""
    cdef double[8] eight
    cdef double[4] four
    cdef Py_ssize_t i
    for i in range(8):
        eight[i] = (lane[i] + lane[8 + i]) + (lane[16 + i] + lane[24 + i])
    for i in range(4):
        four[i] = eight[i] + eight[4 + i]
    return (four[0] + four[2]) + (four[1] + four[3])


cdef double rest_sum(const term_type* rest, Py_ssize_t n) noexcept nogil:
    """The sum of what fills no round of the lanes."""
    cdef double[8] eight
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(8):
        eight[i] = 0
    for i in range(n):
        eight[i & 7] += rest[i]
    for i in range(8):
        total += eight[i]
    return total


cdef inline double fold(const double* lane, const term_type* rest, Py_ssize_t n) noexcept nogil:
    """The sum of all lanes, and of the rest behind them, which is apart: an index that is no constant keeps lanes out of registers."""
    return folded(lane) if n == 0 else folded(lane) + rest_sum(rest, n)


cdef inline double lane_sum(const term_type* x, Py_ssize_t n) noexcept nogil:
    """The order of the additions depends on nothing but n."""
    cdef double[SUM_LANES] lane
    cdef Py_ssize_t j, k, rounds = n // SUM_LANES
    for j in range(SUM_LANES):
        lane[j] = 0
    for k in range(rounds):
        for j in range(SUM_LANES):
            lane[j] += x[k * SUM_LANES + j]
    return fold(lane, x + rounds * SUM_LANES, n - rounds * SUM_LANES)


cdef double block_sum(const real* x, Py_ssize_t n) noexcept nogil:
    return lane_sum(x, n)


ctypedef double (*term_fn)(double a, double b, const double* given) noexcept nogil


cdef inline double sum_terms(term_fn term, const real* a, const real* b, const double* given, Py_ssize_t n) noexcept nogil:
    """The sum of terms of two numbers, with the bits of `lane_sum`. The term is constant at every call."""
    cdef double[SUM_LANES] lane, rest
    cdef double[GIVEN] own          # a copy: nothing that the loop writes can alias it
    cdef Py_ssize_t i, j, k, rounds = n // SUM_LANES, full = rounds * SUM_LANES
    for j in range(GIVEN):
        own[j] = given[j]
    for j in range(SUM_LANES):
        lane[j] = 0
    for k in range(rounds):
        for j in range(SUM_LANES):
            lane[j] += term(a[k * SUM_LANES + j], b[k * SUM_LANES + j], own)
    for i in range(full, n):
        rest[i - full] = term(a[i], b[i], own)
    return fold(lane, rest, n - full)


cdef inline void give_one(double number, double* given) noexcept nogil:
    """To terms that need no more."""
    memset(given, 0, GIVEN * sizeof(double))
    given[0] = number


cdef double sum_of_doubles(const double* x, Py_ssize_t n) noexcept nogil:
    return lane_sum(x, n)


cdef inline const double* weighted_terms(const real* x, const double* weight, Py_ssize_t n, double* buffer) noexcept nogil:
    """As doubles; themselves where they are that, and have no weights."""
    cdef Py_ssize_t i
    if weight == NULL and sizeof(real) == sizeof(double):
        return <const double*>x
    for i in range(n):
        buffer[i] = x[i] if weight == NULL else select_double(weight[i] != 0, x[i] * weight[i], 0)
    return buffer


cdef double weighted_sum(const real* x, const double* weight, Py_ssize_t n) noexcept nogil:
    cdef double[BLOCK] buffer
    return sum_of_doubles(weighted_terms(x, weight, n, buffer), n)


cdef double total_of(const real* x, const double* weight, Py_ssize_t n) noexcept nogil:
    return block_sum(x, n) if weight == NULL else weighted_sum(x, weight, n)


cdef bint any_nan(const term_type* x, const double* weight, Py_ssize_t n) noexcept nogil:
    """Among those that count."""
    cdef int found = 0
    cdef Py_ssize_t i
    for i in range(n):
        found |= (x[i] != x[i]) & (weight == NULL or weight[i] != 0)
    return found != 0


cdef inline bint overflowed(double sum, const term_type* x, const double* weight, Py_ssize_t n) noexcept nogil:
    """Whether a block's sum has left the range, perhaps on both sides, which makes it a nan too."""
    return isinf(sum) or (sum != sum and not any_nan(x, weight, n))


cdef void add_each(ExactSum* total, const term_type* x, const double* weight, Py_ssize_t n) noexcept nogil:
    """One by one, where a block's sum leaves the range."""
    cdef Py_ssize_t i
    for i in range(n):
        if weight == NULL or weight[i] != 0:
            exact_add_product(total, x[i], 1 if weight == NULL else weight[i])


cdef double weight_of_distribution(const Call* call, Py_ssize_t row) noexcept nogil:
    """The mean of the class factors under the truth of a row. It is gathered: in the weights' kernel the truth may be of another type."""
    cdef const Operand* truth = &call.y_true
    cdef real[BLOCK] buffer
    cdef double total = 0
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        if call.truth_in_rows:
            gather_run(truth, row_of(truth, row) + first * truth.class_stride, truth.class_stride, buffer, n)
        else:
            gather_block(truth, row * call.classes + first, n, buffer)
        for k in range(n):
            total += buffer[k] * call.class_factors[first + k]
        first += n
    return total


cdef void weigh_rows(const Call* call, Py_ssize_t start, Py_ssize_t n, double* weight) noexcept nogil:
    """Bad labels are for the kernel to find."""
    cdef double[BLOCK] buffer
    cdef const double* label = buffer
    cdef Py_ssize_t i
    if call.labels:
        label = call.wide.load(&call.y_true, start, n, buffer)
    for i in range(n):
        if weight[i] == 0:
            continue
        if not call.labels:
            weight[i] *= weight_of_distribution(call, start + i)
        elif 0 <= label[i] < <double>call.classes:
            weight[i] *= call.class_factors[<Py_ssize_t>label[i]]


cdef inline double rest_of_sum(double a, double b, double total) noexcept nogil:
    """What rounding took from total = a + b (Knuth)."""
    cdef double shadow = total - a
    return (a - (total - shadow)) + (b - shadow)


cdef inline void add_carefully(double term, double* total, double* lost) noexcept nogil:
    """What rounding takes from the total is kept."""
    cdef double added = total[0] + term
    lost[0] += rest_of_sum(total[0], term, added)
    total[0] = added


cdef inline void add_round(const double* term, Py_ssize_t n, double* total, double* lost) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        add_carefully(term[j], &total[j], &lost[j])


cdef inline void halve(Py_ssize_t half, double* total, double* lost) noexcept nogil:
    """Twice as many lanes become so many."""
    cdef Py_ssize_t j
    add_round(total + half, half, total, lost)
    for j in range(half):
        lost[j] += lost[half + j]


cdef void add_all_carefully(const double* term, Py_ssize_t n, double* head, double* rest) noexcept nogil:
    """To a sum in two numbers. With few lanes gcc unrolls their loop before it looks for vectors, and finds none."""
    cdef double[SUM_LANES] total, lost, last
    cdef Py_ssize_t j, k, rounds = n // SUM_LANES
    for j in range(SUM_LANES):
        total[j] = lost[j] = last[j] = 0
    for k in range(rounds):
        add_round(term + k * SUM_LANES, SUM_LANES, total, lost)
    if n > rounds * SUM_LANES:
        memcpy(last, term + rounds * SUM_LANES, (n - rounds * SUM_LANES) * sizeof(double))
        add_round(last, SUM_LANES, total, lost)
    halve(16, total, lost)
    halve(8, total, lost)
    halve(4, total, lost)
    halve(2, total, lost)
    halve(1, total, lost)
    add_carefully(total[0], head, rest)
    rest[0] += lost[0]


cdef inline double in_one(double head, double rest) noexcept nogil:
    """A sum that is infinite has lost nothing."""
    return head + rest if isfinite(rest) else head


cdef double careful_sum(const real* x, const double* weight, Py_ssize_t n) noexcept nogil:
    """As if rounded once, but for the products: what follows from quotients of sums magnifies their errors."""
    cdef double[BLOCK] buffer
    cdef double head = 0, rest = 0
    add_all_carefully(weighted_terms(x, weight, n, buffer), n, &head, &rest)
    return in_one(head, rest)


cdef bint negative_weight(const Call* call, const double* weight, Py_ssize_t first, Py_ssize_t n, Partial* partial) noexcept nogil:
    """Note the first."""
    cdef Py_ssize_t i
    if not call.checks_weights or within_0_and(<real>INFINITY, <const real*>weight, n):
        return False
    for i in range(n):
        if weight[i] < 0:
            partial.fault = WEIGHT_FAULT
            partial.fault_index = first + i
            return True
    return False


cdef void sum_weights(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """The total weight, before anything else; a negative one is a fault. Only the float64 kernels' is called."""
    cdef double[BLOCK] buffer
    cdef const double* weight
    cdef double total
    cdef Py_ssize_t block, start, n, i
    for block in range(first, last):
        start = call.origin + block * BLOCK
        n = min(<Py_ssize_t>BLOCK, call.size - block * BLOCK)
        weight = load_weights(call, start, n, buffer)
        if weight == NULL:
            weight = buffer
            for i in range(n):
                buffer[i] = 1
        if negative_weight(call, weight, start, n, partial):
            return
        if call.weighs_rows:    # then they are in the buffer
            weigh_rows(call, start, n, buffer)
        total = sum_of_doubles(weight, n)
        if overflowed(total, weight, NULL, n):
            add_each(&partial.sums[0], weight, NULL, n)
        else:
            exact_add(&partial.sums[0], total)
