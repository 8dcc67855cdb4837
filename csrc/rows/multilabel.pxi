# The hinges of several labels: every listed class against every other. y_true holds a list of classes along the class axis, which ends at
# its first -1 and is loaded as elements are.
#
# Nothing is allocated: up to FEW classes are held at once; of more, a list is met in parties of BLOCK entries, the classes in chunks of
# BLOCK. Each row's work is the product of both lengths. See margins.pxi for `lead` and its like.

cdef inline const double* listed(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, double* buffer) noexcept nogil:
    """Entries `first` to `first + n` of a row's list. They are doubles in either precision, as labels are."""
    return call.wide.load(&call.y_true, index * call.classes + first, n, buffer)


cdef inline Py_ssize_t end_of_list(const double* name, Py_ssize_t n, double classes) noexcept nogil:
    """How many of n entries come before the first -1; what names no class makes it negative: -1 less its place."""
    cdef Py_ssize_t e
    for e in range(n):
        if not is_label(name[e], classes):
            return e if name[e] == -1 else -1 - e
    return n


cdef Py_ssize_t list_length(const Call* call, Py_ssize_t index) noexcept nogil:
    """How many entries of a row come before the first -1, likewise."""
    cdef double[BLOCK] buffer
    cdef Py_ssize_t first = 0, n, length
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        length = end_of_list(listed(call, index, first, n, buffer), n, <double>call.classes)
        if length < n:
            return length + first if length >= 0 else length - first
        first += n
    return call.classes


cdef struct Party:
    # Entries of a list: their classes, these classes' scores, and how many others lead each.
    Py_ssize_t size
    Py_ssize_t[BLOCK] label
    double[BLOCK] own
    double[BLOCK] count


cdef struct Others:
    # Those of a chunk of classes that are not in the list: their places in the chunk, their scores, and how many of the list each leads.
    Py_ssize_t size
    Py_ssize_t[BLOCK] place
    double[BLOCK] score
    double[BLOCK] hits


cdef void set_party(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, Party* party) noexcept nogil:
    cdef double[BLOCK] buffer
    cdef const double* name = listed(call, index, first, n, buffer)
    cdef const char* row = row_of(&call.y_pred, index)
    cdef Py_ssize_t e
    party.size = n
    for e in range(n):
        party.label[e] = <Py_ssize_t>name[e] if is_label(name[e], <double>call.classes) else 0      # another thread may have written
        party.own[e] = entry_of(&call.y_pred, row, party.label[e])


cdef void clear_counts(Party* party) noexcept nogil:
    cdef Py_ssize_t e
    for e in range(party.size):
        party.count[e] = 0


cdef void count_listed(const Call* call, Py_ssize_t index, Py_ssize_t length, Py_ssize_t first, Py_ssize_t n, double* times) noexcept nogil:
    """How often the list has each class of a chunk."""
    cdef double[BLOCK] buffer
    cdef const double* name
    cdef double place
    cdef Py_ssize_t start = 0, m, e
    for e in range(n):
        times[e] = 0
    while start < length:
        m = min(<Py_ssize_t>BLOCK, length - start)
        name = listed(call, index, start, m, buffer)
        for e in range(m):
            place = name[e] - <double>first
            if 0 <= place < <double>n:
                times[<Py_ssize_t>place] += 1
        start += m


cdef void set_others(const Call* call, Py_ssize_t index, Py_ssize_t length, Py_ssize_t first, Py_ssize_t n, Others* others) noexcept nogil:
    cdef double[BLOCK] times
    cdef real[BLOCK] buffer
    cdef const real* z = load_classes(&call.y_pred, row_of(&call.y_pred, index), first, n, buffer)
    cdef Py_ssize_t k
    count_listed(call, index, length, first, n, times)
    others.size = 0
    for k in range(n):
        others.place[others.size] = k
        others.score[others.size] = z[k]
        others.hits[others.size] = 0
        others.size += times[k] == 0


cdef double meet(Party* party, Others* others) noexcept nogil:
    """The sum of all leads of the others over the party; who leads whom is counted on both sides."""
    cdef double[BLOCK] term, hit
    cdef double total = 0, own, u
    cdef Py_ssize_t e, k
    for e in range(party.size):
        own = party.own[e]
        for k in range(others.size):
            u = lead(others.score[k], own, 1)
            term[k] = beyond(u, u)
            hit[k] = beyond(u, 1)
        for k in range(others.size):
            others.hits[k] += hit[k]
        party.count[e] += sum_of_doubles(hit, others.size)
        total += sum_of_doubles(term, others.size)
    return total


