# Hinges between the classes of a row: what a rival's score is over the true class's, less a margin. Everything is a `lead`, in double and
# rounded once: plain sums would lose the margin beside huge scores, and the sign, which is the gradient, where a lead is close to 0.

cdef inline double rounded_off_double(double a, double b, double total) noexcept nogil:
    """What rounding took from total = a + b, exactly (Knuth's two-sum); 0 beside an infinity."""
    cdef double shadow = total - a
    cdef double rest = (a - (total - shadow)) + (b - shadow)
    return select_double(rest == rest, rest, 0)


cdef inline double lead(double rival, double own, double margin) noexcept nogil:
    """(rival - own) + margin."""
    cdef double gap = rival - own
    cdef double total = gap + margin
    return total + (rounded_off_double(gap, margin, total) + rounded_off_double(rival, -own, gap))


cdef inline double nil_double(double x) noexcept nogil:
    """Zero, unless x is nan."""
    return select_double(x == x, 0, x)


cdef inline double beyond(double u, double x) noexcept nogil:
    """x where the lead u is positive, else 0; a nan stays."""
    return select_double(u > 0, x, nil_double(u))


cdef inline double entry_of(const Operand* a, const char* row, Py_ssize_t k) noexcept nogil:
    cdef real number
    return load_classes(a, row, k, 1, &number)[0]


cdef inline void set_entry(const Operand* a, Py_ssize_t index, Py_ssize_t k, double number) noexcept nogil:
    """Write one entry of a row, if there is anything to write to."""
    cdef real rounded = <real>number
    if a.present:
        store_classes(a, row_of(a, index), k, 1, &rounded)


# Crammer and Singer: the strongest rival alone ---------------------------------------------------------------------------------------

cdef enum:
    RIVALS = 32             # scores that are compared at a time


cdef real top_or_nan(const real* z, Py_ssize_t n, real top) noexcept nogil:
    """The largest of n numbers and `top`; nan if one of them is."""
    cdef real[RIVALS] tops, nans
    cdef real nan = nil(top)
    cdef Py_ssize_t k = 0, j
    if n >= RIVALS:
        for j in range(RIVALS):
            tops[j] = top
            nans[j] = 0
        while k + RIVALS <= n:
            for j in range(RIVALS):
                tops[j] = select(z[k + j] > tops[j], z[k + j], tops[j])
                nans[j] += nil(z[k + j])
            k += RIVALS
        for j in range(RIVALS):
            top = select(tops[j] > top, tops[j], top)
            nan += nans[j]
    while k < n:
        top = select(z[k] > top, z[k], top)
        nan += nil(z[k])
        k += 1
    return top + nan


cdef double top_rival(const Call* call, const char* row, Py_ssize_t label) noexcept nogil:
    """The largest score of the other classes; -inf if there are none."""
    cdef real[BLOCK] buffer
    cdef const real* z
    cdef real top = -2 * LARGE
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_classes(&call.y_pred, row, first, n, buffer)
        k = label - first
        if 0 <= k < n:
            top = top_or_nan(z, k, top)
            top = top_or_nan(z + k + 1, n - k - 1, top)
        else:
            top = top_or_nan(z, n, top)
        first += n
    return top


cdef Py_ssize_t class_with(const Call* call, const char* row, Py_ssize_t label, double top) noexcept nogil:
    """The lowest class but the label's that has this score."""
    cdef real[BLOCK] buffer
    cdef const real* z
    cdef Py_ssize_t first = 0, n, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        z = load_classes(&call.y_pred, row, first, n, buffer)
        for k in range(n):
            if z[k] == top and first + k != label:
                return first + k
        first += n
    return label


