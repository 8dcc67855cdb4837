# The pipeline of everything that is made of points: load, point, check, weigh, sum, store.

cdef enum:
    CACHED = 1 << 20            # bytes of an array that caches near the processor may hold
    ASKED = 1024                # bytes of the next block's arrays that are asked for before: the processor itself goes on from there
    NEAREST = 2048              # numbers of which the nearest cache holds several arrays


cdef struct Work:
    # What one thread keeps in its L1 cache: blocks of its own, and where this block's numbers are.
    real[BLOCK] y_buffer
    real[BLOCK] p_buffer
    real[BLOCK] value_buffer
    real[BLOCK] grad_buffer
    real[BLOCK] hess_buffer
    double[BLOCK] weight_buffer
    double sum              # of the values, where `summed`: they are not stored then, unless it is infinite or nan
    bint summed
    bint far                # the arrays are not in a cache nearby
    bint stores_values      # one for each element
    bint several            # of the caller's arrays are written to, faster than the nearest cache gets hold of them
    const real* y
    const real* p
    const double* weight    # NULL where every weight is 1
    real* value
    real* grad
    real* hess
    # Of a second prediction, which only pairs have:
    real[BLOCK] q_buffer
    real[BLOCK] grad_q_buffer
    real[BLOCK] hess_q_buffer
    const real* q
    real* grad_q
    real* hess_q


cdef void load_class_factors(const Call* call, Py_ssize_t start, Py_ssize_t n, real* factor) noexcept nogil:
    """Those of the elements of rows, side by side."""
    cdef Py_ssize_t i, k = start % call.classes
    for i in range(n):
        factor[i] = <real>call.class_factors[k]
        k = k + 1 if k + 1 < call.classes else 0


cdef const real* load_second(const Call* call, Py_ssize_t start, Py_ssize_t n, real* buffer) noexcept nogil:
    """The second prediction of a pair, or the number of the class that stands in its place."""
    if call.class_factors == NULL:
        return load(&call.further[0].y_pred, start, n, buffer)
    load_class_factors(call, start, n, buffer)
    return buffer


cdef void apply_class_factors(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work) noexcept nogil:
    """The truth has been checked, and the caller's is not touched."""
    cdef real[BLOCK] factor
    cdef Py_ssize_t i
    load_class_factors(call, start, n, factor)
    for i in range(n):
        work.y_buffer[i] = work.y[i] * factor[i]
    work.y = work.y_buffer


cdef void load_block(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work) noexcept nogil:
    work.y = load(&call.y_true, start, n, work.y_buffer)
    work.p = load(&call.y_pred, start, n, work.p_buffer)
    work.weight = load_weights(call, start, n, work.weight_buffer)
    if call.pair:
        work.q = load_second(call, start, n, work.q_buffer)


cdef bint faulty_block(const Call* call, Py_ssize_t start, Py_ssize_t n, const Work* work, Partial* partial) noexcept nogil:
    cdef bint bad = find_outside(work.y, &call.y_true_domain, work.weight, start, n, Y_TRUE_FAULT, partial)
    bad |= find_outside(work.p, &call.y_pred_domain, work.weight, start, n, Y_PRED_FAULT, partial)
    if call.pair:
        bad |= find_outside(work.q, &call.further[0].domain, work.weight, start, n, further_fault(0), partial)
    return bad


ctypedef void (*own_fn)(const real* y, const real* p, const double* parameters, int outputs, real* value, real* grad, real* hess,
                        Py_ssize_t n) noexcept nogil


cdef inline own_fn own_kernel(const Call* call) noexcept nogil:
    return <own_fn>call.own.blocks[sizeof(real) == sizeof(double)]