cdef void store_others(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, const Others* others,
                       double factor) noexcept nogil:
    """The derivatives of a chunk, 0 at the listed classes, which come later."""
    cdef real[BLOCK] grad, hess
    cdef Py_ssize_t k
    for k in range(n):
        grad[k] = hess[k] = 0
    for k in range(others.size):
        grad[others.place[k]] = <real>(others.hits[k] * factor)
        hess[others.place[k]] = <real>nil_double(others.hits[k] * factor)
    if call.grad.present:
        store_classes(&call.grad, row_of(&call.grad, index), first, n, grad)
    if call.hess.present:
        store_classes(&call.hess, row_of(&call.hess, index), first, n, hess)


cdef void store_listed(const Call* call, Py_ssize_t index, Py_ssize_t label, double slope) noexcept nogil:
    set_entry(&call.grad, index, label, 0 - slope)
    set_entry(&call.hess, index, label, nil_double(slope))


cdef void store_party(const Call* call, Py_ssize_t index, Py_ssize_t length, const Party* party, double factor) noexcept nogil:
    """A class that is listed twice counts twice."""
    cdef double[BLOCK] times
    cdef Py_ssize_t first = 0, n, e, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        count_listed(call, index, length, first, n, times)
        for e in range(party.size):
            k = party.label[e] - first
            if 0 <= k < n:
                store_listed(call, index, party.label[e], times[k] * party.count[e] * factor)
        first += n


cdef double chunk_of_others(const Call* call, Py_ssize_t index, Py_ssize_t length, Py_ssize_t first, Party* party,
                            double factor) noexcept nogil:
    """A chunk of classes against the whole list. A list of one party keeps its counts from chunk to chunk."""
    cdef Others others
    cdef double total = 0
    cdef Py_ssize_t n = min(<Py_ssize_t>BLOCK, call.classes - first), start = 0, m
    set_others(call, index, length, first, n, &others)
    while start < length:
        m = min(<Py_ssize_t>BLOCK, length - start)
        if length > BLOCK:
            set_party(call, index, start, m, party)
            clear_counts(party)
        total += meet(party, &others) / <double>call.classes
        start += m
    if call.outputs != VALUE:
        store_others(call, index, first, n, &others, factor)
    return total


cdef void count_long_list(const Call* call, Py_ssize_t index, Py_ssize_t length, Party* party, double factor) noexcept nogil:
    """The derivatives of a list of several parties: each meets everybody once more."""
    cdef Others others
    cdef Py_ssize_t start = 0, first
    while start < length:
        set_party(call, index, start, min(<Py_ssize_t>BLOCK, length - start), party)
        clear_counts(party)
        first = 0
        while first < call.classes:
            set_others(call, index, length, first, min(<Py_ssize_t>BLOCK, call.classes - first), &others)
            meet(party, &others)
            first += BLOCK
        store_party(call, index, length, party, factor)
        start += BLOCK


# Few classes: one vector or some hold them all -----------------------------------------------------------------------------------------

cdef enum:
    WHOLE_VECTOR = 8        # doubles; the classes are rounded up to that


cdef struct FewClasses:
    Py_ssize_t width                # in whole vectors
    Py_ssize_t length               # of the list
    Py_ssize_t[FEW] label
    double[FEW] score
    double[FEW] times               # that a class is listed; what is no class counts as listed
    double[FEW] term                # the leads of each class over the list,
    double[FEW] hits                # and how many they are; of a class that is listed, less how many lead it, once for each time


cdef void open_few(const Call* call, Py_ssize_t index, FewClasses* row) noexcept nogil:
    """What names no class ends the list too: another thread may have written."""
    cdef real[FEW] z_buffer
    cdef double[FEW] buffer
    cdef const double* name = listed(call, index, 0, call.classes, buffer)
    cdef const real* z = load_classes(&call.y_pred, row_of(&call.y_pred, index), 0, call.classes, z_buffer)
    cdef Py_ssize_t k
    row.width = (call.classes + WHOLE_VECTOR - 1) & ~<Py_ssize_t>(WHOLE_VECTOR - 1)
    row.length = 0
    for k in range(FEW):
        row.score[k] = row.term[k] = row.hits[k] = 0
        row.times[k] = k >= call.classes
    for k in range(call.classes):
        row.score[k] = z[k]
    while row.length < call.classes and is_label(name[row.length], <double>call.classes):
        row.label[row.length] = <Py_ssize_t>name[row.length]
        row.times[row.label[row.length]] += 1
        row.length += 1