cdef double multiclass_hinge_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    """At a tie the lowest class has the maximum."""
    cdef const char* row = row_of(&call.y_pred, index)
    cdef Py_ssize_t label = <Py_ssize_t>truth, rival = label
    cdef double top, value
    top = top_rival(call, row, label)
    value = lead(top, entry_of(&call.y_pred, row, label), 1)
    if call.grad.present and value >= 0:
        rival = class_with(call, row, label, top)
        if value == 0 and label < rival:
            rival = label
    fill_derivatives(call, index, nil_double(value))
    if rival != label:
        set_entry(&call.grad, index, rival, scale)
        set_entry(&call.grad, index, label, -scale)
    return beyond(value, value)


cdef struct HingeTile:
    real[FEW * ROW_BLOCK] z         # at last a derivative
    real[ROW_BLOCK] label
    real[ROW_BLOCK] top             # of the rivals
    real[ROW_BLOCK] rival           # the lowest class that has it


cdef void find_rivals(HingeTile* tile, Py_ssize_t classes) noexcept nogil:
    cdef real[ROW_BLOCK] nan
    cdef real z
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        tile.top[i] = -2 * LARGE
        tile.rival[i] = tile.label[i]
        nan[i] = 0
    for k in range(classes):
        for i in range(ROW_BLOCK):
            z = select(tile.label[i] == <real>k, -2 * LARGE, tile.z[k * ROW_BLOCK + i])
            tile.top[i] = select(z > tile.top[i], z, tile.top[i])
            nan[i] += nil(z)
    for k in range(classes - 1, -1, -1):
        for i in range(ROW_BLOCK):
            tile.rival[i] = select((tile.z[k * ROW_BLOCK + i] == tile.top[i]) & (tile.label[i] != <real>k), <real>k, tile.rival[i])
    for i in range(ROW_BLOCK):
        tile.top[i] += nan[i]


cdef void store_hinges(const Operand* target, HingeTile* tile, const double* value, const double* scale, const double* weight,
                       Py_ssize_t start, Py_ssize_t rows, Py_ssize_t classes) noexcept nogil:
    """A derivative: the scale at the rival, less it at the label; of a nan in the value everywhere."""
    cdef Py_ssize_t i, k
    for k in range(classes):
        for i in range(ROW_BLOCK):
            tile.z[k * ROW_BLOCK + i] = <real>nil_double(value[i])
    for i in range(rows):
        if tile.rival[i] != tile.label[i] and (value[i] > 0 or (value[i] == 0 and tile.rival[i] < tile.label[i])):
            tile.z[<Py_ssize_t>tile.rival[i] * ROW_BLOCK + i] = <real>scale[i]
            tile.z[<Py_ssize_t>tile.label[i] * ROW_BLOCK + i] = <real>(-scale[i])
    store_counting(target, start, rows, classes, tile.z, weight)


cdef void multiclass_hinge_tile(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                                Py_ssize_t rows) noexcept nogil:
    cdef HingeTile tile
    cdef double[ROW_BLOCK] scale, flat
    cdef Py_ssize_t i
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_pred, start, rows, call.classes, tile.z)
    for i in range(ROW_BLOCK):
        tile.label[i] = <real>truth[i]
        scale[i] = row_scale(call, weight, i) if i < rows else 0
        flat[i] = 0
    find_rivals(&tile, call.classes)
    for i in range(ROW_BLOCK):
        value[i] = lead(tile.top[i], tile.z[<Py_ssize_t>truth[i] * ROW_BLOCK + i], 1)
    if call.grad.present:
        store_hinges(&call.grad, &tile, value, scale, weight, start, rows, call.classes)
    if call.hess.present:
        store_hinges(&call.hess, &tile, value, flat, weight, start, rows, call.classes)
    for i in range(ROW_BLOCK):
        value[i] = beyond(value[i], value[i])