cdef inline void multiply(real* x, real factor, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = x[i] * factor


cdef inline void fill_nan(real* x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = NAN


cdef void evaluate_own(const Call* call, Py_ssize_t n, double scale, Work* work) noexcept nogil:
    """A kernel of the caller's own, whose derivatives are not scaled. What it forgets to write is nan, not what was there before."""
    cdef bint value = gives_value(call.outputs), grad = gives_grad(call.outputs), hess = gives_hess(call.outputs)
    cdef int outputs = PYLOSS_VALUE * value | PYLOSS_GRAD * grad | PYLOSS_HESS * hess
    if value:
        fill_nan(work.value, n)
    if grad:
        fill_nan(work.grad, n)
    if hess:
        fill_nan(work.hess, n)
    own_kernel(call)(work.y, work.p, call.own.parameters, outputs, work.value, work.grad, work.hess, n)
    if grad:
        multiply(work.grad, <real>scale, n)
    if hess:
        multiply(work.hess, <real>scale, n)


cdef void values_of_own(const Call* call, const real* y, const real* p, real* value, Py_ssize_t n) noexcept nogil:
    cdef real[BLOCK] grad, hess     # a kernel may write what is not asked for
    fill_nan(value, n)
    own_kernel(call)(y, p, call.own.parameters, PYLOSS_VALUE, value, grad, hess, n)


cdef inline sum_fn sum_of_blocks(const Call* call, Py_ssize_t step, Look look) noexcept nogil:
    """What gives the sum of a block's values as it goes; NULL where there is no such thing, or more is asked for."""
    if call.outputs == NOTHING or not call.summed or call.weighted or call.pair or own_kernel(call) != NULL:
        return NULL
    return SUMS[call.point][<int>call.outputs][step - 1][<int>look]


cdef void evaluate_sum(const Call* call, sum_fn sum_block, Py_ssize_t n, Work* work) noexcept nogil:
    work.sum = sum_block(work.y, work.p, call.parameters, call.scale, work.grad, n, False, NULL)
    work.summed = isfinite(work.sum)
    if not work.summed:
        POINTS[call.point][<int>VALUE](work.y, work.p, call.parameters, 1, work.value, NULL, NULL, n)


cdef void evaluate(const Call* call, Py_ssize_t n, Work* work) noexcept nogil:
    """The point, and the weights of its derivatives; the value's are for the sum."""
    cdef Outputs outputs = call.outputs
    cdef bint weighs = work.weight != NULL and not call.statistics
    cdef double scale = 1 if weighs else call.scale
    cdef sum_fn sum_block = sum_of_blocks(call, 1, NO_LOOK)
    work.summed = False
    if sum_block != NULL and not USUAL[call.point]:     # of those this block holds an unusual one
        evaluate_sum(call, sum_block, n, work)
    elif call.pair:
        PAIRS[call.point][<int>outputs](work.y, work.p, work.q, call.parameters, scale, work.value, work.grad, work.hess,
                                        work.grad_q, work.hess_q, n)
    elif own_kernel(call) != NULL:
        evaluate_own(call, n, scale, work)
    else:
        POINTS[call.point][<int>outputs](work.y, work.p, call.parameters, scale, work.value, work.grad, work.hess, n)
    if weighs and outputs != VALUE:
        weigh_derivatives(call, work, n)


cdef void weigh_derivatives(const Call* call, Work* work, Py_ssize_t n) noexcept nogil:
    weigh(work.grad, work.weight, call.scale, n)
    if call.outputs == GRAD_HESS:
        weigh(work.hess, work.weight, call.scale, n)
    if call.pair:
        weigh(work.grad_q, work.weight, call.scale, n)
        if call.outputs == GRAD_HESS:
            weigh(work.hess_q, work.weight, call.scale, n)


cdef inline real* place_of(const Operand* target, Py_ssize_t start, real* buffer) noexcept nogil:
    """Where a block of results is computed: in the caller's array, if that can be."""
    return <real*>target.data + start if target.direct else buffer


cdef inline bint is_written_at_once(const Operand* target) noexcept nogil:
    return target.present and target.direct


cdef inline int written_at_once(const Call* call, bint stores_values) noexcept nogil:
    """How many results of a point."""
    return is_written_at_once(&call.grad) + is_written_at_once(&call.hess) + (stores_values and is_written_at_once(&call.value))


cdef inline bint is_light(const Call* call) noexcept nogil:
    """Whether the point is declared so: those that are summed as they come are, but for the usual ones."""
    return not call.pair and own_kernel(call) == NULL and SUMS[call.point][<int>VALUE][0][<int>NO_LOOK] != NULL and not USUAL[call.point]


cdef void open_work(const Call* call, bint far, bint stores_values, Work* work) noexcept nogil:
    work.far = far
    work.stores_values = stores_values
    work.several = STORES_WAIT and call.size > NEAREST and is_light(call) and written_at_once(call, stores_values) > 1


cdef inline void ask_for_result(const Operand* target, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    if is_written_at_once(target):
        ask_for(target.data, start * target.size, n * target.size)


cdef void ask_for_results(const Call* call, Py_ssize_t start, Py_ssize_t n, bint stores_values) noexcept nogil:
    if stores_values:
        ask_for_result(&call.value, start, n)
    ask_for_result(&call.grad, start, n)
    ask_for_result(&call.hess, start, n)


cdef void evaluate_block(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work) noexcept nogil:
    if work.several:
        ask_for_results(call, start, n, work.stores_values)
    work.value = place_of(&call.value, start, work.value_buffer) if work.stores_values else work.value_buffer
    work.grad = place_of(&call.grad, start, work.grad_buffer)
    work.hess = place_of(&call.hess, start, work.hess_buffer)
    if call.pair:
        work.grad_q = place_of(&call.further[0].grad, start, work.grad_q_buffer)
        work.hess_q = place_of(&call.further[0].hess, start, work.hess_q_buffer)
    evaluate(call, n, work)


cdef inline bint checked_first(const Call* call) noexcept nogil:
    """Where a caller's own code relies on it, or numbers are changed before they are used, or not used at all."""
    return call.outputs == NOTHING or call.class_factors != NULL or own_kernel(call) != NULL


cdef inline void ask_for_block(const Operand* source, Py_ssize_t first) noexcept nogil:
    if source.present and source.direct:
        ask_for(source.data, first * source.size, ASKED)


cdef inline bint is_far(const Call* call) noexcept nogil:
    return call.size > CACHED // <Py_ssize_t>sizeof(real)


cdef void ask_for_next(const Call* call, Py_ssize_t start) noexcept nogil:
    ask_for_block(&call.y_true, start + BLOCK)
    ask_for_block(&call.y_pred, start + BLOCK)
    if call.pair:
        ask_for_block(&call.further[0].y_pred, start + BLOCK)
    if call.weighted:
        ask_for_block(&call.weight, start + BLOCK)


cdef bint take_block(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work, Partial* partial) noexcept nogil:
    """Load, check and evaluate a block; false if it is faulty. A check that comes first waits for the memory, and all else for it: to wait
    and to compute at the same time takes less."""
    if work.far:
        ask_for_next(call, start)
    load_block(call, start, n, work)
    if not checked_first(call):
        evaluate_block(call, start, n, work)
        return not faulty_block(call, start, n, work, partial)
    if faulty_block(call, start, n, work, partial):
        return False
    if call.class_factors != NULL and not call.pair:
        apply_class_factors(call, start, n, work)
    if call.outputs != NOTHING:
        evaluate_block(call, start, n, work)
    return True


cdef void store_derivatives(const Call* call, Py_ssize_t start, Py_ssize_t n, const Work* work) noexcept nogil:
    """Store those that are not in their place yet: last of all, for they may take an input's."""
    put(&call.grad, start, n, work.grad)
    put(&call.hess, start, n, work.hess)
    if call.pair:
        put(&call.further[0].grad, start, n, work.grad_q)
        put(&call.further[0].hess, start, n, work.hess_q)


cdef inline void put(const Operand* target, Py_ssize_t start, Py_ssize_t n, const real* source) noexcept nogil:
    if target.present and not target.direct:
        store(target, start, n, source)


cdef double resum(const Call* call, const double* y, const double* p, const double* q, const double* weight, Py_ssize_t n) noexcept nogil:
    """The sum of a block's values. Only the float64 kernels' is called: for a block that overflows in float32."""
    cdef real[BLOCK] value
    if call.pair:
        PAIRS[call.point][<int>VALUE](<const real*>y, <const real*>p, <const real*>q, call.parameters, 1, value, NULL, NULL, NULL, NULL, n)
    elif own_kernel(call) != NULL:
        values_of_own(call, <const real*>y, <const real*>p, value, n)
    else:
        POINTS[call.point][<int>VALUE](<const real*>y, <const real*>p, call.parameters, 1, value, NULL, NULL, n)
    return total_of(value, weight, n)


cdef inline void widen(const real* source, double* target, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = source[i]


cdef double widened_sum(const Call* call, const real* y, const real* p, const real* q, const double* weight, Py_ssize_t n) noexcept nogil:
    """The second predictions are those of a pair."""
    cdef double[BLOCK] wide_y, wide_p, wide_q
    widen(y, wide_y, n)
    widen(p, wide_p, n)
    if call.pair:
        widen(q, wide_q, n)
    return call.wide.resum(call, wide_y, wide_p, wide_q, weight, n)


cdef inline double sum_in_range(double total, const Call* call, const real* y, const real* p, const real* q, const double* weight,
                                Py_ssize_t n) noexcept nogil:
    """A block's sum, or, where values leave float32's range, the same of the same numbers as doubles."""
    if sizeof(real) == sizeof(double) or isfinite(total):
        return total
    return widened_sum(call, y, p, q, weight, n)


cdef double value_sum(const Call* call, const Work* work, Py_ssize_t n) noexcept nogil:
    cdef double total = work.sum if work.summed else total_of(work.value, work.weight, n)
    return sum_in_range(total, call, work.y, work.p, work.q, work.weight, n)


cdef void add_values(const Call* call, const Work* work, Py_ssize_t n, ExactSum* sum) noexcept nogil:
    cdef double total = value_sum(call, work, n)
    if sizeof(real) == sizeof(double) and overflowed(total, work.value, work.weight, n):
        add_each(sum, work.value, work.weight, n)
    else:
        exact_add(sum, total)


cdef void sum_or_store_values(const Call* call, Py_ssize_t start, Py_ssize_t n, Work* work, Partial* partial) noexcept nogil:
    """Sum or store the values of a block."""
    if not gives_value(call.outputs):
        return
    if call.summed:
        add_values(call, work, n, &partial.sums[0])
        return
    if work.weight != NULL:
        weigh(work.value, work.weight, 1, n)
    if work.value == work.value_buffer:
        store(&call.value, start, n, work.value)


cdef void add_statistics(const Work* work, Py_ssize_t n, ExactSum* sums) noexcept nogil:
    """All that a point gives is a sum."""
    exact_add(&sums[0], careful_sum(work.value, work.weight, n))
    exact_add(&sums[1], careful_sum(work.grad, work.weight, n))
    exact_add(&sums[2], careful_sum(work.hess, work.weight, n))


cdef inline bint begins_at_0(const Domain* domain) noexcept nogil:
    return domain.checked and not domain.integral and domain.low == 0


cdef inline Look look_meanwhile(const Call* call, Py_ssize_t step) noexcept nogil:
    """What a sum can find out about the numbers of this call: looks of their own take a tenth to a half of a light loss's time."""
    cdef const Domain* y = &call.y_true_domain
    cdef const Domain* p = &call.y_pred_domain
    if step > 1 or summing_alone(call, step, LOOK_AT_SIGNS) == NULL:
        return NO_LOOK
    if y.checked and is_sign(y) and not p.checked:
        return LOOK_AT_SIGNS
    if not begins_at_0(y) or not begins_at_0(p) or y.high != p.high:
        return NO_LOOK
    if isinf(y.high):
        return LOOK_FROM_0
    return LOOK_FROM_0_TO if HAS_MAXIMUM else NO_LOOK


cdef inline sum_fn summing_alone(const Call* call, Py_ssize_t step, Look look) noexcept nogil:
    """What gives the sum of a block where there is no more to do than that and to check: no weights. What is to be checked is
    not read in steps."""
    cdef sum_fn sum_block = NULL if call.class_factors != NULL else sum_of_blocks(call, step, look)
    if sum_block != NULL and step > 1 and (to_be_checked(call, &call.y_true_domain) or to_be_checked(call, &call.y_pred_domain)):
        return NULL
    return sum_block


cdef inline bint to_be_checked(const Call* call, const Domain* domain) noexcept nogil:
    """Usual points find what is below 0."""
    return domain.checked and not (USUAL[call.point] and domain.low == 0 and isinf(domain.high) and not domain.integral)


cdef inline const real* load_by(Py_ssize_t step, const Operand* source, Py_ssize_t start, Py_ssize_t n, real* buffer) noexcept nogil:
    return load(source, start, n, buffer) if step == 1 else <const real*>source.data + step * start


cdef inline bint fault_in_sum(const Call* call, const real* y, const real* p, Py_ssize_t start, Py_ssize_t n,
                              Partial* partial) noexcept nogil:
    if to_be_checked(call, &call.y_true_domain) and find_outside(y, &call.y_true_domain, NULL, start, n, Y_TRUE_FAULT, partial):
        return True
    return to_be_checked(call, &call.y_pred_domain) and find_outside(p, &call.y_pred_domain, NULL, start, n, Y_PRED_FAULT, partial)


cdef struct Summing:
    # How the blocks of a call are summed, where there is no more to do than that and to check.
    sum_fn sum_block        # NULL where there is more
    Look look
    Py_ssize_t step
    bint far                # the caller's own arrays are read and written, and no cache nearby holds them


cdef inline Summing open_summing(const Call* call) noexcept nogil:
    cdef Py_ssize_t step = common_step(call)
    cdef Look look = look_meanwhile(call, step)
    cdef bint own = (step > 1 or (call.y_true.direct and call.y_pred.direct)) and (call.grad.direct or not call.grad.present)
    return Summing(summing_alone(call, step, look), look, step, own and is_far(call))


cdef inline bint has_proved(const Call* call, Summing* summing, word seen) noexcept nogil:
    """Whether the look has found all in its domain. One that proves nothing is not for the numbers of this call, and is the last."""
    if summing.look == NO_LOOK:
        return False
    if proves(summing.look, seen, <real>call.y_true_domain.high):
        return True
    summing.look = NO_LOOK
    summing.sum_block = summing_alone(call, summing.step, NO_LOOK)
    return False


cdef inline bint sum_alone(const Call* call, Summing* summing, Py_ssize_t start, Py_ssize_t n, Work* work, Partial* partial) noexcept nogil:
    """False where the sum leaves the range, or there is a fault: the way of all other blocks finds out why."""
    cdef const real* y = load_by(summing.step, &call.y_true, start, n, work.y_buffer)
    cdef const real* p = load_by(summing.step, &call.y_pred, start, n, work.p_buffer)
    cdef real* grad = place_of(&call.grad, start, work.grad_buffer)
    cdef word seen
    cdef double total = summing.sum_block(y, p, call.parameters, call.scale, grad, n, summing.far, &seen)
    if not isfinite(total):
        return False
    if not has_proved(call, summing, seen) and fault_in_sum(call, y, p, start, n, partial):
        return False
    exact_add(&partial.sums[0], total)
    put(&call.grad, start, n, grad)
    return True


cdef inline Py_ssize_t common_step(const Call* call) noexcept nogil:
    """Of the inputs: 2 where they can be read in their place like that, else 1."""
    return 2 if every_second(&call.y_true) and every_second(&call.y_pred) else 1


cdef void elementwise(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    if last - first > 1 and any_across(call, False):
        across(call, first, last, partial)
    else:
        each_block(call, first, last, partial)


cdef void each_block(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    cdef Work work
    cdef Py_ssize_t block, start, n
    cdef Summing summing = open_summing(call)
    open_work(call, is_far(call), not call.summed and not call.statistics, &work)
    for block in range(first, last):
        start = call.origin + block * BLOCK
        n = min(<Py_ssize_t>BLOCK, call.size - block * BLOCK)
        if summing.sum_block != NULL and sum_alone(call, &summing, start, n, &work, partial):
            continue
        if not take_block(call, start, n, &work, partial):
            return
        if call.outputs == NOTHING:
            continue
        if call.statistics:
            add_statistics(&work, n, partial.sums)
            continue
        sum_or_store_values(call, start, n, &work, partial)
        store_derivatives(call, start, n, &work)


cdef void rowsums(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """One value a row: the sum of the values of its elements. The operands walk the elements, a row's side by side."""
    cdef Work work
    cdef real value
    cdef ExactSum total
    cdef Py_ssize_t row, start, end, n
    open_work(call, False, False, &work)
    for row in range(first, last):
        exact_clear(&total)
        start = row * call.classes
        end = start + call.classes
        while start < end:
            n = min(<Py_ssize_t>BLOCK, end - start)
            if not take_block(call, start, n, &work, partial):
                return
            add_values(call, &work, n, &total)
            store_derivatives(call, start, n, &work)
            start += n
        value = <real>exact_round(&total)
        store(&call.value, row, 1, &value)
