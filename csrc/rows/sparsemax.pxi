# Sparsemax: the projection p of a row of scores z onto the simplex, and the Fenchel-Young loss that it minimises.
#
# With the depth d_k = top - z_k below the largest score, p_k = max(0, theta - d_k), where theta makes the sum 1. The loss
# Omega*(z) + Omega(t) - <t, z>, Omega being half the squared norm, is sum_k (p_k - t_k)^2 / 2 + t_k max(0, d_k - theta), and
# (top - theta) (1 - sum t) on top of it where t does not sum to 1: nothing cancels, and nothing is negative where t is a distribution.
#
# A probability is a difference of numbers that may be close, so depths and theta are pairs of doubles: a number, and what rounding took.
#
# Only classes less than 1 deep can have a probability. They are few as a rule, and gathered once; where a row has more than BLOCK of them,
# or the target is a distribution, every class is gone through.

cdef enum:
    DEPTHS = 16             # that are added up at a time
    GROUP = 32              # scores that are passed over at once where all are deep


cdef struct Simplex:
    # A row, and what its projection takes.
    const char* z
    const char* t
    Py_ssize_t label        # -1 where the target is a distribution
    double top
    bint infinite           # the largest score is inf, and takes everything
    double theta
    double theta_rest


cdef struct Shallow:
    # The classes that are not 1 deep, or few more.
    Py_ssize_t size
    Py_ssize_t[BLOCK] place
    double[BLOCK] depth
    double[BLOCK] rest


cdef struct PairSum:
    double sum
    double rest


cdef void add_pairs(const double* x, const double* x_rest, Py_ssize_t n, PairSum* total) noexcept nogil:
    """Add n finite pairs, in lanes; the order depends on nothing but n."""
    cdef double[DEPTHS] sums, rests
    cdef double next_sum
    cdef Py_ssize_t k = 0, j
    if n >= DEPTHS:
        for j in range(DEPTHS):
            sums[j] = rests[j] = 0
        while k + DEPTHS <= n:
            for j in range(DEPTHS):
                next_sum = sums[j] + x[k + j]
                rests[j] += rounded_off_double(sums[j], x[k + j], next_sum) + x_rest[k + j]
                sums[j] = next_sum
            k += DEPTHS
        for j in range(DEPTHS):
            add_pair(sums[j], rests[j], total)
    while k < n:
        add_pair(x[k], x_rest[k], total)
        k += 1


cdef inline void add_pair(double x, double x_rest, PairSum* total) noexcept nogil:
    cdef double next_sum = total.sum + x
    total.rest += rounded_off_double(total.sum, x, next_sum) + x_rest
    total.sum = next_sum


cdef inline double depth_of(const Simplex* row, double z, double* rest) noexcept nogil:
    cdef double depth = row.top - z
    rest[0] = 0
    if row.infinite:
        return 0 if z == row.top else row.top
    rest[0] = rounded_off_double(row.top, -z, depth)
    return depth


cdef void depths(const Call* call, const Simplex* row, Py_ssize_t first, Py_ssize_t n, double* depth, double* rest) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* z = load_classes(&call.y_pred, row.z, first, n, buffer)
    cdef double top = row.top, gap
    cdef Py_ssize_t k
    if row.infinite:
        for k in range(n):
            depth[k] = depth_of(row, z[k], &rest[k])
        return
    for k in range(n):
        gap = top - z[k]
        depth[k] = gap
        rest[k] = rounded_off_double(top, -<double>z[k], gap)


cdef bint add_shallow(const Simplex* row, const real* z, Py_ssize_t n, real least, Py_ssize_t first, Shallow* shallow) noexcept nogil:
    """Those of n scores that are not less than `least`; false if there is no room."""
    cdef Py_ssize_t k
    for k in range(n):
        if z[k] >= least:
            if shallow.size == BLOCK:
                return False
            shallow.place[shallow.size] = first + k
            shallow.depth[shallow.size] = depth_of(row, z[k], &shallow.rest[shallow.size])
            shallow.size += 1
    return True


cdef inline bint any_shallow(const real* z, real least) noexcept nogil:
    cdef int some = 0
    cdef Py_ssize_t j
    for j in range(GROUP):
        some |= z[j] >= least
    return some != 0