cdef void multiclass_hinge(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    rows_or_tiles(multiclass_hinge_row, multiclass_hinge_tile, call, first, last, partial)


# Weston and Watkins: every rival, by its lead or by its square -------------------------------------------------------------------------

cdef struct Rivalry:
    # A row, and the sums over its rivals, which are the label's derivatives.
    Py_ssize_t index
    Py_ssize_t label
    bint squared
    double own              # the label's score
    double value
    double slope
    double curve


cdef void rival_leads(const Call* call, const Rivalry* row, Py_ssize_t first, Py_ssize_t n, double* u) noexcept nogil:
    """The leads of the classes from `first` on; the label has none over itself."""
    cdef real[BLOCK] buffer
    cdef const real* z = load_classes(&call.y_pred, row_of(&call.y_pred, row.index), first, n, buffer)
    cdef double own = row.own, margin = call.parameters[0]
    cdef Py_ssize_t k
    for k in range(n):
        u[k] = lead(z[k], own, margin)
    if 0 <= row.label - first < n:
        u[row.label - first] = 0


# What a lead gives of value and derivatives. It is divided before it is squared, which might leave the range.
ctypedef double (*rival_fn)(double u, double classes, bint squared) noexcept nogil


cdef inline double rival_value(double u, double classes, bint squared) noexcept nogil:
    cdef double share = divided(u, classes, 1 / classes)
    return beyond(u, share * u if squared else share)


cdef inline double rival_slope(double u, double classes, bint squared) noexcept nogil:
    return beyond(u, divided(u, classes, 1 / classes) if squared else 1)


cdef inline double rival_curve(double u, double classes, bint squared) noexcept nogil:
    return beyond(u, 1 if squared else 0)


cdef inline double terms_of_leads(rival_fn term, const double* u, Py_ssize_t n, double classes, bint squared, double factor,
                                  real* derivative) noexcept nogil:
    """Their sum; a factor times each where there is room. The term and `squared` are constant at every call."""
    cdef double[BLOCK] terms
    cdef Py_ssize_t k
    for k in range(n):
        terms[k] = term(u[k], classes, squared)
    if derivative != NULL:
        for k in range(n):
            derivative[k] = <real>(terms[k] * factor)
    return sum_of_doubles(terms, n)


cdef inline double sum_of_leads(rival_fn term, const Rivalry* row, const double* u, Py_ssize_t n, double classes, double factor,
                                real* derivative) noexcept nogil:
    if row.squared:
        return terms_of_leads(term, u, n, classes, True, factor, derivative)
    return terms_of_leads(term, u, n, classes, False, factor, derivative)


cdef void rivals(const Call* call, Rivalry* row, double slope_factor, double curve_factor) noexcept nogil:
    """Everything of a row but the label's derivatives."""
    cdef double[BLOCK] u
    cdef real[BLOCK] derivative
    cdef double classes = <double>call.classes
    cdef Py_ssize_t first = 0, n
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        rival_leads(call, row, first, n, u)
        if gives_value(call.outputs):
            row.value += sum_of_leads(rival_value, row, u, n, classes, 1, NULL)
        if call.grad.present:
            row.slope += sum_of_leads(rival_slope, row, u, n, classes, slope_factor, derivative)
            store_classes(&call.grad, row_of(&call.grad, row.index), first, n, derivative)
        if call.hess.present:
            row.curve += sum_of_leads(rival_curve, row, u, n, classes, curve_factor, derivative)
            store_classes(&call.hess, row_of(&call.hess, row.index), first, n, derivative)
        first += n


cdef inline double slope_factor_of(bint squared, double scale, double classes) noexcept nogil:
    return 2 * scale if squared else scale / classes


cdef double multi_margin_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    cdef Rivalry row
    cdef Py_ssize_t label = <Py_ssize_t>truth
    cdef double slope_factor, curve_factor
    row.index = index
    row.label = label
    row.squared = call.parameters[1] == 2
    row.own = entry_of(&call.y_pred, row_of(&call.y_pred, index), label)
    row.value = row.slope = row.curve = nil_double(row.own)
    curve_factor = 2 * scale / <double>call.classes
    slope_factor = slope_factor_of(row.squared, scale, <double>call.classes)
    rivals(call, &row, slope_factor, curve_factor)
    set_entry(&call.grad, index, label, 0 - row.slope * slope_factor)
    set_entry(&call.hess, index, label, row.curve * curve_factor)
    return row.value


cdef struct RivalTile:
    real[FEW * ROW_BLOCK] z             # at last a derivative
    double[FEW * ROW_BLOCK] u           # the leads
    double[ROW_BLOCK] own
    Py_ssize_t[ROW_BLOCK] at_label      # the label's place in the tile


cdef void open_rivals(const Call* call, const double* truth, Py_ssize_t rows, RivalTile* tile) noexcept nogil:
    cdef double margin = call.parameters[0]
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        tile.at_label[i] = <Py_ssize_t>truth[i] * ROW_BLOCK + i
        tile.own[i] = tile.z[tile.at_label[i]]
    for k in range(call.classes):
        for i in range(ROW_BLOCK):
            tile.u[k * ROW_BLOCK + i] = lead(tile.z[k * ROW_BLOCK + i], tile.own[i], margin)
    for i in range(rows):
        tile.u[tile.at_label[i]] = 0


cdef inline void add_each_lead(rival_fn term, bint squared, bint stored, RivalTile* tile, Py_ssize_t count, const double* factor,
                               double* total) noexcept nogil:
    """The sums of each row's terms; the terms times its factor in the place of its scores, if they are to be stored."""
    cdef double classes = <double>count, one
    cdef Py_ssize_t i, k
    for i in range(ROW_BLOCK):
        total[i] = nil_double(tile.own[i])
    for k in range(count):
        for i in range(ROW_BLOCK):
            one = term(tile.u[k * ROW_BLOCK + i], classes, squared)
            total[i] += one
            if stored:
                tile.z[k * ROW_BLOCK + i] = <real>(one * factor[i])


cdef inline void add_leads(rival_fn term, bint squared, bint stored, RivalTile* tile, Py_ssize_t count, const double* factor,
                           double* total) noexcept nogil:
    """The term and `stored` are constant at every call, and `squared` in each of the loops."""
    if squared:
        add_each_lead(term, True, stored, tile, count, factor, total)
    else:
        add_each_lead(term, False, stored, tile, count, factor, total)


cdef inline void store_leads(rival_fn term, double sign, bint squared, const Call* call, const Operand* target, RivalTile* tile,
                             const double* factor, const double* weight, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
    """A derivative; the label's is the sum of all others, with the sign."""
    cdef double[ROW_BLOCK] total
    cdef Py_ssize_t i
    add_leads(term, squared, True, tile, call.classes, factor, total)
    for i in range(rows):
        tile.z[tile.at_label[i]] = <real>(0 + sign * total[i] * factor[i])
    store_counting(target, start, rows, call.classes, tile.z, weight)


cdef void multi_margin_tile(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                            Py_ssize_t rows) noexcept nogil:
    cdef RivalTile tile
    cdef double[ROW_BLOCK] slope_factor, curve_factor
    cdef bint squared = call.parameters[1] == 2
    cdef double scale
    cdef Py_ssize_t i
    if rows < ROW_BLOCK:
        memset(&tile, 0, sizeof(tile))
    load_tile(&call.y_pred, start, rows, call.classes, tile.z)
    open_rivals(call, truth, rows, &tile)
    if gives_value(call.outputs):
        add_leads(rival_value, squared, False, &tile, call.classes, NULL, value)
    for i in range(ROW_BLOCK):
        scale = row_scale(call, weight, i) if i < rows else 0
        slope_factor[i] = slope_factor_of(squared, scale, <double>call.classes)
        curve_factor[i] = 2 * scale / <double>call.classes
    if call.grad.present:
        store_leads(rival_slope, -1, squared, call, &call.grad, &tile, slope_factor, weight, start, rows)
    if call.hess.present:
        store_leads(rival_curve, 1, squared, call, &call.hess, &tile, curve_factor, weight, start, rows)


cdef void multi_margin(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    rows_or_tiles(multi_margin_row, multi_margin_tile, call, first, last, partial)