cdef inline double meet_few(FewClasses* row, double own, bint counts) noexcept nogil:
    """One of the list against all that are not in it: how many lead it, if that is asked for."""
    cdef double[FEW] u
    cdef Py_ssize_t k, leads = 0, nans = 0
    for k in range(row.width):
        u[k] = select_double(row.times[k] == 0, lead(row.score[k], own, 1), 0)
        row.term[k] += beyond(u[k], u[k])
        if counts:
            row.hits[k] += beyond(u[k], 1)
    if counts:
        for k in range(row.width):
            leads += u[k] > 0
            nans += u[k] != u[k]
    return <double>leads if nans == 0 else NAN


cdef void meet_each(FewClasses* row) noexcept nogil:
    """Of those that are listed, counts take their place last of all."""
    cdef double[FEW] count
    cdef Py_ssize_t e
    for e in range(row.length):
        count[e] = meet_few(row, row.score[row.label[e]], True)
    for e in range(row.length):
        row.hits[row.label[e]] = 0 - row.times[row.label[e]] * count[e]


cdef void store_few(const Call* call, Py_ssize_t index, double factor, const FewClasses* row) noexcept nogil:
    cdef real[FEW] grad, hess
    cdef Py_ssize_t k
    for k in range(row.width):
        grad[k] = <real>(row.hits[k] * factor + 0)
        hess[k] = <real>nil_double(row.hits[k] * factor)
    if call.grad.present:
        store_classes(&call.grad, row_of(&call.grad, index), 0, call.classes, grad)
    if call.hess.present:
        store_classes(&call.hess, row_of(&call.hess, index), 0, call.classes, hess)


cdef double few_classes_row(const Call* call, Py_ssize_t index, double factor) noexcept nogil:
    cdef FewClasses row
    cdef Py_ssize_t e
    open_few(call, index, &row)
    if row.length == 0:
        fill_derivatives(call, index, 0)
        return 0
    if call.outputs == VALUE:
        for e in range(row.length):
            meet_few(&row, row.score[row.label[e]], False)
    else:
        meet_each(&row)
        store_few(call, index, factor, &row)
    return folded(row.term) / <double>call.classes


# Any number of classes -----------------------------------------------------------------------------------------------------------------

cdef double multilabel_margin_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    """Every derivative needs the whole row: the front door lets no result take the place of an input here."""
    cdef Party party
    cdef double total = 0, factor = scale / <double>call.classes
    cdef Py_ssize_t length, first = 0
    if call.classes <= FEW:
        return few_classes_row(call, index, factor)
    length = list_length(call, index)
    if length == 0:
        fill_derivatives(call, index, 0)
        return 0
    if length <= BLOCK:
        set_party(call, index, 0, length, &party)
        clear_counts(&party)
    while first < call.classes:
        total += chunk_of_others(call, index, length, first, &party, factor)
        first += BLOCK
    if call.outputs != VALUE and length <= BLOCK:
        store_party(call, index, length, &party, factor)
    elif call.outputs != VALUE:
        count_long_list(call, index, length, &party, factor)
    return total


cdef bint faulty_lists(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, Partial* partial) noexcept nogil:
    """Whether an entry before the end of its list names no class. Short lists are loaded together."""
    cdef double[FEW * ROW_BLOCK] buffer
    cdef const double* name = NULL
    cdef Py_ssize_t i, length
    if call.classes <= FEW:
        name = call.wide.load(&call.y_true, start * call.classes, rows * call.classes, buffer)
    for i in range(rows):
        if weight != NULL and weight[i] == 0:
            continue
        if name == NULL:
            length = list_length(call, start + i)
        else:
            length = end_of_list(name + i * call.classes, call.classes, <double>call.classes)
        if length < 0:
            partial.fault = LABEL_FAULT
            partial.fault_index = (start + i) * call.classes - 1 - length
            return True
    return False


cdef void multilabel_margin(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(multilabel_margin_row, call, first, last, partial)