cdef bint find_shallow(const Call* call, const Simplex* row, Shallow* shallow) noexcept nogil:
    """False if there are too many. Rounding is monotonic: no score above top - 1 is less than that number rounded."""
    cdef real[BLOCK] buffer
    cdef const real* z
    cdef real least = <real>(row.top - 1)
    cdef Py_ssize_t first = 0, n, k
    shallow.size = 0
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_classes(&call.y_pred, row.z, first, n, buffer)
        k = 0
        while k + GROUP <= n:
            if any_shallow(z + k, least) and not add_shallow(row, z + k, GROUP, least, first + k, shallow):
                return False
            k += GROUP
        if not add_shallow(row, z + k, n - k, least, first + k, shallow):
            return False
        first += n
    return True


cdef Py_ssize_t add_within(const Simplex* row, const double* depth, const double* rest, Py_ssize_t n, PairSum* total) noexcept nogil:
    """How many of n depths are less than theta; they are added up."""
    cdef double[BLOCK] over, x, x_rest
    cdef double theta = row.theta, theta_rest = row.theta_rest
    cdef Py_ssize_t k, count = 0
    if n < DEPTHS:          # the loops below cost more than they save
        for k in range(n):
            if (theta - depth[k]) + (theta_rest - rest[k]) > 0:
                add_pair(depth[k], rest[k], total)
                count += 1
        return count
    for k in range(n):
        over[k] = (theta - depth[k]) + (theta_rest - rest[k])
    for k in range(n):
        x[k] = select_double(over[k] > 0, depth[k], 0)
    for k in range(n):
        x_rest[k] = select_double(over[k] > 0, rest[k], 0)
    for k in range(n):
        count += over[k] > 0
    add_pairs(x, x_rest, n, total)
    return count


cdef Py_ssize_t within(const Call* call, const Simplex* row, const Shallow* shallow, PairSum* total) noexcept nogil:
    """How many classes are less deep than theta, and the sum of these depths."""
    cdef double[BLOCK] depth, rest
    cdef Py_ssize_t first = 0, n, count = 0
    total.sum = total.rest = 0
    if shallow != NULL:
        return add_within(row, shallow.depth, shallow.rest, shallow.size, total)
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        depths(call, row, first, n, depth, rest)
        count += add_within(row, depth, rest, n, total)
        first += n
    return count


cdef void set_theta(Simplex* row, const PairSum* total, Py_ssize_t count) noexcept nogil:
    """(1 + the sum) / count, as a pair: the products of the quotient's halves and the count are exact."""
    cdef double number = 1 + total.sum, divisor = <double>count
    cdef double rest = rounded_off_double(1, total.sum, number) + total.rest
    cdef double quotient = number / divisor, lifted = quotient * 134217729
    cdef double high = lifted - (lifted - quotient)
    row.theta = quotient
    row.theta_rest = (((number - high * divisor) - (quotient - high) * divisor) + rest) / divisor


cdef void project(const Call* call, Simplex* row, const Shallow* shallow) noexcept nogil:
    """Newton's iteration from above, which ends when it leaves no class out any more (Michelot's algorithm)."""
    cdef PairSum total
    cdef Py_ssize_t count = 0, before = call.classes + 1
    row.theta = 1
    row.theta_rest = 0
    while before > 1:
        count = within(call, row, shallow, &total)
        if count >= before:
            return
        set_theta(row, &total, count)
        before = count


cdef bint open_simplex(const Call* call, Simplex* row) noexcept nogil:
    """The top; false if there is no projection, for a nan, nothing but -inf, or more than one inf: top - top is nan then."""
    cdef real[BLOCK] buffer
    cdef const real* z
    cdef real top = -2 * LARGE
    cdef Py_ssize_t first = 0, n, k, infinities = 0
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        top = top_or_nan(load_classes(&call.y_pred, row.z, first, n, buffer), n, top)
        first += n
    row.top = top
    row.infinite = top > LARGE
    first = 0
    while row.infinite and first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_classes(&call.y_pred, row.z, first, n, buffer)
        for k in range(n):
            infinities += z[k] > LARGE
        first += n
    return top >= -LARGE and infinities <= 1


cdef inline double miss(double theta, double theta_rest, double depth, double depth_rest, double t, double* term) noexcept nogil:
    """p - t, the gradient; and a class's part of the value."""
    cdef double p = theta - depth
    cdef double error = p - t
    cdef double rest = rounded_off_double(theta, -depth, p) + (theta_rest - depth_rest)
    cdef bint inside = p + rest > 0
    cdef double grad = select_double(inside, error + (rounded_off_double(p, -t, error) + rest), 0 - t)
    term[0] = grad * grad / 2 + select_double(inside | (t == 0), 0, t * -(p + rest))
    return grad


