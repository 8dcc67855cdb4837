# The hinges of several labels: every listed class against every other. y_true holds a list of classes along the class axis, which ends at
# its first -1 and is walked element by element.
#
# Nothing is allocated: a list is met in parties of BLOCK entries, the classes in chunks of BLOCK, and each row's work is the product of
# both lengths. See margins.pxi for `lead` and its like.

cdef inline const double* listed(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, double* buffer) noexcept nogil:
    """Entries `first` to `first + n` of a row's list. They are doubles in either precision, as labels are."""
    return call.wide.load(&call.y_true, index * call.classes + first, n, buffer)


cdef Py_ssize_t list_length(const Call* call, Py_ssize_t index) noexcept nogil:
    """How many entries come before the first -1; what names no class makes it negative: -1 less its place."""
    cdef double[BLOCK] buffer
    cdef const double* name
    cdef Py_ssize_t first = 0, n, e
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        name = listed(call, index, first, n, buffer)
        for e in range(n):
            if name[e] == -1:
                return first + e
            if not (name[e] >= 0 and name[e] < <double>call.classes):
                return -1 - first - e
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
        hess[others.place[k]] = <real>nil_double(others.hits[k])
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


cdef double multilabel_margin_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    """Every derivative needs the whole row: the front door lets no result take the place of an input here."""
    cdef Party party
    cdef double total = 0, factor = scale / <double>call.classes
    cdef Py_ssize_t length = list_length(call, index), first = 0
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
    """Whether an entry before the end of its list names no class."""
    cdef Py_ssize_t i, length
    for i in range(rows):
        if weight != NULL and weight[i] == 0:
            continue
        length = list_length(call, start + i)
        if length < 0:
            partial.fault = LABEL_FAULT
            partial.fault_index = (start + i) * call.classes - 1 - length
            return True
    return False


cdef void multilabel_margin(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    each_row(multilabel_margin_row, call, first, last, partial)
