# Softmax cross-entropy. With `top` the largest logit of a row, e_k = exp(z_k - top) and S = sum e_k, the value is
# sum_k t_k (top - z_k) + mass log S, and its gradient mass e_k / S - t_k, where mass = sum t_k.
#
# The largest term of S is 1 and would drown the others where they are small, so it is left out of the sum: `others` is S - 1, log S is
# log1p(others), and S - e_k is `others` again where e_k = 1. So nothing cancels in the gradient that does not cancel in truth.
#
# Few classes are taken in tiles of rows, many row by row. The options: a temperature T (the gaps top - z_k are divided by it), a cap (each
# logit is cap tanh(z / cap) first), and z-loss, the square of log sum exp.

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


cdef inline real truth_grad(real e, real t, double mass, double pull, real others, double factor) noexcept nogil:
    """The gradient where every class has a share of the truth, in double: of two products nothing is rounded before their difference."""
    return <real>(((mass - t + pull) * e - t * <double>rest_of(e, others)) * factor)


cdef inline real softmax_hess(real e, real mass, real others, real curl, real factor) noexcept nogil:
    """The second derivative, for the factor 1 / S^2. A tiny e comes last: it is rounded once then. `curl` is the z-loss's own part."""
    return ((mass * rest_of(e, others) + curl * e) * factor) * e


cdef struct Tile:
    real[FEW * ROW_BLOCK] e         # first the logits
    real[FEW * ROW_BLOCK] t         # the targets, unless they are labels
    real[ROW_BLOCK] top
    real[ROW_BLOCK] others
    real[ROW_BLOCK] log_total       # log S
    double[ROW_BLOCK] total         # S, of which float32's `others` lacks digits
    double[ROW_BLOCK] gap           # sum_k t_k (top - z_k)
    double[ROW_BLOCK] mass


cdef struct Options:
    # What a tile has beside, where there are options; the names are those of a row.
    real[FEW * ROW_BLOCK] z             # the logits before they are capped
    real[FEW * ROW_BLOCK] low           # what rounding took from capped ones
    real[ROW_BLOCK] top_low
    double[ROW_BLOCK] limit             # inf where the top is, else 0
    double[ROW_BLOCK] z_loss            # its part of the value
    double[ROW_BLOCK] pull
    double[ROW_BLOCK] curl
    Py_ssize_t[ROW_BLOCK] endless       # the class of the top where the row is endless, else -1
    real cap
    real temperature


cdef struct Row:
    const char* z
    const char* t
    char* grad
    char* hess
    Py_ssize_t index
    Py_ssize_t hot          # the label, -1 where the target is a distribution
    Py_ssize_t label        # likewise, but -1 too where the label is smoothed
    real top
    real top_low            # what rounding took from a capped one
    Py_ssize_t infinities   # how many logits are inf
    real others
    double total            # S, of which float32's `others` lacks digits
    double mass
    double gap
    double pull             # what the z-loss adds to the mass
    double curl             # and to the mass's own derivative
    bint endless            # the log sum exp is inf, and so is the z-loss's part of the top's gradient alone
    real cap                # 0 where there is none
    real temperature
    bint keeps              # e stays in the caller's gradient


cdef inline bint has_options(const Call* call) noexcept nogil:
    return call.parameters[0] != 0 or call.parameters[1] != 0 or call.parameters[2] != 1


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
            weight = weigh_by_label(call, labels, weight, rows, buffer)
        elif faulty_entries(call, &call.y_true, &call.y_true_domain, Y_TRUE_FAULT, start, rows, weight, partial):
            return
        if call.outputs == NOTHING:
            continue
        if call.classes <= FEW and has_options(call):
            softmax_tile_with_options(call, label, weight, value, start, rows)
        elif call.classes <= FEW:
            softmax_tile(call, NULL, label, weight, value, start, rows)
        else:
            for i in range(rows):
                value[i] = softmax_row(call, start + i, labels[i] if call.labels else -1, weight_of(weight, i))
        sum_or_store_rows(call, value, weight, start, rows, partial)