cdef void misses(const Call* call, const Simplex* row, Py_ssize_t first, Py_ssize_t n, const double* t, double* grad,
                 double* term) noexcept nogil:
    cdef double[BLOCK] depth, rest
    cdef double theta = row.theta, theta_rest = row.theta_rest
    cdef Py_ssize_t k
    depths(call, row, first, n, depth, rest)
    for k in range(n):
        grad[k] = miss(theta, theta_rest, depth[k], rest[k], t[k], &term[k])


cdef void targets(const Call* call, const Simplex* row, Py_ssize_t first, Py_ssize_t n, double* t) noexcept nogil:
    cdef real[BLOCK] buffer
    cdef const real* given
    cdef Py_ssize_t k
    if row.label < 0:
        given = load_classes(&call.y_true, row.t, first, n, buffer)
        for k in range(n):
            t[k] = given[k]
        return
    for k in range(n):
        t[k] = 0
    if 0 <= row.label - first < n:
        t[row.label - first] = 1


cdef void endless_terms(const Call* call, const Simplex* row, Py_ssize_t first, Py_ssize_t n, const double* t, const double* grad,
                        double* term) noexcept nogil:
    """The parts of the value under an infinite score: (p - t) (z - (p + t) / 2), for what tends to infinity comes from both signs."""
    cdef real[BLOCK] buffer
    cdef const real* z = load_classes(&call.y_pred, row.z, first, n, buffer)
    cdef Py_ssize_t k
    for k in range(n):
        term[k] = select_double(grad[k] == 0, 0, grad[k] * (z[k] - (t[k] + grad[k] / 2)))


cdef double simplex_value(const Call* call, const Simplex* row, double scale, char* place) noexcept nogil:
    """The value; the gradient goes to `place`, if there is one."""
    cdef double[BLOCK] t, no_rest, grad, term
    cdef real[BLOCK] stored
    cdef PairSum mass
    cdef double value = 0, excess
    cdef Py_ssize_t first = 0, n, k
    mass.sum = mass.rest = 0
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        targets(call, row, first, n, t)
        if row.label < 0:
            for k in range(n):
                no_rest[k] = 0
            add_pairs(t, no_rest, n, &mass)
        misses(call, row, first, n, t, grad, term)
        if row.infinite:
            endless_terms(call, row, first, n, t, grad, term)
        value += sum_of_doubles(term, n)
        if place != NULL:
            for k in range(n):
                stored[k] = <real>(grad[k] * scale)
            store_classes(&call.grad, place, first, n, stored)
        first += n
    excess = 0 if row.label >= 0 or row.infinite else (1 - mass.sum) - mass.rest
    return value if excess == 0 else value + (lead(row.top, row.theta, 0) - row.theta_rest) * excess


cdef double sparse_value(const Call* call, const Simplex* row, const Shallow* shallow, Py_ssize_t index, double scale) noexcept nogil:
    """The value for a label; the gradient is 0 but at the shallow classes and the label."""
    cdef double[BLOCK] term, grad
    cdef double rest, depth = depth_of(row, entry_of(&call.y_pred, row.z, row.label), &rest)
    cdef double at_label, own = miss(row.theta, row.theta_rest, depth, rest, 1, &at_label)
    cdef Py_ssize_t k
    for k in range(shallow.size):
        grad[k] = miss(row.theta, row.theta_rest, shallow.depth[k], shallow.rest[k], 0, &term[k])
        term[k] = select_double(shallow.place[k] == row.label, 0, term[k])
    if call.grad.present:
        fill_derivatives(call, index, 0)
        for k in range(shallow.size):
            set_entry(&call.grad, index, shallow.place[k], grad[k] * scale)
        set_entry(&call.grad, index, row.label, own * scale)
    return at_label + sum_of_doubles(term, shallow.size)


cdef double sparsemax_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef Simplex row
    cdef Shallow shallow
    cdef bint few
    row.z = row_of(&call.y_pred, index)
    row.label = <Py_ssize_t>truth if call.labels else -1
    if not open_simplex(call, &row):
        fill_derivatives(call, index, row.top - row.top)
        return row.top - row.top
    few = find_shallow(call, &row, &shallow)
    project(call, &row, &shallow if few else NULL)
    if few and call.labels:
        return sparse_value(call, &row, &shallow, index, scale)
    row.t = row_of(&call.y_true, index)
    return simplex_value(call, &row, scale, row_of(&call.grad, index) if call.grad.present else NULL)


cdef void sparsemax(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(sparsemax_row, call, first, last, partial)
